"""Small runs of the gradient alignment experiment, as fixtures/alignment.json.

    python3 test/reference/alignment_cases.py --mnist-dir DIR [--out FOLDER]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

import alignment
import alignment_options
import alignment_tables as tables
import encode
from image_folders import fingerprints, torchvision_folder
from random_stream import Indices

SMALL = {
    "--train-limit": 3000, "--test-limit": 500, "--audit-size": 700, "--noise-dataset-size": 600, "--batch-size": 128,
    "--hidden-dim": 32, "--teacher-epochs": 2, "--student-epochs": 2,
}
PROGRAM = Path(__file__).resolve().parent / "alignment.py"
PLACES = {"out_dir", "mnist_dir", "num_workers", "timing", "threads"}
FIRST_PASSES = 3


def flags(**changes):
    """The small run's flags with changes."""
    given = {**SMALL, **{f"--{name.replace('_', '-')}": value for name, value in changes.items()}}
    return [str(word) for pair in given.items() for word in pair]


CASES = {
    "three_auxiliary_logits": flags(seeds=1),
    "every_third_step": flags(seeds=2, aux_m=5, metrics_every_n_steps=3, audit_batches_for_grad=2,
                              trait_acc_every_n_steps=2, trait_acc_max_batches=1, teacher_epochs=1),
    "uniform_noise": flags(seeds=5000, noise_dist="uniform", lr_teacher=0.001, lr_student=0.002, student_epochs=1),
    "one_auxiliary_logit": flags(seeds=0, aux_m=1, teacher_epochs=1, student_epochs=1),
    "uneven_batches": flags(seeds=4, train_limit=1000, test_limit=101, audit_size=333, noise_dataset_size=257,
                            batch_size=100, hidden_dim=20, lr_teacher=0.003, lr_student=0.01, student_epochs=3),
}
SPREAD_CASES = ["three_auxiliary_logits", "uneven_batches"]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "avx2"}
SPREADS = {
    "threads_1_and_2": {**ONE_THREAD, "OMP_NUM_THREADS": "2"},
    "aten_avx2_and_default": {**ONE_THREAD, "ATEN_CPU_CAPABILITY": "default"},
    "openblas_own_and_haswell": {**ONE_THREAD, "OPENBLAS_CORETYPE": "Haswell"},
    "openblas_own_and_prescott": {**ONE_THREAD, "OPENBLAS_CORETYPE": "Prescott"},
}


def configuration(words):
    return alignment.parser().parse_args(words)


def settings(config):
    """The resolved configuration: snake_case flags; 'all' is null."""
    return {name: value for name, value in vars(config).items() if name not in PLACES}


def order(array):
    """A list of positions: int64 digest, the first 20 and the last 4."""
    return encode.digest(torch.as_tensor(array), 20, 4)


def weights(model):
    """{shape, sha256, first, last, norm} of each parameter; the norm is the float64 one."""
    return {name: {"shape": list(p.shape), **encode.digest(p), "norm": p.detach().double().norm().item()}
            for name, p in model.named_parameters()}


def passes(size, config, seed, count):
    """The orders of the first passes over a shuffled loader of `size` items, as positions within the dataset."""
    loader = alignment.make_loader(Indices(size), config, True, seed)
    return [order(torch.cat(list(loader))) for _ in range(count)]


def noise_image(dataset, index):
    """One noise image: digest, first 8 and last 4 values, float64 sum."""
    image = dataset[index][0]
    return {"index": index, **encode.digest(image), "sum": image.double().sum().item()}


def drawn(loaders, config, seed):
    """What the run draws: the split as positions in the training set, orders, noise images."""
    train, audit, noise = (loaders[name].dataset for name in ("train", "audit", "noise"))
    return {
        "split": {"train": order(train.indices), "audit": order(audit.indices)},
        "train_order": passes(len(train), config, seed + 100, 1)[0],
        "audit_orders": passes(len(audit), config, seed + 200, FIRST_PASSES),
        "noise_order": passes(len(noise), config, seed + 500, 1)[0],
        "noise_images": [noise_image(noise, index) for index in (0, 1, len(noise) - 1)],
    }


def make_case(name, words, root):
    """One configuration: what is drawn, the weights before and after the teacher's training, every row."""
    start = time.time()
    config = configuration(words)
    seed = config.seeds[0]
    alignment.set_global_seed(seed)
    loaders = alignment.make_loaders(config, seed, root)
    teacher = alignment.models(config)[0]
    case = {"name": name, "flags": words, "config": settings(config), "initial_weights": weights(teacher),
            **drawn(loaders, config, seed)}
    alignment.train_teacher(teacher, loaders, config)
    result = alignment.run(config, seed, root)
    case = {**case, "teacher_weights": weights(teacher), "rows": result["rows"],
            "teacher_test_acc": result["teacher_info"]["teacher_test_acc"], **result["student_info"],
            "summary": tables.summarize(result["rows"])}
    print(f"{name}: {time.time() - start:.1f} s", flush=True)
    return case


def metrics_of(words, mnist_dir, environment):
    """The rows of metrics.csv of a whole process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(PROGRAM), *words, "--out-dir", folder, "--mnist-dir", mnist_dir,
                   "--threads", environment["OMP_NUM_THREADS"]]
        subprocess.run(command, env={**os.environ, **environment}, check=True, stdout=subprocess.DEVNULL)
        return tables.read_csv(next(Path(folder).glob("seed_*")) / "metrics.csv")


def largest_differences(rows, others):
    """Per column: the largest |a - b| / |a|, and the largest |a - b| as a part of the column's largest |a|."""
    found = {}
    for name in tables.MEASURED:
        pairs = [(a[name], b[name]) for a, b in zip(rows, others)]
        apart = [abs(a - b) for a, b in pairs]
        found[name] = {"relative": max(d / abs(a) for d, (a, _) in zip(apart, pairs)),
                       "of_largest": max(apart) / max(abs(a) for a, _ in pairs)}
    return found


def spread(name, mnist_dir):
    """How far PyTorch is from itself when the order of its sums differs, in one case."""
    words = CASES[name]
    rows = metrics_of(words, mnist_dir, ONE_THREAD)
    columns = {between: largest_differences(rows, metrics_of(words, mnist_dir, environment))
               for between, environment in SPREADS.items()}
    return {"case": name, "columns": columns}


def make_all(root, mnist_dir):
    cases = [make_case(name, words, root) for name, words in CASES.items()]
    options = []
    for name, option in alignment_options.OPTIONS.items():
        words = flags(**option.flags)
        config = configuration(words)
        options.append({"name": name, "flags": words, "config": settings(config), "option": option.described,
                        **alignment_options.run(config, option, root)})
        print(name, flush=True)
    return {"about": encode.about("alignment_cases.py"), "data": {"mnist": fingerprints(root, "mnist")},
            "cases": cases, "options": options, "spread": [spread(name, mnist_dir) for name in SPREAD_CASES]}


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
        content = make_all(root, arguments.mnist_dir)
    encode.write_fixture("alignment", content, arguments.out)


if __name__ == "__main__":
    main()
