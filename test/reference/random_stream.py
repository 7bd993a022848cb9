"""PyTorch's CPU random stream, as fixtures/random.json.

Each case seeds the default generator once and makes its calls in order, so a
call's result also pins how much every call before it has drawn.

    python3 test/reference/random_stream.py [--out FOLDER]
"""

import base64

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, RandomSampler, random_split

import encode
import python_random

SEEDS = [0, 1, 42, 1234567890123, 5000000000]
FLOATS = [torch.float32, torch.float64]
BOUNDS = [(-1.0, 1.0), (-0.0357, 0.0357), (0.1, 0.7), (-3.5, 1e-3), (0.0, 6.283185307179586)]
RANDN_SIZES = [1, 3, 15, 1, 3, 16, 17, 15, 20, 31, 3, 32, 100, 1, 784, 1000, 2000, 15, 1, 31, 3]
RANGES = [(0, 2), (0, 10), (-5, 5), (-100, -3), (0, 256), (7, 8), (0, 60000), (0, 2**31), (0, 2**32 - 1),
          (0, 2**32), (0, 2**40), (-(2**45), 2**45)]
PERMUTATIONS = [0, 1, 2, 10, 1000, 60000]
LAYERS = {
    "linear": lambda: nn.Linear(784, 256),
    "linear_small": lambda: nn.Linear(5, 3),
    "linear_no_bias": lambda: nn.Linear(64, 10, bias=False),
    "conv2d": lambda: nn.Conv2d(1, 32, 3, padding=1),
    "conv2d_pair": lambda: nn.Conv2d(3, 8, (3, 5), stride=2),
    "conv2d_no_bias": lambda: nn.Conv2d(4, 6, 5, bias=False),
    "embedding": lambda: nn.Embedding(40, 24),
    "embedding_small": lambda: nn.Embedding(3, 5),
    "lstm": lambda: nn.LSTM(16, 32),
    "lstm_two_layers": lambda: nn.LSTM(7, 12, num_layers=2, batch_first=True),
}


class Indices(Dataset):
    """A dataset whose items are their own positions."""

    def __init__(self, size):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        return index


def drawn(op, args, array, limit=128):
    """One call that returned an array."""
    return {"op": op, "args": args, "dtype": encode.dtype_name(array), "size": array.numel(),
            "result": encode.result(array, limit)}


def rand(size, dtype):
    return drawn("rand", {}, torch.rand(size, dtype=dtype))


def uniform(size, low, high, dtype):
    return drawn("uniform_", {"low": low, "high": high}, torch.empty(size, dtype=dtype).uniform_(low, high))


def randn(size, dtype, limit=128):
    return drawn("randn", {}, torch.randn(size, dtype=dtype), limit)


def normal(size, mean, std, dtype):
    return drawn("normal_", {"mean": mean, "std": std}, torch.empty(size, dtype=dtype).normal_(mean, std))


def randperm(n):
    return drawn("randperm", {"n": n}, torch.randperm(n))


def randint(low, high, size=12):
    return drawn("randint", {"low": low, "high": high}, torch.randint(low, high, (size,)))


def random_int64(size):
    return drawn("random_", {}, torch.empty(size, dtype=torch.int64).random_())


def bernoulli(size, p):
    return drawn("bernoulli_", {"p": p}, torch.empty(size).bernoulli_(p))


def dropout(size, p):
    return drawn("dropout", {"p": p, "input": "ones"}, F.dropout(torch.ones(size), p=p, training=True))


def layer_init(name):
    """Construct a layer; its parameters in the order PyTorch lists them."""
    layer = LAYERS[name]()
    parameters = [{"name": key, "shape": list(value.shape), **encode.digest(value)}
                  for key, value in layer.named_parameters()]
    return {"op": "layer_init", "args": {"layer": name, "module": str(layer)}, "dtype": "float32",
            "result": {"parameters": parameters}}


def state():
    """The default generator's state as PyTorch serialises it (5056 bytes)."""
    raw = torch.random.default_generator.get_state()
    text = base64.b64encode(raw.numpy().tobytes()).decode()
    return {"op": "get_state", "args": {}, "dtype": "uint8", "size": raw.numel(),
            "result": {"sha256": encode.sha256(raw), "base64": text}}


def split(sizes):
    """random_split: the index list of each part."""
    parts = random_split(Indices(sum(sizes)), sizes, generator=torch.random.default_generator)
    return {"op": "random_split", "args": {"sizes": sizes}, "dtype": "int64",
            "result": {"parts": [encode.result(torch.tensor(part.indices)) for part in parts]}}


def epoch(loader):
    return torch.cat(list(loader))


def loader_epochs(n, batch_size, own_generator, epochs=3):
    """DataLoader(shuffle=True): the order of each epoch.

    With `own_generator` the loader is handed the case's generator; without,
    it seeds a sampler generator of its own from the default one.
    """
    generator = torch.random.default_generator if own_generator else None
    loader = DataLoader(Indices(n), batch_size=batch_size, shuffle=True, generator=generator)
    args = {"n": n, "batch_size": batch_size, "generator": own_generator}
    return {"op": "loader_shuffle", "args": args, "dtype": "int64", "size": n,
            "result": {"epochs": [encode.result(epoch(loader)) for _ in range(epochs)]}}


