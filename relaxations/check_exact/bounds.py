"""The two bounds: f at the point from above, the value of a feasible dual point from below."""

from __future__ import annotations

import math
from fractions import Fraction

from .losses import Vector
from .problem import Problem, Task
from .reading import Matrix, need
from .series import ONE, ZERO

MAX_MINOR = 60_000  # R times the bits of an entry of the matrix inequality
GRID = 96  # bits of a probability


def value_bounds(problem: Problem, W: Matrix, H: Matrix, b: Vector) -> tuple[Fraction, Fraction]:
    """Rationals on both sides of f(W, H, b)."""
    low, high = ZERO, ZERO
    for j, n in enumerate(problem.counts):
        h = [row[j] for row in H]
        z = [sum((x * y for x, y in zip(w, h, strict=True)), c) for w, c in zip(W, b, strict=True)]
        for task in problem.tasks:
            if task.omega[j]:
                own, y = z[task.rows], task.y[j]
                inner = sum((a * x for a, x in zip(y, own, strict=True)), ZERO)
                phi, conjugate = problem.phi(own), problem.conjugate(y)
                low += task.omega[j] * (phi[0] + conjugate[0] - inner)
                high += task.omega[j] * (phi[1] + conjugate[1] - inner)
        square = problem.lambda_h / 2 * n * sum((x * x for x in h), ZERO)
        low, high = low + square, high + square
    for task in problem.tasks:
        square = task.lambda_w / 2 * sum((x * x for row in W[task.rows] for x in row), ZERO)
        square += (task.lambda_b or ZERO) / 2 * sum((x * x for x in b[task.rows]), ZERO)
        low, high = low + square, high + square
    return low, high


def upper_bound(problem: Problem, W: Matrix, H: Matrix, b: Vector) -> Fraction:
    """A rational at least f(W, H, b)."""
    return value_bounds(problem, W, H, b)[1]


def on_grid(q: Vector) -> Vector:
    """Rounded down to multiples of 2^-GRID."""
    return [Fraction(math.floor(x * (1 << GRID)), 1 << GRID) for x in q]


def feasible_predictions(problem: Problem, task: Task, q: Matrix) -> list[Vector]:
    """Points of dom Φ*, one a cell, near the columns of q; their r is 0 under a free bias."""
    out = []
    for y, column in zip(task.y, zip(*q[task.rows], strict=True), strict=True):
        p = list(column)
        if problem.simplex:
            positive = [max(x, ZERO) for x in p]
            p = on_grid([x / sum(positive) for x in positive]) if any(positive) else list(y)
            p[p.index(max(p))] += 1 - sum(p)
        else:
            p = on_grid(p)
        out.append(p)
    if task.lambda_b == 0:
        shift = [a - x for a, x in zip(task.mean, task.average(out), strict=True)]
        out = [[x + c for x, c in zip(p, shift, strict=True)] for p in out]
        if problem.simplex:
            used = [p for p, w in zip(out, task.omega, strict=True) if w]
            # (1 − τ)p + τȳ ≥ 0 ⟺ τ ≥ −p/(ȳ − p); rounded up to a short number
            tau = max((-x / (y - x) for p in used for x, y in zip(p, task.mean, strict=True) if x < 0), default=ZERO)
            tau = min(ONE, Fraction(math.ceil(tau * (1 << GRID)), 1 << GRID))
            out = [[(1 - tau) * x + tau * y for x, y in zip(p, task.mean, strict=True)] for p in out]
    return out


def semidefinite(matrix: Matrix) -> bool:
    """Is a symmetric rational matrix positive semidefinite?  LDLᵀ by fraction-free elimination (Bareiss 1968).

    A zero pivot is admissible only if its row is zero; every entry met is a minor, so that divisions are exact.
    """
    common = math.lcm(*(x.denominator for row in matrix for x in row))
    a = [[int(x * common) for x in row] for row in matrix]
    size = len(a) * max(abs(x).bit_length() for row in a for x in row)
    need(size <= MAX_MINOR, "the matrix inequality has numbers too long for exact elimination; use relaxations.check")
    previous, rest = 1, list(range(len(a)))
    while rest:
        k, *rest = rest
        if a[k][k] < 0 or (a[k][k] == 0 and any(a[k][j] for j in rest)):
            return False
        if a[k][k]:
            for n, i in enumerate(rest):
                for j in rest[n:]:
                    a[i][j] = a[j][i] = (a[k][k] * a[i][j] - a[i][k] * a[k][j]) // previous
            previous = a[k][k]
    return True


def lower_bound(problem: Problem, q: Matrix) -> tuple[Fraction, Fraction]:
    """(a rational at most the minimum, the scale s of the residual)."""
    R = problem.rows
    predictions = [feasible_predictions(problem, task, q) for task in problem.tasks]
    gram = [[ZERO] * R for _ in range(R)]
    for j, n in enumerate(problem.counts):
        g: Vector = []
        for task, points in zip(problem.tasks, predictions, strict=True):
            g += [task.omega[j] * (y - x) for y, x in zip(task.y[j], points[j], strict=True)]
        for i in range(R):
            if g[i]:
                share = g[i] / n
                for k in range(i + 1):
                    gram[i][k] += share * g[k]
    for i in range(R):
        for k in range(i):
            gram[k][i] = gram[i][k]
    limits = [problem.lambda_h * task.lambda_w for task in problem.tasks for _ in task.y[0]]

    def feasible(s: Fraction) -> bool:
        return semidefinite([[(limits[i] if i == k else 0) - s * s * gram[i][k] for k in range(R)] for i in range(R)])

    rungs = [
        ONE,
        *(1 - Fraction(1, 2**k) for k in range(70, 0, -3)),
        *(Fraction(1, 2**k) for k in range(2, 64, 4)),
        ZERO,
    ]
    good, bad = (0, 0) if feasible(ONE) else (len(rungs) - 1, 0)
    while good - bad > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if feasible(rungs[middle]) else (good, middle)
    s, beyond = rungs[good], rungs[bad]
    for _ in range(7 if s < 1 else 0):
        middle_rung = (s + beyond) / 2
        s, beyond = (middle_rung, beyond) if feasible(middle_rung) else (s, middle_rung)

    total = ZERO
    for task, points in zip(problem.tasks, predictions, strict=True):
        for weight, y, p in zip(task.omega, task.y, points, strict=True):
            if weight:
                mixed = [a + s * (x - a) for a, x in zip(y, p, strict=True)]
                total += weight * (problem.conjugate(y)[0] - problem.conjugate(mixed)[1])
        if task.lambda_b:
            imbalance = zip(task.mean, task.average(points), strict=True)
            r = [s * sum(task.omega, ZERO) * (y - x) for y, x in imbalance]
            total -= sum((x * x for x in r), ZERO) / (2 * task.lambda_b)
    return max(total, ZERO), s
