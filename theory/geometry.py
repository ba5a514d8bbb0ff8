"""Measures of collapse of one point (W, H, b): definitions, in NumPy float64.

Heads are (K_t × d) with rows as class vectors, features are columns (d × ·).  Cell means are weighted by
nothing: h̄_j is the mean over the samples of cell j; the *global mean* is the mean over all samples, i.e.
cell means weighted by their counts (the unweighted mean of cell means differs under imbalance).

Scale-free measures cannot see wrong norms: report the certified gap anatomy (:mod:`theory.duality`)
beside them.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from theory import closed_forms as forms
from theory.labels import FloatArray, IntArray
from theory.model import UFM


def simplex_etf(classes: int) -> FloatArray:
    """Gram matrix (I − J/K)/√(K−1) of a simplex equiangular tight frame, of Frobenius norm 1; ``(K, K)``."""
    return np.asarray((np.eye(classes) - 1.0 / classes) / np.sqrt(classes - 1))


def etf_deviation(W: FloatArray) -> float:
    """‖W Wᵀ/‖W Wᵀ‖_F − (I − J/K)/√(K−1)‖_F of one head ``(K, d)``: 0 iff a simplex ETF (NC2).

    NaN for a zero head, which has no shape.
    """
    gram = W @ W.T
    norm = float(np.linalg.norm(gram))
    return float(np.linalg.norm(gram / norm - simplex_etf(len(W)))) if norm > 0 else float("nan")


def cross_task_overlap(V: FloatArray, W: FloatArray) -> float:
    """‖V Wᵀ‖_F / √(‖V Vᵀ‖_F ‖W Wᵀ‖_F) of two heads: 0 iff orthogonal, 1 for equal ones (NC3).

    Not a mean of signed cosines: rows of a centred head sum to 0, so that mean vanishes always.
    NaN if a head is zero.
    """
    scale = float(np.sqrt(np.linalg.norm(V @ V.T) * np.linalg.norm(W @ W.T)))
    return float(np.linalg.norm(V @ W.T)) / scale if scale > 0 else float("nan")


def largest_overlap(problem: UFM, W: FloatArray, sharing: bool = False) -> float | None:
    """The largest :func:`cross_task_overlap` over pairs of tasks; ``None`` for one task.

    ``sharing`` keeps to pairs that label a common cell: at an optimum the others may stand in any position to each
    other.  Pairs with a zero head are left out; ``None`` if no pair remains.
    """
    labelled = problem.design.labelled
    values = [
        cross_task_overlap(W[rows], W[other])
        for (s, rows), (t, other) in combinations(problem.design.blocks(), 2)
        if not sharing or (labelled[s] & labelled[t]).any()
    ]
    finite = [v for v in values if np.isfinite(v)]
    return max(finite) if finite else None


def largest_cosine(problem: UFM, W: FloatArray) -> float | None:
    """The largest |cos(w_{s,k}, w_{t,l})| over rows of heads of two tasks that label a common cell.

    Pairs with a zero row are left out; ``None`` if no pair remains.
    """
    labelled = problem.design.labelled
    norms = np.linalg.norm(W, axis=1)
    unit = W / np.where(norms > 0, norms, 1.0)[:, None]
    found = [
        float(np.abs(unit[rows] @ unit[other].T).max())
        for (s, rows), (t, other) in combinations(problem.design.blocks(), 2)
        if (labelled[s] & labelled[t]).any() and norms[rows].any() and norms[other].any()
    ]
    return max(found) if found else None


def predicted_features(problem: UFM, W: FloatArray, weighted: bool = True) -> FloatArray:
    """``(d, C)``: the sum rule Σ_t β_t w_{t,y_{t,j}} over labelled tasks (NC4).

    β_t = √(λ_{W,t} K_t/(λ_H N_t)) if ``weighted`` (T4), else 1 as published.
    """
    design = problem.design
    out = np.zeros((W.shape[1], design.cells))
    for t, rows in design.blocks():
        keep = design.labelled[t]
        beta = 1.0
        if weighted:
            beta = forms.sum_rule_weight(
                design.classes[t], design.task_masses[t], float(problem.lambda_w[t]), float(problem.lambda_h)
            )
        targets = design.target_matrix[rows][:, keep]
        out[:, keep] += beta * (W[rows].T @ targets)
    return out


def sum_rule_deviation(problem: UFM, W: FloatArray, H: FloatArray, weighted: bool = True) -> float:
    """Relative distance of the cell features ``H`` (d, C) from the sum rule (NC4), best scale divided out.

    √(1 − cos²) with cos the cosine between H and the prediction, cells weighted by counts; 0 iff
    H is a multiple of the predicted sums.  Targets stand in for one-hot labels, so label smoothing only
    changes the scale (rows of a collapsed head sum to 0).  NaN if either side is zero.
    """
    root = problem.sqrt_counts
    a, b = H * root, predicted_features(problem, W, weighted) * root
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    if norms == 0:
        return float("nan")
    unit_a, unit_b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    # ‖a − (a·b) b‖ keeps its digits near 0, where √(1 − cos²) has lost them
    return float(np.linalg.norm(unit_a - float((unit_a * unit_b).sum()) * unit_b))


def cell_means(H: FloatArray, cell_of: IntArray, cells: int) -> FloatArray:
    """``(d, C)`` means of the sample features ``H`` (d, N) over cells; NaN columns for empty cells."""
    sizes = np.bincount(cell_of, minlength=cells).astype(np.float64)
    sums = np.stack([np.bincount(cell_of, weights=row, minlength=cells) for row in H])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums / sizes)


def within_cell_variability(H: FloatArray, cell_of: IntArray, cells: int, rank: int) -> float:
    """tr(Σ_W Σ_B⁺)/C (NC1), Σ_B⁺ the pseudo-inverse of the between-cell covariance truncated at ``rank``.

    ``H`` is (d, N).  Σ_W averages over samples, Σ_B over the C non-empty cells, both about the unweighted
    mean of cell means.  ``rank`` is Σ(K_t − 1) in the theory: away from collapse the rank of Σ_B is
    min(d, C − 1) and an untruncated pseudo-inverse explodes.
    """
    means = cell_means(H, cell_of, cells)
    scatter = H - means[:, cell_of]
    return variability_ratio(means, scatter @ scatter.T / H.shape[1], rank)


def between_directions(means: FloatArray, rank: int) -> tuple[FloatArray, FloatArray, int]:
    """Eigenvectors ``(d, r)`` and roots of eigenvalues ``(r,)`` of Σ_B truncated at ``rank``, and the number of cells.

    ``means`` (d, C) are cell means, NaN columns for empty cells, which do not count.  r <= rank; 0 if all means agree.
    """
    present = np.isfinite(means).all(axis=0)
    centred = means[:, present] - means[:, present].mean(axis=1, keepdims=True)
    u, s, _ = np.linalg.svd(centred / np.sqrt(present.sum()), full_matrices=False)
    keep = (s > s[0] * 1e-12 if s.size and s[0] > 0 else np.zeros_like(s, dtype=bool)) & (np.arange(s.size) < rank)
    return np.asarray(u[:, keep]), np.asarray(s[keep]), int(present.sum())


def variability_ratio(means: FloatArray, within: FloatArray, rank: int) -> float:
    """:func:`within_cell_variability` from moments: cell ``means`` (d, C), NaN where empty, and Σ_W (d, d).

    NaN if all cell means agree, or if Σ_W holds a NaN.
    """
    directions, roots, cells = between_directions(means, rank)
    if not roots.size:
        return float("nan")
    projected = directions.T @ within @ directions
    return float((np.diag(projected) / roots**2).sum() / cells)


def nearest_centre_disagreement(
    problem: UFM, W: FloatArray, H: FloatArray, b: FloatArray, cell_of: IntArray
) -> list[float]:
    """For every task, the share of labelled samples whose nearest class mean is not the argmax class (NC5).

    ``H`` is (d, N).  The class mean of task t averages the samples labelled with that class.
    """
    design = problem.design
    out = []
    for t, rows in design.blocks():
        label = np.where(design.labelled[t], design.labels[t], -1)[cell_of]
        keep = label >= 0
        means = cell_means(H[:, keep], label[keep], len(design.targets[t]))
        gaps = (means**2).sum(axis=0)[:, None] - 2 * means.T @ H[:, keep]
        nearest = np.where(np.isfinite(gaps), gaps, np.inf).argmin(axis=0)
        argmax = (W[rows] @ H[:, keep] + b[rows, None]).argmax(axis=0)
        out.append(float((nearest != argmax).mean()))
    return out


def balance_deviation(problem: UFM, W: FloatArray, H: FloatArray) -> float:
    """‖Σ_t λ_{W,t} W_tᵀW_t − λ_H H̃H̃ᵀ‖_F relative to the larger of the two: 0 at every critical point (T3)."""
    a = (problem.lambda_w_rows[:, None] * W).T @ W
    b = float(problem.lambda_h) * (H * problem.design.counts) @ H.T
    scale = max(float(np.linalg.norm(a)), float(np.linalg.norm(b)))
    return float(np.linalg.norm(a - b)) / scale if scale > 0 else 0.0
