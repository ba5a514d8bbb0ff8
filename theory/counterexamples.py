"""Counterexamples: problems at whose every optimum a statement about neural collapse fails, and by how much.

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

from theory import closed_forms as forms
from theory import geometry, label_simplex, landscape, second_moment
from theory.additivity import single_task_problem
from theory.closed_forms import Arithmetic
from theory.designs import exclusive_or
from theory.duality import scaled_residual, spectral_norm
from theory.known_optimum import known_optimum
from theory.labels import FloatArray, LabelDesign
from theory.minority import clusters
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


# --------------------------------------------------------------------------- the problems

_HALVES = UFM(LabelDesign.factorial((3, 3)), "0.7", "0.7", ("1/2", "1/2"), convention="paper-sum")
_LARGE = UFM(LabelDesign.factorial((2, 3)), "0.5", "0.5")
_TWO_FOUR = UFM(LabelDesign.factorial((2, 4)), "0.02", "0.02")
_MARGINAL = UFM(LabelDesign.from_joint([[2, 1], [1, 2]]), "0.02", "0.02")
_IDENTICAL = UFM(LabelDesign.from_joint(np.eye(3, dtype=int)), "0.02", "0.02")
_MISSING_PAIRS = UFM(LabelDesign.from_joint(1 - np.eye(3, dtype=int)), "0.02", "0.02")
_NARROW = UFM(LabelDesign.factorial((3, 3)), "0.02", "0.02", dimension=3)
_ASYMMETRIC = UFM(LabelDesign.from_joint([[4, 1, 1], [1, 3, 2], [1, 2, 3]]), "0.01", "0.01")
_MINORITY = UFM(LabelDesign.from_joint(np.multiply.outer([1, 1, 10, 10], [1, 1])), "0.05", "0.05")
_UNEQUAL = UFM(
    LabelDesign(
        (3,),
        np.array([[0, 0, 1, 1, 2, 2]]),
        np.ones(6, dtype=int),
        sample_weights=np.array([[1, 3] * 3]),
    ),
    "0.05",
    "0.05",
)
_EQUAL = UFM(LabelDesign((3,), np.array([[0, 1, 2]]), np.full(3, 2)), "0.05", "0.05")
_NO_BIAS = second_moment.bias_free_counterexample()
_BELOW_RANK = landscape.narrow_problem()
_FINE_COARSE = UFM(label_simplex.fine_coarse(), "0.00001", "0.00001")
_XOR = UFM(exclusive_or(), "0.02", "0.02")


def sum_rule_gap(problem: UFM, normalised: bool) -> Callable[[Arithmetic], Any]:
    """1 − cos² of h and the unweighted sum, by the closed forms of claims single_source and published."""

    def formula(on: Arithmetic) -> Any:
        design, weights, squares = problem.design, [], []
        lam_h, n = on.number(problem.lambda_h), on.number(Fraction(design.samples))
        for t, classes in enumerate(design.classes):
            k, lam_w, alpha = (on.number(Fraction(v)) for v in (classes, problem.lambda_w[t], problem.alpha[t]))
            a = forms.margin(alpha, k, forms.coupling(n, lam_w, lam_h, on), on)
            square = forms.head_gram_scale(k, n, lam_w, lam_h, a, on) * (k - 1) / k
            beta = forms.sum_rule_weight(k, n, lam_w, lam_h, on)
            weights.append(beta * on.sqrt(square) if normalised else beta)
            squares.append(on.number(Fraction(1)) if normalised else square)
        return 1 - forms.sum_cosine(weights, squares, on) ** 2

    return formula


def _shared_mean(on: Arithmetic) -> Any:
    """The entry of W_sW_tᵀ, relative to √λ_H/λ_W, by claim squared_error."""
    problem, number = _NO_BIAS, on.number
    share = number(sum((w / k for w, k in zip(problem.lambda_w, problem.design.classes, strict=True)), Fraction(0)))
    ratio, lambda_h = number(problem.alpha[0] / problem.lambda_w[0]), number(problem.lambda_h)
    k, m = (number(Fraction(v)) for v in problem.design.classes)
    samples = number(Fraction(problem.design.samples))
    entry = second_moment.cross_gram_without_bias(k, m, samples, share, ratio, lambda_h, on)
    return entry * number(problem.lambda_w[0]) / on.sqrt(lambda_h)


def _fine_coarse_norms(on: Arithmetic) -> Any:
    """1 − ‖competitor‖_*/‖E‖_*, by claim vanishing_decay."""
    norm, number = label_simplex.fine_coarse_nuclear_norm, on.number
    p, y = (number(v) for v in label_simplex.COMPETITOR)
    return 1 - norm(p, y, on) / norm(number(Fraction(1, 3)), number(Fraction(1, 2)), on)


def _uneven_gram(evidence: Evidencer) -> Fraction:
    """(‖w_1‖² − ‖w_2‖²)/‖w_1‖² of the first head from below, at every optimum: an ETF has rows of one norm."""
    gram = head_gram(_ASYMMETRIC, 0, evidence(_ASYMMETRIC))
    return below(abs(1 - gram[1][1] / gram[0][0]))


def _merged(problem: UFM) -> Fraction:
    """λ_W λ_H over the merging threshold of the smallest classes of the first task, less 1: > 0 where they merge."""
    found = clusters(problem, 0)
    if not found:
        raise ValueError("the first task has no cluster of equally frequent classes")
    return problem.lambda_w[0] * problem.lambda_h / found[0].threshold - 1


def _not_in_width(_: Evidencer) -> Fraction:
    """The logits of an optimum are unique, of rank Σ(K_t − 1): how much d falls short of it."""
    known = known_optimum(_NARROW)
    if known is None:  # pragma: no cover - the design is balanced
        raise ValueError("no theorem covers the narrow problem")
    return Fraction(known.dimension_needed - _NARROW.dimension)


def _xor_is_unbalanced(evidence: Evidencer) -> Fraction:
    """Share of label tuples that never occur, provided that f* and Σ f_t* cannot be told apart."""
    found = evidence(_XOR)
    low, high = (sum((getattr(evidence(p), end) for p in parts(_XOR)), Fraction(0)) for end in ("lower", "upper"))
    meet = found.lower <= high and low <= found.upper
    return Fraction(1, 2) if meet else Fraction(-1)


COUNTEREXAMPLES = (
    Counterexample(
        "dead under the published bound",
        "λ_Hλ_W < N/(4K) makes every task collapse to a simplex ETF",
        "Wang et al. (2026), Theorem 3.1, with task weights c = (½, ½), sum loss",
        "the limit is c_t N/(4K_t) for each task: here W = 0 is the only optimum",
        _HALVES,
        lambda _: all_dead(_HALVES),
        Fraction(1, 5),
        "1 − limit/(λ_W λ_H), largest limit over tasks",
        share_of_dead_heads,
        ("published", "thresholds", "single_source"),
    ),
    Counterexample(
        "large decay",
        "the decays only scale the geometry",
        "a folklore reading of NC2; hypothesis λ_W,t λ_H < α_t²/(N K_t) dropped",
        "above the threshold W = 0 is the only optimum",
        _LARGE,
        lambda _: all_dead(_LARGE),
        Fraction(1, 2),
        "1 − limit/(λ_W λ_H), largest limit over tasks",
        share_of_dead_heads,
        ("thresholds", "single_source"),
    ),
    Counterexample(
        "unweighted sum, K = (2, 4)",
        "h is a multiple of the sum of the rows of its labels",
        "Wang et al. (2026), Theorem 3.1, NC4, read with the rows themselves",
        "h is their weighted sum, with weights ∝ √(λ_W,t K_t)",
        _TWO_FOUR,
        closed_form(sum_rule_gap(_TWO_FOUR, normalised=False)),
        Fraction(1, 50),
        "1 − cos²(h, unweighted sum)",
        unweighted_sum,
        ("published", "single_source"),
    ),
    Counterexample(
        "sum of normalised rows, K = (2, 4)",
        "h is a multiple of the sum of the normalised rows of its labels",
        "Wang et al. (2026), Theorem 3.1, NC4, read with normalised rows",
        "the weights of normalised rows are ∝ (λ_W,t/K_t)^{1/4} √((K_t − 1) a_t)",
        _TWO_FOUR,
        closed_form(sum_rule_gap(_TWO_FOUR, normalised=True)),
        Fraction(1, 100),
        "1 − cos²(h, sum of normalised rows)",
        normalised_sum,
        ("published", "single_source"),
    ),
    Counterexample(
        "balanced marginally",
        "balanced classes in every task make the heads orthogonal",
        "Wang et al. (2026), Theorem 3.1, NC3, with balance read task by task",
        "labels must be pairwise independent; here P(y¹ = y²) = 2/3",
        _MARGINAL,
        excess(_MARGINAL, parts(_MARGINAL)),
        Fraction(1, 100),
        "(Σ f_t* − f*)/Σ f_t*, which is 0 where heads are orthogonal",
        overlap,
        ("independence_converse",),
    ),
    Counterexample(
        "identical tasks",
        "heads of different tasks are orthogonal, of rank Σ(K_t − 1) together",
        "Wang et al. (2026), Theorem 3.1, NC3, without independence",
        "two tasks with the same labels share one head: all cosines 1, rank K − 1",
        _IDENTICAL,
        excess(_IDENTICAL, parts(_IDENTICAL)),
        Fraction(1, 10),
        "(Σ f_t* − f*)/Σ f_t*, which is 0 where heads are orthogonal",
        overlap,
        ("independence_converse",),
    ),
    Counterexample(
        "missing label pairs",
        "rows of different heads are never opposed",
        "NC3 where some label pairs never occur, marginals uniform",
        "classes that never occur together repel: their rows have a negative cosine",
        _MISSING_PAIRS,
        excess(_MISSING_PAIRS, parts(_MISSING_PAIRS)),
        Fraction(1, 1000),
        "(Σ f_t* − f*)/Σ f_t*, which is 0 where heads are orthogonal",
        opposed_rows,
        ("independence_converse",),
    ),
    Counterexample(
        "feature dimension below Σ(K_t − 1)",
        "d ≥ max K_t suffices, as in the multi-source case",
        "hypothesis d ≥ ΣK_t − T of Theorem 3.1 dropped",
        "the optimal logits are unique and of rank Σ(K_t − 1)",
        _NARROW,
        _not_in_width,
        Fraction(1),
        "missing dimensions",
        missing_directions,
        ("single_source",),
    ),
    Counterexample(
        "minority collapse",
        "rows of a head are a simplex ETF, whatever the sizes of the classes",
        "hypothesis of balanced classes dropped in Wang et al. (2026), Theorem 3.1, NC2",
        "two minority classes of one task share one row; the other task is balanced and independent",
        _MINORITY,
        lambda _: _merged(_MINORITY),
        Fraction(1, 10),
        "λ_W λ_H over the threshold at which the minority classes merge, less 1",
        smallest_angle,
        ("minority_collapse", "independence"),
    ),
    Counterexample(
        "asymmetric correlation",
        "each head is a simplex ETF whatever the correlation of the tasks",
        "NC2 under uniform marginals, pairwise independence dropped",
        "rows of classes that are tied more closely to the other task have another norm",
        _ASYMMETRIC,
        _uneven_gram,
        Fraction(1, 100),
        "1 − ‖w_2‖²/‖w_1‖² in absolute value",
        uneven_rows,
        ("gap_anatomy",),
    ),
    Counterexample(
        "samples of unequal weight",
        "samples of one label tuple share one feature",
        "NC1 where samples of a label weigh differently in the loss (cells taken by label alone)",
        "a heavier sample has a longer feature; NC1 holds within cells of equal label and weight",
        _UNEQUAL,
        excess(_UNEQUAL, (_EQUAL,)),
        Fraction(1, 1000),
        "(f* with one feature a label − f*)/f* with one feature a label",
        spread_within_labels,
        ("cells",),
    ),
    Counterexample(
        "squared error without a bias",
        "balanced independent labels make the heads orthogonal for every loss",
        "NC3 for squared error, the free bias dropped",
        "all heads share the mean direction: W_sW_tᵀ = c J with c > 0 while it lives",
        _NO_BIAS,
        closed_form(_shared_mean),
        Fraction(1, 100),
        "an entry of W_sW_tᵀ, in units of √λ_H/λ_W",
        overlap,
        ("squared_error",),
    ),
    Counterexample(
        "label simplices in the limit",
        "as the decays vanish, optimal logits line up with the label simplices e_y − 1/K of every task",
        "SELI (Thrampoulidis et al. 2022) task by task, for correlated tasks",
        "least nuclear norm with margins 1: for fine and coarse labels a competitor is smaller",
        _FINE_COARSE,
        closed_form(_fine_coarse_norms),
        Fraction(3, 2000),
        "1 − nuclear norm of a competitor with margins ≥ 1/that of the label simplices",
        uneven_margins,
        ("vanishing_decay",),
    ),
    Counterexample(
        "width below the rank",
        "a critical point is a global minimum only if ‖U'‖_op ≤ √λ_H",
        "the converse of the criterion of claim landscape, d below the smallest rank",
        "the global minimum at d = 1 has ‖U'‖_op = ½, twice √λ_H",
        _BELOW_RANK,
        lambda _: landscape.NARROW_NORM - Fraction(1, 4),
        Fraction(1, 4),
        "‖U'‖_op − √λ_H",
        above_the_criterion,
        ("landscape",),
    ),
    Counterexample(
        "joint balance is not needed",
        "orthogonal heads need every label tuple to occur equally often",
        "Wang et al. (2026), Theorem 3.1, with balance read jointly",
        "pairwise independence suffices: three binary tasks, the third the exclusive or of the others",
        _XOR,
        _xor_is_unbalanced,
        Fraction(1, 2),
        "share of label tuples that never occur, while f* = Σ f_t*",
        off_balance,
        ("independence", "single_source"),
    ),
)


def counterexample(name: str) -> Counterexample:
    """The counterexample of a name; ``KeyError`` that lists the names."""
    for one in COUNTEREXAMPLES:
        if one.name == name:
            return one
    raise KeyError(f"{name!r}; expected one of {', '.join(c.name for c in COUNTEREXAMPLES)}")
