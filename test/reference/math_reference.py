"""References for assembly/math: exact values, and the coefficients its polynomials use.

    /usr/bin/python3 test/reference/math_reference.py               # writes test/core/math-reference.json
    /usr/bin/python3 test/reference/math_reference.py coefficients  # prints the fitted coefficients

Needs mpmath (Debian: python3-mpmath). The fixture holds, per function, pairs of float64 numbers as
16 hexadecimal digits: argument, and its value rounded once, to nearest even, from a result with at
least 100 correct bits.
"""

import json
import random
import struct
import sys
from pathlib import Path

import mpmath as mp

FIXTURE = Path(__file__).resolve().parent.parent / "core" / "math-reference.json"
FUNCTIONS = {"exp": mp.exp, "log": mp.log, "tanh": mp.tanh, "erf": mp.erf, "sin": mp.sin, "cos": mp.cos}


def to_bits(value):
    return struct.unpack(">Q", struct.pack(">d", value))[0]


def from_bits(bits):
    return struct.unpack(">d", struct.pack(">Q", bits))[0]


def round_to_double(value):
    """Nearest float64, ties to even, subnormals and overflow included."""
    if mp.isnan(value):
        return float("nan")
    if value == 0 or mp.isinf(value):
        return float(value)
    magnitude = abs(value)
    if magnitude >= mp.mpf(2) ** 1024 - mp.mpf(2) ** 970:
        return float("inf") if value > 0 else float("-inf")
    # Whole multiples of the spacing of doubles here: exact to convert, exact to scale.
    spacing = max(int(mp.floor(mp.log(magnitude, 2))) - 52, -1074)
    if magnitude >= mp.mpf(2) ** (spacing + 53):
        spacing += 1
    scaled = mp.ldexp(magnitude, -spacing)
    whole = int(mp.floor(scaled))
    rest = scaled - whole
    if rest > 0.5 or (rest == 0.5 and whole % 2 == 1):
        whole += 1
    result = float(mp.ldexp(mp.mpf(whole), spacing))
    return result if value > 0 else -result


def evaluate(name, x):
    """The value as float64; an argument of 1e308 needs over 1,000 bits to be reduced by pi."""
    if x != x:
        return x
    if x in (float("inf"), float("-inf")):
        if name in ("sin", "cos"):
            return float("nan")
        return {"exp": float("inf") if x > 0 else 0.0, "log": x if x > 0 else float("nan")}.get(name, 1.0 if x > 0 else -1.0)
    if x == 0:
        return {"exp": 1.0, "cos": 1.0, "log": float("-inf")}.get(name, x)
    if name == "log" and x < 0:
        return float("nan")
    if name == "exp" and abs(x) > 800:
        return float("inf") if x > 0 else 0.0
    if name in ("tanh", "erf") and abs(x) > 40:
        return 1.0 if x > 0 else -1.0
    # tanh(tiny) = tiny - tiny^3/3: enough bits to see on which side of tiny it falls.
    bits = {"sin": 1400, "cos": 1400}.get(name, 400)
    if abs(x) < 1e-20 and name in ("tanh", "erf", "sin", "cos", "exp"):
        bits = 2600
    with mp.workprec(bits):
        return round_to_double(FUNCTIONS[name](mp.mpf(x)))


def neighbours(x, count=1):
    bits = to_bits(x)
    return [from_bits(bits + i) for i in range(-count, count + 1)]


