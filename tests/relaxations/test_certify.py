"""certify, from the command line and from Python: what it says, and that what it says is earned."""

import json
import resource
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from flint import arb
from reference import local_minimum
from typer.testing import CliRunner

from relaxations import certify, check
from relaxations.balls import BALLS, evaluate
from relaxations.certificate import Certificate
from relaxations.certify import app, certify_problem
from theory import UFM, LabelDesign, geometry
from theory.known_optimum import KnownOptimum, known_optimum

KEYS = {
    "status", "reason", "lower", "upper", "gap", "relative_gap", "rank", "dimension_needed", "level", "solver",
    "solver_status",
    "problem", "design", "tasks", "pairs", "deviations", "closed_form", "seconds",
}  # fmt: skip
PROBLEM_KEYS = {
    "id", "scenario", "loss", "convention", "classes", "counts", "samples", "task_weights", "weight_decay",
    "feature_decay", "bias", "dimension",
}  # fmt: skip


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def run_json(*arguments):
    result = run(*arguments, "--solver", "proximal", "--json", "-")
    return result.exit_code, json.loads(result.stdout)


def test_the_first_command_cold():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "relaxations.certify", "--tasks", "3", "--json", "-"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    data = json.loads(done.stdout)
    assert set(data) == KEYS
    assert set(data["problem"]) == PROBLEM_KEYS
    assert data["status"] == "certified"
    assert data["problem"]["counts"] == [1] * 27
    assert data["rank"] == data["dimension_needed"] == 6
    assert data["closed_form"]["inside"] is True
    assert Fraction(data["lower"]) < Fraction(data["upper"])
    assert data["relative_gap"] < 1e-10
    # T4 at μ = √27 · 0.0192, written out
    margin = np.log(np.sqrt(3) / (np.sqrt(27) * 0.0192) - 2)
    value = 3 * (np.log(1 + 2 * np.exp(-margin)) + np.sqrt(27) * 0.0192 * 2 * margin / np.sqrt(3))
    assert data["problem"]["weight_decay"] == [0.0192] * 3
    assert data["closed_form"]["value"] == pytest.approx(value, rel=1e-14)
    for task in data["tasks"]:
        assert task == {
            "classes": 3, "alive": True, "threshold": pytest.approx(1 / 81), "margin": pytest.approx(margin, rel=1e-13)
        }  # fmt: skip
    assert max(data["deviations"]["etf"]) < 1e-6
    assert data["deviations"]["orthogonality"] < 1e-6
    assert data["deviations"]["sum_rule"] < 1e-6
    for name in ("orthogonality", "cosine", "sum_rule"):
        assert data["deviations"][name] < data["deviations"][f"{name}_bound"] < 1e-4
    for measured, bound in zip(data["deviations"]["etf"], data["deviations"]["etf_bound"], strict=True):
        assert measured < bound < 1e-4
    assert max(data["deviations"]["prediction_bound"]) < max(data["deviations"]["margin_bound"]) < 1e-3
    # processor time, since the wall clock is shared
    assert after.ru_utime - before.ru_utime < 8


def test_light_imports():
    script = (
        "import sys, relaxations.certify\n"
        "from theory import UFM, LabelDesign\n"
        "problem = UFM(LabelDesign.factorial([2, 2]), '0.1', '0.1')\n"
        "assert relaxations.certify.certify_problem(problem, 'proximal').certified\n"
        "heavy = {'torch', 'matplotlib', 'cvxpy', 'sympy', 'dask'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--tasks", "2", "--loss", "mse"),
        ("--tasks", "2", "--loss", "mse", "--bias", "free"),
        ("--classes", "3,4", "--bias", "0.01"),
        ("--classes", "2,5", "--bias", "free", "--smoothing", "0.1"),
        ("--classes", "2,4", "--task-weights", "1,1/2", "--weight-decay", "0.01,0.02", "--feature-decay", "0.03"),
        ("--tasks", "2", "--scenario", "msmtc", "--samples-per-cell", "2,3"),
        ("--tasks", "1", "--classes", "6", "--dim", "5"),
        *(("--tasks", "2", "--task-weights", "1/2,1", "--convention", name) for name in check.CONVENTIONS),
    ],
)
def test_theorems_are_certified(arguments, tmp_path):
    code, data = run_json(*arguments)
    assert (code, data["status"], data["closed_form"]["inside"]) == (0, "certified", True), data["reason"]
    certificate, problem = tmp_path / "certificate.json", tmp_path / "problem.json"
    assert run(*arguments, "--solver", "proximal", "--save-certificate", str(certificate)).exit_code == 0
    problem.write_text(json.dumps(Certificate.load(certificate).problem.to_dict()))
    verdict = check.check_file(str(certificate), problem=str(problem))
    assert verdict.certified
    assert verdict.problem_id == data["problem"]["id"]
    assert (verdict.lower, verdict.upper) == (data["lower"], data["upper"])


