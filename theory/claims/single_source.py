r"""Single-source collapse: the geometry of every global optimum for balanced, pairwise independent labels.

Hypotheses  cross-entropy; mean loss with halves, ω = α_t/N; every sample labelled for every task; uniform
            marginals and pairwise independent labels (all tuples equally frequent is a special case);
            label smoothing 0 <= ε < 1 (0: hard labels); any bias; d >= Σ over living tasks of (K_t − 1).
            Task t is alive iff λ_{W,t} λ_H < α_t² (1−ε)²/(N K_t), and then a_t > 0; otherwise a_t = 0.
Statement   f* = Σ_t value(a_t),  W_t W_tᵀ = √(λ_H/λ_{W,t}) a_t √(N/K_t) (I − J/K_t),  W_s W_tᵀ = 0,
            h = Σ_t √(λ_{W,t} K_t/(λ_H N)) w_{t,y_t},  b_t constant,  and d cannot be smaller.
Source      for one task Zhu et al. 2021; the geometry for several tasks Wang et al. 2026, Theorem 3.1;
            thresholds, value, weights of the sum rule, smoothing and necessity: this suite.

Route: take the dual point q = softmax of the logits a_t(e_y − 1/K_t).  Its residual has orthogonal blocks
and norm at most √λ_H, and its value is the primal value.  So at every optimum all terms of the gap anatomy
vanish, and they say what the optimum is.  The tasks s ≠ t are a generic pair, so T is arbitrary.
"""

from __future__ import annotations

import sympy as sp

from theory import closed_forms as forms
from theory.claims import SYMBOLIC as ON
from theory.claims import _at_an_optimum as optimum
from theory.claims import gap_anatomy as anatomy
from theory.claims._balanced_tasks import (
    E_t,
    K,
    K_s,
    N,
    P,
    U_s,
    U_t,
    Z_t,
    a,
    alive,
    alpha,
    at_zero,
    beta,
    coupling,
    d,
    dead,
    dual_named,
    dual_value,
    eps,
    gram_scale,
    lam_h,
    lam_w,
    lam_ws,
    living,
    mu,
    p,
    point_named,
    point_value,
    predictions,
    rank,
    scale,
    targets,
    threshold,
    value,
    w,
    x,
)
from theory.lemmas import (
    GRAM_DETERMINES,
    GRAM_EXISTS,
    PROJECTION_RANK,
    RANK_OF_GRAM,
    SOFTMAX_INVERTIBLE,
)
from theory.proof import Cases, Cited, Claim, Derivative, Given, Identity, Inequality, Named, Sum, Using
from theory.proof.symmetric import ones, zeros
from theory.proof.traces import identity as unit
from theory.proof.traces import letter, nothing

# ------------------------------------------------------------------ words for the necessity part

W_, H_, U_ = anatomy.W_, anatomy.H_, anatomy.U_
s_, c_ = letter("s", "C", "1"), letter("c_t", "R", "1")
P_, E_, M_ = letter("P", "K", "K", symmetric=True), letter("E_t", "K", "C"), letter("M̃_t", "K", "C", r"\tilde M_t")
b_ = letter("b_t", "K", "1")
POINT = (
    Identity(
        name="softmax of the logits a(e_y − 1/K)",
        lhs=sp.exp(-a / K) / (sp.exp(a - a / K) + (K - 1) * sp.exp(-a / K)),
        rhs=p,
        because="p is the probability of each wrong class, e^a p that of the right one",
    ),
    Identity(name="probabilities add up to 1", lhs=sp.exp(a) * p + (K - 1) * p, rhs=sp.Integer(1)),
    Identity(
        name="the margin solves K p − ε = μ √K/α",
        lhs=Named("p(a_t)", r"p(a_t)", forms.wrong_probability(forms.margin(alpha, K, mu, ON, eps), K, ON)),
        rhs=eps / K + mu / (alpha * sp.sqrt(K)),
        because="softmax of the margin of the closed form",
    ),
    Identity(
        name="margin",
        lhs=a,
        rhs=forms.margin(alpha, K, coupling, ON, eps),
        where=living,
        because="a ↦ p(a) is one-to-one, so the equation has this solution and no other",
        concludes=True,
    ),
    Derivative(
        name="p decreases in the margin",
        of=p,
        by=a,
        equals=-sp.exp(a) * p**2,
        because="so a_t > 0 exactly where p < 1/K_t: claim thresholds",
    ),
)

