r"""A step rests on others only where they hold: the conditions of what it uses must be its own, or the claim's.

    step A        ... where x > 1
    step B        uses A; must state x > 1 too, unless the claim assumes it

A sum over "t alive" is over the tasks for which "task t is alive": it states that condition.
Premises of a citation under two conditions of which one always holds (x < y, x ≥ y) are a case each, for every task of
a stack, and together no condition; an equation that adds up both would say nothing.  The cases of
:class:`theory.proof.steps.cases.Cases` are no conditions either: it checks that they are all.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from theory.proof.alphabet import Condition
from theory.proof.normal_form import residue
from theory.proof.rendering import Named
from theory.proof.steps.base import Context, Slack, Step, Termwise
from theory.proof.steps.cases import Cases
from theory.proof.steps.cited import Cited
from theory.proof.steps.vanishing import eliminate, value_of
from theory.proof.sums import Sum


def names_used(step: Step) -> Iterator[str]:
    """Every name by which a step calls another, or a hypothesis, that it rests on."""
    yield from (use.equation for use in getattr(step, "using", ()))
    yield from getattr(step, "premises", ())
    of = getattr(step, "of", ())  # a name, names, or what a derivative is taken of
    yield from (of,) if isinstance(of, str) else (n for n in of if isinstance(n, str)) if isinstance(of, tuple) else ()
    by = getattr(step, "by", ())  # products, or the symbol of a derivative
    for product in by if isinstance(by, tuple) else ():
        for factor in product:
            inner = factor.factors if isinstance(factor, Termwise) else (factor,)
            yield from (f.step for f in inner if isinstance(f, Slack))
    yield from (s.by for s in (getattr(step, "lhs", None), getattr(step, "rhs", None)) if isinstance(s, Named) and s.by)


def inherited(step: Step, context: Context) -> list[tuple[str, Condition]]:
    """(step used, condition) for every condition of a step that this one uses, but for cases that are all."""
    if isinstance(step, Cases):
        return []
    found: list[tuple[str, Condition]] = []
    for name in dict.fromkeys(names_used(step)):
        used = context.equation(name) if "::" in name or name in context.earlier else None
        if isinstance(used, Step):
            found += [(name, condition) for condition in used.conditions]
    if not isinstance(step, Cited):
        return found
    return [
        (name, condition)
        for name, condition in found
        if not any(_complementary(condition, other, context) for _, other in found)
    ]


def unstated(step: Step, context: Context) -> list[tuple[str, Condition]]:
    """Those of :func:`inherited` that are neither the step's own conditions nor hypotheses of the claim."""
    stated = [*step.conditions, *(h for h in context.hypotheses if isinstance(h, Condition))]
    found = inherited(step, context)
    summed = _index_sets(step, context) if found else set()
    out = []
    for name, condition in found:
        if condition.name in summed:
            continue
        elsewhere = "::" in name  # in other letters: by name
        if not any(c.name == condition.name and (elsewhere or _same(c, condition, step, context)) for c in stated):
            out.append((name, condition))
    return out


def _index_sets(step: Step, context: Context) -> set[str]:
    """ "task t is alive" for a relation whose sums are over the "t alive"."""
    lhs, _, rhs = step.relation(context)
    indices = [value_of(side).index for side in (lhs, rhs) if isinstance(value_of(side), Sum)]
    return {f"task {name} is {words}" for name, _, words in (i.partition(" ") for i in indices) if words}


def demand_stated(step: Step, context: Context) -> None:
    """``ValueError`` if the step uses another one beyond the conditions under which that one holds."""
    for name, condition in unstated(step, context):
        missing = f"{name!r} holds where {condition.name!r}, which is not assumed here"
        raise ValueError(f"step {step.name!r}: {missing}; state it in where=")


def _same(a: Condition, b: Condition, step: Step, context: Context) -> bool:
    return a.strict == b.strict and residue(_slack(a, step) - _slack(b, step), context.alphabet) == 0


def _slack(condition: Condition, step: Step) -> sp.Expr:
    return eliminate(sp.sympify(value_of(condition.slack)), step.lets)


def _complementary(a: Condition, b: Condition, context: Context) -> bool:
    if a.strict and b.strict:
        return False
    slacks = [value_of(c.slack) for c in (a, b)]
    return all(isinstance(s, sp.Expr) for s in slacks) and residue(sum(slacks), context.alphabet) == 0
