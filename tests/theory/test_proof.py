"""The proof machinery: what it proves, what it refutes with a point, and what it leaves undecided."""

import json
import random
import subprocess
import sys
from fractions import Fraction

import flint
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.__main__ import main
from theory.lemmas import JENSEN
from theory.proof import (
    Cases,
    Cited,
    Claim,
    Context,
    Derivative,
    EqualityCase,
    Equivalence,
    Given,
    Identity,
    Inequality,
    Let,
    Slack,
    Square,
    Sum,
    Termwise,
    Using,
    Verdict,
)
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.enclosure import Undefined, enclose, sign_at
from theory.proof.normal_form import sign, vanishes
from theory.proof.rendering import text_latex
from theory.proof.sums import varies
from theory.proof.traces import Trace, letter

x = Alphabet()
K = x.integer("K", least=2)
a, p = x.nonnegative("a"), x.positive("p")
eps, z = x.unit("ε"), x.real("z")
HERE = Context(x)


def verdict(step, context=HERE):
    return step.check(context).verdict


def fails_at(outcome, expression):
    """The reported point is a counterexample, by SymPy's own evaluation to 50 digits."""
    point = {s: sp.Rational(outcome.point[str(s)]) for s in expression.free_symbols}
    return abs(sp.N(expression.subs(point), 50)) > sp.Float("1e-40")


# ------------------------------------------------------------------ enclosures


@given(st.fractions(min_value=-5, max_value=5, max_denominator=50))
def test_enclosures_hold_the_value(q):
    e = sp.exp(z) / (1 + sp.exp(z)) + sp.sqrt(z**2 + 2) - sp.log(z**2 + 1) / 3
    ball = enclose(e, {z: sp.Rational(q.numerator, q.denominator)}, 200)
    with flint.ctx.workprec(200):
        exact = flint.arb(str(sp.N(e.subs(z, sp.Rational(q.numerator, q.denominator)), 40)))
        assert abs(ball - exact) < flint.arb("1e-35")
    assert float(ball.rad()) < 1e-50


def test_signs_and_undefined_values():
    assert sign_at(sp.sqrt(2) ** 2 - 2 + z, {z: sp.Integer(0)}) == 0
    assert sign_at(sp.exp(z) - 1 - z, {z: sp.Rational(1, 10**9)}) == 1
    with pytest.raises(Undefined):
        sign_at(sp.log(z), {z: sp.Integer(-1)})
    with pytest.raises(TypeError, match="gives no value"):
        enclose(z, {})
    with pytest.raises(TypeError, match="not known here"):
        enclose(sp.gamma(z), {z: sp.Integer(2)})


# ------------------------------------------------------------------ normal form and signs


@pytest.mark.parametrize(
    "expression",
    [
        sp.exp(a + 2 * z) / sp.exp(2 * z) - sp.exp(a),
        sp.log(p**2 * (sp.exp(a) + K - 1)) - 2 * sp.log(p) - sp.log(1 + (K - 1) * sp.exp(-a)) - a,
        sp.sqrt(K - 1) / (K - 1) - 1 / sp.sqrt(K - 1),
        sp.sqrt(p**2 * (1 - eps) ** 2) - p * (1 - eps),
        1 / (sp.sqrt(p) + sp.sqrt(K)) - (sp.sqrt(p) - sp.sqrt(K)) / (p - K),
        sp.log(sp.Rational(8, 9)) - 3 * sp.log(2) + 2 * sp.log(3),
    ],
)
def test_vanishing_expressions(expression):
    assert vanishes(expression, x)


@given(st.integers(-3, 3).filter(bool), st.integers(0, 3))
def test_non_zero_expressions_never_vanish(c, n):
    assert not vanishes(c * sp.log(1 + sp.exp(a)) * p**n + sp.sqrt(K) - sp.sqrt(K) * p**0 * 1, x)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (K - 1, ">"),
        (K - 2, ">="),
        (K - 3, None),
        (1 - eps, ">"),
        (sp.exp(a) - 1, ">="),
        (sp.exp(a) + K - 2, ">"),
        (z**2 * p, ">="),
        (z, None),
        (p - 1, None),
        (sp.sqrt(K) - 1, ">"),
        (-(1 - eps), None),
        ((K - 1) / (sp.exp(a) + K - 1), ">"),
    ],
)
def test_signs(expression, wanted):
    assert sign(expression, x) == wanted


