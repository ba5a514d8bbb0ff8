"""For which sizes a claim is proved: read from the terms of its hypotheses and steps, so that no one has to say it.

What is shown in symbols holds for all their values; in letters, for matrices of every size; with a sum over a generic
index, for any number of terms.  A conclusion without any of these is about one explicit instance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.proof.alphabet import Condition
from theory.proof.claim import Claim
from theory.proof.rendering import Named
from theory.proof.steps.base import Given, Step, Verdict
from theory.proof.steps.derivative import Derivative
from theory.proof.steps.equivalence import Equivalence
from theory.proof.sums import Sum
from theory.proof.symmetric import Symmetric
from theory.proof.traces import Trace, Word


@dataclass(frozen=True)
class Scope:
    """What a claim leaves open, and what it fixes.

    integers : integer symbols with their ranges, ``"K_t ≥ 2"``.
    shapes : sizes of matrices, by name.
    indices : indices of sums of any number of terms.
    explicit : conclusions in which no symbol, letter or sum occurs: explicit numbers.
    instances : steps that are not proved: no counterexample was found at instances.
    """

    integers: tuple[str, ...]
    shapes: tuple[str, ...]
    indices: tuple[str, ...]
    explicit: tuple[str, ...]
    instances: tuple[str, ...]
    conclusions: int

    @property
    def kind(self) -> str:
        """``all sizes``, ``fixed sizes``, ``one instance`` (explicit numbers) or ``only at instances`` (not proved)."""
        if self.instances:
            return "only at instances"
        if len(self.explicit) == self.conclusions:
            return "one instance"
        return "all sizes" if self.integers or self.shapes or self.indices else "fixed sizes"

    @property
    def text(self) -> str:
        """A line for people."""
        if self.kind == "only at instances":
            return f"only at instances: {', '.join(self.instances)}"
        if self.kind == "one instance":
            return "one instance, in explicit numbers"
        parts = [", ".join(self.integers)] if self.integers else []
        parts += [f"matrices of any size ({', '.join(self.shapes)})"] if self.shapes else []
        parts += [f"sums of any number of terms ({'; '.join(self.indices)})"] if self.indices else []
        text = f"for all sizes: {'; '.join(parts)}" if parts else "for all values of its symbols; its sizes are fixed"
        if self.explicit:
            text += f"; in explicit numbers: {', '.join(self.explicit)}"
        return text


def scope(claim: Claim) -> Scope:
    """The scope of a claim, from its terms and the outcomes of its steps."""
    symbols, shapes, indices = _joined(
        [t for s in claim.steps for t in _terms(claim, s)]
        + [side for h in claim.hypotheses if isinstance(h, (Given, Condition)) for side in (h.lhs, h.rhs)]
    )
    explicit = [s.name for s in claim.conclusions if not any(_joined(_terms(claim, s)))]
    domains = claim.alphabet.domains
    integers = [(str(s), domains[s]) for s in symbols if s in domains and domains[s].kind == "integer"]
    undecided = [s.name for s, o in zip(claim.steps, claim.outcomes, strict=True) if o.verdict is Verdict.UNDECIDED]
    return Scope(
        tuple(f"{name} ≥ {domain.least}" for name, domain in sorted(integers, key=lambda i: i[0])),
        tuple(sorted(shapes - {"1"})),
        tuple(sorted(indices)),
        tuple(explicit),
        tuple(undecided),
        len(claim.conclusions),
    )


def _terms(claim: Claim, step: Step) -> Iterator[Any]:
    if isinstance(step, Equivalence):
        yield from (side for c in (step.left, step.right) for side in (c.lhs, c.rhs))
    elif isinstance(step, Derivative):
        yield from (step.of, step.equals)
    else:
        lhs, _, rhs = step.relation(claim.context(step))
        yield from (lhs, rhs)
    for one in step.where:
        yield from (one.lhs, one.rhs) if isinstance(one, Condition) else (one.value,)


def _joined(terms: Iterable[Any]) -> tuple[set[sp.Symbol], set[str], set[str]]:
    """The parts of several terms."""
    parts = [_parts(term) for term in terms]
    return set().union(*(p[0] for p in parts)), set().union(*(p[1] for p in parts)), set().union(*(p[2] for p in parts))


def _parts(term: Any) -> tuple[set[sp.Symbol], set[str], set[str]]:
    """Symbols, names of sizes, and indices of sums."""
    term = term.value if isinstance(term, Named) else term
    if isinstance(term, (Word, Trace)):
        shapes = {size for one in term.letters for size in (one.rows, one.columns)}
        shapes |= {term.rows, term.columns} if isinstance(term, Word) else set()
        return set(term.scalars), shapes, set(term.sums) if isinstance(term, Trace) else set()
    if isinstance(term, Sum):
        return (
            term.summand.free_symbols | term.constant.free_symbols,
            set(),
            {term.index} if term.summand != 0 else set(),
        )
    if isinstance(term, Symmetric):
        return set().union(*(e.free_symbols for e in (term.rows, term.columns, term.x, term.y))), set(), set()
    return (set(), set(), set()) if term is None else (sp.sympify(term).free_symbols, set(), set())
