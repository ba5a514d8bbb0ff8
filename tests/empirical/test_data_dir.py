"""Presets that read files: their folder is given, missing or wrong."""

import struct

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from empirical.presets import PRESETS
from empirical.train import KIND, app
from relaxations.records import read_record


@pytest.fixture(autouse=True)
def restored():
    before = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(before)


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def plain(output):
    return " ".join(output.replace("│", " ").split())


@pytest.fixture
def fashion(tmp_path):
    folder = tmp_path / "fashion"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
    labels = np.repeat(np.arange(10, dtype=np.uint8), 4)
    for name, array in (("images-idx3", pixels), ("labels-idx1", labels)):
        head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
        (folder / f"train-{name}-ubyte").write_bytes(head + array.tobytes())
    return folder


def test_a_preset_on_files(fashion, tmp_path):
    answer = run("--preset", "fashion", "--data-dir", fashion, "--epochs", 1, "--out", tmp_path / "out")
    assert answer.exit_code == 1, answer.output  # an epoch does not reach the gates
    result = read_record(tmp_path / "out/record.json", KIND)["result"]
    assert result["data"] == {
        "name": "idx-train, ssmtc of 10x10, 56x56",
        "samples": 1000,
        "shape": [1, 56, 56],
    }
    assert str(tmp_path) not in str(result)  # where the files were is no part of the result


@pytest.mark.parametrize(
    ("preset", "given", "message"),
    [
        ("fashion", False, "--data-dir"),
        ("fashion", True, "apt-get install dataset-fashion-mnist"),
        ("cifar10", True, "cifar-10-python.tar.gz"),
    ],
)
def test_missing_files_are_said_with_the_command_that_gets_them(preset, given, message, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    folder = ("--data-dir", empty) if given else ()
    answer = run("--preset", preset, *folder, "--out", tmp_path / "out")
    assert answer.exit_code == 2
    assert message in plain(answer.output)
    assert "Traceback" not in answer.output
    assert not (tmp_path / "out").exists()


def test_broken_files_are_bad_usage(fashion, tmp_path):
    (fashion / "train-labels-idx1-ubyte").write_bytes(b"")
    answer = run("--preset", "fashion", "--data-dir", fashion, "--out", tmp_path / "out")
    assert answer.exit_code == 2
    assert "expected an IDX file" in plain(answer.output)


def test_embedded_presets_need_no_files():
    assert len(PRESETS["small"].images()) == 1000
    with pytest.raises(ValueError, match="--data-dir"):
        PRESETS["fashion"].images()
