"""No images at all: every "image" is the number of its sample.

For the unconstrained features model itself, where the feature of a sample is a variable of its own and the sample's
number is all that is needed to look it up (:class:`empirical.networks.FreeFeatures`).
"""

from __future__ import annotations

import numpy as np
import torch

from empirical.sources.labelled import LabelledImages
from theory.labels import LabelDesign

#: float32 holds whole numbers exactly up to here.
LARGEST = 2**24


def of_design(design: LabelDesign) -> LabelledImages:
    """The samples of ``design``, cell by cell; "image" i is one pixel that holds i.

    Raises ``ValueError`` beyond 2^24 samples, whose numbers are no longer exact.
    """
    if design.samples > LARGEST:
        raise ValueError(f"design: {design.samples} samples; expected at most {LARGEST}, to number them in float32")
    labels = np.repeat(design.labels.T, design.counts, axis=0)
    numbers = torch.arange(design.samples, dtype=torch.float32).reshape(-1, 1, 1, 1)
    return LabelledImages(numbers, labels, design.classes, "numbered samples")
