"""Experiment 8: partial annotation, from single source (p = 1) to multi source (p = 0).

A share p of the samples carries the labels of both tasks, the rest one.  With the labels balanced in every group and
N_t samples labelled for task t (claim ``partial_annotation``):

    f* = Σ_t f_t*  for every p,      ‖w_{t,k}‖ as in claim ``single_source`` with N_t samples,
    W_1 W_2ᵀ = 0  for every p > 0,   anything at p = 0

but what holds the heads at right angles weakens with p: near the optimum

    f − f* = (σ_12 + σ_21) ‖W_1W_2ᵀ‖_F²,     σ_st = ½ ω_s (N_12/(K_1K_2)) β_t² (1 − δ_s²)

(:func:`theory.annotation.stiffness`), so that a network whose excess is ε is held to ‖W_1W_2ᵀ‖_F ≤ √(ε/(σ_12+σ_21))
and to nothing better.  All N_t are the same here for every p, and so is f*.

Of three tasks those that are annotated together are orthogonal, and the others in any position: with tasks 1, 2 and
2, 3 together, four dimensions hold three tasks of three classes, and heads 1 and 3 must then lie in one plane
(overlap 1).
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

from empirical.experiments.blocks import overlap
from empirical.experiments.collapse import predicted_margin, predicted_row_norm
from empirical.experiments.plan import Plan, Results, Row, equals, final, grams, problem_of, vanishes
from empirical.experiments.shapes import FREE_GAP, NETWORK_GAP, free, on_digits
from empirical.training import Optimisation
from theory import closed_forms as forms
from theory.annotation import annotation_graph, spread, stiffness
from theory.model import UFM

CLAIM = "partial_annotation"

#: (samples of a pair of labels with both, samples of a class with one): p falls, N_t = 160 of four classes stays.
FREE_STEPS = ((10, 0), (5, 20), (2, 32), (1, 36), (0, 40))
#: The same for N_t = 500 of five classes.
NETWORK_STEPS = ((20, 0), (10, 50), (2, 90), (0, 100))
#: Tasks 1, 2 together and 2, 3 together.
CHAIN: dict[str, Any] = {"factorial": [3, 3, 3], "groups": {"1+2": "1/2", "2+3": "1/2"}, "times": 2}


def together(problem: UFM) -> tuple[int, int]:
    """(samples that carry both labels of two tasks, all samples)."""
    design = problem.design
    return int(design.counts[design.labelled.all(axis=0)].sum()), design.samples


def predicted_value(problem: UFM) -> float:
    """Σ_t f_t* in closed form."""
    total = 0.0
    for t, (k, n) in enumerate(zip(problem.design.classes, problem.design.task_masses, strict=True)):
        mu = forms.coupling(n, float(problem.lambda_w[t]), float(problem.lambda_h))
        total += float(forms.task_value(float(problem.alpha[t]), k, mu, predicted_margin(problem, t)))
    return total


def resistance(problem: UFM) -> float:
    """σ_12 + σ_21 of two tasks: the excess over ‖W_1W_2ᵀ‖_F² near the optimum."""
    design, common = problem.design, together(problem)[0]
    total = 0.0
    for s, t in ((0, 1), (1, 0)):
        k, other, n = design.classes[s], design.classes[t], design.task_masses
        beta = forms.sum_rule_weight(other, n[t], float(problem.lambda_w[t]), float(problem.lambda_h))
        curvature = spread(predicted_margin(problem, s), k)
        total += float(stiffness(float(problem.alpha[s]) / n[s], common, k, other, beta, curvature))
    return total


def allowed_overlap(problem: UFM, gap: float) -> float:
    """The overlap that costs a relative ``gap``: √(ε/(σ_12+σ_21)) over √(‖W_1W_1ᵀ‖_F‖W_2W_2ᵀ‖_F)."""
    excess = gap * (problem.value_at_zero() - predicted_value(problem))
    own = 1.0
    for t, k in enumerate(problem.design.classes):
        # ‖c (I − J/K)‖_F = c √(K − 1) with ‖w‖² = c (1 − 1/K)
        own *= predicted_row_norm(problem, t) ** 2 * k / math.sqrt(k - 1)
    return math.sqrt(excess / resistance(problem) / own)


def _rows(results: Results) -> list[Row]:
    out: list[Row] = []
    for variant, runs in results.items():
        problem = problem_of(runs)
        exactly = variant.startswith("free")
        gap, shape = (FREE_GAP, 1e-4) if exactly else (NETWORK_GAP, 0.02)
        best = predicted_value(problem)
        span = problem.value_at_zero() - best
        values = [(result["final"]["objective"] - best) / span for result in runs]
        out.append(vanishes(variant, "relative gap", final(runs, "relative_gap"), gap, "lower_bound"))
        out.append(equals(variant, "value less the sum of single-task optima", 0.0, values, gap, CLAIM))
        out.append(vanishes(variant, "ETF deviation, worst task", final(runs, "etf"), shape, CLAIM))
        for t in range(problem.design.tasks):
            norm = predicted_row_norm(problem, t)
            out.append(equals(variant, f"row norm, task {t}", norm, final(runs, "row_norms", t), shape * norm, CLAIM))
        if problem.design.tasks == 2:
            out.append(_pair(variant, problem, runs, gap, shape))
        else:
            out += _chain(variant, problem, runs, shape)
    return out


def _pair(variant: str, problem: UFM, runs: Any, gap: float, shape: float) -> Row:
    values = final(runs, "cross_task")
    if not together(problem)[0]:
        return Row(variant, "cross-task overlap (never together)", "varies", None, 1e-3, values, CLAIM)
    tolerance = max(shape, allowed_overlap(problem, gap))
    return vanishes(variant, "cross-task overlap (stiffness allows)", values, tolerance, CLAIM)


def _chain(variant: str, problem: UFM, runs: Any, shape: float) -> list[Row]:
    design, edges = problem.design, annotation_graph(problem.design)
    out = []
    for s, t in combinations(range(design.tasks), 2):
        values = tuple(overlap(gram, design, s, t) for gram in grams(runs))
        name = f"overlap of tasks {s} and {t}"
        if (s, t) in edges:
            out.append(vanishes(variant, f"{name} (together)", values, shape, CLAIM))
        elif problem.dimension < sum(k - 1 for k in design.classes):
            out.append(equals(variant, f"{name} (never, no room)", 1.0, values, shape, CLAIM))
        else:
            out.append(Row(variant, f"{name} (never)", "varies", None, 1e-3, values, CLAIM))
    return out


def _partial(classes: list[int], both: int, alone: int) -> dict[str, Any]:
    if not alone:
        return {"factorial": classes, "repetitions": both}
    if not both:
        return {"multi_source": classes, "repetitions": alone}
    return {"partial": classes, "repetitions": both, "alone": alone}


def _name(kind: str, classes: int, both: int, alone: int) -> str:
    return f"{kind}-p{both * classes / (both * classes + 2 * alone):.2f}"


ANNOTATION = Plan(
    name="partial-annotation",
    question="From single source to multi source: do heads stay orthogonal while any sample carries both labels?",
    theory=(
        "norms, ETFs and the optimal value are the same at every share p of samples with both labels; heads are "
        "orthogonal at every p > 0, held there by a stiffness proportional to p, and arbitrary at p = 0; of three "
        "tasks exactly those that are annotated together are orthogonal"
    ),
    variants=(
        *(
            free(
                _name("free", 4, both, alone),
                f"free features, {both} samples a pair of labels, {alone} a class with one label",
                _partial([4, 4], both, alone),
                dimension=12,
                optimisation=Optimisation(epochs=30, batch=1, step=1.0, head_step=1.0, optimiser="lbfgs"),
            )
            for both, alone in FREE_STEPS
        ),
        free("free-unequal", "tasks of 3 and 5 classes", _partial([3, 5], 4, 10), dimension=12),
        free("free-chain", "three tasks, 1 and 3 never together", CHAIN, dimension=12),
        free("free-chain-narrow", "the same in the four dimensions that are enough", CHAIN, dimension=4),
        *(
            on_digits(
                _name("mlp", 5, both, alone),
                f"a network, {both} samples a pair of labels, {alone} a class with one label",
                _partial([5, 5], both, alone),
            )
            for both, alone in NETWORK_STEPS
        ),
    ),
    rows=_rows,
    curves=("relative_gap", "cross_task"),
)
