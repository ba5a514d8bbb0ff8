"""The experiment for a GPU, rehearsed from end to end: its files, its commands, what it imports."""

import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from empirical.experiments.catalogue import PLANS
from empirical.experiments.full_size import FULL_SIZE, rehearsed
from empirical.experiments.runner import KIND
from empirical.run import KIND as RUN
from empirical.sources import strips
from empirical.train import app
from relaxations.records import read_record

ROOT = Path(__file__).parents[2]
#: What a machine with a GPU need not have.
ABSENT = ("cvxpy", "clarabel", "scs", "dask", "distributed", "torchjd", "captum", "mlxtend", "sklearn", "jinja2")


@pytest.fixture(autouse=True)
def restored():
    before = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = False
    torch.set_num_threads(before)


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)
    fashion = tmp_path / "data" / "fashion-mnist"
    fashion.mkdir(parents=True)
    labels = np.repeat(np.arange(10, dtype=np.uint8), 4)
    for name, array in (
        ("images-idx3", rng.integers(0, 256, (40, 28, 28), dtype=np.uint8)),
        ("labels-idx1", labels),
    ):
        head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
        (fashion / f"train-{name}-ubyte").write_bytes(head + array.tobytes())
    cifar = tmp_path / "data" / "cifar-10-batches-py"
    cifar.mkdir()
    for i in range(1, 6):
        batch = {b"data": rng.integers(0, 256, (10, 3072), dtype=np.uint8), b"labels": list(range(10))}
        (cifar / f"data_batch_{i}").write_bytes(pickle.dumps(batch, protocol=2))
    return tmp_path / "data"


def run(*arguments):
    """The command in a process that has none of what a machine with a GPU need not have, and little patience."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys(sys.argv.pop(1).split(',')));"
        "from empirical import throughput; throughput.SECONDS = 0.01; throughput.WARM_UP = 1;"
        "from empirical.train import app; app(prog_name='train')"
    )
    command = [sys.executable, "-c", code, ",".join(ABSENT), "--experiment", "full-size", "--device", "cpu", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.slow
def test_the_whole_list_runs_in_pieces(data, tmp_path):
    out = tmp_path / "out"
    arguments = ("--rehearse", "--threads", "1", "--data-dir", data, "--out", out)
    stop = ["--experiment", "full-size", "--device", "cpu", "--minutes", "0", *map(str, arguments)]
    piece = CliRunner().invoke(app, stop)
    assert piece.exit_code == 3, piece.output
    assert "run again to go on" in piece.output
    assert not list(out.glob("*/*/record.json"))
    answer = run(*arguments, "--minutes", "5")
    # a few epochs reach nothing: the table says so, and everything is written
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "from epoch 0" in answer.stdout
    found = read_record(out / "experiment.json", KIND)
    result = found["result"]
    assert result["name"] == "full-size-rehearsal"
    assert [v["name"] for v in result["variants"]] == [p.name for p in FULL_SIZE.variants]
    assert found["provenance"]["device"] == "cpu"
    rates = [row for row in result["table"] if row["quantity"].startswith("samples a second")]
    assert len(rates) == len(FULL_SIZE.variants)
    assert all(row["values"][0] > 0 for row in rates)
    for variant in FULL_SIZE.variants:
        record = read_record(out / variant.name / "seed-0" / "record.json", RUN)
        throughput = record["provenance"]["throughput"]
        assert throughput["ratio"] == pytest.approx(throughput["loop"] / throughput["bare"])
        assert record["result"]["config"] == rehearsed(variant).to_dict() | {"threads": 1}
        assert record["result"]["certificate"]["status"] == "certified"
        history = record["result"]["history"]
        assert history[-1]["epoch"] == 4
        assert history[-1]["objective"] != history[0]["objective"]


def test_missing_sets_are_said_with_the_command_that_gets_them(tmp_path):
    for variant, message in (("resnet18-cifar10-2", "cifar-10-python.tar.gz"), ("resnet18-fashion-2", "apt-get")):
        with pytest.raises(FileNotFoundError, match=message):
            PLANS["full-size"].variants[[v.name for v in FULL_SIZE.variants].index(variant)].images(tmp_path)


def test_image_files_stand_in_for_the_batches(tmp_path):
    from PIL import Image

    for name in ("cat", "dog"):
        (tmp_path / "cifar10-train" / name).mkdir(parents=True)
        Image.fromarray(np.full((32, 32, 3), len(name) * 60, dtype=np.uint8)).save(
            tmp_path / "cifar10-train" / name / "0.png"
        )
    found = strips.cifar10(tmp_path)
    assert found.name == "cifar10-train (image files)"  # a record says that they are not the original
    assert found.images.shape == (2, 3, 32, 32)
    assert torch.equal((found.images[0] * 255).round(), torch.full((3, 32, 32), 180.0))


def test_the_list_is_what_was_promised():
    variants = {variant.name: variant for variant in FULL_SIZE.variants}
    assert {v.backbone_options["depth"] for v in variants.values()} == {13, 18, 34}
    for variant in variants.values():
        design = variant.source_options["design"]
        assert np.prod(design["factorial"]) * design["repetitions"] == 10_000
        assert variant.dimension >= sum(k - 1 for k in design["factorial"])
        assert variant.gates[0].at_most == 5e-4
    assert {len(v.source_options["design"]["factorial"]) for v in variants.values()} == {2, 3}
    assert {v.source_options["images"] for v in variants.values()} == {"cifar10", "fashion"}
