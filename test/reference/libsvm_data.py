"""A text in LIBSVM's format, what Python reads in it, and how PyTorch splits rows in two.

    python3 test/reference/libsvm_data.py [--out FOLDER]

The reader here is the format's few words said again: cut at `#`, split at white space, split at the colon, float().
Python's float() and its random numbers are the same everywhere. A double is written as the 16 hexadecimal digits of
its bits, big end first.
"""

import argparse
import json
import platform
import random
import struct
from pathlib import Path

import torch
from torch.utils.data import random_split

# What a reader rounds wrongly when it multiplies by an inexact power, or adds digits up in a float64.
HARD = [
    "0", "-0", "+0.0", "-0.0e5", "1", "-1", "+1", "5.", ".5", "-.5e1", "00012.500", "1E+2", "1e-2", "1e22", "1e23", "1e-22", "1e-23",
    "123456789012345", "1234567890123456", "9007199254740993", "9007199254740992.9999", "0.1", "0.3", "2.2250738585072014e-308",
    "2.2250738585072011e-308", "5e-324", "2.4703282292062328e-324", "2.4703282292062327e-324", "1.7976931348623157e308", "0e999", "1e-999",
    "0.000000000000000000000000000001", "100000000000000000000000000000", "8.41e21", "9.5e-23", "7.2057594037927933e16",
    "179769313486231570000e288", "0.50000000000000000000000000000000000000000000001", "1.00000000000000011102230246251565404236316680908203125",
    "1.00000000000000011102230246251565404236316680908203124", "1.00000000000000011102230246251565404236316680908203126",
    "123456789012345e22", "123456789012345e-22", "123456789012345e23", "999999999999999e-22", "0.00000000000001e-8",
]


def bits(value):
    return struct.pack(">d", value).hex()


def written(draw):
    """A random number in one of the ways in which programs write them."""
    value = draw.choice([draw.uniform(-1, 1), draw.gauss(0, 1) * 10.0 ** draw.randint(-30, 30), float(draw.randint(-999, 999))])
    return draw.choice([repr, "{:.6g}".format, "{:.17g}".format, "{:.9f}".format, "{:+.3e}".format, "{:.25e}".format])(value)


def make_text():
    draw = random.Random(3)
    lines = ["# made by libsvm_data.py: 1:2 is no sample", "", f"+1 {' '.join(f'{i + 1}:{text}' for i, text in enumerate(HARD))}"]
    for row in range(60):
        indices = sorted(draw.sample(range(1, 80), draw.randint(0, 12)))
        pairs = draw.choice([" ", "  ", "\t"]).join(f"{index}:{written(draw)}" for index in indices)
        lines.append(f"{draw.choice(['+1', '-1', '2', '3.5', '1e1'])} {pairs}{draw.choice(['', ' ', ' # 7:7', '# no'])}")
        if row % 13 == 0:
            lines.append(draw.choice(["", "   ", "#"]))
    return "".join(line + draw.choice(["\n", "\r\n"]) for line in lines)


def read(text):
    rows = []
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words:
            pairs = [word.split(":") for word in words[1:]]
            rows.append({"label": float(words[0]), "indices": [int(index) for index, _ in pairs], "bits": [bits(float(value)) for _, value in pairs]})
    return rows


def splits():
    for count, fraction, seed in ((10, 0.8, 0), (61, 0.7, 1), (61, 0.5, 100), (1000, 0.1, 7), (7, 0.3, 2), (49990, 0.9, 42)):
        train, validation = random_split(range(count), [fraction, 1 - fraction], torch.Generator().manual_seed(seed))
        yield {
            "count": count, "fraction": fraction, "seed": seed, "sizes": [len(train), len(validation)],
            "train": list(train.indices)[:20], "validation": list(validation.indices)[-20:],
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "fixtures")
    about = {"program": "test/reference/libsvm_data.py", "python": platform.python_version(), "torch": torch.__version__}
    content = {"about": about, "text": make_text(), "rows": read(make_text()), "splits": list(splits())}
    parts = []
    for key, value in content.items():
        body = "[\n" + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in value) + "\n]" if isinstance(value, list) else json.dumps(value)
        parts.append(f"{json.dumps(key)}: {body}")
    path = parser.parse_args().out / "libsvm.json"
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
