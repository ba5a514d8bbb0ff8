"""Solve a problem, prove between which numbers its minimum lies, hold the theorem against the proof.

    python -m relaxations.certify --tasks 3                 python -m relaxations.certify --classes 3,4,5 --bias free

The solver proposes a point and predictions (``solve.py``), they become a certificate (``certificate.py``), and the
checker alone (``check.py``) derives the enclosure from the certificate's text.  Status:

certified     the proven relative width is within the tolerance and, where a theorem applies, its value, evaluated
              in ball arithmetic, is not outside the enclosure;
refuted       a theorem applies and its value is proven to lie outside the enclosure;
inconclusive  anything else, with the reason.  Below the rank of the relaxation's optimum the lower bound holds
              but need not be attained, so the interval may stay open.
"""

from __future__ import annotations

import decimal
import json
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from relaxations import problems
from relaxations.balls import evaluate
from relaxations.certificate import Certificate
from relaxations.check import Verdict, check_certificate, parse, position
from relaxations.design_files import NamedDesign
from relaxations.geometry_bounds import OptimumBounds, optimum_bounds
from relaxations.records import write_text
from relaxations.solve import SOLVERS, Solution, solve
from theory import geometry
from theory.known_optimum import KnownOptimum, known_optimum
from theory.losses import LOSSES
from theory.model import CONVENTIONS, UFM
from theory.rationals import Number, exact

#: A head with less than this share of f(0) in its penalty is zero to the solver: it has no shape to measure.
NEGLIGIBLE = 1e-10


@dataclass(frozen=True)
class Deviations:
    """Collapse measured on the numerical optimum (:mod:`theory.geometry`); ``None`` where there is nothing to measure.

    etf : one a task, ``None`` for a head that is zero.
    orthogonality : the largest cross-task overlap of tasks that share a cell.
    cosine : the largest |cosine| between class vectors of tasks that share a cell.
    sum_rule : relative distance of the features from the weighted sum of the heads.
    """

    etf: tuple[float | None, ...]
    orthogonality: float | None
    cosine: float | None
    sum_rule: float | None


@dataclass(frozen=True)
class CertifyResult:
    """What :func:`certify_problem` found; :meth:`to_dict` is what ``--json`` writes.

    verdict : the checker's, on the text of ``certificate``.
    known : the theorem that applies (its dimension included), or ``None``; ``closed_form`` its value in float64 and
        ``inside`` whether that value is proved to lie in the enclosure: ``None`` if its ball overlaps an end.
    deviations : measured at the solver's point; bounds : proved of *every* global optimum.
    named : the design with the names that its source gave to tasks and classes, if it gave any.
    """

    status: str
    reason: str
    problem: UFM
    verdict: Verdict
    solution: Solution
    certificate: Certificate
    known: KnownOptimum | None
    closed_form: float | None
    inside: bool | None
    deviations: Deviations
    bounds: OptimumBounds
    seconds: dict[str, float]
    named: NamedDesign | None = None

    @property
    def certified(self) -> bool:
        """Is the status ``certified``?"""
        return self.status == "certified"

    @property
    def lower(self) -> str:
        """The proven lower end of the enclosure, a decimal rounded down."""
        return self.verdict.lower or "0"

    @property
    def upper(self) -> str | None:
        """The proven upper end, a decimal rounded up; ``None`` if there is none in range."""
        return self.verdict.upper

    @property
    def dimension_needed(self) -> int:
        """The d that suffices: the theorem's, or the rank of the optimum found."""
        covering = known_optimum(self.problem)
        return self.solution.rank if covering is None else covering.dimension_needed

    def to_dict(self) -> dict[str, Any]:
        """Plain data; ``None`` for what does not apply.  Decays, weights and thresholds in the stated convention."""
        problem, design, known = self.problem, self.problem.design, self.known
        tasks = [
            {
                "classes": k,
                "alive": None if known is None else known.tasks[t].alive,
                "threshold": None if known is None else float(problem.stated_product(known.tasks[t].threshold, t)),
                "margin": None if known is None else known.tasks[t].margin,
            }
            for t, k in enumerate(design.classes)
        ]
        return {
            "status": self.status,
            "reason": self.reason,
            "lower": self.verdict.lower,
            "upper": self.verdict.upper,
            "gap": _finite(self.verdict.gap),
            "relative_gap": _finite(self.verdict.relative_gap),
            "rank": self.solution.rank,
            "dimension_needed": self.dimension_needed,
            "solver": self.solution.solver,
            "solver_status": self.solution.status,
            "problem": {
                "id": problem.identity,
                "scenario": design.scenario,
                "loss": problem.loss,
                "convention": problem.convention,
                "classes": list(design.classes),
                "counts": design.counts.tolist(),
                "samples": design.samples,
                "task_weights": [float(c) for c in problem.task_weights],
                "weight_decay": [float(w) for w in problem.weight_decay],
                "feature_decay": float(problem.feature_decay),
                "bias": "free"
                if problem.free_bias
                else None
                if problem.bias is None
                else [float(b) for b in problem.bias],
                "dimension": problem.dimension,
            },
            "design": (self.named or NamedDesign(design)).to_dict(),
            "tasks": tasks,
            "deviations": {
                "etf": list(self.deviations.etf),
                "orthogonality": self.deviations.orthogonality,
                "cosine": self.deviations.cosine,
                "sum_rule": self.deviations.sum_rule,
                "etf_bound": list(self.bounds.etf),
                "orthogonality_bound": self.bounds.orthogonality,
                "cosine_bound": self.bounds.cosine,
                "sum_rule_bound": self.bounds.sum_rule,
                "prediction_bound": list(self.bounds.prediction),
                "margin_bound": list(self.bounds.margin),
            },
            "pairs": []
            if known is None
            else [
                {
                    "tasks": list(pair.tasks),
                    "correlation": float(pair.correlation),
                    "margins": list(pair.margins),
                    "cosine": pair.cosine,
                }
                for pair in known.pairs
            ],
            "closed_form": None if known is None else {"value": self.closed_form, "inside": self.inside},
            "seconds": self.seconds,
        }


