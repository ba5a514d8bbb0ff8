"""Which classes of a problem have merged: clusters of equally frequent classes and the decays at which they merge.

The exact decision of claim ``minority_collapse``: classes of one size n are merged at every global optimum iff
λ_{W,t} λ_H ≥ α_t² (1−ε)² n/N², in rationals.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np

from theory import closed_forms as forms
from theory.designs import independent
from theory.known_optimum import smoothing_of
from theory.labels import LabelDesign
from theory.model import UFM


@dataclass(frozen=True)
class Cluster:
    """Classes of one task that are equally frequent.

    classes : their labels, two or more.
    size : n, samples a class.
    threshold : canonical λ_{W,t} λ_H from which on they are merged.
    merged : have they merged?
    gap : q_{k,k} − q_{k,l} at every global optimum; 0 where merged.
    """

    classes: tuple[int, ...]
    size: int
    threshold: Fraction
    merged: bool
    gap: float


def clusters(problem: UFM, task: int) -> tuple[Cluster, ...] | None:
    """The clusters of a task, smallest classes first; ``None`` where claim ``minority_collapse`` does not apply.

    It applies to cross-entropy with hard or smoothed labels where every sample carries all labels, those of every
    two tasks are independent, and all tasks but one have uniform marginals (or the bias is free).
    """
    design = problem.design
    epsilon = smoothing_of(design, task)
    if problem.loss != "ce" or epsilon is None or not _separable(problem):
        return None
    sizes = np.bincount(design.labels[task], weights=design.counts, minlength=design.classes[task]).astype(np.int64)
    product = problem.lambda_w[task] * problem.lambda_h
    out = []
    for size in sorted({int(n) for n in sizes if n > 0}):
        members = tuple(int(k) for k in np.flatnonzero(sizes == size))
        if len(members) < 2:
            continue
        limit = forms.merging_threshold(problem.alpha[task], design.samples, Fraction(size), epsilon)
        ratio = float(product / limit)
        gap = 0.0 if product >= limit else float(1 - epsilon) * (1 - ratio**0.5)
        out.append(Cluster(members, size, limit, product >= limit, gap))
    return tuple(out)


def _separable(problem: UFM) -> bool:
    """Do single-task optima add up (claim ``independence``)?  Decided exactly."""
    design = problem.design
    if design.sample_weights is not None or not design.labelled.all():
        return False
    every = np.arange(design.cells, dtype=np.int64)
    if not all(independent(design, (s,), (t,), every) for s, t in combinations(range(design.tasks), 2)):
        return False
    return problem.free_bias or sum(not _residual_vanishes(design, t) for t in range(design.tasks)) <= 1


def _residual_vanishes(design: LabelDesign, task: int) -> bool:
    """Uniform marginals of hard or smoothed labels: the residual of the task's own optimum adds up to 0."""
    sizes = np.bincount(design.labels[task], weights=design.counts, minlength=design.classes[task])
    return bool((sizes == sizes[0]).all()) and smoothing_of(design, task) is not None
