"""Multi-task sets made of a single-task one by its labels alone: splits, crossings, labels left out.

balanced equally many images of every class of one task, and its labels alone
split    K classes in T groups of K/T: an image is labelled for the task of its group (multi source).  Split-5x2 of
         ten classes has five tasks of two.
cross    K = K_1 ⋯ K_T classes as numbers in mixed radix, a task a digit: every image carries all labels (single
         source, balanced where the classes are).  Cross-10x10 of a hundred classes has two tasks of ten.
partial  labels of some samples are left out, and every sample keeps at least one
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from empirical.sources.labelled import LabelledImages
from theory.labels import MISSING


def balanced(source: LabelledImages, per_class: int, seed: int, task: int = 0) -> LabelledImages:
    """``per_class`` images of every class of ``task``, drawn from ``seed``, with the labels of that task alone.

    Ordered by class.  Raises ``ValueError`` for a task that the source does not have, or a class with too few images.
    """
    if not 0 <= task < len(source.classes):
        raise ValueError(f"task: {task}; {source.name} has tasks 0 to {len(source.classes) - 1}")
    rng = np.random.default_rng(seed)
    kept = []
    for k in range(source.classes[task]):
        members = np.flatnonzero(source.labels[:, task] == k)
        if not 1 <= per_class <= len(members):
            raise ValueError(f"per_class: {per_class}; class {k} of {source.name} has {len(members)} images")
        kept.append(np.sort(rng.permutation(members)[:per_class]))
    index = np.concatenate(kept)
    name = f"{source.name}, {per_class} a class"
    return LabelledImages(source.images[index], source.labels[index][:, [task]], (source.classes[task],), name)


def split(source: LabelledImages, tasks: int) -> LabelledImages:
    """``tasks`` tasks of consecutive classes, equally many each.

    Raises ``ValueError`` unless the source has one task whose classes divide into groups of at least two.
    """
    k = _classes(source)
    if tasks < 1 or k % tasks or k // tasks < 2:
        raise ValueError(f"tasks: {tasks}; expected a divisor of {k} classes that leaves at least two a task")
    size = k // tasks
    labels = np.full((len(source), tasks), MISSING, dtype=np.int64)
    label = source.labels[:, 0]
    known = np.flatnonzero(label != MISSING)
    labels[known, label[known] // size] = label[known] % size
    return LabelledImages(source.images, labels, (size,) * tasks, f"{source.name}, split {tasks}x{size}")


def cross(source: LabelledImages, classes: Sequence[int]) -> LabelledImages:
    """Class c carries its digits in the mixed radix ``classes``, the last task fastest.

    Raises ``ValueError`` unless the source has one task of Π K_t classes.
    """
    k, sizes = _classes(source), tuple(int(c) for c in classes)
    if math.prod(sizes) != k or min(sizes) < 2:
        raise ValueError(f"classes: {sizes}; expected at least 2 each and {k} in all, the classes of {source.name}")
    if (source.labels == MISSING).any():
        raise ValueError("source: images without a label have no digits")
    labels = np.stack(np.unravel_index(source.labels[:, 0], sizes), axis=1).astype(np.int64)
    return LabelledImages(source.images, labels, sizes, f"{source.name}, crossed {'x'.join(map(str, sizes))}")


def partial(source: LabelledImages, kept: float, seed: int) -> LabelledImages:
    """Labels of all tasks on a share ``kept`` of every cell; on the rest of it one task each, in turn.

    The share is exact up to rounding cell by cell and the turns go through the tasks, so a balanced set stays
    balanced; which images they are is drawn from ``seed``.  Raises ``ValueError`` for a share outside 0 to 1, and for a
    source in which labels are missing already.
    """
    if not 0 <= kept <= 1:
        raise ValueError(f"kept: {kept!r}; expected a share from 0 to 1")
    if (source.labels == MISSING).any():
        raise ValueError("source: labels are missing already")
    tasks = len(source.classes)
    rng = np.random.default_rng(seed)
    labels = source.labels.copy()
    turn = 0
    for cell in np.unique(source.labels, axis=0):
        members = rng.permutation(np.flatnonzero((source.labels == cell).all(axis=1)))
        for sample in members[round(kept * len(members)) :]:
            keep = labels[sample, turn]
            labels[sample] = MISSING
            labels[sample, turn] = keep
            turn = (turn + 1) % tasks
    return dataclasses.replace(source, labels=labels, name=f"{source.name}, {kept:g} with all labels")


def _classes(source: LabelledImages) -> int:
    if len(source.classes) != 1:
        raise ValueError(f"source: {len(source.classes)} tasks; expected a set with one task")
    return source.classes[0]
