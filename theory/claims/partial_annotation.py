r"""Partial annotation: single-task optima add up, and heads are orthogonal exactly where tasks are annotated together.

Hypotheses  cross-entropy, hard or smoothed labels, ω_{t,i} = α_t/N_t on the N_t samples that carry a label of t; any
            number of tasks and of groups of equally annotated samples; within every group uniform marginals and
            pairwise independent labels; any bias.
Statement   f* = Σ_t f_t*, each with its own N_t, whatever the shares of the groups.  A point is optimal iff
            h = Σ_t β_t w_{t,y_t} over the labels that the sample carries, the heads have Gram blocks
            W_tW_tᵀ = γ_t (I − J/K_t), and W_sW_tᵀ = 0 for all tasks s, t that label a sample together; blocks of
            other pairs are free: the optimal Gram matrices are the positive semidefinite completions.  So d must be at
            least Σ (K_t − 1) over any tasks that are all annotated together, and Σ max (K_t − 1) over the colours of
            any proper colouring of the annotation graph suffices.
            What leaving the optimum costs: claim ``annotation_stiffness``.
Source      this suite.  No pair annotated together: Wang et al. (2026), Theorem 3.2; all pairs: their Theorem 3.1.

Letters: E_t (K_t × C) holds the labels of t, entry √n_j on cells that carry them and 0 elsewhere; D_t (C × C) projects
onto cells with a label of t, D onto those with labels of both s and t; S_t picks the rows of task t, S_o all others,
S_r those of tasks annotated together with t, S_v those of the others.
"""

from __future__ import annotations

import sympy as sp

from theory import closed_forms as forms
from theory.claims import SYMBOLIC as ON
from theory.claims import _at_an_optimum as optimum
from theory.claims import _balanced_tasks as balanced
from theory.claims import gap_anatomy as anatomy
from theory.claims import single_source
from theory.lemmas import (
    FENCHEL_YOUNG_EQUALITY,
    RANK_OF_GRAM,
    SOFTMAX_INVERTIBLE,
)
from theory.proof import Cited, Claim, Given, Identity, Let, Named, Sum, Using
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.applied import Applied
from theory.proof.symmetric import centring, identity, ones, zeros
from theory.proof.traces import Trace, letter, nothing
from theory.proof.traces import identity as unit

