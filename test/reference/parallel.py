"""How PyTorch parts, batches and pads sentence pairs, as the translation notebook has it do.

    /usr/bin/python3 test/reference/parallel.py [--out FOLDER]

The notebook seeds the default generator at most, and all that follows draws from it: random_split, an iterator of either
loader, and the model in between. `runs` notes every batch and, by an int64 drawn where the model would draw, when.
"""

import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, random_split

from encode import about, output_folder, result, write_fixture

SPLITS = [
    (10, [0.8, 0.2]), (10, [0.8, 1 - 0.8]), (223108, [0.8, 0.2]), (62487, [0.8, 0.2]), (101, [0.8, 0.2]), (7, [0.5, 0.3, 0.2]), (33, [0.1] * 10),
    (12, [1 / 3, 1 / 3, 1 / 3]), (5, [1.0, 0.0]),
]
RUNS = [{"seed": 0, "count": 103, "batch": 8}, {"seed": 42, "count": 64, "batch": 4}, {"seed": 7, "count": 41, "batch": 16}]


def splits():
    for seed, (count, fractions) in enumerate(SPLITS):
        parts = random_split(range(count), fractions, torch.Generator().manual_seed(seed))
        yield {
            "seed": seed, "count": count, "fractions": fractions, "sizes": [len(part) for part in parts],
            "parts": [result(torch.tensor(part.indices, dtype=torch.int64)) for part in parts],
        }


def drawn():
    """What the model draws: any draw moves the generator."""
    return str(torch.empty((), dtype=torch.int64).random_().item())


def run(seed, count, batch, drop_last):
    torch.manual_seed(seed)
    train, test = random_split(range(count), [0.8, 0.2])
    train_loader = DataLoader(train, batch_size=batch, shuffle=True, drop_last=drop_last, collate_fn=list)
    test_loader = DataLoader(test, batch_size=batch, drop_last=drop_last, collate_fn=list)
    example = next(iter(train_loader))
    initialised = drawn()
    epochs = []
    for _ in range(2):
        batches = [{"batch": batch, "drawn": drawn()} for batch in train_loader]
        tests = [{"batch": batch, "drawn": drawn()} for batch in test_loader]
        epochs.append({"train": batches, "test": tests})
    return {
        "seed": seed, "count": count, "batch": batch, "drop_last": drop_last, "train": list(train.indices), "test": list(test.indices), "example": example,
        "initialised": initialised, "epochs": epochs, "after": drawn(),
    }


def padded():
    generator = torch.Generator().manual_seed(3)
    for lengths in ([3], [1, 4, 2], [5, 5], [0, 2], [7, 1, 1, 9, 3]):
        sequences = [torch.randint(4, 8000, (length,), generator=generator) for length in lengths]
        together = pad_sequence(sequences, padding_value=3)
        yield {"sequences": [sequence.tolist() for sequence in sequences], "shape": list(together.shape), "ids": together.reshape(-1).tolist()}


def main():
    out = output_folder(__doc__.splitlines()[0])
    content = {
        "about": about("parallel.py"),
        "splits": list(splits()),
        "runs": [run(**settings, drop_last=drop_last) for settings in RUNS for drop_last in (True, False)],
        "padded": list(padded()),
    }
    write_fixture("parallel", content, out)


if __name__ == "__main__":
    main()
