"""Rigorous ball arithmetic for the theorems' formulas: an :class:`theory.closed_forms.Arithmetic` on python-flint.

A ball encloses the exact value of the formula, so a closed form can be held against a proven enclosure
(:func:`relaxations.check.position`) without any tolerance.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq

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
