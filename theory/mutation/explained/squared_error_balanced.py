"""With N >= 1 samples, σ₀ = √(NΛ) > τ = √λ_H N/κ leaves room: √Λ > √λ_H √N/κ >= √λ_H/κ."""

from __future__ import annotations

import sympy as sp

from theory.claims.squared_error_balanced import CLAIM, K_s, K_t, N, kappa, lam, mean_living, share, sigma_0, tau
from theory.mutation.explained import Explanation
from theory.proof import Inequality

EACH = sp.sqrt(lam) / (K_s * K_t * share)

EXPLAINED = (
    Explanation(
        CLAIM.steps[-1].name,
        (
            Inequality(
                name="for one sample",
                lhs=EACH * (sp.sqrt(share) - sp.sqrt(lam) / kappa),
                op=">",
                rhs=sp.Integer(0),
                by=(
                    (sigma_0 - tau, EACH / sp.sqrt(N)),
                    (N - 1, EACH * sp.sqrt(lam) / (kappa * (sp.sqrt(N) + 1))),
                ),
                where=(mean_living,),
                because="√Λ > √λ_H √N/κ, and N ≥ 1",
            ),
        ),
    ),
)
