r"""Sums of squares by linear programming: a mutant that is true gets a decomposition of its own.

    larger − smaller  =  Σ c_k (certified term)_k,      c_k >= 0 rational

The certified terms are what the step itself adds up, and squares made of the same parts: where the proof has
‖A − B‖² the machine may also use ‖A + B‖², ‖A‖² and ‖B‖², with the same weight, and the same with a matrix known to be
positive semidefinite in the middle.  Floating point only proposes the c_k; the identity is then reduced to 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np
import scipy.optimize
import sympy as sp

from theory.mutation.facts import Facts
from theory.mutation.reduction import half_of, is_square, is_zero, rewritten, rules_of
from theory.proof import Context, Inequality, Slack, Square, Termwise, scalars_of, value_of
from theory.proof.normal_form import POSITIVE, residue
from theory.proof.steps.inequality import factor_value
from theory.proof.sums import Sum, differs_in
from theory.proof.traces import Trace, Word, trace

#: A certified term and whether it is > 0.
Certified = tuple[Any, bool]

#: Terms offered to the linear program.
MOST = 240
SEEDS = (7, 8, 9)


def ingredients(step: Inequality, context: Context, facts: Facts, middles: set[int]) -> list[Certified]:
    """What a step's own decomposition adds up, and squares of the same parts: all >= 0 where the step is stated.

    ``middles`` are the ids of the matrices that may be taken to be positive semidefinite.
    """
    out: list[Certified] = []
    for factors in step.by:
        weights = [f for f in factors if not isinstance(f, (Square, Slack, Termwise))]
        special = [f for f in factors if isinstance(f, (Square, Slack, Termwise))]
        weight = sp.Integer(1)
        for f in weights:
            value = value_of(f)
            if not isinstance(value, sp.Expr):
                special.append(f)
            else:
                weight *= value
        if any(facts.sign(value_of(f)) is None for f in weights if isinstance(value_of(f), sp.Expr)):
            continue
        if not special:
            out.append((weight, facts.sign(weight) == POSITIVE))
            continue
        for f in special:
            if isinstance(f, Square):
                if f.middle is not None and id(f.middle) not in middles:
                    f = Square(f.factor)
                out += [(weight * t, False) for t in _squares(f)]
            else:
                out.append((weight * factor_value(f, context), False))
    return out


def _squares(square: Square) -> Iterator[Trace]:
    """tr XᵀMX for X the factor, its parts, and their sums and differences in pairs."""
    X = square.factor
    parts = [Word({p: c}, X.rows, X.columns) for p, c in X.terms.items()]
    candidates = [X, *parts]
    candidates += [one + s * other for one, other in combinations(parts, 2) for s in (1, -1)]
    if 2 < len(parts) <= 4:
        for signs in product((1, -1), repeat=len(parts) - 1):
            candidates.append(sum((s * one for s, one in zip(signs, parts[1:], strict=True)), parts[0]))
    for one in candidates:
        yield one.square() if square.middle is None else trace(one.T @ square.middle.matrix @ one)
        if square.middle is not None:
            yield one.square()


def pairs(terms: Iterable[Any], facts: Facts) -> list[Certified]:
    """a‖X‖² + b‖Y‖² ± 2√(ab)⟨X, Y⟩ for the squares of the terms, two by two: none is negative."""
    halves: dict[Any, tuple[Word, sp.Expr]] = {}
    for term in terms:
        for one, c in term.terms.items() if isinstance(term, Trace) else ():
            half = half_of(one)
            if half is not None and facts.sign(c) is not None:
                halves[half, c] = _word(half), c
    out = []
    for (X, a), (Y, b) in combinations(list(halves.values())[:12], 2):
        for other in (Y, Y.T):
            if (X.rows, X.columns) == (other.rows, other.columns):
                for s in (1, -1):
                    out.append(((sp.sqrt(a) * X + s * sp.sqrt(b) * other).square(), False))
    return out


def grams(terms: Iterable[Any], facts: Facts) -> list[Certified]:
    """Squares of longer sums that the terms hold: ‖Σ ±√c_k X_k‖² where every cross term is ±2√(c_j c_k)⟨X_j, X_k⟩."""
    out: list[Certified] = []
    for term in terms:
        if not isinstance(term, Trace):
            continue
        halves = [(_word(h), c) for p, c in term.terms.items() if (h := half_of(p)) and facts.sign(c) is not None]
        for first, c in halves[:8]:
            whole = sp.sqrt(c) * first
            for other, d in halves:
                one = other if (other.rows, other.columns) == (first.rows, first.columns) else other.T
                if one is first or (one.rows, one.columns) != (first.rows, first.columns):
                    continue
                cross = trace(first.T @ one)
                met = sum((v for k, v in term.terms.items() if k in cross.terms), sp.Integer(0))
                ratio = sp.simplify(met / (2 * sp.sqrt(c * d)))
                if ratio in (1, -1):
                    whole = whole + ratio * sp.sqrt(d) * one
            if len(whole.terms) > 1:
                out.append((whole.square(), False))
    return out


def roots(premises: Iterable[Any], gap: Any) -> list[Certified]:
    """tr D >= 0 for a letter D that an equation says to be XᵀX, with the coefficients of the gap."""
    out: list[Certified] = []
    for premise in premises:
        if not isinstance(premise, Word) or len(premise.terms) != 2 or not isinstance(gap, Trace):
            continue
        (p, c), (q, d) = sorted(premise.terms.items(), key=lambda item: len(item[0]))
        if len(p) == 1 and len(q) == 2 and half_of(q) is not None and c == -d:
            out += [(Trace({r: abs_of(e)}), False) for r, e in gap.terms.items() if r == p] or [(Trace({p: 1}), False)]
    return out


def abs_of(coefficient: sp.Expr) -> sp.Expr:
    """The coefficient without its minus sign."""
    return -coefficient if coefficient.could_extract_minus_sign() else coefficient


def shares(old: Any, new: Any, facts: Facts) -> list[sp.Expr]:
    """Ratios r of a coefficient now and before with 0 <= r <= 1, and 1 − r: weights of a convex combination."""
    out: list[sp.Expr] = []
    if isinstance(old, Trace) and isinstance(new, Trace):
        for key in old.terms.keys() & new.terms.keys():
            if old.terms[key] == 0 or old.terms[key] == new.terms[key]:
                continue
            r = sp.cancel(new.terms[key] / old.terms[key])
            if not r.is_Rational and facts.sign(r) is not None and facts.sign(1 - r) is not None:
                out += [r, 1 - r]
    return list(dict.fromkeys(out))[:4]


def _word(letters: Any) -> Word:
    first, last = letters[0], letters[-1]
    rows = first[0].columns if first[1] else first[0].rows
    columns = last[0].rows if last[1] else last[0].columns
    return Word({letters: sp.Integer(1)}, rows, columns)


def multiples(premises: Iterable[Any], gap: Any) -> list[Certified]:
    """Equations among scalars and sums, times 1 and the symbols of the gap, with either sign: they are 0."""
    symbols = sorted(set().union(*(sp.sympify(c).free_symbols for c in scalars_of(gap))), key=str)
    out: list[Certified] = []
    for premise in premises:
        if isinstance(premise, (Sum, Trace, sp.Expr)):
            for s in (sp.Integer(1), *symbols[:8]):
                if differs_in(s, premise) is None:
                    out += [(premise * s, False), (premise * (-s), False)]
    return out


def decomposed(
    gap: Any, certified: Sequence[Certified], premises: Iterable[Word], facts: Facts, strict: bool = False
) -> bool:
    """Is the gap a combination of the certified terms with factors >= 0, plus monomials that are >= 0?  A proof."""
    rules = rules_of(premises)
    target = _normal(gap, rules)
    terms = [(_normal(t, rules), positive) for t, positive in certified[:MOST]]
    terms += [(t, False) for t in _monomials(target, facts)]
    terms = [(t, positive) for t, positive in terms if t is not None]
    if not terms:
        return False
    symbols = {s for t in (target, *(t for t, _ in terms)) for s in _symbols(t)}
    # at several values of the scalars at once, so that the factors do not depend on them
    blocks = [_system(target, [t for t, _ in terms], _numbers(symbols, seed)) for seed in SEEDS]
    if any(b is None for b in blocks):
        return False
    matrix = np.vstack([b[0] for b in blocks if b is not None])
    right = np.concatenate([b[1] for b in blocks if b is not None])
    cost = np.array([1.0 + 0.01 * len(scalars_of(t)) for t, _ in terms])
    found = scipy.optimize.linprog(cost, A_eq=matrix, b_eq=right, bounds=(0, None), method="highs")
    if found.status != 0:
        return False
    factors = [Fraction(float(c)).limit_denominator(48) for c in np.asarray(found.x)]
    rest, positive = target, False
    for c, (t, sure) in zip(factors, terms, strict=True):
        if c > 0:
            rest = rest - sp.Rational(c.numerator, c.denominator) * t
            positive = positive or sure
    rest = _normal(rest, rules)
    if strict and not positive:
        return False
    return _vanishes(rest, facts)


def _normal(term: Any, rules: Any) -> Any:
    return rewritten(term, rules) if isinstance(term, (Word, Trace)) else term


def _vanishes(term: Any, facts: Facts) -> bool:
    if isinstance(term, (Word, Trace)):
        return is_zero(term, facts.alphabet)
    return all(residue(c, facts.alphabet) == 0 for c in scalars_of(term))


def _symbols(term: Any) -> set[sp.Symbol]:
    return set().union(*(sp.sympify(c).free_symbols for c in scalars_of(term)))


def _system(target: Any, terms: list[Any], numbers: dict[sp.Symbol, float]) -> tuple[Any, Any] | None:
    """The coefficients of the terms, column by column, and those of the target."""
    wanted, columns = _vector(target, numbers), [_vector(t, numbers) for t in terms]
    if wanted is None or any(c is None for c in columns):
        return None
    kept = [c for c in columns if c is not None]
    keys = sorted({k for v in (wanted, *kept) for k in v}, key=str)
    matrix = np.array([[c.get(k, 0.0) for c in kept] for k in keys]).reshape(len(keys), len(kept))
    return matrix, np.array([wanted.get(k, 0.0) for k in keys])


def _numbers(symbols: set[sp.Symbol], seed: int) -> dict[sp.Symbol, float]:
    """Values at which the coefficients are compared: they only propose."""
    rng = np.random.default_rng(seed)
    out = {}
    for s in sorted(symbols, key=str):
        out[s] = float(rng.integers(2, 9)) if s.is_integer else float(rng.uniform(0.3, 1.9))
    return out


def _vector(term: Any, numbers: dict[sp.Symbol, float]) -> dict[Any, float] | None:
    """Coefficients by product, by sum and — within a scalar — by monomial in symbols that have no sign."""
    out: dict[Any, float] = {}
    if isinstance(term, Trace):
        parts = [(p, c) for p, c in term.terms.items()] + [(("sum", i), s) for i, s in term.sums.items()]
    elif isinstance(term, Sum):
        parts = [(("sum", term.index), term.summand), ((), term.constant)]
    elif isinstance(term, sp.Expr):
        parts = [((), term)]
    else:
        return None
    for key, c in parts:
        free = sorted((s for s in c.free_symbols if not s.is_positive and not s.is_nonnegative), key=str)
        if free and not c.is_polynomial(*free):
            return None
        monomials = sp.Poly(c, *free).terms() if free else [((), c)]
        for powers, coefficient in monomials:
            try:
                value = float(coefficient.xreplace(numbers))
            except TypeError:
                return None
            if value:
                label = (key, tuple((str(s), n) for s, n in zip(free, powers, strict=True) if n))
                out[label] = out.get(label, 0.0) + value
    return out


def _monomials(target: Any, facts: Facts) -> list[Any]:
    """What the target adds up that is >= 0 by itself: tr XXᵀ and sums, with coefficients certified >= 0."""
    if isinstance(target, Sum):
        parts = [Sum(target.index, target.summand), Sum(target.index, sp.Integer(0), target.constant)]
        return [t for t in parts if all(facts.sign(c) is not None for c in scalars_of(t))]
    if isinstance(target, sp.Expr):
        return [t for t in sp.Add.make_args(sp.expand(target)) if facts.sign(t) is not None]
    if not isinstance(target, Trace):
        return []
    out = [Trace({}) + Sum(i, s) for i, s in target.sums.items() if facts.sign(s) is not None]
    for one, c in target.terms.items():
        if one and is_square(one):
            out.append(Trace({one: c if facts.sign(c) is not None else sp.Integer(1)}))
        elif not one:
            out += [Trace({(): t}) for t in sp.Add.make_args(sp.expand(c)) if facts.sign(t) is not None]
    return out
