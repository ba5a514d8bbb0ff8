r"""Thresholds: for which decays a task is alive, in every convention of the objective.

Hypotheses  those of claim ``single_source``; in the multi-source case N_t samples of task t stand for N.
Statement   Task t is alive (a_t > 0) iff λ_{W,t} λ_H < α_t² (1−ε)²/(N K_t) in canonical numbers.  In the
            convention Σ_t c_t CE + λ_H‖H‖² + λ_W Σ_t c_t‖W_t‖² this is λ_W λ_H < c_t N/(4K_t) for a sum, and
            c_t/(4N K_t) for a mean (hard labels); with n_t samples a class, N = n_t K_t, it is c_t n_t/4.
Source      the published conditions λ_H λ_W < N/(4K) and n_t/4 (Wang et al. 2026, Theorems 3.1 and 3.2) are
            the case c_t = 1 of a sum; the exact condition per task: this suite.

The conversion of a stated decay into the canonical one is that of :mod:`theory.model`.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from theory import closed_forms as forms
from theory.claims import SYMBOLIC as ON
from theory.model import CONVENTIONS, Convention
from theory.proof import Claim, Derivative, Equivalence, Identity, Let, Named
from theory.proof.alphabet import Alphabet, Condition

x = Alphabet()
K = x.integer("K_t", least=2, latex="K_t")
N, n = x.positive("N"), x.positive("n_t", latex="n_t")
alpha, c = x.positive("α_t", latex=r"\alpha_t"), x.positive("c_t", latex="c_t")
lam_w, lam_h = x.positive("λ_W,t", latex=r"\lambda_{W,t}"), x.positive("λ_H", latex=r"\lambda_H")
#: the decays as a convention states them
said_w, said_h = x.positive("λ_W", latex=r"\lambda_W"), x.positive("λ'_H", latex=r"\lambda'_H")
eps, a = x.unit("ε", latex=r"\varepsilon"), x.nonnegative("a_t", latex="a_t")

coupling = forms.coupling(N, lam_w, lam_h, ON)
p = eps / K + coupling / (alpha * sp.sqrt(K))
odds = sp.exp(forms.margin(alpha, K, coupling, ON, eps))
limit = forms.threshold(alpha, N, K, eps)
alive = Condition("task t is alive", lam_w * lam_h, "<", limit)

#: what each convention's condition reads, for hard labels
STATED = {
    "mean-halves": c**2 / (N * K),
    "sum-halves": c**2 * N / K,
    "paper-mean": c / (4 * N * K),
    "paper-sum": c * N / (4 * K),
    "paper-mean-plain-decay": c**2 / (4 * N * K),
    "paper-sum-plain-decay": c**2 * N / (4 * K),
}


def canonical(convention: Convention) -> tuple[Let, ...]:
    """α, λ_W,t and λ_H of the canonical objective by the numbers that ``convention`` states; hard labels."""
    return (
        Let(alpha, c if convention.mean else c * N, "a sum over N samples is N times a mean"),
        Let(lam_w, convention.decay_factor(c, True) * said_w, "decay of the heads"),
        Let(lam_h, convention.decay_factor(Fraction(1), False) * said_h, "decay of the features"),
        Let(eps, sp.Integer(0), "hard labels"),
    )


def in_convention(convention: Convention) -> Equivalence:
    """The threshold as ``convention`` states it."""
    stated = STATED[convention.name]
    # slack(left) = factor · slack(right): what the product of decays is multiplied by
    factor = convention.decay_factor(c, True) * sp.sympify(convention.decay_factor(Fraction(1), False))
    return Equivalence(
        name=f"threshold, {convention.describe()}",
        left=alive,
        right=Condition(convention.name, said_w * said_h, "<", stated),
        factor=sp.sympify(factor),
        where=canonical(convention),
        because="the exact conversion of the decays and of the task weight",
        concludes=True,
    )


def multi_source(convention: Convention, right: sp.Expr) -> Equivalence:
    """The threshold with n_t samples a class, N = n_t K_t."""
    one = in_convention(convention)
    return Equivalence(
        name=f"threshold with n_t samples a class, {convention.describe()}",
        left=alive,
        right=Condition("multi source", said_w * said_h, "<", right),
        factor=one.factor,
        where=(*canonical(convention), Let(N, n * K, "n_t samples a class")),
        concludes=True,
    )


published_sum = (*canonical(CONVENTIONS["paper-sum"]), Let(c, sp.Integer(1), "task weight 1"))

CLAIM = Claim(
    name="thresholds",
    title="A task is alive iff its decays are below its own threshold",
    alphabet=x,
    hypotheses=(
        "cross-entropy, uniform marginals, labels of every two tasks independent; label smoothing 0 ≤ ε < 1",
        "multi source: the same with the samples of task t alone",
        "a_t is the margin of claim single_source; a task is alive iff a_t > 0",
    ),
    steps=(
        Derivative(
            name="p falls as the margin grows",
            of=forms.wrong_probability(a, K, ON),
            by=a,
            equals=-sp.exp(a) * forms.wrong_probability(a, K, ON) ** 2,
            because="so p(a) = ε/K + μ/(α√K) has a positive root iff the right side is below p(0) = 1/K",
        ),
        Identity(
            name="p at margin 0", lhs=Named("p(0)", r"p(0)", forms.wrong_probability(sp.Integer(0), K, ON)), rhs=1 / K
        ),
        Equivalence(
            name="threshold",
            left=Condition("positive margin", Named("e^{a_t}", "e^{a_t}", odds), ">", sp.Integer(1)),
            right=alive,
            factor=N * K / (alpha * ((1 - eps) * alpha + coupling * sp.sqrt(K)) * p),
            because="e^a − 1 = (1 − K p)/p, and 1 − K p = 1 − ε − μ√K/α has the sign of α²(1−ε)² − μ²K",
            concludes=True,
        ),
        Identity(
            name="the margin vanishes at the threshold",
            lhs=forms.margin(alpha, K, coupling, ON, eps),
            rhs=sp.Integer(0),
            where=(Let(lam_h, limit / lam_w, "λ_W λ_H at the threshold"),),
            because="so the two formulas for a_t fit together",
        ),
        *(in_convention(convention) for convention in CONVENTIONS.values() if convention.name in STATED),
        multi_source(CONVENTIONS["paper-sum"], c * n / 4),
        Equivalence(
            name="the published condition is c_t = 1",
            left=alive,
            right=Condition("published", said_w * said_h, "<", N / (4 * K)),
            factor=sp.Integer(4),
            where=published_sum,
            because="λ_H λ_W < N/(4K) holds for the sum loss with task weight 1",
            concludes=True,
        ),
    ),
    source="published for one weight: Wang et al. (2026); per task, exact, and in six conventions: this suite",
)
