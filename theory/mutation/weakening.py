"""A hypothesis left out: a point at which the others hold and the relation fails, or a proof without it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import sympy as sp

from theory.mutation.assertions import Assertion, assertion
from theory.mutation.equivalents import EQUIVALENT, holds
from theory.mutation.explained import explained
from theory.mutation.facts import Facts
from theory.mutation.fates import SECONDS, Mutant, decided_by, killed
from theory.mutation.hunt import hunt
from theory.mutation.instances import INSTANCES
from theory.mutation.limits import limited
from theory.mutation.points import assumed, points
from theory.mutation.repair import varied
from theory.mutation.variants import weakened
from theory.mutation.worlds import Irrational, World
from theory.proof import Claim, Identity, Inequality, Step
from theory.proof.alphabet import Condition
from theory.proof.applied import Applied
from theory.proof.conditions import demand_stated, inherited
from theory.proof.enclosure import Undefined
from theory.proof.traces import Trace, Word

SEED = 20261123
#: Variations of a world at which all hypotheses hold, to find one at which all but one do.
VARIED = 120
#: Points drawn where one hypothesis is left out.
LOOSE = 18
#: Instances are drawn, and varied, until half as many as this are kept.
DRAWN = 80


def without(
    claim: Claim,
    step: Step,
    operator: str,
    what: str,
    weaker: Assertion,
    rng: random.Random,
    known: list[Word],
    worlds: Sequence[World] = (),
) -> Mutant:
    """A point at which what is left of the hypotheses holds and the relation fails, or a proof without it."""
    made = partial(Mutant, claim.name, step.name, operator)
    draw = INSTANCES.get(claim.name, claim.instance)
    search = not worlds or draw is None or any(w.searched for w in worlds)
    for world in points(weaker, claim.alphabet, rng, LOOSE, true=False, search=search, draw=draw):
        if killed(weaker, world):
            return made(what, decided_by(weaker, world), point=world.shown())
    if draw is not None:  # few instances are of a design that breaks this one hypothesis
        for world in points(weaker, claim.alphabet, rng, DRAWN, true=False, search=False, draw=draw):
            if killed(weaker, world):
                return made(what, decided_by(weaker, world), point=world.shown())
    premises = [t for _, t in weaker.premises]
    for base in worlds[:6]:
        for _ in range(VARIED if base.matrices else 0):
            varied_world = varied(base, premises, claim.alphabet, rng)
            if varied_world is not None and _assumed(weaker, varied_world) and killed(weaker, varied_world):
                return made(what, decided_by(weaker, varied_world), point=varied_world.shown())
    found = None
    with limited(SECONDS):
        found = hunt(weaker, claim.alphabet)
    if found is not None:
        return made(what, decided_by(weaker, found), point=found.shown())
    same = _same_condition(operator, what, weaker, claim, step)
    if same:
        return made(what, EQUIVALENT, same)
    reason = explained(claim, step, weaker, without=what)
    if not reason and operator.startswith("condition"):
        kept = tuple(w for w in step.where if not (isinstance(w, Condition) and w.name == what))
        if claim_proves(claim, step, where=kept):
            reason = "the same proof goes through without it"
    elif not reason and operator == "premise dropped" and isinstance(step, (Identity, Inequality)):
        using = tuple(u for u in step.using if u.equation != what)
        if claim_proves(claim, step, using=using):
            reason = "the same proof goes through without it"
    left = known if operator != "premise dropped" else []
    with limited(SECONDS):
        reason = reason or holds(weaker, claim.alphabet, left, (step, claim.context(step)))
    if not reason and operator == "condition weak":
        reason = _closed(weaker)
    return made(what, "not used" if reason else "survived", reason)


def _assumed(asserted: Assertion, world: World) -> bool:
    try:
        return assumed(asserted, world)
    except (Undefined, Irrational):
        return False


def _same_condition(operator: str, what: str, weaker: Assertion, claim: Claim, step: Step) -> str:
    """Does the changed condition, with the others, say what it said?"""
    if operator not in ("condition weak", "condition doubled"):
        return ""
    facts = Facts(claim.alphabet)
    stated = {c.name: c for c in assertion(step, claim.context(step)).conditions}
    changed = next(c for c in weaker.conditions if c.name == what)
    old, new = stated[what], changed.slack
    if old.slack == 0 or new == 0:
        return ""
    if operator == "condition doubled" and facts.sign(sp.cancel(new / old.slack)) == ">":
        return "the same condition, times a positive number"
    for other in weaker.conditions:
        if operator == "condition weak" and other.strict and facts.sign(sp.cancel(other.slack / old.slack**2)) == ">":
            return "the same condition: another one excludes equality"
    return ""


def source(claim: Claim, step: Step) -> tuple[Claim, Step] | None:
    """The claim and step that an applied step quotes."""
    if not isinstance(step, Applied):
        return None
    name, of = step.of.split("::", 1)
    source = next(c for c in claim.relies_on if c.name == name)
    return source, next(s for s in source.steps if s.name == of)


def inherited_from(claim: Claim, step: Step, condition: str) -> tuple[Claim, Step] | None:
    """Where a condition of the step is from that holds of another step on which it rests, if it does.

    The step states it because that one does: it is needed here if it is needed there.
    """
    for name, one in inherited(step, claim.context(step)):
        if one.name == condition and "::" not in name:
            used = next(s for s in claim.steps if s.name == name)
            return inherited_from(claim, used, condition) or (claim, used)
    return None


def elsewhere(claim: Claim, step: Step, operator: str, what: str, source: Claim, quoted: Step) -> Mutant | None:
    """The fate of a condition of a quoted step: that of the same condition where the step is proved, if it has one."""
    context = source.context(quoted)
    rng = random.Random(f"{SEED}:{source.name}:{quoted.name}")
    for other, name, weaker in weakened(assertion(quoted, context)):
        if other == operator and name == what:
            found = without(source, quoted, other, name, weaker, rng, [])
            return replace(found, claim=claim.name, step=step.name, reason=found.reason or f"see {source.name}")
    return None


def claim_proves(claim: Claim, step: Step, **changes: Any) -> bool:
    """Does the machinery prove the changed step?"""
    try:
        changed, context = replace(step, **changes), claim.context(step)
        demand_stated(changed, context)
        return changed.check(context).proved
    except (ValueError, TypeError, Undefined, ZeroDivisionError):
        return False


def _closed(weaker: Assertion) -> str:
    """A non-strict relation between continuous functions extends to the closure of an open condition."""
    if weaker.op in ("<=", ">=", "=") and not any(isinstance(s, (Word, Trace)) for s in (weaker.lhs, weaker.rhs)):
        return "a closed relation between continuous functions extends to the boundary"
    return ""
