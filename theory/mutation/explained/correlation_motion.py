"""Above the limit of vanishing decay, and by more than is claimed: √(1+ρ) ≥ 1 and √(1+ρ) + √(1−ρ) ≥ 1."""

from __future__ import annotations

from theory.claims.correlation_motion import down, kappa, rho, up
from theory.mutation.explained import Explanation
from theory.proof import Inequality

ABOVE = "the limit is approached from above"
_limit = (up - down) / (up + down)
#: √(1+ρ) − 1 and √(1+ρ) − √(1−ρ), with signs that are seen
_more, _apart = (rho, 1 / (up + 1)), (2 * rho, 1 / (up + down))

EXPLAINED = (
    Explanation(
        ABOVE,
        (
            Inequality(
                name="the difference of the square roots alone is above it",
                lhs=(1 + kappa) * up - down,
                op=">=",
                rhs=_limit,
                by=((kappa, up), (*_apart, *_more, 1 / (up + down)), (*_apart, down, 1 / (up + down))),
                because="x ≥ x/(√(1+ρ) + √(1−ρ)) for x ≥ 0",
            ),
        ),
    ),
    Explanation(
        ABOVE,
        (
            Inequality(
                name="above it also over a smaller sum",
                lhs=((1 + kappa) * up - down) / (1 + kappa + down),
                op=">=",
                rhs=_limit,
                by=tuple(
                    (*product, 1 / ((1 + kappa + down) * (up + down)))
                    for product in ((*_apart, *_more), (kappa, up, *_more), (kappa, down, up + 1))
                ),
                because="1 + κ ≤ (1 + κ)√(1+ρ)",
            ),
        ),
    ),
)
