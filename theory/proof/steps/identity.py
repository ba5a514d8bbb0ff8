"""An equation, where needed modulo multiples of earlier ones."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from theory.proof.enclosure import enclose, sign_at
from theory.proof.instances import Instance
from theory.proof.rendering import Named
from theory.proof.steps.base import Context, Given, Outcome, Step, Using, Verdict
from theory.proof.steps.vanishing import POINTS, SEED, difference, refuted, vanish
from theory.proof.sums import differs_in
from theory.proof.traces import Trace, Word, trace


@dataclass(frozen=True, eq=False, kw_only=True)
class Identity(Step):
    """lhs = rhs, shown by reducing lhs − rhs − Σ ``using`` to 0.

    ``read_as`` is the same equation in the letters of matrix polynomials (for the stacked matrices where the
    identity is about the generic block, or for a block where it is about the stack); ``using`` reads it.
    """

    lhs: Any
    rhs: Any
    using: tuple[Using, ...] = ()
    read_as: tuple[Word, Word] | None = None

    def relation(self, context: Context) -> tuple[Any, str, Any]:
        """lhs = rhs."""
        return self.lhs, "=", self.rhs

    def check(self, context: Context) -> Outcome:
        """Reduce the difference."""
        for named in (self.lhs, self.rhs):
            if isinstance(named, Named) and named.by:
                context.equation(named.by)
        rest = difference(self.lhs, self.rhs)
        for use in self.using:
            rest = difference(rest, multiple(use, context, rest))
        outcome = vanish(rest, self, context, exact_test=not self.using)
        if outcome.verdict is Verdict.UNDECIDED and self.using and context.instance is not None:
            return refute_at_instances(difference(self.lhs, self.rhs), context.instance) or outcome
        return outcome


def refute_at_instances(term: Any, draw: Callable[[random.Random], Instance]) -> Outcome | None:
    """An instance of the claim's hypotheses at which the term is certainly not 0."""
    rng = random.Random(SEED)
    for _ in range(POINTS):
        instance = draw(rng)
        for entry in instance.values(term):
            if not entry.free_symbols and sign_at(entry, {}) != 0:
                return refuted(enclose(entry, {}), instance.shown())
    return None


def multiple(use: Using, context: Context, target: Any) -> Any:
    """What ``use`` subtracts from ``target``: times · left (lhs − rhs) right; a trace where the target is one."""
    equation = context.equation(use.equation)
    read_as = getattr(equation, "read_as", None)
    lhs, op, rhs = (read_as[0], "=", read_as[1]) if read_as else sides(equation, context)
    if op != "=":
        raise ValueError(f"{use.equation!r} is no equation")
    term = difference(lhs, rhs)
    if isinstance(term, Word):
        term = term.T if use.transposed else term
        term = term if use.left is None else use.left @ term
        term = term if use.right is None else term @ use.right
        term = trace(term) if isinstance(target, Trace) else term
    differing = differs_in(use.times, term)
    if differing is not None:
        raise ValueError(f"{use.equation!r} is a sum, not to be multiplied by {differing}, which differs in its terms")
    return use.times * term


def sides(equation: Any, context: Context) -> tuple[Any, str, Any]:
    """(lhs, op, rhs) of a step or a :class:`Given`."""
    if isinstance(equation, Given):
        return equation.lhs, "=", equation.rhs
    sides: tuple[Any, str, Any] = equation.relation(context)
    return sides