def arguments(name):
    """Special values, every 32nd binary exponent, where the code changes branch, and a seeded scatter."""
    rng = random.Random(name)
    xs = [0.0, float("inf"), 5e-324, 2.5e-320, 2.2250738585072014e-308, 1.7976931348623157e308, float("nan")]
    for exponent in range(-1022, 1024, 32):
        xs.append(float(mp.ldexp(1, exponent)))
        xs.append(float(mp.ldexp(1 + rng.random(), exponent)))
    spans = {
        "exp": [(1e-9, 1), (0.3, 0.4), (1, 708), (700, 745)],
        "log": [(0.5, 2), (0.9, 1.1), (0.99999, 1.00001), (1e-9, 1e9)],
        "tanh": [(1e-9, 1), (0.5, 0.7), (0.6, 3), (3, 23)],
        "erf": [(1e-9, 1), (0.8, 1.2), (1, 2), (2, 6.1)],
        "sin": [(1e-9, 1), (0, 10), (10, 1e4), (1e4, 1.7e6), (1.7e6, 1e9), (1e9, 1e22)],
        "cos": [(1e-9, 1), (0, 10), (10, 1e4), (1e4, 1.7e6), (1.7e6, 1e9), (1e9, 1e22)],
    }[name]
    for low, high in spans:
        xs += [rng.uniform(low, high) for _ in range(60)]
    branches = {
        "exp": [709.782712893384, 708.0, 708.3964185322641, 745.1332191019412, 744.4400719213812, 0.34657359027997264],
        "log": [1.0, 1.4142135623730951, 0.7071067811865476, 2.718281828459045],
        "tanh": [0.625, 20.0, 19.0],
        "erf": [1.0, 6.0, 5.921587195794508],
        # Multiples of pi / 2 as near as doubles come; the last two are the hardest to reduce of all.
        "sin": [k * 1.5707963267948966 for k in (1, 2, 3, 4, 7, 100, 355, 1048575)],
    }
    branches["cos"] = branches["sin"]
    for x in branches[name]:
        xs += neighbours(x)
    if name in ("sin", "cos"):
        xs += [1647099.0, 1647100.0, 2.0**21, 1e22, 6381956970095103.0 * 2.0**797, float.fromhex("0x1.6ac5b262ca1ffp+849")]
    negative = [0.0, 5e-324, 1.0, float("inf")] if name == "log" else xs
    return xs + [-x for x in negative if x == x]


def written(value):
    """Sixteen hexadecimal digits; NaN as the canonical quiet NaN."""
    return f"{to_bits(value) if value == value else 0x7FF8000000000000:016x}"


def fixture():
    return {name: [[written(x), written(evaluate(name, x))] for x in arguments(name)] for name in FUNCTIONS}


def fit(function, low, high, degree, denominator=0, weight=lambda x: 1, rounds=12):
    """Polynomial or rational (constant term of the denominator 1) of near-least weighted error.

    Interpolates at Chebyshev nodes, then moves the nodes until the error's peaks are level.
    """
    low, high = mp.mpf(low), mp.mpf(high)
    size = degree + denominator + 1
    nodes = sorted((low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * size)) for i in range(size))
    for _ in range(rounds):
        system, right = mp.matrix(size, size), mp.matrix(size, 1)
        for row, x in enumerate(nodes):
            right[row] = function(x)
            for power in range(degree + 1):
                system[row, power] = x**power
            for power in range(1, denominator + 1):
                system[row, degree + power] = -right[row] * x**power
        solution = list(mp.lu_solve(system, right))
        top, bottom = solution[: degree + 1], [mp.mpf(1)] + solution[degree + 1:]
        error = lambda x: abs(weight(x) * (mp.polyval(top[::-1], x) / mp.polyval(bottom[::-1], x) - function(x)))
        edges = [low] + nodes + [high]
        gaps = [b - a for a, b in zip(edges, edges[1:])]
        peaks = [max(error(a + gap * k / 16) for k in range(17)) for a, gap in zip(edges, gaps)]
        middle = mp.exp(sum(mp.log(p) for p in peaks) / len(peaks))
        gaps = [gap * (middle / peak) ** mp.mpf("0.15") for gap, peak in zip(gaps, peaks)]
        total, at, nodes = sum(gaps), low, []
        for gap in gaps[:-1]:
            at += gap * (high - low) / total
            nodes.append(at)
    return top, bottom[1:], max(peaks)


