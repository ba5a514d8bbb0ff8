"""The relaxation: false variants are refuted at rational points, and the theorem holds at solved problems."""

import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import local_minimum
from strategies import free_designs, problems

from relaxations.certificate import Certificate
from relaxations.check import check_certificate
from relaxations.solve import solve
from theory import UFM, LabelDesign
from theory.claims import relaxation as claim
from theory.duality import dual_value
from theory.proof import Verdict
from theory.proof.instances import Instance, orthonormal_columns, refute

CLAIM = claim.CLAIM
STEPS = {s.name: s for s in CLAIM.steps}


def instance(seed: int, lam: int = 4) -> Instance:
    """Balanced factors of a random Z' of rank 2, one sample a cell, a dual point on its singular space."""
    rng = random.Random(seed)
    sizes = {"R": 4, "C": 3, "r": 2, "d": 3, "N": 3, "R+C": 7}
    P, Q, V = (orthonormal_columns(n, 2, rng) for n in (4, 3, 3))
    root = sp.diag(rng.randint(1, 3), rng.randint(1, 3))
    Z = P * root * root * Q.T
    quarter = sp.sqrt(sp.sqrt(lam))
    W, H = quarter * P * root * V.T, V * root * Q.T / quarter
    U = sp.sqrt(lam) * P * Q.T
    ones = sp.ones(3, 1)
    G = U  # D_W = D_n = I
    fit, qz = sp.Rational(7, 2), (G.T * Z).trace()
    block = sp.Matrix.vstack(P * root, Q * root)
    selections = sp.eye(7)
    return Instance(
        {
            "P": P, "Q": Q, "V": V.T, "S^{1/2}": root, "Z'": Z, "M": Z, "D_W": sp.eye(4), "D_n": sp.eye(3),
            "W'": W, "H̃": H, "H": H, "E": sp.eye(3), "B": sp.zeros(4, 4), "b": sp.zeros(4, 1),
            "v": sp.zeros(4, 1), "U'": U, "G": G, "r": G * ones, "1": ones,
            "X": block * block.T, "L_1": selections[:, :4], "L_2": selections[:, 4:],
        },
        {claim.lam: lam, claim.omega: 1, claim.data: fit, claim.phi: fit, claim.conj_y: 0, claim.yz: 0,
         claim.conj_q: qz - fit, claim.qz: -qz},
        sizes,
    )  # fmt: skip


def test_the_claim_is_proved():
    assert CLAIM.status == "proved", [
        (s.name, o.detail) for s, o in zip(CLAIM.steps, CLAIM.outcomes, strict=True) if not o.proved
    ]


FALSE = {
    "twice the nuclear norm": replace(STEPS["relaxation"], rhs=claim.fit + 2 * sp.sqrt(claim.lam) * claim.nuclear),
    "λ_H in place of its root": replace(STEPS["relaxation"], rhs=claim.fit + claim.lam * claim.nuclear),
    "the trace without a half": replace(
        STEPS["semidefinite form, lower bound"],
        rhs=2 * claim.nuclear,
    ),
    "factors with λ_H^{1/2}": replace(
        STEPS["the balanced factors cost the nuclear norm"],
        lhs=claim.half * (sp.sqrt(claim.lam) * (claim.P @ claim.root @ claim.V)).square()
        + claim.half * claim.lam * (claim.V.T @ claim.root @ claim.Q.T / sp.sqrt(claim.lam)).square(),
    ),
    "a Gram matrix without the root of λ_H": replace(
        STEPS["Gram matrix of the heads"], rhs=claim.P @ claim.root @ claim.root @ claim.P.T
    ),
}


@pytest.mark.parametrize("name", FALSE)
@pytest.mark.parametrize("seed", [1, 2])
def test_false_variants_are_refuted_at_a_rational_point(name, seed):
    # r = G1 need not vanish in the instance: those steps do not use it
    assert FALSE[name].check(CLAIM.context(STEPS[FALSE[name].name])).verdict is not Verdict.PROVED
    outcome = refute(CLAIM, FALSE[name], instance(seed))
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.point


@pytest.mark.parametrize("seed", [1, 2])
def test_the_true_steps_hold_at_the_same_points(seed):
    for step in STEPS.values():
        if step.kind in ("Identity", "Inequality") and step.name not in (
            "weak duality",
            "no point is below the minimum of (P)",
        ):
            assert refute(CLAIM, step, instance(seed)).verdict is Verdict.UNDECIDED


def test_an_instance_that_breaks_a_hypothesis_refutes_nothing():
    good = instance(1)
    bad = Instance({**good.matrices, "P": 2 * good.matrices["P"]}, good.scalars, good.sizes)
    with pytest.raises(ValueError, match="does not satisfy"):
        refute(CLAIM, FALSE["twice the nuclear norm"], bad)


# --------------------------------------------------------------------------- numeric shadow


def relaxed_value(problem: UFM, W, H, b) -> float:
    """F(WH, b): the objective with the penalties of W and H exchanged for the nuclear norm of Z', by NumPy."""
    lam, rows = float(problem.lambda_h), np.sqrt(problem.lambda_w_rows)[:, None]
    penalties = 0.5 * ((rows * W) ** 2).sum() + 0.5 * lam * ((H * problem.sqrt_counts) ** 2).sum()
    singular = np.linalg.svd(rows * (W @ H) * problem.sqrt_counts, compute_uv=False)
    return float(problem.objective(W, H, b) - penalties + np.sqrt(lam) * singular.sum())


@settings(max_examples=40)
@given(problems(designs=free_designs(max_cells=6)), st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_f_is_above_the_relaxation_at_its_own_logits_and_meets_it_at_balanced_factors(problem, seed, width):
    rng, width = np.random.default_rng(seed), min(width, problem.dimension)
    W = rng.standard_normal((problem.design.rows, width))
    H = rng.standard_normal((width, problem.design.cells))
    b = rng.standard_normal(problem.design.rows) if problem.has_bias else None
    value, relaxed = problem.objective(W, H, b), relaxed_value(problem, W, H, b)
    assert value >= relaxed * (1 - 1e-12)
    scale = np.sqrt(problem.lambda_w_rows)[:, None]
    P, s, Qt = np.linalg.svd(scale * (W @ H) * problem.sqrt_counts, full_matrices=False)
    quarter = float(problem.lambda_h) ** 0.25
    balanced = problem.objective(
        quarter * P * np.sqrt(s) / scale, np.sqrt(s)[:, None] * Qt / quarter / problem.sqrt_counts, b
    )
    assert balanced == pytest.approx(relaxed, rel=1e-9)
    # weak duality, at the point of D that a solver found

    solution = solve(problem, "proximal")
    assert relaxed >= dual_value(problem, solution.q) * (1 - 1e-9) - 1e-12


def test_the_value_is_reached_from_the_rank_on_and_not_below_it():
    """Two independent tasks of 3 classes: the minimiser of (P) has rank 4, and it is the only one."""
    problem = UFM(LabelDesign.factorial((3, 3)), Fraction(1, 20), Fraction(1, 20))
    solution = solve(problem, "proximal")
    verdict = check_certificate(Certificate.from_solution(solution).to_dict())
    assert verdict.certified
    assert solution.rank == 4
    lower, upper = float(Fraction(verdict.lower)), float(Fraction(verdict.upper))
    best = {d: min(local_minimum(problem, seed, width=d)[0] for seed in range(6)) for d in (2, 3, 4, 5)}
    for d in (4, 5):
        assert best[d] == pytest.approx(upper, rel=1e-7)
    # every local minimum found below the rank stays off by far more than the width of the enclosure
    assert best[2] > best[3] > lower * 1.01
