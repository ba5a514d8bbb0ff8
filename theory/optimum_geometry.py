r"""The geometry of every point with a gap, from a feasible dual point alone: Gram blocks of the heads, with radii.

The constants are those of :mod:`theory.stability_bounds` (claim ``stability``).  Two ways to a block W'_sW'_tᵀ:

    t only where s is    W'_sW'_tᵀ = Z'_sU'_tᵀ + W'_sD_tᵀ,  D = W' − U'H̃ᵀ: needs the logits of s wherever t is labelled
    a common cell        λ_H Z'_sQ = W'_sW'ᵀU'Q + W'_s(λ_H H̃ − W'ᵀU')Q  for every Q (C × K_t) on the cells of s:
                         where U'Q = P on the rows of t and 0 on those of all other tasks, the first term is the
                         block, and λ_H Z°_sQ its centre: partial annotation

Q is proposed by a truncated pseudo-inverse in float64, and what it misses is measured in the arithmetic at hand.  Where
no Q does (multi source: no common cell), the angle is not determined by the minimum, and the radius says so.

A loss whose predictions reach the boundary of the simplex (sparsemax) does not determine its logits: no bound on heads.

Every function takes an :class:`~theory.closed_forms.Arithmetic`: in balls the bounds are proved.  Only comparisons
that are certain count, so a bound that cannot be had is ``None``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory import stability_bounds as bounds
from theory.closed_forms import FLOAT, Arithmetic
from theory.labels import FloatArray
from theory.model import UFM

#: A matrix as nested lists of numbers, row by row, none empty.
Matrix = list[list[Any]]
#: The product of two of them.
Product = Callable[[Matrix, Matrix], Matrix]
#: Singular values below these shares of √λ_H are cut off when Q is proposed; the best radius counts.
CUTOFFS = (0.3, 0.1, 1e-2, 1e-3, 1e-5, 1e-8)


def product(a: Matrix, b: Matrix) -> Matrix:
    """A B of nested lists, in the numbers' own arithmetic."""
    columns = [list(column) for column in zip(*b, strict=True)]
    return [[_sum([x * y for x, y in zip(row, column, strict=True)]) for column in columns] for row in a]


def transposed(a: Matrix) -> Matrix:
    """Aᵀ."""
    return [list(column) for column in zip(*a, strict=True)]


@dataclass(frozen=True)
class GeometryBounds:
    """Certified geometry of every point with the gap; ``None`` where there is no bound at this gap.

    total_variation, margins : one a task, the largest over its cells: TV and the deviation of a margin (CE).
    gram : ``[s][t]`` the block G°_{st} (K_s × K_t nested lists); radius : ``[s][t]`` ρ_{st}.
    etf_bound : one a task, of ‖W_tW_tᵀ/‖·‖ − (I − J/K_t)/√(K_t − 1)‖.
    overlap_bound : ``[s][t]``, s < t, of ‖W_sW_tᵀ‖/√(‖W_sW_sᵀ‖‖W_tW_tᵀ‖).
    within_cell, features : :func:`~.stability_bounds.within_cell_bound`, :func:`~.stability_bounds.feature_radius`.
    """

    total_variation: list[Any | None]
    margins: list[Any | None]
    gram: list[list[Matrix | None]]
    radius: list[list[Any]]
    etf_bound: list[Any | None]
    overlap_bound: list[list[Any | None]]
    within_cell: Any
    features: Any

    def block(self, s: int, t: int) -> tuple[Matrix, Any] | None:
        """The block of two tasks and its radius, by (s, t) or by (t, s); ``None`` if neither is known."""
        first, second = self.gram[s][t], self.gram[t][s]
        here, there = self.radius[s][t], self.radius[t][s]
        if first is None or (second is not None and bool(there < here)):
            return None if second is None else (transposed(second), there)
        return first, here


