"""Where the published condition is too weak, N >= 1 samples leave room: N^{3/2} > c_t as well as N² > c_t."""

from __future__ import annotations

import sympy as sp

from theory.claims.published import CLAIM, K, N, c
from theory.mutation.explained import Explanation
from theory.proof import Inequality, Step

ROOT = sp.sqrt(N)


def _with_a_root(step: Step, power: int) -> Explanation:
    below = 1 / (4 * K * ROOT)
    return Explanation(
        step.name,
        (
            Inequality(
                name="with a root of N",
                lhs=N / (4 * K),
                op=">",
                rhs=c**power * below,
                by=(
                    (N - 1, 1 / (4 * K)),
                    (N - 1, below / (ROOT + 1)),
                    (1 - c, (1 + c) ** (power - 1), below),
                ),
                where=step.conditions,
                because="N√N > c_t for N ≥ 1 > c_t",
            ),
        ),
    )


EXPLAINED = tuple(
    _with_a_root(step, 1 if "also on the decay" in step.name else 2)
    for step in CLAIM.steps
    if step.name.startswith("weights below 1 admit dead tasks: mean loss, penalties without halves")
)
