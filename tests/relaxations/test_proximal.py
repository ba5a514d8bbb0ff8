"""The structured solver: its pieces against SciPy, SVD and CVXPY, its answers against independent minimisers."""

from fractions import Fraction

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import local_minimum
from scipy.optimize import check_grad
from strategies import balanced_designs, free_designs, problems

from relaxations.data_term import DataTerm
from relaxations.factored import Factors, _Local, balanced_factors, compress, factorise, newton, objective
from relaxations.programs import nuclear_norm_program, run_program
from relaxations.proximal import LARGE_TOLERANCE, TOLERANCE, ProximalGradient, default_tolerance, solve_structured
from relaxations.spectral import shrink_singular_values
from theory import UFM, LabelDesign
from theory.closed_forms import FLOAT
from theory.duality import scaled_residual, spectral_norm
from theory.known_optimum import known_optimum


def connected(problem):
    return len(problem.design.components()) == 1


def random_factors(problem, rank, seed):
    rng = np.random.default_rng(seed)
    data = DataTerm(problem)
    A = rng.standard_normal((problem.design.rows, rank))
    B = rng.standard_normal((rank, problem.design.cells))
    b = rng.standard_normal(problem.design.rows) * problem.has_bias
    return data, Factors(A, B, b, objective(data, A, B, b))


