"""Mutants that are true all the same: the machine shows why (the same equation, or one that is implied)."""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.alphabet import Alphabet
from theory.mutation.assertions import Assertion
from theory.mutation.points import LARGER, plainly
from theory.normal_form import residue, sign
from theory.proof import difference, scalars_of
from theory.sums import Sum
from theory.traces import Trace, Word

SHARP = {"<=": "<", ">=": ">"}


def follows(mutant: Assertion, asserted: Assertion, alphabet: Alphabet) -> str:
    """Why the mutant is true all the same, shown by machine; "" if that is not shown."""
    if mutant.op == "iff" or asserted.op == "iff":
        return ""
    if (asserted.op, mutant.op) in (("<", "<="), (">", ">=")):
        return "weaker: implied by the strict relation"
    if asserted.op == "psd":
        return ""
    old, new = (_gap(a) for a in (asserted, mutant))
    premises = [t for _, t in asserted.premises]
    matrices = isinstance(new, (Word, Trace)) and isinstance(old, (Word, Trace))
    if matrices and not reduced(difference(new, old), premises).coefficients():
        return "the same modulo the premises: the perturbed term vanishes on account of them"
    if asserted.op == "=":
        if proportional(old, new):
            return "the same equation: the two sides differ by a multiple of the original difference"
        if _zero(difference(new, old), alphabet):
            return "the same expression"
        return ""
    if mutant.op not in (asserted.op, SHARP.get(asserted.op)):
        return ""
    change = difference(new, old)
    if mutant.op == asserted.op and nonnegative(change, alphabet):
        return "weaker: it follows from the original"
    if mutant.op == asserted.op and _zero(change, alphabet):
        return "the same expression"
    certified = _certificate(new, alphabet)
    if certified == ">" or (certified == ">=" and mutant.op in ("<=", ">=")):
        return "certified on its own by shifting the domains"
    return ""


def _gap(asserted: Assertion) -> Any:
    """Larger less smaller side, in the variables that remain."""
    lhs, rhs = (plainly(s, asserted) for s in (asserted.lhs, asserted.rhs))
    return difference(lhs, rhs) if asserted.op in ("=", *LARGER) else difference(rhs, lhs)


def proportional(a: Any, b: Any) -> bool:
    """Is b a non-zero multiple of a, by one certified scalar?"""
    if isinstance(a, (Word, Trace)) and isinstance(b, (Word, Trace)):
        if isinstance(a, Trace) and (a.sums or b.sums):
            return False
        if set(a.terms) != set(b.terms) or not a.terms:
            return False
        ratios = {sp.simplify(b.terms[p] / a.terms[p]) for p in a.terms}
        return len(ratios) == 1 and bool(next(iter(ratios)).is_nonzero)
    return False


def _zero(term: Any, alphabet: Alphabet) -> bool:
    return all(residue(c, alphabet) == 0 for c in scalars_of(term))


def _certificate(term: Any, alphabet: Alphabet) -> str | None:
    return sign(term, alphabet) if isinstance(term, sp.Expr) else None


def nonnegative(term: Any, alphabet: Alphabet) -> bool:
    """Is the term >= 0 for all values: a certified scalar, or squares with certified factors?"""
    if isinstance(term, sp.Expr):
        return sign(term, alphabet) is not None
    if isinstance(term, Sum):
        return all(sign(c, alphabet) is not None for c in term.coefficients())
    if isinstance(term, Trace):
        return all(sign(s, alphabet) is not None for s in term.sums.values()) and all(
            (not p or is_square(p)) and sign(c, alphabet) is not None for p, c in term.terms.items()
        )
    return False


def is_square(product: Any) -> bool:
    """Is tr of the product that of X Xᵀ, some rotation being X followed by its transpose?"""
    n = len(product)
    if n % 2:
        return False
    for k in range(n):
        turned = product[k:] + product[:k]
        half, rest = turned[: n // 2], turned[n // 2 :]
        if rest == tuple((one, not t and not one.symmetric) for one, t in reversed(half)):
            return True
    return False


# --------------------------------------------------------------------------- reduction modulo premises


def reduced(term: Word | Trace, premises: list[Any], rounds: int = 60) -> Word | Trace:
    """The term with the longest product of every premise replaced by the rest of it, wherever it occurs."""
    rules = [rule for p in premises if isinstance(p, Word) for rule in _rules(p)]
    for _ in range(rounds):
        replaced = _replace_once(term, rules)
        if replaced is None:
            break
        term = replaced
    return term


Rule = tuple[Any, dict[Any, sp.Expr]]


def _rules(premise: Word) -> list[Rule]:
    out = []
    for word in (premise, premise.T):
        if not word.terms:
            continue
        longest = max(word.terms, key=len)
        if len(longest) < 2 or sum(len(p) == len(longest) for p in word.terms) > 1:
            continue
        c = word.terms[longest]
        out.append((longest, {p: -d / c for p, d in word.terms.items() if p != longest}))
    return out


def _replace_once(term: Word | Trace, rules: list[Rule]) -> Word | Trace | None:
    for product, c in term.terms.items():
        rotations = [product[k:] + product[:k] for k in range(len(product))] if isinstance(term, Trace) else [product]
        for turned in rotations:
            for pattern, rest in rules:
                n = len(pattern)
                at = next((k for k in range(len(turned) - n + 1) if turned[k : k + n] == pattern), None)
                if at is None:
                    continue
                terms = {p: d for p, d in term.terms.items() if p != product}
                extra = {turned[:at] + p + turned[at + n :]: c * d for p, d in rest.items()}
                if isinstance(term, Trace):
                    return Trace(terms, None, term.sums) + Trace(extra)
                return Word(terms, term.rows, term.columns) + Word(extra, term.rows, term.columns)
    return None
