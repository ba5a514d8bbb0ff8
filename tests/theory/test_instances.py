"""Instances refute only steps that fail where all hypotheses used hold; a step applies only with its conditions."""

import random
from dataclasses import replace

import pytest
import sympy as sp

from theory.proof import Claim, Given, Identity, Inequality, Using, Verdict
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.applied import Applied
from theory.proof.instances import Instance, orthonormal_columns, refute
from theory.proof.sums import Sum
from theory.proof.traces import identity, letter

x = Alphabet()
c, k = x.positive("c"), x.integer("k", least=2)
Q = letter("Q", "m", "n")
orthonormal = Given("QᵀQ = I", Q.T @ Q, identity("n"))
true = Identity(
    name="norm", lhs=c * (Q @ Q.T @ Q), rhs=c * Q, using=(Using("QᵀQ = I", times=c, left=Q),), concludes=True
)
positive = Inequality(
    name="positive", lhs=c, op=">", rhs=sp.Integer(0), where=(Condition("large", c, ">", sp.Integer(1)),)
)
total = Identity(name="total", lhs=Sum("t", c + k - k), rhs=Sum("t", c), concludes=True)
CLAIM = Claim("toy", "A toy", x, ("a hypothesis", orthonormal), (true, positive, total), "here")
AT = Instance({"Q": orthonormal_columns(3, 2, random.Random(1))}, {c: 5, k: 2}, {"m": 3, "n": 2})


def test_true_steps_are_not_refuted_and_false_ones_are():
    assert CLAIM.status == "proved"
    assert refute(CLAIM, true, AT).verdict is Verdict.UNDECIDED
    assert refute(CLAIM, positive, AT).verdict is Verdict.UNDECIDED
    twice = refute(CLAIM, replace(true, rhs=2 * c * Q), AT)
    assert twice.verdict is Verdict.REFUTED
    assert twice.point["c"] == "5"
    assert refute(CLAIM, replace(positive, op="<"), AT).verdict is Verdict.REFUTED


def test_an_instance_must_satisfy_what_the_step_uses():
    broken = Instance({"Q": sp.ones(3, 2)}, {c: 5}, {"m": 3, "n": 2})
    with pytest.raises(ValueError, match="QᵀQ = I"):
        refute(CLAIM, replace(true, rhs=2 * c * Q), broken)
    with pytest.raises(ValueError, match="large"):
        refute(CLAIM, positive, Instance({}, {c: 1}))
    with pytest.raises(TypeError, match="Applied"):
        refute(CLAIM, Applied(name="other", of="toy::total", lhs=c, rhs=c), AT)


def test_orthonormal_columns():
    q = orthonormal_columns(5, 3, random.Random(2))
    assert q.T * q == sp.eye(3)
    with pytest.raises(ValueError, match="at most 2"):
        orthonormal_columns(2, 3, random.Random(2))


def applied(**changes) -> tuple[Claim, Applied]:
    y = Alphabet()
    new, whole = y.positive("γ"), y.integer("n", least=2)
    settings = {"name": "one term", "of": "toy::total", "lhs": y.real("f"), "rhs": new, "values": {c: new, k: whole}}
    step = Applied(**{**settings, **changes, "concludes": True})
    return Claim("second", "Applies the toy", y, (), (step,), "here", relies_on=(CLAIM,)), step


def test_a_step_applies_with_other_symbols_of_the_same_domains():
    claim, _ = applied()
    assert claim.status == "proved"
    claim, step = applied()
    wrong = replace(step, rhs=2 * step.rhs)
    assert wrong.check(claim.context(step)).verdict is Verdict.REFUTED
    claim, step = applied()
    swapped = replace(step, values={c: step.lhs})
    with pytest.raises(ValueError, match="the same domain"):
        swapped.check(claim.context(step))
    conditional = replace(step, of="toy::positive", rhs=sp.Integer(0))
    with pytest.raises(ValueError, match="large"):
        conditional.check(claim.context(step))
    matrices = replace(step, of="toy::norm")
    with pytest.raises(TypeError, match="letters of its own"):
        matrices.check(claim.context(step))
