"""Where a proof says what a quantity is called: readings, checked where that can be done and stated where not.

A step may print a term by a name (:class:`theory.proof.rendering.Named`), ``by`` an earlier step that gave the quantity
of that name the value; or it may give its equation again in the letters of matrix polynomials (``read_as``), which
later steps use.  That the name, or the letters, mean what the value says is a reading: a block of a stacked matrix,
say.  It is *shown* where the step named by ``by`` has the same name on one side and the same value on the other,
else it is *stated*: a reader has to agree with it, and the report prints it as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from theory.proof import Claim, Given, Step, difference, scalars_of, value_of
from theory.proof.alphabet import Condition
from theory.proof.normal_form import residue
from theory.proof.rendering import Named, relation_latex, relation_plain
from theory.proof.traces import Word


@dataclass(frozen=True)
class Reading:
    """One reading of a step: what is read as what, the earlier step it rests on ("" for none), and if it is shown."""

    plain: str
    latex: str
    by: str
    shown: bool


def readings(claim: Claim, step: Step) -> list[Reading]:
    """The readings of a step, in the order of its sides."""
    context = claim.context(step)
    lhs, op, rhs = step.relation(context)
    out = []
    for side in (lhs, rhs):
        if isinstance(side, Named) and side.by:
            value = value_of(side)
            shown = _shown(side, value, context.equation(side.by).relation(context), claim)
            text = relation_plain(side, "=", value)
            out.append(Reading(text, relation_latex(side, "=", value, claim.alphabet), side.by, shown))
    read_as = getattr(step, "read_as", None)
    if read_as is not None:
        left, right = read_as
        text = relation_plain(left, op, right)
        out.append(Reading(text, relation_latex(left, op, right, claim.alphabet), "", False))
    return out


def linked(claim: Claim, given: Given) -> str:
    """How the step ``given.shown_by`` shows a hypothesis: ``"the same equation"``, or ``"read in other letters"``.

    ``ValueError`` if that step is not proved, no equation, or holds under conditions that the claim does not assume.
    """
    owner, _, name = given.shown_by.rpartition("::")
    source = claim if not owner else next(c for c in claim.relies_on if c.name == owner)
    step = next(s for s in source.steps if s.name == name)
    if not source.check(step).proved:
        raise ValueError(f"claim {claim.name!r}: {given.name!r} rests on {given.shown_by!r}, which is not proved")
    lhs, op, rhs = step.relation(source.context(step))
    if op != "=":
        raise ValueError(f"claim {claim.name!r}: {given.name!r} rests on {given.shown_by!r}, which is no equation")
    assumed = {h.name for h in claim.hypotheses if isinstance(h, Condition)}
    beyond = [c.name for c in step.conditions if c.name not in assumed]
    if beyond:
        shown = f"{given.name!r} rests on {given.shown_by!r}"
        raise ValueError(
            f"claim {claim.name!r}: {shown}, which holds where {beyond[0]!r}; the claim does not assume it"
        )
    here, there = difference(given.lhs, given.rhs), difference(*(getattr(step, "read_as", None) or (lhs, rhs)))
    same = _equal(here, there, claim) or (isinstance(there, Word) and _equal(here, there.T, claim))
    return "the same equation" if same else "read in other letters"


def _equal(here: Any, there: Any, claim: Claim) -> bool:
    """Are two vanishing terms the same, letter by letter?"""
    try:
        rest = scalars_of(difference(here, there))
    except (ValueError, TypeError, AttributeError):
        return False
    return all(residue(c, claim.alphabet) == 0 for c in rest)


def _shown(named: Named, value: Any, relation: tuple[Any, str, Any], claim: Claim) -> bool:
    lhs, op, rhs = relation
    if op != "=":
        return False
    for name, other in ((lhs, rhs), (rhs, lhs)):
        if isinstance(name, Named) and name.plain == named.plain:
            try:
                rest = scalars_of(difference(other, value))
            except (ValueError, TypeError):
                continue
            if all(residue(c, claim.alphabet) == 0 for c in rest):
                return True
    return False
