r"""The price of sharing: what one feature for all tasks can gain, and when it gains nothing or everything.

Hypotheses  any Fenchel–Young losses ≥ 0, any labels (correlated, missing, soft), weights and biases; any number T of
            tasks; f_t*(λ) is the minimum of task t alone with feature decay λ, f_t⁰ its value without features.
Statement   For every way p_t ≥ 0, Σ p_t = 1, to split the feature decay and every feature dimension,
                Σ_t f_t*(p_t λ_H)  ≤  f*(λ_H),      and in enough dimensions      f*(λ_H)  ≤  Σ_t f_t*(λ_H).
            Equality on the left iff one feature matrix is optimal for each task at its share p_tλ_H of the decay;
            T identical tasks attain it at p_t = 1/T.  Equality on the right iff some optimum has pairwise orthogonal
            heads (for balanced living tasks: iff labels are pairwise independent).  So f* is at least max_t f_t* and
            (1/T) Σ f_t*.  If θ_t is the feature decay from which on task t is dead alone, then together all tasks are
            dead from Σ_t θ_t on, and below max_t θ_t some task lives; identical tasks live up to Tθ, independent ones
            not longer than alone: sharing prolongs life by at most the number of tasks.
Source      this suite.

Letters: J_s are the coordinates of task s in the orthogonal sum of the tasks' own optima, J_r those of the tasks before
it, whose features together are X_r; ℓ_t is the loss of task t and ½λ_W,t‖W_t‖² its penalties (a bias's included).
"""

from __future__ import annotations

import sympy as sp

from theory import closed_forms as forms
from theory.claims import independence_converse as converse
from theory.proof import (
    Claim,
    EqualityCase,
    Equivalence,
    Given,
    Identity,
    Inequality,
    Let,
    Named,
    Sum,
    Termwise,
    Using,
)
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.applied import Applied
from theory.proof.traces import identity, letter, nothing

x = Alphabet()
lam = x.positive("λ_H", latex=r"\lambda_H")
loss = x.nonnegative("ℓ_t", latex=r"\ell_t")
heads = x.nonnegative("½λ_W,t‖W_t‖²", latex=r"\tfrac12\lambda_{W,t}\|W_t\|^2")
features = x.nonnegative("‖H‖²", latex=r"\|H\|^2")
rest = x.nonnegative(
    "Σ_{s≠t} (ℓ_s + ½λ_W,s‖W_s‖²)", latex=r"\textstyle\sum_{s\ne t}(\ell_s+\tfrac12\lambda_{W,s}\|W_s\|^2)"
)
share = x.unit("p_t", latex="p_t")
split = x.real("f_t∗(p_t λ_H)", latex=r"f_t^*(p_t\lambda_H)")
alone = x.nonnegative("f_t∗(λ_H)", latex=r"f_t^*(\lambda_H)")
trivial = x.nonnegative("f_t⁰", latex="f_t^0")
theta, total = x.positive("θ_t", latex=r"\theta_t"), x.positive("Σ θ_s", latex=r"\textstyle\sum_s\theta_s")
T, K, N = x.integer("T"), x.integer("K", least=2), x.positive("N")
alpha, lam_w = x.positive("α", latex=r"\alpha"), x.positive("λ_W", latex=r"\lambda_W")

half = sp.Rational(1, 2)
own = loss + heads
piece = own + half * lam * share * features
f = Sum("t", own, half * lam * features)
least_split = Condition("f_t∗(p_t λ_H) is the least value at the share p_t", split, "<=", piece)
least_alone = Condition("f_t∗(λ_H) is the least value of task t", alone, "<=", own + half * lam * features)
least_piece = converse.least_piece  # claim independence_converse
shares = Given("shares add up to 1", Sum("t", share), sp.Integer(1))
limit = forms.threshold(alpha, N, K)

V_s, V_r = letter("V_s", "R_s", "d_s"), letter("V_r", "R_r", "d_r")
J_s, J_r = letter("J_s", "d", "d_s"), letter("J_r", "d", "d_r")
H_s, X_r = letter("H_s", "d_s", "N"), letter("X_r", "d_r", "N")
summed = J_r @ X_r + J_s @ H_s


LOWER = (
    Inequality(
        name="sharing gains at most what a split decay gains",
        lhs=Named("f", "f", f),
        op=">=",
        rhs=Sum("t", split),
        by=((Termwise("t", (piece - split,)),),),
        using=(Using("shares add up to 1", times=-half * lam * features),),
        where=(least_split,),
        because="½λ_H‖H‖² = Σ_t ½(p_tλ_H)‖H‖²: every task pays for its share of one feature matrix",
        equality="(W_t, H, b_t) is an optimum of every task t at its share p_tλ_H",
        concludes=True,
    ),
    EqualityCase(
        name="equality: one feature matrix is optimal for all",
        of="sharing gains at most what a split decay gains",
        summand=0,
        where=(least_split,),
        because="each piece is a minimum of its own",
        concludes=True,
    ),
    Identity(
        name="identical tasks attain it",
        lhs=Named("f(W, ..., W, H)", r"f(W,\dots,W,H)", f),
        rhs=Sum("t", split),
        using=(Using("shares add up to 1", times=-half * lam * features),),
        where=(Let(loss, split - heads - half * lam * share * features, "(W, H) is the optimum of one task at λ_H/T"),),
        because="p_t = 1/T, and the same optimum for every task",
        concludes=True,
    ),
    Inequality(
        name="a share of the decay keeps at least that share of the value",
        lhs=piece,
        op=">=",
        rhs=share * alone,
        by=((1 - share, loss), (1 - share, heads), (share, own + half * lam * features - alone)),
        where=(least_alone,),
        because="losses and penalties are not negative; with p_t = 1/T: f* ≥ (1/T) Σ_t f_t*",
        concludes=True,
    ),
    Inequality(
        name="at least the dearest task",
        lhs=Named("f", "f", own + half * lam * features + rest),
        op=">=",
        rhs=alone,
        by=((rest,), (own + half * lam * features - alone,)),
        where=(least_alone,),
        because="leave out the other tasks: f* ≥ max_t f_t*",
        concludes=True,
    ),
)