def geometry_bounds(
    problem: UFM,
    q: Sequence[Sequence[Any]],
    gap: Any,
    upper: Any,
    on: Arithmetic = FLOAT,
    multiply: Product = product,
    embed: Callable[[Any], Any] | None = None,
) -> GeometryBounds:
    """Bounds for every point with f − D(q) <= ``gap`` and f <= ``upper``.

    q : ``(R, C)`` exact rationals, *feasible* (‖U'‖_op <= √λ_H, columns on the simplex for cross-entropy, r = 0 under a
        free bias): the caller has proved this, and ``gap`` and ``upper`` are numbers of ``on``.  Entries without a
        label are not read.
    multiply : the product of nested lists, where the arithmetic has a faster one than :func:`product`.
    embed : from an entry of q to a number of ``on``, where the rationals are no ``Fraction``.
    """
    tasks, lambda_h = range(problem.design.tasks), on.number(problem.lambda_h)
    whole = _Whole(problem, gap, bounds.head_norm(upper, on), lambda_h, on, multiply)
    parts = [_TaskBounds(problem, t, q, gap, on, embed or on.number) for t in tasks]
    gram: list[list[Matrix | None]] = [[None for _ in tasks] for _ in tasks]
    radius: list[list[Any]] = [[None for _ in tasks] for _ in tasks]
    known = [t for t in tasks if parts[t].logit_radius is not None]
    for s in known:
        for t in known:
            if parts[t].places <= parts[s].places:
                gram[s][t], radius[s][t] = _block(whole, parts[s], parts[t])
    for s in known:
        for t in known:
            if gram[s][t] is None and gram[t][s] is None and parts[s].places & parts[t].places:
                gram[s][t], radius[s][t] = _block_by_common_cells(whole, parts, s, t)
                gram[t][s], radius[t][s] = _block_by_common_cells(whole, parts, t, s)

    norms = [None if (g := gram[t][t]) is None else _norm(g, on) for t in tasks]
    etf = [_etf(gram[t][t], norms[t], radius[t][t], problem.design.classes[t], on) for t in tasks]
    found = GeometryBounds(
        [p.variation for p in parts],
        [None if p.ratio is None else 2 * p.ratio for p in parts],
        gram,
        radius,
        etf,
        [[None for _ in tasks] for _ in tasks],
        bounds.within_cell_bound(gap, lambda_h),
        bounds.feature_radius(gap, lambda_h, on),
    )
    for s in tasks:
        for t in range(s + 1, len(tasks)):
            pair, own = found.block(s, t), (radius[s][s], radius[t][t])
            if pair is not None and _exceeds(norms[s], own[0]) and _exceeds(norms[t], own[1]):
                cross = _norm_above(pair[0], on)
                found.overlap_bound[s][t] = bounds.overlap_bound(cross, norms[s], norms[t], pair[1], own, on)
    return found


@dataclass(frozen=True)
class _Whole:
    """What all blocks have in common; ``head`` is w >= ‖W'‖."""

    problem: UFM
    gap: Any
    head: Any
    lambda_h: Any
    on: Arithmetic
    multiply: Product


