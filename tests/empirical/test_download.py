"""Downloads: what torchvision leaves is where it is said to be and is read; what goes wrong is said."""

import struct
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from empirical.sources import cifar, download, idx
from empirical.sources.files import MissingData


def write_idx(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(head + array.astype(np.uint8).tobytes())


class Datasets(types.ModuleType):
    """A stand-in with torchvision's call and its layout of files; the network is not asked."""

    def FashionMNIST(self, root, train, download):
        assert download
        stem = "train" if train else "t10k"
        raw = Path(root) / "FashionMNIST" / "raw"
        write_idx(raw / f"{stem}-images-idx3-ubyte", np.zeros((20, 28, 28)))
        write_idx(raw / f"{stem}-labels-idx1-ubyte", np.repeat(np.arange(10), 2))

    def CelebA(self, root, split, target_type, download):
        raise RuntimeError("the daily quota of the file is exceeded")

    def CIFAR10(self, root, train, download):
        raise OSError("no connection")


@pytest.fixture
def torchvision(monkeypatch):
    package, datasets = types.ModuleType("torchvision"), Datasets("torchvision.datasets")
    package.datasets = datasets
    monkeypatch.setitem(sys.modules, "torchvision", package)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", datasets)


def run(*arguments):
    return CliRunner().invoke(download.app, [str(a) for a in arguments])


def test_what_was_downloaded_is_read(torchvision, tmp_path):
    answer = run("fashion-mnist", tmp_path)
    assert answer.exit_code == 0
    folder = tmp_path / "FashionMNIST" / "raw"
    assert answer.output.split() == ["--data-dir", str(folder)]
    assert len(idx.load(folder, "train")) == len(idx.load(folder, "test")) == 20


@pytest.mark.parametrize(("name", "reason"), [("cifar10", "no connection"), ("celeba", "quota")])
def test_a_download_that_fails(torchvision, name, reason, tmp_path):
    answer = run(name, tmp_path)
    assert answer.exit_code == 1
    assert reason in answer.output
    assert "Traceback" not in answer.output


def test_names_that_are_unknown(torchvision, tmp_path):
    answer = run("imagenet", tmp_path)
    assert answer.exit_code == 2
    assert "fashion-mnist" in answer.output


def test_without_torchvision(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    answer = run("mnist", tmp_path)
    assert answer.exit_code == 2
    assert "multitask-collapse[download]" in " ".join(answer.output.replace("│", " ").split())


def test_readers_name_the_command(tmp_path):
    with pytest.raises(MissingData, match="download fashion-mnist"):
        idx.load(tmp_path)
    with pytest.raises(MissingData, match="download cifar100"):
        cifar.load(tmp_path, 100)
    assert set(download.SETS) == {"mnist", "fashion-mnist", "cifar10", "cifar100", "celeba"}
