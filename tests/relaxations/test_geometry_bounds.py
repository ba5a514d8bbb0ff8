"""Bounds for every global optimum: they hold wherever the gap allows a point to be, and they are not vacuous."""

import json
from fractions import Fraction

import numpy as np
import pytest
from flint import ctx
from hypothesis import event, given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from stated import stated_problems
from typer.testing import CliRunner

from relaxations.certificate import Certificate
from relaxations.certify import app, bounds_at_gap, certify_problem
from relaxations.check import check_certificate
from relaxations.geometry_bounds import OptimumBounds, feasible_dual, optimum_bounds
from relaxations.problems import with_default_decays
from relaxations.solve import solve
from theory import UFM, LabelDesign, geometry
from theory.designs import annotated, correlated
from theory.duality import dual_value, scaled_residual, spectral_norm
from theory.known_optimum import known_optimum

#: Labels of tasks 1 and 2 on four cells, of tasks 2 and 3 on four others.
CHAIN = np.array([[0, 0, 1, 1, -1, -1, -1, -1], [0, 1, 0, 1, 0, 0, 1, 1], [-1, -1, -1, -1, 0, 1, 0, 1]])
PAIR = UFM(correlated(2, "1/2"), "1/30", "1/30")


def proven(problem, solution=None, **options):
    solution = solve(problem, "proximal") if solution is None else solution
    verdict = check_certificate(Certificate.from_solution(solution).to_dict())
    return optimum_bounds(problem, solution.q, verdict.upper, **options)


def measured(problem, W, H):
    return {
        "orthogonality": geometry.largest_overlap(problem, W, sharing=True),
        "cosine": geometry.largest_cosine(problem, W),
        "sum_rule": geometry.sum_rule_deviation(problem, W, H),
        "etf": [geometry.etf_deviation(W[rows]) for _, rows in problem.design.blocks()],
    }


def assert_within(bounds, problem, q, W, H, b):
    """Every measure of the point is at most its bound; how many bounds there were."""
    found, count = measured(problem, W, H), 0
    for name in ("orthogonality", "cosine", "sum_rule"):
        if (bound := getattr(bounds, name)) is not None:
            assert found[name] <= bound * (1 + 1e-9) + 1e-13, name
            count += 1
    for value, bound in zip(found["etf"], bounds.etf, strict=True):
        if bound is not None:
            assert value <= bound * (1 + 1e-9) + 1e-13
            count += 1
    logits = W @ H + (0 if b is None else b[:, None])
    for t, rows in problem.design.blocks():
        keep = problem.design.labelled[t]
        if bounds.prediction[t] is not None:
            variation = 0.5 * np.abs(softmax(logits[rows], axis=0) - q[rows])[:, keep].sum(axis=0)
            assert variation.max() <= bounds.prediction[t] + 1e-13
            count += 1
        if bounds.margin[t] is not None:
            off = (logits[rows] - np.log(q[rows], where=q[rows] > 0, out=np.zeros_like(q[rows])))[:, keep]
            assert (off.max(axis=0) - off.min(axis=0)).max() <= bounds.margin[t] * (1 + 1e-9) + 1e-12
            count += 1
    return count


@settings(max_examples=100)
@given(stated_problems(), st.integers(0, 2**32 - 1), st.sampled_from([1e-2, 1e-3, 1e-4, 1e-6, 0.0]))
def test_no_point_of_that_gap_is_outside(problem, seed, size):
    """A point moved off the optimum has a gap; the bounds for its value must allow for it."""
    solution = solve(problem, "proximal")
    rng = np.random.default_rng(seed)
    W, H = (a + size * np.abs(a).max() * rng.standard_normal(a.shape) for a in (solution.W, solution.H))
    b = None
    if problem.has_bias:
        b = solution.b + size * (1 + np.abs(solution.b).max()) * rng.standard_normal(solution.b.shape)
    value = max(problem.objective(W, H, b), solution.value) * (1 + 1e-12)
    bounds = optimum_bounds(problem, solution.q, Fraction(value))
    with ctx.workprec(192):
        dual = feasible_dual(problem, solution.q)
    q = np.array([[float(x) for x in row] for row in dual.q])
    event(f"{problem.loss}, size {size}: {assert_within(bounds, problem, q, W, H, b) > 0}")