@given(st.randoms(use_true_random=False), st.lists(st.integers(-2, 3), min_size=4, max_size=4))
def test_certified_signs_are_true(rng, c):
    expression = c[0] * (K - 1) * sp.exp(a) + c[1] * eps + c[2] * p - c[3] * (sp.exp(a) - 1) * (1 - eps)
    certified = sign(expression, x)
    for _ in range(5):
        point = x.sample(rng, expression.free_symbols, ())
        found = sign_at(expression, point)
        assert certified is None or found >= 0
        assert certified != ">" or found > 0


# ------------------------------------------------------------------ steps


def test_identity_verdicts():
    true = Identity(name="true", lhs=(1 + p) ** 2, rhs=1 + 2 * p + p**2)
    false = Identity(name="false", lhs=(1 + p) ** 2, rhs=1 + p + p**2)
    assert verdict(true) is Verdict.PROVED
    outcome = false.check(HERE)
    assert outcome.verdict is Verdict.REFUTED
    assert fails_at(outcome, false.lhs - false.rhs)


def test_true_but_hard_is_undecided_and_not_refuted():
    """∛(2+√5) − ∛(√5−2) = 1: true, but no root of a nested radical is taken here."""
    five = sp.sqrt(5)
    nested = (p * (2 + five)) ** sp.Rational(1, 3) - (p * (five - 2)) ** sp.Rational(1, 3)
    hard = Identity(name="Cardano", lhs=nested, rhs=p ** sp.Rational(1, 3))
    assert abs(sp.N((hard.lhs - hard.rhs).subs(p, sp.Rational(7, 3)), 60)) < sp.Float("1e-55")
    assert verdict(hard) is Verdict.UNDECIDED
    claim = Claim("hard", "", x, (), (hard, Identity(name="easy", lhs=p, rhs=p, concludes=True)), "")
    assert claim.status == "checked at instances"


def test_conditions_restrict_the_points():
    small = Condition("small", p, "<", sp.Rational(1, 2))
    step = Identity(name="step", lhs=sp.Max(p, 1), rhs=sp.Integer(1), where=(small,))
    assert verdict(step) is Verdict.UNDECIDED, "true where p < 1/2, so no point may be reported"
    outcome = Identity(name="step", lhs=sp.Max(p, 1), rhs=sp.Integer(1)).check(HERE)
    assert outcome.verdict is Verdict.REFUTED
    assert Fraction(outcome.point["p"]) > 1


def test_changes_of_variables():
    step = Identity(name="step", lhs=p * (K + 1), rhs=sp.exp(a), where=(Let(p, sp.exp(a) / (K + 1)),))
    assert verdict(step) is Verdict.PROVED
    inside = Identity(name="step", lhs=sp.Abs(z), rhs=z, where=(Let(p, z),))
    assert verdict(inside) is Verdict.UNDECIDED, "p > 0 restricts z to z > 0"


def test_inequalities():
    mean = Inequality(
        name="mean", lhs=p + 1 / p, op=">=", rhs=sp.Integer(2), by=(((p - 1) ** 2, 1 / p),), equality="p = 1"
    )
    assert verdict(mean) is Verdict.PROVED
    wrong = Inequality(name="wrong", lhs=p + 1 / p, op=">=", rhs=sp.Integer(3)).check(HERE)
    assert wrong.verdict is Verdict.REFUTED
    q = Fraction(wrong.point["p"])
    assert q + 1 / q < 3
    strict = Inequality(name="strict", lhs=p + 1 / p, op=">", rhs=sp.Integer(2), by=(((p - 1) ** 2, 1 / p),))
    assert verdict(strict) is not Verdict.PROVED, "equality at p = 1"
    bad = Inequality(name="bad", lhs=p + 1 / p, op=">=", rhs=sp.Integer(2), by=(((p - 1) ** 2,),)).check(HERE)
    assert not bad.proved, "a decomposition that does not add up"
    below = Condition("below", p, "<=", eps)
    assert (
        verdict(Inequality(name="c", lhs=eps * K, op=">=", rhs=p * K, by=((K, eps - p),), where=(below,)))
        is Verdict.PROVED
    )
    assert verdict(Inequality(name="c", lhs=eps * K, op=">=", rhs=p * K, by=((K, eps - p),))) is Verdict.REFUTED


