"""The symbols of a claim: every symbol has a domain, and a domain can be sampled at rational points.

    x = Alphabet()
    K = x.integer("K_t", least=2, latex="K_t")
    lam = x.positive("λ_H", latex=r"\\lambda_H")
    eps = x.unit("ε", latex=r"\\varepsilon")                         # 0 <= ε < 1
    alive = Condition("task t is alive", lam, "<", 1 / K)

The SymPy symbol is named as plain text should print it; ``latex`` is how the report prints it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from theory.proof.enclosure import Undefined, sign_at

#: A rational point: where a false statement fails.
Point = dict[sp.Symbol, sp.Rational]

#: Draws before a set of conditions counts as too narrow to sample.
MAX_DRAWS = 4000


@dataclass(frozen=True)
class Domain:
    """Where a symbol lives: integers from ``least``, or an interval of the reals.

    kind : ``"integer"`` (>= least), ``"positive"``, ``"nonnegative"``, ``"unit"`` (0 <= x < 1), ``"real"``.
    """

    kind: str
    least: int = 0

    def sample(self, rng: random.Random) -> sp.Rational:
        """A rational of small height."""
        if self.kind == "integer":
            return sp.Integer(self.least + rng.choice((0, 0, 1, 1, 2, 3, 5, 8)))
        if self.kind == "unit":
            return sp.Rational(rng.choice((0, 1, 1, 2, 3)), rng.choice((4, 5, 7, 10)))
        size = sp.Rational(rng.randint(1, 12), rng.randint(1, 12))
        if self.kind == "positive":
            return size * sp.Rational(1, rng.choice((1, 1, 1, 5, 20)))
        if self.kind == "nonnegative":
            return sp.Integer(0) if rng.random() < 0.1 else size
        return size * rng.choice((-1, 1)) if rng.random() < 0.9 else sp.Integer(0)

    def describe(self, name: str) -> str:
        """The domain in symbols, plain text."""
        return {
            "integer": f"{name} ∈ {{{self.least}, {self.least + 1}, ...}}",
            "positive": f"{name} > 0",
            "nonnegative": f"{name} ≥ 0",
            "unit": f"0 ≤ {name} < 1",
            "real": f"{name} ∈ R",
        }[self.kind]


@dataclass(frozen=True, eq=False)
class Condition:
    """A hypothesis that is an inequality between expressions: ``lhs op rhs`` with op ``<``, ``<=``, ``>`` or ``>=``."""

    name: str
    lhs: Any
    op: str
    rhs: Any

    def __post_init__(self) -> None:
        if self.op not in ("<", "<=", ">", ">="):
            raise ValueError(f"condition {self.name!r}: operator {self.op!r}; expected <, <=, > or >=")

    @property
    def strict(self) -> bool:
        """Is the slack positive (and not merely >= 0)?"""
        return self.op in ("<", ">")

    @property
    def slack(self) -> sp.Expr:
        """What the condition says is positive (or >= 0)."""
        larger, smaller = (self.rhs, self.lhs) if self.op.startswith("<") else (self.lhs, self.rhs)
        # a side may be a named term (theory.proof.rendering.Named), which is computed by its value
        return sp.sympify(getattr(larger, "value", larger)) - sp.sympify(getattr(smaller, "value", smaller))

    def holds(self, point: Mapping[sp.Symbol, sp.Rational]) -> bool:
        """Does the condition hold at ``point``, rigorously?  (An undecided equality counts only if not strict.)"""
        sign = sign_at(self.slack, point)
        return sign > 0 or (sign == 0 and not self.strict and self.slack.subs(point) == 0)


@dataclass
class Alphabet:
    """The symbols of a claim with their domains and LaTeX names.

    ``domains`` maps every symbol to its :class:`Domain`; :meth:`sample` draws a rational point at which
    given conditions hold.
    """

    domains: dict[sp.Symbol, Domain] = field(default_factory=dict)
    latex_names: dict[sp.Symbol, str] = field(default_factory=dict)

    def _new(self, name: str, latex: str | None, domain: Domain, **assumptions: bool) -> sp.Symbol:
        symbol = sp.Symbol(name, **assumptions)
        if any(symbol.name == other.name for other in self.domains):
            raise ValueError(f"symbol {name!r} is declared twice")
        self.domains[symbol] = domain
        self.latex_names[symbol] = latex or name
        return symbol

    def integer(self, name: str, least: int = 1, latex: str | None = None) -> sp.Symbol:
        """An integer >= ``least`` >= 1."""
        if least < 1:
            raise ValueError(f"symbol {name!r}: least {least}; expected at least 1")
        return self._new(name, latex, Domain("integer", least), integer=True, positive=True)

    def positive(self, name: str, latex: str | None = None) -> sp.Symbol:
        """A positive real."""
        return self._new(name, latex, Domain("positive"), positive=True)

    def nonnegative(self, name: str, latex: str | None = None) -> sp.Symbol:
        """A real >= 0."""
        return self._new(name, latex, Domain("nonnegative"), nonnegative=True)

    def unit(self, name: str, latex: str | None = None) -> sp.Symbol:
        """A real in [0, 1)."""
        return self._new(name, latex, Domain("unit"), nonnegative=True)

    def real(self, name: str, latex: str | None = None) -> sp.Symbol:
        """Any real."""
        return self._new(name, latex, Domain("real"), real=True)

    def joined(self, other: Alphabet) -> Alphabet:
        """The symbols of both; a symbol that both declare must have one domain."""
        for symbol in self.domains.keys() & other.domains.keys():
            if self.domains[symbol] != other.domains[symbol]:
                raise ValueError(f"symbol {symbol}: declared with two domains")
        return Alphabet({**self.domains, **other.domains}, {**self.latex_names, **other.latex_names})

    def part(self, *symbols: sp.Symbol) -> Alphabet:
        """A new alphabet with some of the symbols: what another claim borrows without sharing what it declares."""
        return Alphabet({s: self.domains[s] for s in symbols}, {s: self.latex_names[s] for s in symbols})

    def undeclared(self, symbols: Iterable[sp.Symbol]) -> list[sp.Symbol]:
        """The symbols that have no domain here."""
        return sorted((s for s in symbols if s not in self.domains), key=str)

    def sample(self, rng: random.Random, symbols: Iterable[sp.Symbol], conditions: tuple[Condition, ...]) -> Point:
        """A rational point of ``symbols`` (and of the conditions' own) at which every condition holds.

        Raises ``ValueError`` if none of :data:`MAX_DRAWS` draws satisfies the conditions.
        """
        wanted = set(symbols)
        for condition in conditions:
            wanted |= condition.slack.free_symbols
        order = sorted(wanted, key=str)
        for _ in range(MAX_DRAWS):
            point = {s: self.domains[s].sample(rng) for s in order}
            try:
                if all(condition.holds(point) for condition in conditions):
                    return point
            except Undefined:
                continue
        names = ", ".join(c.name for c in conditions)
        raise ValueError(f"no rational point found where these hold together: {names}")
