"""PyTorch's side of the benchmarks: one JSON request a line on stdin, one JSON answer a line on stdout."""

import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)


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


class TrainingStep:
    """Linear layers with ReLU between them, cross-entropy, Adam: one step a call; the loss before the update."""

    def __init__(self, request):
        widths = request["widths"]
        layers = []
        for index, (weight, bias) in enumerate(request["layers"]):
            layer = torch.nn.Linear(widths[index], widths[index + 1])
            with torch.no_grad():
                layer.weight.copy_(tensor(weight, layer.weight.shape))
                layer.bias.copy_(tensor(bias, layer.bias.shape))
            layers += [layer, torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*layers[:-1])
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=request["lr"])
        self.x = tensor(request["x"], (request["batch"], widths[0]))
        self.labels = tensor(request["labels"], (request["batch"],), np.int32).long()

    def __call__(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.model(self.x), self.labels)
        loss.backward()
        self.optimizer.step()
        return torch.tensor([loss.item()])


JOBS = {"product": Product, "training-step": TrainingStep}


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
        elif request["do"] == "result":
            job().contiguous().numpy().tofile(request["path"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
