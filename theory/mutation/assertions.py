r"""What a step asserts, apart from how it is proved: a relation, and what it may assume.

    relation    lhs op rhs
    premises    equations that the step uses (hypotheses and earlier steps), which hold wherever it is read
    slacks      earlier inequalities and conditions, >= 0 (or > 0) there; matrices positive semidefinite there
    tight       what vanishes in addition where an inequality holds with equality: the points that tell most

A point contradicts a mutant if all that the step assumes holds at it and the mutated relation does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from theory.proof import (
    Cited,
    Context,
    Derivative,
    EqualityCase,
    Equivalence,
    Inequality,
    Let,
    Semidefinite,
    Slack,
    Square,
    Step,
    Termwise,
    difference,
    value_of,
)
from theory.proof.alphabet import Condition
from theory.proof.refutation import uses
from theory.proof.steps.inequality import factor_value
from theory.proof.steps.vanishing import conditions_after, eliminate
from theory.proof.sums import Sum
from theory.proof.symmetric import Symmetric
from theory.proof.traces import Trace, Word


@dataclass(frozen=True, eq=False)
class Assertion:
    """See the module's docstring.  ``kind`` is how the relation is known: ``"proved"``, ``"cited"`` or ``"case"``."""

    lhs: Any
    op: str
    rhs: Any
    premises: tuple[tuple[str, Any], ...] = ()
    slacks: tuple[tuple[str, Any, bool], ...] = ()
    semidefinite: tuple[Semidefinite, ...] = ()
    tight: tuple[Any, ...] = ()
    conditions: tuple[Condition, ...] = ()
    lets: tuple[Let, ...] = ()
    kind: str = "proved"
    #: for every semidefinite matrix, which of ``tight`` vanishes on its account
    tight_of: tuple[tuple[Semidefinite, int], ...] = ()

    def replaced(self, **changes: Any) -> Assertion:
        """The assertion with other parts."""
        return replace(self, **changes)


def without_lets(term: Any, lets: tuple[Let, ...]) -> Any:
    """The term in the variables that remain."""
    if not lets:
        return term
    if isinstance(term, Word):
        return Word({p: eliminate(c, lets) for p, c in term.terms.items()}, term.rows, term.columns)
    if isinstance(term, Trace):
        sums = {i: eliminate(s, lets) for i, s in term.sums.items()}
        return Trace({p: eliminate(c, lets) for p, c in term.terms.items()}, None, sums)
    if isinstance(term, (Sum, Symmetric)):
        return term.map(lambda e: eliminate(e, lets))
    return eliminate(sp.sympify(term), lets)


def assertion(step: Step, context: Context) -> Assertion:
    """What ``step`` asserts."""
    where: dict[str, Any] = {"conditions": _conditions(step, context), "lets": step.lets}
    if isinstance(step, Equivalence):
        return Assertion(step.left, "iff", step.right, **where)
    if isinstance(step, Derivative):
        return Assertion(sp.diff(value_of(step.of), step.by), "=", step.equals, **where)
    if isinstance(step, EqualityCase):
        return _equality_case(step, context, where)
    lhs, op, rhs = step.relation(context)
    premises = tuple((name, without_lets(term, step.lets)) for name, term in uses(step, context))
    if isinstance(step, Inequality):
        slacks, middles, tight = _factors(step.by, step.lets, context)
        squares = [f for product in step.by for f in product if isinstance(f, Square) and f.middle is not None]
        tight_of = tuple(
            (f.middle, k)
            for f in squares
            for k, t in enumerate(tight)
            if f.middle is not None and isinstance(t, Word) and t.terms == f.vanishing.terms
        )
        return Assertion(lhs, op, rhs, premises, slacks, middles, tight, tight_of=tight_of, **where)
    if isinstance(step, Cited) or hasattr(step, "of"):
        # the relation is not computed here but vouched for: its points are those at which it holds
        if op == "psd":
            known = (Semidefinite(step.name, value_of(lhs)),)
            return Assertion(lhs, op, rhs, semidefinite=known, kind="cited", **where)
        if op == "=" and not isinstance(step, Cited):
            return Assertion(rhs, op, rhs, kind="cited", **where)  # the left side is a name for the right one
        true = without_lets(difference(lhs, rhs), step.lets)
        if op == "=":
            return Assertion(lhs, op, rhs, ((step.name, true),), kind="cited", **where)
        slack = true if op.startswith(">") else -true
        slacks = ((step.name, slack, op in ("<", ">")),)
        return Assertion(lhs, op, rhs, (), slacks, (), () if op in ("<", ">") else (slack,), kind="cited", **where)
    return Assertion(lhs, op, rhs, premises, **where)


def _conditions(step: Step, context: Context) -> tuple[Condition, ...]:
    """The step's conditions, side by side, in the variables that remain; and the domains of those eliminated."""
    domains = [c for c in conditions_after(step, context) if c.name.endswith("in its domain")]
    stated = [
        Condition(c.name, without_lets(value_of(c.lhs), step.lets), c.op, without_lets(value_of(c.rhs), step.lets))
        for c in step.conditions
    ]
    return (*stated, *domains)


def _factors(products: Any, lets: tuple[Let, ...], context: Context) -> tuple[Any, Any, Any]:
    """Slacks, semidefinite matrices, and of every product what vanishes if it does."""
    slacks, middles, tight = [], [], []
    for product in products:
        flat = [g for f in product for g in (f.factors if isinstance(f, Termwise) else (f,))]
        vanishing = None
        for factor in flat:
            if isinstance(factor, Square):
                vanishing = factor.vanishing
                if factor.middle is not None:
                    middles.append(factor.middle)
            elif isinstance(factor, Slack):
                vanishing = without_lets(factor_value(factor, context), lets)
                strict = context.equation(factor.step)
                op = strict.relation(context)[1] if isinstance(strict, Step) else "="
                slacks.append((factor.step, vanishing, op in ("<", ">")))
        if vanishing is None:
            named = [value_of(f) for f in flat]
            able = [f for f in named if isinstance(f, sp.Expr) and f.free_symbols and not f.is_positive]
            vanishing = min(able, key=lambda f: f.is_Symbol, default=None)  # a bare symbol that is 0 hides much
        if isinstance(vanishing, (sp.Expr, Word)):
            vanishing = without_lets(vanishing, lets)
        if isinstance(vanishing, sp.Expr):
            vanishing = _base(vanishing)
        if vanishing is not None:
            tight.append(vanishing)
    return tuple(slacks), tuple(middles), tuple(tight)


def _base(term: sp.Expr) -> sp.Expr:
    """What vanishes if a product does: its last factor that can, without its power."""
    factors = (f.as_base_exp()[0] for f in sp.Mul.make_args(sp.factor_terms(term)))
    able = [f for f in factors if f.free_symbols and not f.is_positive]
    return next((f for f in reversed(able) if f.is_Add), able[-1]) if able else term


def _equality_case(step: EqualityCase, context: Context, where: dict[str, Any]) -> Assertion:
    """All summands vanish; the premise is that, and what the inequality itself used."""
    lhs, op, rhs = step.relation(context)
    of = context.equation(step.of)
    source = step if step.by else of
    lets = (*source.lets, *step.lets)
    slacks, middles, tight = _factors(source.by, lets, context)
    premises = [(f"summand {k} of {step.of}", term) for k, term in enumerate(tight)]
    if not step.by:
        premises += [(name, without_lets(term, lets)) for name, term in uses(of, context)]
    return Assertion(lhs, op, rhs, tuple(premises), slacks, middles, (), kind="case", **{**where, "lets": lets})
