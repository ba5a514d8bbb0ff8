"""Claims independence and independence_converse against rigorous enclosures and numerical optima."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from relaxations.certificate import Certificate
from relaxations.check import check_certificate
from relaxations.solve import solve
from theory import UFM, LabelDesign
from theory.additivity import NOT_ADDITIVE, single_task_problem
from theory.claims import independence, independence_converse
from theory.closed_forms import FLOAT
from theory.designs import exclusive_or, independent, orthogonal_array, pairwise_independent
from theory.geometry import cross_task_overlap
from theory.known_optimum import known_optimum
from theory.proof import Identity, Using
from theory.proof.instances import Instance, refute


def enclosure(problem):
    """(lower, upper, solution): proven bounds of min f."""
    solution = solve(problem, "proximal")
    verdict = check_certificate(Certificate.from_solution(solution).to_dict(), tolerance="1e-8")
    assert verdict.certified, verdict.reason
    return Fraction(verdict.lower), Fraction(verdict.upper), solution


def sum_of_parts(problem):
    bounds = [enclosure(single_task_problem(problem, t))[:2] for t in range(problem.design.tasks)]
    return sum(low for low, _ in bounds), sum(high for _, high in bounds)


def overlaps(problem, solution):
    heads = [solution.W[rows] for _, rows in problem.design.blocks()]
    return [cross_task_overlap(a, b) for k, a in enumerate(heads) for b in heads[:k]]


@st.composite
def product_tables(draw):
    """Independent labels with any marginals: counts are products."""
    marginals = [draw(st.lists(st.integers(1, 4), min_size=2, max_size=3)) for _ in range(draw(st.integers(2, 3)))]
    table = np.array(1)
    for m in marginals:
        table = np.multiply.outer(table, np.array(m))
    return LabelDesign.from_joint(table)


DECAYS = st.sampled_from([Fraction(1, 100), Fraction(1, 20), Fraction(1, 7)])


@settings(max_examples=25, deadline=None)
@given(product_tables(), DECAYS, DECAYS, st.sampled_from(["ce", "mse"]), st.sampled_from([1, "1/2", 2]))
def test_single_task_optima_add_up_under_a_free_bias(design, lam_w, lam_h, loss, weight):
    assert pairwise_independent(design)
    weights = [weight] + [1] * (design.tasks - 1)
    problem = UFM(design, lam_w, lam_h, weights, bias=0, loss=loss)
    low, high, solution = enclosure(problem)
    low_parts, high_parts = sum_of_parts(problem)
    # two intervals that hold one number meet
    assert low <= high_parts
    assert low_parts <= high
    # absolutely: a dead head is only small, and its direction means nothing
    heads = [solution.W[rows] for _, rows in problem.design.blocks()]
    scale = max(np.linalg.norm(W @ W.T) for W in heads) + 1e-6
    assert max(np.linalg.norm(a @ b.T) for k, a in enumerate(heads) for b in heads[:k]) < 1e-5 * scale + 1e-8


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([exclusive_or(), orthogonal_array(3, 3), orthogonal_array(3, 4, 2), orthogonal_array(5, 3)]),
    st.sampled_from([Fraction(1, 50), Fraction(1, 4), Fraction(9, 10)]),
    st.sampled_from([None, 0, "0.01"]),
)
def test_strength_two_is_enough(design, share, bias):
    """Every three tasks are dependent here, every two are independent: T4's geometry holds all the same."""
    every = np.arange(design.cells)
    assert pairwise_independent(design)
    assert not independent(design, (0, 1), (2,), every)
    k = design.classes[0]
    problem = UFM(design, share / k, Fraction(1, design.samples), bias=bias)
    known = known_optimum(problem)
    low, high, solution = enclosure(problem)
    value = known.value(FLOAT)
    assert float(low) * (1 - 1e-12) <= value <= float(high) * (1 + 1e-12)
    assert max(overlaps(problem, solution)) < 1e-5
    assert solution.rank == design.tasks * (k - 1)


@pytest.mark.parametrize("example", NOT_ADDITIVE, ids=lambda e: e.name)
def test_without_the_hypothesis_heads_are_orthogonal_at_no_optimum(example):
    """f* < Σ f_t*, proven by enclosures; so by the converse no global optimum has orthogonal heads."""
    assert pairwise_independent(example.problem.design)
    _, high, solution = enclosure(example.problem)
    low_parts, _ = sum_of_parts(example.problem)
    assert high < low_parts
    assert min(overlaps(example.problem, solution)) > 1e-3


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 3), st.integers(1, 6), st.sampled_from(["0.004", "0.04"]))
def test_dependent_labels_with_uniform_marginals_are_never_orthogonal(k, extra, lam):
    """The converse: a Latin-square perturbation keeps marginals uniform and makes labels dependent."""
    table = np.ones((k, k), dtype=int) + extra * np.eye(k, dtype=int)
    design = LabelDesign.from_joint(table)
    assert not pairwise_independent(design)
    problem = UFM(design, lam, Fraction(1, design.samples))
    _, high, solution = enclosure(problem)
    low_parts, _ = sum_of_parts(problem)
    assert high < low_parts
    assert min(overlaps(problem, solution)) > 1e-6


