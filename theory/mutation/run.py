"""Mutants of every step, and the point that contradicts each: the runner behind ``python -m theory.mutation``."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from theory.claims import all_claims
from theory.mutation.assertions import Assertion, assertion
from theory.mutation.equivalents import SHARP, follows
from theory.mutation.hunt import hunt
from theory.mutation.instances import INSTANCES
from theory.mutation.operators import mutate
from theory.mutation.points import LARGER, WORLDS, contradicted, points
from theory.mutation.worlds import Irrational, World
from theory.proof import Cited, Claim, Given, Identity, Inequality, Step, difference, value_of
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.enclosure import Undefined
from theory.proof.rendering import plain
from theory.proof.traces import Trace, Word

SEED = 20261123

_REVERSED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_WEAK = {"<": "<=", ">": ">="}


@dataclass(frozen=True)
class Mutant:
    """One perturbed statement and its fate.

    fate : ``killed`` (by ``point``); ``true`` (``reason``: it follows, or is the same statement, shown by machine);
        ``not claimed`` (``reason``: it denies nothing that the claim says); ``survived``.
    """

    claim: str
    step: str
    operator: str
    text: str
    fate: str
    reason: str = ""
    point: dict[str, str] | None = None


@dataclass
class Tally:
    """The mutants of some claims."""

    mutants: list[Mutant] = field(default_factory=list)

    def count(self, fate: str, claim: str | None = None) -> int:
        """How many met this fate."""
        return sum(m.fate == fate and claim in (None, m.claim) for m in self.mutants)

    @property
    def survivors(self) -> list[Mutant]:
        """Those that nothing contradicts and nothing shows true."""
        return [m for m in self.mutants if m.fate == "survived"]

    def by_operator(self) -> dict[str, Counter[str]]:
        """Fates by operator."""
        out: dict[str, Counter[str]] = {}
        for m in self.mutants:
            out.setdefault(m.operator, Counter())[m.fate] += 1
        return out


def mutants(asserted: Assertion, alphabet: Alphabet) -> Iterator[tuple[str, str, Assertion]]:
    """(operator, what was changed, mutated assertion)."""
    op = asserted.op
    if op == "iff":
        for name in ("lhs", "rhs"):
            condition = getattr(asserted, name)
            for side in ("lhs", "rhs"):
                for operator, value in mutate(getattr(condition, side), alphabet):
                    new = _condition(condition, **{side: value})
                    yield operator, f"{name}.{side}", asserted.replaced(**{name: new})
            new = _condition(condition, op=_REVERSED[condition.op])
            yield "reversed", name, asserted.replaced(**{name: new})
    else:
        for side in ("lhs",) if op == "psd" else ("lhs", "rhs"):
            for operator, value in mutate(getattr(asserted, side), alphabet):
                yield operator, side, asserted.replaced(**{side: value})
    if op in SHARP:
        yield "strict", op, asserted.replaced(op=SHARP[op])
    if op in _WEAK:
        yield "weak", op, asserted.replaced(op=_WEAK[op])
    if op in _REVERSED:
        yield "reversed", op, asserted.replaced(op=_REVERSED[op])


def weakened(asserted: Assertion) -> Iterator[tuple[str, str, Assertion]]:
    """The same relation under fewer or weaker hypotheses."""
    for k, condition in enumerate(asserted.conditions):
        if condition.name.endswith("in its domain"):
            continue
        others = asserted.conditions[:k] + asserted.conditions[k + 1 :]
        yield "condition dropped", condition.name, asserted.replaced(conditions=others)
        if condition.op in _WEAK:
            weak = (*others, _condition(condition, op=_WEAK[condition.op]))
            yield "condition weak", condition.name, asserted.replaced(conditions=weak)
        larger = "lhs" if condition.op in LARGER else "rhs"
        doubled = _condition(condition, **{larger: 2 * value_of(getattr(condition, larger))})
        yield "condition doubled", condition.name, asserted.replaced(conditions=(*others, doubled))
    if asserted.kind == "cited":
        return
    if asserted.kind == "case":
        yield "premise dropped", "the sum is 0", asserted.replaced(premises=())
        return
    names = list(dict.fromkeys(name for name, _ in asserted.premises))
    for name in names:
        kept = tuple(p for p in asserted.premises if p[0] != name)
        yield "premise dropped", name, asserted.replaced(premises=kept)
    for one in asserted.semidefinite:
        kept_middles = tuple(m for m in asserted.semidefinite if m is not one)
        yield "semidefinite dropped", one.name, asserted.replaced(semidefinite=kept_middles)


def _condition(condition: Condition, **changes: Any) -> Condition:
    parts = {"name": condition.name, "lhs": condition.lhs, "op": condition.op, "rhs": condition.rhs}
    return Condition(**{**parts, **changes})


def try_step(claim: Claim, step: Step) -> list[Mutant]:
    """Every mutant of a step with its fate."""
    context = claim.context(step)
    asserted = assertion(step, context)
    rng = random.Random(f"{SEED}:{claim.name}:{step.name}")
    # inequalities hide more: a mutant is contradicted only where they are nearly attained, and from one side
    limit = WORLDS if asserted.op in ("=", "iff") else 3 * WORLDS
    draw = INSTANCES.get(claim.name, claim.instance)
    worlds = list(points(asserted, claim.alphabet, rng, limit, draw=draw))
    known = [difference(h.lhs, h.rhs) for h in claim.hypotheses if isinstance(h, Given) and isinstance(h.lhs, Word)]
    out = []
    for operator, what, mutant in mutants(asserted, claim.alphabet):
        world = next((w for w in worlds if _killed(mutant, w)), None) or hunt(mutant, claim.alphabet)
        if world is not None:
            out.append(Mutant(claim.name, step.name, operator, what, "killed", point=world.shown()))
            continue
        if worlds and all(_undefined(mutant, w) for w in worlds):
            note = "it has no real value at the point"
            out.append(Mutant(claim.name, step.name, operator, what, "killed", note, worlds[0].shown()))
            continue
        reason = follows(mutant, asserted, claim.alphabet, known)
        fate = "true" if reason else "survived"
        if not reason and (reason := not_claimed(step, mutant)):
            fate = "not claimed"
        out.append(Mutant(claim.name, step.name, operator, f"{what}: {_text(mutant)}", fate, reason))
    for operator, what, mutant in weakened(asserted):
        out.append(_without(claim, step, operator, what, mutant, rng))
    return out


def _text(asserted: Assertion) -> str:
    if asserted.op == "iff":
        return " iff ".join(
            _text(asserted.replaced(lhs=c.lhs, op=c.op, rhs=c.rhs)) for c in (asserted.lhs, asserted.rhs)
        )
    return f"{plain(value_of(asserted.lhs))} {asserted.op} {plain(value_of(asserted.rhs))}"


def _killed(mutant: Assertion, world: World) -> bool:
    try:
        return contradicted(mutant, world)
    except (Undefined, Irrational):
        return False


def _undefined(mutant: Assertion, world: World) -> bool:
    """Has a side of the mutant no real value at the world (a logarithm or root of a negative number, 1/0)?"""
    try:
        contradicted(mutant, world)
    except Undefined:
        return True
    except Irrational:
        return False
    return False


def _without(claim: Claim, step: Step, operator: str, what: str, weaker: Assertion, rng: random.Random) -> Mutant:
    """A point at which what is left of the hypotheses holds and the relation fails."""
    for world in (*points(weaker, claim.alphabet, rng, true=False), hunt(weaker, claim.alphabet)):
        if world is not None and _killed(weaker, world):
            return Mutant(claim.name, step.name, operator, what, "killed", point=world.shown())
    reason = ""
    if operator.startswith("condition"):
        kept = tuple(w for w in step.where if not (isinstance(w, Condition) and w.name == what))
        if claim_proves(claim, step, where=kept):
            reason = "proved without the condition"
        elif operator == "condition weak":
            reason = _closed(claim, step, what, weaker)
    elif operator == "premise dropped" and isinstance(step, (Identity, Inequality)):
        using = tuple(u for u in step.using if u.equation != what)
        if claim_proves(claim, step, using=using):
            reason = "proved without the premise"
    fate = "true" if reason else "survived"
    if not reason and operator.startswith("condition") and weaker.op != "iff":
        reason, fate = "the condition is stated as sufficient, not as necessary", "not claimed"
    return Mutant(claim.name, step.name, operator, what, fate, reason)


def not_claimed(step: Step, mutant: Assertion) -> str:
    """Why a mutant of an inequality that is not attained contradicts nothing that the claim says."""
    if mutant.op not in _REVERSED:
        return ""
    equality = step.lemma.equality if isinstance(step, Cited) else getattr(step, "equality", "")
    return "" if equality else "an inequality with room: no equality case is claimed, so no constant is said to be best"


def claim_proves(claim: Claim, step: Step, **changes: Any) -> bool:
    """Does the machinery prove the changed step?"""
    try:
        return replace(step, **changes).check(claim.context(step)).proved
    except (ValueError, TypeError):
        return False


def _closed(claim: Claim, step: Step, what: str, weaker: Assertion) -> str:
    """A non-strict relation between continuous functions extends to the closure of an open condition."""
    if weaker.op in ("<=", ">=", "=") and not _has_jump(weaker):
        return "a closed relation between functions that are continuous there extends to the boundary"
    return ""


def _has_jump(asserted: Assertion) -> bool:
    return any(isinstance(side, (Word, Trace)) for side in (asserted.lhs, asserted.rhs))


def run(claims: Sequence[Claim], every: int = 1) -> Tally:
    """All mutants of the steps of the claims; of every ``every``-th step only."""
    steps = [(claim, step) for claim in claims for step in claim.steps]
    return Tally([m for claim, step in steps[::every] for m in try_step(claim, step)])


def mutants_of(name: str) -> list[dict[str, Any]]:
    """All mutants of the claim of this name, as data."""
    claim = next(c for c in all_claims() if c.name == name)
    return [asdict(m) for m in run((claim,)).mutants]
