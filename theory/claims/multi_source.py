r"""Multi-source collapse: every task collapses on its own, and the relative position of the heads is free.

Hypotheses  cross-entropy; every sample labelled for one task only, N_t of them for task t; ω = α_t/N_t; uniform
            classes; label smoothing 0 <= ε < 1; any bias; d >= K_t − 1 for every living task.
            Task t is alive iff λ_{W,t} λ_H < α_t² (1−ε)²/(N_t K_t); a dead one has a_t = 0 and W_t = 0.
Statement   f* = Σ_t value(a_t), each with its own N_t.  Every point W_t = √g_t V_tX_t, H_t = β_t W_tᵀE_t with
            X_tX_tᵀ = I attains it, and every optimum is one of these: each head a simplex ETF, each feature a
            multiple of the row of its class, and nothing else.  So W_sW_tᵀ = √(g_s g_t) V_s C V_tᵀ with
            C = X_sX_tᵀ: a contraction; every contraction occurs if d is large enough, and every rotation (only
            these) if d = K_s − 1 = K_t − 1.  The smallest width is max_t (K_t − 1), not the sum.
Source      Wang et al. (2026), Theorem 3.2, for the geometry of each task; the free cross block, the smallest
            width and the threshold per task: this suite.

Letters: V_t (K_t × r_t, r_t = K_t − 1) has orthonormal columns that span the centred vectors, V_tV_tᵀ = I − J/K_t;
X_t (r_t × d) has orthonormal rows; g_t, β_t are the scales of claim ``single_source`` at N_t.  E_t (K_t × N_t)
holds the labels and J_t (N_t × N) selects the samples of task t, J_sJ_tᵀ = 0.  The tasks s ≠ t are a generic
pair, so their number is arbitrary.
"""

from __future__ import annotations

import sympy as sp

from theory import closed_forms as forms
from theory.claims import SYMBOLIC as ON
from theory.claims import _balanced_tasks as balanced
from theory.claims import single_source
from theory.lemmas import CONTRACTION
from theory.proof import Cited, Claim, Given, Identity, Inequality, Named, Slack, Sum, Termwise, Using
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.applied import Applied
from theory.proof.symmetric import centring, zeros
from theory.proof.traces import Trace, identity, letter, nothing, trace

x = Alphabet()
K, n, d = x.integer("K_t", least=2, latex="K_t"), x.positive("N_t", latex="N_t"), x.integer("d")
alpha, lam_w = x.positive("α_t", latex=r"\alpha_t"), x.positive("λ_W,t", latex=r"\lambda_{W,t}")
lam_h = x.positive("λ_H", latex=r"\lambda_H")
eps, a = x.unit("ε", latex=r"\varepsilon"), x.nonnegative("a_t", latex="a_t")
f_t = x.real("f_t", latex="f_t(W_t,H_t,b_t)")
w, h = x.real("w_{t,y_t}", latex="w_{t,y_t}"), x.real("h", latex="h")
g, g_s = x.positive("g_t", latex="g_t"), x.positive("g_s", latex="g_s")
beta = x.positive("β_t", latex=r"\beta_t")
operator = x.nonnegative("‖C‖_op", latex=r"\|C\|_{\mathrm{op}}")

theirs = balanced
VALUES = {
    theirs.K: K, theirs.N: n, theirs.d: d, theirs.alpha: alpha, theirs.lam_w: lam_w, theirs.lam_h: lam_h,
    theirs.eps: eps, theirs.a: a, theirs.w: w,
}  # fmt: skip
coupling = forms.coupling(n, lam_w, lam_h, ON)
value = forms.task_value(alpha, K, coupling, a, ON, eps)
scale, weight = forms.head_gram_scale(K, n, lam_w, lam_h, a, ON), forms.sum_rule_weight(K, n, lam_w, lam_h, ON)
alive = Condition("task t is alive", lam_w * lam_h, "<", forms.threshold(alpha, n, K, eps))
dead = Condition("task t is dead", lam_w * lam_h, ">=", forms.threshold(alpha, n, K, eps))

