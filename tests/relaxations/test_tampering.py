"""Whatever is changed in a certificate, what the checker says is true of the problem as the file now states it.

Truth comes from outside: L-BFGS on the factored problem (``reference.py``) and a CVXPY program written here.
"""

import base64
import copy
import hashlib
import json
from dataclasses import replace
from fractions import Fraction
from functools import cache

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from reference import local_minimum

from relaxations import check
from relaxations.certificate import Certificate
from theory import UFM, LabelDesign
from theory.duality import feasible_dual

PARTIAL = LabelDesign((3, 2), np.array([[0, 1, 2, 0], [0, 1, -1, 1]]), np.array([2, 1, 1, 3]))
WEIGHTED = LabelDesign(
    (2, 2), np.array([[0, 1, 1], [1, 0, 1]]), np.array([1, 2, 1]), sample_weights=np.array([[1, 2, 1], [1, 1, 3]])
)
PROBLEMS = {
    "no bias": UFM(LabelDesign.factorial([2, 2]), ["1/20", "1/15"], "1/10", task_weights=[1, "3/2"]),
    "free bias": UFM(
        LabelDesign((2, 2), np.array([[0, 1, 1], [1, 0, 1]]), np.array([3, 1, 2])), "1/20", "1/20", bias=0
    ),
    "decayed bias": UFM(PARTIAL.smoothed("1/10"), "1/50", "1/20", bias=["1/10", "1/5"], convention="paper-mean"),
    "squared error": UFM(WEIGHTED, "1/10", "1/20", loss="mse"),
    "sparsemax": UFM(PARTIAL, "1/30", "1/20", bias="1/10", loss="sparsemax"),
}


@cache
def truth(text):
    """The minimum that L-BFGS finds from several starts for the problem stated in ``text``."""
    problem = UFM.from_dict(json.loads(text))
    return min(local_minimum(problem, seed)[0] for seed in range(3))


@cache
def certificate_text(name):
    problem = PROBLEMS[name]
    _, (W, H, b) = min((local_minimum(problem, seed) for seed in range(4)), key=lambda pair: pair[0])
    q = problem.predictions(W @ H + (0 if b is None else b[:, None]))
    return Certificate(problem, W, H, b, feasible_dual(problem, q, b).q).to_text()


def original(name):
    return json.loads(certificate_text(name))


def restated(data):
    """The same file with the identity of its problem recomputed: a forger who knows the format."""
    text = json.dumps(data["problem"], sort_keys=True, separators=(",", ":"))
    return {**data, "problem_id": hashlib.sha256(text.encode()).hexdigest()}


def assert_true(verdict, problem):
    """Every bound that a verdict states holds for ``problem`` (JSON data)."""
    if verdict.lower is None:
        assert verdict.status in ("malformed", "mismatch")
        return
    best = truth(json.dumps(problem))
    assert float(verdict.lower) <= best * (1 + 1e-9)
    if verdict.upper is not None:
        assert best <= float(verdict.upper) * (1 + 1e-6)


