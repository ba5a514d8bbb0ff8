"""Experiment 6: as decay grows, tasks die one by one.

Task t lives iff λ_W λ_H < α_t²/(N K_t) (claim ``thresholds``): the more classes, the earlier it dies.  Its margin

    a_t = log max(1, α_t√K_t/μ − (K_t − 1)),    μ = √(N λ_W λ_H)

shrinks to 0 there; ‖W_t‖² = (K_t − 1) √(λ_H/λ_W) a_t √(N/K_t) shows it.  The product is given as a share of the
smaller threshold; with tasks of 2 and 5 classes the larger one is at 5/2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from empirical.experiments.collapse import predicted_margin
from empirical.experiments.plan import Plan, Results, Row, equals, problem_of, vanishes
from empirical.experiments.shapes import FREE_GAP, NETWORK_GAP, free, on_digits
from theory.model import UFM

CLASSES = (2, 5)
FREE_SHARES = ("0.3", "0.8", "0.95", "1.05", "1.5", "2.3", "2.45", "2.55", "3")
NETWORK_SHARES = ("0.3", "0.8", "1.2", "2", "3")


def measured_margin(problem: UFM, task: int, row_norm: float) -> float:
    """a_t from the norm of a head: K_t ‖w‖² = (K_t − 1) √(λ_H/λ_W) a_t √(N/K_t)."""
    n, k = problem.design.task_masses[task], problem.design.classes[task]
    unit = math.sqrt(float(problem.lambda_h / problem.lambda_w[task])) * math.sqrt(n / k) * (1 - 1 / k)
    return row_norm**2 / unit


def margins(problem: UFM, runs: Sequence[dict[str, Any]], task: int) -> list[float]:
    """The margin of a task for every seed."""
    return [measured_margin(problem, task, result["final"]["row_norms"][task]) for result in runs]


def _rows(results: Results) -> list[Row]:
    out: list[Row] = []
    for variant, runs in results.items():
        problem = problem_of(runs)
        exactly = variant.startswith("free")
        gap, tolerance = (FREE_GAP, 1e-4) if exactly else (NETWORK_GAP, 0.02)
        out.append(vanishes(variant, "gap", _gaps(runs), gap, "lower_bound"))
        for t, k in enumerate(problem.design.classes):
            a = predicted_margin(problem, t)
            state = "alive" if a > 0 else "dead"
            quantity = f"margin, task of {k} classes ({state})"
            out.append(equals(variant, quantity, a, margins(problem, runs, t), tolerance, "thresholds"))
    return out


def _gaps(runs: Sequence[dict[str, Any]]) -> tuple[float | None, ...]:
    """f − lower relative to f(0): where all tasks are dead f(0) *is* the optimum, and the usual measure is 0/0."""
    return tuple(
        (result["final"]["objective"] - float(result["certificate"]["lower"])) / result["value_at_zero"]
        for result in runs
    )


THRESHOLDS = Plan(
    name="thresholds",
    question="Do tasks die at the predicted decay, the one with more classes first?",
    theory="the task of 5 classes dies at 1, that of 2 classes at 2.5 times the smaller threshold; margins as stated",
    variants=(
        *(
            free(
                f"free-{share}",
                f"free features, decay at {share} of the smaller threshold",
                {"factorial": list(CLASSES), "repetitions": 10},
                fraction=share,
                row_norm=0.3,
                deaths=True,
                dimension=8,
                gates=(),
            )
            for share in FREE_SHARES
        ),
        *(
            on_digits(
                f"mlp-{share}",
                f"a network, decay at {share} of the smaller threshold",
                {"factorial": list(CLASSES), "repetitions": 40},
                fraction=share,
                row_norm=0.5,
                deaths=True,
                gates=(),
            )
            for share in NETWORK_SHARES
        ),
    ),
    rows=_rows,
    curves=("relative_gap",),
)
