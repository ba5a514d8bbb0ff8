r"""Mutants that are true, with a proof written by hand: for what the searches for a proof do not find.

One module a claim, with a tuple ``EXPLAINED``.  An :class:`Explanation` proves one mutant, or several:

    Explanation("lower bound", (step, ..., last))                     the last step's relation is the mutant's
    Explanation("lower bound", (last,), without="Π is a projection")  the same relation, that hypothesis left out

Its steps are those of a proof (:mod:`theory.proof`) and are checked as such, citations with their roles: in the claim,
after the steps before the mutated one — and after that one itself, if the mutant perturbs its relation and not what it
assumes.  Where a hypothesis is left out, the steps may use only what the mutant still assumes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

import sympy as sp

from theory.mutation.assertions import Assertion, without_lets
from theory.mutation.equivalents import is_zero_term
from theory.proof import Cited, Claim, Context, Square, Step, Termwise, difference, value_of
from theory.proof.alphabet import Alphabet
from theory.proof.conditions import names_used, unstated


@dataclass(frozen=True)
class Explanation:
    """A proof of a mutant of ``step``; see the module's docstring.

    steps : the proof; the mutant is the relation of the last one.
    without : the hypothesis (condition, equation or semidefinite matrix) that the mutant leaves out, if it does.
    """

    step: str
    steps: tuple[Step, ...]
    without: str = ""


def explanations(claim: str) -> tuple[Explanation, ...]:
    """Those of the claim of this name."""
    if claim not in {m.name for m in iter_modules(__path__)}:
        return ()
    found: tuple[Explanation, ...] = import_module(f"{__name__}.{claim}").EXPLAINED
    return found


def explained(claim: Claim, step: Step, mutant: Assertion, without: str = "") -> str:
    """Why the mutant of the step is true, by one of the claim's explanations that checks; else ""."""
    for one in explanations(claim.name):
        if one.step == step.name and one.without == without and proves(one, claim, step, mutant):
            last = one.steps[-1]
            return f"proved by hand: {last.because or last.name}"
    return ""


def proves(one: Explanation, claim: Claim, step: Step, mutant: Assertion) -> bool:
    """Does the explanation check, and is the mutant what its last step says?"""
    at = claim.steps.index(step)
    before = claim.steps[: at if one.without else at + 1]
    own = {s.name for s in one.steps}
    if own & {s.name for s in before}:
        raise ValueError(f"claim {claim.name!r}: an explanation has a step called as one of the claim's: {sorted(own)}")
    earlier = {s.name: s for s in before}
    contexts = []
    for s in one.steps:
        contexts.append(Context(claim.alphabet, claim.hypotheses, dict(earlier), claim.relies_on, claim.instance))
        earlier[s.name] = s
    if not _says(one.steps[-1], contexts[-1], mutant):
        return False
    stated = [c for c in mutant.conditions if c.name != one.without]
    for condition in (c for s in one.steps for c in s.conditions):
        said = [c.slack for c in stated if c.name == condition.name and c.strict == condition.strict]
        if not any(_same(without_lets(condition.slack, mutant.lets), slack, claim.alphabet) for slack in said):
            return False
    if one.without:
        kept = {name for name, _ in mutant.premises} | {name for name, _, _ in mutant.slacks} | own
        middles = {m.name for m in mutant.semidefinite}
        if any(name not in kept for s in one.steps for name in names_used(s)):
            return False
        if any(name not in middles for s in one.steps for name in _middles(s)):
            return False
    for one_step, context in zip(one.steps, contexts, strict=True):
        if unstated(one_step, context):
            return False
        outcome = one_step.check(context)
        if not outcome.proved or (isinstance(one_step, Cited) and outcome.detail.endswith("its roles are read")):
            return False
    return True


def _says(last: Step, context: Context, mutant: Assertion) -> bool:
    """Is the step's relation the mutant's, under no other changes of variables?"""
    lhs, op, rhs = last.relation(context)
    if op != mutant.op or op in ("iff", "psd"):
        return False
    known = {(let.symbol, sp.sympify(let.value)) for let in mutant.lets}
    if any((let.symbol, sp.sympify(let.value)) not in known for let in last.lets):
        return False
    return all(_same(a, b, context.alphabet) for a, b in ((lhs, mutant.lhs), (rhs, mutant.rhs)))


def _same(a: object, b: object, alphabet: Alphabet) -> bool:
    try:
        return is_zero_term(difference(value_of(a), value_of(b)), alphabet)
    except (ValueError, TypeError):  # terms of different kinds
        return False


def _middles(step: Step) -> Iterable[str]:
    for product in getattr(step, "by", ()):
        for factor in product:
            yield from (f.middle.name for f in _flat(factor) if isinstance(f, Square) and f.middle is not None)


def _flat(factor: object) -> tuple[object, ...]:
    return factor.factors if isinstance(factor, Termwise) else (factor,)
