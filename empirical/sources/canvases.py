"""Several images on one canvas: multi-task sets made of a single-task one.

Task t reads the image at place t: top left, bottom right, top right, bottom left.  Where places overlap, the
brighter pixel wins; a canvas of twice the image's side has no overlap.  Two digits on a 36 × 36 canvas are the
Multi-MNIST of Sabour, Frosst & Hinton, "Dynamic routing between capsules" (2017), with the two fixed places of
Sener & Koltun, "Multi-task learning as multi-objective optimization" (2018).

    joint     every canvas holds an image at every place and carries all T labels, every tuple of labels equally
              often: single source, an exact factorial design (classes drawn independently would only come close)
    separate  every canvas holds one image, at the place of the one task that it is labelled for: multi source
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
    labels = np.repeat(design.labels.T, design.counts, axis=0)
    return _compose(source, labels, seed, side, f"{source.name}, {tasks} on a canvas")


def separate(source: LabelledImages, tasks: int, repetitions: int, seed: int, side: int = 36) -> LabelledImages:
    """Canvases with one image, at the place of the task that labels it, every class ``repetitions`` times a task.

    ``source`` has one task of K classes; the set has tasks · K · repetitions canvases.  Drawing as in :func:`joint`.
    """
    (k,) = _single_task(source)
    design = LabelDesign.multi_source((k,) * tasks, repetitions)
    labels = np.repeat(design.labels.T, design.counts, axis=0)
    return _compose(source, labels, seed, side, f"{source.name}, one of {tasks} places")


def _single_task(source: LabelledImages) -> tuple[int]:
    if len(source.classes) != 1:
        raise ValueError(f"source: {len(source.classes)} tasks; canvases are composed of a set with one task")
    return (source.classes[0],)


def _compose(source: LabelledImages, labels: IntArray, seed: int, side: int, name: str) -> LabelledImages:
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
        chosen = source.images[_draw(source.labels[:, 0], labels[present, t], rng)]
        window = canvases[present, :, top : top + height, left : left + width]
        canvases[present, :, top : top + height, left : left + width] = torch.maximum(window, chosen)
    return LabelledImages(canvases, labels, source.classes * tasks, f"{name}, {side}x{side}")


def _draw(pool: IntArray, wanted: IntArray, rng: np.random.Generator) -> IntArray:
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
