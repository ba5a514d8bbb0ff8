"""The command line: files, exit codes, interruption."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from empirical.train import KIND, app
from empirical.training import Trainer
from relaxations.check import check_file
from relaxations.records import read_record

SHORT = ["--preset", "small", "--device", "cpu", "--epochs", "2"]


@pytest.fixture(autouse=True)
def restored():
    before = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(before)


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def plain(output):
    """The text without the frame and the line breaks that a narrow terminal puts in."""
    return " ".join(output.replace("│", " ").split())


def test_a_run_leaves_a_record_a_checked_certificate_and_the_last_layer(tmp_path):
    answer = run(*SHORT, "--seed", 3, "--out", tmp_path / "a")
    # two epochs do not reach the gates: the record is written all the same, and the exit code says it
    assert answer.exit_code == 1, answer.output
    assert "FAILED" in answer.output
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["certificate.json", "last_layer.npz", "record.json"]
    record = read_record(tmp_path / "a/record.json", KIND)
    config = record["result"]["config"]
    assert (config["name"], config["seed"], config["threads"]) == ("small", 3, 1)
    assert config["optimisation"]["epochs"] == 2
    about = record["provenance"]
    assert about["device"] == "cpu"
    assert about["threads"] == 1
    assert about["deterministic"] is True
    assert set(about["seconds"]) == {"data", "certificate", "training", "measuring", "total"}
    verdict = check_file(str(tmp_path / "a/certificate.json"))
    assert verdict.certified
    assert verdict.lower == record["result"]["certificate"]["lower"]
    assert verdict.problem_id == record["result"]["problem"]["id"]
    with np.load(tmp_path / "a/last_layer.npz", allow_pickle=False) as arrays:
        assert arrays["features"].shape == (1000, 32)
        assert arrays["labels"].shape == (1000, 2)
    again = run(*SHORT, "--seed", 3, "--out", tmp_path / "b")
    assert again.exit_code == 1
    other = read_record(tmp_path / "b/record.json", KIND)
    assert json.dumps(other["result"]) == json.dumps(record["result"])
    # the untrained network fails every gate of its preset
    untrained = record["result"]["history"][0]
    assert untrained["epoch"] == 0
    assert untrained["relative_gap"] > 0.5
    assert min(untrained["etf"]) > 0.1
    assert untrained["cross_task"] > 0.1
    assert max(untrained["accuracy"]) < 0.3


def test_an_interrupted_run_leaves_no_record_and_goes_on(tmp_path, monkeypatch):
    arguments = ["--preset", "small", "--epochs", 3, "--checkpoint-every", 1, "--out", tmp_path / "out"]
    real = Trainer.run_epoch

    def interrupted(self):
        if self.epoch == 2:
            raise KeyboardInterrupt
        real(self)

    monkeypatch.setattr(Trainer, "run_epoch", interrupted)
    answer = run(*arguments)
    assert answer.exit_code == 130
    assert "interrupted after epoch 2" in answer.output
    assert "--resume" in answer.output
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["checkpoint.pt"]
    monkeypatch.undo()
    assert run(*arguments, "--seed", 1, "--resume").exit_code == 2  # another configuration
    assert "from epoch 2" in run(*arguments, "--resume").output
    assert "no checkpoint in" in run(*[*arguments[:-1], tmp_path / "whole"], "--resume").output
    resumed, whole = (read_record(tmp_path / name / "record.json", KIND) for name in ("out", "whole"))
    assert json.dumps(resumed["result"]) == json.dumps(whole["result"])
    assert resumed["provenance"]["resumed_from"] == 2
    assert whole["provenance"]["resumed_from"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "huge"], "small-msmtc"),
        (["--device", "tpu"], "auto, cpu, cuda"),
        (["--epochs", "0"], "epochs"),
        (["--epochs", "many"], "epochs"),
        (["--seed", "-1"], "seed"),
        (["--threads", "0"], "threads"),
        (["--checkpoint-every", "0"], "checkpoint-every"),
        (["--nonsense"], "nonsense"),
    ],
)
def test_bad_usage_exits_with_2_and_says_what(arguments, message, tmp_path):
    answer = run(*arguments, "--out", tmp_path)
    assert answer.exit_code == 2
    assert message in plain(answer.output)
    assert "Traceback" not in answer.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_an_absent_gpu_is_said(tmp_path):
    answer = run("--device", "cuda", "--out", tmp_path)
    assert answer.exit_code == 2
    assert "--device cpu" in plain(answer.output)


def test_a_file_in_the_way_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    answer = run("--out", tmp_path / "file")
    assert answer.exit_code == 2
    assert "expected a folder" in plain(answer.output)


def test_list():
    answer = run("--list")
    assert answer.exit_code == 0
    assert "small-msmtc" in answer.output
    assert "relative_gap <= 0.0002" in answer.output


@pytest.mark.slow
def test_ctrl_c_in_a_shell(tmp_path):
    command = [sys.executable, "-m", "empirical.train", "--device", "cpu", "--checkpoint-every", "1", "--out", tmp_path]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # a shell that starts the tests in the background lets its children ignore Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "checkpoint.pt").exists():
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_training_imports_no_solver_of_others():
    # CVXPY takes a second to import and is not installed on every machine that trains
    code = "import sys, empirical.train; from empirical.compare import certified_optimum; from theory import *\n"
    code += "certified_optimum(UFM(LabelDesign.factorial((2, 2)), '0.1', '0.1')); sys.exit('cvxpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_training_without_fabric_says_what_to_install(tmp_path, monkeypatch):
    for name in ("lightning_fabric", "lightning", "lightning.fabric"):
        monkeypatch.setitem(sys.modules, name, None)
    answer = run("--out", tmp_path)
    assert answer.exit_code == 2
    assert "multitask-collapse[train]" in answer.output
    assert list(tmp_path.iterdir()) == []
