r"""Sums over tasks, samples or classes whose number is arbitrary.

A :class:`Sum` is Σ over an index of a generic summand, plus a constant.  Two sums over the same index
are equal if their summands are, for a generic index: additivity is the one rule used, so an identity
proved here holds for every number of terms.

    Sum("t", task_value) - Sum("t", dual_value)           # vanishes if the summands agree

A sum may be added to a :class:`theory.proof.traces.Trace`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import sympy as sp


def varies(symbol: sp.Symbol, index: str) -> bool:
    """Does the symbol carry the index (or one of ``"t,i"``) as a subscript: q_k, λ_W,t, p_t·λ_H?

    Not if its name sums over that index itself: ‖H − Σ_t Π_t H‖².
    """
    names = [n for n in index.partition(" ")[0].split(",") if f"Σ_{n}" not in str(symbol)]
    return any(re.search(rf"[_,]\{{?({n})\b|_{n}(?![A-Za-z])", str(symbol)) is not None for n in names)


def differs_in(scalar: Any, term: Any) -> sp.Symbol | None:
    """A symbol of the scalar that may differ from term to term of the sums in ``term``; ``None`` if there is none.

    c Σ_k x_k is Σ_k c x_k only if c is one number.  A symbol differs if it carries the index; in sums over samples or
    cells (``"t,i"``), where Φ(z) and ω are written without, also if it stands in the sum.
    """
    sums = [(term.index, term.summand)] if isinstance(term, Sum) else list(getattr(term, "sums", {}).items())
    for index, summand in sums:
        if summand == 0:
            continue
        for symbol in sorted(sp.sympify(scalar).free_symbols, key=str):
            if varies(symbol, index) or ("," in index and symbol in summand.free_symbols):
                return symbol
    return None


class Sum:
    """Σ_index summand + constant.

    ``index`` is the name of the index ("t", "i", "t alive", ...), ``summand`` a SymPy expression for one generic
    index, ``constant`` what does not depend on it.
    """

    def __init__(self, index: str, summand: sp.Expr, constant: sp.Expr = 0):
        self.index, self.summand, self.constant = index, sp.sympify(summand), sp.sympify(constant)
        for symbol in self.constant.free_symbols:
            if varies(symbol, index):
                raise ValueError(f"a sum over {index} beside {symbol}, which differs in its terms")

    def _operand(self, other: Sum | sp.Expr) -> Sum | None:
        if isinstance(other, (sp.Expr, int)):
            return Sum(self.index, 0, other)
        if not isinstance(other, Sum):
            return None
        if other.index != self.index and other.summand != 0 and self.summand != 0:
            raise ValueError(f"a sum over {self.index} and one over {other.index} do not combine term by term")
        return other

    def __add__(self, other: Sum | sp.Expr) -> Sum:
        added = self._operand(other)
        if added is None:
            return NotImplemented
        return Sum(self.index, self.summand + added.summand, self.constant + added.constant)

    __radd__ = __add__

    def __sub__(self, other: Sum | sp.Expr) -> Sum:
        subtracted = self._operand(other)
        return NotImplemented if subtracted is None else self + (-1) * subtracted

    def __rsub__(self, other: Sum | sp.Expr) -> Sum:
        return -self + other

    def __mul__(self, scalar: sp.Expr) -> Sum:
        return Sum(self.index, self.summand * scalar, self.constant * scalar)

    __rmul__ = __mul__

    def __neg__(self) -> Sum:
        return self * -1

    def coefficients(self) -> list[sp.Expr]:
        """Scalars whose vanishing makes the sum 0 whatever the number of terms."""
        return [self.summand, self.constant]

    def map(self, function: Callable[[sp.Expr], sp.Expr]) -> Sum:
        """``function`` applied to the summand and the constant."""
        return Sum(self.index, function(self.summand), function(self.constant))

    def render(self, scalar: Callable[[sp.Expr], str], latex: bool) -> str:
        """As text."""
        name, _, words = self.index.partition(" ")
        index = name + (rf"\text{{ {words}}}" if words else "")
        sign = rf"\sum_{{{index}}}" if latex else f"Σ_{name}" + (f" {words}" if words else "")
        parts = [] if self.constant == 0 else [scalar(self.constant)]
        if self.summand != 0:
            body = scalar(self.summand)
            if isinstance(self.summand, sp.Add):
                body = rf"\left[{body}\right]" if latex else f"[{body}]"
            parts.append(f"{sign} {body}")
        return " + ".join(parts) or "0"
