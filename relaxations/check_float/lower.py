"""The lower bound: the dual point of ``check`` within known distances, and its value."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from flint import fmpq

from relaxations.check import Problem

from . import rounding
from .numbers import TaskNumbers
from .rounding import (
    LARGEST,
    SLACK,
    SMALLEST,
    TINY,
    UNIT,
    FloatArray,
    Indices,
    exact,
    frobenius,
    gamma,
    rounded,
)


class FloatDual:
    """The dual point of ``check.TaskDual`` for one task, as float64 with a bound on the distance to it.

    Entries of q below 2^-300 count as 0, a column with one above 2^300 as empty (its target then stands in).
    """

    def __init__(self, problem: Problem, numbers: TaskNumbers, q: FloatArray) -> None:
        self.problem, self.numbers, self.q = problem, numbers, q[numbers.task.rows]
        task = numbers.task
        self.mean = np.array([rounded(y, "targets") if y else 0.0 for y in task.mean_target()])[:, None]
        self.shift: FloatArray | None = None
        self.mix = 0.0
        self.imbalance, self.imbalance_error = np.zeros_like(self.mean), np.zeros_like(self.mean)
        if task.lambda_b is None:
            return
        sums, sizes = [], []
        for columns, used in numbers.chunks(problem.cells):
            p, error = self.prediction(columns, used)
            weights = numbers.masses[columns][used]
            sums.append(p @ weights)
            sizes.append((np.abs(p) * gamma(rounding.CHUNK + 4) + error + TINY) @ weights)
        total = float(task.total)
        average, spread = (np.array([math.fsum(row) for row in zip(*x, strict=True)]) / total for x in (sums, sizes))
        self.imbalance = self.mean - average[:, None]
        self.imbalance_error = SLACK * (spread[:, None] + 4 * UNIT * (self.mean + np.abs(average[:, None])))
        if task.lambda_b == 0:
            self.shift = self.imbalance
            if numbers.simplex:
                self.mix = self._mixture()

    def prediction(self, columns: slice, used: Indices) -> tuple[FloatArray, FloatArray]:
        """q̂ on the used cells of a slice, and a bound on the error of each entry."""
        p = self.q[:, columns][:, used]
        error = np.zeros_like(p)
        if self.numbers.simplex:
            p = np.where(p >= SMALLEST, p, 0.0)
            total = p.sum(axis=0)
            read = (total > 0) & (p.max(axis=0) <= LARGEST)
            p = np.where(read, p / np.where(read, total, 1.0), self.numbers.target(columns, used))
            error = gamma(len(p) + 2) * p
        if self.shift is not None:
            p = p + self.shift
            error = SLACK * (error + self.imbalance_error + UNIT * np.abs(p))
        if self.mix > 0:
            error = SLACK * (error + 6 * UNIT * (np.abs(p) + self.mean))
            p = (1 - self.mix) * p + self.mix * self.mean
        return p, error

    def _mixture(self) -> float:
        """The least τ of 0, 2^-100, ..., 1/2, 1 for which no entry of the exact q̂ is negative."""
        least = np.full(len(self.mean), np.inf)
        for columns, used in self.numbers.chunks(self.problem.cells):
            if used.size:
                p, error = self.prediction(columns, used)
                least = np.minimum(least, (p - SLACK * error - 2 * UNIT * np.abs(p)).min(axis=1))
        if not np.isfinite(least).all():
            return 1.0
        means = self.numbers.task.mean_target()
        for tau in (0.0, *(2.0**-k for k in range(100, 0, -1))):
            share = exact(tau)
            if all((1 - share) * exact(a) + share * y >= 0 for a, y in zip(least.tolist(), means, strict=True)):
                return tau
        return 1.0

    def value(self, s: float) -> fmpq:
        """A rational at most the task's share of D(y + s(q̂ − y))."""
        numbers, task, terms = self.numbers, self.numbers.task, list[float]()
        for columns, used in numbers.chunks(self.problem.cells):
            y = numbers.target(columns, used)
            p, error = self.prediction(columns, used)
            kept, moved = (1 - s) * y, s * p
            q = kept + moved
            error = SLACK * (s * error + 6 * UNIT * (kept + np.abs(moved)) + TINY)
            low, high = q - error, q + error
            if numbers.simplex:  # the exact point lies there
                low, high = np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)
            a, b = numbers.conjugates[0][numbers.labels[columns][used]], numbers.loss.conjugate(low, high)[1]
            below = a - b - 2 * UNIT * (np.abs(a) + np.abs(b))
            terms += (numbers.masses[columns][used] * below).tolist()
        total = exact(math.fsum(terms)) - exact(math.fsum(map(abs, terms))) * exact(4 * UNIT)
        total *= task.alpha / task.total
        if task.lambda_b:
            r = (np.abs(self.imbalance) * (1 + 4 * UNIT) + SLACK * self.imbalance_error).ravel()
            square = sum((exact(x) ** 2 for x in r.tolist()), fmpq(0))
            total -= square * (exact(s) * task.alpha) ** 2 / (2 * task.lambda_b)
        return total


