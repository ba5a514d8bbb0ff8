"""The finish: trust-region Newton on the factors of Z', and the factorisation itself.

By the variational form √λ_H ‖Z'‖_* = min √λ_H/2 (‖A‖² + ‖B‖²) over Z' = AB, the relaxation at rank r is

    g(A, B, b) = F(AB, b) + √λ_H/2 (‖A‖² + ‖B‖²),      A (R × r), B (r × C),

which is f itself: W_t = λ_{W,t}^{-1/2} λ_H^{1/4} A_t, h̄_j = λ_H^{-1/4} B_j/√n_j.  It is not convex, but close to a
global optimum it is far better conditioned than the convex problem: in Z' the curvature of cross-entropy
falls with the probability of the wrong classes, while along the factors it is √λ_H times the margin, and in the
directions that leave Z' alone 2√λ_H (rotations, of curvature 0, do not disturb conjugate gradients).  So a few
Newton steps, each a few conjugate-gradient steps of O(R C r) work and O(R C) memory, reach rounding error.
Global optimality is never concluded here: the dual bound decides (:mod:`relaxations.proximal`).

Sources: Srebro, Rennie & Jaakkola, "Maximum-margin matrix factorization", NeurIPS 2004 (variational form);
Steihaug, SIAM J. Numer. Anal. 20 (1983) (truncated conjugate gradients in a trust region).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from relaxations.data_term import DataTerm, Evaluation
from theory.labels import FloatArray
from theory.model import UFM

#: Singular values below this share of the largest may be dropped, if the objective does not notice.
RANK_CUTOFF = 1e-5
#: The relative rise of the objective that counts as not noticing.
RANK_SLACK = 1e-14
#: Relative rounding error of g: a sum of non-negative terms, each without cancellation.
ROUNDING_OF_VALUE = 1e-14


@dataclass(frozen=True)
class Factors:
    """A point of the factored problem: ``A`` (R, r), ``B`` (r, C), bias ``b`` (R,), and its value g."""

    A: FloatArray
    B: FloatArray
    b: FloatArray
    value: float

    @property
    def Z(self) -> FloatArray:
        """Z' = AB, ``(R, C)``."""
        return np.asarray(self.A @ self.B)


def objective(data: DataTerm, A: FloatArray, B: FloatArray, b: FloatArray) -> float:
    """g(A, B, b)."""
    penalty = 0.5 * data.gamma * float((A * A).sum() + (B * B).sum())
    return data.value(data.logits(A @ B, b), b) + penalty


def balanced_factors(data: DataTerm, Z: FloatArray, b: FloatArray, rank: int | None = None) -> Factors:
    """A = P S^{1/2}, B = S^{1/2} Qᵀ of Z' = P S Qᵀ, cut off at ``rank`` (default: every singular value > 0)."""
    P, s, Qt = np.linalg.svd(Z, full_matrices=False)
    keep = int((s > 0).sum()) if rank is None else min(rank, len(s))
    root = np.sqrt(s[:keep])
    A, B = P[:, :keep] * root, root[:, None] * Qt[:keep]
    return Factors(A, B, b, objective(data, A, B, b))


def compress(data: DataTerm, point: Factors) -> Factors:
    """The same point, balanced, with the fewest columns (:func:`trim`)."""
    if point.A.shape[1] == 0:
        return point
    left, triangle_left = np.linalg.qr(point.A)
    right, triangle_right = np.linalg.qr(point.B.T)
    P, s, Qt = np.linalg.svd(triangle_left @ triangle_right.T)
    root = np.sqrt(s)
    A, B = left @ (P[:, : len(s)] * root), (root[:, None] * Qt[: len(s)]) @ right.T
    return trim(data, Factors(A, B, point.b, objective(data, A, B, point.b)))


