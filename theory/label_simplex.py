r"""The geometry that vanishing decay selects: label-simplex matrices, their dual certificates, a counterexample (T11).

As the decays vanish at fixed ratios λ_{W,t} = c λ̄_t, minimisers of cross-entropy with hard labels, all given, line up
with the solutions of

    min ‖Z'‖_*   subject to   M_{t,j}[y_{t,j}] − M_{t,j}[c] >= 1  for every wrong class c,

with Z'_{t,j} = √λ̄_t √n_j M_{t,j}.

The *label-simplex matrix* E_{t,j} = √λ̄_t √n_j (e_{y_{t,j}} − 1/K_t) (SELI: Thrampoulidis et al. 2022) has every margin
equal to 1.  With E = U S Vᵀ it is a solution iff there is a dual certificate B = UVᵀ + Q, UᵀQ = 0, QV = 0, ‖Q‖ <= 1,
whose columns sum to 0 within every task and whose wrong entries are <= 0 ("if": claim ``label_simplex_limit``; "only
if": the optimality conditions of the program, which is convex with linear constraints).

Without the zero sums the condition would be too weak: Q = −x 1ᵀ/‖·‖ lowers every entry of a column at once.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from theory.closed_forms import FLOAT, Arithmetic
from theory.labels import FloatArray, LabelDesign

Rows = tuple[tuple[Fraction, ...], ...]


def label_simplex(design: LabelDesign, decays: tuple[float, ...] | None = None) -> FloatArray:
    """``(R, C)``: E, for ``decays`` λ̄_t (default 1).  Raises ``ValueError`` for missing or soft labels."""
    _check_hard(design)
    sizes = np.repeat(design.classes, design.classes).astype(np.float64)
    E = design.target_matrix - 1.0 / sizes[:, None]
    root = np.sqrt(np.repeat(np.ones(design.tasks) if decays is None else np.asarray(decays), design.classes))
    return np.asarray(root[:, None] * E * np.sqrt(design.counts))


def polar_factor(E: FloatArray) -> FloatArray:
    """UVᵀ of the compact singular value decomposition of E: the dual certificate with Q = 0."""
    u, s, vt = np.linalg.svd(E, full_matrices=False)
    keep = s > 1e-12 * s[0]
    return np.asarray(u[:, keep] @ vt[keep])


def largest_wrong_entry(design: LabelDesign, B: FloatArray) -> float:
    """max over cells, tasks and wrong classes of B: a certificate needs <= 0, and < 0 for uniqueness."""
    _check_hard(design)
    return float(np.where(design.target_matrix == 0, B, -np.inf).max())


def smallest_margin(design: LabelDesign, M: FloatArray) -> float:
    """The least M_y − M_c over cells, tasks and wrong classes c of logits ``M`` (R, C)."""
    _check_hard(design)
    least = np.inf
    for _, rows in design.blocks():
        y = design.target_matrix[rows] == 1
        right = np.where(y, M[rows], 0.0).sum(axis=0)
        least = min(least, float((right - np.where(y, -np.inf, M[rows])).min()))
    return least


def two_task_certificate(classes: Any, other: Any, correlation: Any, delta: Any, same: bool) -> Any:
    """Wrong entry of UVᵀ for a task, up to a positive factor, two correlated tasks of decays λ and λ_o = ``other``.

    The entry of class c in a cell of labels (k, l), c ≠ k: −(λ_o + δ)/K − ρ λ_o (1[c = l] − 1/K) with
    δ = √(λ λ_o (1 − ρ²)); ``same`` says c = l.
    """
    indicator = 1 if same else 0
    return -(other + delta) / classes - correlation * other * (indicator - 1 / classes)


def too_weak_condition() -> LabelDesign:
    """A design where some B = UVᵀ + Q has wrong entries < 0 without zero column sums, and E is no solution."""
    return LabelDesign.from_joint([[0, 2], [2, 0], [1, 1]])


# --------------------------------------------------------------------------- the counterexample

#: Fine labels 0, 1, 2, equally frequent, with the coarse label 1[fine = 2].
FINE_COARSE_CELLS = ((0, 0), (1, 0), (2, 1))


def fine_coarse() -> LabelDesign:
    """The design for which the label-simplex matrix is *not* a solution; one sample a cell."""
    table = np.zeros((3, 2), dtype=np.int64)
    for fine, coarse in FINE_COARSE_CELLS:
        table[fine, coarse] = 1
    return LabelDesign.from_joint(table, scenario="fine-coarse")


def fine_coarse_logits(p: Any, y: Any) -> tuple[tuple[Any, ...], ...]:
    """5 × 3 logits of a family through E: E at (p, y) = (1/3, 1/2), every margin >= 1 for p >= 1/3 and y >= 1/2.

    Columns (0, 0), (1, 0), (2, 1); rows fine 0, 1, 2, coarse 0, 1.
    """
    x, half, third = (1 + p) / 2, Fraction(1, 2), Fraction(1, 3)
    return (
        (x, x - 1, -third),
        (x - 1, x, -third),
        (-p, -p, 2 * third),
        (half, half, -y),
        (-half, -half, y),
    )


def fine_coarse_nuclear_norm(p: Any, y: Any, on: Arithmetic = FLOAT) -> Any:
    """‖·‖_* of :func:`fine_coarse_logits` for 3py <= 1: 1 + √(3p² + 2y² + 5/3 + 2√(2/3) (1 − 3py)).

    Least on the line √3 p = √2 y, which misses E: 1 + √(5/3 + 2√(2/3)) = 2.8165 against 2.8211 at E.
    """
    number = on.number
    root = on.sqrt(number(Fraction(2, 3)))
    return 1 + on.sqrt(3 * p * p + 2 * y * y + number(Fraction(5, 3)) + 2 * root * (1 - 3 * p * y))


#: A competitor of E with rational entries: margins >= 1 and a smaller nuclear norm.
COMPETITOR = (Fraction(2, 5), Fraction(1, 2))


def _check_hard(design: LabelDesign) -> None:
    if not design.labelled.all() or not np.isin(design.target_matrix, (0.0, 1.0)).all():
        raise ValueError("design: margins need every label given and hard")
