"""The upper bound: f at the point."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from flint import fmpq

from relaxations.check import Point

from . import rounding
from .numbers import TaskNumbers
from .rounding import TINY, exact, gamma, matrix


def upper_bound(point: Point, numbers: Sequence[TaskNumbers]) -> fmpq | None:
    """A rational at least f(W, H, b); ``None`` where something overflows."""
    problem = point.problem
    W, H = matrix(point.W), matrix(point.H)
    b = np.zeros(len(W)) if point.b is None else matrix(point.b)[:, 0]
    d = W.shape[1]
    losses: list[list[float]] = [[] for _ in numbers]
    squares: list[float] = []
    counts = np.array(problem.counts, dtype=np.float64)
    for start in range(0, problem.cells, rounding.CHUNK):
        columns = slice(start, min(start + rounding.CHUNK, problem.cells))
        features = H[:, columns]
        logits = W @ features + b[:, None]
        dz = gamma(d + 2) * (np.abs(W) @ np.abs(features) + np.abs(b)[:, None]) + (d + 2) * TINY
        squares += (counts[columns] * ((features * features).sum(axis=0) + d * TINY)).tolist()
        for task, out in zip(numbers, losses, strict=True):
            used = np.flatnonzero(task.masses[columns])
            y, conjugate = task.target(columns, used), task.conjugates[1][task.labels[columns][used]]
            own = logits[task.task.rows][:, used], dz[task.task.rows][:, used]
            # ℓ ≥ 0, so an upper bound that rounding made negative may be raised
            out += (task.masses[columns][used] * np.maximum(task.loss.above(*own, y, conjugate), 0.0)).tolist()
    rows = ((W * W).sum(axis=1) + d * TINY).tolist()
    try:
        total = _above(squares, d + 4) * problem.lambda_h / 2
        for task, out in zip(numbers, losses, strict=True):
            total += _above(out, 4) * task.task.alpha / task.task.total
            total += _above(rows[task.task.rows], d + 4) * task.task.lambda_w / 2
            if task.task.lambda_b:
                total += sum((exact(x) ** 2 for x in b[task.task.rows].tolist()), fmpq(0)) * task.task.lambda_b / 2
    except (OverflowError, ValueError):  # an infinite float or not a number
        return None
    return total


def _above(values: list[float], roundings: int) -> fmpq:
    """At least Σ x for non-negative x, each given with so many roundings."""
    return exact(math.fsum(values)) * (1 + exact(gamma(roundings)))
