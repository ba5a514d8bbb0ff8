"""Deliberately false variants of the claims: each is refuted with a rational point at which it fails."""

import dataclasses

import pytest
import sympy as sp

from theory import closed_forms as forms
from theory.claims import SYMBOLIC as ON
from theory.claims import _balanced_tasks, gap_anatomy, single_source, thresholds
from theory.proof import Context, Identity, Let, Verdict
from theory.proof.alphabet import Condition
from theory.proof.traces import Trace

T4, T5, ANATOMY = single_source.CLAIM, thresholds.CLAIM, gap_anatomy.CLAIM


def step_of(claim, name):
    return next(s for s in claim.steps if s.name == name)


def refuted(claim, name, **changes):
    """The outcome of a changed step, asserted to be a refutation with a point."""
    step = step_of(claim, name)
    assert claim.check(step).proved, "the true step is proved"
    outcome = dataclasses.replace(step, **changes).check(claim.context(step))
    assert outcome.verdict is Verdict.REFUTED, outcome
    assert outcome.point
    return outcome


def at(outcome, symbols):
    return {s: sp.Rational(outcome.point[str(s)]) for s in symbols if str(s) in outcome.point}


s = _balanced_tasks

WRONG_MARGINS = {
    "K in place of K − 1": sp.log(1 / (s.eps / s.K + s.coupling / (s.alpha * sp.sqrt(s.K))) - s.K),
    "no root of K": sp.log(1 / (s.eps / s.K + s.coupling / (s.alpha * s.K)) - (s.K - 1)),
    "smoothing forgotten": forms.margin(s.alpha, s.K, s.coupling, ON, 0),
    "coupling squared": forms.margin(s.alpha, s.K, s.coupling**2, ON, s.eps),
}


@pytest.mark.parametrize("margin", WRONG_MARGINS.values(), ids=list(WRONG_MARGINS))
def test_wrong_constant_in_the_margin(margin):
    outcome = refuted(T4, "margin", rhs=margin)
    point = at(outcome, (s.K, s.alpha, s.N, s.lam_w, s.eps, s.a))
    wrong = margin.subs({s.lam_h: s.mu**2 / (s.N * s.lam_w)}).subs(s.mu, s.BY_MARGIN.value) - s.a
    assert abs(sp.N(wrong.subs(point), 40)) > sp.Float("1e-30"), (
        "the point is a counterexample, by SymPy's evaluation too"
    )


@pytest.mark.parametrize(
    ("name", "rhs"),
    [
        ("NC2: simplex ETF", s.gram_scale * sp.sqrt(s.K) * s.P),
        ("NC2: simplex ETF", s.gram_scale * s.identity(s.K)),
        ("residual Gram, living task", s.lam_h * s.K * s.P),
        ("scale of the residual", sp.sqrt(s.lam_h / s.N)),
        ("NC4: weighted sum rule", s.Sum("t", s.w)),
        ("NC4: weighted sum rule", s.Sum("t", s.beta / sp.sqrt(s.K) * s.w)),
        ("strong duality, living tasks", s.Sum("t", forms.task_value(s.alpha, s.K, 2 * s.coupling, s.a, ON, s.eps))),
        ("strong duality, living tasks", s.Sum("t", forms.task_value(s.alpha, s.K, s.coupling, s.a, ON))),
        ("penalties at the point", s.Sum("t", s.value + s.eps)),
        ("NC2: cosine of two rows of a head", -1 / s.K),
    ],
)
def test_wrong_geometry_or_value(name, rhs):
    refuted(T4, name, rhs=rhs)


def test_orthogonality_needs_independent_labels():
    """Two tasks of K classes that agree more often than not: the residual blocks are not orthogonal."""
    from theory.proof.symmetric import centring, correlated_labels, zeros

    rho = sp.Rational(1, 2)
    labels = correlated_labels(s.N, s.K, rho, ("s", "t"))
    P = centring(s.K)
    block = (P @ labels.matrix("s")).gram(P @ labels.matrix("t"))
    outcome = Identity(name="correlated", lhs=block, rhs=zeros(s.K, s.K)).check(Context(s.x))
    assert outcome.verdict is Verdict.REFUTED
    assert set(outcome.point) >= {"N", "K_t"}


def test_dead_tasks_are_not_feasible_below_the_threshold():
    refuted(T4, "a dead task is feasible", where=())


