"""The classical lemmas that proofs may cite: each with a reference, and a numeric trial that could fail.

A :class:`Lemma` makes the relation that it concludes from expressions for its roles, so that a citation
cannot misquote it.  ``trial(rng)`` draws an instance and returns by how much the lemma is violated there,
relative to the size of its terms (rounding makes about 1e-15); the tests run it on many instances.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from theory.losses import LOSSES, Loss, fenchel_young

FloatArray = npt.NDArray[np.float64]
Relation = tuple[Any, str, Any]


@dataclass(frozen=True, eq=False)
class Lemma:
    """A named classical result.

    statement : in words and plain mathematics; ``equality`` its equality case ("" if it has none).
    roles : names of the expressions that an instance supplies.
    conclude : from those expressions the relation (lhs, op, rhs).
    trial : a random instance's relative violation.
    """

    name: str
    statement: str
    equality: str
    reference: str
    roles: tuple[str, ...]
    conclude: Callable[..., Relation]
    trial: Callable[[np.random.Generator], float]


def _matrix(rng: np.random.Generator, rows: int, columns: int) -> FloatArray:
    """A Gaussian matrix of random rank and scale."""
    rank = int(rng.integers(1, min(rows, columns) + 1))
    out = rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, columns))
    return np.asarray(out * 10.0 ** rng.uniform(-2, 2))


def _sizes(rng: np.random.Generator, count: int) -> list[int]:
    return [int(n) for n in rng.integers(1, 8, size=count)]


def _loss(rng: np.random.Generator) -> Loss:
    return LOSSES[str(rng.choice(sorted(LOSSES)))]


def _domain_point(rng: np.random.Generator, loss: Loss, classes: int) -> FloatArray:
    """A point of dom Φ*: for the simplex sometimes on its boundary."""
    if not loss.on_simplex:
        return rng.normal(size=classes)
    q = rng.dirichlet(np.full(classes, 0.7))
    if classes > 2 and rng.random() < 0.3:
        q[int(rng.integers(classes))] = 0.0
    return np.asarray(q / q.sum())


def _nuclear(a: FloatArray) -> float:
    return float(np.linalg.svd(a, compute_uv=False).sum())


def _operator(a: FloatArray) -> float:
    return float(np.linalg.svd(a, compute_uv=False)[0])


# --------------------------------------------------------------------------- trials


def _try_fenchel_young(rng: np.random.Generator) -> float:
    loss, k = _loss(rng), int(rng.integers(2, 9))
    z, q = 3 * rng.normal(size=k), _domain_point(rng, loss, k)
    return max(0.0, -float(fenchel_young(loss, z, q))) / (1 + float(np.abs(z).max()))


def _try_fenchel_young_equality(rng: np.random.Generator) -> float:
    """Zero at q = ∇Φ(z), and above ½‖q − ∇Φ(z)‖² elsewhere (Φ* is 1-strongly convex for every loss here)."""
    loss, k = _loss(rng), int(rng.integers(2, 9))
    z, q = 3 * rng.normal(size=k), _domain_point(rng, loss, k)
    p = loss.gradient(z)
    at_gradient = abs(float(fenchel_young(loss, z, p)))
    elsewhere = 0.5 * float(((q - p) ** 2).sum()) - float(fenchel_young(loss, z, q))
    return max(at_gradient, elsewhere, 0.0) / (1 + float(np.abs(z).max()))


def _try_softmax_invertible(rng: np.random.Generator) -> float:
    """From p = softmax(z) the centred logits come back as the centred log p."""
    z = 3 * rng.normal(size=int(rng.integers(2, 9)))
    logs = np.log(LOSSES["ce"].gradient(z))
    return float(np.abs((logs - logs.mean()) - (z - z.mean())).max()) / (1 + float(np.abs(z).max()))


def _try_jensen(rng: np.random.Generator) -> float:
    loss, (k, n) = _loss(rng), (int(rng.integers(2, 7)), int(rng.integers(1, 9)))
    z, y = 3 * rng.normal(size=(k, n)), _domain_point(rng, loss, k)
    mean = float(fenchel_young(loss, z, np.repeat(y[:, None], n, axis=1)).mean())
    return max(0.0, float(fenchel_young(loss, z.mean(axis=1), y)) - mean) / (1 + mean)


def _try_norm_duality(rng: np.random.Generator) -> float:
    m, n = _sizes(rng, 2)
    a, b = _matrix(rng, m, n), _matrix(rng, m, n)
    bound = _operator(a) * _nuclear(b)
    return max(0.0, float((a * b).sum()) - bound) / bound


def _try_nuclear_variational(rng: np.random.Generator) -> float:
    """½‖A‖² + ½‖B‖² >= ‖AB‖_* at random factors, with equality at A = P√S, B = √S Qᵀ."""
    m, d, n = _sizes(rng, 3)
    a, b = _matrix(rng, m, d), _matrix(rng, d, n)
    halves = 0.5 * float((a**2).sum()) + 0.5 * float((b**2).sum())
    below = max(0.0, _nuclear(a @ b) - halves) / halves
    p, s, qt = np.linalg.svd(a @ b, full_matrices=False)
    balanced = 0.5 * float(((p * np.sqrt(s)) ** 2).sum()) + 0.5 * float(((np.sqrt(s)[:, None] * qt) ** 2).sum())
    return max(below, abs(balanced - float(s.sum())) / (1e-300 + balanced))


def _orthogonal_blocks(rng: np.random.Generator) -> list[FloatArray]:
    """Matrices A_t of one width with A_s A_tᵀ = 0 for s ≠ t."""
    sizes = _sizes(rng, int(rng.integers(1, 4)))
    q = np.linalg.qr(rng.normal(size=(sum(sizes), sum(sizes))))[0]
    blocks, start = [], 0
    for n in sizes:
        blocks.append(_matrix(rng, n, n) @ q[start : start + n])
        start += n
    return blocks


def _try_orthogonal_blocks(rng: np.random.Generator) -> float:
    blocks = _orthogonal_blocks(rng)
    stack, largest = np.concatenate(blocks), max(_operator(b) for b in blocks)
    return abs(_operator(stack) - largest) / largest


def _try_semidefinite(rng: np.random.Generator) -> float:
    """‖U‖_op <= c makes c² I − UᵀU positive semidefinite."""
    m, n = _sizes(rng, 2)
    u = _matrix(rng, m, n)
    c = _operator(u) * float(rng.uniform(1, 2))
    return max(0.0, -float(np.linalg.eigvalsh(c**2 * np.eye(n) - u.T @ u)[0])) / c**2


def _try_contraction(rng: np.random.Generator) -> float:
    """I − CᵀC = YYᵀ for C = X_s X_tᵀ of orthonormal rows: no singular value exceeds 1."""
    s, t, extra = _sizes(rng, 3)
    q = [np.linalg.qr(rng.normal(size=(max(s, t) + extra, n)))[0].T for n in (s, t)]
    return max(0.0, _operator(q[0] @ q[1].T) - 1)


def _try_projection_rank(rng: np.random.Generator) -> float:
    n = int(rng.integers(2, 9))
    r = int(rng.integers(1, n + 1))
    q = np.linalg.qr(rng.normal(size=(n, r)))[0]
    p = q @ q.T
    return abs(float(np.trace(p)) - float(np.linalg.matrix_rank(p)))


def _try_orthogonal_projection(rng: np.random.Generator) -> float:
    """P = Pᵀ = P², W P = W and P = WᵀM: then P w is the nearest point of the row space, W W⁺ by least squares."""
    m, extra = _sizes(rng, 2)
    d = m + extra
    w = np.linalg.qr(rng.normal(size=(d, m)))[0].T * 10.0 ** rng.uniform(-2, 2)
    p = w.T @ w / float((w[0] ** 2).sum())
    v = rng.normal(size=d)
    nearest = w.T @ np.linalg.lstsq(w.T, v, rcond=None)[0]
    return float(np.abs(p @ v - nearest).max() / np.linalg.norm(v))


def _try_rank_of_gram(rng: np.random.Generator) -> float:
    m, d = _sizes(rng, 2)
    a = _matrix(rng, m, d)
    rank, gram = int(np.linalg.matrix_rank(a, rtol=1e-6)), int(np.linalg.matrix_rank(a @ a.T, rtol=1e-12))
    return float(abs(rank - gram) + max(0, rank - d))


def _try_rank_of_product(rng: np.random.Generator) -> float:
    m, d, n = _sizes(rng, 3)
    product = rng.normal(size=(m, d)) @ rng.normal(size=(d, n))
    return float(max(0, int(np.linalg.matrix_rank(product)) - d))


def _try_gram_determines(rng: np.random.Generator) -> float:
    """W Wᵀ = V Vᵀ of one width: W = V Q with Q orthogonal, by the polar factor of VᵀW."""
    m, d = _sizes(rng, 2)
    v = _matrix(rng, m, d)
    w = v @ np.linalg.qr(rng.normal(size=(d, d)))[0]
    a, _, b = np.linalg.svd(v.T @ w)
    return float(np.abs(v @ (a @ b) - w).max()) / float(np.abs(w).max())


def _try_gram_exists(rng: np.random.Generator) -> float:
    """A positive semidefinite matrix of rank r factors through d = r columns."""
    n, r = _sizes(rng, 2)
    v = _matrix(rng, n, min(n, r))
    gram = v @ v.T
    rank = int(np.linalg.matrix_rank(gram, rtol=1e-12))
    values, vectors = np.linalg.eigh(gram)
    w = vectors[:, -rank:] * np.sqrt(np.maximum(values[-rank:], 0))
    return float(np.abs(w @ w.T - gram).max()) / float(np.abs(gram).max())


def _try_unitary_invariance(rng: np.random.Generator) -> float:
    m, d, n = _sizes(rng, 3)
    w, h = _matrix(rng, m, d), _matrix(rng, d, n)
    q = np.linalg.qr(rng.normal(size=(d, d)))[0]
    moved = max(
        abs(float(np.linalg.norm(w @ q) / np.linalg.norm(w))) - 1,
        float(np.linalg.norm(q.T @ h) / np.linalg.norm(h)) - 1,
    )
    return max(
        abs(moved), float(np.abs((w @ q) @ (q.T @ h) - w @ h).max() / (1e-300 + np.linalg.norm(w) * np.linalg.norm(h)))
    )


def _try_fermat(rng: np.random.Generator) -> float:
    """At the minimiser of a random strongly convex quadratic the gradient vanishes."""
    n = int(rng.integers(1, 6))
    a = rng.normal(size=(n, n))
    a, b = a @ a.T + np.eye(n), rng.normal(size=n)
    x = np.linalg.lstsq(np.linalg.cholesky(a).T, np.linalg.solve(np.linalg.cholesky(a), b), rcond=None)[0]
    return float(np.abs(a @ x - b).max()) / (1 + float(np.abs(b).max()) * float(np.linalg.cond(a)))


def _spectral(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A random symmetric matrix with its eigenvalues and orthonormal eigenvectors."""
    q, d = np.linalg.qr(rng.normal(size=(n, n)))[0], rng.normal(size=n)
    return (q * d) @ q.T, d, q


