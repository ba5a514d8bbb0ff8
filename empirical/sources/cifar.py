"""CIFAR-10 and CIFAR-100 as their authors hand them out: "Python version", read without unpickling.

A batch is a dictionary with ``data`` (n, 3072) unsigned bytes, the red, green and blue plane of 32 × 32 pixels each,
and ``labels`` (CIFAR-10) or ``coarse_labels`` and ``fine_labels`` (CIFAR-100): one task, or two.  Source: Krizhevsky,
"Learning multiple layers of features from tiny images" (2009).  How: :mod:`empirical.sources.pickled_arrays`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from empirical.sources import pickled_arrays
from empirical.sources.files import MissingData
from empirical.sources.labelled import LabelledImages

SIDE = 32
BATCHES = {
    (10, "train"): tuple(f"data_batch_{i}" for i in range(1, 6)),
    (10, "test"): ("test_batch",),
    (100, "train"): ("train",),
    (100, "test"): ("test",),
}
LABELS = {10: (("labels", 10),), 100: (("coarse_labels", 20), ("fine_labels", 100))}


def load(folder: Path, classes: int = 10, split: str = "train") -> LabelledImages:
    """All images of a split.  CIFAR-10 has one task of 10, CIFAR-100 two: 20 superclasses and 100 classes.

    Raises :class:`MissingData` naming the command, and ``ValueError`` for a file that is no batch.
    """
    if (classes, split) not in BATCHES:
        raise ValueError(f"classes {classes!r}, split {split!r}; expected 10 or 100, and train or test")
    parts, columns = [], []
    for name in BATCHES[classes, split]:
        path = folder / name
        if not path.is_file():
            archive = f"cifar-{classes}-python.tar.gz"
            get = (
                f"curl -O https://www.cs.toronto.edu/~kriz/{archive} && tar xzf {archive}, "
                f"or python -m empirical.sources.download cifar{classes} DIR (extra 'download')"
            )
            raise MissingData(f"CIFAR-{classes} ({name})", folder, get)
        pixels, labels = _batch(path, classes)
        parts.append(pixels)
        columns.append(labels)
    images = torch.from_numpy(np.concatenate(parts).astype(np.float32) / 255).reshape(-1, 3, SIDE, SIDE)
    return LabelledImages(
        images, np.concatenate(columns), tuple(k for _, k in LABELS[classes]), f"cifar{classes}-{split}"
    )


def _batch(path: Path, classes: int) -> tuple[np.ndarray, np.ndarray]:
    try:
        found = pickled_arrays.read(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    # written by Python 2, whose texts are bytes to some readers
    plain: dict[str, Any] = {key.decode() if isinstance(key, bytes) else str(key): v for key, v in found.items()}
    wanted = ("data", *(name for name, _ in LABELS[classes]))
    missing = [name for name in wanted if name not in plain]
    if missing:
        raise ValueError(f"{path}: holds {sorted(plain)}, not {', '.join(missing)}; is it CIFAR-{classes}?")
    pixels = plain["data"]
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape[1:] != (3 * SIDE**2,):
        raise ValueError(f"{path}: data is no array of unsigned bytes of shape (n, {3 * SIDE**2})")
    labels = np.stack([np.asarray(plain[name], dtype=np.int64) for name, _ in LABELS[classes]], axis=1)
    if len(labels) != len(pixels):
        raise ValueError(f"{path}: {len(pixels)} images and {len(labels)} labels")
    return pixels, labels
