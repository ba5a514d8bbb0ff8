from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import local_minimum
from strategies import balanced_designs, problems

from theory import UFM, LabelDesign
from theory.closed_forms import FLOAT, Arithmetic
from theory.duality import feasible_dual
from theory.known_optimum import known_optimum

HIGH = Arithmetic(
    number=lambda x: mpmath.mpf(x.numerator) / x.denominator, exp=mpmath.exp, log=mpmath.log, sqrt=mpmath.sqrt
)


@settings(max_examples=25)
@given(problems(designs=balanced_designs(max_cells=16)))
def test_the_value_lies_between_a_dual_bound_and_a_numerical_minimum(problem):
    known = known_optimum(problem)
    if known is None:
        assert problem.loss == "mse"
        return
    best, (V, G, c) = local_minimum(problem, seed=0)
    dual = feasible_dual(problem, problem.predictions(V @ G + (0 if c is None else c[:, None])), c)
    value = known.value(FLOAT)
    assert dual.value <= value * (1 + 1e-12) + 1e-15
    assert value <= best * (1 + 1e-12) + 1e-15
    assert best - dual.value < 1e-4 * best


@given(problems())
def test_the_value_is_the_same_in_every_arithmetic(problem):
    known = known_optimum(problem)
    if known is not None:
        with mpmath.workdps(50):
            assert known.value(FLOAT) == pytest.approx(float(known.value(HIGH)), rel=1e-12)


def test_thresholds_are_decided_exactly():
    """λ_Wλ_H = α²/(NK) to the digit: dead; less by one part in 10^30: alive."""
    design = LabelDesign.factorial((3,))
    at = UFM(design, Fraction(1, 9), 1)
    below = UFM(design, Fraction(1, 9) * (1 - Fraction(1, 10**30)), 1)
    assert [k.alive for k in known_optimum(at).tasks] == [False]
    assert [k.alive for k in known_optimum(below).tasks] == [True]
    assert known_optimum(at).dimension_needed == 0
    assert known_optimum(below).dimension_needed == 2


def test_what_no_theorem_covers_has_no_closed_form():
    factorial = LabelDesign.factorial((2, 2))
    assert known_optimum(UFM(factorial, 1, 1)) is not None
    correlated = LabelDesign.from_joint([[2, 1, 1], [1, 2, 1], [1, 1, 2]])
    imbalanced = LabelDesign.from_joint([[2, 2], [1, 1]])
    partial = LabelDesign((2, 2), [[0, 0, 1, 1, 0, 0], [0, 1, 0, 1, -1, -1]], [1] * 6)
    weighted = LabelDesign((2,), [[0, 1]], [1, 1], sample_weights=[[1, 2]])
    for design in (correlated, imbalanced, partial, weighted):
        assert known_optimum(UFM(design, 1, 1)) is None
    assert known_optimum(UFM(factorial, 1, 1, bias="0.1", loss="mse")) is None
    assert known_optimum(UFM(factorial, [1, 2], 1, loss="mse")) is None
    assert known_optimum(UFM(factorial, [1, 2], 1, loss="mse", bias=0)) is not None


def test_independence_without_all_tuples_is_enough():
    """XOR: three binary labels, pairwise independent, on 4 of the 8 tuples."""
    design = LabelDesign((2, 2, 2), [[0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0]], [1] * 4)
    xor, full = UFM(design, "0.1", "0.1"), UFM(LabelDesign.factorial((2, 2, 2)), "0.1", "0.05")
    assert known_optimum(xor).value(FLOAT) == pytest.approx(known_optimum(full).value(FLOAT))


def test_multi_source_shares_the_dimension():
    problem = UFM(LabelDesign.multi_source((3, 5)), "0.01", "0.01")
    assert known_optimum(problem).dimension_needed == 4
    assert known_optimum(UFM(LabelDesign.factorial((3, 5)), "0.01", "0.01")).dimension_needed == 6


@given(st.sampled_from(["paper-sum", "paper-mean", "sum-halves"]))
def test_the_published_threshold_is_that_of_unit_weights(convention):
    """Sum loss without halves: c N/(4K); mean loss: c/(4NK)."""
    design = LabelDesign.factorial((2, 4), 3)
    problem = UFM(design, "0.1", "0.1", task_weights=["1/2", 2], convention=convention)
    for t, (c, k) in enumerate(((Fraction(1, 2), 2), (Fraction(2), 4))):
        stated = problem.stated_product(known_optimum(problem).tasks[t].threshold, t)
        n = design.samples
        expected = {"paper-sum": c * n / (4 * k), "paper-mean": c / (4 * n * k), "sum-halves": c**2 * Fraction(n, k)}
        assert stated == expected[convention]
