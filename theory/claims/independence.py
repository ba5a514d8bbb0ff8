r"""Independence makes heads orthogonal: single-task optima add up, and so do their certificates.

Hypotheses  any number of groups of tasks (a group may be one task); every sample labelled for every task, weights
            ω_{t,i} = α_t/N; labels of every two groups independent (for single tasks: pairwise independence), any
            marginals, hard or soft targets; each group alone has an optimum (V_s, G_s, b_s) that meets a feasible
            dual point q_s (always so in enough dimensions); of every two groups at least one has r_s = 0 there
            (uniform marginals, or a free bias); cross-entropy (squared error: read P as the identity);
            d ≥ the sum of the groups' dimensions.
Statement   V_s V_tᵀ = r_s r_tᵀ/N for the residuals V_s of the groups' own certificates, so they stack into one of norm
            max_s; f* = Σ_s f_s*; and W_s W_tᵀ = 0 at *every* global optimum.
Source      this suite.  XOR and orthogonal arrays of strength 2 (Rao 1947) are instances in which labels of three
            tasks are dependent; see :mod:`theory.designs`.

Letters: s and t are a generic pair of groups, with R_s rows and L_s tuples of labels.  E_s (L_s × C) says which cell
carries which tuple, (E_s)_{k,j} = √n_j 1[y_{s,j} = k]; D_s = diag √n_{s,k}, E_s = D_s O_s; σ = (√n_j).  The residual
of group s depends on its own labels: U'_s = A_s E_s, in its own problem A_s D_s.  S_s picks the rows of group s.
"""

from __future__ import annotations

import sympy as sp

from theory.claims import _at_an_optimum as optimum
from theory.claims import gap_anatomy as anatomy
from theory.lemmas import EQUAL_GRAMS, SOFTMAX_INVERTIBLE
from theory.proof import Cited, Claim, Given, Identity, Named, Sum, Using
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.symmetric import centring, independent_labels, ones, zeros
from theory.proof.traces import Word, identity, letter, nothing

x = Alphabet()
N, K = x.positive("N"), x.integer("K", least=2)
u = x.positive("u")
single, dual_single = x.real("f_s∗", latex="f_s^*"), x.real("D_s(q_s)", latex="D_s(q_s)")
limit = sp.sqrt(anatomy.lam)
own_norm = x.nonnegative("‖A_s D_s‖_op", latex=r"\|A_s D_s\|_{\mathrm{op}}")
block_norm = x.nonnegative("‖U'_s‖_op", latex=r"\|U'_s\|_{\mathrm{op}}")

sigma = letter("σ", "C", "1", r"\sigma")
E_s, E_t = letter("E_s", "L_s", "C"), letter("E_t", "L_t", "C")
A_s, A_t = letter("A_s", "R_s", "L_s"), letter("A_t", "R_t", "L_t")
D_s, O_s = letter("D_s", "L_s", "L_s", symmetric=True), letter("O_s", "L_s", "C")
one_s, one_t = letter("1_s", "L_s", "1", r"\mathbf 1_s"), letter("1_t", "L_t", "1", r"\mathbf 1_t")
phi_s = letter("φ_s", "1", "L_s", r"\varphi_s")
# the orthogonal sum of the groups' own optima: J_s are the coordinates of group s, J_r of the groups before it
V_s, G_s = letter("V_s", "R_s", "d_s"), letter("G_s", "d_s", "L_s")
J_s, J_r, X_r = letter("J_s", "d", "d_s"), letter("J_r", "d", "d_r"), letter("X_r", "d_r", "C")
summed = J_r @ X_r + J_s @ G_s @ E_s
# at an optimum
S_s, S_t = letter("S_s", "R_s", "R"), letter("S_t", "R_t", "R")
P_t, B_t, b_t = letter("P", "R_t", "R_t", symmetric=True), letter("B_t", "R_t", "L_t"), letter("b'_t", "R_t", "1")
W_, H_, U_ = anatomy.W_, anatomy.H_, anatomy.U_
C_t: Word = B_t - P_t @ b_t @ one_t.T

uniform = independent_labels(N, {"t": K})

