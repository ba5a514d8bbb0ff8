"""Experiments side by side on Dask: the records of one after another, kept and continued."""

import dataclasses
import json

import pytest
import torch
from typer.testing import CliRunner

from empirical import sweep, tasks
from empirical.experiments import catalogue
from empirical.experiments.plan import Plan, final, vanishes
from empirical.experiments.runner import KIND
from empirical.experiments.shapes import free
from empirical.run import KIND as RUN
from empirical.train import app as train
from empirical.training import Trainer
from relaxations.records import read_record
from relaxations.workers import dask_client

TINY = Plan(
    name="tiny",
    question="?",
    theory=".",
    variants=tuple(
        dataclasses.replace(free(name, name, {"factorial": [2, k], "repetitions": 2}), dimension=4)
        for name, k in (("one", 2), ("two", 3))
    ),
    rows=lambda results: [
        vanishes(name, "gap", final(runs, "relative_gap"), 1e-6, "") for name, runs in results.items()
    ],
    probe=lambda run: {"seed": run.preset.seed},
    seeds=2,
)


@pytest.fixture(autouse=True)
def workers_here(monkeypatch):
    """Dask's workers as threads of this process, so that they know the tiny experiment; and torch as it was."""
    monkeypatch.setattr(catalogue, "PLANS", {"tiny": TINY, "other": dataclasses.replace(TINY, name="other")})
    monkeypatch.setattr(sweep, "dask_client", lambda scheduler, workers: dask_client("threads", workers))
    before = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(before)


def run(*arguments, app=sweep.app):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_a_sweep_leaves_what_the_experiments_leave_one_after_another(tmp_path, monkeypatch):
    answer = run("--experiments", "tiny,other", "--workers", 2, "--out", tmp_path / "sweep")
    assert answer.exit_code == 0, answer.output
    assert "8 runs, 8 to train" in answer.output
    assert "8/8" in answer.output
    assert answer.output.count("All of 2 predictions over 2 seeds hold") == 2
    alone = run("--experiment", "tiny", "--device", "cpu", "--out", tmp_path / "alone", app=train)
    assert alone.exit_code == 0, alone.output
    for folder, kind in (("", KIND), ("one/seed-0", RUN), ("two/seed-1", RUN)):
        name = "experiment.json" if kind == KIND else "record.json"
        # each process trains one network at a time, whoever else asks for one
        a, b = (read_record(tmp_path / where / folder / name, kind) for where in ("sweep/tiny", "alone"))
        assert json.dumps(a["result"]) == json.dumps(b["result"])
    # nothing is trained twice, by either command
    trained = []
    monkeypatch.setattr(Trainer, "run_epoch", lambda self: trained.append(self))
    again = run("--experiments", "tiny", "--out", tmp_path / "sweep")
    assert again.exit_code == 0
    assert "4 runs, 0 to train" in again.output
    assert run("--experiment", "tiny", "--out", tmp_path / "sweep/tiny", app=train).exit_code == 0
    assert trained == []


def test_a_sweep_goes_on_from_records_and_checkpoints(tmp_path, monkeypatch):
    whole = run("--experiments", "tiny", "--workers", 1, "--seeds", 1, "--out", tmp_path / "whole")
    assert whole.exit_code == 0, whole.output
    real, epochs = Trainer.run_epoch, []

    def dies(self):
        epochs.append(self.epoch)
        if len(epochs) == 20:
            raise OSError("the disk is full")
        real(self)

    monkeypatch.setattr(Trainer, "run_epoch", dies)
    arguments = (
        "--experiments",
        "tiny",
        "--workers",
        1,
        "--seeds",
        1,
        "--checkpoint-every",
        2,
        "--out",
        tmp_path / "out",
    )
    broken = run(*arguments)
    assert broken.exit_code == 1
    assert "failed: OSError: the disk is full" in broken.output
    assert "not summed up" in broken.output
    assert not (tmp_path / "out/tiny/experiment.json").exists()
    assert len(list((tmp_path / "out").rglob("record.json"))) == 1
    monkeypatch.setattr(Trainer, "run_epoch", lambda self: (epochs.append(self.epoch), real(self))[1])
    epochs.clear()
    assert run(*arguments).exit_code == 0
    assert epochs == list(range(4, 15))  # from the checkpoint; the other run is kept
    a, b = (read_record(tmp_path / name / "tiny/experiment.json", KIND)["result"] for name in ("whole", "out"))
    assert json.dumps(a) == json.dumps(b)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--experiments", "huge"], "tiny, other"),
        (["--experiments", "tiny", "--rehearse"], "has no rehearsal"),
        (["--experiments", "tiny", "--scheduler", "threads"], "expected processes"),
        (["--experiments", "tiny", "--device", "tpu"], "auto, cpu, cuda"),
        ([], "--experiments"),
    ],
)
def test_bad_usage_is_said(arguments, message, tmp_path):
    answer = run(*arguments, "--out", tmp_path)
    assert answer.exit_code == 2
    assert message in " ".join(answer.output.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_all_means_those_that_need_no_gpu(monkeypatch):
    monkeypatch.setattr(sweep, "PLANS", {"tiny": TINY, "large": dataclasses.replace(TINY, accelerator=True)})
    assert list(sweep._plans("all", rehearse=False)) == ["tiny"]


def test_what_a_run_cannot_have_is_its_last_word(tmp_path, monkeypatch):
    files = dataclasses.replace(TINY.variants[0], name="files", source="celeba", source_options={})
    monkeypatch.setattr(catalogue, "PLANS", {"tiny": dataclasses.replace(TINY, variants=(files,))})
    code, said = tasks.train_task(tasks.Task("tiny", "files", 0, str(tmp_path), "cpu"))
    assert code == 1
    assert "--data-dir" in said
