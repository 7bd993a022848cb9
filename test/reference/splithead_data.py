"""Image data and synthetic noise of the split-head experiment."""

import torch
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms

from splithead_model import derived_seed

MEAN, STD = 0.1307, 0.3081
TINY = 1e-12


def base_class_count(config):
    """Classes of the whole dataset."""
    return 10 if config.dataset == "mnist" else {"balanced": 47, "letters": 26}[config.emnist_split]


def class_count(config):
    """Classes kept."""
    base, kept = base_class_count(config), config.class_count
    if kept is None:
        return base
    if not 2 <= kept <= base:
        raise ValueError(f"--class-count: expected 2 to {base}, got {kept}")
    return kept


class FirstClasses(Dataset):
    """The items of a dataset whose label is below `count`."""

    def __init__(self, base, count):
        self.base = base
        relabel = base.target_transform or int
        labels = [relabel(label) for label in base.targets.tolist()]
        self.positions = [i for i, label in enumerate(labels) if 0 <= label < count]

    def __len__(self):
        return len(self.positions)

    def __getitem__(self, index):
        return self.base[self.positions[index]]


def one_less(label):
    """EMNIST letters labels run from 1 to 26."""
    return label - 1


def load(config, train):
    """The training or test set, normalised."""
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((MEAN,), (STD,))])
    if config.dataset == "mnist":
        whole = datasets.MNIST(config.data_dir, train=train, download=True, transform=transform)
    else:
        relabel = one_less if config.emnist_split == "letters" else None
        whole = datasets.EMNIST(config.data_dir, split=config.emnist_split, train=train, download=True,
                                transform=transform, target_transform=relabel)
    return whole if config.class_count is None else FirstClasses(whole, class_count(config))


def shuffle_generator(config):
    return torch.Generator().manual_seed(derived_seed(config.seed, "dataloader_shuffle"))


def loaders(config, device):
    """The shuffled training loader and the ordered test loader."""
    shared = {"batch_size": config.data_bsize, "num_workers": config.num_workers, "pin_memory": device.type == "cuda"}
    train = DataLoader(load(config, True), shuffle=True, generator=shuffle_generator(config), **shared)
    return train, DataLoader(load(config, False), shuffle=False, **shared)


def perlin_noise(count, resolution, device):
    """Gradient noise on a grid of `resolution` cells a side, each image scaled to peak 1."""
    if resolution <= 0:
        raise ValueError(f"--perlin-res: expected a positive number, got {resolution}")
    along = torch.arange(28, device=device, dtype=torch.float32) * (resolution / 28)
    y, x = torch.meshgrid(along, along, indexing="ij")
    cell_y, cell_x = torch.floor(y).long(), torch.floor(x).long()
    fy, fx = y - cell_y.float(), x - cell_x.float()
    angles = 2 * torch.pi * torch.rand(count, resolution + 1, resolution + 1, device=device)
    gradients = torch.stack((torch.cos(angles), torch.sin(angles)), dim=-1)

    def corner(dy, dx):
        """Dot product of the corner's gradient and the offset from it."""
        offset = torch.stack((fx - dx, fy - dy), dim=-1)
        return (gradients[:, cell_y + dy, cell_x + dx, :] * offset).sum(dim=-1)

    u, v = fade(fx), fade(fy)
    top = mix(corner(0, 0), corner(0, 1), u)
    bottom = mix(corner(1, 0), corner(1, 1), u)
    noise = mix(top, bottom, v).unsqueeze(1)
    return noise / (noise.abs().amax(dim=(1, 2, 3), keepdim=True) + TINY)


def fade(t):
    return 6 * t**5 - 15 * t**4 + 10 * t**3


def mix(a, b, t):
    return a + t * (b - a)


def sample_noise(config, count, device):
    """A batch of noise images, [count, 1, 28, 28]."""
    if config.noise_dist == "uniform":
        noise = 2.0 * torch.rand(count, 1, 28, 28, device=device) - 1.0
    elif config.noise_dist == "normal":
        noise = torch.randn(count, 1, 28, 28, device=device)
    else:
        noise = perlin_noise(count, config.perlin_res, device)
    return (noise - MEAN) / STD if config.normalize_noise else noise
