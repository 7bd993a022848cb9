"""Unicode's numbers, punctuation and symbols as sacreBLEU's `intl` tokenizer sees them: src/text/unicode-classes.ts.

    PYTHONPATH=FOLDER /usr/bin/python3 test/reference/unicode_classes.py [--out FILE]

FOLDER has the package `regex` (`pip install --target FOLDER regex==2026.9.29`). The file is written once and kept: what
it holds, and so every score, must not change with an engine's Unicode version.
"""

import argparse
import textwrap
from pathlib import Path

import regex

CLASSES = {"NUMBERS": ("N", "Nd, Nl and No"), "PUNCTUATION": ("P", "Pc, Pd, Ps, Pe, Pi, Pf and Po"), "SYMBOLS": ("S", "Sm, Sc, Sk and So")}
SURROGATES = range(0xD800, 0xE000)


def members(letter):
    pattern = regex.compile(rf"\p{{{letter}}}")
    return [point for point in range(0x110000) if point not in SURROGATES and pattern.match(chr(point))]


def ranges(points):
    """Runs of neighbours, as hexadecimal `first-last`, or `only`."""
    runs = []
    for point in points:
        if runs and runs[-1][1] == point - 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return " ".join(f"{first:x}" if first == last else f"{first:x}-{last:x}" for first, last in runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[2] / "src" / "text" / "unicode-classes.ts")
    out = parser.parse_args().out
    lines = [
        "// Unicode's general categories as ranges of hexadecimal code points, so that no engine's own Unicode version decides a score.",
        f"// Made by test/reference/unicode_classes.py from the package regex {regex.__version__}, which sacreBLEU uses.",
    ]
    for name, (letter, categories) in CLASSES.items():
        lines += ["", f"/** Category {letter}: {categories}. */", f"export const {name} = `"]
        lines += [*textwrap.wrap(ranges(members(letter)), 130, break_on_hyphens=False), "`;"]
    out.write_text("\n".join(lines) + "\n")
    print(f"{out.name}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