def _try_positive_part(rng: np.random.Generator) -> float:
    """X = A_+ satisfies the three conditions, and the next eigenvalue moved spoils one of them."""
    n = int(rng.integers(1, 8))
    a, d, q = _spectral(rng, n)
    x = (q * np.maximum(d, 0)) @ q.T
    lowest = min(float(np.linalg.eigvalsh(x)[0]), float(np.linalg.eigvalsh(x - a)[0]))
    return max(-lowest, float(np.abs(x @ (x - a)).max())) / (1 + float(np.abs(d).max()))


def _try_singular_values(rng: np.random.Generator) -> float:
    """‖A‖² is the sum of the squared singular values, and A = P S Qᵀ with orthonormal P and Q."""
    m, n = _sizes(rng, 2)
    a = _matrix(rng, m, n)
    p, s, qt = np.linalg.svd(a, full_matrices=False)
    back = float(np.abs((p * s) @ qt - a).max()) / float(np.abs(a).max())
    return max(back, abs(float((a**2).sum()) - float((s**2).sum())) / float((s**2).sum()))


def _try_chain_rule(rng: np.random.Generator) -> float:
    """Central differences of τ ↦ Φ(z + τv + τ²u) − ⟨y, ·⟩ against ⟨∇Φ(z) − y, v⟩."""
    loss, k, step = _loss(rng), int(rng.integers(2, 9)), 1e-5
    z, v, u, y = rng.normal(size=(4, k))

    def along(t: float) -> float:
        moved = z + t * v + t**2 * u
        return float(loss.phi(moved)) - float(y @ moved)

    exact = float((loss.gradient(z) - y) @ v)
    error = abs((along(step) - along(-step)) / (2 * step) - exact)
    return max(0.0, error - 1e-8) / (1 + abs(exact))  # truncation and cancellation stay below 1e-8


