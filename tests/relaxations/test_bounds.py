"""The bound of second order: its projection against SciPy's SVD, its order, and that nothing infeasible comes out."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import free_designs, problems

from relaxations import supported_projection
from relaxations.bounds import dual_bound, predictions_ahead
from relaxations.data_term import DataTerm
from relaxations.proximal import solve_structured
from relaxations.supported_projection import outside, project
from theory import UFM, LabelDesign
from theory.duality import bias_residual, dual_value, feasible_dual, scaled_residual, spectral_norm

TABLE = [[3, 1, 4], [2, 5, 1], [1, 2, 6]]


def predictions_at(data, Z, b):
    return data.predictions(data.logits(Z, b))


@pytest.mark.parametrize("bias", [None, 0, "0.05"])
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_gap_is_quadratic_in_the_error_and_linear_without_the_step(loss, bias):
    problem = UFM(LabelDesign.from_joint(TABLE), ("0.03", "0.05"), "0.05", bias=bias, loss=loss)
    data = DataTerm(problem)
    optimum = solve_structured(problem)
    Z, b, value = optimum.factors.Z, optimum.factors.b, optimum.factors.value
    error = np.random.default_rng(0).standard_normal(Z.shape)
    error *= np.linalg.norm(Z) / np.linalg.norm(error)
    ahead, plain = [], []
    for size in (1e-2, 1e-3, 1e-4):
        q = predictions_at(data, Z + size * error, b)
        ahead.append(value - dual_bound(data, Z + size * error, q, b).value)
        plain.append(value - feasible_dual(problem, q, b if bias is not None else None).value)
    for k in (0, 1):
        assert 50 < ahead[k] / ahead[k + 1] < 200
        assert 5 < plain[k] / plain[k + 1] < 20


@pytest.mark.parametrize(("loss", "size"), [("ce", 0.0), ("ce", 0.02), ("mse", 0.0), ("mse", 0.1), ("mse", 3.0)])
def test_residual_is_the_projection_on_the_spectral_ball(loss, size):
    problem = UFM(LabelDesign.from_joint(TABLE), ("0.03", "0.05"), "0.05", loss=loss)
    data = DataTerm(problem)
    Z = solve_structured(problem).factors.Z
    error = np.random.default_rng(1).standard_normal(Z.shape)
    if problem.loss_function.on_simplex:
        error -= np.repeat([error[rows].mean(axis=0) for _, rows in problem.design.blocks()], problem.design.classes, 0)
    Z = Z + size * np.linalg.norm(Z) / np.linalg.norm(error) * error
    q = predictions_at(data, Z, np.zeros(len(Z)))
    out, bias = predictions_ahead(data, Z, q)
    assert bias is None
    assert loss == "mse" or out.min() > 0  # nothing was cut off
    L = data.gamma * np.sqrt(min(Z.shape)) / np.linalg.norm(Z)
    P, s, Qt = np.linalg.svd(scaled_residual(problem, q) + L * Z, full_matrices=False)
    expected = (P * np.minimum(s, data.gamma)) @ Qt
    np.testing.assert_allclose(scaled_residual(problem, out), expected, atol=1e-9 * data.gamma)


@settings(max_examples=80)
@given(problems(designs=free_designs()), st.floats(0, 3), st.integers(0, 2**32 - 1))
def test_bound_is_feasible_at_any_point_and_where_shrunk_no_worse_than_the_plain_one(problem, size, seed):
    data = DataTerm(problem)
    rng = np.random.default_rng(seed)
    Z = size * data.unit**2 * rng.standard_normal(data.inverse.shape) / np.sqrt(data.inverse.size)
    b = rng.standard_normal(len(Z)) * problem.has_bias
    q = predictions_at(data, Z, b)
    bound = dual_bound(data, Z, q, b)
    assert spectral_norm(scaled_residual(problem, bound.q)) <= data.gamma * (1 + 1e-12)
    assert bound.value == pytest.approx(dual_value(problem, bound.q), rel=1e-12, abs=1e-12)
    if bound.scale < 1 - 1e-9:
        assert bound.value >= feasible_dual(problem, q, b if problem.has_bias else None).value
    if problem.loss_function.on_simplex:
        assert bound.q.min() >= 0
        for t, rows in problem.design.blocks():
            kept = problem.design.labelled[t]
            np.testing.assert_allclose(bound.q[rows][:, kept].sum(axis=0), 1.0, atol=1e-12)
    if problem.free_bias:
        scale = np.abs(problem.omega_rows).sum()
        np.testing.assert_allclose(bias_residual(problem, bound.q), 0.0, atol=1e-12 * scale)


# --------------------------------------------------------------------------- missing labels

LABELS = np.array([[0, 1, 0, -1, 1, 0, 1, -1], [0, 1, 2, 2, -1, 0, 0, 1], [-1, 0, 1, 1, 0, -1, 1, 0]])
PARTIAL = LabelDesign((2, 3, 2), LABELS, np.array([3, 1, 2, 1, 4, 1, 2, 5]))


@pytest.mark.parametrize("bias", [None, 0, "0.05"])
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_gap_is_quadratic_in_the_error_with_missing_labels(loss, bias):
    problem = UFM(PARTIAL, ("0.03", "0.05", "0.02"), "0.05", bias=bias, loss=loss)
    data = DataTerm(problem)
    optimum = solve_structured(problem)
    Z, b, value = optimum.factors.Z, optimum.factors.b, optimum.factors.value
    error = np.random.default_rng(0).standard_normal(Z.shape)
    error *= np.linalg.norm(Z) / np.linalg.norm(error)
    ahead = []
    for size in (1e-2, 1e-3, 1e-4):
        point = Z + size * error
        bound = dual_bound(data, point, predictions_at(data, point, b), b)
        assert spectral_norm(scaled_residual(problem, bound.q)) <= data.gamma * (1 + 1e-12)
        ahead.append(value - bound.value)
    for k in (0, 1):
        assert 50 < ahead[k] / ahead[k + 1] < 200


def conic_projection(G, radius, N):
    """The point nearest to G with ‖U‖_op <= radius and N U = 0, by CVXPY."""
    basis = [N(unit.reshape(G.shape)).ravel() for unit in np.eye(G.size)]
    U = cp.Variable(G.shape)
    vanish = np.array(basis) @ cp.vec(U, order="C") == 0
    cp.Problem(cp.Minimize(cp.sum_squares(U - G)), [cp.sigma_max(U) <= radius, vanish]).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9
    )
    return U.value


@pytest.mark.parametrize("bias", [None, 0])
@pytest.mark.parametrize("tall", [False, True])
def test_projection_on_the_ball_cut_by_the_labels(bias, tall, monkeypatch):
    monkeypatch.setattr(supported_projection, "TOO_LARGE", 1.0)
    monkeypatch.setattr(supported_projection, "NEWTON_STEPS", 12)
    design = LabelDesign((3, 3), np.array([[0, 1, -1], [0, -1, 2]]), [1, 2, 1]) if tall else PARTIAL
    problem = UFM(design, "0.03", "0.05", bias=bias) if not tall else UFM(design, "0.03", "0.05")
    N = outside(problem)
    rng = np.random.default_rng(3)
    G = rng.standard_normal((design.rows, design.cells))
    np.testing.assert_allclose(N(N(G)), N(G), atol=1e-14)
    radius = 0.6 * np.linalg.norm(G, 2)
    found = project(G - N(G), radius, N)
    assert np.linalg.norm(N(found)) <= 1e-9
    np.testing.assert_allclose(found, conic_projection(G - N(G), radius, N), atol=1e-5)


@pytest.mark.parametrize("shape", [(4, 7), (5, 5)])
def test_differential_of_the_projection_is_that_of_finite_differences(shape):
    rng = np.random.default_rng(0)
    G, X = rng.standard_normal(shape), rng.standard_normal(shape)
    radius = float(np.median(np.linalg.svd(G, compute_uv=False)))  # some above, some below

    def ball(M):
        P, s, Qt = np.linalg.svd(M, full_matrices=False)
        return (P * np.minimum(s, radius * 1.01)) @ Qt

    step = 1e-6
    numeric = (ball(G + step * X) - ball(G - step * X)) / (2 * step)
    parts = supported_projection._singular_values(G)
    np.testing.assert_allclose((parts[0] * parts[1]) @ parts[2], G, atol=1e-12)
    np.testing.assert_allclose(supported_projection._differential(*parts, radius * 1.01)(X), numeric, atol=1e-7)
