r"""A proof is data: claims, and steps that can fail.

A :class:`Claim` has hypotheses, steps and a statement *generated from* the steps that conclude part of
it.  A step holds expressions (scalars, symmetric matrices of symbolic size, polynomials in matrices and
their traces, sums over a generic index) and is checked by machine:

    Identity       lhs = rhs: the difference reduces to 0, where needed modulo earlier steps (``using``)
    Inequality     lhs >= rhs: the difference is a sum of products of factors each certified >= 0
    EqualityCase   an inequality that holds with equality makes each summand of its decomposition vanish
    Equivalence    one condition holds iff another does: the slacks differ by a certified positive factor
    Derivative     a derivative, by SymPy and against finite differences at rational points
    Cited          an instance of a named classical lemma (:mod:`theory.lemmas`); the lemma makes the relation

The outcome of a step is ``proved``, ``refuted`` (with a rational point at which it provably fails) or
``undecided``.  That SymPy cannot simplify a difference refutes nothing.  A claim is ``proved`` iff every
step is; ``refuted`` if one is; otherwise ``checked at instances``: no counterexample was found.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, reduce
from typing import Any, ClassVar

import flint
import sympy as sp

from theory.alphabet import Alphabet, Condition, Point
from theory.enclosure import Undefined, enclose, sign_at
from theory.lemmas import Lemma
from theory.normal_form import NONNEGATIVE, POSITIVE, residue, sign
from theory.rendering import Named, condition_plain, plain, relation_latex, relation_plain
from theory.sums import Sum
from theory.symmetric import Symmetric
from theory.traces import Letter, Trace, Word, random_matrices, trace

#: Rational points tried before a step that was not proved is left undecided.
POINTS = 24
SEED = 20260101


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
    """A hypothesis that is an equation (``op`` is ``"="``): a definition, stationarity, feasibility."""

    name: str
    lhs: Any
    rhs: Any
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
    """Σ over a generic ``index`` of a product of certified factors: a sum of non-negative terms."""

    index: str
    factors: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Using:
    """A multiple of an earlier equation: times · left (lhs − rhs) right, or with the equation transposed."""

    equation: str
    times: Any = 1
    left: Word | None = None
    right: Word | None = None
    transposed: bool = False


@dataclass(frozen=True, eq=False)
class Instance:
    """Explicit matrices and scalars at which the equations among a claim's hypotheses hold.

    An identity that uses those equations is refuted where it fails at such an instance.
    """

    matrices: Mapping[Letter, sp.Matrix]
    sizes: Mapping[str, int]
    scalars: Mapping[sp.Symbol, sp.Rational]

    def value(self, term: Word | Trace | Sum | sp.Expr) -> list[sp.Expr]:
        """The entries of a term at the instance; sums have one term."""
        if isinstance(term, Sum):
            term = Trace({}) + term
        if isinstance(term, Word):
            return [sp.sympify(e).subs(self.scalars) for e in term.evaluate(self.matrices, self.sizes)]
        value = term.evaluate(self.matrices, self.sizes) if isinstance(term, Trace) else term
        return [sp.sympify(value).subs(self.scalars)]

    @property
    def point(self) -> dict[str, str]:
        """The instance as text."""
        named = {one.name: str(m.tolist()) for one, m in self.matrices.items()}
        return named | {str(k): str(v) for k, v in self.scalars.items()}


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

        ``ValueError`` if there is none, or if the other claim's step is not proved.
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
        if not claim.check(step).proved:
            raise ValueError(f"step {step_name!r} of claim {claim_name!r} is not proved")
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


# --------------------------------------------------------------------------- terms of any kind


def value_of(term: Any) -> Any:
    """The term that is computed with: the value of a :class:`Named` one, a SymPy number for a Python one."""
    term = term.value if isinstance(term, Named) else term
    return sp.sympify(term) if isinstance(term, (int, float)) else term


def difference(lhs: Any, rhs: Any) -> Any:
    """lhs − rhs; a plain 0 stands for the zero of any kind."""
    lhs, rhs = value_of(lhs), value_of(rhs)
    if isinstance(rhs, sp.Expr) and rhs == 0:
        return lhs
    if isinstance(lhs, sp.Expr) and lhs == 0:
        return -rhs
    return lhs - rhs


def scalars_of(term: Any) -> list[sp.Expr]:
    """Scalars that all vanish iff the term does."""
    return [sp.sympify(term)] if isinstance(term, (sp.Expr, int)) else term.coefficients()


def _eliminate(expression: sp.Expr, lets: Iterable[Let]) -> sp.Expr:
    for let in lets:
        expression = expression.subs(let.symbol, let.value)
    return expression


def _conditions_after(step: Step, context: Context) -> tuple[Condition, ...]:
    """The step's conditions in the variables that remain, and the domains of the eliminated symbols."""
    lets = step.lets
    out = [
        Condition(c.name, sp.Integer(0), "<" if c.strict else "<=", _eliminate(c.slack, lets)) for c in step.conditions
    ]
    for k, let in enumerate(lets):
        domain = context.alphabet.domains.get(let.symbol)
        if domain is not None and domain.kind in ("positive", "nonnegative"):
            value = _eliminate(sp.sympify(let.value), lets[k + 1 :])
            op = "<" if domain.kind == "positive" else "<="
            out.append(Condition(f"{let.symbol} in its domain", sp.Integer(0), op, value))
    return tuple(out)


