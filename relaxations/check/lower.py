"""The lower bound: the value of a dual point that the file's predictions define, proved feasible.

D(q) = Σ_{t,j} ω_{t,j} [Φ*(y_{t,j}) − Φ*(q_{t,j})] − Σ_t ‖r_t‖²/(2 λ_{b,t}),
r_t = Σ_j ω_{t,j}(y_{t,j} − q_{t,j}),   r_t = 0 under a free bias,
V Vᵀ ⪯ λ_H diag(λ_{W,t} I),   V_{t,j} = ω_{t,j}(y_{t,j} − q_{t,j})/√n_j
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import arb, arb_mat, fmpq

from .definite import positive_definite
from .losses import ZERO
from .problem import Problem, Task
from .reading import Block
from .upper import CHUNK, target_balls


class TaskDual:
    """The dual point q̂ of one task that floats q define, exactly, and its balls.

    1. Simplex losses: p_j = max(q_j, 0)/Σ max(q_j, 0), or the target where nothing is positive; else p_j = q_j.
    2. Free bias: p_j + ȳ − p̄ with p̄ = Σ_j m_j p_j/N, so that r = 0 and, p summing to 1, the sum stays 1:
       identities between rationals.  Where an entry might be negative (simplex losses): the mixture
       (1 − τ)(p_j + ȳ − p̄) + τ ȳ, whose r is 0 as well, with the least τ of a ladder that is proved to do.
    Where the task does not weigh in on a cell, q is not read.
    """

    def __init__(self, problem: Problem, task: Task, q: Block) -> None:
        self.task, self.q, self.loss = task, q, problem.loss
        self.targets = target_balls(problem, task)
        self.mean = [arb(y) for y in task.mean_target()]
        self.shift: list[arb] | None = None
        self.mix = fmpq(0)
        #: ȳ − p̄ = r/α
        self.imbalance: list[arb] = []
        if task.lambda_b is not None:
            weighted = ([x * task.masses[j] for x in self.prediction(j)] for j in task.cells)
            total = [sum(column, ZERO) for column in zip(*weighted, strict=True)]
            self.imbalance = [y - p / task.total for y, p in zip(self.mean, total, strict=True)]
            if task.lambda_b == 0:
                self.shift = self.imbalance
                if self.loss.simplex:
                    self.mix = self._mixture()

    def target(self, j: int) -> tuple[list[arb], arb]:
        """Balls of y_j, and Φ*(y_j)."""
        return self.targets[self.task.labels[j]]

    def prediction(self, j: int) -> list[arb]:
        """Balls of q̂_j."""
        p = [arb(x) for x in self.q.column(j, self.task.rows)]
        if self.loss.simplex:
            p = [x if x > 0 else ZERO for x in p]
            total = sum(p, ZERO)
            p = [x / total for x in p] if total > 0 else self.target(j)[0]
        if self.shift is not None:
            p = [x + c for x, c in zip(p, self.shift, strict=True)]
        if self.mix > 0:
            p = [(1 - arb(self.mix)) * x + arb(self.mix) * y for x, y in zip(p, self.mean, strict=True)]
        return p

    def _mixture(self) -> fmpq:
        """The least τ of 0, 2^-100, ..., 1/2, 1 for which no entry is negative; at 1 q̂ is the mean target."""
        lows = ([x.lower() for x in self.prediction(j)] for j in self.task.cells)
        least = [min(column) for column in zip(*lows, strict=True)]
        for tau in [fmpq(0), *(fmpq(1, 2**k) for k in range(100, 0, -1))]:
            if all((1 - arb(tau)) * a + arb(tau) * y >= 0 for a, y in zip(least, self.mean, strict=True)):
                return tau
        return fmpq(1)

    def residual(self, j: int) -> list[arb]:
        """ω_j(y_j − q̂_j)."""
        omega = arb(self.task.alpha * self.task.masses[j] / self.task.total)
        return [omega * (y - q) for y, q in zip(self.target(j)[0], self.prediction(j), strict=True)]

    def value(self, s: fmpq) -> arb:
        """The task's share of D(y + s(q̂ − y)): r scales by s."""
        total, keep, shrink = ZERO, arb(1 - s), arb(s)
        for j in self.task.cells:
            y, conjugate = self.target(j)
            q = self.prediction(j)
            if s != 1:
                q = [keep * a + shrink * b for a, b in zip(y, q, strict=True)]
            total += (conjugate - self.loss.conjugate(q)) * self.task.masses[j]
        total *= arb(self.task.alpha / self.task.total)
        if self.task.lambda_b:
            square = sum((x * x for x in self.imbalance), ZERO)
            total -= square * arb((s * self.task.alpha) ** 2 / (2 * self.task.lambda_b))
        return total


def gram(problem: Problem, duals: Sequence[TaskDual]) -> arb_mat:
    """V Vᵀ = Σ_j g_j g_jᵀ/n_j, g_j the stacked residuals of cell j: no root is needed; R × R."""
    out = arb_mat(problem.rows, problem.rows)
    for start in range(0, problem.cells, CHUNK):
        counts = problem.counts[start : start + CHUNK]
        residuals = [[ZERO] * problem.rows for _ in counts]
        for dual in duals:
            for j, g in enumerate(residuals, start):
                if dual.task.masses[j]:
                    g[dual.task.rows] = dual.residual(j)
        shares = [g if n == 1 else [x / n for x in g] for g, n in zip(residuals, counts, strict=True)]
        out += arb_mat(residuals).transpose() * arb_mat(shares)
    return out


def largest_scale(problem: Problem, gram: arb_mat) -> fmpq:
    """A large s in [0, 1] for which s² V Vᵀ ⪯ λ_H diag(λ_{W,t} I) is proved; s = 0 always is.

    Bisection on the ladder 1, 1 − 2^-60, ..., 1/2, ..., 2^-60, 0, then between two rungs.
    """
    limit = arb_mat(problem.rows, problem.rows)
    for task in problem.tasks:
        for i in range(task.rows.start, task.rows.stop):
            limit[i, i] = arb(problem.lambda_h * task.lambda_w)

    def feasible(s: fmpq) -> bool:
        return s == 0 or positive_definite(limit - gram * arb(s * s))

    rungs = [fmpq(1), *(1 - fmpq(1, 2**k) for k in range(60, 0, -1)), *(fmpq(1, 2**k) for k in range(2, 61)), fmpq(0)]
    if feasible(rungs[0]):
        return rungs[0]
    bad, good = 0, len(rungs) - 1
    while good - bad > 1:
        middle = (bad + good) // 2
        bad, good = (bad, middle) if feasible(rungs[middle]) else (middle, good)
    too_large, s = rungs[bad], rungs[good]
    for _ in range(8):
        middle_rung = (too_large + s) / 2
        too_large, s = (too_large, middle_rung) if feasible(middle_rung) else (middle_rung, s)
    return s