def leaves(value, path=()):
    """Paths of all numbers (and numbers as text) in a problem's data."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from leaves(entry, (*path, key))
    elif isinstance(value, list):
        for i, entry in enumerate(value):
            yield from leaves(entry, (*path, i))
    elif path[0] not in ("scenario", "loss", "convention") and value is not None:
        yield path


def at(data, path):
    for step in path:
        data = data[step]
    return data


def put(data, path, value):
    data = copy.deepcopy(data)
    at(data, path[:-1])[path[-1]] = value
    return data


def replacements(value):
    if isinstance(value, int):
        return [other for other in (value + 1, value - 1, value + 7, -value, 2**60) if other != value]
    exact = Fraction(value)
    others = (exact + Fraction(1, exact.denominator), exact / 3, exact * Fraction(101, 100), -exact, Fraction(0))
    return [str(other) for other in others if other != exact]


FIELDS = [(name, path) for name, problem in PROBLEMS.items() for path in leaves(problem.to_dict())]


@pytest.mark.parametrize("name", PROBLEMS)
def test_untouched_certificates_are_certified_and_true(name):
    data = original(name)
    verdict = check.check_certificate(data, tolerance="1e-6")
    assert verdict.certified, verdict.reason
    assert_true(verdict, data["problem"])


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_number_of_the_problem(name):
    data = original(name)
    outcomes = {"malformed": 0, "certified": 0, "inconclusive": 0}
    for path in (p for n, p in FIELDS if n == name):
        for value in replacements(at(data["problem"], path)):
            forged = {**data, "problem": put(data["problem"], path, value)}
            # a changed problem under its old name is refused, and so is one that was not asked for
            assert check.check_certificate(forged).status == "malformed"
            verdict = check.check_certificate(restated(forged), tolerance="1/2")
            outcomes[verdict.status] += 1
            assert_true(verdict, forged["problem"])
            asked = check.check_certificate(restated(forged), tolerance="1/2", problem=data["problem"])
            assert asked.status in ("mismatch", "malformed")
    # the forgeries reach every verdict, so the assertions above were put to the test
    assert min(outcomes.values()) > 0, outcomes


@pytest.mark.parametrize("name", PROBLEMS)
def test_other_words_in_the_problem(name):
    data = original(name)
    for key, words in (
        ("loss", ["ce", "mse", "sparsemax", "", 1]),
        ("convention", [*check.CONVENTIONS, "none", None]),
        ("bias", [None, ["0", "0"], ["1/3", "1/3"], ["0", "1"], "0", ["-1", "-1"]]),
        ("sample_weights", [None, [], [[0, 0, 0]], [[1, 1, 1], [0, 0, 0]]]),
    ):
        for word in words:
            forged = restated({**data, "problem": {**data["problem"], key: word}})
            assert_true(check.check_certificate(forged, tolerance="1/2"), forged["problem"])


NUMBERS = st.one_of(st.floats(), st.floats(-2, 2), st.sampled_from([0.0, -0.0, 1.0, 5e-324, -5e-324]))


@settings(max_examples=200)
@given(st.sampled_from(sorted(PROBLEMS)), st.sampled_from(["W", "H", "b", "q"]), st.data())
def test_any_number_of_the_points(name, which, data):
    certificate = original(name)
    holder = certificate["dual"] if which == "q" else certificate["point"]
    if holder[which] is None:
        return
    numbers = np.frombuffer(base64.b64decode(holder[which]["data"]), dtype="<f8").copy()
    for _ in range(data.draw(st.integers(1, 3))):
        numbers[data.draw(st.integers(0, numbers.size - 1))] = data.draw(NUMBERS)
    holder[which]["data"] = base64.b64encode(numbers.tobytes()).decode()
    verdict = check.check_certificate(certificate)
    event(verdict.status)
    assert (verdict.status == "malformed") == (not np.isfinite(numbers).all())
    assert_true(verdict, certificate["problem"])


@settings(max_examples=200)
@given(st.sampled_from(sorted(PROBLEMS)), st.data())
def test_any_character_of_the_file(name, data):
    text = certificate_text(name)
    for _ in range(data.draw(st.integers(1, 2))):
        i = data.draw(st.integers(0, len(text) - 1))
        text = text[:i] + data.draw(st.sampled_from('0123456789.-+eE"{}[],:/ABab\\ \x00é')) + text[i + 1 :]
    try:
        read = check.parse(text)
    except check.MalformedError:
        return
    verdict = check.check_certificate(read)
    event(verdict.status)
    # the identity binds the problem: what is not malformed speaks of the original one
    assert verdict.status == "malformed" or verdict.problem_id == PROBLEMS[name].identity
    assert_true(verdict, original(name)["problem"])


def conic_minimum(problem):
    """min Σ ω ℓ + √λ_H ‖Z'‖_* by CVXPY (fully labelled, no bias), written from the definition."""
    design = problem.design
    M = cp.Variable((design.rows, design.cells))
    loss, scale = 0, np.sqrt(problem.lambda_w_rows)[:, None] * problem.sqrt_counts[None, :]
    for t, rows in design.blocks():
        for j in range(design.cells):
            y = design.target_matrix[rows, j]
            loss += problem.omega[t, j] * (cp.log_sum_exp(M[rows, j]) - y @ M[rows, j])
    objective = loss + np.sqrt(float(problem.lambda_h)) * cp.normNuc(cp.multiply(scale, M))
    return cp.Problem(cp.Minimize(objective)).solve(solver=cp.CLARABEL)


@pytest.mark.parametrize(
    ("key", "value"), [("feature_decay", "1/9"), ("weight_decay", ["1/5", "1/15"]), ("counts", [1, 2, 1, 3])]
)
def test_a_conic_solver_confirms_bounds_of_forged_problems(key, value):
    data = original("no bias")
    forged = restated({**data, "problem": {**data["problem"], key: value}})
    verdict = check.check_certificate(forged, tolerance="1/2")
    best = conic_minimum(UFM.from_dict(forged["problem"]))
    assert float(verdict.lower) <= best + 1e-7
    assert best - 1e-7 <= float(verdict.upper)
    assert float(verdict.upper) - float(verdict.lower) < 0.5


