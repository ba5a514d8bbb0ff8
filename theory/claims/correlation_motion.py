r"""How the angle of two correlated binary tasks moves: merging, monotone in correlation and in decay, limits.

Hypotheses  those of claim ``correlation``; m = μ/α; s_±, a_±, S_± as there.
Statement   cos = 1 exactly iff ρ ≥ 1 − 2m² while the sum lives (2m² < 1 + ρ): the tasks *merge*; mirrored for −ρ;
            both are dead iff 2m² ≥ 1 + |ρ|.  Between, cos increases strictly with ρ, and for ρ > 0 with m: decay
            aligns correlated tasks.  As m → 0, cos → (1 − √(1−ρ²))/ρ from above, with
            0 ≤ cos − limit ≤ √(1−ρ²)/(1+√(1−ρ²)) · [½ log((1+ρ)/(1−ρ)) + log 2]/a_−, where e^{a_−} = √(2(1−ρ))/m − 1.
Source      this suite.
"""

from __future__ import annotations

import sympy as sp

from theory import closed_forms as forms
from theory import correlation_law as law
from theory.claims import SYMBOLIC as ON
from theory.claims import correlation
from theory.lemmas import INCREASING
from theory.proof import Cited, Claim, Derivative, Equivalence, Identity, Inequality, Named
from theory.proof.alphabet import Alphabet, Condition

x = Alphabet()
m, r = x.positive("m"), x.positive("r")
rho = x.unit("ρ", latex=r"\rho")
a, delta = x.positive("a_−", latex="a_-"), x.nonnegative("δ", latex=r"\delta")
S_plus, S_minus = x.positive("S_+", latex="S_+"), x.positive("S_−", latex="S_-")
slope_plus, slope_minus = x.positive("S'_+", latex="S'_+"), x.positive("S'_−", latex="S'_-")
kappa = x.nonnegative("κ", latex=r"\kappa")
cos_more, cos_less = x.real("cos(ρ')", latex=r"\cos(\rho')"), x.real("cos(ρ)", latex=r"\cos(\rho)")
cos_m_more, cos_m_less = x.real("cos(m')", latex=r"\cos(m')"), x.real("cos(m)", latex=r"\cos(m)")

one = sp.Integer(1)
s = m * sp.sqrt(2 / r) / 2  # the wrong probability of claim correlation at α = 1
margin = law.direction_margin(one, m, r, ON)
size = law.direction_size(margin, r, ON)
alive = Condition("the direction lives", 2 * m**2, "<", r)
p = forms.wrong_probability(a, 2, ON)
p_more = forms.wrong_probability(a + delta, 2, ON)
s_more, s_less = x.positive("s_−", latex="s_-"), x.positive("s_+", latex="s_+")
up, down = sp.sqrt(1 + rho), sp.sqrt(1 - rho)
limit = law.vanishing_cosine(rho, ON)