def independent_instance(A_s, joint=((4, 4), (16, 16))):
    """Four cells with square counts, so that √n_j is rational; the default joint counts are (1, 4) x (4, 4)."""
    cells = [(k, m) for k in range(2) for m in range(2)]
    root = [sp.sqrt(joint[k][m]) for k, m in cells]
    matrices = {
        "E_s": sp.Matrix(2, 4, lambda a, j: root[j] if cells[j][0] == a else 0),
        "E_t": sp.Matrix(2, 4, lambda a, j: root[j] if cells[j][1] == a else 0),
        "σ": sp.Matrix(root),
        "A_s": sp.Matrix(A_s),
        "A_t": sp.Matrix([[1, 2], [-1, -2]]),
    }
    sizes = {"L_s": 2, "L_t": 2, "R_s": 2, "R_t": 2, "C": 4}
    return Instance(matrices, {independence.N: sum(r**2 for r in root)}, sizes)


def test_false_variants_are_refuted():
    claim = independence.CLAIM
    A_s, A_t, E_s, E_t, sigma = (getattr(independence, name) for name in ("A_s", "A_t", "E_s", "E_t", "sigma"))
    gram = (A_s @ E_s) @ (A_t @ E_t).T
    product = (A_s @ E_s @ sigma) @ (A_t @ E_t @ sigma).T
    using = (Using("independent labels", left=A_s, right=A_t.T),)
    free = independent_instance([[1, 1], [-1, -1]])
    balanced = independent_instance([[4, -1], [-4, 1]])  # A_s n_s = 0
    for at in (free, balanced):
        assert not refute(claim, next(s for s in claim.steps if s.name == "cross Gram of the residuals"), at).proved
    for false, at in (
        (Identity(name="false: N²", lhs=independence.N**2 * gram, rhs=product, using=using), free),
        (Identity(name="false: sign", lhs=independence.N * gram, rhs=-product, using=using), free),
        (Identity(name="false: no r_s = 0", lhs=independence.N * gram, rhs=0 * gram, using=using), free),
    ):
        assert refute(claim, false, at).verdict == "refuted", false.name
        assert not claim.check(false).proved
    wrong_side = A_t @ E_t @ sigma
    false = Identity(name="false: r_t = 0 as well", lhs=wrong_side, rhs=0 * wrong_side, using=(Using("r_s = 0"),))
    assert refute(claim, false, balanced).verdict == "refuted"
    dependent = independent_instance([[1, 1], [-1, -1]], joint=((4, 1), (1, 4)))
    with pytest.raises(ValueError, match="does not satisfy 'independent labels'"):
        refute(claim, Identity(name="false: N", lhs=gram, rhs=product, using=using), dependent)


def test_orthogonality_without_vanishing_residual_is_refuted_by_an_enclosure():
    """The statement less its hypothesis r = 0 says f* = Σ f_t*; the enclosures of the no-bias example exclude it."""
    example = next(e for e in NOT_ADDITIVE if e.name.startswith("no bias"))
    low, high, _ = enclosure(example.problem)
    low_parts, high_parts = sum_of_parts(example.problem)
    assert not (low <= high_parts and low_parts <= high)


def test_both_claims_are_proved():
    assert independence.CLAIM.status == independence_converse.CLAIM.status == "proved"


def test_the_converse_needs_each_step():
    """Without the left factor of the logits (merged classes), or with a wrong constant, nothing is concluded."""
    claim = independence_converse.CLAIM
    last = next(s for s in claim.steps if s.name == "orthogonal heads: independent labels")
    dropped = tuple(u for u in last.using if u.equation != "left factor of the logits")
    for changed in ({"using": dropped}, {"lhs": last.lhs * 2}):
        step = Identity(**{"name": "false", "lhs": last.lhs, "rhs": last.rhs, "using": last.using, **changed})
        assert not claim.check(step).proved


def test_designs_refuse_what_is_not_independent():
    with pytest.raises(ValueError, match="prime"):
        orthogonal_array(4, 3)
    with pytest.raises(ValueError, match="expected 2 to 4"):
        orthogonal_array(3, 5)
    with pytest.raises(ValueError, match="missing"):
        pairwise_independent(LabelDesign.multi_source((2, 2)))
    assert not pairwise_independent(LabelDesign.from_joint([[2, 1], [1, 2]]))
