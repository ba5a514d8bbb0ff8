"""IDX files: MNIST, Fashion-MNIST, and whatever else comes in their format.

    two zero bytes, a type byte (0x08: unsigned bytes), the number r of axes, r big-endian 32-bit lengths, the data

Sources: LeCun, Cortes & Burges, the MNIST database; Xiao, Rasul & Vollgraf, "Fashion-MNIST" (2017).
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from empirical.sources.files import find, open_packed
from empirical.sources.labelled import LabelledImages

UNSIGNED_BYTE = 0x08
STEMS = {"train": "train", "test": "t10k"}
GET = (
    "on Debian: apt-get install dataset-fashion-mnist (dpkg -L dataset-fashion-mnist names the folder); elsewhere: "
    "python -m empirical.sources.download fashion-mnist DIR (or mnist; extra 'download')"
)


def read(path: Path) -> npt.NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes, packed or not.

    Raises ``ValueError`` for another format or type, or where the data is shorter or longer than stated.
    """
    with open_packed(path) as file:
        data = file.read()
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != UNSIGNED_BYTE:
        raise ValueError(f"{path}: starts with {data[:4]!r}; expected an IDX file of unsigned bytes")
    axes = data[3]
    start = 4 + 4 * axes
    if len(data) < start:
        raise ValueError(f"{path}: ends within its head of {axes} axes")
    shape = struct.unpack(f">{axes}I", data[4:start])
    if len(data) - start != math.prod(shape):
        raise ValueError(f"{path}: {len(data) - start} bytes of data; its head says {shape}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def load(folder: Path, split: str = "train", classes: int = 10) -> LabelledImages:
    """Images and labels of ``split`` (``"train"`` or ``"test"``) in ``folder``; grey values in [0, 1].

    Looks for ``train-images-idx3-ubyte`` and ``train-labels-idx1-ubyte`` (``t10k-...``), packed or not.
    """
    if split not in STEMS:
        raise ValueError(f"split: {split!r}; expected one of {', '.join(STEMS)}")
    stem = STEMS[split]
    pixels = read(find(folder, (f"{stem}-images-idx3-ubyte",), "images", GET))
    labels = read(find(folder, (f"{stem}-labels-idx1-ubyte",), "labels", GET))
    if pixels.ndim != 3 or labels.shape != pixels.shape[:1]:
        raise ValueError(f"{folder}: images {pixels.shape} and labels {labels.shape} do not fit each other")
    images = torch.from_numpy(pixels.astype(np.float32) / 255)[:, None]
    return LabelledImages(images, labels.astype(np.int64)[:, None], (classes,), f"idx-{split}")
