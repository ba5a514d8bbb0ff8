"""Instances of ``independence_converse``: independent labels and orthogonal heads, and labels that are not.

Where the labels are dependent, one hypothesis fails: a head is 0, the logits are not orthogonal to the residual, or a
label tells but one sample from none.
"""

from __future__ import annotations

import random
from functools import partial

import sympy as sp

from theory.mutation.instances import in_turn
from theory.proof.instances import Instance

N = 4
FIRST, SECOND = sp.Matrix([[1, 1, 0, 0], [0, 0, 1, 1]]), sp.Matrix([[1, 0, 1, 0], [0, 1, 0, 1]])
#: A label of one class that one sample has.
ALONE = sp.Matrix([[1, 0, 0, 0]])


def labelled(
    rng: random.Random, E_s: sp.Matrix = FIRST, E_t: sp.Matrix = SECOND, dead_s: bool = False, dead_t: bool = False
) -> Instance:
    """Two tasks on four samples; ``dead_s`` has no residual, ``dead_t`` no logits."""
    sigma = sp.ones(N, 1)
    scale, other = rng.choice((1, 2, -3)), rng.choice((1, 2))
    one_s, one_t = (N * sp.ones(1, 1) if E is ALONE else sp.ones(2, 1) for E in (E_s, E_t))
    # N I − (E σ) 1ᵀ = 4 I − 2 J on two classes of two samples: the factors multiply to it
    target_s, target_t = (N * sp.eye(E.rows) - E * sigma * one.T for E, one in ((E_s, one_s), (E_t, one_t)))
    return Instance(
        {
            "E_s": E_s, "E_t": E_t, "σ": sigma, "1_s": one_s, "1_t": one_t,
            "A_s": scale * target_s * (0 if dead_s else 1), "C_t": other * target_t * (0 if dead_t else 1),
            "L_s": sp.eye(E_s.rows) / scale, "M_t": sp.eye(E_t.rows) / other,
        },
        {"N": N},
    )  # fmt: skip


draw = in_turn(
    labelled,
    partial(labelled, E_s=SECOND),
    partial(labelled, E_s=SECOND, dead_s=True),
    partial(labelled, E_s=SECOND, dead_t=True),
    partial(labelled, E_s=ALONE),
    partial(labelled, E_t=ALONE),
)
