"""Several processes, and processes that are killed: the result is that of one that goes through."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import two_processes
from torch import nn
from typer.testing import CliRunner

from empirical.experiments import catalogue
from empirical.networks import MultiTaskNetwork
from empirical.train import KIND, app
from empirical.training import NotSharedError, Optimisation, Trainer
from relaxations.records import read_record

HERE = Path(__file__).parents[1]  # where two_processes.py is
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}"}


@pytest.fixture(autouse=True)
def restored():
    before = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(before)


def under_torchrun(*arguments):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += [HERE / "two_processes.py", "--device", "cpu", *arguments]
    return subprocess.run(command, env=ONE_THREAD, capture_output=True, text=True, timeout=240, check=False)


def numbers(value):
    """All numbers in nested data, in order; NaN for a missing one."""
    if isinstance(value, dict):
        return [n for key in sorted(value) for n in numbers(value[key])]
    if isinstance(value, list):
        return [n for entry in value for n in numbers(entry)]
    return [np.nan if value is None else float(value)]


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(tmp_path, monkeypatch):
    answer = under_torchrun("--experiment", "tiny", "--out", tmp_path / "two")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.count("training on cpu, 2 processes") == 1  # one of them speaks
    monkeypatch.setattr(catalogue, "PLANS", two_processes.PLANS)
    alone = CliRunner().invoke(app, ["--experiment", "tiny", "--device", "cpu", "--out", str(tmp_path / "one")])
    assert alone.exit_code == 0, alone.output
    one, two = (read_record(tmp_path / name / "tiny/seed-0/record.json", KIND) for name in ("one", "two"))
    assert (one["provenance"]["processes"], two["provenance"]["processes"]) == (1, 2)
    one, two = one["result"], two["result"]
    assert one["config"] == two["config"]
    assert one["data"]["samples"] % two_processes.TINY.optimisation.batch == 1  # one process has no share of the last
    for a, b in zip(one["history"], two["history"], strict=True):
        # training goes on in float64: only the order of sums differs
        np.testing.assert_allclose(numbers(b), numbers(a), rtol=1e-8, atol=1e-9)
    assert one["history"][-1]["relative_gap"] < 0.9 * one["history"][0]["relative_gap"]
    measured, merged = one["probe"], two["probe"]
    assert (measured.pop("processes"), merged.pop("processes")) == (1, 2)
    np.testing.assert_allclose(numbers(merged), numbers(measured), rtol=1e-7, atol=1e-9)


def test_what_processes_cannot_share_is_refused():
    class First:
        global_rank, world_size = 0, 2

    class Changing:
        def after_step(self, network, images, index):
            raise AssertionError("no step is taken")

        after_epoch = parameters = progress = load_progress = after_step

        def __call__(self, network, features, index):
            return features.sum()

    step = Optimisation(epochs=1, batch=4, step=0.01, head_step=0.01)
    searched = dataclasses.replace(step, optimiser="lbfgs")
    images = torch.rand(4, 1, 4, 4)
    plain = MultiTaskNetwork(nn.Flatten(), 16, 3, (2,))
    normed = MultiTaskNetwork(nn.Sequential(nn.BatchNorm2d(1), nn.Flatten()), 16, 3, (2,))
    objective = lambda network, features, index: features.sum()  # noqa: E731
    cases = [
        (plain, searched, objective, "line search"),
        (normed, step, objective, "batch normalisation"),
        (plain, step, Changing(), "objective that changes"),
    ]
    for network, optimisation, minimised, why in cases:
        with pytest.raises(NotSharedError, match=f"{why}.*run it on one process"):
            Trainer(network, images, minimised, optimisation, 0, fabric=First())


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_it_had_not_been(tmp_path):
    arguments = ["--preset", "small", "--device", "cpu", "--epochs", "4", "--checkpoint-every", "1"]
    command = [sys.executable, "-m", "empirical.train", *arguments, "--out", tmp_path / "killed"]
    process = subprocess.Popen(command, env=ONE_THREAD, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoint = tmp_path / "killed" / "checkpoint.pt"
    deadline = time.monotonic() + 120
    while not checkpoint.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=60) == -signal.SIGKILL
    assert checkpoint.exists()
    assert not (tmp_path / "killed" / "record.json").exists()
    # another process goes on: this one
    answer = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "killed"), "--resume"])
    assert answer.exit_code == 1, answer.output  # four epochs do not reach the gates
    whole = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "whole")])
    assert whole.exit_code == 1, whole.output
    resumed, through = (read_record(tmp_path / name / "record.json", KIND) for name in ("killed", "whole"))
    assert 1 <= resumed["provenance"]["resumed_from"] < 4
    assert json.dumps(resumed["result"]) == json.dumps(through["result"])
    files = [(tmp_path / name / "last_layer.npz").read_bytes() for name in ("killed", "whole")]
    assert files[0] == files[1]


def test_a_run_stops_at_its_time_limit_and_goes_on(tmp_path):
    arguments = ["--preset", "small", "--device", "cpu", "--epochs", "3", "--out", str(tmp_path / "out")]
    stopped = CliRunner().invoke(app, [*arguments, "--minutes", "0"])
    assert stopped.exit_code == 3, stopped.output
    assert "stopped at the time limit after epoch 0 of 3" in stopped.output
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["checkpoint.pt"]
    again = CliRunner().invoke(app, [*arguments, "--resume", "--minutes", "5"])
    assert again.exit_code == 1, again.output
    whole = CliRunner().invoke(app, [*arguments[:-1], str(tmp_path / "whole")])
    assert whole.exit_code == 1
    resumed, through = (read_record(tmp_path / name / "record.json", KIND) for name in ("out", "whole"))
    assert json.dumps(resumed["result"]) == json.dumps(through["result"])