RESIDUAL = (
    Identity(
        name="residual of one cell",
        lhs=targets - predictions,
        rhs=(K * p - eps) * P,
        because="y − q = (K p − ε)(e_y − 1/K): centred, and one scalar for all cells",
    ),
    Identity(
        name="scale of the residual",
        lhs=scale,
        rhs=sp.sqrt(K * lam_h / N),
        where=living,
        because="U'_t = α_t/(N √λ_W,t) (Y_t − Q_t) E_t with K p − ε = μ √K/α",
    ),
    Identity(
        name="residual Gram, living task",
        lhs=Named("U'_t U'_tᵀ", r"U'_t {U'_t}^{\top}", U_t.gram(U_t)),
        rhs=lam_h * P,
        where=living,
        because="E_t E_tᵀ = (N/K_t) I: uniform marginals",
    ),
    Identity(
        name="residual Gram, dead task",
        lhs=Named("U'_t U'_tᵀ", r"U'_t {U'_t}^{\top}", U_t.gram(U_t)),
        rhs=alpha**2 * (1 - eps) ** 2 / (N * K * lam_w) * P,
        where=at_zero,
        because="a = 0, p = 1/K",
    ),
    Identity(
        name="the residual Gram has the eigenvalue λ_H on centred vectors",
        lhs=U_t.gram(U_t).eigenvalues()[0][0],
        rhs=lam_h,
        where=living,
        because="x I + y J has the eigenvalue x on centred vectors, here for a living task",
    ),
    Identity(
        name="and 0 on constants",
        lhs=Named("x + K y of U'_t U'_tᵀ", r"(x + K y)(U'_t {U'_t}^{\top})", U_t.gram(U_t).eigenvalues()[1][0]),
        rhs=sp.Integer(0),
        because="x + K y, for any task",
    ),
    Inequality(
        name="a dead task is feasible",
        lhs=lam_h,
        op=">=",
        rhs=alpha**2 * (1 - eps) ** 2 / (N * K * lam_w),
        by=((1 / lam_w, lam_w * lam_h - threshold),),
        where=(dead,),
        because="this is what dead means",
        equality="at the threshold",
    ),
    Identity(
        name="residual Gram, two tasks",
        lhs=Named("U'_s U'_tᵀ", r"U'_s {U'_t}^{\top}", U_s.gram(U_t)),
        rhs=zeros(K_s, K),
        because="E_s E_tᵀ = N/(K_s K_t) J: labels are pairwise independent, and P J = 0",
    ),
    *optimum.feasible_blocks(
        "the residual Gram has the eigenvalue λ_H on centred vectors",
        "and 0 on constants",
        "residual Gram, dead task",
        "a dead task is feasible",
        "residual Gram, two tasks",
    ),
    Identity(
        name="the residual sums to 0 over cells",
        lhs=Named("U'_t s", r"U'_t s", U_t.gram(E_t) @ ones(K, sp.Integer(1))),
        rhs=zeros(K, sp.Integer(1)),
        read_as=(U_ @ s_, nothing(U_ @ s_)),
        because="s = (√n_j) = E_tᵀ 1 for every task; so r = 0 and any bias, free or decayed, is feasible",
    ),
    Identity(
        name="the residual sums to 0 over classes",
        lhs=Named("1ᵀ U'_t", r"\mathbf 1^{\top} U'_t", ones(sp.Integer(1), K) @ U_t.left),
        rhs=zeros(sp.Integer(1), K),
        read_as=(c_.T @ U_, nothing(c_.T @ U_)),
        because="c_t is 1 on the rows of task t",
    ),
)

VALUE = (
    Identity(
        name="strong duality, living tasks",
        lhs=Named("D(q)", "D(q)", Sum("t", dual_value)),
        rhs=Sum("t", value),
        where=living,
        because="the weighted entropy of the predictions equals loss plus penalties (both less the targets' entropy)",
    ),
    Identity(
        name="strong duality, dead tasks",
        lhs=Named("D(q)", "D(q)", Sum("t", dual_value)),
        rhs=Sum("t", value),
        where=at_zero,
        because="uniform predictions: both are α_t log K_t",
    ),
    Cases(
        name="dual value of every task",
        of=("strong duality, living tasks", "strong duality, dead tasks"),
        because="a task is alive or dead",
    ),
    Identity(
        name="penalties at the point",
        lhs=Named("f(W°, H°)", r"f(W_\circ, H_\circ)", Sum("t", point_value)),
        rhs=Sum("t", value),
        where=living,
        because="loss at margin a_t, ½‖W'‖² = ½ Σ_t λ_W,t tr W_tW_tᵀ, and ½λ_H‖H̃‖² = ½ Σ_t ⟨U'_tU'_tᵀ, W'_tW'_tᵀ⟩/λ_H "
        "for H̃ᵀ = U'ᵀW'/λ_H",
    ),
    Identity(
        name="penalties at the point, dead tasks",
        lhs=Named("f(W°, H°)", r"f(W_\circ, H_\circ)", Sum("t", point_value)),
        rhs=Sum("t", value),
        where=at_zero,
        because="W_t = 0, uniform predictions",
    ),
    Cases(
        name="value of every task at the point",
        of=("penalties at the point", "penalties at the point, dead tasks"),
        because="a task is alive or dead",
    ),
    Identity(
        name="logits at the point",
        lhs=(lam_w * gram_scale * P) @ U_t.left / lam_h,
        rhs=Z_t.left,
        where=living,
        because="W'H̃ = W'W'ᵀU'/λ_H; so loss and penalties belong to one point (W, H), and f = D(q) there",
    ),
    Cited(
        name="heads with these Gram matrices exist",
        lemma=GRAM_EXISTS,
        roles={
            "gram": Named("W_t W_tᵀ", r"W_t W_t^{\top}", gram_scale * P),
            "wanted": gram_scale * P,
        },
        because="the blocks are orthogonal, of rank K_t − 1 each, and d ≥ Σ (K_t − 1) over living tasks",
    ),
    Identity(
        name="logits at the point, dead tasks",
        lhs=(lam_w * gram_scale * P) @ U_t.left / lam_h,
        rhs=Z_t.left,
        where=at_zero,
        because="both are 0",
    ),
    Identity(
        name="the point has the value of the geometry",
        lhs=optimum.attained,
        rhs=Sum("t", value),
        using=(Using("value of the point"), Using("value of every task at the point")),
        because="task by task",
    ),
    Identity(
        name="the dual point has the same value",
        lhs=optimum.dual,
        rhs=Sum("t", value),
        using=(Using("value of the dual point"), Using("dual value of every task")),
        because="task by task",
    ),
    optimum.meets(
        Using("the point has the value of the geometry"),
        Using("the dual point has the same value", times=-1),
        because="so it is optimal, and q solves the dual",
    ),
)

