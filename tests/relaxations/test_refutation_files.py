"""A way down as a file: checked again by two checkers that share no line, and believed by neither."""

import base64
import copy
import json
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from strategies import balanced_designs, free_designs, problems, random_point

from relaxations import check, check_exact
from relaxations.certificate import Certificate, block
from relaxations.check import float64
from relaxations.solve import solve
from theory import UFM, LabelDesign

PROBLEM = UFM(LabelDesign.factorial([2, 3]), "1/50", "1/50", bias=["1/10", "1/20"])
SMALL = problems(
    designs=st.one_of(free_designs(max_cells=6), balanced_designs(max_cells=8)), losses=("ce", "mse", "sparsemax")
)


def certificate_at(problem, W, H, b=None):
    q = np.zeros((problem.design.rows, problem.design.cells))
    return Certificate(problem, W, H, b, q).to_dict()


def refutation(problem, point, direction, step="1"):
    """A refutation as anyone may write it."""
    data = certificate_at(problem, *point)
    del data["dual"]
    W, H, b = direction
    parts = {"W": block(W), "H": block(H), "b": None if b is None else block(b)}
    return {
        **data, "format": "multitask-collapse refutation", "witness": {"step": step, "direction": parts},
    }  # fmt: skip


def toward(start, end):
    return tuple(None if a is None else b - a for a, b in zip(start, end, strict=True))


@pytest.fixture(scope="module")
def points():
    """A start that is no minimum, and the optimum, in the same coordinates."""
    solution = solve(PROBLEM, "proximal")
    start = random_point(PROBLEM, 0, 0.1)
    d = start[0].shape[1]
    W, H = np.zeros_like(start[0]), np.zeros_like(start[1])
    W[:, : solution.W.shape[1]], H[: solution.W.shape[1]] = solution.W, solution.H
    assert d >= solution.W.shape[1]
    return start, (W, H, solution.b)


def both(data):
    data = json.loads(json.dumps(data))
    return check.check_certificate(data), check_exact.judge(data)


def test_the_way_to_the_optimum_is_confirmed_by_both_and_the_way_back_by_none(points):
    start, end = points
    before, after = (PROBLEM.objective(*point) for point in points)
    balls, exact = both(refutation(PROBLEM, start, toward(start, end)))
    assert balls.status == exact["status"] == "refuted"
    for witness in (balls.witness, exact["witness"]):
        assert float(witness["decrease"]) == pytest.approx(before - after, rel=1e-9)
        assert float(witness["from"]) == pytest.approx(before, rel=1e-12)
        assert float(witness["to"]) == pytest.approx(after, rel=1e-12)
        assert Fraction(witness["decrease"]) <= Fraction(witness["from"]) - Fraction(witness["to"])
    assert balls.lower == exact["lower"] == "0"
    assert float(balls.upper) == pytest.approx(float(exact["upper"]), rel=1e-14)
    dW, dH, db = toward(start, end)
    for data in (
        refutation(PROBLEM, end, toward(end, start)),
        refutation(PROBLEM, start, (-dW, dH, db)),
        refutation(PROBLEM, start, toward(start, start)),
    ):
        balls, exact = both(data)
        assert balls.status == exact["status"] == "inconclusive", (balls.reason, exact["reason"])
        assert balls.witness is None
        assert exact["witness"] is None
        assert "not proved to fall" in balls.reason


@settings(max_examples=60)
@given(SMALL, st.integers(0, 10**6), st.sampled_from([1e-12, 1e-3, 1.0, 30.0]), st.sampled_from(["1", "1/1024", "7"]))
def test_what_is_confirmed_is_so(problem, seed, scale, step):
    """Any direction: refuted exactly where f falls, by an amount that float64 can tell."""
    start, other = random_point(problem, seed, 0.5), random_point(problem, seed + 1, scale)
    length = float(Fraction(step))
    direction = (other[0], other[1], other[2])
    end = tuple(None if a is None else a + length * x for a, x in zip(start, direction, strict=True))
    before, after = problem.objective(*start), problem.objective(*end)
    balls, exact = both(refutation(problem, start, direction, step))
    event(balls.status)
    for status, witness in ((balls.status, balls.witness), (exact["status"], exact["witness"])):
        if abs(after - before) > 1e-10 * before:
            assert (status == "refuted") == (after < before)
        if status == "refuted":
            assert 0 < float(witness["decrease"]) <= (before - after) * (1 + 1e-9) + 1e-12 * before


