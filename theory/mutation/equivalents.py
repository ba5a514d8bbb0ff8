"""Mutants that are true all the same: the machine shows why (the same equation, or one that is implied)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from theory.mutation.assertions import Assertion
from theory.mutation.points import LARGER, plainly
from theory.proof import difference, scalars_of, value_of
from theory.proof.alphabet import Alphabet
from theory.proof.normal_form import residue, sign
from theory.proof.sums import Sum
from theory.proof.traces import Trace, Word

SHARP = {"<=": "<", ">=": ">"}


def follows(mutant: Assertion, asserted: Assertion, alphabet: Alphabet, known: Sequence[Word] = ()) -> str:
    """Why the mutant is true all the same, shown by machine; "" if that is not shown.

    ``known`` are matrix equations among the claim's hypotheses, as terms that vanish.
    """
    if asserted.op == "iff":
        return _same_conditions(mutant, asserted, alphabet)
    if (asserted.op, mutant.op) in (("<", "<="), (">", ">=")):
        return "weaker: implied by the strict relation"
    if asserted.op == "psd":
        change = difference(value_of(mutant.lhs), value_of(asserted.lhs))
        return "weaker: it follows from the original" if _clearly_semidefinite(change, alphabet) else ""
    old, new = (_gap(a) for a in (asserted, mutant))
    premises = [*(t for _, t in asserted.premises), *known]
    matrices = isinstance(new, (Word, Trace)) and isinstance(old, (Word, Trace))
    if matrices and not reduced(difference(new, old), premises).coefficients():
        return "the same: the perturbed term vanishes on account of the hypotheses"
    if asserted.op == "=":
        if all(c == 0 for c in scalars_of(new)):
            return "0 = 0: it says nothing"
        if proportional(old, new, alphabet):
            return "the same equation: the two sides differ by a multiple of the original difference"
        if _zero(difference(new, old), alphabet):
            return "the same expression"
        return ""
    if mutant.op == asserted.op and proportional(old, new, alphabet) == ">":
        return "the same inequality, multiplied by a positive number"
    if mutant.op not in (asserted.op, SHARP.get(asserted.op)):
        return ""
    change = difference(new, old)
    lesser = reduced(change, premises) if isinstance(change, (Word, Trace)) else change
    if mutant.op == asserted.op and nonnegative(lesser, alphabet):
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


def _same_conditions(mutant: Assertion, asserted: Assertion, alphabet: Alphabet) -> str:
    """Are both conditions what they were, once the changes of variables are made?"""
    for side in ("lhs", "rhs"):
        new, old = (plainly(getattr(a, side).slack, a) for a in (mutant, asserted))
        if getattr(mutant, side).strict != getattr(asserted, side).strict or not _zero(new - old, alphabet):
            return ""
    return "the same conditions"


def _clearly_semidefinite(word: Word, alphabet: Alphabet) -> bool:
    """Is the matrix a sum of XᵀX with certified factors?"""

    def gram(product: Any) -> bool:
        half = len(product) // 2
        turned = tuple((one, not t and not one.symmetric) for one, t in reversed(product[half:]))
        return len(product) % 2 == 0 and turned == product[:half]

    return all(gram(p) and sign(c, alphabet) is not None for p, c in word.terms.items())


def proportional(a: Any, b: Any, alphabet: Alphabet) -> str:
    """The sign of c where b = c a for one number or certified scalar c ≠ 0, else "" (``"≠"``: sign not certified)."""
    parts = []
    for term in (a, b):
        if isinstance(term, (Word, Trace)):
            parts.append({**term.terms, **getattr(term, "sums", {})})
        else:
            parts.append(dict(enumerate(scalars_of(term))))
    first, second = ({k: v for k, v in part.items() if residue(v, alphabet) != 0} for part in parts)
    if not first or set(first) != set(second):
        return ""
    ratios = {sp.cancel(second[k] / first[k]) for k in first}
    if len(ratios) != 1:
        return ""
    ratio = next(iter(ratios))
    if ratio.has(sp.nan, sp.zoo):
        return ""
    if sign(ratio, alphabet) == ">":
        return ">"
    return "<" if sign(-ratio, alphabet) == ">" else "≠" if ratio.is_nonzero else ""


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
