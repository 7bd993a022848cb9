"""The split-head teacher and student experiment in PyTorch.

One call is one run: a teacher learns labelled images, a student with its own
feature layers learns the teacher's auxiliary outputs on noise. Results are
appended to OUTDIR/seed_NNNNNN/{runs,layer_metrics,perturbations}.csv and
configs.jsonl.

    python3 test/reference/splithead.py --data-dir DIR --outdir DIR [...]
"""

import argparse
import time
import uuid
from datetime import datetime
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import splithead_data as data
import splithead_metrics as metrics
from splithead_model import build, derived_seed, forked_stream, json_or_file, seed_base, set_seed


def widths(text):
    return [int(part) for part in text.split(",") if part.strip()]


def parser():
    """Every flag with its default."""
    p = argparse.ArgumentParser(description="Split-head teacher and student experiment, one run.")
    p.add_argument("--outdir", default="./outputs")
    p.add_argument("--data-dir", default="./MNIST")
    p.add_argument("--seed", type=int, default=42)
    p.add_argument("--num-workers", type=int, default=0)
    p.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:0, ...")
    p.add_argument("--sweep-name", default="default")
    p.add_argument("--run-label", default="")
    p.add_argument("--append-global", action="store_true", help="also append to OUTDIR/*_all_seeds.csv")
    p.add_argument("--dataset", type=str.lower, default="mnist", choices=["mnist", "emnist"])
    p.add_argument("--emnist-split", default="balanced", choices=["balanced", "letters"])
    p.add_argument("--class-count", type=int, help="keep the labels below this")
    p.add_argument("--class-selection", default="first", choices=["first"])
    for role in ("teacher", "student"):
        p.add_argument(f"--{role}-type", default="mlp", choices=["mlp", "cnn"])
        p.add_argument(f"--{role}-hidden-dims", type=widths, default=[256, 256])
        p.add_argument(f"--{role}-arch-spec", type=json_or_file, help="JSON list of CNN feature layers, or its file")
        p.add_argument(f"--{role}-init", help="A, B or random for each layer: A,A,A or fc1:A,all:B")
        p.add_argument(f"--{role}-trainable", help="true or false for each layer, in the same forms")
        p.add_argument(f"--{role}-epochs", type=int, default=5)
        p.add_argument(f"--{role}-lr", type=float, default=1e-3)
    p.add_argument("--m", type=int, default=10, help="auxiliary outputs")
    p.add_argument("--data-bsize", type=int, default=1024)
    p.add_argument("--noise-bsize", type=int, default=1000)
    p.add_argument("--noise-steps", type=int, default=60)
    p.add_argument("--noise-dist", default="uniform", choices=["uniform", "normal", "perlin"])
    p.add_argument("--perlin-res", type=int, default=8)
    p.add_argument("--normalize-noise", action="store_true")
    p.add_argument("--eval-noise-batches", type=int, default=10)
    p.add_argument("--eval-noise-bsize", type=int, default=1000)
    p.add_argument("--perturb", action="append", default=[], help="target:layers,std=...,timing=... (repeatable)")
    p.add_argument("--perturb-spec", type=json_or_file, help="JSON object or list, or its file")
    return p


def parse(arguments=None):
    """The configuration: the flags, with both forms of perturbation in one list."""
    config = parser().parse_args(arguments)
    given = config.perturb_spec or []
    specs = [given] if isinstance(given, dict) else list(given)
    config.perturb_specs = specs + [metrics.perturbation_from_text(text) for text in config.perturb]
    del config.perturb, config.perturb_spec
    return config


