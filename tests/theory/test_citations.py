"""Citations: what a machine can check of roles and premises is checked, and misfits are refused."""

import dataclasses
from collections import Counter

import pytest
import sympy as sp

from theory import lemmas
from theory.claims import all_claims
from theory.proof import Cited, Context, Inequality
from theory.proof.alphabet import Alphabet
from theory.proof.symmetric import Symmetric

CLAIMS = {c.name: c for c in all_claims()}
CITED = [(c, s) for c in CLAIMS.values() for s in c.steps if isinstance(s, Cited)]


def step_of(claim, name):
    return next(s for s in claim.steps if s.name == name)


@pytest.mark.parametrize(("claim", "step"), CITED, ids=[f"{c.name}::{s.name}" for c, s in CITED])
def test_every_citation_fits(claim, step):
    assert claim.check(step).proved


def test_half_of_them_are_checked(record_property):
    found = Counter(c.check(s).detail.rpartition("; ")[2] for c, s in CITED)
    record_property("figure", f"citations: {dict(found)}")
    assert set(found) == {"its roles are checked", "its roles are read"}
    assert found["its roles are checked"] >= 45


def misfits():
    """(claim, step, role to wrong expression or premises, what the message says)."""
    anatomy = CLAIMS["gap_anatomy"]
    matrix = step_of(anatomy, "feasibility as a matrix inequality").roles["matrix"]
    nuclear = step_of(anatomy, "balance").roles["nuclear"]
    head = step_of(CLAIMS["single_source"], "heads with these Gram matrices exist").roles["gram"].value
    loss = step_of(CLAIMS["vanishing_decay"], "loss of one label at margins s").roles
    chord = step_of(CLAIMS["vanishing_decay"], "loss at the smallest margin").roles["chord"]
    series = step_of(CLAIMS["stability"], "alternating series").roles["series"]
    projection = step_of(CLAIMS["latent_features"], "orthogonal projection").roles["matrix"]
    K = head.rows
    feasible = "dual feasibility as a matrix inequality"
    yield "gap_anatomy", "feasibility as a matrix inequality", {"matrix": 2 * matrix}, "not c² I − UᵀU"
    yield "gap_anatomy", "feasibility as a matrix inequality", (), "no premise bounds a norm"
    yield "single_source", feasible, {"matrix": matrix + sp.Integer(1) * (matrix @ matrix)}, "not c² I − UᵀU"
    yield "gap_anatomy", "balance", {"nuclear": 2 * nuclear}, "not 2√"
    yield "single_source", "heads with these Gram matrices exist", {"gram": -head, "wanted": -head}, "not certified"
    yield "single_source", "heads with these Gram matrices exist", {"wanted": 2 * head}, "not the one that is wanted"
    yield "single_source", "heads with these Gram matrices exist", {"gram": Symmetric(K, K, 0, -1)}, "not the one"
    yield "single_source", "rank of a head", {"trace": K}, "P P = P"
    yield "single_source", "rank of a head", ("NC2: simplex ETF",), "P P = P"
    yield "latent_features", "orthogonal projection", {"matrix": 2 * projection}, "idempotent"
    yield "vanishing_decay", "loss of one label at margins s", {"x": -loss["x"]}, "not certified > 0"
    yield "vanishing_decay", "loss of one label at margins s", {"x": loss["x"] / 2}, r"not log\(1 \+ x\)"
    yield "vanishing_decay", "loss at the smallest margin", {"chord": 3 * chord}, "in \\[0, 1\\]"
    yield "stability", "alternating series", {"series": series + 1}, "x³/6"
    yield "squared_error", "Gram matrices from the second moment", ("square root of YYᵀ",), "X − A >= 0"
    yield "single_source", "predictions are the dual point", (), "gap is 0"
    yield "single_source", "centred logits", ("log-ratio of the predictions",), "predictions are equal"
    yield "single_source", "dual feasibility", ("a dead task is feasible",), "blocks are orthogonal"
    yield "independence", "norm of one group", (), "Gram matrices are equal"
    yield "correlation_motion", "monotone in the decay", (), "sign of the derivative"
    yield "single_source", "uniqueness up to rotation", (), "name what provides them"


@pytest.mark.parametrize(("name", "step", "change", "message"), list(misfits()))
def test_a_misfit_is_refused(name, step, change, message):
    claim = CLAIMS[name]
    true = step_of(claim, step)
    changes = {"premises": change} if isinstance(change, tuple) else {"roles": {**true.roles, **change}}
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(true, **changes).check(claim.context(true))


def test_exponentials_that_do_not_fit_are_read_and_not_checked():
    claim = CLAIMS["vanishing_decay"]
    true = step_of(claim, "smallest margin")
    assert claim.check(true).detail.endswith("checked")
    wrong = dataclasses.replace(true, roles={**true.roles, "larger": 2 * true.roles["larger"]})
    assert wrong.check(claim.context(true)).detail.endswith("read")


@pytest.mark.parametrize(("op", "turned"), [(">=", False), (">", False), ("<=", True), ("<", True)])
def test_logarithms_are_compared_by_what_they_are_taken_of(op, turned):
    x = Alphabet()
    p, q = x.positive("p"), x.positive("q")
    sides = (p, p + q) if turned else (p + q, p)
    premise = Inequality(name="inside", lhs=sides[0], op=op, rhs=sides[1])

    def detail(larger, smaller):
        roles = {"larger": sp.log(larger), "smaller": sp.log(smaller)}
        step = Cited(name="logarithms", lemma=lemmas.EXPONENTIAL_INCREASING, roles=roles, premises=("inside",))
        return step.check(Context(x, (), {"inside": premise})).detail

    assert detail(p + q, p).endswith("checked")
    assert detail(p, p + q).endswith("read")
    assert detail(p + 2 * q, p).endswith("read")
