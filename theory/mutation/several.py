r"""Sums written out: Σ over a generic index with several terms that differ, as a statement about plain scalars.

    Σ_k q_k (d_k − m)²  >=  Σ_k q (d_k − d̄)²      becomes      q_k#1 (d_k#1 − m)² + q_k#2 (d_k#2 − m)² >= ...

A symbol varies with the index if its subscript holds it (q_k, λ_W,t, α_t, p_t·λ_H); all else is the same in every term.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.mutation.assertions import Assertion
from theory.proof import value_of
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.sums import Sum, varies

#: Terms of a sum that is written out.
TERMS = 3


def written_out(asserted: Assertion, alphabet: Alphabet) -> tuple[Assertion, Alphabet] | None:
    """The assertion with :data:`TERMS` terms in every sum, over an alphabet with a copy of every symbol that varies.

    ``None`` if it has no sum over one index, or is not about scalars.
    """
    sides = [value_of(asserted.lhs), value_of(asserted.rhs)]
    terms = [*sides, *(t for _, t in asserted.premises), *(t for _, t, _ in asserted.slacks)]
    indices = {t.index for t in terms if isinstance(t, Sum) and t.summand != 0}
    if len(indices) != 1 or not all(isinstance(t, (Sum, sp.Expr)) for t in terms) or asserted.lets:
        return None
    index = indices.pop().split(" ")[0].split(",")[-1]
    conditions = [c for c in asserted.conditions if isinstance(c.slack, sp.Expr)]
    everything = [*terms, *(c.slack for c in conditions), *asserted.tight]
    varying = {s for t in everything for s in _symbols(t) if varies(s, index)}
    wider = Alphabet(dict(alphabet.domains), dict(alphabet.latex_names))
    copies: list[dict[sp.Symbol, sp.Symbol]] = []
    for n in range(1, TERMS + 1):
        copy = {s: sp.Symbol(f"{s}#{n}", **s.assumptions0) for s in varying}
        for s, one in copy.items():
            wider.domains[one] = alphabet.domains[s]
        copies.append(copy)

    def each(term: sp.Expr) -> list[sp.Expr]:
        return [term.xreplace(c) for c in copies] if term.free_symbols & varying else [term]

    def total(term: Any) -> sp.Expr:
        if isinstance(term, Sum):
            return sum((term.summand.xreplace(c) for c in copies), term.constant)
        return sp.sympify(term)

    if any(isinstance(t, sp.Expr) and t.free_symbols & varying for t in sides):
        return None
    premises = []
    for name, term in asserted.premises:
        for k, one in enumerate([total(term)] if isinstance(term, Sum) else each(sp.sympify(term))):
            premises.append((f"{name} #{k}" if k else name, one))
    slacks = []
    for name, term, strict in asserted.slacks:
        slacks += [(name, one, strict) for one in ([total(term)] if isinstance(term, Sum) else each(term))]
    stated = []
    for c in conditions:
        for one in each(c.slack):
            stated.append(Condition(c.name, one, ">" if c.strict else ">=", sp.Integer(0)))
    tight = tuple(one for t in asserted.tight if isinstance(t, sp.Expr) for one in each(t))
    return (
        asserted.replaced(
            lhs=total(sides[0]),
            rhs=total(sides[1]),
            premises=tuple(premises),
            slacks=tuple(slacks),
            conditions=tuple(stated),
            tight=tight,
        ),
        wider,
    )


def _symbols(term: Any) -> set[sp.Symbol]:
    if isinstance(term, Sum):
        return set(term.summand.free_symbols | term.constant.free_symbols)
    return set(sp.sympify(term).free_symbols) if isinstance(term, (sp.Expr, int)) else set()
