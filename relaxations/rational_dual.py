"""A feasible dual point in exact rationals, near any predictions, its value and its residual in balls."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq

from relaxations.balls import BALLS
from relaxations.check import largest_scale, read_problem
from theory.labels import FloatArray
from theory.model import UFM

#: Bits of the dyadic numbers that predictions are rounded to.
BITS = 100

Rationals = list[list[fmpq]]


@dataclass(frozen=True)
class RationalDual:
    """A feasible dual point: ``rational`` (R, C) exactly, ``residual`` U' (R, C) and ``value`` D(q) in balls."""

    rational: Rationals
    residual: arb_mat
    value: arb

    @property
    def q(self) -> list[list[Fraction]]:
        """``(R, C)``: the predictions as fractions."""
        return [[Fraction(int(x.p), int(x.q)) for x in row] for row in self.rational]


def _fmpq(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def feasible_dual(problem: UFM, q: FloatArray) -> RationalDual:
    """A feasible dual point near ``q``, its feasibility proved; at the precision of the moment, which must be ample.

    Columns rounded to multiples of 2^-BITS that sum to 1 (simplex losses), shifted so that r = 0 (free bias), mixed
    with the mean target where that leaves the simplex, then shrunk towards the targets until ‖U'‖_op <= √λ_H is proved.
    """
    design, simplex = problem.design, problem.loss_function.on_simplex
    exact: Rationals = [[fmpq(0)] * design.cells for _ in range(design.rows)]
    for t, rows in design.blocks():
        cells = np.flatnonzero(design.labelled[t]).tolist()
        columns = {j: _on_simplex(q[rows, j]) if simplex else _exactly(q[rows, j]) for j in cells}
        if problem.free_bias:
            columns = _balanced(problem, t, columns)
        for j, column in columns.items():
            for k, value in enumerate(column, rows.start):
                exact[k][j] = value
    target, roots, weights = target_table(problem), count_roots(problem), _weights(problem)
    table = []
    for t, rows in design.blocks():
        unit = 1 / BALLS.number(problem.lambda_w[t]).sqrt()
        scale = [arb(w) * unit / root for w, root in zip(weights[t], roots, strict=True)]
        for k in range(rows.start, rows.stop):
            table.append([a * arb(y - p) for a, y, p in zip(scale, target[k], exact[k], strict=True)])
    residual = arb_mat(table)
    heads = arb_mat(design.rows, design.rows)
    for t, rows in design.blocks():
        for k in range(rows.start, rows.stop):
            heads[k, k] = BALLS.number(problem.lambda_w[t]).sqrt()
    whole = heads * residual
    # V Vᵀ ⪯ λ_H Λ, as the checker has it
    s = largest_scale(read_problem(problem.to_dict()), whole * whole.transpose())
    if s != 1:
        exact = [[y + s * (p - y) for y, p in zip(*row, strict=True)] for row in zip(target, exact, strict=True)]
        residual = residual * arb(s)
    return RationalDual(exact, residual, dual_value(problem, exact))


def _exactly(column: FloatArray) -> list[fmpq]:
    """Float64 numbers as the rationals that they are."""
    return [fmpq(*x.as_integer_ratio()) for x in column.tolist()]


def _on_simplex(column: FloatArray) -> list[fmpq]:
    """Non-negative multiples of 2^-BITS in proportion to the column, of sum exactly 1."""
    positive = np.maximum(column, 0.0)
    total = float(positive.sum())
    positive = positive / total if total > 0 else np.full(len(column), 1.0 / len(column))
    units = [int(math.ldexp(x, BITS)) for x in positive.tolist()]
    units[int(positive.argmax())] += 2**BITS - sum(units)
    return [fmpq(n, 2**BITS) for n in units]


def _balanced(problem: UFM, t: int, columns: dict[int, list[fmpq]]) -> dict[int, list[fmpq]]:
    """The columns of a task shifted so that r = Σ ω (y − q) is 0, exactly; mixed with ȳ where an entry is negative."""
    design = problem.design
    k, total = design.classes[t], design.task_masses[t]
    masses = {j: int(design.masses[t, j]) for j in columns}
    tables = [[_fmpq(y) for y in target] for target in design.targets[t]]
    labels = {j: int(design.labels[t, j]) for j in columns}
    mean = [sum((m * tables[labels[j]][c] for j, m in masses.items()), fmpq(0)) / total for c in range(k)]
    shift = [y - sum((m * columns[j][c] for j, m in masses.items()), fmpq(0)) / total for c, y in enumerate(mean)]
    moved = {j: [p + d for p, d in zip(column, shift, strict=True)] for j, column in columns.items()}
    if not problem.loss_function.on_simplex:
        return moved
    mix = max(
        (-p / (y - p) for column in moved.values() for p, y in zip(column, mean, strict=True) if p < 0),
        default=fmpq(0),
    )
    if mix:
        mix = min(fmpq((mix * 2**BITS).ceil(), 2**BITS), fmpq(1))
    return {j: [(1 - mix) * p + mix * y for p, y in zip(column, mean, strict=True)] for j, column in moved.items()}


def target_table(problem: UFM) -> Rationals:
    """``(R, C)`` targets, 0 where no label is."""
    design = problem.design
    out: Rationals = [[fmpq(0)] * design.cells for _ in range(design.rows)]
    for t, rows in design.blocks():
        table = [[_fmpq(y) for y in target] for target in design.targets[t]]
        for j in np.flatnonzero(design.labelled[t]).tolist():
            for k, y in enumerate(table[int(design.labels[t, j])], rows.start):
                out[k][j] = y
    return out


def _weights(problem: UFM) -> Rationals:
    """``(T, C)``: ω_{t,j}."""
    shares = [_fmpq(alpha / total) for alpha, total in zip(problem.alpha, problem.design.task_masses, strict=True)]
    return [[share * m for m in row] for share, row in zip(shares, problem.design.masses.tolist(), strict=True)]


def count_roots(problem: UFM) -> list[Any]:
    """``(C,)``: √n_j in balls."""
    roots = {n: arb(n).sqrt() for n in set(problem.design.counts.tolist())}
    return [roots[n] for n in problem.design.counts.tolist()]


def dual_value(problem: UFM, q: Rationals) -> Any:
    """D(q) in balls; under a free bias r is 0, which the caller has made so."""
    design, conjugate = problem.design, CONJUGATES[problem.loss]
    total = arb(0)
    for t, rows in design.blocks():
        targets = [[_fmpq(y) for y in row] for row in design.targets[t]]
        table = [conjugate([arb(y) for y in row]) for row in targets]
        loss, r = arb(0), [fmpq(0)] * design.classes[t]
        for j in np.flatnonzero(design.labelled[t]).tolist():
            column, mass = [q[k][j] for k in range(rows.start, rows.stop)], int(design.masses[t, j])
            label = int(design.labels[t, j])
            loss += (table[label] - conjugate([arb(p) for p in column])) * mass
            if problem.lambda_b is not None and problem.lambda_b[t]:
                r = [x + mass * (y - p) for x, y, p in zip(r, targets[label], column, strict=True)]
        share = problem.alpha[t] / design.task_masses[t]
        total += loss * BALLS.number(share)
        if problem.lambda_b is not None and problem.lambda_b[t]:
            square = arb(sum((x * x for x in r), fmpq(0)))
            total -= square * BALLS.number(share**2 / (2 * problem.lambda_b[t]))
    return total


def _negative_entropy(q: Sequence[Any]) -> Any:
    return sum((x * x.log() for x in q if not x.is_zero()), arb(0))


def _half_square(q: Sequence[Any]) -> Any:
    return sum((x * x for x in q), arb(0)) / 2


#: Φ* in balls at exact points of its domain.
CONJUGATES: dict[str, Callable[[Sequence[Any]], Any]] = {
    "ce": _negative_entropy,
    "mse": _half_square,
    "sparsemax": _half_square,
}