def residual_norm(problem: Problem, duals: Sequence[FloatDual]) -> float:
    """At least ‖U'‖_op of the exact dual point; ``inf`` where something overflows."""
    R, C = problem.rows, problem.cells
    gram, size, errors, largest = np.zeros((R, R)), 0.0, 0.0, 0
    counts = np.array(problem.counts, dtype=np.float64)
    for start in range(0, C, rounding.CHUNK):
        columns = slice(start, min(start + rounding.CHUNK, C))
        U, E = np.zeros((R, columns.stop - start)), np.zeros((R, columns.stop - start))
        for dual in duals:
            numbers = dual.numbers
            used = np.flatnonzero(numbers.masses[columns])
            y = numbers.target(columns, used)
            p, error = dual.prediction(columns, used)
            scale = numbers.weight * numbers.masses[columns][used]
            scale = scale / (np.sqrt(counts[columns][used]) * math.sqrt(numbers.lambda_w))
            rows = np.arange(R)[numbers.task.rows]
            U[np.ix_(rows, used)] = scale * (y - p)
            E[np.ix_(rows, used)] = SLACK * scale * (error + 2 * UNIT * y + 16 * UNIT * np.abs(y - p)) + TINY
        gram += U @ U.T
        size += float((U * U).sum())
        errors += float((E * E).sum())
        largest = max(largest, columns.stop - start)
    if not (np.isfinite(gram).all() and math.isfinite(size + errors)):
        return math.inf
    values, Q = np.linalg.eigh(gram)
    absolute, values = np.abs(Q), np.maximum(values, 0.0)
    skew = frobenius(Q.T @ Q - np.eye(R)) + gamma(R + 2) * (frobenius(absolute.T @ absolute) + R)
    rest = frobenius(gram - (Q * values) @ Q.T) + gamma(R + 4) * (
        frobenius(gram) + frobenius((absolute * values) @ absolute.T)
    )
    # every entry of the product is a sum over a chunk, then over chunks
    product = gamma(largest + C // rounding.CHUNK + 4) * size + R * (C + R) * TINY
    square = float(values[-1]) * (1 + SLACK * skew) + SLACK * (rest + product)
    # U = Û + E: the root's rounding and the square's are in the last factor
    return (math.sqrt(square) + SLACK * math.sqrt(errors)) * (1 + 16 * UNIT)


def feasible_scale(problem: Problem, norm: float) -> float:
    """A large float s in [0, 1] with s·norm ≤ √λ_H, decided in rationals."""
    if not math.isfinite(norm):
        return 0.0
    s = 1.0 if norm == 0 else min(1.0, math.sqrt(rounded(problem.lambda_h, "problem.feature_decay")) / norm)
    while exact(s) ** 2 * exact(norm) ** 2 > problem.lambda_h:
        s *= 1 - 2 * UNIT
    return s
