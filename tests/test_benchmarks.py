"""What the benchmark measures is what it says: the cases, the measurements, the values that they agree on."""

import json
import signal

import pytest

from benchmarks import __main__ as bench
from benchmarks import measure, tables
from benchmarks.audit import TEAMS, compared, same_certificates
from benchmarks.cases import case, confidence
from benchmarks.goals import goals_reached, print_goals
from benchmarks.measure import ABLATION_GAP, ablation, ours, peer, rigorous, symmetric
from benchmarks.training import train
from relaxations.last_layer import read_last_layer
from relaxations.records import read_record
from theory.closed_forms import threshold


def test_cases_are_the_problems_they_name():
    assert case("factorial:3x4").design.counts.tolist() == [1] * 12
    table = case("random:3x4:5")
    assert table.identity == case("random:3x4:5").identity != case("random:3x4:6").identity
    limit = min(threshold(1, n, k) for n, k in zip(table.design.task_masses, table.design.classes, strict=True))
    assert float(table.lambda_w[0] * table.lambda_h) == pytest.approx(0.03 * float(limit), rel=1e-12)
    scaled = case("random:3x4:5@1e-4")
    assert scaled.design.counts.tolist() == table.design.counts.tolist()
    assert float(scaled.lambda_w[0] * scaled.lambda_h) == pytest.approx(1e-4 * float(limit), rel=1e-12)
    levels = confidence(2, 3, 4, cells=50, seed=0)
    assert (levels.classes, levels.cells) == ((3, 3), 50)
    assert len({tuple(column) for column in levels.labels.T}) == 50
    assert {len(t) for t in levels.targets} == {12}


@pytest.mark.parametrize(
    "name", ["", "random:3x3", "random:3x3:0@a", "factorial:a", "factorial:3x3:1", "confidence:3x10:5:1", "cubic:3"]
)
def test_unknown_cases_are_refused(name):
    with pytest.raises(ValueError, match=r"case|invalid literal|could not convert"):
        case(name)
    with pytest.raises(ValueError, match="cells: 5; expected 1 to 4"):
        confidence(1, 2, 2, cells=5, seed=0)


@pytest.fixture
def short(monkeypatch):
    """Measurements that are not repeated."""
    monkeypatch.setattr(measure, "ENOUGH", 0.0)


def test_measurements_agree_on_the_value(short):
    pytest.importorskip("torch")
    problem = case("random:3x3:0")
    mine = ours(problem)
    assert mine["gap"] <= 1e-12
    assert mine["gradients"] > 1
    other = peer(problem, "entropy-dual", "clarabel")
    assert other["value"] == pytest.approx(mine["value"], rel=1e-7)
    assert other["gap"] <= 1e-6
    for checker in ("balls", "float"):
        assert rigorous(problem, checker)["status"] == "certified"
    for variant in ("whole", "no Newton", "first-order bound", "warm"):
        assert ablation(problem, variant)["gap"] <= ABLATION_GAP
    assert ours(problem, "1e-3")["steps"] < mine["steps"]
    trained = train(problem, "lbfgs", str(mine["value"]), limit="1")
    assert -1e-10 < trained["distance"] < 1e-6
    assert "1e-06" in trained["reached"]


def test_a_process_that_is_ended_or_fails_is_reported(monkeypatch):
    class Done:
        stdout, stderr = json.dumps({"seconds": 1.0}), ""

        def __init__(self, code, stderr=""):
            self.returncode, self.stderr = code, stderr

    for code, stderr, failure in (
        (-signal.SIGXCPU, "", "> 60 s"),
        (-signal.SIGKILL, "", "> 60 s"),
        (1, "Traceback\nMemoryError", "> 4 GiB"),
        (1, "Traceback\nValueError: no", "ValueError: no"),
    ):
        done = Done(code, stderr)
        monkeypatch.setattr(tables.subprocess, "run", lambda *a, done=done, **k: done)
        assert tables.measure("ours", "random:3x3:0") == {"failure": failure}
    monkeypatch.setattr(tables.subprocess, "run", lambda *a, **k: Done(0))
    assert tables.measure("ours", "random:3x3:0") == {"seconds": 1.0}


