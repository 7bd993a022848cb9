"""Python's own `random` module, the "python" section of fixtures/random.json."""

import random

SEEDS = [0, 1, 42, 1234567890123, 2**70 + 3, -7]
SAFE_INTEGER = 2**53 - 1


def written(value):
    """Integers no double can hold become strings."""
    if isinstance(value, list):
        return [written(v) for v in value]
    return str(value) if isinstance(value, int) and abs(value) > SAFE_INTEGER else value


def call(op, args, value):
    return {"op": op, "args": {key: written(v) for key, v in args.items()}, "result": written(value)}


def shuffled(rng, n):
    values = list(range(n))
    rng.shuffle(values)
    return values


def calls(rng):
    """A sequence of draws from one generator."""
    yield call("random", {"count": 5}, [rng.random() for _ in range(5)])
    for low, high in ((0, 1), (1, 6), (-10, 10), (0, 999), (0, 2**32), (0, 2**60), (4, 4)):
        yield call("randint", {"low": low, "high": high, "count": 6}, [rng.randint(low, high) for _ in range(6)])
    yield call("randrange", {"stop": 17, "count": 6}, [rng.randrange(17) for _ in range(6)])
    for n, k in ((10, 3), (10, 10), (100, 5), (100, 30), (1000, 10), (60000, 20), (1, 1), (5, 0)):
        yield call("sample", {"n": n, "k": k}, rng.sample(range(n), k))
    yield call("choices", {"n": 10, "k": 8}, rng.choices(range(10), k=8))
    yield call("choices", {"n": 4, "k": 8, "weights": [0.1, 0.5, 2, 1]},
               rng.choices(range(4), weights=[0.1, 0.5, 2, 1], k=8))
    yield call("choice", {"n": 7, "count": 5}, [rng.choice(range(7)) for _ in range(5)])
    for n in (0, 1, 2, 20, 100):
        yield call("shuffle", {"n": n}, shuffled(rng, n))
    for bits in (1, 8, 31, 32, 33, 53, 64, 100):
        yield call("getrandbits", {"bits": bits, "count": 3}, [rng.getrandbits(bits) for _ in range(3)])
    yield call("uniform", {"low": -2.0, "high": 3.5, "count": 4}, [rng.uniform(-2.0, 3.5) for _ in range(4)])
    yield call("gauss", {"mean": 1.0, "std": 2.0, "count": 5}, [rng.gauss(1.0, 2.0) for _ in range(5)])
    yield call("random", {"count": 2}, [rng.random() for _ in range(2)])


def cases():
    """One case for each seed."""
    return [{"name": f"python seed {seed}", "seed": written(seed), "calls": list(calls(random.Random(seed)))}
            for seed in SEEDS]
