r"""Signs of scalars where facts hold: the domains of the symbols, and expressions known to be >= 0 (or > 0) there.

    facts = Facts(alphabet, [(x - y, False)])          # x >= y
    facts.sign(x**2 - y**2)                            # ">=", for x, y >= 0

A fact is used by change of variables: s − t = u >= 0 is s = t + u, after which the sign is certified by
shifting every variable to the end of its domain (:func:`theory.proof.normal_form.sign`); or as a factor.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations

import numpy as np
import sympy as sp

from theory.mutation.floats import evaluate, sample
from theory.mutation.limits import Expired, limited
from theory.mutation.line import positive_on_line
from theory.proof.alphabet import Alphabet, Domain
from theory.proof.normal_form import NONNEGATIVE, POSITIVE, sign

#: Expressions with more operations than this are not tried: a certificate of that size is no use to a reader.
LARGEST = 220
#: Processor time for one certificate.
SECONDS = 0.7


class Facts:
    """What is known of some symbols.  ``known`` are pairs (expression, is it > 0 rather than >= 0)."""

    def __init__(self, alphabet: Alphabet, known: Iterable[tuple[sp.Expr, bool]] = ()):
        self.alphabet = alphabet
        self.known = [(sp.sympify(e), strict) for e, strict in known if isinstance(sp.sympify(e), sp.Expr)]
        self._signs: dict[sp.Expr, str | None] = {}

    def sign(self, expression: sp.Expr) -> str | None:
        """``">"`` or ``">="`` where certified, else ``None``."""
        expression = sp.sympify(expression)
        if expression not in self._signs:
            self._signs[expression] = self._sign(expression)
        return self._signs[expression]

    def _sign(self, expression: sp.Expr) -> str | None:
        if expression.is_Rational:
            return POSITIVE if expression > 0 else NONNEGATIVE if expression == 0 else None
        if sp.count_ops(expression) > LARGEST or expression.has(sp.zoo, sp.nan) or self._seen_negative(expression):
            return None
        found = certified(expression, self.alphabet) or self._by_facts(expression)
        if found == POSITIVE or not expression.has(sp.exp, sp.log):
            return found
        other = from_the_left(expression, self.alphabet)
        if other is None and positive_on_line(expression, self.alphabet):
            other = POSITIVE
        return other if other == POSITIVE else found or other

    def _by_facts(self, expression: sp.Expr) -> str | None:
        relevant = [(f, strict) for f, strict in self.known if f.free_symbols & expression.free_symbols]
        for f, strict in relevant:
            quotient = sp.cancel(expression / f)
            if not quotient.free_symbols & (f.free_symbols - expression.free_symbols):
                found = certified(quotient, self.alphabet)
                if found is not None:
                    return POSITIVE if strict and found == POSITIVE else NONNEGATIVE
        for count in (1, 2):
            for chosen in permutations(relevant[: 6 if count == 1 else 4], count):
                found = self._by_change(expression, chosen)
                if found is not None:
                    return found
        return self._by_functions(expression)

    def _by_functions(self, expression: sp.Expr) -> str | None:
        """With e^x, log x and |x| as unknowns of which the facts, and e^x >= 1 + x, log x <= x − 1, are known."""
        functions = sorted(expression.atoms(sp.exp, sp.log, sp.Abs), key=sp.default_sort_key)
        if not functions or len(functions) > 3:
            return None
        alphabet = Alphabet(dict(self.alphabet.domains), {})
        names: dict[sp.Expr, sp.Expr] = {}
        known = list(self.known)
        for f in functions:
            inside = f.args[0]
            if isinstance(f, sp.exp):
                names[f] = sp.Dummy("E", positive=True)
                known.append((f - 1 - inside, False))
                alphabet.domains[names[f]] = Domain("positive")
            elif isinstance(f, sp.Abs):
                names[f] = sp.Dummy("A", nonnegative=True)
                alphabet.domains[names[f]] = Domain("nonnegative")
            else:
                names[f] = sp.Dummy("L", real=True)
                known += [(inside - 1 - f, False), (f - 1 + 1 / inside, False)]
                alphabet.domains[names[f]] = Domain("real")
        plain = expression.xreplace(names)
        facts = [(f.xreplace(names), strict) for f, strict in known]
        facts = [(f, strict) for f, strict in facts if f.free_symbols & set(names.values())]
        inner = Facts(alphabet, facts)
        for chosen in [*permutations(facts[:6], 1), *permutations(facts[-4:], 2)]:
            found = inner._by_change(plain, chosen)
            if found is not None:
                return found
        return None

    def _seen_negative(self, expression: sp.Expr) -> bool:
        """Is the expression < 0 at a floating-point sample?  Then a certificate need not be looked for."""
        symbols = sorted(set().union(expression.free_symbols, *(f.free_symbols for f, _ in self.known)), key=str)
        if not symbols or any(s not in self.alphabet.domains for s in symbols):
            return False
        rng = np.random.default_rng(3)
        drawn = [sample(self.alphabet.domains[s], rng, 400) for s in symbols]
        values = evaluate(expression, symbols, drawn)
        with np.errstate(all="ignore"):
            bad = values < -1e-9 * (1 + np.abs(values))
        for fact, _ in self.known:
            if not bad.any():
                return False
            bad &= evaluate(fact, symbols, drawn) > 0
        return bool(bad.any())

    def _by_change(self, expression: sp.Expr, chosen: tuple[tuple[sp.Expr, bool], ...]) -> str | None:
        """The sign after solving the facts, in turn, for a symbol that each determines."""
        alphabet = Alphabet(dict(self.alphabet.domains), dict(self.alphabet.latex_names))
        changes: list[tuple[sp.Symbol, sp.Expr]] = []
        for fact, strict in chosen:
            for symbol, value in changes:
                fact = fact.xreplace({symbol: value})
            solved = _solved(fact, strict, alphabet, expression)
            if solved is None:
                return None
            symbol, value, slack, domain = solved
            alphabet.domains[slack] = domain
            changes.append((symbol, value))
            expression = expression.xreplace({symbol: value})
        if sp.count_ops(expression) > LARGEST:
            return None
        return certified(expression, alphabet)


def certified(expression: sp.Expr, alphabet: Alphabet) -> str | None:
    """:func:`theory.proof.normal_form.sign`, ``None`` also where the expression is beyond it."""
    expression = sp.sympify(expression)
    key = (expression, frozenset((s, alphabet.domains.get(s)) for s in expression.free_symbols))
    if key not in _CERTIFIED:
        _CERTIFIED[key] = None
        try:
            with limited(SECONDS):
                _CERTIFIED[key] = sign(expression, alphabet) or _with_whole_roots(expression, alphabet)
        except Expired:  # not this search's own limit: nothing was found out
            del _CERTIFIED[key]
            raise
        except (ValueError, TypeError, NotImplementedError, sp.PolynomialError, ZeroDivisionError):
            pass
    return _CERTIFIED[key]


#: Derivatives taken by :func:`from_the_left`.
DERIVATIVES = 4


def from_the_left(expression: sp.Expr, alphabet: Alphabet, depth: int = DERIVATIVES) -> str | None:
    """A function of a variable >= 0 that starts >= 0 and does not fall is >= 0; the derivative by the same rule.

    For smooth functions of exp and log only; strict for a variable > 0 whose derivative is > 0.
    """
    if depth == 0 or not expression.has(sp.exp, sp.log) or sp.count_ops(expression) > LARGEST // 2:
        return None
    for s in sorted(expression.free_symbols, key=str):
        domain = alphabet.domains.get(s)
        if domain is None or domain.kind not in ("positive", "nonnegative"):
            continue
        if any(p.exp.is_negative and p.base.has(s) and not p.base.is_positive for p in expression.atoms(sp.Pow)):
            continue
        start = expression.xreplace({s: sp.Integer(0)})
        if start.has(sp.nan, sp.zoo, sp.oo):
            continue
        if not (start.is_zero or certified(start, alphabet)):
            continue
        slope = sp.diff(expression, s)
        rising = certified(slope, alphabet) or from_the_left(slope, alphabet, depth - 1)
        if rising is not None:
            return POSITIVE if rising == POSITIVE and domain.kind == "positive" else NONNEGATIVE
    return None


def _with_whole_roots(expression: sp.Expr, alphabet: Alphabet) -> str | None:
    """With (1 + t)² for a whole number N of which a root is taken: √N >= 1."""
    powers = [p for p in expression.atoms(sp.Pow) if p.exp.is_Rational and not p.exp.is_Integer]
    whole = {p.base for p in powers if getattr(alphabet.domains.get(p.base), "kind", "") == "integer"}
    if not whole:
        return None
    wider = Alphabet(dict(alphabet.domains), {})
    changes = {}
    for n in sorted(whole, key=str):
        t = sp.Dummy("t", nonnegative=True)
        wider.domains[t] = Domain("nonnegative")
        changes[n] = (1 + t) ** 2
    return sign(sp.powdenest(expression.xreplace(changes), force=True), wider)


_CERTIFIED: dict[object, str | None] = {}


def _solved(
    fact: sp.Expr, strict: bool, alphabet: Alphabet, expression: sp.Expr
) -> tuple[sp.Symbol, sp.Expr, sp.Symbol, Domain] | None:
    """(symbol, its value by the others and a new slack, the slack, its domain), for a symbol that stands linearly."""
    symbols = sorted(fact.free_symbols & expression.free_symbols, key=str)
    for real_first in (True, False):
        for symbol in symbols:
            domain = alphabet.domains.get(symbol)
            if domain is None or (domain.kind == "real") is not real_first or domain.kind in ("unit", "integer"):
                continue
            top, bottom = sp.fraction(sp.together(fact))
            if bottom.has(symbol) or certified(bottom, alphabet) != POSITIVE:
                continue
            top = sp.expand(top)
            if not top.is_polynomial(symbol) or sp.degree(top, symbol) != 1:
                continue
            slope, rest = top.coeff(symbol, 1), top.coeff(symbol, 0)
            # slope·symbol + rest = bottom·slack
            if certified(slope, alphabet) != POSITIVE and certified(-slope, alphabet) != POSITIVE:
                continue
            above = -rest / slope
            bounded = domain.kind == "positive" and bottom == 1 and certified(-slope, alphabet) == POSITIVE
            if bounded and certified(above, alphabet) == POSITIVE:
                # 0 < symbol <= above is symbol = above/(1 + v), v >= 0: neither bound is lost
                v = sp.Dummy("v", positive=True) if strict else sp.Dummy("v", nonnegative=True)
                return symbol, above / (1 + v), v, Domain("positive" if strict else "nonnegative")
            slack = sp.Dummy("t", positive=True) if strict else sp.Dummy("t", nonnegative=True)
            value = (bottom * slack - rest) / slope
            slack_domain = Domain("positive" if strict else "nonnegative")
            return symbol, value, slack, slack_domain
    return None
