r"""Dual points and the gap anatomy: how far is a point from optimal, and why.

With Z' = W'H̃, W' = [√λ_{W,t} W_t], H̃ = [√n_j h̄_j], a *dual point* is a matrix q of predictions
(R × C; points of dom Φ*), its residual is

    U'_{t,j} = ω_{t,j} (y_{t,j} − q_{t,j}) / (√n_j √λ_{W,t}),      r_t = Σ_j ω_{t,j} (y_{t,j} − q_{t,j}),

and where ‖U'‖_op ≤ √λ_H (and r = 0 under a free bias) its value

    D(q) = Σ_{t,j} ω_{t,j} [Φ*(y_{t,j}) − Φ*(q_{t,j})] − Σ_t ‖r_t‖² / (2 λ_{b,t})

is a lower bound of f for every feature dimension (claim ``gap_anatomy``): the most uncertain
predictions whose residual has bounded spectral norm.  Everything here is float64 and proposes; what is
proved of a number is decided by ``relaxations.check``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from theory.labels import FloatArray, IntArray
from theory.model import UFM


@dataclass(frozen=True)
class DualPoint:
    """A feasible dual point: ``q`` (R × C), its ``value`` D(q), and ``scale``, the s by which it was shrunk."""

    q: FloatArray
    value: float
    scale: float


@dataclass(frozen=True)
class GapAnatomy:
    """f − D(q) as a sum of non-negative terms (claim ``gap_anatomy``).

    prediction    Σ ω [Φ(z) + Φ*(q) − ⟨q, z⟩]; for cross-entropy Σ ω KL(q ‖ softmax z)
    alignment     √λ_H ‖Z'‖_* − ⟨U', Z'⟩
    balance       ½‖W'‖² + ½λ_H‖H̃‖² − √λ_H ‖Z'‖_*: is W' dual to H̃?
    within_cell   ½λ_H Σ_i ‖h_i − h̄_{j(i)}‖² (NC1)
    bias          Σ_t λ_{b,t}/2 ‖b_t − r_t/λ_{b,t}‖²
    """

    prediction: float
    alignment: float
    balance: float
    within_cell: float
    bias: float

    @property
    def total(self) -> float:
        """f − D(q)."""
        return self.prediction + self.alignment + self.balance + self.within_cell + self.bias


def bias_residual(problem: UFM, q: FloatArray) -> FloatArray:
    """``(R,)``: r_t = Σ_j ω_{t,j}(y_{t,j} − q_{t,j}), stacked."""
    return np.asarray((problem.omega_rows * (problem.design.target_matrix - q)).sum(axis=1))


def scaled_residual(problem: UFM, q: FloatArray) -> FloatArray:
    """``(R, C)``: U' of the predictions q; 0 where no label is."""
    weighted = problem.omega_rows * (problem.design.target_matrix - q)
    return np.asarray(weighted / problem.sqrt_counts / np.sqrt(problem.lambda_w_rows)[:, None])


def spectral_norm(matrix: FloatArray) -> float:
    """‖·‖_op by the smaller Gram matrix."""
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    return float(np.sqrt(max(np.linalg.eigvalsh(gram)[-1], 0.0)))


def dual_value(problem: UFM, q: FloatArray, mean: Callable[[FloatArray], FloatArray] = np.asarray) -> float:
    """D(q), feasible or not; under a free bias r is taken to be 0.  ``mean``: see :func:`feasible_dual`."""
    total = 0.0
    for t, rows in problem.design.blocks():
        y = problem.design.target_matrix[rows]
        difference = problem.loss_function.conjugate(y) - problem.loss_function.conjugate(q[rows])
        total += float(problem.omega[t] @ np.where(problem.design.labelled[t], difference, 0.0))
    if problem.has_bias and not problem.free_bias:
        total -= 0.5 * float((mean(bias_residual(problem, q)) ** 2 / problem.lambda_b_rows).sum())
    return total


