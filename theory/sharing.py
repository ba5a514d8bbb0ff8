"""What sharing one feature matrix can gain: bounds by single-task minima (claim ``price_of_sharing``).

    Σ_t f_t*(p_t λ_H)  ≤  f*(λ_H)  ≤  Σ_t f_t*(λ_H)          for all p_t ≥ 0, Σ p_t = 1

The left bound holds in every feature dimension; it is attained by identical tasks at p_t = 1/T, the right one
by independent ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from theory.additivity import single_task_problem
from theory.model import UFM


def split_problems(problem: UFM, shares: Sequence[Fraction]) -> tuple[UFM, ...]:
    """The single-task problems at feature decays p_t λ_H, p_t = ``shares``; those of share 0 are left out.

    A task without feature decay has the infimum 0 of its loss, not attained, which bounds nothing from above.
    Raises ``ValueError`` unless there is one share a task, none is negative and they add up to 1.
    """
    if len(shares) != problem.design.tasks:
        raise ValueError(f"shares: {len(shares)} of them; expected one a task, {problem.design.tasks}")
    if min(shares) < 0 or sum(shares) != 1:
        raise ValueError(f"shares: {', '.join(map(str, shares))}; expected numbers >= 0 that add up to 1")
    out = []
    for t, share in enumerate(shares):
        if share > 0:
            alone = single_task_problem(problem, t)
            out.append(UFM.from_dict({**alone.to_dict(), "feature_decay": str(alone.feature_decay * share)}))
    return tuple(out)
