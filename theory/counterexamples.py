"""The registry of counterexamples: statements about neural collapse that fail, with problem and proven violation.

Each is a :class:`theory.counterexample.Counterexample`.  Others stand where their theorems are: problems whose
single-task optima do not add up in :mod:`theory.additivity`, fine and coarse labels in :mod:`theory.label_simplex`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from theory import closed_forms as forms
from theory import label_simplex, landscape, second_moment
from theory.claims import published
from theory.closed_forms import Arithmetic
from theory.counterexample import (
    Counterexample,
    Evidencer,
    above_the_criterion,
    all_dead,
    below,
    closed_form,
    excess,
    head_gram,
    missing_directions,
    normalised_sum,
    off_balance,
    opposed_rows,
    overlap,
    parts,
    share_of_dead_heads,
    smallest_angle,
    spread_within_labels,
    uneven_margins,
    uneven_rows,
    unweighted_sum,
)
from theory.designs import exclusive_or
from theory.known_optimum import known_optimum
from theory.labels import LabelDesign
from theory.minority import clusters
from theory.model import UFM, Convention

# --------------------------------------------------------------------------- the problems

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
    """The entry of W_sW_tᵀ, relative to √λ_H/λ_W, by claim squared_error_balanced."""
    problem, number = _NO_BIAS, on.number
    share = number(sum((w / k for w, k in zip(problem.lambda_w, problem.design.classes, strict=True)), Fraction(0)))
    ratio, lambda_h = number(problem.alpha[0] / problem.lambda_w[0]), number(problem.lambda_h)
    k, m = (number(Fraction(v)) for v in problem.design.classes)
    samples = number(Fraction(problem.design.samples))
    entry = second_moment.cross_gram_without_bias(k, m, samples, share, ratio, lambda_h, on)
    return entry * number(problem.lambda_w[0]) / on.sqrt(lambda_h)


def _fine_coarse_norms(on: Arithmetic) -> Any:
    """1 − ‖competitor‖_*/‖E‖_*, by claim label_simplex_failure."""
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


def dead_name(convention: Convention, multi_source: bool) -> str:
    """The name of the counterexample to the published condition in a reading of the objective."""
    theorem = "n_t/4" if multi_source else "N/(4K)"
    return f"dead under {theorem}: {published.reading(convention)}"


def dead_under_the_published_bound(convention: Convention, multi_source: bool) -> Counterexample:
    """Task weights (½, ½), the product of the decays halfway between the exact limit and the published one."""
    design = LabelDesign.multi_source((3, 3), 3) if multi_source else LabelDesign.factorial((3, 3))
    weight = Fraction(1, 2)
    values = {published.c: weight, published.K: 3, published.N: 9, published.n: 3}
    exact, said = (
        Fraction(str(limit.subs(values)))
        for limit in (
            published.exact_limit(convention, multi_source),
            published.PUBLISHED_MULTI if multi_source else published.PUBLISHED_SINGLE,
        )
    )
    problem = UFM(design, (exact + said) / 2, 1, weight, convention=convention.name)
    theorem, bound = ("3.2", "n_t/4") if multi_source else ("3.1", "N/(4K)")
    return Counterexample(
        dead_name(convention, multi_source),
        f"λ_Hλ_W < {bound} makes every task collapse to a simplex ETF",
        f"Wang et al. (2026), Theorem {theorem}, with task weights c = (½, ½); {published.reading(convention)}",
        "the limit is one for each task and depends on its weight (claim published): here W = 0 is the only optimum",
        problem,
        lambda _: all_dead(problem),
        Fraction(1, 5),
        "distance of λ_W λ_H above the largest limit over tasks, relative to λ_W λ_H",
        share_of_dead_heads,
        ("published", "thresholds", "multi_source" if multi_source else "single_source"),
    )


COUNTEREXAMPLES = (
    *(dead_under_the_published_bound(c, multi) for multi in (False, True) for c in published.READINGS),
    Counterexample(
        "large decay",
        "the decays only scale the geometry",
        "a folklore reading of NC2; hypothesis λ_W,t λ_H < α_t²/(N K_t) dropped",
        "above the threshold W = 0 is the only optimum",
        _LARGE,
        lambda _: all_dead(_LARGE),
        Fraction(1, 2),
        "distance of λ_W λ_H above the largest limit over tasks, relative to λ_W λ_H",
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
        "1 − cos² of h and the unweighted sum",
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
        "1 − cos² of h and the sum of normalised rows",
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
        ("squared_error_balanced",),
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
        ("label_simplex_failure", "vanishing_decay"),
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