x = Alphabet()
K, K_s, d = x.integer("K_t", least=2, latex="K_t"), x.integer("K_s", least=2, latex="K_s"), x.integer("d")
n, common = x.positive("N_t", latex="N_t"), x.nonnegative("N_st", latex="N_{st}")
shared = x.positive("N₊", latex="N_{st}")
alpha, lam_w = x.positive("α_t", latex=r"\alpha_t"), x.positive("λ_W,t", latex=r"\lambda_{W,t}")
lam_h = anatomy.lam
eps, a = x.unit("ε", latex=r"\varepsilon"), x.nonnegative("a_t", latex="a_t")
rho, gamma = x.positive("ρ_t", latex=r"\rho_t"), x.nonnegative("γ_t", latex=r"\gamma_t")
rho_s = x.positive("ρ_s", latex=r"\rho_s")
f_t = x.real("f_t∗", latex="f_t^*")
theirs = balanced
VALUES = {
    theirs.K: K, theirs.N: n, theirs.d: d, theirs.alpha: alpha, theirs.lam_w: lam_w, theirs.lam_h: lam_h,
    theirs.eps: eps, theirs.a: a,
}  # fmt: skip
annotated_together = Condition("some sample carries both labels", common, ">", sp.Integer(0))
alive = Condition("task t is alive", lam_w * lam_h, "<", forms.threshold(alpha, n, K, eps))
dead = Condition("task t is dead", lam_w * lam_h, ">=", forms.threshold(alpha, n, K, eps))
value = forms.task_value(alpha, K, forms.coupling(n, lam_w, lam_h, ON), a, ON, eps)
P, P_s = centring(K), centring(K_s)
uniform = identity(K) * (n / K)
together = ones(K_s, K) * (common / (K_s * K))
W_, H_, U_ = anatomy.W_, anatomy.H_, anatomy.U_
S_t, S_s, S_o = letter("S_t", "K_t", "R"), letter("S_s", "K_s", "R"), letter("S_o", "R_o", "R")
S_r, S_v = letter("S_r", "R_r", "R"), letter("S_v", "R_v", "R")
E_t, E_s = letter("E_t", "K_t", "C"), letter("E_s", "K_s", "C")
P_t, Q_s = letter("P_t", "K_t", "K_t", symmetric=True), letter("P_s", "K_s", "K_s", symmetric=True)
D_t, D = letter("D_t", "C", "C", symmetric=True), letter("D", "C", "C", symmetric=True)
D_s = letter("D_s", "C", "C", symmetric=True)
b_t, b_s = letter("b'_t", "K_t", "1"), letter("b'_s", "K_s", "1")
sigma = letter("σ", "C", "1", r"\sigma")
V_s, V_t = letter("V_s", "K_s", "r_s"), letter("V_t", "K_t", "r_t")
X_s, X_t = letter("X_s", "r_s", "d"), letter("X_t", "r_t", "d")
half = sp.Rational(1, 2)
#: logits of a living task at the optimum, scaled: Z'_t = logit · P_tE_t
logit = sp.sqrt(lam_w) * a
f = anatomy.objective + half * (anatomy.B @ anatomy.b).square()
dual = Trace({}) + anatomy.dual_data - half * anatomy.v.square()
VALUE = (
    Identity(
        name="residual Gram, one task",
        lhs=Named("ρ_t² P_t E_t E_tᵀ P_t", r"\rho_t^2\, P_t E_t E_t^{\top} P_t", (rho * P) @ uniform @ (rho * P)),
        rhs=rho**2 * n / K * P,
        read_as=(S_t @ U_ @ U_.T @ S_t.T, rho**2 * n / K * P_t),
        because="U'_t = ρ_t P_tE_t as in claim single_source with N_t for N; marginals are uniform in every group",
    ),
    Identity(
        name="scale of the residual",
        lhs=rho**2 * n / K,
        rhs=lam_h,
        where=(Let(rho, sp.sqrt(K * lam_h / n), "single_source, scale of the residual, living task"),),
        because="a dead task has a smaller scale (claim single_source)",
    ),
    Identity(
        name="residual Gram, two tasks",
        lhs=Named(
            "ρ_s ρ_t P_s E_s E_tᵀ P_t", r"\rho_s \rho_t\, P_s E_s E_t^{\top} P_t", (rho_s * P_s) @ together @ (rho * P)
        ),
        rhs=zeros(K_s, K),
        read_as=(S_t @ U_ @ U_.T @ S_o.T, nothing(S_t @ U_ @ U_.T @ S_o.T)),
        because="residuals meet on the N_st samples that carry both labels, where labels are independent and "
        "uniform; N_st may be 0",
    ),
    *optimum.feasible_blocks("residual Gram, one task", "scale of the residual", "residual Gram, two tasks"),
    Applied(
        name="dual value of one task",
        of="single_source::optimal value",
        lhs=f_t,
        rhs=value,
        values=VALUES,
        because="the dual point of t is that of its own problem on N_t samples; dual data terms add up over tasks, "
        "and r = 0",
    ),
)
COMPLETIONS = (
    Identity(
        name="heads are dual to features, rows of one task",
        lhs=S_t @ U_ @ U_.T @ W_ / lam_h,
        rhs=S_t @ W_,
        using=(
            Using("all rows", times=1 / lam_h, left=S_t @ U_ @ U_.T, right=W_),
            Using("residual Gram, one task", times=1 / lam_h, right=S_t @ W_),
            Using("residual Gram, two tasks", times=1 / lam_h, right=S_o @ W_),
            Using("a living task has residual norm √λ_H", times=1 / lam_h, left=unit("K_t"), right=P_t @ S_t @ W_),
            Using("completion: rows sum to 0", times=sp.Integer(1)),
        ),
        because="with H̃ᵀ = U'ᵀW'/λ_H: U'H̃ᵀ = W', so the squares of the gap anatomy vanish",
    ),
    Identity(
        name="logits of a completion",
        lhs=S_t @ W_ @ W_.T @ U_ @ D_t,
        rhs=gamma * lam_w * rho * P_t @ E_t,
        using=(
            Using("rows by annotation", left=S_t @ W_ @ W_.T, right=U_ @ D_t),
            Using("completion: own block", right=S_t @ U_ @ D_t),
            Using("completion: zero blocks on edges", right=S_r @ U_ @ D_t),
            Using("no common sample", left=S_t @ W_ @ W_.T @ S_v.T),
            Using("residual of task t", times=gamma * lam_w, left=P_t, right=D_t),
            Using("labels of t live on its cells", times=gamma * lam_w * rho, left=P_t @ P_t),
            Using("P_t is a projection", times=gamma * lam_w * rho, right=E_t),
        ),
        because="S_tW'W'ᵀU' on the cells of t: own block, blocks that vanish, residuals that vanish there",
    ),
    Identity(
        name="margin of a completion",
        lhs=Named(
            "γ_t λ_W,t ρ_t/λ_H",
            r"\gamma_t \lambda_{W,t} \rho_t/\lambda_H",
            forms.head_gram_scale(K, n, lam_w, lam_h, a, ON) * lam_w * sp.sqrt(K * lam_h / n) / lam_h,
        ),
        rhs=logit,
        because="the logits of the task's own optimum, so q = softmax z",
    ),
    Cited(
        name="predictions of a completion",
        lemma=FENCHEL_YOUNG_EQUALITY,
        roles={"phi": anatomy.phi, "conjugate": anatomy.conj_q, "inner": anatomy.qz},
        premises=("logits of a completion", "margin of a completion"),
    ),
    Identity(
        name="every completion is optimal",
        lhs=f - dual,
        rhs=Trace({}),
        using=(
            Using("gap_anatomy::gap anatomy"),
            Using("gap_anatomy::alignment and balance without singular values"),
            Using("predictions of a completion", times=Sum(anatomy.SAMPLES, anatomy.omega)),
            Using("completion: W' = U'H̃ᵀ", times=half, left=(W_ - U_ @ H_.T).T),
            Using("completion: H̃ᵀ from the residual", times=half, left=H_),
            Using("completion: one feature a cell", times=half * lam_h, left=(anatomy.H - H_ @ anatomy.E).T),
            Using("completion: no bias needed", times=half, left=(anatomy.B @ anatomy.b - anatomy.v).T),
        ),
        because="every term of the gap anatomy vanishes; d = Σ (K_t − 1) has room for orthogonal heads, at least",
    ),
    Identity(
        name=optimum.MEETS,
        lhs=Trace({}) + optimum.attained,
        rhs=Trace({}) + optimum.dual,
        using=(
            Using("completion: its value", times=-1),
            Using("every completion is optimal"),
            Using("dual value"),
        ),
        because="(W°, H°) is a completion",
    ),
)
NECESSARY = (
    *optimum.STEPS,
    optimum.optimal_value(
        Sum("t", value),
        Using("dual value by tasks"),
        Using("dual value of one task", times=Sum("t", sp.Integer(1))),
        because="f* = D(q); a dead task has a_t = 0; whatever the shares of the groups",
    ),
    Identity(
        name="rows of a head sum to 0",
        lhs=P_t @ S_t @ W_,
        rhs=S_t @ W_,
        using=(
            Using("heads are dual to features", left=P_t @ S_t),
            Using("heads are dual to features", left=S_t, times=-1),
            Using("residual of task t", left=P_t, right=H_.T),
            Using("residual of task t", right=H_.T, times=-1),
            Using("P_t is a projection", times=rho, right=E_t @ H_.T),
        ),
    ),
    Cited(
        name="centred logits of t",
        lemma=SOFTMAX_INVERTIBLE,
        roles={
            "centred_logits": P_t @ S_t @ W_ @ H_ @ D_t + P_t @ b_t @ sigma.T @ D_t,
            "centred_logits_of_prediction": logit * P_t @ E_t,
        },
        premises=("predictions are the dual point",),
        because="on the cells that carry a label of t; the same for s",
    ),
    Identity(
        name="residuals are centred on the cells of t",
        lhs=Named("P_s E_s D_t σ", r"P_s E_s D_t \sigma", P_s @ (ones(K_s, sp.Integer(1)) * (common / K_s))),
        rhs=zeros(K_s, sp.Integer(1)),
        read_as=(U_ @ D_t @ sigma, nothing(U_ @ D_t @ sigma)),
        because="every task has uniform marginals on the samples annotated for t as well",
    ),
    Identity(
        name="labels of t are balanced",
        lhs=Named("P_t E_t 1", r"P_t E_t \mathbf 1", P @ (ones(K, sp.Integer(1)) * (n / K))),
        rhs=zeros(K, sp.Integer(1)),
        read_as=(P_t @ E_t @ sigma, nothing(P_t @ E_t @ sigma)),
    ),
    Identity(
        name="the bias is constant",
        lhs=lam_h * n * P_t @ b_t,
        rhs=nothing(P_t @ b_t),
        using=(
            Using("centred logits of t", times=lam_h, right=sigma),
            Using(
                "features from heads and residual", times=-1, left=P_t @ S_t @ W_, right=D_t @ sigma, transposed=True
            ),
            Using("residuals are centred on the cells of t", times=-1, left=P_t @ S_t @ W_ @ W_.T),
            Using("samples of t", times=-lam_h, left=P_t @ b_t),
            Using("labels of t are balanced", times=lam_h * logit),
        ),
        because="P_tb'_t N_t = 0",
    ),
    Identity(
        name="logits of t",
        lhs=lam_h * n * S_t @ W_ @ H_ @ D_t,
        rhs=lam_h * n * logit * P_t @ E_t,
        using=(
            Using("centred logits of t", times=lam_h * n),
            Using("the bias is constant", times=-1, right=sigma.T @ D_t),
            Using("rows of a head sum to 0", times=-lam_h * n, right=H_ @ D_t),
        ),
        because="on the cells of t, for every t",
    ),
    Identity(
        name="NC4: features from the labels that a sample carries",
        lhs=lam_h * H_.T,
        rhs=U_.T @ W_,
        using=(Using("features from heads and residual"),),
        because="column j of U'ᵀW' is Σ_t ρ_t w_{t,y_t} over the labels of the cell, since U'_t = ρ_t P_tE_t",
        concludes=True,
    ),
    Identity(
        name="NC2: simplex ETF",
        lhs=Named("W'_t W'_tᵀ", r"W'_t {W'_t}^{\top}", rho * logit * n / K * P, by="logits of t"),
        rhs=lam_w * forms.head_gram_scale(K, n, lam_w, lam_h, a, ON) * P,
        where=(alive, Let(rho, sp.sqrt(K * lam_h / n), "living task")),
        because="block (t, t) of U'Z'ᵀ: ρ_tP_tE_t(√λ_W,t a_t P_tE_t)ᵀ",
        concludes=True,
    ),
    Identity(
        name="a dead head is 0",
        lhs=Named("W'_t W'_tᵀ", r"W'_t {W'_t}^{\top}", rho * logit * n / K * P, by="logits of t"),
        rhs=zeros(K),
        where=(dead, Let(a, sp.Integer(0), "a dead task has margin 0")),
        because="its logits are 0",
        concludes=True,
    ),
    Identity(
        name="labels of two tasks, on their common samples",
        lhs=Named("P_s E_s D E_tᵀ P_t", r"P_s E_s D E_t^{\top} P_t", P_s @ together @ P),
        rhs=zeros(K_s, K),
        read_as=(Q_s @ E_s @ D @ E_t.T @ P_t, nothing(Q_s @ E_s @ D @ E_t.T @ P_t)),
        because="independent and uniform in every group",
    ),
    Identity(
        name="residuals of all others, on the common samples of s and t",
        lhs=Named("ρ_s P_s E_s D E_tᵀ P_t", r"\rho_s P_s E_s D E_t^{\top} P_t", (rho_s * P_s) @ together @ P),
        rhs=zeros(K_s, K),
        read_as=(S_o @ U_ @ D @ E_t.T @ P_t, nothing(S_o @ U_ @ D @ E_t.T @ P_t)),
        because="a third task too is independent of t in every group that carries its labels",
    ),
    Identity(
        name="residual of t, on the common samples of s and t",
        lhs=Named(
            "ρ_t P_t E_t D E_tᵀ P_t", r"\rho_t P_t E_t D E_t^{\top} P_t", (rho * P) @ (identity(K) * (common / K)) @ P
        ),
        rhs=rho * common / K * P,
        read_as=(S_t @ U_ @ D @ E_t.T @ P_t, rho * common / K * P_t),
    ),
    Identity(
        name="tasks annotated together have orthogonal heads",
        lhs=(S_s @ W_) @ (S_t @ W_).T,
        rhs=nothing(S_s @ S_t.T),
        where=(annotated_together, Let(common, shared, "some sample carries both labels")),
        using=(
            Using("rows of a head sum to 0", left=S_s @ W_, transposed=True, times=-1),
            Using(
                "residual of t, on the common samples of s and t",
                times=-K / (rho * common),
                left=S_s @ W_ @ W_.T @ S_t.T,
            ),
            Using(
                "residuals of all others, on the common samples of s and t",
                times=-K / (rho * common),
                left=S_s @ W_ @ W_.T @ S_o.T,
            ),
            Using("all rows", times=-K / (rho * common), left=S_s @ W_ @ W_.T, right=U_ @ D @ E_t.T @ P_t),
            Using(
                "features from heads and residual",
                transposed=True,
                times=-K / (rho * common),
                left=S_s @ W_,
                right=D @ E_t.T @ P_t,
            ),
            Using(
                "common samples are samples of s",
                times=lam_h * K / (rho * common),
                left=S_s @ W_ @ H_,
                right=E_t.T @ P_t,
            ),
            Using("logits of s", times=K * lam_h / (rho * common), right=D @ E_t.T @ P_t),
            Using("labels of two tasks, on their common samples", times=K * lam_h * logit / (rho * common)),
        ),
        because="S_sZ'DE_tᵀP_t is 0, since logits of s depend on its label, and (ρ_t N_st/K_t) W'_sW'_tᵀ, by NC4",
        concludes=True,
    ),
)
WIDTH = (
    Cited(
        name="tasks that are all annotated together",
        lemma=RANK_OF_GRAM,
        roles={"columns": d, "rank": Sum("t in a clique", K - 1)},
        premises=("NC2: simplex ETF", "tasks annotated together have orthogonal heads"),
        where=(alive, annotated_together),
        because="the Gram matrix of their heads is block diagonal",
        concludes=True,
    ),
    Identity(
        name="heads of one colour may share coordinates",
        lhs=(V_t @ X_t) @ (V_t @ X_t).T,
        rhs=P_t,
        using=(Using("rows of X_t are orthonormal", left=V_t, right=V_t.T), Using("V_tV_tᵀ = I − J/K_t")),
        because="whatever the coordinates; tasks of one colour label no sample together, so their blocks are free",
    ),
    Identity(
        name="heads of two colours",
        lhs=(V_s @ X_s) @ (V_t @ X_t).T,
        rhs=nothing((V_s @ X_s) @ (V_t @ X_t).T),
        using=(Using("coordinates of two colours", left=V_s, right=V_t.T),),
        because="so d = Σ over colours of max (K_t − 1) attains the optimum, for every proper colouring",
        concludes=True,
    ),
)

