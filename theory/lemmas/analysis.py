"""Calculus of one and several variables: derivatives, minimisers, elementary functions."""

from __future__ import annotations

import numpy as np

from theory.lemmas.lemma import Lemma
from theory.lemmas.random_instances import random_loss


def _try_fermat(rng: np.random.Generator) -> float:
    """At the minimiser of a random strongly convex quadratic the gradient vanishes."""
    n = int(rng.integers(1, 6))
    a = rng.normal(size=(n, n))
    a, b = a @ a.T + np.eye(n), rng.normal(size=n)
    x = np.linalg.lstsq(np.linalg.cholesky(a).T, np.linalg.solve(np.linalg.cholesky(a), b), rcond=None)[0]
    return float(np.abs(a @ x - b).max()) / (1 + float(np.abs(b).max()) * float(np.linalg.cond(a)))


def _try_chain_rule(rng: np.random.Generator) -> float:
    """Central differences of τ ↦ Φ(z + τv + τ²u) − ⟨y, ·⟩ against ⟨∇Φ(z) − y, v⟩."""
    loss, k, step = random_loss(rng), int(rng.integers(2, 9)), 1e-5
    z, v, u, y = rng.normal(size=(4, k))

    def along(t: float) -> float:
        moved = z + t * v + t**2 * u
        return float(loss.phi(moved)) - float(y @ moved)

    exact = float((loss.gradient(z) - y) @ v)
    error = abs((along(step) - along(-step)) / (2 * step) - exact)
    return max(0.0, error - 1e-8) / (1 + abs(exact))  # truncation and cancellation stay below 1e-8


def _try_log1p_upper(rng: np.random.Generator) -> float:
    x = float(10.0 ** rng.uniform(-12, 6))
    return max(0.0, float(np.log1p(x)) - x) / x


def _try_log1p_lower(rng: np.random.Generator) -> float:
    x = float(rng.choice([rng.uniform(0, 1), 10.0 ** rng.uniform(-12, 0), 1.0]))
    return max(0.0, x * float(np.log(2)) - float(np.log1p(x))) / x


def _try_exponential_increasing(rng: np.random.Generator) -> float:
    """Where e^u <= e^v in float64, u <= v."""
    u, v = np.sort(30 * rng.normal(size=2))
    return max(0.0, float(np.exp(u)) / float(np.exp(v)) - 1)


def _try_coercive(rng: np.random.Generator) -> float:
    """A random coercive function on a grid: below its value at 0 it is no larger than the bound allows."""
    n, scale = int(rng.integers(1, 4)), float(rng.uniform(0.1, 3))
    centre = rng.normal(size=n)
    points = rng.normal(size=(200, n)) * 10
    values = np.logaddexp(0, points @ centre) + scale * np.linalg.norm(points, axis=1)
    below = values <= np.log(2)
    return max(0.0, float((scale * np.linalg.norm(points[below], axis=1) - np.log(2)).max(initial=0.0)))


def _try_increasing(rng: np.random.Generator) -> float:
    """x ↦ log(1 + e^x) + c x with c > 0, whose slope is positive, at two points."""
    c, low = float(rng.uniform(0, 2)), float(rng.normal())
    high = low + float(rng.uniform(0, 3))
    values = [float(np.logaddexp(0, x)) + c * x for x in (low, high)]
    return max(0.0, values[0] - values[1]) / (1 + abs(values[0]))


def _try_exponential_series(rng: np.random.Generator) -> float:
    x = float(10.0 ** rng.uniform(-2, 2))
    return max(0.0, 1 - x + x**2 / 2 - x**3 / 6 - float(np.exp(-x))) / (1 + x**3)


CHAIN_RULE = Lemma(
    "chain rule",
    "the derivative of a differentiable function along a curve is the inner product of its gradient with the velocity",
    "",
    "Rudin, Principles of Mathematical Analysis (1976), Theorem 9.15",
    ("slope", "pairing"),
    lambda slope, pairing: (slope, "=", pairing),
    _try_chain_rule,
)
FERMAT = Lemma(
    "Fermat's rule",
    "the gradient of a differentiable function vanishes at each of its minimisers",
    "",
    "Nocedal and Wright, Numerical Optimization (2006), Theorem 2.2",
    ("gradient",),
    lambda gradient: (gradient, "=", 0),
    _try_fermat,
)
COERCIVE = Lemma(
    "existence of minimisers (Weierstrass)",
    "a continuous function on R^n that is at least a positive multiple of a norm attains its minimum",
    "",
    "Bauschke and Combettes, Convex Analysis and Monotone Operator Theory (2017), Proposition 11.15",
    ("value", "bound"),
    lambda value, bound: (value, ">=", bound),
    _try_coercive,
)
INCREASING = Lemma(
    "mean value theorem",
    "a function of positive derivative on an interval increases strictly there",
    "",
    "Rudin, Principles of Mathematical Analysis (1976), Theorem 5.11",
    ("later", "earlier"),
    lambda later, earlier: (later, ">", earlier),
    _try_increasing,
)
LOG1P_UPPER = Lemma(
    "logarithm below its tangent",
    "log(1 + x) < x for x > 0",
    "",
    "Hardy, Littlewood and Pólya, Inequalities (1934), Section 4.1",
    ("x", "logarithm"),
    lambda x, logarithm: (x, ">", logarithm),
    _try_log1p_upper,
)
LOG1P_LOWER = Lemma(
    "logarithm above its chord",
    "log(1 + x) ≥ x log 2 for 0 ≤ x ≤ 1",
    "equality iff x = 0 or x = 1",
    "Hardy, Littlewood and Pólya, Inequalities (1934), Section 3.5 (concavity)",
    ("logarithm", "chord"),
    lambda logarithm, chord: (logarithm, ">=", chord),
    _try_log1p_lower,
)
EXPONENTIAL_INCREASING = Lemma(
    "the exponential function is increasing",
    "e^u ≤ e^v implies u ≤ v",
    "",
    "Rudin, Principles of Mathematical Analysis (1976), Theorem 8.6",
    ("larger", "smaller"),
    lambda larger, smaller: (larger, ">=", smaller),
    _try_exponential_increasing,
)
EXPONENTIAL_SERIES = Lemma(
    "alternating series of the exponential",
    "e^{−x} ≥ 1 − x + x²/2 − x³/6 for x ≥ 0",
    "equality iff x = 0",
    "Taylor's theorem; Rudin, Principles of Mathematical Analysis (1976), Theorem 5.15",
    ("exponential", "series"),
    lambda exponential, series: (exponential, ">=", series),
    _try_exponential_series,
)
