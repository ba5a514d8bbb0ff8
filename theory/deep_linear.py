r"""Ordinary weight decay on a chain of D linear maps: what it does to collapse, in closed form up to one root.

A linear network on orthonormal inputs (one a sample) has logits M = W A_L ⋯ A_1, D = L + 1 matrices, features
H = A_L ⋯ A_1, and decay λ/2 on the square of every matrix.  Over all factorisations of M in enough width

    min ½ (‖W‖² + Σ_l ‖A_l‖²) = (D/2) Σ_i s_i(M)^{2/D},

attained where all factors share their singular values σ_i = s_i^{1/D} (Dai, Karzand & Srebro, "Representation costs of
linear neural networks", NeurIPS 2021).  Labels balanced and pairwise independent, cross-entropy: on logits
a_t (e_y − 1/K_t) the matrix M has K_t − 1 singular values a_t √(N/K_t) a task, in orthogonal directions, so that the
objective splits,

    Σ_t [α_t log(1 + (K_t−1)e^{−a_t}) + λ (D/2) (K_t−1) (a_t √(N/K_t))^{2/D}],

and at its critical point α_t a^{1−2/D} = λ (N/K_t)^{1/D} (e^a + K_t − 1).  For D = 2 this *is* the unconstrained
features model with λ_H = λ_W = λ.  For larger D the feature decay that balance suggests,

    λ_H := λ‖W‖²/‖H‖² = λ Σ_t (K_t−1) σ_t² / Σ_t (K_t−1) σ_t^{2L},

makes the point a global optimum of the unconstrained features model where all σ_t are one number (equal tasks), and for
D ≥ 3 there alone: stationarity asks λ_H = λ σ_t^{2−2L} of each.  Where they differ the certified gap is a computable
positive number.

It is a critical point, and not always the best: with D ≥ 3 the penalty is concave in the singular values, and points of
lower rank can be lower (Súkeník, Lampert & Mondelli, "Neural collapse vs. low-rank bias", NeurIPS 2024).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from theory import closed_forms as forms


def chain_margin(alpha: float, classes: int, samples: int, decay: float, matrices: int) -> float:
    """a of the critical point with the larger margin, 0 where there is none (the task is dead).

    ``matrices`` D ≥ 2.  Raises ``ValueError`` for fewer.
    """
    if matrices < 2:
        raise ValueError(f"matrices: {matrices}; expected at least 2, a head and features")

    def pull(a: float) -> float:
        """What the loss pulls less what the penalty holds, over a positive factor: falls through 0 at the margin."""
        power = 1 - 2 / matrices
        hold = decay * math.pow(samples / classes, 1 / matrices) * (1 + (classes - 1) * math.exp(-a))
        return alpha * math.pow(a, power) * math.exp(-a) - hold

    top = 1.0
    while pull(top) >= 0:
        top *= 2
    grid = [top * i / 4096 for i in range(4097)]
    living = [a for a in grid[1:] if pull(a) > 0]
    if not living:
        return 0.0
    low, high = living[-1], living[-1] + top / 4096
    while high - low > 1e-15 * high:
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if pull(middle) > 0 else (low, middle)
    return low


@dataclass(frozen=True)
class ChainPoint:
    """The symmetric critical point.

    margins : a_t;  sizes : σ_t, the common singular value of all factors in the directions of task t.
    value : the objective with weight decay.
    feature_decay : λ_H as fitted.
    row_norms : ‖w_{t,k}‖ = σ_t √((K_t − 1)/K_t).
    gap : (f − f*)/(f(0) − f*) in the unconstrained features model with λ_W = λ and the fitted λ_H.
    """

    margins: tuple[float, ...]
    sizes: tuple[float, ...]
    value: float
    feature_decay: float
    row_norms: tuple[float, ...]
    gap: float


def chain_point(
    classes: Sequence[int], task_weights: Sequence[float], samples: int, decay: float, matrices: int
) -> ChainPoint:
    """The point of the module for tasks of ``classes`` K_t, all label tuples equally frequent among ``samples``.

    Raises ``ValueError`` where all tasks are dead: there is nothing to fit.
    """
    tasks = list(zip(task_weights, classes, strict=True))
    margins = [chain_margin(alpha, k, samples, decay, matrices) for alpha, k in tasks]
    sizes = [(a * math.sqrt(samples / k)) ** (1 / matrices) for a, k in zip(margins, classes, strict=True)]
    heads = sum((k - 1) * s**2 for k, s in zip(classes, sizes, strict=True))
    features = sum((k - 1) * s ** (2 * (matrices - 1)) for k, s in zip(classes, sizes, strict=True))
    if not features > 0:
        raise ValueError(f"decay: {decay}; all tasks are dead, and there is no feature decay to fit")
    loss = sum(alpha * math.log1p((k - 1) * math.exp(-a)) for (alpha, k), a in zip(tasks, margins, strict=True))
    fitted = decay * heads / features
    mu = forms.coupling(samples, decay, fitted)
    best = 0.0
    for alpha, k in tasks:
        dead = decay * fitted >= forms.threshold(alpha, samples, k)
        best += alpha * math.log(k) if dead else forms.task_value(alpha, k, mu, forms.margin(alpha, k, mu))
    zero = sum(alpha * math.log(k) for alpha, k in tasks)
    # both halves of the penalty are decay·heads/2: that is what "fitted" means
    return ChainPoint(
        tuple(margins),
        tuple(sizes),
        loss + decay * matrices / 2 * heads,
        fitted,
        tuple(s * math.sqrt((k - 1) / k) for k, s in zip(classes, sizes, strict=True)),
        (loss + decay * heads - best) / (zero - best),
    )