def _try_equal_grams(rng: np.random.Generator) -> float:
    m, n = _sizes(rng, 2)
    a = _matrix(rng, m, n)
    b = a @ np.linalg.qr(rng.normal(size=(n + 2, n)))[0].T
    return abs(_operator(a) - _operator(b)) / _operator(a)


def _try_left_factor(rng: np.random.Generator) -> float:
    """A of rank K − 1 with A n = 0: the factor L = (I − n1ᵀ/1ᵀn) A⁺ makes L A = I − n1ᵀ/1ᵀn."""
    k, m = int(rng.integers(2, 8)), int(rng.integers(0, 4))
    n = rng.uniform(0.5, 2, size=k)
    target = np.eye(k) - np.outer(n, np.ones(k)) / n.sum()
    a = rng.normal(size=(k + m, k)) @ target
    left = target @ np.linalg.pinv(a, rcond=1e-10)
    return float(np.abs(left @ a - target).max()) / (1 + float(np.linalg.norm(left, 2) * np.linalg.norm(a, 2)))


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


def _try_inverse_root(rng: np.random.Generator) -> float:
    """With t = e^{2y} the trapezoidal rule converges faster than any power of its step."""
    n = int(rng.integers(1, 5))
    q, d = np.linalg.qr(rng.normal(size=(n, n)))[0], np.exp(rng.uniform(-3, 3, size=n))
    y = np.linspace(-60, 60, 2401)
    weights = 2 * np.exp(y) / (d[:, None] + np.exp(2 * y)) * (y[1] - y[0]) / np.pi
    integral = (q * weights.sum(axis=1)) @ q.T
    return float(np.abs(integral - (q / np.sqrt(d)) @ q.T).max() * np.sqrt(d.min()))


