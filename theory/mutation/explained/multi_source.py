"""The value of a task is positive, and larger the more classes and the less probable the right one is."""

from __future__ import annotations

import sympy as sp

from theory.claims.multi_source import K, a, alpha, coupling, eps, f_t, value
from theory.mutation.explained import Explanation
from theory.mutation.explained._logarithms import logarithms
from theory.proof import Inequality, Slack, Sum, Termwise

#: The loss at margin a is the logarithm of this.
INSIDE = 1 + (K - 1) * sp.exp(-a)
LOSS = "the logarithm of the loss"
ROOT, ROOT_LESS = sp.sqrt(K), sp.sqrt(K - 1)


def bound(
    because: str, smaller: sp.Expr, inside: sp.Expr, *rest: tuple[sp.Expr, ...], times: int = 1
) -> tuple[Explanation, Explanation]:
    """``times`` f_t >= ``smaller`` of one task, and of the sum: log INSIDE >= log ``inside``, and ``rest`` >= 0."""
    loss = logarithms(LOSS, INSIDE, inside)
    parts = ((sp.Integer(times), Slack("one task")), (alpha, Slack(LOSS)), *rest)
    one = Inequality(name="a weaker bound", lhs=times * f_t, op=">=", rhs=smaller, by=parts, because=because)
    every = Inequality(
        name="a weaker bound",
        lhs=Sum("t", times * f_t),
        op=">=",
        rhs=Sum("t", smaller),
        by=tuple((Termwise("t", part),) for part in parts),
        because=because,
    )
    return Explanation("one task", (*loss, one)), Explanation("lower bound", (*loss, every))


def inside(other: sp.Expr) -> sp.Expr:
    """The value with another logarithm."""
    return value.xreplace({sp.log(INSIDE): sp.log(other)})


FEWER, LESS_PROBABLE = 1 + (K - 2) * sp.exp(-a), 1 + (K - 1) * sp.exp(-2 * a)
EXPLAINED = (
    *bound(
        "the value of a task is positive",
        value,
        sp.Integer(1),
        (a * coupling * (K - 1) / ROOT,),
        (alpha * a * eps * (K - 1) / K,),
        times=2,
    ),
    *bound(
        "the value grows with the number of classes, √K_t − 1/√K_t among its terms",
        value.xreplace({K: K - 1}),
        FEWER,
        (a * coupling, 1 / (ROOT + ROOT_LESS), 1 + 1 / (ROOT * ROOT_LESS)),
        (alpha * a * eps / (K * (K - 1)),),
    ),
    # of one task these are found by the machine
    bound("one wrong class fewer", inside(FEWER), FEWER)[1],
    bound("without the right class", inside(INSIDE - 1), INSIDE - 1)[1],
    bound("wrong classes less probable", inside(LESS_PROBABLE), LESS_PROBABLE)[1],
)
