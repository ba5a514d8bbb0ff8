r"""Nearest class mean and largest logit agree, for every input (NC5).

Hypotheses  those of claim ``single_source`` with every task alive: the point is an optimum.
Statement   The mean feature of class k of task t, over the labels of all other tasks, is β_t w_{t,k}.  For *every*
            vector h, seen or unseen,

                ‖h − h̄_{t,k}‖² − ‖h − h̄_{t,l}‖² = 2β_t (z_{t,l} − z_{t,k}),     z_t = W_t h + b_t,

            so that k is the nearest class mean iff it has the largest logit.  Likewise for the nearest among the
            features of all label tuples: the differences are Σ_t 2β_t (z_{t,l_t} − z_{t,k_t}), so the nearest
            tuple has the largest logit in every task at once.  On training samples the right class wins, by a_t.
Source      Wang et al. (2026), SSMTC-NC5, for training samples; every vector, tuples and proof: this suite.

Letters: W (R × d) stacks the heads, Ē (R × N) the centred one-hot labels, H = WᵀβĒ the features (sum rule with
rows that sum to 0), β = diag β_t and Γ = diag g_t on the rows of a task, W_tW_tᵀ = g_t P_t.  L_t (R × K_t)
selects the rows of task t, Y_t (K_t × N) holds its labels; e_k, e_l are unit vectors, ē_j, ē_i columns of Ē.
"""

from __future__ import annotations

import sympy as sp

from theory.claims import _balanced_tasks as balanced
from theory.claims import single_source
from theory.proof import Claim, Equivalence, Given, Identity, Inequality, Let, Named, Using
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.applied import Applied
from theory.proof.symmetric import centring, zeros
from theory.proof.traces import Trace, Word, identity, letter

own = Alphabet()
g, beta = own.positive("g_t", latex="g_t"), own.positive("β_t", latex=r"\beta_t")
far_k, far_l = own.real("dist²_k", latex=r"\|h-\bar h_{t,k}\|^2"), own.real("dist²_l", latex=r"\|h-\bar h_{t,l}\|^2")
z_k, z_l = own.real("z_k", latex="z_{t,k}"), own.real("z_l", latex="z_{t,l}")
constant, positive_a = own.real("c_t", latex="c_t"), own.positive("a₊", latex="a_t")
x = balanced.x.joined(own)
K, N, a = balanced.K, balanced.N, balanced.a
alive = balanced.alive

W, H, labels_ = letter("W", "R", "d"), letter("H", "d", "N"), letter("Ē", "R", "N", r"\bar E")
beta_, gamma = letter("β", "R", "R", r"\beta", symmetric=True), letter("Γ", "R", "R", r"\Gamma", symmetric=True)
Pi = letter("Π", "R", "R", r"\Pi", symmetric=True)
L_t, Y_t, W_t = letter("L_t", "R", "K_t"), letter("Y_t", "K_t", "N"), letter("W_t", "K_t", "d")
P_t = letter("P_t", "K_t", "K_t", symmetric=True)
u, b_t = letter("1", "K_t", "1", r"\mathbf 1"), letter("b_t", "K_t", "1")
e_k, e_l, h = letter("e_k", "K_t", "1"), letter("e_l", "K_t", "1"), letter("h", "d", "1")
j, i = letter("ē_j", "R", "1", r"\bar e_j"), letter("ē_i", "R", "1", r"\bar e_i")


def number(word: Word) -> Trace:
    """A 1 × 1 matrix as a scalar."""
    return Trace(word.terms)


mean = K / N * (H @ Y_t.T)
logit_k, logit_l = number(e_k.T @ (W_t @ h + b_t)), number(e_l.T @ (W_t @ h + b_t))
centre_k, centre_l = beta * (W_t.T @ e_k), beta * (W_t.T @ e_l)
tuple_j, tuple_i = W.T @ beta_ @ j, W.T @ beta_ @ i
E_t, E_s, P = balanced.E_t, balanced.E_s, centring(K)

