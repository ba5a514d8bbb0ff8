"""The mutants of what a step asserts: its relation perturbed, or fewer and weaker hypotheses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from theory.mutation.assertions import Assertion
from theory.mutation.equivalents import SHARP
from theory.mutation.operators import mutate
from theory.mutation.points import LARGER
from theory.proof import value_of
from theory.proof.alphabet import Alphabet, Condition

_REVERSED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
WEAK = {"<": "<=", ">": ">="}


def mutants(asserted: Assertion, alphabet: Alphabet) -> Iterator[tuple[str, str, Assertion]]:
    """(operator, what was changed, mutated assertion)."""
    op = asserted.op
    if op == "iff":
        for name in ("lhs", "rhs"):
            condition = getattr(asserted, name)
            for side in ("lhs", "rhs"):
                for operator, value in mutate(getattr(condition, side), alphabet):
                    new = _condition(condition, **{side: value})
                    yield operator, f"{name}.{side}", asserted.replaced(**{name: new})
            new = _condition(condition, op=_REVERSED[condition.op])
            yield "reversed", name, asserted.replaced(**{name: new})
    else:
        for side in ("lhs",) if op == "psd" else ("lhs", "rhs"):
            for operator, value in mutate(getattr(asserted, side), alphabet):
                yield operator, side, asserted.replaced(**{side: value})
    if op in SHARP:
        yield "strict", op, asserted.replaced(op=SHARP[op])
    if op in WEAK:
        yield "weak", op, asserted.replaced(op=WEAK[op])
    if op in _REVERSED:
        yield "reversed", op, asserted.replaced(op=_REVERSED[op])


def weakened(asserted: Assertion) -> Iterator[tuple[str, str, Assertion]]:
    """The same relation under fewer or weaker hypotheses."""
    for k, condition in enumerate(asserted.conditions):
        if _of_a_domain(condition) or condition.slack.is_Symbol:
            continue  # what is left of it is the domain of a symbol
        rest = asserted.conditions[:k] + asserted.conditions[k + 1 :]
        # the domain of a symbol that is eliminated may say the same again
        others = tuple(c for c in rest if not (_of_a_domain(c) and c.slack == condition.slack))
        yield "condition dropped", condition.name, asserted.replaced(conditions=others)
        if condition.op in WEAK:
            weak = (*others, _condition(condition, op=WEAK[condition.op]))
            yield "condition weak", condition.name, asserted.replaced(conditions=weak)
        larger = "lhs" if condition.op in LARGER else "rhs"
        doubled = _condition(condition, **{larger: 2 * value_of(getattr(condition, larger))})
        yield "condition doubled", condition.name, asserted.replaced(conditions=(*others, doubled))
    if asserted.kind == "cited":
        return
    if asserted.kind == "case":
        yield "premise dropped", "the sum is 0", asserted.replaced(premises=())
        return
    names = list(dict.fromkeys(name for name, _ in asserted.premises))
    for name in names:
        kept = tuple(p for p in asserted.premises if p[0] != name)
        yield "premise dropped", name, asserted.replaced(premises=kept)
    for one in asserted.semidefinite:
        kept_middles = tuple(m for m in asserted.semidefinite if m is not one)
        of_it = {k for middle, k in asserted.tight_of if middle is one}
        tight = tuple(t for k, t in enumerate(asserted.tight) if k not in of_it)
        yield "semidefinite dropped", one.name, asserted.replaced(semidefinite=kept_middles, tight=tight)


def _of_a_domain(condition: Condition) -> bool:
    return condition.name.endswith("in its domain")


def _condition(condition: Condition, **changes: Any) -> Condition:
    parts = {"name": condition.name, "lhs": condition.lhs, "op": condition.op, "rhs": condition.rhs}
    return Condition(**{**parts, **changes})
