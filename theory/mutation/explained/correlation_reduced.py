"""Stationarity of α·loss without its factor α, and what a bound for K classes says of K − 1."""

from __future__ import annotations

import sympy as sp

from theory.claims.correlation_reduced import CLAIM, B, K, alpha, mu, w
from theory.mutation.explained import Explanation
from theory.proof import Cited, Identity, Inequality, Slack, Using

STATIONARY, DEAD = "its minimiser is stationary", "a dead difference"
_gradient = next(s.roles["gradient"] for s in CLAIM.steps if isinstance(s, Cited) and s.name == STATIONARY)


def _scaled(power: int) -> Explanation:
    """The gradient with α^power for its factor α."""
    return Explanation(
        STATIONARY,
        (
            Identity(
                name="stationary on another scale",
                lhs=_gradient.subs(alpha, alpha**power),
                rhs=sp.Integer(0),
                using=(Using(STATIONARY, times=alpha ** (power - 1)),),
                because="the same equation times a power of α > 0",
            ),
        ),
    )


_slope = alpha * w * sp.sqrt(B)  # times (K−1)/√K it is the slope at a dead difference

EXPLAINED = (
    _scaled(0),
    _scaled(2),
    Explanation(
        DEAD,
        (
            Inequality(
                name="a dead difference, one class less",
                lhs=mu * (K - 1),
                op=">=",
                rhs=_slope * (K - 2) / sp.sqrt(K - 1),
                by=(
                    (Slack(DEAD),),
                    (_slope, 1 + 1 / sp.sqrt(K * (K - 1)), 1 / (sp.sqrt(K) + sp.sqrt(K - 1))),
                ),
                because="(K−1)/√K increases in K",
            ),
        ),
    ),
)
