"""An experiment: one question, its variants (presets), and numbers predicted before anything was trained.

Every variant is trained from several seeds.  A :class:`Row` holds one measured number of one variant, a value a seed,
against what the theory says of it:

    equals    |value − predicted| ≤ tolerance for *every* seed
    at_most   value ≤ tolerance for every seed         (what the theory says is 0, or a bound to reach)
    at_least  value ≥ tolerance for every seed
    varies    largest − smallest value ≥ tolerance     (what the theory leaves free)

Predictions come from theorems (``source`` names the claim) or from the certified optimum of the run's own problem,
never from the training.  Tolerances stand in the plan.  Mean and spread (the sample standard deviation over seeds)
tell the uncertainty; the criterion is on the worst seed.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from empirical.experiment import Experiment
from empirical.presets import Preset
from theory.model import UFM

KINDS = ("equals", "at_most", "at_least", "varies")

#: Measures whose course over the epochs a summary keeps, where the plan does not say otherwise.
CURVES = (
    "relative_gap", "within_cell", "etf", "cross_task", "sum_rule", "sum_rule_plain", "nearest_centre",
    "latent_within", "latent_etf", "latent_sum",
)  # fmt: skip

#: Results of the runs: variant name to one result a seed (layout: :mod:`empirical.train`).
Results = Mapping[str, Sequence[dict[str, Any]]]


@dataclass(frozen=True)
class Row:
    """One quantity of one variant: predicted, measured for every seed, and judged (see the module).

    ``predicted`` is ``None`` where the theory leaves the quantity free; a value that is ``None`` or not finite fails.
    """

    variant: str
    quantity: str
    kind: str
    predicted: float | None
    tolerance: float
    values: tuple[float | None, ...]
    source: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind: {self.kind!r} is unknown; expected one of {', '.join(KINDS)}")
        if self.kind == "equals" and (self.predicted is None or not math.isfinite(self.predicted)):
            raise ValueError(f"{self.variant}, {self.quantity}: nothing predicted to compare with")
        if not self.values:
            raise ValueError(f"{self.variant}, {self.quantity}: no seed")

    def to_dict(self) -> dict[str, Any]:
        """The row as a record keeps it, with mean, spread, worst deviation and verdict."""
        found = [v for v in self.values if v is not None and math.isfinite(v)]
        whole = len(found) == len(self.values)
        mean = float(np.mean(found)) if whole else None
        spread = float(np.std(found, ddof=1)) if whole and len(found) > 1 else None
        deviation = None
        if whole and self.predicted is not None:
            deviation = max(abs(v - self.predicted) for v in found)
        return {
            "variant": self.variant,
            "quantity": self.quantity,
            "kind": self.kind,
            "predicted": self.predicted,
            "tolerance": self.tolerance,
            "values": [v if v is not None and math.isfinite(v) else None for v in self.values],
            "mean": mean,
            "spread": spread,
            "deviation": deviation,
            "source": self.source,
            "passed": whole and self._holds(found),
        }

    def _holds(self, found: Sequence[float]) -> bool:
        if self.kind == "equals":
            assert self.predicted is not None
            return all(abs(v - self.predicted) <= self.tolerance for v in found)
        if self.kind == "at_most":
            return max(found) <= self.tolerance
        if self.kind == "at_least":
            return min(found) >= self.tolerance
        return len(found) > 1 and max(found) - min(found) >= self.tolerance


@dataclass(frozen=True)
class Plan:
    """One experiment.

    name, question : for people; ``theory`` says in a sentence what is predicted, and by which claims.
    variants : presets by their names, which name the folders of the runs too.
    rows : results of all variants to the rows of the table.
    curves : measures whose course over the epochs the summary keeps.
    probe : measures a trained network further; what it gives is kept in the run's result under ``"probe"``.
    seeds : how many, unless the command says otherwise.
    rehearsal : a variant at a tiny size, for plans that are too large to be tried out as they are.
    accelerator : whether a GPU is needed to run it as it is.
    """

    name: str
    question: str
    theory: str
    variants: tuple[Preset, ...]
    rows: Callable[[Results], list[Row]]
    probe: Callable[[Experiment], dict[str, Any]] | None = None
    curves: tuple[str, ...] = CURVES
    seeds: int = 3
    rehearsal: Callable[[Preset], Preset] | None = None
    accelerator: bool = False

    def rehearsed(self) -> Plan:
        """The plan at a tiny size, under a name of its own.  ``ValueError`` where that is not provided for."""
        if self.rehearsal is None:
            raise ValueError(f"{self.name} has no rehearsal; it runs as it is")
        small = tuple(self.rehearsal(variant) for variant in self.variants)
        return dataclasses.replace(self, name=f"{self.name}-rehearsal", variants=small)

    def __post_init__(self) -> None:
        names = [variant.name for variant in self.variants]
        if len(set(names)) < len(names):
            raise ValueError(f"{self.name}: two variants have one name")


# --------------------------------------------------------------------------- reading results


def problem_of(results: Sequence[dict[str, Any]]) -> UFM:
    """The problem of a variant, which is the same for all its seeds."""
    if len({result["problem"]["id"] for result in results}) != 1:
        raise ValueError("the seeds of one variant have different problems; train them again with one configuration")
    return UFM.from_dict(results[0]["problem"]["statement"])


def final(results: Sequence[dict[str, Any]], measure: str, task: int | None = None) -> tuple[float | None, ...]:
    """The last value of a measure for every seed; of one ``task``, or of the worst (largest) of all."""
    out: list[float | None] = []
    for result in results:
        value = result["final"][measure]
        if isinstance(value, list):
            picked = value if task is None else [value[task]]
            value = None if any(v is None for v in picked) else max(picked)
        out.append(value)
    return tuple(out)


def grams(results: Sequence[dict[str, Any]]) -> list[np.ndarray]:
    """W Wᵀ as trained, one a seed."""
    return [np.array(result["final"]["gram"], dtype=np.float64) for result in results]


def equals(
    variant: str,
    quantity: str,
    predicted: float,
    values: Sequence[float | None],
    tolerance: float,
    source: str,
) -> Row:
    """A row of kind ``equals``."""
    return Row(variant, quantity, "equals", float(predicted), tolerance, tuple(values), source)


def vanishes(variant: str, quantity: str, values: Sequence[float | None], tolerance: float, source: str) -> Row:
    """A row for what the theory says is 0: predicted 0, ``at_most`` the tolerance."""
    return Row(variant, quantity, "at_most", 0.0, tolerance, tuple(values), source)
