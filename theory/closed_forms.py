"""The theorems' values and geometries as plain functions of numbers, in any arithmetic.

Canonical numbers throughout (mean loss with halves, see :mod:`theory.model`): ω = α/N on N samples,
penalties λ_W/2 ‖W‖² and λ_H/2 ‖H‖², coupling μ = √(N λ_W λ_H).  Every function takes an
:class:`Arithmetic`, so that one formula serves as float64, as a rigorous ball and as the SymPy
expression that the claims prove: nothing is stated in two places.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class Arithmetic:
    """Where a formula is evaluated: ``number`` embeds a rational, the rest are the usual functions."""

    number: Callable[[Fraction], Any]
    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]


#: Ordinary float64.
FLOAT = Arithmetic(number=float, exp=math.exp, log=math.log, sqrt=math.sqrt)


def coupling(samples: Any, lambda_w: Any, lambda_h: Any, on: Arithmetic = FLOAT) -> Any:
    """μ = √(N λ_W λ_H): how strongly the penalties pull against a mean loss."""
    return on.sqrt(samples * lambda_w * lambda_h)


def threshold(alpha: Any, samples: Any, classes: Any, smoothing: Any = 0) -> Any:
    """λ_W λ_H at which the task dies: α²(1 − ε)²/(N K).  Alive iff λ_W λ_H is strictly below (T5).

    The same for cross-entropy and for squared error; rational in rational arguments.
    """
    return (alpha * (1 - smoothing)) ** 2 / (samples * classes)


def merging_threshold(alpha: Any, samples: Any, class_size: Any, smoothing: Any = 0) -> Any:
    """λ_W λ_H at which classes of ``class_size`` samples merge: α²(1 − ε)² n/N² (claim ``minority_collapse``).

    They are merged iff λ_W λ_H is at least that; with n = N/K for all classes it is :func:`threshold`.
    """
    return (alpha * (1 - smoothing)) ** 2 * class_size / samples**2


# --------------------------------------------------------------------------- cross-entropy


def wrong_probability(margin: Any, classes: Any, on: Arithmetic = FLOAT) -> Any:
    """Softmax probability of each wrong class at logits a(e_y − 1/K): 1/(e^a + K − 1)."""
    return 1 / (on.exp(margin) + classes - 1)


def margin(alpha: Any, classes: Any, mu: Any, on: Arithmetic = FLOAT, smoothing: Any = 0) -> Any:
    """a of a *living* task: e^a = 1/(ε/K + μ/(α√K)) − (K − 1) (T4); a dead task has a = 0."""
    return on.log(1 / (smoothing / classes + mu / (alpha * on.sqrt(classes))) - (classes - 1))


def task_value(alpha: Any, classes: Any, mu: Any, a: Any, on: Arithmetic = FLOAT, smoothing: Any = 0) -> Any:
    """Share of a task in f* at margin a, in a framework's soft cross-entropy convention (T4):

    α [log(1 + (K−1)e^{−a}) + ε a (K−1)/K] + μ (K−1) a/√K.
    """
    loss = on.log(1 + (classes - 1) * on.exp(-a)) + smoothing * a * (classes - 1) / classes
    return alpha * loss + mu * (classes - 1) * a / on.sqrt(classes)


def smoothed_entropy(classes: Any, smoothing: Any, on: Arithmetic = FLOAT) -> Any:
    """Entropy of the target (1 − ε)e_y + ε/K, ε > 0: what Fenchel–Young values are less by."""
    top, rest = 1 - smoothing + smoothing / classes, smoothing / classes
    return -(top * on.log(top) + (classes - 1) * rest * on.log(rest))


def head_gram_scale(classes: Any, samples: Any, lambda_w: Any, lambda_h: Any, a: Any, on: Arithmetic = FLOAT) -> Any:
    """c with W Wᵀ = c (I − J/K): c = √(λ_H/λ_W) a √(N/K) (T4)."""
    return on.sqrt(lambda_h / lambda_w) * a * on.sqrt(samples / classes)


def sum_rule_weight(classes: Any, samples: Any, lambda_w: Any, lambda_h: Any, on: Arithmetic = FLOAT) -> Any:
    """β with h = Σ_t β_t w_{t,y_t}: β = √(λ_W K/(λ_H N)) (T4)."""
    return on.sqrt(lambda_w * classes / (lambda_h * samples))


def sum_cosine(weights: Sequence[Any], squares: Sequence[Any], on: Arithmetic = FLOAT) -> Any:
    """Cosine of Σ_t β_t w_t and Σ_t w_t for orthogonal w_t with β = ``weights`` and ‖w_t‖² = ``squares``.

    Below 1 unless all weights of living tasks agree: how wrong the unweighted sum rule is (claim ``published``).
    """
    pairs = list(zip(weights, squares, strict=True))
    inner = sum(b * s for b, s in pairs)
    return inner / on.sqrt(sum(b * b * s for b, s in pairs) * sum(s for _, s in pairs))


def best_uncertainty(margin: Any, classes: Any, on: Arithmetic = FLOAT) -> Any:
    """c = e^a/(K − 1): odds of the right class against all others at margin a (T6)."""
    return on.exp(margin) / (classes - 1)


def uncertainty_entropy(odds: Any, classes: Any, on: Arithmetic = FLOAT) -> Any:
    """C(c) = log((1+c)(K−1))/(1+c) + c/(1+c) log((1+c)/c): the constant of the lower bound at ``odds`` c > 0 (T6).

    It is the entropy of the prediction c/(1+c) for one class and 1/((1+c)(K−1)) for each other one.
    """
    return on.log((1 + odds) * (classes - 1)) / (1 + odds) + odds / (1 + odds) * on.log((1 + odds) / odds)


# --------------------------------------------------------------------------- squared error


def centred_singular_value(
    classes: Any, samples: Any, lambda_w: Any, on: Arithmetic = FLOAT, smoothing: Any = 0
) -> Any:
    """Singular value of [√λ_W √n_j (y_j − 1/K)], balanced: (1 − ε)√(λ_W N/K), of multiplicity K − 1 (T10)."""
    return (1 - smoothing) * on.sqrt(lambda_w * samples / classes)


def soft_threshold_value(
    sigma: Any, alpha: Any, samples: Any, lambda_w: Any, lambda_h: Any, alive: bool, on: Arithmetic = FLOAT
) -> Any:
    """min_x c/(2N)(x − σ)² + √λ_H |x| with c = α/λ_W: one singular direction of squared error (T10).

    Alive iff σ > τ = √λ_H N/c; then √λ_H (σ − τ/2), else c σ²/(2N).
    """
    ratio = alpha / lambda_w
    if not alive:
        return ratio * sigma * sigma / (2 * samples)
    root = on.sqrt(lambda_h)
    return root * (sigma - root * samples / ratio / 2)
