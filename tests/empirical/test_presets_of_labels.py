"""Presets whose tasks are made of one set's labels: embedded, CIFAR-100 from files, CIFAR-10 from image files."""

import io
import pickle
import tarfile

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from empirical.presets import FILE_SOURCES, PRESETS, SOURCES
from empirical.sources import relabelled
from empirical.sources.labelled import LabelledImages
from empirical.train import app

PIL = pytest.importorskip("PIL.Image", reason="Pillow is an optional extra")


@pytest.fixture(autouse=True)
def restored():
    before = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(before)


def numbered():
    """Twelve images of three classes and two; pixel i is the number of the image."""
    images = torch.arange(12.0).reshape(-1, 1, 1, 1) / 12
    labels = np.stack([np.arange(12) % 3, np.arange(12) // 6], axis=1)
    return LabelledImages(images, labels, (3, 2), "numbers")


def test_as_many_images_of_every_class():
    source = numbered()
    for task, classes in ((0, 3), (1, 2)):
        found = relabelled.balanced(source, 3, seed=0, task=task)
        assert found.classes == (classes,)
        assert found.labels[:, 0].tolist() == sorted([*range(classes)] * 3)
        numbers = (found.images.flatten() * 12).round().long()
        assert len(set(numbers.tolist())) == 3 * classes
        assert (source.labels[numbers, task] == found.labels[:, 0]).all()
    draws = {tuple(relabelled.balanced(source, 1, seed).images.flatten().tolist()) for seed in range(8)}
    assert len(draws) > 3
    with pytest.raises(ValueError, match="class 0 of numbers has 4 images"):
        relabelled.balanced(source, 5, seed=0)
    with pytest.raises(ValueError, match="tasks 0 to 1"):
        relabelled.balanced(source, 1, seed=0, task=2)


def test_digits_split_and_crossed():
    split, cross = PRESETS["split"].images(), PRESETS["cross"].images()
    assert split.classes == (2,) * 5
    assert split.design()[0].scenario == "msmtc"
    assert cross.classes == (2, 5)
    design, _ = cross.design()
    assert design.scenario == "ssmtc"
    assert design.counts.tolist() == [100] * 10
    # the same thousand digits: class c is task c//2, label c%2, or the digits of c in mixed radix
    assert torch.equal(split.images, cross.images)
    for row, (first, second) in zip(split.labels, cross.labels, strict=True):
        (task,) = np.flatnonzero(row >= 0)
        assert 2 * task + row[task] == 5 * first + second
    with pytest.raises(ValueError, match="split or cross"):
        SOURCES["mnist-relabelled"](way="mix", sizes=[5], per_class=1, seed=0)


def test_cifar100_split_and_crossed(tmp_path):
    fine = np.repeat(np.arange(100), 2)
    data = np.random.default_rng(0).integers(0, 256, (200, 3072), dtype=np.uint8)
    train = {"data": data, "coarse_labels": (fine % 20).tolist(), "fine_labels": fine.tolist()}
    (tmp_path / "train").write_bytes(pickle.dumps(train, protocol=2))
    options = {"per_class": 2, "seed": 0}
    crossed = FILE_SOURCES["cifar100-relabelled"](tmp_path, way="cross", sizes=[10, 10], **options)
    assert crossed.classes == (10, 10)
    np.testing.assert_array_equal(crossed.labels[:, 0] * 10 + crossed.labels[:, 1], fine)
    split = FILE_SOURCES["cifar100-relabelled"](tmp_path, way="split", sizes=[5], **options)
    assert split.classes == (20,) * 5
    with pytest.raises(ValueError, match="per_class: 20"):
        PRESETS["cifar100-cross"].images(tmp_path)


@pytest.fixture
def pictures(tmp_path):
    """Ten classes of three JPEG files in cifar10-train.tar.xz."""
    rng = np.random.default_rng(0)
    with tarfile.open(tmp_path / "cifar10-train.tar.xz", "w:xz") as archive:
        for k in range(10):
            for i in range(3):
                stream = io.BytesIO()
                PIL.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(stream, "JPEG")
                member = tarfile.TarInfo(f"class{k}/{i}.jpg")
                member.size = stream.tell()
                stream.seek(0)
                archive.addfile(member, stream)
    return tmp_path


def test_cifar10_from_image_files(pictures, tmp_path):
    out = tmp_path / "out"
    arguments = ["--preset", "cifar10", "--data-dir", pictures, "--epochs", 1, "--out", out]
    answer = CliRunner().invoke(app, [str(a) for a in arguments])
    assert answer.exit_code == 1, answer.output  # an epoch does not reach the gates
    assert "relative_gap" in answer.output
    data = PRESETS["cifar10"].images(pictures)
    assert data.images.shape == (1000, 3, 64, 64)
    assert "image files" in data.name