GEOMETRY = (
    Applied(
        name="simplex ETF",
        of="single_source::NC2: simplex ETF",
        lhs=Named("W_t W_tᵀ", r"W_tW_t^{\top}", None),
        rhs=balanced.gram_scale * P,
        where=(alive,),
        read_as=(W_t @ W_t.T, g * P_t),
        because="g_t is the scale of the head",
    ),
    Applied(
        name="sum rule",
        of="single_source::NC4: weighted sum rule",
        lhs=Named("h, task by task", r"\text{summand of } h", None),
        rhs=balanced.beta * balanced.w,
        where=(alive,),
        read_as=(H, W.T @ beta_ @ labels_),
        because="w_{t,y} = W_tᵀ(e_y − 1/K_t), as rows sum to 0; the sum over tasks is the product of the stacks",
    ),
    Identity(
        name="labels against the labels of task t",
        lhs=Named("Ē_s Y_tᵀ", r"\bar E_sY_t^{\top}", (centring(balanced.K_s) @ E_s).gram(E_t)),
        rhs=zeros(balanced.K_s, K),
        because="independence: within a class of task t the labels of every other task average out",
    ),
    Identity(
        name="labels against their own",
        lhs=Named("Ē_t Y_tᵀ", r"\bar E_tY_t^{\top}", (P @ E_t).gram(E_t)),
        rhs=N / K * P,
        read_as=(labels_ @ Y_t.T, N / K * (L_t @ P_t)),
        because="with the previous step, the whole stack: ĒY_tᵀ = (N/K_t) L_tP_t",
    ),
)

NEAREST = (
    Identity(
        name="class means",
        lhs=Named("h̄_t", r"\bar H_t", mean),
        rhs=beta * W_t.T,
        using=(
            Using("sum rule", times=K / N, right=Y_t.T),
            Using("labels against their own", times=K / N, left=W.T @ beta_),
            Using("β is one number a task", left=W.T, right=P_t),
            Using("rows of the task", times=-beta, transposed=True, right=P_t),
            Using("rows of a head sum to 0", times=beta, transposed=True),
        ),
        because="column k is the mean over all samples with label k, whatever their other labels",
        concludes=True,
    ),
    Identity(
        name="rows of a head have one norm",
        lhs=(W_t.T @ e_k).square() - (W_t.T @ e_l).square(),
        rhs=Trace({}),
        using=(
            Using("simplex ETF", left=e_k @ e_k.T),
            Using("simplex ETF", times=-1, left=e_l @ e_l.T),
            Using("P_t = I − J/K_t", times=g, left=e_k @ e_k.T),
            Using("P_t = I − J/K_t", times=-g, left=e_l @ e_l.T),
            Using("e_k is a unit vector", times=g),
            Using("e_l is a unit vector", times=-g),
            Using("1ᵀe_k = 1", times=-g / K, left=e_k.T @ u),
            Using("1ᵀe_l = 1", times=g / K, left=e_l.T @ u),
            Using("1ᵀe_k = 1", times=-g / K),
            Using("1ᵀe_l = 1", times=g / K),
        ),
        because="g_t(1 − 1/K_t) each",
    ),
    Identity(
        name="distances against logits",
        lhs=Named(
            "‖h − h̄_{t,k}‖² − ‖h − h̄_{t,l}‖²",
            r"\|h-\bar h_{t,k}\|^2-\|h-\bar h_{t,l}\|^2",
            (h - centre_k).square() - (h - centre_l).square(),
        ),
        rhs=Named("2β_t (z_{t,l} − z_{t,k})", r"2\beta_t\,(z_{t,l}-z_{t,k})", 2 * beta * (logit_l - logit_k)),
        using=(
            Using("rows of a head have one norm", times=beta**2),
            Using("the bias is constant", times=-2 * beta, left=e_l.T),
            Using("the bias is constant", times=2 * beta, left=e_k.T),
            Using("1ᵀe_l = 1", times=-2 * beta * constant),
            Using("1ᵀe_k = 1", times=2 * beta * constant),
        ),
        because="for every h: the norms of the centres cancel, and so does the bias",
        concludes=True,
    ),
    Equivalence(
        name="nearest class mean and largest logit",
        left=Condition("class k is nearer", far_k, "<", far_l),
        right=Condition("class k has the larger logit", z_k, ">", z_l),
        factor=2 * beta,
        where=(Let(far_k, far_l + 2 * beta * (z_l - z_k), "the identity before"),),
        because="β_t > 0; ties go with ties",
        concludes=True,
    ),
    Inequality(
        name="the right class wins on training samples",
        lhs=Named("z_y − z_l", "z_{t,y}-z_{t,l}", a * (P.diagonal() - P.off_diagonal())),
        op=">",
        rhs=sp.Integer(0),
        by=((a,),),
        where=(Let(a, positive_a, "task t is alive"),),
        because="logits a_t(e_y − 1/K_t)",
        concludes=True,
    ),
)

