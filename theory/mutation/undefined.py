"""Has an expression certainly no real value at a point: a root or logarithm of a negative number, a division by 0?"""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.mutation.worlds import Irrational, World, coefficients, rational
from theory.proof.enclosure import Undefined, enclose
from theory.proof.traces import Trace, Word

BITS = 256


def no_value(term: Any, world: World) -> str:
    """The part of the term that has no real value at the world, as text; "" if none is seen."""
    term = getattr(term, "value", term)
    if isinstance(term, (Word, Trace)) and any(p and c == 0 for p, c in term.terms.items()):
        return ""
    for _, expression in coefficients(term):
        for part in sp.preorder_traversal(expression):
            if isinstance(part, sp.log) and _at_most_zero(part.args[0], world):
                return f"the logarithm of {part.args[0]}"
            if isinstance(part, sp.Pow) and part.exp.is_Rational:
                if part.exp.q % 2 == 0 and _negative(part.base, world):
                    return f"a root of {part.base}"
                if part.exp < 0 and _zero(part.base, world):
                    return f"1 over {part.base}"
    return ""


def _negative(e: sp.Expr, world: World) -> bool:
    try:
        return bool(enclose(e, world.point(BITS), BITS) < 0)
    except (Undefined, TypeError):
        return False


def _zero(e: sp.Expr, world: World) -> bool:
    for symbol, value in world.lets:
        e = e.xreplace({symbol: value})
    try:
        return bool(rational(e, world.scalars) == 0)
    except (Irrational, ZeroDivisionError):
        pass
    try:
        return bool(world.balls(e, BITS)[0].contains(0)) and world.vanishes(e)
    except (Undefined, TypeError, KeyError):
        return False


def _at_most_zero(e: sp.Expr, world: World) -> bool:
    return _negative(e, world) or _zero(e, world)
