"""Small runs of the split-head experiment, as fixtures/splithead.json.

    python3 test/reference/splithead_cases.py --mnist-dir DIR [--emnist-dir DIR] [--out FOLDER]
"""

import argparse
import contextlib
import io
import json
import math
import time
from pathlib import Path

import torch
from torch.utils.data import DataLoader

import encode
import splithead
import splithead_data as data
from image_folders import fingerprints, torchvision_folder
from random_stream import Indices
from splithead_model import build, derived_seed, set_seed

SMALL = {
    "--device": "cpu", "--class-count": "2", "--teacher-epochs": "1", "--student-epochs": "1", "--noise-steps": "5",
    "--noise-bsize": "128", "--eval-noise-batches": "2", "--eval-noise-bsize": "256", "--data-bsize": "512",
    "--teacher-hidden-dims": "32,24", "--student-hidden-dims": "32,24",
}
CPU = torch.device("cpu")
LEFT_OUT = {"schema_version", "run_id", "timestamp", "runtime_seconds", "torch_version", "cuda_available", "device",
            "data_dir", "outdir"}
REPEATED = LEFT_OUT | {"seed", "sweep_name", "run_label"}


def conv(channels, kernel=3, **rest):
    return {"type": "conv2d", "out_channels": channels, "kernel_size": kernel, **rest}


def dense(width, **rest):
    return {"type": "linear", "out_features": width, **rest}


def pool(kind, **rest):
    return {"pool": {"type": kind, **rest}}


CUSTOM_TEACHER = [
    conv(4, [3, 5], stride=2, padding=[1, 2], activation="tanh"),
    {"name": "second", **conv(6, 3, activation="gelu", **pool("avg", kernel_size=2))},
    dense(20, activation="sigmoid"),
]
CUSTOM_STUDENT = [
    conv(4, 3, padding=1, bias=False, **pool("adaptive_avg", output_size=14)),
    conv(5, 3, stride=2, padding=2, dilation=2, activation="gelu", **pool("max", kernel_size=3, stride=2, padding=1)),
    dense(24, activation=None), dense(16, activation="tanh"),
]
CONVOLUTIONS_ONLY = [
    conv(3, 5, stride=2, **pool("average", kernel_size=2, stride=1)),
    conv(4, 3, **pool("adaptive_average", output_size=[2, 2], kernel_size=4, stride=3)),
]
PAPER_STUDENT = [
    {"name": "conv1", **conv(8, 3, padding=1, activation="relu", **pool("max", kernel_size=2))},
    {"name": "conv2", **conv(12, 3, padding=1, activation="relu", **pool("max", kernel_size=4))},
    {"name": "fc1", **dense(24, activation="relu")},
]
PERTURBATIONS = [
    {"target": "teacher", "layers": "all", "std": 0.02, "timing": "before_teacher_training"},
    {"target": "student", "layers": ["fc1", "class_head"], "std": 0.01, "timing": "before_teacher_training"},
    {"target": "teacher", "layers": ["fc2"], "sigma": 0.05, "timing": "after_teacher_training"},
    {"std": 0.01, "layers": "aux_head", "timing": "after_student_training", "include_weight": False},
    {"target": "student", "layers": "fc2|fc1", "std": 0.0},
]


def flags(**changes):
    """The small run's flags with changes; None drops a flag, True is a switch, a list repeats it."""
    given = {**SMALL, **{f"--{name.replace('_', '-')}": value for name, value in changes.items()}}
    words = []
    for name, value in given.items():
        for one in value if isinstance(value, list) else [value]:
            words += [] if one is None else [name] if one is True else [name, str(one)]
    return words


def arch(spec):
    return json.dumps(spec)