def certify_problem(problem: UFM, solver: str = "auto", tolerance: Number = "1e-8") -> CertifyResult:
    """Solve ``problem``, have the checker enclose its minimum, compare with the theorem where there is one.

    ``solver`` is one of :data:`relaxations.solve.SOLVERS`; ``tolerance`` the relative width to prove.
    Raises ``ValueError`` for a tolerance that is not positive and what :func:`relaxations.solve.solve` raises.
    """
    begun = time.perf_counter()
    limit = exact(tolerance, "tolerance")
    if limit <= 0:
        raise ValueError(f"tolerance: {tolerance}; expected a positive number")
    solution = solve(problem, solver)
    solved = time.perf_counter()
    certificate = Certificate.from_solution(solution)
    # the text is what a file would hold: nothing reaches the checker by another way
    verdict = check_certificate(parse(certificate.to_text()), str(limit))
    checked = time.perf_counter()

    covering = known_optimum(problem)
    known = covering if covering is not None and covering.attained(problem) else None
    place, value = None, None
    if known is not None:
        ball = evaluate(known.value)
        place, value = position(verdict, ball), float(ball)
    status, reason = _status(verdict, known, place, solution)
    deviations = measure(problem, solution)
    compared = time.perf_counter()
    bounds = optimum_bounds(problem, solution.q, verdict.upper)
    now = time.perf_counter()
    seconds = {"solve": solved - begun, "check": checked - solved, "bounds": now - compared, "total": now - begun}
    inside = None if place in (None, "overlaps") else place == "inside"
    return CertifyResult(
        status, reason, problem, verdict, solution, certificate, known, value, inside, deviations, bounds, seconds
    )


def _status(verdict: Verdict, known: KnownOptimum | None, place: str | None, solution: Solution) -> tuple[str, str]:
    if known is not None and place == "outside":
        return "refuted", f"the value of theorem {known.theorem} lies outside the proven enclosure"
    if verdict.certified:
        if known is None:
            return "certified", f"{verdict.reason}; no theorem applies"
        if place == "inside":
            return "certified", f"{verdict.reason}; the value of theorem {known.theorem} lies inside"
        return (
            "certified",
            f"{verdict.reason}; the value of theorem {known.theorem} meets an end to rounding, not refuted",
        )
    reason = verdict.reason
    if solution.rank > solution.problem.dimension:
        reason += (
            f"; the relaxation's optimum has rank {solution.rank} and the feature dimension is "
            f"{solution.problem.dimension}: the lower bound holds but need not be attained (take --dim {solution.rank})"
        )
    return "inconclusive", reason