def test_sums_for_every_number_of_terms():
    left = Sum("t", (1 + p) * K)
    assert verdict(Identity(name="sum", lhs=left, rhs=Sum("t", K) + Sum("t", p * K))) is Verdict.PROVED
    assert verdict(Identity(name="sum", lhs=left, rhs=Sum("t", K))) is Verdict.REFUTED
    step = Inequality(name="sum", lhs=Sum("t", z**2), op=">=", rhs=0, by=((Termwise("t", (z**2,)),),))
    assert verdict(step) is Verdict.PROVED
    assert (
        verdict(Inequality(name="sum", lhs=Sum("t", z), op=">=", rhs=0, by=((Termwise("t", (z,)),),)))
        is not Verdict.PROVED
    )


def test_a_sum_is_positive_only_if_it_has_a_term():
    def positive(summand, **known):
        by = ((Termwise("t", (summand,), **known),),)
        return verdict(Inequality(name="sum", lhs=Sum("t", summand), op=">", rhs=0, by=by))

    assert positive(p) is not Verdict.PROVED, "there may be no term"
    assert positive(p, some=True) is Verdict.PROVED
    assert positive(z**2, some=True) is not Verdict.PROVED, "all terms may be 0"


def test_a_step_of_another_claim_rests_on_all_before_it():
    false = Identity(name="false", lhs=p, rhs=2 * p)
    follows = Identity(name="follows", lhs=3 * p, rhs=6 * p, using=(Using("false", times=3),), concludes=True)
    source = Claim("source", "", x, (), (false, follows), "here")
    assert source.check(follows).proved
    quoting = Identity(name="quoting", lhs=p, rhs=2 * p, using=(Using("source::follows", times=1 / 3),), concludes=True)
    claim = Claim("quoting", "", x, (), (quoting,), "here", (source,))
    with pytest.raises(ValueError, match="step 'false' of claim 'source' is not proved"):
        claim.check(quoting)


def test_a_sum_is_not_multiplied_by_what_differs_in_its_terms():
    """Σ d_k = 0 does not give Σ d_k² = 0, nor Σ p_t z = Σ p_t times one z_t."""
    d_k, z_t, w = x.real("d_k"), x.real("z_t"), x.real("w")
    mean = Given("mean", Sum("k", d_k), Sum("k", sp.Integer(0)))
    context = Context(x, (mean,))

    def squares(times, lhs):
        return Identity(name="s", lhs=Sum("k", lhs), rhs=Sum("k", 0), using=(Using("mean", times=times),))

    assert verdict(squares(K * p, K * p * d_k), context) is Verdict.PROVED
    with pytest.raises(ValueError, match="not to be multiplied by d_k"):
        verdict(squares(d_k, d_k**2), context)
    # samples are written without their index: what stands in the sum may differ
    samples = Context(x, (Given("mean", Sum("t,i", p * w), Sum("t,i", sp.Integer(0))),))
    with pytest.raises(ValueError, match="not to be multiplied by w"):
        verdict(
            Identity(name="s", lhs=Sum("t,i", p * w**2), rhs=Sum("t,i", 0), using=(Using("mean", times=w),)), samples
        )
    with pytest.raises(ValueError, match="beside z_t"):
        Sum("t", p, z_t)
    one = Inequality(name="one", lhs=Sum("t", z_t), op=">=", rhs=0, by=((Termwise("t", (z_t,)),),))
    weighted = Inequality(name="more", lhs=Sum("t", z_t**2), op=">=", rhs=0, by=((z_t**2, Slack("one")),))
    with pytest.raises(ValueError, match="a sum is not multiplied by z_t"):
        verdict(weighted, Context(x, (), {"one": one}))
    assert varies(x.real("p_t·λ_H"), "t")
    assert not varies(x.real("‖H − Σ_t Π_t H‖²"), "t")


A, B = letter("A", "m", "n"), letter("B", "m", "n")


