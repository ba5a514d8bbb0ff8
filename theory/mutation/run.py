"""Mutants of every step, and the point that contradicts each: the runner behind ``python -m theory.mutation``."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import sympy as sp

from theory.claims import all_claims
from theory.mutation.assertions import Assertion, assertion
from theory.mutation.equivalents import EQUIVALENT, IMPLIED, SHARP, follows, holds
from theory.mutation.explained import explained
from theory.mutation.facts import Facts
from theory.mutation.hunt import hunt
from theory.mutation.instances import INSTANCES
from theory.mutation.limits import limited
from theory.mutation.operators import mutate
from theory.mutation.points import LARGER, WORLDS, assumed, contradicted, points
from theory.mutation.repair import varied
from theory.mutation.undefined import no_value
from theory.mutation.worlds import Irrational, World
from theory.proof import Claim, Given, Identity, Inequality, Step, difference, value_of
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.applied import Applied
from theory.proof.enclosure import Undefined
from theory.proof.rendering import plain
from theory.proof.traces import Trace, Word

SEED = 20261123
#: Further worlds at which a mutant is tried that nothing has explained.
DEEP = 60
#: Processor time for one search: for a point, or for a proof.
SECONDS = 3.0
#: Variations of a world at which all hypotheses hold, to find one at which all but one do.
VARIED = 120
#: Points drawn where one hypothesis is left out.
LOOSE = 18

_REVERSED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_WEAK = {"<": "<=", ">": ">="}


#: What became of a mutant, in the order of the table.
FATES = ("point", "enclosure", "equivalent", "implied", "not used", "survived")


@dataclass(frozen=True)
class Mutant:
    """One perturbed statement and its fate.

    fate : ``point`` (contradicted at ``point``, in exact rational numbers, or it has no real value there);
        ``enclosure`` (the same, its sides being told apart by balls at the point); ``equivalent`` (it says what the
        step says); ``implied`` (another true statement); ``not used`` (the step holds without the hypothesis);
        ``survived``.
    reason : for the last four, what the machine showed.
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

    def count(self, *fates: str, claim: str | None = None) -> int:
        """How many met one of these fates."""
        return sum(m.fate in fates and claim in (None, m.claim) for m in self.mutants)

    @property
    def killed(self) -> int:
        """How many a point or an enclosure contradicts."""
        return self.count("point", "enclosure")

    @property
    def survivors(self) -> list[Mutant]:
        """Those that nothing contradicts and nothing shows true."""
        return [m for m in self.mutants if m.fate == "survived"]

    @property
    def not_used(self) -> list[Mutant]:
        """Hypotheses that a step does not need."""
        return [m for m in self.mutants if m.fate == "not used"]


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
        of_it = {k for middle, k in asserted.tight_of if middle is one}
        tight = tuple(t for k, t in enumerate(asserted.tight) if k not in of_it)
        yield "semidefinite dropped", one.name, asserted.replaced(semidefinite=kept_middles, tight=tight)


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
    search = any(w.searched for w in worlds) or draw is None
    more = _More(asserted, claim, draw, len(worlds), search)
    known = [difference(h.lhs, h.rhs) for h in claim.hypotheses if isinstance(h, Given) and isinstance(h.lhs, Word)]
    out = []
    for operator, what, mutant in mutants(asserted, claim.alphabet):
        made = partial(Mutant, claim.name, step.name, operator)
        killed = _at_worlds(mutant, worlds, made, what) or _hunted(mutant, asserted, claim.alphabet, made, what)
        if killed is not None:
            out.append(killed)
            continue
        text = f"{what}: {_text(mutant)}"
        fate = reason = ""
        with limited(SECONDS):
            fate, reason = follows(mutant, asserted, claim.alphabet, known, (step, context))
        if not fate and (killed := _at_worlds(mutant, more.worlds(), made, what)) is not None:
            out.append(killed)
            continue
        if not fate and mutant.op != asserted.op and claim_proves(claim, step, op=mutant.op):
            fate, reason = IMPLIED, "proved by the same steps"
        if not fate and (reason := explained(claim, step, mutant)):
            fate = IMPLIED
        out.append(made(text, fate or "survived", reason))
    source = _source(claim, step)
    for operator, what, mutant in weakened(asserted):
        if source is not None:  # a step of another claim: its conditions are tested there
            out.append(_elsewhere(claim, step, operator, what, *source))
        else:
            out.append(_without(claim, step, operator, what, mutant, rng, known, worlds))
    return out


