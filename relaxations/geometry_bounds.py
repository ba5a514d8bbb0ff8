r"""Certified geometry: what a certificate proves of *every* global optimum, not of the point that it holds.

At a global optimum f = f* <= upper, so its gap to a feasible dual point q is at most ε = upper − D(q), and the
constants of the claim ``stability`` (:mod:`theory.stability_bounds`) bound its predictions, margins and heads.  Here
they are evaluated rigorously: q becomes a matrix of exact rationals, its feasibility is proved by the checker's own
routine, D(q) and all that follows is computed in balls, and what comes out is rounded up to float64.

The sum rule compares H̃ with W'ᵀB̃, B̃_{t,j} = β_t √n_j y_{t,j}/√λ_{W,t}.  With P centring within tasks, three bounds of
the claim, ‖H̃ − W'ᵀU'/λ_H‖ <= 2√(2ε/λ_H), ‖W'‖ <= w = √(2 upper) and ‖W' − U'H̃ᵀ‖ <= √(2ε), with
‖H̃‖ <= √(2 upper/λ_H), make for every number c

    ‖(I − P)W'‖     <= e = √(2ε) + √(2 upper/λ_H) ‖(I − P)U'‖
    ‖H̃ − c W'ᵀB̃‖    <= 2√(2ε/λ_H) + w ‖U'/λ_H − c PB̃‖ + |c| e ‖(I − P)B̃‖
    √λ_H ‖H̃‖        >= ‖W'‖ − √(2ε);

the deviation is the sine of the angle between H̃ and W'ᵀB̃, at most the second over ‖H̃‖.  ((I − P)U' = 0 for
cross-entropy, and for squared error under a free bias nearly so.)

Tasks that share cells without one being labelled wherever the other is (partial annotation) are bounded through their
common cells (:mod:`theory.optimum_geometry`).

``None`` stands where nothing non-trivial follows: heads that are zero, tasks that share no cell (multi source), a loss
that does not determine its logits, too large a gap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from operator import mul
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from relaxations.balls import BALLS
from relaxations.check import endpoint, float_up, largest_scale, read_problem
from theory import optimum_geometry
from theory import stability_bounds as stability
from theory.labels import FloatArray
from theory.model import UFM

#: Bits of the dyadic numbers that predictions are rounded to, and of the balls.
BITS, PRECISION = 100, 192
#: Entries (R · C) beyond which the bounds are left out: seconds of ball arithmetic.
MAX_ENTRIES = 400_000

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


@dataclass(frozen=True)
class OptimumBounds:
    """Bounds for every global optimum (attained in any dimension), as float64 rounded up; ``None`` where there is none.

    gap : ε, the distance of the certificate's two ends at the rational dual point.
    etf : one a task, of :func:`theory.geometry.etf_deviation`.
    orthogonality : of :func:`theory.geometry.largest_overlap` over pairs of tasks that share a cell.
    cosine : of the largest |cosine| between rows of two heads, over the same pairs.
    sum_rule : of :func:`theory.geometry.sum_rule_deviation`.
    prediction : one a task, total variation between its predictions and the certificate's q, in any cell.
    margin : one a task, of |(z_k − z_l) − (log q_k − log q_l)| in any cell (cross-entropy).
    """

    gap: float | None
    etf: tuple[float | None, ...]
    orthogonality: float | None
    cosine: float | None
    sum_rule: float | None
    prediction: tuple[float | None, ...]
    margin: tuple[float | None, ...]

    def to_dict(self) -> dict[str, Any]:
        """The bounds as plain data, named ``..._bound``."""
        return {
            "etf_bound": list(self.etf),
            "orthogonality_bound": self.orthogonality,
            "cosine_bound": self.cosine,
            "sum_rule_bound": self.sum_rule,
            "prediction_bound": list(self.prediction),
            "margin_bound": list(self.margin),
        }

    @classmethod
    def none(cls, tasks: int) -> OptimumBounds:
        """No bound at all."""
        return cls(None, (None,) * tasks, None, None, None, (None,) * tasks, (None,) * tasks)


def optimum_bounds(
    problem: UFM, q: FloatArray, upper: str | Fraction | None, max_entries: int = MAX_ENTRIES
) -> OptimumBounds:
    """Bounds for every point of ``problem`` with f <= ``upper``, hence every global optimum.

    ``q`` (R, C) are any predictions, in float64: they need not be feasible.  ``upper`` is a proven upper bound of the
    minimum (a verdict's text).  Everything is ``None`` if there is no such bound or the problem is large.
    """
    design = problem.design
    if upper is None or design.rows * design.cells > max_entries:
        return OptimumBounds.none(design.tasks)
    precision = ctx.prec
    ctx.prec = PRECISION
    try:
        dual = feasible_dual(problem, q)
        top = BALLS.number(Fraction(upper))
        gap = arb((top - dual.value).upper())
        if not gap.is_finite():
            return OptimumBounds.none(design.tasks)
        # below 0 it can only be rounding of a width of 0
        return _evaluate(problem, dual, gap if gap > 0 else arb(0), top)
    finally:
        ctx.prec = precision


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
    target, roots, weights = _targets(problem), _roots(problem), _weights(problem)
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


def _targets(problem: UFM) -> Rationals:
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


def _roots(problem: UFM) -> list[Any]:
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


# --------------------------------------------------------------------------- from the constants to the measures


def product_in_balls(a: optimum_geometry.Matrix, b: optimum_geometry.Matrix) -> optimum_geometry.Matrix:
    """A B by python-flint."""
    return [list(row) for row in (arb_mat(a) * arb_mat(b)).tolist()]


def _evaluate(problem: UFM, dual: RationalDual, gap: Any, upper: Any) -> OptimumBounds:
    design = problem.design
    found = optimum_geometry.geometry_bounds(problem, dual.rational, gap, upper, BALLS, product_in_balls, arb)
    pairs = [(s, t) for s, t in combinations(range(design.tasks), 2) if (design.labelled[s] & design.labelled[t]).any()]
    alive = [bound is not None for bound in found.etf_bound]
    shared = [(s, t) for s, t in pairs if alive[s] and alive[t]]
    # a head that may be zero is in no measured pair, or in all of them: then there is no bound for the largest
    whole = bool(shared) and shared == pairs
    return OptimumBounds(
        gap=_up(gap),
        etf=tuple(_below(bound, 2.0) for bound in found.etf_bound),
        orthogonality=_largest([found.overlap_bound[s][t] for s, t in pairs]) if whole else None,
        cosine=_largest([_cosine(found, s, t) for s, t in pairs]) if whole else None,
        sum_rule=_sum_rule(problem, found, dual, gap, upper) if all(alive) else None,
        prediction=tuple(_below(bound, 1.0) for bound in found.total_variation),
        margin=tuple(_up(bound) for bound in found.margins),
    )


def _cosine(found: optimum_geometry.GeometryBounds, s: int, t: int) -> Any | None:
    """The largest |cos(w_{s,k}, w_{t,l})|."""
    pair, first, second = found.block(s, t), found.gram[s][s], found.gram[t][t]
    if pair is None or first is None or second is None:
        return None
    own = (found.radius[s][s], found.radius[t][t])
    largest = arb(0)
    for k, row in enumerate(pair[0]):
        for m, value in enumerate(row):
            a, b = first[k][k], second[m][m]
            if not (a > own[0] and b > own[1]):
                return None
            inner = arb(abs(value).upper())
            off = stability.cosine_radius(inner, a, b, pair[1], own, BALLS)
            bound = arb((inner / (a * b).sqrt() + off).upper())
            largest = bound if bound > largest else largest
    return largest


def _sum_rule(
    problem: UFM, found: optimum_geometry.GeometryBounds, dual: RationalDual, gap: Any, upper: Any
) -> float | None:
    """The module's bound; ``None`` unless ‖W'‖ is proved to exceed √(2ε)."""
    design = problem.design
    lambda_h, duality = BALLS.number(problem.lambda_h), stability.duality_radius(gap, BALLS)
    squares = arb(0)
    for t, k in enumerate(design.classes):
        block, radius = found.gram[t][t], found.radius[t][t]
        if block is None or radius is None:
            return None
        # |tr E| <= √K ‖E‖
        squares += sum((block[i][i] for i in range(k)), arb(0)) - radius * arb(k).sqrt()
    if not squares > 0:
        return None
    height = squares.sqrt() - duality
    rule, mean = _rule(problem)
    square = _inner(rule, rule)
    if not (height > 0 and square > 0):
        return None
    c = (_inner(dual.residual, rule) / (square * lambda_h)).mid()
    head = stability.head_norm(upper, BALLS)
    off = duality + head / lambda_h.sqrt() * _norm(_uncentred(problem, dual.residual))
    distance = stability.feature_radius(gap, lambda_h, BALLS) + head * _norm(dual.residual * (1 / lambda_h) - rule * c)
    distance += abs(c) * off * _norm(mean)
    return _below(distance * lambda_h.sqrt() / height, 1.0)


def _rule(problem: UFM) -> tuple[arb_mat, arb_mat]:
    """P B̃ and (I − P) B̃ in balls, ``(R, C)`` each."""
    design, roots, target = problem.design, _roots(problem), _targets(problem)
    rule = []
    for t, rows in design.blocks():
        k = design.classes[t]
        # β_t/√λ_W = √(K/(λ_H N_t))
        beta = BALLS.number(Fraction(k) / (problem.lambda_h * design.task_masses[t])).sqrt()
        heights = [beta * n for n in roots]
        for i in range(rows.start, rows.stop):
            rule.append([h * arb(y) for h, y in zip(heights, target[i], strict=True)])
    whole = arb_mat(rule)
    mean = _uncentred(problem, whole)
    return whole - mean, mean


def _uncentred(problem: UFM, matrix: arb_mat) -> arb_mat:
    """(I − P) of a matrix (R, C): the means of its columns within tasks."""
    out, table = [], matrix.tolist()
    for t, rows in problem.design.blocks():
        mean = [sum(column[1:], column[0]) / problem.design.classes[t] for column in zip(*table[rows], strict=True)]
        out += [mean] * problem.design.classes[t]
    return arb_mat(out)


def _inner(a: arb_mat, b: arb_mat) -> Any:
    """⟨A, B⟩."""
    return sum(map(mul, a.entries(), b.entries()), arb(0))


def _norm(matrix: arb_mat) -> Any:
    """A number at least ‖A‖, in the Frobenius norm, and hardly larger."""
    return arb((_inner(matrix, matrix) + arb(2) ** -300).upper()).sqrt()


def _largest(bounds: Sequence[Any | None]) -> float | None:
    """The largest of bounds of something that never exceeds 1."""
    values = [_below(bound, 1.0) for bound in bounds]
    known = [value for value in values if value is not None]
    return max(known) if known and len(known) == len(values) else None


def _up(value: Any | None) -> float | None:
    """A float64 above a ball."""
    number = None if value is None else endpoint(arb(value.upper()))
    if number is None:
        return None
    above = float_up(number)
    return above if math.isfinite(above) else None


def _below(value: Any | None, trivial: float) -> float | None:
    """:func:`_up`, or ``None`` if that says no more than ``trivial``."""
    bound = _up(value)
    return bound if bound is not None and bound < trivial else None
