r"""Squared error, balanced independent labels: simplex ETFs under a free bias, and what goes wrong without a bias.

Hypotheses  those of claim ``squared_error``; uniform marginals, labels of every two tasks independent; any T.
Statement   With a free bias YYᵀ is block diagonal, each block has K_t − 1 equal singular values √(λ_{W,t} N/K_t): the
            heads are orthogonal simplex ETFs, alive iff λ_{W,t} λ_H < α_t²/(N K_t) as for cross-entropy.  Without a
            bias the tasks share the mean direction, of singular value σ₀ = √(N Λ), Λ = Σ_u λ_{W,u}/K_u, and while it
            lives W_sW_tᵀ = c J with c > 0: the heads are not orthogonal.
Source      this suite; one task: Tirer and Bruna (2022).

Π_{st} = √λ_{W,s} √λ_{W,t}/(K_s K_t Λ) J are the blocks of the projection onto the mean direction.
"""

from __future__ import annotations

import sympy as sp

from theory import closed_forms as forms
from theory import second_moment as moments
from theory.claims import SYMBOLIC
from theory.claims import squared_error as general
from theory.proof import (
    Claim,
    Given,
    Identity,
    Inequality,
    Named,
    Sum,
    Using,
)
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.symmetric import Symmetric, centring, independent_labels, ones, zeros

x = Alphabet()
lam = x.positive("λ_H", latex=r"\lambda_H")
kappa = x.positive("κ", latex=r"\kappa")
alpha = x.positive("α", latex=r"\alpha")
N = x.integer("N")
K_s, K_t, K_u = (x.integer(f"K_{n}", least=2) for n in "stu")
lam_s, lam_t, lam_u = (x.positive(f"λ_{n}", latex=rf"\lambda_{{W,{n}}}") for n in "stu")
share = x.positive("Λ", latex=r"\Lambda")
tau = moments.singular_threshold(N, kappa, lam, SYMBOLIC)
sigma_0 = sp.sqrt(N * share)
mean_living = Condition("the mean direction is alive", sigma_0, ">", tau)
same, pair = independent_labels(N, {"t": K_t}), independent_labels(N, {"s": K_s, "t": K_t})
mean_outer = ones(K_t) * (N / K_t**2)
singular = forms.centred_singular_value(K_t, N, lam_t, SYMBOLIC)


def mean_projection(p: sp.Expr, q: sp.Expr, lam_p: sp.Expr, lam_q: sp.Expr) -> Symmetric:
    """The (p, q) block of the projection onto the mean direction, √λ_p √λ_q/(K_p K_q share) J."""
    return ones(p, q) * (sp.sqrt(lam_p) * sp.sqrt(lam_q) / (p * q * share))


cross = moments.cross_gram_without_bias(K_s, K_t, N, share, kappa, lam, SYMBOLIC)
cross_block = mean_projection(K_s, K_t, lam_s, lam_t) * (sp.sqrt(lam) * (sigma_0 - tau))
cross_named = Named("W_s W_tᵀ", r"W_s W_t^{\top}", cross_block / (sp.sqrt(lam_s) * sp.sqrt(lam_t)))