class _More:
    """Further worlds of a step, drawn when a mutant needs them."""

    def __init__(self, asserted: Assertion, claim: Claim, draw: Callable[..., Any] | None, found: int, search: bool):
        self.asserted, self.claim, self.draw, self.found, self.search = asserted, claim, draw, found, search
        self.drawn: list[World] | None = None

    def worlds(self) -> list[World]:
        """At most :data:`DEEP` of them."""
        if self.drawn is None:
            self.drawn = []
            if self.found:
                rng = random.Random(f"{SEED}:more:{self.claim.name}")
                self.drawn = list(
                    points(self.asserted, self.claim.alphabet, rng, DEEP, search=self.search, draw=self.draw)
                )
        return self.drawn


def _at_worlds(mutant: Assertion, worlds: list[World], made: Callable[..., Mutant], what: str) -> Mutant | None:
    for world in worlds:
        if _killed(mutant, world):
            return made(what, _decided_by(mutant, world), point=world.shown())
    for world in worlds:
        missing = next(filter(None, (no_value(side, world) for side in _scalar_sides(mutant))), "")
        if missing:
            return made(what, "point", f"no real value: {missing}", world.shown())
    return None


def _hunted(
    mutant: Assertion, original: Assertion, alphabet: Alphabet, made: Callable[..., Mutant], what: str
) -> Mutant | None:
    world = None
    with limited(SECONDS):
        world = hunt(mutant, alphabet, original)
    return None if world is None else made(what, _decided_by(mutant, world), point=world.shown())


def _scalar_sides(asserted: Assertion) -> list[Any]:
    if asserted.op == "iff":
        return [value_of(s) for c in (asserted.lhs, asserted.rhs) for s in (c.lhs, c.rhs)]
    return [value_of(asserted.lhs), value_of(asserted.rhs)]


def _decided_by(mutant: Assertion, world: World) -> str:
    """Are both sides rational numbers at the world, or only enclosed in balls?"""
    mutant = world.statement or mutant
    if world.lets or world.defined:
        return "enclosure"
    try:
        for side in _scalar_sides(mutant):
            world.exact(side)
    except (Irrational, ZeroDivisionError):
        return "enclosure"
    return "point"


def _text(asserted: Assertion) -> str:
    if asserted.op == "iff":
        return " iff ".join(
            _text(asserted.replaced(lhs=c.lhs, op=c.op, rhs=c.rhs)) for c in (asserted.lhs, asserted.rhs)
        )
    return f"{plain(value_of(asserted.lhs))} {asserted.op} {plain(value_of(asserted.rhs))}"


def _assumed(asserted: Assertion, world: World) -> bool:
    try:
        return assumed(asserted, world)
    except (Undefined, Irrational):
        return False


def _killed(mutant: Assertion, world: World) -> bool:
    try:
        return contradicted(mutant, world)
    except (Undefined, Irrational):
        return False


