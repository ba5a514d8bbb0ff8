"""What the bounds prove of *every* global optimum (and every point of no larger value): the shape of its heads.

With ε = upper − D(q), q feasible, U' its scaled residual, w = √(2 upper), e = √(2ε); W'_t = √λ_{W,t} W_t:

    predictions   TV(q_{t,j}, p_{t,j}) <= √(ε/(2 ω_{t,j}))                         (cross-entropy: Pinsker 1964)
    margins       within 2η of log q_k − log q_l,  η = −log(1 − TV/q_min)
    logits        Σ_j λ_{W,t} n_j ‖z_{t,j} − z°_{t,j}‖² <= Δ_t²,  z° = log q centred (squared error: z° = q)
                  Δ_t² = ε max_j(λ_{W,t} n_j/ω_{t,j})/(q_min (½ − η/3));  squared error 2ε max_j(...)
    heads         ‖W'_sW'_tᵀ − G°_{st}‖ <= ρ_{st} = we [+ e(w + e) on the simplex] + √λ_H Δ_s,   G°_{st} = Z°_sU'_tᵀ

where task s is labelled wherever task t is.  Where they only share cells, every Q (C × K_t) on the cells of s gives

    ‖W'_sW'_tᵀ − λ_H Z°_sQ‖ <= w² ‖S_tᵀP − U'Q‖ + λ_H (Δ_s + 2w√(2ε/λ_H)) ‖Q‖ + w(m_s + m_t),

P centring, S_t picking the rows of t, m = e + w‖(I − P)U'_t‖/√λ_H (no m_s but on the simplex); here Q = U'ᵀX with
(U'U'ᵀ + τ)X = S_tᵀP on those cells, and with sᵀQ nearly 0, s = [√n_j], under a free bias.

A decayed bias subtracts √λ_{W,s} r_s/λ_{b,s} · (r_t/√λ_{W,t})ᵀ from G° and adds √(λ_{W,s}/λ_{b,s}) e ‖r_t/√λ_{W,t}‖
to ρ (λ_H sᵀQ for that row and its norm, where Q stands for U'ᵀ).  Overlaps, cosines and ETF deviations of the heads
follow.  Why: f − D(q) is a sum of non-negative terms, of which ½‖W' − U'H̃ᵀ‖² and Σ ω KL(q ‖ p) are two (claims
``gap_anatomy`` and ``stability``).

No other bound depends on this module.  ``None`` stands where nothing follows that was not known before.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

from flint import arb, arb_mat, fmpq

from .contents import Contents
from .decimals import endpoint, float_up
from .losses import ZERO
from .lower import TaskDual, gram, largest_scale
from .upper import upper_bound

MAX_ENTRIES = 400_000  # R·C: beyond, the matrices of balls are large


class Head:
    """One task at the dual point: Z° and U' on its cells, and how far from Z° the logits may be (``None``: unknown)."""

    def __init__(self, contents: Contents, dual: TaskDual, s: fmpq, gap: arb) -> None:
        problem, task = contents.problem, dual.task
        self.rows, self.classes, self.cells = task.rows, task.rows.stop - task.rows.start, task.cells
        counts, self.lambda_w = problem.counts, arb(task.lambda_w)
        columns = []
        for j in self.cells:
            pairs = zip(dual.target(j)[0], dual.prediction(j), strict=True)
            columns.append([y + arb(s) * (p - y) for y, p in pairs])
        omegas = [task.alpha * task.masses[j] / task.total for j in self.cells]
        scale = arb(max(task.lambda_w * counts[j] / omega for j, omega in zip(self.cells, omegas, strict=True)))
        self.variation: arb | None = None
        self.ratio: arb | None = None
        self.radius: arb | None = None
        if problem.loss_name == "ce":
            least = min(x.lower() for column in columns for x in column)
            self.variation = (gap / (2 * arb(min(omegas)))).sqrt()
            if least > 0 and self.variation < least:
                self.ratio = -(1 - self.variation / least).log()
                convex = (3 - 2 * self.ratio) / 6
                if convex > 0:
                    self.radius = (gap * scale / (least * convex)).sqrt()
        elif problem.loss_name == "mse":
            self.radius = (2 * gap * scale).sqrt()
        logits, residuals = [], []
        for j, column, omega in zip(self.cells, columns, omegas, strict=True):
            root = (self.lambda_w * counts[j]).sqrt()
            residuals.append([arb(omega) / root * (y - x) for y, x in zip(dual.target(j)[0], column, strict=True)])
            if self.radius is not None:
                z = [x.log() for x in column] if problem.loss_name == "ce" else column
                mean = sum(z, ZERO) / len(z) if problem.loss_name == "ce" else ZERO
                logits.append([root * (x - mean) for x in z])
        #: rows are cells: U'ᵀ and, where the logits are known, Z°ᵀ
        self.residuals, self.logits = arb_mat(residuals), arb_mat(logits) if logits else None
        self.counts = [arb(counts[j]).sqrt() for j in self.cells]
        self.decay = task.lambda_b or fmpq(0)
        pull = [arb(s * task.alpha) * x for x in dual.imbalance] if self.decay else [ZERO] * self.classes
        #: r_t/√λ_{W,t}, and √λ_{W,t} r_t/λ_{b,t}
        self.pull = [x / self.lambda_w.sqrt() for x in pull]
        self.shift = [x * self.lambda_w.sqrt() / arb(self.decay) for x in pull] if self.decay else pull