def loader_replacement(n, num_samples, batch_size, epochs=2):
    """DataLoader over RandomSampler(replacement=True), no generator given."""
    sampler = RandomSampler(Indices(n), replacement=True, num_samples=num_samples)
    loader = DataLoader(Indices(n), batch_size=batch_size, sampler=sampler)
    args = {"n": n, "num_samples": num_samples, "batch_size": batch_size}
    return {"op": "loader_replacement", "args": args, "dtype": "int64", "size": num_samples,
            "result": {"epochs": [encode.result(epoch(loader)) for _ in range(epochs)]}}


def case(name, seed, calls):
    """Seed the default generator, then make the calls in order."""
    torch.manual_seed(seed)
    return {"name": f"{name} seed {seed}", "seed": seed, "calls": list(calls())}


def uniform_calls():
    for dtype in FLOATS:
        yield rand(1000, dtype)
        for low, high in BOUNDS:
            yield uniform(100, low, high, dtype)
            yield uniform(3, low, high, dtype)


def normal_calls(dtype, limit):
    """randn of every length, small and odd ones next to large ones."""
    def calls():
        for size in RANDN_SIZES:
            yield randn(size, dtype, limit)
        for size in (5, 16, 40):
            yield normal(size, 0.3, 0.02, dtype)
            yield normal(size, -2.0, 1.5, dtype)
    return calls


def twin_calls():
    """The cached twin of a small draw: across dtypes, other draws and large fills."""
    for dtype, size in [(0, 1), (1, 1), (0, 3), (1, 5), (0, 16), (1, 1), (0, 15), (1, 17), (0, 1)]:
        yield randn(size, FLOATS[dtype])
    yield rand(5, torch.float32)
    yield normal(1, 10.0, 2.0, torch.float32)
    yield randperm(5)
    yield normal(1, -1.0, 0.5, torch.float64)
    yield state()


def integer_calls():
    for n in PERMUTATIONS:
        yield randperm(n)
    for low, high in RANGES:
        yield randint(low, high)
    yield random_int64(5)
    for p in (0.2, 0.5, 0.8):
        yield bernoulli(100, p)
        yield dropout(60, p)


def mixed_calls():
    """Every kind of draw, one after the other, on one generator."""
    for step in range(3):
        yield rand(step + 1, torch.float32)
        yield randn(2 * step + 1, torch.float32)
        yield random_int64(1)
        yield rand(2, torch.float64)
        yield randperm(7 + step)
        yield bernoulli(9, 0.2 + 0.3 * step)
        yield randn(16 + step, torch.float64)
        yield randint(-3, 9, 5)
        yield dropout(11, 0.5)
        yield normal(3, 1.0, 0.1, torch.float64)
        yield uniform(6, -0.0357, 0.0357, torch.float32)
        yield layer_init("linear_small")
        yield randn(1, torch.float64)
        yield layer_init("embedding_small")
        yield split([6, 3, 2])
        yield loader_epochs(10, 4, step % 2 == 0, epochs=1)
        yield randint(0, 2**40, 2)


def layer_calls():
    for name in LAYERS:
        yield layer_init(name)
    yield rand(1, torch.float32)


def split_calls():
    yield split([8, 2])
    yield split([700, 200, 100])
    yield split([50000, 10000])
    yield rand(1, torch.float32)


def loader_calls(n, batch_size, own_generator):
    def calls():
        yield loader_epochs(n, batch_size, own_generator)
        yield rand(2, torch.float32)
    return calls


def replacement_calls():
    yield loader_replacement(50, 100, 10)
    yield loader_replacement(1000, 64, 16)
    yield rand(2, torch.float32)


def state_calls():
    """The state when new, half way through a block, at its end, and with a twin cached."""
    yield state()
    yield rand(100, torch.float32)
    yield state()
    yield rand(523, torch.float32)
    yield state()
    yield rand(1, torch.float32)
    yield state()
    yield rand(1, torch.float64)
    yield randn(3, torch.float32)
    yield state()
    yield randn(1, torch.float64)
    yield state()


def torch_cases():
    """All cases; normal fills are written whole for seed 42."""
    cases = []
    for seed in SEEDS:
        limit = 2000 if seed == 42 else 32
        cases.append(case("uniform", seed, uniform_calls))
        cases.append(case("normal float32", seed, normal_calls(torch.float32, limit)))
        cases.append(case("normal float64", seed, normal_calls(torch.float64, limit)))
        cases.append(case("twin", seed, twin_calls))
        cases.append(case("integers", seed, integer_calls))
        cases.append(case("mixed", seed, mixed_calls))
    for seed in SEEDS:
        cases.append(case("layers", seed, layer_calls))
        cases.append(case("random_split", seed, split_calls))
        cases.append(case("replacement", seed, replacement_calls))
        for n, batch_size in ((1000, 64), (60000, 1024)):
            cases.append(case(f"loader {n}", seed, loader_calls(n, batch_size, True)))
        cases.append(case("loader 1000 no generator", seed, loader_calls(1000, 64, False)))
    for seed in (0, 42, 5000000000):
        cases.append(case("state", seed, state_calls))
    return cases


def main():
    out = encode.output_folder(__doc__)
    torch.set_num_threads(1)
    content = {**{"about": encode.about("random_stream.py")}, "cases": torch_cases(), "python": python_random.cases()}
    encode.write_fixture("random", content, out)


if __name__ == "__main__":
    main()