def coefficients():
    """What each fit approximates; the error is relative to the function's result, or absolute where said."""
    mp.mp.dps = 60
    half_log2 = mp.log(2) / 2 * mp.mpf("1.0001")
    root = mp.sqrt
    zero = mp.mpf(10) ** -9
    exp_rest = lambda r: (mp.exp(r) - 1 - r) / r**2 if r else mp.mpf(1) / 2
    log_rest = lambda z: (2 * mp.atanh(root(z)) / root(z) - 2) / z
    tanh_over = lambda z: mp.tanh(root(z)) / root(z)
    erf_over = lambda z: mp.erf(root(z)) / root(z)
    fits = {
        "exp, float64: (exp(r) - 1 - r) / r^2": fit(exp_rest, -half_log2, half_log2, 9, 0, lambda r: r * r * mp.exp(-r)),
        "exp, float32: (2^r - 1) / r": fit(lambda r: (mp.mpf(2)**r - 1) / r if r else mp.log(2), -0.5, 0.5, 6, 0, lambda r: r * mp.mpf(2)**-r),
        "log, float64: (log((1 + s) / (1 - s)) / s - 2) / z, z = s^2": fit(log_rest, zero, "0.0296", 6, 0, lambda z: z / 2),
        "log, float32": fit(log_rest, zero, "0.0296", 3, 0, lambda z: z / 2),
        "tanh, float64, |x| <= 0.625: (tanh(x) / x - 1) / z, z = x^2": fit(lambda z: (tanh_over(z) - 1) / z, zero, "0.3907", 11, 0, lambda z: z / tanh_over(z)),
        "tanh, float32, |x| <= 9.05: tanh(x) / x": fit(tanh_over, zero, 82, 5, 5, lambda z: 1 / tanh_over(z)),
        "erf, float64, |x| <= 1: erf(x) / x - 1, absolute": fit(lambda z: erf_over(z) - 1, zero, 1, 11),
        "erf, float64, 1 <= x <= 6: exp(x^2) erfc(x), absolute error of erf": fit(lambda x: mp.exp(x * x) * mp.erfc(x), 1, 6, 5, 6, lambda x: mp.exp(-x * x)),
        "erf, float32, |x| <= 3.93: erf(x) / x": fit(erf_over, zero, "15.45", 6, 7, lambda z: 1 / erf_over(z)),
    }
    for name, (top, bottom, error) in fits.items():
        print(f"{name}: error 2^{mp.nstr(mp.log(error, 2), 4)}")
        for label, values in (("numerator" if bottom else "powers", top), ("denominator, from the first power", bottom)):
            if values:
                print(f"  {label}: " + ", ".join(repr(float(v)) for v in values))
    with mp.workprec(1400):
        two_over_pi = int(mp.floor(mp.ldexp(2 / mp.pi, 1216)))
        print("2 / pi, 64 bits a word:\n  " + ", ".join(f"0x{(two_over_pi >> (1216 - 64 * (i + 1))) & (2**64 - 1):016x}" for i in range(19)))
        half_pi = mp.pi / 2
        for bits in ((33, 33, 33, 53), (33, 53), (26, 26, 53)):
            rest, parts = half_pi, []
            for count in bits:
                scale = count - 1 - int(mp.floor(mp.log(rest, 2)))
                part = mp.ldexp(mp.floor(mp.ldexp(rest, scale)) if count < 53 else mp.nint(mp.ldexp(rest, scale)), -scale)
                parts.append(float(part).hex() + " " + repr(float(part)))
                rest -= part
            print(f"pi / 2 in pieces of {bits} bits: " + ", ".join(parts))


if __name__ == "__main__":
    if sys.argv[1:] == ["coefficients"]:
        coefficients()
    else:
        lines = [f'  "{name}": [\n' + ",\n".join(f"    {json.dumps(pair)}" for pair in pairs) + "\n  ]" for name, pairs in fixture().items()]
        FIXTURE.parent.mkdir(parents=True, exist_ok=True)
        FIXTURE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
