"""What a theorem states must say something: SymPy may turn both sides of a relation into one text."""

import pytest

from theory.claims import all_claims
from theory.proof.rendering import latex, plain


def sides(claim, step):
    """Both sides as they are printed, or ``None`` for a step that is no relation of two terms."""
    if not hasattr(step, "lhs") or not hasattr(step, "rhs"):
        return None
    names = claim.alphabet
    return {(plain(step.lhs), latex(step.lhs, names)), (plain(step.rhs), latex(step.rhs, names))}


@pytest.mark.parametrize("claim", all_claims(), ids=lambda c: c.name)
def test_no_conclusion_reads_as_a_tautology(claim):
    read = [(step.name, sides(claim, step)) for step in claim.conclusions]
    assert not [name for name, both in read if both is not None and len({s for s, _ in both}) == 1]
    assert not [name for name, both in read if both is not None and len({s for _, s in both}) == 1]


def test_relations_are_among_the_conclusions():
    """So that the test above reads something."""
    assert sum(sides(c, s) is not None for c in all_claims() for s in c.conclusions) > 100
