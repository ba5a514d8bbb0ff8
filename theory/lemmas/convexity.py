"""Convex functions: Fenchel–Young, Jensen, subgradients, and functions with Lipschitz gradients."""

from __future__ import annotations

import numpy as np

from theory.lemmas.lemma import FloatArray, Lemma
from theory.lemmas.random_instances import random_loss
from theory.losses import Loss, fenchel_young


def _domain_point(rng: np.random.Generator, loss: Loss, classes: int) -> FloatArray:
    """A point of dom Φ*: for the simplex sometimes on its boundary."""
    if not loss.on_simplex:
        return rng.normal(size=classes)
    q = rng.dirichlet(np.full(classes, 0.7))
    if classes > 2 and rng.random() < 0.3:
        q[int(rng.integers(classes))] = 0.0
    return np.asarray(q / q.sum())


def _try_fenchel_young(rng: np.random.Generator) -> float:
    loss, k = random_loss(rng), int(rng.integers(2, 9))
    z, q = 3 * rng.normal(size=k), _domain_point(rng, loss, k)
    return max(0.0, -float(fenchel_young(loss, z, q))) / (1 + float(np.abs(z).max()))


def _try_fenchel_young_equality(rng: np.random.Generator) -> float:
    """Zero at q = ∇Φ(z), and above ½‖q − ∇Φ(z)‖² elsewhere (Φ* is 1-strongly convex for every loss here)."""
    loss, k = random_loss(rng), int(rng.integers(2, 9))
    z, q = 3 * rng.normal(size=k), _domain_point(rng, loss, k)
    p = loss.gradient(z)
    at_gradient = abs(float(fenchel_young(loss, z, p)))
    elsewhere = 0.5 * float(((q - p) ** 2).sum()) - float(fenchel_young(loss, z, q))
    return max(at_gradient, elsewhere, 0.0) / (1 + float(np.abs(z).max()))


def _try_jensen(rng: np.random.Generator) -> float:
    loss, (k, n) = random_loss(rng), (int(rng.integers(2, 7)), int(rng.integers(1, 9)))
    z, y = 3 * rng.normal(size=(k, n)), _domain_point(rng, loss, k)
    mean = float(fenchel_young(loss, z, np.repeat(y[:, None], n, axis=1)).mean())
    return max(0.0, float(fenchel_young(loss, z.mean(axis=1), y)) - mean) / (1 + mean)


def _try_convex_optimality(rng: np.random.Generator) -> float:
    """½‖x − y‖² + τ‖x‖ is least at x = max(0, 1 − τ/‖y‖) y, where y − x is τ times a subgradient of the norm."""
    y, tau = rng.normal(size=int(rng.integers(1, 6))), float(rng.uniform(0, 3))
    size = float(np.linalg.norm(y))
    x = max(0.0, 1 - tau / size) * y
    best = 0.5 * float(((x - y) ** 2).sum()) + tau * float(np.linalg.norm(x))
    others = x + rng.normal(size=(50, len(y))) * 10.0 ** rng.uniform(-4, 1, size=(50, 1))
    values = 0.5 * ((others - y) ** 2).sum(axis=1) + tau * np.linalg.norm(others, axis=1)
    return max(0.0, best - float(values.min())) / (1 + best)


def _try_norm_subgradient(rng: np.random.Generator) -> float:
    """⟨p, x⟩ ≤ √Σ c_i x_i² for all x iff √Σ p_i²/c_i ≤ 1, attained at x_i = p_i/c_i."""
    n = int(rng.integers(1, 5))
    c, p, x = rng.uniform(0.1, 3, size=n), rng.normal(size=n), rng.normal(size=(50, n))
    dual = float(np.sqrt((p**2 / c).sum()))
    ratio = float(((x @ p) / np.sqrt((c * x**2).sum(axis=1))).max())
    attained = float((p / c) @ p / np.sqrt((c * (p / c) ** 2).sum()))
    return max(0.0, ratio - dual, abs(attained - dual)) / (1 + dual)


def _try_descent(rng: np.random.Generator) -> float:
    """Both losses: ℓ(z + v) lies between its tangent and its tangent plus L/2 ‖v‖²."""
    loss, k = random_loss(rng), int(rng.integers(2, 9))
    z, v, y = 3 * rng.normal(size=k), 10.0 ** rng.uniform(-2, 1) * rng.normal(size=k), _domain_point(rng, loss, k)
    rise = float(fenchel_young(loss, z + v, y)) - float(fenchel_young(loss, z, y))
    excess = rise - float((loss.gradient(z) - y) @ v)
    return max(0.0, -excess, excess - loss.smoothness / 2 * float(v @ v)) / (1 + float(np.abs(z + v).max()))


