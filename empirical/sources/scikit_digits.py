"""The 1,797 digits that scikit-learn ships: real images of 8 × 8 pixels, for runs of seconds.

174 to 183 of each of the ten digits, grey values 0 to 16.  Source: Alpaydin & Kaynak, "Optical recognition of
handwritten digits", UCI Machine Learning Repository (1998), its test set.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from empirical.sources.labelled import LabelledImages

SIDE = 8
CLASSES = 10


@cache
def load() -> LabelledImages:
    """All digits in scikit-learn's order, one task of ten classes; grey values in [0, 1].

    Raises ``ModuleNotFoundError`` with the command that helps where scikit-learn is missing.
    """
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "the 8 x 8 digits come with scikit-learn, which is not installed; pip install 'multitask-collapse[train]'"
        ) from None
    digits = load_digits()
    images = torch.from_numpy(np.asarray(digits.images / 16.0, dtype=np.float32)).reshape(-1, 1, SIDE, SIDE)
    return LabelledImages(images, np.asarray(digits.target, dtype=np.int64)[:, None], (CLASSES,), "digits-8x8")
