"""Small runs of the Byzantine-robust experiments, as fixtures/byzantine.json.

Every case gives the samples that each worker used, so whoever compares needs no random stream but that of the initial
parameters, and those come with a digest.

    python3 test/reference/byzantine_cases.py --mnist-dir DIR [--out FOLDER]
"""

import argparse
import time

import torch

import byzantine
import encode
from image_folders import fingerprints, torchvision_folder

SMALL = {
    "honest": 6, "byzantine": 2, "train_limit": 600, "test_limit": 200, "batch": 3, "rounds": 2, "interval": 12,
    "snapshot_interval": 7, "seed": 100,
}
SOFTMAX = {"model": "softmax", "weight_decay": 0.01, "gamma": 0.005}
LOGISTIC = {"model": "logistic", "weight_decay": 0.01, "gamma": 0.001, "max_scale": 3}
FEW = {"train_limit": 120}      # shards of 20: SAGA comes back to the samples it stored
NO_PAIR_TWICE = {"seed": 101}   # no batch of this run has a sample twice
CONVENTIONS = {
    "pixels": "float32 at every operation: ((p / 255) - 0.1307) / 0.3081; float64 cases widen the result",
    "initial": "drawn in float32 after torch.manual_seed(seed), in the order of the parameters; float64 cases widen",
    "samples": "[step][worker][position in the batch]: index in the training set, in file order",
    "batches_with_repeats": "how many batches have a sample twice",
    "restart_steps": "SARAH's steps that begin with a full gradient and a server step of its own; [] otherwise",
    "server_steps": "every update of the parameters, in order; norms in float64; losses before the update, mean over "
                    "the batch, without (weight_decay/2)||w||^2; null where nothing was drawn",
    "took": "Weiszfeld's iterations (gm), the chosen row (krum, ties to the lowest), null otherwise",
    "message_norms": "what honest workers send, with weight decay, the method's correction and momentum",
    "variance": "(1/H) sum ||m_h - mean||^2 over the honest messages of the round's last server step; null in round 0",
    "rounds": "losses over the whole limited sets; the logistic model's with (weight_decay/2)||w||^2, bias included",
    "saga": "the table starts at the gradients at the initial parameters plus weight_decay w (saga_initial gradient, "
            "what the notebook does) or at 0 (zero); its average is over the shard; a batch reads the table as it "
            "stood before the step, and a sample it has twice is stored and counted once",
    "float64_apart": "how far the same run, samples and initial parameters in float64 is: the largest difference and "
                     "the largest value; of final, the norms of the difference and of the parameters; took, whether "
                     "the same; null for float64 cases",
}


def case_flags(**changes):
    """The small run's flags with changes."""
    given = {**SMALL, **changes}
    return [str(word) for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]


def attacked(aggregator, attack, **changes):
    """A run with an aggregator under an attack."""
    return case_flags(aggregator=aggregator, attack=attack, **changes)


METHOD_CASES = {
    "sgd": case_flags(),
    "sgd_momentum": case_flags(momentum=0.9),
    "sgd_uneven_shards": case_flags(train_limit=605, batch=4, seed=7),
    "sgd_weight_decay": case_flags(weight_decay=0.01, seed=8),
    "batch_sgd": case_flags(method="BatchSGD", batch=10, gamma=0.5),
    "saga": case_flags(method="SAGA", batch=1, **FEW),
    "saga_zero": case_flags(method="SAGA", batch=1, saga_initial="zero", **FEW),
    "saga_pairs": case_flags(method="SAGA", **{"batch": 2, **NO_PAIR_TWICE}),
    "saga_repeated_samples": case_flags(method="SAGA", weight_decay=0.01, **FEW),
    "svrg": case_flags(method="SVRG"),
    "sarah": case_flags(method="SARAH"),
    "central_sgd": case_flags(method="CentralSGD"),
    "central_sarah": case_flags(method="CentralSARAH"),
}
ATTACKED_CASES = {
    f"sgd_{aggregator}_{attack}": attacked(aggregator, attack)
    for aggregator in ("mean", "gm", "krum", "median") for attack in ("none", "max", "zero")
    if (aggregator, attack) != ("mean", "none")
}
TOGETHER_CASES = {
    "momentum_gm_max": attacked("gm", "max", momentum=0.5),
    "saga_gm_zero": attacked("gm", "zero", method="SAGA", **{"batch": 1, **FEW}),
    "svrg_median_max": attacked("median", "max", method="SVRG"),
    "sarah_krum_max": attacked("krum", "max", method="SARAH"),
}
SOFTMAX_CASES = {
    "softmax_sgd": case_flags(**SOFTMAX),
    "softmax_saga": case_flags(method="SAGA", **{"batch": 1, **FEW}, **SOFTMAX),
    "softmax_svrg": case_flags(method="SVRG", **SOFTMAX),
    "softmax_sarah": case_flags(method="SARAH", **SOFTMAX),
    "softmax_gm_max": attacked("gm", "max", **SOFTMAX),
}
LOGISTIC_CASES = {
    "logistic_sgd": case_flags(**LOGISTIC),
    "logistic_momentum": case_flags(momentum=0.9, **LOGISTIC),
    "logistic_central_sgd": case_flags(method="CentralSGD", **LOGISTIC),
    "logistic_saga": case_flags(method="SAGA", **{"batch": 1, **FEW}, **LOGISTIC),
    "logistic_saga_zero": case_flags(method="SAGA", saga_initial="zero", **{"batch": 1, **FEW}, **LOGISTIC),
    "logistic_svrg": case_flags(method="SVRG", **LOGISTIC),
    "logistic_sarah": case_flags(method="SARAH", **LOGISTIC),
    **{f"logistic_{aggregator}_{attack}": attacked(aggregator, attack, **LOGISTIC)
       for aggregator in ("gm", "krum", "median") for attack in ("max", "zero")},
}
CASES = {**METHOD_CASES, **ATTACKED_CASES, **TOGETHER_CASES, **SOFTMAX_CASES, **LOGISTIC_CASES}
PLACES = {"mnist_dir", "threads", "timing", "timing_steps", "draws"}


