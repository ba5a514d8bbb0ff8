"""The checker's own bounds on heads: against points that are there, and beside the suite's, which share no line."""

import json

import attacks
import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from stated import stated_problems

from relaxations import check
from relaxations.certificate import Certificate
from relaxations.geometry_bounds import optimum_bounds
from relaxations.solve import solve
from theory import UFM, LabelDesign, geometry, stability_bounds
from theory.designs import annotated, correlated
from theory.known_optimum import known_optimum

NAMES = ("etf_bound", "orthogonality_bound", "cosine_bound", "prediction_bound", "margin_bound")
PAIR = UFM(correlated(2, "1/2"), "1/30", "1/30")


def judged(problem, W, H, b, q):
    return check.check_certificate(Certificate(problem, W, H, b, q).to_dict(), geometry=True).geometry


@settings(max_examples=60)
@given(stated_problems(), st.integers(0, 2**32 - 1), st.sampled_from([1e-2, 1e-3, 1e-4, 1e-6, 0.0]))
def test_the_point_of_the_file_obeys_what_its_own_value_allows(problem, seed, size):
    solution = solve(problem, "proximal")
    rng = np.random.default_rng(seed)
    W, H = (a + size * np.abs(a).max() * rng.standard_normal(a.shape) for a in (solution.W, solution.H))
    b = solution.b
    if problem.has_bias:
        b = b + size * (1 + np.abs(b).max()) * rng.standard_normal(b.shape)
    bounds = judged(problem, W, H, b, solution.q)
    found = {
        "orthogonality_bound": geometry.largest_overlap(problem, W, sharing=True),
        "cosine_bound": geometry.largest_cosine(problem, W),
    }
    count = 0
    for name, value in found.items():
        if bounds[name] is not None:
            assert value <= bounds[name] * (1 + 1e-9) + 1e-13, name
            count += 1
    for t, rows in problem.design.blocks():
        if bounds["etf_bound"][t] is not None:
            assert geometry.etf_deviation(W[rows]) <= bounds["etf_bound"][t] * (1 + 1e-9) + 1e-13
            count += 1
    z = W @ H + (0 if b is None else b[:, None])
    p = problem.predictions(z)
    for t, rows in problem.design.blocks():
        keep = problem.design.labelled[t]
        if bounds["prediction_bound"][t] is not None:
            variation = 0.5 * np.abs(p[rows] - solution.q[rows])[:, keep].sum(axis=0).max()
            assert variation <= bounds["prediction_bound"][t] * (1 + 1e-6) + 1e-9
            count += 1
    event(f"{problem.loss}, size {size}: {count > 0}")


@settings(max_examples=40)
@given(stated_problems(), st.sampled_from([0.0, 1e-4, 1e-3]))
def test_two_implementations_bound_alike(problem, size):
    solution = solve(problem, "proximal")
    W = solution.W * (1 + size)
    data = Certificate(problem, W, solution.H, solution.b, solution.q).to_dict()
    verdict = check.check_certificate(data, geometry=True)
    ours = optimum_bounds(problem, solution.q, verdict.upper).to_dict()
    full = problem.design.labelled.all()
    for name in NAMES:
        mine, theirs = verdict.geometry[name], ours[name]
        for a, b in zip(*(x if isinstance(x, list) else [x] for x in (mine, theirs)), strict=True):
            if a is not None and b is not None and size:  # otherwise both are rounding
                # tasks that share only some cells are bounded through a matrix that each chooses
                assert a == pytest.approx(b, rel=0.02) if full else a < 3 * b, name
            elif full:
                assert (a is None) == (b is None)
    event(f"{problem.loss}: {sum(verdict.geometry[name] is not None for name in NAMES[1:3])} of pairs")


def test_the_theorems_values_are_met_from_above():
    solution = solve(PAIR, "proximal")
    bounds = judged(PAIR, solution.W, solution.H, None, solution.q)
    cosine = known_optimum(PAIR).pairs[0].cosine
    assert 0.3 < cosine < bounds["cosine_bound"] < cosine + 1e-4
    assert cosine < bounds["orthogonality_bound"] < cosine + 1e-4
    balanced = UFM(LabelDesign.factorial((3, 3, 3)), "1/50", "1/50", bias="1/10")
    solution = solve(balanced, "proximal")
    bounds = judged(balanced, solution.W, solution.H, solution.b, solution.q)
    assert 0 < max(bounds["etf_bound"]) < 1e-4
    assert 0 < bounds["orthogonality_bound"] < bounds["cosine_bound"] < 1e-4


