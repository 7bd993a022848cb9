"""How the reference programs write arrays and fixture files.

Short arrays are written value by value, long ones as the SHA-256 of their
little-endian bytes with the first and last few values. float32 values are
written as the float64 they widen to, so reading them back loses nothing.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import torch

FIXTURES = Path(__file__).resolve().parent / "fixtures"
SAFE_INTEGER = 2**53 - 1


def to_numpy(array):
    """A tensor, list or array as a contiguous little-endian NumPy array."""
    if isinstance(array, torch.Tensor):
        array = array.detach().cpu().numpy()
    array = np.ascontiguousarray(array)
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def sha256(array):
    """Digest of the little-endian bytes."""
    return hashlib.sha256(to_numpy(array).tobytes()).hexdigest()


def plain(array):
    """Flat list of numbers; integers no double can hold become strings."""
    values = to_numpy(array).reshape(-1).tolist()
    if any(isinstance(v, int) and abs(v) > SAFE_INTEGER for v in values):
        return [str(v) for v in values]
    return values


def digest(array, first=8, last=4):
    """{sha256, first, last} of an array."""
    flat = to_numpy(array).reshape(-1)
    return {"sha256": sha256(flat), "first": plain(flat[:first]), "last": plain(flat[max(0, flat.size - last):])}


def result(array, limit=128):
    """{values} up to `limit` values, {sha256, first, last} beyond."""
    array = to_numpy(array)
    return {"values": plain(array)} if array.size <= limit else digest(array)


def tensor(array):
    """{shape, values}: the whole array."""
    array = to_numpy(array)
    return {"shape": list(array.shape), "values": plain(array)}


def dtype_name(array):
    """'float32', 'int64', ... as PyTorch and NumPy both spell it."""
    return to_numpy(array).dtype.name


def about(program):
    """The first entry of every fixture: what made it."""
    return {"program": f"test/reference/{program}", "torch": torch.__version__}


def write_fixture(name, content, out=FIXTURES):
    """Write one fixture, a list entry to a line so that diffs stay readable."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    text = "{\n" + ",\n".join(_section(key, value) for key, value in content.items()) + "\n}\n"
    path = out / f"{name}.json"
    path.write_text(text)
    print(f"{path.name}: {len(text)} bytes")


def _section(key, value):
    if isinstance(value, list):
        return f"{json.dumps(key)}: [\n" + ",\n".join(_compact(entry) for entry in value) + "\n]"
    return f"{json.dumps(key)}: {_compact(value)}"


def _compact(value):
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def output_folder(description):
    """The one flag of the programs that need no data: --out."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", default=str(FIXTURES), help="folder for the fixture (default: fixtures/)")
    return parser.parse_args().out
