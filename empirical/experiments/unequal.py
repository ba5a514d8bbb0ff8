"""Experiment 3: tasks of unequal size and weight.

    ‖w_{t,k}‖² = c_t (1 − 1/K_t),  h = Σ_t β_t w_{t,y_t},  β_t = √(λ_{W,t}K_t/(λ_H N))        (claim ``single_source``)

The published sum rule has all β_t = 1.  It is off by √(1 − cos²) where cos is that of the weighted and the plain sum,
(Σ β_t s_t)/√(Σ β_t² s_t · Σ s_t) with s_t = ‖w_{t,k}‖² (claim ``published``): by nothing where λ_{W,t}K_t is one
number for all tasks, whatever their weights α_t.
"""

from __future__ import annotations

import math

from empirical.experiments.collapse import predicted_row_norm
from empirical.experiments.plan import Plan, Results, Row, equals, final, problem_of, vanishes
from empirical.experiments.shapes import FREE_GAP, NETWORK_GAP, free, on_digits
from theory import closed_forms as forms
from theory.model import UFM


def predicted_plain_deviation(problem: UFM) -> float:
    """√(1 − cos²) between the weighted sum of rows (the features) and the unweighted one."""
    design, lambda_h = problem.design, float(problem.lambda_h)
    weights = [
        forms.sum_rule_weight(k, design.samples, float(w), lambda_h)
        for k, w in zip(design.classes, problem.lambda_w, strict=True)
    ]
    squares = [predicted_row_norm(problem, t) ** 2 for t in range(design.tasks)]
    return math.sqrt(max(0.0, 1 - forms.sum_cosine(weights, squares) ** 2))


def _rows(results: Results) -> list[Row]:
    out: list[Row] = []
    for variant, runs in results.items():
        problem = problem_of(runs)
        exactly = variant.startswith("free")
        gap, shape, norms = (FREE_GAP, 1e-4, 1e-4) if exactly else (NETWORK_GAP, 0.02, 0.02)
        out.append(vanishes(variant, "relative gap", final(runs, "relative_gap"), gap, "lower_bound"))
        out.append(vanishes(variant, "ETF deviation, worst task", final(runs, "etf"), shape, "single_source"))
        out.append(vanishes(variant, "cross-task overlap", final(runs, "cross_task"), shape, "single_source"))
        for t in range(problem.design.tasks):
            norm = predicted_row_norm(problem, t)
            values = final(runs, "row_norms", t)
            out.append(equals(variant, f"row norm, task {t}", norm, values, norms * norm, "single_source"))
        out.append(vanishes(variant, "weighted sum rule", final(runs, "sum_rule"), 2 * shape, "single_source"))
        plain = predicted_plain_deviation(problem)
        values = final(runs, "sum_rule_plain")
        if plain > 1e-6:
            out.append(equals(variant, "unweighted sum rule", plain, values, shape, "published"))
        else:
            out.append(vanishes(variant, "unweighted sum rule", values, 2 * shape, "published"))
    return out


def _variants() -> dict[str, tuple[str, dict[str, object], tuple[str, ...]]]:
    return {
        "2x10": ("tasks of 2 and 10 classes", {"factorial": [2, 10], "repetitions": 40}, ("1", "1")),
        "5x5-weights": ("task weights 1 and 2, equal classes", {"factorial": [5, 5], "repetitions": 30}, ("1", "2")),
        "3x10-weights": (
            "task weights 2 and 1, 3 and 10 classes",
            {"factorial": [3, 10], "repetitions": 25},
            ("2", "1"),
        ),
    }


UNEQUAL = Plan(
    name="unequal-tasks",
    question="Do norms and the weighted sum rule follow the theorem where tasks differ in size and weight?",
    theory=(
        "norms and the weighted sum rule as stated; the unweighted rule is off by the stated angle, by nothing where "
        "the tasks have equally many classes"
    ),
    variants=(
        *(
            free(f"free-{name}", f"free features, {text}", design, task_weights=weights)
            for name, (text, design, weights) in _variants().items()
        ),
        *(
            on_digits(f"mlp-{name}", text, design, task_weights=weights)
            for name, (text, design, weights) in _variants().items()
        ),
    ),
    rows=_rows,
)
