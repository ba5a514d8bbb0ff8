"""What may become of a mutant, and the points that decide it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from theory.mutation.assertions import Assertion
from theory.mutation.hunt import hunt
from theory.mutation.limits import limited
from theory.mutation.points import contradicted
from theory.mutation.undefined import no_value
from theory.mutation.worlds import Irrational, World
from theory.proof import value_of
from theory.proof.alphabet import Alphabet
from theory.proof.enclosure import Undefined
from theory.proof.rendering import plain

#: Processor time for one search: for a point, or for a proof.
SECONDS = 3.0

#: What became of a mutant, in the order of the table.
FATES = ("point", "enclosure", "equivalent", "implied", "not used", "survived")
#: Those of a mutant that a point contradicts.
KILLED = ("point", "enclosure")


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


def at_worlds(mutant: Assertion, worlds: list[World], made: Callable[..., Mutant], what: str) -> Mutant | None:
    """The mutant with its fate, if one of the worlds contradicts it or gives it no real value."""
    for world in worlds:
        if killed(mutant, world):
            return made(what, decided_by(mutant, world), point=world.shown())
    for world in worlds:
        missing = next(filter(None, (no_value(side, world) for side in _scalar_sides(mutant))), "")
        if missing:
            return made(what, "point", f"no real value: {missing}", world.shown())
    return None


def hunted(
    mutant: Assertion, original: Assertion, alphabet: Alphabet, made: Callable[..., Mutant], what: str
) -> Mutant | None:
    """The mutant with its fate, if a point that contradicts it is found by hunting."""
    world = None
    with limited(SECONDS):
        world = hunt(mutant, alphabet, original)
    return None if world is None else made(what, decided_by(mutant, world), point=world.shown())


def _scalar_sides(asserted: Assertion) -> list[Any]:
    if asserted.op == "iff":
        return [value_of(s) for c in (asserted.lhs, asserted.rhs) for s in (c.lhs, c.rhs)]
    return [value_of(asserted.lhs), value_of(asserted.rhs)]


def decided_by(mutant: Assertion, world: World) -> str:
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


def text(asserted: Assertion) -> str:
    """The relation as it is printed."""
    if asserted.op == "iff":
        return " iff ".join(
            text(asserted.replaced(lhs=c.lhs, op=c.op, rhs=c.rhs)) for c in (asserted.lhs, asserted.rhs)
        )
    return f"{plain(value_of(asserted.lhs))} {asserted.op} {plain(value_of(asserted.rhs))}"


def killed(mutant: Assertion, world: World) -> bool:
    """Is the mutant contradicted there?"""
    try:
        return contradicted(mutant, world)
    except (Undefined, Irrational):
        return False
