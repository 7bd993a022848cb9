"""Seeds, split-head networks and the per-layer settings of the split-head experiment."""

import hashlib
import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

IMAGE = (1, 28, 28)
TRUE_WORDS = {"true", "1", "yes", "y", "t"}
FALSE_WORDS = {"false", "0", "no", "n", "f"}
ACTIVATIONS = {
    "none": lambda x: x, "identity": lambda x: x, "linear": lambda x: x,
    "relu": F.relu, "gelu": F.gelu, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
}
MAX_POOLS = {"max", "maxpool", "maxpool2d"}
AVERAGE_POOLS = {"avg", "average", "avgpool", "avgpool2d"}
ADAPTIVE_POOLS = {"adaptive_avg", "adaptive_average"}


def seed_base(seed):
    return 100_000 * seed


def derived_seed(seed, *parts):
    """The seed of one purpose, named by `parts`, within the run with base `seed`."""
    label = ":".join(str(part) for part in parts)
    digest = hashlib.sha256(label.encode()).hexdigest()
    return seed_base(seed) + int(digest[:12], 16) % 900_000_000


def set_seed(seed):
    """Seed Python, NumPy and PyTorch."""
    random.seed(seed)
    np.random.seed(seed % (2**32 - 1))
    torch.manual_seed(seed)
    if torch.cuda.is_available():
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False


def forked_stream(device=None):
    """A context that gives the random stream back as it found it."""
    on_gpu = device is not None and device.type == "cuda"
    return torch.random.fork_rng(devices=[device.index or 0] if on_gpu else [])


def parse_bool(value):
    """true/false in the spellings the command line takes."""
    word = str(value).strip().lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise ValueError(f"invalid boolean {value!r}")
    return word in TRUE_WORDS


def parse_source(value):
    """An initialisation source: A, B or random."""
    word = str(value).strip()
    if word.lower() == "random":
        return "random"
    if word.upper() not in {"A", "B"}:
        raise ValueError(f"invalid initialisation source {value!r}; use A, B or random")
    return word.upper()


def parse_per_layer(text, layers, default, parse):
    """{layer: value} from 'v1,v2,...' or 'name:v,...,all:v'."""
    entries = [entry.strip() for entry in (text or "").split(",") if entry.strip()]
    if not entries:
        return {layer: default for layer in layers}
    if any(":" in entry for entry in entries):
        return _parse_named(entries, layers, default, parse)
    if len(entries) != len(layers):
        raise ValueError(f"expected {len(layers)} values for layers {layers}, got {len(entries)}")
    return {layer: parse(entry) for layer, entry in zip(layers, entries)}


def _parse_named(entries, layers, default, parse):
    values = {layer: default for layer in layers}
    for entry in entries:
        name, separator, word = (part.strip() for part in entry.partition(":"))
        if not separator or name not in [*layers, "all"]:
            raise ValueError(f"expected all:value or one of {layers} as name:value, got {entry!r}")
        value = parse(word)
        values.update({layer: value for layer in (layers if name == "all" else [name])})
    return values


def json_or_file(text):
    """A JSON text, or the JSON file it names."""
    if not text or not text.strip():
        return None
    inline = text.lstrip()[0] in "[{"
    return json.loads(text if inline else Path(text.strip()).read_text())


def default_cnn(features):
    """The CNN of the paper: two convolutions with max pooling, one linear layer."""
    pool = {"type": "max", "kernel_size": 2}
    conv = {"type": "conv2d", "kernel_size": 3, "padding": 1, "activation": "relu", "pool": pool}
    return [
        {"name": "conv1", "out_channels": 32, **conv},
        {"name": "conv2", "out_channels": 64, **conv},
        {"name": "fc1", "type": "linear", "out_features": features, "activation": "relu"},
    ]


def mlp(widths):
    """An MLP in the terms of a CNN specification."""
    return [{"type": "linear", "out_features": width} for width in widths]


def pair(value):
    return (int(value[0]), int(value[1])) if isinstance(value, (list, tuple)) else (int(value), int(value))


def window_size(size, kernel, stride, padding, dilation):
    """Height and width after a convolution or a pool."""
    parts = zip(size, pair(kernel), pair(stride), pair(padding), pair(dilation))
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in parts)


def pooled_size(size, pool):
    """Height and width after a pool; an adaptive pool counts by its kernel_size too."""
    if not pool:
        return size
    kernel = pool.get("kernel_size", 2)
    return window_size(size, kernel, pool.get("stride", kernel), pool.get("padding", 0), pool.get("dilation", 1))


