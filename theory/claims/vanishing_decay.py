r"""Vanishing decay: minimisers tend to the least nuclear norm with margins 1, and how fast.

Hypotheses  cross-entropy, hard labels, all given, no bias; decays λ_{W,t} = c λ̄_t, N(M) = ‖[√λ̄_t √n_j M_{t,j}]‖_*;
            f = L(M) + c N(M) on the relaxation (λ_H in the unit of c); M̂ of least norm n̂ with margins >= 1.
Statement   A minimiser M_c of norm s n̂ has smallest margin γ >= s − a, a = log(Ω/(ω_min log 2)) with
            Ω = Σ ω(K_t − 1), so n̂ <= N(M_c)/γ <= n̂ s/(s − a), and s → ∞ as c → 0: every limit point of M_c/N(M_c)
            is a solution of min N subject to margins >= 1, up to scale; the rate is 1/s ~ 1/log(1/c).
Source      limits of minimisers: Rosset, Zhu and Hastie (2004); rate and several tasks: here.

The smallest margin is at most s (else a smaller norm would do), and e^{−γ} <= 1 once it is >= 0, as it is when
L(M_c) < ω_min log 2.  What solves the limit problem: claims ``label_simplex_limit``, ``label_simplex_failure``.
"""

from __future__ import annotations

import sympy as sp

from theory.lemmas import (
    EXPONENTIAL_INCREASING,
    LOG1P_LOWER,
    LOG1P_UPPER,
)
from theory.proof import (
    Cited,
    Claim,
    Given,
    Identity,
    Inequality,
    Let,
    Named,
    Slack,
    Sum,
    Termwise,
    Using,
)
from theory.proof.alphabet import Alphabet, Condition

x = Alphabet()
K = x.integer("K", least=2)
c, n_hat = x.positive("c"), x.positive("n̂", latex=r"\hat n")
omega, Omega = x.positive("ω", latex=r"\omega_{t,j}"), x.positive("Ω", latex=r"\Omega")
least_weight = x.positive("ω_min", latex=r"\omega_{\min}")
s, gamma = x.nonnegative("s"), x.nonnegative("γ", latex=r"\gamma")
offset, room = x.nonnegative("a"), x.positive("s − a", latex="(s-a)")
extra = x.nonnegative("γ − s + a", latex=r"(\gamma-s+a)")
loss, loss_scaled = x.nonnegative("L(M_c)"), x.nonnegative("L(s M̂)", latex=r"L(s\hat M)")
loss_at_s = x.nonnegative("Λ(s)", latex=r"\Lambda(s)")
log2 = sp.log(2)
small = sp.exp(-gamma)
scale = (K - 1) * sp.exp(-s)
no_worse = Condition("M_c is no worse than s M̂", loss + c * s * n_hat, "<=", loss_scaled + c * s * n_hat)
one_label = Condition("some label has margin γ", least_weight * sp.log(1 + small), "<=", loss)
margins_at_s = Condition("the margins of s M̂ are at least s", loss_scaled, "<=", loss_at_s)
beyond = Condition("the norm is large", s, ">", offset)
trial_value = c * (Omega + n_hat * sp.log(1 / c))
below_trial = Condition("M_c is no worse than M̂ log(1/c)", loss + c * s * n_hat, "<=", trial_value)

