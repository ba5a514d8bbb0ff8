"""What the benchmark measures is what it says: the cases, the measurements, the values that they agree on."""

import json
import signal

import pytest

from benchmarks import __main__ as bench
from benchmarks.cases import case, confidence
from benchmarks.measure import ours, peer, rigorous, train
from theory.closed_forms import threshold


def test_cases_are_the_problems_they_name():
    assert case("factorial:3x4").design.counts.tolist() == [1] * 12
    table = case("random:3x4:5")
    assert table.identity == case("random:3x4:5").identity != case("random:3x4:6").identity
    limit = min(threshold(1, n, k) for n, k in zip(table.design.task_masses, table.design.classes, strict=True))
    assert float(table.lambda_w[0] * table.lambda_h) == pytest.approx(0.03 * float(limit), rel=1e-12)
    levels = confidence(2, 3, 4, cells=50, seed=0)
    assert (levels.classes, levels.cells) == ((3, 3), 50)
    assert len({tuple(column) for column in levels.labels.T}) == 50
    assert {len(t) for t in levels.targets} == {12}


@pytest.mark.parametrize("name", ["", "random:3x3", "factorial:a", "factorial:3x3:1", "confidence:3x10:5:1", "cubic:3"])
def test_unknown_cases_are_refused(name):
    with pytest.raises(ValueError, match=r"case|invalid literal"):
        case(name)
    with pytest.raises(ValueError, match="cells: 5; expected 1 to 4"):
        confidence(1, 2, 2, cells=5, seed=0)


def test_measurements_agree_on_the_value():
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
    trained = train(problem, "lbfgs", str(mine["value"]), limit="2")
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
        monkeypatch.setattr(bench.subprocess, "run", lambda *a, done=done, **k: done)
        assert bench.measure("ours", "random:3x3:0") == {"failure": failure}
    monkeypatch.setattr(bench.subprocess, "run", lambda *a, **k: Done(0))
    assert bench.measure("ours", "random:3x3:0") == {"seconds": 1.0}
