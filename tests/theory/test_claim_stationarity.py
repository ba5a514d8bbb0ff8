"""Stationarity: gradients against finite differences of f, balance at critical points of every kind."""

import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import event, given, settings
from hypothesis import strategies as st
from reference import local_minimum
from strategies import free_designs, problems, random_point

from theory import UFM, LabelDesign
from theory.claims import stationarity as claim
from theory.duality import scaled_residual
from theory.geometry import balance_deviation
from theory.proof import Verdict
from theory.proof.instances import Instance, orthonormal_columns, refute

CLAIM = claim.CLAIM
STEPS = {s.name: s for s in CLAIM.steps}


def critical_point(seed: int, lam: int = 4) -> Instance:
    """W = P V, H = ½VᵀQᵀ, G = 2PQᵀ: a critical point with λ_H = 4, D_W = I, one sample a cell."""
    rng = random.Random(seed)
    P, Q, V = orthonormal_columns(4, 2, rng), orthonormal_columns(3, 2, rng), orthonormal_columns(2, 2, rng).T
    G, W, H = 2 * P * Q.T, P * V, V.T * Q.T / 2
    return Instance(
        {
            "W": W, "H": H, "G": G, "b": G * sp.ones(3, 1), "B": sp.eye(4), "1": sp.ones(3, 1), "D_W": sp.eye(4),
            "D_W⁻¹": sp.eye(4), "E": sp.eye(3), "U'": G, "W'": W, "H̃": H,
            "ΔW": sp.ones(4, 2), "ΔH": sp.ones(2, 3), "Δb": sp.ones(4, 1),
        },
        {claim.lam: lam, claim.tau: 3},
        {"R": 4, "C": 3, "d": 2, "N": 3},
    )  # fmt: skip


def test_the_claim_is_proved():
    assert CLAIM.status == "proved"


def test_wrong_derivatives_and_wrong_penalties_are_refuted():
    flipped = replace(STEPS["cross-entropy in one logit"], equals=claim.y - claim.p)
    without_half = replace(
        STEPS["penalties along a line"],
        rhs=claim.penalties(claim.W, claim.H, claim.b) + 2 * claim.tau * claim.penalty_slope,
    )
    for step in (flipped, without_half):
        outcome = step.check(CLAIM.context(STEPS[step.name]))
        assert outcome.verdict is Verdict.REFUTED
        assert outcome.point


FALSE = {
    "balancedness without λ_H": replace(STEPS["balancedness"], rhs=claim.H @ claim.H.T),
    "equal norms": replace(STEPS["equal penalties"], rhs=claim.H.square()),
    "a residual of norm λ_H": replace(
        STEPS["heads live where the residual has norm √λ_H"], rhs=claim.lam**2 * claim.W_
    ),
    "features without 1/λ_H": replace(STEPS["features are sums over tasks"], lhs=claim.H),
}


@pytest.mark.parametrize("name", FALSE)
def test_false_variants_are_refuted_at_a_critical_point(name):
    assert refute(CLAIM, FALSE[name], critical_point(3)).verdict is Verdict.REFUTED
    assert refute(CLAIM, STEPS[FALSE[name].name], critical_point(3)).verdict is Verdict.UNDECIDED


# --------------------------------------------------------------------------- numeric shadow


def gradients(problem: UFM, W, H, b):
    """The claim's gradients, features given cell by cell (so that a cell counts n_j times)."""
    shift = np.zeros(problem.design.rows) if b is None else b
    G = problem.omega_rows * (problem.design.target_matrix - problem.predictions(W @ H + shift[:, None]))
    return (
        problem.lambda_w_rows[:, None] * W - G @ H.T,
        float(problem.lambda_h) * problem.design.counts * H - W.T @ G,
        problem.lambda_b_rows * shift - G.sum(axis=1),
    )


@settings(max_examples=40)
@given(problems(designs=free_designs(max_cells=6)), st.integers(0, 2**32 - 1))
def test_the_gradients_are_those_of_the_objective(problem, seed):
    W, H, b = random_point(problem, seed, scale=0.5)
    rng = np.random.default_rng(seed + 1)
    dW, dH = rng.standard_normal(W.shape), rng.standard_normal(H.shape)
    db = None if b is None else rng.standard_normal(b.shape)
    step = 1e-5

    def along(t: float) -> float:
        return problem.objective(W + t * dW, H + t * dH, None if b is None else b + t * db)

    slope = (along(step) - along(-step)) / (2 * step)
    in_W, in_H, in_b = gradients(problem, W, H, b)
    exact = (in_W * dW).sum() + (in_H * dH).sum() + (0 if b is None else in_b @ db)
    assert slope == pytest.approx(exact, rel=1e-5, abs=1e-7 * (1 + along(0)))


@settings(max_examples=15)
@given(problems(designs=free_designs(max_cells=6)), st.integers(0, 100), st.integers(1, 2))
def test_balance_and_duality_at_critical_points_of_any_width(problem, seed, width):
    _, (W, H, b) = local_minimum(problem, seed, width=min(width, problem.dimension))
    scale = max(float(np.abs(g).max()) for g in gradients(problem, W, H, b)[:2])
    root = np.sqrt(problem.lambda_w_rows)[:, None]
    if np.linalg.norm(root * W) < 1e-3 or scale > 1e-7:
        event("trivial, or the search stopped early")
        return
    event("balance checked")
    assert balance_deviation(problem, W, H) < 1e-4
    logits = W @ H + (0 if b is None else b[:, None])
    q = problem.predictions(logits)
    U = scaled_residual(problem, q)
    assert U @ U.T @ (root * W) == pytest.approx(float(problem.lambda_h) * root * W, rel=1e-3, abs=1e-5)
    if problem.loss == "ce":
        for _, rows in problem.design.blocks():
            assert np.abs(W[rows].sum(axis=0)).max() < 1e-4 * np.abs(W).max()


def test_balance_holds_at_a_saddle_too():
    """Two independent tasks: the optimum of the first with the second head at 0 is critical and no minimum."""
    problem = UFM(LabelDesign.factorial((2, 2)), Fraction(1, 20), Fraction(1, 20))
    one = UFM(LabelDesign.factorial((2,), 2), Fraction(1, 20), Fraction(1, 20))
    _, (W, H, _) = local_minimum(one, 1)
    stacked = np.concatenate([W, np.zeros((2, W.shape[1]))])
    features = H[:, problem.design.labels[0]]
    assert max(np.abs(g).max() for g in gradients(problem, stacked, features, None)[:2]) < 1e-8
    assert balance_deviation(problem, stacked, features) < 1e-7
    assert problem.objective(stacked, features) > local_minimum(problem, 1)[0] + 1e-3
