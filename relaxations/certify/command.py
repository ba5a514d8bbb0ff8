"""The command line of ``python -m relaxations.certify``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from relaxations import problems
from relaxations.dimension_intervals import dimension_intervals
from relaxations.records import write_text
from relaxations.solve import SOLVERS
from theory.losses import LOSSES
from theory.model import CONVENTIONS
from theory.rationals import exact

from .problem import bounds_at_gap, certify_problem
from .table import show, show_bounds_at_gap, show_intervals

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


#: Panels of --help.
DESIGN, MODEL, SOLVING, OUTPUT = "Design: who carries which labels", "Model", "Solving", "Output"


@app.command(epilog="Example: python -m relaxations.certify --classes 3,4 --bias free --save-certificate c.json")
def command(
    tasks: Annotated[int | None, typer.Option(help="Number of tasks.", rich_help_panel=DESIGN)] = None,
    classes: Annotated[
        str | None,
        typer.Option(help="Classes: one number, or one a task (3,4,5).  Default 3.", rich_help_panel=DESIGN),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            help="ssmtc: every tuple of labels (default); msmtc: every sample one label; xor: two bits and their "
            "exclusive or; oa: pairwise independent tasks of p classes (p prime) on p*p cells.",
            rich_help_panel=DESIGN,
        ),
    ] = None,
    frequencies: Annotated[
        str | None,
        typer.Option(
            help="Independent tasks with these class frequencies, tasks separated by ';' (3,1,1;1,1).",
            rich_help_panel=DESIGN,
        ),
    ] = None,
    correlation: Annotated[
        str | None,
        typer.Option(
            help="Two tasks that agree with probability (1+(K-1)R)/K, R from -1/(K-1) to 1; more tasks for R >= 0.",
            rich_help_panel=DESIGN,
        ),
    ] = None,
    agreement: Annotated[
        str | None,
        typer.Option(help="The same, by the probability that two tasks agree, 0 to 1.", rich_help_panel=DESIGN),
    ] = None,
    joint: Annotated[
        str | None,
        typer.Option(
            help="Joint table of counts as nested lists of JSON ([[3,1],[0,2]]), or a file of it.",
            rich_help_panel=DESIGN,
        ),
    ] = None,
    design: Annotated[
        str | None,
        typer.Option(
            help="CSV file: a header, one column a task (class index or name, empty = missing), optional column "
            "'count'.",
            metavar="FILE",
            rich_help_panel=DESIGN,
        ),
    ] = None,
    soft_labels: Annotated[
        str | None,
        typer.Option(
            help='JSON, given or in a file: rows of probabilities a task, null = missing: {"colour": [[0.9,0.1],...]}.',
            metavar="JSON|FILE",
            rich_help_panel=DESIGN,
        ),
    ] = None,
    annotated: Annotated[
        str | None,
        typer.Option(
            help="Partial annotation: the fraction of samples with every label, the others having one; or shares of "
            "groups of tasks (1+2:1/4,1:3/8,2:3/8).",
            rich_help_panel=DESIGN,
        ),
    ] = None,
    label_noise: Annotated[
        str | None,
        typer.Option(
            help="Rate of wrong labels (one, or one a task), or confusion matrices as JSON: targets become soft.",
            rich_help_panel=DESIGN,
        ),
    ] = None,
    memorised_noise: Annotated[
        bool,
        typer.Option("--memorised-noise", help="Wrong labels are cells of their own instead.", rich_help_panel=DESIGN),
    ] = False,
    smoothing: Annotated[str, typer.Option(help="Label smoothing, 0 <= X < 1.", rich_help_panel=DESIGN)] = "0",
    samples_per_cell: Annotated[
        str,
        typer.Option(
            help="Every sample so many times (msmtc: samples of a class, or one a task).", rich_help_panel=DESIGN
        ),
    ] = "1",
    loss: Annotated[str, typer.Option(help=f"One of {', '.join(LOSSES)}.", rich_help_panel=MODEL)] = "ce",
    task_weights: Annotated[
        str, typer.Option(help="Weights c_t: one number, or one a task.", rich_help_panel=MODEL)
    ] = "1",
    weight_decay: Annotated[
        str | None, typer.Option(help="λ_W: one number, or one a task.", rich_help_panel=MODEL)
    ] = None,
    feature_decay: Annotated[
        str | None,
        typer.Option(help="λ_H.  Missing decays: λ_W λ_H = 0.03 × the threshold.", rich_help_panel=MODEL),
    ] = None,
    bias: Annotated[
        str, typer.Option(help="none, free, or its decay (one number, or one a task).", rich_help_panel=MODEL)
    ] = "none",
    dim: Annotated[int | None, typer.Option(help="Feature dimension d.  Default ΣK_t.", rich_help_panel=MODEL)] = None,
    every_dim: Annotated[
        bool,
        typer.Option(
            "--every-dim", help="Also the interval for d = 1 to the rank that suffices.", rich_help_panel=MODEL
        ),
    ] = False,
    convention: Annotated[
        str, typer.Option(help=f"One of {', '.join(CONVENTIONS)}.", rich_help_panel=MODEL)
    ] = "mean-halves",
    solver: Annotated[str, typer.Option(help=f"One of {', '.join(SOLVERS)}.", rich_help_panel=SOLVING)] = "auto",
    tolerance: Annotated[str, typer.Option(help="Relative width to prove.", rich_help_panel=SOLVING)] = "1e-8",
    trust: Annotated[
        str,
        typer.Option(
            help="Who judges: balls (nothing assumed), floats (a-priori rounding bounds, for large problems), or auto.",
            rich_help_panel=SOLVING,
        ),
    ] = "auto",
    gap: Annotated[
        str | None,
        typer.Option(
            help="Also bounds on the geometry of every point whose value is within this share of the minimum (1e-6).",
            rich_help_panel=SOLVING,
        ),
    ] = None,
    json_file: Annotated[
        str | None,
        typer.Option("--json", help="Write the result to a file; - prints it alone.", rich_help_panel=OUTPUT),
    ] = None,
    save_certificate: Annotated[
        Path | None, typer.Option(help="Write the certificate, for relaxations.check.", rich_help_panel=OUTPUT)
    ] = None,
) -> None:
    """Certify the global minimum of a multi-task problem.  Exit 0 certified, 1 not, 2 bad usage."""
    try:
        named = problems.DesignOptions(
            tasks, classes, scenario, frequencies, correlation, joint, design, annotated, label_noise, memorised_noise,
            smoothing, samples_per_cell, agreement, soft_labels,
        ).build()  # fmt: skip
        problem = problems.with_default_decays(
            named.design,
            None if weight_decay is None else problems.numbers(weight_decay, "weight-decay"),
            None if feature_decay is None else exact(feature_decay, "feature-decay"),
            problems.numbers(task_weights, "task-weights"),
            None if bias == "none" else exact(0) if bias == "free" else problems.numbers(bias, "bias"),
            loss,
            dim,
            convention,
        )
        result = replace(certify_problem(problem, solver, tolerance, trust), named=named)
        if save_certificate is not None:
            result.certificate.save(save_certificate)
        data = result.to_dict()
        intervals = dimension_intervals(problem, tolerance=tolerance, trust=trust) if every_dim else ()
        if every_dim:
            data["intervals"] = [interval.to_dict() for interval in intervals]
        near = None if gap is None else bounds_at_gap(result, gap)
        if near is not None:
            data["at_gap"] = {"relative_gap": float(exact(str(gap), "gap")), **near.to_dict()}
        text = json.dumps(data, indent=1, allow_nan=False)
        if json_file not in (None, "-"):
            write_text(str(json_file), text + "\n")
    except (ValueError, TypeError, OSError) as error:
        typer.echo(f"certify: {error}", err=True)
        raise typer.Exit(2) from None
    except RuntimeError as error:  # a conic solver that ended without a point
        typer.echo(f"certify: inconclusive: {error}; another --solver may do", err=True)
        raise typer.Exit(1) from None
    if json_file == "-":
        print(text)
    else:
        show(result, chosen=weight_decay is None or feature_decay is None)
        if near is not None:
            show_bounds_at_gap(near, str(gap))
        if every_dim:
            show_intervals(intervals)
    raise typer.Exit(0 if result.certified else 1)
