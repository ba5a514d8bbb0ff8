"""Squared error: the closed forms against proven enclosures and numerical optima of designs of any shape."""

import dataclasses
import random
from fractions import Fraction

import numpy as np
import pytest
import scipy.optimize
import sympy as sp
from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from relaxations.certificate import Certificate
from relaxations.check import check_certificate
from relaxations.solve import solve
from theory import UFM, LabelDesign, second_moment
from theory.claims import squared_error as claim
from theory.claims import squared_error_balanced as balanced
from theory.geometry import cross_task_overlap
from theory.proof import Verdict
from theory.proof.instances import Instance, orthonormal_columns
from theory.proof.refutation import refute

ROUNDING = 1e-12


@st.composite
def joint_designs(draw):
    """Every label given: any joint table, every class of every task occurring."""
    classes = tuple(draw(st.lists(st.integers(2, 4), min_size=1, max_size=3)))
    table = draw(hnp.arrays(np.int64, classes, elements=st.integers(0, 4)))
    for k in range(max(classes)):
        table[tuple(k % n for n in classes)] += 1
    design = LabelDesign.from_joint(table)
    return design.smoothed(Fraction(1, 5)) if draw(st.booleans()) else design


@st.composite
def covered_problems(draw):
    design = draw(joint_designs())
    weights = draw(st.lists(st.sampled_from([1, 2]), min_size=design.tasks, max_size=design.tasks))
    decay = draw(st.sampled_from([Fraction(1, 200), Fraction(1, 30), Fraction(1, 5)]))
    return UFM(
        design,
        [decay * c for c in weights],
        Fraction(1, 40),
        weights,
        bias=draw(st.sampled_from([None, 0])),
        loss="mse",
    )


def enclosure(problem):
    solution = solve(problem, "proximal")
    verdict = check_certificate(Certificate.from_solution(solution).to_dict())
    assert verdict.certified, verdict.reason
    return solution, float(Fraction(verdict.lower)), float(Fraction(verdict.upper))


def inside(value, lower, upper):
    return lower - ROUNDING * abs(lower) <= value <= upper + ROUNDING * abs(upper)


@settings(max_examples=60)
@given(covered_problems())
def test_value_lies_in_the_enclosure_and_gram_is_that_of_the_optimum(problem):
    solution, lower, upper = enclosure(problem)
    assert inside(second_moment.optimal_value(problem), lower, upper)
    gram = second_moment.optimal_gram(problem)
    event(f"rank of the optimum 0: {solution.rank == 0}")
    assert np.abs(solution.W @ solution.W.T - gram).max() <= 1e-5 * (1 + np.abs(gram).max())


@settings(max_examples=40)
@given(joint_designs(), st.sampled_from([None, 0]), st.integers(0, 100))
def test_a_direction_dies_exactly_at_its_threshold(design, bias, seed):
    """λ_W λ_H just below and just above α² s²/N of one eigenvalue of the second moment."""
    alpha, lam_w = Fraction(3, 2), Fraction(1, 7)
    Y = design.target_matrix
    if bias == 0:
        Y = Y - (Y @ design.counts / design.samples)[:, None]
    squares = np.linalg.eigvalsh((Y * design.counts) @ Y.T / design.samples)
    living = squares[squares > 1e-3]
    square = float(living[seed % len(living)])
    limit = second_moment.direction_threshold(float(alpha), design.samples, square)
    ranks = []
    for factor in (0.999, 1.001):
        lam_h = factor * limit / float(lam_w)
        problem = UFM(design, lam_w, lam_h, alpha, bias=bias, loss="mse")
        ranks.append(second_moment.dimension_needed(problem))
    above = int((squares > square * 1.002).sum())
    same = int((np.abs(squares - square) <= 1e-6 * square).sum())
    nearby = int((np.abs(squares - square) <= 0.002 * square).sum())
    if same == nearby:
        assert ranks == [above + same, above]


@given(st.lists(st.integers(2, 4), min_size=2, max_size=3), st.sampled_from(["1/100", "1/20"]))
def test_factorial_designs_orthogonal_with_a_free_bias_and_not_without(classes, decay):
    design = LabelDesign.factorial(classes)
    free, plain = (UFM(design, decay, "1/100", bias=bias, loss="mse") for bias in (0, None))
    for problem in (free, plain):
        W = solve(problem, "proximal").W
        heads = [W[rows] for _, rows in design.blocks()]
        ratio = float(problem.alpha[0] / problem.lambda_w[0])
        share = sum(float(problem.lambda_w[t]) / k for t, k in enumerate(classes))
        sigma = np.sqrt(design.samples * share)
        alive = sigma > second_moment.singular_threshold(design.samples, ratio, 0.01)
        if problem is free or not alive:
            assert np.abs(heads[0] @ heads[1].T).max() < 1e-6
        else:
            c = second_moment.cross_gram_without_bias(classes[0], classes[1], design.samples, share, ratio, 0.01)
            np.testing.assert_allclose(heads[0] @ heads[1].T, c, rtol=1e-5)
            assert cross_task_overlap(heads[0], heads[1]) > 0.01


def test_without_a_bias_nc3_is_refuted_by_a_certified_optimum():
    """A false variant (orthogonal heads, value of the free bias) lies outside the proven enclosure."""
    problem = second_moment.bias_free_counterexample()
    solution, lower, upper = enclosure(problem)
    assert cross_task_overlap(solution.W[:2], solution.W[2:]) > 0.5
    centred = UFM.from_dict({**problem.to_dict(), "bias": ["0", "0"]})
    assert inside(second_moment.optimal_value(problem), lower, upper)
    assert not inside(second_moment.optimal_value(centred), lower, upper)


