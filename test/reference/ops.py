"""PyTorch's forward values and gradients of every op, as fixtures/ops.json.

Inputs and upstream gradients are float32 numbers, run in float32 and again,
the same numbers, in float64: the float64 case is the truth a float32
implementation is measured against.

    python3 test/reference/ops.py [--out FOLDER]
"""

import zlib

import torch
import torch.nn.functional as F

import encode

ACTIVATIONS = {"none": lambda x: x, "relu": F.relu, "gelu": F.gelu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
ELEMENTWISE = {"exp": torch.exp, "log": torch.log, "sin": torch.sin, "cos": torch.cos, "erf": torch.erf}
BINARY = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div}
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-4, -1e-4, 1e-20, 3.0, -3.0, 6.5, -6.5, 12.0, -12.0, 30.0, -30.0]


class Draw:
    """Seeded float32 numbers for one case."""

    def __init__(self, name):
        self.generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))

    def normal(self, *shape, scale=1.0):
        return torch.randn(shape, generator=self.generator) * scale

    def positive(self, *shape):
        """Spread over several powers of ten, away from zero."""
        return torch.exp(self.normal(*shape, scale=2.0)) + 0.01

    def small_integers(self, *shape):
        """Few distinct values, so that pooling windows have ties."""
        return torch.randint(-2, 3, shape, generator=self.generator).float()

    def classes(self, count, rows):
        return torch.randint(0, count, (rows,), generator=self.generator)


def run(op, attributes, dtype, inputs, function, upstream, constants=()):
    """One case: forward, then backward from `upstream`."""
    leaves = {name: value.to(dtype, copy=True).requires_grad_(name not in constants) for name, value in inputs.items()}
    output = function(**leaves)
    output.backward(upstream.to(dtype).reshape(output.shape))
    gradients = {name: encode.tensor(leaf.grad) for name, leaf in leaves.items() if leaf.grad is not None}
    return {"op": op, "attributes": attributes, "dtype": encode.dtype_name(output),
            "inputs": {name: encode.tensor(value) for name, value in inputs.items()},
            "output": encode.tensor(output), "upstream": encode.tensor(upstream.reshape(output.shape)),
            "gradients": gradients}


def both(op, attributes, make_inputs, function, constants=()):
    """The float32 and the float64 case of one op, on the same numbers."""
    draw = Draw(f"{op} {attributes}")
    inputs = make_inputs(draw)
    with torch.no_grad():
        size = function(**inputs).numel()
    upstream = draw.normal(size)
    return [run(op, attributes, dtype, inputs, function, upstream, constants)
            for dtype in (torch.float32, torch.float64)]


def matmul_cases():
    for rows, inner, columns in ((3, 4, 5), (1, 1, 1), (7, 1, 9), (17, 33, 20)):
        for flip_a in (False, True):
            for flip_b in (False, True):
                attributes = {"transpose_a": flip_a, "transpose_b": flip_b, "size": [rows, inner, columns]}
                yield from both("matmul", attributes, lambda d: {
                    "a": d.normal(*((inner, rows) if flip_a else (rows, inner))),
                    "b": d.normal(*((columns, inner) if flip_b else (inner, columns))),
                }, lambda a, b: (a.t() if flip_a else a) @ (b.t() if flip_b else b))


def linear_inputs(rows, fan_in, fan_out, bias):
    def make(draw):
        inputs = {"x": draw.normal(rows, fan_in), "weight": draw.normal(fan_out, fan_in)}
        return {**inputs, "bias": draw.normal(fan_out)} if bias else inputs
    return make


def linear_cases():
    for rows, fan_in, fan_out in ((5, 7, 4), (9, 20, 13)):
        for bias in (True, False):
            for name, activation in ACTIVATIONS.items():
                attributes = {"activation": name, "bias": bias, "size": [rows, fan_in, fan_out]}
                yield from both("linear", attributes, linear_inputs(rows, fan_in, fan_out, bias),
                                lambda x, weight, bias=None: activation(F.linear(x, weight, bias)))


def elementwise_inputs(op):
    if op == "log":
        return lambda d: {"x": torch.cat([torch.tensor([1.0, 0.5, 2.0, 1e-4, 1e-30, 1e4, 1e30]), d.positive(33)])}
    return lambda d: {"x": torch.cat([torch.tensor(SPECIAL), d.normal(24, scale=3.0)])}


