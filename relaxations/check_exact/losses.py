"""Losses in rationals: Φ and Φ*, each as a pair (from below, from above)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from .series import ZERO, exp_bounds, log_bounds

Vector = list[Fraction]


def _entropy(q: Vector) -> tuple[Fraction, Fraction]:
    """Σ q log q, 0 log 0 = 0."""
    bounds = [(x * low, x * high) for x in q if x for low, high in (log_bounds(x),)]
    return sum((low for low, _ in bounds), ZERO), sum((high for _, high in bounds), ZERO)


def _log_sum_exp(z: Vector) -> tuple[Fraction, Fraction]:
    """log Σ exp z_k about the largest."""
    top = max(z)
    bounds = [exp_bounds(x - top) for x in z]
    low, high = (log_bounds(sum(side, ZERO))[i] for i, side in enumerate(zip(*bounds, strict=True)))
    return top + low, top + high


def _half_square(z: Vector) -> tuple[Fraction, Fraction]:
    value = sum((x * x for x in z), ZERO) / 2
    return value, value


def _simplex_gain(z: Vector) -> tuple[Fraction, Fraction]:
    """max ⟨q, z⟩ − ½‖q‖² over the simplex, attained at the projection (z − τ)_+ of z."""
    total, tau = ZERO, ZERO
    for size, x in enumerate(sorted(z, reverse=True), 1):
        total += x
        if size * x <= total - 1:
            break
        tau = (total - 1) / size
    q = [max(x - tau, ZERO) for x in z]
    value = sum((p * x for p, x in zip(q, z, strict=True)), ZERO) - _half_square(q)[0]
    return value, value


#: Φ, Φ*, and whether dom Φ* is the simplex.
Bounds = Callable[[Vector], tuple[Fraction, Fraction]]
LOSSES: dict[str, tuple[Bounds, Bounds, bool]] = {
    "ce": (_log_sum_exp, _entropy, True),
    "mse": (_half_square, _half_square, False),
    "sparsemax": (_simplex_gain, _half_square, True),
}