def _try_invariant_minimiser(rng: np.random.Generator) -> float:
    """A strongly convex quadratic averaged over all cyclic shifts: its minimiser does not move under them."""
    n = int(rng.integers(2, 7))
    a, b = rng.normal(size=(n, n)), rng.normal(size=n)
    shifts = [np.roll(np.eye(n), k, axis=0) for k in range(n)]
    hessian = sum((g.T @ (a @ a.T + np.eye(n)) @ g for g in shifts), np.zeros((n, n)))
    slope = sum((g.T @ b for g in shifts), np.zeros(n))
    x = np.linalg.solve(hessian, slope)
    return float(max(np.abs(g @ x - x).max() for g in shifts)) / (1 + float(np.abs(x).max()))


FENCHEL_YOUNG = Lemma(
    "Fenchel–Young inequality",
    "Φ(z) + Φ*(q) − ⟨q, z⟩ ≥ 0 for all z and all q in dom Φ*",
    "equality iff q = ∇Φ(z)",
    "Rockafellar, Convex Analysis (1970), Section 12 and Theorem 23.5",
    ("phi", "conjugate", "inner"),
    lambda phi, conjugate, inner: (phi + conjugate - inner, ">=", 0),
    _try_fenchel_young,
)
FENCHEL_YOUNG_EQUALITY = Lemma(
    "equality in Fenchel–Young",
    "Φ(z) + Φ*(p) = ⟨p, z⟩ at p = ∇Φ(z), and only there when Φ is differentiable",
    "",
    "Rockafellar, Convex Analysis (1970), Theorem 23.5",
    ("phi", "conjugate", "inner"),
    lambda phi, conjugate, inner: (phi + conjugate - inner, "=", 0),
    _try_fenchel_young_equality,
)
FENCHEL_YOUNG_ZERO = Lemma(
    "vanishing Fenchel–Young loss",
    "Φ(z) + Φ*(q) − ⟨q, z⟩ = 0 implies q = ∇Φ(z) for differentiable Φ",
    "",
    "Rockafellar, Convex Analysis (1970), Theorem 23.5; Blondel, Martins and Niculae (2020), Proposition 2",
    ("prediction", "gradient"),
    lambda prediction, gradient: (prediction, "=", gradient),
    _try_fenchel_young_equality,
)
JENSEN = Lemma(
    "Jensen's inequality",
    "Σ_i φ(z_i) ≥ n φ(z̄) for convex φ and the mean z̄ of n points",
    "for strictly convex φ equality iff all z_i are equal",
    "Hardy, Littlewood and Pólya, Inequalities (1934), Theorem 90",
    ("total", "at_mean"),
    lambda total, at_mean: (total, ">=", at_mean),
    _try_jensen,
)
TANGENT = Lemma(
    "a convex function lies above its tangent",
    "L(Z + X) ≥ L(Z) + ⟨∇L(Z), X⟩ for convex differentiable L",
    "",
    "Rockafellar, Convex Analysis (1970), Theorem 25.1",
    ("value", "tangent"),
    lambda value, tangent: (value, ">=", tangent),
    _try_descent,
)
DESCENT = Lemma(
    "descent lemma",
    "L(Z + X) ≤ L(Z) + ⟨∇L(Z), X⟩ + β/2 ‖X‖² where the gradient of L is β-Lipschitz",
    "",
    "Nesterov, Introductory Lectures on Convex Optimization (2004), Lemma 1.2.3",
    ("bound", "value"),
    lambda bound, value: (bound, ">=", value),
    _try_descent,
)
NORM_SUBGRADIENT = Lemma(
    "subgradients of a norm at 0",
    "the subgradients of a norm at 0 are the unit ball of the dual norm; the dual of √Σ c_i x_i² is √Σ p_i²/c_i",
    "",
    "Rockafellar, Convex Analysis (1970), Section 23 and Theorem 15.1",
    ("dual_norm", "limit"),
    lambda dual_norm, limit: (limit, ">=", dual_norm),
    _try_norm_subgradient,
)
CONVEX_OPTIMALITY = Lemma(
    "Fermat's rule for convex functions",
    "x minimises a convex function F iff 0 is a subgradient of F at x; subgradients of a sum add up",
    "",
    "Rockafellar, Convex Analysis (1970), Theorems 23.8 and 27.1",
    ("gradient",),
    lambda gradient: (gradient, "=", 0),
    _try_convex_optimality,
)
INVARIANT_MINIMISER = Lemma(
    "a unique minimiser is invariant",
    "a strictly convex function that a group of linear maps leaves invariant has an invariant minimiser or none",
    "",
    "Boyd and Vandenberghe, Convex Optimization (2004), Exercise 4.4 (convex problems with symmetry)",
    ("moved", "minimiser"),
    lambda moved, minimiser: (moved, "=", minimiser),
    _try_invariant_minimiser,
)