H_s, H_t = letter("H_s", "d", "N_s"), letter("H_t", "d", "N_t")
J_s, J_t = letter("J_s", "N_s", "N"), letter("J_t", "N_t", "N")
V_s, V_t = letter("V_s", "K_s", "r_s"), letter("V_t", "K_t", "r_t")
X_s, X_t = letter("X_s", "r_s", "d"), letter("X_t", "r_t", "d")
E_t, W_t = letter("E_t", "K_t", "N_t"), letter("W_t", "K_t", "d")
P = letter("P_t", "K_t", "K_t", symmetric=True)
C, F = letter("C", "r_s", "r_t"), letter("F", "m", "r_t")
A, B = letter("A", "r_s", "d"), letter("B", "m", "d")

half = sp.Rational(1, 2)
head_s, head = sp.sqrt(g_s) * (V_s @ X_s), sp.sqrt(g) * (V_t @ X_t)
features = beta * (head.T @ E_t)
cross = X_s @ X_t.T
rotated_s, rotated = A, C.T @ A + F.T @ B


SPLIT = (
    Identity(
        name="penalty of the features, one task",
        lhs=(H_t @ J_t).square(),
        rhs=H_t.square(),
        using=(Using("samples of one task", left=H_t, right=H_t.T),),
        because="H = Σ_t H_tJ_t",
    ),
    Identity(
        name="penalty of the features, two tasks",
        lhs=(H_s @ J_s).inner(H_t @ J_t),
        rhs=Trace({}),
        using=(Using("no sample has two labels", left=H_s, right=H_t.T),),
        because="so ‖H‖² = Σ_t ‖H_t‖²",
    ),
    Identity(
        name="features that a task sees",
        lhs=H_s @ J_s @ J_t.T,
        rhs=nothing(H_s @ J_s @ J_t.T),
        using=(Using("no sample has two labels", left=H_s),),
        because="HJ_tᵀ = H_t: the loss of task t depends on W_t, b_t and H_t alone; so f = Σ_t f_t(W_t, H_t, b_t)",
    ),
    Applied(
        name="one task",
        of="single_source::optimal value",
        lhs=f_t,
        rhs=value,
        values=VALUES,
        minimum=True,
        because="f_t is a single-source problem of one task on N_t samples; a dead task has a_t = 0",
    ),
    Inequality(
        name="lower bound",
        lhs=Sum("t", f_t),
        op=">=",
        rhs=Sum("t", value),
        by=((Termwise("t", (Slack("one task"),)),),),
        because="the sum of the minima",
        equality="each task is at an optimum of its own",
        concludes=True,
    ),
)

FAMILY = (
    Identity(
        name="every head is a simplex ETF",
        lhs=Named("(√g_t V_tX_t)(√g_t V_tX_t)ᵀ", r"(\sqrt{g_t}V_tX_t)(\sqrt{g_t}V_tX_t)^{\top}", head @ head.T),
        rhs=g * P,
        using=(
            Using("rows of X_t are orthonormal", times=g, left=V_t, right=V_t.T),
            Using("V_tV_tᵀ = I − J/K_t", times=g),
        ),
        because="whatever X_t",
        concludes=True,
    ),
    Identity(
        name="logits",
        lhs=head @ features,
        rhs=beta * g * (P @ E_t),
        using=(Using("every head is a simplex ETF", times=beta, right=E_t),),
        because="W_tH_t = β_t W_tW_tᵀE_t",
    ),
    Identity(
        name="margin of the family",
        lhs=Named("β_t g_t", r"\beta_t g_t", weight * scale),
        rhs=a,
        because="β_t g_t = a_t: the logits a_t(e_y − 1/K_t) of claim single_source",
    ),
    Identity(
        name="penalty of a head",
        lhs=head.square(),
        rhs=g * trace(P),
        using=(Using("every head is a simplex ETF", left=identity("K_t")),),
        because="tr(I − J/K_t) = K_t − 1",
    ),
    Identity(
        name="penalty of the features",
        lhs=features.square(),
        rhs=beta**2 * g * n / K * trace(P),
        using=(
            Using("classes are equally frequent", times=beta**2, left=head @ head.T),
            Using("every head is a simplex ETF", times=beta**2 * n / K, left=identity("K_t")),
        ),
        because="E_tE_tᵀ = (N_t/K_t) I",
    ),
    Identity(
        name="value of the family",
        lhs=Named(
            "f(W, H)",
            "f(W,H)",
            Sum(
                "t",
                alpha * (sp.log(1 + (K - 1) * sp.exp(-a)) + eps * a * (K - 1) / K)
                + lam_w / 2 * scale * (K - 1)
                + lam_h / 2 * weight**2 * scale * n / K * (K - 1),
            ),
            by="penalty of the features",
        ),
        rhs=Sum("t", value),
        because="loss at margin a_t and the two penalties: the lower bound is attained, for every choice of the X_t",
        concludes=True,
    ),
    Identity(
        name="cross block",
        lhs=Named("W_s W_tᵀ", r"W_sW_t^{\top}", head_s @ head.T),
        rhs=Named("√(g_s g_t) V_s C V_tᵀ", r"\sqrt{g_sg_t}\,V_sCV_t^{\top}", sp.sqrt(g_s * g) * (V_s @ cross @ V_t.T)),
        because="C = X_sX_tᵀ is all that is free",
        concludes=True,
    ),
)