CLAIM = Claim(
    name="squared_error_balanced",
    title="Squared error: orthogonal heads need a free bias",
    alphabet=x,
    hypotheses=(
        "those of claim squared_error; uniform marginals, labels of every two tasks independent; any number of tasks",
        "under a free bias Y is centred (the first two steps), without a bias it is not (the others)",
        Given("share of the mean direction", Sum("u", lam_u / K_u), share),
    ),
    steps=(
        Identity(
            name="balanced labels, free bias: one task",
            lhs=Named("(YYᵀ)_{tt}", r"(YY^{\top})_{tt}", lam_t * (same.frequency("t", "t") - mean_outer)),
            rhs=(singular * centring(K_t)) @ (singular * centring(K_t)),
            because="K_t − 1 equal singular values √(λ_{W,t} N/K_t): the head is a simplex ETF",
            concludes=True,
        ),
        Identity(
            name="balanced independent labels, free bias: two tasks",
            lhs=Named(
                "(YYᵀ)_{st}",
                r"(YY^{\top})_{st}",
                sp.sqrt(lam_s * lam_t) * (pair.frequency("s", "t") - ones(K_s, K_t) * (N / (K_s * K_t))),
            ),
            rhs=zeros(K_s, K_t),
            because="YYᵀ is block diagonal, and so is its positive part: W_sW_tᵀ = 0",
            concludes=True,
        ),
        Identity(
            name="balanced labels: the threshold of a task",
            lhs=Named(
                "α² s²/N at s² = 1/K_t",
                r"\alpha^2 s^2/N\big|_{s^2 = 1/K_t}",
                moments.direction_threshold(alpha, N, 1 / K_t),
            ),
            rhs=forms.threshold(alpha, N, K_t),
            because="s² = 1/K_t: the same as for cross-entropy",
            concludes=True,
        ),
        Identity(
            name="mean direction: projection",
            lhs=Sum("u", (mean_projection(K_s, K_u, lam_s, lam_u) @ mean_projection(K_u, K_t, lam_u, lam_t)).y),
            rhs=mean_projection(K_s, K_t, lam_s, lam_t).y,
            using=(
                Using(
                    "share of the mean direction",
                    times=sp.sqrt(lam_s) * sp.sqrt(lam_t) / (K_s * K_t * share**2),
                ),
            ),
            because="the coefficient of J in Π² and in Π, summed over any number of tasks u",
        ),
        Identity(
            name="mean direction: orthogonal to centred vectors",
            lhs=Named(
                "(I − J/K_s) Π_{st}",
                r"\bigl(I - \tfrac{1}{K_s} J\bigr) \Pi_{st}",
                centring(K_s) @ mean_projection(K_s, K_t, lam_s, lam_t),
            ),
            rhs=zeros(K_s, K_t),
            because="Π_{st} is a multiple of J",
        ),
        Identity(
            name="balanced independent labels, no bias: one task",
            lhs=Named("(YYᵀ)_{tt}", r"(YY^{\top})_{tt}", lam_t * same.frequency("t", "t")),
            rhs=Named(
                "N λ_t/K_t (I − J/K_t) + N Λ Π_{tt}",
                r"\tfrac{N \lambda_{W,t}}{K_t} \bigl(I - \tfrac{1}{K_t} J\bigr) + N \Lambda\, \Pi_{tt}",
                singular**2 * centring(K_t) + sigma_0**2 * mean_projection(K_t, K_t, lam_t, lam_t),
            ),
            because="spectral decomposition: centred vectors of each task, and one mean direction of all",
        ),
        Identity(
            name="balanced independent labels, no bias: two tasks",
            lhs=Named("(YYᵀ)_{st}", r"(YY^{\top})_{st}", sp.sqrt(lam_s) * sp.sqrt(lam_t) * pair.frequency("s", "t")),
            rhs=Named("N Λ Π_{st}", r"N \Lambda\, \Pi_{st}", sigma_0**2 * mean_projection(K_s, K_t, lam_s, lam_t)),
            because="the only link is the mean direction, of singular value σ₀ = √(N Λ), Λ = Σ_u λ_{W,u}/K_u",
        ),
        Identity(
            name="without a bias the heads share the mean direction",
            lhs=cross_named,
            rhs=cross * ones(K_s, K_t),
            where=(mean_living,),
            because="√λ_H (σ₀ − τ) on the mean direction",
            concludes=True,
        ),
        Inequality(
            name="without a bias the heads are not orthogonal",
            lhs=cross,
            op=">",
            rhs=sp.Integer(0),
            by=((sigma_0 - tau, sp.sqrt(lam) / (share * K_s * K_t)),),
            where=(mean_living,),
            because="cross-task orthogonality (NC3) fails for squared error without a bias",
            concludes=True,
        ),
    ),
    source="this suite; one task: Tirer and Bruna (2022)",
    relies_on=(general.CLAIM,),
)
