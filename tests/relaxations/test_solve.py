"""One entry for all solvers: they agree, they say what they did, and they refuse what they cannot do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import local_minimum
from strategies import balanced_designs, free_designs, problems

import relaxations.programs as programs
from relaxations.closed_form_point import simplex_basis
from relaxations.solve import AUTO_PROGRAM, SOLVERS, restricted, solve
from theory import UFM, LabelDesign
from theory.closed_forms import FLOAT
from theory.duality import dual_value, scaled_residual, spectral_norm
from theory.geometry import etf_deviation
from theory.known_optimum import known_optimum

NUMERICAL = [s for s in SOLVERS if s != "closed-form"]


def check_consistency(solution):
    """Everything that a Solution says, recomputed."""
    problem = solution.problem
    assert 1 <= solution.W.shape[1] <= problem.dimension
    assert (solution.b is None) == (not problem.has_bias)
    assert solution.value == problem.objective(solution.W, solution.H, solution.b)
    assert solution.lower == pytest.approx(dual_value(problem, solution.q), rel=1e-13)
    assert solution.lower <= solution.value * (1 + 1e-11)
    limit = np.sqrt(float(problem.lambda_h))
    assert spectral_norm(scaled_residual(problem, solution.q)) <= limit * (1 + 1e-13)
    if problem.free_bias:
        r = (problem.omega_rows * (problem.design.target_matrix - solution.q)).sum(axis=1)
        assert np.abs(r).max() <= 1e-12 * problem.omega.sum()
    for t, rows in problem.design.blocks():
        labelled = problem.design.labelled[t]
        assert not solution.q[rows][:, ~labelled].any()
        if problem.loss == "ce":
            assert solution.q[rows].min() >= 0
            np.testing.assert_allclose(solution.q[rows][:, labelled].sum(axis=0), 1, atol=1e-14)
    assert solution.iterations >= 0
    assert solution.seconds > 0


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_meets_the_theorem(solver):
    problem = UFM(LabelDesign.factorial((2, 3), 2).smoothed("0.1"), ("0.02", "0.01"), "0.03", (1, 2), bias="0.1")
    solution = solve(problem, solver)
    check_consistency(solution)
    assert solution.value == pytest.approx(known_optimum(problem).value(FLOAT), rel=1e-11)
    assert abs(solution.relative_gap) <= 1e-11
    assert solution.rank == solution.W.shape[1] == 3
    if solver not in ("proximal", "proximal:all-cells", "closed-form"):
        program = {"auto": AUTO_PROGRAM}.get(solver, solver)
        assert solution.solver == (program if ":" in program else f"{program}:clarabel") + "+refinement"
        assert solution.status == "optimal"
        assert solution.conic_value == pytest.approx(solution.value, rel=1e-5)
    else:
        assert solution.solver == solver
        assert solution.conic_value is None


@settings(max_examples=25)
@given(problems(designs=st.one_of(balanced_designs(max_cells=18), free_designs())), st.sampled_from(NUMERICAL))
def test_solvers_agree(problem, solver):
    solution, reference = solve(problem, solver), solve(problem, "proximal")
    check_consistency(solution)
    check_consistency(reference)
    assert "refinement" not in solution.status
    assert solution.value == pytest.approx(reference.value, rel=1e-9)
    assert abs(solution.relative_gap) <= 1e-9


@settings(max_examples=40)
@given(problems(designs=balanced_designs(max_cells=100), losses=("ce",)))
def test_closed_form_and_numerical_optimum_are_one_point(problem):
    exact, numerical = solve(problem, "closed-form"), solve(problem, "proximal")
    check_consistency(exact)
    assert abs(exact.relative_gap) <= 1e-9
    assert exact.value == pytest.approx(known_optimum(problem).value(FLOAT), rel=1e-9)
    assert numerical.value == pytest.approx(exact.value, rel=1e-9)
    # the optimum is unique up to rotation, and without a bias within each component: compare Gram matrices
    for t, rows in problem.design.blocks():
        gram = exact.W[rows] @ exact.W[rows].T
        np.testing.assert_allclose(numerical.W[rows] @ numerical.W[rows].T, gram, atol=1e-4 * (1 + np.abs(gram).max()))
        if known_optimum(problem).tasks[t].alive:
            assert etf_deviation(exact.W[rows]) <= 1e-12


def test_closed_form_refuses_what_no_theorem_covers():
    with pytest.raises(ValueError, match="no closed form is known"):
        solve(UFM(LabelDesign.from_joint([[3, 1], [2, 5]]), "0.01", "0.01"), "closed-form")
    with pytest.raises(ValueError, match="cross-entropy only"):
        solve(UFM(LabelDesign.factorial((2, 2)), "0.01", "0.01", loss="mse"), "closed-form")
    with pytest.raises(ValueError, match="needs dimension 4, the problem has 3"):
        solve(UFM(LabelDesign.factorial((3, 3)), "0.01", "0.01", dimension=3), "closed-form")
    with pytest.raises(ValueError, match="'simplex' is unknown; expected one of auto, sdp"):
        solve(UFM(LabelDesign.factorial((2, 2)), "0.01", "0.01"), "simplex")


def test_auto_is_numerical_and_changes_over_with_the_size():
    small = solve(UFM(LabelDesign.factorial((3, 3)), "0.01", "0.01"))
    large = solve(UFM(LabelDesign.factorial((5, 13)), "0.001", "0.001"))
    assert small.solver == f"{AUTO_PROGRAM}+refinement"
    assert large.solver == "proximal"
    assert large.status == "converged"


def test_components_share_their_coordinates():
    design = LabelDesign.multi_source((3, 5, 2), (2, 1, 4))
    problem = UFM(design, "0.01", "0.02")
    for solver in ("auto", "proximal", "closed-form"):
        solution = solve(problem, solver)
        check_consistency(solution)
        assert solution.rank == solution.W.shape[1] == 4
        parts = [solve(restricted(problem, tasks, cells), "proximal") for tasks, cells in design.components()]
        assert solution.value == pytest.approx(sum(part.value for part in parts), rel=1e-12)
    assert solve(UFM(design, "0.01", "0.02", dimension=4)).relative_gap <= 1e-11


@pytest.mark.parametrize("convention", ["sum-halves", "paper-sum", "paper-mean", "paper-mean-plain-decay"])
def test_a_problem_is_the_sum_of_its_components_in_every_convention(convention):
    labels = np.array([[0, 1, 1, -1, -1, -1], [1, 0, -1, -1, -1, 1], [-1, -1, -1, 0, 1, -1]])
    design = LabelDesign((2, 2, 2), labels, [1, 2, 3, 1, 2, 1])
    problem = UFM(design, (1, 2, 3), "0.05", ("1", "0.5", "2"), ("0.1", "0.2", "0.3"), convention=convention)
    rng = np.random.default_rng(0)
    W, H, b = rng.standard_normal((6, 2)), rng.standard_normal((2, 6)), rng.standard_normal(6)
    total = 0.0
    for tasks, cells in design.components():
        rows = np.concatenate([np.arange(6)[design.rows_of(t)] for t in tasks])
        total += restricted(problem, tasks, cells).objective(W[rows], H[:, cells], b[rows])
    assert total == pytest.approx(problem.objective(W, H, b), rel=1e-12)


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 5, 7])
def test_dimension_below_the_rank(dimension, loss):
    problem = UFM(
        LabelDesign.from_joint([[3, 1, 1], [2, 5, 1], [1, 1, 4]]), "0.01", "0.02", dimension=dimension, loss=loss
    )
    solution = solve(problem, "proximal")
    check_consistency(solution)
    if dimension >= solution.rank:
        assert not solution.cut
        assert solution.relative_gap <= 1e-11
    else:
        assert solution.cut
        assert solution.W.shape[1] == dimension
        assert solution.relative_gap > 1e-4
        # no worse than what an independent local search finds
        found = min(local_minimum(problem, seed)[0] for seed in range(4))
        assert solution.value <= found * (1 + 1e-6)


def test_another_optimum_of_smaller_rank_is_found():
    # tasks 1 and 3 are never annotated together, so their heads may share directions: rank 4 of 6 suffices
    pairs = [(i, j) for i in range(3) for j in range(3)]
    design, _ = LabelDesign.from_labels([(i, j, -1) for i, j in pairs] + [(-1, i, j) for i, j in pairs], (3, 3, 3))
    assert solve(UFM(design, "0.01", "0.01"), "proximal").rank == 6
    small = solve(UFM(design, "0.01", "0.01", dimension=4), "proximal")
    assert small.rank == 4
    assert abs(small.relative_gap) <= 1e-11
    assert solve(UFM(design, "0.01", "0.01", dimension=3), "proximal").relative_gap > 1e-3


@pytest.mark.parametrize("solver", ["auto", "proximal", "closed-form"])
def test_all_dead_is_zero(solver):
    problem = UFM(LabelDesign.factorial((2, 3)), 1, 1, dimension=1, bias="0.5")
    solution = solve(problem, solver)
    check_consistency(solution)
    assert solution.rank == 0
    assert not solution.W.any()
    assert not solution.H.any()
    assert solution.value == pytest.approx(problem.value_at_zero(), rel=1e-15)


def test_cells_that_no_task_weighs_in_on_get_no_feature():
    design = LabelDesign((2,), [[0, 1, 1]], [1, 1, 5], sample_weights=np.array([[1, 2, 0]]))
    for solver in ("auto", "proximal"):
        solution = solve(UFM(design, "0.01", "0.01"), solver)
        check_consistency(solution)
        assert solution.relative_gap <= 1e-11
        assert not solution.H[:, 2].any()
        assert solution.W.any()


def test_failure_of_a_conic_solver_is_raised_or_reported(monkeypatch):
    problem = UFM(LabelDesign.factorial((2, 2)), "0.01", "0.01")

    def fails(program, solver):
        raise programs.SolverFailure(f"{solver} ended with status 'infeasible'")

    monkeypatch.setattr(programs, "run_program", fails)
    with pytest.raises(programs.SolverFailure, match="infeasible"):
        solve(problem, "sdp")
    solution = solve(problem, "auto")
    assert "infeasible" in solution.status
    assert "structured solver instead: converged" in solution.status
    assert solution.relative_gap <= 1e-11


def test_inaccurate_conic_point_is_refined_and_said(monkeypatch):
    loose = {**programs.SOLVER_OPTIONS["scs"], "max_iters": 40}
    monkeypatch.setitem(programs.SOLVER_OPTIONS, "scs", loose)
    solution = solve(UFM(LabelDesign.from_joint([[3, 1, 1], [2, 5, 1]]), "0.001", "0.002"), "sdp:scs")
    assert solution.status.startswith("optimal_inaccurate")
    assert "before refinement off by" in solution.status
    assert solution.relative_gap <= 1e-11


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_simplex_basis_is_orthonormal_and_centred(classes):
    V = simplex_basis(classes)
    np.testing.assert_allclose(V.T @ V, np.eye(classes - 1), atol=1e-14)
    np.testing.assert_allclose(V @ V.T, np.eye(classes) - 1 / classes, atol=1e-14)


@pytest.mark.parametrize("bias", [None, 0, "0.1"])
def test_a_start_near_by_saves_steps_and_changes_nothing_else(bias):
    rng = np.random.default_rng(0)
    table = rng.integers(1, 20, size=(5, 5, 5))
    both = LabelDesign.from_joint(table)
    near = LabelDesign.from_joint(table + rng.integers(0, 2, size=table.shape))
    before = solve(UFM(near, "0.0012", "0.001", bias=bias), "proximal")
    problem = UFM(both, "0.001", "0.001", bias=bias)
    cold, warm = solve(problem, "proximal"), solve(problem, "proximal", start=before)
    assert warm.value == pytest.approx(cold.value, rel=1e-11)
    assert warm.relative_gap <= 1e-11
    assert warm.iterations < cold.iterations
    with pytest.raises(ValueError, match="start: a point of 15 rows and 125 cells; the problem has 6 and 9"):
        solve(UFM(LabelDesign.factorial((3, 3)), "0.1", "0.1"), "proximal", start=before)


def test_a_start_is_split_over_the_components():
    problem = UFM(LabelDesign.multi_source((3, 4), (2, 5)), "0.02", "0.01", bias=0)
    first = solve(problem, "proximal")
    again = solve(problem, "proximal", start=first)
    assert again.value == pytest.approx(first.value, rel=1e-12)
    assert again.iterations <= first.iterations