SUFFICIENT = (
    Identity(
        name="cross Gram of the residuals",
        lhs=N * (A_s @ E_s) @ (A_t @ E_t).T,
        rhs=(A_s @ E_s @ sigma) @ (A_t @ E_t @ sigma).T,
        using=(Using("independent labels", left=A_s, right=A_t.T),),
        because="N E_s E_tᵀ = (E_s σ)(E_t σ)ᵀ: joint counts are products of marginal counts; A_s E_s σ is r_s, scaled",
        concludes=True,
    ),
    Identity(
        name="residuals of two groups are orthogonal",
        lhs=N * (A_s @ E_s) @ (A_t @ E_t).T,
        rhs=nothing((A_s @ E_s) @ (A_t @ E_t).T),
        using=(Using("cross Gram of the residuals"), Using("r_s = 0", right=(A_t @ E_t @ sigma).T)),
        because="one of the two residuals adds up to 0: call its group s",
        concludes=True,
    ),
    Identity(
        name="r = 0 under uniform marginals",
        lhs=Named(
            "u (I − J/K) E σ",
            r"u \bigl(I - \tfrac{1}{K} J\bigr) E \sigma",
            (u * (centring(K) @ uniform.matrix("t"))).gram(uniform.matrix("t")) @ ones(K, sp.Integer(1)),
        ),
        rhs=zeros(K, 1),
        because="claim single_source: the residual of one balanced task is u (I − J/K) E_t, and E_t σ = (N/K) 1",
    ),
    Identity(
        name="residual Gram of one group",
        lhs=(A_s @ E_s) @ (A_s @ E_s).T,
        rhs=(A_s @ D_s) @ (A_s @ D_s).T,
        using=(
            Using("label tuples as cells", left=A_s, right=E_s.T @ A_s.T),
            Using("label tuples as cells", left=A_s @ D_s @ O_s, right=A_s.T, transposed=True),
            Using("orthonormal label tuples", left=A_s @ D_s, right=D_s @ A_s.T),
        ),
        because="the residual that the group has in its own problem, whose cells are its label tuples",
    ),
    Cited(
        name="norm of one group",
        lemma=EQUAL_GRAMS,
        roles={"norm": block_norm, "other": own_norm},
        premises=("residual Gram of one group",),
    ),
    *optimum.feasible_blocks(
        "norm of one group", "residuals of two groups are orthogonal", "each group's dual point is feasible"
    ),
    Identity(
        name="bias residual",
        lhs=A_s @ E_s @ sigma,
        rhs=A_s @ D_s @ D_s @ one_s,
        using=(
            Using("label tuples as cells", left=A_s, right=sigma),
            Using("counts of label tuples", left=A_s @ D_s),
        ),
        because="r_s is that of the group's own problem: a free bias stays feasible, a decayed one costs the same",
    ),
    Identity(
        name="dual data term",
        lhs=phi_s @ E_s @ sigma,
        rhs=phi_s @ D_s @ D_s @ one_s,
        using=(
            Using("label tuples as cells", left=phi_s, right=sigma),
            Using("counts of label tuples", left=phi_s @ D_s),
        ),
        because="a sum over samples of a function of the group's labels is a sum over label tuples with their counts",
    ),
    Identity(
        name="logits of the orthogonal sum",
        lhs=(V_s @ J_s.T) @ summed,
        rhs=V_s @ G_s @ E_s,
        using=(
            Using("coordinates of two groups", left=V_s, right=X_r),
            Using("coordinates of one group", left=V_s, right=G_s @ E_s),
        ),
        because="W_s = V_s J_sᵀ, h = Σ_s J_s g_{s,y}: logits, and so losses, are those of the groups' own optima",
    ),
    Identity(
        name="heads of the orthogonal sum",
        lhs=(V_s @ J_s.T).square(),
        rhs=V_s.square(),
        using=(Using("coordinates of one group", left=V_s, right=V_s.T),),
    ),
    Identity(
        name="features of the orthogonal sum",
        lhs=summed.square(),
        rhs=X_r.square() + (G_s @ D_s).square(),
        using=(
            Using("coordinates of two groups", left=E_s.T @ G_s.T, right=X_r, times=2),
            Using("coordinates of one group", left=E_s.T @ G_s.T, right=G_s @ E_s),
            Using("coordinates of the rest", left=X_r.T, right=X_r),
            Using("label tuples as cells", left=G_s, right=E_s.T @ G_s.T),
            Using("label tuples as cells", left=G_s @ D_s @ O_s, right=G_s.T, transposed=True),
            Using("orthonormal label tuples", left=G_s @ D_s, right=D_s @ G_s.T),
        ),
        because="one group after the other, X_r holding those before; so f = Σ_s f_s* at the sum, whatever the labels",
    ),
    optimum.meets(
        Using("value of the orthogonal sum"),
        Using("each group's own optimum meets its own dual point", times=Sum("s", sp.Integer(1))),
        Using("dual value by groups", times=-1),
        because="f(orthogonal sum) = Σ_s f_s* = Σ_s D_s(q_s) = D(q)",
    ),
)

