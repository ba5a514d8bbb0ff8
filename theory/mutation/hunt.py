"""Hunting a counterexample: populations of floating-point points propose, one rational point is then verified.

For statements about scalars.  A population is drawn, the best are resampled around (an evolution strategy), and
points at which a side, a condition or an equality case is exactly attained are solved for.  Floating point
decides nothing: the point found is made rational, and the mutant must be contradicted there in exact or ball
arithmetic, with everything that it assumes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import flint
import numpy as np
import sympy as sp

from theory.mutation.assertions import Assertion, without_lets
from theory.mutation.floats import Draws, around, evaluate, sample
from theory.mutation.points import LARGER, assumed, contradicted, plainly
from theory.mutation.several import written_out
from theory.mutation.undefined import no_value
from theory.mutation.worlds import Irrational, World, unknowns
from theory.proof import difference, value_of
from theory.proof.alphabet import Alphabet, Domain
from theory.proof.enclosure import Undefined
from theory.proof.sums import Sum
from theory.proof.traces import Trace, Word

#: Points drawn a generation, generations, parents, and how many of the most promising points are verified.
DRAWN, GENERATIONS, PARENTS, VERIFIED = 1500, 5, 40, 3
#: Exact points of attainment tried.
ATTAINED = 30
#: Equations solved for them.
SOLUTIONS = 24
SEED = 20261123


class _Task:
    """What is to be contradicted, in plain scalars."""

    def __init__(self, asserted: Assertion, alphabet: Alphabet, original: Assertion | None = None):
        self.asserted, self.alphabet, self.original = asserted, alphabet, original
        self.possible = False
        self.strict = asserted.op in ("<", ">")
        if asserted.op in ("=", "psd") or asserted.semidefinite:
            return
        if asserted.op == "iff":
            slacks = [without_lets(value_of(c.slack), asserted.lets) for c in (asserted.lhs, asserted.rhs)]
        else:
            slack = plainly(difference(asserted.lhs, asserted.rhs), asserted)
            slacks = [slack if asserted.op in LARGER else -slack]
        needed = [(c.slack, c.strict) for c in asserted.conditions] + [(t, s) for _, t, s in asserted.slacks]
        equations = [t for _, t in dict(asserted.premises).items()]
        if any(isinstance(t, (Word, Trace)) for t in (*slacks, *(t for t, _ in needed), *equations)):
            return
        self.slacks = [_one_term(s) for s in slacks]
        self.reference = sp.Integer(0)
        if self.original is not None and self.original.op != "iff":
            self.reference = _one_term(plainly(difference(self.original.lhs, self.original.rhs), self.original))
        self.needed = [(_one_term(t), strict) for t, strict in needed]
        self.defined = _solved_for([part for t in equations for part in _parts(t)], alphabet)
        if self.defined is None:
            return
        for symbol, value in reversed(self.defined):
            self.slacks = [s.xreplace({symbol: value}) for s in self.slacks]
            self.reference = self.reference.xreplace({symbol: value})
            self.needed = [(t.xreplace({symbol: value}), strict) for t, strict in self.needed]
            domain = alphabet.domains.get(symbol, Domain("real"))
            if domain.kind in ("positive", "nonnegative"):
                self.needed.append((value, domain.kind == "positive"))
            elif domain.kind != "real":
                return
        self.equations = tuple(equations)
        self.symbols = sorted(
            set().union(*(unknowns(t) for t in (*self.slacks, self.reference, *(t for t, _ in self.needed)))), key=str
        )
        self.possible = bool(self.symbols) and all(s in alphabet.domains for s in self.symbols)

    def score(self, drawn: list[Draws]) -> Draws:
        """Below 0 where the mutant looks contradicted; inf where it does not apply."""
        values = [evaluate(t, self.symbols, drawn) for t in self.slacks]
        allowed = np.ones(len(drawn[0]), dtype=bool)
        for term, strict in self.needed:
            found = evaluate(term, self.symbols, drawn)
            allowed &= found > 0 if strict else found >= 0
        if len(values) == 2:
            different = np.sign(values[0]) != np.sign(values[1])
            score = np.where(different, -1.0, np.minimum(np.abs(values[0]), np.abs(values[1])))
        else:
            score = values[0]
        score = np.where(allowed & np.isfinite(score), score, np.inf)
        if self.original is None or self.original.op == "iff":
            return score
        # where the step has real sides and the mutant has none
        former = evaluate(self.reference, self.symbols, drawn)
        return np.where(allowed & np.isfinite(former) & np.isnan(values[0]), -np.inf, score)

    def world(self, point: dict[sp.Symbol, flint.fmpq]) -> World | None:
        """The rational point as a world, if it contradicts the assertion."""
        lets = tuple((let.symbol, sp.sympify(let.value)) for let in self.asserted.lets)
        world = World(point, {}, {}, lets, list(self.defined or ()), self.equations)
        try:
            if not assumed(self.asserted, world):
                return None
            if contradicted(self.asserted, world):
                return world
        except Undefined:
            if self.original is not None and any(no_value(s, world) for s in self.slacks):
                try:
                    contradicted(self.original, world)
                except (Undefined, Irrational, TypeError):
                    return None
                return world
        except (Irrational, TypeError, KeyError, ZeroDivisionError):
            pass
        return None


def hunt(asserted: Assertion, alphabet: Alphabet, original: Assertion | None = None) -> World | None:
    """A rational world that contradicts the assertion, or ``None``.

    Where ``original`` has real sides and the assertion has none (a root of a negative number) it is contradicted too.
    """
    task = _Task(asserted, alphabet, original)
    if task.possible:
        world = _evolved(task) or next(_attained(task), None)
        if world is not None:
            return world
    several = written_out(asserted, alphabet)
    if several is None:
        return None
    task = _Task(*several)
    world = (_evolved(task) or next(_attained(task), None)) if task.possible else None
    if world is not None:
        world.statement = several[0]
    return world


def _evolved(task: _Task) -> World | None:
    rng = np.random.default_rng(SEED)
    domains = [task.alphabet.domains[s] for s in task.symbols]
    drawn = [sample(domain, rng, DRAWN) for domain in domains]
    for generation in range(GENERATIONS):
        score = task.score(drawn)
        best = np.argsort(score)
        for k in best[:VERIFIED]:
            if score[k] > 0 or (score[k] == 0 and not task.strict):
                break
            point = {s: flint.fmpq(*float(v[k]).as_integer_ratio()) for s, v in zip(task.symbols, drawn, strict=True)}
            world = task.world(point)
            if world is not None:
                return world
        parents = best[:PARENTS][np.isfinite(score[best[:PARENTS]])]
        if len(parents) == 0:
            return None
        chosen = rng.choice(parents, DRAWN)
        spread = 2.0 ** (1 - generation)
        drawn = [around(v[chosen], domain, spread, rng) for v, domain in zip(drawn, domains, strict=True)]
    return None


def _attained(task: _Task) -> Iterator[World]:
    """Points where a slack, a condition or an equality case is exactly 0, or nearly."""
    rng = random.Random(SEED)
    targets = [*task.slacks, *(t for t, _ in task.needed)]
    targets += [t for t in task.asserted.tight if isinstance(t, sp.Expr)]
    solutions = []
    for target in targets:
        for factor in bases(target):
            for s in sorted(factor.free_symbols & set(task.symbols), key=str):
                value = _root_in(factor, s)
                if value is not None and (s, value) not in solutions:
                    solutions.append((s, value))
    for s, value in solutions[:SOLUTIONS]:
        points = []
        for _ in range(ATTAINED):
            point = {t: task.alphabet.domains[t].sample(rng) for t in task.symbols if t != s}
            exact = value.xreplace(point)
            if exact.is_Rational:
                nearby = (exact, exact * sp.Rational(65, 64), exact * sp.Rational(63, 64))
                points += [{**point, s: v} for v in nearby if _inside(v, task.alphabet.domains[s])]
        if not points:
            continue
        drawn = [np.array([float(p[t]) for p in points]) for t in task.symbols]
        score = task.score(drawn)
        for k in np.argsort(score)[:VERIFIED]:
            if score[k] > 1e-9 or (score[k] > -1e-12 and not (task.strict or task.asserted.op == "iff")):
                break
            found = task.world({t: flint.fmpq(int(v.p), int(v.q)) for t, v in points[k].items()})
            if found is not None:
                yield found


@lru_cache(maxsize=2000)
def bases(expression: sp.Expr) -> tuple[sp.Expr, ...]:
    """The factors of an expression without their powers: what may vanish."""
    if expression.is_Number or not expression.free_symbols:
        return ()
    whole = sp.factor_terms(expression)
    if whole.is_Mul or whole.is_Pow or sp.count_ops(whole) > 120:
        factors = sp.Mul.make_args(whole)
    else:
        factors = sp.Mul.make_args(sp.factor(whole))
    out = [f.as_base_exp()[0] for f in factors]
    return tuple(f for f in out if f.free_symbols)


@lru_cache(maxsize=4000)
def _root_in(expression: sp.Expr, s: sp.Symbol) -> sp.Expr | None:
    """The value of a symbol that stands linearly."""
    top = sp.expand(sp.fraction(sp.together(expression))[0])
    if not top.is_polynomial(s) or sp.degree(top, s) != 1:
        return None
    return -top.coeff(s, 0) / top.coeff(s, 1)


def _solved_for(equations: list[sp.Expr], alphabet: Alphabet) -> list[tuple[sp.Symbol, sp.Expr]] | None:
    """Symbols as functions of the others such that the equations hold; ``None`` if one is not solved."""
    solved: list[tuple[sp.Symbol, sp.Expr]] = []
    for equation in equations:
        for symbol, value in solved:
            equation = equation.xreplace({symbol: value})
        equation = sp.expand(equation)
        if equation == 0:
            continue
        order = sorted(
            equation.free_symbols, key=lambda s: (alphabet.domains.get(s, Domain("")).kind != "real", str(s))
        )
        found = next(((s, v) for s in order if (v := _root_in(equation, s)) is not None), None)
        if found is None:
            return None
        solved = [(s, v.xreplace({found[0]: found[1]})) for s, v in solved] + [found]
    return solved


def _parts(term: Any) -> list[sp.Expr]:
    return term.coefficients() if hasattr(term, "coefficients") else [sp.sympify(term)]


def _one_term(term: Any) -> sp.Expr:
    """A sum over a generic index, read for one term."""
    return term.summand + term.constant if isinstance(term, Sum) else sp.sympify(term)


def _inside(value: sp.Rational, domain: Domain) -> bool:
    if domain.kind == "integer":
        return bool(value.is_Integer and value >= domain.least)
    if domain.kind == "unit":
        return bool(0 <= value < 1)
    return domain.kind == "real" or bool(value > 0 or (value == 0 and domain.kind == "nonnegative"))
