"""Which sample carries which labels: the combinatorial half of a multi-task problem.

A *cell* j is one column of labels (a label or "missing" for every task) shared by n_j samples.  At an
optimum all samples of a cell have the same feature (claim ``cells``), so every problem lives on cells.
Single source, multi source, partial annotation, correlation, imbalance and soft labels are values of
:class:`LabelDesign`, never separate code paths.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from theory.rationals import Number, exact

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: A target table: row s is the target that label s of the task stands for, a point of the simplex.
Targets = tuple[tuple[Fraction, ...], ...]

#: Label of a sample that a task has not annotated.
MISSING = -1

MAX_CELLS = 10_000_000
MAX_SAMPLES = 2**53


def one_hot(classes: int) -> Targets:
    """The target table of hard labels: the identity matrix of size ``classes``."""
    return tuple(tuple(Fraction(int(k == s)) for k in range(classes)) for s in range(classes))


@dataclass(frozen=True, eq=False)
class LabelDesign:
    """Cells, how many samples each has, and which task labels them.

    Attributes
    ----------
    classes : K_t for every task, each at least 2.
    labels : ``(T, C)`` integers; ``labels[t, j]`` names a row of ``targets[t]``, −1 means not labelled.
    counts : ``(C,)`` positive integers n_j.
    targets : for every task the table of its targets (default one-hot); rows are points of the simplex.
    sample_weights : ``(T, C)`` non-negative integers v: *relative* weight of one sample of cell j in the
        mean loss of task t (default 1 where labelled, always 0 where missing).
    scenario : a name for people (``"ssmtc"``, ``"msmtc"``, ``"labels"``, ...); no code branches on it.
    """

    classes: tuple[int, ...]
    labels: IntArray
    counts: IntArray
    targets: tuple[Targets, ...] = ()
    sample_weights: IntArray | None = None
    scenario: str = "labels"

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", _classes(self.classes))
        labels = _integers(self.labels, "labels")
        counts = _integers(self.counts, "counts")
        if labels.ndim != 2 or labels.shape[0] != self.tasks:
            raise ValueError(f"labels: shape {labels.shape}; expected ({self.tasks} tasks, number of cells)")
        if not 0 < labels.shape[1] <= MAX_CELLS:
            raise ValueError(f"labels: {labels.shape[1]} cells; expected 1 to {MAX_CELLS}")
        if counts.shape != (labels.shape[1],):
            raise ValueError(f"counts: shape {counts.shape}; expected one a cell, ({labels.shape[1]},)")
        if counts.min() < 1:
            raise ValueError(f"counts: {counts.min()} samples in a cell; expected at least 1 (leave empty cells out)")
        if int(counts.sum(dtype=object)) > MAX_SAMPLES:
            raise ValueError(f"counts: more than {MAX_SAMPLES} samples in all")
        targets = self.targets or tuple(one_hot(k) for k in self.classes)
        if len(targets) != self.tasks:
            raise ValueError(f"targets: {len(targets)} tables for {self.tasks} tasks")
        for t, (table, k) in enumerate(zip(targets, self.classes, strict=True)):
            _check_targets(table, k, t)
            if labels[t].min() < MISSING or labels[t].max() >= len(table):
                raise ValueError(
                    f"labels: task {t} has labels from {labels[t].min()} to {labels[t].max()}; "
                    f"expected 0 to {len(table) - 1}, or -1 for a missing label"
                )
            if labels[t].max() == MISSING:
                raise ValueError(f"labels: task {t} labels no sample; leave the task out")
        weights = self.sample_weights
        if weights is not None:
            weights = _integers(weights, "sample_weights")
            if weights.shape != labels.shape or weights.min() < 0:
                raise ValueError(f"sample_weights: expected non-negative integers of shape {labels.shape}")
            weights = np.where(labels >= 0, weights, 0)
            if max((weights.astype(object) * counts).sum(axis=1)) > MAX_SAMPLES:
                raise ValueError(
                    f"sample_weights: weights times samples of a task beyond {MAX_SAMPLES}; scale them down"
                )
            if (weights.sum(axis=1) == 0).any():
                raise ValueError("sample_weights: a task whose every weight is 0; leave the task out")
            weights.setflags(write=False)
        for array in (labels, counts):
            array.setflags(write=False)
        for name, value in (("labels", labels), ("counts", counts), ("targets", targets), ("sample_weights", weights)):
            object.__setattr__(self, name, value)

    # ---------------------------------------------------------------- constructors

    @classmethod
    def factorial(cls, classes: Sequence[int], repetitions: int = 1) -> LabelDesign:
        """Single source, balanced: every tuple of labels ``repetitions`` times; Π K_t cells.

        Cells run through the tuples in lexicographic order, the last task fastest.
        """
        classes = _classes(classes)
        cells = math.prod(classes)
        if cells > MAX_CELLS:
            raise ValueError(f"classes: {classes} make {cells} cells; expected at most {MAX_CELLS}")
        labels = np.indices(classes).reshape(len(classes), cells)
        return cls(classes, labels, np.full(cells, _positive(repetitions, "repetitions")), scenario="ssmtc")

    @classmethod
    def multi_source(cls, classes: Sequence[int], repetitions: int | Sequence[int] = 1) -> LabelDesign:
        """Multi source, balanced: every class of task t on n_t samples that only task t labels; Σ K_t cells.

        ``repetitions`` is n_t: one number, or one a task.
        """
        classes = _classes(classes)
        each = [repetitions] * len(classes) if isinstance(repetitions, int) else list(repetitions)
        if len(each) != len(classes):
            raise ValueError(f"repetitions: {len(each)} numbers for {len(classes)} tasks; give one, or one a task")
        labels = np.full((len(classes), sum(classes)), MISSING)
        start = 0
        for t, k in enumerate(classes):
            labels[t, start : start + k] = np.arange(k)
            start += k
        counts = np.repeat([_positive(n, "repetitions") for n in each], classes)
        return cls(classes, labels, counts, scenario="msmtc")

    @classmethod
    def from_joint(cls, table: npt.ArrayLike, scenario: str = "joint") -> LabelDesign:
        """Single source with any joint table: ``table[y_1, ..., y_T]`` samples carry those labels.

        ``table`` has shape ``(K_1, ..., K_T)`` and non-negative integer entries; zeros make no cell.
        """
        counts = _integers(table, "joint table")
        if counts.ndim == 0 or counts.min() < 0 or counts.max() == 0:
            raise ValueError("joint table: expected non-negative integers, not all zero, one axis a task")
        keep = counts.reshape(-1) > 0
        labels = np.indices(counts.shape).reshape(counts.ndim, -1)[:, keep]
        return cls(counts.shape, labels, counts.reshape(-1)[keep], scenario=scenario)

    @classmethod
    def from_labels(
        cls, labels: npt.ArrayLike, classes: Sequence[int] | None = None, merge: bool = True
    ) -> tuple[LabelDesign, IntArray]:
        """The design of an ``(N, T)`` array of labels (−1 missing), and the cell of each of the N samples.

        ``classes`` defaults to the largest label of each task plus one.  ``merge=False`` makes every
        sample a cell of its own, in the order given.  Samples that carry no label at all are refused:
        they contribute nothing and their feature is 0 at every optimum.
        """
        array = _integers(labels, "labels")
        if array.ndim == 1:
            array = array[:, None]
        if array.ndim != 2 or 0 in array.shape:
            raise ValueError(f"labels: shape {array.shape}; expected (samples, tasks), at least one of each")
        if (array < 0).all(axis=1).any():
            raise ValueError(f"labels: sample {int((array < 0).all(axis=1).argmax())} carries no label; leave it out")
        if classes is None:
            classes = [max(2, int(k) + 1) for k in array.max(axis=0)]
        if merge:
            cells, cell_of, counts = np.unique(array, axis=0, return_inverse=True, return_counts=True)
        else:
            cells, cell_of, counts = array, np.arange(len(array)), np.ones(len(array), dtype=np.int64)
        return cls(tuple(classes), cells.T, counts), cell_of.reshape(-1).astype(np.int64)

    def smoothed(self, epsilon: Number) -> LabelDesign:
        """The same design with every target y replaced by (1 − ε) y + ε/K_t, 0 ≤ ε < 1."""
        eps = exact(epsilon, "smoothing")
        if not 0 <= eps < 1:
            raise ValueError(f"smoothing: {epsilon!r}; expected 0 <= smoothing < 1")
        tables = tuple(
            tuple(tuple((1 - eps) * y + eps / k for y in row) for row in table)
            for table, k in zip(self.targets, self.classes, strict=True)
        )
        return LabelDesign(self.classes, self.labels, self.counts, tables, self.sample_weights, self.scenario)

    # ---------------------------------------------------------------- sizes

    @property
    def tasks(self) -> int:
        """T."""
        return len(self.classes)

    @property
    def cells(self) -> int:
        """C, the number of cells."""
        return int(self.labels.shape[1])

    @property
    def rows(self) -> int:
        """R = Σ K_t, the number of rows of all heads."""
        return sum(self.classes)

    @cached_property
    def samples(self) -> int:
        """N = Σ n_j."""
        return int(self.counts.sum())

    def rows_of(self, task: int) -> slice:
        """The rows of head ``task`` in the stacked (R, ·) arrays."""
        start = sum(self.classes[:task])
        return slice(start, start + self.classes[task])

    def blocks(self) -> Iterator[tuple[int, slice]]:
        """(t, rows of head t) for every task."""
        return ((t, self.rows_of(t)) for t in range(self.tasks))

    # ---------------------------------------------------------------- arrays

    @cached_property
    def labelled(self) -> npt.NDArray[np.bool_]:
        """``(T, C)``: does task t weigh in on cell j?  (A labelled cell of sample weight 0 does not.)"""
        return self.labels >= 0 if self.sample_weights is None else self.sample_weights > 0

    @cached_property
    def masses(self) -> IntArray:
        """``(T, C)`` integers v_{t,j} n_j: share of cell j in the mean loss of task t, times the row's sum N_t."""
        each = self.labelled.astype(np.int64) if self.sample_weights is None else self.sample_weights
        return each * self.counts

    @cached_property
    def task_masses(self) -> tuple[int, ...]:
        """N_t = Σ_j v_{t,j} n_j: the number of samples labelled for task t (with unit sample weights)."""
        return tuple(int(row.sum(dtype=object)) for row in self.masses)

    @cached_property
    def target_matrix(self) -> FloatArray:
        """``(R, C)`` float64 targets, stacked over tasks; columns of a missing label are 0."""
        out = np.zeros((self.rows, self.cells))
        for t, rows in self.blocks():
            table = np.array(self.targets[t], dtype=np.float64).T
            keep = self.labelled[t]
            out[rows, keep] = table[:, self.labels[t, keep]]
        out.setflags(write=False)
        return out

    def components(self) -> list[tuple[tuple[int, ...], IntArray]]:
        """Tasks that share no cell decouple: the connected components as (tasks, indices of their cells).

        Cells that no task weighs in on belong to no component.
        """
        if self.labelled.all():
            return [(tuple(range(self.tasks)), np.arange(self.cells, dtype=np.int64))]
        group = list(range(self.tasks))
        patterns = np.unique(self.labelled, axis=1).T
        for pattern in patterns:
            members = np.flatnonzero(pattern)
            for t in members[1:]:
                a, b = group[members[0]], group[t]
                group = [a if g == b else g for g in group]
        out = []
        for g in sorted(set(group), key=group.index):
            tasks = tuple(t for t in range(self.tasks) if group[t] == g)
            out.append((tasks, np.flatnonzero(self.labelled[list(tasks)].any(axis=0)).astype(np.int64)))
        return out


