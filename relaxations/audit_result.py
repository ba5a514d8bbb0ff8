"""What an audit found: the terms of the gap, the measures of collapse, and both with the certificates they rest on."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from relaxations.certificate import Certificate
from relaxations.check import Verdict
from relaxations.solve import Solution
from theory.duality import GapAnatomy
from theory.model import UFM


@dataclass(frozen=True)
class Anatomy:
    """The terms of f − D(q) with the samples in them; ``prediction_per_task`` sums to ``terms.prediction``."""

    terms: GapAnatomy
    prediction_per_task: tuple[float, ...]


@dataclass(frozen=True)
class Measures:
    """Measures of collapse (definitions: :mod:`theory.geometry`); ``None`` where one has no meaning.

    within_cell  tr(Σ_W Σ_B⁺)/C, truncated at rank Σ(K_t − 1)                        NC1
    etf          one a task                                                          NC2
    cross_task   the largest overlap over pairs of tasks                             NC3
    overlaps     (s, t, overlap) for every pair
    sum_rule, sum_rule_plain    weighted (T4) and as published                       NC4
    nearest_centre  one a task: share of samples                                     NC5
    balance      relative distance from Σ λ_W WᵀW = λ_H H Hᵀ                          T3
    accuracy, row_norms (root mean square)   one a task
    """

    within_cell: float | None
    etf: tuple[float | None, ...]
    cross_task: float | None
    overlaps: tuple[tuple[int, int, float | None], ...]
    sum_rule: float | None
    sum_rule_plain: float | None
    nearest_centre: tuple[float | None, ...]
    balance: float | None
    accuracy: tuple[float, ...]
    row_norms: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class AuditResult:
    """What :func:`relaxations.audit.audit_network` found; :meth:`to_dict` is what ``--json`` writes.

    problem : the :class:`UFM` of the labels, decays as used;  fitted : which of them were fitted.
    names : of the tasks.
    value, value_at_zero : f of the network and of the zero network, float64.
    verdict, certificate : of the problem, from the solver's optimum: ``verdict.lower`` is the lower bound.
    network_verdict, network_certificate : of the same problem from the network alone: its cell means from above, its
        predictions from below.
    anatomy : of f − D(q) at the solver's q.
    identity_error : |f − D(q) − sum of the terms| / f(0), by rounding (of float32 products, where there are any).
    single : were products with the features taken in float32?
    """

    problem: UFM
    names: tuple[str, ...]
    fitted: tuple[str, ...]
    value: float
    value_at_zero: float
    solution: Solution
    certificate: Certificate
    verdict: Verdict
    network_certificate: Certificate
    network_verdict: Verdict
    anatomy: Anatomy
    measures: Measures | None
    identity_error: float
    single: bool
    seconds: dict[str, float]

    @property
    def lower(self) -> float:
        """The proven lower bound as float64; the solver's float64 bound where none was proved (``proved``)."""
        proved = _proved(self.verdict)
        return self.solution.lower if proved is None else proved

    @property
    def proved(self) -> bool:
        """Did the checker prove a lower bound?"""
        return _proved(self.verdict) is not None

    @property
    def relative_gap(self) -> float:
        """(f − lower)/(f(0) − lower); NaN where the zero network is optimal."""
        scale = self.value_at_zero - self.lower
        return (self.value - self.lower) / scale if scale > 1e-12 * self.value_at_zero else float("nan")

    def shares(self) -> dict[str, float]:
        """The terms over f(0) − lower; NaN where the zero network is optimal."""
        scale = self.value_at_zero - self.lower
        scale = scale if scale > 1e-12 * self.value_at_zero else float("nan")
        return {name: value / scale for name, value in dataclasses.asdict(self.anatomy.terms).items()}

    def to_dict(self) -> dict[str, Any]:
        """Plain data; ``None`` for what does not apply.  Decays in the stated convention."""
        problem, design, scale = self.problem, self.problem.design, self.value_at_zero - self.lower
        measures = self.measures
        labelled = [int(design.counts[row >= 0].sum()) for row in design.labels]
        tasks = [
            {
                "name": self.names[t],
                "classes": design.classes[t],
                "labelled": labelled[t],
                "weight_decay": float(problem.weight_decay[t]),
                "task_weight": float(problem.task_weights[t]),
                "prediction": self.anatomy.prediction_per_task[t],
                "prediction_share": finite(self.anatomy.prediction_per_task[t] / scale) if scale else None,
                **{
                    key: None if measures is None else getattr(measures, key)[t]
                    for key in ("accuracy", "etf", "nearest_centre", "row_norms")
                },
            }
            for t in range(design.tasks)
        ]
        across = ("within_cell", "cross_task", "overlaps", "sum_rule", "sum_rule_plain", "balance")
        return {
            "problem": {
                "id": problem.identity,
                "samples": design.samples,
                "cells": design.cells,
                "dimension": problem.dimension,
                "loss": problem.loss,
                "convention": problem.convention,
                "feature_decay": float(problem.feature_decay),
                "bias": None
                if problem.bias is None
                else "free"
                if problem.free_bias
                else [float(b) for b in problem.bias],
                "fitted": list(self.fitted),
            },
            "value": self.value,
            "value_at_zero": self.value_at_zero,
            "lower": self.verdict.lower,
            "lower_status": self.verdict.status,
            "lower_reason": self.verdict.reason,
            "lower_level": self.verdict.level,
            "upper": self.verdict.upper,
            "network_lower": self.network_verdict.lower,
            "network_upper": self.network_verdict.upper,
            "relative_gap": finite(self.relative_gap),
            "anatomy": {**dataclasses.asdict(self.anatomy.terms), "total": self.anatomy.terms.total},
            "shares": {name: finite(share) for name, share in self.shares().items()},
            "tasks": tasks,
            "measures": None
            if measures is None
            else {key: value for key, value in dataclasses.asdict(measures).items() if key in across},
            "identity_error": self.identity_error,
            "products": "float32" if self.single else "float64",
            "seconds": self.seconds,
        }


def _proved(verdict: Verdict) -> float | None:
    """A proven lower bound above 0, which every problem has for free."""
    lower = 0.0 if verdict.lower is None else float(verdict.lower)
    return lower if lower > 0 else None


def finite(value: float | None) -> float | None:
    """``None`` for what is not a number."""
    return value if value is not None and math.isfinite(value) else None