NECESSITY = (
    *optimum.STEPS,
    optimum.optimal_value(
        Sum("t", value),
        Using("the dual point has the same value"),
        because="f* = D(q); a dead task has a_t = 0",
    ),
    optimum.vanishing("NC1: features are equal within cells", 3, "a square that is 0", concludes=True),
    optimum.vanishing("decayed bias", 4, "b_t = r_t/λ_b,t, and r = 0 here: a decayed bias vanishes"),
    Identity(
        name="head rows sum to 0",
        lhs=c_.T @ W_,
        rhs=nothing(c_.T @ W_),
        using=(
            Using("heads are dual to features", left=c_.T),
            Using("the residual sums to 0 over classes", right=H_.T),
        ),
    ),
    Identity(
        name="logits without bias sum to 0 over cells",
        lhs=lam_h * W_ @ H_ @ s_,
        rhs=nothing(W_ @ H_ @ s_),
        read_as=(P_ @ M_ @ s_, nothing(P_ @ M_ @ s_)),
        because="M̃_t is block t of W'H̃, up to √λ_W,t",
        using=(
            Using("features live where the residual has full norm", transposed=True, left=W_, right=s_),
            Using("the residual sums to 0 over cells", left=W_ @ H_ @ U_.T),
        ),
    ),
    Identity(
        name="log-ratio of the predictions",
        lhs=sp.log(sp.exp(a) * p) - sp.log(p),
        rhs=a,
        because="right class against any wrong one",
    ),
    Cited(
        name="centred logits",
        lemma=SOFTMAX_INVERTIBLE,
        roles={"centred_logits": P_ @ M_ + P_ @ b_ @ s_.T, "centred_logits_of_prediction": a * P_ @ E_},
        premises=("predictions are the dual point", "log-ratio of the predictions"),
        because="z_{t,j} = M_{t,j} + b_t with M̃_t = [√n_j M_{t,j}] = Z'_t/√λ_W,t",
    ),
    Identity(
        name="balanced labels",
        lhs=Named("P E_t s", "P E_t s", (P @ E_t).gram(E_t) @ ones(K, sp.Integer(1))),
        rhs=zeros(K, sp.Integer(1)),
        read_as=(P_ @ E_ @ s_, nothing(P_ @ E_ @ s_)),
        because="s = E_tᵀ 1 and P 1 = 0",
    ),
    Identity(
        name="the bias is constant",
        lhs=N * P_ @ b_,
        rhs=nothing(P_ @ b_),
        using=(
            Using("centred logits", right=s_),
            Using("N samples", times=-1, left=P_ @ b_),
            Using("balanced labels", times=a),
            Using("logits without bias sum to 0 over cells", times=-1),
        ),
        because="P M̃ s = 0 and P E_t s = 0, so P b_t sᵀs = 0: b_t is a multiple of 1",
        concludes=True,
    ),
    Identity(
        name="logits",
        lhs=Named("M̃_t", r"\tilde M_t", P_ @ M_, by="head rows sum to 0"),
        rhs=a * P_ @ E_,
        using=(
            Using("centred logits"),
            Using("the bias is constant", times=-1 / N, right=s_.T),
        ),
        because="P M̃_t = M̃_t since the rows of a head sum to 0",
        concludes=True,
    ),
    Identity(
        name="NC2: simplex ETF",
        lhs=Named("W_t W_tᵀ", r"W_t W_t^{\top}", U_t.gram(Z_t) / lam_w, by="Gram matrix of the heads"),
        rhs=gram_scale * P,
        where=living,
        because="the block (t, t) of U'Z'ᵀ",
        concludes=True,
    ),
    Identity(
        name="NC2: cosine of two rows of a head",
        lhs=Named(
            "cos(w_{t,k}, w_{t,l})", r"\cos(w_{t,k}, w_{t,l})", P.off_diagonal() / P.diagonal(), "NC2: simplex ETF"
        ),
        rhs=-1 / (K - 1),
        where=(alive,),
        because="the normalised rows of a living head, k ≠ l",
        concludes=True,
    ),
    Identity(
        name="a dead head is 0",
        lhs=Named("W_t W_tᵀ", r"W_t W_t^{\top}", U_t.gram(Z_t) / lam_w, by="Gram matrix of the heads"),
        rhs=zeros(K, K),
        where=at_zero,
        because="a_t = 0",
        concludes=True,
    ),
    Identity(
        name="NC3: heads are orthogonal",
        lhs=Named(
            "W_s W_tᵀ", r"W_s W_t^{\top}", U_s.gram(Z_t) / sp.sqrt(lam_ws * lam_w), by="Gram matrix of the heads"
        ),
        rhs=zeros(K_s, K),
        because="the block (s, t) of U'Z'ᵀ, s ≠ t: labels are pairwise independent",
        concludes=True,
    ),
    Identity(
        name="NC4: weighted sum rule",
        lhs=Named("h", "h", Sum("t", sp.sqrt(lam_w) * scale / lam_h * w), by="features from heads and residual"),
        rhs=Sum("t", beta * w),
        where=living,
        because="column j of U'ᵀW'/λ_H: W_tᵀ P e_y = w_{t,y}; dead heads contribute 0",
        concludes=True,
    ),
)

