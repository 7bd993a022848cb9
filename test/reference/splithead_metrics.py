"""Perturbations, layer comparisons and output files of the split-head experiment."""

import csv
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F

from splithead_model import derived_seed, forked_stream, parse_bool, set_seed

SCHEMA = "subliminal_unified_v1"
TINY = 1e-12
TIMINGS = ("before_teacher_training", "after_teacher_training", "before_student_training", "after_student_training")
TENSORS = ("weight", "bias")
ALIASES = {
    "teacher_student_init": "init_teacher_student", "teacher_student_final": "final_teacher_student",
    "student_init_final": "student_init_final", "teacher_init_final": "teacher_init_final",
}


def perturbation_from_text(text):
    """{target, layers, std, ...} from 'student:aux_head,std=0.1,timing=...'."""
    head, *settings = [part.strip() for part in text.split(",") if part.strip()] or [""]
    target, colon, layers = (part.strip() for part in head.partition(":"))
    if not colon:
        raise ValueError(f"--perturb: expected target:layers,key=value,..., got {text!r}")
    spec = {"target": target, "layers": layers}
    for setting in settings:
        key, equals, value = (part.strip() for part in setting.partition("="))
        if not equals:
            raise ValueError(f"--perturb: expected key=value, got {setting!r}")
        if key in ("std", "sigma"):
            spec["std"] = float(value)
        else:
            spec[key] = parse_bool(value) if key.startswith("include_") else value
    return spec


def chosen_layers(selector, available):
    """Layer names from 'all', 'fc1+aux_head' or a list."""
    if selector in (None, "all"):
        return list(available)
    if isinstance(selector, str):
        selector = selector.replace("+", ",").replace("|", ",").split(",")
    names = [str(name).strip() for name in selector if str(name).strip()]
    unknown = [name for name in names if name not in available]
    if unknown:
        raise ValueError(f"unknown layers {unknown} to perturb; available: {available}")
    return names


def complete_perturbation(index, spec, layers):
    """A perturbation with every field filled in. `layers`: {'teacher': [...], 'student': [...]}."""
    target = str(spec.get("target", "student")).lower()
    timing = str(spec.get("timing", "before_student_training"))
    std = float(spec.get("std", spec.get("sigma", 0.0)))
    if target not in layers or timing not in TIMINGS or std < 0:
        raise ValueError(f"perturbation {index}: bad target {target!r}, timing {timing!r} or std {std}")
    return {
        "index": index, "target": target, "timing": timing,
        "layers": chosen_layers(spec.get("layers", "all"), layers[target]), "std": std,
        "include_weight": parse_bool(spec.get("include_weight", True)),
        "include_bias": parse_bool(spec.get("include_bias", True)),
        "distribution": str(spec.get("distribution", "normal")).lower(),
    }


def norm(tensor):
    return float(torch.linalg.vector_norm(tensor.reshape(-1)).item())


def cosine(a, b):
    """Cosine similarity, NaN where either is zero."""
    if norm(a) < TINY or norm(b) < TINY:
        return math.nan
    return float(F.cosine_similarity(a.reshape(1, -1), b.reshape(1, -1), dim=1).item())


def snapshot(built):
    """{layer: {weight, bias}} copies."""
    return {name: copy_layer(getattr(built.model, name)) for name in built.layers}


def copy_layer(layer):
    tensors = {kind: getattr(layer, kind, None) for kind in TENSORS}
    return {kind: value.detach().cpu().clone() for kind, value in tensors.items() if value is not None}


@torch.no_grad()
def add_noise(layer, spec):
    """Add seeded Gaussian noise to a layer; weight first, then bias."""
    for kind in TENSORS:
        value = getattr(layer, kind, None)
        if value is None or not spec[f"include_{kind}"] or spec["std"] == 0:
            continue
        if spec["distribution"] != "normal":
            raise ValueError(f"unsupported distribution {spec['distribution']!r}")
        value.add_(torch.randn_like(value) * spec["std"])


def perturbation_metrics(before, after):
    """How far each tensor moved."""
    row = {}
    for kind in TENSORS:
        values = [math.nan] * 5
        if kind in before:
            old, new = before[kind], after[kind]
            moved, size = norm(new - old), norm(old)
            values = [moved, size, norm(new), moved / (size + TINY), cosine(old, new)]
        names = ("delta_norm", "before_norm", "after_norm", "delta_rel", "before_after_cosine")
        row.update({f"{kind}_{name}": value for name, value in zip(names, values)})
    return row


