"""Where the deviations are not squared, their weighted sum is 0: d̄ is their mean."""

from __future__ import annotations

from theory.claims.stability import centre, d_k, least, mean_d, q_k
from theory.mutation.explained import Explanation
from theory.proof import Inequality, Sum, Termwise, Using

EXPLAINED = (
    Explanation(
        "variance of the deviations",
        (
            Inequality(
                name="deviations without their square",
                lhs=Sum("k", q_k * (d_k - centre) ** 2),
                op=">=",
                rhs=Sum("k", least * (d_k - mean_d)),
                by=((Termwise("k", (q_k, (d_k - centre) ** 2)),),),
                using=(Using("d̄ is the mean of d_k = z_k − z°_k", times=-least),),
                because="the smaller side is 0: deviations from the mean add up to 0",
            ),
        ),
    ),
)
