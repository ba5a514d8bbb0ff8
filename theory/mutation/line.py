r"""A sign on the half-line: f(s) for s > 0, certified by balls on finitely many intervals and by shifting at the end.

near 0     f(0) >= 0 and f' > 0 on [0, δ]             (or f(0) > 0, a ball)
between    f over each interval is positive: a ball, or the mean value form f(m) + f'([a, b])([a, b] − m)
beyond M   f(M + t) is certified by its coefficients
"""

from __future__ import annotations

import flint
import sympy as sp

from theory.proof.alphabet import Alphabet
from theory.proof.enclosure import Undefined, enclose, sign_at

BITS = 96
#: Intervals before the attempt is given up, where the middle ends, and the widths tried next to 0.
INTERVALS, FAR, NEAR = 800, (4, 16), tuple(sp.Rational(1, n) for n in (4, 8, 16, 32))


def positive_on_line(expression: sp.Expr, alphabet: Alphabet) -> bool:
    """Is the expression in one variable of the domain s > 0 positive there?  ``True`` is a proof."""
    if len(expression.free_symbols) != 1:
        return False
    s = next(iter(expression.free_symbols))
    domain = alphabet.domains.get(s)
    if domain is None or domain.kind != "positive":
        return False
    for power in expression.atoms(sp.Pow):
        if power.exp.is_negative and power.base.has(s):
            if not power.base.is_positive:
                return False
            expression = sp.expand(expression / power)
    if any(p.exp.is_negative and p.base.has(s) for p in expression.atoms(sp.Pow)):
        return False
    return any(_beyond(expression, s, far) and _between(expression, s, sp.Integer(0), sp.Integer(far)) for far in FAR)


def _beyond(expression: sp.Expr, s: sp.Symbol, far: int) -> bool:
    """Is f(M + t) > 0 a polynomial with coefficients >= 0, plus polynomials of that kind times exponentials?"""
    t = sp.Symbol("t", nonnegative=True)
    polynomial, strict = sp.Integer(0), False
    for term in sp.Add.make_args(sp.expand(expression)):
        factors = sp.Mul.make_args(term)
        plain = sp.Mul(*(f for f in factors if not isinstance(f, sp.exp)))
        if plain == term:
            polynomial += term
        elif not _coefficients_positive(plain, s, far, t):
            return False
        else:
            strict = True
    if not polynomial.is_polynomial(s):
        return False
    return _coefficients_positive(polynomial, s, far, t) and (strict or polynomial.xreplace({s: sp.Integer(far)}) > 0)


def _coefficients_positive(polynomial: sp.Expr, s: sp.Symbol, far: int, t: sp.Symbol) -> bool:
    if not polynomial.is_polynomial(s):
        return False
    shifted = sp.Poly(polynomial.xreplace({s: far + t}), t)
    return all(c.is_Rational and c >= 0 for c in shifted.coeffs())


def _between(expression: sp.Expr, s: sp.Symbol, low: sp.Rational, high: sp.Rational) -> bool:
    edge = next((w for w in NEAR if _near_zero(expression, s, w)), None)
    if edge is None:
        return False
    slope = sp.diff(expression, s)
    left = [(edge, high)]
    for _ in range(INTERVALS):
        if not left:
            return True
        a, b = left.pop()
        middle = (a + b) / 2
        if _ball(expression, s, a, b) > 0 or _by_mean_value(expression, slope, s, a, b) > 0:
            continue
        if sign_at(expression.xreplace({s: middle}), {}) < 0:
            return False
        left += [(a, middle), (middle, b)]
    return False


def _by_mean_value(expression: sp.Expr, slope: sp.Expr, s: sp.Symbol, a: sp.Rational, b: sp.Rational) -> flint.arb:
    """A ball of f over [a, b] whose radius falls with the square of b − a."""
    half = (b - a) / 2
    around = flint.arb(0, flint.arb(flint.fmpq(int(half.p), int(half.q))).abs_upper())
    return _ball(expression, s, a + half, a + half) + _ball(slope, s, a, b) * around


def _near_zero(expression: sp.Expr, s: sp.Symbol, width: sp.Rational) -> bool:
    """f > 0 on (0, width]: f(0) >= 0 and one of its first derivatives at 0 positive throughout, those before >= 0."""
    for _ in range(7):
        start = expression.xreplace({s: sp.Integer(0)})
        if start.has(sp.nan, sp.zoo, sp.oo):
            return False
        if _ball(expression, s, sp.Integer(0), width) > 0:
            return True
        if start != 0 and not (start.is_Number and start > 0):
            return False
        expression = sp.diff(expression, s)
    return False


def _ball(expression: sp.Expr, s: sp.Symbol, a: sp.Rational, b: sp.Rational) -> flint.arb:
    low, high = (flint.arb(flint.fmpq(int(v.p), int(v.q))) for v in (sp.Rational(a), sp.Rational(b)))
    try:
        return enclose(expression, {s: low.union(high)}, BITS)
    except Undefined:
        return flint.arb(0)
