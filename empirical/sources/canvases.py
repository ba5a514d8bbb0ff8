"""Several images on one canvas: multi-task sets made of a single-task one.

Task t reads the image at place t: top left, bottom right, top right, bottom left.  Where places overlap, the
brighter pixel wins; a canvas of twice the image's side has no overlap.  Two digits on a 36 × 36 canvas are the
Multi-MNIST of Sabour, Frosst & Hinton, "Dynamic routing between capsules" (2017), with the two fixed places of
Sener & Koltun, "Multi-task learning as multi-objective optimization" (2018).

    joint      every canvas holds an image at every place and carries all T labels, every tuple of labels equally
               often: single source, an exact factorial design (classes drawn independently would only come close)
    separate   every canvas holds one image, at the place of the one task that it is labelled for: multi source
    of_design  any label design: unequal K_t (task t shows the first K_t classes alone), joint tables, missing labels

A place whose label is missing stays empty.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from empirical.sources.labelled import LabelledImages
from theory.labels import MISSING, IntArray, LabelDesign

#: Corner of place t: (bottom, right).
PLACES = ((0, 0), (1, 1), (0, 1), (1, 0))


def joint(source: LabelledImages, tasks: int, repetitions: int, seed: int, side: int = 36) -> LabelledImages:
    """Canvases with an image at each of ``tasks`` places, every tuple of labels ``repetitions`` times.

    ``source`` has one task of K classes; the set has K^tasks · repetitions canvases of ``side`` pixels, ordered
    by cell.  Which image stands for a label is drawn from ``seed``, for each place anew; no image comes twice at
    a place before all of its class have come once.
    """
    (k,) = _single_task(source)
    design = LabelDesign.factorial((k,) * tasks, repetitions)
    return of_design(source, design, seed, side, f"{source.name}, {tasks} on a canvas")


def separate(source: LabelledImages, tasks: int, repetitions: int, seed: int, side: int = 36) -> LabelledImages:
    """Canvases with one image, at the place of the task that labels it, every class ``repetitions`` times a task.

    ``source`` has one task of K classes; the set has tasks · K · repetitions canvases.  Drawing as in :func:`joint`.
    """
    (k,) = _single_task(source)
    design = LabelDesign.multi_source((k,) * tasks, repetitions)
    return of_design(source, design, seed, side, f"{source.name}, one of {tasks} places")


def of_design(
    source: LabelledImages, design: LabelDesign, seed: int, side: int = 36, name: str | None = None
) -> LabelledImages:
    """Canvases that carry the labels of ``design``, ordered by cell; drawing as in :func:`joint`.

    ``source`` has one task of K classes.  Raises ``ValueError`` if a task of the design has more than K.
    """
    (k,) = _single_task(source)
    if max(design.classes) > k:
        raise ValueError(f"design: tasks of {design.classes} classes; {source.name} has {k}")
    labels = np.repeat(design.labels.T, design.counts, axis=0)
    title = f"{source.name}, {design.scenario} of {'x'.join(map(str, design.classes))}" if name is None else name
    canvases = _compose(source, labels, seed, side)
    return LabelledImages(canvases, labels, design.classes, f"{title}, {side}x{side}")


def _single_task(source: LabelledImages) -> tuple[int]:
    if len(source.classes) != 1:
        raise ValueError(f"source: {len(source.classes)} tasks; canvases are composed of a set with one task")
    return (source.classes[0],)


def _compose(source: LabelledImages, labels: IntArray, seed: int, side: int) -> torch.Tensor:
    tasks = labels.shape[1]
    channels, height, width = source.images.shape[1:]
    if tasks > len(PLACES):
        raise ValueError(f"tasks: {tasks}; a canvas has {len(PLACES)} places")
    if side < max(height, width):
        raise ValueError(f"side: {side} pixels; expected at least the image's {max(height, width)}")
    rng = np.random.default_rng(seed)
    canvases = torch.zeros(len(labels), channels, side, side)
    for t in range(tasks):
        top, left = (c * (side - extent) for c, extent in zip(PLACES[t], (height, width), strict=True))
        present = np.flatnonzero(labels[:, t] != MISSING)
        chosen = source.images[draw(source.labels[:, 0], labels[present, t], rng)]
        window = canvases[present, :, top : top + height, left : left + width]
        canvases[present, :, top : top + height, left : left + width] = torch.maximum(window, chosen)
    return canvases


def draw(pool: IntArray, wanted: IntArray, rng: np.random.Generator) -> IntArray:
    """Index of an image of ``pool`` for every wanted label: random, balanced over the images of its class."""
    out = np.empty(len(wanted), dtype=np.int64)
    for label in np.unique(wanted):
        members = np.flatnonzero(pool == label)
        if members.size == 0:
            raise ValueError(f"source: no image of class {label}")
        slots = np.flatnonzero(wanted == label)
        rounds = math.ceil(len(slots) / len(members))
        out[slots] = np.concatenate([rng.permutation(members) for _ in range(rounds)])[: len(slots)]
    return out


def only(images: torch.Tensor, place: int, extent: int) -> torch.Tensor:
    """Canvases ``(N, channels, side, side)`` with all but one place erased, its images ``extent`` pixels wide.

    Raises ``ValueError`` where images at two places would overlap: what is left would not be one image.
    """
    side = images.shape[-1]
    if side < 2 * extent:
        raise ValueError(f"side: {side} pixels; expected at least {2 * extent}, so that places do not overlap")
    top, left = (c * (side - extent) for c in PLACES[place])
    out = torch.zeros_like(images)
    window = (..., slice(top, top + extent), slice(left, left + extent))
    out[window] = images[window]
    return out