TUPLES = (
    Identity(
        name="centred labels have one norm",
        lhs=Named("‖e_k − 1/K_t‖²", r"\|e_k - \tfrac{1}{K_t}\mathbf 1\|^2", P.diagonal()),
        rhs=1 - 1 / K,
        read_as=(j.T @ beta_ @ gamma @ beta_ @ j, i.T @ beta_ @ gamma @ beta_ @ i),
        because="‖e_k − 1/K‖² = 1 − 1/K for every class; so Σ_t β_t²g_t‖e_{k_t} − 1/K_t‖² is one number for all tuples",
    ),
    Identity(
        name="distances to tuples",
        lhs=Named(
            "‖h − h_k‖² − ‖h − h_l‖², tuples k and l",
            r"\|h-h_{(k_1,\dots,k_T)}\|^2-\|h-h_{(l_1,\dots,l_T)}\|^2",
            (h - tuple_j).square() - (h - tuple_i).square(),
        ),
        rhs=Named(
            "Σ_t 2β_t (z_{t,l_t} − z_{t,k_t})",
            r"\textstyle\sum_t 2\beta_t\,(z_{t,l_t}-z_{t,k_t})",
            2 * number(i.T @ beta_ @ W @ h) - 2 * number(j.T @ beta_ @ W @ h),
        ),
        using=(
            Using("Gram matrix of all heads", left=beta_ @ j @ j.T @ beta_),
            Using("Gram matrix of all heads", times=-1, left=beta_ @ i @ i.T @ beta_),
            Using("Π leaves β ē_j", left=j.T @ beta_ @ gamma),
            Using("Π leaves β ē_i", times=-1, left=i.T @ beta_ @ gamma),
            Using("centred labels have one norm"),
        ),
        because="orthogonal heads: ‖h_j‖² is one number, and ⟨h_j, h⟩ = Σ_t β_t z_{t,j_t} up to b",
        concludes=True,
    ),
)

CLAIM = Claim(
    name="nearest_centre",
    title="Nearest class mean is the argmax rule, for every input (NC5)",
    alphabet=x,
    hypotheses=(
        "an optimum under the hypotheses of claim single_source, every task alive; h any vector",
        alive,
        Given("β is one number a task", beta_ @ L_t, beta * L_t),
        Given("rows of the task", W_t, L_t.T @ W),
        Given("rows of a head sum to 0", P_t @ W_t, W_t, "single_source::head rows sum to 0"),
        Given("P_t = I − J/K_t", P_t, identity("K_t") - (u @ u.T) / K),
        Given("e_k is a unit vector", e_k.T @ e_k, identity("1")),
        Given("e_l is a unit vector", e_l.T @ e_l, identity("1")),
        Given("1ᵀe_k = 1", u.T @ e_k, identity("1")),
        Given("1ᵀe_l = 1", u.T @ e_l, identity("1")),
        Given("the bias is constant", b_t, constant * u, "single_source::the bias is constant"),
        Given("Gram matrix of all heads", W @ W.T, gamma @ Pi, "single_source::NC3: heads are orthogonal"),
        Given("Π leaves β ē_j", Pi @ beta_ @ j, beta_ @ j),
        Given("Π leaves β ē_i", Pi @ beta_ @ i, beta_ @ i),
    ),
    steps=GEOMETRY + NEAREST + TUPLES,
    source="Wang et al. (2026), Theorem 3.1 (NC5), training samples; every vector and tuples: this suite",
    relies_on=(single_source.CLAIM,),
)