def apply_pool(x, pool):
    if not pool:
        return x
    kind = str(pool.get("type", "max")).lower()
    if kind in ADAPTIVE_POOLS:
        return F.adaptive_avg_pool2d(x, pool.get("output_size", 1))
    if kind not in MAX_POOLS | AVERAGE_POOLS:
        raise ValueError(f"unsupported pool {kind!r}")
    function = F.max_pool2d if kind in MAX_POOLS else F.avg_pool2d
    kernel = pool.get("kernel_size", 2)
    return function(x, kernel, pool.get("stride", kernel), pool.get("padding", 0))


def apply_activation(x, name):
    name = "none" if name is None else str(name).lower()
    if name not in ACTIVATIONS:
        raise ValueError(f"unsupported activation {name!r}")
    return ACTIVATIONS[name](x)


class SplitHead(nn.Module):
    """Feature layers in the order of a specification, then class_head and aux_head side by side."""

    def __init__(self, spec, aux_size, class_count):
        super().__init__()
        if not spec:
            raise ValueError("a network needs at least one feature layer")
        self.channels, self.size = IMAGE[0], IMAGE[1:]
        self.width = None
        self.spec = []
        for raw in spec:
            self.add_feature_layer(dict(raw))
        self.feature_names = [layer["name"] for layer in self.spec]
        self.class_head = nn.Linear(self.flat_width(), class_count)
        self.aux_head = nn.Linear(self.flat_width(), aux_size)
        self.layer_names = self.feature_names + ["class_head", "aux_head"]

    def flat_width(self):
        return self.channels * self.size[0] * self.size[1] if self.width is None else self.width

    def add_feature_layer(self, layer):
        kind = str(layer.get("type", "")).lower()
        if kind not in {"conv", "conv2d", "linear"}:
            raise ValueError(f"unsupported layer type {kind!r}")
        layer["type"] = "linear" if kind == "linear" else "conv2d"
        prefix = "fc" if kind == "linear" else "conv"
        count = sum(other["type"] == layer["type"] for other in self.spec) + 1
        layer["name"] = str(layer.get("name") or f"{prefix}{count}")
        make = self.make_linear if kind == "linear" else self.make_convolution
        setattr(self, layer["name"], make(layer, parse_bool(layer.get("bias", True))))
        self.spec.append(layer)

    def make_linear(self, layer, bias):
        made = nn.Linear(self.flat_width(), int(layer["out_features"]), bias=bias)
        self.width = made.out_features
        return made

    def make_convolution(self, layer, bias):
        kernel, stride = layer.get("kernel_size", 3), layer.get("stride", 1)
        padding, dilation = layer.get("padding", 0), layer.get("dilation", 1)
        made = nn.Conv2d(self.channels, int(layer["out_channels"]), kernel, stride, padding, dilation, bias=bias)
        self.channels = made.out_channels
        self.size = pooled_size(window_size(self.size, kernel, stride, padding, dilation), layer.get("pool"))
        return made

    def forward(self, x):
        """Class logits and auxiliary logits."""
        for layer in self.spec:
            if layer["type"] == "linear":
                x = x.flatten(1)
            x = apply_activation(getattr(self, layer["name"])(x), layer.get("activation", "relu"))
            if layer["type"] == "conv2d":
                x = apply_pool(x, layer.get("pool"))
        x = x.flatten(1)
        return self.class_head(x), self.aux_head(x)


@dataclass
class Built:
    """A network with what was asked for each of its layers."""

    model: SplitHead
    layers: list
    init: dict
    trainable: dict
    description: dict


def reset_from_source(layer, source, name, seed):
    """Initialise a layer anew from the stream of source A or B."""
    with forked_stream():
        torch.manual_seed(derived_seed(seed, "init_source", source, name))
        layer.reset_parameters()


def build(role, config, class_count, device):
    """The teacher or the student of a configuration, at its initial weights."""
    def setting(name):
        return getattr(config, f"{role}_{name}")

    widths, arch = setting("hidden_dims"), setting("arch_spec")
    set_seed(derived_seed(config.seed, role, "model_random_init"))
    if setting("type") == "mlp":
        spec, description = mlp(widths), {"type": "mlp", "hidden_dims": widths}
    else:
        spec = arch if arch is not None else default_cnn(widths[-1] if widths else 256)
        description = {"type": "cnn", "feature_spec": spec}
    model = SplitHead(spec, config.m, class_count)
    layers = model.layer_names
    init = parse_per_layer(setting("init"), layers, "A", parse_source)
    trainable = parse_per_layer(setting("trainable"), layers, True, parse_bool)
    for name in layers:
        if init[name] != "random":
            reset_from_source(getattr(model, name), init[name], name, config.seed)
    return Built(model.to(device), layers, init, trainable, description)
