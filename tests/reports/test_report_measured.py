"""Records kept beside the report: read where they are, judged again, refused where they contradict themselves."""

import dataclasses
import json

import pytest

from empirical.experiments.correlation import cosines, law_of, table
from empirical.experiments.plan import equals, vanishes
from relaxations.records import record, write_json
from relaxations.solve import solve
from reports.checked import InputError
from reports.collect import kind_of, read_kept
from reports.figures import correlation
from reports.figures.style import saved
from reports.measured import correlated, held
from theory import UFM, LabelDesign


def experiment(folder, name="correlation", change=lambda result: None):
    """A record as the runner writes it, whose training is the certified optimum itself."""
    joint = table(2, 30, 20)
    problem = UFM(LabelDesign.from_joint(joint), "0.02", "0.02")
    solution = solve(problem, "proximal")
    cosine = cosines(solution.W @ solution.W.T, 2)
    rows = [
        vanishes("free-a", "relative gap", (0.0, 1e-9), 1e-6, "lower_bound"),
        equals("free-a", "cosine of the heads (alive)", law_of(problem).cosine, (cosine, cosine), 1e-6, "correlation"),
        equals("free-a", "cosine of the heads", cosine, (cosine, cosine + 1), 1e-6, "certified optimum"),
    ]
    variant = {
        "name": "free-a",
        "config": {"backbone": "free", "source_options": {"design": {"joint": joint}}},
        "problem": {"samples": 80, "lambda_w": [0.02, 0.02], "lambda_h": 0.02, "task_weights": ["1", "1"]},
    }
    result = {
        "name": name,
        "question": "Does it?",
        "theory": "it does",
        "seeds": [0, 1],
        "variants": [variant],
        "table": [row.to_dict() for row in rows],
    }
    change(result)
    write_json(folder / f"{name}.json", record("experiment", result, {}))
    return law_of(problem).cosine


def test_no_record_no_section(tmp_path):
    nothing = {"experiment": (), "bench": (), "sweep": (), "mutation": ()}
    assert read_kept(tmp_path) == nothing
    assert read_kept(tmp_path / "nowhere") == nothing


def test_an_experiment_is_judged_from_its_values(tmp_path):
    cosine = experiment(tmp_path)
    (one,) = read_kept(tmp_path)["experiment"]
    assert [row.holds for row in one.table] == [True, True, False]
    assert held([one]) == (2, 3)
    assert [row.source for row in one.failed] == ["certified optimum"]
    (point,) = correlated(one)
    assert (point.free, point.classes) == (True, 2)
    assert point.rho == pytest.approx(0.3)
    assert point.certified == pytest.approx(cosine, abs=1e-6)
    assert saved(correlation.cosines([point])).startswith(b"%PDF")
    summed = {(s.quantity, s.source): (s.number, s.held) for s in one.summed()}
    assert summed["cosine of the heads", "certified optimum"] == (1, 0)


@pytest.mark.parametrize("kind", ["equals", "at_most", "at_least", "varies"])
def test_the_kinds_are_judged_as_the_plan_does(tmp_path, kind):
    experiment(tmp_path)
    (one,) = read_kept(tmp_path)["experiment"]
    row = dataclasses.replace(one.table[0], kind=kind, predicted=0.0, tolerance=1.0, values=(0.5, 2.0))
    assert row.holds is {"equals": False, "at_most": False, "at_least": False, "varies": True}[kind]
    assert not dataclasses.replace(row, values=(0.5, None)).holds


def test_a_verdict_that_contradicts_its_values_is_refused(tmp_path):
    experiment(tmp_path, change=lambda result: result["table"][2].update(passed=True))
    with pytest.raises(InputError, match="contradicts"):
        read_kept(tmp_path)


def test_the_ratio_of_a_benchmark_is_computed_from_its_seconds(tmp_path):
    rows = [
        {
            "case": "random:3x3:0",
            "ours": {"seconds": 0.5, "gap": 1e-12},
            "peers": {"sdp:scs": {"seconds": 2.0, "gap": 1e-6}, "sdp:clarabel": {"failure": "> 60 s"}},
            "ratio": 1e9,
        }
    ]
    write_json(tmp_path / "bench.json", record("bench", {"peers": rows}, {}))
    write_json(tmp_path / "other.json", record("audit", {}, {}))
    (benchmark,) = read_kept(tmp_path)["bench"]
    assert benchmark.rows[0]["ratio"] == 4
    assert benchmark.peers == ("sdp:clarabel", "sdp:scs") or benchmark.peers == ("sdp:scs", "sdp:clarabel")
    assert kind_of(tmp_path / "other.json") == "audit"
    (tmp_path / "broken.json").write_text(json.dumps({"kind": "bench", "version": 1}))
    with pytest.raises(InputError, match="missing"):
        read_kept(tmp_path)
