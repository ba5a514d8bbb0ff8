r"""Stability: what a gap ε = f − D(q) says of the geometry of *every* point with that gap, with constants (T14).

Needed of a certificate: the gap ε, the feasible dual point q behind it, and an upper bound of f.  Not the point: the
bounds hold for every (W, H, b) of every dimension with f(W, H, b) − D(q) <= ε.  With U' the scaled residual of q:

    predictions   TV(q_{t,j}, p_{t,j}) <= √(ε/(2ω_{t,j}))                                    (Pinsker)
    margins       every z_k − z_l within 2η of log q_k − log q_l, η = −log(1 − TV/q_min)
    logits        Σ_j λ_{W,t} n_j ‖z_{t,j} − z°_{t,j}‖² <= Δ_t² up to constants, z° = log q centred
    heads         ‖W'_sW'_tᵀ − G°_{st}‖ <= ρ_{st} = 2w√(2ε) + 2ε + √λ_H Δ_s,     G°_{st} = Z°_s U'_tᵀ,  w² = 2f
    features      Σ_i ‖h_i − h̄_{j(i)}‖² <= 2ε/λ_H,   ‖H̃ − W'ᵀU'/λ_H‖ <= 2√(2ε/λ_H)

(claim ``stability``), so ETF deviations, cross-task overlaps and cosines of the heads are those of G° up to a few ρ.
For squared error z° = q, Δ_t² = 2ε max_j λ_{W,t} n_j/ω_{t,j} and ρ_{st} = w√(2ε) + √λ_H Δ_s.  G°_{st} needs
the logits of task s wherever task t is labelled; where neither of two tasks has the other's cells, their angle is not
determined by the minimum (multi source), and there is no bound.

A loss whose predictions reach the boundary of the simplex (sparsemax) does not determine its logits: no bound on heads.

Every function takes an :class:`~theory.closed_forms.Arithmetic`: in balls the bounds are proved.  Only comparisons
that are certain count, so a bound that cannot be had is ``None``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from theory.closed_forms import FLOAT, Arithmetic
from theory.model import UFM

# --------------------------------------------------------------------------- scalars


def total_variation(gap: Any, weight: Any, on: Arithmetic = FLOAT) -> Any:
    """TV(q, p) = ½ Σ_k |q_k − p_k| of one cell of total weight ω: at most √(ε/(2ω))."""
    return on.sqrt(gap / (2 * weight))


def log_ratio(variation: Any, least: Any, on: Arithmetic = FLOAT) -> Any:
    """η: |log p_k − log q_k| <= −log(1 − TV/q_min) for every class, if TV < q_min = ``least``."""
    return -on.log(1 - variation / least)


def convexity(ratio: Any) -> Any:
    """c with KL(q ‖ p) >= c q_min ‖z − z°‖² where log-ratios are at most η = ``ratio``: ½ − η/3."""
    return (3 - 2 * ratio) / 6


def logit_square(gap: Any, scale: Any, least: Any, convex: Any) -> Any:
    """Δ² = ε max_j λ_W n_j/ω_j/(q_min c), cross-entropy; ``scale`` is max_j λ_W n_j/ω_j."""
    return gap * scale / (least * convex)


def logit_square_squared_error(gap: Any, scale: Any) -> Any:
    """Δ² = 2ε max_j λ_W n_j/ω_j, squared error."""
    return 2 * gap * scale


def duality_radius(gap: Any, on: Arithmetic = FLOAT) -> Any:
    """‖W' − U'H̃ᵀ‖ <= √(2ε)."""
    return on.sqrt(2 * gap)


def head_norm(upper: Any, on: Arithmetic = FLOAT) -> Any:
    """‖W'‖ <= √(2f)."""
    return on.sqrt(2 * upper)


def gram_radius(
    gap: Any, head: Any, logits: Any, lambda_h: Any, centred: bool, bias: Any = 0, on: Arithmetic = FLOAT
) -> Any:
    """ρ: distance of a block of W'W'ᵀ from G°, in the Frobenius norm.

    head : ‖W'‖;  logits : Δ_s;  centred : cross-entropy, whose residuals are centred within tasks;
    bias : what a decayed bias adds (:func:`bias_radius`), 0 without a bias and under a free one.
    """
    e = duality_radius(gap, on)
    own = head * e + (e * (head + e) if centred else 0)
    return own + on.sqrt(lambda_h) * logits + bias


def bias_radius(gap: Any, ratio: Any, pull: Any, on: Arithmetic = FLOAT) -> Any:
    """√(λ_{W,s}/λ_{b,s}) √(2ε) ‖r_t/√λ_{W,t}‖: ``ratio`` is λ_W/λ_b of task s, ``pull`` the last norm."""
    return on.sqrt(ratio) * duality_radius(gap, on) * pull