def _classes(classes: Sequence[int]) -> tuple[int, ...]:
    try:
        out = tuple(int(_integers(k, "classes")) for k in classes)
    except TypeError:
        raise TypeError(f"classes: expected whole numbers, one a task, got {classes!r}") from None
    if not out:
        raise ValueError("classes: no task; expected at least one")
    if min(out) < 2:
        raise ValueError(f"classes: {out}; every task needs at least 2 classes")
    if sum(out) > 1_000_000:
        raise ValueError(f"classes: {sum(out)} in all; expected at most 1,000,000")
    return out


def _positive(value: int, name: str) -> int:
    number = int(_integers(value, name))
    if not 1 <= number <= MAX_SAMPLES:
        raise ValueError(f"{name}: {value}; expected a whole number from 1 to {MAX_SAMPLES}")
    return number


def _integers(value: npt.ArrayLike, name: str) -> IntArray:
    array = np.asarray(value)
    if array.dtype == bool or array.dtype.kind not in "iuf":
        raise TypeError(f"{name}: expected whole numbers, got {array.dtype} {str(value)[:60]}")
    if array.dtype.kind == "f":
        if not np.isfinite(array).all() or (array != np.floor(array)).any():
            raise ValueError(f"{name}: expected whole numbers, got {str(value)[:60]}")
        if np.abs(array).max(initial=0) > MAX_SAMPLES:
            raise ValueError(f"{name}: a number beyond {MAX_SAMPLES}")
    return array.astype(np.int64)


def _check_targets(table: Targets, classes: int, task: int) -> None:
    if not table:
        raise ValueError(f"targets: task {task} has an empty table")
    for s, row in enumerate(table):
        if len(row) != classes:
            raise ValueError(f"targets: row {s} of task {task} has {len(row)} entries; expected {classes}")
        if any(not isinstance(y, Fraction) for y in row):
            raise TypeError(f"targets: row {s} of task {task} must hold fractions.Fraction")
        if sum(row) != 1 or min(row) < 0:
            raise ValueError(f"targets: row {s} of task {task} is no probability vector (it sums to {sum(row)})")