CLAIM = Claim(
    name="partial_annotation",
    title="Partial annotation: heads are orthogonal exactly where tasks are annotated together",
    alphabet=x.joined(optimum.x),
    hypotheses=(
        "cross-entropy, ω_{t,i} = α_t/N_t on the samples labelled for t; hard or smoothed labels; any bias",
        "within every group of equally annotated samples uniform marginals and pairwise independent labels",
        "d at least the cost of a proper colouring of the annotation graph",
        "definition: a_t and the residual's scale ρ_t are those of claim single_source with N_t for N; a_t = 0 for a "
        "dead task",
        "a completion has H̃ᵀ = U'ᵀW'/λ_H, one feature a cell, and no bias",
        Given("residual of task t", S_t @ U_, rho * P_t @ E_t, "single_source::residual of one cell"),
        Given("P_t is a projection", P_t @ P_t, P_t),
        Given(
            "a living task has residual norm √λ_H",
            rho**2 * n / K * unit("K_t"),
            lam_h * unit("K_t"),
            "scale of the residual",
        ),
        Given("all rows", unit("R"), S_t.T @ S_t + S_o.T @ S_o),
        Given("rows by annotation", unit("R"), S_t.T @ S_t + S_r.T @ S_r + S_v.T @ S_v),
        Given("labels of t live on its cells", E_t @ D_t, E_t),
        Given("samples of t", sigma.T @ D_t @ sigma, n * unit("1")),
        Given("common samples are samples of s", D, D_s @ D),
        Given("logits of s", S_s @ W_ @ H_ @ D_s, logit * Q_s @ E_s, "logits of t"),
        Given("completion: rows sum to 0", P_t @ S_t @ W_, S_t @ W_),
        Given("completion: own block", S_t @ W_ @ W_.T @ S_t.T, gamma * lam_w * P_t),
        Given("completion: zero blocks on edges", S_t @ W_ @ W_.T @ S_r.T, nothing(S_t @ S_r.T)),
        Given("no common sample", S_v @ U_ @ D_t, nothing(S_v @ U_ @ D_t)),
        Given("completion: W' = U'H̃ᵀ", W_, U_ @ H_.T, "heads are dual to features, rows of one task"),
        Given("completion: H̃ᵀ from the residual", lam_h * H_.T, U_.T @ U_ @ H_.T),
        Given("completion: one feature a cell", anatomy.H, H_ @ anatomy.E),
        Given("completion: no bias needed", anatomy.B @ anatomy.b, anatomy.v),
        Given("rows of X_t are orthonormal", X_t @ X_t.T, unit("r_t")),
        Given("V_tV_tᵀ = I − J/K_t", V_t @ V_t.T, P_t),
        Given("coordinates of two colours", X_s @ X_t.T, nothing(X_s @ X_t.T)),
        Given("completion: its value", f, Trace({}) + optimum.targets + optimum.attained),
        Given("dual value by tasks", optimum.dual, Sum("t", f_t)),
        *optimum.HYPOTHESES,
    ),
    steps=VALUE + COMPLETIONS + NECESSARY + WIDTH,
    source="this suite; no pair annotated together: Wang et al. (2026), Theorem 3.2; all pairs: Theorem 3.1",
    relies_on=(anatomy.CLAIM, single_source.CLAIM),
)