def _try_orthogonal_addition(rng: np.random.Generator) -> float:
    """EᵀG = 0: ‖E + G‖_* >= ‖E‖_*, and the excess is at least ‖G‖²/(2‖E + G‖_* )."""
    m, n = int(rng.integers(2, 7)), int(rng.integers(1, 7))
    q = np.linalg.qr(rng.normal(size=(m, m)))[0]
    k = int(rng.integers(1, m))
    e, g = q[:, :k] @ _matrix(rng, k, n), q[:, k:] @ _matrix(rng, m - k, n)
    total = _nuclear(e + g)
    return max(0.0, _nuclear(e) + float((g**2).sum()) / (2 * total) - total) / total


def _try_coercive(rng: np.random.Generator) -> float:
    """A random coercive function on a grid: below its value at 0 it is no larger than the bound allows."""
    n, scale = int(rng.integers(1, 4)), float(rng.uniform(0.1, 3))
    centre = rng.normal(size=n)
    points = rng.normal(size=(200, n)) * 10
    values = np.logaddexp(0, points @ centre) + scale * np.linalg.norm(points, axis=1)
    below = values <= np.log(2)
    return max(0.0, float((scale * np.linalg.norm(points[below], axis=1) - np.log(2)).max(initial=0.0)))


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


def _try_increasing(rng: np.random.Generator) -> float:
    """x ↦ log(1 + e^x) + c x with c > 0, whose slope is positive, at two points."""
    c, low = float(rng.uniform(0, 2)), float(rng.normal())
    high = low + float(rng.uniform(0, 3))
    values = [float(np.logaddexp(0, x)) + c * x for x in (low, high)]
    return max(0.0, values[0] - values[1]) / (1 + abs(values[0]))


