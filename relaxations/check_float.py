r"""The checker for sizes at which balls are slow: float64 whose rounding errors are bounded beforehand.

    python -m relaxations.check_float FILE            the same options and answers as relaxations.check

A second level of trust, and the verdict says so.  The file, the two bounds and the dual point are those of
``check.py``; instead of balls there are float64 arrays, a chunk of cells at a time (memory O(R·chunk) beyond the
file's own numbers), with these a-priori bounds (Higham 2002, sections 2.2, 3.1 and 3.5), u = 2^-53:

    x op y = (x ∘ y)(1 + δ), |δ| ≤ u                             IEEE 754, + − × ÷ √
    a sum of n products, in any order, fused or not:  error at most γ_n Σ|x_i||y_i|,  γ_n = n u/(1 − n u)
    exp and log within 4 ulp: relative error at most 8u          an *assumption* about the mathematical library

A matrix product is assumed to be made of such sums (no Strassen).  What underflows loses at most 2^-1000 a term, and
sums over cells are rounded once (``math.fsum``).  Bounds are themselves computed in float64 from non-negative numbers
and enlarged by one part in a thousand, far more than their own rounding.

The matrix inequality: U' = Û + E with ‖E‖_F bounded entry by entry, Ĝ ≈ Û Ûᵀ, and for any Q, Λ ≥ 0, here floats that an
eigendecomposition proposes,

    ‖Û‖² ≤ max Λ · (1 + ‖QᵀQ − I‖_F) + ‖Ĝ − QΛQᵀ‖_F + ‖Ĝ − ÛÛᵀ‖_F,    s = min(1, √λ_H/(‖Û‖ + ‖E‖_F)),

the last inequality s²‖U'‖² ≤ λ_H being decided in rationals.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from flint import fmpq

from relaxations.check import (
    Block,
    Contents,
    Limits,
    MalformedError,
    Method,
    Problem,
    Task,
    Verdict,
    main,
    require,
)
from relaxations.check import check_certificate as check_by
from relaxations.check import check_file as check_file_by

FloatArray = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

LEVEL = "float64 with a-priori rounding bounds, assuming IEEE 754 and exp/log within 4 ulp"
LIMITS = Limits(
    file=2**30,
    rows=4000,
    entries=100_000_000,
    work=20_000_000_000_000,
    name="float64 is",
    beyond="no checker of this suite takes more",
)
CHUNK = 512  # cells at a time

UNIT = 2.0**-53
LIBM = 8 * UNIT  # 4 ulp, relatively
SLACK = 1.001  # on error bounds, for their own rounding
TINY = 2.0**-1000  # more than any underflow loses
SMALLEST, LARGEST = 2.0**-300, 2.0**300  # predictions that count; others are 0, or no prediction


def gamma(n: int) -> float:
    """γ_n, with the slack on error bounds."""
    return SLACK * n * UNIT / (1 - n * UNIT)


def rounded(value: fmpq, what: str) -> float:
    """The nearest float64 of a rational of reasonable size."""
    require(value == 0 or fmpq(1, 10**100) <= value <= 10**100, f"{what}: out of proportion for float64")
    return int(value.p) / int(value.q)


def exact(value: float) -> fmpq:
    """A float64 as a rational."""
    return fmpq(*value.as_integer_ratio())


# --------------------------------------------------------------------------- losses, bounded entry by entry


def entropy_bounds(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Bounds of Σ_k q_k log q_k over low ≤ q ≤ high in [0, 1], for every column: x log x is convex."""
    ends = []
    for x in (low, high):
        value = x * np.log(np.where(x > 0, x, 1.0))
        ends.append((value, (LIBM + 2 * UNIT) * np.abs(value) + TINY))
    (a, ea), (b, eb) = ends
    above = np.maximum(a + ea, b + eb)
    least = np.where((low < 0.368) & (high > 0.367), -0.3678794411714424, np.minimum(a - ea, b - eb))
    extra = gamma(len(low) + 2)
    return least.sum(axis=0) - extra * np.abs(least).sum(axis=0), above.sum(axis=0) + extra * np.abs(above).sum(axis=0)