@settings(max_examples=60)
@given(stated_problems(), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1e-3, 3.0]))
def test_the_rational_dual_point_is_feasible_and_has_its_value(problem, seed, noise):
    """Predictions of any quality, not feasible themselves."""
    solution = solve(problem, "proximal")
    q = solution.q + noise * np.random.default_rng(seed).standard_normal(solution.q.shape)
    with ctx.workprec(192):
        dual = feasible_dual(problem, q)
    design = problem.design
    for t, rows in design.blocks():
        cells = np.flatnonzero(design.labelled[t])
        columns = [[dual.q[k][j] for k in range(rows.start, rows.stop)] for j in cells]
        if problem.loss != "mse":
            assert all(sum(column) == 1 and min(column) >= 0 for column in columns)
        if problem.free_bias:
            targets = [design.targets[t][design.labels[t, j]] for j in cells]
            for k in range(design.classes[t]):
                assert (
                    sum(
                        int(design.masses[t, j]) * (y[k] - p[k])
                        for j, y, p in zip(cells, targets, columns, strict=True)
                    )
                    == 0
                )
    floats = np.array([[float(x) for x in row] for row in dual.q])
    assert spectral_norm(scaled_residual(problem, floats)) <= np.sqrt(float(problem.lambda_h)) * (1 + 1e-12)
    assert float(dual.value) == pytest.approx(dual_value(problem, floats), rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(
        np.array(dual.residual.tolist()).astype(float), scaled_residual(problem, floats), atol=1e-9
    )
    assert float(dual.value) <= solution.value * (1 + 1e-12)


@pytest.mark.parametrize("bias", [None, 0, "1/10"])
@pytest.mark.parametrize("classes", [(3, 3, 3), (2, 5)])
def test_the_geometry_of_every_optimum_of_a_balanced_problem(classes, bias):
    problem = UFM(LabelDesign.factorial(classes), "1/50", "1/50", bias=bias)
    bounds = proven(problem)
    assert 0 <= bounds.gap < 1e-12
    # the theorem says 0 for all of them
    for bound in (*bounds.etf, bounds.orthogonality, bounds.cosine, bounds.sum_rule, *bounds.prediction):
        assert 0 < bound < 1e-4
    assert max(bounds.margin) < 1e-3


def test_a_bound_meets_a_deviation_that_is_there():
    """Correlated tasks: the closed form's cosine, from above and hardly above."""
    bounds = proven(PAIR)
    cosine = known_optimum(PAIR).pairs[0].cosine
    assert cosine > 0.3
    assert cosine < bounds.cosine < cosine + 1e-4
    assert cosine < bounds.orthogonality < cosine + 1e-4


@pytest.mark.parametrize(
    "problem",
    [
        PAIR,
        UFM(LabelDesign.factorial((3, 4)), "1/50", "1/50", loss="mse"),
        UFM(LabelDesign.from_joint([[3, 1, 1], [1, 2, 4]]), "1/50", "1/50", bias=0),
        UFM(annotated(LabelDesign.from_joint([[3, 1, 1], [1, 2, 4]]), "1/2"), "1/100", "1/50", bias="1/10"),
    ],
    ids=["correlated", "squared error", "joint table", "partly annotated"],
)
def test_the_sum_rule_fails_by_no_more_than_its_bound_and_no_less(problem):
    solution = solve(problem, "proximal")
    there = geometry.sum_rule_deviation(problem, solution.W, solution.H)
    assert 0.05 < there < proven(problem, solution).sum_rule < there + 1e-3


def test_bounds_widen_with_the_root_of_the_gap():
    problem = UFM(LabelDesign.factorial((3, 3)), "1/50", "1/50")
    solution = solve(problem, "proximal")
    found = [optimum_bounds(problem, solution.q, Fraction(solution.value + gap)) for gap in (1e-10, 1e-8)]
    assert found[1].orthogonality / found[0].orthogonality == pytest.approx(10, rel=0.01)
    # a worse dual point costs as much as a worse point
    moved = solution.q + 1e-5 * np.random.default_rng(0).standard_normal(solution.q.shape)
    assert optimum_bounds(problem, moved, Fraction(solution.value)).etf[0] > 10 * found[0].etf[0]


def test_a_point_of_a_larger_gap_is_outside():
    """The measures move before the bounds do: what holds at the optimum is false a little off it."""
    problem = UFM(LabelDesign.factorial((3, 3)), "1/50", "1/50")
    solution = solve(problem, "proximal")
    bounds = proven(problem, solution)
    W = solution.W + 1e-2 * np.random.default_rng(0).standard_normal(solution.W.shape)
    found = measured(problem, W, solution.H)
    assert min(found["etf"]) > max(bounds.etf)
    assert all(found[name] > getattr(bounds, name) for name in ("orthogonality", "cosine", "sum_rule"))


def test_null_where_nothing_follows():
    multi = proven(UFM(LabelDesign.multi_source((3, 3)), "1/50", "1/50"))
    assert (multi.orthogonality, multi.cosine) == (None, None)
    assert max(multi.etf) < 1e-4
    dead = proven(UFM(LabelDesign.factorial((2, 8)), "1/9", "1/9"))
    assert dead.etf[0] is not None
    assert dead.etf[1] is None
    assert (dead.orthogonality, dead.sum_rule) == (None, None)
    sparse = proven(UFM(LabelDesign.factorial((2, 2)), "1/50", "1/50", loss="sparsemax"))
    assert sparse.etf == (None, None)
    # three tasks, two of which share no cell: no bound for that pair, and it is none of the measured ones
    chain = proven(UFM(LabelDesign((2, 2, 2), CHAIN, np.ones(8, dtype=np.int64)), "1/100", "1/50"))
    assert chain.orthogonality < 1e-3
    assert max(chain.etf) < 1e-4
    problem = UFM(LabelDesign.factorial((3, 3)), "1/50", "1/50")
    solution = solve(problem, "proximal")
    wide = optimum_bounds(problem, solution.q, "3")
    assert wide.gap > 1
    assert (wide.etf, wide.orthogonality, wide.sum_rule) == ((None, None), None, None)
    assert optimum_bounds(problem, solution.q, None) == OptimumBounds.none(2)
    assert proven(problem, solution, max_entries=53) == OptimumBounds.none(2)
    assert proven(problem, solution, max_entries=54) != OptimumBounds.none(2)


def test_the_gap_is_that_of_the_checker():
    problem = UFM(LabelDesign.from_joint([[3, 1], [2, 5]]), "1/50", "1/50", bias=0)
    solution = solve(problem, "proximal")
    verdict = check_certificate(Certificate.from_solution(solution).to_dict())
    bounds = optimum_bounds(problem, solution.q, verdict.upper)
    assert bounds.gap == pytest.approx(verdict.gap, abs=1e-14)


# --------------------------------------------------------------------------- partial annotation


def half_annotated(share, bias=None, loss="ce", classes=(2, 3)):
    return UFM(annotated(LabelDesign.factorial(classes), share), "1/100", "1/50", bias=bias, loss=loss)


@pytest.mark.parametrize("bias", [None, 0, "1/10"])
@pytest.mark.parametrize("share", ["1/2", "1/20", "1/200"])
def test_tasks_annotated_together_are_proved_orthogonal(share, bias):
    """No task is labelled wherever the other is: the theorem says 0, whatever the share."""
    problem = half_annotated(share, bias)
    labelled = problem.design.labelled
    assert not (labelled[0] <= labelled[1]).all()
    assert not (labelled[1] <= labelled[0]).all()
    bounds = proven(problem)
    assert 0 < bounds.orthogonality < bounds.cosine < 1e-3


def test_squared_error_and_unbalanced_labels_have_bounds_that_meet_what_is_there():
    table = LabelDesign.from_joint([[3, 1, 1], [1, 2, 4]])
    for problem in (
        UFM(annotated(table, "1/2"), "1/100", "1/50", bias=0),
        UFM(annotated(table, "1/2"), "1/100", "1/50", bias="1/10"),
        UFM(annotated(table, "1/2"), "1/100", "1/50", loss="mse"),
        UFM(annotated(table, "1/2"), "1/100", "1/50", bias=0, loss="mse"),
    ):
        solution = solve(problem, "proximal")
        bounds = proven(problem, solution)
        there = geometry.largest_overlap(problem, solution.W, sharing=True)
        assert there > 0.01
        assert there < bounds.orthogonality < there + 1e-2
        assert geometry.largest_cosine(problem, solution.W) < bounds.cosine


def test_without_common_samples_there_is_no_bound_and_with_few_it_is_wide():
    found = []
    for share in ("1/2", "1/50", "1/1000"):
        problem = with_default_decays(annotated(LabelDesign.factorial((2, 3)), share))
        solution = solve(problem, "proximal")
        found.append(optimum_bounds(problem, solution.q, Fraction(solution.value) * (1 + Fraction(1, 10**13))))
    assert found[0].orthogonality < found[1].orthogonality < found[2].orthogonality
    assert proven(UFM(LabelDesign.multi_source((2, 3)), "1/100", "1/50")).orthogonality is None


@settings(max_examples=40)
@given(
    st.sampled_from(["1/2", "1/10", "1/100"]),
    st.sampled_from([(None, "ce"), (0, "ce"), ("1/10", "ce"), (None, "mse"), (0, "mse"), ("1/10", "mse")]),
    st.integers(0, 2**32 - 1),
    st.floats(-9, -1),
)
def test_no_point_beside_the_face_is_outside(share, kind, seed, exponent):
    """Heads tilted towards each other, features by the sum rule: what costs least where few samples have both."""
    bias, loss = kind
    problem = half_annotated(share, bias, loss)
    solution = solve(problem, "proximal")
    rng = np.random.default_rng(seed)
    rows = [problem.design.rows_of(t) for t in range(2)]
    W = solution.W.copy()
    tilt = rng.standard_normal((W.shape[1], W.shape[1]))
    W[rows[1]] = W[rows[1]] @ (np.eye(W.shape[1]) + 10.0**exponent * (tilt - tilt.T))
    scaled = np.sqrt(problem.lambda_w_rows)[:, None] * W
    H = scaled.T @ scaled_residual(problem, solution.q) / float(problem.lambda_h) / problem.sqrt_counts
    value = Fraction(problem.objective(W, H, solution.b)) * (1 + Fraction(1, 10**12))
    bounds = optimum_bounds(problem, solution.q, max(value, Fraction(solution.value) * (1 + Fraction(1, 10**12))))
    event(f"a bound: {bounds.orthogonality is not None}")
    if bounds.orthogonality is not None:
        assert geometry.largest_overlap(problem, W, sharing=True) <= bounds.orthogonality
        assert geometry.largest_cosine(problem, W) <= (bounds.cosine or 1)


# --------------------------------------------------------------------------- points of a given gap


def test_every_point_of_a_given_gap_on_the_command_line():
    arguments = ["--tasks", "2", "--solver", "proximal"]
    done = CliRunner().invoke(app, [*arguments, "--gap", "1e-7", "--json", "-"])
    data = json.loads(done.stdout)
    near, at_optimum = data["at_gap"], data["deviations"]
    assert near["relative_gap"] == 1e-7
    for name in ("orthogonality_bound", "cosine_bound", "sum_rule_bound"):
        assert at_optimum[name] < near[name] < 0.5
    for name in ("etf_bound", "prediction_bound", "margin_bound"):
        assert all(a < b for a, b in zip(at_optimum[name], near[name], strict=True))
    text = CliRunner().invoke(app, [*arguments, "--gap", "1e-7"]).stdout
    assert "every point within 1e-7 of the minimum" in text
    for wrong in ("-1", "x"):
        refused = CliRunner().invoke(app, [*arguments, "--gap", wrong])
        assert refused.exit_code == 2
        assert "gap: " in refused.stderr
    assert "at_gap" not in json.loads(CliRunner().invoke(app, [*arguments, "--json", "-"]).stdout)


def test_points_of_that_gap_obey_what_is_printed():
    problem = UFM(LabelDesign.factorial((3, 3)), "1/50", "1/50")
    result = certify_problem(problem, "proximal")
    bounds = bounds_at_gap(result, "1e-6")
    rng, met = np.random.default_rng(0), 0
    for _ in range(200):
        size = 10 ** rng.uniform(-6, -2)
        W, H = (a + size * rng.standard_normal(a.shape) for a in (result.solution.W, result.solution.H))
        if problem.objective(W, H) <= float(result.upper) * (1 + 1e-6):
            met += 1
            found = measured(problem, W, H)
            assert max(found["etf"]) <= max(bounds.etf)
            assert found["orthogonality"] <= bounds.orthogonality
            assert found["cosine"] <= bounds.cosine
    assert met > 20
