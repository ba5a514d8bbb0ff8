"""A trained run beside what was predicted of it: the lines of its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reports import latex
from reports.latex import Latex
from reports.runs import TrainedRun


@dataclass(frozen=True)
class Compared:
    """A line of the table of a run: what theory predicts, the network untrained and trained, the gate if any."""

    quantity: Latex
    predicted: Latex
    untrained: Latex
    trained: Latex
    gate: Latex


def comparison(run: TrainedRun) -> list[Compared]:
    """Predicted beside measured, line by line; predictions come from the certificate or the theorem."""
    first, last = run.history[0], run.final
    gates = {g["measure"]: g for g in run.gates}
    known = run.checked.known
    linked = any(len(tasks) > 1 for tasks, _ in run.problem.design.components())

    def gate(key: str) -> Latex:
        g = gates.get(key)
        if g is None:
            return Latex("")
        sign, bound = (r"\le", g["at_most"]) if g["at_most"] is not None else (r"\ge", g["at_least"])
        mark = r"\passed" if g["passed"] else r"\failed"
        return Latex(rf"${sign}$ {_bound(bound)} {mark}")

    def line(quantity: str, predicted: Latex, key: str, digits: int = 3) -> Compared:
        a = latex.listing(_entries(first[key]), latex.number)
        b = latex.listing(_entries(last[key]), lambda v: latex.number(v, digits))
        return Compared(Latex(quantity), predicted, a, b, gate(key))

    zero = Latex("$0$")
    one = Latex("$1$")
    lines = [
        line("objective $f$", latex.proved_enclosure(run.checked.verdict), "objective", 8),
        line(r"relative gap $(f-\underline f)/(f(0)-\underline f)$", zero, "relative_gap"),
    ]
    if known is not None and run.margins is not None and run.problem.loss == "ce":
        predicted = latex.listing([t.margin for t in known.tasks], lambda v: latex.number(v, 6))
        trained = r", ".join(f"{latex.number(m, 6)} $\\pm$ {latex.number(s, 1)}" for m, s in run.margins)
        lines.append(
            Compared(Latex("margin $a_t$ (mean $\\pm$ s.d.)"), predicted, Latex("--"), Latex(trained), Latex(""))
        )
    lines += [
        line(
            "norm of the rows of $W_t$",
            latex.listing(run.certified_row_norms, lambda v: latex.number(v, 6)),
            "row_norms",
            6,
        ),
        line("within-cell variability (NC1)", zero, "within_cell"),
        line("ETF deviation (NC2)", zero, "etf"),
        line("cross-task overlap (NC3)", zero if linked else Latex("free"), "cross_task"),
        line("sum rule, weighted (NC4)", zero, "sum_rule"),
        line("sum rule, unweighted", Latex(""), "sum_rule_plain"),
        line("nearest-centre disagreement (NC5)", zero, "nearest_centre"),
        line("imbalance of the factors", zero, "balance"),
        line("training accuracy", one, "accuracy"),
    ]
    return lines


def _bound(value: float) -> Latex:
    """A round number as it was meant: ``0.0002``, ``1``."""
    return Latex(f"${value:g}$") if 1e-4 <= abs(value) < 1e5 else latex.number(value, 1)


def _entries(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
