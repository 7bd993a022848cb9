"""network_moments' LeNet trained for a few steps on made-up images: what a seed gives in PyTorch.

    python3 test/reference/moments_lenet.py [--out FOLDER]

The model is the library's (torch/net/lenet.py), restated, on its pixels divided by 256; the loader is torch.utils.data's, with shuffle=True and no generator
of its own; the step size falls to 0 over all steps (LambdaLR). Image i's pixel p is (31 p + 17 i + p i) % 251, its label i % 10.
"""

import argparse
import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

TRAIN, TEST, BATCH, EPOCHS, SEED = 40, 20, 16, 3, 5
RATE = 1e-4


def images(first, count):
    """Pixels less 127.5 as ToTensor and Normalize((0.5,), (1 / 255,)) make them, over 256, and labels."""
    place, index = torch.arange(784), torch.arange(first, first + count)[:, None]
    pixels = (31 * place + 17 * index + place * index) % 251
    return ((pixels / 255 - 0.5) / (1 / 255) / 256).view(-1, 1, 28, 28), index[:, 0] % 10


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(32, 64, 5, padding=2), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(3136, 1024), nn.ReLU(), nn.Linear(1024, 10),
    )


def train():
    torch.manual_seed(SEED)
    net = lenet()
    initial = {name: parameter.detach().double().sum().item() for name, parameter in net.named_parameters()}
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*images(0, TRAIN)), batch_size=BATCH, shuffle=True)
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / (EPOCHS * len(loader)))
    test, test_labels = images(TRAIN, TEST)
    rows = []
    for epoch in range(EPOCHS):
        total = 0
        for batch, labels in loader:
            loss = functional.cross_entropy(net(batch), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        with torch.no_grad():
            scores = net(test)
        accuracy = (scores.argmax(1) == test_labels).double().mean().item()
        rows.append({"epoch": epoch + 1, "train_loss": total / TRAIN, "test_loss": functional.cross_entropy(scores, test_labels).item(), "test_accuracy": accuracy})
    return {"initial_sums": initial, "rows": rows}


def main():
    parser = argparse.ArgumentParser(description="LeNet's first steps.")
    parser.add_argument("--out", default=str(Path(__file__).resolve().parent / "fixtures"), help="default: fixtures/")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    config = {"train_size": TRAIN, "test_size": TEST, "batch_size": BATCH, "epochs": EPOCHS, "seed": SEED, "lr": RATE, "decay": "linear"}
    text = json.dumps({"torch": torch.__version__, "config": config, **train()}, indent=1)
    Path(arguments.out, "moments_lenet.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
