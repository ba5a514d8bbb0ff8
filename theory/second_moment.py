r"""Squared error with every label given: the optimum in closed form, from the second moment of the labels (T10).

Let ω_{t,j} = α_t n_j/N with κ = α_t/λ_{W,t} one number for all tasks (always so where the task weight also
multiplies the decay), and let Y' = [√λ_{W,t} √n_j (y_{t,j} − ȳ_t)], centred (ȳ_t the mean target) under a free bias
and uncentred (ȳ_t replaced by 0) without a bias.  Then with τ = √λ_H N/κ

    Z'*       = Y' with every singular value σ replaced by (σ − τ)_+
    W' W'ᵀ    = √λ_H ((Y'Y'ᵀ)^{1/2} − τ I)_+              at every minimiser, W'_t = √λ_{W,t} W_t
    f*        = Σ_σ  min_x [κ/(2N) (x − σ)² + √λ_H |x|]

(claim ``squared_error``).  With one λ_W for all tasks Y'Y'ᵀ = N λ_W Σ, Σ the second moment (covariance) of the
stacked targets, and W Wᵀ = √(N λ_H/λ_W) (Σ^{1/2} − (μ/α) I)_+.

Scalars are plain functions in any arithmetic; matrices are NumPy float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory import closed_forms as forms
from theory.closed_forms import FLOAT, Arithmetic
from theory.labels import FloatArray, LabelDesign
from theory.model import UFM


def singular_threshold(samples: Any, ratio: Any, lambda_h: Any, on: Arithmetic = FLOAT) -> Any:
    """τ = √λ_H N/κ, κ = α/λ_W = ``ratio``: a direction of Y' lives iff its singular value exceeds it."""
    return on.sqrt(lambda_h) * samples / ratio


def direction_threshold(alpha: Any, samples: Any, eigenvalue: Any) -> Any:
    """λ_W λ_H at which the direction of ``eigenvalue`` s² of Σ dies: α² s²/N; rational in rational arguments."""
    return alpha**2 * eigenvalue / samples


def gram_eigenvalue(
    eigenvalue: Any, alpha: Any, samples: Any, lambda_w: Any, lambda_h: Any, on: Arithmetic = FLOAT
) -> Any:
    """Eigenvalue of W Wᵀ on a *living* direction of ``eigenvalue`` s² of Σ: √(N λ_H/λ_W) (s − μ/α)."""
    mu = forms.coupling(samples, lambda_w, lambda_h, on)
    return on.sqrt(samples * lambda_h / lambda_w) * (on.sqrt(eigenvalue) - mu / alpha)


def cross_gram_without_bias(
    classes_s: Any, classes_t: Any, samples: Any, share: Any, ratio: Any, lambda_h: Any, on: Arithmetic = FLOAT
) -> Any:
    """c with W_s W_tᵀ = c J for two tasks, balanced and independent, *without* a bias, mean direction alive.

    c = √λ_H (σ₀ − τ) N/(σ₀² K_s K_t) with σ₀² = N ``share``, share = Σ_t λ_{W,t}/K_t: every head has a share
    in the mean direction, so the heads are not orthogonal.
    """
    sigma = on.sqrt(samples * share)
    tau = singular_threshold(samples, ratio, lambda_h, on)
    return on.sqrt(lambda_h) * (sigma - tau) / (share * classes_s * classes_t)


def covered(problem: UFM) -> bool:
    """Does the theorem cover ``problem``?  Squared error, all labels given with equal weights, κ constant, and
    a free bias or none; decided exactly."""
    design = problem.design
    return (
        problem.loss == "mse"
        and design.sample_weights is None
        and bool(design.labelled.all())
        and (problem.free_bias or not problem.has_bias)
        and len({a / w for a, w in zip(problem.alpha, problem.lambda_w, strict=True)}) == 1
    )


def label_matrix(problem: UFM) -> FloatArray:
    """``(R, C)``: Y', centred under a free bias.  Raises ``ValueError`` where the theorem does not apply."""
    if not covered(problem):
        raise ValueError(
            "problem: the closed form needs squared error, every label given, one value of α_t/λ_{W,t}, and a free "
            "bias or none"
        )
    Y = problem.design.target_matrix
    if problem.free_bias:
        Y = Y - (Y @ problem.design.counts / problem.design.samples)[:, None]
    return np.asarray(np.sqrt(problem.lambda_w_rows)[:, None] * Y * problem.sqrt_counts)


def optimal_gram(problem: UFM) -> FloatArray:
    """``(R, R)``: W Wᵀ of every minimiser (d large enough).  Raises what :func:`label_matrix` raises."""
    Y = label_matrix(problem)
    squares, P = np.linalg.eigh(Y @ Y.T)
    shrunk = np.maximum(np.sqrt(np.maximum(squares, 0.0)) - _tau(problem), 0.0)
    root = np.sqrt(problem.lambda_w_rows)
    return np.asarray(np.sqrt(float(problem.lambda_h)) * (P * shrunk) @ P.T / np.outer(root, root))


def optimal_value(problem: UFM) -> float:
    """f* for d >= :func:`dimension_needed`.  Raises what :func:`label_matrix` raises."""
    tau = _tau(problem)
    numbers = (float(problem.alpha[0]), problem.design.samples, float(problem.lambda_w[0]), float(problem.lambda_h))
    sigmas = np.linalg.svd(label_matrix(problem), compute_uv=False)
    return sum(float(forms.soft_threshold_value(s, *numbers, alive=bool(s > tau))) for s in sigmas)


def dimension_needed(problem: UFM) -> int:
    """The number of living directions, in float64.  Raises what :func:`label_matrix` raises."""
    return int((np.linalg.svd(label_matrix(problem), compute_uv=False) > _tau(problem)).sum())


def bias_free_counterexample() -> UFM:
    """Two balanced independent tasks, squared error, no bias: heads that are *not* orthogonal (NC3 fails).

    Contradicts orthogonality of the heads for every loss; they share the mean direction, and the optimum is
    below that of orthogonal heads.
    """
    return UFM(LabelDesign.factorial((2, 3)), "1/50", "1/50", loss="mse")


def _tau(problem: UFM) -> float:
    ratio = float(problem.alpha[0] / problem.lambda_w[0])
    return float(singular_threshold(problem.design.samples, ratio, float(problem.lambda_h)))