def vanish(term: Any, step: Step, context: Context, exact_test: bool = True) -> Outcome:
    """Is the term 0 for all values?  ``exact_test=False``: a non-zero value refutes nothing (``using`` was in play)."""
    scalars = [_eliminate(s, step.lets) for s in scalars_of(term)]
    unknown = context.alphabet.undeclared(set().union(*(s.free_symbols for s in scalars)) if scalars else ())
    if unknown:
        raise ValueError(f"step {step.name!r}: symbols without a domain: {', '.join(map(str, unknown))}")
    left = [r for r in (residue(s, context.alphabet) for s in scalars) if r != 0]
    if not left:
        return Outcome(Verdict.PROVED, "reduces to 0")
    if exact_test:
        if isinstance(term, (Word, Trace)):
            refuted = _refute_matrices(term, step, context)
        else:
            refuted = _refute_scalars(scalars, step, context)
        if refuted is not None:
            return refuted
    return Outcome(Verdict.UNDECIDED, f"left over: {plain(left[0])[:200]}")


def _refute_scalars(scalars: list[sp.Expr], step: Step, context: Context, wanted: int | None = None) -> Outcome | None:
    """A rational point where some scalar is certainly non-zero (or, with ``wanted``, certainly of the other sign)."""
    rng = random.Random(SEED)
    conditions = _conditions_after(step, context)
    symbols = set().union(*(s.free_symbols for s in scalars))
    for _ in range(POINTS):
        point = context.alphabet.sample(rng, symbols, conditions)
        for s in scalars:
            try:
                found = sign_at(s, point)
                if found == 0 or (wanted is not None and found == wanted):
                    continue
                return _refuted(enclose(s, point), {str(k): str(v) for k, v in point.items()})
            except Undefined:
                continue
    return None


def _refuted(value: Any, point: dict[str, str], what: str = "the difference of the two sides") -> Outcome:
    text = value.str(8, radius=False) if hasattr(value, "str") else str(value)
    where = ", ".join(f"{k} = {v}" for k, v in sorted(point.items()))
    return Outcome(Verdict.REFUTED, f"{what} is {text} at {where or 'every point'}", point, text)


def _refute_matrices(term: Word | Trace, step: Step, context: Context) -> Outcome | None:
    rng = random.Random(SEED)
    for _ in range(POINTS):
        matrices, sizes = random_matrices(term.letters, rng)
        if isinstance(term, Word):
            sizes = {term.rows: 1, term.columns: 1, **sizes}
        value = term.evaluate(matrices, sizes)
        entries = list(value) if isinstance(value, sp.MatrixBase) else [value]
        point = context.alphabet.sample(rng, term.scalars, step.conditions)
        for entry in entries:
            number = sp.sympify(entry)
            if sign_at(number, point) != 0:
                named = {one.name: str(m.tolist()) for one, m in matrices.items()}
                return _refuted(enclose(number, point), named | {str(k): str(v) for k, v in point.items()})
    return None


