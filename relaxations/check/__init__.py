r"""The trusted part: a rigorous enclosure of a problem's global minimum, from a certificate file and nothing else.

    python -m relaxations.check FILE            python relaxations/check FILE     (nothing else of the project needed)
    python -m relaxations.check --point FILE    judge the point: certify it, or refute it by a way down
    python -m relaxations.check --geometry FILE what is proved of the heads of every global optimum
    python -m relaxations.check --point FILE --save-refutation R.json;  python -m relaxations.check R.json

A certificate states a problem in exact rationals, a point (W, H, b) and predictions q in float64 (each
an exact rational); its format is described in ``relaxations/certificate.py``.  Whoever wrote it need not be trusted:

    upper   f(W, H, b) = Σ_{t,j} ω_{t,j} ℓ(W_t h_j + b_t, y_{t,j})
                         + Σ_t λ_{W,t}/2 ‖W_t‖² + λ_H/2 Σ_j n_j ‖h_j‖² + Σ_t λ_{b,t}/2 ‖b_t‖²
    lower   D(q) = Σ_{t,j} ω_{t,j} [Φ*(y_{t,j}) − Φ*(q_{t,j})] − Σ_t ‖r_t‖²/(2 λ_{b,t}),
            r_t = Σ_j ω_{t,j}(y_{t,j} − q_{t,j}), for every q in dom Φ* with r_t = 0 under a free bias and
            V Vᵀ ⪯ λ_H diag(λ_{W,t} I),   V_{t,j} = ω_{t,j}(y_{t,j} − q_{t,j})/√n_j,

where ℓ(z, y) = Φ(z) + Φ*(y) − ⟨y, z⟩ ≥ 0.  Why the second is below every value of f, for every feature
dimension: Φ(z) ≥ ⟨q, z⟩ − Φ*(q) makes the loss at least Σ ω [Φ*(y) − Φ*(q)] − Σ ω ⟨y − q, z⟩; with
W'_t = √λ_{W,t} W_t, H̃_j = √n_j h_j and U'_{t,j} = V_{t,j}/√λ_{W,t} the last sum is ⟨U', W'H̃⟩ + Σ_t ⟨r_t, b_t⟩, and
‖U'‖ ≤ √λ_H makes ½‖W'‖² + ½λ_H‖H̃‖² ≥ √λ_H ‖W'H̃‖_* ≥ ⟨U', W'H̃⟩.

What has to be trusted
----------------------
1. The argument above: that these two numbers enclose the minimum.  (Proved again, for symbolic sizes, by the claims
   ``relaxation`` and ``gap_anatomy``: ``pytest theory/ -k "relaxation or gap_anatomy"``.)
2. That the problem stated in the file is the one that you mean: its numbers are printed by ``--json`` as an id, which
   ``--problem FILE`` compares with a problem of your own.
3. These modules, in the order in which a file meets them, and nothing else of the project:

       reading     strict JSON, rationals, blocks of float64; refuses what is malformed or too large
       problem     the stated numbers in canonical form, exactly; the SHA-256 that names a problem
       contents    the point and the predictions, and that their sizes fit
       losses/     Φ and Φ* in balls, one module a loss
       upper       f at the point
       lower       the exact dual point that q defines, its residual Gram matrix V Vᵀ, its value
       definite    positive definiteness in balls, by Schur complements
       decimals    rounding outward into print
       verdict     the two bounds against the tolerance
       refutation  that f falls along a direction: two values of f (no bound depends on it)
       geometry    what the bounds prove of the heads of every global optimum (``--geometry``; no bound depends on it)

   ``levels`` and ``judge`` call them one after the other, ``command`` prints.  ``directions`` proposes ways down and is
   not trusted: two values of f prove what they are worth.
4. Python, its ``json`` and ``base64``, and python-flint (FLINT's fmpq, arb, arb_mat): a ball encloses the exact number
   that its formula defines, whatever was rounded on the way.
5. The computer.

No solver, no NumPy, no float of a bound: nothing of the project is imported, and no bound that a file may state is
read.  Two more levels of trust: ``check_exact`` finds the same bounds again for small files, in rationals and without
python-flint, and shares no line with this; ``check_float`` takes larger ones, in float64, under assumptions that its
verdict names.
"""

from __future__ import annotations

from .command import main
from .contents import Contents, Direction, Point, Refutation, read_certificate, read_refutation
from .decimals import decimal, endpoint, float_up
from .definite import positive_definite
from .judge import check_certificate, check_file
from .levels import BALLS, LEVEL, Method, ball_bounds
from .losses import LOSSES, BallLoss, half_square, log_sum_exp, negative_entropy
from .lower import TaskDual, gram, largest_scale
from .problem import CONVENTIONS, MAX_COMMON, Problem, Task, read_problem
from .reading import (
    BALL_LIMITS,
    MAX_ENTRIES,
    MAX_FILE,
    MAX_ROWS,
    MAX_TEXT,
    MAX_WORK,
    Block,
    Limits,
    MalformedError,
    block_data,
    entries,
    fields,
    float64,
    integer,
    integers,
    parse,
    rational,
    read_block,
    read_file,
    require,
)
from .refutation import confirm, end_of_step, refutation_data, refute
from .upper import target_balls, upper_bound
from .verdict import Verdict, position

__all__ = [
    "BALLS",
    "BALL_LIMITS",
    "CONVENTIONS",
    "LEVEL",
    "LOSSES",
    "MAX_COMMON",
    "MAX_ENTRIES",
    "MAX_FILE",
    "MAX_ROWS",
    "MAX_TEXT",
    "MAX_WORK",
    "BallLoss",
    "Block",
    "Contents",
    "Direction",
    "Limits",
    "MalformedError",
    "Method",
    "Point",
    "Problem",
    "Refutation",
    "Task",
    "TaskDual",
    "Verdict",
    "ball_bounds",
    "block_data",
    "check_certificate",
    "check_file",
    "confirm",
    "decimal",
    "end_of_step",
    "endpoint",
    "entries",
    "fields",
    "float64",
    "float_up",
    "gram",
    "half_square",
    "integer",
    "integers",
    "largest_scale",
    "log_sum_exp",
    "main",
    "negative_entropy",
    "parse",
    "position",
    "positive_definite",
    "rational",
    "read_block",
    "read_certificate",
    "read_file",
    "read_problem",
    "read_refutation",
    "refutation_data",
    "refute",
    "require",
    "target_balls",
    "upper_bound",
]