def test_a_certificate_does_not_serve_for_another_dimension():
    data = original("no bias")
    narrow = restated({**data, "problem": {**data["problem"], "dimension": 1}})
    verdict = check.check_certificate(narrow)
    assert verdict.status == "malformed"
    assert "exceeds the problem's 1" in verdict.reason


# --------------------------------------------------------------------------- malformed files


def block_of(numbers, shape):
    return {"shape": shape, "dtype": "<f8", "data": base64.b64encode(np.array(numbers, "<f8").tobytes()).decode()}


def changed(*path, value):
    def change(data):
        at(data, path[:-1])[path[-1]] = value

    return change


MALFORMED = {
    "no object": (lambda d: d.clear(), "no certificate"),
    "other format": (changed("format", value="pickle"), "no certificate"),
    "other version": (changed("version", value=2), "version"),
    "version true": (changed("version", value=True), "version"),
    "key too many": (changed("upper", value="0.1"), "unknown key"),
    "key missing": (lambda d: d.pop("dual"), "missing"),
    "problem a list": (changed("problem", value=[]), "expected an object"),
    "problem key too many": (changed("problem", "lower", value="1"), "unknown key"),
    "identity": (changed("problem_id", value="0" * 64), "problem_id"),
    "identity null": (changed("problem_id", value=None), "problem_id"),
    "float decay": (changed("problem", "feature_decay", value=0.1), "rational as text"),
    "decay infinite": (changed("problem", "feature_decay", value="inf"), "no rational"),
    "decay nan": (changed("problem", "feature_decay", value="nan"), "no rational"),
    "decay by zero": (changed("problem", "feature_decay", value="1/0"), "division by zero"),
    "decay of Arabic digits": (changed("problem", "feature_decay", value="١/٣"), "no rational"),
    "decay negative": (changed("problem", "weight_decay", value=["-1", "1"]), "not positive"),
    "huge exponent": (changed("problem", "feature_decay", value="1e999999999"), "no rational"),
    "many digits": (changed("problem", "feature_decay", value="1" * 5000), "5000 characters"),
    "big integer": (changed("problem", "dimension", value=10**4000), "problem.dimension"),
    "no tasks": (changed("problem", "classes", value=[]), "empty"),
    "one class": (changed("problem", "classes", value=[2, 1]), "expected 2"),
    "class true": (changed("problem", "classes", value=[2, True]), "whole number"),
    "many classes": (changed("problem", "classes", value=[1000, 1000]), "balls are practical"),
    "no cells": (changed("problem", "counts", value=[]), "empty"),
    "count 0": (changed("problem", "counts", value=[1, 1, 1, 0]), "expected 1"),
    "count 1.0": (changed("problem", "counts", value=[1, 1, 1, 1.0]), "whole number"),
    "label beyond": (changed("problem", "labels", 0, 0, value=2), "expected -1 to 1"),
    "labels short": (changed("problem", "labels", value=[[0, 0, 1, 1]]), "expected 2"),
    "labels ragged": (changed("problem", "labels", 1, value=[0, 1]), "expected 4"),
    "labels none": (changed("problem", "labels", 1, value=[-1] * 4), "weighs in on no sample"),
    "target negative": (changed("problem", "targets", 0, 0, value=["-1/2", "3/2"]), "no probability vector"),
    "target sum": (changed("problem", "targets", 0, 0, value=["1/2", "1/3"]), "no probability vector"),
    "target short": (changed("problem", "targets", 0, 0, value=["1"]), "expected 2"),
    "target table empty": (changed("problem", "targets", 0, value=[]), "empty"),
    "dimension 0": (changed("problem", "dimension", value=0), "expected 1"),
    "scenario a list": (changed("problem", "scenario", value=["ssmtc"]), "short text"),
    "loss unknown": (changed("problem", "loss", value="hinge"), "expected one of ce, mse"),
    "convention unknown": (changed("problem", "convention", value="mine"), "expected one of mean-halves"),
    "point missing H": (lambda d: d["point"].pop("H"), "missing"),
    "bias where none is": (lambda d: d["point"].update(b=block_of([0] * 4, [4])), "no bias"),
    "W rows": (lambda d: d["point"].update(W=block_of([0] * 6, [3, 2])), "expected 4"),
    "H columns": (lambda d: d["point"].update(H=block_of([0] * 12, [4, 3])), "point.H"),
    "q shape": (lambda d: d["dual"].update(q=block_of([0] * 4, [4])), "dual.q"),
    "three axes": (lambda d: d["dual"].update(q=block_of([0] * 16, [4, 2, 2])), "one or two"),
    "no axis": (lambda d: d["dual"].update(q=block_of([0], [])), "empty"),
    "shape negative": (lambda d: d["dual"]["q"].update(shape=[-4, -4]), "expected 0"),
    "shape huge": (lambda d: d["dual"]["q"].update(shape=[10**9, 10**9]), "needs"),
    "shape beyond": (lambda d: d["dual"]["q"].update(shape=[10**30, 4]), "expected 0"),
    "dtype": (lambda d: d["dual"]["q"].update(dtype=">f8"), "expected '<f8'"),
    "object dtype": (lambda d: d["dual"]["q"].update(dtype="|O"), "expected '<f8'"),
    "base64 cut": (lambda d: d["dual"]["q"].update(data=d["dual"]["q"]["data"][:-3]), "base64"),
    "base64 short": (lambda d: d["dual"]["q"].update(data=d["dual"]["q"]["data"][:-24]), "needs 128"),
    "base64 with blanks": (lambda d: d["dual"]["q"].update(data=" " + d["dual"]["q"]["data"]), "base64"),
    "not ASCII": (lambda d: d["dual"]["q"].update(data="é" * 4), "base64"),
    "data a list": (lambda d: d["dual"]["q"].update(data=[0.5] * 16), "expected base64"),
    "W NaN": (lambda d: d["point"].update(W=block_of([np.nan] * 8, [4, 2])), "not finite"),
    "q infinite": (lambda d: d["dual"].update(q=block_of([np.inf] * 16, [4, 4])), "not finite"),
}  # fmt: skip


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_data_are_refused_with_a_message(case):
    change, message = MALFORMED[case]
    data = original("no bias")
    change(data)
    for forged in (
        (data, restated(data)) if "problem" in data and case not in ("identity", "identity null") else (data,)
    ):
        verdict = check.check_certificate(forged)
        assert verdict.status == "malformed"
    assert message in verdict.reason


