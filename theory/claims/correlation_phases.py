r"""Phases of two correlated tasks of K classes: which direction lives, and the angle as the decays vanish.

Hypotheses  those of claim ``correlation_classes``; m = μ/α, A = 1 + (K−1)ρ, B = 1 − ρ.
Statement   The difference lives iff m² < (1−ρ)/K: the tasks *merge* at ρ ≥ 1 − K m² (while the sum lives).
            With a dead difference the sum lives iff m² < (1+ρ)/K; with a living one iff m² < 2A/K² + B(K−2)/D²,
            D = y + 1/y + K − 2, y > 1 the positive root of m'y² − (1−m')(K−2)y − (2−m') = 0, m' = m√(K/B).
            Both are dead iff m² ≥ (1+|ρ|)/K.  As m → 0, for K > 2 and −1/(K−1) < ρ < 1,
            σ_± = L√((1±ρ)/K) + O(1) with L = log(1/m): so cos → (1 − √(1−ρ²))/ρ, the same for every K, at rate 1/L.
Source      this suite.

A direction is dead at the optimum iff the point without it satisfies the optimality conditions of the reduced problem,
which is convex; the logits of the optimum are unique (claim ``correlation_classes``).  In the limit, C bounds how far
the margins a, b and b − c may stay below L; p = a − (L−C), q = b − (L−C), d = b − c.
"""

from __future__ import annotations

import sympy as sp

from theory import correlation_law as law
from theory.claims import SYMBOLIC as ON
from theory.claims import correlation_classes as classes
from theory.lemmas import CAUCHY_SCHWARZ, LOG1P_UPPER
from theory.proof import Cited, Claim, Equivalence, Identity, Inequality, Let, Named, Slack
from theory.proof.alphabet import Alphabet, Condition

x = Alphabet()
K, m, alpha = x.integer("K", least=2), x.positive("m"), x.positive("α", latex=r"\alpha")
A, B = x.positive("A"), x.positive("B")
a, b, c = x.nonnegative("a"), x.nonnegative("b"), x.real("c")
delta, y, total = x.positive("δ", latex=r"\delta"), x.positive("y"), x.positive("D")
share = x.unit("m'", latex="m'")
plus, minus = x.positive("σ_+", latex=r"\sigma_+"), x.nonnegative("σ_−", latex=r"\sigma_-")
g, d = x.real("g"), x.real("d")
L, C = x.positive("L"), x.nonnegative("C")
p, q = x.nonnegative("p"), x.nonnegative("q")
loss, tried = x.positive("loss"), x.positive("F(L,L,0)", latex="F(L,L,0)")
rho_abs = x.unit("|ρ|", latex=r"|\rho|")

#: singular values at the margins (1, 1, 0): √((1+ρ)/K) and √((1−ρ)/K)
s_plus, s_minus = x.positive("s_+", latex="s_+"), x.positive("s_−", latex="s_-")
differing = sp.exp(b) + sp.exp(c) + K - 2
w_of = (2 * sp.exp(c) + K - 2) / differing
u_of = K / (sp.exp(a) + K - 1)
quadratic = share * y**2 - (1 - share) * (K - 2) * y - (2 - share)
lean = s_minus - (K - 2) * B / (K**2 * s_plus)
slope_a, slope_g = 2 * A / (K**2 * s_plus), (K - 2) * B / (K**2 * s_plus)
bounded = Condition(
    "the minimum is at most the value tried", alpha * (loss + m * (K - 1) * (plus + minus)), "<=", tried
)
log_term = x.nonnegative("log(1+(K−1)m)", latex=r"\log(1+(K-1)m)")

