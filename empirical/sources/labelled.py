"""What every source hands out: images as one tensor, labels as one array.

The whole set is one tensor, so that it can live on the device and a batch is an index.  Labels are an
``(N, T)`` array, one column a task, −1 where an image carries no label of the task: single source, multi
source and partial annotation are values of it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch

from empirical.resident import Images
from theory.labels import MISSING, IntArray, LabelDesign


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """N images, each with labels for any subset of T tasks.

    Attributes
    ----------
    images : ``(N, channels, height, width)`` float32, grey values or colours in [0, 1]: a tensor, or canvases composed
        when they are asked for (:class:`empirical.resident.Canvases`).
    labels : ``(N, T)`` int64; ``labels[i, t]`` in 0..K_t − 1, or −1 where missing.
    classes : K_t for every task.
    name : what a record calls the set.

    Raises ``ValueError`` for shapes or labels that do not fit each other.
    """

    images: Images
    labels: IntArray
    classes: tuple[int, ...]
    name: str

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.dtype != torch.float32:
            raise ValueError(
                f"images: {self.images.dtype} of shape {tuple(self.images.shape)}; expected float32 of shape "
                "(images, channels, height, width)"
            )
        labels = np.asarray(self.labels)
        if labels.dtype.kind not in "iu" or labels.shape != (len(self.images), len(self.classes)):
            raise ValueError(
                f"labels: {labels.dtype} of shape {labels.shape}; expected integers of shape "
                f"({len(self.images)} images, {len(self.classes)} tasks)"
            )
        for t, k in enumerate(self.classes):
            column = labels[:, t]
            if column.size and not (MISSING <= column.min() and column.max() < k):
                raise ValueError(
                    f"labels: task {t} has labels from {column.min()} to {column.max()}; expected 0 to {k - 1}, "
                    "or -1 for a missing label"
                )
        object.__setattr__(self, "labels", labels.astype(np.int64))

    def __len__(self) -> int:
        """N, the number of images."""
        return len(self.images)

    def design(self) -> tuple[LabelDesign, IntArray]:
        """The label design of the set, and the cell of every image ``(N,)``.

        Its scenario is named ``"ssmtc"`` where every image carries all labels, ``"msmtc"`` where every image
        carries one of several, else ``"labels"``.
        """
        design, cell_of = LabelDesign.from_labels(self.labels, self.classes)
        carried = (self.labels != MISSING).sum(axis=1)
        if (carried == len(self.classes)).all():
            return dataclasses.replace(design, scenario="ssmtc"), cell_of
        return (dataclasses.replace(design, scenario="msmtc") if (carried == 1).all() else design), cell_of