def _try_descent(rng: np.random.Generator) -> float:
    """Both losses: ℓ(z + v) lies between its tangent and its tangent plus L/2 ‖v‖²."""
    loss, k = _loss(rng), int(rng.integers(2, 9))
    z, v, y = 3 * rng.normal(size=k), 10.0 ** rng.uniform(-2, 1) * rng.normal(size=k), _domain_point(rng, loss, k)
    rise = float(fenchel_young(loss, z + v, y)) - float(fenchel_young(loss, z, y))
    excess = rise - float((loss.gradient(z) - y) @ v)
    return max(0.0, -excess, excess - loss.smoothness / 2 * float(v @ v)) / (1 + float(np.abs(z + v).max()))


def _try_rank_nullity(rng: np.random.Generator) -> float:
    """A matrix of rank below its number of columns has a unit vector in its kernel."""
    m, d = _sizes(rng, 2)
    a = _matrix(rng, m, d)
    if np.linalg.matrix_rank(a, rtol=1e-9) == d:
        return 0.0
    return float(np.linalg.norm(a @ np.linalg.svd(a)[2][-1])) / float(np.linalg.norm(a))


def _try_cauchy_schwarz(rng: np.random.Generator) -> float:
    n = int(rng.integers(1, 9))
    u, v = rng.normal(size=(2, n)) * 10.0 ** rng.uniform(-3, 3, size=(2, 1))
    bound = float(np.linalg.norm(u) * np.linalg.norm(v))
    return max(0.0, float(u @ v) - bound) / bound


