"""A point that is no minimum is refuted by a way down that anyone can walk; a minimum never is."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import local_minimum
from strategies import balanced_designs, free_designs, problems, random_point

from relaxations import check, check_exact
from relaxations.certificate import Certificate
from relaxations.solve import solve
from theory import UFM, LabelDesign

SEEDS = st.integers(0, 2**32 - 1)
LOSSES = ("ce", "mse", "sparsemax")
SMALL = problems(designs=st.one_of(free_designs(max_cells=6), balanced_designs(max_cells=8)), losses=LOSSES)


def judged(problem, W, H, b=None):
    """The verdict on a point, with predictions that are worth nothing."""
    q = np.zeros((problem.design.rows, problem.design.cells))
    return check.check_certificate(Certificate(problem, W, H, b, q).to_dict(), point=True)


def array(data):
    block = check.read_block(data, "x")
    return np.array(block.data).reshape(block.rows, block.columns)


def walked(problem, witness, W, H, b=None):
    """The point to which a witness leads."""
    parts = witness["direction"]
    dW, dH, step = array(parts["W"]), array(parts["H"]), witness["step"]
    extra = dW.shape[1] - W.shape[1]
    W, H = np.pad(W, ((0, 0), (0, extra))), np.pad(H, ((0, extra), (0, 0)))
    b = np.zeros(len(W)) if b is None else b
    if parts["b"] is not None:
        b = b + step * array(parts["b"])[:, 0]
    return W + step * dW, H + step * dH, b if problem.has_bias else None


def assert_way_down(problem, verdict, W, H, b=None):
    """The witness is what it says: by the exact checker, which shares nothing with the one that found it."""
    assert verdict.status == "refuted", verdict.reason
    witness = verdict.witness
    values = []
    for point in ((W, H, b), walked(problem, witness, W, H, b)):
        q = np.zeros((problem.design.rows, problem.design.cells))
        exact = check_exact.judge(Certificate(problem, *point, q).to_dict())
        assert exact["upper"] is not None, exact["reason"]
        values.append(Fraction(exact["upper"]))
    before, after = values
    assert Fraction(witness["from"]) <= before
    assert Fraction(witness["to"]) >= after * (1 - Fraction(1, 10**18))
    assert 0 < Fraction(witness["decrease"]) <= before - after + before / 10**18
    # the enclosure that comes with it still holds the minimum
    assert Fraction(verdict.lower) <= after
    return witness["kind"]


@pytest.mark.parametrize("loss", LOSSES)
def test_the_saddle_at_zero_below_the_threshold(loss):
    design = LabelDesign.factorial([2, 3])
    problem = UFM(design, "1/50", "1/50", loss=loss)
    for d in (1, 5):  # with a coordinate to spare, and with all in use though none is used
        W, H = np.zeros((5, d)), np.zeros((d, 6))
        verdict = judged(problem, W, H)
        assert assert_way_down(problem, verdict, W, H) == "negative curvature"
        # one direction of the three that the optimum has
        room = problem.value_at_zero() - local_minimum(problem, 0)[0]
        assert float(verdict.witness["decrease"]) > 0.3 * room


def test_zero_is_the_minimum_above_the_threshold():
    problem = UFM(LabelDesign.factorial([2, 3]), 1, 1)
    verdict = judged(problem, np.zeros((5, 1)), np.zeros((1, 6)))
    assert verdict.certified
    assert verdict.witness is None


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("bias", [None, 0, "1/10"])
def test_the_optimum_is_certified_and_a_perturbed_one_refuted(loss, bias):
    design = LabelDesign((3, 2), np.array([[0, 1, 2, 0, -1], [0, 1, 0, -1, 1]]), np.array([3, 2, 1, 2, 4]))
    problem = UFM(design, "1/20", "1/10", task_weights=[1, 2], bias=bias, loss=loss)
    solution = solve(problem, "proximal")
    W, H, b = solution.W, solution.H, solution.b
    verdict = check.check_certificate(Certificate(problem, W, H, b, solution.q).to_dict(), point=True)
    assert verdict.certified
    assert judged(problem, W, H, b).status in ("certified", "inconclusive")
    rng = np.random.default_rng(0)
    for size in (1e-3, 0.3):
        W_, H_ = W + size * rng.standard_normal(W.shape), H + size * rng.standard_normal(H.shape)
        assert_way_down(problem, judged(problem, W_, H_, b), W_, H_, b)


def test_an_optimum_cut_to_a_smaller_rank_is_a_saddle_when_there_is_room():
    problem = UFM(LabelDesign.factorial([3, 3]), "1/50", "1/50")
    # a minimum among the points of rank 3, of which 4 are needed
    narrow = UFM(LabelDesign.factorial([3, 3]), "1/50", "1/50", dimension=3)
    value, (W, H, _) = min((local_minimum(narrow, seed) for seed in range(4)), key=lambda pair: pair[0])
    verdict = judged(problem, W, H)
    assert assert_way_down(problem, verdict, W, H) == "negative curvature"
    # all coordinates in use, and yet a direction to spare: it has to be found
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((problem.dimension, problem.dimension))).Q
    W_, H_ = np.pad(W, ((0, 0), (0, 3))) @ Q, Q.T @ np.pad(H, ((0, 3), (0, 0)))
    verdict = judged(problem, W_, H_)
    assert assert_way_down(problem, verdict, W_, H_) == "negative curvature"
    assert array(verdict.witness["direction"]["W"]).shape == W_.shape
    # in three dimensions nothing refutes it, and nothing certifies it
    cut = judged(narrow, W, H)
    assert cut.status == "inconclusive"
    assert float(cut.lower) < value * (1 - 1e-4)


@settings(max_examples=40)
@given(SMALL, SEEDS, st.sampled_from([1e-4, 0.3, 3.0]))
def test_random_points_are_refuted(problem, seed, scale):
    W, H, b = random_point(problem, seed, scale)
    verdict = judged(problem, W, H, b)
    assert verdict.status in ("refuted", "certified")
    if verdict.status == "refuted":
        assert_way_down(problem, verdict, W, H, b)


@settings(max_examples=25)
@given(SMALL, SEEDS)
def test_no_minimum_is_refuted(problem, seed):
    solution = solve(problem, "proximal")
    verdict = judged(problem, solution.W, solution.H, solution.b)
    if verdict.status == "refuted":  # only by showing that the solver stopped short, by no more than its gap
        gap = Fraction(verdict.witness["from"]) - Fraction(solution.lower)
        assert Fraction(verdict.witness["decrease"]) <= gap + Fraction(1e-14)
        assert gap > Fraction(1e-13) * Fraction(verdict.witness["from"])


@pytest.mark.parametrize("size", [1e-320, 1e10, 1e160, 1.7e308])
def test_points_out_of_all_proportion_raise_nothing(size):
    problem = UFM(LabelDesign.factorial([2, 2]), "1/10", "1/10", bias="1/10")
    verdict = judged(problem, np.full((4, 2), size), np.full((2, 4), -size), np.full(4, size))
    assert verdict.status in ("refuted", "inconclusive")


def test_the_command_prints_the_way_down(tmp_path, capsys):
    problem = UFM(LabelDesign.factorial([2, 3]), "1/50", "1/50")
    path = tmp_path / "zero.json"
    Certificate(problem, np.zeros((5, 1)), np.zeros((1, 6)), None, np.full((5, 6), 0.5)).save(path)
    assert check.main([str(path)]) == 1
    assert capsys.readouterr().out.startswith("inconclusive: ")
    assert check.main(["--point", str(path)]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("refuted: no minimum: f falls by at least ")
    assert "witness    negative curvature, step" in printed
    assert "\ndW" in printed
    assert "\ndH" in printed
    assert check.main(["--point", str(path), "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["status"] == "refuted"
    assert array(data["witness"]["direction"]["W"]).shape == (5, 2)
    assert Fraction(data["witness"]["decrease"]) > 0
