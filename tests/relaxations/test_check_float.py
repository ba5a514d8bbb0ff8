"""The float64 checker beside the ball checker, its rounding bounds beside exact arithmetic, and what it must refuse."""

import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, arb_mat, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import local_minimum
from strategies import balanced_designs, free_designs, problems, random_point

from relaxations import check, check_float
from relaxations.certificate import Certificate
from relaxations.solve import solve
from theory import UFM, LabelDesign
from theory.duality import feasible_dual
from theory.model import CONVENTIONS

SEEDS = st.integers(0, 2**32 - 1)
SMALL = problems(
    designs=st.one_of(free_designs(max_cells=12), balanced_designs(max_cells=30)), losses=("ce", "mse", "sparsemax")
)

mp = mpmath.mp.clone()
mp.dps = 60


def number(x):
    x = Fraction(x)
    return mp.mpf(x.numerator) / x.denominator


def pieces(data):
    """(contents, numbers, duals, s) of a certificate: what the checker works with."""
    contents = check.read_certificate(data)
    numbers = [
        check_float.TaskNumbers(check_float.LOSSES[contents.problem.loss_name], task) for task in contents.problem.tasks
    ]
    q = check_float.matrix(contents.q)
    return contents, numbers, [check_float.FloatDual(contents.problem, task, q) for task in numbers]


def random_problem(classes, seed=0, bias=None, loss="ce"):
    """A random joint table with every tuple of labels present: no symmetry left."""
    design = LabelDesign.factorial(classes)
    counts = np.random.default_rng(seed).integers(1, 50, design.cells)
    design = LabelDesign(classes, design.labels, counts)
    return UFM(design, "1/100", f"1/{50 * design.cells}", bias=bias, loss=loss)


# --------------------------------------------------------------------------- rounding bounds against exact numbers


@settings(max_examples=60)
@given(SMALL, SEEDS, st.sampled_from([1e-3, 0.5, 5.0, 200.0]), st.sampled_from(sorted(CONVENTIONS)))
def test_every_bound_encloses_the_ball_of_the_same_number(problem, seed, scale, convention):
    problem = UFM.from_dict({**problem.to_dict(), "convention": convention})
    W, H, b = random_point(problem, seed, scale)
    V, G, _ = random_point(problem, seed + 1, scale)
    data = Certificate(problem, W, H, b, problem.predictions(V @ G)).to_dict()
    contents, numbers, duals = pieces(data)
    with ctx.workprec(160):
        ball = check.upper_bound(contents)
        high = check_float.upper_bound(contents, numbers)
        assert arb(high) >= ball
        assert arb(high) <= ball * (1 + arb(1e-12))
        # every entry of q̂ is within its bound of the exact one, provided that the mixtures agree
        for ours in duals:
            exact = check.TaskDual(contents.problem, ours.numbers.task, contents.q)
            exact.mix = fmpq(*ours.mix.as_integer_ratio())
            used = np.array(exact.task.cells)
            p, error = ours.prediction(slice(0, contents.problem.cells), used)
            for n, j in enumerate(used):
                for k, x in enumerate(exact.prediction(int(j))):
                    assert abs(x - arb(p[k, n])) <= arb(error[k, n]), (x, p[k, n], error[k, n])
            for s in (1.0, 0.75, 1 - 2.0**-40):
                low = check_float.FloatDual.value(ours, s)
                value = exact.value(fmpq(*s.as_integer_ratio()))
                assert arb(low) <= value
                assert arb(low) >= value - arb(1e-11) * (abs(value) + arb(float(ours.numbers.task.alpha.p)))