# --------------------------------------------------------------------------- the steps


@dataclass(frozen=True, eq=False, kw_only=True)
class Identity(Step):
    """lhs = rhs, shown by reducing lhs − rhs − Σ ``using`` to 0.

    ``read_as`` is the same equation in the letters of matrix polynomials (for the stacked matrices where the
    identity is about the generic block, or for a block where it is about the stack); ``using`` reads it.
    """

    lhs: Any
    rhs: Any
    using: tuple[Using, ...] = ()
    read_as: tuple[Word, Word] | None = None

    def relation(self, context: Context) -> tuple[Any, str, Any]:
        """lhs = rhs."""
        return self.lhs, "=", self.rhs

    def check(self, context: Context) -> Outcome:
        """Reduce the difference."""
        for named in (self.lhs, self.rhs):
            if isinstance(named, Named) and named.by:
                context.equation(named.by)
        rest = difference(self.lhs, self.rhs)
        for use in self.using:
            rest = difference(rest, _multiple(use, context, rest))
        outcome = vanish(rest, self, context, exact_test=not self.using)
        if outcome.verdict is Verdict.UNDECIDED and self.using and context.instance is not None:
            return _refute_at_instances(difference(self.lhs, self.rhs), context.instance) or outcome
        return outcome


def _refute_at_instances(term: Any, draw: Callable[[random.Random], Instance]) -> Outcome | None:
    """An instance of the claim's hypotheses at which the term is certainly not 0."""
    rng = random.Random(SEED)
    for _ in range(POINTS):
        instance = draw(rng)
        for entry in instance.value(term):
            if not entry.free_symbols and sign_at(entry, {}) != 0:
                return _refuted(enclose(entry, {}), instance.point)
    return None


def _multiple(use: Using, context: Context, target: Any) -> Any:
    equation = context.equation(use.equation)
    read_as = getattr(equation, "read_as", None)
    lhs, op, rhs = (read_as[0], "=", read_as[1]) if read_as else _sides(equation, context)
    if op != "=":
        raise ValueError(f"{use.equation!r} is no equation")
    term = difference(lhs, rhs)
    if isinstance(term, Word):
        term = term.T if use.transposed else term
        term = term if use.left is None else use.left @ term
        term = term if use.right is None else term @ use.right
        term = trace(term) if isinstance(target, Trace) else term
    return use.times * term


def _sides(equation: Any, context: Context) -> tuple[Any, str, Any]:
    if isinstance(equation, Given):
        return equation.lhs, "=", equation.rhs
    sides: tuple[Any, str, Any] = equation.relation(context)
    return sides


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
                return self._violated(context, f"not certified >= 0: {plain(_factor_value(bad, context))[:120]}")
        if self.op in ("<", ">") and not any(all(f == POSITIVE for f in found) for found in signs):
            return self._violated(context, "certified >= 0 but not > 0")
        return Outcome(Verdict.PROVED, "a sum of products of non-negative factors")

    def _violated(self, context: Context, otherwise: str) -> Outcome:
        if isinstance(self.slack, sp.Expr) and not self.using:
            found = _refute_scalars([_eliminate(self.slack, self.lets)], self, context, wanted=1)
            if found is not None:
                return found
        return Outcome(Verdict.UNDECIDED, otherwise)


def _adds_up(whole: Any, products: Products, using: tuple[Using, ...], step: Step, context: Context) -> Outcome:
    """Is ``whole`` the sum of the products, modulo the equations used?"""
    rest = difference(whole, reduce(lambda a, b: a + b, (_product(p, context) for p in products)))
    for use in using:
        rest = difference(rest, _multiple(use, context, rest))
    return vanish(rest, step, context, exact_test=not using)


def _certified(factor: FactorOf, step: Step, context: Context) -> str | None:
    """ ">" or ">=" where the factor is certified, else ``None``."""
    if isinstance(factor, Termwise):
        return None if None in [_certified(f, step, context) for f in factor.factors] else NONNEGATIVE
    if isinstance(factor, Square):
        if factor.middle is not None and not _semidefinite(factor.middle, context):
            raise ValueError(f"step {step.name!r}: nothing shows that {factor.middle.name!r} holds")
        return NONNEGATIVE
    if isinstance(factor, Slack):
        return POSITIVE if _sides(context.equation(factor.step), context)[1] in ("<", ">") else NONNEGATIVE
    for condition in step.conditions:
        if residue(_eliminate(sp.sympify(factor) - condition.slack, step.lets), context.alphabet) == 0:
            return POSITIVE if condition.strict else NONNEGATIVE
    return sign(_eliminate(sp.sympify(factor), step.lets), context.alphabet)


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


