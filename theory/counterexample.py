"""What a counterexample is, and the routes by which its violation is proven at every optimum.

A :class:`Counterexample` names the statement that fails, the problem, and two quantities:

* ``violation(evidence)``: a rational *proven* to bound the violation from below at **every** global optimum.
  Positive means refuted.  It uses exact arithmetic, a closed form in balls, or rigorous enclosures and dual points
  of one or more problems, which the caller supplies (``evidence``), since theory solves nothing.
* ``deviation(problem, W, H)``: the same failure measured at one numerical point.

Four routes prove a violation: :func:`all_dead` (a dual point strictly inside the norm bound forces Z' = 0),
closed forms of claims, :func:`excess` (two optimal values that the statement says are equal), and
:func:`head_gram` (the unique predictions of every optimum within a ball, hence the Gram matrix of its heads).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from theory import geometry
from theory.additivity import single_task_problem
from theory.closed_forms import Arithmetic
from theory.duality import scaled_residual, spectral_norm
from theory.known_optimum import known_optimum
from theory.labels import FloatArray
from theory.model import UFM

PRECISION = 256

#: Closed forms in balls.
BALLS = Arithmetic(
    number=lambda f: arb(fmpq(f.numerator, f.denominator)),
    exp=lambda x: x.exp(),
    log=lambda x: x.log(),
    sqrt=lambda x: x.sqrt(),
)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a certificate proves of a problem.

    lower, upper : enclosure of the minimum.
    q : ``(R, C)`` predictions whose dual value is at least ``lower``, up to ``shift`` in every entry.
    """

    lower: Fraction
    upper: Fraction
    q: FloatArray
    shift: float


Evidencer = Callable[[UFM], Evidence]


@dataclass(frozen=True, eq=False)
class Counterexample:
    """A statement and a problem at whose every optimum it fails.

    name : unique.
    statement : what fails, in words.
    contradicts : who says so, or the hypothesis of a claim that is dropped.
    because : what is true instead.
    problem : the problem.
    violation : from ``evidence`` a proven lower bound of the violation at every optimum; > 0 refutes.
    margin : the violation is at least this (what is printed).
    units : what the violation measures.
    deviation : the failure measured at a point (problem, W, H); 0 where the statement holds.
    claims : the claims by which the violation is proven.
    """

    name: str
    statement: str
    contradicts: str
    because: str
    problem: UFM
    violation: Callable[[Evidencer], Fraction]
    margin: Fraction
    units: str
    deviation: Callable[[UFM, FloatArray, FloatArray], float]
    claims: tuple[str, ...]


# --------------------------------------------------------------------------- routes


def below(ball: Any) -> Fraction:
    """The largest rational that a ball certainly reaches: its lower end."""
    end = ball.lower().mid().fmpq()
    return Fraction(int(end.p), int(end.q))


def closed_form(formula: Callable[[Arithmetic], Any]) -> Callable[[Evidencer], Fraction]:
    """A violation that is a closed form."""

    def violation(_: Evidencer) -> Fraction:
        saved = ctx.prec
        ctx.prec = PRECISION
        try:
            return below(formula(BALLS))
        finally:
            ctx.prec = saved

    return violation


def all_dead(problem: UFM) -> Fraction:
    """1 − max_t α_t²/(N_t K_t λ_W,t λ_H): > 0 proves W = 0 and H = 0 at every optimum (balanced, independent labels).

    The residual of the uniform prediction then has norm below √λ_H, so alignment forces Z' = 0 (claim gap_anatomy).
    """
    known = known_optimum(problem)
    if known is None:
        raise ValueError("no theorem covers the problem: labels must be balanced and pairwise independent")
    return min(
        1 - task.threshold / (lam_w * problem.lambda_h)
        for task, lam_w in zip(known.tasks, problem.lambda_w, strict=True)
    )


def excess(problem: UFM, others: tuple[UFM, ...]) -> Callable[[Evidencer], Fraction]:
    """(Σ minima of ``others`` − minimum of ``problem``) relative to that sum, from below: > 0 says they differ."""

    def violation(evidence: Evidencer) -> Fraction:
        total = sum((evidence(p).lower for p in others), Fraction(0))
        return (total - evidence(problem).upper) / total

    return violation


def parts(problem: UFM) -> tuple[UFM, ...]:
    """The single-task problems: by claim independence_converse, f* < Σ f_t* leaves no optimum with orthogonal heads."""
    return tuple(single_task_problem(problem, t) for t in range(problem.design.tasks))