@given(problems(designs=free_designs()), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_factored_objective_is_f(problem, rank, seed):
    rank = min(rank, problem.dimension)
    _, point = random_factors(problem, rank, seed)
    W, H = factorise(problem, point.A, point.B)
    b = point.b if problem.has_bias else None
    assert problem.objective(W, H, b) == pytest.approx(point.value, rel=1e-12)


@settings(max_examples=15)
@given(problems(designs=free_designs()), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_gradient_and_hessian_by_finite_differences(problem, rank, seed):
    data, point = random_factors(problem, rank, seed)
    shapes = (problem.design.rows, rank, problem.design.cells)
    parts = [point.A.ravel(), point.B.ravel()] + ([point.b * data.bias_scale] if problem.has_bias else [])
    x = np.concatenate(parts)

    def value(x):
        local = _Local(data, shapes, x)
        return objective(data, local.A, local.B, local.b)

    def gradient(x):
        return _Local(data, shapes, x).gradient

    size = np.linalg.norm(gradient(x))
    assert check_grad(value, gradient, x) <= 1e-4 * (1 + size)
    v = np.random.default_rng(seed + 1).standard_normal(x.size)
    step = 1e-5
    difference = (gradient(x + step * v) - gradient(x - step * v)) / (2 * step)
    product = _Local(data, shapes, x).hessian(v)
    np.testing.assert_allclose(product, difference, atol=1e-5 * np.linalg.norm(product))


@given(st.integers(1, 7), st.integers(1, 7), st.floats(0, 3), st.integers(0, 2**32 - 1))
def test_prox_shrinks_singular_values(rows, columns, threshold, seed):
    Z = np.random.default_rng(seed).standard_normal((rows, columns))
    out, nuclear = shrink_singular_values(Z, threshold)
    P, s, Qt = np.linalg.svd(Z, full_matrices=False)
    np.testing.assert_allclose(out, (P * np.maximum(s - threshold, 0)) @ Qt, atol=1e-10)
    assert nuclear == pytest.approx(np.maximum(s - threshold, 0).sum(), abs=1e-10)


def test_prox_minimises_what_it_should():
    Z = np.random.default_rng(0).standard_normal((4, 6))
    X = cp.Variable(Z.shape)
    cp.Problem(cp.Minimize(0.5 * cp.sum_squares(X - Z) + 0.7 * cp.normNuc(X))).solve(solver=cp.CLARABEL)
    np.testing.assert_allclose(shrink_singular_values(Z, 0.7)[0], X.value, atol=1e-4)


@pytest.mark.parametrize("bias", [None, 0, "0.05", "1000"])
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_proximal_gradient_alone_converges(loss, bias):
    problem = UFM(LabelDesign.from_joint([[3, 1], [2, 5], [1, 2]]), ("0.1", "0.4"), "0.2", bias=bias, loss=loss)
    data = DataTerm(problem)
    stage = ProximalGradient(data, np.zeros((5, 6)), np.zeros(5))
    stage.run(600)
    assert stage.value == pytest.approx(run_program(nuclear_norm_program(problem)).value, rel=1e-7)
    # what it calls its value is (P) at its point
    nuclear = np.linalg.svd(stage.Z, compute_uv=False).sum()
    assert stage.value == pytest.approx(data.value(data.logits(stage.Z, stage.b), stage.b) + data.gamma * nuclear)


def test_newton_never_climbs_and_leaves_saddles():
    problem = UFM(LabelDesign.factorial((3, 2)), "0.02", "0.02")
    data = DataTerm(problem)
    rng = np.random.default_rng(3)
    A, B = 1e-3 * rng.standard_normal((5, 3)), 1e-3 * rng.standard_normal((3, 6))
    start = Factors(A, B, np.zeros(5), objective(data, A, B, np.zeros(5)))
    end, steps = newton(data, start, max_steps=100)
    assert 0 < steps < 100
    assert end.value == pytest.approx(known_optimum(problem).value(FLOAT), rel=1e-12)
    again, _ = newton(data, end)
    assert again.value <= end.value


def test_compress_drops_what_the_objective_does_not_notice_and_nothing_else():
    problem = UFM(LabelDesign.factorial((3, 3)), "0.02", "0.02")
    data = DataTerm(problem)
    point = solve_structured(problem).factors
    assert point.A.shape[1] == 4
    padded = Factors(
        np.hstack([point.A, 1e-12 * np.ones((6, 2))]), np.vstack([point.B, 1e-12 * np.ones((2, 9))]), point.b, 0.0
    )
    assert compress(data, padded).A.shape[1] == 4
    # a small singular value that lowers f stays, one that is rounding goes
    three = DataTerm(UFM(LabelDesign.factorial((3,)), "0.02", "0.02"))
    centred = np.linalg.qr(np.array([[1.0, 1, 1], [-1, 1, 1], [0, -2, 1]]))[0]
    for second, rank in ((1e-3, 2), (1e-17, 1)):
        point = balanced_factors(three, centred @ np.diag([0.1, second, 0.0]) @ centred.T, np.zeros(3))
        assert compress(three, point).A.shape[1] == rank


def test_factors_are_balanced():
    problem = UFM(LabelDesign.from_joint([[3, 1], [2, 5]]), ("0.02", "0.1"), "0.05", bias=0)
    optimum = solve_structured(problem)
    W, H = factorise(problem, optimum.factors.A, optimum.factors.B)
    left = W.T @ (problem.lambda_w_rows[:, None] * W)
    right = float(problem.lambda_h) * (H * problem.design.counts) @ H.T
    np.testing.assert_allclose(left, right, atol=1e-10)


@settings(max_examples=60)
@given(problems(designs=balanced_designs(max_cells=60)).filter(connected))
def test_meets_the_theorems(problem):
    known = known_optimum(problem)
    optimum = solve_structured(problem)
    assert optimum.status == "converged"
    if known is not None:
        assert optimum.factors.value == pytest.approx(known.value(FLOAT), rel=1e-10)
    assert abs(optimum.relative_gap) <= 1e-10


@settings(max_examples=60)
@given(problems(designs=free_designs()).filter(connected), st.integers(0, 1000))
def test_any_design_against_another_minimiser(problem, seed):
    optimum = solve_structured(problem)
    assert optimum.status == "converged"
    assert abs(optimum.relative_gap) <= 1e-10
    assert spectral_norm(scaled_residual(problem, optimum.dual.q)) <= np.sqrt(float(problem.lambda_h)) * (1 + 1e-14)
    other, _ = local_minimum(problem, seed)
    assert other >= optimum.dual.value * (1 - 1e-10)
    # f has no spurious local minima in dimension R, so L-BFGS finds the same value, to its own accuracy
    assert other == pytest.approx(optimum.factors.value, rel=1e-4)


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("strength", ["1e-4", "0.999", "1", "1.001", "2", "1e6"])
def test_decays_from_tiny_to_deadly(strength, loss):
    # one task of 3 classes, one sample each: the threshold of λ_W λ_H is 1/9
    problem = UFM(LabelDesign.factorial((3,)), Fraction(strength) / 9, 1, loss=loss, bias=0)
    optimum = solve_structured(problem)
    assert optimum.status == "converged"
    assert optimum.factors.A.shape[1] == (2 if Fraction(strength) < 1 else 0)
    assert optimum.factors.value == pytest.approx(known_optimum(problem).value(FLOAT), rel=1e-12)


def test_unbalanced_units_change_nothing():
    design = LabelDesign.from_joint([[3, 1, 1], [2, 5, 4]])
    reference = solve_structured(UFM(design, "0.01", "0.01", bias=0))
    for power in (-40, -12, 12, 40):
        c = Fraction(2) ** power
        same = solve_structured(UFM(design, c / 100, 1 / (100 * c), bias=0))
        assert same.factors.value == pytest.approx(reference.factors.value, rel=1e-12)
        assert same.factors.A.shape == reference.factors.A.shape
        larger = solve_structured(UFM(design, c / 100, c / 100, c, bias=0))
        assert larger.factors.value == pytest.approx(float(c) * reference.factors.value, rel=1e-12)


def test_a_thousand_cells():
    table = np.random.default_rng(5).integers(1, 20, size=(10, 10, 10))
    design = LabelDesign.from_joint(table)
    product = 0.03 / (design.samples * 10)
    optimum = solve_structured(UFM(design, product**0.5, product**0.5))
    assert optimum.status == "converged"
    assert optimum.relative_gap <= 1e-11
    assert optimum.factors.A.shape[1] == 27


def test_running_out_of_rounds_is_said():
    problem = UFM(LabelDesign.from_joint([[3, 1], [2, 5]]), "0.001", "0.001")
    optimum = solve_structured(problem, tolerance=-1.0, max_rounds=1)
    assert optimum.status == "iteration limit"
    assert optimum.dual.value <= optimum.factors.value * (1 + 1e-12)


def test_a_large_problem_stops_at_its_tolerance_and_the_optimum_is_beyond_it():
    table = np.random.default_rng(6).integers(1, 20, size=(60, 60))
    design = LabelDesign.from_joint(table)
    decay = (0.3 / (design.samples * 60)) ** 0.5
    problem = UFM(design, decay, decay)
    assert default_tolerance(problem) == LARGE_TOLERANCE
    assert default_tolerance(UFM(LabelDesign.factorial((3, 3)), decay, decay)) == TOLERANCE
    optimum = solve_structured(problem)
    assert optimum.status == "converged"
    assert optimum.relative_gap <= LARGE_TOLERANCE
    finer = solve_structured(problem, tolerance=1e-12)
    assert finer.relative_gap <= 1e-12
    # each encloses the other's minimum
    assert optimum.dual.value <= finer.factors.value * (1 + 1e-14)
    assert finer.dual.value <= optimum.factors.value * (1 + 1e-14)
    assert spectral_norm(scaled_residual(problem, optimum.dual.q)) <= np.sqrt(float(problem.lambda_h)) * (1 + 1e-12)


def test_tests_of_the_step_survive_rounding():
    # where differences of F drown, L must stay near the curvature instead of falling with every test
    problem = UFM(LabelDesign.from_joint(np.random.default_rng(1).integers(1, 20, size=(10, 10))), "0.002", "0.002")
    data = DataTerm(problem)
    stage = ProximalGradient(data, np.zeros((20, 100)), np.zeros(20))
    for _ in range(60):
        stage.run(10)
    optimum = solve_structured(problem)
    assert stage.value == pytest.approx(optimum.factors.value, rel=1e-13)
    # the residual, of first order in the error, has settled as well
    assert stage.q is not None
    assert spectral_norm(scaled_residual(problem, stage.q)) <= data.gamma * (1 + 1e-9)