def _without(
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
        if _killed(weaker, world):
            return made(what, _decided_by(weaker, world), point=world.shown())
    premises = [t for _, t in weaker.premises]
    for base in worlds[:6]:
        for _ in range(VARIED if base.matrices else 0):
            varied_world = varied(base, premises, claim.alphabet, rng)
            if varied_world is not None and _assumed(weaker, varied_world) and _killed(weaker, varied_world):
                return made(what, _decided_by(weaker, varied_world), point=varied_world.shown())
    found = None
    with limited(SECONDS):
        found = hunt(weaker, claim.alphabet)
    if found is not None:
        return made(what, _decided_by(weaker, found), point=found.shown())
    same = _same_condition(operator, what, weaker, claim, step)
    if same:
        return made(what, EQUIVALENT, same)
    reason = ""
    if operator.startswith("condition"):
        kept = tuple(w for w in step.where if not (isinstance(w, Condition) and w.name == what))
        if claim_proves(claim, step, where=kept):
            reason = "the same proof goes through without it"
    elif operator == "premise dropped" and isinstance(step, (Identity, Inequality)):
        using = tuple(u for u in step.using if u.equation != what)
        if claim_proves(claim, step, using=using):
            reason = "the same proof goes through without it"
    left = known if operator != "premise dropped" else []
    with limited(SECONDS):
        reason = reason or holds(weaker, claim.alphabet, left, (step, claim.context(step)))
    if not reason and operator == "condition weak":
        reason = _closed(weaker)
    reason = reason or explained(claim, step, weaker, without=what)
    return made(what, "not used" if reason else "survived", reason)


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


def _source(claim: Claim, step: Step) -> tuple[Claim, Step] | None:
    """The claim and step that an applied step quotes."""
    if not isinstance(step, Applied):
        return None
    name, of = step.of.split("::", 1)
    source = next(c for c in claim.relies_on if c.name == name)
    return source, next(s for s in source.steps if s.name == of)


def _elsewhere(claim: Claim, step: Step, operator: str, what: str, source: Claim, quoted: Step) -> Mutant:
    """The fate of a condition of a quoted step, which is that of the same condition where the step is proved."""
    context = source.context(quoted)
    rng = random.Random(f"{SEED}:{source.name}:{quoted.name}")
    for other, name, weaker in weakened(assertion(quoted, context)):
        if other == operator and name == what:
            found = _without(source, quoted, other, name, weaker, rng, [])
            return replace(found, claim=claim.name, step=step.name, reason=found.reason or f"see {source.name}")
    return Mutant(claim.name, step.name, operator, what, "survived")


def claim_proves(claim: Claim, step: Step, **changes: Any) -> bool:
    """Does the machinery prove the changed step?"""
    try:
        return replace(step, **changes).check(claim.context(step)).proved
    except (ValueError, TypeError, Undefined, ZeroDivisionError):
        return False


def _closed(weaker: Assertion) -> str:
    """A non-strict relation between continuous functions extends to the closure of an open condition."""
    if weaker.op in ("<=", ">=", "=") and not any(isinstance(s, (Word, Trace)) for s in (weaker.lhs, weaker.rhs)):
        return "a closed relation between continuous functions extends to the boundary"
    return ""


def run(claims: Sequence[Claim], every: int = 1) -> Tally:
    """All mutants of the steps of the claims; of every ``every``-th step only."""
    steps = [(claim, step) for claim in claims for step in claim.steps]
    return Tally([m for claim, step in steps[::every] for m in try_step(claim, step)])


def mutants_of(name: str) -> list[dict[str, Any]]:
    """All mutants of the claim of this name, as data."""
    claim = next(c for c in all_claims() if c.name == name)
    return [asdict(m) for m in run((claim,)).mutants]


def identities(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """By claim and step, a digest of what was perturbed: the relation, its conditions, and the equations it uses."""
    out: dict[str, dict[str, str]] = {}
    for claim in all_claims():
        if claim.name in names:
            out[claim.name] = {step.name: identity(claim, step) for step in claim.steps}
    return out


def identity(claim: Claim, step: Step) -> str:
    """The digest of one step."""
    asserted = assertion(step, claim.context(step))
    parts = [_text(asserted)]
    parts += [f"{c.name}: {c.slack} {'>' if c.strict else '>='} 0" for c in asserted.conditions]
    parts += [f"{name}: {plain(term)} = 0" for name, term in asserted.premises]
    parts += [f"{name}: {plain(term)} {'>' if strict else '>='} 0" for name, term, strict in asserted.slacks]
    parts += [one.name for one in asserted.semidefinite]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