def block(a: Head, b: Head) -> arb_mat:
    """G°_{st}, task s labelled wherever t is."""
    place = {j: i for i, j in enumerate(a.cells)}
    assert a.logits is not None
    rows = a.logits.tolist()
    centre = arb_mat([rows[place[j]] for j in b.cells]).transpose() * b.residuals
    return centre - arb_mat([[x * y for y in b.pull] for x in a.shift])


def shared_block(contents: Contents, heads: list[Head], a: Head, b: Head, w: arb, e: arb) -> tuple[arb_mat, arb] | None:
    """λ_H Z°_sQ and the radius about it, tasks s and t with a common cell; ``None`` if no Q is found."""
    problem, K, n = contents.problem, b.classes, len(a.cells)
    assert a.logits is not None
    assert a.radius is not None
    place, lambda_h = {j: i for i, j in enumerate(a.cells)}, arb(problem.lambda_h)
    free, decayed = problem.tasks[0].lambda_b == 0, bool(a.decay)
    table = [[ZERO] * problem.rows for _ in range(n)]
    for head in heads:
        for j, row in zip(head.cells, head.residuals.tolist(), strict=True):
            if j in place:
                table[place[j]][head.rows] = row
    scale = lambda_h.sqrt() / norm(arb_mat([a.counts]))
    seen = arb_mat([[*row, scale * c] for row, c in zip(table, a.counts, strict=True)]) if free else arb_mat(table)
    R = seen.ncols()
    centring = [[arb(int(i == k)) - arb(1) / K for k in range(K)] for i in range(K)]
    target = arb_mat([centring[i - b.rows.start] if b.rows.start <= i < b.rows.stop else [ZERO] * K for i in range(R)])
    shift = lambda_h * arb(2) ** -40
    ridge = arb_mat([[shift if i == k else ZERO for k in range(R)] for i in range(R)])
    try:
        Q = (seen * (seen.transpose() * seen + ridge).mid().solve(target).mid()).mid()
    except ZeroDivisionError:
        return None
    miss = target - seen.transpose() * Q
    if free:  # the last row is no part of U'Q: what it misses is what the bias adds
        miss = arb_mat(miss.tolist()[:-1])
    sight = arb_mat([a.counts]) * Q * lambda_h
    centre = a.logits.transpose() * Q * lambda_h - arb_mat([[x * y for y in sight.entries()] for x in a.shift])
    stray = ZERO if problem.loss.simplex else norm(b.residuals * arb_mat([[1]] * K)) / arb(K).sqrt()
    radius = w * w * norm(miss) + w * (e * (2 if problem.loss.simplex else 1) + w * stray / lambda_h.sqrt())
    radius += lambda_h * (a.radius + w * 2 * e / lambda_h.sqrt()) * norm(Q.transpose() * Q).sqrt()
    if decayed:
        radius += (a.lambda_w / arb(a.decay)).sqrt() * e * norm(sight)
    if free:  # the centred bias of any such point is bounded, and sᵀQ is nearly 0
        most = (norm(a.logits) + a.radius + w * w / lambda_h.sqrt()) / norm_below(arb_mat([a.counts]))
        radius += most * norm(sight)
    return centre, arb(radius.upper())


def norm(matrix: arb_mat) -> arb:
    """A ball that ends above ‖·‖_F, and hardly above."""
    return arb((sum((x * x for x in matrix.entries()), ZERO) + arb(2) ** -200).upper()).sqrt()


def norm_below(matrix: arb_mat) -> arb:
    """A number at most ‖·‖_F."""
    low = sum((x * x for x in matrix.entries()), ZERO).lower()
    return arb(low).sqrt() if low > 0 else ZERO


