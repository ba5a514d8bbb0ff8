"""Floating-point samples of domains, and expressions at them: they propose, and decide nothing."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy as sp

from theory.proof.alphabet import Alphabet, Domain

Draws = npt.NDArray[np.float64]


def sample(domain: Domain, rng: np.random.Generator, count: int) -> Draws:
    """Coarse binary fractions, so that the rational point is short."""
    if domain.kind == "integer":
        return np.asarray(domain.least + np.floor(rng.exponential(2.5, count)))
    if domain.kind == "unit":
        return np.asarray(rng.integers(0, 64, count) / 64)
    size = np.exp2(np.round(rng.uniform(-6, 6, count))) * rng.integers(8, 16, count) / 8
    if domain.kind == "real":
        size = size * rng.choice((-1.0, 1.0), count) * (rng.random(count) > 0.04)
    if domain.kind == "nonnegative":
        size = size * (rng.random(count) > 0.05)
    return np.asarray(size)


def around(values: Draws, domain: Domain, spread: float, rng: np.random.Generator) -> Draws:
    """Points near the values, in the domain."""
    if domain.kind == "integer":
        return np.asarray(np.maximum(domain.least, values + rng.integers(-1, 2, len(values))))
    if domain.kind == "unit":
        near = values + np.round(64 * 0.2 * spread * rng.standard_normal(len(values))) / 64
        return np.asarray(np.clip(near, 0, 1 - 2.0**-12))
    moved = values * np.exp(0.5 * spread * rng.standard_normal(len(values)))
    if domain.kind == "real":
        moved = moved + 0.1 * spread * rng.standard_normal(len(values))
    # 20 bits are enough for a point
    scale = np.exp2(np.floor(np.log2(np.maximum(np.abs(moved), 1e-12))) - 20)
    return np.asarray(np.round(moved / scale) * scale)


def evaluate(term: Any, symbols: Sequence[sp.Symbol], drawn: Sequence[Draws]) -> Draws:
    """The term at every draw; NaN where it has no real value."""
    count = len(drawn[0])
    plain = {s: sp.Symbol(f"x{k}", real=True) for k, s in enumerate(symbols)}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            out = np.asarray(_compiled(sp.sympify(term).xreplace(plain), len(symbols))(*drawn))
            if np.iscomplexobj(out):
                return np.full(count, np.nan)
            return np.asarray(np.broadcast_to(out.astype(float), (count,)))
        except (TypeError, ValueError, OverflowError, ZeroDivisionError, NameError, AttributeError):
            return np.full(count, np.nan)


@lru_cache(maxsize=4000)
def _compiled(term: sp.Expr, count: int) -> Any:
    return sp.lambdify([sp.Symbol(f"x{k}", real=True) for k in range(count)], term, "numpy")


def plainly_not_zero(expression: sp.Expr, alphabet: Alphabet) -> bool:
    """Is the expression far from 0 at a sample, measured by the terms that it adds up?  Spares a reduction to 0."""
    expression = sp.sympify(expression)
    symbols = sorted(expression.free_symbols, key=str)
    if expression.is_Rational or any(s not in alphabet.domains for s in symbols):
        return bool(expression.is_Rational and expression != 0)
    rng = np.random.default_rng(11)
    drawn = [sample(alphabet.domains[s], rng, 32) for s in symbols]
    with np.errstate(all="ignore"):
        values = np.abs(evaluate(expression, symbols, drawn))
        scale = sum(np.abs(evaluate(t, symbols, drawn)) for t in sp.Add.make_args(expression))
        return bool((values > 1e-4 * scale).any())
