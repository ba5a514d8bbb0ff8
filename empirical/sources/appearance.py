"""What an image shows, its colour and its orientation: three tasks with unequal K_t, made of one set of images.

    task 0   the class of the image                                        K_1 ≤ the classes of the source
    task 1   its colour: channel c is multiplied by tint (1 + 3τ_c)/4      K_2 ≤ 8, τ the corners of the colour cube
    task 2   its orientation: turned by a quarter, k times                 K_3 ≤ 4, square images

Any label design of three tasks, or of the first two (no image is turned then); what has no label is drawn at random.
The three say nothing of each other, so that the design alone decides how they are correlated.
"""

from __future__ import annotations

import numpy as np
import torch

from empirical.sources.canvases import draw
from empirical.sources.labelled import LabelledImages
from theory.labels import MISSING, LabelDesign

#: Tints as (red, green, blue): red, green, blue, yellow, magenta, cyan, white, black; a quarter of every channel stays.
TINTS = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1), (0, 0, 0))
TURNS = 4


def of_design(source: LabelledImages, design: LabelDesign, seed: int) -> LabelledImages:
    """Colour images ``(N, 3, side, side)`` that carry the labels of ``design``, ordered by cell.

    ``source`` has one task, and grey or colour images.  Which image stands for a class is drawn from ``seed``, and none
    comes twice before all of its class have come once.  Raises ``ValueError`` for another number of tasks than two or
    three, more classes than there are, or images that are not square.
    """
    if len(source.classes) != 1:
        raise ValueError(f"source: {len(source.classes)} tasks; expected a set with one")
    most = (source.classes[0], len(TINTS), TURNS)
    if design.tasks not in (2, 3) or any(k > top for k, top in zip(design.classes, most, strict=False)):
        raise ValueError(
            f"design: tasks of {design.classes} classes; expected two or three of up to {most} (what, colour, turns)"
        )
    channels, height, width = source.images.shape[1:]
    if height != width or channels not in (1, 3):
        raise ValueError(f"source: {channels} x {height} x {width}; expected square images, grey or of three colours")
    labels = np.repeat(design.labels.T, design.counts, axis=0)
    rng = np.random.default_rng(seed)
    shown = [
        np.where(labels[:, t] == MISSING, rng.integers(k, size=len(labels)), labels[:, t])
        for t, k in enumerate(design.classes)
    ]
    tints = (1 + 3 * torch.tensor(TINTS, dtype=torch.float32)) / 4
    # a grey image has the same value in all channels
    images = source.images[draw(source.labels[:, 0], shown[0], rng)] * tints[shown[1]][:, :, None, None]
    for turns in range(1, TURNS if design.tasks == 3 else 1):
        mine = torch.from_numpy(np.flatnonzero(shown[2] == turns))
        images[mine] = torch.rot90(images[mine], turns, (2, 3))
    title = f"{source.name}, {design.scenario} of {'x'.join(map(str, design.classes))}: what, colour, turns"
    return LabelledImages(images, labels, design.classes, title)