EXHAUSTIVE = (
    Applied(
        name="optimal heads",
        of="single_source::NC2: simplex ETF",
        lhs=Named("W_t W_tᵀ", r"W_tW_t^{\top}", None),
        rhs=scale * centring(K),
        values=VALUES,
        where=(alive,),
        read_as=(W_t @ W_t.T, g * P),
        because="f_t is minimal in W_t, H_t, b_t",
        concludes=True,
    ),
    Applied(
        name="dead heads",
        of="single_source::a dead head is 0",
        lhs=Named("W_t W_tᵀ", r"W_tW_t^{\top}", None),
        rhs=zeros(K),
        values=VALUES,
        where=(dead,),
        because="likewise",
        concludes=True,
    ),
    Applied(
        name="optimal features",
        of="single_source::NC4: weighted sum rule",
        lhs=h,
        rhs=weight * w,
        values=VALUES,
        where=(alive,),
        because="the sum rule has one term: a feature is a multiple of the row of its class (self-duality)",
        concludes=True,
    ),
    Identity(
        name="every optimal head has orthonormal X_t",
        lhs=(V_t.T @ W_t @ W_t.T @ V_t) / g,
        rhs=identity("r_t"),
        using=(
            Using("optimal heads", times=1 / g, left=V_t.T, right=V_t),
            Using("V_tV_tᵀ = I − J/K_t", times=-1, left=V_t.T, right=V_t),
            Using("V_tᵀV_t = I", right=V_t.T @ V_t),
            Using("V_tᵀV_t = I"),
        ),
        where=(alive,),
        because="X_t := V_tᵀW_t/√g_t, and W_tW_tᵀ = g_t(I − J/K_t) by claim single_source",
    ),
    Identity(
        name="every optimal head is in the family",
        lhs=Named(
            "√g_t V_t X_t, X_t = V_tᵀW_t/√g_t",
            r"\sqrt{g_t}\,V_tX_t\big|_{X_t=V_t^{\top}W_t/\sqrt{g_t}}",
            sp.sqrt(g) * (V_t @ (V_t.T @ W_t / sp.sqrt(g))),
        ),
        rhs=W_t,
        using=(Using("V_tV_tᵀ = I − J/K_t", right=W_t), Using("rows of an optimal head sum to 0")),
        because="W_t = √g_t V_tX_t",
        concludes=True,
    ),
)