def test_equality_cases_need_every_hypothesis():
    zero = Identity(name="zero", lhs=A.square() + p * B.square(), rhs=Trace({}), using=(Using("given"),))
    context = Context(x, (Given("given", A.square() + p * B.square(), Trace({})),), {"zero": zero})
    by = ((Square(A),), (p, Square(B)))
    case = EqualityCase(name="case", of="zero", by=by, summand=1)
    assert verdict(case, context) is Verdict.PROVED
    assert case.plain(context) == "B = 0"
    wrong = EqualityCase(name="case", of="zero", by=((Square(A),), (2 * p, Square(B))), summand=1)
    assert verdict(wrong, context) is Verdict.REFUTED
    unsigned = Identity(name="zero", lhs=A.square() + z * B.square(), rhs=Trace({}))
    context = Context(x, (), {"zero": unsigned})
    case = EqualityCase(name="case", of="zero", by=((Square(A),), (z, Square(B))), summand=0)
    assert verdict(case, context) is Verdict.UNDECIDED


def test_using_needs_something_shown_before():
    step = Identity(name="step", lhs=A, rhs=B, using=(Using("nowhere"),))
    with pytest.raises(ValueError, match="no earlier step"):
        step.check(HERE)
    later = Identity(name="A is B", lhs=A, rhs=B)
    claim = Claim(
        "c", "", x, (), (Identity(name="first", lhs=A, rhs=B, using=(Using("A is B"),), concludes=True), later), ""
    )
    with pytest.raises(ValueError, match="no earlier step"):
        claim.check(claim.steps[0])


def test_citations_need_roles_and_premises():
    good = Cited(name="j", lemma=JENSEN, roles={"total": p, "at_mean": z})
    assert verdict(good) is Verdict.PROVED
    with pytest.raises(ValueError, match="has the roles"):
        Cited(name="j", lemma=JENSEN, roles={"total": p}).check(HERE)
    with pytest.raises(ValueError, match="premises that nothing shows"):
        Cited(name="j", lemma=JENSEN, roles={"total": p, "at_mean": z}, premises=("convexity",)).check(HERE)
    above = Inequality(name="sum", lhs=p + 1, op=">=", rhs=z, by=((Slack("j"),), (sp.Integer(1),)))
    assert verdict(above, Context(x, (), {"j": good})) is Verdict.PROVED


def test_derivatives_are_held_against_difference_quotients(monkeypatch):
    softplus = sp.log(1 + sp.exp(z) * p)
    right = Derivative(name="d", of=softplus, by=z, equals=p * sp.exp(z) / (1 + p * sp.exp(z)))
    assert verdict(right) is Verdict.PROVED
    assert verdict(Derivative(name="d", of=softplus, by=z, equals=sp.exp(z) / (1 + p * sp.exp(z)))) is Verdict.REFUTED
    monkeypatch.setattr(sp, "diff", lambda *_: sp.Integer(0))
    silent = Derivative(name="d", of=softplus, by=z, equals=sp.Integer(0)).check(HERE)
    assert silent.verdict is Verdict.REFUTED, "a derivative that SymPy silently returns as 0"
    assert "difference quotient" in silent.detail


def test_equivalences():
    left, right = Condition("l", p**2, "<", sp.Integer(4)), Condition("r", p, "<", sp.Integer(2))
    assert verdict(Equivalence(name="e", left=left, right=right, factor=p + 2)) is Verdict.PROVED
    off = Equivalence(name="e", left=left, right=Condition("r", p, "<", sp.Integer(3)), factor=p + 2).check(HERE)
    assert off.verdict is Verdict.REFUTED
    assert 2 <= Fraction(off.point["p"]) < 3
    assert verdict(Equivalence(name="e", left=right, right=right, factor=z)) is not Verdict.PROVED


# ------------------------------------------------------------------ claims


def test_claims_refuse_bad_construction():
    step = Identity(name="same", lhs=p, rhs=p, concludes=True)
    with pytest.raises(ValueError, match="two steps are called"):
        Claim("c", "", x, (), (step, step), "")
    with pytest.raises(ValueError, match="concludes anything"):
        Claim("c", "", x, (), (Identity(name="same", lhs=p, rhs=p),), "")
    stranger = sp.Symbol("stranger")
    with pytest.raises(ValueError, match="without a domain"):
        Identity(name="s", lhs=stranger, rhs=p).check(HERE)