def head_gram(problem: UFM, task: int, evidence: Evidence) -> list[list[Any]]:
    """λ_{W,t} W_tW_tᵀ of *every* optimum, entries in balls; cross-entropy without bias, all labels given.

    With q a feasible dual point, Σ ω KL(q‖q*) ≤ f* − D(q) for the predictions q* of any optimum (claim
    gap_anatomy), so |q − q*| ≤ √(gap/2ω) by Pinsker; logits are the centred log q*; and W'W'ᵀ = U'Z'ᵀ reads
    λ_W,t W_tW_tᵀ = Σ_j ω_{t,j}(y − q*)(centred log q*)ᵀ.
    """
    if problem.has_bias or problem.loss != "ce" or not problem.design.labelled.all():
        raise ValueError("head_gram: expected cross-entropy without bias and no missing label")
    design, rows, k = problem.design, problem.design.rows_of(task), problem.design.classes[task]
    saved = ctx.prec
    ctx.prec = PRECISION
    try:
        gap = _ball(max(evidence.upper - evidence.lower, Fraction(0)))
        out = [[arb(0)] * k for _ in range(k)]
        scale = problem.alpha[task] / design.task_masses[task]
        for j in range(design.cells):
            weight = _ball(scale * int(design.masses[task, j]))
            radius = (gap / (2 * weight)).sqrt().upper() + arb(evidence.shift)
            q = [arb(float(x)) + radius * arb(0, 1) for x in evidence.q[rows, j]]
            logs = [x.log() for x in q]
            mean = sum(logs, arb(0)) / k
            y = design.targets[task][int(design.labels[task, j])]
            for a in range(k):
                for b in range(k):
                    out[a][b] += weight * (_ball(y[a]) - q[a]) * (logs[b] - mean)
        return out
    finally:
        ctx.prec = saved


def _ball(value: Fraction) -> Any:
    return arb(fmpq(value.numerator, value.denominator))


# --------------------------------------------------------------------------- measures


def heads(problem: UFM, W: FloatArray) -> list[FloatArray]:
    """The heads of all tasks."""
    return [W[rows] for _, rows in problem.design.blocks()]


def overlap(problem: UFM, W: FloatArray, H: FloatArray) -> float:
    """Largest normalised ‖W_sW_tᵀ‖ over pairs of tasks."""
    return geometry.largest_overlap(problem, W) or 0.0


def share_of_dead_heads(problem: UFM, W: FloatArray, H: FloatArray) -> float:
    """Share of tasks whose head is 0 (norm below 1e-6)."""
    return float(np.mean([np.linalg.norm(one) < 1e-6 for one in heads(problem, W)]))


def unweighted_sum(problem: UFM, W: FloatArray, H: FloatArray) -> float:
    """Relative distance of the features from the unweighted sum of rows."""
    return geometry.sum_rule_deviation(problem, W, H, weighted=False)


def normalised_sum(problem: UFM, W: FloatArray, H: FloatArray) -> float:
    """Relative distance of the features from the sum of *normalised* rows."""
    return unweighted_sum(problem, W / np.linalg.norm(W, axis=1, keepdims=True), H)


def uneven_rows(problem: UFM, W: FloatArray, H: FloatArray) -> float:
    """Largest relative spread of squared row norms within a head: 0 for every simplex ETF."""
    squares = [(one**2).sum(axis=1) for one in heads(problem, W)]
    return max(float((s.max() - s.min()) / s.max()) for s in squares)


def smallest_angle(problem: UFM, W: FloatArray, H: FloatArray) -> float:
    """Largest cosine of two rows of the first head, less −1/(K − 1), which it is for a simplex ETF."""
    unit = heads(problem, W)[0]
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    cosines = (unit @ unit.T)[np.triu_indices(len(unit), 1)]
    return float(cosines.max()) + 1 / (len(unit) - 1)


def opposed_rows(problem: UFM, W: FloatArray, H: FloatArray) -> float:
    """−cos of row k of the first head with row k of the second, k = 0."""
    v, w = heads(problem, W)[0][0], heads(problem, W)[1][0]
    return -float(v @ w / np.sqrt((v @ v) * (w @ w)))


def spread_within_labels(problem: UFM, W: FloatArray, H: FloatArray) -> float:
    """Largest distance of two cells' features that carry the same labels, relative to the largest feature."""
    labels = problem.design.labels
    same = [(i, j) for i in range(labels.shape[1]) for j in range(i) if np.array_equal(labels[:, i], labels[:, j])]
    return max(float(np.linalg.norm(H[:, i] - H[:, j])) for i, j in same) / float(np.linalg.norm(H, axis=0).max())


def missing_directions(problem: UFM, W: FloatArray, H: FloatArray) -> float:
    """Σ(K_t − 1) less the rank of the stacked heads."""
    rank = int(np.linalg.matrix_rank(W, rtol=1e-6)) if W.any() else 0
    return float(problem.design.rows - problem.design.tasks - rank)


def off_balance(problem: UFM, W: FloatArray, H: FloatArray) -> float:
    """Share of label tuples that never occur: 0 where labels are jointly balanced."""
    tuples = int(np.prod(problem.design.classes))
    return 1 - len(np.unique(problem.design.labels, axis=1).T) / tuples


def above_the_criterion(problem: UFM, W: FloatArray, H: FloatArray) -> float:
    """‖U'‖_op − √λ_H at the point's predictions, no bias."""
    U = scaled_residual(problem, problem.predictions(W @ H))
    return spectral_norm(U) - float(np.sqrt(float(problem.lambda_h)))


def uneven_margins(problem: UFM, W: FloatArray, H: FloatArray) -> float:
    """Margin of fine class 0 over the class of the other coarse label relative to the other margin, less 1."""
    M = W @ H
    return float((M[0, 0] - M[2, 0]) / (M[0, 0] - M[1, 0]) - 1)
