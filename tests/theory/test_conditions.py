"""A step rests on others only where they hold: their conditions are its own, or the claim's, or cases that are all."""

import dataclasses

import pytest
import sympy as sp

from theory.claims import all_claims
from theory.lemmas import JENSEN
from theory.proof import Cases, Cited, Claim, Context, Identity, Inequality, Named, Slack, Using
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.conditions import inherited, unstated

x = Alphabet()
a, b = x.real("a"), x.real("b")
ABOVE, BELOW = Condition("above", a, ">", b), Condition("below", a, "<=", b)
HIGHER = Inequality(name="higher", lhs=a, op=">", rhs=b, by=((a - b,),), where=(ABOVE,), concludes=True)


def resting(where=()):
    by = ((Slack("higher"),), (sp.Integer(1),))
    return Inequality(name="resting", lhs=a + 1, op=">", rhs=b, by=by, where=where, concludes=True)


def claim(*steps, hypotheses=()):
    return Claim("test", "test", x, hypotheses, steps, "here")


def test_a_step_that_uses_another_beyond_its_conditions_is_refused():
    step = resting()
    one = claim(HIGHER, step)
    with pytest.raises(ValueError, match=r"'resting': 'higher' holds where 'above', which is not assumed"):
        one.check(step)


@pytest.mark.parametrize("as_hypothesis", [True, False])
def test_the_condition_is_stated_by_the_step_or_by_the_claim(as_hypothesis):
    step = resting(() if as_hypothesis else (ABOVE,))
    one = claim(HIGHER, step, hypotheses=(ABOVE,) if as_hypothesis else ())
    assert one.check(step).proved


def test_another_condition_of_that_name_does_not_do():
    step = resting((Condition("above", a, ">", b - 1),))
    assert [c.name for _, c in unstated(step, claim(HIGHER, step).context(step))] == ["above"]


def test_a_name_for_a_value_rests_on_the_step_that_gave_it():
    step = Identity(name="named", lhs=Named("q", "q", a - b, by="higher"), rhs=a - b, concludes=True)
    assert [name for name, _ in inherited(step, claim(HIGHER, step).context(step))] == ["higher"]


def test_cases_that_are_all_leave_no_condition():
    size = Named("|a − b|", "|a-b|", (a - b) ** 2)
    first = Identity(name="first", lhs=size, rhs=(a - b) ** 2, where=(ABOVE,), concludes=True)
    second = Identity(name="second", lhs=size, rhs=(b - a) ** 2, where=(BELOW,), concludes=True)
    both = Cases(name="both", of=("first", "second"))
    one = claim(first, second, both)
    assert one.check(both).proved
    assert not inherited(both, one.context(both))


def test_an_equation_that_adds_up_two_cases_is_refused():
    """What holds where a > b and what holds elsewhere never hold together: their difference says nothing."""
    z = Named("z", "z", sp.Integer(0))
    first = Identity(name="first", lhs=z, rhs=sp.Integer(0), where=(ABOVE,), concludes=True)
    second = Identity(name="second", lhs=z, rhs=sp.Integer(0), where=(BELOW,), concludes=True)
    step = Identity(name="both", lhs=sp.Integer(0), rhs=sp.Integer(0), using=(Using("first"), Using("second")))
    one = claim(first, second, step)
    with pytest.raises(ValueError, match="'both': 'first' holds where 'above'"):
        one.check(step)


def test_premises_of_a_citation_may_be_cases():
    """As in claim single_source: every block of the stack is that of a living or of a dead task."""
    source = next(c for c in all_claims() if c.name == "single_source")
    step = next(s for s in source.steps if s.name == "dual feasibility")
    assert not inherited(step, source.context(step))
    alone = dataclasses.replace(step, premises=tuple(p for p in step.premises if "dead" not in p))
    assert [c.name for _, c in inherited(alone, source.context(step))] == ["task t is alive"]


@pytest.mark.parametrize(("other", "left"), [("<=", 0), ("<", 2)])
def test_cases_that_leave_a_point_out_are_conditions(other, left):
    """Premises where a > b and where a < b say nothing of a = b."""
    second = dataclasses.replace(HIGHER, name="second", where=(Condition("below", a, other, b),))
    citing = Cited(name="citing", lemma=JENSEN, roles={}, premises=("higher", "second"))
    assert len(inherited(citing, Context(x, (), {"higher": HIGHER, "second": second}))) == left


def test_a_weaker_condition_of_that_name_does_not_do():
    step = resting((Condition("above", a, ">=", b),))
    assert unstated(step, claim(HIGHER, step).context(step))


def test_a_quoted_step_has_its_own_condition_in_other_letters():
    claim_ = next(c for c in all_claims() if c.name == "multi_source")
    step = next(s for s in claim_.steps if s.name == "optimal heads")
    assert claim_.check(step).proved
    alive = step.conditions[0]
    for where, message in (
        ((), "assumes 'task t is alive'"),
        ((Condition(alive.name, alive.lhs, "<", 2 * alive.rhs),), "'task t is alive' is another condition"),
        ((Condition(alive.name, alive.lhs, "<=", alive.rhs),), "'task t is alive' is another condition"),
    ):
        with pytest.raises(ValueError, match=message):
            dataclasses.replace(step, where=where).check(claim_.context(step))


def test_no_claim_of_the_suite_leaves_a_condition_out():
    assert not [
        f"{c.name} / {s.name}: {name} holds where {condition.name}"
        for c in all_claims()
        for s in c.steps
        for name, condition in unstated(s, c.context(s))
    ]
