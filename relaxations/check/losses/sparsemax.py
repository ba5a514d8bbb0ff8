"""Sparsemax (Martins and Astudillo 2016): Φ* = ½‖q‖² on the simplex, ∇Φ the projection onto it."""

from __future__ import annotations

from collections.abc import Sequence

from flint import arb

from .base import ZERO, BallLoss
from .squared_error import half_square


def greatest_simplex_gain(z: Sequence[arb]) -> arb:
    """max ⟨q, z⟩ − ½‖q‖² over the simplex: at least its value at any q there, at most τ + ½ Σ (z − τ)_+² for any τ.

    (The second is the dual of the first.)  τ is guessed from midpoints, q is (z − τ)_+ scaled to sum to 1: a bad
    guess, at ties for instance, would only widen the ball.
    """
    ordered = sorted((x.mid() for x in z), reverse=True)
    guess, total = ordered[0] - 1, ZERO
    for size, x in enumerate(ordered, 1):
        total += x
        candidate = ((total - 1) / size).mid()
        if not x > candidate:
            break
        guess = candidate
    positive = [x - guess if x > guess else ZERO if x < guess else ZERO.union((x - guess).upper().max(0)) for x in z]
    above = guess + sum((p * p for p in positive), ZERO) / 2
    scale = sum((p.mid() for p in positive), ZERO)
    q = [p.mid() / scale for p in positive]
    below = sum((p * x for p, x in zip(q, z, strict=True)), ZERO) - half_square(q)
    return below.union(above)


def projection(z: Sequence[float]) -> list[float]:
    """The point of the simplex nearest to z: (z − τ)_+."""
    total, tau = 0.0, max(z) - 1
    for size, x in enumerate(sorted(z, reverse=True), 1):
        total += x
        if x <= (total - 1) / size:
            break
        tau = (total - 1) / size
    return [max(x - tau, 0.0) for x in z]


SPARSEMAX = BallLoss(greatest_simplex_gain, half_square, projection, simplex=True)
