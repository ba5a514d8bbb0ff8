"""The point that a theorem states, written out: heads, features and predictions of balanced problems.

Single source and multi source (simplex ETFs, orthogonal where labels are independent) and correlated binary pairs;
where they apply is decided by :func:`theory.known_optimum.known_optimum`.  Never chosen by a solver on its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from theory import closed_forms as forms
from theory import correlation_law as law
from theory.duality import feasible_dual
from theory.known_optimum import KnownPair, known_optimum
from theory.labels import FloatArray, IntArray
from theory.model import UFM


@dataclass(frozen=True)
class ClosedFormPoint:
    """The point (W, H, b) of a theorem, feasible predictions q (R, C), the dimension it needs, the theorem's name."""

    point: tuple[FloatArray, FloatArray, FloatArray]
    q: FloatArray
    dimension: int
    theorem: str


def closed_form_point(problem: UFM) -> ClosedFormPoint:
    """W_t W_tᵀ = c_t (I − J/K_t) in coordinates of its own, h = Σ_t β_t w_{t,y_t}; q from the margins.

    Raises ``ValueError`` where no theorem gives a point in the dimension of the problem.
    """
    known = known_optimum(problem)
    if problem.loss != "ce":
        raise ValueError("solver: 'closed-form' gives points for cross-entropy only; choose 'auto' or 'proximal'")
    if known is None:
        raise ValueError(
            "solver: no closed form is known for this problem (it needs balanced labels, pairwise independent or in "
            "correlated binary pairs, in every group of equally annotated samples); choose 'auto' or 'proximal'"
        )
    if not known.attained(problem):
        raise ValueError(
            f"solver: the closed form needs dimension {known.dimension_needed}, the problem has "
            f"{problem.dimension}; choose 'auto' or 'proximal'"
        )
    design = problem.design
    width = max(known.dimension_needed, 1)
    W, H = np.zeros((design.rows, width)), np.zeros((width, design.cells))
    logits = np.zeros((design.rows, design.cells))
    for tasks, cells in design.components():
        column = 0
        for pair in known.pairs:
            if pair.tasks[0] in tasks:
                own = slice(column, column + sum(pair.alive))
                heads, features, scores = _pair_point(problem, pair, cells)
                W[:, own] += heads  # other components share these columns
                H[own, cells] = features
                logits[:, cells] += scores
                column += sum(pair.alive)
        for t in tasks:
            if not known.tasks[t].alive or known.tasks[t].margin is None:
                continue
            a, k, rows = known.tasks[t].margin or 0.0, design.classes[t], design.rows_of(t)
            numbers = (k, design.task_masses[t], float(problem.lambda_w[t]), float(problem.lambda_h))
            own = slice(known.first_columns[t], known.first_columns[t] + k - 1)
            W[rows, own] = np.sqrt(forms.head_gram_scale(*numbers, a)) * simplex_basis(k)
            given = np.flatnonzero(design.labelled[t])
            labels = design.labels[t, given]
            H[own, given] += forms.sum_rule_weight(*numbers) * W[rows, own][labels].T
            logits[rows, given] = a * (np.eye(k) - 1.0 / k)[:, labels]
    bias = np.zeros(design.rows)
    dual = feasible_dual(problem, problem.predictions(logits), bias if problem.has_bias else None)
    return ClosedFormPoint((W, H, bias), dual.q, known.dimension_needed, known.theorem)


def _pair_point(problem: UFM, pair: KnownPair, cells: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """T9's point of a correlated pair: heads (R, 1 or 2) in its living directions, features and logits on ``cells``."""
    design = problem.design
    mu = forms.coupling(pair.samples, float(problem.lambda_w[pair.tasks[0]]), float(problem.lambda_h))
    first, second = (1.0 - 2.0 * design.labels[t, cells] for t in pair.tasks)
    columns, features = [], []
    for sign, r, a, lives in zip((1.0, -1.0), pair.masses, pair.margins, pair.alive, strict=True):
        if not lives:
            continue
        # W_± W_±ᵀ = (μ S_±/2λ_W)(I − J/2): rows ±x; the feature lives on cells that agree (+) or differ (−)
        x = math.sqrt(mu * law.direction_size(a, float(r)) / (4 * float(problem.lambda_w[pair.tasks[0]])))
        column = np.zeros(design.rows)
        for t, side in zip(pair.tasks, (1.0, sign), strict=True):
            column[design.rows_of(t)] = side * x * np.array([1.0, -1.0])
        columns.append(column)
        features.append((a / (2 * x)) * (first + sign * second) / 2)
    W, H = np.array(columns).reshape(-1, design.rows).T, np.array(features).reshape(-1, len(cells))
    return W, H, np.asarray(W @ H)


def simplex_basis(classes: int) -> FloatArray:
    """``(K, K−1)`` orthonormal basis V of the centred vectors (Helmert's), so V Vᵀ = I − J/K."""
    V = np.zeros((classes, classes - 1))
    for k in range(1, classes):
        V[:k, k - 1] = 1.0
        V[k, k - 1] = -k
        V[:, k - 1] /= np.sqrt(k * (k + 1))
    return V
