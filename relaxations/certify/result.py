"""What :func:`~.problem.certify_problem` found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from relaxations.certificate import Certificate
from relaxations.check import Verdict
from relaxations.design_files import NamedDesign
from relaxations.geometry_bounds import OptimumBounds
from relaxations.solve import Solution
from theory.known_optimum import KnownOptimum, known_optimum
from theory.model import UFM


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
    deviations : measured at the solver's point; bounds : proved of *every* global optimum, at the verdict's level.
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
            "gap": finite(self.verdict.gap),
            "relative_gap": finite(self.verdict.relative_gap),
            "rank": self.solution.rank,
            "dimension_needed": self.dimension_needed,
            "level": self.verdict.level,
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
                **self.bounds.to_dict(),
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


def finite(value: float | None) -> float | None:
    """The value if it is a number and finite, otherwise ``None``."""
    return value if value is not None and math.isfinite(value) else None
