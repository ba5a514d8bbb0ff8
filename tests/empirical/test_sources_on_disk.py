"""Readers of files, against files written here byte by byte; and what they must refuse."""

import gzip
import io
import os
import pickle
import struct
import tarfile

import numpy as np
import pytest

from empirical.sources import celeba, cifar, folders, idx, pickled_arrays
from empirical.sources.files import MissingData

PIL = pytest.importorskip("PIL.Image", reason="Pillow comes with the images extra")
RNG = np.random.default_rng(0)


# --------------------------------------------------------------------------- IDX


def idx_bytes(array, kind=8):
    return bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_idx(folder, pixels, labels, pack=False):
    for name, array in (("images-idx3", pixels), ("labels-idx1", labels)):
        data = idx_bytes(np.asarray(array, dtype=np.uint8))
        path = folder / f"t10k-{name}-ubyte{'.gz' if pack else ''}"
        path.write_bytes(gzip.compress(data) if pack else data)


@pytest.mark.parametrize("pack", [False, True])
def test_idx(tmp_path, pack):
    pixels = RNG.integers(0, 256, (6, 3, 4))
    write_idx(tmp_path, pixels, [0, 1, 2, 3, 9, 5], pack)
    found = idx.load(tmp_path, "test")
    assert found.images.numpy() == pytest.approx(pixels[:, None] / 255, abs=1e-7)
    assert found.labels[:, 0].tolist() == [0, 1, 2, 3, 9, 5]
    with pytest.raises(MissingData, match="apt-get install dataset-fashion-mnist"):
        idx.load(tmp_path, "train")


def test_idx_files_that_are_wrong(tmp_path):
    whole = idx_bytes(np.zeros((2, 3, 3), np.uint8))
    for data, message in (
        (b"\x89PNG", "expected an IDX"),
        (idx_bytes(np.zeros(2, np.float32), kind=13), "expected an IDX"),
        (whole[:-1], "its head says"),
        (whole + b"\0", "its head says"),
        (whole[:6], "within its head"),
        (b"", "expected an IDX"),
    ):
        (tmp_path / "x").write_bytes(data)
        with pytest.raises(ValueError, match=message):
            idx.read(tmp_path / "x")
    write_idx(tmp_path, np.zeros((3, 2, 2)), [0, 1])
    with pytest.raises(ValueError, match="do not fit"):
        idx.load(tmp_path, "test")
    with pytest.raises(ValueError, match="split"):
        idx.load(tmp_path, "valid")


# --------------------------------------------------------------------------- folders and archives


@pytest.fixture
def pictures(tmp_path):
    root = tmp_path / "set"
    arrays = {}
    for label in ("cat", "ant"):
        (root / label).mkdir(parents=True)
        for i in range(2):
            array = RNG.integers(0, 256, (4, 5, 3), dtype=np.uint8)
            PIL.fromarray(array).save(root / label / f"{i}.png")
            arrays[label, i] = array
    (root / "README.txt").write_text("not an image")
    return root, arrays


def test_a_folder_and_its_archives_are_the_same_set(pictures, tmp_path):
    root, arrays = pictures
    sets = [folders.load(root)]
    for suffix, mode in ((".tar", "w"), (".tar.gz", "w:gz"), (".tar.xz", "w:xz")):
        with tarfile.open(tmp_path / f"set{suffix}", mode) as archive:
            archive.add(root, arcname="some/where")
        sets.append(folders.load(tmp_path / f"set{suffix}"))
    for found in sets:
        assert found.labels[:, 0].tolist() == [0, 0, 1, 1]  # ant, cat
        expected = np.stack([arrays[label, i] for label in ("ant", "cat") for i in range(2)]).transpose(0, 3, 1, 2)
        assert found.images.numpy() == pytest.approx(expected / 255, abs=1e-7)
    assert folders.load(root, side=8, grey=True).images.shape == (4, 1, 8, 8)


def test_folders_that_are_wrong(pictures, tmp_path):
    root, _ = pictures
    with pytest.raises(MissingData, match="CLASS/NAME"):
        folders.load(tmp_path / "nowhere")
    (tmp_path / "x.zip").write_bytes(b"")
    with pytest.raises(ValueError, match="expected a folder or"):
        folders.load(tmp_path / "x.zip")
    (tmp_path / "x.tar").write_bytes(b"not a tar at all")
    with pytest.raises(ValueError, match="not an archive"):
        folders.load(tmp_path / "x.tar")
    with pytest.raises(ValueError, match="at least two folders"):
        folders.load(root / "cat")
    PIL.new("RGB", (9, 9)).save(root / "cat" / "large.png")
    with pytest.raises(ValueError, match="2 sizes"):
        folders.load(root)
    (root / "cat" / "large.png").write_bytes(b"text")
    with pytest.raises(ValueError, match="not an image"):
        folders.load(root)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingData):
        folders.load(tmp_path / "empty")


# --------------------------------------------------------------------------- pickles that are not unpickled


def batch(n=3, **more):
    return {"data": RNG.integers(0, 256, (n, 3072), dtype=np.uint8), "labels": list(range(n)), "batch": "one", **more}


@pytest.mark.parametrize("protocol", range(5))
def test_arrays_in_pickles_of_every_protocol(protocol):
    content = batch(fine=[1.5, None, True, "x", b"y", -7, 2**40])
    content["order"] = np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3))
    found = pickled_arrays.read(pickle.dumps(content, protocol=protocol))
    assert (found["data"] == content["data"]).all()
    assert found["data"].dtype == np.uint8
    assert found["order"].tolist() == content["order"].tolist()
    assert {k: v for k, v in found.items() if k not in ("data", "order")} == {
        k: v for k, v in content.items() if k not in ("data", "order")
    }


