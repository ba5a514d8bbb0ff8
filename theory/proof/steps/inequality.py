"""Inequalities by sums of non-negative terms, and what follows where such a sum is 0."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import sympy as sp

from theory.proof.normal_form import NONNEGATIVE, POSITIVE, residue, sign
from theory.proof.rendering import plain
from theory.proof.steps.base import Context, Outcome, Semidefinite, Slack, Square, Step, Termwise, Using, Verdict
from theory.proof.steps.cited import Cited
from theory.proof.steps.identity import multiple, sides
from theory.proof.steps.vanishing import difference, eliminate, refute_scalars, value_of, vanish
from theory.proof.sums import Sum, differs_in
from theory.proof.traces import Word

#: A factor that is >= 0: an expression (by its domain, or the slack of a condition), a square, an earlier slack,
#: or a sum of such, term by term.
FactorOf = Any
Products = tuple[tuple[FactorOf, ...], ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Inequality(Step):
    """lhs op rhs with op >=, >, <= or <, shown by a decomposition.

    ``by`` is a tuple of products; larger − smaller − Σ ``using`` must equal Σ Π factors, and every factor
    must be certified: an expression >= 0 on the domain or equal to the slack of a condition in ``where``,
    a :class:`Square`, or the :class:`Slack` of an earlier inequality.  Without ``by`` the difference itself
    must be certified.  ``equality`` says when equality holds.
    """

    lhs: Any
    op: str
    rhs: Any
    by: Products = ()
    using: tuple[Using, ...] = ()
    equality: str = ""

    def relation(self, context: Context) -> tuple[Any, str, Any]:
        """Lhs op rhs."""
        return self.lhs, self.op, self.rhs

    @property
    def slack(self) -> Any:
        """Larger − smaller."""
        return difference(self.lhs, self.rhs) if self.op.startswith(">") else difference(self.rhs, self.lhs)

    def check(self, context: Context) -> Outcome:
        """Check the decomposition and certify its factors; if that fails, look for a point of violation."""
        if self.op not in (">=", ">", "<=", "<"):
            raise ValueError(f"step {self.name!r}: operator {self.op!r}; expected >=, >, <= or <")
        products = self.by or ((self.slack,),)
        parts = _adds_up(self.slack, products, self.using, self, context)
        if not parts.proved:
            return Outcome(parts.verdict, f"decomposition: {parts.detail}", parts.point, parts.value)
        signs = [[_certified(f, self, context) for f in product] for product in products]
        for product, found in zip(products, signs, strict=True):
            if None in found:
                bad = product[found.index(None)]
                return self._violated(context, f"not certified >= 0: {plain(factor_value(bad, context))[:120]}")
        if self.op in ("<", ">") and not any(all(f == POSITIVE for f in found) for found in signs):
            return self._violated(context, "certified >= 0 but not > 0")
        return Outcome(Verdict.PROVED, "a sum of products of non-negative factors")

    def _violated(self, context: Context, otherwise: str) -> Outcome:
        if isinstance(self.slack, sp.Expr) and not self.using:
            found = refute_scalars([eliminate(self.slack, self.lets)], self, context, wanted=1)
            if found is not None:
                return found
        return Outcome(Verdict.UNDECIDED, otherwise)


def _adds_up(whole: Any, products: Products, using: tuple[Using, ...], step: Step, context: Context) -> Outcome:
    """Is ``whole`` the sum of the products, modulo the equations used?"""
    rest = difference(whole, reduce(lambda a, b: a + b, (_product(p, context) for p in products)))
    for use in using:
        rest = difference(rest, multiple(use, context, rest))
    return vanish(rest, step, context, exact_test=not using)


def _certified(factor: FactorOf, step: Step, context: Context) -> str | None:
    """ ">" or ">=" where the factor is certified, else ``None``."""
    if isinstance(factor, Termwise):
        signs = [_certified(f, step, context) for f in factor.factors]
        if None in signs:
            return None
        return POSITIVE if factor.some and set(signs) == {POSITIVE} else NONNEGATIVE
    if isinstance(factor, Square):
        if factor.middle is not None and not _semidefinite(factor.middle, context):
            raise ValueError(f"step {step.name!r}: nothing shows that {factor.middle.name!r} holds")
        return NONNEGATIVE
    if isinstance(factor, Slack):
        return POSITIVE if sides(context.equation(factor.step), context)[1] in ("<", ">") else NONNEGATIVE
    for condition in step.conditions:
        if residue(eliminate(sp.sympify(factor) - condition.slack, step.lets), context.alphabet) == 0:
            return POSITIVE if condition.strict else NONNEGATIVE
    return sign(eliminate(sp.sympify(factor), step.lets), context.alphabet)


def _semidefinite(wanted: Semidefinite, context: Context) -> bool:
    """Is the matrix assumed semidefinite, or shown to be by an earlier step?"""
    if wanted in context.hypotheses:
        return True
    relations = [step.relation(context) for step in context.earlier.values() if isinstance(step, Cited)]
    shown = [lhs for lhs, op, _ in relations if op == "psd" and isinstance(lhs, Word)]
    return any(
        (m.rows, m.columns) == (wanted.matrix.rows, wanted.matrix.columns) and not (m - wanted.matrix).coefficients()
        for m in shown
    )


def factor_value(factor: FactorOf, context: Context) -> Any:
    """The term that a factor stands for."""
    if isinstance(factor, Termwise):
        return Sum(factor.index, _product(factor.factors, context))
    if isinstance(factor, Square):
        return factor.value
    if isinstance(factor, Slack):
        lhs, op, rhs = sides(context.equation(factor.step), context)
        if op not in (">=", ">", "<=", "<"):
            raise ValueError(f"{factor.step!r} is no inequality")
        return difference(lhs, rhs) if op.startswith(">") else difference(rhs, lhs)
    return value_of(factor)


def _product(factors: tuple[FactorOf, ...], context: Context) -> Any:
    values = [factor_value(f, context) for f in factors]
    scalars = [v for v in values if isinstance(v, sp.Expr)]
    others = [v for v in values if not isinstance(v, sp.Expr)]
    if len(others) > 1:
        raise ValueError("a product may hold one factor that is no scalar")
    scalar = reduce(lambda a, b: a * b, scalars, sp.Integer(1))
    differing = differs_in(scalar, others[0]) if others else None
    if differing is not None:
        raise ValueError(f"a sum is not multiplied by {differing}, which may differ in its terms; use Termwise")
    return others[0] * scalar if others else scalar


@dataclass(frozen=True, eq=False, kw_only=True)
class EqualityCase(Step):
    """A sum of non-negative terms that is 0 has all its terms 0: here summand number ``summand``.

    ``of`` names an equation lhs − rhs = 0 whose lhs − rhs is the sum of the products ``by`` (see
    :class:`Inequality`), or an inequality that holds with equality (its own ``by``).  The summand's other
    factors must be certified positive; then a :class:`Square` gives M X = 0, a :class:`Slack` gives
    equality in its step, and a :class:`Termwise` sum makes its last factor vanish for every index.
    """

    of: str
    summand: int
    by: Products = ()

    def _parts(self, context: Context) -> tuple[Any, FactorOf, list[FactorOf]]:
        step = context.equation(self.of)
        products = self.by or getattr(step, "by", ())
        if not products:
            raise ValueError(f"step {self.name!r}: {self.of!r} has no decomposition; give one in by=")
        factors = products[self.summand]
        special = [f for f in factors if isinstance(f, (Square, Slack, Termwise))]
        if len(special) > 1:
            raise ValueError(f"step {self.name!r}: summand {self.summand} has two squares")
        main = special[0] if special else factors[-1]
        beside = [f for f in factors if f is not main]
        return step, main, beside + list(main.factors[:-1] if isinstance(main, Termwise) else ())

    def relation(self, context: Context) -> tuple[Any, str, Any]:
        """The equation that follows."""
        _, main, _ = self._parts(context)
        if isinstance(main, Square):
            positive, negative = _split(main.vanishing)
            return positive, "=", negative
        if isinstance(main, Termwise) and not isinstance(main.factors[-1], Slack):
            return main.factors[-1], "=", sp.Integer(0)
        if isinstance(main, (Slack, Termwise)):
            slack = main.factors[-1] if isinstance(main, Termwise) else main
            lhs, _, rhs = sides(context.equation(slack.step), context)
            return lhs, "=", rhs
        return main, "=", sp.Integer(0)

    def check(self, context: Context) -> Outcome:
        """The products add up, each factor is certified, and those beside the vanishing one are positive."""
        step, main, rest = self._parts(context)
        if self.by:
            lhs, op, rhs = sides(step, context)
            if op != "=":
                raise ValueError(f"step {self.name!r}: {self.of!r} is no equation; leave by= out")
            parts = _adds_up(difference(lhs, rhs), self.by, (), self, context)
            if not parts.proved:
                return Outcome(parts.verdict, f"decomposition: {parts.detail}", parts.point, parts.value)
        where = self if self.by else step
        everything = [(f, (POSITIVE, NONNEGATIVE)) for product in self.by or step.by for f in product]
        for factor, needed in everything + [(f, (POSITIVE,)) for f in rest]:
            if _certified(factor, where, context) not in needed:
                value = plain(factor_value(factor, context))
                return Outcome(Verdict.UNDECIDED, f"not certified {needed[-1]} 0: {value[:120]}")
        if isinstance(main, (sp.Expr, int)) and _certified(main, where, context) == POSITIVE:
            return Outcome(Verdict.UNDECIDED, "the vanishing factor is certified positive: the hypotheses contradict")
        return Outcome(Verdict.PROVED, "a sum of non-negative terms is 0 only if each term is")


def _split(word: Word) -> tuple[Word, Word | sp.Expr]:
    """Positive and (negated) negative part, to print ``A − B = 0`` as ``A = B``."""
    up = {p: c for p, c in word.terms.items() if not c.could_extract_minus_sign()}
    down = {p: -c for p, c in word.terms.items() if c.could_extract_minus_sign()}
    if not up or not down:
        return word, Word({}, word.rows, word.columns)
    return Word(up, word.rows, word.columns), Word(down, word.rows, word.columns)
