"""Losses bounded entry by entry, one column of predictions or logits at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .rounding import LIBM, SLACK, TINY, UNIT, FloatArray, gamma


def entropy_bounds(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Bounds of Σ_k q_k log q_k over low ≤ q ≤ high in [0, 1], for every column: x log x is convex."""
    ends = []
    for x in (low, high):
        value = x * np.log(np.where(x > 0, x, 1.0))
        ends.append((value, (LIBM + 2 * UNIT) * np.abs(value) + TINY))
    (a, ea), (b, eb) = ends
    above = np.maximum(a + ea, b + eb)
    least = np.where((low < 0.368) & (high > 0.367), -0.3678794411714424, np.minimum(a - ea, b - eb))
    extra = gamma(len(low) + 2)
    return least.sum(axis=0) - extra * np.abs(least).sum(axis=0), above.sum(axis=0) + extra * np.abs(above).sum(axis=0)


def half_square_bounds(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Bounds of ½‖q‖² over low ≤ q ≤ high, for every column."""
    nearest, farthest = np.maximum(np.maximum(low, -high), 0.0), np.maximum(np.abs(low), np.abs(high))
    extra = gamma(len(low) + 3)
    below = 0.5 * (nearest * nearest).sum(axis=0) * (1 - extra) - len(low) * TINY
    return below, 0.5 * (farthest * farthest).sum(axis=0) * (1 + extra) + len(low) * TINY


def _linear_part(
    phi: FloatArray, error: FloatArray, dz: FloatArray, z: FloatArray, y: FloatArray, conjugate: FloatArray
) -> FloatArray:
    """At least Φ(z) + Φ*(y) − ⟨y, z⟩: Φ and ⟨y, ·⟩ change by at most max |dz| each, y being a probability vector."""
    inner, size = (y * z).sum(axis=0), (y * np.abs(z)).sum(axis=0)
    error = error + 2 * dz.max(axis=0) + gamma(len(z) + 2) * size + len(z) * TINY
    error = error + 4 * UNIT * (np.abs(phi) + np.abs(conjugate) + size)
    return np.asarray(phi + conjugate - inner + SLACK * error)


def cross_entropy_above(z: FloatArray, dz: FloatArray, y: FloatArray, conjugate: FloatArray) -> FloatArray:
    """At least the cross-entropy of logits within ``dz`` of z, for every column."""
    top = z.max(axis=0)
    x = z - top  # in error by u|x|, as if z were
    total = np.exp(x).sum(axis=0)  # between 1 and K
    log = np.log(total)
    error = (
        UNIT * np.abs(x).max(axis=0)
        + 2 * (LIBM + gamma(len(z)))
        + (LIBM + 2 * UNIT) * np.abs(log)
        + 2 * UNIT * np.abs(top)
    )
    return _linear_part(top + log, error, dz, z, y, conjugate)


def squared_error_above(z: FloatArray, dz: FloatArray, y: FloatArray, conjugate: FloatArray) -> FloatArray:
    """At least ½‖z − y‖² for logits within ``dz`` of z (Φ*(y) is part of the square)."""
    far = np.abs(z - y) + SLACK * (dz + 3 * UNIT * (np.abs(z) + np.abs(y)))
    return np.asarray(0.5 * (far * far).sum(axis=0) * (1 + gamma(len(z) + 4)) + len(z) * TINY)


def sparsemax_above(z: FloatArray, dz: FloatArray, y: FloatArray, conjugate: FloatArray) -> FloatArray:
    """At least the sparsemax loss: Φ(z) ≤ τ + ½ Σ (z − τ)_+² for every τ, here the one of the projection."""
    descending = -np.sort(-z, axis=0)
    sizes = np.arange(1, len(z) + 1)[:, None]
    candidates = (np.cumsum(descending, axis=0) - 1) / sizes
    last = np.maximum((descending > candidates).sum(axis=0) - 1, 0)
    tau = np.take_along_axis(candidates, last[None], axis=0)[0]
    positive = np.maximum(z - tau, 0.0)
    square = 0.5 * (positive * positive).sum(axis=0) * (1 + gamma(len(z) + 4)) + len(z) * TINY
    return _linear_part(tau + square, 2 * UNIT * (np.abs(tau) + square), dz, z, y, conjugate)


@dataclass(frozen=True)
class FloatLoss:
    """Bounds of Φ*, over boxes, and an upper bound of ℓ."""

    conjugate: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
    above: Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]


#: Losses by name.
LOSSES = {
    "ce": FloatLoss(entropy_bounds, cross_entropy_above),
    "mse": FloatLoss(half_square_bounds, squared_error_above),
    "sparsemax": FloatLoss(half_square_bounds, sparsemax_above),
}