CLAIM = Claim(
    name="correlation_motion",
    title="Merging, monotonicity and limits of the correlation law",
    alphabet=x,
    hypotheses=(
        "those of claim correlation; s, a, S of one direction of mass r = 1 ± ρ, at α = 1 (m = μ/α in general)",
        "s_+ ≤ s_− and a_+ = a_− + δ for ρ ≥ 0",
    ),
    steps=(
        Identity(
            name="distance from merging",
            lhs=1 - law.cosine(S_plus, S_minus),
            rhs=2 * S_minus / (S_plus + S_minus),
            because="so cos = 1 iff S_− = 0 < S_+",
            concludes=True,
        ),
        Identity(
            name="distance from opposition",
            lhs=1 + law.cosine(S_plus, S_minus),
            rhs=2 * S_plus / (S_plus + S_minus),
            because="so cos = −1 iff S_+ = 0 < S_−",
        ),
        Equivalence(
            name="merging transition",
            left=Condition("no margin", Named("s_−", "s_-", s), ">=", sp.Rational(1, 2)),
            right=Condition("merged", Named("1 − ρ", r"1-\rho", r), "<=", 2 * m**2),
            factor=1 / (2 * r * (2 * s + 1)),
            because="2s − 1 = m√(2/r) − 1 with r = 1 − ρ: merged iff ρ ≥ 1 − 2m²",
            concludes=True,
        ),
        Equivalence(
            name="the sum lives",
            left=Condition("a margin", Named("s_+", "s_+", s), "<", sp.Rational(1, 2)),
            right=Condition("alive", 2 * m**2, "<", Named("1 + ρ", r"1+\rho", r)),
            factor=1 / (2 * r * (2 * s + 1)),
            because="and both directions are dead iff 2m² ≥ 1 + |ρ|: the larger mass dies last",
            concludes=True,
        ),
        Identity(
            name="negative correlation",
            lhs=law.cosine(S_minus, S_plus),
            rhs=-law.cosine(S_plus, S_minus),
            because="−ρ exchanges the masses 1 ± ρ, so the directions: relabelling one task",
            concludes=True,
        ),
        Derivative(
            name="a direction grows with its mass",
            of=size,
            by=r,
            equals=(margin + 1 / (1 - s)) / (2 * sp.sqrt(2 * r)),
            where=(alive,),
        ),
        Inequality(
            name="and strictly",
            lhs=(a + 1 / (1 - p)) / (2 * sp.sqrt(2 * r)),
            op=">",
            rhs=sp.Integer(0),
            because="s = p(a) < 1",
        ),
        Derivative(
            name="cosine against the sum",
            of=law.cosine(S_plus, S_minus),
            by=S_plus,
            equals=2 * S_minus / (S_plus + S_minus) ** 2,
        ),
        Derivative(
            name="cosine against the difference",
            of=law.cosine(S_plus, S_minus),
            by=S_minus,
            equals=-2 * S_plus / (S_plus + S_minus) ** 2,
        ),
        Inequality(
            name="slope in the correlation",
            lhs=2 * S_minus / (S_plus + S_minus) ** 2 * slope_plus + 2 * S_plus / (S_plus + S_minus) ** 2 * slope_minus,
            op=">",
            rhs=sp.Integer(0),
            because="chain rule: d/dρ is S' for the sum and −S' for the difference, S' > 0 the slope in the mass",
        ),
        Cited(
            name="monotone in the correlation",
            lemma=INCREASING,
            roles={"later": cos_more, "earlier": cos_less},
            premises=("slope in the correlation", "a direction grows with its mass", "and strictly"),
            where=(alive,),
            because="for ρ < ρ' while both directions live",
            concludes=True,
        ),
        Derivative(
            name="slope of a margin in the decay",
            of=sp.log(margin),
            by=m,
            equals=-1 / (m * (1 - s) * margin),
            where=(alive,),
            because="cos is an increasing function of S_+/S_− = √((1+ρ)/(1−ρ)) a_+/a_−",
        ),
        Inequality(
            name="the smaller direction loses faster",
            lhs=(1 - p_more) * (a + delta),
            op=">=",
            rhs=(1 - p) * a,
            by=((p - p_more, a + delta), (1 - p, delta)),
            because="d log(a_+/a_−)/dm = [1/((1−s_−)a_−) − 1/((1−s_+)a_+)]/m",
            equality="δ = 0, that is ρ = 0",
        ),
        Cited(
            name="monotone in the decay",
            lemma=INCREASING,
            roles={"later": cos_m_more, "earlier": cos_m_less},
            premises=("slope of a margin in the decay", "the smaller direction loses faster"),
            where=(alive,),
            because="for m < m' and 0 < ρ, while both directions live",
            concludes=True,
        ),
        Identity(
            name="limit of vanishing decay",
            lhs=law.cosine(up, down),
            rhs=limit,
            because="equal margins a_+ = a_−",
        ),
        Identity(
            name="the limit, rationalised",
            lhs=limit * rho,
            rhs=1 - sp.sqrt(1 - rho**2),
            because="ρ² = (1 − √(1−ρ²))(1 + √(1−ρ²))",
        ),
        Identity(
            name="distance from the limit",
            lhs=law.cosine((1 + kappa) * up, down) - law.cosine(up, down),
            rhs=2 * up * down * kappa / (((1 + kappa) * up + down) * (up + down)),
            because="κ = a_+/a_− − 1 ≥ 0",
        ),
        Inequality(
            name="the limit is approached from above",
            lhs=law.cosine((1 + kappa) * up, down),
            op=">=",
            rhs=law.cosine(up, down),
            by=((2 * up, down, kappa, 1 / ((1 + kappa) * up + down), 1 / (up + down)),),
            concludes=True,
        ),
        Inequality(
            name="distance from the limit, bound",
            lhs=2 * up * down * kappa / (((1 + kappa) * up + down) * (up + down)),
            op="<=",
            rhs=2 * up * down * kappa / (up + down) ** 2,
            by=((2 * up, down, kappa, kappa, up, 1 / ((1 + kappa) * up + down), 1 / (up + down) ** 2),),
            because="(√(1+ρ) + √(1−ρ))² = 2(1 + √(1−ρ²))",
            concludes=True,
        ),
        Identity(
            name="margins differ by a constant",
            lhs=sp.exp(law.direction_margin(one, m, 1 + rho, ON)),
            rhs=up / down * (1 - s.subs(r, 1 + rho)) / (1 - s.subs(r, 1 - rho)) * (1 / s.subs(r, 1 - rho) - 1),
            because="e^{a_+} = 1/s_+ − 1, s_−/s_+ = √((1+ρ)/(1−ρ))",
        ),
        Inequality(
            name="and that constant is bounded",
            lhs=2 * (1 - s_more),
            op=">=",
            rhs=1 - s_less,
            by=((sp.Integer(2), sp.Rational(1, 2) - s_more), (s_less,)),
            where=(Condition("the difference lives", s_more, "<=", sp.Rational(1, 2)),),
            because="so δ = a_+ − a_− ≤ ½ log((1+ρ)/(1−ρ)) + log 2 whatever m, and κ = δ/a_−",
        ),
        Identity(
            name="margins grow without bound",
            lhs=Named("e^{a_r}", r"e^{a_r}", sp.exp(law.direction_margin(one, m, r, ON))),
            rhs=sp.sqrt(2 * r) / m - 1,
            because="so a_− → ∞ and κ → 0 as m → 0, at the rate 1/log(1/m)",
            concludes=True,
        ),
    ),
    source="this suite",
    relies_on=(correlation.CLAIM,),
)