def trim(data: DataTerm, point: Factors) -> Factors:
    """Balanced factors with the fewest columns that make the same point.

    Rank r is the smallest for which no singular value above ``RANK_CUTOFF`` × the largest is dropped and g
    does not rise by more than ``RANK_SLACK`` × g: decided by the objective, not by a tolerance on Z' alone.
    """
    A, B, whole = point.A, point.B, point.value
    s = (A * A).sum(axis=0)
    if s.size == 0:
        return point
    if s[0] <= 0:
        return Factors(A[:, :0], B[:0], point.b, whole)
    first = int((s > RANK_CUTOFF * s[0]).sum())
    if objective(data, A[:, :0], B[:0], point.b) <= whole * (1 + RANK_SLACK):
        first = 0
    for r in range(first, len(s)):
        value = objective(data, A[:, :r], B[:r], point.b)
        if value <= whole * (1 + RANK_SLACK):
            return Factors(A[:, :r], B[:r], point.b, value)
    return point


def factorise(problem: UFM, A: FloatArray, B: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Heads W (R, r) and cell features H (r, C) of Z' = AB: W = λ_W^{-1/2} λ_H^{1/4} A, H = λ_H^{-1/4} B/√n.

    With balanced factors the point is balanced: Σ_t λ_{W,t} W_tᵀW_t = λ_H H̃H̃ᵀ.
    """
    quarter = float(problem.lambda_h) ** 0.25
    return quarter * A / np.sqrt(problem.lambda_w_rows)[:, None], B / (quarter * problem.sqrt_counts)


class _Local:
    """Gradient and Hessian of g at a point, in the coordinates x = (A, B, s b) laid end to end."""

    def __init__(self, data: DataTerm, shapes: tuple[int, int, int], x: FloatArray) -> None:
        self.data, self.shapes = data, shapes
        self.A, self.B, self.b = self.split(x)
        self.at: Evaluation = data.evaluate(data.logits(self.A @ self.B, self.b), self.b)
        self.value = self.at.value + 0.5 * data.gamma * float((self.A**2).sum() + (self.B**2).sum())
        self.slope = self.at.slope * data.inverse
        self.gradient = self.join(
            self.slope @ self.B.T + data.gamma * self.A,
            self.A.T @ self.slope + data.gamma * self.B,
            self.at.slope.sum(axis=1) + data.lambda_b * self.b,
        )

    def split(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(A, B, b) of x."""
        R, r, C = self.shapes
        b = x[(R + C) * r :] / self.data.bias_scale if self.data.problem.has_bias else np.zeros(R)
        return x[: R * r].reshape(R, r), x[R * r : (R + C) * r].reshape(r, C), b

    def join(self, A: FloatArray, B: FloatArray, b: FloatArray) -> FloatArray:
        """A covector: the gradient with respect to b divided by its unit."""
        parts = [A.ravel(), B.ravel()]
        if self.data.problem.has_bias:
            parts.append(b / self.data.bias_scale)
        return np.concatenate(parts)

    def hessian(self, v: FloatArray) -> FloatArray:
        """∇²g v."""
        data = self.data
        dA, dB, db = self.split(v)
        moved = data.curvature(self.at.q, data.logits(dA @ self.B + self.A @ dB, db))
        scaled = moved * data.inverse
        return self.join(
            scaled @ self.B.T + self.slope @ dB.T + data.gamma * dA,
            self.A.T @ scaled + dA.T @ self.slope + data.gamma * dB,
            moved.sum(axis=1) + data.lambda_b * db,
        )


def newton(
    data: DataTerm,
    start: Factors,
    max_steps: int = 40,
    good_enough: Callable[[float, FloatArray, FloatArray, FloatArray], bool] | None = None,
) -> tuple[Factors, int]:
    """Trust-region Newton with truncated conjugate gradients; the local minimum and the steps taken.

    Never returns a point of a larger value.  Stops at rounding error: when the gradient is 1e-15 of the
    penalty's own, or when neither the value nor the gradient can be improved; or where ``good_enough`` says so of
    (g, Z', predictions q, bias b), which is asked once the gradient is small.
    """
    R, r = start.A.shape
    shapes = (R, r, start.B.shape[1])
    parts = [start.A.ravel(), start.B.ravel()]
    if data.problem.has_bias:
        parts.append(start.b * data.bias_scale)
    x = np.concatenate(parts)
    if x.size == 0:
        return start, 0
    here = _Local(data, shapes, x)
    radius = max(float(np.linalg.norm(x)), data.unit)
    diagonal = _preconditioner(data, shapes)
    most_inner = min(max(200, x.size), 1000)
    steps = flat = 0
    while steps < max_steps:
        size = float(np.linalg.norm(here.gradient))
        scale = data.gamma * max(float(np.linalg.norm(x)), 1e-8 * data.unit)
        if size <= 1e-15 * scale:
            break
        if (
            good_enough is not None
            and size <= 1e-6 * scale
            and good_enough(here.value, here.A @ here.B, here.at.q, here.b)
        ):
            break
        forcing = min(0.1, np.sqrt(size / scale)) if size > 1e-6 * scale else 1e-4
        step, product = _steihaug(here.gradient, here.hessian, diagonal, radius, forcing, most_inner)
        steps += 1
        predicted = -float(here.gradient @ step + 0.5 * step @ product)
        there = _Local(data, shapes, x + step)
        # differences of g mean nothing below its rounding error (Conn, Gould & Toint, section 17.4.2)
        noise = ROUNDING_OF_VALUE * abs(here.value)
        ratio = (here.value - there.value + noise) / (predicted + noise)
        length = float(np.sqrt((step * step * diagonal).sum()))
        if predicted <= noise:
            # only the gradient can tell progress now; a step that does not halve it is one of the last
            last = not np.linalg.norm(there.gradient) < 0.5 * size
            flat += last
            if np.linalg.norm(there.gradient) < size and ratio > 0:
                x, here = x + step, there
            elif last:
                break
            if flat > 2:
                break
            continue
        if ratio < 0.25:
            radius = 0.25 * length
        elif ratio > 0.75 and length > 0.8 * radius:
            radius *= 3.0
        if ratio > 1e-4:
            x, here = x + step, there
        elif radius <= 1e-14 * max(float(np.linalg.norm(x)), data.unit):
            break
    end = Factors(here.A, here.B, here.b, here.value)
    return (end if end.value <= start.value * (1 + 1e-14) else start), steps


def _preconditioner(data: DataTerm, shapes: tuple[int, int, int]) -> FloatArray:
    """Diagonal metric: 1 for the factors; for s b, a strongly decayed bias is stiffer than the factors are."""
    R, r, C = shapes
    ones = np.ones((R + C) * r)
    if not data.problem.has_bias:
        return ones
    return np.concatenate([ones, 1.0 + data.lambda_b / data.bias_scale**2 / data.gamma])


def _steihaug(
    gradient: FloatArray,
    hessian: Callable[[FloatArray], FloatArray],
    diagonal: FloatArray,
    radius: float,
    forcing: float,
    max_inner: int,
) -> tuple[FloatArray, FloatArray]:
    """Approximate minimiser p of the quadratic model in ‖p‖_diagonal ≤ radius, and ∇²g p."""
    step, product = np.zeros_like(gradient), np.zeros_like(gradient)
    residual = gradient.copy()
    scaled = residual / diagonal
    direction = -scaled
    energy = float(residual @ scaled)
    target = forcing**2 * energy
    for _ in range(max_inner):
        image = hessian(direction)
        curvature = float(direction @ image)
        if curvature <= 0:
            tau = _to_boundary(step, direction, diagonal, radius)
            return step + tau * direction, product + tau * image
        alpha = energy / curvature
        if float(((step + alpha * direction) ** 2 * diagonal).sum()) >= radius**2:
            tau = _to_boundary(step, direction, diagonal, radius)
            return step + tau * direction, product + tau * image
        step, product = step + alpha * direction, product + alpha * image
        residual = residual + alpha * image
        scaled = residual / diagonal
        fresh = float(residual @ scaled)
        if fresh <= target:
            break
        direction = -scaled + (fresh / energy) * direction
        energy = fresh
    return step, product


def _to_boundary(step: FloatArray, direction: FloatArray, diagonal: FloatArray, radius: float) -> float:
    """τ ≥ 0 with ‖step + τ direction‖_diagonal = radius."""
    a = float((direction * direction * diagonal).sum())
    b = float((step * direction * diagonal).sum())
    c = float((step * step * diagonal).sum()) - radius**2
    root = np.sqrt(max(b * b - a * c, 0.0))
    # the form without cancellation
    return float(-c / (b + root)) if b > 0 else float((root - b) / a)