DIFFERENCE = (
    Identity(
        name="a dead difference has w = 1", lhs=Named("w at b = c", r"w\big|_{b=c}", w_of.subs(c, b)), rhs=sp.Integer(1)
    ),
    Inequality(
        name="a living difference has w < 1",
        lhs=w_of.subs(c, b - delta),
        op="<",
        rhs=sp.Integer(1),
        because="b − c = δ > 0; for b < c stationarity would ask w = −m√(K/B), but w > 0",
    ),
    Identity(
        name="stationarity of a living difference",
        lhs=Named("m (b − c)/σ_−", r"\frac{m\,(b - c)}{\sigma_-}", m * delta / law.sigma_minus(delta, K, 1 - B, ON)),
        rhs=m * sp.sqrt(K / B),
        because="so a living difference has m√(K/B) = w < 1, and a dead one has K B ≤ m²K², that is m√(K/B) ≥ 1",
    ),
    Equivalence(
        name="the difference lives",
        left=Condition("w < 1", m * sp.sqrt(K / B), "<", sp.Integer(1)),
        right=Condition("alive", m**2, "<", Named("(1−ρ)/K", r"\frac{1-\rho}{K}", B / K)),
        factor=K / B / (1 + m * sp.sqrt(K / B)),
        because="merging at ρ ≥ 1 − K m²",
        concludes=True,
    ),
)

SUM = (
    Identity(name="a dead sum has u = 1", lhs=Named("u at a = 0", r"u\big|_{a=0}", u_of.subs(a, 0)), rhs=sp.Integer(1)),
    Identity(
        name="dead sum beside a dead difference",
        lhs=(2 * A + (K - 2) * B).subs(A, K - (K - 1) * B),
        rhs=K * (2 - B),
        because="u = v = 1: the condition of a dead sum reads K(1+ρ) ≤ m²K²",
    ),
    Equivalence(
        name="the sum lives beside a dead difference",
        left=Condition("the sum is not dead", m**2 * K**2, "<", 2 * A + (K - 2) * B),
        right=Condition("alive", m**2, "<", Named("(1+ρ)/K", r"\frac{1+\rho}{K}", (2 - B) / K)),
        factor=K**2,
        where=(Let(A, K - (K - 1) * B, "A + (K−1)B = K"),),
        concludes=True,
    ),
    Identity(
        name="dead sum beside a living difference",
        lhs=(w_of - share).subs({c: -b}).subs(sp.exp(b), y).subs(sp.exp(-b), 1 / y),
        rhs=-quadratic / (y**2 + (K - 2) * y + 1),
        because="b + c = 0, y = e^b, and stationarity w = m' = m√(K/B) < 1",
    ),
    Inequality(
        name="the root is above 1",
        lhs=-quadratic.subs(y, 1),
        op=">",
        rhs=sp.Integer(0),
        because="the quadratic opens upwards, is negative at 0 and at 1: one positive root, and it is above 1",
    ),
    Inequality(name="the quadratic is negative at 0", lhs=-quadratic.subs(y, 0), op=">", rhs=sp.Integer(0)),
    Equivalence(
        name="the sum lives beside a living difference",
        left=Condition("the sum is not dead", m**2 * K**2, "<", 2 * A + (K - 2) * B * (K / total) ** 2),
        right=Condition("alive", m**2, "<", 2 * A / K**2 + B * (K - 2) / total**2),
        factor=K**2,
        because="u = 1, v = K/D with D = y + 1/y + K − 2",
        concludes=True,
    ),
    Identity(
        name="two classes",
        lhs=Named(
            "2A/K² + B(K − 2)/D² at K = 2",
            r"\tfrac{2A}{K^2} + \tfrac{B(K-2)}{D^2}\Big|_{K=2}",
            (2 * A / K**2 + B * (K - 2) / total**2).subs(K, 2).subs(A, 2 - B),
        ),
        rhs=(2 - B) / 2,
        because="claim correlation: the sum of two binary tasks lives iff m² < (1+ρ)/2",
    ),
    Inequality(
        name="both dead",
        lhs=(1 + rho_abs) / K,
        op=">=",
        rhs=(1 - rho_abs) / K,
        because="ρ ≥ 0: m² ≥ (1+ρ)/K kills the difference and then the sum; ρ < 0: m² ≥ (1−ρ)/K likewise; "
        "and below (1+|ρ|)/K one of the two lives",
        equality="ρ = 0",
        concludes=True,
    ),
)