@settings(max_examples=20)
@given(SMALL, SEEDS, st.sampled_from([0.5, 5.0]))
def test_the_residual_norm_bounds_the_exact_matrix(problem, seed, scale):
    V, G, b = random_point(problem, seed, scale)
    data = Certificate(problem, V, G, b, problem.predictions(V @ G)).to_dict()
    contents, _, duals = pieces(data)
    norm = check_float.residual_norm(contents.problem, duals)
    with ctx.workprec(160):
        exact = []
        for ours in duals:
            exact.append(check.TaskDual(contents.problem, ours.numbers.task, contents.q))
            exact[-1].mix = fmpq(*ours.mix.as_integer_ratio())
        gram = check.gram(contents.problem, exact)
        for factor, expected in ((1, True), (1 - 1e-9, False)):  # and it is tight to nine digits
            limit = arb_mat(contents.problem.rows, contents.problem.rows)
            for task in contents.problem.tasks:
                for i in range(task.rows.start, task.rows.stop):
                    limit[i, i] = arb(task.lambda_w) * arb(norm * (1 + 1e-15)) ** 2 * arb(factor)
            assert check.positive_definite(limit - gram) == expected or norm < 1e-10


@given(st.lists(st.floats(0, 1), min_size=2, max_size=5), st.floats(0, 0.01))
def test_entropy_over_a_box(q, radius):
    low, high = np.clip(np.array(q) - radius, 0, 1), np.clip(np.array(q) + radius, 0, 1)
    below, above = check_float.entropy_bounds(low[:, None], high[:, None])
    for x in (q, low, high):
        value = mp.fsum(number(v) * mp.log(number(v)) if v > 0 else 0 for v in map(float, x))
        assert below[0] <= value <= above[0]


def test_the_assumption_on_exp_and_log_holds_where_it_is_tried():
    rng = np.random.default_rng(0)
    near_one = 1 - 10.0 ** -rng.uniform(0, 16, 2000)
    arguments = {
        "exp": np.concatenate([-(10.0 ** rng.uniform(-18, 2.8, 3000)), -rng.uniform(0, 40, 3000)]),
        "log": np.concatenate([10.0 ** rng.uniform(-300, 0, 2000), rng.uniform(0, 1, 2000), near_one]),
    }
    with ctx.workprec(120):
        for name, x in arguments.items():
            for a, value in zip(x.tolist(), getattr(np, name)(x).tolist(), strict=True):
                exact = getattr(arb(a), name)()
                assert abs(exact - arb(value)) <= arb(check_float.LIBM / 2) * abs(exact), (name, a)


# --------------------------------------------------------------------------- beside the ball checker

SCALES = {"none": None, "free": 0, "decayed": "1/20"}


@pytest.mark.parametrize("loss", ["ce", "mse", "sparsemax"])
@pytest.mark.parametrize("bias", SCALES)
def test_both_certify_and_ours_contains_the_ball_enclosure(loss, bias):
    design = LabelDesign((3, 2), np.array([[0, 1, 2, 0, -1], [0, 1, 0, -1, 1]]), np.array([3, 2, 1, 2, 4]))
    for design_ in (design, design.smoothed("1/10"), LabelDesign.factorial([2, 3])):
        problem = UFM(design_, "1/20", "1/10", task_weights=[1, 2], bias=SCALES[bias], loss=loss)
        _, (W, H, b) = min((local_minimum(problem, seed) for seed in range(3)), key=lambda pair: pair[0])
        q = problem.predictions(W @ H + (0 if b is None else b[:, None]))
        data = Certificate(problem, W, H, b, feasible_dual(problem, q, b).q).to_dict()
        ball, ours = check.check_certificate(data, "1e-6"), check_float.check_certificate(data, "1e-6")
        assert ball.certified
        assert ours.certified
        assert Fraction(ours.upper) >= Fraction(ball.upper)
        assert Fraction(ours.lower) <= Fraction(ball.lower)
        assert ours.gap < ball.gap + 1e-11


@pytest.mark.parametrize("classes", [(10, 10, 10), (45, 45)])
@pytest.mark.parametrize("bias", [None, 0])
def test_thousands_of_cells_at_a_width_that_certifies(classes, bias):
    problem = random_problem(classes, bias=bias)
    data = Certificate.from_solution(solve(problem, "proximal")).to_dict()
    ours = check_float.check_certificate(data)
    assert ours.certified, ours.reason
    assert "4 ulp" in ours.level
    assert ours.relative_gap < 2e-9
    if problem.design.cells <= 1024 and bias is None:
        ball = check.check_certificate(data)
        assert Fraction(ours.lower) <= Fraction(ball.lower) <= Fraction(ball.upper) <= Fraction(ours.upper)


