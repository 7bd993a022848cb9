"""Byzantine-robust aggregation, as fixtures/robust.json.

- "medians": geometric medians to 40 digits (mpmath), rounded once to float64.
- "notebook": the notebook's own functions, in PyTorch with float64 (robust_notebook.py).
- "rules": every other rule in a few lines of NumPy, on small random rows (robust_rules.py).
- "quantiles": the inverse of the standard normal distribution (mpmath).

    python3 test/reference/robust.py [--out FOLDER]

Needs mpmath (Debian: python3-mpmath).
"""

import random

import mpmath as mp
import torch

import encode
import robust_notebook
import robust_rules

# A step of 1e-40 lowers a sum of 1e12 by about 1e-80.
mp.mp.dps = 110


def norm(vector):
    return mp.sqrt(mp.fsum(x * x for x in vector))


def subtract(a, b):
    return [x - y for x, y in zip(a, b)]


def distances(rows, z):
    return [norm(subtract(row, z)) for row in rows]


def gradient(rows, z):
    """Sum of (z - x) / |z - x| over the rows away from z."""
    apart = [(row, d) for row, d in zip(rows, distances(rows, z)) if d > 0]
    return [mp.fsum((z[k] - row[k]) / d for row, d in apart) for k in range(len(z))]


def hessian(rows, z):
    size = len(z)
    total = mp.matrix(size, size)
    for row, d in zip(rows, distances(rows, z)):
        unit = [x / d for x in subtract(z, row)]
        for i in range(size):
            for j in range(size):
                total[i, j] += ((1 if i == j else 0) - unit[i] * unit[j]) / d
    return total


def best_row(rows):
    return min(rows, key=lambda row: mp.fsum(distances(rows, row)))


def geometric_median(rows):
    """The minimiser, when the rows are on no line: the best row where Vardi & Zhang's test says so, else Newton's method."""
    rows = [[mp.mpf(x) for x in row] for row in rows]
    start = best_row(rows)
    pull = gradient(rows, start)
    multiplicity = sum(1 for d in distances(rows, start) if d == 0)
    if norm(pull) <= multiplicity:
        return start
    weight = mp.fsum(1 / d for d in distances(rows, start) if d > 0)
    z = [x - (1 - multiplicity / norm(pull)) / weight * g for x, g in zip(start, pull)]
    for _ in range(500):
        step = mp.lu_solve(hessian(rows, z), mp.matrix(gradient(rows, z)))
        value = mp.fsum(distances(rows, z))
        length = mp.mpf(1)
        while True:
            moved = [x - length * s for x, s in zip(z, step)]
            if mp.fsum(distances(rows, moved)) <= value or length < mp.mpf(10) ** -30:
                break
            length /= 2
        z = moved
        if norm(step) <= mp.mpf(10) ** -40 * (norm(z) + 1):
            return z
    raise RuntimeError("Newton's method did not converge")


def weiszfeld_from_mean(rows, middle):
    """Rows on a line, an even number: Weiszfeld's iteration from the mean until it is between the two `middle` rows."""
    rows = [[mp.mpf(x) for x in row] for row in rows]
    low, high = (rows[index] for index in middle)
    z = [mp.fsum(column) / len(rows) for column in zip(*rows)]
    for _ in range(10000):
        if norm(subtract(low, z)) + norm(subtract(high, z)) <= norm(subtract(low, high)) * (1 + mp.mpf(10) ** -40):
            return z
        weights = [1 / d for d in distances(rows, z)]
        z = [mp.fsum(w * row[k] for w, row in zip(weights, rows)) / mp.fsum(weights) for k in range(len(z))]
    raise RuntimeError("Weiszfeld's iteration did not reach the interval")


def cloud(rng, n, d, center=0.0, spread=1.0):
    return [[rng.gauss(center, spread) for _ in range(d)] for _ in range(n)]


