"""Landscape: escape directions at critical points, dimensions without spurious minima, the narrow counterexample."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from reference import local_minimum
from strategies import balanced_designs, free_designs, problems

from relaxations.certificate import Certificate
from relaxations.check import check_certificate
from relaxations.solve import solve
from theory import UFM, landscape
from theory.claims import landscape as claim
from theory.duality import scaled_residual, spectral_norm
from theory.proof import Verdict


def with_dimension(problem, dimension):
    return UFM.from_dict({**problem.to_dict(), "dimension": dimension})


def residual_norm(problem, W, H, b):
    bias = np.zeros(len(W)) if b is None else b
    return spectral_norm(scaled_residual(problem, problem.predictions(W @ H + bias[:, None])))


designs = st.one_of(balanced_designs(max_cells=12), free_designs(max_cells=6))


@settings(max_examples=40)
@given(problems(designs=designs), st.integers(0, 10**6), st.data())
def test_padding_a_narrow_optimum_makes_a_strict_saddle(problem, seed, data):
    """A minimum at width d is critical at width d + 1: global there, or the direction leads down as stated."""
    width = data.draw(st.integers(1, max(1, landscape.enough_dimension(problem) - 1)), label="width")
    _, (W, H, b) = local_minimum(with_dimension(problem, width), seed)
    wide = with_dimension(problem, width + 1)
    W, H = np.hstack([W, np.zeros((len(W), 1))]), np.vstack([H, np.zeros((1, H.shape[1]))])
    value = wide.objective(W, H, b)
    full = solve(with_dimension(problem, problem.design.rows), "proximal")
    root = np.sqrt(float(problem.lambda_h))
    norm = residual_norm(wide, W, H, b)
    tolerance = 1e-6 * (1 + root)
    assume(not root < norm <= root + tolerance)
    found = landscape.escape(wide, W, H, b)
    event(f"strict saddle: {found is not None}")
    if found is None:
        assert value <= full.lower + 1e-5 * problem.value_at_zero()
        return
    beta = landscape.smoothness(wide)
    best = landscape.best_step(found.sigma, beta, float(problem.lambda_h))
    for step in (best, best / 10):
        eps = np.sqrt(step)
        change = wide.objective(W + eps * found.dW, H + eps * found.dH, b) - value
        rounding = 1e-7 * (eps + 1e-6) * (1 + value)
        assert change <= landscape.escape_change(step, found.sigma, beta, float(problem.lambda_h)) + rounding
        assert change >= step * found.curvature / 2 - rounding
    assert value - full.value >= landscape.escape_decrease(found.sigma, beta, float(problem.lambda_h)) - 1e-7


@settings(max_examples=30)
@given(problems(designs=balanced_designs(max_cells=9), losses=("ce",)), st.integers(0, 10**6))
def test_no_spurious_minimum_at_the_sum_of_classes_less_tasks(problem, seed):
    """d = Σ(K_t − 1), below K for one task: every minimum that a descent method reaches is global."""
    narrow = with_dimension(problem, landscape.enough_dimension(problem))
    solution = solve(narrow, "proximal")
    verdict = check_certificate(Certificate.from_solution(solution).to_dict())
    assert verdict.certified, verdict.reason
    value, (W, H, b) = local_minimum(narrow, seed)
    norm, root = residual_norm(narrow, W, H, b), np.sqrt(float(problem.lambda_h))
    assume(norm <= root * (1 + 1e-4))  # a descent method may stop near a saddle: there the norm tells
    assert value <= float(Fraction(verdict.upper)) + 1e-5 * problem.value_at_zero()


@given(problems(designs=designs, losses=("ce",)), st.integers(0, 10**6))
@settings(max_examples=20)
def test_the_origin_is_the_saddle_that_the_theorem_says(problem, seed):
    """W = 0, H = 0 with a bias at its optimum or none: criterion and escape agree with the certified minimum."""
    plain = UFM.from_dict({**problem.to_dict(), "bias": None})
    d = 2
    W, H = np.zeros((plain.design.rows, d)), np.zeros((d, plain.design.cells))
    wide = with_dimension(plain, d)
    found = landscape.escape(wide, W, H)
    lower = solve(with_dimension(plain, plain.design.rows), "proximal").value
    if found is None:
        assert lower == pytest.approx(plain.value_at_zero(), rel=1e-9)
    else:
        assert lower < plain.value_at_zero()


def test_full_column_rank_is_refused():
    problem = landscape.narrow_problem()
    with pytest.raises(ValueError, match="full column rank 1"):
        landscape.escape(problem, *landscape.narrow_minimum())


def test_narrow_counterexample():
    """At the global minimum for d = 1 the criterion fails; the relaxation's proven value is below it."""
    problem = landscape.narrow_problem()
    W, H = landscape.narrow_minimum()
    assert problem.objective(W, H) == pytest.approx(float(landscape.NARROW_VALUE), abs=1e-15)
    assert residual_norm(problem, W, H, None) == pytest.approx(float(landscape.NARROW_NORM), abs=1e-15)
    assert landscape.NARROW_NORM**2 > problem.lambda_h
    for seed in range(20):  # no point of width 1 is lower
        assert local_minimum(problem, seed)[0] >= float(landscape.NARROW_VALUE) - 1e-9
    wide = with_dimension(problem, 2)
    verdict = check_certificate(Certificate.from_solution(solve(wide, "proximal")).to_dict())
    assert verdict.certified
    assert Fraction(verdict.lower) - Fraction(1, 10**9) <= landscape.RELAXED_VALUE <= Fraction(verdict.upper)
    found = landscape.escape(wide, np.hstack([W, np.zeros((2, 1))]), np.vstack([H, np.zeros((1, 2))]))
    assert found is not None
    assert found.curvature == pytest.approx(-0.5)


def test_enough_dimension():
    ce = UFM(landscape.LabelDesign.factorial((3, 4)), 1, 1)
    assert landscape.enough_dimension(ce) == 5
    assert landscape.enough_dimension(UFM(ce.design, 1, 1, loss="mse")) == 7


# --------------------------------------------------------------------------- false variants


def step(name):
    return next(s for s in claim.CLAIM.steps if s.name == name)


def wrong():
    c = claim
    yield "guaranteed decrease", {"rhs": -c.landscape.escape_decrease(c.sigma, c.beta / 2, c.lam, c.SYMBOLIC)}
    yield "no step does better in the bound", {"op": ">", "rhs": sp.Integer(0), "by": ()}
    yield "narrow counterexample: its global minimum", {"rhs": sp.Rational(1, 2), "by": ()}
    yield "narrow counterexample: the relaxation is lower", {"op": "<"}


@pytest.mark.parametrize(("name", "change"), list(wrong()))
def test_false_variants_are_refuted_at_a_point(name, change):
    assert claim.CLAIM.check(step(name)).proved
    outcome = dataclasses.replace(step(name), **change).check(claim.CLAIM.context(step(name)))
    assert outcome.verdict is Verdict.REFUTED, outcome
