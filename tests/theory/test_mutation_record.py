"""The record of the mutation test: whole, of these claims, and reproduced where it is tried again."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from theory.claims import all_claims
from theory.mutation.operators import OPERATORS
from theory.mutation.run import FATES, identities, identity, try_step

RECORD = Path(__file__).parents[2] / "reports" / "records" / "mutation.json"
CLAIMS = {c.name: c for c in all_claims()}
#: Claims whose steps are quick to try, and how many of their steps.
QUICK, TRIED = ("thresholds", "cells", "correlation", "stationarity", "latent_features", "published"), 8


@pytest.fixture(scope="module")
def result():
    return json.loads(RECORD.read_text(encoding="utf-8"))["result"]


def test_the_record_is_whole(result):
    """Of every claim but one: the first step of ``vanishing_decay`` takes more memory than a machine has."""
    assert set(CLAIMS) - set(result["identities"]) <= {"vanishing_decay"}
    assert set(result["identities"]) <= set(CLAIMS)
    assert {m["claim"] for m in result["mutants"]} == set(result["identities"])
    assert result["operators"] == OPERATORS
    assert Counter(m["fate"] for m in result["mutants"]) == {k: v for k, v in result["counts"].items() if v}
    assert set(result["counts"]) == set(FATES)
    assert {m["operator"] for m in result["mutants"]} <= set(OPERATORS)


def test_what_survived_is_told_and_what_did_not_has_a_reason(result):
    survivors = [m for m in result["mutants"] if m["fate"] == "survived"]
    assert len(survivors) <= 0.005 * len(result["mutants"])
    assert all(m["text"] for m in survivors)
    assert all(m["reason"] for m in result["mutants"] if m["fate"] in ("equivalent", "implied", "not used"))


def test_the_record_is_of_these_claims(result):
    """A few steps may have been rewritten since; more, and the record is to be made again (make mutation)."""
    told = [n for n in CLAIMS if n in result["identities"]]
    steps = [(n, s) for n, found in identities(told).items() for s in found.items()]
    changed = [f"{n} / {s}" for n, (s, digest) in steps if result["identities"][n].get(s) != digest]
    assert len(changed) <= 0.1 * len(steps), f"make mutation: {len(changed)} steps changed, {changed[:5]}"


def test_an_identity_tells_statements_apart():
    claim = CLAIMS["thresholds"]
    digests = [identity(claim, step) for step in claim.steps]
    assert len(set(digests)) > 0.9 * len(digests)
    assert digests == [identity(claim, step) for step in claim.steps]


def test_a_sample_is_reproduced(result):
    steps = [(CLAIMS[n], s) for n in QUICK if n in result["identities"] for s in CLAIMS[n].steps]
    told = Counter((m["claim"], m["step"], m["fate"]) for m in result["mutants"])
    size = Counter((m["claim"], m["step"]) for m in result["mutants"])
    able = [
        (c, s)
        for c, s in steps
        if result["identities"][c.name].get(s.name) == identity(c, s) and 10 <= size[c.name, s.name] <= 60
    ]
    assert len(able) >= TRIED
    for claim, step in random.Random(5).sample(able, TRIED):
        found = Counter(m.fate for m in try_step(claim, step))
        for group in (("point", "enclosure"), ("equivalent", "implied"), ("not used",), ("survived",)):
            assert sum(found[f] for f in group) == sum(told[claim.name, step.name, f] for f in group), step.name