def half_square_bounds(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Bounds of ½‖q‖² over low ≤ q ≤ high, for every column."""
    nearest, farthest = np.maximum(np.maximum(low, -high), 0.0), np.maximum(np.abs(low), np.abs(high))
    extra = gamma(len(low) + 3)
    below = 0.5 * (nearest * nearest).sum(axis=0) * (1 - extra) - len(low) * TINY
    return below, 0.5 * (farthest * farthest).sum(axis=0) * (1 + extra) + len(low) * TINY


def _linear_part(
    phi: FloatArray, error: FloatArray, dz: FloatArray, z: FloatArray, y: FloatArray, conjugate: FloatArray
) -> FloatArray:
    """At least Φ(z) + Φ*(y) − ⟨y, z⟩: Φ and ⟨y, ·⟩ change by at most max |dz| each, y being a probability vector."""
    inner, size = (y * z).sum(axis=0), (y * np.abs(z)).sum(axis=0)
    error = error + 2 * dz.max(axis=0) + gamma(len(z) + 2) * size + len(z) * TINY
    error = error + 4 * UNIT * (np.abs(phi) + np.abs(conjugate) + size)
    return np.asarray(phi + conjugate - inner + SLACK * error)


def cross_entropy_above(z: FloatArray, dz: FloatArray, y: FloatArray, conjugate: FloatArray) -> FloatArray:
    """At least the cross-entropy of logits within ``dz`` of z, for every column."""
    top = z.max(axis=0)
    x = z - top  # in error by u|x|, as if z were
    total = np.exp(x).sum(axis=0)  # between 1 and K
    log = np.log(total)
    error = (
        UNIT * np.abs(x).max(axis=0)
        + 2 * (LIBM + gamma(len(z)))
        + (LIBM + 2 * UNIT) * np.abs(log)
        + 2 * UNIT * np.abs(top)
    )
    return _linear_part(top + log, error, dz, z, y, conjugate)


def squared_error_above(z: FloatArray, dz: FloatArray, y: FloatArray, conjugate: FloatArray) -> FloatArray:
    """At least ½‖z − y‖² for logits within ``dz`` of z (Φ*(y) is part of the square)."""
    far = np.abs(z - y) + SLACK * (dz + 3 * UNIT * (np.abs(z) + np.abs(y)))
    return np.asarray(0.5 * (far * far).sum(axis=0) * (1 + gamma(len(z) + 4)) + len(z) * TINY)


def sparsemax_above(z: FloatArray, dz: FloatArray, y: FloatArray, conjugate: FloatArray) -> FloatArray:
    """At least the sparsemax loss: Φ(z) ≤ τ + ½ Σ (z − τ)_+² for every τ, here the one of the projection."""
    descending = -np.sort(-z, axis=0)
    sizes = np.arange(1, len(z) + 1)[:, None]
    candidates = (np.cumsum(descending, axis=0) - 1) / sizes
    last = np.maximum((descending > candidates).sum(axis=0) - 1, 0)
    tau = np.take_along_axis(candidates, last[None], axis=0)[0]
    positive = np.maximum(z - tau, 0.0)
    square = 0.5 * (positive * positive).sum(axis=0) * (1 + gamma(len(z) + 4)) + len(z) * TINY
    return _linear_part(tau + square, 2 * UNIT * (np.abs(tau) + square), dz, z, y, conjugate)


@dataclass(frozen=True)
class FloatLoss:
    """Bounds of Φ*, over boxes, and an upper bound of ℓ."""

    conjugate: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
    above: Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]


#: Losses by name.
LOSSES = {
    "ce": FloatLoss(entropy_bounds, cross_entropy_above),
    "mse": FloatLoss(half_square_bounds, squared_error_above),
    "sparsemax": FloatLoss(half_square_bounds, sparsemax_above),
}


# --------------------------------------------------------------------------- numbers of the problem


def matrix(block: Block) -> FloatArray:
    """A block as an array, without a copy."""
    numbers: FloatArray = np.frombuffer(block.data, dtype=np.float64) if block.data else np.zeros(0)
    return numbers.reshape(block.rows, block.columns)


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
        for start in range(0, cells, CHUNK):
            columns = slice(start, min(start + CHUNK, cells))
            yield columns, np.flatnonzero(self.masses[columns])

    def target(self, columns: slice, used: Indices) -> FloatArray:
        """``(K, ·)`` targets of the used cells of a slice."""
        return np.asarray(self.targets[self.labels[columns][used]].T)


# --------------------------------------------------------------------------- the upper bound


def upper_bound(contents: Contents, numbers: Sequence[TaskNumbers]) -> fmpq | None:
    """A rational at least f(W, H, b); ``None`` where something overflows."""
    problem = contents.problem
    W, H = matrix(contents.W), matrix(contents.H)
    b = np.zeros(len(W)) if contents.b is None else matrix(contents.b)[:, 0]
    d = W.shape[1]
    losses: list[list[float]] = [[] for _ in numbers]
    squares: list[float] = []
    counts = np.array(problem.counts, dtype=np.float64)
    for start in range(0, problem.cells, CHUNK):
        columns = slice(start, min(start + CHUNK, problem.cells))
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


# --------------------------------------------------------------------------- the lower bound


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
            sizes.append((np.abs(p) * gamma(CHUNK + 4) + error + TINY) @ weights)
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
    for start in range(0, C, CHUNK):
        columns = slice(start, min(start + CHUNK, C))
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
    skew = _norm(Q.T @ Q - np.eye(R)) + gamma(R + 2) * (_norm(absolute.T @ absolute) + R)
    rest = _norm(gram - (Q * values) @ Q.T) + gamma(R + 4) * (_norm(gram) + _norm((absolute * values) @ absolute.T))
    # every entry of the product is a sum over a chunk, then over chunks
    product = gamma(largest + C // CHUNK + 4) * size + R * (C + R) * TINY
    square = float(values[-1]) * (1 + SLACK * skew) + SLACK * (rest + product)
    # U = Û + E: the root's rounding and the square's are in the last factor
    return (math.sqrt(square) + SLACK * math.sqrt(errors)) * (1 + 16 * UNIT)


def _norm(a: FloatArray) -> float:
    """‖·‖_F with its slack."""
    return SLACK * float(np.sqrt((a * a).sum()))


def feasible_scale(problem: Problem, norm: float) -> float:
    """A large float s in [0, 1] with s·norm ≤ √λ_H, decided in rationals."""
    if not math.isfinite(norm):
        return 0.0
    s = 1.0 if norm == 0 else min(1.0, math.sqrt(rounded(problem.lambda_h, "problem.feature_decay")) / norm)
    while exact(s) ** 2 * exact(norm) ** 2 > problem.lambda_h:
        s *= 1 - 2 * UNIT
    return s


def float_bounds(contents: Contents) -> tuple[fmpq | None, fmpq | None, fmpq]:
    """The enclosure of the minimum in float64; see the module."""
    problem = contents.problem
    rounded(problem.lambda_h, "problem.feature_decay")
    with np.errstate(all="ignore"):
        numbers = [TaskNumbers(LOSSES[problem.loss_name], task) for task in problem.tasks]
        high = upper_bound(contents, numbers)
        try:
            duals = [FloatDual(problem, task, matrix(contents.q)) for task in numbers]
            s = feasible_scale(problem, residual_norm(problem, duals))
            low = sum((dual.value(s) for dual in duals), fmpq(0)) if s > 0 else None
        except (OverflowError, ValueError, np.linalg.LinAlgError):  # an infinite float or not a number
            low, s = None, 0.0
    return low, high, exact(s)


FLOATS = Method(LEVEL, LIMITS, float_bounds)


def check_certificate(data: object, tolerance: str = "1e-8", problem: object = None) -> Verdict:
    """As :func:`relaxations.check.check_certificate`, at this level."""
    return check_by(data, tolerance, problem, FLOATS)


def check_file(path: str, tolerance: str = "1e-8", problem: str | None = None) -> Verdict:
    """As :func:`relaxations.check.check_file`, at this level."""
    return check_file_by(path, tolerance, problem, FLOATS)


__all__ = ["FLOATS", "LEVEL", "LIMITS", "MalformedError", "check_certificate", "check_file", "float_bounds"]

if __name__ == "__main__":
    sys.exit(main(method=FLOATS, prog="check_float"))
