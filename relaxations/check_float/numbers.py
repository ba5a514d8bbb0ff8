"""The exact numbers of a task as float64."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from relaxations.check import Task

from . import rounding
from .losses import LOSSES, FloatLoss
from .rounding import UNIT, FloatArray, Indices, rounded


class TaskNumbers:
    """One task in float64, each number the nearest to its exact value: relative errors of one u.

    targets : ``(m, K)`` table, with bounds ``conjugates`` (below, above) of Φ* of its rows.
    """

    def __init__(self, loss: FloatLoss, task: Task) -> None:
        self.task, self.loss, self.simplex = task, loss, loss is not LOSSES["mse"]
        self.targets = np.array([[int(y.p) / int(y.q) for y in row] for row in task.targets])
        self.labels = np.array(task.labels)
        # m_j up to 2^106: one rounding
        self.masses = np.array([float(m) for m in task.masses])
        self.weight = rounded(task.alpha / task.total, "problem.task_weights")
        self.lambda_w = rounded(task.lambda_w, "problem.weight_decay")
        table = self.targets.T
        spread = 2 * UNIT * table
        self.conjugates = loss.conjugate(np.maximum(table - spread, 0.0), np.minimum(table + spread, 1.0))

    def chunks(self, cells: int) -> Iterator[tuple[slice, Indices]]:
        """Slices of cells, with the indices (within the slice) on which the task weighs in."""
        for start in range(0, cells, rounding.CHUNK):
            columns = slice(start, min(start + rounding.CHUNK, cells))
            yield columns, np.flatnonzero(self.masses[columns])

    def target(self, columns: slice, used: Indices) -> FloatArray:
        """``(K, ·)`` targets of the used cells of a slice."""
        return np.asarray(self.targets[self.labels[columns][used]].T)