@pytest.mark.parametrize("data", [None, 1, "x", [], {}, [[]], True])
def test_any_json_at_all(data):
    assert check.check_certificate(data).status == "malformed"


def test_a_class_without_samples_has_no_minimum_under_a_free_bias():
    data = original("free bias")
    problem = {**data["problem"], "labels": [[0, 0, 0], [1, 0, 1]]}
    verdict = check.check_certificate(restated({**data, "problem": problem}))
    assert "no minimum" in verdict.reason


TEXTS = {
    "empty": ("", "not JSON"),
    "not JSON": ("certified", "not JSON"),
    "NaN": ('{"a": NaN}', "NaN is no number"),
    "Infinity": ('{"a": -Infinity}', "Infinity is no number"),
    "repeated key": ('{"format": 1, "format": 2}', "'format' occurs twice"),
    "repeated key inside": ('{"a": {"b": 1, "b": 1}}', "occurs twice"),
    "deep lists": ("[" * 200_000, "nested too deep"),
    "deep objects": ('{"a":' * 200_000, "nested too deep"),
    "digits": ("1" * 100_000, "not JSON"),
    "two values": ("{} {}", "not JSON"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_texts_that_are_no_certificate(case, tmp_path, capsys):
    text, message = TEXTS[case]
    path = tmp_path / "file.json"
    path.write_text(text)
    assert check.main([str(path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("malformed: ")
    assert message in printed.err
    assert check.main([str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["status"] == "malformed"


def test_files_that_are_none(tmp_path, capsys):
    text = certificate_text("no bias")
    for name, raw in (
        ("truncated", text[: len(text) // 2].encode()),
        ("binary", bytes(range(256))),
        ("utf-16", text.encode("utf-16")),
        ("pickle", b"\x80\x04\x95"),
    ):
        (tmp_path / name).write_bytes(raw)
        assert check.main([str(tmp_path / name)]) == 1
        assert capsys.readouterr().err.startswith("malformed: not ")
    for path in (tmp_path, tmp_path / "absent", "a\0b"):
        assert check.main([str(path)]) == 1
        assert "cannot be read" in capsys.readouterr().err


def test_a_file_beyond_the_limit_is_not_even_parsed(tmp_path, monkeypatch):
    path = tmp_path / "large.json"
    path.write_text(certificate_text("no bias"))
    monkeypatch.setattr(check.judge, "BALLS", replace(check.BALLS, limits=check.Limits(file=1000)))
    assert "larger than 1000 bytes" in check.check_file(str(path)).reason


def test_work_beyond_the_limit_is_refused_before_it_is_done(monkeypatch):
    monkeypatch.setattr(check.judge, "BALLS", replace(check.BALLS, limits=check.Limits(work=100)))
    assert "practical" in check.check_certificate(original("no bias")).reason
