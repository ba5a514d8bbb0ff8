"""An instance of a named classical lemma."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.lemmas import Lemma
from theory.proof.steps.base import Context, Outcome, Semidefinite, Step, Verdict
from theory.proof.steps.roles import CHECKS, NEEDS_PREMISES, READ
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
        checked = self._fits(context)
        return Outcome(Verdict.PROVED, f"cited: {self.lemma.name} ({self.lemma.reference}); {checked}")

    def _fits(self, context: Context) -> str:
        """How far the citation was checked.  ``ValueError`` where roles or premises do not fit the lemma."""
        check = CHECKS.get(self.lemma)
        if check is None:
            if self.lemma in NEEDS_PREMISES and not self.premises:
                raise ValueError(f"step {self.name!r}: {self.lemma.name!r} has hypotheses; name what provides them")
            return "its roles are read"
        complaint = check(self.roles, [_relation(name, context) for name in self.premises], context, self)
        if complaint == READ:
            return "its roles are read"
        if complaint:
            raise ValueError(f"step {self.name!r} does not fit {self.lemma.name!r}: {complaint}")
        return "its roles are checked"


def _relation(name: str, context: Context) -> tuple[Any, str, Any]:
    """The relation of a premise: an earlier step, or a hypothesis."""
    if name in context.earlier:
        return context.earlier[name].relation(context)
    hypothesis = next(h for h in context.hypotheses if getattr(h, "name", None) == name)
    if isinstance(hypothesis, Semidefinite):
        return hypothesis.matrix, "psd", sp.Integer(0)
    return hypothesis.lhs, hypothesis.op, hypothesis.rhs
