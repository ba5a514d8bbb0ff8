r"""The checker for sizes at which balls are slow: float64 whose rounding errors are bounded beforehand.

    python -m relaxations.check_float FILE            the same options and answers as relaxations.check

A second level of trust, and the verdict says so.  The file, the two bounds and the dual point are those of
``check``; instead of balls there are float64 arrays, a chunk of cells at a time (memory O(R·chunk) beyond the
file's own numbers), with these a-priori bounds (Higham 2002, sections 2.2, 3.1 and 3.5), u = 2^-53:

    x op y = (x ∘ y)(1 + δ), |δ| ≤ u                             IEEE 754, + − × ÷ √
    a sum of n products, in any order, fused or not:  error at most γ_n Σ|x_i||y_i|,  γ_n = n u/(1 − n u)
    exp and log within 4 ulp: relative error at most 8u          an *assumption* about the mathematical library

A matrix product is assumed to be made of such sums (no Strassen).  What underflows loses at most 2^-1000 a term, and
sums over cells are rounded once (``math.fsum``).  Bounds are themselves computed in float64 from non-negative numbers
and enlarged by one part in a thousand, far more than their own rounding.

The matrix inequality: U' = Û + E with ‖E‖_F bounded entry by entry, Ĝ ≈ Û Ûᵀ, and for any Q, Λ ≥ 0, here floats that an
eigendecomposition proposes,

    ‖Û‖² ≤ max Λ · (1 + ‖QᵀQ − I‖_F) + ‖Ĝ − QΛQᵀ‖_F + ‖Ĝ − ÛÛᵀ‖_F,    s = min(1, √λ_H/(‖Û‖ + ‖E‖_F)),

the last inequality s²‖U'‖² ≤ λ_H being decided in rationals.

What has to be trusted: what ``check`` names, and in place of its balls the error analysis in ``losses``, ``upper`` and
``lower`` (constants: ``rounding``), IEEE 754 in NumPy and its BLAS, and the assumption on exp and log above.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import fmpq

from relaxations.check import Contents, Limits, MalformedError, Method, Verdict
from relaxations.check import check_certificate as check_by
from relaxations.check import check_file as check_file_by
from relaxations.check import main as main_by

from .losses import LOSSES, entropy_bounds
from .lower import FloatDual, feasible_scale, residual_norm
from .numbers import TaskNumbers
from .rounding import LIBM, exact, matrix, rounded
from .upper import upper_bound

LEVEL = "float64 with a-priori rounding bounds, assuming IEEE 754 and exp/log within 4 ulp"
LIMITS = Limits(
    file=2**30,
    rows=4000,
    entries=100_000_000,
    work=20_000_000_000_000,
    name="float64 is",
    beyond="no checker of this suite takes more",
)


def float_bounds(contents: Contents) -> tuple[fmpq | None, fmpq | None, fmpq]:
    """The enclosure of the minimum in float64; see the module."""
    problem = contents.problem
    rounded(problem.lambda_h, "problem.feature_decay")
    with np.errstate(all="ignore"):
        numbers = [TaskNumbers(LOSSES[problem.loss_name], task) for task in problem.tasks]
        high = upper_bound(contents, numbers)
        try:
            duals = [FloatDual(problem, task, matrix(contents.q)) for task in numbers]
            s = feasible_scale(problem, residual_norm(problem, duals))
            low = sum((dual.value(s) for dual in duals), fmpq(0)) if s > 0 else None
        except (OverflowError, ValueError, np.linalg.LinAlgError):  # an infinite float or not a number
            low, s = None, 0.0
    return low, high, exact(s)


FLOATS = Method(LEVEL, LIMITS, float_bounds)


def check_certificate(data: object, tolerance: str = "1e-8", problem: object = None) -> Verdict:
    """As :func:`relaxations.check.check_certificate`, at this level."""
    return check_by(data, tolerance, problem, FLOATS)


def check_file(path: str, tolerance: str = "1e-8", problem: str | None = None) -> Verdict:
    """As :func:`relaxations.check.check_file`, at this level."""
    return check_file_by(path, tolerance, problem, FLOATS)


def main(arguments: Sequence[str] | None = None, prog: str = "check_float") -> int:
    """The command line of :func:`relaxations.check.main`, at this level."""
    return main_by(arguments, FLOATS, prog, __doc__)


__all__ = [
    "FLOATS",
    "LEVEL",
    "LIBM",
    "LIMITS",
    "LOSSES",
    "FloatDual",
    "MalformedError",
    "TaskNumbers",
    "check_certificate",
    "check_file",
    "entropy_bounds",
    "exact",
    "float_bounds",
    "main",
    "matrix",
    "residual_norm",
    "upper_bound",
]
