"""From the words of a command line to a problem: numbers stay exact, defaults are chosen and said.

Default decays: λ_W λ_H = 0.03 × the smallest threshold at which a task dies (claim ``thresholds``), equal, as
decimals of three significant digits, rounded down; if one of the two is given, the other follows from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction

from relaxations.check import MAX_ENTRIES, MAX_ROWS
from theory.closed_forms import threshold
from theory.known_optimum import smoothing_of
from theory.labels import LabelDesign
from theory.model import UFM
from theory.rationals import exact

#: Default λ_W λ_H as a share of the smallest threshold.
SHARE_OF_THRESHOLD = Fraction(3, 100)
SCENARIOS = ("ssmtc", "msmtc")


def numbers(text: str, name: str) -> Fraction | tuple[Fraction, ...]:
    """One exact number, or several separated by commas (one a task)."""
    parts = tuple(exact(part, name) for part in text.split(","))
    return parts[0] if len(parts) == 1 else parts


def whole_numbers(text: str, name: str) -> tuple[int, ...]:
    """Whole numbers separated by commas.  Raises ``ValueError`` for anything else."""
    values = numbers(text, name)
    values = values if isinstance(values, tuple) else (values,)
    if any(v.denominator != 1 or abs(v) > 2**53 for v in values):
        raise ValueError(f"{name}: {text!r:.60}; expected whole numbers like 3 or 3,4,5")
    return tuple(int(v) for v in values)


def task_classes(tasks: int | None, classes: str | None) -> tuple[int, ...]:
    """K_t of every task from a number of tasks, the classes (one number, or one a task), or both; default 3."""
    if tasks is None and classes is None:
        raise ValueError("tasks: how many? give --tasks 3, or --classes 3,4,5")
    if tasks is not None and not 1 <= tasks <= MAX_ROWS // 2:
        raise ValueError(f"tasks: {tasks}; expected 1 to {MAX_ROWS // 2}")
    each = whole_numbers(classes, "classes") if classes is not None else (3,)
    if len(each) == 1 and tasks is not None:
        each *= tasks
    if tasks is not None and len(each) != tasks:
        raise ValueError(f"classes: {len(each)} numbers for {tasks} tasks; give one, or one a task")
    if min(each) < 2:
        raise ValueError(f"classes: {min(each)}; every task needs at least 2 classes")
    return each


def balanced_design(classes: Sequence[int], scenario: str = "ssmtc", samples_per_cell: str = "1") -> LabelDesign:
    """A balanced single-source (every tuple of labels) or multi-source (every class on its own) design.

    Raises ``ValueError`` before anything large is made if its certificate would be too large to check.
    """
    if scenario not in SCENARIOS:
        raise ValueError(f"scenario: {scenario!r} is unknown; expected one of {', '.join(SCENARIOS)}")
    rows, single = sum(classes), scenario == "ssmtc"
    if rows > MAX_ROWS:
        raise ValueError(f"classes: {rows} in all; a certificate takes at most {MAX_ROWS}")
    cells = math.prod(classes) if single else rows
    if rows * cells > MAX_ENTRIES:
        raise ValueError(
            f"classes: {float(cells):.3g} cells of {rows} rows; a certificate takes at most {MAX_ENTRIES} entries; "
            "take fewer tasks or classes"
        )
    repetitions = whole_numbers(samples_per_cell, "samples-per-cell")
    if single:
        if len(repetitions) != 1:
            raise ValueError("samples-per-cell: one number in the single-source scenario")
        return LabelDesign.factorial(classes, repetitions[0])
    return LabelDesign.multi_source(classes, repetitions[0] if len(repetitions) == 1 else repetitions)


def thresholds(problem: UFM) -> tuple[Fraction, ...]:
    """The value of λ_{W,t} λ_H, in the problem's convention, at which each task dies: α²(1 − ε)²/(N K) (T5).

    Raises ``ValueError`` where targets are neither hard nor uniformly smoothed: give the decays then.
    """
    limits = []
    for t, (k, samples) in enumerate(zip(problem.design.classes, problem.design.task_masses, strict=True)):
        epsilon = smoothing_of(problem.design, t)
        if epsilon is None:
            raise ValueError("weight-decay, feature-decay: no default for soft labels; give both")
        limits.append(problem.stated_product(threshold(problem.alpha[t], samples, k, epsilon), t))
    return tuple(limits)


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
) -> UFM:
    """The problem, its missing decays chosen as the module says (numbers in ``convention``)."""

    def build(w: Fraction | tuple[Fraction, ...], h: Fraction) -> UFM:
        return UFM(design, w, h, task_weights, bias, loss, dimension, convention)

    if weight_decay is not None and feature_decay is not None:
        return build(weight_decay, feature_decay)
    # a first problem with whatever was given, for its validation and its thresholds, which no decay enters
    first = build(
        Fraction(1) if weight_decay is None else weight_decay, Fraction(1) if feature_decay is None else feature_decay
    )
    limits = [SHARE_OF_THRESHOLD * limit for limit in thresholds(first)]
    if weight_decay is not None:
        shares = (limit / w for limit, w in zip(limits, first.weight_decay, strict=True))
        return build(weight_decay, rounded_down(min(shares)))
    if feature_decay is not None:
        return build(rounded_down(min(limits) / feature_decay), feature_decay)
    equal = rounded_down(min(limits), root=True)
    return build(equal, equal)
