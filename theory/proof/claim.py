"""A theorem with its proof: hypotheses, steps, and what was concluded."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from theory.lemmas import Lemma
from theory.proof.alphabet import Alphabet
from theory.proof.conditions import demand_stated
from theory.proof.instances import Instance
from theory.proof.steps.base import Context, Given, Outcome, Step, Verdict
from theory.proof.steps.cited import Cited


@dataclass(frozen=True, eq=False)
class Claim:
    """A theorem with its proof.

    name : the module's name, by which other parts of the suite refer to it.
    title : a line for people.
    alphabet : the symbols with their domains.
    hypotheses : texts, :class:`Condition`, :class:`Given` and :class:`Semidefinite` objects.
    steps : in the order of the proof.
    source : where the theorem is from.
    relies_on : claims whose steps are used, as ``"claim::step"``.
    instance : draws an :class:`Instance` of the hypotheses, by which false identities are refuted.
    """

    name: str
    title: str
    alphabet: Alphabet
    hypotheses: tuple[Any, ...]
    steps: tuple[Step, ...]
    source: str
    relies_on: tuple[Claim, ...] = ()
    instance: Callable[[random.Random], Instance] | None = None

    def __post_init__(self) -> None:
        names = [s.name for s in self.steps]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"claim {self.name!r}: two steps are called {twice[0]!r}")
        known = {*names, *(f"{c.name}::{s.name}" for c in self.relies_on for s in c.steps)}
        for given in (h for h in self.hypotheses if isinstance(h, Given) and h.shown_by):
            if given.shown_by not in known:
                raise ValueError(f"claim {self.name!r}: no step {given.shown_by!r} that would show {given.name!r}")
        if not any(s.concludes for s in self.steps):
            raise ValueError(f"claim {self.name!r}: no step concludes anything")

    def context(self, step: Step) -> Context:
        """What ``step`` may rely on."""
        earlier: dict[str, Step] = {}
        for other in self.steps:
            if other is step:
                break
            earlier[other.name] = other
        return Context(self.alphabet, self.hypotheses, earlier, self.relies_on, self.instance)

    def check(self, step: Step) -> Outcome:
        """The outcome of one step, given the ones before it.

        Raises ``ValueError`` if it uses one of them beyond the conditions under which that one holds.
        """
        context = self.context(step)
        demand_stated(step, context)
        return step.check(context)

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcome of every step."""
        return tuple(self.check(step) for step in self.steps)

    @property
    def status(self) -> str:
        """``proved``, ``refuted`` or ``checked at instances``."""
        verdicts = {o.verdict for o in self.outcomes}
        if Verdict.REFUTED in verdicts:
            return "refuted"
        return "checked at instances" if Verdict.UNDECIDED in verdicts else "proved"

    @property
    def conclusions(self) -> tuple[Step, ...]:
        """The steps whose relations make the statement."""
        return tuple(s for s in self.steps if s.concludes)

    @property
    def lemmas(self) -> tuple[Lemma, ...]:
        """The classical lemmas cited, each once, in order."""
        return tuple(dict.fromkeys(s.lemma for s in self.steps if isinstance(s, Cited)))
