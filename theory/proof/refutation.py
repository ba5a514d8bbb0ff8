"""A step is refuted at an instance where everything that it uses holds and its relation does not."""

from __future__ import annotations

from typing import Any

from theory.proof import Claim, Context, Given, Identity, Inequality, Outcome, Step, Verdict, difference
from theory.proof.alphabet import Condition
from theory.proof.enclosure import enclose
from theory.proof.instances import Instance, exact_sign


def uses(step: Step, context: Context) -> list[tuple[str, Any]]:
    """The equations that ``step`` uses, by name, as terms that vanish: in the reading that ``using`` takes."""
    out = []
    for use in getattr(step, "using", ()):
        equation = context.equation(use.equation)
        lhs, _, rhs = (equation.lhs, "=", equation.rhs) if isinstance(equation, Given) else equation.relation(context)
        out.append((use.equation, difference(*(getattr(equation, "read_as", None) or (lhs, rhs)))))
    return out


def holds(condition: Condition, at: Instance) -> bool:
    """Does the condition hold at the instance?"""
    sign = exact_sign(at.number(condition.slack))
    return sign > 0 or (sign == 0 and not condition.strict)


def refute(claim: Claim, step: Step, at: Instance) -> Outcome:
    """``refuted`` if the equations that ``step`` uses hold at the instance and the step does not; else ``undecided``.

    The step may be a false variant of one of the claim: it is read in the context of the claim's hypotheses
    and of all its steps.  Raises ``ValueError`` if the instance breaks an equation used or a condition, and
    ``TypeError`` for a step that is neither an identity nor an inequality.
    """
    if not isinstance(step, (Identity, Inequality)):
        raise TypeError(f"step {step.name!r}: expected an identity or an inequality, got {step.kind}")
    context = Context(
        claim.alphabet, claim.hypotheses, {s.name: s for s in claim.steps if s.name != step.name}, claim.relies_on
    )
    for name, term in uses(step, context):
        if any(at.signs(term)):
            raise ValueError(f"the instance does not satisfy {name!r}")
    for condition in step.conditions:
        if not holds(condition, at):
            raise ValueError(f"the instance does not satisfy the condition {condition.name!r}")
    lhs, op, rhs = step.relation(context)
    gap = step.slack if isinstance(step, Inequality) else difference(lhs, rhs)
    for value in at.values(gap):
        sign = exact_sign(value)
        if sign < 0 or (sign != 0 and op == "="):
            shown = enclose(value, {}).str(8, radius=False)
            return Outcome(Verdict.REFUTED, f"the two sides differ by {shown} at the instance", at.shown(), shown)
    return Outcome(Verdict.UNDECIDED, "the step holds at the instance")
