"""A result as a table on the terminal."""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from typing import Any

from relaxations.dimension_intervals import DimensionInterval
from relaxations.geometry_bounds import OptimumBounds
from relaxations.problems import SHARE_OF_THRESHOLD

from .result import CertifyResult


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
    facts.add_row("level", result.verdict.level or "-")
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
        words + (f"; chosen, λ_W λ_H at most {float(SHARE_OF_THRESHOLD):g} × threshold" if chosen else ""),
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
        table.add_row(str(t + 1), *(_text(entry) for entry in row), "-" if bound is None else rounded_up(bound))
    console.print(table)


def show_bounds_at_gap(bounds: OptimumBounds, gap: str) -> None:
    """Print what holds of every point within ``gap`` of the minimum."""
    print(f"every point within {gap} of the minimum, relatively:")
    rows: list[tuple[str, Sequence[float | None]]] = [
        ("ETF deviation", bounds.etf),
        ("prediction", bounds.prediction),
        ("margin", bounds.margin),
        ("orthogonality", [bounds.orthogonality]),
        ("cosine", [bounds.cosine]),
        ("sum rule", [bounds.sum_rule]),
    ]
    for name, values in rows:
        print(f"{name:<14} at most {', '.join('-' if v is None else rounded_up(v) for v in values)}")


def show_intervals(intervals: Sequence[DimensionInterval]) -> None:
    """Print between which numbers the minimum lies in every dimension."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("d", "minimum at least", "at most", "relative width", ""):
        table.add_column(name, justify="right")
    for interval in intervals:
        ends, wide = (interval.lower, interval.upper), f"{interval.relative_width:.2g}"
        table.add_row(str(interval.dimension), *ends, wide, "suffices" if interval.attained else "")
    Console(highlight=False).print(table)


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
    return "" if bound is None else f"; at most {rounded_up(bound)} at every global optimum"


def rounded_up(value: float) -> str:
    """Three digits, rounded up."""
    number = decimal.Context(prec=3, rounding=decimal.ROUND_UP).create_decimal_from_float(value)
    return f"{number:f}" if value >= 1e-2 else f"{number:.2e}"


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
