"""A symmetry of the certificate of two tasks: δ and λ̄_2 may change places."""

from __future__ import annotations

from theory.claims.label_simplex_limit import K, apart, delta_, lam_o, opposite
from theory.mutation.explained import Explanation
from theory.proof import Inequality

EXPLAINED = (
    Explanation(
        "two tasks, ρ < 0: the other task's class",
        (
            Inequality(
                name="δ and λ̄_2 exchanged",
                lhs=opposite * delta_ * (1 - 1 / K) - (lam_o + delta_) / K,
                op="<",
                rhs=0,
                by=((1 - opposite * (K - 1), delta_ / K), (lam_o / K,)),
                where=(apart,),
                because="r(K − 1) ≤ 1 takes either of the two",
            ),
        ),
    ),
)
