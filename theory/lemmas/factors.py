"""Matrices and their factors: rank, Gram matrices, projections, spectral functions."""

from __future__ import annotations

import numpy as np

from theory.lemmas.lemma import FloatArray, Lemma
from theory.lemmas.random_instances import random_matrix, random_sizes


def _try_projection_rank(rng: np.random.Generator) -> float:
    n = int(rng.integers(2, 9))
    r = int(rng.integers(1, n + 1))
    q = np.linalg.qr(rng.normal(size=(n, r)))[0]
    p = q @ q.T
    return abs(float(np.trace(p)) - float(np.linalg.matrix_rank(p)))


def _try_orthogonal_projection(rng: np.random.Generator) -> float:
    """P = Pᵀ = P², W P = W and P = WᵀM: then P w is the nearest point of the row space, W W⁺ by least squares."""
    m, extra = random_sizes(rng, 2)
    d = m + extra
    w = np.linalg.qr(rng.normal(size=(d, m)))[0].T * 10.0 ** rng.uniform(-2, 2)
    p = w.T @ w / float((w[0] ** 2).sum())
    v = rng.normal(size=d)
    nearest = w.T @ np.linalg.lstsq(w.T, v, rcond=None)[0]
    return float(np.abs(p @ v - nearest).max() / np.linalg.norm(v))


def _try_rank_of_gram(rng: np.random.Generator) -> float:
    m, d = random_sizes(rng, 2)
    a = random_matrix(rng, m, d)
    rank, gram = int(np.linalg.matrix_rank(a, rtol=1e-6)), int(np.linalg.matrix_rank(a @ a.T, rtol=1e-12))
    return float(abs(rank - gram) + max(0, rank - d))


def _try_rank_of_product(rng: np.random.Generator) -> float:
    m, d, n = random_sizes(rng, 3)
    product = rng.normal(size=(m, d)) @ rng.normal(size=(d, n))
    return float(max(0, int(np.linalg.matrix_rank(product)) - d))


def _try_gram_determines(rng: np.random.Generator) -> float:
    """W Wᵀ = V Vᵀ of one width: W = V Q with Q orthogonal, by the polar factor of VᵀW."""
    m, d = random_sizes(rng, 2)
    v = random_matrix(rng, m, d)
    w = v @ np.linalg.qr(rng.normal(size=(d, d)))[0]
    a, _, b = np.linalg.svd(v.T @ w)
    return float(np.abs(v @ (a @ b) - w).max()) / float(np.abs(w).max())


def _try_gram_exists(rng: np.random.Generator) -> float:
    """A positive semidefinite matrix of rank r factors through d = r columns."""
    n, r = random_sizes(rng, 2)
    v = random_matrix(rng, n, min(n, r))
    gram = v @ v.T
    rank = int(np.linalg.matrix_rank(gram, rtol=1e-12))
    values, vectors = np.linalg.eigh(gram)
    w = vectors[:, -rank:] * np.sqrt(np.maximum(values[-rank:], 0))
    return float(np.abs(w @ w.T - gram).max()) / float(np.abs(gram).max())


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
    m, n = random_sizes(rng, 2)
    a = random_matrix(rng, m, n)
    p, s, qt = np.linalg.svd(a, full_matrices=False)
    back = float(np.abs((p * s) @ qt - a).max()) / float(np.abs(a).max())
    return max(back, abs(float((a**2).sum()) - float((s**2).sum())) / float((s**2).sum()))


def _try_left_factor(rng: np.random.Generator) -> float:
    """A of rank K − 1 with A n = 0: the factor L = (I − n1ᵀ/1ᵀn) A⁺ makes L A = I − n1ᵀ/1ᵀn."""
    k, m = int(rng.integers(2, 8)), int(rng.integers(0, 4))
    n = rng.uniform(0.5, 2, size=k)
    target = np.eye(k) - np.outer(n, np.ones(k)) / n.sum()
    a = rng.normal(size=(k + m, k)) @ target
    left = target @ np.linalg.pinv(a, rcond=1e-10)
    return float(np.abs(left @ a - target).max()) / (1 + float(np.linalg.norm(left, 2) * np.linalg.norm(a, 2)))


def _try_inverse_root(rng: np.random.Generator) -> float:
    """With t = e^{2y} the trapezoidal rule converges faster than any power of its step."""
    n = int(rng.integers(1, 5))
    q, d = np.linalg.qr(rng.normal(size=(n, n)))[0], np.exp(rng.uniform(-3, 3, size=n))
    y = np.linspace(-60, 60, 2401)
    weights = 2 * np.exp(y) / (d[:, None] + np.exp(2 * y)) * (y[1] - y[0]) / np.pi
    integral = (q * weights.sum(axis=1)) @ q.T
    return float(np.abs(integral - (q / np.sqrt(d)) @ q.T).max() * np.sqrt(d.min()))


def _try_rank_nullity(rng: np.random.Generator) -> float:
    """A matrix of rank below its number of columns has a unit vector in its kernel."""
    m, d = random_sizes(rng, 2)
    a = random_matrix(rng, m, d)
    if np.linalg.matrix_rank(a, rtol=1e-9) == d:
        return 0.0
    return float(np.linalg.norm(a @ np.linalg.svd(a)[2][-1])) / float(np.linalg.norm(a))


SINGULAR_VALUES = Lemma(
    "singular value decomposition",
    "every matrix is A = P S Qᵀ with orthonormal columns in P and Q and S = diag σ_i > 0; then ‖A‖² = Σ_i σ_i²",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Theorem 2.6.3",
    ("square", "sum_of_squares"),
    lambda square, sum_of_squares: (square, "=", sum_of_squares),
    _try_singular_values,
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
RANK_NULLITY = Lemma(
    "rank and kernel",
    "a matrix whose rank is below its number of columns has a unit vector in its kernel",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Section 0.2.3",
    ("image", "zero"),
    lambda image, zero: (image, "=", zero),
    _try_rank_nullity,
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
LEFT_FACTOR = Lemma(
    "factorization and inclusion of kernels",
    "ker A ⊆ ker B implies B = L A for some L; so rank A = K − 1, A n = 0 and 1ᵀn = N give L A = N I − n 1ᵀ for some L",
    "",
    "Douglas (1966), Theorem 1",
    ("product", "target"),
    lambda product, target: (product, "=", target),
    _try_left_factor,
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
INVERSE_ROOT = Lemma(
    "integral of the inverse square root",
    "A^{−1/2} = (1/π) ∫_0^∞ t^{−1/2} (A + tI)^{−1} dt for positive definite A",
    "",
    "Kato, Perturbation Theory for Linear Operators (1980), Section V.3.11",
    ("root", "integral"),
    lambda root, integral: (root, "=", integral),
    _try_inverse_root,
)