@pytest.mark.parametrize(
    ("problem", "etf", "pairs"),
    [
        (UFM(LabelDesign.multi_source((3, 3)), "1/50", "1/50"), True, False),
        (UFM(annotated(LabelDesign.factorial((2, 2)), "1/2"), "1/100", "1/50"), True, True),
        (UFM(LabelDesign.factorial((2, 2)), "1/50", "1/50", loss="sparsemax"), False, False),
        (UFM(LabelDesign.factorial((2, 2)), 1, 1), False, False),
        (UFM(LabelDesign.factorial((2, 2)), "1/50", "1/50", loss="mse", bias=0), True, True),
    ],
    ids=["multi source", "partly annotated", "sparsemax", "dead", "squared error"],
)
def test_null_where_nothing_follows(problem, etf, pairs):
    solution = solve(problem, "proximal")
    bounds = judged(problem, solution.W, solution.H, solution.b, solution.q)
    assert (bounds["etf_bound"][0] is not None) == etf
    assert (bounds["orthogonality_bound"] is not None) == pairs
    assert (bounds["cosine_bound"] is not None) == pairs
    # a poor dual point proves nothing of the heads
    poor = judged(problem, solution.W, solution.H, solution.b, problem.design.target_matrix)
    assert poor["etf_bound"] == [None, None]
    assert poor["gap"] > 0.01


