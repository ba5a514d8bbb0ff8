"""One condition holds iff another does: their slacks differ by a positive factor."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.proof.alphabet import Condition
from theory.proof.enclosure import Undefined, sign_at
from theory.proof.normal_form import POSITIVE, residue, sign
from theory.proof.rendering import Named, condition_plain, plain
from theory.proof.steps.base import Context, Outcome, Step, Verdict
from theory.proof.steps.vanishing import POINTS, SEED, conditions_after, eliminate, refuted


@dataclass(frozen=True, eq=False, kw_only=True)
class Equivalence(Step):
    """``left`` holds iff ``right`` does, because slack(left) = factor · slack(right) with factor > 0."""

    left: Condition
    right: Condition
    factor: sp.Expr

    def relation(self, context: Context) -> tuple[Any, str, Any]:
        """Left ⟺ right."""
        return _Shown(self.left), "iff", _Shown(self.right)

    def check(self, context: Context) -> Outcome:
        """Reduce slack(left) − factor · slack(right) to 0; failing that, seek a point that tells them apart."""
        if self.left.strict != self.right.strict:
            raise ValueError(f"step {self.name!r}: one condition is strict, the other is not")
        gap = self.left.slack - sp.sympify(self.factor) * self.right.slack
        if residue(eliminate(gap, self.lets), context.alphabet) == 0:
            if sign(eliminate(sp.sympify(self.factor), self.lets), context.alphabet) == POSITIVE:
                return Outcome(Verdict.PROVED, "the two slacks differ by a positive factor")
            return Outcome(Verdict.UNDECIDED, f"factor not certified positive: {plain(self.factor)}")
        return self._told_apart(context) or Outcome(Verdict.UNDECIDED, "the slacks are not shown proportional")

    def _told_apart(self, context: Context) -> Outcome | None:
        rng = random.Random(SEED)
        sides = [eliminate(c.slack, self.lets) for c in (self.left, self.right)]
        for _ in range(40 * POINTS):
            point = context.alphabet.sample(
                rng, sides[0].free_symbols | sides[1].free_symbols, conditions_after(self, context)
            )
            try:
                signs = [sign_at(s, point) for s in sides]
            except Undefined:
                continue
            if 0 not in signs and signs[0] != signs[1]:
                holds, fails = (self.left, self.right) if signs[0] > 0 else (self.right, self.left)
                found = refuted("", {str(k): str(v) for k, v in point.items()})
                where = ", ".join(f"{k} = {v}" for k, v in sorted((found.point or {}).items()))
                detail = f"{condition_plain(holds)} holds and {condition_plain(fails)} fails at {where}"
                return Outcome(Verdict.REFUTED, detail, found.point, None)
        return None


@dataclass(frozen=True)
class _Shown:
    """A condition as a term that prints."""

    condition: Condition

    def render(self, scalar: Any, latex: bool) -> str:
        """As text."""
        c = self.condition
        op = {"<": "<", ">": ">", "<=": r"\le" if latex else "≤", ">=": r"\ge" if latex else "≥"}[c.op]
        named = [(v.latex if latex else v.plain) if isinstance(v, Named) else None for v in (c.lhs, c.rhs)]
        sides = [text or scalar(v) for text, v in zip(named, (c.lhs, c.rhs), strict=True)]
        return f"{sides[0]} {op} {sides[1]}"