UPPER = (
    Identity(
        name="logits of the orthogonal sum",
        lhs=(V_s @ J_s.T) @ summed,
        rhs=V_s @ H_s,
        using=(
            Using("coordinates of two tasks", left=V_s, right=X_r),
            Using("coordinates of one task", left=V_s, right=H_s),
        ),
        because="every task keeps its own logits, and so its loss",
    ),
    Identity(
        name="heads of the orthogonal sum",
        lhs=(V_s @ J_s.T).square(),
        rhs=V_s.square(),
        using=(Using("coordinates of one task", left=V_s, right=V_s.T),),
    ),
    Identity(
        name="features of the orthogonal sum",
        lhs=summed.square(),
        rhs=X_r.square() + H_s.square(),
        using=(
            Using("coordinates of two tasks", left=H_s.T, right=X_r, times=2),
            Using("coordinates of one task", left=H_s.T, right=H_s),
            Using("coordinates of the rest", left=X_r.T, right=X_r),
        ),
        because="one task after the other: ‖H‖² = Σ_t ‖H_t‖²; H_t is 0 on samples without a label of t",
    ),
    Identity(
        name="sharing never costs",
        lhs=Named("f(orthogonal sum)", r"f(\textstyle\bigoplus_t)", Sum("t", own), by="features of the orthogonal sum"),
        rhs=Sum("t", alone),
        where=(Let(loss, alone - heads, "optima of the single tasks; penalties include ½λ_H‖H_t‖² here"),),
        because="so f* ≤ Σ_t f_t*(λ_H) in the sum of the tasks' dimensions",
        concludes=True,
    ),
    Identity(
        name="no gain: orthogonal heads",
        lhs=(V_r @ J_r.T) @ (V_s @ J_s.T).T,
        rhs=nothing((V_r @ J_r.T) @ (V_s @ J_s.T).T),
        using=(Using("coordinates of two tasks", left=V_r, right=V_s.T, transposed=True),),
        because="if f* = Σ_t f_t* the orthogonal sum is an optimum, with orthogonal heads",
        concludes=True,
    ),
    Applied(
        name="orthogonal heads: no gain",
        of="independence_converse::orthogonal heads cost the single-task optima",
        lhs=Named("f with orthogonal heads", r"f(\text{orthogonal heads})", sp.Integer(0)),
        rhs=converse.optimum,
        where=(least_piece,),
        because="summed over t: so f* = Σ_t f_t* iff some optimum has pairwise orthogonal heads",
        concludes=True,
    ),
)

LIFE = (
    Inequality(
        name="one task that lives alone keeps the problem alive",
        lhs=Sum("s other than t", trivial, alone),
        op="<",
        rhs=Sum("s other than t", trivial, trivial),
        by=((trivial - alone,),),
        where=(Condition("task t lives alone", alone, "<", trivial),),
        because="its own optimum, and nothing for the others: below max_t θ_t no optimum is W = 0",
        concludes=True,
    ),
    Inequality(
        name="all dead from the sum of the thresholds on",
        lhs=Named(
            "p_t λ_H at p_t = θ_t/Σ θ_s", r"p_t\lambda_H\;(p_t=\theta_t/\textstyle\sum_s\theta_s)", theta / total * lam
        ),
        op=">=",
        rhs=theta,
        by=((theta / total, lam - total),),
        where=(Condition("decay above the sum of the thresholds", lam, ">=", total),),
        because="every task is dead at its share of the decay, so f* ≥ Σ_t f_t*(p_tλ_H) = Σ_t f_t⁰ = f(0)",
        equality="λ_H = Σ_s θ_s",
        concludes=True,
    ),
    Equivalence(
        name="identical tasks live T times as long",
        left=Condition("one task lives at λ_H/T", lam_w * (lam / T), "<", limit),
        right=Condition("T identical tasks live", lam_w * lam, "<", T * limit),
        factor=1 / T,
        because="identical tasks attain f* = T f_1*(λ_H/T): the bound Σ θ_t is attained; claim thresholds",
        concludes=True,
    ),
)

CLAIM = Claim(
    name="price_of_sharing",
    title="The price of sharing: Σ f_t*(p_t λ_H) ≤ f*(λ_H) ≤ Σ f_t*(λ_H)",
    alphabet=x.joined(converse.x),
    hypotheses=(
        "any losses ≥ 0 (Fenchel–Young), labels, weights, biases and number T of tasks; missing labels allowed",
        "0 ≤ p_t ≤ 1",
        "for the upper bound: d at least the sum of the dimensions that the tasks need alone",
        shares,
        Given("coordinates of one task", J_s.T @ J_s, identity("d_s")),
        Given("coordinates of the rest", J_r.T @ J_r, identity("d_r")),
        Given("coordinates of two tasks", J_s.T @ J_r, nothing(J_s.T @ J_r)),
    ),
    steps=LOWER + UPPER + LIFE,
    source="this suite",
    relies_on=(converse.CLAIM,),
)
