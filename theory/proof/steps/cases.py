"""A relation shown in every case: earlier steps under conditions one of which always holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from theory.proof.alphabet import Condition
from theory.proof.normal_form import residue
from theory.proof.steps.base import Context, Outcome, Step, Verdict
from theory.proof.steps.vanishing import difference, scalars_of, value_of


@dataclass(frozen=True, eq=False, kw_only=True)
class Cases(Step):
    """The relation that two earlier steps show, each in a case of its own.

    of : the names of the two steps; both must state this relation.
    exhaustive : why one of the two cases holds.  Either their conditions are complementary, which is checked (x < y
        in one, x ≥ y in the other; leave it empty), or a hypothesis of the claim says so: its text, as it stands there.

    In a sum over a generic index each term may be in a case of its own.
    """

    of: tuple[str, str]
    exhaustive: str = ""

    def relation(self, context: Context) -> tuple[Any, str, Any]:
        """The relation of the first case."""
        relation: tuple[Any, str, Any] = context.equation(self.of[0]).relation(context)
        return relation

    def check(self, context: Context) -> Outcome:
        """Both cases state the relation, and one of them holds."""
        steps = [context.earlier.get(name) for name in self.of]
        missing = [name for name, step in zip(self.of, steps, strict=True) if step is None]
        if missing:
            raise ValueError(f"step {self.name!r}: no earlier step is called {missing[0]!r}")
        first, second = (step for step in steps if step is not None)
        (lhs, op, rhs), (lhs_2, op_2, rhs_2) = first.relation(context), second.relation(context)
        sides = ((lhs, lhs_2), (rhs, rhs_2))
        rest = [c for a, b in sides for c in scalars_of(difference(value_of(a), value_of(b)))]
        if op != op_2 or any(residue(c, context.alphabet) != 0 for c in rest):
            raise ValueError(f"step {self.name!r}: {self.of[0]!r} and {self.of[1]!r} do not state one relation")
        if self.exhaustive:
            if self.exhaustive not in context.hypotheses:
                raise ValueError(f"step {self.name!r}: no hypothesis reads {self.exhaustive!r}")
            return Outcome(Verdict.PROVED, "shown in both cases, one of which holds by hypothesis")
        if complementary(first.conditions, second.conditions, context):
            return Outcome(Verdict.PROVED, "shown in both cases, one of which holds")
        return Outcome(Verdict.UNDECIDED, "the conditions of the two cases are not shown to be complementary")


def complementary(first: tuple[Condition, ...], second: tuple[Condition, ...], context: Context) -> bool:
    """Is each of the two a single condition, one of them x < y and the other x ≥ y?"""
    if len(first) != 1 or len(second) != 1 or (first[0].strict and second[0].strict):
        return False
    return residue(first[0].slack + second[0].slack, context.alphabet) == 0