LIMIT = (
    Inequality(
        name="u is small",
        lhs=m**2 * K**2,
        op=">=",
        rhs=2 * A * (m * a / plus) ** 2,
        by=((m**2 / plus**2, K**2 * plus**2 - 2 * A * a**2 - (K - 2) * B * g**2), (m**2 / plus**2, K - 2, B, g**2)),
        where=(Condition("σ_+", K**2 * plus**2, ">=", 2 * A * a**2 + (K - 2) * B * g**2),),
        because="u = m a/σ_+, so e^a = K/u − K + 1 ≥ √(2A)/m − K + 1",
    ),
    Inequality(
        name="v is small",
        lhs=m**2 * K**2,
        op=">=",
        rhs=(K - 2) * B * (m * g / plus) ** 2,
        by=((m**2 / plus**2, K**2 * plus**2 - 2 * A * a**2 - (K - 2) * B * g**2), (m**2 / plus**2, 2, A, a**2)),
        where=(Condition("σ_+", K**2 * plus**2, ">=", 2 * A * a**2 + (K - 2) * B * g**2),),
        because="v = m g/σ_+ > 0, so D = K/v ≥ √((K−2)B)/m, and b > 0 since b + c = g > 0 and b ≥ c",
    ),
    Inequality(
        name="D is at most K e^b",
        lhs=K * sp.exp(b),
        op=">=",
        rhs=sp.exp(b) + sp.exp(b - delta) + K - 2,
        by=((sp.exp(b) - sp.exp(b - delta),), (K - 2, sp.exp(b) - 1)),
        because="so e^b ≥ √((K−2)B)/(K m)",
    ),
    Inequality(
        name="w D is at least 2 e^c",
        lhs=w_of * differing,
        op=">=",
        rhs=2 * sp.exp(c),
        because="w = m√(K/B), so e^{b−c} ≥ 2√B/(m K√K)",
    ),
    Identity(
        name="loss at the margins (L, L, 0)",
        lhs=law.loss(L, L, sp.Integer(0), K, 1 - B, ON),
        rhs=2 * sp.log(1 + (K - 1) * sp.exp(-L)),
        because="A/K + (K−1)B/K = 1; e^{−L} = m",
    ),
    Identity(
        name="sum at the margins (L, L, 0)",
        lhs=law.sigma_plus(L, L, K, 1 - B, ON) ** 2,
        rhs=L**2 * (2 - B) / K,
        because="s_+ = √((1+ρ)/K)",
    ),
    Identity(
        name="difference at the margins (L, L, 0)",
        lhs=Named("σ_−² at b = L, c = 0", r"\sigma_-^2\big|_{b=L,\,c=0}", law.sigma_minus(L, K, 1 - B, ON) ** 2),
        rhs=L**2 * B / K,
        because="s_− = √((1−ρ)/K)",
    ),
    Cited(
        name="log below its tangent",
        lemma=LOG1P_UPPER,
        roles={"x": (K - 1) * m, "logarithm": log_term},
    ),
    Inequality(
        name="singular values are not larger than L",
        lhs=L * (s_plus + s_minus) + 2,
        op=">",
        rhs=plus + minus,
        by=(
            (1 / (alpha * m * (K - 1)), tried - alpha * (loss + m * (K - 1) * (plus + minus))),
            (loss, 1 / (m * (K - 1))),
            (2 / (m * (K - 1)), Slack("log below its tangent")),
        ),
        where=(
            bounded,
            Let(tried, alpha * (2 * log_term + m * (K - 1) * L * (s_plus + s_minus)), "F at the margins (L, L, 0)"),
        ),
        because="F* ≤ F(L, L, 0), and its loss is positive",
    ),
    Cited(
        name="tangent of σ_+",
        lemma=CAUCHY_SCHWARZ,
        roles={"norms": plus, "inner": slope_a * (L - C + p) + slope_g * (2 * (L - C + q) - d)},
        because="of (√(2A) a, √((K−2)B) g)/K against the unit vector (√(2A), √((K−2)B))/(K s_+); g = 2b − d",
    ),
    Inequality(
        name="leaning is costly",
        lhs=K**2 * s_plus**2 - (K - 2) ** 2 * s_minus**2,
        op=">",
        rhs=sp.Integer(0),
        by=((2 * A,), (2 * (K - 2) / K, B)),
        where=(
            Let(s_plus, sp.sqrt(2 * A + (K - 2) * B) / K, "K² s_+² = 2A + (K−2)B"),
            Let(s_minus, sp.sqrt(B / K), "s_−² = B/K"),
        ),
        because="so κ = s_− − (K−2)B/(K² s_+) = s_−(1 − (K−2)s_−/(K s_+)) > 0",
    ),
    Identity(
        name="how costly",
        lhs=lean,
        rhs=s_minus * (1 - (K - 2) * s_minus / (K * s_plus)),
        where=(Let(B, K * s_minus**2, "s_−² = B/K"),),
    ),
    Inequality(
        name="the difference is not larger than L",
        lhs=2 + C * (s_plus + s_minus),
        op=">=",
        rhs=Named("κ (d − L + C)", r"\kappa\,(d - L + C)", lean * (d - L + C)),
        by=(
            (L * (s_plus + s_minus) + 2 - plus - d * s_minus,),
            (plus - (slope_a * (L - C + p) + slope_g * (2 * (L - C + q) - d)),),
            (A, 2 / (K**2 * s_plus), p),
            (2 * slope_g, q),
        ),
        where=(
            Condition("size", plus + d * s_minus, "<=", L * (s_plus + s_minus) + 2),
            Condition("tangent", slope_a * (L - C + p) + slope_g * (2 * (L - C + q) - d), "<=", plus),
            # A is eliminated by the definition of s_+, and stays positive
            Condition("A is positive", sp.Integer(0), "<", A),
            Let(A, (K**2 * s_plus**2 - (K - 2) * B) / 2, "K² s_+² = 2A + (K−2)B"),
        ),
        because="a = L − C + p, b = L − C + q; so d ≤ L + O(1), and d ≥ L − C: σ_− = d s_− is L s_− + O(1)",
        concludes=True,
    ),
    Inequality(
        name="the sum is not smaller than L",
        lhs=plus,
        op=">=",
        rhs=(L - C) * s_plus - slope_g * (d - L + C),
        by=(
            (plus - (slope_a * (L - C + p) + slope_g * (2 * (L - C + q) - d)),),
            (A, 2 / (K**2 * s_plus), p),
            (2 * slope_g, q),
        ),
        where=(
            Condition("tangent", slope_a * (L - C + p) + slope_g * (2 * (L - C + q) - d), "<=", plus),
            Condition("A is positive", sp.Integer(0), "<", A),
            Let(A, (K**2 * s_plus**2 - (K - 2) * B) / 2, "K² s_+² = 2A + (K−2)B"),
        ),
        because="the tangent again; and above, σ_+ ≤ L(s_+ + s_−) + 2 − σ_−: σ_+ is L s_+ + O(1)",
        concludes=True,
    ),
    Identity(
        name="limit of the cosine",
        lhs=law.cosine(sp.sqrt((1 + rho_abs) / K), sp.sqrt((1 - rho_abs) / K)),
        rhs=law.vanishing_cosine(rho_abs, ON),
        because="cos = (σ_+ − σ_−)/(σ_+ + σ_−) with σ_±/L → s_±; odd in ρ",
        concludes=True,
    ),
)

CLAIM = Claim(
    name="correlation_phases",
    title="Phases of two correlated tasks, and the angle of vanishing decay",
    alphabet=x,
    hypotheses=(
        "those of claim correlation_classes; m = μ/α, A = 1 + (K−1)ρ, B = 1 − ρ",
        "limit: K > 2 and A, B > 0; L = log(1/m); margins a, b, b − c at least L − C",
    ),
    steps=DIFFERENCE + SUM + LIMIT,
    source="this suite",
    relies_on=(classes.CLAIM,),
)
