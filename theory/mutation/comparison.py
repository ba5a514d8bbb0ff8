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
    found = _structure(a, b, facts, depth - 1)
    if found is not None:
        return found
    if facts.sign(a - b) is not None:
        return ">="
    return "<=" if facts.sign(b - a) is not None else None


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
        turned = facts.sign(common) is None
        if turned and facts.sign(-common) is None:
            return None
        found = larger(sp.Mul(*left), sp.Mul(*right), facts, depth)
        return None if found is None else _TURNED[found] if turned else found
    if all(facts.sign(f) is not None for f in (*left, *right)) and len(left) <= 3 and len(right) <= 3:
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
    if p == q and facts.sign(p) is not None:
        above = larger(p, sp.Integer(1), facts, depth)
        if above in ("<=", ">="):
            return above if m > n else _TURNED[above]
        return None
    if p == 1 or q == 1:  # 1 = 1^m
        m, n = (n, n) if p == 1 else (m, m)
    if m == n and facts.sign(p) is not None and facts.sign(q) is not None:
        found = larger(p, q, facts, depth)
        return None if found is None else found if m > 0 else _TURNED[found]
    return None


def _base_exponent(e: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    return (e.base, e.exp) if e.is_Pow else (e, sp.Integer(1))
