"""Rigorous signs: an expression at a rational point, enclosed in a ball that provably holds its value.

A statement is refuted only by a point at which the ball of lhs − rhs excludes 0: no tolerance, no
rounding, no hope.  Balls are those of Arb (Johansson 2017) through python-flint.
"""

from __future__ import annotations

from collections.abc import Mapping

import flint
import sympy as sp

#: Working precisions in bits, tried in turn; a value that is still not told from 0 at the last is 0 or undecided.
PRECISIONS = (64, 192, 640, 2048)


class Undefined(ArithmeticError):
    """The expression has no real value at the point (log of a negative number, division by 0)."""


def enclose(expression: sp.Expr, point: Mapping[sp.Symbol, sp.Rational | flint.arb], bits: int = 192) -> flint.arb:
    """A ball that holds the value of ``expression`` at ``point`` (whose values are rationals, or balls).

    Raises ``Undefined`` where it has none and ``TypeError`` for a function that is not known here.
    """
    saved = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        ball = _evaluate(sp.sympify(expression), point)
        if not ball.is_finite():
            raise Undefined(f"{expression} has no finite value here")
        return ball
    finally:
        flint.ctx.prec = saved


def sign_at(expression: sp.Expr, point: Mapping[sp.Symbol, sp.Rational]) -> int:
    """+1 or −1 where the sign is certain; 0 where the value cannot be told from 0 at 2048 bits."""
    trouble: Undefined | None = None
    for bits in PRECISIONS:
        try:
            ball = enclose(expression, point, bits)
        except Undefined as error:
            trouble = error
            continue
        trouble = None
        if ball > 0:
            return 1
        if ball < 0:
            return -1
    if trouble is not None:
        raise trouble
    return 0


def _rational(number: sp.Rational) -> flint.arb:
    return flint.arb(flint.fmpq(int(number.p), int(number.q)))


def _evaluate(e: sp.Expr, point: Mapping[sp.Symbol, sp.Rational | flint.arb]) -> flint.arb:
    if isinstance(e, sp.Symbol):
        if e not in point:
            raise TypeError(f"the point gives no value to {e}")
        value = point[e]
        return value if isinstance(value, flint.arb) else _rational(sp.Rational(value))
    if isinstance(e, sp.Rational):
        return _rational(e)
    if e is sp.S.Exp1:
        return flint.arb(1).exp()
    if e is sp.pi:
        return flint.arb.pi()
    arguments = [_evaluate(a, point) for a in e.args]
    if isinstance(e, sp.Add):
        return sum(arguments, flint.arb(0))
    if isinstance(e, sp.Mul):
        out = flint.arb(1)
        for a in arguments:
            out = out * a
        return out
    if isinstance(e, sp.Pow):
        return _power(e, arguments)
    known = {sp.exp: "exp", sp.log: "log", sp.cosh: "cosh", sp.sinh: "sinh", sp.tanh: "tanh"}
    for function, method in known.items():
        if isinstance(e, function):
            return getattr(arguments[0], method)()
    if isinstance(e, sp.Abs):
        return abs(arguments[0])
    if isinstance(e, (sp.Max, sp.Min)):
        out = arguments[0]
        for a in arguments[1:]:
            out = out.max(a) if isinstance(e, sp.Max) else out.min(a)
        return out
    raise TypeError(f"{type(e).__name__} is not known here; add it to theory.proof.enclosure")


def _power(e: sp.Pow, arguments: list[flint.arb]) -> flint.arb:
    base, exponent = arguments
    if isinstance(e.exp, sp.Integer):
        power = int(e.exp)
        if power < 0 and base.contains(0):
            raise Undefined(f"{e}: division by a number that cannot be told from 0")
        out = base ** flint.fmpz(abs(power))
        return out if power >= 0 else 1 / out
    if isinstance(e.exp, sp.Rational):
        if e.exp < 0 and base.contains(0):
            raise Undefined(f"{e}: division by a number that cannot be told from 0")
        root = base.root(int(e.exp.q)) if int(e.exp.q) != 2 else base.sqrt()
        out = root ** flint.fmpz(abs(int(e.exp.p)))
        return out if e.exp > 0 else 1 / out
    return (base.log() * exponent).exp()