def test_symmetries_change_the_time_and_not_the_value(short):
    problem = case("factorial:6x6x6")
    mine, plain = symmetric(problem), ours(problem)
    assert (mine["cells"], mine["orbits"]) == (216, 1)
    assert mine["value"] == pytest.approx(plain["value"], rel=1e-11)
    assert 0 < mine["detection_seconds"] < 1


def test_an_audit_is_compared_with_a_product_and_is_the_same_from_all_workers(tmp_path):
    data = compared(2000, 16, 5, repeats=1, folder=tmp_path)
    assert [row["name"] for row in data["rows"]] == ["plain product", "bound and anatomy", "all measures"]
    assert [row["goal"] for row in data["rows"]] == [None, 4, 7]
    assert data["rows"][0]["ratio"] == 1
    assert data["identity_error"] < 1e-6
    assert same_certificates(read_last_layer(tmp_path / "layer.npz"), TEAMS[:2])["same"]


def a_result() -> dict:
    """What a run that meets every goal leaves, by hand."""
    proved = {"status": "certified", "gap": 1e-9, "seconds": 0.5, "peak_mb": 100.0}
    return {
        "peers": [
            {"case": name, "ratio": 60.0, "fastest": "entropy-dual:scs", "equal_gap": 1e-12}
            for name in ("random:4x4x4:0", "random:10x10:0", "random:5x5x5:0")
        ],
        "rigorous": [{"case": c, "level": level, **proved} for c, level, *_ in tables.RIGOROUS_CASES],
        "scaling": {"exponent": 1.0},
        "gradients": [{"case": "factorial:3x3", "gradients": 30.0}, {"case": "random:3x3:0", "gradients": 100.0}],
        "audit": {"rows": [{"name": "bound and anatomy", "ratio": 3.0}, {"name": "all measures", "ratio": 6.0}]},
    }


def test_goals_are_met_missed_and_not_run(capsys):
    goals = goals_reached(a_result())
    assert len(goals) == 14
    assert all(g["met"] is True for g in goals), goals
    # every goal can be missed: by a figure on the wrong side, by a failure, by a width that is not proved
    worse = a_result()
    for row in worse["peers"]:
        row["ratio"] = 19.0
    for row in worse["rigorous"]:
        row["seconds"], row["peak_mb"] = 61.0, 5000.0
    worse["scaling"]["exponent"] = 1.2
    for row in worse["gradients"]:
        row["gradients"] = 401.0
    for row in worse["audit"]["rows"]:
        row["ratio"] = 7.5
    assert all(g["met"] is False for g in goals_reached(worse))
    wide = a_result()
    for row in wide["rigorous"]:
        row["gap"] = 1e-7
    assert [g["met"] for g in goals_reached(wide)].count(False) == 6
    failed = a_result()
    failed["rigorous"] = [{"case": c, "level": level, "failure": "> 60 s"} for c, level, *_ in tables.RIGOROUS_CASES]
    failed["audit"] = {"failure": "no 3 GB of free disk"}
    failed["gradients"].append({"case": "random:4x4:0", "failure": "> 60 s"})
    missed = [g for g in goals_reached(failed) if not g["met"]]
    assert len(missed) == 6 + 2 + 1
    assert {g["note"] for g in missed} >= {"> 60 s", "no 3 GB of free disk"}
    print_goals(goals_reached({}))
    assert "0 met, 0 missed, 14 not run" in capsys.readouterr().out


def test_a_part_of_the_run_leaves_a_record(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tables, "ABLATION_CASES", ("random:3x3:0",))
    monkeypatch.setattr(tables, "ABLATION_VARIANTS", ("whole",))
    monkeypatch.setattr("sys.argv", ["benchmarks", "--only", "ablation", "--out", str(tmp_path)])
    bench.main()
    (row,) = read_record(tmp_path / "bench.json", "bench")["result"]["ablation"]
    assert row["variant"] == "whole"
    assert row["gap"] <= ABLATION_GAP
    assert "not run" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["benchmarks", "--only", "peers,nonsense"])
    with pytest.raises(SystemExit, match="2"):
        bench.main()