def elementwise_cases():
    for name, function in {**ELEMENTWISE, **ACTIVATIONS}.items():
        if name != "none":
            yield from both(name, {}, elementwise_inputs(name), lambda x: function(x))
    for name, function in BINARY.items():
        yield from both(name, {}, lambda d: {"a": d.normal(4, 6), "b": d.normal(4, 6).sign() * d.positive(4, 6)},
                        lambda a, b: function(a, b))
    for factor in (2.5, -0.1):
        yield from both("scale", {"factor": factor}, lambda d: {"x": d.normal(4, 6)}, lambda x: x * factor)
    for name, function in (("sum", torch.sum), ("mean", torch.mean)):
        yield from both(name, {}, lambda d: {"x": d.normal(7, 9)}, lambda x: function(x))


def loss_cases():
    for reduction in ("mean", "sum"):
        for rows, classes, scale in ((6, 5, 1.0), (9, 10, 8.0), (1, 2, 60.0)):
            target = Draw(f"target {rows} {classes}").classes(classes, rows)
            attributes = {"reduction": reduction, "target": target.tolist()}
            yield from both("cross_entropy", attributes, lambda d: {"logits": d.normal(rows, classes, scale=scale)},
                            lambda logits: F.cross_entropy(logits, target, reduction=reduction))
    for shape in ((4, 3), (10, 7)):
        yield from both("mse_loss", {"reduction": "mean", "size": list(shape)},
                        lambda d: {"prediction": d.normal(*shape), "target": d.normal(*shape)},
                        lambda prediction, target: F.mse_loss(prediction, target))
    for temperature in (1.0, 2.0):
        for shape in ((5, 4), (8, 10)):
            yield from both("kl", {"temperature": temperature, "size": list(shape)},
                            lambda d: {"student": d.normal(*shape, scale=2.0), "teacher": d.normal(*shape, scale=2.0)},
                            lambda student, teacher: kl(student, teacher, temperature), constants=("teacher",))


def kl(student, teacher, temperature):
    """Distillation loss between softened distributions, without the T^2 factor."""
    return F.kl_div(F.log_softmax(student / temperature, dim=-1), F.softmax(teacher / temperature, dim=-1),
                    reduction="batchmean")


def softmax_cases():
    for op, function in (("softmax", F.softmax), ("log_softmax", F.log_softmax)):
        for shape, scale, shift in (((4, 7), 1.0, 0.0), ((3, 10), 12.0, 500.0), ((2, 3, 5), 3.0, 0.0)):
            yield from both(op, {"dim": -1, "size": list(shape), "scale": scale},
                            lambda d: {"x": d.normal(*shape, scale=scale) + shift}, lambda x: function(x, dim=-1))


CONVOLUTIONS = [
    # input shape, output channels, kernel, stride, padding, dilation, bias
    ((2, 1, 9, 11), 4, (3, 3), (1, 1), (1, 1), (1, 1), True),
    ((2, 3, 9, 11), 4, (3, 3), (1, 1), (1, 1), (1, 1), True),
    ((2, 3, 9, 11), 4, (3, 3), (1, 1), (0, 0), (1, 1), True),
    ((2, 3, 9, 11), 5, (3, 3), (2, 2), (0, 0), (1, 1), True),
    ((2, 1, 9, 11), 3, (3, 3), (2, 2), (1, 1), (2, 2), True),
    ((2, 3, 9, 11), 3, (3, 3), (2, 2), (1, 1), (2, 2), True),
    ((2, 3, 9, 11), 4, (2, 5), (1, 2), (0, 2), (2, 1), True),
    ((3, 2, 8, 10), 6, (5, 1), (3, 1), (2, 0), (1, 1), False),
    ((2, 3, 9, 11), 4, (3, 3), (1, 1), (1, 1), (1, 1), False),
    ((1, 1, 5, 5), 1, (1, 1), (1, 1), (0, 0), (1, 1), True),
    ((1, 2, 6, 7), 3, (6, 7), (1, 1), (0, 0), (1, 1), True),
    ((2, 4, 7, 7), 9, (4, 4), (3, 3), (3, 3), (1, 1), True),
]


