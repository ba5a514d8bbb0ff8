"""What the checker has to know of a loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flint import arb

ZERO = arb(0)


@dataclass(frozen=True)
class BallLoss:
    """A Fenchel–Young loss in balls: Φ, Φ*, and whether dom Φ* is the simplex (else all of R^K).

    ``conjugate`` is only called at points of the domain: the caller has proved that the exact numbers inside
    the balls lie there.  ``predict`` is ∇Φ in floats: it proposes dual points and directions, and proves nothing.
    """

    phi: Callable[[Sequence[arb]], arb]
    conjugate: Callable[[Sequence[arb]], arb]
    predict: Callable[[Sequence[float]], list[float]]
    simplex: bool
