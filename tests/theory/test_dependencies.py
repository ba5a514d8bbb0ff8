"""What a proof takes from other claims, and what it leaves to its reader, is found in its steps."""

import pytest

from theory.__main__ import main
from theory.claims import all_claims
from theory.proof import Alphabet, Cited, Claim, Given, Identity, Named, Using
from theory.proof.dependencies import trusted, used_from_others
from theory.proof.report_data import claim_data, claim_text

CLAIMS = {c.name: c for c in all_claims()}


def test_steps_of_other_claims_are_found():
    used = used_from_others(CLAIMS["partial_annotation"])
    assert "gap anatomy" in used["gap_anatomy"]  # by using
    assert "optimal value" in used["single_source"]  # applied
    assert "NC2: simplex ETF" in used_from_others(CLAIMS["published"])["single_source"]  # by the name of a term
    assert "prediction gap of one sample" in used_from_others(CLAIMS["stability"])["gap_anatomy"]  # by a slack
    assert "heads are dual to features" in used_from_others(CLAIMS["landscape"])["stationarity"]  # by a hypothesis
    assert used_from_others(CLAIMS["gap_anatomy"]) == {}
    assert "relies on   gap_anatomy: " in claim_text(CLAIMS["single_source"])


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=list(CLAIMS))
def test_what_is_used_exists_and_is_proved(claim):
    for owner, steps in used_from_others(claim).items():
        source = CLAIMS[owner]
        assert source in claim.relies_on
        assert all(source.check(next(s for s in source.steps if s.name == name)).proved for name in steps)


def test_what_a_reader_has_to_agree_with():
    x = Alphabet()
    a, b, c = x.real("a"), x.real("b"), x.real("c")
    steps = (
        Identity(name="first", lhs=a**2, rhs=b**2, using=(Using("a is b", times=a + b),)),
        Identity(name="second", lhs=Named("area", "area", a**2, by="first"), rhs=b**2, using=(Using("first"),),
                 concludes=True),
    )  # fmt: skip
    shown = Given("squares", c**2, b**2, "first")
    claim = Claim("toy", "", x, ("in words", Given("a is b", a, b), shown), steps, "here")
    found = trusted(claim)
    assert found.words == ("in words",)
    assert found.equations == ("a is b",)
    assert found.letters == ("squares",)
    assert found.readings == ("second",)
    assert found.citations == ()
    assert found.substitutions == ()
    assert found.names == ()


def test_changes_of_variables_are_listed_once_with_their_reason():
    found = trusted(CLAIMS["thresholds"]).substitutions
    assert len(found) == len(set(found))
    assert "ε = 0 (hard labels)" in found


def test_terms_printed_by_a_name_are_listed_unless_a_step_gave_their_value():
    found = trusted(CLAIMS["squared_error"]).names
    assert "κ/(2N) (‖Y‖² − ‖Z*‖²)" in found
    assert len(found) == len(set(found))


def test_citations_are_listed_unless_checked():
    found = trusted(CLAIMS["gap_anatomy"]).citations
    assert "prediction gap of one sample (Fenchel–Young inequality)" in found
    assert not [f for f in found if f.startswith("balance")]
    data = claim_data(CLAIMS["gap_anatomy"])
    assert data["trusted"]["citations"] == list(found)
    cited = sum(isinstance(s, Cited) for s in CLAIMS["gap_anatomy"].steps)
    assert len(found) < cited


def test_the_command_prints_what_to_believe(capsys):
    assert main(["--claim", "cells", "--trust"]) == 0
    printed = capsys.readouterr().out
    assert "believe     in words" in printed
    assert "equality at z_i (equality in Fenchel–Young)" in " ".join(printed.split())
