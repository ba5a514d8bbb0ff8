"""Sweeps: the grid, the records, resuming, and the correlation law along ρ."""

import json
import os
import subprocess
import sys
from fractions import Fraction

import pytest
from typer.testing import CliRunner

from relaxations import sweep
from relaxations.records import read_record
from relaxations.sweep import KIND, Point, app, grid, run_sweep, values_of
from relaxations.sweep_record import GATHERED
from theory.correlation_law import correlated_optimum


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_an_axis_is_exact():
    assert values_of("0:0.9:4", "ρ") == ("0", "3/10", "3/5", "9/10")
    assert values_of("2 3;4,5 2", "classes") == ("2", "3", "4,5")
    assert values_of("1:1:1", "x") == ("1",)
    # shares of groups of tasks are values, not ranges
    assert values_of("1+2:1/4,1:3/8,2:3/8", "annotated") == ("1+2:1/4,1:3/8,2:3/8",)
    for wrong in ("", "0:1:0", "0:1:1", "0:1:2.5", "a:1:2"):
        with pytest.raises(ValueError, match="axis"):
            values_of(wrong, "axis")
    points = grid({"classes": ("2", "3"), "correlation": ("0", "1/2")})
    assert [(p.classes, p.correlation) for p in points] == [("2", "0"), ("2", "1/2"), ("3", "0"), ("3", "1/2")]
    assert len({p.key for p in points}) == 4
    with pytest.raises(ValueError, match="expected at most"):
        grid({"share": tuple(map(str, range(1, 1000))), "correlation": tuple(map(str, range(1000)))})


def test_the_curve_along_correlation_is_the_law(tmp_path):
    axes = {"correlation": values_of("0:1:6", "ρ"), "classes": ("2", "3"), "share": ("0.05", "0.4")}
    records = run_sweep(grid(axes), tmp_path, workers=1)
    phases = set()
    for data in records:
        result = data["result"]
        assert result["certified"]["status"] == "certified", result
        stated, k = result["certified"]["problem"], int(result["config"]["classes"])
        rho = float(Fraction(result["config"]["correlation"]))
        mu = (stated["samples"] * stated["weight_decay"][0] * stated["feature_decay"]) ** 0.5
        law = correlated_optimum(k, rho, mu)
        phases.add(law.phase)
        (pair,) = result["cosines"]
        assert pair["cosine"] == pytest.approx(law.cosine, abs=2e-5)
        # the law's value lies between the proven ends, to its own float64 rounding
        assert float(result["certified"]["lower"]) <= law.value * (1 + 1e-12)
        assert float(result["certified"]["upper"]) >= law.value * (1 - 1e-12)
    assert phases == {"alive", "merged"}


def test_a_sweep_goes_on_where_it_stopped(tmp_path, monkeypatch):
    arguments = ["--classes", "2", "--correlation", "0 1/2 1", "--out", tmp_path, "--workers", "1"]
    real, seen = sweep.certify_point, []

    def interrupted(point):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(point)
        return real(point)

    monkeypatch.setattr(sweep, "certify_point", interrupted)
    answer = run(*arguments)
    assert answer.exit_code == 130
    assert "goes on where it stopped" in answer.output
    assert len(list(tmp_path.iterdir())) == 2
    monkeypatch.setattr(sweep, "certify_point", real)
    answer = run(*arguments)
    assert answer.exit_code == 0, answer.output
    assert answer.output.count("(kept)") == 2
    assert "3 of 3 points certified" in answer.output
    # damaged or foreign records are made again, whole ones are not
    first, second, _ = sorted(tmp_path.iterdir())
    before = second.read_bytes()
    first.write_text("{")
    answer = run(*arguments)
    assert answer.output.count("(kept)") == 2
    assert read_record(first, KIND)["result"]["error"] is None
    assert second.read_bytes() == before
    other = json.loads(before)
    other["result"]["config"]["share"] = "1/2"
    second.write_text(json.dumps(other))
    assert run(*arguments).output.count("(kept)") == 2


