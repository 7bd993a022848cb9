"""Models, losses and data of the Byzantine-robust experiments."""

from dataclasses import dataclass
from typing import Callable

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import transforms

PIXELS, CLASSES, HIDDEN = 28 * 28, 10, 50
MEAN, DEVIATION = 0.1307, 0.3081


class MLP(nn.Module):
    """The notebook's: tanh(input), 784-50, tanh, 50-10, softmax."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(PIXELS, HIDDEN)
        self.classification_layer = nn.Linear(HIDDEN, CLASSES)
        self.tanh1, self.tanh2 = nn.Tanh(), nn.Tanh()
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        out = self.tanh1(x.view(x.size(0), -1))
        out = self.tanh2(self.hidden(out))
        return self.softmax(self.classification_layer(out))


class Linear(nn.Module):
    """One linear layer on the flat image; with one output, a logit an image."""

    def __init__(self, outputs):
        super().__init__()
        self.linear = nn.Linear(PIXELS, outputs)

    def forward(self, x):
        out = self.linear(x.view(x.size(0), -1))
        return out.squeeze(1) if out.size(1) == 1 else out


@dataclass
class Task:
    """What is learnt. `loss(outputs, targets)` is a batch's mean, `classes(outputs)` what is predicted."""

    build: Callable
    loss: Callable
    classes: Callable
    target: Callable
    dtype: torch.dtype
    regularised_loss: bool


def class_of(outputs):
    return torch.max(outputs, dim=1)[1]


TASKS = {
    # Cross-entropy of the softmax's output, as if that were logits: the notebook's loss, within [1.46115, 2.46115].
    "mlp": Task(MLP, F.cross_entropy, class_of, int, torch.float32, False),
    "softmax": Task(lambda: Linear(CLASSES), F.cross_entropy, class_of, int, torch.float32, False),
    # A digit below 5 is class 1. The loss reported is that of the sibling notebook, with (lambda/2)||w||^2.
    "logistic": Task(lambda: Linear(1), F.binary_cross_entropy_with_logits, lambda logits: (logits > 0).double(),
                     lambda digit: float(digit < 5), torch.float64, True),
}


class Positions(Dataset):
    """Each item with its own position: image, target, position."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        return (*self.dataset[index], index)


def mnist(root, train, limit, task, dtype):
    """Normalised MNIST, each image converted when it is asked for; float64 pixels are the float32 ones widened."""
    steps = [transforms.ToTensor(), transforms.Normalize((MEAN,), (DEVIATION,))]
    if dtype == torch.float64:
        steps.append(torch.Tensor.double)
    whole = torchvision.datasets.MNIST(root=root, train=train, download=False, transform=transforms.Compose(steps),
                                       target_transform=lambda digit: task.target(int(digit)))
    return Positions(whole if limit is None else Subset(whole, range(min(limit, len(whole)))))


@torch.no_grad()
def evaluate(model, task, dataset, config):
    """Mean loss and accuracy over a set, batch by batch in order."""
    loss, correct = 0.0, 0
    for x, y, _ in DataLoader(dataset, batch_size=config.batch, shuffle=False):
        outputs = model(x)
        loss += task.loss(outputs, y.to(outputs.dtype) if task.regularised_loss else y).item() * len(y)
        correct += (task.classes(outputs) == y).sum().item()
    loss /= len(dataset)
    if task.regularised_loss:
        loss += config.weight_decay / 2 * sum(p.double().square().sum().item() for p in model.parameters())
    return loss, correct / len(dataset)
