"""The losses that the checker knows, one a module: Φ and Φ* in balls.

A loss is made known by a module with a :class:`BallLoss` and an entry in :data:`LOSSES`; nothing else of the checker
names one.
"""

from __future__ import annotations

from .base import ZERO, BallLoss
from .cross_entropy import CROSS_ENTROPY, log_sum_exp, negative_entropy
from .sparsemax import SPARSEMAX
from .squared_error import SQUARED_ERROR, half_square

#: Losses by the name that a certificate gives them.
LOSSES: dict[str, BallLoss] = {"ce": CROSS_ENTROPY, "mse": SQUARED_ERROR, "sparsemax": SPARSEMAX}

__all__ = ["LOSSES", "ZERO", "BallLoss", "half_square", "log_sum_exp", "negative_entropy"]
