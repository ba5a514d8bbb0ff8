"""An instance of a named classical lemma."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from theory.lemmas import Lemma
from theory.proof.steps.base import Context, Outcome, Step, Verdict
from theory.proof.steps.vanishing import difference, scalars_of, value_of


@dataclass(frozen=True, eq=False, kw_only=True)
class Cited(Step):
    """An instance of a named classical lemma: the lemma makes the relation from the roles' expressions.

    ``premises`` name earlier steps or hypotheses that provide what the lemma assumes.
    """

    lemma: Lemma
    roles: Mapping[str, Any]
    premises: tuple[str, ...] = ()

    def relation(self, context: Context) -> tuple[Any, str, Any]:
        """The lemma's relation with the roles filled."""
        lhs, op, rhs = self.lemma.conclude(**self.roles)
        return lhs, op, rhs

    def check(self, context: Context) -> Outcome:
        """The roles are filled with terms of one kind in declared symbols, and the premises were shown before."""
        if set(self.roles) != set(self.lemma.roles):
            raise ValueError(f"step {self.name!r}: lemma {self.lemma.name!r} has the roles {self.lemma.roles}")
        lhs, op, rhs = self.relation(context)
        shown = difference(lhs, rhs) if op in ("=", ">=", ">", "<=", "<") else value_of(lhs)
        symbols = set().union(*(c.free_symbols for c in scalars_of(shown)))
        unknown = context.alphabet.undeclared(symbols)
        if unknown:
            raise ValueError(f"step {self.name!r}: symbols without a domain: {', '.join(map(str, unknown))}")
        known = {h.name for h in context.hypotheses if hasattr(h, "name")} | set(context.earlier)
        missing = [p for p in self.premises if p not in known]
        if missing:
            raise ValueError(f"step {self.name!r}: premises that nothing shows: {', '.join(missing)}")
        return Outcome(Verdict.PROVED, f"cited: {self.lemma.name} ({self.lemma.reference})")