def _simplex_pair(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Two points inside the simplex, at any distance."""
    k = int(rng.integers(2, 9))
    q = rng.dirichlet(np.ones(k)) + 1e-6
    q = q / q.sum()
    p = q * np.exp(10.0 ** rng.uniform(-4, 0.7) * rng.normal(size=k))
    return q, np.asarray(p / p.sum())


def _try_pinsker(rng: np.random.Generator) -> float:
    q, p = _simplex_pair(rng)
    half = 0.5 * float(np.abs(q - p).sum())
    return max(0.0, 2 * half**2 - float((q * np.log(q / p)).sum()))


def _try_self_concordance(rng: np.random.Generator) -> float:
    """KL(q ‖ softmax(log q + d)) >= Var_q(d) (e^{−R} + R − 1)/R² with R the range of d."""
    q, p = _simplex_pair(rng)
    d = np.log(p / q)
    size = float(d.max() - d.min())
    if size < 1e-3:
        return 0.0
    variance = float(q @ (d - q @ d) ** 2)
    return max(0.0, float(variance * (np.exp(-size) + size - 1) / size**2 + q @ d))


def _try_exponential_series(rng: np.random.Generator) -> float:
    x = float(10.0 ** rng.uniform(-2, 2))
    return max(0.0, 1 - x + x**2 / 2 - x**3 / 6 - float(np.exp(-x))) / (1 + x**3)


def _try_product_norm(rng: np.random.Generator) -> float:
    m, d, n = _sizes(rng, 3)
    a, b = _matrix(rng, m, d), _matrix(rng, d, n)
    bound = _operator(a) * float(np.linalg.norm(b))
    return max(0.0, float(np.linalg.norm(a @ b)) - bound) / bound


def _try_triangle(rng: np.random.Generator) -> float:
    m, n = _sizes(rng, 2)
    a, b = _matrix(rng, m, n), _matrix(rng, m, n)
    bound = float(np.linalg.norm(a) + np.linalg.norm(b))
    return max(0.0, float(np.linalg.norm(a + b)) - bound) / bound


def _try_invariant_minimiser(rng: np.random.Generator) -> float:
    """A strongly convex quadratic averaged over all cyclic shifts: its minimiser does not move under them."""
    n = int(rng.integers(2, 7))
    a, b = rng.normal(size=(n, n)), rng.normal(size=n)
    shifts = [np.roll(np.eye(n), k, axis=0) for k in range(n)]
    hessian = sum((g.T @ (a @ a.T + np.eye(n)) @ g for g in shifts), np.zeros((n, n)))
    slope = sum((g.T @ b for g in shifts), np.zeros(n))
    x = np.linalg.solve(hessian, slope)
    return float(max(np.abs(g @ x - x).max() for g in shifts)) / (1 + float(np.abs(x).max()))


def _try_log_sum_exp_curvature(rng: np.random.Generator) -> float:
    """KL(q ‖ softmax(log q + τd)) − ½τ² Var_q(d) vanishes to third order: at most R³τ³/12 for a range R of d."""
    k = int(rng.integers(2, 8))
    q = rng.dirichlet(np.ones(k)) * 0.9 + 0.1 / k
    q, d, tau = q / q.sum(), rng.normal(size=k), 1e-3
    moved = tau * (d - q @ d)
    divergence = float(np.log1p(q @ np.expm1(moved)))  # log E e^X − E X with E X = 0
    error = abs(divergence - 0.5 * float(q @ moved**2))
    return max(0.0, error - float(moved.max() - moved.min()) ** 3 / 12) / tau**2


# --------------------------------------------------------------------------- the lemmas

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
SOFTMAX_INVERTIBLE = Lemma(
    "softmax is one-to-one up to constants",
    "softmax(z) = softmax(z') implies z − z' is a multiple of the all-ones vector: z − mean(z) = log p − mean(log p)",
    "",
    "Boyd and Vandenberghe, Convex Optimization (2004), Section 3.1.5 (kernel of the Hessian of log-sum-exp)",
    ("centred_logits", "centred_logits_of_prediction"),
    lambda centred_logits, centred_logits_of_prediction: (centred_logits, "=", centred_logits_of_prediction),
    _try_softmax_invertible,
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
NORM_DUALITY = Lemma(
    "duality of operator and nuclear norm (von Neumann)",
    "⟨A, B⟩ ≤ ‖A‖_op ‖B‖_*",
    "equality iff ⟨A, B⟩ is attained on the top singular space of A",
    "von Neumann (1937); Horn and Johnson, Matrix Analysis (2013), Theorem 7.4.1.1",
    ("operator", "nuclear", "inner"),
    lambda operator, nuclear, inner: (operator * nuclear, ">=", inner),
    _try_norm_duality,
)
NUCLEAR_VARIATIONAL = Lemma(
    "variational form of the nuclear norm",
    "½‖A‖² + ½‖B‖² ≥ ‖AB‖_*",
    "equality iff AᵀA = BBᵀ; attained by balanced factors of any matrix of rank at most d",
    "Srebro, Rennie and Jaakkola (2004); Recht, Fazel and Parrilo (2010), Lemma 5.1",
    ("half_squares", "nuclear"),
    lambda half_squares, nuclear: (half_squares, ">=", nuclear),
    _try_nuclear_variational,
)
ORTHOGONAL_BLOCKS = Lemma(
    "norm of orthogonal blocks",
    "A_s A_tᵀ = 0 for all s ≠ t implies that the stack of the A_t has the operator norm max_t ‖A_t‖_op",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Section 5.6: A Aᵀ is block diagonal",
    ("limit", "stack"),
    lambda limit, stack: (limit, ">=", stack),
    _try_orthogonal_blocks,
)
SEMIDEFINITE = Lemma(
    "norm bound as a matrix inequality",
    "‖U‖_op ≤ c implies c² I − UᵀU ⪰ 0",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Theorem 7.7.2",
    ("matrix",),
    lambda matrix: (matrix, "psd", 0),
    _try_semidefinite,
)
CONTRACTION = Lemma(
    "contractions",
    "I − CᵀC ⪰ 0 is equivalent to ‖C‖_op ≤ 1",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Theorem 7.7.2",
    ("operator",),
    lambda operator: (1, ">=", operator),
    _try_contraction,
)
PROJECTION_RANK = Lemma(
    "rank of a projection",
    "P² = P implies rank P = tr P",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Section 0.9.13",
    ("rank", "trace"),
    lambda rank, trace: (rank, "=", trace),
    _try_projection_rank,
)
ORTHOGONAL_PROJECTION = Lemma(
    "orthogonal projections",
    "a symmetric idempotent matrix is the orthogonal projection onto its range",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Section 0.9.13",
    ("matrix", "projection"),
    lambda matrix, projection: (matrix, "=", projection),
    _try_orthogonal_projection,
)
RANK_OF_GRAM = Lemma(
    "rank of a Gram matrix",
    "rank A = rank A Aᵀ, which is at most the number of columns of A",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Section 0.4.6",
    ("columns", "rank"),
    lambda columns, rank: (columns, ">=", rank),
    _try_rank_of_gram,
)
RANK_OF_PRODUCT = Lemma(
    "rank of a product",
    "rank AB is at most the number of columns of A",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Section 0.4.5",
    ("inner", "rank"),
    lambda inner, rank: (inner, ">=", rank),
    _try_rank_of_product,
)
GRAM_DETERMINES = Lemma(
    "a Gram matrix determines its factor up to rotation",
    "W Wᵀ = V Vᵀ, both of d columns, implies W = V Q with Q orthogonal",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Theorem 7.3.11",
    ("factor", "rotated"),
    lambda factor, rotated: (factor, "=", rotated),
    _try_gram_determines,
)
GRAM_EXISTS = Lemma(
    "existence of a Gram factor",
    "every positive semidefinite matrix of rank r is W Wᵀ for some W of d ≥ r columns",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Theorem 7.2.10",
    ("gram", "wanted"),
    lambda gram, wanted: (gram, "=", wanted),
    _try_gram_exists,
)
UNITARY_INVARIANCE = Lemma(
    "unitary invariance",
    "‖WQ‖ = ‖W‖, ‖QᵀH‖ = ‖H‖ and (WQ)(QᵀH) = WH for orthogonal Q",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Section 5.6",
    ("moved", "original"),
    lambda moved, original: (moved, "=", original),
    _try_unitary_invariance,
)
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
POSITIVE_PART = Lemma(
    "positive part of a symmetric matrix",
    "X ⪰ 0, X − A ⪰ 0 and X(X − A) = 0 imply X = A_+, the positive part in the eigenbasis of A",
    "",
    "Moreau (1965) for the semidefinite cone; Higham (1988), Theorem 2.1",
    ("matrix", "positive_part"),
    lambda matrix, positive_part: (matrix, "=", positive_part),
    _try_positive_part,
)
SINGULAR_VALUES = Lemma(
    "singular value decomposition",
    "every matrix is A = P S Qᵀ with orthonormal columns in P and Q and S = diag σ_i > 0; then ‖A‖² = Σ_i σ_i²",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Theorem 2.6.3",
    ("square", "sum_of_squares"),
    lambda square, sum_of_squares: (square, "=", sum_of_squares),
    _try_singular_values,
)
EQUAL_GRAMS = Lemma(
    "equal Gram matrices, equal norms",
    "A Aᵀ = B Bᵀ implies ‖A‖_op = ‖B‖_op",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Theorem 2.6.3",
    ("norm", "other"),
    lambda norm, other: (norm, "=", other),
    _try_equal_grams,
)
LEFT_FACTOR = Lemma(
    "factorization and inclusion of kernels",
    "ker A ⊆ ker B implies B = L A for some L; so rank A = K − 1, A n = 0 and 1ᵀn = N give L A = N I − n 1ᵀ for some L",
    "",
    "Douglas (1966), Theorem 1",
    ("product", "target"),
    lambda product, target: (product, "=", target),
    _try_left_factor,
)
LOG1P_UPPER = Lemma(
    "logarithm below its tangent",
    "log(1 + x) ≤ x for x ≥ 0",
    "equality iff x = 0",
    "Hardy, Littlewood and Pólya, Inequalities (1934), Section 4.1",
    ("x", "logarithm"),
    lambda x, logarithm: (x, ">=", logarithm),
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
INVERSE_ROOT = Lemma(
    "integral of the inverse square root",
    "A^{−1/2} = (1/π) ∫_0^∞ t^{−1/2} (A + tI)^{−1} dt for positive definite A",
    "",
    "Kato, Perturbation Theory for Linear Operators (1980), Section V.3.11",
    ("root", "integral"),
    lambda root, integral: (root, "=", integral),
    _try_inverse_root,
)
ORTHOGONAL_ADDITION = Lemma(
    "adding in orthogonal rows raises the nuclear norm",
    "EᵀG = 0 implies ‖E + G‖_* ≥ ‖E‖_*, for (EᵀE + GᵀG)^{1/2} ⪰ (EᵀE)^{1/2}",
    "equality iff G = 0",
    "Löwner (1934); Bhatia, Matrix Analysis (1997), Theorem V.1.9",
    ("sum", "part"),
    lambda sum, part: (sum, ">=", part),
    _try_orthogonal_addition,
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
CONVEX_OPTIMALITY = Lemma(
    "Fermat's rule for convex functions",
    "x minimises a convex function F iff 0 is a subgradient of F at x; subgradients of a sum add up",
    "",
    "Rockafellar, Convex Analysis (1970), Theorems 23.8 and 27.1",
    ("gradient",),
    lambda gradient: (gradient, "=", 0),
    _try_convex_optimality,
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
INCREASING = Lemma(
    "mean value theorem",
    "a function of positive derivative on an interval increases strictly there",
    "",
    "Rudin, Principles of Mathematical Analysis (1976), Theorem 5.11",
    ("later", "earlier"),
    lambda later, earlier: (later, ">", earlier),
    _try_increasing,
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
TANGENT = Lemma(
    "a convex function lies above its tangent",
    "L(Z + X) ≥ L(Z) + ⟨∇L(Z), X⟩ for convex differentiable L",
    "",
    "Rockafellar, Convex Analysis (1970), Theorem 25.1",
    ("value", "tangent"),
    lambda value, tangent: (value, ">=", tangent),
    _try_descent,
)
RANK_NULLITY = Lemma(
    "rank and kernel",
    "a matrix whose rank is below its number of columns has a unit vector in its kernel",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Section 0.2.3",
    ("image", "zero"),
    lambda image, zero: (image, "=", zero),
    _try_rank_nullity,
)
CAUCHY_SCHWARZ = Lemma(
    "Cauchy–Schwarz inequality",
    "⟨u, v⟩ ≤ ‖u‖ ‖v‖",
    "equality iff u and v are parallel",
    "Hardy, Littlewood and Pólya, Inequalities (1934), Theorem 7",
    ("norms", "inner"),
    lambda norms, inner: (norms, ">=", inner),
    _try_cauchy_schwarz,
)
PINSKER = Lemma(
    "Pinsker's inequality",
    "KL(q ‖ p) ≥ 2 TV(q, p)², TV = ½ Σ_k |q_k − p_k|",
    "",
    "Pinsker (1964); Cover and Thomas, Elements of Information Theory (2006), Lemma 11.6.1",
    ("divergence", "total_variation"),
    lambda divergence, total_variation: (divergence, ">=", 2 * total_variation**2),
    _try_pinsker,
)
SELF_CONCORDANCE = Lemma(
    "log-sum-exp is generalised self-concordant",
    "KL(q ‖ p) ≥ Var_q(d) (e^{−R} + R − 1)/R² for d = log p − log q + const of range at most R",
    "",
    "Bach, Electronic Journal of Statistics 4 (2010), Proposition 1",
    ("divergence", "bound"),
    lambda divergence, bound: (divergence, ">=", bound),
    _try_self_concordance,
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
PRODUCT_NORM = Lemma(
    "norm of a product",
    "‖AB‖ ≤ ‖A‖_op ‖B‖ in the Frobenius norm",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Section 5.6",
    ("bound", "norm"),
    lambda bound, norm: (bound, ">=", norm),
    _try_product_norm,
)
TRIANGLE = Lemma(
    "triangle inequality",
    "‖A + B‖ ≤ ‖A‖ + ‖B‖",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Section 5.1",
    ("bound", "norm"),
    lambda bound, norm: (bound, ">=", norm),
    _try_triangle,
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

LOG_SUM_EXP_CURVATURE = Lemma(
    "curvature of log-sum-exp",
    "∇² log Σ e^z = diag q − q qᵀ at q = softmax z; so KL(q ‖ softmax(z + d)) = ½ Var_q(d) to second order in d",
    "",
    "Boyd and Vandenberghe, Convex Optimization (2004), Section 3.1.5",
    ("divergence", "variance"),
    lambda divergence, variance: (divergence, "=", variance / 2),
    _try_log_sum_exp_curvature,
)

#: Every lemma that a claim may cite, by name: all that are defined above.
LEMMAS: dict[str, Lemma] = {lemma.name: lemma for lemma in list(globals().values()) if isinstance(lemma, Lemma)}