def test_what_does_not_apply_is_null():
    _, data = run_json("--tasks", "2", "--loss", "mse")
    assert [task["margin"] for task in data["tasks"]] == [None, None]
    _, data = run_json("--tasks", "2", "--scenario", "msmtc")
    assert data["deviations"]["orthogonality"] is None
    _, data = run_json("--tasks", "2", "--loss", "mse", "--bias", "0.1")
    assert data["closed_form"] is None
    assert data["status"] == "certified"
    assert "no theorem applies" in data["reason"]
    assert [task["threshold"] for task in data["tasks"]] == [None, None]
    _, data = run_json("--tasks", "2", "--weight-decay", "1", "--feature-decay", "1")
    deviations = data["deviations"]
    # dead at every optimum: nothing to measure, nothing to bound
    assert {deviations[name] for name in deviations if not isinstance(deviations[name], list)} == {None}
    assert deviations["etf"] == deviations["etf_bound"] == [None, None]
    assert [task["alive"] for task in data["tasks"]] == [False, False]
    assert data["rank"] == 0
    _, data = run_json("--tasks", "2", "--bias", "none")
    assert data["problem"]["bias"] is None
    _, data = run_json("--tasks", "2", "--bias", "free")
    assert data["problem"]["bias"] == "free"
    _, data = run_json("--tasks", "2", "--bias", "0.5")
    assert data["problem"]["bias"] == [0.5, 0.5]