def feasible_dual(
    problem: UFM,
    q: FloatArray,
    b: FloatArray | None = None,
    norm: Callable[[FloatArray], float] = spectral_norm,
    mean: Callable[[FloatArray], FloatArray] = np.asarray,
) -> DualPoint:
    """The best feasible point on the segment from the targets to (a shift of) any predictions.

    ``q`` is ``(R, C)``, ``b`` the bias (R,) that a decayed bias should match.  Three steps, each exact in
    real arithmetic: shift q so that r = 0 (free bias) or r = λ_b b (decayed); where that leaves the
    simplex, mix with the weighted label mean ȳ_t, whose own r is 0; shrink the residual to
    y + s(q − y) with s ≤ min(1, √λ_H/‖U'‖_op), choosing s by a line search on the concave value.

    Where the cells stand for the orbits of a symmetric problem, ``norm`` is ‖·‖_op of the matrix that a residual
    (R, C) stands for and ``mean`` the mean over the group of an (R,) sum over cells.
    """
    design = problem.design
    Y = design.target_matrix
    q = np.array(q, dtype=np.float64)
    if problem.has_bias:
        wanted = np.zeros(design.rows) if b is None or problem.free_bias else problem.lambda_b_rows * b
        if problem.loss_function.on_simplex:  # both y and q sum to 1, so r_t sums to 0 whatever b does
            for _, rows in design.blocks():
                wanted[rows] -= wanted[rows].mean()
        shift = mean(bias_residual(problem, q)) - wanted
        label_means = mean((problem.omega_rows * Y).sum(axis=1))
        for t, rows in design.blocks():
            keep = design.labelled[t]
            weight = problem.omega[t].sum()
            block = q[rows][:, keep] + (shift[rows] / weight)[:, None]
            if problem.loss_function.on_simplex and block.min() < 0:
                label_mean = label_means[rows, None] / weight
                below = block < 0
                spread = np.broadcast_to(label_mean, block.shape)[below] - block[below]
                mix = min(1.0, float((-block[below] / spread).max()) * (1 + 1e-12))
                block = np.maximum((1 - mix) * block + mix * label_mean, 0.0)
            q[rows, keep.nonzero()[0]] = block
    q[~np.repeat(design.labelled, design.classes, axis=0)] = 0.0
    size = norm(scaled_residual(problem, q))
    limit = np.sqrt(float(problem.lambda_h))
    top = 1.0 if size <= limit else limit / size

    def along(s: float) -> FloatArray:
        return Y + s * (q - Y)

    def loss_of_value(s: float) -> float:
        return -dual_value(problem, along(s), mean)

    best, value = top, dual_value(problem, along(top), mean)
    # concave in s: the end of the segment is best unless the value falls towards it
    if top > 0 and loss_of_value(top * (1 - 1e-6)) < -value:
        best = float(minimize_scalar(loss_of_value, bounds=(0.0, top), method="bounded", options={"xatol": 1e-10}).x)
        value = dual_value(problem, along(best), mean)
    return DualPoint(along(best), value, best)


def gap_anatomy(
    problem: UFM,
    W: FloatArray,
    H: FloatArray,
    q: FloatArray,
    b: FloatArray | None = None,
    cell_of: IntArray | None = None,
) -> GapAnatomy:
    """The terms of f(W, H, b) − D(q) in float64.

    ``W`` (R, d), ``H`` (d, C) or (d, N) with ``cell_of``, ``q`` (R, C) feasible, ``b`` (R,).  Cells without
    a sample among ``cell_of`` are refused with ``ValueError``: the identity is about all N samples.
    """
    design = problem.design
    W, H, bias = problem.checked_point(W, H, b, cell_of)
    if cell_of is None:
        means, scatter = H, 0.0
    else:
        sizes = np.bincount(cell_of, minlength=design.cells)
        if (sizes != design.counts).any():
            raise ValueError("cell_of: the samples of some cell are not all there; the anatomy is about all of them")
        means = np.stack([np.bincount(cell_of, weights=row, minlength=design.cells) for row in H]) / sizes
        scatter = float(((H - means[:, cell_of]) ** 2).sum())
    lam_h = float(problem.lambda_h)
    scaled_w = np.sqrt(problem.lambda_w_rows)[:, None] * W
    scaled_h = means * problem.sqrt_counts
    U = scaled_residual(problem, q)

    logits = W @ H + bias[:, None]
    prediction = 0.0
    for t, rows in design.blocks():
        column = q[rows] if cell_of is None else q[rows][:, cell_of]
        keep = design.labelled[t] if cell_of is None else design.labelled[t][cell_of]
        weights = problem.omega[t] if cell_of is None else (problem.omega[t] / design.counts)[cell_of]
        loss = problem.loss_function
        gap = loss.phi(logits[rows]) + loss.conjugate(column) - (column * logits[rows]).sum(axis=0)
        prediction += float(weights @ np.where(keep, gap, 0.0))

    # singular values of Z' = W' H̃ through the factors: a Gram matrix of Z' would lose half the digits
    triangle: FloatArray = np.linalg.qr(scaled_h.T).R
    nuclear = float(np.linalg.svdvals(scaled_w @ triangle.T).sum())
    root = float(np.sqrt(lam_h))
    inner = float((U * (scaled_w @ scaled_h)).sum())
    frobenius = 0.5 * float((scaled_w**2).sum()) + 0.5 * lam_h * float((scaled_h**2).sum())
    penalty = 0.0
    if problem.has_bias and not problem.free_bias:
        lam_b = problem.lambda_b_rows
        penalty = 0.5 * float((lam_b * (bias - bias_residual(problem, q) / lam_b) ** 2).sum())
    return GapAnatomy(
        prediction=prediction,
        alignment=root * nuclear - inner,
        balance=frobenius - root * nuclear,
        within_cell=0.5 * lam_h * scatter,
        bias=penalty,
    )
