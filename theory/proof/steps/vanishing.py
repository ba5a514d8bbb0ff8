r"""Does a term vanish for all values of its symbols and matrices?  Proof by reduction, refutation by a point.

Reduction is :mod:`theory.proof.normal_form` on the coefficients of the term; a term that is left over is evaluated in
balls at rational points of its symbols' domains, or at small integer matrices.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import sympy as sp

from theory.proof.alphabet import Condition
from theory.proof.enclosure import Undefined, enclose, sign_at
from theory.proof.normal_form import residue
from theory.proof.rendering import Named, plain
from theory.proof.steps.base import Context, Let, Outcome, Step, Verdict
from theory.proof.traces import Trace, Word, random_matrices

#: Rational points tried before a step that was not proved is left undecided.
POINTS = 24
SEED = 20260101


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


def eliminate(expression: sp.Expr, lets: Iterable[Let]) -> sp.Expr:
    """The expression after the changes of variables, in order."""
    for let in lets:
        expression = expression.subs(let.symbol, let.value)
    return expression


def conditions_after(step: Step, context: Context) -> tuple[Condition, ...]:
    """The step's conditions in the variables that remain, and the domains of the eliminated symbols."""
    lets = step.lets
    out = [
        Condition(c.name, sp.Integer(0), "<" if c.strict else "<=", eliminate(c.slack, lets)) for c in step.conditions
    ]
    for k, let in enumerate(lets):
        domain = context.alphabet.domains.get(let.symbol)
        if domain is not None and domain.kind in ("positive", "nonnegative"):
            value = eliminate(sp.sympify(let.value), lets[k + 1 :])
            op = "<" if domain.kind == "positive" else "<="
            out.append(Condition(f"{let.symbol} in its domain", sp.Integer(0), op, value))
    return tuple(out)


def vanish(term: Any, step: Step, context: Context, exact_test: bool = True) -> Outcome:
    """Is the term 0 for all values?  ``exact_test=False``: a non-zero value refutes nothing (``using`` was in play)."""
    scalars = [eliminate(s, step.lets) for s in scalars_of(term)]
    unknown = context.alphabet.undeclared(set().union(*(s.free_symbols for s in scalars)) if scalars else ())
    if unknown:
        raise ValueError(f"step {step.name!r}: symbols without a domain: {', '.join(map(str, unknown))}")
    left = [r for r in (residue(s, context.alphabet) for s in scalars) if r != 0]
    if not left:
        return Outcome(Verdict.PROVED, "reduces to 0")
    if exact_test:
        if isinstance(term, (Word, Trace)):
            refuted = refute_matrices(term, step, context)
        else:
            refuted = refute_scalars(scalars, step, context)
        if refuted is not None:
            return refuted
    return Outcome(Verdict.UNDECIDED, f"left over: {plain(left[0])[:200]}")


def refute_scalars(scalars: list[sp.Expr], step: Step, context: Context, wanted: int | None = None) -> Outcome | None:
    """A rational point where some scalar is certainly non-zero (or, with ``wanted``, certainly of the other sign)."""
    rng = random.Random(SEED)
    conditions = conditions_after(step, context)
    symbols = set().union(*(s.free_symbols for s in scalars))
    for _ in range(POINTS):
        point = context.alphabet.sample(rng, symbols, conditions)
        for s in scalars:
            try:
                found = sign_at(s, point)
                if found == 0 or (wanted is not None and found == wanted):
                    continue
                return refuted(enclose(s, point), {str(k): str(v) for k, v in point.items()})
            except Undefined:
                continue
    return None


def refuted(value: Any, point: dict[str, str], what: str = "the difference of the two sides") -> Outcome:
    """The outcome that names the point."""
    text = value.str(8, radius=False) if hasattr(value, "str") else str(value)
    where = ", ".join(f"{k} = {v}" for k, v in sorted(point.items()))
    return Outcome(Verdict.REFUTED, f"{what} is {text} at {where or 'every point'}", point, text)


def refute_matrices(term: Word | Trace, step: Step, context: Context) -> Outcome | None:
    """Small integer matrices, and a rational point of the scalars, where the term is certainly not 0."""
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
                return refuted(enclose(number, point), named | {str(k): str(v) for k, v in point.items()})
    return None
