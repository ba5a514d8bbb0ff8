"""Every loss with every bias, target, weight and pattern of labels: certified, and true by four independent means.

The minimum is that of a CVXPY program written here from the definition; the enclosures are those of balls, of exact
rationals and of float64, each from the certificate's text.
"""

import json
from fractions import Fraction
from itertools import product

import cvxpy as cp
import numpy as np
import pytest

from relaxations import check, check_exact, check_float
from relaxations.certify import certify_problem
from theory import UFM, LabelDesign

LOSSES = ("ce", "mse", "sparsemax")
BIASES = {"none": None, "free": 0, "decayed": ["1/10", "1/30"]}
FULL = np.array([[0, 1, 0, 1], [0, 1, 2, 2]])
MISSING = np.array([[0, 1, 0, -1], [0, 1, -1, 2]])
COUNTS = np.array([2, 1, 3, 1])
WEIGHTS = np.array([[1, 2, 1, 1], [3, 1, 1, 2]])
UNEQUAL = {"weight_decay": ("1/50", "1/20"), "task_weights": ("1", "3/2")}
EQUAL = {"weight_decay": "1/40", "task_weights": 1}


def soft(labels):
    """Targets of its own for every label: a third of the mass on other classes, unequally."""
    rows = ([[2, 1], [1, 5]], [[4, 1, 1], [1, 2, 0], [0, 1, 3]])
    tables = [tuple(tuple(Fraction(x, sum(row)) for x in row) for row in table) for table in rows]
    return LabelDesign((2, 3), labels, COUNTS, tables)


DESIGNS = {
    "hard labels": (LabelDesign((2, 3), FULL, COUNTS), EQUAL),
    "soft targets": (soft(FULL), EQUAL),
    "unequal tasks": (LabelDesign((2, 3), FULL, COUNTS), UNEQUAL),
    "missing labels": (LabelDesign((2, 3), MISSING, COUNTS), EQUAL),
    "everything at once": (
        LabelDesign((2, 3), MISSING, COUNTS, soft(MISSING).targets, sample_weights=WEIGHTS), UNEQUAL
    ),
}  # fmt: skip
CASES = list(product(LOSSES, BIASES, DESIGNS))


def problem_of(loss, bias, name):
    design, numbers = DESIGNS[name]
    convention = "paper-mean" if name == "everything at once" else "mean-halves"
    return UFM(design, feature_decay="1/30", bias=BIASES[bias], loss=loss, convention=convention, **numbers)


def conic_minimum(problem):
    """min Σ ω ℓ(M + b, y) + √λ_H ‖[√λ_W √n M]‖_* + Σ λ_b/2 ‖b‖², from the definition."""
    design = problem.design
    M, b = cp.Variable((design.rows, design.cells)), cp.Variable(design.rows)
    total, constraints = 0, [b == 0] if not problem.has_bias else []
    for t, rows in design.blocks():
        for j in range(design.cells):
            if not design.labelled[t, j]:
                continue
            z, y = M[rows, j] + b[rows], design.target_matrix[rows, j]
            positive = y[y > 0]
            if problem.loss == "ce":
                value = cp.log_sum_exp(z) - y @ z + positive @ np.log(positive)
            elif problem.loss == "mse":
                value = 0.5 * cp.sum_squares(z - y)
            else:  # Φ(z) = max over the simplex of ⟨q, z⟩ − ½‖q‖² = min over τ of τ + ½‖(z − τ)_+‖²
                tau = cp.Variable()
                value = tau + 0.5 * cp.sum_squares(cp.pos(z - tau)) - y @ z + 0.5 * y @ y
            total += problem.omega[t, j] * value
        if problem.has_bias:
            total += 0.5 * float(problem.lambda_b[t]) * cp.sum_squares(b[rows])
    scale = np.sqrt(problem.lambda_w_rows)[:, None] * problem.sqrt_counts[None, :]
    penalty = np.sqrt(float(problem.lambda_h)) * cp.normNuc(cp.multiply(scale, M))
    return cp.Problem(cp.Minimize(total + penalty), constraints).solve(solver=cp.CLARABEL)


@pytest.mark.parametrize(("loss", "bias", "name"), CASES, ids=[", ".join(case) for case in CASES])
def test_certified_by_all_and_true(loss, bias, name):
    problem = problem_of(loss, bias, name)
    result = certify_problem(problem, "proximal")
    assert result.status == "certified", result.reason
    data = json.loads(result.certificate.to_text())
    exact, floats = check_exact.judge(data), check_float.check_certificate(data)
    assert exact["status"] == floats.status == "certified", (exact["reason"], floats.reason)
    truth = Fraction(conic_minimum(problem))
    for lower, upper in (
        (result.lower, result.upper), (exact["lower"], exact["upper"]), (floats.lower, floats.upper),
    ):  # fmt: skip
        assert Fraction(lower) * (1 - Fraction(1, 10**6)) <= truth <= Fraction(upper) * (1 + Fraction(1, 10**6))
        # the three overlap: they enclose one number
        assert Fraction(lower) <= Fraction(result.upper)
        assert Fraction(result.lower) <= Fraction(upper)
    # by the level that was asked for
    assert certify_problem(problem, "proximal", trust="floats").lower == floats.lower


@pytest.mark.parametrize(("loss", "bias", "name"), CASES[::4], ids=[", ".join(case) for case in CASES[::4]])
def test_an_enclosure_of_another_combination_is_another(loss, bias, name):
    """The combinations differ: what is true of one is refused for its neighbour."""
    problem = problem_of(loss, bias, name)
    data = json.loads(certify_problem(problem, "proximal").certificate.to_text())
    others = [problem_of(*other, name) for other in product(LOSSES, BIASES) if other != (loss, bias)]
    for other in others:
        verdict = check.check_certificate(data, problem=other.to_dict())
        assert verdict.status == "mismatch"
        exact = check_exact.judge(data, problem=other.to_dict())
        assert exact["status"] == "mismatch"
