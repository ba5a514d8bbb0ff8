r"""Explicit matrices and numbers at which hypotheses hold: what refutes a false step that leans on hypotheses.

A step that uses equations (``using=``) is not refuted by arbitrary matrices, since they break the equations
used.  An :class:`Instance` gives a matrix to every letter and a number to every symbol; it counts only where
the equations that a step uses hold *at the instance*, which is decided exactly
(:func:`theory.proof.refutation.refute`).  What fails then is the step and not the instance.

    Reflections make rational matrices with orthonormal columns:  I − 2uuᵀ/uᵀu.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sympy as sp

from theory.proof.alphabet import Alphabet
from theory.proof.enclosure import sign_at
from theory.proof.normal_form import vanishes
from theory.proof.rendering import Named
from theory.proof.sums import Sum
from theory.proof.symmetric import Symmetric
from theory.proof.traces import Letter, Trace, Word

if TYPE_CHECKING:
    from theory.proof import Claim, Outcome, Step


@dataclass(frozen=True, eq=False)
class Instance:
    """Values for the letters and symbols of a claim.

    matrices : by letter, or by the name of the letter.
    scalars : by symbol, or by the name of the symbol; rationals, or exact numbers such as log 3.
    sizes : by the name of the size (rows or columns of the letters); those of the matrices are filled in.

    A sum over a generic index counts as one term.
    """

    matrices: Mapping[Any, sp.Matrix]
    scalars: Mapping[Any, Any] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        by_name = {one.name if isinstance(one, Letter) else str(one): sp.Matrix(m) for one, m in self.matrices.items()}
        object.__setattr__(self, "matrices", by_name)
        object.__setattr__(self, "scalars", {str(s): sp.sympify(v) for s, v in self.scalars.items()})

    def values(self, term: Any) -> list[sp.Expr]:
        """The entries of a term with all values put in.  ``KeyError`` for a missing letter; symbols may be left."""
        term = term.value if isinstance(term, Named) else term
        if isinstance(term, (Word, Trace)):
            known = {one: self.matrices[one.name] for one in term.letters}
            sizes = {"1": 1, **self.sizes}
            for one, matrix in known.items():
                sizes |= {one.rows: matrix.rows, one.columns: matrix.cols}
            value = term.evaluate(known, sizes)
            entries = list(value) if isinstance(value, sp.MatrixBase) else [value]
        elif isinstance(term, Sum):
            entries = [term.summand + term.constant]
        elif isinstance(term, Symmetric):
            entries = term.coefficients()
        else:
            entries = [term]
        return [self.number(e) for e in entries]

    def number(self, expression: Any) -> sp.Expr:
        """A scalar expression with the values put in for its symbols."""
        expression = sp.sympify(expression)
        return expression.subs(
            {s: self.scalars[str(s)] for s in expression.free_symbols if str(s) in self.scalars}, simultaneous=True
        )

    def point(self) -> dict[sp.Symbol, sp.Expr]:
        """The scalars, by symbols of their names (without assumptions)."""
        return {sp.Symbol(s): v for s, v in self.scalars.items()}

    def shown(self) -> dict[str, str]:
        """The instance as text."""
        return {n: str(m.tolist()) for n, m in self.matrices.items()} | {s: str(v) for s, v in self.scalars.items()}

    def signs(self, term: Any) -> list[int]:
        """The sign of every entry: rigorous where it is ±1; 0 where the entry reduces to 0.

        Raises ``ArithmeticError`` for an entry that does not reduce to 0 and is not told from 0 at 2048 bits.
        """
        return [exact_sign(value) for value in self.values(term)]


def exact_sign(value: sp.Expr) -> int:
    """The sign of a number: by a ball that excludes 0, or 0 by reduction; ``ArithmeticError`` if neither decides."""
    if value.is_Rational:
        return int(sp.sign(value))
    found = sign_at(value, {})
    if found == 0 and not vanishes(value, Alphabet()):
        raise ArithmeticError(f"{value} is neither shown to be 0 nor told from 0")
    return found


def refute(claim: Claim, step: Step, at: Instance) -> Outcome:
    """See :func:`theory.proof.refutation.refute`."""
    from theory.proof.refutation import refute as at_instance

    return at_instance(claim, step, at)


def orthonormal_columns(rows: int, columns: int, rng: random.Random) -> sp.Matrix:
    """A rational ``rows`` × ``columns`` matrix with orthonormal columns (columns of a reflection)."""
    if columns > rows:
        raise ValueError(f"{columns} orthonormal columns in dimension {rows}; expected at most {rows}")
    u = sp.Matrix([rng.randint(1, 5) * rng.choice((-1, 1)) for _ in range(rows)])
    return (sp.eye(rows) - 2 * u * u.T / (u.T * u)[0])[:, :columns]