def cases(first, second, exhaustive=""):
    """One relation in two cases, and their union."""
    y = Alphabet()
    z = y.real("z")
    low, high = Condition("z < 1", z, "<", sp.Integer(1)), Condition("z ≥ 1", z, ">=", sp.Integer(1))
    named = {"low": low, "high": high, "beyond": Condition("z ≥ 2", z, ">=", sp.Integer(2))}
    steps = tuple(
        Identity(name=name, lhs=(z - 1) ** 2, rhs=z**2 - 2 * z + 1, where=(named[name],)) for name in (first, second)
    )
    both = Cases(name="both", of=(first, second), exhaustive=exhaustive, concludes=True)
    return Claim("toy", "", y, ("one of the two holds",), (*steps, both), "")


def test_cases_must_cover_everything():
    assert cases("low", "high").status == "proved"
    assert cases("high", "low").status == "proved"
    assert cases("low", "beyond").outcomes[-1].verdict is Verdict.UNDECIDED
    assert cases("low", "beyond", "one of the two holds").status == "proved"
    with pytest.raises(ValueError, match="no hypothesis reads"):
        _ = cases("low", "beyond", "none of this").outcomes


def test_cases_state_one_relation():
    claim = cases("low", "high")
    other = Identity(name="high", lhs=p, rhs=p, where=claim.steps[1].where)
    wrong = Claim("toy", "", claim.alphabet.joined(x), (), (claim.steps[0], other, claim.steps[2]), "")
    with pytest.raises(ValueError, match="do not state one relation"):
        _ = wrong.outcomes
    missing = Claim("toy", "", claim.alphabet, (), claim.steps[1:], "")
    with pytest.raises(ValueError, match="no earlier step is called 'low'"):
        _ = missing.outcomes


def test_symbols_sample_their_domains():
    rng = random.Random(1)
    for _ in range(200):
        point = x.sample(rng, x.domains, ())
        assert point[K] >= 2
        assert point[a] >= 0
        assert point[p] > 0
        assert 0 <= point[eps] < 1


# ------------------------------------------------------------------ command line


def test_command_line_writes_what_the_report_reads(tmp_path, capsys):
    path = tmp_path / "proofs.json"
    assert main(["--claim", "thresholds", "--json", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "thresholds  [proved]" in shown
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["kind"] == "proofs"
    (claim,) = record["result"]["claims"]
    assert claim["status"] == "proved"
    assert claim["statement"]
    assert {s["verdict"] for s in claim["steps"]} == {"proved"}
    assert all(s["latex"].count("{") == s["latex"].count("}") for s in claim["steps"])
    assert list(tmp_path.iterdir()) == [path], "nothing temporary is left behind"


def test_command_line_refuses_unknown_claims(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--claim", "nonsense"])
    assert stop.value.code == 2
    assert "no claim is called" in capsys.readouterr().err


def test_a_refuted_claim_makes_the_command_fail(monkeypatch, capsys):
    false = Claim("false", "1 = 2", x, (), (Identity(name="false", lhs=p, rhs=2 * p, concludes=True),), "")
    monkeypatch.setattr("theory.claims.all_claims", lambda: (false,))
    assert main([]) == 1
    assert "refuted" in capsys.readouterr().out


def test_the_package_itself_does_not_import_sympy():
    code = "import sys, theory; sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("100% of λ_H", r"100\% of $\lambda_{H}$"),
        ("‖H̃‖²", r"$\| {\tilde H} \|^{2}$"),
        ("λ_{W,t} ≥ 0", r"$\lambda_{W ,\allowbreak t} \ge 0$"),
        ("B⁻²r", r"$B^{- 2} r$"),
        ("e^a times a number", r"$e^{a}$ times a number"),
        ("U'Z'ᵀ and the SSMTC", r"$U^{\prime} Z^{\prime \top}$ and the SSMTC"),
        ("claim single_source", r"claim single\_source"),
        ("ȳ_t & co.", r"${\bar y}_{t}$ \& co."),
    ],
)
def test_prose_becomes_latex(text, wanted):
    assert text_latex(text) == wanted


@given(st.text(alphabet="ab_^{}λΣ²ᵀH̃\\$%&#~ ≤KM'", max_size=12))
def test_prose_never_makes_unbalanced_latex(text):
    latex = text_latex(text)
    bare = latex.replace(r"\$", "").replace(r"\{", "").replace(r"\}", "")
    assert bare.count("$") % 2 == 0
    assert bare.count("{") == bare.count("}")