@settings(max_examples=25)
@given(SMALL, st.integers(0, 10**6))
def test_nothing_refutes_a_minimum_by_more_than_its_gap(problem, seed):
    solution = solve(problem, "proximal")
    point = (solution.W, solution.H, solution.b)
    rng = np.random.default_rng(seed)
    direction = tuple(None if x is None else rng.standard_normal(x.shape) for x in point)
    verdict = check.check_certificate(refutation(problem, point, direction, "1/1048576"))
    if verdict.status == "refuted":
        room = Fraction(verdict.witness["from"]) - Fraction(solution.lower) + Fraction(1e-13)
        assert Fraction(verdict.witness["decrease"]) <= room


def forgeries():
    def at(*path, value):
        def change(data):
            inner = data
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = value

        return change

    def gone(*path):
        def change(data):
            inner = data
            for key in path[:-1]:
                inner = inner[key]
            del inner[path[-1]]

        return change

    nan = base64.b64encode(np.full(3 * 6, np.nan).tobytes()).decode()
    yield "a step that is no float64", at("witness", "step", value="1/3")
    yield "a step of 0", at("witness", "step", value="0")
    yield "a step backwards", at("witness", "step", value="-1")
    yield "a step with a point", at("witness", "step", value=0.5)
    yield "a step out of range", at("witness", "step", value="1e999")
    yield "a huge text", at("witness", "step", value="1" * 5000)
    yield "no step", gone("witness", "step")
    yield "no direction", gone("witness", "direction")
    yield "no witness", gone("witness")
    yield "a list for a witness", at("witness", value=[])
    yield "one key more", at("witness", "decrease", value="1")
    yield "a dual beside", at("dual", value={})
    yield "no head", gone("witness", "direction", "W")
    yield "null for a head", at("witness", "direction", "W", value=None)
    yield "features of another shape", at("witness", "direction", "H", value=block(np.zeros((2, 6))))
    yield "heads of another shape", at("witness", "direction", "W", value=block(np.zeros((4, 3))))
    yield "a bias of another shape", at("witness", "direction", "b", value=block(np.zeros(3)))
    yield "not a number", at("witness", "direction", "H", "data", value=nan)
    yield "another version", at("version", value=2)
    yield "another format", at("format", value="multitask-collapse certificate")
    yield "another problem", at("problem", "feature_decay", value="1/51")
    yield "another digest", at("problem_id", value="0" * 64)


@pytest.mark.parametrize(("name", "change"), list(forgeries()), ids=[name for name, _ in forgeries()])
def test_what_both_must_refuse(name, change, points):
    start, end = (tuple(x[:, :3] if i == 0 else x[:3] if i == 1 else x for i, x in enumerate(p)) for p in points)
    data = refutation(PROBLEM, start, toward(start, end))
    assert {check.check_certificate(copy.deepcopy(data)).status, check_exact.judge(data)["status"]} == {"refuted"}
    forged = copy.deepcopy(data)
    change(forged)
    balls = check.check_certificate(forged)
    assert balls.status == "malformed", balls
    # any rational is a step to exact arithmetic
    rationals = {"a step that is no float64": "refuted", "a step out of range": "inconclusive"}
    assert check_exact.judge(forged)["status"] == rationals.get(name, "malformed")


def test_a_direction_narrower_or_wider_than_it_may_be(points):
    start, end = points
    W, H, b = toward(start, end)
    d = PROBLEM.dimension
    wide = (np.pad(W, ((0, 0), (0, d + 1 - W.shape[1]))), np.pad(H, ((0, d + 1 - len(H)), (0, 0))), b)
    for direction in ((W[:, :1], H[:1], b), wide):
        balls, exact = both(refutation(PROBLEM, start, direction))
        assert balls.status == exact["status"] == "malformed"


def test_a_step_out_of_the_range_of_float64_proves_nothing(points):
    start, _ = points
    huge = tuple(np.full_like(x, 1.7e308) for x in start)
    verdict = check.check_certificate(refutation(PROBLEM, start, huge, "16"))
    assert verdict.status == "inconclusive"


@pytest.mark.parametrize("text", ["1/4096", "0.5", "3", "1e22", "-2"])
def test_float64_spelt_exactly(text):
    assert Fraction(float64(text, "x")) == Fraction(text)


