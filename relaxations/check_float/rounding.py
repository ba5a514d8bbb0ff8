"""Constants and helpers of the error analysis: u, γ_n, and the way between floats and rationals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from flint import fmpq

from relaxations.check import Block, require

FloatArray = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

CHUNK = 512  # cells at a time

UNIT = 2.0**-53
LIBM = 8 * UNIT  # 4 ulp, relatively
SLACK = 1.001  # on error bounds, for their own rounding
TINY = 2.0**-1000  # more than any underflow loses
SMALLEST, LARGEST = 2.0**-300, 2.0**300  # predictions that count; others are 0, or no prediction


def gamma(n: int) -> float:
    """γ_n, with the slack on error bounds."""
    return SLACK * n * UNIT / (1 - n * UNIT)


def rounded(value: fmpq, what: str) -> float:
    """The nearest float64 of a rational of reasonable size."""
    require(value == 0 or fmpq(1, 10**100) <= value <= 10**100, f"{what}: out of proportion for float64")
    return int(value.p) / int(value.q)


def exact(value: float) -> fmpq:
    """A float64 as a rational."""
    return fmpq(*value.as_integer_ratio())


def matrix(block: Block) -> FloatArray:
    """A block as an array, without a copy."""
    numbers: FloatArray = np.frombuffer(block.data, dtype=np.float64) if block.data else np.zeros(0)
    return numbers.reshape(block.rows, block.columns)


def frobenius(a: FloatArray) -> float:
    """‖·‖_F with its slack."""
    return SLACK * float(np.sqrt((a * a).sum()))