def geometry(contents: Contents) -> dict[str, Any] | None:
    """The bounds, as floats rounded up; ``None`` for what is too large.  At the precision of the moment.

    {"gap", "etf_bound": [...], "orthogonality_bound", "cosine_bound", "prediction_bound": [...], "margin_bound":
    [...]}: one a task, or the largest over pairs of tasks that weigh in on a common cell.
    """
    problem = contents.problem
    if problem.rows * problem.cells > MAX_ENTRIES:
        return None
    duals = [TaskDual(problem, task, contents.q) for task in problem.tasks]
    s = largest_scale(problem, gram(problem, duals))
    upper = arb(upper_bound(contents).upper())
    gap = arb((upper - sum((dual.value(s) for dual in duals), ZERO)).upper())
    if not gap.is_finite():
        return None
    gap = gap if gap > 0 else ZERO
    heads = [Head(contents, dual, s, gap) for dual in duals]
    w, e = (2 * upper).sqrt(), (2 * gap).sqrt()

    def radius(a: Head, b: Head) -> arb:
        out = w * e + (e * (w + e) if problem.loss.simplex else ZERO) + arb(problem.lambda_h).sqrt() * a.radius
        if a.decay:
            out += (a.lambda_w / arb(a.decay)).sqrt() * e * norm(arb_mat([b.pull]))
        return arb(out.upper())

    own: list[tuple[arb_mat, arb] | None] = []
    etf: list[arb | None] = []
    for head in heads:
        known = (block(head, head), radius(head, head)) if head.radius is not None else None
        own.append(known if known is not None and known[1] < norm_below(known[0]) else None)
        etf.append(None if own[-1] is None else etf_deviation(*own[-1]))
    overlaps: list[arb | None] = []
    cosines: list[arb | None] = []
    for i, k in combinations(range(len(heads)), 2):
        common = set(heads[i].cells) & set(heads[k].cells)
        if not common:
            continue
        choices = [(s, t) for s, t in ((i, k), (k, i)) if len(common) == len(heads[t].cells)]
        nested = bool(choices)
        best: tuple[arb | None, arb | None] = None, None
        for first, second in choices or [(i, k), (k, i)]:
            a, b = own[first], own[second]
            if a is None or b is None:
                continue
            pair = (heads[first], heads[second])
            found = (block(*pair), radius(*pair)) if nested else shared_block(contents, heads, *pair, w, e)
            if found is None:
                continue
            centre, off = found
            least = ((norm_below(a[0]) - a[1]) * (norm_below(b[0]) - b[1])).sqrt()
            overlap = arb(((norm(centre) + off) / least).upper())
            if best[0] is None or overlap < best[0]:
                best = overlap, largest_cosine(centre, off, a, b)
        overlaps.append(best[0])
        cosines.append(best[1])
    return {
        "gap": rounded_up(gap),
        "etf_bound": [below(x, 2.0) for x in etf],
        "orthogonality_bound": largest(overlaps),
        "cosine_bound": largest(cosines),
        "prediction_bound": [below(head.variation, 1.0) for head in heads],
        "margin_bound": [None if head.ratio is None else rounded_up(2 * head.ratio) for head in heads],
    }


def etf_deviation(centre: arb_mat, off: arb) -> arb:
    """‖G/‖G‖ − (I − J/K)/√(K − 1)‖ of every G within ``off`` of the centre."""
    size, K = norm_below(centre), centre.nrows()
    root, exact = arb(K - 1).sqrt(), sum((x * x for x in centre.entries()), ZERO).sqrt()
    frame = [[(arb(int(i == k)) - arb(1) / K) / root for k in range(K)] for i in range(K)]
    return norm(centre * (1 / exact) - arb_mat(frame)) + 2 * off / size


def largest_cosine(centre: arb_mat, off: arb, a: tuple[arb_mat, arb], b: tuple[arb_mat, arb]) -> arb | None:
    """A bound of every |cos(w_k, w_l)|: (|x| + ρ)/√((a_kk − ρ_a)(b_ll − ρ_b)); ``None`` where a row may vanish."""
    most = ZERO
    for i in range(centre.nrows()):
        for k in range(centre.ncols()):
            first, second = a[0][i, i] - a[1], b[0][k, k] - b[1]
            if not (first > 0 and second > 0):
                return None
            bound = arb(((abs(centre[i, k]) + off) / (first * second).sqrt()).upper())
            most = bound if bound > most else most
    return most


def rounded_up(value: arb) -> float | None:
    """A float above a ball; ``None`` out of range."""
    number = endpoint(arb(value.upper()))
    above = math.inf if number is None else float_up(number)
    return above if math.isfinite(above) else None


def below(value: arb | None, trivial: float) -> float | None:
    """A float above a ball, if it says more than ``trivial``."""
    bound = None if value is None else rounded_up(value)
    return bound if bound is not None and bound < trivial else None


def largest(values: list[arb | None]) -> float | None:
    """The largest of bounds of something that never exceeds 1; ``None`` if one is missing."""
    known = [below(value, 1.0) for value in values]
    found = [value for value in known if value is not None]
    return max(found) if found and len(found) == len(known) else None
