r"""Points at which the hypotheses of a claim hold exactly: what refutes a false step that leans on hypotheses.

A step that uses equations (``using=``) is not refuted by arbitrary matrices, since they break the equations
used.  An :class:`Instance` gives a rational matrix to every letter and a rational to every symbol;
:func:`refute` first verifies *at the instance* every equation that the step uses, then evaluates the step
there in rigorous balls.  What fails then is the step and not the instance.

    Reflections make rational matrices with orthonormal columns:  I − 2uuᵀ/uᵀu.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from theory.enclosure import enclose, sign_at
from theory.proof import Claim, Context, Given, Identity, Inequality, Outcome, Step, Verdict, difference
from theory.sums import Sum
from theory.traces import Trace, Word


@dataclass(frozen=True, eq=False)
class Instance:
    """Rational values.

    matrices : by the name of the letter.
    scalars : by symbol.
    sizes : by the name of the size (rows or columns of the letters).

    A sum over a generic index counts as one term.
    """

    matrices: Mapping[str, sp.Matrix]
    scalars: Mapping[sp.Symbol, Any] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)

    def values(self, term: Any) -> list[sp.Expr]:
        """The entries of a term with the matrices put in; scalars stay symbols.  ``KeyError`` for a missing letter."""
        if isinstance(term, (Word, Trace)):
            known = {one: sp.Matrix(self.matrices[one.name]) for one in term.letters}
            value = term.evaluate(known, {"1": 1, **self.sizes})
            return list(value) if isinstance(value, sp.MatrixBase) else [sp.sympify(value)]
        if isinstance(term, Sum):
            return [term.summand + term.constant]
        return [sp.sympify(term)]

    def point(self) -> dict[sp.Symbol, sp.Rational]:
        """The scalars as rationals."""
        return {s: sp.Rational(v) for s, v in self.scalars.items()}

    def signs(self, term: Any) -> list[int]:
        """The rigorous sign of every entry (0: not told from 0 at 2048 bits)."""
        return [sign_at(value, self.point()) for value in self.values(term)]


def refute(claim: Claim, step: Step, at: Instance) -> Outcome:
    """``refuted`` if the equations that ``step`` uses hold at the instance and the step does not; else ``undecided``.

    The step may be a false variant of one of the claim: it is read in the context of the claim's hypotheses
    and of all its steps.  Raises ``ValueError`` if the instance breaks an equation used or a condition, and
    ``TypeError`` for a step that is neither an identity nor an inequality.
    """
    if not isinstance(step, (Identity, Inequality)):
        raise TypeError(f"step {step.name!r}: expected an identity or an inequality, got {step.kind}")
    context = Context(
        claim.alphabet, claim.hypotheses, {s.name: s for s in claim.steps if s.name != step.name}, claim.relies_on
    )
    for use in step.using:
        equation = context.equation(use.equation)
        lhs, _, rhs = (equation.lhs, "=", equation.rhs) if isinstance(equation, Given) else equation.relation(context)
        reading = getattr(equation, "read_as", None)
        if any(at.signs(difference(*(reading or (lhs, rhs))))):
            raise ValueError(f"the instance does not satisfy {use.equation!r}")
    for condition in step.conditions:
        if not condition.holds(at.point()):
            raise ValueError(f"the instance does not satisfy the condition {condition.name!r}")
    lhs, op, rhs = step.relation(context)
    gap = step.slack if isinstance(step, Inequality) else difference(lhs, rhs)
    for value in at.values(gap):
        sign = sign_at(value, at.point())
        if sign < 0 or (sign != 0 and op == "="):
            shown = enclose(value, at.point()).str(8, radius=False)
            where = {name: str(sp.Matrix(m).tolist()) for name, m in at.matrices.items()}
            where |= {str(s): str(v) for s, v in at.point().items()}
            return Outcome(Verdict.REFUTED, f"the two sides differ by {shown} at the instance", where, shown)
    return Outcome(Verdict.UNDECIDED, "the step holds at the instance")


def orthonormal_columns(rows: int, columns: int, rng: random.Random) -> sp.Matrix:
    """A rational ``rows`` × ``columns`` matrix with orthonormal columns (columns of a reflection)."""
    if columns > rows:
        raise ValueError(f"{columns} orthonormal columns in dimension {rows}; expected at most {rows}")
    u = sp.Matrix([rng.randint(1, 5) * rng.choice((-1, 1)) for _ in range(rows)])
    return (sp.eye(rows) - 2 * u * u.T / (u.T * u)[0])[:, :columns]
