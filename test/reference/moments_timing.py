"""Microseconds of a call of network_moments: 7 linear layers of 100 with ReLU between, one mean, float64.

    python3 test/reference/moments_timing.py [--threads 1] [--rounds 9] [--no-grad]

Prints JSON: the median and the fastest of `rounds` rounds of calls, each way of propagating. The last ReLU is the one that the
two-stage linearisation keeps. The library records for backward everywhere but in its Jacobian; --no-grad does not.
"""

import argparse
import contextlib
import json
import statistics
import time

import torch
from torch import nn

from moments_library import adf, definite, split_layers, two_stage_parts

LAYERS = 7
SIZE = 100
ROUND_SECONDS = 0.25


def network():
    layers = [layer for _ in range(LAYERS) for layer in (nn.Linear(SIZE, SIZE), nn.ReLU(inplace=True))][:-1]
    return nn.Sequential(*layers).double().eval()


def ways():
    """Each way by its name, as the notebook calls it."""
    torch.manual_seed(0)
    net = network()
    mean = torch.randn(1, SIZE, dtype=torch.float64)
    covariance = definite(SIZE, norm=1.0, batch=1)
    variance = covariance.diagonal(dim1=-2, dim2=-1)
    parts, stages = split_layers(net), two_stage_parts(net, 2 * (LAYERS - 1) - 1)
    return {
        "forward": lambda: net(mean),
        "adfIndependent": lambda: adf(parts, mean, variance, independent=True),
        "twoStageIndependent": lambda: adf(stages, mean, variance, independent=True),
        "twoStageTrick": lambda: adf(stages, mean, covariance, independent=False),
        "twoStageJacobian": lambda: adf(stages, mean, covariance, independent=False, linearize=True),
        "adfFull": lambda: adf(parts, mean, covariance, independent=False),
    }


def microseconds(call, count):
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count * 1e6


def measure(call, rounds):
    first = microseconds(call, 10)
    count = max(5, int(ROUND_SECONDS * 1e6 / first))
    times = [microseconds(call, count) for _ in range(rounds)]
    return round(statistics.median(times), 1), round(min(times), 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--no-grad", action="store_true", help="record nothing for backward")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with torch.no_grad() if arguments.no_grad else contextlib.nullcontext():
        times = {name: measure(call, arguments.rounds) for name, call in ways().items()}
    print(json.dumps({
        "torch": torch.__version__, "threads": arguments.threads, "noGrad": arguments.no_grad,
        "microseconds": {name: median for name, (median, _) in times.items()}, "fastest": {name: least for name, (_, least) in times.items()},
    }))


if __name__ == "__main__":
    main()
