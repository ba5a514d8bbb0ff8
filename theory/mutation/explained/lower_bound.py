"""A bias costs what it is penalised with and never pays; and C(c) falls where its first logarithm does."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from theory.claims.lower_bound import CLAIM, B, K, alpha, b, c, constant, half, objective
from theory.mutation.explained import Explanation
from theory.mutation.explained._logarithms import logarithms
from theory.proof import Inequality, Slack, Square, Sum, Termwise
from theory.proof.traces import Trace

STEP = next(s for s in CLAIM.steps if s.name == "lower bound" and isinstance(s, Inequality))
WITHIN, SMALLER = (1 + c) * (K - 1), c * (K - 1)


def with_penalty(share: sp.Rational) -> Explanation:
    """The bound with ``share`` times the penalty of the bias: the labels add up to 0, so a bias gains nothing."""
    kept = ((share * half, Square(B @ b)),) if share else ()
    return Explanation(
        STEP.name,
        (
            replace(
                STEP,
                name="with less penalty of the bias",
                lhs=objective - (1 - share) * half * (B @ b).square(),
                by=(*STEP.by[:-1], *kept),
                because="the other four terms bound the rest",
            ),
        ),
    )


SMALLER_CONSTANT = Explanation(
    STEP.name,
    (
        *logarithms("c_t < 1 + c_t", WITHIN, SMALLER),
        Inequality(
            name="with a smaller constant",
            lhs=objective,
            op=">=",
            rhs=Trace({}) + Sum("t", alpha * (constant + (sp.log(SMALLER) - sp.log(WITHIN)) / (1 + c))),
            by=((Slack(STEP.name),), (Termwise("t", (alpha / (1 + c), Slack("c_t < 1 + c_t"))),)),
            because="log c_t(K_t − 1) ≤ log (1 + c_t)(K_t − 1)",
        ),
    ),
)

EXPLAINED = (with_penalty(sp.Integer(0)), with_penalty(half), SMALLER_CONSTANT)