class _TaskBounds:
    """One task's part: bounds on its predictions and logits, its Z° and U' on its cells."""

    def __init__(
        self,
        problem: UFM,
        t: int,
        q: Sequence[Sequence[Any]],
        gap: Any,
        on: Arithmetic,
        embed: Callable[[Any], Any],
    ):
        design = problem.design
        rows, number = design.rows_of(t), on.number
        self.rows = rows
        self.cells = [int(j) for j in design.labelled[t].nonzero()[0]]
        self.places = set(self.cells)
        self.variation: Any | None = None
        self.ratio: Any | None = None
        self.logit_radius: Any | None = None
        self.decay = problem.lambda_b[t] if problem.lambda_b is not None else Fraction(0)
        per_sample = problem.alpha[t] / design.task_masses[t]
        masses = design.masses[t, self.cells].tolist()
        counts = design.counts[self.cells].tolist()
        simplex = problem.loss_function.on_simplex
        rational = [[q[k][j] for j in self.cells] for k in range(rows.start, rows.stop)]
        p = [[embed(v) for v in row] for row in rational]
        self.lambda_w = problem.lambda_w[t]
        head = on.sqrt(number(self.lambda_w))
        roots = {n: on.sqrt(number(Fraction(n))) for n in set(counts)}
        #: √n_j on its cells
        self.counts = [roots[n] for n in counts]

        weights = {m: number(per_sample * m) for m in set(masses)}
        table = [[number(y) for y in target] for target in design.targets[t]]
        labels = design.labels[t, self.cells].tolist()
        rest = [
            [weights[m] * (table[y][k] - v) for v, y, m in zip(row, labels, masses, strict=True)]
            for k, row in enumerate(p)
        ]
        #: U'_t (K, n); r_t/√λ_{W,t}, 0 under a free bias, and the bias that belongs to r_t
        self.residual = [[v / (head * n) for v, n in zip(row, self.counts, strict=True)] for row in rest]
        total = [_sum(row) for row in rest]
        self.pull = [number(Fraction(0)) if problem.free_bias else v / head for v in total]
        self.shift = [head * v / number(self.decay) for v in total] if self.decay else []

        self._simplex = simplex
        heaviest = max(Fraction(n, m) for n, m in set(zip(counts, masses, strict=True)))
        scale = number(self.lambda_w / per_sample * heaviest)
        if problem.loss == "ce":
            least = embed(min(min(row) for row in rational))
            self.variation = bounds.total_variation(gap, number(per_sample * min(masses)), on)
            if bool(least > 0) and bool(self.variation < least):
                self.ratio = bounds.log_ratio(self.variation, least, on)
                convex = bounds.convexity(self.ratio)
                if convex > 0:
                    self.logit_radius = on.sqrt(bounds.logit_square(gap, scale, least, convex))
        elif problem.loss == "mse":
            self.logit_radius = on.sqrt(bounds.logit_square_squared_error(gap, scale))
        if self.logit_radius is None:
            return
        z = [[on.log(v) for v in row] for row in p] if simplex else p
        if simplex:
            means = [_sum(list(column)) / len(p) for column in zip(*z, strict=True)]
            z = [[v - m for v, m in zip(row, means, strict=True)] for row in z]
        #: Z°_t (K, n)
        self.logits = [[head * n * v for v, n in zip(row, self.counts, strict=True)] for row in z]

    def stray(self, on: Arithmetic) -> Any:
        """‖(I − P)U'_t‖: U' of a loss on the simplex is centred, exactly."""
        if self._simplex:
            return on.number(Fraction(0))
        root = on.sqrt(on.number(Fraction(len(self.residual))))
        return _norm_above([[_sum(list(column)) / root for column in zip(*self.residual, strict=True)]], on)


def _block(whole: _Whole, a: _TaskBounds, b: _TaskBounds) -> tuple[Matrix, Any]:
    """G°_{st} = Z°_s U'_tᵀ over the cells of t, less what a decayed bias of s contributes; and its radius."""
    on = whole.on
    place = {j: i for i, j in enumerate(a.cells)}
    chosen = [place[j] for j in b.cells]
    logits = a.logits if len(chosen) == len(a.cells) else [[row[i] for i in chosen] for row in a.logits]
    out = whole.multiply(logits, transposed(b.residual))
    extra = on.number(Fraction(0))
    if a.decay:
        out = [[v - c * r for v, r in zip(row, b.pull, strict=True)] for row, c in zip(out, a.shift, strict=True)]
        extra = bounds.bias_radius(whole.gap, on.number(a.lambda_w / a.decay), _norm_above([b.pull], on), on)
    centred = whole.problem.loss_function.on_simplex
    return out, bounds.gram_radius(whole.gap, whole.head, a.logit_radius, whole.lambda_h, centred, extra, on)


def _block_by_common_cells(whole: _Whole, parts: Sequence[_TaskBounds], s: int, t: int) -> tuple[Matrix, Any]:
    """λ_H Z°_sQ and its radius, for the Q of least radius among those that are proposed."""
    problem, on, a, b = whole.problem, whole.on, parts[s], parts[t]
    zero = on.number(Fraction(0))
    place = {j: i for i, j in enumerate(a.cells)}
    U = [[zero] * len(a.cells) for _ in range(problem.design.rows)]
    for part in parts:
        shared = [(place[j], i) for i, j in enumerate(part.cells) if j in place]
        for k, row in enumerate(part.residual, part.rows.start):
            for to, source in shared:
                U[k][to] = row[source]
    best: tuple[Matrix, Any] | None = None
    for centred in (True,) if problem.loss_function.on_simplex else (True, False):
        target = _rows_of_task(problem, t, centred, on)
        means = zero
        if centred:
            means = bounds.means_of_rows(whole.gap, whole.head, b.stray(on), whole.lambda_h, on)
            if problem.loss_function.on_simplex:  # whose logits are known up to their means
                means = means + bounds.means_of_rows(whole.gap, whole.head, zero, whole.lambda_h, on)
        for proposal in _proposals(problem, U, target, a):
            Q = [[on.number(Fraction(x)) for x in row] for row in proposal.tolist()]
            reached = zip(target, whole.multiply(U, Q), strict=True)
            miss = _norm_above([[x - y for x, y in zip(*rows, strict=True)] for rows in reached], on)
            size = on.sqrt(_norm_above(whole.multiply(transposed(Q), Q), on))
            centre, bias = _centre_and_bias(whole, a, Q)
            radius = bounds.common_cells_radius(
                whole.gap, whole.head, a.logit_radius, whole.lambda_h, size, miss, means, bias, on
            )
            if best is None or bool(radius < best[1]):
                best = centre, radius
    assert best is not None
    return best


