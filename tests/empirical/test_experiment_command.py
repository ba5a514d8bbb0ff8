"""``--experiment`` at a tiny size: files, what is skipped, what is trained again, exit codes."""

import json

import pytest
import torch
from typer.testing import CliRunner

from empirical.experiments import catalogue
from empirical.experiments.plan import Plan, Row, final, vanishes
from empirical.experiments.runner import KIND
from empirical.experiments.shapes import free
from empirical.train import KIND as RUN
from empirical.train import app
from empirical.training import Trainer
from relaxations.records import read_record


@pytest.fixture(autouse=True)
def restored():
    before = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(before)


def rows(results):
    out = [vanishes(name, "gap", final(runs, "relative_gap"), 1e-6, "lower_bound") for name, runs in results.items()]
    seeds = tuple(float(result["probe"]["seed"]) for result in results["one"])
    return [*out, Row("one", "seed", "varies", None, 1.0, seeds, "probe")]


TINY = Plan(
    name="tiny",
    question="Does it work?",
    theory="it does",
    variants=(
        free("one", "independent", {"factorial": [4, 5]}, dimension=8),
        free("two", "alone", {"multi_source": [2, 2]}, dimension=4),
    ),
    rows=rows,
    probe=lambda run: {"seed": run.preset.seed},
)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(catalogue, "PLANS", {"tiny": TINY})


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def plain(output):
    return " ".join(output.replace("│", " ").split())


def test_an_experiment_leaves_runs_and_a_summary_and_goes_on(tmp_path, monkeypatch):
    arguments = ("--experiment", "tiny", "--seeds", 2, "--device", "cpu", "--out", tmp_path)
    real, trained = Trainer.run_epoch, []

    def interrupted(self):
        trained.append(self)
        if len({id(t) for t in trained}) == 3:
            raise KeyboardInterrupt
        real(self)

    monkeypatch.setattr(Trainer, "run_epoch", interrupted)
    assert run(*arguments).exit_code == 130
    assert not (tmp_path / "experiment.json").exists()
    assert sorted(str(p.parent.relative_to(tmp_path)) for p in tmp_path.glob("*/*/record.json")) == [
        "one/seed-0",
        "two/seed-0",
    ]
    trained.clear()
    monkeypatch.setattr(Trainer, "run_epoch", lambda self: (trained.append(id(self)), real(self))[1])
    answer = run(*arguments)
    assert answer.exit_code == 0, answer.output
    assert "All of 3 predictions over 2 seeds hold" in answer.output
    assert len(set(trained)) == 2  # the two that were missing
    found = read_record(tmp_path / "experiment.json", KIND)
    result = found["result"]
    assert (result["name"], result["seeds"], result["passed"], result["failed"]) == ("tiny", [0, 1], True, 0)
    assert [v["name"] for v in result["variants"]] == ["one", "two"]
    assert [len(row["values"]) for row in result["table"]] == [2, 2, 2]
    for variant in result["variants"]:
        assert "seed" not in variant["config"]
        for seed, gap in enumerate(variant["relative_gap"]):
            single = read_record(tmp_path / variant["name"] / f"seed-{seed}" / "record.json", RUN)["result"]
            assert single["final"]["relative_gap"] == gap
            assert single["config"]["seed"] == seed
        curve = variant["curves"]["relative_gap"]
        assert len(curve["mean"]) == len(variant["curves"]["epoch"])
        triples = zip(curve["least"], curve["mean"], curve["largest"], strict=True)
        assert all(low <= mean <= high for low, mean, high in triples)
    assert result["table"][2]["values"] == [0.0, 1.0]
    assert found["provenance"]["seconds"]["runs"] > 0

    # a second call trains nothing and says the same; another configuration is trained again
    trained.clear()
    assert run(*arguments).exit_code == 0
    assert trained == []
    assert json.dumps(read_record(tmp_path / "experiment.json", KIND)["result"]) == json.dumps(result)
    answer = run(*arguments, "--epochs", 1)
    assert len(set(trained)) == 4
    assert answer.exit_code == 1  # one epoch does not reach the gap, and the verdict says it
    failed = read_record(tmp_path / "experiment.json", KIND)["result"]
    assert not failed["passed"]
    assert failed["failed"] >= 1
    assert "FAILED" in answer.output
    assert "fail, the first for" in failed["verdict"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--experiment", "huge"], "tiny"),
        (["--experiment", "tiny", "--preset", "small"], "--preset"),
        (["--experiment", "tiny", "--seed", "1"], "--seeds"),
        (["--experiment", "tiny", "--resume"], "--resume"),
        (["--experiment", "tiny", "--seeds", "0"], "seeds"),
        (["--seeds", "2"], "--experiment"),
    ],
)
def test_bad_usage(arguments, message, tmp_path):
    answer = run(*arguments, "--out", tmp_path)
    assert answer.exit_code == 2
    assert message in plain(answer.output)
    assert "Traceback" not in answer.output
    assert list(tmp_path.iterdir()) == []


def test_experiments_are_listed():
    output = run("--list").output
    assert "single-source" in output or "tiny" in output
