"""The three CVXPY programs: one value, one optimum, and statuses that are never lost."""

import cvxpy as cp
import numpy as np
import pytest

from relaxations.programs import (
    PROGRAMS,
    SOLVER_OPTIONS,
    SolverFailure,
    maximum_entropy_program,
    nuclear_norm_program,
    run_program,
    semidefinite_program,
)
from theory import UFM, LabelDesign
from theory.closed_forms import FLOAT
from theory.duality import scaled_residual, spectral_norm
from theory.known_optimum import known_optimum

IMBALANCED = LabelDesign.from_joint([[3, 1], [2, 5], [1, 2]])
PARTIAL = LabelDesign((2, 3), np.array([[0, 1, -1, 0, 1, 0, -1], [0, 1, 2, -1, 2, 1, 0]]), [2, 1, 3, 1, 1, 2, 1])

PROBLEMS = {
    f"{name}-{loss}-{bias}": UFM(design, ("0.02", "0.05"), "0.1", ("1", "1.5"), bias, loss=loss)
    for name, design in (("imbalanced", IMBALANCED), ("partial", PARTIAL), ("smoothed", IMBALANCED.smoothed("0.1")))
    for loss in ("ce", "mse")
    for bias in (None, 0, "0.03")
}


def objective_of_relaxation(problem, Z, b):
    """(P) at a point, from its definition: fit plus √λ_H times the sum of singular values."""
    M = Z / np.sqrt(np.outer(problem.lambda_w_rows, problem.design.counts))
    fit = (problem.omega * problem.losses(M + b[:, None])).sum() + 0.5 * problem.lambda_b_rows @ b**2
    return fit + np.sqrt(float(problem.lambda_h)) * np.linalg.svd(Z, compute_uv=False).sum()


@pytest.mark.parametrize("name", PROBLEMS)
def test_three_programs_have_one_value_and_attain_it(name):
    problem = PROBLEMS[name]
    values = {}
    for program, build in PROGRAMS.items():
        result = run_program(build(problem), "clarabel")
        assert result.status == cp.OPTIMAL
        values[program] = result.value
        # what is read off, from variables or from multipliers, is a point of (P) with that very value
        assert objective_of_relaxation(problem, result.Z, result.b) == pytest.approx(result.value, rel=1e-6)
    assert values["nuclear"] == pytest.approx(values["sdp"], rel=1e-7)
    assert values["entropy-dual"] == pytest.approx(values["sdp"], rel=1e-7)


@pytest.mark.parametrize("conic", sorted(SOLVER_OPTIONS))
@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_both_conic_solvers_meet_the_theorem(program, conic):
    problem = UFM(LabelDesign.factorial((2, 3), 2), "0.03", "0.02", bias="0.1")
    result = run_program(PROGRAMS[program](problem), conic)
    assert result.status == cp.OPTIMAL
    assert result.value == pytest.approx(known_optimum(problem).value(FLOAT), rel=1e-6)
    assert result.iterations > 0


def test_matrix_inequality_is_tight_at_the_balanced_factors():
    problem = PROBLEMS["imbalanced-ce-None"]
    program = semidefinite_program(problem)
    result = run_program(program)
    A, B = program.variables["A"].value, program.variables["B"].value
    whole = np.block([[A, result.Z], [result.Z.T, B]])
    assert np.linalg.eigvalsh(whole)[0] > -1e-7
    nuclear = np.linalg.svd(result.Z, compute_uv=False).sum()
    assert np.trace(A) == pytest.approx(nuclear, rel=1e-5)
    assert np.trace(B) == pytest.approx(nuclear, rel=1e-5)


@pytest.mark.parametrize("name", ["imbalanced-ce-0", "partial-mse-0", "partial-ce-None"])
def test_maximum_entropy_point_is_feasible_and_explains_the_primal(name):
    problem = PROBLEMS[name]
    dual = maximum_entropy_program(problem)
    primal = nuclear_norm_program(problem)
    run_program(dual)
    optimum = run_program(primal)
    q = dual.variables["q"].value
    U = scaled_residual(problem, q)
    gamma = np.sqrt(float(problem.lambda_h))
    assert spectral_norm(U) == pytest.approx(gamma, rel=1e-6)
    # U' is a subgradient: its inner product with Z' is the norm's own value
    assert (U * optimum.Z).sum() == pytest.approx(gamma * np.linalg.svd(optimum.Z, compute_uv=False).sum(), rel=1e-5)
    logits = optimum.Z / np.sqrt(np.outer(problem.lambda_w_rows, problem.design.counts)) + optimum.b[:, None]
    labelled = np.repeat(problem.design.labelled, problem.design.classes, axis=0)
    np.testing.assert_allclose(np.where(labelled, problem.predictions(logits), 0), q, atol=1e-4)
    if problem.free_bias:
        r = (problem.omega_rows * (problem.design.target_matrix - q)).sum(axis=1)
        np.testing.assert_allclose(r, 0, atol=1e-7)


def test_inaccurate_status_is_handed_on(monkeypatch):
    problem = PROBLEMS["imbalanced-ce-None"]
    loose = {"solver": cp.SCS, "eps_abs": 1e-14, "eps_rel": 1e-14, "max_iters": 30}
    monkeypatch.setitem(SOLVER_OPTIONS, "scs", loose)
    result = run_program(nuclear_norm_program(problem), "scs")
    assert result.status == cp.OPTIMAL_INACCURATE


@pytest.mark.parametrize(
    ("constraint", "status"),
    [(lambda x: x >= 1, "infeasible"), (lambda x: x <= 1, "unbounded")],
    ids=["infeasible", "unbounded"],
)
def test_a_status_without_a_point_is_a_failure_that_names_it(constraint, status):
    program = nuclear_norm_program(PROBLEMS["imbalanced-ce-None"])
    x = cp.Variable()
    other = cp.Problem(cp.Minimize(x), [constraint(x)] + ([x <= 0] if status == "infeasible" else []))
    with pytest.raises(SolverFailure, match=status):
        run_program(type(program)(other, {}, program.read))


def test_nothing_is_printed_on_standard_output(capfd):
    run_program(nuclear_norm_program(PROBLEMS["imbalanced-mse-0"]), "scs")
    assert capfd.readouterr().out == ""
