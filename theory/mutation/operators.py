r"""The fixed list of operators by which statements are perturbed.

Every operator maps a term (a scalar, a sum, a symmetric block, a polynomial in matrices or its trace) to its
mutants, one a site: a site is an additive term, a number, a symbol or a power that occurs in the term.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import sympy as sp

from theory.proof.alphabet import Alphabet
from theory.proof.rendering import Named
from theory.proof.sums import Sum
from theory.proof.symmetric import Symmetric
from theory.proof.traces import Trace, Word

Mutants = Iterator[tuple[str, sp.Expr]]

#: Operators on scalar expressions, with what they do; words and traces take them on their coefficients.
SCALAR = {
    "double": "x to 2x, a whole side",
    "halve": "x to x/2, a whole side",
    "negate": "a term of a sum (or a whole side) changes its sign",
    "drop": "a term of a sum is left out",
    "number+1": "a number grows by 1: K − 1 becomes K",
    "number-1": "a number falls by 1: K − 1 becomes K − 2",
    "without": "a symbol is left out: α becomes 1",
    "squared": "a positive symbol is squared",
    "K+1": "a whole number K becomes K + 1",
    "K-1": "a whole number K becomes K − 1",
    "exponent+1": "an exponent grows by 1",
    "root": "an exponent is halved: a square loses its power, a root becomes a fourth root",
    "swap": "two symbols of one domain change places",
}
#: Operators on relations and hypotheses.
STRUCTURAL = {
    "strict": "≤ becomes <, ≥ becomes >",
    "weak": "< becomes ≤, > becomes ≥",
    "reversed": "≤ becomes ≥ and so on",
    "condition dropped": "a condition under which a step is stated is left out",
    "condition weak": "< becomes ≤ in such a condition",
    "condition doubled": "the larger side of such a condition is doubled",
    "premise dropped": "an equation (hypothesis or earlier step) that a step uses is left out",
    "semidefinite dropped": "a matrix that a step takes to be positive semidefinite need not be",
}
OPERATORS = SCALAR | STRUCTURAL


def mutate(term: Any, alphabet: Alphabet) -> Iterator[tuple[str, Any]]:
    """All mutants of a term of any kind, each with its operator; none is equal to the term as written."""
    if isinstance(term, Named):
        for name, value in mutate(term.value, alphabet):
            yield name, Named(term.plain, term.latex, value)
    elif isinstance(term, Sum):
        yield from _parts(term, [term.summand, term.constant], lambda p: Sum(term.index, *p), alphabet)
    elif isinstance(term, Symmetric):
        yield from _parts(term, [term.x, term.y], lambda p: Symmetric(term.rows, term.columns, *p), alphabet)
    elif isinstance(term, Word):
        rows, columns = term.rows, term.columns
        yield from _combination(term, lambda terms: Word(terms, rows, columns), alphabet)
    elif isinstance(term, Trace):
        yield from _combination(term, lambda terms: _trace(terms, term.sums), alphabet)
        for index, summand in term.sums.items():
            for name, value in scalar_mutants(summand, alphabet):
                yield name, _trace(term.terms, {**term.sums, index: value})
    else:
        yield from scalar_mutants(sp.sympify(term), alphabet)


def _trace(terms: dict[Any, sp.Expr], sums: dict[str, sp.Expr]) -> Trace:
    out = Trace(terms)
    for index, summand in sums.items():
        out = out + Sum(index, summand)
    return out


def _parts(term: Any, parts: list[sp.Expr], rebuild: Callable[[list[sp.Expr]], Any], alphabet: Alphabet) -> Any:
    for k, part in enumerate(parts):
        for name, value in scalar_mutants(part, alphabet):
            if isinstance(term, Symmetric) and k == 0 and value != 0 and term.rows != term.columns:
                continue  # no identity part in a block that is not square
            yield name, rebuild([value if i == k else p for i, p in enumerate(parts)])


def _combination(term: Any, rebuild: Callable[[dict[Any, sp.Expr]], Any], alphabet: Alphabet) -> Any:
    """Each monomial: dropped, or with a mutant of its coefficient; and the whole doubled."""
    if len(term.terms) > 1:
        yield "double", rebuild({p: 2 * c for p, c in term.terms.items()})
    for product, coefficient in term.terms.items():
        yield "drop", rebuild({p: c for p, c in term.terms.items() if p != product})
        for name, value in scalar_mutants(coefficient, alphabet):
            yield name, rebuild({**term.terms, product: value})


def scalar_mutants(e: sp.Expr, alphabet: Alphabet) -> Mutants:
    """The mutants of a scalar expression, each different one once."""
    seen = {e}
    for name, mutant in _scalar(e, alphabet):
        if mutant not in seen and not mutant.has(sp.zoo, sp.nan, sp.oo, sp.I):
            seen.add(mutant)
            yield name, mutant


def _scalar(e: sp.Expr, alphabet: Alphabet) -> Mutants:
    if e != 0:
        yield "double", 2 * e
        yield "halve", e / 2
        yield "negate", -e
    for path, node in _nodes(e):
        if isinstance(node, sp.Add):
            for part in node.args:
                rest = node - part
                yield "drop", _put(e, path, rest)
                yield "negate", _put(e, path, rest - part)
        elif node.is_Rational and not _is_exponent(e, path):
            yield "number+1", _put(e, path, node + 1)
            yield "number-1", _put(e, path, node - 1)
        elif node.is_Pow and node.exp.is_Rational:
            yield "exponent+1", _put(e, path, node.base ** (node.exp + 1))
            yield "root", _put(e, path, node.base ** (node.exp / 2))
    symbols = sorted(e.free_symbols, key=str)
    for s in symbols:
        yield "without", e.xreplace({s: sp.Integer(1)})
        if s.is_positive and not s.is_integer:
            yield "squared", e.xreplace({s: s**2})
        if s.is_integer:
            yield "K+1", e.xreplace({s: s + 1})
            yield "K-1", e.xreplace({s: s - 1})
    by_domain: dict[Any, list[sp.Symbol]] = {}
    for s in symbols:
        by_domain.setdefault(alphabet.domains.get(s), []).append(s)
    for group in by_domain.values():
        for s, t in pairwise(group):
            yield "swap", e.xreplace({s: t, t: s})


def _nodes(e: sp.Expr, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], sp.Expr]]:
    yield path, e
    for k, argument in enumerate(e.args):
        yield from _nodes(argument, (*path, k))


def _is_exponent(e: sp.Expr, path: tuple[int, ...]) -> bool:
    """Is the node the exponent of a power (which has operators of its own)?"""
    node = e
    for k in path[:-1]:
        node = node.args[k]
    return bool(path and node.is_Pow and path[-1] == 1)


def _put(e: sp.Expr, path: tuple[int, ...], new: sp.Expr) -> sp.Expr:
    if not path:
        return new
    arguments = list(e.args)
    arguments[path[0]] = _put(arguments[path[0]], path[1:], new)
    try:
        return e.func(*arguments)
    except TypeError:  # SymPy compares with a NaN in there: no expression
        return sp.nan