@pytest.mark.parametrize("text", ["1/3", "0.1", "1e23", "1e400", "nan", "", "1e-400"])
def test_what_is_no_float64(text):
    with pytest.raises(check.MalformedError):
        float64(text, "x")


def test_from_the_command_line_and_back(tmp_path, capsys):
    path, out = tmp_path / "zero.json", tmp_path / "refutation.json"
    problem = UFM(LabelDesign.factorial([2, 3]), "1/50", "1/50")
    Certificate(problem, np.zeros((5, 1)), np.zeros((1, 6)), None, np.full((5, 6), 0.5)).save(path)
    assert check.main(["--point", str(path), "--save-refutation", str(out)]) == 1
    first = capsys.readouterr().out
    assert first.startswith("refuted: ")
    assert check.main([str(out), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["status"] == "refuted"
    assert again["witness"]["decrease"] in first
    assert again["witness"]["kind"] == "stated direction"
    assert check_exact.main([str(out)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("refuted: no minimum: f falls by at least ")
    assert "witness    stated direction" in printed
    for main in (check.main, check_exact.main):
        assert main([str(out), "--problem", str(path)]) == 0
        other = tmp_path / "other.json"
        Certificate(PROBLEM, *random_point(PROBLEM, 0), np.zeros((5, 6))).save(other)
        assert main([str(out), "--problem", str(other)]) == 1
    capsys.readouterr()
    # a file that is no minimum's is not written over what cannot be written
    for usage in (
        ["--save-refutation", str(out), str(path)],
        ["--point", str(path), "--save-refutation", str(path / "x")],
    ):
        with pytest.raises(SystemExit) as stop:
            check.main(usage)
        assert stop.value.code == 2
        assert "--save-refutation" in capsys.readouterr().err


def test_what_has_to_be_trusted_is_one_page(capsys):
    assert check.main(["--assumptions"]) == 0
    page = capsys.readouterr().out
    assert "What has to be trusted" in page
    # every module of the folder is named there: trusted, or said not to be
    for module in Path(check.__file__).parent.glob("[!_]*.py"):
        assert re.search(rf"\b{module.stem}\b", page), module
    assert len(page.splitlines()) < 70


@settings(max_examples=150)
@given(st.data())
def test_any_characters_of_a_refutation(data):
    """Whatever is changed, what is still confirmed is true of the file as it stands."""
    start = (np.eye(5, 2), np.ones((2, 6)), np.zeros(5))
    text = json.dumps(refutation(PROBLEM, start, (-np.eye(5, 2), -np.ones((2, 6)), np.ones(5)), "1/8"))
    numbers = [i for block in re.finditer(r"[A-Za-z0-9+/=]{40,}", text) for i in range(*block.span())]
    for _ in range(data.draw(st.integers(1, 3))):
        if data.draw(st.booleans()):
            i, character = data.draw(st.sampled_from(numbers)), data.draw(st.sampled_from("ABCDEQUYabcdefq0189+/"))
        else:
            i, character = data.draw(st.integers(0, len(text) - 1)), data.draw(st.sampled_from('019.-+e"{],:/A \x00é'))
        text = text[:i] + character + text[i + 1 :]
    try:
        read = check.parse(text)
    except check.MalformedError:
        event("no JSON")
        return
    for verdict in (vars(check.check_certificate(read)), check_exact.judge(read)):
        event(verdict["status"])
        if verdict["status"] == "refuted":
            W, H, b = (decoded(read["point"][name]) for name in "WHb")
            dW, dH, db = (decoded(read["witness"]["direction"][name]) for name in "WHb")
            step = float(Fraction(read["witness"]["step"]))
            with np.errstate(all="ignore"):
                before = PROBLEM.objective(W, H, b)
                after = PROBLEM.objective(W + step * dW, H + step * dH, b + step * db)
            assert float(verdict["witness"]["decrease"]) <= (before - after) * (1 + 1e-6) + 1e-12 * before
            assert verdict["problem_id"] == PROBLEM.identity
        else:
            assert verdict["status"] in ("malformed", "inconclusive")


def decoded(data):
    numbers = np.frombuffer(base64.b64decode(data["data"]), dtype="<f8").reshape(data["shape"])
    return numbers
