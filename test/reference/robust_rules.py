"""Robust rules by their definitions in NumPy: subsets by enumeration, eigenvectors by LAPACK."""

from itertools import combinations

import numpy as np


def pair_distances(x):
    return np.sqrt(((x[:, None] - x[None]) ** 2).sum(-1))


def krum_scores(x, neighbours):
    return np.array([np.sort(np.delete(row, i))[:neighbours].sum() for i, row in enumerate(pair_distances(x) ** 2)])


def krum(x, f):
    return x[np.argmin(krum_scores(x, len(x) - f - 2))]


def multi_krum(x, f):
    return x[np.argsort(krum_scores(x, len(x) - f - 2), kind="stable")[: len(x) - f]].mean(0)


def near_median(x, count):
    middle = np.sort(x, axis=0)[(len(x) - 1) // 2]
    order = np.argsort(np.abs(x - middle), axis=0, kind="stable")[:count]
    return np.take_along_axis(x, order, axis=0).mean(0)


def bulyan(x, f):
    left, picked = list(range(len(x))), []
    for _ in range(len(x) - 2 * f):
        best = left[int(np.argmin(krum_scores(x[left], max(1, len(left) - f - 2))))]
        picked.append(best)
        left.remove(best)
    return near_median(x[picked], len(picked) - 2 * f)


def trimmed_mean(x, f):
    return np.sort(x, axis=0)[f: len(x) - f].mean(0)


def centered_clipping(x, f):
    v = np.zeros(x.shape[1])
    for _ in range(5):
        offsets = x - v
        v = v + (offsets * np.minimum(1, 1.0 / np.linalg.norm(offsets, axis=1))[:, None]).mean(0)
    return v


def best_subset(x, f, cost):
    return x[list(min(combinations(range(len(x)), len(x) - f), key=lambda rows: cost(x[list(rows)])))].mean(0)


def mda(x, f):
    return best_subset(x, f, lambda rows: pair_distances(rows).max())


def smea(x, f):
    return best_subset(x, f, lambda rows: np.linalg.eigvalsh(np.cov(rows.T, bias=True))[-1])


def caf(x, f):
    weights, found = np.ones(len(x)), []
    while True:
        mean = weights @ x / weights.sum()
        offsets = x - mean
        values, vectors = np.linalg.eigh(offsets.T @ (weights[:, None] * offsets) / weights.sum())
        found.append((values[-1], mean))
        squares = (offsets @ vectors[:, -1]) ** 2
        weights = weights * np.where(weights > 0, 1 - squares / squares[weights > 0].max(), 0)
        if weights.sum() <= len(x) - 2 * f:
            return min(found, key=lambda each: each[0])[1]


def monna(x, f):
    return x[np.argsort(pair_distances(x)[0], kind="stable")[: len(x) - f]].mean(0)


def faba(x, f):
    for _ in range(f):
        x = np.delete(x, np.argmax(np.linalg.norm(x - x.mean(0), axis=1)), axis=0)
    return x.mean(0)


def cge(x, f):
    return x[np.argsort(np.linalg.norm(x, axis=1), kind="stable")[: len(x) - f]].mean(0)


def fltrust(x, f):
    length = np.linalg.norm(x[0])
    others, lengths = x[1:], np.linalg.norm(x[1:], axis=1)
    scores = np.maximum(0, others @ x[0] / lengths / length)
    return (scores[:, None] * others * (length / lengths)[:, None]).sum(0) / scores.sum()


def nnm(x, f):
    return np.stack([x[np.argsort(row, kind="stable")[: len(x) - f]].mean(0) for row in pair_distances(x)])


def clipped(x, limits):
    return x * np.minimum(1, limits / np.linalg.norm(x, axis=1))[:, None]


def arc(x, f):
    order = np.sort(np.linalg.norm(x, axis=1))
    return clipped(x, order[len(x) - 2 * f * (len(x) - f) // len(x) - 1])


RULES = {
    "krum": krum, "multi-krum": multi_krum, "bulyan": bulyan, "trimmed-mean": trimmed_mean, "centered-clipping:tau=1": centered_clipping,
    "mda": mda, "smea": smea, "caf": caf, "meamed": lambda x, f: near_median(x, len(x) - f), "monna": monna, "faba": faba, "cge": cge,
    "fltrust": fltrust,
}
PRE = {"nnm": nnm, "arc": arc, "clipping:1.5": lambda x, f: clipped(x, 1.5)}


def cases():
    rng = np.random.default_rng(7)
    made = []
    for n, f, d in [(7, 1, 3), (9, 1, 12), (11, 2, 4), (11, 4, 6), (12, 3, 2), (12, 5, 20), (5, 0, 3), (11, 2, 1)]:
        rows = rng.normal(size=(n, d)) + 0.4
        rows[n - f:] += 2 * rng.normal(size=(f, d))
        names = [name for name in RULES if not ("krum" in name and 2 * f + 2 >= n) and not (name == "bulyan" and 4 * f + 3 > n)
                 and not (name == "smea" and d == 1)]
        made.append({
            "byzantine": f, "rows": rows.tolist(),
            "aggregators": {name: RULES[name](rows, f).tolist() for name in names},
            "preAggregators": {name: rule(rows, f).tolist() for name, rule in PRE.items()},
        })
    return made
