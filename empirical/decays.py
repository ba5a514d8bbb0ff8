"""How to split λ_W λ_H: the product decides the theory, the split decides whether training gets there.

The geometry depends on λ_{W,t} and λ_H through their product alone, up to the norms of heads and features.  A
network wants both of the size at which it starts, so the split is chosen such that the rows of the certified
heads have a given norm ρ.  With W_t W_tᵀ = c (I − J/K_t), c = √(λ_H/λ_W) a_t √(N_t/K_t) (T4), a row has the squared
norm c (1 − 1/K_t), hence

    √(λ_H/λ_W) = ρ² / [(1 − 1/K_t) a_t √(N_t/K_t)],        λ_W λ_H = fraction × the smallest threshold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from theory import closed_forms as forms
from theory.labels import LabelDesign
from theory.rationals import Number, exact, exact_per_task


@dataclass(frozen=True)
class Decays:
    """λ_W (of every task) and λ_H, exact; mean loss with halves.  ``smallest_threshold`` is min_t α_t²/(N_t K_t)."""

    lambda_w: Fraction
    lambda_h: Fraction
    smallest_threshold: Fraction


def split_decays(
    design: LabelDesign,
    fraction: Number,
    row_norm: float = 1.0,
    task_weights: Number | Sequence[Number] = 1,
    deaths: bool = False,
) -> Decays:
    """λ_W, λ_H with λ_W λ_H = ``fraction`` × the smallest threshold (T5) and head rows of norm ``row_norm`` (T4).

    One λ_W serves all tasks; where tasks differ, the geometric mean of their row norms is ``row_norm``.  λ_H is
    rounded to six digits and λ_W is the exact quotient, so that the product is exact.  The closed form is
    cross-entropy's; it only proposes a scale, and nothing is certified by it.

    With ``deaths`` the fraction may be 1 or more, where tasks die: the row norm is then that of the living tasks, and
    where all are dead the ratio is that of margins 1.

    Raises ``ValueError`` unless row_norm > 0 and 0 < fraction (< 1 without ``deaths``).
    """
    share = exact(fraction, "fraction")
    if not 0 < share or (share >= 1 and not deaths):
        raise ValueError(f"fraction: {fraction!r}; expected 0 < fraction < 1, beyond which a task is dead")
    if not (math.isfinite(row_norm) and row_norm > 0):
        raise ValueError(f"row_norm: {row_norm!r}; expected a positive number")
    alphas = exact_per_task(task_weights, design.tasks, "task_weights")
    sizes = list(zip(alphas, design.task_masses, design.classes, strict=True))
    smallest = min((forms.threshold(a, n, k) for a, n, k in sizes), key=Fraction)
    product = Fraction(share * smallest)
    living = [size for size in sizes if product < forms.threshold(*size)]
    logs = []
    for alpha, n, k in living or sizes:
        a = forms.margin(float(alpha), k, math.sqrt(n * product)) if living else 1.0
        logs.append(math.log(row_norm**2 / ((1 - 1 / k) * a * math.sqrt(n / k))))
    ratio = math.exp(sum(logs) / len(logs))
    lambda_h = Fraction(f"{math.sqrt(product) * ratio:.5e}")
    return Decays(product / lambda_h, lambda_h, smallest)