def convolution_inputs(shape, channels, kernel, bias):
    def make(draw):
        inputs = {"x": draw.normal(*shape), "weight": draw.normal(channels, shape[1], *kernel, scale=0.3)}
        return {**inputs, "bias": draw.normal(channels)} if bias else inputs
    return make


def convolution_cases():
    for shape, channels, kernel, stride, padding, dilation, bias in CONVOLUTIONS:
        attributes = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation,
                      "bias": bias, "size": list(shape), "channels": channels}
        yield from both("conv2d", attributes, convolution_inputs(shape, channels, kernel, bias),
                        lambda x, weight, bias=None: F.conv2d(x, weight, bias, stride, padding, dilation))


WINDOWS = [
    # input shape, kernel, stride, padding
    ((2, 3, 8, 10), (2, 2), (2, 2), (0, 0)),
    ((2, 3, 9, 11), (2, 2), (2, 2), (0, 0)),
    ((2, 3, 9, 11), (3, 3), (2, 2), (1, 1)),
    ((1, 2, 9, 11), (3, 2), (1, 3), (1, 0)),
    ((1, 2, 7, 7), (4, 4), (4, 4), (0, 0)),
    ((1, 1, 7, 7), (3, 3), (1, 1), (1, 1)),
]


def pooling_cases():
    for shape, kernel, stride, padding in WINDOWS:
        attributes = {"kernel": kernel, "stride": stride, "padding": padding, "size": list(shape)}
        for ties in (False, True):
            yield from both("max_pool2d", {**attributes, "ties": ties},
                            lambda d: {"x": d.small_integers(*shape) if ties else d.normal(*shape)},
                            lambda x: F.max_pool2d(x, kernel, stride, padding))
        yield from both("avg_pool2d", attributes, lambda d: {"x": d.normal(*shape)},
                        lambda x: F.avg_pool2d(x, kernel, stride, padding))
    for output in ((1, 1), (3, 3), (2, 5), (13, 14), (9, 11)):
        yield from both("adaptive_avg_pool2d", {"output": output, "size": [2, 3, 9, 11]},
                        lambda d: {"x": d.normal(2, 3, 9, 11)}, lambda x: F.adaptive_avg_pool2d(x, output))


def adam_run(attributes, dtype, parameters, gradients):
    """Every step's gradients and the parameters after it."""
    leaves = {name: torch.nn.Parameter(value.to(dtype, copy=True)) for name, value in parameters.items()}
    optimizer = torch.optim.Adam(leaves.values(), lr=attributes["lr"], betas=tuple(attributes["betas"]),
                                 eps=attributes["eps"], weight_decay=attributes["weight_decay"])
    steps = []
    for step in gradients:
        for name, leaf in leaves.items():
            leaf.grad = step[name].to(dtype)
        optimizer.step()
        steps.append({"gradients": {name: encode.tensor(value) for name, value in step.items()},
                      "parameters": {name: encode.tensor(leaf) for name, leaf in leaves.items()}})
    return {"op": "adam", "attributes": attributes, "dtype": str(dtype).removeprefix("torch."),
            "inputs": {name: encode.tensor(value) for name, value in parameters.items()}, "steps": steps}


def adam_gradients(draw, parameters):
    """Ordinary, zero and very small gradients."""
    gradients = {name: draw.normal(*value.shape, scale=0.1) for name, value in parameters.items()}
    gradients["weight"][0, 0] = 0.0
    gradients["bias"][:2] *= 1e-7
    return gradients


def adam_cases():
    for lr, decay in ((1e-3, 0.0), (0.01, 0.0), (1e-3, 0.01)):
        attributes = {"lr": lr, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": decay}
        draw = Draw(f"adam {attributes}")
        parameters = {"weight": draw.normal(4, 5), "bias": draw.normal(6)}
        gradients = [adam_gradients(draw, parameters) for _ in range(5)]
        for dtype in (torch.float32, torch.float64):
            yield adam_run(attributes, dtype, parameters, gradients)


def main():
    out = encode.output_folder(__doc__)
    torch.set_num_threads(1)
    groups = (matmul_cases, linear_cases, elementwise_cases, loss_cases, softmax_cases, convolution_cases,
              pooling_cases, adam_cases)
    cases = [case for group in groups for case in group()]
    encode.write_fixture("ops", {"about": encode.about("ops.py"), "cases": cases}, out)


if __name__ == "__main__":
    main()
