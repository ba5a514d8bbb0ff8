"""The record of the mutation test: whole, of these claims, without survivors, and reproduced where tried again."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from theory.claims import all_claims
from theory.mutation.explained import explanations
from theory.mutation.fates import FATES, KILLED
from theory.mutation.identity import identities, identity
from theory.mutation.operators import OPERATORS
from theory.mutation.run import try_step

RECORD = Path(__file__).parents[2] / "reports" / "records" / "mutation.json"
CLAIMS = {c.name: c for c in all_claims()}
#: Claims whose steps are quick to try, and how many of their steps.
QUICK, TRIED = ("thresholds", "cells", "correlation", "stationarity", "latent_features", "published"), 8


@pytest.fixture(scope="module")
def result():
    return json.loads(RECORD.read_text(encoding="utf-8"))["result"]


@pytest.fixture(scope="module")
def counted(result):
    """(claim, step, operator, fate, how many)."""
    return [
        (claim, step, operator, fate, n)
        for claim, steps in result["fates"].items()
        for step, operators in steps.items()
        for operator, by_fate in operators.items()
        for fate, n in by_fate.items()
    ]


def test_the_record_is_whole(result, counted):
    assert set(result["identities"]) == set(result["fates"]) == set(CLAIMS)
    assert result["operators"] == OPERATORS
    totals = Counter()
    for _, _, _, fate, n in counted:
        totals[fate] += n
    assert totals == {k: v for k, v in result["counts"].items() if v}
    assert set(result["counts"]) == set(FATES)
    assert {operator for _, _, operator, _, _ in counted} == set(OPERATORS)
    told = Counter((m["claim"], m["step"], m["operator"], m["fate"]) for m in result["uncontradicted"])
    assert told == {(c, s, o, f): n for c, s, o, f, n in counted if f not in KILLED}


def test_nothing_survived_and_all_that_is_true_has_a_reason(result):
    assert result["counts"]["survived"] == 0
    assert sum(result["counts"].values()) > 27_000
    assert all(m["reason"] for m in result["uncontradicted"])


def test_every_step_is_mutated(result):
    """A step without mutants would be one that says nothing."""
    bare = [f"{c.name} / {s.name}" for c in CLAIMS.values() for s in c.steps if not result["fates"][c.name].get(s.name)]
    assert not bare


def test_the_record_is_of_these_claims(result):
    """A few steps may have been rewritten since; more, and the record is to be made again (make mutation)."""
    steps = [(n, s) for n, found in identities(list(CLAIMS)).items() for s in found.items()]
    changed = [f"{n} / {s}" for n, (s, digest) in steps if result["identities"][n].get(s) != digest]
    assert len(changed) <= 0.1 * len(steps), f"make mutation: {len(changed)} steps changed, {changed[:5]}"


def test_every_explanation_is_of_a_mutant(result):
    """What is proved by hand is what was asked: each explanation is the reason of a mutant of its step."""
    reasons = {(m["claim"], m["step"], m["reason"]) for m in result["uncontradicted"]}
    for name in CLAIMS:
        for one in explanations(name):
            last = one.steps[-1]
            assert (name, one.step, f"proved by hand: {last.because or last.name}") in reasons, (name, last.name)


def test_an_identity_tells_statements_apart():
    claim = CLAIMS["thresholds"]
    digests = [identity(claim, step) for step in claim.steps]
    assert len(set(digests)) > 0.9 * len(digests)
    assert digests == [identity(claim, step) for step in claim.steps]


def test_a_sample_is_reproduced(result):
    steps = [(CLAIMS[n], s) for n in QUICK for s in CLAIMS[n].steps]
    told = {
        (c.name, s.name): sum((Counter(f) for f in result["fates"][c.name][s.name].values()), Counter())
        for c, s in steps
        if s.name in result["fates"][c.name]
    }
    able = [
        (c, s)
        for c, s in steps
        if result["identities"][c.name].get(s.name) == identity(c, s) and 10 <= told[c.name, s.name].total() <= 60
    ]
    assert len(able) >= TRIED
    for claim, step in random.Random(5).sample(able, TRIED):
        found = Counter(m.fate for m in try_step(claim, step))
        for group in (KILLED, ("equivalent", "implied"), ("not used",), ("survived",)):
            assert sum(found[f] for f in group) == sum(told[claim.name, step.name][f] for f in group), step.name