CROSS = (
    Identity(
        name="I − CᵀC is a square",
        lhs=identity("r_t") - cross.T @ cross,
        rhs=X_t @ (identity("d") - X_s.T @ X_s) @ (identity("d") - X_s.T @ X_s) @ X_t.T,
        using=(
            Using("rows of X_t are orthonormal", times=-1),
            Using("rows of X_s are orthonormal", times=-1, left=X_t @ X_s.T, right=X_s @ X_t.T),
        ),
        because="I − X_sᵀX_s is a projection",
    ),
    Cited(
        name="the cross block is a contraction",
        lemma=CONTRACTION,
        roles={"operator": operator},
        premises=("I − CᵀC is a square",),
        because="I − CᵀC = YYᵀ ⪰ 0",
        concludes=True,
    ),
    Identity(
        name="every contraction: orthonormal rows",
        lhs=rotated @ rotated.T,
        rhs=identity("r_t"),
        using=(
            Using("AAᵀ = I", left=C.T, right=C),
            Using("BBᵀ = I", left=F.T, right=F),
            Using("ABᵀ = 0", left=C.T, right=F),
            Using("ABᵀ = 0", left=F.T, right=C, transposed=True),
            Using("C is a contraction", times=-1),
        ),
        because="X_s = A, X_t = CᵀA + FᵀB where I − CᵀC = FᵀF; such A, B exist for d ≥ K_s − 1 + rank(I − CᵀC)",
    ),
    Identity(
        name="every contraction: cross block",
        lhs=Named("X_s X_tᵀ, X_s = A, X_t = CᵀA + FᵀB", r"A\,(C^{\top}A+F^{\top}B)^{\top}", rotated_s @ rotated.T),
        rhs=C,
        using=(Using("AAᵀ = I", right=C), Using("ABᵀ = 0", right=F)),
        because="so C is free: 0 (orthogonal heads), a rotation (aligned heads), anything between",
        concludes=True,
    ),
    Identity(
        name="the cross block in the smallest width",
        lhs=Named("CᵀC (d = K_s − 1)", r"C^{\top}C\big|_{d=K_s-1}", cross.T @ cross),
        rhs=identity("r_t"),
        using=(
            Using("X_s is square: d = K_s − 1", left=X_t, right=X_t.T),
            Using("rows of X_t are orthonormal"),
        ),
        because="d = K_s − 1: X_s is orthogonal, so C has orthonormal columns: a rotation for equal K",
        concludes=True,
    ),
)

WIDTH = (
    Applied(
        name="the smallest width",
        of="single_source::the dimension cannot be smaller",
        lhs=d,
        rhs=K - 1,
        values=VALUES,
        because="for every living task; and d = max_t (K_t − 1) has room for each X_t",
        concludes=True,
    ),
)

CLAIM = Claim(
    name="multi_source",
    title="Every task collapses on its own; the relative position of the heads is free (MSMTC)",
    alphabet=x,
    hypotheses=(
        "cross-entropy; every sample labelled for one task, ω = α_t/N_t; classes equally frequent; any number of tasks",
        "label smoothing 0 ≤ ε < 1; no bias, a free one or a decayed one",
        "definition: a_t is that of claim single_source with N_t for N; 0 for a dead task",
        Given("samples of one task", J_t @ J_t.T, identity("N_t")),
        Given("no sample has two labels", J_s @ J_t.T, nothing(J_s @ J_t.T)),
        Given("rows of X_s are orthonormal", X_s @ X_s.T, identity("r_s")),
        Given("rows of X_t are orthonormal", X_t @ X_t.T, identity("r_t")),
        Given("V_tᵀV_t = I", V_t.T @ V_t, identity("r_t")),
        Given("V_tV_tᵀ = I − J/K_t", V_t @ V_t.T, P),
        Given("classes are equally frequent", E_t @ E_t.T, n / K * identity("K_t")),
        Given("rows of an optimal head sum to 0", P @ W_t, W_t, "single_source::head rows sum to 0"),
        Given("C is a contraction", identity("r_t") - C.T @ C, F.T @ F),
        Given("AAᵀ = I", A @ A.T, identity("r_s")),
        Given("BBᵀ = I", B @ B.T, identity("m")),
        Given("ABᵀ = 0", A @ B.T, nothing(A @ B.T)),
        Given("X_s is square: d = K_s − 1", X_s.T @ X_s, identity("d")),
    ),
    steps=SPLIT + FAMILY + EXHAUSTIVE + CROSS + WIDTH,
    source="Wang et al. (2026), Theorem 3.2; the free cross block, the width and the thresholds: this suite",
    relies_on=(single_source.CLAIM,),
)
