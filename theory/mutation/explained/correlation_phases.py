"""The loss at the margins (L, L, 0) does not depend on the correlation: it is the same at B² as at B = 1 − ρ."""

from __future__ import annotations

import sympy as sp

from theory import correlation_law as law
from theory.claims import SYMBOLIC as ON
from theory.claims.correlation_phases import B, K, L
from theory.mutation.explained import Explanation
from theory.proof import Identity

EXPLAINED = (
    Explanation(
        "loss at the margins (L, L, 0)",
        (
            Identity(
                name="loss at another correlation",
                lhs=law.loss(L, L, sp.Integer(0), K, 1 - B**2, ON),
                rhs=2 * sp.log(1 + (K - 1) * sp.exp(-L)),
                because="the step at ρ = 1 − B²: both kinds of cell lose the same",
            ),
        ),
    ),
)
