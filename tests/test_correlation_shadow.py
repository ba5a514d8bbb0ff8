"""Claims correlation, correlation_motion and correlation_classes against rigorous enclosures and numerical optima."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from relaxations.certificate import Certificate
from relaxations.certify import certify_problem
from relaxations.check import check_certificate, position
from relaxations.solve import solve
from theory import UFM, LabelDesign
from theory import correlation_law as law
from theory.claims import (
    _correlated_tasks,
    correlation,
    correlation_classes,
    correlation_motion,
    correlation_phases,
    correlation_reduced,
)
from theory.closed_forms import FLOAT, Arithmetic
from theory.geometry import etf_deviation
from theory.known_optimum import known_optimum
from theory.proof import Condition, Equivalence, Identity, Inequality, Verdict

BALLS = Arithmetic(
    number=lambda x: arb(fmpq(x.numerator, x.denominator)),
    exp=lambda x: arb(x).exp(),
    log=lambda x: arb(x).log(),
    sqrt=lambda x: arb(x).sqrt(),
)


def enclosure(problem):
    solution = solve(problem, "proximal")
    verdict = check_certificate(Certificate.from_solution(solution).to_dict(), tolerance="1e-8")
    assert verdict.certified, verdict.reason
    return verdict, solution


def mean_cosine(solution, k):
    """⟨W_1, W_2⟩/(‖W_1‖ ‖W_2‖): the cosine of equal classes where W_1 W_2ᵀ is a multiple of I − J/K."""
    first, second = solution.W[:k], solution.W[k : 2 * k]
    return float((first * second).sum() / np.linalg.norm(first) / np.linalg.norm(second))


def problem_of(k, agree, differ, m_squared, alpha=1, split=1, **options):
    """Two tasks with the joint table and μ/α = m: λ_W λ_H = (α m)²/N exactly."""
    design = LabelDesign.from_joint(law.joint_table(k, agree, differ))
    lam_h = Fraction(split)
    return UFM(design, Fraction(alpha) ** 2 * m_squared / design.samples / lam_h, lam_h, alpha, **options)


# --------------------------------------------------------------------------- two classes

TABLES = st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(any)
#: m² on both sides of every threshold: (1 ± ρ)/2 lies within 0 and 1
STRENGTHS = st.fractions(Fraction(1, 400), Fraction(11, 10), max_denominator=400)


@settings(max_examples=60, deadline=None)
@given(TABLES, STRENGTHS, st.sampled_from([1, Fraction(1, 2), 3]), st.sampled_from([1, Fraction(1, 7)]), st.data())
def test_the_law_lies_inside_the_enclosure(table, m_squared, alpha, split, data):
    bias = data.draw(st.sampled_from([None, 0, Fraction(1, 20)]))
    problem = problem_of(2, *table, m_squared, alpha, split, bias=bias)
    known = known_optimum(problem)
    verdict, solution = enclosure(problem)
    with ctx.workprec(200):
        assert position(verdict, known.value(BALLS)) == "inside"
    rho = Fraction(table[0] - table[1], sum(table))
    if rho == 0:
        assert known.theorem == "single_source"
        return
    (pair,) = known.pairs
    assert pair.correlation == rho
    assert pair.alive == (2 * m_squared < 1 + rho, 2 * m_squared < 1 - rho)
    margin_to_threshold = min(abs(2 * m_squared / (1 + s * rho) - 1) if 1 + s * rho else 1 for s in (1, -1))
    if margin_to_threshold > Fraction(1, 100):
        assert solution.rank == known.dimension_needed
        if pair.cosine is not None:
            assert mean_cosine(solution, 2) == pytest.approx(pair.cosine, abs=1e-5)


@pytest.mark.parametrize("sign", [1, -1])
def test_merging_is_decided_exactly_and_seen_on_both_sides(sign):
    """ρ = ±1/2: the smaller direction dies at 2m² = 1/2."""
    table = (3, 1) if sign > 0 else (1, 3)
    tiny = Fraction(1, 10**30)
    at, below = (known_optimum(problem_of(2, *table, Fraction(1, 4) - x)).pairs[0] for x in (0, tiny))
    assert sorted(at.alive) == [False, True]
    assert all(below.alive)
    assert at.cosine == sign
    _, apart = enclosure(problem_of(2, *table, Fraction(24, 100)))
    _, merged = enclosure(problem_of(2, *table, Fraction(26, 100)))
    assert apart.rank == 2
    assert abs(mean_cosine(apart, 2)) < 1 - 1e-4
    assert merged.rank == 1
    assert mean_cosine(merged, 2) == pytest.approx(sign, abs=1e-12)


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.01, 0.6), st.floats(1.01, 2))
def test_the_angle_moves_as_proved(agree, differ, m, factor):
    """Monotone in ρ and in m, odd in ρ, above its limit by no more than the bound."""

    def angle(rho, m):
        return law.correlated_optimum(2, rho, m)

    rho = (agree - differ) / (agree + differ)
    here = angle(rho, m)
    if here.phase == "dead":
        return
    assert here.cosine == pytest.approx(-angle(-rho, m).cosine, abs=1e-12)
    more = angle(min(1.0, rho + 0.05), m)
    if more.phase != "dead":
        assert more.cosine > here.cosine or more.cosine == here.cosine in (1, -1)
    if rho > 0 and here.phase == "alive":
        stronger = angle(rho, min(m * factor, math.sqrt((1 - rho) / 2)))
        assert stronger.cosine > here.cosine
        limit = law.vanishing_cosine(rho)
        root = math.sqrt(1 - rho**2)
        bound = root / (1 + root) * (0.5 * math.log((1 + rho) / (1 - rho)) + math.log(2)) / here.b
        assert limit <= here.cosine <= limit + bound


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(0, 6), st.integers(1, 3), STRENGTHS)
def test_groups_of_tasks_add_up(agree, differ, third, m_squared):
    """A correlated pair beside an independent third task of K classes, and beside a second pair."""
    pair = law.joint_table(2, agree, differ)
    for other in (np.full(third + 1, 1), law.joint_table(2, 1, 2)):
        design = LabelDesign.from_joint(np.multiply.outer(pair, other))
        problem = UFM(design, m_squared / design.samples, 1)
        known = known_optimum(problem)
        assert len(known.pairs) == (agree != differ) + (other.ndim == 2)
        assert certify_problem(problem, "proximal").inside
        result = certify_problem(problem, "closed-form")
        assert result.certified
        assert result.inside


def test_certify_reports_the_pair():
    problem = problem_of(2, 3, 1, Fraction(1, 20))
    result = certify_problem(problem)
    (pair,) = result.to_dict()["pairs"]
    assert pair["tasks"] == [0, 1]
    assert pair["correlation"] == 0.5
    assert pair["cosine"] == pytest.approx(mean_cosine(result.solution, 2), abs=1e-6)


def test_what_the_law_does_not_cover():
    table = law.joint_table(2, 3, 1)
    design = LabelDesign.from_joint(table)
    assert known_optimum(UFM(design, "0.1", "0.1")) is not None
    assert known_optimum(UFM(design, ["0.1", "0.2"], "0.1")) is None
    assert known_optimum(UFM(design, "0.1", "0.1", [1, 2])) is None
    assert known_optimum(UFM(design, "0.1", "0.1", loss="mse", bias=0)) is None
    assert known_optimum(UFM(design.smoothed("0.1"), "0.1", "0.1")) is None
    assert known_optimum(UFM(LabelDesign.from_joint([[3, 1], [1, 2]]), "0.1", "0.1")) is None
    # a third task that is independent of each of the pair but not of both together
    labels = [[0, 0, 0, 1, 1, 1, 0, 1], [0, 0, 0, 1, 1, 1, 1, 0], [0, 0, 1, 1, 0, 1, 0, 1]]
    assert known_optimum(UFM(LabelDesign.from_labels(np.array(labels).T)[0], "0.1", "0.1")) is None
    # three tasks, all pairs correlated
    chain = LabelDesign.from_joint(np.ones((2, 2, 2), int) + 2 * (np.indices((2, 2, 2)).sum(0) % 3 == 0))
    assert known_optimum(UFM(chain, "0.1", "0.1")) is None


def test_multi_source_beside_a_pair_in_the_same_coordinates():
    labels = np.array(
        [[0, 0, -1], [0, 0, -1], [1, 1, -1], [1, 1, -1], [0, 1, -1], [1, 0, -1], [-1, -1, 0], [-1, -1, 1]]
    )
    problem = UFM(LabelDesign.from_labels(labels)[0], "0.05", "0.05")
    result = certify_problem(problem, "closed-form")
    assert result.inside
    assert result.certified
    assert known_optimum(problem).dimension_needed == 2


@pytest.mark.parametrize("convention", ["paper-sum", "paper-mean", "mean-halves"])
def test_the_coupling_in_the_papers_convention(convention):
    c, n = Fraction(1, 3), 8
    problem = UFM(LabelDesign.from_joint([[3, 1], [1, 3]]), "0.02", "0.03", c, convention=convention)
    pair = known_optimum(problem).pairs[0]
    stated = correlation.COUPLINGS[convention].subs(
        {correlation.N: n, correlation.c: sp.Rational(1, 3), correlation.said_w: 0.02, correlation.said_h: 0.03}
    )
    by_law = law.correlated_optimum(2, 0.5, float(stated))
    assert pair.cosine == pytest.approx(by_law.cosine, rel=1e-12)
    assert pair.margins == pytest.approx((by_law.a, by_law.b), rel=1e-12)


# --------------------------------------------------------------------------- K classes


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 5), TABLES, st.fractions(Fraction(1, 400), Fraction(7, 10), max_denominator=400), st.data())
def test_the_reduced_optimum_is_the_optimum(k, table, m_squared, data):
    alpha = data.draw(st.sampled_from([1, 2]))
    bias = data.draw(st.sampled_from([None, 0]))
    agree, differ = table
    problem = problem_of(k, agree, differ, m_squared, alpha, bias=bias)
    rho = (agree - differ) / (agree + (k - 1) * differ)
    m = math.sqrt(m_squared)
    reduced = law.correlated_optimum(k, rho, m)
    verdict, solution = enclosure(problem)
    assert float(Fraction(verdict.lower)) * (1 - 1e-9) <= alpha * reduced.value <= float(verdict.upper) * (1 + 1e-9)
    near = min(abs(m_squared * k / (1 - rho) - 1) if rho < 1 else 1, abs(m_squared / law.sum_threshold(k, rho, m) - 1))
    if near < 0.02 or reduced.phase == "dead":
        return
    rank = {"alive": 2, "merged": 1, "opposed": 1}[reduced.phase] * (k - 1)
    assert solution.rank == rank
    for head in (solution.W[:k], solution.W[k:]):
        assert etf_deviation(head) < 1e-5
    assert mean_cosine(solution, k) == pytest.approx(reduced.cosine, abs=1e-5)


@pytest.mark.parametrize(("k", "table", "m_squared"), [(3, (4, 1), Fraction(1, 6)), (4, (5, 2), Fraction(3, 16 + 28))])
def test_merging_of_k_classes_on_both_sides(k, table, m_squared):
    """The difference dies at m² = (1−ρ)/K."""
    agree, differ = table
    rho = Fraction(agree - differ, agree + (k - 1) * differ)
    threshold = (1 - rho) / k
    _, apart = enclosure(problem_of(k, agree, differ, threshold * Fraction(95, 100)))
    _, merged = enclosure(problem_of(k, agree, differ, threshold * Fraction(105, 100)))
    assert (apart.rank, merged.rank) == (2 * (k - 1), k - 1)
    assert mean_cosine(merged, k) == pytest.approx(1, abs=1e-10)
    assert mean_cosine(apart, k) < 1 - 1e-4


def test_negative_correlation_kills_the_sum_first():
    """The sum dies where its slope at 0 fits into the dual ball; found by bisection on the threshold of the law."""
    k, agree, differ = 4, 0, 1
    rho = -Fraction(1, 3)
    low, high = 0.01, 0.6
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if middle**2 < law.sum_threshold(k, float(rho), middle) else (low, middle)
    _, alive = enclosure(problem_of(k, agree, differ, Fraction(low**2 * 0.93).limit_denominator(10**6)))
    _, opposed = enclosure(problem_of(k, agree, differ, Fraction(low**2 * 1.07).limit_denominator(10**6)))
    assert (alive.rank, opposed.rank) == (6, 3)
    assert mean_cosine(opposed, k) == pytest.approx(-1, abs=1e-10)


@given(st.integers(2, 7), st.floats(0, 1), st.floats(0.02, 0.9))
def test_an_independent_minimiser_of_the_reduced_problem_agrees(k, share, m):
    rho = -1 / (k - 1) + share * (1 + 1 / (k - 1))
    found = law.correlated_optimum(k, rho, m)
    rho = min(1.0, max(-1 / (k - 1), rho))

    def f(x):
        a, b, c = x
        size = law.sigma_plus(a, b + c, k, min(1.0, rho), SAFE) + abs(b - c) * math.sqrt((1 - rho) / k)
        return law.loss(a, b, c, k, rho) + m * (k - 1) * size

    assert f((found.a, found.b, found.c)) == pytest.approx(found.value, rel=1e-12)
    start = np.array([found.a, found.b, found.c]) + 0.1
    other = minimize(f, start, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-14, "maxfev": 2000})
    assert found.value <= other.fun * (1 + 1e-12)
    assert other.fun <= found.value * (1 + 1e-3)


SAFE = replace(FLOAT, sqrt=lambda v: math.sqrt(max(v, 0.0)))


@given(st.integers(3, 9), st.floats(0.02, 0.98), st.integers(4, 12))
def test_the_limit_is_the_same_for_every_k(k, share, exponent):
    """σ_± = L s_± + O(1) with the constants of the proof, and the cosine within O(1)/L of its limit."""
    rho = -1 / (k - 1) + share * (1 + 1 / (k - 1))
    agree, differ, m = 1 + (k - 1) * rho, 1 - rho, 10.0**-exponent
    found = law.correlated_optimum(k, rho, m)
    big = math.log(1 / m)
    s_plus, s_minus = math.sqrt((1 + rho) / k), math.sqrt((1 - rho) / k)
    assert m <= math.sqrt(2 * agree) / (2 * (k - 1))
    constants = (2 / math.sqrt(2 * agree), k / math.sqrt((k - 2) * differ), k**1.5 / (2 * math.sqrt(differ)))
    short = max(0.0, *(math.log(c) for c in constants))
    assert min(found.a, found.b, found.b - found.c) >= big - short - 1e-9
    assert found.plus + found.minus <= big * (s_plus + s_minus) + 2
    slope = (k - 2) * differ / (k**2 * s_plus)
    lean = s_minus - slope
    assert lean > 0
    most = (2 + short * (s_plus + s_minus)) / lean  # d − L + C is at most this
    assert found.b - found.c - big + short <= most
    assert found.plus >= big * s_plus - short * (s_plus + 2 * slope) - slope * most
    away = short * (s_plus + 2 * slope) + slope * most + 2 + most * s_minus + short * s_minus
    distance = abs(found.cosine - law.vanishing_cosine(rho))
    assert distance <= 2 * away / (found.plus + found.minus)


@given(st.integers(2, 6), st.floats(0, 1), st.floats(0.02, 0.95))
def test_phases_are_those_of_the_optimality_conditions(k, share, m):
    """Each phase from the slopes of the loss at the point without the direction, not from the formulas."""
    rho = min(1.0, -1 / (k - 1) + share * (1 + 1 / (k - 1)))
    agree, differ = 1 + (k - 1) * rho, 1 - rho
    found = law.correlated_optimum(k, rho, m)
    total = math.exp(found.b) + math.exp(found.c) + k - 2
    u, v, w = k / (math.exp(found.a) + k - 1), k / total, (2 * math.exp(found.c) + k - 2) / total
    pull_plus, pull_minus = 2 * agree * u**2 + (k - 2) * differ * v**2, k * differ * w**2
    assert pull_plus <= (m * k) ** 2 * (1 + 1e-6) + 1e-9
    assert pull_minus <= (m * k) ** 2 * (1 + 1e-6) + 1e-9
    if found.plus > 1e-6:
        assert pull_plus == pytest.approx((m * k) ** 2, rel=1e-6)
    if found.minus > 1e-6:
        assert pull_minus == pytest.approx((m * k) ** 2, rel=1e-6)


def test_the_law_refuses_what_it_is_not_about():
    for arguments, message in (
        ((1, 0.5, 0.1), "classes: 1"),
        ((3, -0.6, 0.1), "expected -1/"),
        ((3, 0.5, 0.0), "coupling"),
    ):
        with pytest.raises(ValueError, match=message):
            law.correlated_optimum(*arguments)
    assert law.phase(3, 0.5, 0.05) == "alive"
    assert law.phase(3, 0.5, 0.6) == "merged"
    assert law.phase(3, -0.45, 0.6) == "opposed"
    assert law.phase(3, 0.5, 0.8) == "dead"


# --------------------------------------------------------------------------- the claims


def step_of(claim, name):
    return next(s for s in claim.steps if s.name == name)


def test_claims_are_proved():
    for claim in (
        correlation.CLAIM,
        correlation_motion.CLAIM,
        correlation_classes.CLAIM,
        correlation_phases.CLAIM,
        correlation_reduced.CLAIM,
    ):
        assert claim.status == "proved"


def test_false_variants_are_refuted_at_rational_points():
    two, motion, classes = correlation.CLAIM, correlation_motion.CLAIM, correlation_classes.CLAIM
    phases, lives = correlation_phases.CLAIM, step_of(correlation_phases.CLAIM, "the difference lives")
    root = step_of(phases, "dead sum beside a living difference")
    value = step_of(two, "optimal value")
    merging = step_of(motion, "merging transition")
    transition = Equivalence(
        name="false: merged from 1 − m² on",
        left=merging.left,
        right=Condition("merged", merging.right.lhs, "<=", correlation_motion.m**2),
        factor=merging.factor,
    )
    gram = step_of(classes, "residual Gram, difference")
    living = step_of(classes, "Gram of the sum of heads")
    for claim, false in (
        (two, Identity(name="false value", lhs=value.lhs, rhs=value.rhs * 2, where=value.where)),
        (
            two,
            Identity(name="false cosine", lhs=law.cosine(correlation.S_plus, correlation.S_minus), rhs=sp.Integer(0)),
        ),
        (motion, transition),
        (
            motion,
            Inequality(
                name="false: from below",
                lhs=law.cosine(correlation_motion.down, correlation_motion.up),
                op=">=",
                rhs=law.cosine(correlation_motion.up, correlation_motion.down),
            ),
        ),
        (
            phases,
            Equivalence(
                name="false: merging at 1 − m²",
                left=lives.left,
                right=Condition("alive", correlation_phases.m**2, "<", correlation_phases.B),
                factor=lives.factor,
            ),
        ),
        (phases, Identity(name="false root", lhs=root.lhs, rhs=-root.rhs)),
        (classes, Identity(name="false Gram", lhs=gram.lhs, rhs=classes_gram_with(2), where=gram.where)),
        (classes, Identity(name="false head", lhs=living.lhs, rhs=2 * living.rhs, where=living.where)),
    ):
        assert claim.check(false).verdict is Verdict.REFUTED, false.name


def classes_gram_with(factor):
    """The Gram matrix of the difference with K B w² replaced by ``factor`` B w²: true at K = ``factor`` only."""
    c = _correlated_tasks
    return c.lam_h / (c.m**2 * c.K**2) * (factor * c.B * c.w**2) * c.P


def test_a_false_law_is_refuted_by_an_enclosure():
    """S_± with masses exchanged gives −cos but the same value; a_± exchanged gives another value."""
    problem = problem_of(2, 3, 1, Fraction(1, 20))
    verdict, solution = enclosure(problem)
    pair = known_optimum(problem).pairs[0]
    mu = math.sqrt(float(Fraction(1, 20)))
    swapped = sum(
        law.direction_value(1.0, mu, float(r), a) for r, a in zip(pair.masses, pair.margins[::-1], strict=True)
    )
    assert swapped > float(Fraction(verdict.upper)) * (1 + 1e-4)
    assert mean_cosine(solution, 2) > 0.3
