"""From the words of a command line to a problem: numbers stay exact, defaults are chosen and said.

Default decays: λ_W λ_H = 0.03 × the smallest threshold at which a task dies (claim ``thresholds``), equal, as
decimals of three significant digits, rounded down; if one of the two is given, the other follows from it.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction

import numpy as np

from relaxations.design_options import DesignOptions, balanced_design, numbers, task_classes, whole_numbers
from theory.closed_forms import threshold
from theory.known_optimum import smoothing_of
from theory.labels import LabelDesign
from theory.model import UFM

#: Default λ_W λ_H as a share of the smallest threshold.
SHARE_OF_THRESHOLD = Fraction(3, 100)

__all__ = [
    "SHARE_OF_THRESHOLD",
    "DesignOptions",
    "balanced_design",
    "numbers",
    "rounded_down",
    "task_classes",
    "thresholds",
    "whole_numbers",
    "with_default_decays",
]


def thresholds(problem: UFM) -> tuple[Fraction, ...]:
    """The value of λ_{W,t} λ_H, in the problem's convention, at which each task dies, for the default decays.

    α²(1 − ε)²/(N K) for hard or uniformly smoothed labels (T5), whether balanced or not; for other soft labels
    α² s/N with s the least positive eigenvalue of the covariance of the task's targets, which is (1 − ε)²/K in
    the first case when balanced.  Raises ``ValueError`` for a task whose targets are all one: give the decays then.
    """
    limits = []
    for t, (k, samples) in enumerate(zip(problem.design.classes, problem.design.task_masses, strict=True)):
        epsilon = smoothing_of(problem.design, t)
        if epsilon is None:
            limit = problem.alpha[t] ** 2 * _least_variance(problem.design, t) / samples
        else:
            limit = threshold(problem.alpha[t], samples, k, epsilon)
        limits.append(problem.stated_product(limit, t))
    return tuple(limits)


def _least_variance(design: LabelDesign, task: int) -> Fraction:
    """The least positive eigenvalue of the covariance of the task's targets (float64)."""
    targets = design.target_matrix[design.rows_of(task)]
    share = design.masses[task] / design.task_masses[task]
    centred = targets - (targets @ share)[:, None]
    eigenvalues = np.linalg.eigvalsh((centred * share) @ centred.T)
    positive = eigenvalues[eigenvalues > 1e-9]
    if not positive.size:
        raise ValueError(f"weight-decay, feature-decay: no default, for task {task + 1} has one target; give both")
    return Fraction(float(positive[0]))


def rounded_down(value: Fraction, root: bool = False) -> Fraction:
    """``value`` (or its square root) as a decimal of three significant digits, rounded down."""
    many = Context(prec=60)
    number = many.divide(Decimal(value.numerator), Decimal(value.denominator))
    number = many.sqrt(number) if root else number
    return Fraction(Context(prec=3, rounding=ROUND_DOWN).plus(number))


def with_default_decays(
    design: LabelDesign,
    weight_decay: Fraction | tuple[Fraction, ...] | None = None,
    feature_decay: Fraction | None = None,
    task_weights: Fraction | tuple[Fraction, ...] = Fraction(1),
    bias: Fraction | tuple[Fraction, ...] | None = None,
    loss: str = "ce",
    dimension: int | None = None,
    convention: str = "mean-halves",
    share: Fraction = SHARE_OF_THRESHOLD,
) -> UFM:
    """The problem, its missing decays chosen as the module says (numbers in ``convention``).

    ``share`` stands in for 0.03 of the threshold.  Raises ``ValueError`` if it is not positive.
    """
    if share <= 0:
        raise ValueError(f"share: {float(share):g}; expected a positive share of the threshold")

    def build(w: Fraction | tuple[Fraction, ...], h: Fraction) -> UFM:
        return UFM(design, w, h, task_weights, bias, loss, dimension, convention)

    if weight_decay is not None and feature_decay is not None:
        return build(weight_decay, feature_decay)
    # a first problem with whatever was given, for its validation and its thresholds, which no decay enters
    first = build(
        Fraction(1) if weight_decay is None else weight_decay, Fraction(1) if feature_decay is None else feature_decay
    )
    limits = [share * limit for limit in thresholds(first)]
    if weight_decay is not None:
        shares = (limit / w for limit, w in zip(limits, first.weight_decay, strict=True))
        return build(weight_decay, rounded_down(min(shares)))
    if feature_decay is not None:
        return build(rounded_down(min(limits) / feature_decay), feature_decay)
    equal = rounded_down(min(limits), root=True)
    return build(equal, equal)
