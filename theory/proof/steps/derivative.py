"""A derivative, by SymPy and against finite differences: SymPy alone is not trusted."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import flint
import sympy as sp

from theory.proof.alphabet import Point
from theory.proof.enclosure import enclose
from theory.proof.rendering import Named
from theory.proof.steps.base import Context, Outcome, Step
from theory.proof.steps.vanishing import SEED, conditions_after, eliminate, refuted, value_of, vanish


@dataclass(frozen=True)
class _Partial:
    """∂ of / ∂ by, as a term that prints."""

    of: Any
    by: sp.Symbol

    def render(self, scalar: Any, latex: bool) -> str:
        """As text."""
        of = (self.of.latex if latex else self.of.plain) if isinstance(self.of, Named) else scalar(self.of)
        by = scalar(self.by)
        return rf"\frac{{\partial}}{{\partial {by}}} \left[{of}\right]" if latex else f"∂/∂{by} [{of}]"


@dataclass(frozen=True, eq=False, kw_only=True)
class Derivative(Step):
    """∂ ``of`` / ∂ ``by`` = ``equals``.

    SymPy can return 0 for a derivative that it does not know, so its result is also held against central
    differences in 600-bit arithmetic at rational points (step 10⁻³⁰, agreement to 10⁻⁴⁰ relative).
    """

    of: sp.Expr
    by: sp.Symbol
    equals: sp.Expr

    def relation(self, context: Context) -> tuple[Any, str, Any]:
        """∂of/∂by = equals."""
        return _Partial(self.of, self.by), "=", self.equals

    def check(self, context: Context) -> Outcome:
        """Differentiate, cross-check, reduce."""
        of = eliminate(value_of(self.of), self.lets)
        derivative = sp.diff(of, self.by)
        equals = eliminate(value_of(self.equals), self.lets)
        wrong = self._against_differences(of, derivative, context)
        if wrong is not None:
            return wrong
        return vanish(derivative - equals, self, context)

    def _against_differences(self, of: sp.Expr, derivative: sp.Expr, context: Context) -> Outcome | None:
        rng = random.Random(SEED)
        h, bits, tolerance = sp.Rational(1, 10**30), 600, sp.Rational(1, 10**40)
        for _ in range(3):
            point: Point = context.alphabet.sample(rng, of.free_symbols | {self.by}, conditions_after(self, context))
            if point[self.by] == 0:
                point[self.by] = sp.Rational(1, 3)
            ends = [enclose(of, {**point, self.by: point[self.by] + s * h}, bits) for s in (1, -1)]
            exact = enclose(derivative, point, bits)
            with flint.ctx.workprec(bits):
                slope = (ends[0] - ends[1]) / (2 * enclose(h, {}, bits))
                agree = abs(slope - exact) <= enclose(tolerance, {}, bits) * (1 + abs(exact))
            if not agree:
                where = {str(k): str(v) for k, v in point.items()}
                return refuted(slope - exact, where, "the difference quotient less SymPy's derivative")
        return None