def _rows_of_task(problem: UFM, t: int, centred: bool, on: Arithmetic) -> Matrix:
    """S_tᵀP (R, K_t): P (centring, or I) on the rows of t, 0 on all others."""
    classes, zero = problem.design.classes[t], on.number(Fraction(0))
    mean = Fraction(int(centred), classes)
    rows, out = problem.design.rows_of(t), []
    for i in range(problem.design.rows):
        own = rows.start <= i < rows.stop
        k = i - rows.start
        out.append([on.number(Fraction(int(k == m)) - mean) if own else zero for m in range(classes)])
    return out


def _centre_and_bias(whole: _Whole, a: _TaskBounds, Q: Matrix) -> tuple[Matrix, Any]:
    """λ_H Z°_sQ, less what a decayed bias contributes; and what is not known of the bias."""
    on = whole.on
    centre = [[whole.lambda_h * v for v in row] for row in whole.multiply(a.logits, Q)]
    if not whole.problem.has_bias:
        return centre, on.number(Fraction(0))
    sight = [whole.lambda_h * x for x in whole.multiply([a.counts], Q)[0]]
    seen = _norm_above([sight], on)
    if a.decay:
        centre = [[v - c * x for v, x in zip(row, sight, strict=True)] for row, c in zip(centre, a.shift, strict=True)]
        return centre, bounds.bias_radius(whole.gap, on.number(a.lambda_w / a.decay), seen, on)
    # sᵀQ is 0 but for rounding
    most = bounds.free_bias_norm(
        _norm_above(a.logits, on), a.logit_radius, whole.head, whole.lambda_h, _norm([a.counts], on), on
    )
    return centre, most * seen


def _proposals(problem: UFM, U: Matrix, target: Matrix, a: _TaskBounds) -> list[FloatArray]:
    """Float64 matrices Q (n, K_t) with U'Q near the target, and sᵀQ near 0 under a free bias; one a cut-off."""
    matrix, wanted = np.array(U, dtype=float), np.array(target, dtype=float)
    root = float(problem.lambda_h) ** 0.5
    if problem.free_bias:
        sight = np.array(a.counts, dtype=float)
        matrix = np.vstack([matrix, root * sight / np.linalg.norm(sight)])
        wanted = np.vstack([wanted, np.zeros(wanted.shape[1])])
    P, s, Vt = np.linalg.svd(matrix, full_matrices=False)
    ranks = sorted({int((s > cutoff * root).sum()) for cutoff in CUTOFFS})
    return [(Vt[:r].T / s[:r]) @ (P[:, :r].T @ wanted) for r in ranks]


def _sum(values: Sequence[Any]) -> Any:
    return sum(values[1:], values[0])


def _norm(block: Matrix, on: Arithmetic) -> Any:
    return on.sqrt(_sum([v * v for row in block for v in row]))


def _norm_above(block: Matrix, on: Arithmetic) -> Any:
    """An upper bound of the norm, by at most 10⁻²⁰: the square of a ball about 0 may reach below 0, without a root."""
    return on.sqrt(_sum([on.number(Fraction(1, 10**40)), *(v * v for row in block for v in row)]))


def _exceeds(norm: Any | None, radius: Any | None) -> bool:
    return norm is not None and radius is not None and bool(radius < norm)


def _etf(block: Matrix | None, norm: Any | None, radius: Any | None, classes: int, on: Arithmetic) -> Any | None:
    if block is None or not _exceeds(norm, radius):
        return None
    root = on.sqrt(on.number(Fraction(classes - 1)))
    frame = [
        [on.number(Fraction(int(k == m)) - Fraction(1, classes)) / root for m in range(classes)] for k in range(classes)
    ]
    difference = [
        [v / norm - e for v, e in zip(row, other, strict=True)] for row, other in zip(block, frame, strict=True)
    ]
    return bounds.etf_bound(_norm_above(difference, on), norm, radius)
