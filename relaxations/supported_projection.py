"""The spectral ball cut by a subspace: where labels are missing, a residual of second order in a point's error.

A dual point's U' vanishes where no label is, and under a free bias each task's rows are orthogonal to s_t = [√n_j].
Call that subspace S and N the orthogonal projection onto its complement.  Π, the projection on {‖U‖_op <= τ}, leaves S
by as much as the point is in error, and cutting N Π(G) off costs a gap of first order.  But the entries of G outside S
are free: the optimality conditions do not see them.  So choose Δ = NΔ with

    N Π(G + Δ) = 0,

which makes Π(G + Δ) the projection of G on the ball cut by S, by Newton's method: the differential of Π is symmetric
and positive semidefinite (Π is the gradient of a convex function), and N Π'(G) N Δ = −N Π(G) is solved by a few steps
of conjugate gradients.  With G = P diag(σ) Qᵀ, f(σ) = min(σ, τ), A = PᵀΔQ, its symmetric and skew parts S and K,

    Π'(G)[Δ] = P (Ω₁ ∘ S + Ω₂ ∘ K) Qᵀ + P diag(f(σ)/σ) PᵀΔ(I − QQᵀ),
    Ω₁ = (f_i − f_j)/(σ_i − σ_j),    Ω₂ = (f_i + f_j)/(σ_i + σ_j).

Each step of conjugate gradients costs three products R × R × C.

Sources: Lewis and Sendov, SIAM J. Matrix Anal. Appl. 23 (2001) (derivatives of spectral functions); Ding, Sun, Sun and
Toh, Math. Program. 179 (2020) (of singular values).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from relaxations.spectral import shrink_singular_values
from theory.labels import FloatArray
from theory.model import UFM

#: Relative size of N Π(G) at which nothing remains to be done, and above which Newton's method is not tried.
SMALL, TOO_LARGE = 1e-14, 0.1
#: Newton steps, and steps of conjugate gradients in each.
NEWTON_STEPS, INNER_STEPS = 3, 30
#: Relative residual at which conjugate gradients stop.
FORCING = 1e-3

Linear = Callable[[FloatArray], FloatArray]


def outside(problem: UFM) -> Linear:
    """N: what a dual point's U' (R, C) must not have: entries without a label, and under a free bias s_t."""
    design = problem.design
    labelled = np.repeat(design.labelled, design.classes, axis=0)
    if not problem.free_bias:
        return lambda X: np.where(labelled, 0.0, X)
    root = np.where(labelled, problem.sqrt_counts, 0.0)
    root /= np.linalg.norm(root, axis=1, keepdims=True)

    def project(X: FloatArray) -> FloatArray:
        inner = (X * root).sum(axis=1, keepdims=True)
        return np.asarray(np.where(labelled, inner * root, X))

    return project


def project(G: FloatArray, radius: float, N: Linear) -> FloatArray:
    """Π(G + Δ) with N Π(G + Δ) nearly 0, for the Δ = NΔ that Newton's method finds from 0; ``(R, C)``."""
    if G.shape[0] > G.shape[1]:
        return np.asarray(project(G.T, radius, lambda X: np.asarray(N(X.T).T)).T)
    best, least = np.zeros_like(G), np.inf
    for step in range(NEWTON_STEPS + 1):
        U = G - shrink_singular_values(G, radius)[0]
        stray = N(U)
        size = float(np.linalg.norm(stray)) / max(float(np.linalg.norm(U)), 1e-300)
        if size >= least:
            return best
        best, least = U, size
        if size <= SMALL or size > TOO_LARGE or step == NEWTON_STEPS:
            return best
        G = G - _conjugate_gradients(_differential(*_singular_values(G), radius), N, stray)
    return best


def _singular_values(G: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """P (R, R), σ (R,), Qᵀ (R, C) of G, R <= C, by the smaller Gram matrix; rows of Qᵀ are 0 where σ is rounding."""
    squares, P = np.linalg.eigh(G @ G.T)
    sigma = np.sqrt(np.maximum(squares, 0.0))
    keep = sigma > 1e-7 * sigma[-1]
    return P, sigma, np.divide(P.T @ G, sigma[:, None], out=np.zeros_like(G), where=keep[:, None])


def _differential(P: FloatArray, sigma: FloatArray, Qt: FloatArray, radius: float) -> Linear:
    """Π'(G) at G = P diag(sigma) Qt, Π the projection on the ball of ``radius``."""
    cut = np.minimum(sigma, radius)
    ratio = np.divide(cut, sigma, out=np.ones_like(sigma), where=sigma > radius)
    gap = sigma[:, None] - sigma[None, :]
    close = np.abs(gap) <= 1e-14 * sigma.max()
    slope = (sigma <= radius).astype(float)
    first = np.where(close, slope[:, None] * slope[None, :], 0.0)
    np.divide(cut[:, None] - cut[None, :], gap, out=first, where=~close)
    total = sigma[:, None] + sigma[None, :]
    second = np.divide(cut[:, None] + cut[None, :], total, out=np.ones_like(total), where=total > 0)

    def apply(X: FloatArray) -> FloatArray:
        left = P.T @ X
        A = left @ Qt.T
        inner = first * (A + A.T) / 2 + second * (A - A.T) / 2 - ratio[:, None] * A
        return np.asarray(P @ (inner @ Qt + ratio[:, None] * left))

    return apply


def _conjugate_gradients(differential: Linear, N: Linear, right: FloatArray) -> FloatArray:
    """X = NX with N Π'(G)[X] near ``right`` = N ``right``."""
    X, residual = np.zeros_like(right), right
    direction, energy = residual, float((residual * residual).sum())
    target = FORCING**2 * energy
    for _ in range(INNER_STEPS):
        image = N(differential(direction))
        curvature = float((direction * image).sum())
        if curvature <= 1e-14 * float((direction * direction).sum()):
            break
        alpha = energy / curvature
        X, residual = X + alpha * direction, residual - alpha * image
        fresh = float((residual * residual).sum())
        if fresh <= target:
            break
        direction, energy = residual + (fresh / energy) * direction, fresh
    return X
