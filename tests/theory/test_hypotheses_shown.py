"""Hypotheses that another step shows: the step exists, is proved, and is the same equation or one in other letters."""

import dataclasses

import pytest

from theory.claims import all_claims, landscape, multi_source, partial_annotation
from theory.proof import Claim, Given
from theory.proof.readings import linked
from theory.proof.report_data import hypothesis_latex, hypothesis_plain

LINKS = [(c, h) for c in all_claims() for h in c.hypotheses if isinstance(h, Given) and h.shown_by]


@pytest.mark.parametrize(("claim", "given"), LINKS, ids=[f"{c.name}::{h.name}" for c, h in LINKS])
def test_the_step_is_proved(claim, given):
    assert linked(claim, given) in ("the same equation", "read in other letters")
    step = given.shown_by.rpartition("::")[2]
    assert step in hypothesis_plain(given)
    assert "step" in hypothesis_latex(given, claim.alphabet)


def test_stationarity_is_the_same_equation():
    named = {h.name: h for c, h in LINKS if c is landscape.CLAIM}
    for name in ("stationarity in W", "stationarity in H"):
        assert linked(landscape.CLAIM, named[name]) == "the same equation"


def changed(claim: Claim, name: str, shown_by: str) -> Claim:
    def swap(h):
        return dataclasses.replace(h, shown_by=shown_by) if getattr(h, "name", "") == name else h

    return dataclasses.replace(claim, hypotheses=tuple(swap(h) for h in claim.hypotheses))


def test_a_step_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no step 'single_source::no such step'"):
        changed(multi_source.CLAIM, "rows of an optimal head sum to 0", "single_source::no such step")


def test_an_inequality_shows_no_equation():
    claim = changed(multi_source.CLAIM, "rows of an optimal head sum to 0", "single_source::a dead task is feasible")
    given = next(h for h in claim.hypotheses if getattr(h, "name", "") == "rows of an optimal head sum to 0")
    with pytest.raises(ValueError, match="no equation"):
        linked(claim, given)


def test_a_step_that_fails_shows_nothing():
    true = partial_annotation.CLAIM
    steps = tuple(dataclasses.replace(s, rhs=2 * s.rhs) if s.name == "scale of the residual" else s for s in true.steps)
    claim = dataclasses.replace(true, steps=steps)
    given = next(h for h in claim.hypotheses if getattr(h, "shown_by", "") == "scale of the residual")
    with pytest.raises(ValueError, match="not proved"):
        linked(claim, given)


def test_a_step_shows_nothing_beyond_its_conditions():
    """A head is 0 where its task is dead, which claim multi_source does not assume."""
    claim = changed(multi_source.CLAIM, "rows of an optimal head sum to 0", "single_source::a dead head is 0")
    given = next(h for h in claim.hypotheses if getattr(h, "name", "") == "rows of an optimal head sum to 0")
    with pytest.raises(ValueError, match="which holds where 'task t is dead'"):
        linked(claim, given)
