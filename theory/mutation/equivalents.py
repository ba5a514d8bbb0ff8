r"""Mutants that are true all the same: the machine shows why.

A mutant is *equivalent* if it says what the step says (the same equation, the same conditions), and *implied* if it
is another true statement: it follows from the step, or has a certificate of its own (a decomposition into terms
that are >= 0, found by the machine and then reduced to 0).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import sympy as sp

from theory.mutation.assertions import Assertion
from theory.mutation.certificates import Certified, decomposed, grams, ingredients, multiples, pairs, roots, shares
from theory.mutation.comparison import larger
from theory.mutation.facts import Facts
from theory.mutation.floats import evaluate, plainly_not_zero, sample
from theory.mutation.points import LARGER, plainly
from theory.mutation.reduction import is_square, is_zero, reduced, vanishes_by
from theory.proof import Context, Inequality, Step, difference, scalars_of, value_of
from theory.proof.alphabet import Alphabet
from theory.proof.normal_form import NONNEGATIVE, POSITIVE, residue, sign
from theory.proof.sums import Sum, differs_in
from theory.proof.traces import Trace, Word

SHARP = {"<=": "<", ">=": ">"}
STRICT = ("<", ">")

#: Expressions of more operations are not divided by each other, unless the quotient looks constant.
SMALL = 70

#: The two ways to be true.
EQUIVALENT, IMPLIED = "equivalent", "implied"


def follows(
    mutant: Assertion,
    asserted: Assertion,
    alphabet: Alphabet,
    known: Sequence[Word] = (),
    proof: tuple[Step, Context] | None = None,
) -> tuple[str, str]:
    """(``EQUIVALENT`` or ``IMPLIED``, why), shown by machine; two empty strings if that is not shown.

    ``known`` are matrix equations among the claim's hypotheses, as terms that vanish; ``proof`` is the step with its
    context, whose decomposition offers terms for one of the mutant.
    """
    if asserted.op == "iff":
        same = _same_conditions(mutant, asserted, alphabet)
        return (EQUIVALENT, same) if same else ("", "")
    if asserted.op == "psd":
        return _semidefinite(mutant, asserted, alphabet)
    if (asserted.op, mutant.op) in (("<", "<="), (">", ">=")):
        return IMPLIED, "weaker: the strict relation implies it"
    if mutant.op == asserted.op != "=" and _larger_or_smaller(mutant, asserted, facts_of(asserted, alphabet)):
        return IMPLIED, "weaker: the larger side grew, or the smaller one fell"
    same = _same(mutant, asserted, alphabet, known)
    if same:
        return EQUIVALENT, same
    if asserted.op == "=":
        if is_zero_term(_gap(mutant), alphabet):
            return IMPLIED, "0 = 0: it says nothing"
        if proportional(_gap(asserted), _gap(mutant), alphabet, any_factor=True):
            return IMPLIED, "a multiple of the step's equation, by a factor that may be 0"
        return "", ""
    instance = _instance(mutant, asserted, alphabet)
    if instance:
        return IMPLIED, instance
    if mutant.op not in (asserted.op, SHARP.get(asserted.op)):
        own = holds(mutant, alphabet, known, proof)
        return (IMPLIED, own) if own else ("", "")
    if mutant.op == asserted.op:
        weaker = _weaker(mutant, asserted, alphabet, known)
        if weaker:
            return IMPLIED, weaker
    own = holds(mutant, alphabet, known, proof, given=asserted if mutant.op == asserted.op else None)
    return (IMPLIED, own) if own else ("", "")


def _gap(asserted: Assertion) -> Any:
    """Larger less smaller side, in the variables that remain."""
    lhs, rhs = (plainly(s, asserted) for s in (asserted.lhs, asserted.rhs))
    return difference(lhs, rhs) if asserted.op in ("=", *LARGER) else difference(rhs, lhs)


def facts_of(asserted: Assertion, alphabet: Alphabet) -> Facts:
    """The domains, the conditions and the earlier inequalities that the step assumes."""
    known = [(c.slack, c.strict) for c in asserted.conditions]
    known += [(t, strict) for _, t, strict in asserted.slacks if isinstance(t, sp.Expr)]
    return Facts(alphabet, known)


# --------------------------------------------------------------------------- the same statement


def _same(mutant: Assertion, asserted: Assertion, alphabet: Alphabet, known: Sequence[Word]) -> str:
    old, new = _gap(asserted), _gap(mutant)
    if mutant.op != asserted.op:
        return ""
    change = difference(new, old)
    if is_zero_term(change, alphabet):
        return "the same expression"
    premises = [*(t for _, t in asserted.premises), *known]
    if isinstance(change, (Word, Trace)) and vanishes_by(change, premises, alphabet):
        return "the same: the perturbed term vanishes on account of the hypotheses"
    ratio = proportional(old, new, alphabet)
    if ratio == ">" or (ratio and asserted.op == "="):
        return "the same relation, multiplied by a number of known sign"
    if asserted.op == "=" and isinstance(new, sp.Expr) and isinstance(old, sp.Expr) and old != 0:
        if _different(old, new, alphabet):
            return ""
        quotient = sp.cancel(sp.together(new / old))
        facts = facts_of(asserted, alphabet)
        if facts.sign(quotient) == POSITIVE or facts.sign(-quotient) == POSITIVE:
            return "the same equation, multiplied by a factor that is never 0"
    return ""


def _same_conditions(mutant: Assertion, asserted: Assertion, alphabet: Alphabet) -> str:
    """Does each condition hold exactly where it did?  Its slack is a positive multiple of the one it was."""
    facts = facts_of(asserted, alphabet)
    for side in ("lhs", "rhs"):
        new, old = (plainly(getattr(a, side).slack, a) for a in (mutant, asserted))
        if getattr(mutant, side).strict != getattr(asserted, side).strict:
            return ""
        if residue(new - old, alphabet) == 0:
            continue
        if old == 0 or facts.sign(sp.cancel(sp.together(sp.expand_power_base(new / old)))) != POSITIVE:
            return ""
    return "the same conditions: what each says to be positive is a positive multiple of what it was"


def proportional(a: Any, b: Any, alphabet: Alphabet, any_factor: bool = False) -> str:
    """The sign of c where b = c a for one number or certified scalar c ≠ 0, else "" (``"≠"``: sign not certified)."""
    parts = []
    for term in (a, b):
        if isinstance(term, (Word, Trace)):
            parts.append({**term.terms, **getattr(term, "sums", {})})
        else:
            parts.append(dict(enumerate(scalars_of(term))))
    if not any_factor and len(parts[0]) == 1 and len(parts[1]) == 1:
        (one,), (other,) = (list(p.values()) for p in parts)
        if _different(one, other, alphabet):
            return ""
    first, second = ({k: v for k, v in part.items() if residue(v, alphabet) != 0} for part in parts)
    if not first or set(first) != set(second):
        return ""
    ratios = {sp.cancel(second[k] / first[k]) for k in first}
    if len(ratios) != 1:
        return ""
    ratio = next(iter(ratios))
    if ratio.has(sp.nan, sp.zoo):
        return ""
    if any_factor:  # a polynomial over what is never 0
        bottom = sp.fraction(ratio)[1]
        scalar = isinstance(a, sp.Expr)
        return "" if scalar or not (bottom.is_positive or sign(bottom, alphabet) == ">") else "≠"
    if sign(ratio, alphabet) == ">":
        return ">"
    return "<" if sign(-ratio, alphabet) == ">" else "≠" if ratio.is_nonzero else ""


def _different(a: sp.Expr, b: sp.Expr, alphabet: Alphabet) -> bool:
    """Does b/a take both signs in a floating-point sample, or vary where it is large?  Then it is not looked at."""
    symbols = sorted(sp.sympify(a).free_symbols | sp.sympify(b).free_symbols, key=str)
    if not symbols or any(s not in alphabet.domains for s in symbols):
        return False
    rng = np.random.default_rng(5)
    drawn = [sample(alphabet.domains[s], rng, 200) for s in symbols]
    with np.errstate(all="ignore"):
        ratio = evaluate(b, symbols, drawn) / evaluate(a, symbols, drawn)
    if (ratio > 1e-12).any() and (ratio < -1e-12).any():
        return True
    seen = ratio[np.isfinite(ratio)]
    constant = len(seen) > 0 and float(np.ptp(seen)) <= 1e-6 * float(np.max(np.abs(seen)))
    return not constant and sp.count_ops(a) + sp.count_ops(b) > SMALL


def is_zero_term(term: Any, alphabet: Alphabet) -> bool:
    """Do all scalars of the term reduce to 0?"""
    scalars = scalars_of(term)
    if any(plainly_not_zero(c, alphabet) for c in scalars):
        return False
    return all(residue(c, alphabet) == 0 for c in scalars)


# --------------------------------------------------------------------------- weaker statements


def _weaker(mutant: Assertion, asserted: Assertion, alphabet: Alphabet, known: Sequence[Word]) -> str:
    """Does the mutant follow from the step by what was changed alone?"""
    facts = facts_of(asserted, alphabet)
    old, new = _gap(asserted), _gap(mutant)
    premises = [*(t for _, t in asserted.premises), *known]
    for factor in _factors(old, new, facts):
        rest = difference(new, old * factor)
        rest = reduced(rest, premises) if isinstance(rest, (Word, Trace)) else rest
        if nonnegative(rest, facts):
            return "weaker: it is the step, times a factor ≥ 0, plus terms ≥ 0"
    return ""


def _larger_or_smaller(mutant: Assertion, asserted: Assertion, facts: Facts) -> bool:
    """Did the larger side grow, or the smaller one fall?"""
    wanted = (">=", "<=") if asserted.op in LARGER else ("<=", ">=")
    for side, direction in zip(("lhs", "rhs"), wanted, strict=True):
        stated = [value_of(getattr(a, side)) for a in (mutant, asserted)]
        # as it stands, for all values of the variables; and after the changes of variables
        for fresh, former in (stated, [plainly(s, asserted) for s in stated]):
            if isinstance(fresh, Sum) and isinstance(former, Sum) and fresh.constant == former.constant:
                fresh, former = fresh.summand, former.summand
            scalars = isinstance(fresh, sp.Expr) and isinstance(former, sp.Expr) and fresh != former
            if scalars and larger(fresh, former, facts) == direction:
                return True
    return False


def _instance(mutant: Assertion, asserted: Assertion, alphabet: Alphabet) -> str:
    """Is the mutant the step at another value of a symbol of which nothing else is assumed?"""
    old, new = _gap(asserted), _gap(mutant)
    if mutant.op != asserted.op or not isinstance(old, (sp.Expr, Sum)) or not isinstance(new, type(old)):
        return ""
    assumed = [t for _, t in asserted.premises] + [t for _, t, _ in asserted.slacks]
    bound = set().union(*(_free(t) for t in assumed), *(c.slack.free_symbols for c in asserted.conditions))
    for s in sorted(_free(old) - bound, key=str):
        domain = alphabet.domains.get(s)
        if domain is None or domain.kind not in ("real", "positive", "nonnegative", "integer"):
            continue
        values = [2 * s, s / 2, s**2, sp.Integer(1)] if domain.kind in ("positive", "nonnegative") else []
        values += [-s, 2 * s, s / 2, s**2, sp.Integer(0), sp.Integer(1), s + 1] if domain.kind == "real" else []
        values += [s + 1, 2 * s] if domain.kind == "integer" else []
        for value in values:
            there = old.map(lambda e: e.xreplace({s: value})) if isinstance(old, Sum) else old.xreplace({s: value})  # noqa: B023
            try:
                if is_zero_term(difference(new, there), alphabet):
                    return f"an instance of the step: it holds for every {s}, also for {value}"
            except (ValueError, TypeError):
                continue
    return ""


def _free(term: Any) -> set[sp.Symbol]:
    return set().union(*(sp.sympify(c).free_symbols for c in scalars_of(value_of(term))))


def _factors(old: Any, new: Any, facts: Facts) -> Iterator[sp.Expr]:
    """Factors ≥ 0 by which the step may enter: 1, ½, 2, and the ratios of coefficients."""
    plain = [sp.Integer(1), sp.Rational(1, 2), sp.Integer(2)]
    yield from plain
    seen = set(plain)
    first, second = (dict(_labelled(t)) for t in (old, new))
    for key in first.keys() & second.keys():
        if first[key] == 0:
            continue
        ratio = sp.cancel(second[key] / first[key])
        if ratio not in seen and not ratio.has(sp.zoo, sp.nan) and facts.sign(ratio) is not None:
            seen.add(ratio)
            yield ratio


def _labelled(term: Any) -> Iterator[tuple[Any, sp.Expr]]:
    if isinstance(term, (Word, Trace)):
        yield from term.terms.items()
        yield from getattr(term, "sums", {}).items()
    elif isinstance(term, sp.Expr):
        for part in sp.Add.make_args(sp.expand(term)):
            c, rest = part.as_coeff_Mul()
            yield rest, c
    else:
        yield from enumerate(scalars_of(term))


def nonnegative(term: Any, facts: Facts) -> bool:
    """Is the term >= 0 for all values: a certified scalar, or squares with certified factors?"""
    if isinstance(term, sp.Expr):
        return facts.sign(term) is not None
    if isinstance(term, Sum):
        return all(facts.sign(c) is not None for c in term.coefficients())
    if isinstance(term, Trace):
        return all(facts.sign(s) is not None for s in term.sums.values()) and all(
            c == 0 or ((not p or is_square(p)) and facts.sign(c) is not None) for p, c in term.terms.items()
        )
    return False


def _semidefinite(mutant: Assertion, asserted: Assertion, alphabet: Alphabet) -> tuple[str, str]:
    """The mutated matrix is a multiple of the original plus matrices XᵀX with certified factors."""
    old, new = value_of(asserted.lhs), value_of(mutant.lhs)
    facts = Facts(alphabet)
    for factor in _factors(old, new, facts):
        rest = difference(new, old * factor)
        if all(residue(c, alphabet) == 0 or (_gram(p) and facts.sign(c) is not None) for p, c in rest.terms.items()):
            return IMPLIED, "weaker: a multiple of the original plus matrices XᵀX"
    return "", ""


def _gram(product: Any) -> bool:
    half = len(product) // 2
    turned = tuple((one, not t and not one.symmetric) for one, t in reversed(product[half:]))
    return len(product) % 2 == 0 and turned == product[:half]


# --------------------------------------------------------------------------- statements with a proof of their own


def holds(
    asserted: Assertion,
    alphabet: Alphabet,
    known: Sequence[Word] = (),
    proof: tuple[Step, Context] | None = None,
    given: Assertion | None = None,
) -> str:
    """Why the relation holds where everything that it assumes does (and ``given`` too), shown by machine; else ""."""
    if asserted.op in ("iff", "psd"):
        return ""
    gap = _gap(asserted)
    premises = [*(t for _, t in asserted.premises), *known]
    if asserted.op == "=":
        if isinstance(gap, (Word, Trace)):
            return "it reduces to 0 by what is left" if vanishes_by(gap, premises, alphabet) else ""
        return "it reduces to 0" if is_zero_term(gap, alphabet) else ""
    strict = asserted.op in STRICT
    facts = facts_of(asserted, alphabet)
    if isinstance(gap, sp.Expr):
        if given is not None and isinstance(_gap(given), sp.Expr):
            facts = Facts(alphabet, [*facts.known, (_gap(given), given.op in STRICT)])
        found = facts.sign(gap)
        if found == POSITIVE or (found == NONNEGATIVE and not strict):
            return "certified on its own, by shifting the domains and conditions"
        lhs, rhs = (plainly(s, asserted) for s in (asserted.lhs, asserted.rhs))
        if not strict and larger(lhs, rhs, facts) in ("=", ">=" if asserted.op in LARGER else "<="):
            return "certified on its own, part by part"
    certified: list[Certified] = [(t, s) for _, t, s in asserted.slacks]
    certified += [(c.slack, c.strict) for c in asserted.conditions]
    if given is not None:
        certified.append((_gap(given), given.op in STRICT))
    if proof is not None and isinstance(proof[0], Inequality):
        kept = {id(m) for m in asserted.semidefinite}
        certified += ingredients(proof[0], proof[1], facts, kept)
    former = _gap(given) if given is not None else None
    if (weights := shares(former, gap, facts)) and proof is not None and isinstance(proof[0], Inequality):
        certified += [(t * w, False) for t, _ in certified for w in weights if differs_in(w, t) is None]
    shown = [gap, *(plainly(s, asserted) for s in (asserted.lhs, asserted.rhs))]
    certified += multiples(premises, gap) + pairs(shown, facts) + grams(shown, facts) + roots(premises, gap)
    kind = Trace if isinstance(gap, (Word, Trace)) else type(gap)
    certified = [(t, s) for t, s in certified if isinstance(t, (Trace, Sum, sp.Expr))]
    if kind is Trace:
        certified = [(Trace({}) + t, s) for t, s in certified]
    elif isinstance(gap, Sum):
        certified = [(t, s) for t, s in certified if isinstance(t, Sum) and t.index == gap.index]
    else:
        certified = [(t, s) for t, s in certified if isinstance(t, sp.Expr)]
    if decomposed(gap, certified, [p for p in premises if isinstance(p, Word)], facts, strict):
        return "a decomposition of its own into terms ≥ 0"
    return ""


__all__ = ["EQUIVALENT", "IMPLIED", "follows", "holds", "is_zero", "proportional"]
