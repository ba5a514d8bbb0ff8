"""Where f may fall from a point: directions proposed in floats.

Nothing here is trusted: ``refutation.py`` proves what a direction is worth by two values of f.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass

from flint import arb, arb_mat

from .contents import Direction, Point
from .losses import ZERO
from .reading import Block
from .upper import CHUNK


@dataclass(frozen=True)
class Proposal:
    """A direction, how it came about, and the step to try first."""

    kind: str
    direction: Direction
    first: float


def float_of(x: arb) -> float:
    """The midpoint of a ball as a float."""
    return float(x.mid())


def linearised(point: Point) -> tuple[Block, Block]:
    """(q, G) in floats, untrusted: q_j = ∇Φ(W h_j + b), and the residuals g_j = ω_j(y_j − q_j); R × C each."""
    problem, W, H, b = point.problem, point.W, point.H, point.b
    heads, C = arb_mat(W.rows, W.columns, W.data.tolist()), problem.cells
    targets = [[[int(y.p) / int(y.q) for y in row] for row in task.targets] for task in problem.tasks]
    weights = [float_of(arb(task.alpha / task.total)) for task in problem.tasks]
    q, g = array("d", bytes(8 * W.rows * C)), array("d", bytes(8 * W.rows * C))
    for start in range(0, C, CHUNK):
        stop = min(start + CHUNK, C)
        features = [x for i in range(H.rows) for x in H.row(i, start, stop)]
        logits = (heads * arb_mat(H.rows, stop - start, features)).transpose().tolist()
        for j, column in enumerate(logits, start):
            z = [float_of(x) + (0.0 if b is None else b.data[i]) for i, x in enumerate(column)]
            for task, table, weight in zip(problem.tasks, targets, weights, strict=True):
                if task.masses[j]:
                    p, y = problem.loss.predict(z[task.rows]), table[task.labels[j]]
                    own = slice(task.rows.start * C + j, (task.rows.stop - 1) * C + j + 1, C)
                    q[own] = array("d", p)
                    g[own] = array("d", [weight * task.masses[j] * (a - x) for a, x in zip(y, p, strict=True)])
    return Block(W.rows, C, q), Block(W.rows, C, g)


def descent_direction(point: Point, residuals: Block, value: float) -> Proposal:
    """−∇f: δW_t = Σ_j g_j h_jᵀ − λ_W W_t, δh = Wᵀg_j/n_j − λ_H h (one sample's), δb = Σ_j g_j − λ_b b."""
    problem, W, H, b = point.problem, point.W, point.H, point.b
    G, features = (arb_mat(m.rows, m.columns, m.data.tolist()) for m in (residuals, H))
    heads = arb_mat(W.rows, W.columns, W.data.tolist())
    to_heads, to_features = (G * features.transpose()).tolist(), (heads.transpose() * G).tolist()
    dW, dH, db = array("d"), array("d"), array("d")
    for task in problem.tasks:
        decay, decay_b = float_of(arb(task.lambda_w)), float_of(arb(task.lambda_b or 0))
        for i in range(task.rows.start, task.rows.stop):
            dW.extend(float_of(x) - decay * w for x, w in zip(to_heads[i], W.row(i), strict=True))
            db.append(math.fsum(residuals.row(i)) - (0.0 if b is None else decay_b * b.data[i]))
    decay, counts = float_of(arb(problem.lambda_h)), problem.counts
    for i, row in enumerate(to_features):
        dH.extend(float_of(x) / n - decay * h for x, n, h in zip(row, counts, H.row(i), strict=True))
    biased = problem.tasks[0].lambda_b is not None
    square = math.fsum(x * x for x in dW) + math.fsum(x * x * n for x, n in zip(dH, counts * H.rows, strict=True))
    square += math.fsum(x * x for x in db) if biased else 0.0
    first = 4 * value / square if square > 0 else 0.0  # f >= 0 cannot fall by more than itself
    bias = Block(W.rows, 1, db) if biased else None
    down = Direction(Block(W.rows, W.columns, dW), Block(H.rows, H.columns, dH), bias)
    return Proposal("negative gradient", down, first)


def curvature_direction(point: Point, residuals: Block, value: float) -> Proposal | None:
    """Where ‖U'‖ = σ > √λ_H: δW_t = λ_H^¼ u_t rᵀ/√λ_{W,t}, δh_j = λ_H^-¼ r v_j/√n_j, r ⟂ (W, H), (u, v) the top pair.

    At a critical point a step ε changes f by −ε²(σ − √λ_H)(1 + o(1)) (Haeffele and Vidal 2015; Zhu et al. 2021).
    r is a coordinate that the point does not use yet, or a null vector of WᵀW + HHᵀ; ``None`` where there is none.
    """
    problem, W, H = point.problem, point.W, point.H
    R, C, d = W.rows, problem.cells, W.columns
    roots = [math.sqrt(float_of(arb(task.lambda_w))) for task in problem.tasks for _ in range(*task.rows.indices(R))]
    scales = [math.sqrt(n) for n in problem.counts]
    U = arb_mat(R, C, [residuals.data[i * C + j] / (roots[i] * scales[j]) for i in range(R) for j in range(C)])
    square, u = (U * U.transpose()).mid(), arb_mat(R, 1, [1 + i / (R + 1) for i in range(R)])
    for _ in range(100):
        u = (square * u).mid()
        size = math.sqrt(sum(float_of(x) ** 2 for x in u.entries()))
        if not 0 < size < math.inf:
            return None
        u = (u * arb(1 / size)).mid()
    v = [float_of(x) for x in (u.transpose() * U).entries()]
    sigma, limit = math.sqrt(math.fsum(x * x for x in v)), math.sqrt(float_of(arb(problem.lambda_h)))
    if sigma <= limit:
        return None
    r = [0.0] * d + [1.0] if d < problem.dimension else unused_direction(W, H)
    if r is None:
        return None
    quarter = math.sqrt(limit)
    dW = array("d", [quarter * float_of(x) / roots[i] * c for i, x in enumerate(u.entries()) for c in r])
    dH = array("d", [c * x / (sigma * quarter * scales[j]) for c in r for j, x in enumerate(v)])
    first = 2 * math.sqrt(value / (sigma - limit))
    return Proposal("negative curvature", Direction(Block(R, len(r), dW), Block(len(r), C, dH), None), first)


def unused_direction(W: Block, H: Block) -> list[float] | None:
    """A unit vector nearly orthogonal to the rows of W and the columns of H, by inverse iteration; ``None`` without."""
    d = W.columns
    heads, features = (arb_mat(m.rows, m.columns, m.data.tolist()) for m in (W, H))
    used = (heads.transpose() * heads + features * features.transpose()).mid()
    size = sum((used[i, i] for i in range(d)), ZERO)
    shift = size * 2.0**-60 + 2.0**-1000
    shifted = used + arb_mat([[shift if i == k else ZERO for k in range(d)] for i in range(d)])
    r = arb_mat(d, 1, [1 + i / (d + 1) for i in range(d)])
    for _ in range(4):
        try:
            r = shifted.solve(r).mid()
        except ZeroDivisionError:
            return None
        r = (r * (1 / (r.transpose() * r)[0, 0].sqrt())).mid()
    return [float_of(x) for x in r.entries()] if (r.transpose() * used * r)[0, 0] <= size * 2.0**-40 else None
