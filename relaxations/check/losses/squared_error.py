"""Squared error ½‖z − y‖²: Φ = Φ* = ½‖·‖² on all of R^K, ∇Φ the identity."""

from __future__ import annotations

from collections.abc import Sequence

from flint import arb

from .base import ZERO, BallLoss


def half_square(z: Sequence[arb]) -> arb:
    """½‖z‖², its own conjugate."""
    return sum((x * x for x in z), ZERO) / 2


SQUARED_ERROR = BallLoss(half_square, half_square, list, simplex=False)