def trainable_parameters(built):
    """Freeze what the configuration freezes; the rest."""
    for name, wanted in built.trainable.items():
        getattr(built.model, name).requires_grad_(wanted)
    parameters = [p for p in built.model.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("no trainable parameters")
    return parameters


def train_teacher(teacher, loader, config, device):
    """Cross-entropy on labelled images; the last epoch's mean loss."""
    set_seed(derived_seed(config.seed, "teacher_training"))
    optimizer = torch.optim.Adam(trainable_parameters(teacher), lr=config.teacher_lr)
    mean_loss = float("nan")
    for epoch in range(config.teacher_epochs):
        total, batches = 0.0, 0
        for x, y in loader:
            x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(teacher.model(x)[0], y)
            loss.backward()
            optimizer.step()
            total, batches = total + loss.item(), batches + 1
        mean_loss = total / max(1, batches)
        print(f"teacher epoch {epoch + 1}/{config.teacher_epochs}: cross-entropy {mean_loss:.6f}", flush=True)
    return mean_loss


def train_student(student, teacher, config, device):
    """Match the teacher's auxiliary outputs on noise; the last epoch's mean loss."""
    set_seed(derived_seed(config.seed, "student_training_noise"))
    optimizer = torch.optim.Adam(trainable_parameters(student), lr=config.student_lr)
    mean_loss = float("nan")
    for epoch in range(config.student_epochs):
        total = 0.0
        for _ in range(config.noise_steps):
            x = data.sample_noise(config, config.noise_bsize, device)
            with torch.no_grad():
                target = teacher.model(x)[1]
            loss = F.mse_loss(student.model(x)[1], target)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item()
        mean_loss = total / max(1, config.noise_steps)
        print(f"student epoch {epoch + 1}/{config.student_epochs}: auxiliary MSE {mean_loss:.8f}", flush=True)
    return mean_loss


@torch.no_grad()
def evaluate(built, loader, device):
    """Accuracy and mean cross-entropy on the test set."""
    correct, count, loss = 0, 0, 0.0
    for x, y in loader:
        x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
        logits = built.model(x)[0]
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        correct += int((logits.argmax(dim=1) == y).sum())
        count += len(y)
    return correct / max(1, count), loss / max(1, count)


@torch.no_grad()
def evaluate_auxiliary(student, teacher, moment, config, device):
    """Mean MSE between the auxiliary outputs, on noise of its own seed."""
    losses = []
    with forked_stream(device):
        set_seed(derived_seed(config.seed, "eval_noise", moment))
        for _ in range(config.eval_noise_batches):
            x = data.sample_noise(config, config.eval_noise_bsize, device)
            target = teacher.model(x)[1]
            losses.append(F.mse_loss(student.model(x)[1], target).item())
    return float(np.mean(losses)) if losses else float("nan")


def experiment(config, header, device):
    """The run itself: its networks and everything measured."""
    set_seed(derived_seed(config.seed, "experiment_start"))
    train, test = data.loaders(config, device)
    teacher, student = (build(role, config, data.class_count(config), device) for role in ("teacher", "student"))
    networks = {"teacher": teacher, "student": student}
    names = {role: built.layers for role, built in networks.items()}
    specs = [metrics.complete_perturbation(i, spec, names) for i, spec in enumerate(config.perturb_specs)]
    perturbed, measured, snapshots = [], {}, {"teacher": {}, "student": {}}

    def perturb(timing):
        perturbed.extend(metrics.perturb(timing, specs, networks, header, config, device))

    def record(role, moment):
        short = {"initial": "init", "final": "final"}[moment]
        snapshots[role][moment] = metrics.snapshot(networks[role])
        accuracy, loss = evaluate(networks[role], test, device)
        measured[f"{role}_{short}_acc"], measured[f"{role}_{short}_class_loss"] = accuracy, loss
        if role == "student":
            measured[f"student_{short}_aux_loss"] = evaluate_auxiliary(
                student, teacher, f"student_{moment}", config, device)
        print(f"{role} {moment}: accuracy {accuracy:.6f}, cross-entropy {loss:.6f}", flush=True)

    perturb("before_teacher_training")
    record("teacher", "initial")
    measured["teacher_train_loss_last"] = train_teacher(teacher, train, config, device)
    perturb("after_teacher_training")
    record("teacher", "final")
    perturb("before_student_training")
    record("student", "initial")
    measured["student_train_aux_loss_last"] = train_student(student, teacher, config, device)
    perturb("after_student_training")
    record("student", "final")
    layer_rows = metrics.layer_metrics(header, snapshots["teacher"], snapshots["student"])
    sizes = {"train_size": len(train.dataset), "test_size": len(test.dataset)}
    return {"networks": networks, "specs": specs, "sizes": sizes, "measured": measured,
            "layer_rows": layer_rows, "perturbation_rows": perturbed}


def seed_columns(config):
    purposes = {
        "teacher_model_seed": ("teacher", "model_random_init"), "student_model_seed": ("student", "model_random_init"),
        "teacher_training_seed": ("teacher_training",), "student_training_seed": ("student_training_noise",),
        "dataloader_seed": ("dataloader_shuffle",),
    }
    seeds = {name: derived_seed(config.seed, *parts) for name, parts in purposes.items()}
    return {"rng_base": seed_base(config.seed), **seeds}


def network_columns(networks, pattern, value):
    """One column for the teacher and one for the student."""
    return {pattern.format(role): value(built) for role, built in networks.items()}


def parameter_count(built, only_trainable):
    return sum(p.numel() for p in built.model.parameters() if p.requires_grad or not only_trainable)


def run_row(config, identity, runtime, device, done):
    """The row of runs.csv, in its column order."""
    networks, measured = done["networks"], done["measured"]

    def taken(*names):
        return {name: getattr(config, name) for name in names}

    scores = [f"{role}_{moment}_{what}" for what in ("acc", "class_loss")
              for role in networks for moment in ("init", "final")]
    scores += ["student_init_aux_loss", "student_final_aux_loss", "teacher_train_loss_last",
               "student_train_aux_loss_last"]
    return {
        "schema_version": metrics.SCHEMA, **identity, "runtime_seconds": runtime,
        **taken("sweep_name", "run_label", "seed"), **seed_columns(config),
        "torch_version": torch.__version__, "cuda_available": int(torch.cuda.is_available()), "device": str(device),
        **taken("dataset", "emnist_split"), **done["sizes"], "num_classes": data.class_count(config),
        **taken("data_dir", "outdir", "teacher_type", "student_type", "teacher_hidden_dims", "student_hidden_dims"),
        **network_columns(networks, "{}_arch_description", lambda built: built.description),
        **network_columns(networks, "{}_layer_names", lambda built: built.layers),
        **taken("m", "teacher_epochs", "student_epochs", "data_bsize", "noise_bsize", "noise_steps", "teacher_lr",
                "student_lr", "noise_dist", "perlin_res", "normalize_noise", "eval_noise_batches", "eval_noise_bsize"),
        **network_columns(networks, "{}_init_config", lambda built: built.init),
        **network_columns(networks, "{}_trainable_config", lambda built: built.trainable),
        "perturb_specs": done["specs"],
        **network_columns(networks, "{}_total_parameters", lambda built: parameter_count(built, False)),
        **network_columns(networks, "{}_trainable_parameters", lambda built: parameter_count(built, True)),
        **{name: measured[name] for name in scores},
        "class_count": "" if config.class_count is None else config.class_count,
        **taken("class_selection"), "base_num_classes": data.base_class_count(config),
        **metrics.head_aliases(done["layer_rows"]),
    }


def config_record(config, identity, networks):
    """The line of configs.jsonl."""
    return {
        "schema_version": metrics.SCHEMA, **identity, "effective_config": vars(config),
        **network_columns(networks, "{}_init_config", lambda built: built.init),
        **network_columns(networks, "{}_trainable_config", lambda built: built.trainable),
        **network_columns(networks, "{}_arch_description", lambda built: built.description),
        "seed_info": seed_columns(config),
    }


def write(config, result):
    """Append the run to its four files."""
    folder = Path(config.outdir) / f"seed_{config.seed:06d}"
    tables = {"runs": [result["run_row"]], "layer_metrics": result["layer_rows"],
              "perturbations": result["perturbation_rows"]}
    for name, rows in tables.items():
        metrics.append_csv(folder / f"{name}.csv", rows)
        if config.append_global:
            metrics.append_csv(Path(config.outdir) / f"{name}_all_seeds.csv", rows)
    metrics.append_jsonl(folder / "configs.jsonl", result["config"])


def run(config):
    """One run; its rows, not yet written."""
    start = time.time()
    identity = {"run_id": uuid.uuid4().hex[:12], "timestamp": datetime.now().isoformat(timespec="seconds")}
    name = ("cuda" if torch.cuda.is_available() else "cpu") if config.device == "auto" else config.device
    device = torch.device(name)
    header = {"schema_version": metrics.SCHEMA, "run_id": identity["run_id"], "seed": config.seed,
              "sweep_name": config.sweep_name, "run_label": config.run_label}
    done = experiment(config, header, device)
    return {
        "run_row": run_row(config, identity, time.time() - start, device, done),
        "layer_rows": done["layer_rows"], "perturbation_rows": done["perturbation_rows"],
        "config": config_record(config, identity, done["networks"]),
    }


def main():
    config = parse()
    write(config, run(config))


if __name__ == "__main__":
    main()
