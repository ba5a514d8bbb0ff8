"""The published theorems: false variants are refuted, and every row of the table is backed by steps that are proved."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from theory import UFM, LabelDesign
from theory.claims import all_claims, published
from theory.closed_forms import sum_cosine
from theory.counterexamples import COUNTEREXAMPLES
from theory.known_optimum import known_optimum
from theory.proof import Verdict
from theory.proof.alphabet import Condition
from theory.published_table import published_table

CLAIM = published.CLAIM


def step_of(name):
    return next(s for s in CLAIM.steps if s.name == name)


def test_claim_is_proved():
    assert CLAIM.status == "proved"


@pytest.mark.parametrize("convention", published.READINGS, ids=lambda c: c.name)
@pytest.mark.parametrize("multi_source", [False, True])
def test_another_least_weight_is_refuted(convention, multi_source):
    said = "n_t/4" if multi_source else "N/(4K)"
    step = step_of(f"the published {said} suffices: {convention.describe()}")
    wrong = Condition("task weight", published.c, ">=", step.right.rhs / 2)
    outcome = dataclasses.replace(step, right=wrong).check(CLAIM.context(step))
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.point


@pytest.mark.parametrize("convention", published.READINGS, ids=lambda c: c.name)
def test_a_limit_that_forgets_the_conversion_is_refuted(convention):
    step = step_of(f"limit of λ_W λ_H: {convention.describe()}")
    for wrong in (4 * step.rhs, step.rhs / published.c, step.rhs * published.K):
        assert dataclasses.replace(step, rhs=wrong).check(CLAIM.context(step)).verdict is Verdict.REFUTED


def test_unweighted_sums_need_equal_weights():
    step = step_of("the unweighted rule fails at unequal weights")
    assert not dataclasses.replace(step, where=()).check(CLAIM.context(step)).proved
    step = step_of("normalised rows")
    assert (
        dataclasses.replace(step, rhs=step.rhs * sp.sqrt(published.K)).check(CLAIM.context(step)).verdict == "refuted"
    )


@pytest.mark.parametrize("name", [c.name for c in published.READINGS])
@pytest.mark.parametrize("weight", [Fraction(1, 2), Fraction(1), Fraction(3)])
@pytest.mark.parametrize("source", ["single", "multi"])
def test_the_stated_limit_is_where_the_model_says_the_task_dies(name, weight, source):
    """theory.model converts exactly; just below the limit the task lives, at the limit it is dead."""
    classes, n_t = (3, 4), 2
    design = LabelDesign.factorial(classes, n_t) if source == "single" else LabelDesign.multi_source(classes, n_t)
    convention = next(c for c in published.READINGS if c.name == name)
    for t, k in enumerate(classes):
        limit = published.exact_limit(convention, source == "multi")
        values = {published.c: weight, published.K: k, published.N: design.samples, published.n: n_t}
        number = sp.Rational(limit.subs(values))
        for factor, alive in ((Fraction(999, 1000), True), (Fraction(1), False)):
            decay = Fraction(int(number.p), int(number.q)) * factor
            problem = UFM(design, decay, 1, weight, convention=name)
            assert known_optimum(problem).tasks[t].alive is alive


def test_cosine_of_sums_against_vectors():
    rng = np.random.default_rng(0)
    q = np.linalg.qr(rng.normal(size=(5, 3)))[0]
    beta, size = rng.uniform(0.5, 2, 3), rng.uniform(0.5, 2, 3)
    u, v = q @ (beta * size), q @ size
    expected = float(u @ v / np.linalg.norm(u) / np.linalg.norm(v))
    assert sum_cosine(beta.tolist(), (size**2).tolist()) == pytest.approx(expected, rel=1e-12)


def test_every_row_of_the_table_is_backed():
    steps = {f"{c.name}::{s.name}": (c, s) for c in all_claims() for s in c.steps}
    names = {c.name for c in COUNTEREXAMPLES}
    rows = published_table()
    for row in rows:
        assert row.proof
        for one in row.proof:
            claim, step = steps[one]
            assert claim.check(step).proved, one
        assert set(row.counterexamples) <= names
        if row.verdict in ("too weak", "too strong"):
            assert row.counterexamples, row
        assert row.published_latex.count("$") % 2 == row.exact_latex.count("$") % 2 == 0
    decays = [row for row in rows if row.part == "decays"]
    assert decays[0].published == "λ_H·λ_W < N/(4·K_t)"
    assert decays[0].exact.startswith("λ_H·λ_W < N·c_t/(4·K_t) for every task")
    assert "λ'" not in "".join(row.published + row.exact for row in rows)
