r"""Reduction of matrix polynomials modulo equations: what vanishes on account of a step's premises.

Every equation becomes a rule, its longest product → the rest of it; a term is rewritten until no rule applies.
Sufficient, not necessary: what does not reduce to 0 is not said to be non-zero.  To reach more, equations are
multiplied by a letter from either side first (:func:`multiplied`), and X = 0 is also shown by tr XᵀX = 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import sympy as sp

from theory.mutation.floats import plainly_not_zero
from theory.proof.alphabet import Alphabet
from theory.proof.normal_form import residue
from theory.proof.traces import Letter, Product, Trace, Word

Rule: TypeAlias = tuple[Product, dict[Product, sp.Expr]]

#: Rewritings of one term before the reduction is given up.
ROUNDS = 200
#: Products longer than this are not made by :func:`multiplied`.
LONGEST = 7


def reduced(term: Word | Trace, premises: Iterable[Word]) -> Word | Trace:
    """The term with the longest product of every premise replaced by the rest of it, wherever it occurs."""
    return rewritten(term, rules_of(premises))


def rules_of(premises: Iterable[Any]) -> list[Rule]:
    """A rule for every premise that has one longest product, and for its transpose."""
    out: dict[Product, Rule] = {}
    for premise in premises:
        if not isinstance(premise, Word):
            continue
        for word in (premise, premise.T):
            terms = {p: c for p, c in word.terms.items() if c != 0}
            longest = max(terms, key=len, default=())
            if len(longest) < 2 and not (len(longest) == 1 and len(terms) == 1):
                continue
            if sum(len(p) == len(longest) for p in terms) > 1:
                continue
            c = terms[longest]
            out.setdefault(longest, (longest, {p: -d / c for p, d in terms.items() if p != longest}))
    return sorted(out.values(), key=lambda rule: len(rule[0]))


def rewritten(term: Word | Trace, rules: Sequence[Rule]) -> Word | Trace:
    """The term after the rules, applied until none does (or :data:`ROUNDS` times)."""
    for _ in range(ROUNDS):
        replaced = _once(term, rules)
        if replaced is None:
            break
        term = replaced
    return term


def _once(term: Word | Trace, rules: Sequence[Rule]) -> Word | Trace | None:
    for product, c in term.terms.items():
        rotations = [product[k:] + product[:k] for k in range(len(product))] if isinstance(term, Trace) else [product]
        for turned in rotations:
            for pattern, rest in rules:
                n = len(pattern)
                at = next((k for k in range(len(turned) - n + 1) if turned[k : k + n] == pattern), None)
                if at is None:
                    continue
                extra = {turned[:at] + p + turned[at + n :]: c * d for p, d in rest.items()}
                terms = {p: d for p, d in term.terms.items() if p != product}
                if isinstance(term, Trace):
                    if () in extra:  # tr I is the size, which an empty product does not say
                        continue
                    return Trace(terms, None, term.sums) + Trace(extra)
                return Word(terms, term.rows, term.columns) + Word(extra, term.rows, term.columns)
    return None


def multiplied(premises: Sequence[Word]) -> list[Word]:
    """The premises, those multiplied by one letter from either side, and of these the short ones once more.

    All reduced by the others: what multiplication shortens is what a proof by hand would write down.
    """
    known = [p for p in premises if isinstance(p, Word)]
    letters = sorted({one for p in known for one in p.letters}, key=str)
    recent = known
    for longest in (LONGEST, 3):
        rules = rules_of(known)
        more: dict[tuple[tuple[Product, sp.Expr], ...], Word] = {}
        for premise in recent:
            for factor in (f for one in letters for f in _both(one)):
                for made in _products(factor, premise):
                    shorter = rewritten(made, rules)
                    if isinstance(shorter, Word) and 0 < max((len(p) for p in shorter.terms), default=0) <= LONGEST:
                        more[tuple(shorter.terms.items())] = shorter
        known = known + list(more.values())
        recent = [p for p in more.values() if max(len(q) for q in p.terms) <= 3]
        if longest == LONGEST and not recent:
            break
    short = rules_of(sorted(known, key=lambda p: max((len(q) for q in p.terms), default=0)))
    again = [rewritten(p, [r for r in short if r[0] != max(p.terms, key=len, default=())]) for p in known]
    return known + [p for p in again if isinstance(p, Word) and p.terms]


def _both(one: Letter) -> list[Word]:
    word = Word({((one, False),): sp.Integer(1)}, one.rows, one.columns)
    return [word] if one.symmetric else [word, word.T]


def _products(factor: Word, premise: Word) -> list[Word]:
    out = []
    if factor.columns == premise.rows:
        out.append(factor @ premise)
    if premise.columns == factor.rows:
        out.append(premise @ factor)
    return out


def is_zero(term: Word | Trace, alphabet: Alphabet) -> bool:
    """Do all coefficients reduce to 0?"""
    scalars = term.coefficients()
    if any(plainly_not_zero(c, alphabet) for c in scalars):
        return False
    return all(residue(c, alphabet) == 0 for c in scalars)


def vanishes_by(term: Word | Trace, premises: Sequence[Word], alphabet: Alphabet) -> bool:
    """Does the term vanish where the premises do?  ``True`` is a proof."""
    if is_zero(term, alphabet):
        return True
    rules = rules_of(premises)
    if is_zero(rewritten(term, rules), alphabet):
        return True
    rules = rules_of(multiplied(premises))
    if is_zero(rewritten(term, rules), alphabet):
        return True
    # X = 0 iff tr XᵀX = 0
    return isinstance(term, Word) and is_zero(rewritten(term.square(), rules), alphabet)


def half_of(product: Product) -> Product | None:
    """X with tr of the product = tr X Xᵀ, if some rotation of it is X followed by its transpose."""
    n = len(product)
    if n % 2 or not n:
        return None
    for k in range(n):
        turned = product[k:] + product[:k]
        half, rest = turned[: n // 2], turned[n // 2 :]
        if rest == tuple((one, not t and not one.symmetric) for one, t in reversed(half)):
            return half
    return None


def is_square(product: Product) -> bool:
    """Is tr of the product that of X Xᵀ, some rotation being X followed by its transpose?"""
    return not product or half_of(product) is not None
