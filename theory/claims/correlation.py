r"""The correlation law of two binary tasks, in closed form.

Hypotheses  those of claim ``correlation_classes`` with K = 2: cross-entropy, hard labels, P(y¹ = y²) = (1+ρ)/2, uniform
            marginals, ω = α/N and λ_W the same for both tasks, −1 ≤ ρ ≤ 1, any bias, μ = √(N λ_W λ_H); d ≥ the number
            of living directions.
Statement   Sum and difference of the tasks are balanced binary tasks of mass r = 1 ± ρ and coupling μ/√r:

                s_± = (μ/2α)√(2/r),  a_± = log max(1, 1/s_± − 1),  S_± = (a_±/2)√(2r),
                f* = Σ_± r [α log(1 + e^{−a_±}) + μ a_±/√(2r)] = α Σ_± r log(1 + e^{−a_±}) + μ(S_+ + S_−),
                cos(w¹_k, w²_k) = (S_+ − S_−)/(S_+ + S_−),

            and a direction is alive iff λ_W λ_H < α² r/(2N).
Source      our derivation of the closed form that Wang et al. 2026 announce as Theorem 5.1 (their formula was not at
            hand); in their convention m = μ/α is 2√(λ_W λ_H/(Nc)) for a sum and 2√(N λ_W λ_H/c) for a mean.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from theory import closed_forms as forms
from theory import correlation_law as law
from theory.claims import SYMBOLIC as ON
from theory.claims import _correlated_tasks as classes
from theory.claims.correlation_classes import CLAIM as CLASSES
from theory.model import CONVENTIONS, Convention
from theory.proof import Claim, Equivalence, Identity, Let, Named
from theory.proof.alphabet import Alphabet, Condition

x = Alphabet()
N, alpha, lam_w, lam_h = classes.N, classes.alpha, classes.lam_w, classes.lam_h
m, r, c = classes.m, x.positive("r"), x.positive("c")
said_w, said_h = x.positive("λ'_W", latex=r"\lambda'_W"), x.positive("λ'_H", latex=r"\lambda'_H")
#: masses of the directions, 1 + ρ and 1 − ρ
r_plus, r_minus = x.positive("r_+", latex="r_+"), x.positive("r_−", latex="r_-")
BY_MASSES = Let(r_plus, 2 - r_minus, "r_± = 1 ± ρ")
a, a_plus, a_minus = (
    x.nonnegative("a_r", latex="a_r"),
    x.nonnegative("a_+", latex="a_+"),
    x.nonnegative("a_−", latex="a_-"),
)
mu = forms.coupling(N, lam_w, lam_h, ON)
margin = law.direction_margin(alpha, mu, r, ON)
wrong = mu / alpha * sp.sqrt(2 / r) / 2
alive = Condition("alive", lam_w * lam_h, "<", alpha**2 * r / (2 * N))
S_plus, S_minus = law.direction_size(a_plus, r_plus, ON), law.direction_size(a_minus, r_minus, ON)
value = law.direction_value(alpha, mu, r_plus, a_plus, ON) + law.direction_value(alpha, mu, r_minus, a_minus, ON)

#: m = μ/α in the paper's convention, both readings, and in ours
COUPLINGS = {
    "mean-halves": sp.sqrt(N * said_w * said_h) / c,
    "paper-sum": 2 * sp.sqrt(said_w * said_h / (N * c)),
    "paper-mean": 2 * sp.sqrt(N * said_w * said_h / c),
}


def in_convention(convention: Convention) -> Identity:
    """m in the numbers that ``convention`` states, with task weight c."""
    where = (
        Let(alpha, c if convention.mean else c * N, "a sum over N samples is N times a mean"),
        Let(lam_w, convention.decay_factor(c, True) * said_w, "decay of the heads"),
        Let(lam_h, convention.decay_factor(Fraction(1), False) * said_h, "decay of the features"),
    )
    return Identity(
        name=f"coupling, {convention.describe()}",
        lhs=Named("m", "m", mu / alpha),
        rhs=COUPLINGS[convention.name],
        where=where,
        because="the exact conversion of the decays and of the task weight",
        concludes=True,
    )


CLAIM = Claim(
    name="correlation",
    title="The correlation law: two binary tasks in closed form",
    alphabet=x.joined(CLASSES.alphabet),
    hypotheses=(
        "cross-entropy, hard labels, two binary tasks, uniform marginals, every sample labelled for both, any bias",
        "P(y¹ = y²) = (1+ρ)/2, −1 ≤ ρ ≤ 1; r = 1 ± ρ; ω = α/N and λ_W the same for both tasks",
        "a_± as below for a living direction, 0 for a dead one",
    ),
    steps=(
        Identity(
            name="sum at two classes",
            lhs=Named("σ_+ at K = 2", r"\sigma_+\big|_{K=2}", law.sigma_plus(a_plus, a_minus, 2, r_plus - 1, ON)),
            rhs=S_plus,
            because="claim correlation_classes at K = 2, with a = a_+, b = a_−, c = 0",
        ),
        Identity(
            name="difference at two classes",
            lhs=Named("σ_− at K = 2", r"\sigma_-\big|_{K=2}", law.sigma_minus(a_minus, 2, 1 - r_minus, ON)),
            rhs=S_minus,
        ),
        Identity(
            name="residual scales at two classes",
            lhs=Named(
                "w at K = 2",
                r"w\big|_{K=2,\ b=a_r,\ c=0}",
                classes.w_of.subs({classes.K: 2, classes.c: 0, classes.b: a}),
            ),
            rhs=classes.u_of.subs({classes.K: 2, classes.a: a}),
            because="so both directions obey one equation, with r = 1 + ρ and r = 1 − ρ",
        ),
        Identity(
            name="wrong probability",
            lhs=Named("1/(1 + e^{a_r})", r"\frac{1}{1 + e^{a_r}}", forms.wrong_probability(margin, 2, ON)),
            rhs=wrong,
            because="s = (μ/2α)√(2/r), the softmax probability of the wrong class",
            concludes=True,
        ),
        Identity(
            name="the margin is stationary",
            lhs=Named(
                "2 S/(1 + e^{a_r})",
                r"\frac{2 S_r}{1 + e^{a_r}}",
                2 * forms.wrong_probability(margin, 2, ON) * law.direction_size(a, r, ON),
            ),
            rhs=mu / alpha * a,
            because="u S = m a: the stationarity of claim correlation_classes",
        ),
        Equivalence(
            name="threshold of a direction",
            left=Condition("positive margin", Named("e^{a_r}", "e^{a_r}", sp.exp(margin)), ">", sp.Integer(1)),
            right=alive,
            factor=N / (alpha**2 * r * wrong * (sp.Rational(1, 2) + wrong)),
            because="1/s − 2 = (1 − 2s)/s and 1 − 4s² = 1 − 2μ²/(α² r)",
            concludes=True,
        ),
        Identity(
            name="a dead direction is feasible",
            lhs=Named(
                "A u²/2 at u = 1",
                r"\tfrac{1}{2} A u^2\big|_{u=1}",
                (2 * (2 - r_minus) * classes.u**2).subs(classes.u, 1) / 4,
            ),
            rhs=(2 - r_minus) / 2,
            because="at a = 0, u = 1: the condition 2A u² ≤ m²K² of the sum is r ≤ 2m², that is not alive",
        ),
        Identity(
            name="a dead difference is feasible",
            lhs=Named(
                "K B w²/4 at w = 1",
                r"\tfrac{1}{4} K B w^2\big|_{w=1}",
                (2 * r_minus * classes.w**2).subs(classes.w, 1) / 4,
            ),
            rhs=r_minus / 2,
            because="at b = c = 0, w = 1: K B w² ≤ m²K² is r ≤ 2m²",
        ),
        Identity(
            name="optimal value",
            lhs=Named(
                "f*",
                "f^*",
                alpha * law.loss(a_plus, a_minus, sp.Integer(0), 2, 1 - r_minus, ON) + mu * (S_plus + S_minus),
                by="sum at two classes",
            ),
            rhs=value,
            where=(BY_MASSES,),
            because="claim correlation_classes; each direction is a balanced binary task of its own",
            concludes=True,
        ),
        Identity(
            name="cosine",
            lhs=Named(
                "cos(w¹_k, w²_k)",
                r"\cos(w^1_k, w^2_k)",
                law.cosine(S_plus, S_minus),
                by="difference at two classes",
            ),
            rhs=law.cosine(a_plus * sp.sqrt(r_plus), a_minus * sp.sqrt(r_minus)),
            because="S_± is a_±√r_± up to one factor",
            concludes=True,
        ),
        Identity(
            name="independent tasks",
            lhs=Named(
                "cos(w¹_k, w²_k) at σ_+ = σ_−",
                r"\cos(w^1_k, w^2_k)\big|_{\sigma_+ = \sigma_-}",
                law.cosine(law.direction_size(a, r, ON), law.direction_size(a, r, ON)),
            ),
            rhs=sp.Integer(0),
            because="ρ = 0: both directions have mass 1 and one margin, and claim single_source is recovered",
        ),
        *(in_convention(CONVENTIONS[name]) for name in COUPLINGS),
    ),
    source="our derivation of the law announced as Theorem 5.1 of Wang et al. (2026), whose formula was not at hand",
    relies_on=(CLASSES,),
)
