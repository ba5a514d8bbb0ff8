"""Every classical lemma that a proof may cite, on random instances: rounding aside, none may be violated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.lemmas import LEMMAS
from theory.lemmas import norms as lemmas

TOLERANCE = 1e-9
seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("lemma", LEMMAS.values(), ids=list(LEMMAS))
@given(seed=seeds)
def test_lemma_holds(lemma, seed):
    assert lemma.trial(np.random.default_rng(seed)) <= TOLERANCE


@pytest.mark.parametrize("lemma", LEMMAS.values(), ids=list(LEMMAS))
def test_lemma_is_stated(lemma):
    assert lemma.statement
    assert any(character.isdigit() for character in lemma.reference), "a reference has a year"
    lhs, op, _ = lemma.conclude(**{role: k + 2 for k, role in enumerate(lemma.roles)})
    assert lhs is not None
    assert op in ("=", ">=", ">", "<=", "psd")


def test_trials_can_fail(monkeypatch):
    """A wrong norm makes the trials of both norm lemmas report a violation."""
    monkeypatch.setattr(lemmas, "_nuclear", lambda a: 0.3 * float(np.linalg.norm(a)))
    worst = max(lemmas.NORM_DUALITY.trial(np.random.default_rng(k)) for k in range(300))
    assert worst > 1e-3
    monkeypatch.setattr(lemmas, "_nuclear", lambda a: 3.0 * float(np.linalg.svd(a, compute_uv=False).sum()))
    assert lemmas.NUCLEAR_VARIATIONAL.trial(np.random.default_rng(0)) >= 0
    worst = max(lemmas.NUCLEAR_VARIATIONAL.trial(np.random.default_rng(k)) for k in range(300))
    assert worst > 1e-3
