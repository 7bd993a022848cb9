"""Aggregators and attacks of the Byzantine-robust notebook, on a matrix with a message to a row.

The last `byzantine` rows are the attackers'. An attack fills them in place; an aggregator returns the vector and what
it took: the iterations of Weiszfeld, the row that Krum chose, None otherwise.
"""

import torch

MOST_ITERATIONS = 80
SMALLEST_MOVE = 1e-5
WHITE_DEVIATION = 30


def mean(messages):
    """The mean of the rows."""
    return torch.mean(messages, dim=0), None


def geometric_median(messages):
    """Weiszfeld from the mean: a distance of 0 counts as 1, stop once the guess moves by 1e-5 or less.

    Weiszfeld, "Sur le point pour lequel la somme des distances de n points donnes est minimum", 1937.
    """
    guess = torch.mean(messages, dim=0)
    for iteration in range(1, MOST_ITERATIONS + 1):
        distances = torch.norm(messages - guess, dim=1)
        for i in range(len(distances)):
            if distances[i] == 0:
                distances[i] = 1
        weighted = torch.sum(torch.stack([row / d for row, d in zip(messages, distances)]), dim=0)
        following = weighted / torch.sum(1 / distances)
        move = torch.norm(guess - following)
        guess = following
        if move <= SMALLEST_MOVE:
            break
    return guess, iteration


def krum(byzantine):
    """Krum over all n rows: the row whose n-f-2 nearest others have the least sum of squared distances.

    Blanchard et al., "Machine Learning with Adversaries", 2017. The notebook took the largest distances instead, and
    measured the first 50 rows alone. The pairs are walked one by one, as there; the lowest row wins a tie.
    """
    def aggregate(messages):
        count = len(messages)
        distances = torch.zeros(count, count, dtype=messages.dtype)
        for i in range(count):
            for j in range(i, count):
                difference = messages[i].data - messages[j].data
                squared = (difference * difference).sum()
                distances[i][j] = squared.data
                distances[j][i] = squared.data
        itself = 1
        nearest, _ = distances.topk(k=count - byzantine - 2 + itself, dim=1, largest=False)
        chosen = nearest.sum(dim=1).argmin().item()
        return messages[chosen], chosen
    return aggregate


def median(messages):
    """The median of each column; the lower of the two in the middle."""
    return messages.median(dim=0)[0], None


def aggregator(name, byzantine):
    """The aggregator of a name, for `byzantine` attackers among the rows."""
    if name == "krum":
        return krum(byzantine)
    return {"mean": mean, "gm": geometric_median, "median": median}[name]


def white(messages, byzantine):
    """The honest mean and, to each row its own, normal noise of standard deviation 30, drawn in float64."""
    mu = torch.mean(messages[:-byzantine], dim=0)
    messages[-byzantine:].copy_(mu)
    noise = torch.randn((byzantine, messages.size(1)), dtype=torch.float64)
    messages[-byzantine:].add_(noise, alpha=WHITE_DEVIATION)


def maximum_value(scale):
    """-scale times the honest mean."""
    def fill(messages, byzantine):
        mu = torch.mean(messages[:-byzantine], dim=0)
        messages[-byzantine:].copy_(-scale * mu)
    return fill


def zero_gradient(messages, byzantine):
    """Minus the honest sum over the number of attackers: the mean of all rows is 0."""
    total = torch.sum(messages[:-byzantine], dim=0)
    messages[-byzantine:].copy_(-total / byzantine)


def attack(name, max_scale):
    """The attack of a name; None for 'none'."""
    return {"none": None, "white": white, "max": maximum_value(max_scale), "zero": zero_gradient}[name]
