r"""What every step of a proof shares: verdicts, what a step may use, and the context it is checked in.

A :class:`Step` states a relation and checks it in a :class:`Context`: the symbols, hypotheses and earlier steps
of its claim.  Its :class:`Outcome` is ``proved``, ``refuted`` with a point, or ``undecided``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

import sympy as sp

from theory.proof.alphabet import Alphabet, Condition
from theory.proof.instances import Instance
from theory.proof.rendering import relation_latex, relation_plain
from theory.proof.traces import Trace, Word, trace

if TYPE_CHECKING:
    from theory.proof import Claim


class Verdict(StrEnum):
    """What the machinery says of a step."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Outcome:
    """A verdict with its evidence.

    detail : how it was shown, or what is left over.
    point : for ``refuted``, names of symbols and letters with the rational values at which the step fails.
    value : for ``refuted``, the enclosed value of what should vanish or be >= 0.
    """

    verdict: Verdict
    detail: str
    point: Mapping[str, str] | None = None
    value: str | None = None

    @property
    def proved(self) -> bool:
        """Was the step proved?"""
        return self.verdict is Verdict.PROVED


@dataclass(frozen=True, eq=False)
class Let:
    """A change of variables: ``symbol`` is eliminated in favour of ``value`` (``because`` says why it may be)."""

    symbol: sp.Symbol
    value: sp.Expr
    because: str = ""


@dataclass(frozen=True, eq=False)
class Given:
    """A hypothesis that is an equation (``op`` is ``"="``): a definition, stationarity, feasibility.

    ``shown_by`` names the step that shows it, for other letters perhaps: a step of the same claim, or ``"claim::step"``
    of one that the claim relies on (:func:`theory.proof.readings.linked`).
    """

    name: str
    lhs: Any
    rhs: Any
    shown_by: str = ""
    op: ClassVar[str] = "="


@dataclass(frozen=True, eq=False)
class Semidefinite:
    """That a symmetric matrix polynomial is positive semidefinite: a hypothesis, or shown by an earlier citation."""

    name: str
    matrix: Word


@dataclass(frozen=True, eq=False)
class Square:
    """The summand tr(Xᵀ M X) >= 0; M is the identity, or a matrix assumed or shown before to be semidefinite.

    It vanishes iff M X = 0.
    """

    factor: Word
    middle: Semidefinite | None = None

    @property
    def value(self) -> Trace:
        """tr(Xᵀ M X)."""
        X = self.factor
        if self.middle is None:
            return X.square()
        M = self.middle.matrix

        def printer(scalar: Any, latex: bool) -> str:
            parts = [w.render(scalar, latex) for w in (X.T, M, X)]
            shape = r"\operatorname{{tr}}\bigl({0}\,({1})\,{2}\bigr)" if latex else "tr({0} ({1}) {2})"
            return shape.format(*parts)

        return Trace(trace(X.T @ M @ X).terms, ((sp.Integer(1), printer),))

    @property
    def vanishing(self) -> Word:
        """M X, which is 0 iff the summand is."""
        return self.factor if self.middle is None else self.middle.matrix @ self.factor


@dataclass(frozen=True)
class Slack:
    """larger − smaller side of an earlier inequality, named by its step."""

    step: str


@dataclass(frozen=True, eq=False)
class Termwise:
    """Σ over a generic ``index`` of a product of certified factors: a sum of non-negative terms.

    ``some`` says that the index set is not empty (a hypothesis in words): then the sum is > 0 if all factors are.
    """

    index: str
    factors: tuple[Any, ...]
    some: bool = False


@dataclass(frozen=True, eq=False)
class Using:
    """A multiple of an earlier equation: times · left (lhs − rhs) right, or with the equation transposed.

    Where the equation has a sum, ``times`` must be the same for all its terms (:func:`theory.proof.sums.differs_in`).
    """

    equation: str
    times: Any = 1
    left: Word | None = None
    right: Word | None = None
    transposed: bool = False


@dataclass
class Context:
    """What a step may rely on: the claim's symbols and hypotheses, the steps before it, and other claims."""

    alphabet: Alphabet
    hypotheses: tuple[Any, ...] = ()
    earlier: dict[str, Step] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    instance: Callable[[random.Random], Instance] | None = None

    def equation(self, name: str) -> Any:
        """The relation called ``name``: an earlier step, a :class:`Given`, or ``"claim::step"`` of another claim.

        ``ValueError`` if there is none, or if the other claim's step, or one before it, is not proved.
        """
        found: Any = self.earlier.get(name)
        if found is None and "::" in name:
            found = self._elsewhere(*name.split("::", 1))
        if found is None:
            found = next((h for h in self.hypotheses if isinstance(h, Given) and h.name == name), None)
        if found is None:
            raise ValueError(f"no earlier step and no hypothesis is called {name!r}")
        return found

    def _elsewhere(self, claim_name: str, step_name: str) -> Step | None:
        claim = next((c for c in self.claims if c.name == claim_name), None)
        step = None if claim is None else next((s for s in claim.steps if s.name == step_name), None)
        if claim is None or step is None:
            return None
        # what it rests on may be anything before it
        for one, outcome in zip(claim.steps, claim.outcomes, strict=True):
            if not outcome.proved:
                raise ValueError(f"step {one.name!r} of claim {claim_name!r} is not proved")
            if one is step:
                break
        return step


@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """What all steps share.

    name : unique within the claim.
    because : the reason, in words (Unicode mathematics is fine).
    where : conditions under which the step is stated, and changes of variables (:class:`Let`, applied in order).
    concludes : is the step's relation part of the claim's statement?
    """

    name: str
    because: str = ""
    where: tuple[Condition | Let, ...] = ()
    concludes: bool = False

    @property
    def kind(self) -> str:
        """The kind of step, as printed."""
        return type(self).__name__

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions among ``where``."""
        return tuple(w for w in self.where if isinstance(w, Condition))

    @property
    def lets(self) -> tuple[Let, ...]:
        """The changes of variables among ``where``."""
        return tuple(w for w in self.where if isinstance(w, Let))

    def relation(self, context: Context) -> tuple[Any, str, Any]:
        """(lhs, op, rhs) as printed."""
        raise NotImplementedError

    def check(self, context: Context) -> Outcome:
        """Run the step."""
        raise NotImplementedError

    def plain(self, context: Context) -> str:
        """The step's relation as plain text."""
        return relation_plain(*self.relation(context))

    def latex(self, context: Context) -> str:
        """The step's relation in LaTeX, without dollar signs."""
        return relation_latex(*self.relation(context), context.alphabet)
