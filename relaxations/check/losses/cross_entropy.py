"""Cross-entropy: Φ = log Σ exp, Φ* = Σ q log q on the simplex, ∇Φ = softmax."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flint import arb

from .base import ZERO, BallLoss


def log_sum_exp(z: Sequence[arb]) -> arb:
    """log Σ exp z_k, about the largest midpoint so that nothing overflows."""
    top = max((x.mid() for x in z), key=lambda m: m)
    return top + sum(((x - top).exp() for x in z), ZERO).log()


def negative_entropy(q: Sequence[arb]) -> arb:
    """Σ q log q of probabilities, 0 log 0 = 0."""
    total = ZERO
    for x in q:
        if x > 0:
            total += x * x.log()
        elif not x.is_zero():
            # the exact probability lies in [0, top], where x log x is between 0 and its least value on it
            top = x.upper()
            low = top * top.log() if 0 < top < 0.36 else arb(-1)
            total += low.union(ZERO)
    return total


def softmax(z: Sequence[float]) -> list[float]:
    """∇ log Σ exp."""
    top = max(z)
    weights = [math.exp(x - top) for x in z]
    total = sum(weights)
    return [w / total for w in weights]


CROSS_ENTROPY = BallLoss(log_sum_exp, negative_entropy, softmax, simplex=True)