def test_on_the_command_line(tmp_path, capsys):
    problem = UFM(LabelDesign.factorial((3, 4)), "1/50", "1/50")
    path = tmp_path / "c.json"
    Certificate.from_solution(solve(problem, "proximal")).save(path)
    assert check.main([str(path), "--geometry"]) == 0
    printed = capsys.readouterr().out
    assert "geometry   of every global optimum:" in printed
    assert check.main([str(path), "--geometry", "--json"]) == 0
    bounds = json.loads(capsys.readouterr().out)["geometry"]
    assert set(bounds) == {"gap", *NAMES}
    # printed numbers are rounded up
    shown = float(next(line for line in printed.splitlines() if "cosine" in line).split()[-1])
    assert bounds["cosine_bound"] <= shown <= bounds["cosine_bound"] * 1.001
    assert check.main([str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["geometry"] is None


@pytest.mark.parametrize(("bias", "loss"), [(None, "ce"), (0, "ce"), ("1/10", "ce"), (0, "mse")])
def test_partial_annotation_beside_the_suite(bias, loss):
    """Two ways to choose the matrix through which the heads of tasks with few common cells are seen."""
    table = LabelDesign.from_joint([[3, 1, 1], [1, 2, 4]])
    problem = UFM(annotated(table, "1/2"), "1/100", "1/50", bias=bias, loss=loss)
    solution = solve(problem, "proximal")
    verdict = check.check_certificate(Certificate.from_solution(solution).to_dict(), geometry=True)
    ours = optimum_bounds(problem, solution.q, verdict.upper)
    there = geometry.largest_overlap(problem, solution.W, sharing=True)
    assert 0.01 < there < verdict.geometry["orthogonality_bound"] < there + 0.02
    assert verdict.geometry["orthogonality_bound"] == pytest.approx(ours.orthogonality, rel=0.05)
    assert geometry.largest_cosine(problem, solution.W) < verdict.geometry["cosine_bound"] < 1


@settings(max_examples=30)
@given(st.sampled_from([(None, "ce"), (0, "ce"), ("1/10", "ce"), (0, "mse")]), st.integers(0, 999), st.floats(-8, -2))
def test_no_point_of_a_partly_annotated_problem_is_outside(kind, seed, exponent):
    bias, loss = kind
    problem = UFM(annotated(LabelDesign.factorial((2, 3)), "1/3"), "1/100", "1/50", bias=bias, loss=loss)
    solution = solve(problem, "proximal")
    rng = np.random.default_rng(seed)
    W, H = (a + 10.0**exponent * rng.standard_normal(a.shape) for a in (solution.W, solution.H))
    bounds = judged(problem, W, H, solution.b, solution.q)
    event(f"{bounds['orthogonality_bound'] is not None}")
    if bounds["orthogonality_bound"] is not None:
        assert geometry.largest_overlap(problem, W, sharing=True) <= bounds["orthogonality_bound"]
        assert geometry.largest_cosine(problem, W) <= (bounds["cosine_bound"] or 1)


def test_forged_files_prove_nothing_false_of_their_own_point():
    """Whatever a file holds, its point is one of value at most its upper bound: the bounds must allow for it."""
    bounded = 0
    for seed in range(600):
        _, raw = attacks.attack(seed)
        try:
            data = check.parse(raw.decode("utf-8"))
        except (check.MalformedError, UnicodeDecodeError):
            continue
        found = check.check_certificate(data, "1e-3", geometry=True).geometry
        if found is None or (known := attacks.stated(raw)) is None:
            continue
        problem, W, _, _ = known
        with np.errstate(all="ignore"):
            overlap = geometry.largest_overlap(problem, W, sharing=True)
            for (_, rows), bound in zip(problem.design.blocks(), found["etf_bound"], strict=True):
                if bound is not None:
                    bounded += 1
                    assert geometry.etf_deviation(W[rows]) <= bound + 1e-9, seed
        if found["orthogonality_bound"] is not None:
            assert overlap <= found["orthogonality_bound"] + 1e-9, seed
    assert bounded > 50


def test_a_checker_that_lost_the_gap_is_found(monkeypatch):
    """A point off the optimum lies outside of what would be true of the optimum alone."""
    problem = UFM(LabelDesign.factorial((3, 3)), "1/50", "1/50", bias="1/10")
    solution = solve(problem, "proximal")
    W = solution.W + 1e-3 * np.random.default_rng(0).standard_normal(solution.W.shape)
    there = max(geometry.etf_deviation(W[rows]) for _, rows in problem.design.blocks())
    assert there < max(judged(problem, W, solution.H, solution.b, solution.q)["etf_bound"])
    whole = check.read_certificate(Certificate.from_solution(solution).to_dict())
    monkeypatch.setattr(check.geometry, "upper_bound", lambda contents: check.upper_bound(whole))
    assert there > max(judged(problem, W, solution.H, solution.b, solution.q)["etf_bound"])


def test_a_checker_that_lost_the_centre_is_found(monkeypatch):
    """Heads that are not orthogonal are not within the radius of a centre of 0."""
    solution = solve(PAIR, "proximal")
    there = geometry.largest_overlap(PAIR, solution.W, sharing=True)
    assert there < judged(PAIR, solution.W, solution.H, None, solution.q)["orthogonality_bound"]
    monkeypatch.setattr(check.geometry, "norm", lambda matrix: check.half_square([]))
    assert there > judged(PAIR, solution.W, solution.H, None, solution.q)["orthogonality_bound"]


def test_the_radius_of_logits_is_attained_under_squared_error():
    """W and H longer by one factor keep balance and alignment: the whole gap is ½ Σ ω‖z − q‖², so the radius is met."""
    problem = UFM(LabelDesign.factorial((3,), 2), "1/50", "1/50", loss="mse")
    solution = solve(problem, "proximal")
    W, H = 1.01 * solution.W, 1.01 * solution.H
    contents = check.read_certificate(Certificate(problem, W, H, None, solution.q).to_dict())
    dual = check.TaskDual(contents.problem, contents.problem.tasks[0], contents.q)
    gap = check.upper_bound(contents) - dual.value(check.rational("1", "s"))
    radius = float(check.geometry.Head(contents, dual, check.rational("1", "s"), gap).radius)
    weights = float(problem.lambda_w[0]) * problem.design.counts
    there = np.sqrt((weights * (W @ H - solution.q) ** 2).sum())
    assert there == pytest.approx(radius, rel=1e-4)
    square = stability_bounds.logit_square_squared_error(float(gap), float(problem.lambda_w[0]) * 2 / (1 / 3))
    assert there == pytest.approx(np.sqrt(square), rel=1e-4)