CLAIM = Claim(
    name="vanishing_decay",
    title="Vanishing decay: the least nuclear norm with margins 1",
    alphabet=x,
    hypotheses=(
        "cross-entropy, hard labels, all given and at least one, no bias; λ_{W,t} = c λ̄_t; L(M) = Σ ω_{t,j} CE",
        "M_c minimises L(M) + c N(M), has norm s n̂ and smallest margin γ ≥ 0; M̂ has margins ≥ 1 and norm n̂, the least",
        no_worse,
        one_label,
        margins_at_s,
        below_trial,
        Given("loss at margins s", Sum("t,j", omega * sp.log(1 + scale)), loss_at_s),
        Given("Ω", Sum("t,j", omega * (K - 1)), Omega),
    ),
    steps=(
        Cited(
            name="loss of one label at margins s",
            lemma=LOG1P_UPPER,
            roles={"x": scale, "logarithm": sp.log(1 + scale)},
            because="M_y − M_k ≥ s for each of K − 1 wrong classes, so CE ≤ log(1 + (K−1)e^{−s})",
        ),
        Inequality(
            name="loss of s M̂",
            lhs=Sum("t,j", 0, loss_at_s),
            op="<",
            rhs=Sum("t,j", 0, Omega * sp.exp(-s)),
            by=((Termwise("t,j", (omega, Slack("loss of one label at margins s")), some=True),),),
            using=(Using("Ω", times=-sp.exp(-s)), Using("loss at margins s")),
            because="summed over labels, Ω = Σ ω_{t,j}(K_t − 1)",
        ),
        Inequality(
            name="the minimiser loses no more",
            lhs=loss,
            op="<=",
            rhs=loss_scaled,
            by=((no_worse.slack,),),
            where=(no_worse,),
            because="both have norm s n̂",
        ),
        Cited(
            name="loss at the smallest margin",
            lemma=LOG1P_LOWER,
            roles={"logarithm": sp.log(1 + small), "chord": small * log2},
            because="one label has a wrong class at margin γ ≥ 0: L(M_c) ≥ ω_min log(1 + e^{−γ})",
        ),
        Inequality(
            name="margin and norm",
            lhs=Sum("t,j", 0, least_weight * log2 * small),
            op="<",
            rhs=Sum("t,j", 0, Omega * sp.exp(-s)),
            by=(
                (least_weight, Slack("loss at the smallest margin")),
                (one_label.slack,),
                (Slack("the minimiser loses no more"),),
                (margins_at_s.slack,),
                (Slack("loss of s M̂"),),
            ),
            where=(one_label, margins_at_s),
            because="ω_min log 2 e^{−γ} ≤ ω_min log(1 + e^{−γ}) ≤ L(M_c) ≤ L(s M̂) < Ωe^{−s}",
        ),
        Identity(
            name="logarithm of the chain",
            lhs=Named(
                "e^{a − s} ω_min log 2",
                r"e^{a - s}\, \omega_{\min} \log 2",
                sp.exp(sp.log(Omega / (least_weight * log2)) - s) * least_weight * log2,
            ),
            rhs=Omega * sp.exp(-s),
            because="e^{a − s} with a = log(Ω/(ω_min log 2))",
        ),
        Cited(
            name="smallest margin",
            lemma=EXPONENTIAL_INCREASING,
            roles={
                "larger": gamma,
                "smaller": Named(
                    "s − log(Ω/(ω_min log 2))",
                    r"s - \log\frac{\Omega}{\omega_{\min}\log 2}",
                    s - sp.log(Omega / (least_weight * log2)),
                ),
            },
            premises=("margin and norm", "logarithm of the chain"),
            because="e^{−γ} ≤ e^{a − s}",
            concludes=True,
        ),
        Inequality(
            name="norm at margin 1",
            lhs=Named("N(M_c)/γ", r"N(M_c)/\gamma", n_hat * s / gamma),
            op="<=",
            rhs=Named("n̂ s/(s − a)", r"\hat n\,\frac{s}{s-a}", n_hat * s / (s - offset)),
            where=(
                beyond,
                Let(gamma, room + extra, "γ ≥ s − a was shown"),
                Let(s, offset + room, "once s > a"),
            ),
            because="N(M_c) = s n̂; and N(M_c)/γ ≥ n̂, for M_c/γ has margins ≥ 1",
            equality="γ = s − a",
            concludes=True,
        ),
        Inequality(
            name="the relative excess of the norm is O(1/s)",
            lhs=s / (s - offset) - 1,
            op="<=",
            rhs=offset / (s - offset),
            where=(beyond, Let(s, offset + room, "once s > a")),
            because="s → ∞: every limit point of M_c/N(M_c) is a solution (margins are continuous, the sphere compact)",
        ),
        Identity(
            name="value at M̂ log(1/c)",
            lhs=Omega * sp.exp(-sp.log(1 / c)) + c * n_hat * sp.log(1 / c),
            rhs=trial_value,
            because="an upper bound of the minimum that tends to 0 with c",
        ),
        Inequality(
            name="the norm tends to infinity",
            lhs=least_weight * log2 * sp.exp(-s),
            op="<=",
            rhs=trial_value,
            by=(
                (least_weight, Slack("loss at the smallest margin")),
                (one_label.slack,),
                (below_trial.slack,),
                (c * n_hat, s),
                (least_weight * log2 * sp.exp(-s) * (sp.exp(extra) - 1),),
            ),
            where=(one_label, below_trial, Let(s, gamma + extra, "γ ≤ s, for n̂ is the least norm at margin 1")),
            because="the right side is O(c log(1/c)): e^{−s} → 0, and s grows like log(1/c)",
            concludes=True,
        ),
    ),
    source="Rosset, Zhu and Hastie (2004); rate and several tasks: this suite",
)
