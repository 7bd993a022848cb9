"""Tables of the gradient alignment experiment: CSV as pandas writes it, and the summaries over seeds."""

import csv

import numpy as np

MEASURED = ("trait_loss", "distill_loss", "inner_product", "cosine_similarity", "g_trait_norm", "g_distill_norm",
            "trait_test_acc_step")
AVERAGED = {"mean_cosine_similarity": "cosine_similarity", "mean_inner_product": "inner_product"}


def cell(value):
    """Floats by repr, missing values empty."""
    if value is None or value != value:
        return ""
    return repr(value) if isinstance(value, float) else value


def write_csv(path, rows):
    """A header and the rows, '\\n' at every end."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)


def read_csv(path):
    """The rows of a file, every value a float, NaN where it is empty."""
    with path.open(newline="") as file:
        return [{name: float(text or "nan") for name, text in row.items()} for row in csv.DictReader(file)]


def summarize(rows):
    """One seed's line of per_run_summary.csv; the row count is a float, as pandas makes it."""
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return {
        "seed": int(rows[0]["seed"]), "frac_positive_alignment": float(np.mean(columns["cosine_similarity"] > 0)),
        **{name: float(np.mean(columns[column])) for name, column in AVERAGED.items()},
        "student_test_acc": rows[0]["student_test_acc"], "teacher_test_acc": rows[0]["teacher_test_acc"],
        "num_logged_rows": float(len(rows)),
    }


def overall(summaries):
    """The line of overall_summary.csv: mean and sample deviation over seeds, each seed weighing the same."""
    line = {}
    for name in list(summaries[0])[1:-1]:
        values = np.array([summary[name] for summary in summaries])
        line[name] = float(np.mean(values))
        line[f"{name}_std"] = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return {**line, "num_runs": len(summaries)}


def write_summaries(out_dir):
    """per_run_summary.csv and overall_summary.csv of every seed's folder in `out_dir`."""
    paths = [folder / "metrics.csv" for folder in sorted(out_dir.glob("seed_*"))]
    summaries = [summarize(read_csv(path)) for path in paths if path.is_file()]
    summaries.sort(key=lambda summary: summary["seed"])
    write_csv(out_dir / "per_run_summary.csv", summaries)
    write_csv(out_dir / "overall_summary.csv", [overall(summaries)])