def test_different_ratios_are_refused():
    problem = UFM(LabelDesign.factorial((2, 2)), ["1/50", "1/20"], "1/50", loss="mse")
    with pytest.raises(ValueError, match="one value of"):
        second_moment.optimal_value(problem)
    assert not second_moment.covered(UFM(LabelDesign.multi_source((2, 2)), "1/50", "1/50", loss="mse"))
    assert not second_moment.covered(UFM(LabelDesign.factorial((2, 2)), "1/50", "1/50", bias="1/10", loss="mse"))


# --------------------------------------------------------------------------- false variants, refuted by machine


def step(name, of=claim):
    return next(s for s in of.CLAIM.steps if s.name == name)


def instance(seed=3):
    """Rational singular vectors, N = 4, κ = 1, λ_H = 1/16, so that τ = 1; W', H̃ at the optimum."""
    rng = random.Random(seed)
    left, right = orthonormal_columns(4, 3, rng), orthonormal_columns(4, 3, rng)
    root = sp.diag(1, sp.Rational(1, 2))
    P_1, Q_1, P_2, Q_2 = left[:, :2], right[:, :2], left[:, 2:], right[:, 2:]
    quarter = sp.sqrt(sp.sqrt(sp.Rational(1, 16)))
    matrices = {"P₁": P_1, "Q₁": Q_1, "P₂": P_2, "Q₂": Q_2, "D₁": root**2, "D₁^{1/2}": root}
    matrices |= {"S₂": sp.Matrix([[sp.Rational(1, 3)]]), "W'": quarter * P_1 * root, "H̃": root * Q_1.T / quarter}
    sizes = {"R": 4, "C": 4, "a": 2, "c": 1, "d": 2}
    return Instance(matrices, {claim.lam: sp.Rational(1, 16), claim.kappa: 1, claim.N: 4}, sizes)


@pytest.mark.parametrize(
    ("name", "rhs"),
    [
        ("Gram matrices of every minimiser", claim.lam * claim.part),
        ("Gram matrices of every minimiser", sp.sqrt(claim.lam) * (claim.P_1 @ claim.S_1 @ claim.P_1.T)),
        ("dual feasibility", claim.gap_form * 2),
        ("square root of YYᵀ", claim.part @ claim.part),
        ("complementarity of the positive part", claim.part),
    ],
)
def test_false_matrix_identities_are_refuted_at_an_optimum(name, rhs):
    true = step(name)
    at = instance()
    assert refute(claim.CLAIM, true, at).verdict is Verdict.UNDECIDED, "the true step holds there"
    assert refute(claim.CLAIM, dataclasses.replace(true, rhs=rhs), at).verdict is Verdict.REFUTED


def wrong_scalars():
    b, c = balanced, claim
    yield b, "balanced labels: the threshold of a task", {"rhs": b.forms.threshold(b.alpha, b.N, b.K_t**2)}
    yield b, "balanced independent labels, no bias: two tasks", {"rhs": b.sigma_0 * b.cross_block}
    gram = c.moments.gram_eigenvalue(c.s, c.alpha, c.N, c.lam_w, c.lam, c.SYMBOLIC)
    yield c, "Gram eigenvalue by direction", {"rhs": gram}
    yield b, "without a bias the heads are not orthogonal", {"op": "<"}


@pytest.mark.parametrize(("of", "name", "change"), list(wrong_scalars()), ids=lambda v: v if isinstance(v, str) else "")
def test_false_scalar_variants_are_refuted_at_a_rational_point(of, name, change):
    true = step(name, of)
    assert of.CLAIM.check(true).proved
    outcome = dataclasses.replace(true, **change).check(of.CLAIM.context(true))
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.point


@pytest.mark.parametrize("seed", range(4))
def test_a_feature_in_a_direction_at_the_threshold_costs(seed):
    """σ = τ: with h of length 1 in that direction the least value is above the minimum, by λ_H κ/(2(N + κ))."""
    rng = np.random.default_rng(seed)
    samples, lam, kappa = 5, float(rng.uniform(0.05, 0.5)), float(rng.uniform(0.5, 4))
    unit, tau = kappa / (2 * samples), samples * np.sqrt(lam) / kappa
    left, right = (np.linalg.qr(rng.normal(size=(n, 2)))[0] for n in (3, samples))
    targets = left @ np.diag([2.5 * tau, tau]) @ right.T
    least = unit * (np.sum(targets**2) - (1.5 * tau) ** 2)

    def objective(w, h):
        fit = unit * np.sum((w @ h - targets) ** 2)
        return fit + np.sum(w**2) / 2 + lam / 2 * np.sum(h**2)

    def held(x, component):
        """Features with the given component in the direction, and the heads that are best for them."""
        h = x.reshape(3, samples)
        h = h - np.outer(h @ right[:, 1] - component, right[:, 1])
        w = np.linalg.solve(2 * unit * h @ h.T + np.eye(3), 2 * unit * h @ targets.T).T
        return objective(w, h)

    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    values = [
        min(scipy.optimize.minimize(held, rng.normal(size=3 * samples), args=(c,)).fun for _ in range(4))
        for c in (np.zeros(3), direction)
    ]
    assert values[0] == pytest.approx(least, rel=1e-6)
    assert values[1] - least == pytest.approx(lam / 2 * kappa / (samples + kappa), rel=1e-4)
