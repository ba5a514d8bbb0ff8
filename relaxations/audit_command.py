"""The command line of the audit: ``python -m relaxations.audit FILE``.  Exit 0 audited, 2 bad usage or bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from relaxations.audit import AuditResult, audit
from relaxations.audit_progress import shown_progress
from relaxations.design_options import numbers
from relaxations.last_layer import read_last_layer
from relaxations.records import provenance, record, write_json, write_text
from relaxations.workers import workers_named
from theory.losses import LOSSES
from theory.model import CONVENTIONS
from theory.rationals import exact

#: What the terms of the gap mean, in a sentence.
MEANINGS = {
    "prediction": "the network's predictions differ from the optimal ones (Kullback-Leibler for cross-entropy)",
    "alignment": "heads and features point in other directions than the optimal residual asks for",
    "balance": "the head and the feature of a direction have other lengths than the decays ask for",
    "within_cell": "samples with the same labels have different features (NC1)",
    "bias": "the decayed bias is not the one that the optimal residual asks for",
}
#: What the measures mean, in a sentence.
MEASURES = {
    "within_cell": "NC1: variance within cells over that between them, in the directions of the theory",
    "cross_task": "NC3: largest overlap of the heads of two tasks; 0 orthogonal, 1 equal",
    "sum_rule": "NC4: distance of the cell means from the weighted sum of the heads' rows",
    "sum_rule_plain": "NC4 as published, with an unweighted sum",
    "balance": "distance from stationarity's sum of λ_W W'W = λ_H HH', relative",
}

#: The kind of the record that ``--out`` leaves.
KIND = "audit"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(epilog="Example: python -m relaxations.audit last_layer.npz --weight-decay 5e-4 --json audit.json")
def command(
    file: Annotated[
        Path,
        typer.Argument(
            help=".npz, .safetensors or a folder of .npy: features (N, d), labels (N, T; -1 missing), "
            "heads.<task>.weight (K, d), optional heads.<task>.bias and tasks (names of the columns of labels)."
        ),
    ],
    weight_decay: Annotated[
        str | None, typer.Option(help="λ_W: one number, or one a task.  Default: fitted, and said to be.")
    ] = None,
    feature_decay: Annotated[
        str | None, typer.Option(help="λ_H on every sample's feature.  Default: fitted from the balance.")
    ] = None,
    task_weights: Annotated[str, typer.Option(help="Weights c_t: one number, or one a task.")] = "1",
    bias: Annotated[
        str, typer.Option(help="How the heads' bias is penalised: free, or its decay (one, or one a task).")
    ] = "free",
    loss: Annotated[str, typer.Option(help=f"One of {', '.join(LOSSES)}.")] = "ce",
    smoothing: Annotated[str, typer.Option(help="Label smoothing of the targets, 0 <= X < 1.")] = "0",
    convention: Annotated[str, typer.Option(help=f"One of {', '.join(CONVENTIONS)}.")] = "mean-halves",
    measures: Annotated[bool, typer.Option(help="Take the measures of collapse too (a second pass).")] = True,
    workers: Annotated[int | None, typer.Option(help="Threads or processes.  Default: one a core.")] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Dask: threads or processes on this machine, or an address (tcp://host:8786).  Default: no Dask."
        ),
    ] = None,
    json_file: Annotated[str | None, typer.Option("--json", help="Write the result; - prints it alone.")] = None,
    save_certificate: Annotated[
        Path | None, typer.Option(help="Write the problem's certificate, for relaxations.check.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for record.json, certificate.json (the problem) and network.certificate.json."),
    ] = None,
) -> None:
    """Audit a trained last layer: certified lower bound, what the gap to it is made of, measures of collapse."""
    try:
        layer = read_last_layer(file)
        with shown_progress() as progress, workers_named(scheduler, workers, progress) as team:
            result = audit(
                layer,
                team,
                weight_decay=None if weight_decay is None else numbers(weight_decay, "weight-decay"),
                feature_decay=None if feature_decay is None else exact(feature_decay, "feature-decay"),
                task_weights=numbers(task_weights, "task-weights"),
                bias=0 if bias == "free" else numbers(bias, "bias"),
                loss=loss,
                convention=convention,
                smoothing=exact(smoothing, "smoothing"),
                measures=measures,
            )
        if save_certificate is not None:
            result.certificate.save(save_certificate)
        if out is not None:
            write_audit(result, file, out)
        text = json.dumps(result.to_dict(), indent=1, allow_nan=False)
        if json_file not in (None, "-"):
            write_text(str(json_file), text + "\n")
    except (ValueError, TypeError, OSError, ImportError) as error:
        typer.echo(f"audit: {error}", err=True)
        raise typer.Exit(2) from None
    if json_file == "-":
        print(text)
    else:
        show(result)


def write_audit(result: AuditResult, file: Path, out: Path) -> None:
    """Leave an audit as a record with the two certificates that it rests on (see ``--out``).

    ``result`` is what ``--json`` writes, without its seconds, with the name of the file and what the terms mean.
    """
    data = result.to_dict()
    seconds = data.pop("seconds")
    words = {"meanings": MEANINGS, "measure_meanings": MEASURES}
    out.mkdir(parents=True, exist_ok=True)
    result.certificate.save(out / "certificate.json")
    result.network_certificate.save(out / "network.certificate.json")
    packages = ("numpy", "scipy", "python-flint")
    write_json(
        out / "record.json", record(KIND, {"file": file.name, **data, **words}, provenance(packages, seconds=seconds))
    )


def show(result: AuditResult) -> None:
    """Print a result."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    data, problem = result.to_dict(), result.problem
    proof = f"certified, {result.verdict.level}"
    bound = proof if result.proved else f"float64, not proved: {result.verdict.reason}"

    def line(name: str, text: str) -> None:
        console.print(f"{name:<14}", text, markup=False, soft_wrap=True)

    gap = data["relative_gap"]
    line("gap", "the zero network is optimal" if gap is None else f"{_percent(gap)} of f(0) - lower bound")
    line("f(network)", f"{result.value:.12g}    f(0) {result.value_at_zero:.12g}")
    line(
        "lower bound", f"{result.verdict.lower or result.lower} of the problem, by the solver's dual optimum ({bound})"
    )
    line("", f"{result.network_verdict.lower or '-'} by the network's own predictions")
    line("problem", f"{problem.design.samples} samples, {problem.design.cells} cells, d = {problem.dimension}")
    for name, values in (("λ_W", problem.weight_decay), ("λ_H", (problem.feature_decay,))):
        key = "weight_decay" if name == "λ_W" else "feature_decay"
        said = ", fitted to the network" if key in result.fitted else ""
        line(name, ", ".join(f"{float(x):.6g}" for x in values) + said)
    line("convention", f"{problem.convention}: {problem.convention_used.describe()}; products in {data['products']}")
    terms = Table(
        box=None, padding=(0, 2, 0, 0), header_style="bold", title="What the gap is made of", title_justify="left"
    )
    for name in ("term", "share", "value", "meaning"):
        terms.add_column(name, justify="right" if name in ("share", "value") else "left", no_wrap=name != "meaning")
    for name, meaning in MEANINGS.items():
        terms.add_row(name, _percent(data["shares"][name]), _text(data["anatomy"][name]), meaning)
    console.print(terms)
    tasks = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", title="Tasks", title_justify="left")
    heads = ("task", "K", "labelled", "prediction", "accuracy", "ETF", "nearest centre", "row norm")
    for name in heads:
        tasks.add_column(name, justify="right", no_wrap=True)
    for task in data["tasks"]:
        tasks.add_row(
            task["name"], str(task["classes"]), str(task["labelled"]), _percent(task["prediction_share"]),
            *(_text(task[key]) for key in ("accuracy", "etf", "nearest_centre", "row_norms")),
        )  # fmt: skip
    console.print(tasks)
    console.print(
        "ETF (NC2): distance of W W' from a simplex ETF; nearest centre (NC5): share of samples whose nearest class "
        "mean is not the predicted class; prediction: the task's share of that term; row norm: root mean square",
        markup=False,
    )
    if data["measures"] is not None:
        across = Table(box=None, padding=(0, 2, 0, 0), show_header=False, title="Across tasks", title_justify="left")
        for name, meaning in MEASURES.items():
            across.add_row(name, _text(data["measures"][name]), meaning)
        console.print(across)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.4g} %"


def _text(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}"
