"""Hunting a counterexample: thousands of floating-point points propose, one rational point is then verified.

For statements about scalars only.  Floating point decides nothing: the point found is made rational and the
mutant must be contradicted there by balls.
"""

from __future__ import annotations

import warnings
from typing import Any

import flint
import numpy as np
import numpy.typing as npt
import sympy as sp

from theory.mutation.assertions import Assertion, without_lets
from theory.mutation.points import LARGER, assumed, contradicted, plainly
from theory.mutation.worlds import Irrational, World, unknowns
from theory.proof import difference, value_of
from theory.proof.alphabet import Alphabet, Domain
from theory.proof.enclosure import Undefined
from theory.proof.sums import Sum
from theory.proof.traces import Trace, Word

#: Points drawn a mutant, and how many of the most promising are verified.
DRAWN, VERIFIED = 4000, 4

Draws = npt.NDArray[np.float64]


def hunt(asserted: Assertion, alphabet: Alphabet) -> World | None:
    """A rational world that contradicts the assertion, or ``None``."""
    if asserted.op in ("=", "psd") or asserted.premises:
        return None
    if asserted.op == "iff":
        slacks = [without_lets(value_of(c.slack), asserted.lets) for c in (asserted.lhs, asserted.rhs)]
    else:
        slack = plainly(difference(asserted.lhs, asserted.rhs), asserted)
        slacks = [slack if asserted.op in LARGER else -slack]
    slacks = [s.summand + s.constant if isinstance(s, Sum) else s for s in slacks]
    needed = [c.slack for c in asserted.conditions] + [t for _, t, _ in asserted.slacks]
    needed = [s.summand + s.constant if isinstance(s, Sum) else s for s in needed]
    if any(isinstance(t, (Word, Trace)) for t in (*slacks, *needed)) or asserted.semidefinite:
        return None
    symbols = sorted(set().union(*(unknowns(t) for t in (*slacks, *needed))), key=str)
    if not symbols or any(s not in alphabet.domains for s in symbols):
        return None
    rng = np.random.default_rng(20261123)
    drawn = [_draw(alphabet.domains[s], rng) for s in symbols]
    values = [_evaluate(t, symbols, drawn) for t in slacks]
    allowed = np.ones(DRAWN, dtype=bool)
    for term in needed:
        allowed &= _evaluate(term, symbols, drawn) > 0
    score = np.where(np.sign(values[0]) != np.sign(values[1]), -1.0, 1.0) if len(values) == 2 else values[0]
    score = np.where(allowed & np.isfinite(score), score, np.inf)
    lets = tuple((let.symbol, sp.sympify(let.value)) for let in asserted.lets)
    for k in np.argsort(score)[:VERIFIED]:
        if score[k] >= 0:
            return None
        point = {s: flint.fmpq(*float(v[k]).as_integer_ratio()) for s, v in zip(symbols, drawn, strict=True)}
        world = World(point, {}, {}, lets)
        try:
            if assumed(asserted, world) and contradicted(asserted, world):
                return world
        except (Undefined, Irrational, TypeError):
            continue
    return None


def _draw(domain: Domain, rng: np.random.Generator) -> Draws:
    """Coarse binary fractions, so that the rational point is short."""
    if domain.kind == "integer":
        return np.asarray(domain.least + np.floor(rng.exponential(2.5, DRAWN)))
    if domain.kind == "unit":
        return np.asarray(rng.integers(0, 64, DRAWN) / 64)
    size = np.exp2(np.round(rng.uniform(-6, 6, DRAWN))) * rng.integers(8, 16, DRAWN) / 8
    if domain.kind == "real":
        size = size * rng.choice((-1.0, 1.0), DRAWN)
    return np.asarray(size)


def _evaluate(term: Any, symbols: list[sp.Symbol], drawn: list[Draws]) -> Draws:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            out = sp.lambdify(symbols, term, "numpy")(*drawn)
        except (TypeError, ValueError, OverflowError, ZeroDivisionError, NameError):
            return np.full(DRAWN, np.nan)
    out = np.asarray(out)
    return np.full(DRAWN, np.nan) if np.iscomplexobj(out) else np.broadcast_to(out.astype(float), (DRAWN,))
