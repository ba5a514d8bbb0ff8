"""Norms of matrices: operator, nuclear and Frobenius."""

from __future__ import annotations

import numpy as np

from theory.lemmas.lemma import FloatArray, Lemma
from theory.lemmas.random_instances import random_matrix, random_sizes


def _nuclear(a: FloatArray) -> float:
    return float(np.linalg.svd(a, compute_uv=False).sum())


def _operator(a: FloatArray) -> float:
    return float(np.linalg.svd(a, compute_uv=False)[0])


def _try_norm_duality(rng: np.random.Generator) -> float:
    m, n = random_sizes(rng, 2)
    a, b = random_matrix(rng, m, n), random_matrix(rng, m, n)
    bound = _operator(a) * _nuclear(b)
    return max(0.0, float((a * b).sum()) - bound) / bound


def _try_nuclear_variational(rng: np.random.Generator) -> float:
    """½‖A‖² + ½‖B‖² >= ‖AB‖_* at random factors, with equality at A = P√S, B = √S Qᵀ."""
    m, d, n = random_sizes(rng, 3)
    a, b = random_matrix(rng, m, d), random_matrix(rng, d, n)
    halves = 0.5 * float((a**2).sum()) + 0.5 * float((b**2).sum())
    below = max(0.0, _nuclear(a @ b) - halves) / halves
    p, s, qt = np.linalg.svd(a @ b, full_matrices=False)
    balanced = 0.5 * float(((p * np.sqrt(s)) ** 2).sum()) + 0.5 * float(((np.sqrt(s)[:, None] * qt) ** 2).sum())
    return max(below, abs(balanced - float(s.sum())) / (1e-300 + balanced))


def _orthogonal_blocks(rng: np.random.Generator) -> list[FloatArray]:
    """Matrices A_t of one width with A_s A_tᵀ = 0 for s ≠ t."""
    sizes = random_sizes(rng, int(rng.integers(1, 4)))
    q = np.linalg.qr(rng.normal(size=(sum(sizes), sum(sizes))))[0]
    blocks, start = [], 0
    for n in sizes:
        blocks.append(random_matrix(rng, n, n) @ q[start : start + n])
        start += n
    return blocks


def _try_orthogonal_blocks(rng: np.random.Generator) -> float:
    blocks = _orthogonal_blocks(rng)
    stack, largest = np.concatenate(blocks), max(_operator(b) for b in blocks)
    return abs(_operator(stack) - largest) / largest


def _try_semidefinite(rng: np.random.Generator) -> float:
    """‖U‖_op <= c makes c² I − UᵀU positive semidefinite."""
    m, n = random_sizes(rng, 2)
    u = random_matrix(rng, m, n)
    c = _operator(u) * float(rng.uniform(1, 2))
    return max(0.0, -float(np.linalg.eigvalsh(c**2 * np.eye(n) - u.T @ u)[0])) / c**2


def _try_contraction(rng: np.random.Generator) -> float:
    """I − CᵀC = YYᵀ for C = X_s X_tᵀ of orthonormal rows: no singular value exceeds 1."""
    s, t, extra = random_sizes(rng, 3)
    q = [np.linalg.qr(rng.normal(size=(max(s, t) + extra, n)))[0].T for n in (s, t)]
    return max(0.0, _operator(q[0] @ q[1].T) - 1)


def _try_unitary_invariance(rng: np.random.Generator) -> float:
    m, d, n = random_sizes(rng, 3)
    w, h = random_matrix(rng, m, d), random_matrix(rng, d, n)
    q = np.linalg.qr(rng.normal(size=(d, d)))[0]
    moved = max(
        abs(float(np.linalg.norm(w @ q) / np.linalg.norm(w))) - 1,
        float(np.linalg.norm(q.T @ h) / np.linalg.norm(h)) - 1,
    )
    return max(
        abs(moved), float(np.abs((w @ q) @ (q.T @ h) - w @ h).max() / (1e-300 + np.linalg.norm(w) * np.linalg.norm(h)))
    )


def _try_equal_grams(rng: np.random.Generator) -> float:
    m, n = random_sizes(rng, 2)
    a = random_matrix(rng, m, n)
    b = a @ np.linalg.qr(rng.normal(size=(n + 2, n)))[0].T
    return abs(_operator(a) - _operator(b)) / _operator(a)


def _try_orthogonal_addition(rng: np.random.Generator) -> float:
    """EᵀG = 0: ‖E + G‖_* >= ‖E‖_*, and the excess is at least ‖G‖²/(2‖E + G‖_* )."""
    m, n = int(rng.integers(2, 7)), int(rng.integers(1, 7))
    q = np.linalg.qr(rng.normal(size=(m, m)))[0]
    k = int(rng.integers(1, m))
    e, g = q[:, :k] @ random_matrix(rng, k, n), q[:, k:] @ random_matrix(rng, m - k, n)
    total = _nuclear(e + g)
    return max(0.0, _nuclear(e) + float((g**2).sum()) / (2 * total) - total) / total


def _try_cauchy_schwarz(rng: np.random.Generator) -> float:
    n = int(rng.integers(1, 9))
    u, v = rng.normal(size=(2, n)) * 10.0 ** rng.uniform(-3, 3, size=(2, 1))
    bound = float(np.linalg.norm(u) * np.linalg.norm(v))
    return max(0.0, float(u @ v) - bound) / bound


def _try_product_norm(rng: np.random.Generator) -> float:
    m, d, n = random_sizes(rng, 3)
    a, b = random_matrix(rng, m, d), random_matrix(rng, d, n)
    bound = _operator(a) * float(np.linalg.norm(b))
    return max(0.0, float(np.linalg.norm(a @ b)) - bound) / bound


def _try_triangle(rng: np.random.Generator) -> float:
    m, n = random_sizes(rng, 2)
    a, b = random_matrix(rng, m, n), random_matrix(rng, m, n)
    bound = float(np.linalg.norm(a) + np.linalg.norm(b))
    return max(0.0, float(np.linalg.norm(a + b)) - bound) / bound


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
UNITARY_INVARIANCE = Lemma(
    "unitary invariance",
    "‖WQ‖ = ‖W‖, ‖QᵀH‖ = ‖H‖ and (WQ)(QᵀH) = WH for orthogonal Q",
    "",
    "Horn and Johnson, Matrix Analysis (2013), Section 5.6",
    ("moved", "original"),
    lambda moved, original: (moved, "=", original),
    _try_unitary_invariance,
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
ORTHOGONAL_ADDITION = Lemma(
    "adding in orthogonal rows raises the nuclear norm",
    "EᵀG = 0 implies ‖E + G‖_* ≥ ‖E‖_*, for (EᵀE + GᵀG)^{1/2} ⪰ (EᵀE)^{1/2}",
    "equality iff G = 0",
    "Löwner (1934); Bhatia, Matrix Analysis (1997), Theorem V.1.9",
    ("sum", "part"),
    lambda sum, part: (sum, ">=", part),
    _try_orthogonal_addition,
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
