"""The family of fine and coarse labels with its two parameters exchanged in the quadratic part: a square too."""

from __future__ import annotations

import sympy as sp

from theory.claims.label_simplex_failure import p, pair_sum, y
from theory.mutation.explained import Explanation
from theory.proof import Inequality

CROSS = 2 * sp.sqrt(sp.Rational(2, 3))

EXPLAINED = (
    Explanation(
        "fine and coarse labels: least norm of the family",
        (
            Inequality(
                name="p and y exchanged",
                lhs=pair_sum.subs({p: y, y: p}, simultaneous=True) + CROSS * (1 - 3 * p * y),
                op=">=",
                rhs=sp.Rational(5, 3) + CROSS,
                by=((sp.Integer(2), (p - sp.sqrt(6) / 2 * y) ** 2),),
                because="the square (√2 p − √3 y)²",
            ),
        ),
    ),
)
