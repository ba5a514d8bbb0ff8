r"""A second witness: the enclosure of ``check`` once more, slowly, by other means and the standard library alone.

    python -m relaxations.check_exact FILE      python relaxations/check_exact FILE    (nothing else of the project)

It proves the two bounds that ``check`` states (upper: f at a point; lower: D(q) at a feasible q), and the decrease
that a refutation states, and shares no line with it: its own reading of the file, numbers of ``fractions`` throughout,
positive semidefiniteness by exact elimination, so that no rounding enters except in exp and log, which are bounded by
rational series on both sides (``series``).

The dual point is one that the floats q define, near that of ``check`` but not the same: probabilities are
rounded down to multiples of 2^-96, and the largest takes what is left, so that all denominators stay small.
Two programs that agree on a file share a mistake only if two people made it.  For small files: see the limits.

What has to be trusted: that the two bounds enclose the minimum (the argument is in ``check``), these modules
(``reading``, ``problem``, ``series``, ``losses``, ``bounds``, ``verdict``), Python's integers, and the computer.
"""

from __future__ import annotations

from .bounds import MAX_MINOR, feasible_predictions, lower_bound, semidefinite, upper_bound, value_bounds
from .command import main
from .losses import LOSSES
from .problem import CONVENTIONS, MAX_COMMON, Problem, Task
from .reading import MAX_FILE, MAX_ROWS, MAX_WORK, RefusedError, load, number
from .series import BITS, exp_bounds, log_bounds
from .verdict import LEVEL, judge, judge_file

__all__ = [
    "BITS",
    "CONVENTIONS",
    "LEVEL",
    "LOSSES",
    "MAX_COMMON",
    "MAX_FILE",
    "MAX_MINOR",
    "MAX_ROWS",
    "MAX_WORK",
    "Problem",
    "RefusedError",
    "Task",
    "exp_bounds",
    "feasible_predictions",
    "judge",
    "judge_file",
    "load",
    "log_bounds",
    "lower_bound",
    "main",
    "number",
    "semidefinite",
    "upper_bound",
    "value_bounds",
]
