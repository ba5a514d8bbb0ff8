"""Stability: every point with a gap obeys the bounds; they say something at small gaps; in balls they are proved."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from strategies import balanced_designs, free_designs, problems

from relaxations.balls import BALLS
from relaxations.certificate import Certificate
from relaxations.check import check_certificate
from relaxations.solve import solve
from theory import UFM, LabelDesign, geometry, optimum_geometry
from theory import stability_bounds as bounds
from theory.claims import stability as claim
from theory.duality import scaled_residual
from theory.proof import Verdict

SLACK = 1e-9


def exact(q):
    return [[Fraction(value) for value in row] for row in q.tolist()]


def perturbed(solution, rng, scale):
    W = solution.W + scale * rng.standard_normal(solution.W.shape)
    H = solution.H + scale * rng.standard_normal(solution.H.shape)
    return W, H, None if solution.b is None else solution.b + scale * rng.standard_normal(solution.b.shape)


@settings(max_examples=60)
@given(
    problems(designs=st.one_of(balanced_designs(max_cells=12), free_designs(max_cells=8))),
    st.integers(0, 10**6),
    st.sampled_from([1e-6, 1e-5, 1e-4, 1e-3, 1e-2]),
)
def test_every_perturbed_optimum_obeys_the_bounds(problem, seed, scale):
    solution = solve(problem, "proximal")
    W, H, b = perturbed(solution, np.random.default_rng(seed), scale)
    value = problem.objective(W, H, b)
    gap = value - solution.lower
    assume(gap > 1e-14 * (1 + value))
    found = optimum_geometry.geometry_bounds(problem, exact(solution.q), gap, value)
    design = problem.design
    bias = np.zeros(design.rows) if b is None else b
    z = W @ H + bias[:, None]
    p = problem.predictions(z)
    scaled = np.sqrt(problem.lambda_w_rows)[:, None] * W
    for t, rows in design.blocks():
        keep = design.labelled[t]
        if found.total_variation[t] is not None:
            variation = 0.5 * np.abs(p[rows][:, keep] - solution.q[rows][:, keep]).sum(axis=0).max()
            assert variation <= found.total_variation[t] * (1 + 1e-6) + SLACK
        if found.margins[t] is not None:
            moved = z[rows][:, keep] - np.log(solution.q[rows][:, keep])
            assert (moved.max(axis=0) - moved.min(axis=0)).max() <= found.margins[t] * (1 + 1e-6) + SLACK
        if found.etf_bound[t] is not None:
            assert geometry.etf_deviation(W[rows]) <= found.etf_bound[t] + SLACK
    event(f"a bound for some head: {any(v is not None for v in found.etf_bound)}")
    for s, rows in design.blocks():
        for t, others in design.blocks():
            if found.gram[s][t] is not None:
                distance = np.linalg.norm(scaled[rows] @ scaled[others].T - np.array(found.gram[s][t]))
                assert distance <= found.radius[s][t] * (1 + 1e-6) + SLACK
            if found.overlap_bound[s][t] is not None:
                assert geometry.cross_task_overlap(W[rows], W[others]) <= found.overlap_bound[s][t] + SLACK
    features = H * problem.sqrt_counts - scaled.T @ scaled_residual(problem, solution.q) / float(problem.lambda_h)
    assert np.linalg.norm(features) <= found.features * (1 + 1e-6) + SLACK


def rows_of_cosines(found, s, t):
    """Cosines of the rows of two heads as G° has them, and their radii."""
    own = (found.radius[s][s], found.radius[t][t])
    for k, row in enumerate(found.gram[s][t]):
        for m, inner in enumerate(row):
            first, second = found.gram[s][s][k][k], found.gram[t][t][m][m]
            if own[0] < first and own[1] < second:
                radius = bounds.cosine_radius(abs(inner), first, second, found.radius[s][t], own)
                yield k, m, inner / np.sqrt(first * second), radius


@given(st.integers(0, 10**6), st.sampled_from([1e-6, 1e-5, 1e-4]), st.sampled_from(["joint", "factorial"]))
def test_cosines_across_correlated_tasks(seed, scale, kind):
    design = LabelDesign.from_joint([[3, 1], [1, 3]]) if kind == "joint" else LabelDesign.factorial((2, 3))
    problem = UFM(design, "1/60", "1/60")
    solution = solve(problem, "proximal")
    W, H, b = perturbed(solution, np.random.default_rng(seed), scale)
    value = problem.objective(W, H, b)
    found = optimum_geometry.geometry_bounds(problem, exact(solution.q), value - solution.lower, value)
    heads = [W[rows] for _, rows in design.blocks()]
    checked = 0
    for k, m, cosine, radius in rows_of_cosines(found, 0, 1):
        actual = heads[0][k] @ heads[1][m] / np.linalg.norm(heads[0][k]) / np.linalg.norm(heads[1][m])
        assert abs(actual - cosine) <= radius + SLACK
        checked += radius < 0.5
    assert checked > 0


@pytest.mark.parametrize("scenario", ["factorial", "multi-source", "correlated"])
@pytest.mark.parametrize("bias", [None, 0, "1/10"])
def test_bounds_are_not_trivial_at_small_gaps(scenario, bias):
    design = {
        "factorial": LabelDesign.factorial((3, 4)),
        "multi-source": LabelDesign.multi_source((3, 4), 2),
        "correlated": LabelDesign.from_joint(np.ones((3, 3), dtype=np.int64) + np.eye(3, dtype=np.int64)),
    }[scenario]
    problem = UFM(design, "1/50", "1/100", bias=bias)
    solution = solve(problem, "proximal")
    for gap, limit in ((1e-8, 0.02), (1e-10, 2e-3), (1e-12, 2e-4)):
        found = optimum_geometry.geometry_bounds(problem, exact(solution.q), gap * solution.value, solution.value)
        assert max(found.etf_bound) < limit
        if scenario == "factorial":
            assert found.overlap_bound[0][1] < limit
        if scenario == "multi-source":
            assert found.overlap_bound[0][1] is None, "the angle of two sources is not determined"
        if scenario == "correlated":
            assert 0.05 < found.overlap_bound[0][1] < 0.9


def feasible_rationals(problem, q):
    """Exactly feasible predictions near float ones: normalised, then shrunk towards the targets."""
    out = [[Fraction(0)] * problem.design.cells for _ in range(problem.design.rows)]
    shrink = 1 - Fraction(1, 10**13)
    for t, rows in problem.design.blocks():
        for j in np.flatnonzero(problem.design.labelled[t]):
            column = [Fraction(v) for v in q[rows, j].tolist()]
            target = problem.design.targets[t][int(problem.design.labels[t, j])]
            for k, (v, y) in enumerate(zip(column, target, strict=True)):
                out[rows.start + k][j] = y + shrink * (v / sum(column) - y)
    return out


def dual_value_in_balls(problem, q):
    total = arb(0)
    for t, rows in problem.design.blocks():
        for j in np.flatnonzero(problem.design.labelled[t]):
            weight = problem.alpha[t] * int(problem.design.masses[t, j]) / problem.design.task_masses[t]
            for k in range(rows.start, rows.stop):
                ball = BALLS.number(q[k][j])
                total -= BALLS.number(weight) * ball * ball.log()
    return total


def rational_residual(problem, q, row, cell):
    """ω (y − q) of a row and a cell, α = 1."""
    t = 0 if row < problem.design.classes[0] else 1
    target = problem.design.targets[t][int(problem.design.labels[t, cell])][row - problem.design.rows_of(t).start]
    value = (target - q[row][cell]) / problem.design.samples
    return sp.Rational(value.numerator, value.denominator)


def test_in_balls_the_geometry_is_proved():
    """Hard labels, no bias, one sample a cell: feasibility in rationals, gap and bounds in balls."""
    problem = UFM(LabelDesign.factorial((2, 3)), "1/40", "1/40")
    solution = solve(problem, "proximal")
    q = feasible_rationals(problem, solution.q)
    V = sp.Matrix(problem.design.rows, 6, lambda k, j: rational_residual(problem, q, k, j))
    assert (sp.eye(5) * sp.Rational(1, 1600) - V * V.T).is_positive_definite
    verdict = check_certificate(Certificate.from_solution(solution).to_dict())
    with ctx.workprec(200):
        upper = BALLS.number(Fraction(verdict.upper))
        gap = upper - dual_value_in_balls(problem, q)
        assert gap > 0
        found = optimum_geometry.geometry_bounds(problem, q, gap, upper, BALLS)
        assert all(bound < arb("1e-4") for bound in found.etf_bound)
        assert found.overlap_bound[0][1] < arb("1e-4")
    floats = optimum_geometry.geometry_bounds(problem, q, float(gap), float(upper))
    for ball, number in zip(found.etf_bound, floats.etf_bound, strict=True):
        assert float(ball) == pytest.approx(number, rel=1e-3)


def test_no_bound_where_the_gap_is_too_large():
    problem = UFM(LabelDesign.factorial((3, 3)), "1/50", "1/100")
    solution = solve(problem, "proximal")
    found = optimum_geometry.geometry_bounds(problem, exact(solution.q), 1.0, 2.0)
    assert found.margins == [None, None]
    assert found.etf_bound == [None, None]
    assert found.overlap_bound[0][1] is None
    assert found.within_cell == pytest.approx(200.0)


def test_no_bound_for_a_loss_that_does_not_determine_its_logits():
    problem = UFM(LabelDesign.factorial((2, 3)), "1/50", "1/50", loss="sparsemax")
    solution = solve(problem, "proximal")
    found = optimum_geometry.geometry_bounds(problem, exact(solution.q), 1e-10, solution.value)
    assert found.total_variation == [None, None]
    assert found.etf_bound == [None, None]
    assert found.features > 0


# --------------------------------------------------------------------------- false variants


def step(name):
    return next(s for s in claim.CLAIM.steps if s.name == name)


def wrong():
    c = claim
    yield "predictions", {"rhs": c.gap / (4 * c.weight), "by": ()}
    yield "modulus of convexity", {"rhs": sp.Rational(1, 2), "by": ()}
    yield "ratio of probabilities from above", {"rhs": 1 + 2 * c.variation / c.least, "by": ()}
    yield "overlap of two heads", {"op": ">="}
    without_means = c.bounds.common_cells_radius(c.gap, c.head, c.logits, c.lam, c.width, c.miss, 0, 0, c.SYMBOLIC)
    yield "heads of two tasks with a common cell", {"rhs": without_means, "by": ()}
    yield "a block through the cells of one task", {"rhs": c.lam * c.Z_s @ c.Q, "using": ()}
    yield "radius of the features", {"rhs": 2 * c.bounds.feature_radius(c.gap, c.lam, c.SYMBOLIC)}


@pytest.mark.parametrize(("name", "change"), list(wrong()))
def test_false_variants_are_refuted_at_a_point(name, change):
    assert claim.CLAIM.check(step(name)).proved
    outcome = dataclasses.replace(step(name), **change).check(claim.CLAIM.context(step(name)))
    assert outcome.verdict is Verdict.REFUTED, outcome


def test_a_smaller_radius_is_contradicted_by_a_point():
    """Without the factor 2 of ‖W' − U'H̃ᵀ‖² <= 2ε some point breaks the bound: scale the heads of an optimum."""
    problem = UFM(LabelDesign.factorial((2, 2)), "1/40", "1/40")
    solution = solve(problem, "proximal")
    stretch = np.exp(1e-3)
    W, H = solution.W * stretch, solution.H / stretch
    gap = problem.objective(W, H) - solution.lower
    U = scaled_residual(problem, solution.q)
    distance = np.linalg.norm(np.sqrt(problem.lambda_w_rows)[:, None] * W - U @ (H * problem.sqrt_counts).T)
    assert distance <= bounds.duality_radius(gap) * (1 + 1e-6)
    assert distance > bounds.duality_radius(gap) / 2 * 1.9
