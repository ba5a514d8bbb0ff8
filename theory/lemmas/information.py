"""Softmax, entropy and the divergence of Kullback and Leibler."""

from __future__ import annotations

import numpy as np

from theory.lemmas.lemma import FloatArray, Lemma
from theory.losses import LOSSES


def _try_softmax_invertible(rng: np.random.Generator) -> float:
    """From p = softmax(z) the centred logits come back as the centred log p."""
    z = 3 * rng.normal(size=int(rng.integers(2, 9)))
    logs = np.log(LOSSES["ce"].gradient(z))
    return float(np.abs((logs - logs.mean()) - (z - z.mean())).max()) / (1 + float(np.abs(z).max()))


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


def _try_log_sum_exp_curvature(rng: np.random.Generator) -> float:
    """KL(q ‖ softmax(log q + τd)) − ½τ² Var_q(d) vanishes to third order: at most R³τ³/12 for a range R of d."""
    k = int(rng.integers(2, 8))
    q = rng.dirichlet(np.ones(k)) * 0.9 + 0.1 / k
    q, d, tau = q / q.sum(), rng.normal(size=k), 1e-3
    moved = tau * (d - q @ d)
    divergence = float(np.log1p(q @ np.expm1(moved)))  # log E e^X − E X with E X = 0
    error = abs(divergence - 0.5 * float(q @ moved**2))
    return max(0.0, error - float(moved.max() - moved.min()) ** 3 / 12) / tau**2


SOFTMAX_INVERTIBLE = Lemma(
    "softmax is one-to-one up to constants",
    "softmax(z) = softmax(z') implies z − z' is a multiple of the all-ones vector: z − mean(z) = log p − mean(log p)",
    "",
    "Boyd and Vandenberghe, Convex Optimization (2004), Section 3.1.5 (kernel of the Hessian of log-sum-exp)",
    ("centred_logits", "centred_logits_of_prediction"),
    lambda centred_logits, centred_logits_of_prediction: (centred_logits, "=", centred_logits_of_prediction),
    _try_softmax_invertible,
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
LOG_SUM_EXP_CURVATURE = Lemma(
    "curvature of log-sum-exp",
    "∇² log Σ e^z = diag q − q qᵀ at q = softmax z; so KL(q ‖ softmax(z + d)) = ½ Var_q(d) to second order in d",
    "",
    "Boyd and Vandenberghe, Convex Optimization (2004), Section 3.1.5",
    ("divergence", "variance"),
    lambda divergence, variance: (divergence, "=", variance / 2),
    _try_log_sum_exp_curvature,
)