def overlap_bound(
    cross: Any, first: Any, second: Any, radius: Any, own: tuple[Any, Any], on: Arithmetic = FLOAT
) -> Any:
    """‖W_sW_tᵀ‖/√(‖W_sW_sᵀ‖‖W_tW_tᵀ‖) of norms of blocks of G°; ``own`` are the radii of the diagonal blocks."""
    return (cross + radius) / on.sqrt((first - own[0]) * (second - own[1]))


def etf_bound(deviation: Any, norm: Any, radius: Any) -> Any:
    """‖W Wᵀ/‖·‖ − ETF‖ <= deviation of G° + 2ρ/‖G°‖."""
    return deviation + 2 * radius / norm


def cosine_radius(
    inner: Any, first: Any, second: Any, radius: Any, own: tuple[Any, Any], on: Arithmetic = FLOAT
) -> Any:
    """How far cos(w_k, w_l) is from inner/√(first second); ``inner`` >= 0 its size, ``first``, ``second`` squares."""
    least = on.sqrt((first - own[0]) * (second - own[1]))
    return radius / least + inner * (1 / least - 1 / on.sqrt(first * second))


def within_cell_bound(gap: Any, lambda_h: Any) -> Any:
    """Σ_i ‖h_i − h̄_{j(i)}‖² <= 2ε/λ_H (NC1)."""
    return 2 * gap / lambda_h


def feature_radius(gap: Any, lambda_h: Any, on: Arithmetic = FLOAT) -> Any:
    """‖H̃ − W'ᵀU'/λ_H‖ <= 2√(2ε/λ_H): features are that sum of head rows."""
    return 2 * on.sqrt(2 * gap / lambda_h)


# --------------------------------------------------------------------------- a certificate's geometry


@dataclass(frozen=True)
class GeometryBounds:
    """Certified geometry of every point with the gap; ``None`` where there is no bound at this gap.

    total_variation, margins : one a task, the largest over its cells: TV and the deviation of a margin (CE).
    gram : ``[s][t]`` the block G°_{st} (K_s × K_t nested lists); radius : ``[s][t]`` ρ_{st}.
    etf_bound : one a task, of ‖W_tW_tᵀ/‖·‖ − (I − J/K_t)/√(K_t − 1)‖.
    overlap_bound : ``[s][t]``, s < t, of ‖W_sW_tᵀ‖/√(‖W_sW_sᵀ‖‖W_tW_tᵀ‖).
    within_cell, features : :func:`within_cell_bound`, :func:`feature_radius`.
    """

    total_variation: list[Any | None]
    margins: list[Any | None]
    gram: list[list[list[list[Any]] | None]]
    radius: list[list[Any | None]]
    etf_bound: list[Any | None]
    overlap_bound: list[list[Any | None]]
    within_cell: Any
    features: Any


def geometry_bounds(
    problem: UFM, q: Sequence[Sequence[Fraction]], gap: Any, upper: Any, on: Arithmetic = FLOAT
) -> GeometryBounds:
    """Bounds for every point with f − D(q) <= ``gap`` and f <= ``upper``.

    q : ``(R, C)`` exact rationals, *feasible* (‖U'‖_op <= √λ_H, columns on the simplex for cross-entropy, r = 0 under a
        free bias): the caller has proved this, and ``gap`` and ``upper`` are numbers of ``on``.  Entries without a
        label are not read.
    """
    design = problem.design
    tasks = range(design.tasks)
    parts = [_TaskBounds(problem, t, q, gap, on) for t in tasks]
    lambda_h, head = on.number(problem.lambda_h), head_norm(upper, on)

    gram: list[list[list[list[Any]] | None]] = [[None for _ in tasks] for _ in tasks]
    radius: list[list[Any | None]] = [[None for _ in tasks] for _ in tasks]
    for s in tasks:
        for t in tasks:
            a, b = parts[s], parts[t]
            if a.logit_radius is None or not b.cells <= a.cells:
                continue
            extra = on.number(Fraction(0))
            if a.decay:
                pull = on.sqrt(sum((r * r for r in b.pull), on.number(Fraction(0))))
                extra = bias_radius(gap, on.number(problem.lambda_w[s] / a.decay), pull, on)
            gram[s][t] = _centre(a, b, on)
            simplex = problem.loss_function.on_simplex
            radius[s][t] = gram_radius(gap, head, a.logit_radius, lambda_h, simplex, extra, on)

    norms = [None if (g := gram[t][t]) is None else _norm(g, on) for t in tasks]
    etf = [_etf(gram[t][t], norms[t], radius[t][t], design.classes[t], on) for t in tasks]
    overlap: list[list[Any | None]] = [[None for _ in tasks] for _ in tasks]
    for s in tasks:
        for t in range(s + 1, design.tasks):
            i, j = (s, t) if gram[s][t] is not None else (t, s)
            block, own = gram[i][j], (radius[s][s], radius[t][t])
            if block is not None and _exceeds(norms[s], own[0]) and _exceeds(norms[t], own[1]):
                cross = _norm_above(block, on)
                overlap[s][t] = overlap_bound(cross, norms[s], norms[t], radius[i][j], own, on)
    return GeometryBounds(
        [p.variation for p in parts],
        [None if p.ratio is None else 2 * p.ratio for p in parts],
        gram,
        radius,
        etf,
        overlap,
        within_cell_bound(gap, lambda_h),
        feature_radius(gap, lambda_h, on),
    )


