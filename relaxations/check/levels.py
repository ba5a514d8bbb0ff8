"""Levels of trust: an arithmetic, the sizes it takes, and the two bounds that it proves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import arb, ctx, fmpq

from .contents import Contents
from .decimals import endpoint
from .losses import ZERO
from .lower import TaskDual, gram, largest_scale
from .reading import BALL_LIMITS, Limits
from .upper import upper_bound

PRECISION = 128  # bits of a ball's midpoint

LEVEL = "ball arithmetic (python-flint), proved without assumptions on floating point"

#: (low, high, s): low <= min f <= high, each ``None`` where there is none, and the scale of the dual point.
Bounds = tuple[fmpq | None, fmpq | None, fmpq]


@dataclass(frozen=True)
class Method:
    """A level of trust: what it rests on, the sizes it takes, and its bounds."""

    level: str
    limits: Limits
    bounds: Callable[[Contents], Bounds]


def ball_bounds(contents: Contents) -> Bounds:
    """The enclosure of the minimum in balls."""
    precision = ctx.prec
    try:
        ctx.prec = PRECISION
        duals = [TaskDual(contents.problem, task, contents.q) for task in contents.problem.tasks]
        s = largest_scale(contents.problem, gram(contents.problem, duals))
        # 2^-100 outward: a value equal to an end in exact arithmetic then lies inside by more than rounding
        low = endpoint((sum((dual.value(s) for dual in duals), ZERO) * arb(1, 2.0**-100)).lower())
        high = endpoint((upper_bound(contents) * arb(1, 2.0**-100)).upper())
        return low, high, s
    finally:
        ctx.prec = precision


BALLS = Method(LEVEL, BALL_LIMITS, ball_bounds)
