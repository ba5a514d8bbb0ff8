"""Random instances for the trials of the lemmas."""

from __future__ import annotations

import numpy as np

from theory.lemmas.lemma import FloatArray
from theory.losses import LOSSES, Loss


def random_matrix(rng: np.random.Generator, rows: int, columns: int) -> FloatArray:
    """A Gaussian matrix of random rank and scale."""
    rank = int(rng.integers(1, min(rows, columns) + 1))
    out = rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, columns))
    return np.asarray(out * 10.0 ** rng.uniform(-2, 2))


def random_sizes(rng: np.random.Generator, count: int) -> list[int]:
    """``count`` sizes from 1 to 7."""
    return [int(n) for n in rng.integers(1, 8, size=count)]


def random_loss(rng: np.random.Generator) -> Loss:
    """One of the losses of the model."""
    return LOSSES[str(rng.choice(sorted(LOSSES)))]