def perturb(timing, specs, networks, header, config, device):
    """Apply the perturbations due now; a row for each layer perturbed."""
    rows = []
    for spec in (spec for spec in specs if spec["timing"] == timing):
        for name in spec["layers"]:
            seed = derived_seed(config.seed, "perturb", spec["index"], timing, spec["target"], name)
            layer = getattr(networks[spec["target"]].model, name)
            before = copy_layer(layer)
            with forked_stream(device):
                set_seed(seed)
                add_noise(layer, spec)
            rows.append({
                **header, "timing": timing, "target": spec["target"], "layer_name": name, "std": spec["std"],
                "include_weight": int(spec["include_weight"]), "include_bias": int(spec["include_bias"]),
                "distribution": spec["distribution"], "perturb_seed": seed,
                **perturbation_metrics(before, copy_layer(layer)),
            })
    return rows


def layer_metrics(header, teacher, student):
    """All four comparisons. `teacher`, `student`: {'initial': snapshot, 'final': snapshot}."""
    both = list(dict.fromkeys([*teacher["initial"], *student["initial"]]))
    networks = {"teacher": teacher, "student": student}
    comparisons = [
        ("teacher_student_init", ("teacher", "initial"), ("student", "initial"), both),
        ("teacher_student_final", ("teacher", "final"), ("student", "final"), both),
        ("teacher_init_final", ("teacher", "initial"), ("teacher", "final"), list(teacher["initial"])),
        ("student_init_final", ("student", "initial"), ("student", "final"), list(student["initial"])),
    ]
    rows = []
    for name, reference, other, layers in comparisons:
        sides = {"comparison": name, "reference_model": reference[0], "other_model": other[0],
                 "reference_state": reference[1], "other_state": other[1]}
        snapshots = networks[reference[0]][reference[1]], networks[other[0]][other[1]]
        rows += [{**header, **sides, **compare(layer, kind, snapshots, (reference[0], other[0]))}
                 for layer in layers for kind in TENSORS]
    return rows


def compare(layer, kind, snapshots, models):
    """One tensor of one layer in two snapshots."""
    a, b = (side.get(layer, {}).get(kind) for side in snapshots)
    status = comparison_status(layer, snapshots, models, a, b)
    values = [math.nan] * 6
    if status == "comparable":
        size_a, size_b, apart = norm(a), norm(b), norm(a - b)
        values = [cosine(a, b), apart, size_a, size_b, apart / (size_a + TINY), 2.0 * apart / (size_a + size_b + TINY)]
    names = ("cosine", "diff_norm", "reference_norm", "other_norm",
             "relative_diff_reference", "relative_diff_symmetric")
    return {"layer_name": layer, "tensor_kind": kind, "reference_shape": shape_text(a), "other_shape": shape_text(b),
            "status": status, **dict(zip(names, values))}


def comparison_status(layer, snapshots, models, a, b):
    for side, model in zip(snapshots, models):
        if layer not in side:
            return f"missing_in_{model}"
    if a is None and b is None:
        return "missing_tensor_both"
    for tensor, model in ((a, models[0]), (b, models[1])):
        if tensor is None:
            return f"missing_tensor_in_{model}"
    return "comparable" if a.shape == b.shape else "shape_mismatch"


def shape_text(tensor):
    return "" if tensor is None else "x".join(str(n) for n in tensor.shape)


def head_aliases(rows):
    """Columns of runs.csv that repeat the heads' layer metrics."""
    columns = {}
    for row in rows:
        if row["layer_name"] in ("class_head", "aux_head"):
            name = f"{ALIASES[row['comparison']]}_{row['layer_name']}_{row['tensor_kind']}"
            columns[f"cos_{name}"] = row["cosine"]
            columns[f"rel_fro_{name}"] = row["relative_diff_reference"]
            columns[f"diff_norm_{name}"] = row["diff_norm"]
    return columns


def cell(value):
    """A value as the CSV files write it."""
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True)
    return int(value) if isinstance(value, bool) else value


def append_csv(path, rows):
    """Append rows; columns the file lacks are added to it."""
    if not rows:
        return
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    old = list(csv.reader(path.open(newline=""))) if path.exists() else []
    columns = list(dict.fromkeys([*(old[0] if old else []), *(key for row in rows for key in row)]))
    extend = bool(old) and columns != old[0]
    with path.open("a" if old and not extend else "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=columns, restval="")
        if extend or not old:
            writer.writeheader()
        if extend:
            writer.writerows(dict(zip(old[0], values)) for values in old[1:])
        writer.writerows({key: cell(value) for key, value in row.items()} for row in rows)


def append_jsonl(path, record):
    with Path(path).open("a") as file:
        file.write(json.dumps(record, sort_keys=True) + "\n")
