"""The aggregators and attacks of the notebook behind Byrd-SAGA, restated in PyTorch with float64."""

import torch

import encode


def gm(rows):
    guess = torch.mean(rows, dim=0)
    for _ in range(80):
        distances = torch.norm(rows - guess, dim=1)
        distances[distances == 0] = 1
        total = torch.sum(torch.stack([row / d for row, d in zip(rows, distances)]), dim=0)
        following = total / torch.sum(1 / distances)
        movement = torch.norm(guess - following)
        guess = following
        if movement <= 1e-5:
            break
    return guess


def krum(rows, node_size):
    """Built for node_size rows and no attacker, whatever rows it is given: the others are never looked at."""
    squares = torch.zeros(node_size, node_size, dtype=torch.float64)
    for i in range(node_size):
        for j in range(i, node_size):
            difference = rows[i] - rows[j]
            squares[i][j] = squares[j][i] = (difference * difference).sum()
    largest, _ = squares.topk(k=node_size - 2 + 1, dim=1)
    return rows[(-largest.sum(dim=1)).topk(1)[1].squeeze()]


def median(rows):
    return rows.median(dim=0)[0]


def white(rows, byzantine):
    rows[-byzantine:].copy_(torch.mean(rows[:-byzantine], dim=0))
    rows[-byzantine:].add_(torch.randn((byzantine, rows.size(1)), dtype=torch.float64), alpha=30)


def max_value(rows, byzantine):
    rows[-byzantine:].copy_(-10 * torch.mean(rows[:-byzantine], dim=0))


def zero_gradient(rows, byzantine):
    rows[-byzantine:].copy_(-torch.sum(rows[:-byzantine], dim=0) / byzantine)


ATTACKS = {"white": white, "max-value": max_value, "zero-gradient": zero_gradient}


def cases():
    """Honest rows, the rows an attack adds (torch.manual_seed(seed) before it), and what each aggregator makes of all."""
    made = []
    for seed, (honest, byzantine, dimension) in enumerate([(5, 2, 3), (10, 4, 6), (50, 20, 4)]):
        for name, attack in ATTACKS.items():
            torch.manual_seed(1000 + seed)
            rows = torch.zeros(honest + byzantine, dimension, dtype=torch.float64)
            rows[:honest] = torch.randn(honest, dimension, dtype=torch.float64) + 0.5
            torch.manual_seed(seed)
            attack(rows, byzantine)
            made.append({
                "attack": name, "seed": seed, "honest": rows[:honest].tolist(), "byzantine": rows[honest:].tolist(),
                "mean": encode.plain(torch.mean(rows, dim=0)), "gm": encode.plain(gm(rows)),
                "krum": encode.plain(krum(rows, honest)), "median": encode.plain(median(rows)),
            })
    return made