def measure(problem: UFM, solution: Solution) -> Deviations:
    """The measures of collapse at a solver's point; heads that are zero to the solver's accuracy are left out."""
    W = solution.W.copy()
    floor = NEGLIGIBLE * max(problem.value_at_zero(), 1e-300)
    for t, rows in problem.design.blocks():
        if float(problem.lambda_w[t]) * float((W[rows] ** 2).sum()) < floor:
            W[rows] = 0.0
    etf = tuple(_finite(geometry.etf_deviation(W[rows])) for _, rows in problem.design.blocks())
    return Deviations(
        etf=etf,
        orthogonality=geometry.largest_overlap(problem, W, sharing=True),
        cosine=geometry.largest_cosine(problem, W),
        sum_rule=_finite(geometry.sum_rule_deviation(problem, W, solution.H)),
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


# --------------------------------------------------------------------------- command line

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


#: Panels of --help.
DESIGN, MODEL, SOLVING, OUTPUT = "Design: who carries which labels", "Model", "Solving", "Output"


@app.command()
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
    convention: Annotated[
        str, typer.Option(help=f"One of {', '.join(CONVENTIONS)}.", rich_help_panel=MODEL)
    ] = "mean-halves",
    solver: Annotated[str, typer.Option(help=f"One of {', '.join(SOLVERS)}.", rich_help_panel=SOLVING)] = "auto",
    tolerance: Annotated[str, typer.Option(help="Relative width to prove.", rich_help_panel=SOLVING)] = "1e-8",
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
            smoothing, samples_per_cell,
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
        result = replace(certify_problem(problem, solver, tolerance), named=named)
        if save_certificate is not None:
            result.certificate.save(save_certificate)
        text = json.dumps(result.to_dict(), indent=1, allow_nan=False)
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
    raise typer.Exit(0 if result.certified else 1)


def show(result: CertifyResult, chosen: bool = False) -> None:
    """Print a result as a short table; ``chosen`` says that the decays are defaults."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    data, problem = result.to_dict(), result.problem
    colour = {"certified": "green", "refuted": "red"}.get(result.status, "yellow")
    console.print(f"[bold {colour}]{result.status}[/]  {result.reason}", soft_wrap=True)
    facts = Table.grid(padding=(0, 2))
    facts.add_row("design", _sizes(data))
    facts.add_row("minimum in", f"[{result.verdict.lower}, {result.verdict.upper}]")
    facts.add_row("gap", f"{_text(data['gap'])}, relative {_text(data['relative_gap'])}")
    if result.known is not None:
        place = {True: "proved inside", False: "proved outside", None: "meets an end"}[result.inside]
        facts.add_row("closed form", f"{result.closed_form:.15g}, {place} (theorem {result.known.theorem})")
    for pair in data["pairs"]:
        first, second = (t + 1 for t in pair["tasks"])
        angle = f"cosine of equal classes {_text(pair['cosine'])}"
        facts.add_row("correlation", f"{_text(pair['correlation'])} (tasks {first} and {second}); {angle}")
    facts.add_row(
        "dimension", f"{problem.dimension}; needed {result.dimension_needed}, rank found {result.solution.rank}"
    )
    for name in ("orthogonality", "cosine", "sum_rule"):
        measured, bound = data["deviations"][name], data["deviations"][f"{name}_bound"]
        facts.add_row(name.replace("_", " "), _text(measured) + _proved(bound))
    words = ", ".join(
        f"{name} {','.join(f'{float(x):.6g}' for x in sorted(set(values)))}"
        for name, values in (("λ_W", problem.weight_decay), ("λ_H", (problem.feature_decay,)))
    )
    facts.add_row(
        "decays",
        words + (f"; chosen, λ_W λ_H at most {float(problems.SHARE_OF_THRESHOLD):g} × threshold" if chosen else ""),
    )
    facts.add_row("convention", f"{problem.convention}: {problem.convention_used.describe()}")
    facts.add_row("solver", f"{result.solution.solver}: {result.solution.status}")
    facts.add_row("seconds", ", ".join(f"{name} {value:.2f}" for name, value in result.seconds.items()))
    for row in zip(*(column.cells for column in facts.columns), strict=True):
        console.print(f"{row[0]!s:<14}", row[1], markup=False, soft_wrap=True)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("task", "classes", "λ_W λ_H", "threshold", "state", "margin", "ETF deviation", "proved <="):
        table.add_column(name, justify="right")
    for t, task in enumerate(data["tasks"]):
        product = float(problem.weight_decay[t] * problem.feature_decay)
        life = {True: "alive", False: "dead", None: "-"}[task["alive"]]
        row = (task["classes"], product, task["threshold"], life, task["margin"], data["deviations"]["etf"][t])
        bound = data["deviations"]["etf_bound"][t]
        table.add_row(str(t + 1), *(_text(entry) for entry in row), "-" if bound is None else _upward(bound))
    console.print(table)


def _sizes(data: dict[str, Any]) -> str:
    """The sizes of a design, printed back: what was read is what is solved."""
    design, classes = data["design"], data["problem"]["classes"]
    names = design["task_names"] or [str(t + 1) for t in range(len(classes))]
    counted = [("tasks", len(classes)), ("cells", design["cells"]), ("samples", design["samples"])]
    text = ", ".join(f"{n} {word if n != 1 else word[:-1]}" for word, n in counted)
    text = f"{data['problem']['scenario']}: {text}"
    if design["task_names"] or any(design["missing"]):
        for t, k in enumerate(classes):
            labels = (design["class_names"] or [None] * len(classes))[t]
            known = f" ({', '.join(labels)})" if labels else ""
            text += f"; task {names[t]}: {k} classes{known if len(known) < 80 else known[:76] + '...)'}"
            text += f", {design['missing'][t]} missing"
    return text


def _proved(bound: float | None) -> str:
    return "" if bound is None else f"; at most {_upward(bound)} at every global optimum"


def _upward(value: float) -> str:
    """Three digits, rounded up."""
    number = decimal.Context(prec=3, rounding=decimal.ROUND_UP).create_decimal_from_float(value)
    return f"{number:f}" if value >= 1e-2 else f"{number:.2e}"


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    app()