def test_a_batch_as_python_2_wrote_it():
    # protocol 2 with texts as byte strings: what the authors' files look like
    raw = bytes(range(12))
    text = (
        b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87Rq\x05"
        b"(K\x01K\x02K\x06\x86cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00"
        b"tb\x89U\x0c" + raw + b"tbU\x06labels]q\x08(K\x03K\x04eu."
    )
    found = pickled_arrays.read(text)
    assert found["data"].tolist() == [list(range(6)), list(range(6, 12))]
    assert found["labels"] == [3, 4]
    # and unpickling agrees
    assert (pickle.loads(text, encoding="latin1")["data"] == found["data"]).all()


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("protocol", range(5))
def test_nothing_is_executed(tmp_path, protocol):
    target = tmp_path / "made"
    for content in ({"data": Evil(str(target))}, Evil(str(target)), [Evil(str(target))]):
        with pytest.raises(ValueError, match=r"names '(posix|nt) mkdir'"):
            pickled_arrays.read(pickle.dumps(content, protocol=protocol))
        assert not target.exists()


def test_pickles_that_are_refused():
    for content in ({"data": {1, 2}}, {"data": np.array(["a", None], dtype=object)}, {"data": 1 + 2j}, [1], 5):
        with pytest.raises(ValueError, match="pickle"):
            pickled_arrays.read(pickle.dumps(content, protocol=2))
    whole = pickle.dumps(batch(), protocol=2)
    for data in (b"", b"garbage", whole[:200], whole[:-1], b"\x80\x02.", b"0.", b"\x80\x02cnumpy\nndarray\n."):
        with pytest.raises(ValueError):  # noqa: PT011
            pickled_arrays.read(data)
    # a list that holds itself
    with pytest.raises(ValueError, match="list"):
        pickled_arrays.read(b"\x80\x02}U\x01a]q\x00h\x00as.")
    # an array that claims more than it brings
    short = whole.replace(b"M\x00\x0c\x86", b"M\x00\x0d\x86", 1)
    assert short != whole
    with pytest.raises(ValueError, match="bytes for an array"):
        pickled_arrays.read(short)


def test_cifar(tmp_path):
    parts = []
    for i in range(1, 6):
        parts.append(batch(2))
        (tmp_path / f"data_batch_{i}").write_bytes(pickle.dumps(parts[-1], protocol=2))
    found = cifar.load(tmp_path)
    assert found.images.shape == (10, 3, 32, 32)
    assert found.images[0].flatten().numpy() == pytest.approx(parts[0]["data"][0] / 255, abs=1e-7)
    assert found.labels[:, 0].tolist() == [0, 1] * 5
    with pytest.raises(MissingData, match=r"cifar-10-python\.tar\.gz"):
        cifar.load(tmp_path, split="test")
    with pytest.raises(MissingData, match=r"cifar-100-python\.tar\.gz"):
        cifar.load(tmp_path, classes=100)
    hundred = {"data": batch(3)["data"], "coarse_labels": [0, 19, 3], "fine_labels": [99, 5, 7]}
    (tmp_path / "train").write_bytes(pickle.dumps(hundred, protocol=2))
    both = cifar.load(tmp_path, classes=100)
    assert both.classes == (20, 100)
    assert both.labels.tolist() == [[0, 99], [19, 5], [3, 7]]
    (tmp_path / "test_batch").write_bytes(pickle.dumps(hundred, protocol=2))
    with pytest.raises(ValueError, match="is it CIFAR-10"):
        cifar.load(tmp_path, split="test")
    (tmp_path / "test_batch").write_bytes(pickle.dumps(batch(3, labels=[1, 2]), protocol=2))
    with pytest.raises(ValueError, match="3 images and 2 labels"):
        cifar.load(tmp_path, split="test")
    (tmp_path / "test_batch").write_bytes(pickle.dumps(Evil(str(tmp_path / "made"))))
    with pytest.raises(ValueError, match="test_batch: pickle"):
        cifar.load(tmp_path, split="test")
    assert not (tmp_path / "made").exists()
    with pytest.raises(ValueError, match="10 or 100"):
        cifar.load(tmp_path, classes=20)


# --------------------------------------------------------------------------- CelebA


def test_celeba(tmp_path):
    (tmp_path / "img_align_celeba").mkdir()
    for name in ("1.jpg", "2.jpg"):
        image = io.BytesIO()
        PIL.new("RGB", (8, 10), (255, 0, 0)).save(image, "PNG")
        (tmp_path / "img_align_celeba" / name).write_bytes(image.getvalue())
    table = tmp_path / celeba.TABLE
    table.write_text("3\nBald Eyeglasses Young \n1.jpg -1  1 1\n2.jpg  1 -1 1\n3.jpg 1 1 -1\n")
    found = celeba.load(tmp_path, ("Eyeglasses", "Bald"), limit=2, side=6)
    assert found.images.shape == (2, 3, 6, 6)
    assert found.images[0, :, 3, 3].tolist() == pytest.approx([1, 0, 0], abs=1e-6)
    assert found.classes == (2, 2)
    assert found.labels.tolist() == [[1, 0], [0, 1]]
    with pytest.raises(MissingData, match=r"3\.jpg.*unzip"):
        celeba.load(tmp_path, ("Bald",))
    with pytest.raises(ValueError, match="Smiling"):
        celeba.load(tmp_path, ("Smiling",))
    for text in ("", "x\n", "2\nBald\n1.jpg 1\n", "1\nBald\n1.jpg 0\n", "1\nBald\n1.jpg 1 1\n"):
        table.write_text(text)
        with pytest.raises(ValueError, match=celeba.TABLE):
            celeba.read_table(table)
    table.unlink()
    with pytest.raises(MissingData, match="mmlab"):
        celeba.load(tmp_path, ("Bald",))