def _factor_value(factor: FactorOf, context: Context) -> Any:
    if isinstance(factor, Termwise):
        return Sum(factor.index, _product(factor.factors, context))
    if isinstance(factor, Square):
        return factor.value
    if isinstance(factor, Slack):
        lhs, op, rhs = _sides(context.equation(factor.step), context)
        if op not in (">=", ">", "<=", "<"):
            raise ValueError(f"{factor.step!r} is no inequality")
        return difference(lhs, rhs) if op.startswith(">") else difference(rhs, lhs)
    return value_of(factor)


def _product(factors: tuple[FactorOf, ...], context: Context) -> Any:
    values = [_factor_value(f, context) for f in factors]
    scalars = [v for v in values if isinstance(v, sp.Expr)]
    others = [v for v in values if not isinstance(v, sp.Expr)]
    if len(others) > 1:
        raise ValueError("a product may hold one factor that is no scalar")
    scalar = reduce(lambda a, b: a * b, scalars, sp.Integer(1))
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
            lhs, _, rhs = _sides(context.equation(slack.step), context)
            return lhs, "=", rhs
        return main, "=", sp.Integer(0)

    def check(self, context: Context) -> Outcome:
        """The products add up, each factor is certified, and those beside the vanishing one are positive."""
        step, main, rest = self._parts(context)
        if self.by:
            lhs, op, rhs = _sides(step, context)
            if op != "=":
                raise ValueError(f"step {self.name!r}: {self.of!r} is no equation; leave by= out")
            parts = _adds_up(difference(lhs, rhs), self.by, (), self, context)
            if not parts.proved:
                return Outcome(parts.verdict, f"decomposition: {parts.detail}", parts.point, parts.value)
        where = self if self.by else step
        everything = [(f, (POSITIVE, NONNEGATIVE)) for product in self.by or step.by for f in product]
        for factor, needed in everything + [(f, (POSITIVE,)) for f in rest]:
            if _certified(factor, where, context) not in needed:
                value = plain(_factor_value(factor, context))
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
        if residue(_eliminate(gap, self.lets), context.alphabet) == 0:
            if sign(_eliminate(sp.sympify(self.factor), self.lets), context.alphabet) == POSITIVE:
                return Outcome(Verdict.PROVED, "the two slacks differ by a positive factor")
            return Outcome(Verdict.UNDECIDED, f"factor not certified positive: {plain(self.factor)}")
        return self._told_apart(context) or Outcome(Verdict.UNDECIDED, "the slacks are not shown proportional")

    def _told_apart(self, context: Context) -> Outcome | None:
        rng = random.Random(SEED)
        sides = [_eliminate(c.slack, self.lets) for c in (self.left, self.right)]
        for _ in range(40 * POINTS):
            point = context.alphabet.sample(
                rng, sides[0].free_symbols | sides[1].free_symbols, _conditions_after(self, context)
            )
            try:
                signs = [sign_at(s, point) for s in sides]
            except Undefined:
                continue
            if 0 not in signs and signs[0] != signs[1]:
                holds, fails = (self.left, self.right) if signs[0] > 0 else (self.right, self.left)
                found = _refuted("", {str(k): str(v) for k, v in point.items()})
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
        of = _eliminate(value_of(self.of), self.lets)
        derivative = sp.diff(of, self.by)
        equals = _eliminate(value_of(self.equals), self.lets)
        wrong = self._against_differences(of, derivative, context)
        if wrong is not None:
            return wrong
        return vanish(derivative - equals, self, context)

    def _against_differences(self, of: sp.Expr, derivative: sp.Expr, context: Context) -> Outcome | None:
        rng = random.Random(SEED)
        h, bits, tolerance = sp.Rational(1, 10**30), 600, sp.Rational(1, 10**40)
        for _ in range(3):
            point: Point = context.alphabet.sample(rng, of.free_symbols | {self.by}, _conditions_after(self, context))
            if point[self.by] == 0:
                point[self.by] = sp.Rational(1, 3)
            ends = [enclose(of, {**point, self.by: point[self.by] + s * h}, bits) for s in (1, -1)]
            exact = enclose(derivative, point, bits)
            with flint.ctx.workprec(bits):
                slope = (ends[0] - ends[1]) / (2 * enclose(h, {}, bits))
                agree = abs(slope - exact) <= enclose(tolerance, {}, bits) * (1 + abs(exact))
            if not agree:
                where = {str(k): str(v) for k, v in point.items()}
                return _refuted(slope - exact, where, "the difference quotient less SymPy's derivative")
        return None


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
        """The lemma is registered, its roles are filled, and its premises were shown before."""
        if set(self.roles) != set(self.lemma.roles):
            raise ValueError(f"step {self.name!r}: lemma {self.lemma.name!r} has the roles {self.lemma.roles}")
        known = {h.name for h in context.hypotheses if hasattr(h, "name")} | set(context.earlier)
        missing = [p for p in self.premises if p not in known]
        if missing:
            raise ValueError(f"step {self.name!r}: premises that nothing shows: {', '.join(missing)}")
        self.relation(context)
        return Outcome(Verdict.PROVED, f"cited: {self.lemma.name} ({self.lemma.reference})")


