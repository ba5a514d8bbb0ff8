"""Dual bounds of a point: as it predicts, and as it would predict were it optimal.

The predictions q of a point have a residual U' that is too large by the error of the point, so shrinking it to
‖U'‖_op ≤ γ = √λ_H costs a gap of *first* order in the error.  At an optimum U' ∈ γ ∂‖Z'‖_*, which is to say
U' = Π(U' + L Z') for every L > 0, Π the projection onto the spectral ball of radius γ.  At any other point

    U⁺ = Π(U' + L Z'),        q⁺ = y − U⁺ scaled back,

is feasible and aligned with a point near by, ⟨U⁺, Z⁺⟩ = γ ‖Z⁺‖_* with Z⁺ = prox(Z' + U'/L), so that of the gap
anatomy only Σ ω KL(q⁺ ‖ q) and its like are left: *second* order.  One step of proximal gradient computes it, for by
Moreau's decomposition G = Z⁺ + Π(L G)/L.  Half the steps reach a given gap.

Π keeps both kernels, so what must vanish in U⁺ is removed from G first, which an optimum does not notice: on the
simplex the mean over the classes of a task, Σ_k (y − q)_k = 0; under a free bias v ∝ √n, where no label is missing,
as r = 0 is U' v = 0.  A decayed bias may be r⁺/λ_b.  Where labels are missing, the entries of G without a label are
free and chosen so that those of U⁺ vanish (:mod:`relaxations.supported_projection`); over orbits of a symmetric design
they are cut off, at first order.  The better of U⁺ and U' counts where either has to be shrunk.

Sources: Moreau, Bull. Soc. Math. France 93 (1965); the anatomy: claim ``gap_anatomy``.
"""

from __future__ import annotations

import numpy as np

from relaxations.data_term import DataTerm, OrbitTerm
from relaxations.supported_projection import outside, project
from theory.duality import DualPoint, bias_residual, feasible_dual
from theory.labels import FloatArray

#: Shrinking by less than this is rounding.
FEASIBLE = 1e-12


def dual_bound(data: DataTerm, Z: FloatArray, q: FloatArray, b: FloatArray) -> DualPoint:
    """The dual bound of a point Z' (R, C) with predictions q (R, C) and bias b (R,).

    That of q⁺ if it is feasible as it stands, otherwise (see above) the better of q⁺ and q, both shrunk.
    """
    ahead = feasible_dual(data.problem, *predictions_ahead(data, Z, q), data.spectral_norm, data.mean)
    if ahead.scale >= 1.0 - FEASIBLE:
        return ahead
    plain = feasible_dual(data.problem, q, b if data.problem.has_bias else None, data.spectral_norm, data.mean)
    return ahead if ahead.value > plain.value else plain


def predictions_ahead(data: DataTerm, Z: FloatArray, q: FloatArray) -> tuple[FloatArray, FloatArray | None]:
    """q⁺ and the bias that goes with it (``None`` without one); entries that leave the simplex are cut off."""
    problem = data.problem
    size = float(np.linalg.norm(Z))
    # L is free: this makes L Z' about as large as U', so that neither loses digits
    L = data.gamma * np.sqrt(data.width) / size if size > 0 else 1.0
    G = Z - data.slope(q) * data.inverse / L
    if problem.loss_function.on_simplex:
        for _, rows in problem.design.blocks():
            G[rows] -= G[rows].mean(axis=0)
    if problem.free_bias and problem.design.labelled.all():
        v = problem.sqrt_counts / np.linalg.norm(problem.sqrt_counts)
        G -= np.outer(data.mean(G @ v), v)
    if problem.design.labelled.all() or isinstance(data, OrbitTerm):
        U = G - data.shrink(G, data.gamma / L)[0]
    else:
        N = outside(problem)
        U = project(G, data.gamma / L, N)
        U -= N(U)
    U *= L
    share = problem.omega_rows * data.inverse
    out = data.target - np.divide(U, share, out=np.zeros_like(U), where=share > 0)
    if problem.loss_function.on_simplex and out.min() < 0:
        np.maximum(out, 0.0, out=out)
        for t, rows in problem.design.blocks():
            out[rows] /= np.where(problem.design.labelled[t], out[rows].sum(axis=0), 1.0)
    if not problem.has_bias:
        return out, None
    if problem.free_bias:
        return out, np.zeros(problem.design.rows)
    return out, data.mean(bias_residual(problem, out)) / problem.lambda_b_rows