MNIST_CASES = {
    "mlp": flags(teacher_hidden_dims="256,256", student_hidden_dims="256,256"),
    "mlp_depths": flags(teacher_hidden_dims="64,32", student_hidden_dims="48", teacher_init="random,A,B,A",
                        student_init="fc1:random,aux_head:B", seed=0),
    "mlp_deeper_student": flags(teacher_hidden_dims="32", student_hidden_dims="40,24,16", seed=1, m=3,
                                teacher_init="all:B", student_init="all:random,class_head:B,aux_head:A"),
    "one_auxiliary_output": flags(m=1, seed=5, noise_steps=4, student_init="random,random,A,A"),
    "learning_rates": flags(teacher_lr=0.003, student_lr=0.0005, noise_steps=4, seed=11),
    "two_epochs": flags(teacher_epochs=2, student_epochs=3, noise_steps=2, data_bsize=4000, seed=12),
    "no_training": flags(teacher_epochs=0, student_epochs=0, seed=13),
    "large_seed": flags(teacher_epochs=0, student_epochs=0, seed=10**12 + 7),
    "three_classes": flags(class_count=3, seed=2),
    "all_classes": flags(class_count=None, data_bsize=6000, seed=3, sweep_name="whole", run_label="all, ten"),
    "normal_noise": flags(noise_dist="normal", seed=4),
    "normal_noise_normalized": flags(noise_dist="normal", normalize_noise=True, seed=4),
    "uniform_noise_normalized": flags(normalize_noise=True, seed=6),
    "perlin_noise": flags(noise_dist="perlin", seed=7),
    "perlin_noise_coarse": flags(noise_dist="perlin", perlin_res=4, normalize_noise=True, seed=7),
    "perlin_noise_uneven": flags(noise_dist="perlin", perlin_res=5, seed=8),
    "frozen": flags(teacher_trainable="fc1:true,class_head:false", student_trainable="false,true,true,false", seed=9),
    "frozen_heads": flags(teacher_trainable="all:true,class_head:no,aux_head:0", student_trainable="1,yes,n,f", seed=9),
    "perturb_aux_head": flags(seed=10, perturb=["student:aux_head,std=0.1,timing=before_student_training,"
                                                "include_weight=true,include_bias=true"]),
    "perturb_shorthand": flags(seed=10, perturb=[
        "student:fc1+aux_head,std=0.1,timing=before_student_training,include_bias=false",
        "student:all,sigma=0.01", "teacher:class_head,std=0.2,timing=after_student_training"]),
    "perturb_all_timings": flags(seed=10, perturb_spec=json.dumps(PERTURBATIONS),
                                 perturb=["teacher:aux_head,std=0.03,timing=before_student_training"]),
    "cnn_default": flags(teacher_type="cnn", student_type="cnn", noise_steps=4, data_bsize=1024,
                         teacher_hidden_dims="16", student_hidden_dims="16"),
    "cnn_custom": flags(teacher_type="cnn", student_type="cnn", teacher_arch_spec=arch(CUSTOM_TEACHER),
                        student_arch_spec=arch(CUSTOM_STUDENT), teacher_init="all:B,class_head:A", seed=14),
    "cnn_without_linear": flags(teacher_type="cnn", student_type="cnn", teacher_arch_spec=arch(CONVOLUTIONS_ONLY),
                                student_arch_spec=arch(CONVOLUTIONS_ONLY), student_init="random,A,A,A", seed=15),
    "mlp_teacher_cnn_student": flags(
        student_type="cnn", student_arch_spec=arch(PAPER_STUDENT), noise_dist="perlin", seed=16, noise_steps=4,
        teacher_init="fc1:random,fc2:random,class_head:A,aux_head:A",
        student_init="conv1:random,conv2:random,fc1:random,class_head:A,aux_head:A"),
    "cnn_teacher_mlp_student": flags(teacher_type="cnn", teacher_arch_spec=arch(PAPER_STUDENT), seed=19),
    "cnn_perturbed": flags(teacher_type="cnn", student_type="cnn", teacher_arch_spec=arch(PAPER_STUDENT),
                           student_arch_spec=arch(CUSTOM_STUDENT), seed=18, noise_steps=4,
                           perturb=["student:conv1+conv2,std=0.05", "teacher:conv2,std=0.01,"
                                    "timing=before_teacher_training"]),
}
EMNIST_CASES = {
    "emnist_balanced": flags(dataset="emnist", class_count=3, data_bsize=256),
    "emnist_balanced_all": flags(dataset="EMNIST", class_count=None, data_bsize=2048, seed=1, m=50),
    "emnist_letters": flags(dataset="emnist", emnist_split="letters", class_count=2, data_bsize=128, seed=2),
    "emnist_letters_all": flags(dataset="emnist", emnist_split="letters", class_count=None, data_bsize=1024, seed=3),
    "emnist_cnn_default": flags(dataset="emnist", emnist_split="letters", class_count=2, data_bsize=256, seed=4,
                                teacher_type="cnn", student_type="cnn", noise_steps=4, noise_bsize=64,
                                eval_noise_bsize=100),
}


