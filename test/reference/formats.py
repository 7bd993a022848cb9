"""How Python writes numbers, JSON and CSV: the texts that isolab's output files must equal.

    python3 test/reference/formats.py [--out FOLDER]

The standard library alone. The three forms are those of the original program's `csv_value`, `append_csv` and
`append_jsonl`: f"{value:.12g}", json.dumps(value, sort_keys=True), csv.DictWriter with its defaults.
A double is written as the 16 hexadecimal digits of its bits, big end first.
"""

import argparse
import csv
import io
import json
import platform
import random
import struct
from pathlib import Path


def bits(value):
    return struct.pack(">d", value).hex()


def from_bits(number):
    return struct.unpack(">d", number.to_bytes(8, "big"))[0]


def single(value):
    return struct.unpack(">f", struct.pack(">f", value))[0]


def numbers():
    draw = random.Random(7)
    yield from (0.0, -0.0, float("nan"), float("inf"), float("-inf"), 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308)
    # Either side of where an exponent appears.
    for text in ("9.9999999999949e-05", "9.99999999999951e-05", "0.0001", "0.000123", "999999999999.4", "999999999999.5",
                 "1000000000000", "1e15", "1e16", "123456789012345680", "1e21", "1e22", "0.1", "0.30000000000000004", "1e-7"):
        yield float(text)
    # Exact ties in the thirteenth digit: Python rounds to even.
    for numerator in (1, 3, 5, 7, 9, 11):
        for power in range(12, 26):
            yield numerator / 2**power
    yield from (100000000000.5, 100000000001.5, 999999999999.5, 12345678901.25, 12345678901.75)
    for _ in range(120):
        yield from_bits(draw.getrandbits(64))
    for _ in range(80):
        yield single(draw.uniform(-2, 2) * 10 ** draw.randint(-9, 6))
    for _ in range(40):
        yield draw.randint(0, 10000) / 10000


JSON_VALUES = [
    None, True, False, 0, 7, -3, 2**53 - 1, 2**60, 0.5, 1e-7, 1.5e22, "", "plain", 'quote " backslash \\ slash /',
    "\x00\x01\x1f\b\f\n\r\t\x7f", "Köln 東京 \U0001f600", "\u2028\u2029", [], {}, [1, [2, []]],
    {"b": 1, "a": {"d": [True, None], "c": "x"}}, {"teacher_lr": 1.0, "std": 2.0, "m": 1},
    {"\U0001f600": 1, "\uffee": 2, "z": 3, "Z": 4, "": 5, "zz": 6}, {"10": 1, "9": 2, "a": 3},
    [{"index": 0, "layers": ["fc1", "aux_head"], "std": 0.0}], {"std": [1.0, 0.1]},
]

CSV_TABLES = [
    [{"run_id": "a", "label": "plain"}, {"run_id": "b", "label": ""}],
    [{"run_id": "a", "label": "comma, inside"}, {"run_id": "b", "label": 'quote " inside'}, {"run_id": "c", "label": '"'}],
    [{"run_id": "a", "label": "line\nend"}, {"run_id": "b", "label": "carriage\rreturn"}, {"run_id": "c", "label": "both\r\n"}],
    [{"run_id": "a", "label": " spaces "}, {"run_id": "b", "label": "tab\t;'"}, {"run_id": "c", "label": "Köln 東京 \U0001f600"}],
    [{"with, comma": "1", 'with " quote': "2"}],
]


def written(rows):
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=str(Path(__file__).resolve().parent / "fixtures"))
    out = Path(parser.parse_args().out)
    content = {
        "about": {"program": "test/reference/formats.py", "python": platform.python_version()},
        "numbers": [[bits(value), f"{value:.12g}", repr(value)] for value in numbers()],
        "json": [{"value": value if not isinstance(value, int) or abs(value) < 2**53 else {"$integer": str(value)},
                  "text": json.dumps(value, sort_keys=True)} for value in JSON_VALUES],
        "csv": [{"rows": rows, "text": written(rows)} for rows in CSV_TABLES],
    }
    lines = []
    for key, value in content.items():
        body = "[\n" + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in value) + "\n]" if isinstance(value, list) else json.dumps(value)
        lines.append(f"{json.dumps(key)}: {body}")
    path = out / "formats.json"
    out.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
