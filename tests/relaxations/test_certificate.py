"""What a certificate holds, what it refuses, and that a file is written whole or not at all."""

import base64
import hashlib
import json
import os
import struct

import numpy as np
import pytest

from relaxations import certificate as module
from relaxations import check, check_exact, check_float, records
from relaxations.certificate import Certificate, block
from relaxations.check import check_certificate, read_block
from relaxations.solve import solve
from theory import UFM, LabelDesign


@pytest.fixture(scope="module")
def problem():
    return UFM(LabelDesign.factorial([2, 3]), "1/30", "1/30", bias="1/20")


@pytest.fixture(scope="module")
def certificate(problem):
    return Certificate.from_solution(solve(problem, "proximal"))


def test_blocks_are_little_endian_float64_in_row_major_order():
    data = block(np.array([[1.0, 2.5, -3.0], [0.0, 1e-310, 1e300]]))
    assert data["shape"] == [2, 3]
    assert data["dtype"] == "<f8"
    assert struct.unpack("<6d", base64.b64decode(data["data"])) == (1.0, 2.5, -3.0, 0.0, 1e-310, 1e300)
    transposed = block(np.array([[1.0, 2.0], [3.0, 4.0]]).T)
    assert struct.unpack("<4d", base64.b64decode(transposed["data"])) == (1.0, 3.0, 2.0, 4.0)
    read = read_block(data, "x")
    assert (read.rows, read.columns) == (2, 3)
    assert read.row(1) == [0.0, 1e-310, 1e300]
    assert read.column(2, slice(0, 2)) == [-3.0, 1e300]


def test_a_certificate_of_a_solution_says_who_found_it(problem, certificate):
    data = certificate.to_dict()
    assert data["solver"]["name"] == "proximal"
    assert data["problem_id"] == problem.identity
    assert set(data) == {"format", "version", "problem", "problem_id", "point", "dual", "solver"}
    # what a file states of the solver is never read
    assert check_certificate({**data, "solver": {"upper": -1e9, "lower": 1e9}}) == check_certificate(data)


def test_the_limits_are_those_that_the_format_documents():
    text = " ".join(module.__doc__.split())
    balls, floats = check.BALL_LIMITS, check_float.LIMITS
    for size, rows, name in (
        (check_exact.MAX_FILE, check_exact.MAX_ROWS, "check_exact"),
        (balls.file, balls.rows, "check"),
        (floats.file, floats.rows, "check_float"),
    ):
        unit = f"{size // 2**20} MiB" if size < 2**30 else f"{size // 2**30} GiB"
        line = text[text.index(f"{name} ", text.index("what they take")) :]
        assert unit in line[:200]
        assert f"{rows:,} rows" in line[:200]
    assert (check_exact.MAX_WORK, balls.entries, balls.work) == (2 * 10**6, 2 * 10**7, 2 * 10**10)
    assert (floats.entries, floats.work) == (10**8, 2 * 10**13)
    assert f"{check.MAX_TEXT:,} characters" in text
    assert f"{check.MAX_COMMON:,} bits ({check_exact.MAX_COMMON:,} in" in text


def test_the_canonical_text_is_the_documented_one(problem):
    data = problem.to_dict()
    spelt = {**data, "feature_decay": "2/60", "bias": ["0.05", "5e-2"], "weight_decay": ["1/30", "10/300"]}
    text = json.dumps({**data, "feature_decay": "1/30"}, sort_keys=True, separators=(",", ":"))
    assert text.isascii()
    assert hashlib.sha256(text.encode()).hexdigest() == problem.identity
    assert check.read_problem(spelt).id == check_exact.Problem(spelt).id == problem.identity


def test_round_trip_by_text_and_file(certificate, tmp_path):
    path = tmp_path / "deep" / "c.json"
    certificate.save(path)
    for again in (Certificate.load(path), Certificate.from_text(certificate.to_text())):
        assert again.to_dict() == certificate.to_dict()
        assert again.problem.identity == certificate.problem.identity
        assert np.array_equal(again.b, certificate.b)


def test_no_bias_means_null(problem):
    bare = UFM(problem.design, "1/30", "1/30")
    q = np.zeros((5, 6))
    assert Certificate(bare, np.zeros((5, 1)), np.zeros((1, 6)), np.zeros(5), q).to_dict()["point"]["b"] is None
    assert Certificate(problem, np.zeros((5, 1)), np.zeros((1, 6)), None, q).to_dict()["point"]["b"]["shape"] == [5]


def test_a_failed_write_leaves_the_old_file(certificate, tmp_path, monkeypatch):
    path = tmp_path / "c.json"
    path.write_text("old")

    def broken(*_):
        raise OSError("no space left")

    monkeypatch.setattr(records.os, "replace", broken)
    with pytest.raises(OSError, match="no space"):
        certificate.save(path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["c.json"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W": np.zeros((4, 2))}, "W: shape"),
        ({"H": np.zeros((3, 6))}, "H: shape"),
        ({"q": np.zeros((5, 5))}, "q: shape"),
        ({"q": np.full((5, 6), np.nan)}, "q: holds a number that is not finite"),
        ({"W": np.full((5, 2), np.inf)}, "W: holds a number that is not finite"),
        ({"b": np.zeros(4)}, "b: shape"),
        ({"W": np.zeros((5, 9)), "H": np.zeros((9, 6))}, "exceeds the problem's 5"),
    ],
)
def test_wrong_points_are_refused(problem, change, message):
    parts = {"W": np.zeros((5, 2)), "H": np.zeros((2, 6)), "b": np.zeros(5), "q": np.zeros((5, 6)), **change}
    with pytest.raises(ValueError, match=message):
        Certificate(problem, **parts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(format="other"), "no certificate"),
        (lambda d: d.update(version=2), "version 2"),
        (lambda d: d.update(upper="1"), "unknown key"),
        (lambda d: d.pop("dual"), "missing"),
        (lambda d: d["problem"].pop("loss"), "exactly the keys"),
        (lambda d: d["problem"].update(feature_decay="-1"), "positive"),
        (lambda d: d["problem"].update(feature_decay="1/7"), "problem_id"),
        (lambda d: d["problem"].update(labels="abc"), "labels"),
        (lambda d: d["problem"].update(classes=None), "problem"),
        (lambda d: d["point"]["W"].update(data="%%%"), "base64"),
        (lambda d: d["point"]["W"].update(shape=[5]), "needs 40"),
    ],
)
def test_loading_says_what_is_wrong_and_where(certificate, tmp_path, change, message):
    data = certificate.to_dict()
    change(data)
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=message) as error:
        Certificate.load(path)
    assert str(path) in str(error.value)


def test_loading_what_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        Certificate.load(tmp_path)
    with pytest.raises(ValueError, match="cannot be read"):
        Certificate.load(tmp_path / "absent")


@pytest.mark.parametrize("text", ["0." + "1" * 398, "1" * 60 + "." + "7" * 339, "3" * 99 + "e-190"])
def test_the_longest_numbers_that_may_be_typed_survive_the_file(text):
    problem = UFM(LabelDesign.factorial([2]), text, "0.1")
    certificate = Certificate(problem, np.zeros((2, 1)), np.zeros((1, 2)), None, np.full((2, 2), 0.5))
    again = Certificate.from_text(certificate.to_text())
    assert again.problem.weight_decay == problem.weight_decay
    assert check_certificate(certificate.to_dict()).problem_id == problem.identity
