"""Final accuracies of the gradient alignment experiment with both networks trained in float64.

Split, initial weights, orders and noise are drawn in float32 as the notebook draws them, and then widened; nothing is
measured on the way. What float64 leaves of the notebook's rounding is nothing, so another program that computes the
same sums in another order must come to these accuracies.

    python3 test/reference/alignment_float64.py [--seeds 1-10] [--threads 1]
"""

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, random_split

import alignment
from alignment import CLASSES
from image_folders import torchvision_folder


def arrays(dataset):
    """All images [n, 1, 28, 28] and labels [n] of a data set."""
    images, labels = zip(*(dataset[index] for index in range(len(dataset))))
    return torch.stack(images), torch.tensor(labels)


def indices(count, config, seed):
    """The shuffled batches of a loader over `count` items, as indices."""
    return DataLoader(range(count), batch_size=config.batch_size, shuffle=True, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def accuracy(model, images, labels):
    return float((model(images.double())[:, :CLASSES].argmax(dim=1) == labels).double().mean())


def train(model, batches, epochs, learning_rate, loss_of):
    """Adam over `epochs` passes of `batches`."""
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    for _ in range(epochs):
        for batch in batches:
            optimizer.zero_grad(set_to_none=True)
            loss_of(batch).backward()
            optimizer.step()


def initial(config, seed):
    """The notebook's float32 model of `seed`, widened."""
    torch.manual_seed(seed)
    return alignment.build(config).double()


def run(config, seed, training, testing):
    """Test accuracies of teacher and student."""
    images, labels = training
    kept, _ = random_split(range(len(images)), [len(images) - config.audit_size, config.audit_size],
                           generator=torch.Generator().manual_seed(seed))
    kept = torch.tensor(kept.indices)
    teacher = initial(config, seed)
    train(teacher, indices(len(kept), config, seed + 100), config.teacher_epochs, config.lr_teacher,
          lambda batch: F.cross_entropy(teacher(images[kept[batch]].double())[:, :CLASSES], labels[kept[batch]]))
    noise = alignment.NoiseImages(config.noise_dataset_size, seed + 400, config.noise_dist)
    noise, _ = arrays(noise)
    student = initial(config, seed)
    train(student, indices(len(noise), config, seed + 500), config.student_epochs, config.lr_student,
          lambda batch: alignment.distillation_loss(student, teacher, noise[batch].double(), config))
    return accuracy(teacher, *testing), accuracy(student, *testing)


def main():
    config = alignment.parser().parse_args()
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    with torchvision_folder(config.mnist_dir, None) as (root, _):
        training, testing = (arrays(alignment.mnist(root, part, None)) for part in (True, False))
        for seed in config.seeds:
            teacher, student = run(config, seed, training, testing)
            print(f"seed {seed}: teacher {teacher:.4f}, student {student:.4f}", flush=True)


if __name__ == "__main__":
    main()