def on_line(rng, positions, d):
    """Whole numbers, so that the rows are on a line exactly."""
    start, direction = ([rng.randrange(-20, 20) for _ in range(d)] for _ in range(2))
    return [[float(s + p * t) for s, t in zip(start, direction)] for p in positions]


def near_row(excess):
    """Three rows in the plane; the pull of two on the third exceeds its weight by `excess`."""
    cosine = (1 + excess) / 2
    sine = (1 - cosine * cosine) ** 0.5
    return [[0.25, 0.5], [0.25 + 2 * cosine, 0.5 + 2 * sine], [0.25 + 3 * cosine, 0.5 - 3 * sine]]


def median_rows():
    rng = random.Random("geometric median")
    for n, d in [(3, 2), (4, 2), (5, 3), (7, 2), (10, 3), (15, 10), (9, 50), (24, 50), (40, 5)]:
        yield f"cloud of {n} in {d}", cloud(rng, n, d)
    yield "odd number in 1", cloud(rng, 9, 1)
    yield "far from the origin", cloud(rng, 8, 4, center=1e6)
    yield "cluster and outliers", cloud(rng, 12, 3, spread=1e-3) + cloud(rng, 5, 3, center=100.0)
    yield "one outlier at 1e12", cloud(rng, 8, 3) + cloud(rng, 1, 3, center=1e12, spread=1e11)
    yield "coordinates of many sizes", [[x * 10.0 ** (3 * k - 6) for k, x in enumerate(row)] for row in cloud(rng, 9, 5)]
    yield "two clusters", cloud(rng, 10, 4, spread=0.01) + cloud(rng, 9, 4, center=1.0, spread=0.01)
    center = cloud(rng, 1, 5)[0]
    yield "a row thrice", cloud(rng, 2, 5) + [center] + cloud(rng, 2, 5) + [center, center]
    yield "a row in the midst", [center] + [[c + s * o for c, o in zip(center, offset)] for offset in cloud(rng, 4, 5) for s in (1, -2)]
    yield "duplicates apart", [row for row in cloud(rng, 6, 3) for _ in range(2)]
    for excess in (0.2, 1e-2, 1e-4, 1e-6, 1e-9, -1e-9, -1e-4, -0.2):
        yield f"pull on a row exceeds its weight by {excess}", near_row(excess)
    for beside in (1e-1, 1e-3):
        yield f"{beside} beside a line", [[x, beside * y] for x, y in cloud(rng, 7, 2)]
    yield "odd number on a line", on_line(rng, [3, -8, 1, 9, 4, 30, -2], 4)


def medians():
    cases = [{"name": name, "rows": rows, "median": [float(x) for x in geometric_median(rows)]} for name, rows in median_rows()]
    rng = random.Random("lines")
    for name, positions, middle in [("the mean in between", [0, 1, 4, 5], (1, 2)), ("the mean beyond", [0, 1, 2, 100], (1, 2)),
                                    ("the mean before", [-500, 3, 4, 9, 8, -20], (1, 2)), ("six", [7, 1, 2, 60, 3, 90], (4, 0))]:
        rows = on_line(rng, positions, 3)
        cases.append({"name": f"even number on a line: {name}", "rows": rows, "median": [float(x) for x in weiszfeld_from_mean(rows, middle)]})
    return cases


def quantiles():
    probabilities = [0.001, 0.01, 0.02, 0.1, 0.25, 0.36, 0.499, 0.5, 0.501, 0.68, 0.75, 0.9, 0.975, 0.99, 0.999]
    return [{"p": p, "z": float(mp.sqrt(2) * mp.erfinv(2 * mp.mpf(p) - 1))} for p in probabilities]


def main():
    out = encode.output_folder(__doc__)
    torch.set_num_threads(1)
    encode.write_fixture("robust", {
        "about": encode.about("robust.py"), "medians": medians(), "notebook": robust_notebook.cases(),
        "rules": robust_rules.cases(), "quantiles": quantiles(),
    }, out)


if __name__ == "__main__":
    main()