def test_unweighted_sum_rule_at_two_and_four_classes():
    """β_s/β_t = √(K_s/K_t) at equal decays: the published sum rule (weights 1) would need the ratio 1."""
    beta_s = forms.sum_rule_weight(s.K_s, s.N, s.lam_ws, s.lam_h, ON)
    equal_decay = Let(s.lam_ws, s.lam_w)
    where = (equal_decay, Let(s.K, sp.Integer(2)), Let(s.K_s, sp.Integer(4)))
    outcome = Identity(name="unweighted", lhs=beta_s, rhs=s.beta, where=where).check(Context(s.x))
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.point
    ratio = Identity(name="weighted", lhs=beta_s, rhs=sp.sqrt(2) * s.beta, where=where)
    assert ratio.check(Context(s.x)).proved
    same = Identity(name="equal classes", lhs=beta_s, rhs=s.beta, where=(equal_decay, Let(s.K_s, s.K)))
    assert same.check(Context(s.x)).proved, "with equal K and decay the unweighted rule is true"


# ------------------------------------------------------------------ thresholds

t = thresholds


@pytest.mark.parametrize(
    "limit",
    [t.limit * t.K, t.limit / t.K, t.limit / (1 - t.eps), 4 * t.limit, t.alpha * (1 - t.eps) ** 2 / (t.N * t.K)],
    ids=["times K", "over K", "smoothing once", "halves forgotten", "alpha not squared"],
)
def test_wrong_threshold(limit):
    wrong = Condition("wrong", t.lam_w * t.lam_h, "<", limit)
    outcome = refuted(T5, "threshold", right=wrong)
    point = at(outcome, (t.K, t.N, t.alpha, t.lam_w, t.lam_h, t.eps))
    alive = (t.odds - 1).subs(point) > 0
    claimed = (wrong.slack.subs(point)) > 0
    assert bool(alive) != bool(claimed), "at the point one condition holds and the other fails"


def test_published_threshold_fails_for_half_weights():
    """λ_H λ_W < N/(4K) with c = ½: too permissive by 2."""
    step = step_of(T5, "the published condition is c_t = 1")
    where = (*t.canonical(t.CONVENTIONS["paper-sum"]), Let(t.c, sp.Rational(1, 2)))
    outcome = dataclasses.replace(step, where=where).check(T5.context(step))
    assert outcome.verdict is Verdict.REFUTED


@pytest.mark.parametrize("name", list(t.STATED))
def test_each_convention_differs_from_the_canonical_threshold_by_its_factor(name):
    """The stated condition taken in another convention is refuted (the canonical one apart)."""
    convention = t.CONVENTIONS[name]
    true = t.in_convention(convention)
    assert true.check(T5.context(step_of(T5, true.name))).proved
    wrong = dataclasses.replace(true, right=Condition("wrong", t.said_w * t.said_h, "<", 2 * t.STATED[name]))
    assert wrong.check(Context(t.x)).verdict is Verdict.REFUTED


# ------------------------------------------------------------------ anatomy

g = gap_anatomy


@pytest.mark.parametrize(
    "rhs",
    [
        g.half * g.duality.value - g.half * g.closeness.value,
        g.half * g.closeness.value - g.half * g.duality.value,
        g.duality.value + g.half * g.closeness.value,
        g.half * (g.W_ + g.U_ @ g.H_.T).square() + g.half * g.closeness.value,
    ],
    ids=["minus closeness", "minus duality", "no half", "plus inside the square"],
)
def test_flipped_sign_in_the_anatomy(rhs):
    outcome = refuted(ANATOMY, "alignment and balance without singular values", rhs=rhs)
    assert {"W'", "H̃", "U'"} & set(outcome.point), "explicit integer matrices"


def test_flipped_signs_in_the_whole_anatomy_are_refuted_at_an_instance():
    step = step_of(ANATOMY, "gap anatomy")
    for rhs in (
        step.rhs - 2 * g.prediction,
        step.rhs - g.lam * g.within.value,
        step.rhs - (g.B @ g.b - g.v).square(),
        Trace({}) + g.prediction,
    ):
        refuted(ANATOMY, "gap anatomy", rhs=rhs)


def test_the_instances_satisfy_the_hypotheses_of_the_anatomy():
    import random

    from theory.proof import Given, difference

    rng = random.Random(3)
    for _ in range(10):
        instance = g.instance(rng)
        for hypothesis in ANATOMY.hypotheses:
            if isinstance(hypothesis, Given):
                assert not any(instance.values(difference(hypothesis.lhs, hypothesis.rhs))), hypothesis.name
        for step in ANATOMY.steps:
            if isinstance(step, Identity):
                assert all(sp.simplify(e) == 0 for e in instance.values(difference(step.lhs, step.rhs))), step.name
