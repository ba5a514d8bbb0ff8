"""Experiments over several seeds, as the report takes them.

``reports/records/experiment-*.json`` are records of ``python -m empirical.train --experiment NAME --seeds S``
(:mod:`empirical.experiments.runner`), too long to be made with every report.  Whether a prediction holds is judged
again from the values, so that a table never prints a verdict that its own numbers contradict.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from relaxations.records import read_record
from theory import closed_forms as forms
from theory.labels import LabelDesign

#: Tables of more rows than this are summed up by quantity.
LONGEST = 45


@dataclass(frozen=True)
class Prediction:
    """One number predicted and measured from every seed; kinds as in :mod:`empirical.experiments.plan`."""

    variant: str
    quantity: str
    kind: str
    predicted: float | None
    tolerance: float
    values: tuple[float | None, ...]
    mean: float | None
    spread: float | None
    deviation: float | None
    source: str

    @property
    def holds(self) -> bool:
        """Does every seed satisfy the criterion of the kind?"""
        found = [v for v in self.values if v is not None and math.isfinite(v)]
        if not found or len(found) < len(self.values):
            return False
        if self.kind == "equals":
            return self.predicted is not None and max(abs(v - self.predicted) for v in found) <= self.tolerance
        if self.kind == "at_most":
            return max(found) <= self.tolerance
        if self.kind == "at_least":
            return min(found) >= self.tolerance
        return len(found) > 1 and max(found) - min(found) >= self.tolerance


@dataclass(frozen=True)
class Summed:
    """The predictions of one quantity over all variants: how many hold, and the worst deviation."""

    quantity: str
    source: str
    number: int
    held: int
    deviation: float | None
    tolerance: float


@dataclass(frozen=True, eq=False)
class MeasuredExperiment:
    """An experiment: its question, what theory says, its table, and its variants as the record has them."""

    name: str
    question: str
    theory: str
    seeds: tuple[int, ...]
    table: tuple[Prediction, ...]
    variants: tuple[dict[str, Any], ...]
    provenance: dict[str, Any]

    @property
    def failed(self) -> tuple[Prediction, ...]:
        """The predictions that do not hold."""
        return tuple(row for row in self.table if not row.holds)

    @property
    def shown(self) -> tuple[Prediction, ...]:
        """The rows to print one by one: all of a short table, of a long one those that fail."""
        return self.table if len(self.table) <= LONGEST else self.failed

    def summed(self) -> Iterator[Summed]:
        """The table by quantity (what stands in brackets after its name left out) and source."""
        key = lambda row: (row.quantity.partition(" (")[0], row.source, row.tolerance)  # noqa: E731
        for (quantity, source, tolerance), group in groupby(sorted(self.table, key=key), key):
            rows = list(group)
            worst = max((r.deviation for r in rows if r.deviation is not None), default=None)
            yield Summed(quantity, source, len(rows), sum(r.holds for r in rows), worst, tolerance)


@dataclass(frozen=True)
class CorrelatedVariant:
    """Two tasks of K classes, correlation ρ, at m = μ/α: cosines of the law, of the certificate, and as trained."""

    free: bool
    classes: int
    rho: float
    m: float
    certified: float
    trained: tuple[float, ...]


def correlated(experiment: MeasuredExperiment) -> list[CorrelatedVariant]:
    """The variants of an experiment whose labels are a joint table of two tasks and whose cosines were measured."""
    out = []
    for variant in experiment.variants:
        joint = variant["config"]["source_options"].get("design", {}).get("joint")
        rows = {r.source: r for r in experiment.table if r.variant == variant["name"] and "cosine" in r.quantity}
        certified = rows.get("certified optimum")
        if joint is None or certified is None or certified.predicted is None:
            continue
        design, problem = LabelDesign.from_joint(joint), variant["problem"]
        k = design.classes[0]
        agree = sum(int(joint[i][i]) for i in range(k)) / design.samples
        m = forms.coupling(problem["samples"], problem["lambda_w"][0], problem["lambda_h"])
        out.append(
            CorrelatedVariant(
                free=variant["config"]["backbone"] == "free",
                classes=k,
                rho=(k * agree - 1) / (k - 1),
                m=float(m) / float(problem["task_weights"][0]),
                certified=certified.predicted,
                trained=tuple(v for v in certified.values if v is not None),
            )
        )
    return out


def _prediction(row: dict[str, Any]) -> Prediction:
    return Prediction(
        variant=row["variant"],
        quantity=row["quantity"],
        kind=row["kind"],
        predicted=row["predicted"],
        tolerance=row["tolerance"],
        values=tuple(row["values"]),
        mean=row["mean"],
        spread=row["spread"],
        deviation=row["deviation"],
        source=row["source"],
    )


def read_experiment(path: Path) -> MeasuredExperiment:
    """The experiment that a record keeps.  Raises ``ValueError`` where a verdict contradicts its values."""
    data = read_record(path, "experiment")
    result = data["result"]
    rows = [_prediction(row) for row in result["table"]]
    for row, told in zip(rows, result["table"], strict=True):
        if row.holds != told["passed"]:
            raise ValueError(f"{row.variant}, {row.quantity}: the verdict contradicts the values")
    return MeasuredExperiment(
        name=result["name"],
        question=result["question"],
        theory=result["theory"],
        seeds=tuple(result["seeds"]),
        table=tuple(rows),
        variants=tuple(result["variants"]),
        provenance=data["provenance"],
    )


def held(experiments: Sequence[MeasuredExperiment]) -> tuple[int, int]:
    """(predictions that hold, all predictions)."""
    rows = [row for one in experiments for row in one.table]
    return sum(row.holds for row in rows), len(rows)
