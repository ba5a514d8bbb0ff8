r"""Which of two expressions is larger, part by part: what they share is removed, and monotone functions are peeled off.

    larger(1/(1 + 2x), 1/(1 + x), facts)      # "<=": 1 + x <= 1 + 2x, and both are positive

Certifies without expanding, where :func:`theory.proof.normal_form.sign` of the difference would be too large.
"""

from __future__ import annotations

from collections import Counter
from functools import reduce

import sympy as sp

from theory.mutation.facts import Facts

_TURNED = {"<=": ">=", ">=": "<=", "=": "="}


def larger(a: sp.Expr, b: sp.Expr, facts: Facts, depth: int = 8) -> str | None:
    """``">="``, ``"<="`` or ``"="`` for a and b where certified, else ``None``."""
    if a == b:
        return "="
    if depth == 0:
        return None
    found = _structure(a, b, facts, depth - 1) or _by_one(a, b, facts, depth - 1)
    if found is not None:
        return found
    if facts.sign(a - b) is not None:
        return ">="
    return "<=" if facts.sign(b - a) is not None else None


def _by_one(a: sp.Expr, b: sp.Expr, facts: Facts, depth: int) -> str | None:
    """a >= 1 >= b, or the other way round."""
    if a == 1 or b == 1 or depth < 2:
        return None
    above = larger(a, sp.Integer(1), facts, min(depth, 3))
    if above not in ("<=", ">="):
        return None
    return above if larger(b, sp.Integer(1), facts, min(depth, 3)) == _TURNED[above] else None


def nonnegative_part(e: sp.Expr, facts: Facts, depth: int = 4) -> bool:
    """Is the expression >= 0, seen part by part or certified?"""
    e = sp.sympify(e)
    if e.is_Rational:
        return bool(e >= 0)
    if e.is_Symbol:
        return facts.sign(e) is not None
    if e.is_Mul:
        return all(nonnegative_part(f, facts, depth) for f in e.args) or facts.sign(e) is not None
    if e.is_Pow:
        return nonnegative_part(e.base, facts, depth) or facts.sign(e) is not None
    if isinstance(e, sp.exp):
        return True
    if e.is_Add and depth > 0:
        if all(nonnegative_part(t, facts, depth - 1) for t in e.args):
            return True
        if len(e.args) == 2:
            minus = [t for t in e.args if t.could_extract_minus_sign()]
            if len(minus) == 1:
                return larger(e - minus[0], -minus[0], facts, depth) in (">=", "=")
    return facts.sign(e) is not None


def _structure(a: sp.Expr, b: sp.Expr, facts: Facts, depth: int) -> str | None:
    if a.is_Add or b.is_Add:
        left, right = _without_common(sp.Add.make_args(a), sp.Add.make_args(b))
        if len(left) + len(right) < len(sp.Add.make_args(a)) + len(sp.Add.make_args(b)):
            found = larger(sp.Add(*left), sp.Add(*right), facts, depth)
            if found is not None:
                return found
        return _matched(left, right, facts, depth)
    if a.is_Mul or b.is_Mul:
        found = _products(a, b, facts, depth)
        if found is not None:
            return found
    for function in (sp.exp, sp.log):
        if isinstance(a, function) and isinstance(b, function):
            return larger(a.args[0], b.args[0], facts, depth)
    return _powers(a, b, facts, depth)


def _without_common(a: tuple[sp.Expr, ...], b: tuple[sp.Expr, ...]) -> tuple[list[sp.Expr], list[sp.Expr]]:
    left, right = Counter(a), Counter(b)
    return list((left - right).elements()), list((right - left).elements())


def _matched(left: list[sp.Expr], right: list[sp.Expr], facts: Facts, depth: int) -> str | None:
    """Terms matched in order, all differences of one sign; terms without a partner are compared with 0."""
    if not 1 < max(len(left), len(right)) <= 4:
        return None
    left, right = (sorted(terms, key=sp.default_sort_key) for terms in (left, right))
    many = max(len(left), len(right))
    zeros = [sp.Integer(0)]
    pairs = zip(left + zeros * (many - len(left)), right + zeros * (many - len(right)), strict=True)
    return _agreeing([larger(p, q, facts, depth) for p, q in pairs])


def _agreeing(found: list[str | None]) -> str | None:
    kinds = set(found) - {"="}
    if not kinds:
        return "="
    return kinds.pop() if len(kinds) == 1 else None


def _products(a: sp.Expr, b: sp.Expr, facts: Facts, depth: int) -> str | None:
    left, right = _without_common(sp.Mul.make_args(a), sp.Mul.make_args(b))
    common = reduce(
        lambda x, y: x * y, (Counter(sp.Mul.make_args(a)) & Counter(sp.Mul.make_args(b))).elements(), sp.S.One
    )
    if common != 1:
        turned = not nonnegative_part(common, facts)
        if turned and not nonnegative_part(-common, facts):
            return None
        found = larger(sp.Mul(*left), sp.Mul(*right), facts, depth)
        return None if found is None else _TURNED[found] if turned else found
    if all(nonnegative_part(f, facts) for f in (*left, *right)) and len(left) <= 3 and len(right) <= 3:
        left, right = (sorted(factors, key=sp.default_sort_key) for factors in (left, right))
        many = max(len(left), len(right))
        ones = [sp.Integer(1)]
        pairs = zip(left + ones * (many - len(left)), right + ones * (many - len(right)), strict=True)
        return _agreeing([larger(p, q, facts, depth) for p, q in pairs])
    return None


def _powers(a: sp.Expr, b: sp.Expr, facts: Facts, depth: int) -> str | None:
    (p, m), (q, n) = _base_exponent(a), _base_exponent(b)
    if not (m.is_Rational and n.is_Rational) or (a == p and b == q):
        return None
    if p == q and nonnegative_part(p, facts):
        above = larger(p, sp.Integer(1), facts, depth)
        if above in ("<=", ">="):
            return above if m > n else _TURNED[above]
        return None
    if p == 1 or q == 1:  # 1 = 1^m
        m, n = (n, n) if p == 1 else (m, m)
    if m == n and nonnegative_part(p, facts) and nonnegative_part(q, facts):
        found = larger(p, q, facts, depth)
        return None if found is None else found if m > 0 else _TURNED[found]
    return None


def _base_exponent(e: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    return (e.base, e.exp) if e.is_Pow else (e, sp.Integer(1))
