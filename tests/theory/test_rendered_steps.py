"""How the steps of the proofs are printed: none says X = X, and each fits a page."""

import pytest
import sympy as sp

from theory.claims import all_claims
from theory.proof import Identity, Named
from theory.proof.rendering import latex, plain, relation_plain

#: Characters of plain text: about six lines of the terminal, or three of a page.
LONGEST = 420

CLAIMS = all_claims()


def says_nothing(lhs, rhs, alphabet):
    return plain(lhs) == plain(rhs) or latex(lhs, alphabet) == latex(rhs, alphabet)


@pytest.mark.parametrize("claim", CLAIMS, ids=[c.name for c in CLAIMS])
def test_every_step_says_something_and_fits(claim):
    for step in claim.steps:
        lhs, op, rhs = step.relation(claim.context(step))
        assert not says_nothing(lhs, rhs, claim.alphabet), f"{step.name}: prints {relation_plain(lhs, op, rhs)}"
        length = len(relation_plain(lhs, op, rhs))
        assert length <= LONGEST, f"{step.name}: {length} characters; break it up, or name a side"


def test_a_step_with_equal_sides_is_found():
    claim = next(c for c in CLAIMS if c.name == "squared_error_balanced")
    step = next(s for s in claim.steps if s.name == "mean direction: orthogonal to centred vectors")
    assert isinstance(step, Identity)
    assert isinstance(step.lhs, Named)
    assert not says_nothing(step.lhs, step.rhs, claim.alphabet)
    assert says_nothing(step.lhs.value, step.rhs, claim.alphabet)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("s − a", "2·(s − a)"),
        ("1/g", "2·(1/g)"),
        ("σ_−", "2·σ_−"),
        ("‖A − B‖", "2·‖A − B‖"),
        ("f(x + y)", "2·f(x + y)"),
    ],
)
def test_names_that_are_differences_or_quotients_stand_in_brackets(name, printed):
    x = sp.Symbol(name)
    assert plain(2 * x) == printed
    assert plain(x) == name
