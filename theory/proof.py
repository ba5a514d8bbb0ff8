r"""A proof is data: claims, and steps that can fail.

A :class:`Claim` has hypotheses, steps and a statement *generated from* the steps that conclude part of
it.  A step holds expressions (scalars, symmetric matrices of symbolic size, polynomials in matrices and
their traces, sums over a generic index) and is checked by machine:

    Identity       lhs = rhs: the difference reduces to 0, where needed modulo earlier steps (``using``)
    Inequality     lhs >= rhs: the difference is a sum of products of factors each certified >= 0
    EqualityCase   an inequality that holds with equality makes each summand of its decomposition vanish
    Equivalence    one condition holds iff another does: the slacks differ by a certified positive factor
    Derivative     a derivative, by SymPy and against finite differences at rational points
    Cited          an instance of a named classical lemma (:mod:`theory.lemmas`); the lemma makes the relation

The outcome of a step is ``proved``, ``refuted`` (with a rational point at which it provably fails) or
``undecided``.  That SymPy cannot simplify a difference refutes nothing.  A claim is ``proved`` iff every
step is; ``refuted`` if one is; otherwise ``checked at instances``: no counterexample was found.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from theory.alphabet import Alphabet, Condition
from theory.instances import Instance
from theory.lemmas import Lemma
from theory.rendering import Named
from theory.steps.base import (
    Context,
    Given,
    Let,
    Outcome,
    Semidefinite,
    Slack,
    Square,
    Step,
    Termwise,
    Using,
    Verdict,
)
from theory.steps.cited import Cited
from theory.steps.derivative import Derivative
from theory.steps.equivalence import Equivalence
from theory.steps.identity import Identity
from theory.steps.inequality import EqualityCase, Inequality, Products
from theory.steps.vanishing import POINTS, SEED, difference, scalars_of, value_of, vanish
from theory.sums import Sum
from theory.symmetric import Symmetric


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
        """The outcome of one step, given the ones before it."""
        return step.check(self.context(step))

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


__all__ = [
    "POINTS", "SEED", "Alphabet", "Cited", "Claim", "Condition", "Context", "Derivative", "EqualityCase",
    "Equivalence", "Given", "Identity", "Inequality", "Instance", "Let", "Named", "Outcome", "Products", "Semidefinite",
    "Slack", "Square", "Step", "Sum", "Symmetric", "Termwise", "Using", "Verdict", "difference", "scalars_of",
    "value_of", "vanish",
]  # fmt: skip
