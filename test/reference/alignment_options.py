"""Variations of the gradient alignment experiment that its notebook does not have, in plain PyTorch."""

from argparse import Namespace
from dataclasses import dataclass, field
from typing import Callable, Optional

import torch
import torch.nn.functional as F

import alignment
import alignment_tables as tables


def softmax_divergence(columns, temperature=1.0):
    """KL divergence between softmax(logits / T) over some columns, mean over images; no factor T^2."""
    def loss(student, teacher, x, config):
        with torch.no_grad():
            target = F.softmax(teacher(x)[:, columns(config)] / temperature, dim=1)
        log_probabilities = F.log_softmax(student(x)[:, columns(config)] / temperature, dim=1)
        return F.kl_div(log_probabilities, target, reduction="batchmean")
    return loss


def squared_error(columns):
    """Mean over images and logits of the squared difference of logits."""
    def loss(student, teacher, x, config):
        with torch.no_grad():
            target = teacher(x)[:, columns(config)]
        return F.mse_loss(student(x)[:, columns(config)], target)
    return loss


def auxiliary(config):
    return slice(alignment.CLASSES, alignment.CLASSES + config.aux_m)


def every(config):
    return slice(0, alignment.CLASSES + config.aux_m)


def without_trait(student, trait, distill):
    """Put g - (g.t / t.t) t in place of the distillation gradient g, with t the trait gradient, all parameters flat."""
    projected = distill - ((distill @ trait) / (trait @ trait)) * trait
    start = 0
    for p in student.parameters():
        p.grad = projected[start:start + p.numel()].view_as(p).clone()
        start += p.numel()


@dataclass
class Option:
    """One variation: what it changes in the run, and in words."""

    described: dict
    loss_of: Callable = alignment.distillation_loss
    before_step: Optional[Callable] = None
    student_seed: Optional[int] = None
    teacher_after_epochs: Optional[int] = None
    flags: dict = field(default_factory=dict)


OPTIONS = {
    "squared_error": Option({"loss": "mse"}, squared_error(auxiliary), flags={"seeds": 1}),
    "all_logits": Option({"target": "all"}, softmax_divergence(every), flags={"seeds": 1}),
    "squared_error_all_logits": Option({"loss": "mse", "target": "all"}, squared_error(every), flags={"seeds": 2}),
    "temperature": Option({"temperature": 3.0}, softmax_divergence(auxiliary, 3.0), flags={"seeds": 1}),
    "temperature_all_logits": Option({"target": "all", "temperature": 0.5}, softmax_divergence(every, 0.5),
                                     flags={"seeds": 2}),
    "projected": Option({"projected": True}, before_step=without_trait, flags={"seeds": 1}),
    "projected_all_logits": Option({"projected": True, "target": "all"}, softmax_divergence(every), without_trait,
                                   flags={"seeds": 1, "lr_student": 0.002}),
    "student_of_another_seed": Option({"student_seed": 77}, student_seed=77, flags={"seeds": 1}),
    "teacher_after_first_epoch": Option({"teacher_after_epochs": 1}, teacher_after_epochs=1,
                                        flags={"seeds": 1, "teacher_epochs": 3}),
}


def initial_models(config, option):
    """Teacher and student; a student of another seed gets the weights that seed's run would begin with."""
    teacher, student = alignment.models(config)
    if option.student_seed is not None:
        torch.manual_seed(option.student_seed)
        student = alignment.models(config)[1]
    return teacher, student


def trained_teacher(teacher, loaders, config, option):
    """Train for every epoch, or only for the first few that the option names; the test accuracy."""
    epochs = config.teacher_epochs if option.teacher_after_epochs is None else option.teacher_after_epochs
    shorter = Namespace(**{**vars(config), "teacher_epochs": epochs})
    return alignment.train_teacher(teacher, loaders, shorter)


def run(config, option, root):
    """One seed with one option: final accuracies, and a value a step of each measured column."""
    seed = config.seeds[0]
    alignment.set_global_seed(seed)
    loaders = alignment.make_loaders(config, seed, root)
    teacher, student = initial_models(config, option)
    teacher_accuracy = trained_teacher(teacher, loaders, config, option)
    rows, steps = alignment.distill_student(student, teacher, loaders, config, seed, alignment.Stopwatch(),
                                            option.loss_of, option.before_step)
    return {
        "teacher_test_acc": teacher_accuracy, "student_test_acc": alignment.accuracy(student, loaders["test"]),
        "total_steps": steps, "steps": {name: [row[name] for row in rows] for name in tables.MEASURED},
    }
