"""The upper bound: f at the point of the file, in balls.

f(W, H, b) = Σ_{t,j} ω_{t,j} ℓ(W_t h_j + b_t, y_{t,j})
             + Σ_t λ_{W,t}/2 ‖W_t‖² + λ_H/2 Σ_j n_j ‖h_j‖² + Σ_t λ_{b,t}/2 ‖b_t‖²
"""

from __future__ import annotations

from flint import arb, arb_mat

from .contents import Point
from .losses import ZERO
from .problem import Problem, Task

CHUNK = 256  # cells held as balls at one time


def target_balls(problem: Problem, task: Task) -> list[tuple[list[arb], arb]]:
    """For every row y of the task's table: balls of y, and Φ*(y)."""
    tables = [[arb(y) for y in row] for row in task.targets]
    return [(y, problem.loss.conjugate(y)) for y in tables]


def upper_bound(point: Point) -> arb:
    """f(W, H, b), every sample of a cell at the feature of its cell."""
    problem, W, H, b = point.problem, point.W, point.H, point.b
    targets = [target_balls(problem, task) for task in problem.tasks]
    heads = arb_mat(W.rows, W.columns, W.data.tolist())
    bias = [ZERO] * W.rows if b is None else [arb(x) for x in b.data]
    total = ZERO
    for start in range(0, problem.cells, CHUNK):
        counts = problem.counts[start : start + CHUNK]
        features = [H.row(i, start, start + len(counts)) for i in range(H.rows)]
        logits = (heads * arb_mat(H.rows, len(counts), [x for row in features for x in row])).transpose().tolist()
        for task, table in zip(problem.tasks, targets, strict=True):
            loss = ZERO
            for j, column in enumerate(logits, start):
                if mass := task.masses[j]:
                    z = [x + c for x, c in zip(column[task.rows], bias[task.rows], strict=True)]
                    y, conjugate = table[task.labels[j]]
                    inner = sum((a * x for a, x in zip(y, z, strict=True) if not a.is_zero()), ZERO)
                    loss += (problem.loss.phi(z) + conjugate - inner) * mass
            total += loss * arb(task.alpha / task.total)
        squares = sum((arb(x) ** 2 * n for row in features for x, n in zip(row, counts, strict=True) if x), ZERO)
        total += squares * arb(problem.lambda_h / 2)
    for task in problem.tasks:
        rows = range(task.rows.start, task.rows.stop)
        total += sum((arb(x) ** 2 for i in rows for x in W.row(i)), ZERO) * arb(task.lambda_w / 2)
        if task.lambda_b is not None:
            total += sum((x**2 for x in bias[task.rows]), ZERO) * arb(task.lambda_b / 2)
    return total