def test_the_points_of_a_folder_are_gathered_into_one_record(tmp_path):
    out, kept = tmp_path / "points", tmp_path / "sweep.json"
    assert run("--classes", "2", "--correlation", "1/2 1/10", "--out", out, "--workers", 1).exit_code == 0
    (out / "other.json").write_text("{}")
    answer = run("--classes", "3", "--correlation", "0.5 2", "--out", out, "--workers", 1, "--record", kept)
    assert answer.exit_code == 1
    points = read_record(kept, GATHERED)["result"]["points"]
    assert [p["config"]["classes"] for p in points] == ["2", "2", "3", "3"]
    *right, wrong = points
    assert "correlation" in wrong["error"]
    assert "mu" not in wrong
    assert [p["rho"] for p in right] == [0.1, 0.5, 0.5]
    for point in right:
        k, n = point["classes"][0], point["samples"]
        assert point["mu"] == pytest.approx([(n * point["weight_decay"][0] * point["feature_decay"]) ** 0.5] * 2)
        assert 0.02 < point["mu"][0] ** 2 * k < 0.0301  # the share of the threshold α²/(NK), rounded down
        law = correlated_optimum(k, point["rho"], point["mu"][0])
        assert point["cosines"][0]["cosine"] == pytest.approx(law.cosine, abs=2e-5)
        assert float(point["lower"]) <= law.value * (1 + 1e-12)


def test_points_without_a_problem_are_recorded_and_the_others_certified(tmp_path):
    answer = run("--classes", "3", "--correlation", "-0.9 0.5", "--out", tmp_path, "--workers", "1")
    assert answer.exit_code == 1
    assert "1 of 2 points certified, 1 without a problem" in answer.output
    results = [read_record(p, KIND)["result"] for p in tmp_path.iterdir()]
    assert sorted(r["error"] is None for r in results) == [False, True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "tasks: how many?"),
        (["--tasks", "2", "--correlation", "2"], "correlation"),
        (["--tasks", "2", "--loss", "hinge"], "hinge"),
        (["--tasks", "2", "--weight-decay", "a"], "no number"),
        (["--tasks", "2", "--share", "-1"], "positive share"),
        (["--tasks", "2", "--share", "1", "--weight-decay", "1", "--feature-decay", "1"], "leave nothing to choose"),
        (["--tasks", "2:3:1"], "start:stop:count"),
        (["--tasks", "2", "--scheduler", "cluster"], "tcp://host:8786"),
        (["--tasks", "2", "--workers", "0"], "workers"),
        (["--tasks", "2", "--nonsense"], "nonsense"),
    ],
)
def test_bad_usage_exits_with_2(arguments, message, tmp_path):
    answer = run(*arguments, "--out", tmp_path)
    assert answer.exit_code == 2, answer.output
    assert message in " ".join(answer.output.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    answer = run("--tasks", "2", "--out", tmp_path / "file")
    assert answer.exit_code == 2
    assert "expected a folder" in answer.output


@pytest.mark.slow
def test_processes_and_dask_write_the_records_of_one_process(tmp_path):
    points = [Point(tasks="2", annotated=share) for share in ("0", "1/2", "1")]

    def results(**options):
        out = tmp_path / "-".join(map(str, options.values()))
        return json.dumps([data["result"] for data in run_sweep(points, out, **options)])

    want = results(workers=1)
    assert results(workers=1, scheduler="threads") == want
    # spawned processes need an importable main module: the command line
    command = [sys.executable, "-m", "relaxations.sweep", "--tasks", "2", "--annotated", "0 1/2 1", "--workers", "2"]
    done = subprocess.run(
        [*command, "--out", tmp_path / "p"], check=False, capture_output=True, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    kept = [read_record(tmp_path / "p" / f"{point.key}.json", KIND)["result"] for point in points]
    assert json.dumps(kept, sort_keys=True) == json.dumps(json.loads(want), sort_keys=True)