def jsonable(value):
    """NaN becomes null; integers no double can hold become strings."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > encode.SAFE_INTEGER:
        return str(value)
    return value


def row(values, left_out):
    return {key: jsonable(value) for key, value in values.items() if key not in left_out}


def first_values(value):
    """{shape, sha256, first5} of a weight."""
    digest = encode.digest(value, 5, 0)
    return {"shape": list(value.shape), "sha256": digest["sha256"], "first5": digest["first"]}


def initial_weights(config):
    """Each tensor of both networks as built, before any perturbation."""
    networks = {role: build(role, config, data.class_count(config), CPU).model for role in ("teacher", "student")}
    return {role: {name: first_values(value) for name, value in model.named_parameters()}
            for role, model in networks.items()}


def first_epoch_order(config, size):
    """The order in which the teacher's first epoch visits the training set."""
    loader = DataLoader(Indices(size), batch_size=config.data_bsize, shuffle=True,
                        generator=data.shuffle_generator(config))
    return encode.digest(torch.cat(list(loader)), 20, 4)


def first_noise(config):
    """The student's first training batch."""
    set_seed(derived_seed(config.seed, "student_training_noise"))
    noise = data.sample_noise(config, config.noise_bsize, CPU)
    return {"shape": list(noise.shape), **encode.digest(noise, 20, 4), "sum": noise.double().sum().item()}


def make_case(name, words, data_dir):
    """Run one configuration."""
    start = time.time()
    config = splithead.parse([*words, "--data-dir", data_dir])
    with contextlib.redirect_stdout(io.StringIO()):
        result = splithead.run(config)
    case = {
        "name": name, "flags": words, "run_row": row(result["run_row"], LEFT_OUT),
        "layer_rows": [row(values, REPEATED) for values in result["layer_rows"]],
        "perturbation_rows": [row(values, REPEATED) for values in result["perturbation_rows"]],
        "initial_weights": initial_weights(config),
        "first_epoch_order": first_epoch_order(config, result["run_row"]["train_size"]),
        "first_noise_batch": first_noise(config),
    }
    print(f"{name}: {time.time() - start:.1f} s", flush=True)
    return case


def earlier_emnist(out):
    """The EMNIST part of the fixture as it stands."""
    path = Path(out) / "splithead.json"
    if not path.is_file():
        return {}, []
    before = json.loads(path.read_text())
    return before["data"].get("emnist", {}), [case for case in before["cases"] if case["name"] in EMNIST_CASES]


def make_all(root, present, arguments):
    """Every case whose data is there; without EMNIST its cases stay as they were."""
    if "mnist" not in present:
        raise SystemExit(f"--mnist-dir: no MNIST files in {arguments.mnist_dir}")
    wanted = {**MNIST_CASES, **(EMNIST_CASES if "emnist" in present else {})}
    cases = [make_case(name, words, root) for name, words in wanted.items()]
    prints = {name: fingerprints(root, name) for name in present}
    if "emnist" not in present:
        print("no EMNIST files (--emnist-dir): its cases are not made again")
        prints["emnist"], kept = earlier_emnist(arguments.out)
        cases += kept
    return {"about": encode.about("splithead_cases.py"), "data": prints, "cases": cases}


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist-dir", required=True, help="folder with MNIST's four files, plain or gzipped")
    parser.add_argument("--emnist-dir", help="folder with EMNIST's balanced and letters files, plain or gzipped")
    parser.add_argument("--out", default=str(encode.FIXTURES), help="folder for the fixture (default: fixtures/)")
    return parser.parse_args()


def main():
    arguments = parse()
    torch.set_num_threads(1)
    with torchvision_folder(arguments.mnist_dir, arguments.emnist_dir) as (root, present):
        content = make_all(root, present, arguments)
    encode.write_fixture("splithead", content, arguments.out)


if __name__ == "__main__":
    main()