def configuration(words, **changes):
    config = byzantine.parser().parse_args(words)
    vars(config).update(changes)
    return byzantine.resolve(config)


def settings(config):
    """The resolved configuration in snake_case."""
    return {name: value for name, value in vars(config).items() if name not in PLACES}


def weights(model):
    """{shape, sha256, first, last, norm} of each parameter; the norm is the float64 one."""
    return {name: {"shape": list(p.shape), **encode.digest(p), "norm": p.detach().double().norm().item()}
            for name, p in model.named_parameters()}


def without_digest(entries):
    """What another order of summation can come near to."""
    return {name: {key: value for key, value in entry.items() if key != "sha256"} for name, entry in entries.items()}


def norms(rows):
    return rows.double().norm(dim=1).tolist()


def observed(config, root):
    """A whole run: its training, initial weights, samples, server steps and rounds."""
    training = byzantine.Training(config, root)
    initial = weights(training.model)
    samples, updates = [], []

    def observe(step, sent, messages, vector, took):
        if sent.samples is not None:
            samples.append(sent.samples)
        updates.append({
            "step": step, "restart": sent.restart, "aggregate_norm": norms(vector[None])[0],
            "message_norms": norms(messages[:config.honest]), "batch_losses": sent.losses, "took": took,
        })

    rounds = list(training.rounds(observe))
    return training, {"initial": initial, "samples": samples, "server_steps": updates, "rounds": rounds}


def flat(model):
    return torch.cat([p.detach().double().flatten() for p in model.parameters()])


def apart(values, others):
    """The largest difference of two lists of numbers, and the largest number."""
    return {"difference": max(abs(a - b) for a, b in zip(values, others)), "largest": max(abs(a) for a in values)}


def column(rows, name):
    """The numbers of a column in one list; a cell may hold a list or nothing."""
    cells = [row[name] for row in rows if row[name] is not None]
    return [value for cell in cells for value in (cell if isinstance(cell, list) else [cell])]


def float64_apart(words, training, run, root):
    """How far the run is from itself in float64."""
    wide, other = observed(configuration(words, dtype="float64"), root)
    if other["samples"] != run["samples"]:
        raise RuntimeError(f"the run in float64 drew other samples: {words}")
    columns = {"server_steps": ("aggregate_norm", "message_norms", "batch_losses"),
               "rounds": ("train_loss", "validation_loss", "variance")}
    found = {name: apart(column(run[part], name), column(other[part], name))
             for part, names in columns.items() for name in names}
    narrow = flat(training.model)
    final = {"difference": (narrow - flat(wide.model)).norm().item(), "largest": narrow.norm().item()}
    took, wide_took = (column(each["server_steps"], "took") for each in (run, other))
    return {**found, "final": final, "took": took == wide_took}


def make_case(name, words, root):
    """One configuration: what was drawn, every update, every round, the parameters before and after."""
    start = time.time()
    config = configuration(words)
    training, run = observed(config, root)
    repeats = sum(len(set(batch)) < len(batch) for step in run["samples"] for batch in step)
    pieces = [0, *(shard.stop for shard in training.shards)]
    wide = float64_apart(words, training, run, root) if config.dtype == "float32" else None
    print(f"{name}: {time.time() - start:.1f} s", flush=True)
    return {
        "name": name, "flags": words, "config": settings(config), "shard_bounds": pieces,
        "initial": run["initial"], "samples": run["samples"], "batches_with_repeats": repeats,
        "restart_steps": getattr(training.method, "restarts", []),
        "server_steps": run["server_steps"], "rounds": run["rounds"],
        "final": without_digest(weights(training.model)), "float64_apart": wide,
    }


def parse():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--mnist-dir", required=True, help="folder with MNIST's four files, plain or gzipped")
    p.add_argument("--out", default=str(encode.FIXTURES), help="folder for the fixture (default: fixtures/)")
    return p.parse_args()


def main():
    arguments = parse()
    torch.set_num_threads(1)
    with torchvision_folder(arguments.mnist_dir, None) as (root, present):
        if "mnist" not in present:
            raise SystemExit(f"--mnist-dir: no MNIST files in {arguments.mnist_dir}")
        cases = [make_case(name, words, root) for name, words in CASES.items()]
        content = {"about": encode.about("byzantine_cases.py"), "data": {"mnist": fingerprints(root, "mnist")},
                   "conventions": CONVENTIONS, "cases": cases}
    encode.write_fixture("byzantine", content, arguments.out)


if __name__ == "__main__":
    main()
