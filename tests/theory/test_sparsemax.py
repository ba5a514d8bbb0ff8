"""Sparsemax against its definition: a projection, a maximum over the simplex, and the values of its paper."""

from fractions import Fraction

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.losses import LOSSES, fenchel_young

SPARSEMAX = LOSSES["sparsemax"]


@pytest.mark.parametrize("seed", range(3))
def test_prediction_and_potential_are_those_of_a_quadratic_program(seed):
    z = np.random.default_rng(seed).standard_normal(5) * 10.0 ** (seed - 1)
    q = cp.Variable(5)
    problem = cp.Problem(cp.Maximize(q @ z - 0.5 * cp.sum_squares(q)), [q >= 0, cp.sum(q) == 1])
    problem.solve(solver=cp.CLARABEL)
    np.testing.assert_allclose(SPARSEMAX.gradient(z[:, None])[:, 0], q.value, atol=1e-6)
    assert SPARSEMAX.phi(z[:, None])[0] == pytest.approx(problem.value, abs=1e-7)


@given(st.lists(st.integers(-6, 6), min_size=2, max_size=6), st.integers(1, 4))
def test_exactly_the_projection_ties_included(numerators, scale):
    """KKT in rationals: q >= 0 sums to 1, and z − q is one number on the support and no larger elsewhere."""
    z = [Fraction(n, scale) for n in numerators]
    best = max(
        (t for k in range(1, len(z) + 1) for t in [(sum(sorted(z, reverse=True)[:k]) - 1) / k]),
        key=lambda t: t,
    )
    q = [max(x - best, Fraction(0)) for x in z]
    assert sum(q) == 1
    column = np.array([[float(x)] for x in z])
    np.testing.assert_allclose(SPARSEMAX.gradient(column)[:, 0], [float(x) for x in q], atol=1e-15)
    exact = sum(a * b - a * a / 2 for a, b in zip(q, z, strict=True))
    assert SPARSEMAX.phi(column)[0] == pytest.approx(float(exact), rel=1e-14, abs=1e-15)


def test_two_classes_have_the_values_of_the_paper():
    # Martins & Astudillo 2016, section 3.1: 0 beyond a lead of 1, quadratic between, linear beyond
    t = np.array([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
    z, y = np.stack([t, 0 * t]), np.stack([np.ones(7), np.zeros(7)])
    np.testing.assert_allclose(SPARSEMAX.value(z, y), [3.0, 1.0, 9 / 16, 1 / 4, 1 / 16, 0.0, 0.0], atol=1e-16)
    np.testing.assert_allclose(SPARSEMAX.gradient(z)[0], [0, 0, 0.25, 0.5, 0.75, 1, 1], atol=1e-16)


@given(st.integers(0, 2**32 - 1))
def test_value_without_cancellation_is_the_fenchel_young_loss(seed):
    rng = np.random.default_rng(seed)
    z, y = 3 * rng.standard_normal((4, 6)), rng.dirichlet(np.ones(4), 6).T
    np.testing.assert_allclose(SPARSEMAX.value(z, y), fenchel_young(SPARSEMAX, z, y), rtol=1e-10, atol=1e-14)
    # near its zero and far from the origin the plain formula has lost its digits
    lead = np.array([[1e8 + 1 - 1e-9], [1e8], [-1e8]])
    assert 0 <= SPARSEMAX.value(lead, np.eye(3)[:, :1])[0] < 1e-15
