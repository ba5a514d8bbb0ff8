"""Multi-source collapse: a family of optima with any contraction between the heads, and no narrower one."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import local_minimum
from strategies import class_numbers, problems

from relaxations.certificate import Certificate
from relaxations.check import check_certificate
from relaxations.closed_form_point import simplex_basis
from relaxations.solve import solve
from theory import UFM, LabelDesign
from theory import closed_forms as forms
from theory.claims import multi_source as claim
from theory.known_optimum import known_optimum
from theory.proof import Identity, Verdict
from theory.proof.instances import Instance, refute
from theory.proof.traces import identity

CLAIM = claim.CLAIM
STEPS = {s.name: s for s in CLAIM.steps}


def test_the_claim_is_proved():
    assert CLAIM.status == "proved"


def test_wrong_scales_are_refuted():
    wrong = (
        replace(STEPS["margin of the family"], lhs=claim.weight * claim.scale * claim.K),
        replace(
            STEPS["one task"],
            rhs=forms.task_value(claim.alpha, claim.K, claim.coupling / 2, claim.a, claim.ON, claim.eps),
        ),
        replace(STEPS["the smallest width"], rhs=claim.K),
    )
    for step in wrong:
        outcome = step.check(CLAIM.context(STEPS[step.name]))
        assert outcome.verdict is Verdict.REFUTED
        assert outcome.value  # the difference, enclosed at a rational point


def test_a_step_of_another_claim_does_not_apply_without_its_conditions():
    bare = replace(STEPS["optimal heads"], where=())
    with pytest.raises(ValueError, match="task t is alive"):
        bare.check(CLAIM.context(STEPS["optimal heads"]))


def test_orthogonality_and_rotation_are_refuted_as_theorems():
    """A cross block of 3/5 (two binary tasks, d = 2): the heads are neither orthogonal nor aligned."""
    x_s, x_t = sp.Matrix([[1, 0]]), sp.Matrix([[sp.Rational(3, 5), sp.Rational(4, 5)]])
    at = Instance(
        {"X_s": x_s, "X_t": x_t, "V_s": sp.Matrix([1, -1]) / sp.sqrt(2), "V_t": sp.Matrix([1, -1]) / sp.sqrt(2)},
        {claim.g: 1, claim.g_s: 1},
        {"d": 2, "r_t": 1, "r_s": 1, "K_t": 2, "K_s": 2},
    )
    orthogonal = Identity(
        name="heads are orthogonal",
        lhs=claim.head_s @ claim.head.T,
        rhs=claim.nothing(claim.head_s @ claim.head.T),
    )
    a_rotation = replace(STEPS["I − CᵀC is a square"], lhs=identity("r_t"), rhs=claim.cross.T @ claim.cross)
    assert refute(CLAIM, orthogonal, at).verdict is Verdict.REFUTED
    assert refute(CLAIM, a_rotation, at).verdict is Verdict.REFUTED
    assert refute(CLAIM, STEPS["I − CᵀC is a square"], at).verdict is Verdict.UNDECIDED


# --------------------------------------------------------------------------- numeric shadow


def sources() -> st.SearchStrategy[LabelDesign]:
    return st.builds(
        lambda classes, n: LabelDesign.multi_source(classes, [1 + (n + t) % 3 for t in range(len(classes))]),
        class_numbers(max_tasks=3, max_classes=6),
        st.integers(0, 2),
    )


def member(problem: UFM, frames: list[np.ndarray]):
    """The point W_t = √g_t V_tX_t, h = β_t w_{t,y}, for given X_t with orthonormal rows."""
    design, known, lam = problem.design, known_optimum(problem), float(problem.lambda_h)
    W, H = [], np.zeros((frames[0].shape[1], design.cells))
    for t, k in enumerate(design.classes):
        n, decay = design.task_masses[t], float(problem.lambda_w[t])
        scale = forms.head_gram_scale(k, n, decay, lam, known.tasks[t].margin)
        W.append(np.sqrt(scale) * simplex_basis(k) @ frames[t])
        keep = design.labelled[t]
        H[:, keep] = forms.sum_rule_weight(k, n, decay, lam) * W[t][design.labels[t][keep]].T
    return np.concatenate(W), H


def bounds(problem: UFM) -> tuple[float, float]:
    verdict = check_certificate(Certificate.from_solution(solve(problem, "proximal")).to_dict())
    return float(Fraction(verdict.lower)), float(Fraction(verdict.upper))


@settings(max_examples=40)
@given(problems(designs=sources(), losses=("ce",)), st.integers(0, 2**32 - 1))
def test_every_member_of_the_family_is_optimal(problem, seed):
    lower, upper = bounds(problem)
    rng = np.random.default_rng(seed)
    width = int(rng.integers(max(problem.design.classes) - 1, problem.dimension + 1))
    frames = [np.linalg.qr(rng.standard_normal((width, k - 1)))[0].T for k in problem.design.classes]
    value = problem.objective(*member(problem, frames))
    assert lower * (1 - 1e-10) - 1e-14 <= value <= upper * (1 + 1e-10) + 1e-14


@pytest.mark.parametrize("cosine", [0.0, 0.6, 1.0])
def test_two_optima_with_any_angle_between_the_heads(cosine):
    """A certified counterexample to orthogonality across tasks of different sources."""
    problem = UFM(LabelDesign.multi_source((3, 3)), Fraction(1, 20), Fraction(1, 20))
    lower, upper = bounds(problem)
    first = np.eye(2, 4)
    second = cosine * first + np.sqrt(1 - cosine**2) * np.eye(4)[2:]
    W, H = member(problem, [first, second])
    assert lower * (1 - 1e-10) <= problem.objective(W, H) <= upper * (1 + 1e-10)
    overlap = np.linalg.norm(W[:3] @ W[3:].T) / np.linalg.norm(W[:3] @ W[:3].T)
    assert overlap == pytest.approx(cosine, abs=1e-12)


def test_the_smallest_width_is_the_largest_and_not_the_sum():
    problem = UFM(LabelDesign.multi_source((2, 4), [3, 2]), Fraction(1, 50), Fraction(1, 50))
    lower, upper = bounds(problem)
    assert known_optimum(problem).dimension_needed == 3
    best = {d: min(local_minimum(problem, seed, width=d)[0] for seed in range(6)) for d in (2, 3)}
    assert best[3] == pytest.approx(upper, rel=1e-7)
    assert best[2] > lower * 1.01