NECESSARY = (
    *optimum.STEPS,
    optimum.optimal_value(
        Sum("s", single),
        Using("dual value by groups"),
        Using("each group's own optimum meets its own dual point", times=-Sum("s", sp.Integer(1))),
    ),
    Identity(
        name="heads have centred columns",
        lhs=P_t @ S_t @ W_,
        rhs=S_t @ W_,
        using=(
            Using("heads are dual to features", left=P_t @ S_t),
            Using("heads are dual to features", left=S_t, times=-1),
            Using("residual of group t", left=P_t, right=H_.T),
            Using("residual of group t", right=H_.T, times=-1),
            Using("residuals are centred", right=E_t @ H_.T),
        ),
        because="targets and predictions of a task both add up to 1",
    ),
    Cited(
        name="centred logits",
        lemma=SOFTMAX_INVERTIBLE,
        roles={
            "centred_logits": P_t @ S_t @ W_ @ H_ + P_t @ b_t @ sigma.T,
            "centred_logits_of_prediction": B_t @ E_t,
        },
        premises=("predictions are the dual point",),
        because="B_t holds the centred log q_t, a function of the group's own labels; Z' and b' carry √λ_W,t",
    ),
    Identity(
        name="logits depend on the group's own labels",
        lhs=Named("Z'_t", "Z'_t", S_t @ W_ @ H_),
        rhs=C_t @ E_t,
        using=(
            Using("centred logits"),
            Using("heads have centred columns", times=-1, right=H_),
            Using("every sample has labels", left=P_t @ b_t),
        ),
        because="C_t = B_t − P b'_t 1ᵀ, and 1ᵀE_t = σᵀ",
        concludes=True,
    ),
    Identity(
        name="Gram of two heads",
        lhs=N * (S_s @ W_) @ (S_t @ W_).T,
        rhs=(A_s @ E_s @ sigma) @ (C_t @ E_t @ sigma).T,
        using=(
            Using("Gram matrix of the heads", times=N, left=S_s, right=S_t.T),
            Using("residual of group s", times=N, right=(S_t @ W_ @ H_).T),
            Using("logits depend on the group's own labels", times=N, left=A_s @ E_s, transposed=True),
            Using("independent labels", left=A_s, right=C_t.T),
        ),
        because="the block (s, t) of U'Z'ᵀ",
    ),
    Identity(
        name="heads are orthogonal",
        lhs=N * (S_s @ W_) @ (S_t @ W_).T,
        rhs=nothing(S_s @ S_t.T),
        using=(Using("Gram of two heads"), Using("r_s = 0", right=(C_t @ E_t @ sigma).T)),
        because="r_s = 0; a transposition exchanges the two groups",
        concludes=True,
    ),
)

CLAIM = Claim(
    name="independence",
    title="Independent labels: optima and certificates add up",
    alphabet=x.joined(optimum.x),
    hypotheses=(
        "cross-entropy (or squared error, with P the identity); every sample labelled for every task, ω = α_t/N",
        "any number of groups of tasks; labels of every two groups independent, with any marginals",
        "of every two groups at least one has r = 0 at its own optimum: uniform marginals, or a free bias",
        "d at least the sum of the dimensions that the groups need alone",
        Given("each group's own optimum meets its own dual point", single, dual_single),
        Given("value of the orthogonal sum", optimum.attained, Sum("s", single)),
        Given("dual value by groups", optimum.dual, Sum("s", dual_single)),
        Given("independent labels", N * E_s @ E_t.T, E_s @ sigma @ (E_t @ sigma).T),
        Given("r_s = 0", A_s @ E_s @ sigma, nothing(A_s @ E_s @ sigma)),
        Given("label tuples as cells", E_s, D_s @ O_s),
        Given("orthonormal label tuples", O_s @ O_s.T, identity("L_s")),
        Given("counts of label tuples", O_s @ sigma, D_s @ one_s),
        Given("every sample has labels", one_t.T @ E_t, sigma.T),
        Given("coordinates of one group", J_s.T @ J_s, identity("d_s")),
        Given("coordinates of the rest", J_r.T @ J_r, identity("d_r")),
        Given("coordinates of two groups", J_s.T @ J_r, nothing(J_s.T @ J_r)),
        Condition("each group's dual point is feasible", own_norm, "<=", limit),
        Given("residual of group s", S_s @ U_, A_s @ E_s),
        Given("residual of group t", S_t @ U_, A_t @ E_t),
        Given("residuals are centred", P_t @ A_t, A_t),
        *optimum.HYPOTHESES,
    ),
    steps=SUFFICIENT + NECESSARY,
    source="this suite; orthogonal arrays: Rao (1947)",
    relies_on=(anatomy.CLAIM,),
)
