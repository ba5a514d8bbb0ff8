"""Every step of every claim: ``pytest theory/ -v`` reads like the proofs."""

import pytest

from theory.claims import all_claims
from theory.lemmas import LEMMAS
from theory.proof import Claim, Step

CLAIMS = all_claims()
STEPS = [(claim, step) for claim in CLAIMS for step in claim.steps]


@pytest.mark.parametrize(("claim", "step"), STEPS, ids=[f'{c.name}::"{s.name}"' for c, s in STEPS])
def test_step(claim: Claim, step: Step) -> None:
    outcome = claim.check(step)
    assert outcome.proved, f"{step.plain(claim.context(step))}\n{outcome.verdict}: {outcome.detail}"


@pytest.mark.parametrize("claim", CLAIMS, ids=[c.name for c in CLAIMS])
def test_claim(claim: Claim) -> None:
    assert claim.conclusions
    assert all(LEMMAS[lemma.name] is lemma for lemma in claim.lemmas)
    assert all(step.plain(claim.context(step)) and step.latex(claim.context(step)) for step in claim.steps)
