"""PyTorch's side of the benchmarks: one JSON request a line on stdin, one JSON answer a line on stdout.

Its argument is the number of threads.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

THREADS = int(sys.argv[1])
torch.set_num_threads(THREADS)


def tensor(path, shape, dtype=np.float32):
    return torch.from_numpy(np.fromfile(path, dtype=dtype).reshape(shape))


class Product:
    """a [m, k] times b [k, n], each stored as it is or transposed."""

    def __init__(self, request):
        m, n, k = request["m"], request["n"], request["k"]
        transpose_a, transpose_b = request["transposeA"], request["transposeB"]
        a = tensor(request["a"], (k, m) if transpose_a else (m, k))
        b = tensor(request["b"], (n, k) if transpose_b else (k, n))
        self.a = a.t() if transpose_a else a
        self.b = b.t() if transpose_b else b

    @torch.no_grad()
    def __call__(self):
        return torch.matmul(self.a, self.b)


def make_layer(description):
    """A linear or convolution layer with its parameters."""
    if description["kind"] == "linear":
        layer = torch.nn.Linear(description["inputs"], description["outputs"])
    else:
        options = {key: tuple(description[key]) for key in ("stride", "padding", "dilation")}
        layer = torch.nn.Conv2d(description["inChannels"], description["outChannels"], tuple(description["kernel"]), **options)
    with torch.no_grad():
        layer.weight.copy_(tensor(description["weight"], layer.weight.shape))
        layer.bias.copy_(tensor(description["bias"], layer.bias.shape))
    return layer


def make_network(descriptions):
    modules, is_image = [], False
    for description in descriptions:
        if description["kind"] == "linear" and is_image:
            modules.append(torch.nn.Flatten())
        is_image = description["kind"] == "conv2d"
        modules.append(make_layer(description))
        if description["activation"] == "relu":
            modules.append(torch.nn.ReLU())
        pool = description.get("pool")
        if pool:
            modules.append(torch.nn.MaxPool2d(tuple(pool["kernel"]), tuple(pool["stride"]), tuple(pool["padding"])))
    return torch.nn.Sequential(*modules)


class TrainingStep:
    """A network, cross-entropy, Adam: one step a call; the loss before the update."""

    def __init__(self, request):
        self.model = make_network(request["layers"])
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=request["lr"])
        self.x = tensor(request["x"], request["shape"])
        self.labels = tensor(request["labels"], request["shape"][:1], np.int32).long()

    def __call__(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.model(self.x), self.labels)
        loss.backward()
        self.optimizer.step()
        return torch.tensor([loss.item()])


class Seq2SeqStep:
    """The translation model of test/reference/seq2seq.py: one step a call, dropout and all; the loss before the update."""

    def __init__(self, request):
        sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test" / "reference"))
        from seq2seq import Seq2Seq, loss_of
        torch.manual_seed(request["seed"])
        vocabulary, hidden = request["vocabulary"], request["hidden"]
        self.model, self.loss_of = Seq2Seq(vocabulary, vocabulary, hidden, hidden, request["dropout"]), loss_of
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=request["lr"])
        self.batch = [torch.tensor(ids) for ids in request["batch"]]

    def __call__(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss_of(self.model, *self.batch)
        loss.backward()
        self.optimizer.step()
        return torch.tensor([loss.item()])


class Aggregation:
    """One rule over rows [n, d]; float32 throughout."""

    def __init__(self, request):
        self.rows = tensor(request["rows"], (request["n"], request["d"]))
        self.repeats, self.trim = request["repeats"], request["trim"]
        self.apply = {
            "Gram matrix": self.gram, "weighted sum": self.weighted_sum, "deviation": self.deviation, "median": self.median,
            "clamped median": self.repeated_median, "trimmed mean": self.trimmed_mean,
        }[request["rule"]]

    def gram(self):
        return self.rows @ self.rows.t()

    def weighted_sum(self):
        return torch.full((len(self.rows),), 1 / len(self.rows)) @ self.rows

    def deviation(self):
        return self.rows.std(dim=0, unbiased=False)

    def median(self):
        return self.rows.median(dim=0).values

    def repeated_median(self):
        return torch.cat([self.rows, self.rows[:1].expand(self.repeats, -1)]).median(dim=0).values

    def trimmed_mean(self):
        return self.rows.sort(dim=0).values[self.trim : len(self.rows) - self.trim].mean(dim=0)

    @torch.no_grad()
    def __call__(self):
        return self.apply()


JOBS = {"product": Product, "training-step": TrainingStep, "seq2seq-step": Seq2SeqStep, "aggregation": Aggregation}


def main():
    job = None
    for line in sys.stdin:
        request = json.loads(line)
        answer = {}
        if request["do"] == "prepare":
            job = JOBS[request["job"]](request)
        elif request["do"] == "run":
            start, busy = time.perf_counter(), time.process_time()
            for _ in range(request["repeats"]):
                job()
            answer["milliseconds"] = 1000 * (time.perf_counter() - start)
            answer["processor_milliseconds"] = 1000 * (time.process_time() - busy)
        elif request["do"] == "memory":
            answer["peak_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        elif request["do"] == "result":
            job().contiguous().numpy().tofile(request["path"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
