r"""What the orthonormality of P₁, P₂, Q₁, Q₂ adds to steps that do not use it.

Where the term √λ_H tr D₁ >= 0 is added to the larger side, or taken from the smaller one, a lower bound still holds.
Dead directions carry no feature, not even at the threshold: Q₂ᵀH̃ᵀ = 0.  And S₂² <= τ² bounds S₂ from below as well.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.claims.squared_error import (
    CLAIM,
    D_1,
    DEAD_DIRECTIONS,
    P_1,
    P_2,
    Q_1,
    Q_2,
    S_2,
    H,
    V,
    bound,
    f_bias,
    f_plain,
    lam,
    orthonormal,
    outside_left,
    part,
    root,
    squares_below,
    tau,
    v,
)
from theory.mutation.explained import Explanation
from theory.mutation.operators import scalar_mutants
from theory.proof import Identity, Inequality, Slack, Square, Using
from theory.proof.traces import Trace, identity, trace

LIVING = sp.sqrt(lam) * trace(D_1 @ P_1.T @ P_1 @ Q_1.T @ Q_1)
FREE_BIAS = "lower bound under a free bias"
FEATURES = "features live in the label space"


def with_more_room(of: str, f: Trace, larger: Any = 0, smaller: Any = 0) -> Explanation:
    """f + larger √λ_H tr D₁ >= bound − smaller √λ_H tr D₁."""
    weight = sp.sqrt(lam) * (sp.sympify(larger) + smaller)
    return Explanation(
        of,
        (
            Inequality(
                name="with more room",
                lhs=f + larger * LIVING,
                op=">=",
                rhs=bound - smaller * LIVING,
                by=((Slack(of),), (weight, Square(V))),
                using=(
                    orthonormal("orthonormal P₁", D_1, Q_1.T @ Q_1, weight),
                    orthonormal("orthonormal Q₁", D_1, identity("a"), weight),
                    Using("root of D₁", times=-weight),
                ),
                because="√λ_H tr D₁ ≥ 0",
            ),
        ),
    )


def features(times: Any) -> Explanation:
    """H̃ᵀ = Q₁Q₁ᵀH̃ᵀ + times Q₂Q₂ᵀH̃ᵀ, for what the claim shows later: the last term is 0."""
    return Explanation(
        FEATURES,
        (
            *DEAD_DIRECTIONS,
            Identity(
                name="the living directions are enough",
                lhs=H.T,
                rhs=Q_1 @ Q_1.T @ H.T + times * (Q_2 @ Q_2.T @ H.T),
                using=(
                    Using(FEATURES),
                    Using("dead directions carry no feature", times=1 - sp.sympify(times), left=Q_2),
                ),
                because="Q₂ᵀH̃ᵀ = 0, below the threshold and at it",
            ),
        ),
    )


def below_the_threshold(factor: Any) -> Explanation:
    """factor Q₂ᵀH̃ᵀ = S₂² Q₂ᵀH̃ᵀ, for what the claim shows later: both are 0."""
    features_there, none = Q_2.T @ H.T, "dead directions carry no feature"
    return Explanation(
        DEAD_DIRECTIONS[0].name,
        (
            *DEAD_DIRECTIONS[1:],
            Identity(
                name="both sides are 0",
                lhs=factor * features_there,
                rhs=S_2 @ S_2 @ features_there,
                using=(Using(none, times=factor), Using(none, times=-1, left=S_2 @ S_2)),
                because="Q₂ᵀH̃ᵀ = 0",
            ),
        ),
    )


#: τ + S₂ = ((τ + S₂)² + τ² − S₂²)/(2τ)
BOUNDED_BELOW = Explanation(
    "it is positive semidefinite",
    (
        Inequality(
            name="bounded below too",
            lhs=trace(v.T @ (part - root + tau * identity("R") + 2 * (P_2 @ S_2 @ P_2.T)) @ v),
            op=">=",
            rhs=sp.Integer(0),
            by=(
                (tau, Square(outside_left @ v)),
                (1 / (2 * tau), Square((tau * identity("c") + S_2) @ P_2.T @ v)),
                (1 / (2 * tau), Square(P_2.T @ v, squares_below)),
            ),
            using=tuple(
                orthonormal(name, v.T @ A, B.T @ v, -tau, transposed)
                for name, A, B, transposed in (
                    ("orthonormal P₁", P_1, P_1, False),
                    ("orthonormal P₂", P_2, P_2, False),
                    ("P₁ ⟂ P₂", P_1, P_2, False),
                    ("P₁ ⟂ P₂", P_2, P_1, True),
                )
            ),
            because="S₂² ≤ τ² says S₂ ≥ −τ as well",
        ),
    ),
)

HALF = sp.Rational(1, 2)
EXPLAINED = (
    with_more_room("lower bound without a bias", f_plain, larger=1),
    *(with_more_room("lower bound without a bias", f_plain, smaller=c) for c in (HALF, 1, 2)),
    with_more_room(FREE_BIAS, f_bias, larger=1),
    *(with_more_room(FREE_BIAS, f_bias, smaller=c) for c in (HALF, 1, 2)),
    *(features(c) for c in (-1, 0, HALF, 2)),
    *(below_the_threshold(c) for c in (sp.Integer(0), *(c for _, c in scalar_mutants(tau**2, CLAIM.alphabet)))),
    BOUNDED_BELOW,
)
