"""Proofs by hand of mutants: accepted where they prove what is asked, refused where they prove something else."""

import dataclasses

import pytest
import sympy as sp

from theory.mutation.assertions import assertion
from theory.mutation.explained import Explanation, proves
from theory.mutation.variants import weakened
from theory.proof import Claim, Given, Inequality, Semidefinite, Square, Sum, Termwise, Using
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.traces import letter, trace

x = Alphabet()
a, b, d_k = x.positive("a"), x.positive("b"), x.real("d_k")
LARGE = Condition("large", a, ">=", sp.Integer(2))
STEP = Inequality(
    name="step", lhs=a**2 + b, op=">=", rhs=2 * a, by=((a - 2, a), (b,)), where=(LARGE,), concludes=True
)  # fmt: skip
MEAN = Given("the mean is 0", Sum("k", d_k), Sum("k", sp.Integer(0)))
CLAIM = Claim("test", "test", x, (MEAN,), (STEP,), "here")
ASSERTED = assertion(STEP, CLAIM.context(STEP))


def proof(rhs, by, where=(LARGE,), name="by hand", **more):
    return Inequality(name=name, lhs=a**2 + b, op=">=", rhs=rhs, by=by, where=where, **more)


def test_a_proof_of_the_mutant_is_accepted():
    mutant = ASSERTED.replaced(rhs=a)
    assert proves(Explanation("step", (proof(a, ((a - 2, a), (a,), (b,))),)), CLAIM, STEP, mutant)


def test_a_proof_of_something_else_is_not():
    mutant = ASSERTED.replaced(rhs=a)
    other = Explanation("step", (proof(2 * a, ((a - 2, a), (b,))),))
    assert not proves(other, CLAIM, STEP, mutant)


def test_a_proof_that_does_not_add_up_is_not():
    mutant = ASSERTED.replaced(rhs=a)
    assert not proves(Explanation("step", (proof(a, ((a - 2, a), (b,))),)), CLAIM, STEP, mutant)


def test_a_proof_under_more_conditions_is_not():
    mutant = ASSERTED.replaced(rhs=3 * a)
    three = Condition("larger", a, ">=", sp.Integer(3))
    assert not proves(Explanation("step", (proof(3 * a, ((a - 3, a), (b,)), (three,)),)), CLAIM, STEP, mutant)
    alike = Condition("large", a, ">=", sp.Integer(3))  # the same name for another condition
    assert not proves(Explanation("step", (proof(3 * a, ((a - 3, a), (b,)), (alike,)),)), CLAIM, STEP, mutant)
    strict = Condition("large", a, ">", sp.Integer(2))
    within = proof(a, ((a - 2, a), (a,), (b,)), (strict,))
    assert not proves(Explanation("step", (within,)), CLAIM, STEP, ASSERTED.replaced(rhs=a))


def test_a_hypothesis_that_is_left_out_may_not_be_used():
    dropped = next(m for operator, what, m in weakened(ASSERTED) if operator == "condition dropped")
    with_it = Explanation("step", (proof(2 * a, ((a - 2, a), (b,))),), without="large")
    assert not proves(with_it, CLAIM, STEP, dropped)
    using = Inequality(
        name="uses the mean",
        lhs=Sum("k", a * (1 + d_k)),
        op=">=",
        rhs=Sum("k", a),
        by=((Termwise("k", (a * 0,)),),),
        using=(Using("the mean is 0", times=a),),
        concludes=True,
    )
    claim = Claim("test", "test", x, (MEAN,), (using,), "here")
    assert using.check(claim.context(using)).proved
    without = next(m for operator, what, m in weakened(assertion(using, claim.context(using))) if "premise" in operator)
    again = Inequality(name="again", lhs=using.lhs, op=">=", rhs=using.rhs, by=using.by, using=using.using)
    assert not proves(Explanation("uses the mean", (again,), without="the mean is 0"), claim, using, without)


def test_a_semidefinite_matrix_that_is_left_out_may_not_be_used():
    M, v = letter("M", "n", "n", symmetric=True), letter("v", "n", "1")
    known = Semidefinite("M ⪰ 0", M)
    step = Inequality(name="form", lhs=trace(v.T @ M @ v), op=">=", rhs=sp.Integer(0), by=((Square(v, known),),))
    step = dataclasses.replace(step, concludes=True)
    claim = Claim("test", "test", x, (known,), (step,), "here")
    assert claim.check(step).proved
    asserted = assertion(step, claim.context(step))
    dropped = next(m for operator, _, m in weakened(asserted) if operator == "semidefinite dropped")
    again = dataclasses.replace(step, name="again")
    assert not proves(Explanation("form", (again,), without="M ⪰ 0"), claim, step, dropped)
    assert proves(Explanation("form", (again,)), claim, step, asserted)


def test_a_name_of_the_claim_is_not_used_twice():
    with pytest.raises(ValueError, match="called as one of the claim's"):
        proves(Explanation("step", (proof(a, ((a,),), name="step"),)), CLAIM, STEP, ASSERTED.replaced(rhs=a))