DIMENSION = (
    Identity(
        name="I − J/K is a projection", lhs=Named("(I − J/K_t)²", r"\bigl(I - \tfrac{1}{K_t} J\bigr)^2", P @ P), rhs=P
    ),
    Cited(
        name="rank of a head",
        lemma=PROJECTION_RANK,
        roles={"rank": rank, "trace": P.trace()},
        premises=("I − J/K is a projection", "NC2: simplex ETF"),
        where=(alive,),
    ),
    Cited(
        name="the dimension cannot be smaller",
        lemma=RANK_OF_GRAM,
        roles={"columns": d, "rank": Sum("t alive", K - 1)},
        premises=("rank of a head", "NC3: heads are orthogonal"),
        because="the Gram matrix of all heads is block diagonal, so its rank is the sum",
        concludes=True,
    ),
    Cited(
        name="uniqueness up to rotation",
        lemma=GRAM_DETERMINES,
        roles={"factor": anatomy.W, "rotated": letter("W∗", "R", "d", "W^{*}") @ letter("Q", "d", "d")},
        premises=("NC2: simplex ETF", "a dead head is 0", "NC3: heads are orthogonal"),
        because="any two optima have the same Gram matrix, and H follows from W by NC4",
        concludes=True,
    ),
)

CLAIM = Claim(
    name="single_source",
    title="Geometry of every global optimum for balanced, pairwise independent labels (SSMTC)",
    alphabet=x.joined(optimum.x),
    hypotheses=(
        "cross-entropy, mean loss with halves (ω = α_t/N); every sample labelled for every task; any number of tasks",
        "uniform marginals, and labels of every two tasks independent",
        "label smoothing 0 ≤ ε < 1 (ε = 0: hard labels); no bias, a free one or a decayed one",
        "feature dimension at least the sum of K_t − 1 over living tasks",
        "definition: a_t = log max(1, 1/(ε/K_t + μ_t/(α_t √K_t)) − (K_t − 1)), which is 0 for a dead task, that is "
        "where λ_W,t λ_H ≥ α_t²(1−ε)²/(N K_t) (claim thresholds, step threshold)",
        "(W°, H°) has the Gram blocks W_tW_tᵀ and features H̃ᵀ = U'ᵀW'/λ_H below; W_t = 0 for a dead task",
        Given("value of the point", optimum.attained, point_named),
        Given("value of the dual point", optimum.dual, dual_named),
        *optimum.HYPOTHESES,
        Given("N samples", s_.T @ s_, N * unit("1")),
    ),
    steps=POINT + RESIDUAL + VALUE + NECESSITY + DIMENSION,
    source="Wang et al. (2026), Theorem 3.1; one task: Zhu et al. (2021); value, weights, thresholds: this suite",
    relies_on=(anatomy.CLAIM,),
)
