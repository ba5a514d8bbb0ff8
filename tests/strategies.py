"""Hypothesis strategies that construct valid problems and points, on both sides of every threshold."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from theory import UFM, LabelDesign
from theory.closed_forms import threshold


def class_numbers(
    max_tasks: int = 5, max_classes: int = 12, max_cells: int = 150
) -> st.SearchStrategy[tuple[int, ...]]:
    """K_1..K_T with T ≤ ``max_tasks``, 2 ≤ K_t ≤ ``max_classes`` and Π K_t ≤ ``max_cells``."""

    @st.composite
    def build(draw: st.DrawFn) -> tuple[int, ...]:
        classes: list[int] = []
        room = max_cells
        most_tasks = min(max_tasks, max_cells.bit_length() - 1)
        for left in range(draw(st.integers(1, most_tasks)), 0, -1):
            most = min(max_classes, room // 2 ** (left - 1))
            classes.append(draw(st.integers(2, most)))
            room //= classes[-1]
        return tuple(draw(st.permutations(classes)))

    return build()


@st.composite
def balanced_designs(draw: st.DrawFn, max_cells: int = 150) -> LabelDesign:
    """Factorial and multi-source designs with repetitions, hard or smoothed."""
    classes = draw(class_numbers(max_cells=max_cells))
    repetitions = draw(st.integers(1, 4))
    if draw(st.booleans()):
        design = LabelDesign.factorial(classes, repetitions)
    else:
        design = LabelDesign.multi_source(
            classes, draw(st.lists(st.integers(1, 4), min_size=len(classes), max_size=len(classes)))
        )
    smoothing = draw(st.sampled_from([Fraction(0), Fraction(0), Fraction(1, 10), Fraction(1, 3)]))
    return design.smoothed(smoothing) if smoothing else design


@st.composite
def free_designs(draw: st.DrawFn, max_cells: int = 12) -> LabelDesign:
    """Anything: repeated, missing, imbalanced and correlated labels; every class of every task occurs."""
    classes = draw(class_numbers(max_tasks=3, max_classes=4, max_cells=max_cells))
    cells = draw(st.integers(max(classes), max_cells + max(classes)))
    labels = np.stack([draw(hnp.arrays(np.int64, cells, elements=st.integers(-1, k - 1))) for k in classes])
    for t, k in enumerate(classes):
        labels[t, :k] = np.arange(k)
    counts = draw(hnp.arrays(np.int64, cells, elements=st.integers(1, 5)))
    return LabelDesign(classes, labels, counts)


BIASES = [None, 0, Fraction(1, 10), Fraction(1, 1000)]


@st.composite
def problems(
    draw: st.DrawFn, designs: st.SearchStrategy[LabelDesign] | None = None, losses: tuple[str, ...] = ("ce", "mse")
) -> UFM:
    """Problems whose λ_W λ_H runs from 1/500 to twice the smallest threshold, in any convention."""
    design = draw(balanced_designs() if designs is None else designs)
    loss = draw(st.sampled_from(losses))
    weights = draw(
        st.lists(
            st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(3, 2)]), min_size=design.tasks, max_size=design.tasks
        )
    )
    smallest = min(threshold(a, n, k) for a, n, k in zip(weights, design.task_masses, design.classes, strict=True))
    strength = draw(
        st.sampled_from(
            [Fraction(1, 500), Fraction(1, 30), Fraction(1, 5), Fraction(9, 10), Fraction(11, 10), Fraction(2)]
        )
    )
    split = draw(st.sampled_from([Fraction(1, 10), Fraction(1), Fraction(7)]))
    lambda_h = Fraction(float(smallest * strength) ** 0.5).limit_denominator(10**6) / split or Fraction(1, 10**6)
    lambda_w = smallest * strength / lambda_h
    uneven = draw(
        st.lists(st.sampled_from([Fraction(1), Fraction(3, 2)]), min_size=design.tasks, max_size=design.tasks)
    )
    return UFM(
        design,
        [lambda_w * u for u in uneven],
        lambda_h,
        task_weights=weights,
        bias=draw(st.sampled_from(BIASES)),
        loss=loss,
    )


def random_point(problem: UFM, seed: int, scale: float = 1.0, width: int | None = None, samples: bool = False):
    """(W, H, b) from a seeded normal distribution; ``samples`` gives H one column a sample, and cell_of."""
    rng = np.random.default_rng(seed)
    design = problem.design
    d = min(problem.dimension, design.rows) if width is None else width
    W = scale * rng.standard_normal((design.rows, d))
    cell_of = np.repeat(np.arange(design.cells), design.counts) if samples else None
    H = scale * rng.standard_normal((d, design.cells if cell_of is None else len(cell_of)))
    b = scale * rng.standard_normal(design.rows) if problem.has_bias else None
    return (W, H, b, cell_of) if samples else (W, H, b)
