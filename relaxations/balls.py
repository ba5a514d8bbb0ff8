"""Rigorous ball arithmetic for the theorems' formulas: an :class:`theory.closed_forms.Arithmetic` on python-flint.

A ball encloses the exact value of the formula, so a closed form can be held against a proven enclosure
(:func:`relaxations.check.position`) without any tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq

from relaxations.check import endpoint, float_up
from theory.closed_forms import Arithmetic

#: Bits of a closed form: twice those of the checker, so that its ball is far narrower than an enclosure's end.
PRECISION = 256


def _number(value: Fraction) -> Any:
    return arb(fmpq(value.numerator, value.denominator))


#: Formulas evaluated in balls, at the precision of the moment (see :func:`evaluate`).
BALLS = Arithmetic(number=_number, exp=lambda x: x.exp(), log=lambda x: x.log(), sqrt=lambda x: x.sqrt())


def evaluate(formula: Callable[[Arithmetic], Any], bits: int = PRECISION) -> Any:
    """The ball (``flint.arb``) of a formula, evaluated with ``bits`` bits."""
    precision = ctx.prec
    ctx.prec = bits
    try:
        return formula(BALLS)
    finally:
        ctx.prec = precision


def rounded_up(value: Any | None) -> float | None:
    """A float64 above a ball; ``None`` for no ball, or one out of range."""
    number = None if value is None else endpoint(arb(value.upper()))
    if number is None:
        return None
    above = float_up(number)
    return above if math.isfinite(above) else None


def nontrivial(value: Any | None, trivial: float) -> float | None:
    """:func:`rounded_up`, or ``None`` if that says no more than ``trivial``."""
    bound = rounded_up(value)
    return bound if bound is not None and bound < trivial else None
