"""T images side by side, one a task, composed on the device when a batch is asked for: sets of full size.

Place t of a canvas holds an image of the t-th label, and nothing overlaps (:class:`empirical.resident.Canvases`).  The
published sets have two images on a canvas: Multi-CIFAR10-10-10, and the same of Fashion-MNIST (Wang et al., ICLR
2026); three make a task more.

Where the images are looked for in a folder:

    cifar10   cifar-10-batches-py/ or the folder itself: the Python batches (:mod:`empirical.sources.cifar`);
              cifar10-train.tar, .tar.gz, .tar.xz, or cifar10-train/: image files, one folder a class
    fashion   fashion-mnist/ or the folder itself: IDX files (:mod:`empirical.sources.idx`)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from empirical.resident import Canvases
from empirical.sources import cifar, folders, idx
from empirical.sources.canvases import draw
from empirical.sources.labelled import LabelledImages
from theory.labels import MISSING, LabelDesign

IMAGE_FILES = ("cifar10-train.tar", "cifar10-train.tar.gz", "cifar10-train.tar.xz", "cifar10-train")


def of_design(source: LabelledImages, design: LabelDesign, seed: int, mirrors: bool) -> LabelledImages:
    """Canvases that carry the labels of ``design``, cell by cell; a place whose label is missing stays empty.

    Which image stands for a label is drawn from ``seed``, for each place anew, and none comes twice at a place before
    all of its class have come once.  ``mirrors`` says whether a mirror image keeps its label.  Raises ``ValueError``
    for a source of several tasks, or with fewer classes than a task.
    """
    if len(source.classes) != 1 or max(design.classes) > source.classes[0]:
        raise ValueError(f"design: tasks of {design.classes} classes; {source.name} has tasks of {source.classes}")
    labels = np.repeat(design.labels.T, design.counts, axis=0)
    chosen = np.full(labels.shape, -1, dtype=np.int64)
    rng = np.random.default_rng(seed)
    for t in range(design.tasks):
        present = labels[:, t] != MISSING
        chosen[present, t] = draw(source.labels[:, 0], labels[present, t], rng)
    # the images of a source are bytes over 255
    pool = (source.images[:] * 255).round().to(torch.uint8)
    title = f"{source.name}, {design.scenario} of {'x'.join(map(str, design.classes))}, side by side"
    return LabelledImages(Canvases(pool, torch.from_numpy(chosen), mirrors), labels, design.classes, title)


@lru_cache(maxsize=2)
def cifar10(folder: Path, split: str = "train") -> LabelledImages:
    """CIFAR-10, wherever it lies in ``folder`` (see the module); kept in memory.  Raises as the readers do."""
    batches = folder / "cifar-10-batches-py"
    files = [folder / name for name in IMAGE_FILES if split == "train" and (folder / name).exists()]
    if not batches.is_dir() and not (folder / "data_batch_1").is_file() and files:
        found = folders.load(files[0])
        # image files may have lost a little on the way
        return LabelledImages(found.images, found.labels, found.classes, "cifar10-train (image files)")
    return cifar.load(batches if batches.is_dir() else folder, 10, split)


@lru_cache(maxsize=2)
def fashion(folder: Path, split: str = "train") -> LabelledImages:
    """Fashion-MNIST, wherever it lies in ``folder`` (see the module); kept in memory.  Raises as the reader does."""
    inner = folder / "fashion-mnist"
    found = idx.load(inner if inner.is_dir() else folder, split)
    return LabelledImages(found.images, found.labels, found.classes, f"fashion-mnist-{split}")


#: The sets by name.  Things and clothes are the same in the mirror.
SETS: Mapping[str, Callable[[Path], LabelledImages]] = {"cifar10": cifar10, "fashion": fashion}
