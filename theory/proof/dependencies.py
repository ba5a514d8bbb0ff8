"""Which steps of other claims a proof uses, and what it leaves to its reader: found in its steps, not typed."""

from __future__ import annotations

from dataclasses import dataclass

from theory.proof.claim import Claim
from theory.proof.conditions import names_used
from theory.proof.readings import linked, readings
from theory.proof.rendering import Named, relation_plain
from theory.proof.steps.base import Given, Let, Step
from theory.proof.steps.cited import Cited


def used_from_others(claim: Claim) -> dict[str, tuple[str, ...]]:
    """By claim, the steps of other claims on which this one rests, each once in the order of use."""
    found: dict[str, dict[str, None]] = {}
    names = [name for step in claim.steps for name in names_used(step)]
    names += [h.shown_by for h in claim.hypotheses if isinstance(h, Given)]
    for name in names:
        owner, _, step = name.partition("::")
        if step and any(owner == c.name for c in claim.relies_on):
            found.setdefault(owner, {})[step] = None
    found.update({c.name: {} for c in claim.relies_on if c.name not in found})  # called upon in words
    return {owner: tuple(steps) for owner, steps in found.items()}


def named(claim: Claim, step: Step) -> list[Named]:
    """The sides of a step that are printed by a name, and that no earlier step gave their value."""
    lhs, _, rhs = step.relation(claim.context(step))
    return [side for side in (lhs, rhs) if isinstance(side, Named) and not side.by and side.value is not None]


def substitution(let: Let) -> str:
    """A change of variables as plain text, with its reason."""
    text = relation_plain(let.symbol, "=", let.value)
    return f"{text} ({let.because})" if let.because else text


@dataclass(frozen=True)
class Trusted:
    """What a reader of a proof has to agree with.

    words : hypotheses in words.
    equations : hypotheses that are equations and that no step shows: definitions, mostly.
    letters : hypotheses that a step shows in other letters.
    readings : names and letters whose meaning is stated, by step.
    citations : citations whose roles are read and not checked, as "step (lemma)".
    substitutions : changes of variables, each with its reason: that the new variables exist is not shown.
    names : terms that are printed by a name while their value is computed where the step is written.
    """

    words: tuple[str, ...]
    equations: tuple[str, ...]
    letters: tuple[str, ...]
    readings: tuple[str, ...]
    citations: tuple[str, ...]
    substitutions: tuple[str, ...]
    names: tuple[str, ...]


def trusted(claim: Claim) -> Trusted:
    """What the machine does not check of a claim."""
    given = [h for h in claim.hypotheses if isinstance(h, Given)]
    cited = [(s, o) for s, o in zip(claim.steps, claim.outcomes, strict=True) if isinstance(s, Cited)]
    return Trusted(
        tuple(h for h in claim.hypotheses if isinstance(h, str)),
        tuple(h.name for h in given if not h.shown_by),
        tuple(h.name for h in given if h.shown_by and linked(claim, h) != "the same equation"),
        tuple(s.name for s in claim.steps if any(not r.shown for r in readings(claim, s))),
        tuple(f"{s.name} ({s.lemma.name})" for s, o in cited if o.detail.endswith("its roles are read")),
        tuple(dict.fromkeys(substitution(let) for s in claim.steps for let in s.lets)),
        tuple(dict.fromkeys(side.plain for s in claim.steps for side in named(claim, s))),
    )