class _TaskBounds:
    """One task's part: bounds on its predictions and logits, its Z° and U' on its cells."""

    def __init__(self, problem: UFM, t: int, q: Sequence[Sequence[Fraction]], gap: Any, on: Arithmetic):
        design = problem.design
        rows, number = design.rows_of(t), on.number
        order = [int(j) for j in design.labelled[t].nonzero()[0]]
        self.cells = set(order)
        self.variation: Any | None = None
        self.ratio: Any | None = None
        self.logit_radius: Any | None = None
        self.decay = problem.lambda_b[t] if problem.lambda_b is not None else Fraction(0)
        per_sample = problem.alpha[t] / design.task_masses[t]
        masses = {j: int(design.masses[t, j]) for j in order}
        counts = {j: int(design.counts[j]) for j in order}
        column = {j: [Fraction(q[k][j]) for k in range(rows.start, rows.stop)] for j in order}
        scale = number(max(problem.lambda_w[t] * counts[j] / (per_sample * masses[j]) for j in order))

        if problem.loss == "ce":
            least = min(min(values) for values in column.values())
            self.variation = total_variation(gap, number(per_sample * min(masses.values())), on)
            if least > 0 and self.variation < number(least):
                self.ratio = log_ratio(self.variation, number(least), on)
                convex = convexity(self.ratio)
                if convex > 0:
                    self.logit_radius = on.sqrt(logit_square(gap, scale, number(least), convex))
        elif problem.loss == "mse":
            self.logit_radius = on.sqrt(logit_square_squared_error(gap, scale))
        if self.logit_radius is None:
            return

        #: Z°_{t,j}, and U'_{t,j}; r_t/√λ_{W,t}, and the bias that belongs to r_t
        self.logits: dict[int, list[Any]] = {}
        self.residual: dict[int, list[Any]] = {}
        total = [Fraction(0)] * design.classes[t]
        for j in order:
            root = on.sqrt(number(problem.lambda_w[t] * counts[j]))
            z = (
                [on.log(number(v)) for v in column[j]]
                if problem.loss_function.on_simplex
                else [number(v) for v in column[j]]
            )
            if problem.loss_function.on_simplex:
                mean = sum(z[1:], z[0]) / len(z)
                z = [v - mean for v in z]
            target = design.targets[t][int(design.labels[t, j])]
            rest = [per_sample * masses[j] * (y - p) for y, p in zip(target, column[j], strict=True)]
            total = [a + b for a, b in zip(total, rest, strict=True)]
            self.logits[j] = [root * v for v in z]
            self.residual[j] = [number(v) / root for v in rest]
        root = on.sqrt(number(problem.lambda_w[t]))
        self.pull = [number(v) / root for v in total]
        self.shift = [root * number(v / self.decay) for v in total] if self.decay else []


def _centre(a: _TaskBounds, b: _TaskBounds, on: Arithmetic) -> list[list[Any]]:
    """G°_{st} = Z°_s U'_tᵀ over the cells of t, less what a decayed bias of s contributes."""
    K, L = len(a.pull), len(b.pull)
    out = [[on.number(Fraction(0)) for _ in range(L)] for _ in range(K)]
    for j in sorted(b.cells):
        for k, z in enumerate(a.logits[j]):
            for m, u in enumerate(b.residual[j]):
                out[k][m] = out[k][m] + z * u
    if a.decay:
        out = [[v - a.shift[k] * r for v, r in zip(row, b.pull, strict=True)] for k, row in enumerate(out)]
    return out


def _norm(block: list[list[Any]], on: Arithmetic) -> Any:
    return on.sqrt(sum((v * v for row in block for v in row), on.number(Fraction(0))))


def _norm_above(block: list[list[Any]], on: Arithmetic) -> Any:
    """An upper bound of the norm, by at most 10⁻²⁰: the square of a ball about 0 may reach below 0, without a root."""
    padding = on.number(Fraction(1, 10**40))
    return on.sqrt(sum((v * v for row in block for v in row), padding))


def _exceeds(norm: Any | None, radius: Any | None) -> bool:
    return norm is not None and radius is not None and bool(radius < norm)


def _etf(
    block: list[list[Any]] | None, norm: Any | None, radius: Any | None, classes: int, on: Arithmetic
) -> Any | None:
    if block is None or not _exceeds(norm, radius):
        return None
    root = on.sqrt(on.number(Fraction(classes - 1)))
    frame = [
        [on.number(Fraction(int(k == m)) - Fraction(1, classes)) / root for m in range(classes)] for k in range(classes)
    ]
    difference = [
        [v / norm - e for v, e in zip(row, other, strict=True)] for row, other in zip(block, frame, strict=True)
    ]
    return etf_bound(_norm_above(difference, on), norm, radius)
