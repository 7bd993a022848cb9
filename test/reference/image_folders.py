"""MNIST and EMNIST files laid out as torchvision looks for them."""

import gzip
import hashlib
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

MNIST_FILES = [f"{part}-{kind}" for part in ("train", "t10k") for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")]
EMNIST_FILES = [f"emnist-{split}-{part}-{kind}" for split in ("balanced", "letters") for part in ("train", "test")
                for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")]


def find(folder, name):
    """A file, plain or gzipped, in `folder` or its raw folder; None if absent."""
    if folder is None:
        return None
    places = [Path(folder) / inner / (name + end) for inner in ("", "raw", "MNIST/raw", "EMNIST/raw")
              for end in ("", ".gz")]
    return next((place.resolve() for place in places if place.is_file()), None)


def place(source, target):
    """Link a plain file, unpack a gzipped one."""
    if source.suffix != ".gz":
        target.symlink_to(source)
        return
    with gzip.open(source) as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain)


@contextmanager
def torchvision_folder(mnist_dir, emnist_dir):
    """A temporary --data-dir, and which of 'mnist' and 'emnist' are whole in it."""
    with tempfile.TemporaryDirectory() as root:
        present = []
        for name, files, folder in (("mnist", MNIST_FILES, mnist_dir), ("emnist", EMNIST_FILES, emnist_dir)):
            found = [find(folder, file) for file in files]
            if None in found:
                continue
            raw = Path(root) / name.upper() / "raw"
            raw.mkdir(parents=True)
            for file, source in zip(files, found):
                place(source, raw / file)
            present.append(name)
        yield root, present


def fingerprints(root, name):
    """SHA-256 of each file of a data set."""
    files = sorted((Path(root) / name.upper() / "raw").iterdir())
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