# --------------------------------------------------------------------------- claims


@dataclass(frozen=True, eq=False)
class Claim:
    """A theorem with its proof.

    name : the module's name, by which other parts of the suite refer to it.
    title : a line for people.
    alphabet : the symbols with their domains.
    hypotheses : texts, :class:`Condition`, :class:`Given` and :class:`Semidefinite` objects.
    steps : in the order of the proof.
    source : where the theorem is from.
    relies_on : claims whose steps are used, as ``"claim::step"``.
    instance : draws an :class:`Instance` of the hypotheses, by which false identities are refuted.
    """

    name: str
    title: str
    alphabet: Alphabet
    hypotheses: tuple[Any, ...]
    steps: tuple[Step, ...]
    source: str
    relies_on: tuple[Claim, ...] = ()
    instance: Callable[[random.Random], Instance] | None = None

    def __post_init__(self) -> None:
        names = [s.name for s in self.steps]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"claim {self.name!r}: two steps are called {twice[0]!r}")
        if not any(s.concludes for s in self.steps):
            raise ValueError(f"claim {self.name!r}: no step concludes anything")

    def context(self, step: Step) -> Context:
        """What ``step`` may rely on."""
        earlier: dict[str, Step] = {}
        for other in self.steps:
            if other is step:
                break
            earlier[other.name] = other
        return Context(self.alphabet, self.hypotheses, earlier, self.relies_on, self.instance)

    def check(self, step: Step) -> Outcome:
        """The outcome of one step, given the ones before it."""
        return step.check(self.context(step))

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcome of every step."""
        return tuple(self.check(step) for step in self.steps)

    @property
    def status(self) -> str:
        """``proved``, ``refuted`` or ``checked at instances``."""
        verdicts = {o.verdict for o in self.outcomes}
        if Verdict.REFUTED in verdicts:
            return "refuted"
        return "checked at instances" if Verdict.UNDECIDED in verdicts else "proved"

    @property
    def conclusions(self) -> tuple[Step, ...]:
        """The steps whose relations make the statement."""
        return tuple(s for s in self.steps if s.concludes)

    @property
    def lemmas(self) -> tuple[Lemma, ...]:
        """The classical lemmas cited, each once, in order."""
        return tuple(dict.fromkeys(s.lemma for s in self.steps if isinstance(s, Cited)))


__all__ = [
    "Alphabet", "Cited", "Claim", "Condition", "Context", "Derivative", "EqualityCase", "Equivalence", "Given",
    "Identity", "Inequality", "Instance", "Let", "Named", "Outcome", "Semidefinite", "Slack", "Square", "Step", "Sum",
    "Symmetric", "Termwise", "Using", "Verdict",
]  # fmt: skip
