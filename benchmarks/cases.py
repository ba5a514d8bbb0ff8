"""The problems that are timed, each by a short name, so that a worker process can make them again.

    factorial:10x10x10             every tuple of labels once
    random:10x10x10:0              a random joint table, counts uniform on 1..19, seed 0
    confidence:3x10x5:4000:0       3 tasks of 10 classes, every label at one of 5 levels of confidence (the target is
                                   smoothed by 0, 0.02, ... 0.08): 4000 random cells of the 125,000; R = 30 stays

All have cross-entropy, no bias and λ_W λ_H at 0.03 of the smallest threshold, or at another share after an @:
``random:10x10:0@1e-5``.  Nothing is symmetric but ``factorial``, and symmetries are looked for only where said so.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from theory import UFM, LabelDesign
from theory.closed_forms import threshold

STRENGTH = 0.03
MOST_SAMPLES = 19


def problem_of(design: LabelDesign, strength: float = STRENGTH) -> UFM:
    """λ_W = λ_H with a product of ``strength`` times the smallest threshold of a task."""
    limit = min(threshold(1, n, k) for n, k in zip(design.task_masses, design.classes, strict=True))
    decay = math.sqrt(strength * float(limit))
    return UFM(design, decay, decay)


def case(name: str) -> UFM:
    """The problem called ``name``; ``ValueError`` for a name of no known form."""
    kind, *rest = name.partition("@")[0].split(":")
    try:
        strength = float(name.partition("@")[2] or STRENGTH)
        sizes = tuple(int(k) for k in rest[0].split("x"))
        if kind == "factorial" and len(rest) == 1:
            return problem_of(LabelDesign.factorial(sizes), strength)
        if kind == "random" and len(rest) == 2:
            rng = np.random.default_rng(int(rest[1]))
            return problem_of(LabelDesign.from_joint(rng.integers(1, MOST_SAMPLES + 1, size=sizes)), strength)
        if kind == "confidence" and len(rest) == 3:
            return problem_of(confidence(*sizes, cells=int(rest[1]), seed=int(rest[2])), strength)
    except (IndexError, TypeError) as error:
        raise ValueError(f"case: {name!r}: {error}") from None
    raise ValueError(f"case: {name!r}; expected 'factorial:3x3', 'random:3x3:SEED' or 'confidence:TxKxLEVELS:C:SEED'")


def confidence(tasks: int, classes: int, levels: int, cells: int, seed: int) -> LabelDesign:
    """``cells`` distinct random tuples of (class, level of confidence), one a task, with random counts."""
    possible = (classes * levels) ** tasks
    if not 1 <= cells <= possible:
        raise ValueError(f"cells: {cells}; expected 1 to {possible}")
    table = []
    for k in range(classes):
        for level in range(levels):
            epsilon = Fraction(level, 50)
            table.append(tuple((1 - epsilon) * (c == k) + epsilon / classes for c in range(classes)))
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(possible, size=cells, replace=False))
    labels = np.stack(np.unravel_index(chosen, (classes * levels,) * tasks))
    counts = rng.integers(1, MOST_SAMPLES + 1, size=cells)
    return LabelDesign((classes,) * tasks, labels, counts, (tuple(table),) * tasks, scenario="confidence")