def test_sizes_and_names_are_printed_back(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("colour,shape,count\nred,0,3\nblue,,1\nblue,1,2\n")
    code, data = run_json("--design", str(path))
    assert code == 0
    assert data["design"] == {
        "cells": 3, "samples": 6, "labelled": [6, 5], "missing": [0, 1], "task_names": ["colour", "shape"],
        "class_names": [["blue", "red"], None],
    }  # fmt: skip
    text = run("--design", str(path), "--solver", "proximal").stdout
    for part in ("2 tasks, 3 cells, 6 samples", "task colour: 2 classes (blue, red), 0 missing", "1 missing"):
        assert part in text, part


def test_orthogonality_is_about_tasks_that_share_a_cell():
    # task 3 shares no sample with task 1: their angle is free, and the others are orthogonal (partial annotation)
    _, data = run_json("--classes", "2,2,2", "--annotated", "1+2:1/2,2+3:1/2")
    assert data["deviations"]["orthogonality"] < 1e-6


def test_below_the_rank_the_interval_stays_open_and_says_why():
    code, data = run_json("--tasks", "2", "--dim", "2")
    assert (code, data["status"]) == (1, "inconclusive")
    assert "rank 4" in data["reason"]
    assert "--dim 4" in data["reason"]
    assert data["closed_form"] is None
    assert data["dimension_needed"] == 4
    design = LabelDesign.factorial([3, 3])
    problem = UFM(design, "0.0333", "0.0333", dimension=2)
    assert data["problem"]["id"] == problem.identity
    best = min(local_minimum(problem, seed)[0] for seed in range(6))
    assert float(data["lower"]) < best
    assert float(data["upper"]) > float(data["lower"]) * 1.01


def false_theorem(factor):
    def known(problem):
        true = known_optimum(problem)
        wrong = Fraction(factor)
        return KnownOptimum(
            true.theorem, lambda on: true.value(on) * on.number(wrong), true.dimension_needed, true.tasks
        )

    return known


@pytest.mark.parametrize("factor", ["1.000001", "0.9999999999", "2"])
def test_a_false_theorem_is_refuted(monkeypatch, factor):
    monkeypatch.setattr(certify.problem, "known_optimum", false_theorem(factor))
    code, data = run_json("--tasks", "2")
    assert (code, data["status"]) == (1, "refuted")
    assert data["closed_form"]["inside"] is False
    assert "outside" in data["reason"]


def test_a_value_that_meets_an_end_is_not_refuted_and_said_so(monkeypatch):
    problem = UFM(LabelDesign.factorial([2, 2]), "0.1", "0.1")
    first = certify_problem(problem, "proximal")
    end = Fraction(first.verdict.upper)

    def known(problem):
        true = known_optimum(problem)
        blur = arb(0, 1e-30)
        return KnownOptimum(true.theorem, lambda on: on.number(end) + blur, true.dimension_needed, true.tasks)

    monkeypatch.setattr(certify.problem, "known_optimum", known)
    result = certify_problem(problem, "proximal")
    assert (result.status, result.inside) == ("certified", None)
    assert "not refuted" in result.reason


def test_a_wide_enclosure_is_inconclusive():
    result = certify_problem(UFM(LabelDesign.factorial([2, 2]), "0.1", "0.1"), "proximal", tolerance="1e-25")
    assert result.status == "inconclusive"
    assert result.inside
    assert "exceeds the tolerance" in result.reason


def test_deviations_are_those_of_the_numerical_optimum():
    problem = UFM(LabelDesign.factorial([2, 3]), "0.05", "0.05", loss="mse")
    result = certify_problem(problem, "proximal")
    W, H = result.solution.W, result.solution.H
    assert result.deviations.etf == tuple(geometry.etf_deviation(W[rows]) for _, rows in problem.design.blocks())
    assert result.deviations.orthogonality == geometry.largest_overlap(problem, W) > 0.1
    assert (result.lower, result.upper) == (result.verdict.lower, result.verdict.upper)
    assert result.deviations.sum_rule == geometry.sum_rule_deviation(problem, W, H)


@pytest.mark.parametrize("value", [0.01234567, 0.5, 0.99999, 1.2345e-7, 9.999e-3, 0.1])
def test_printed_bounds_are_rounded_up(value):
    printed = Fraction(certify.table.rounded_up(value))
    assert Fraction(value) <= printed <= Fraction(value) * Fraction(1011, 1000)


def test_closed_forms_in_balls():
    problem = UFM(LabelDesign.factorial([3, 3]), "0.0333", "0.0333")
    ball = evaluate(known_optimum(problem).value)
    assert float(ball.rad()) < 1e-70
    assert float(ball) == pytest.approx(local_minimum(problem, 3)[0], rel=1e-9)
    assert (BALLS.number(Fraction(1, 3)) * 3).contains(1)


def test_the_table_on_a_terminal(tmp_path):
    path = tmp_path / "deep" / "result.json"
    result = run("--tasks", "2", "--solver", "proximal", "--json", str(path))
    assert result.exit_code == 0
    data = json.loads(path.read_text())
    for text in (
        "certified",
        data["lower"],
        data["upper"],
        "proved inside",
        "alive",
        "orthogonality",
        "sum rule",
        "at every global optimum",
        "proved <=",
        "0.03 ×",
    ):
        assert text in result.stdout, text
    assert (
        "chosen"
        not in run("--tasks", "2", "--weight-decay", "0.1", "--feature-decay", "0.01", "--solver", "proximal").stdout
    )


BAD = [
    (),
    ("--tasks", "0"),
    ("--tasks", "-3"),
    ("--tasks", "three"),
    ("--tasks", "3.5"),
    ("--tasks", "999999999999"),
    ("--tasks", "100"),
    ("--classes", ""),
    ("--classes", "1"),
    ("--classes", "3,x"),
    ("--classes", "0"),
    ("--classes", "1e200,1e200"),
    ("--classes", "3,4", "--tasks", "3"),
    ("--tasks", "2", "--weight-decay", "-1"),
    ("--tasks", "2", "--weight-decay", "0"),
    ("--tasks", "2", "--weight-decay", "nan"),
    ("--tasks", "2", "--weight-decay", "inf"),
    ("--tasks", "2", "--weight-decay", ""),
    ("--tasks", "2", "--weight-decay", "1,2,3"),
    ("--tasks", "2", "--feature-decay", "0.1,0.2"),
    ("--tasks", "2", "--feature-decay", "1e-5000"),
    ("--tasks", "2", "--feature-decay", "-0.1"),
    ("--tasks", "2", "--task-weights", "0"),
    ("--tasks", "2", "--bias", "maybe"),
    ("--tasks", "2", "--bias", "-1"),
    ("--tasks", "2", "--bias", "0,1"),
    ("--tasks", "2", "--dim", "0"),
    ("--tasks", "2", "--dim", "100000000000"),
    ("--tasks", "2", "--smoothing", "1"),
    ("--tasks", "2", "--smoothing", "-0.5"),
    ("--tasks", "2", "--smoothing", "x"),
    ("--tasks", "2", "--samples-per-cell", "0"),
    ("--tasks", "2", "--samples-per-cell", "1e30"),
    ("--tasks", "2", "--loss", "hinge"),
    ("--tasks", "2", "--scenario", "none"),
    ("--tasks", "2", "--convention", "mine"),
    ("--correlation", "2"),
    ("--correlation", "0.1", "--frequencies", "1,1"),
    ("--design", "no-such-file.csv"),
    ("--joint", "[[1,2],[3]]"),
    ("--tasks", "2", "--annotated", "-1"),
    ("--tasks", "2", "--label-noise", "0.9"),
    ("--tasks", "2", "--memorised-noise"),
    ("--tasks", "2", "--solver", "guess"),
    ("--tasks", "2", "--tolerance", "0"),
    ("--tasks", "2", "--tolerance", "-1e-8"),
    ("--tasks", "2", "--tolerance", "small"),
    ("--tasks", "2", "--unknown"),
]


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_bad_usage(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr


def test_files_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    for option in ("--json", "--save-certificate"):
        result = run("--tasks", "1", "--solver", "proximal", option, str(tmp_path / "file" / "x.json"))
        assert result.exit_code == 2
        assert result.stderr.startswith("certify: ")


def test_a_solver_that_ends_without_a_point_is_inconclusive(monkeypatch):
    def failing(*_):
        raise RuntimeError("clarabel: NumericalError")

    monkeypatch.setattr(certify.problem, "solve", failing)
    result = run("--tasks", "1")
    assert result.exit_code == 1
    assert "inconclusive: clarabel: NumericalError" in result.stderr