def test_the_chunk_does_not_matter(monkeypatch):
    data = Certificate.from_solution(solve(random_problem((5, 8)), "proximal")).to_dict()
    whole = check_float.check_certificate(data)
    monkeypatch.setattr(check_float.rounding, "CHUNK", 7)
    parts = check_float.check_certificate(data)
    assert parts.certified
    assert Fraction(parts.lower) == pytest.approx(Fraction(whole.lower), rel=1e-12)
    assert Fraction(parts.upper) == pytest.approx(Fraction(whole.upper), rel=1e-12)


# --------------------------------------------------------------------------- what it must not believe


@settings(max_examples=40)
@given(SMALL, SEEDS, st.sampled_from(["noise", "huge", "negative", "zero", "stretched", "tiny"]))
def test_no_predictions_whatever_lift_the_bound_above_the_minimum(problem, seed, kind):
    best, (W, H, b) = local_minimum(problem, seed % 1000)
    rng = np.random.default_rng(seed)
    shape = (problem.design.rows, problem.design.cells)
    q = {
        "noise": rng.standard_normal(shape),
        "huge": 1e300 * rng.standard_normal(shape),
        "negative": -rng.random(shape),
        "zero": np.zeros(shape),
        "stretched": 3 * problem.predictions(rng.standard_normal(shape)),
        "tiny": 1e-310 * rng.random(shape),
    }[kind]
    verdict = check_float.check_certificate(Certificate(problem, W, H, b, q).to_dict())
    assert verdict.status in ("certified", "inconclusive")
    assert 0 <= float(verdict.lower) <= best * (1 + 1e-9)
    assert float(verdict.upper) >= best * (1 - 1e-6)


def test_points_out_of_all_proportion_have_no_finite_bound_and_say_so():
    problem = UFM(LabelDesign.factorial([2, 2]), "1/10", "1/10", bias="1/10")
    for size, finite in ((1e-320, True), (1e10, True), (1e160, False), (1.7e308, False)):
        q = np.full((4, 4), 0.5)
        data = Certificate(problem, np.full((4, 2), size), np.full((2, 4), -size), np.full(4, size), q).to_dict()
        verdict = check_float.check_certificate(data)
        assert (verdict.upper is not None) == finite, verdict.reason
        if finite:
            assert Fraction(verdict.upper) >= Fraction(check.check_certificate(data).upper)


def test_decays_out_of_proportion_are_refused():
    data = UFM(LabelDesign.factorial([2]), "1e-99", "1e-99").to_dict()
    data["feature_decay"] = "1e-150"
    point = {"W": np.zeros((2, 1)), "H": np.zeros((1, 2))}
    problem = UFM(LabelDesign.factorial([2]), "1e-99", "1e-99")
    certificate = Certificate(problem, point["W"], point["H"], None, np.full((2, 2), 0.5)).to_dict()
    read = check.read_problem(data)
    verdict = check_float.check_certificate({**certificate, "problem": data, "problem_id": read.id})
    assert verdict.status == "malformed"
    assert "out of proportion for float64" in verdict.reason


def test_the_ball_checker_points_here(monkeypatch, tmp_path):
    data = Certificate.from_solution(solve(random_problem((3, 4)), "proximal")).to_dict()
    monkeypatch.setattr(check.judge, "BALLS", replace(check.BALLS, limits=check.Limits(entries=10)))
    assert "relaxations.check_float" in check.check_certificate(data).reason
    assert check_float.check_certificate(data).certified


def test_the_command_names_its_level(tmp_path):
    path = tmp_path / "c.json"
    Certificate.from_solution(solve(random_problem((3, 4)), "proximal")).save(path)
    for arguments in ([str(path)], [str(path), "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "relaxations.check_float", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert check_float.LEVEL in done.stdout
    assert json.loads(done.stdout)["status"] == "certified"
    done = subprocess.run(
        [sys.executable, "-m", "relaxations.check_float", str(path), "--tolerance", "1e-19"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
