r"""Minority collapse: classes of one size merge exactly where the product of the decays exceeds α²(1−ε)² n/N².

Hypotheses  cross-entropy, one task t with classes of any sizes, among them a *cluster* of K_B ≥ 2 classes of n samples
            each (two clusters of sizes n_A > n_B are an example, for either of them); label smoothing 0 ≤ ε < 1; no
            bias, a free one or a decayed one.  Other tasks may share the features if their labels are independent of
            those of t and the hypotheses of claim ``independence`` hold.  An optimum meets a feasible dual point.
Statement   At every global optimum the rows of the cluster agree (they have merged: no feature tells these classes
            apart) iff λ_{W,t} λ_H ≥ α_t² (1−ε)² n/N².  Otherwise they are a simplex ETF about their mean, and
            q_{k,k} − q_{k,l} = 1 − ε − √(λ_W,t λ_H) N/(α_t √n) for all k ≠ l in the cluster.  Neither the number nor
            the sizes of the other classes, nor the other tasks, nor the bias enter but through N.
Source      minority collapse: Fang et al. (2021); a sharp threshold for one task without bias: Hong and Ling (2024);
            this form, with its proof from the dual certificate, bias, smoothing and several tasks: this suite.

Letters: P (R × R) is the projection onto centred vectors on the rows of the cluster, E (R × C) the membership of cells
in classes of task t, entries √n_j, and σ = (√n_j).  Q is the matrix of predictions of task t, a column a class.
"""

from __future__ import annotations

import sympy as sp

from theory import closed_forms as forms
from theory.claims import SYMBOLIC as ON
from theory.claims import _at_an_optimum as optimum
from theory.claims import gap_anatomy as anatomy
from theory.claims import independence
from theory.lemmas import INVARIANT_MINIMISER, SOFTMAX_INVERTIBLE
from theory.proof import (
    Cited,
    Claim,
    Equivalence,
    Given,
    Identity,
    Inequality,
    Let,
    Named,
    Square,
    Using,
)
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.symmetric import Symmetric, centring, zeros
from theory.proof.traces import Trace, identity, letter, nothing, trace

x = Alphabet()
K, K_A = x.integer("K_B", least=2, latex="K_B"), x.integer("K_A", latex="K_A")
N, n, n_A = x.positive("N"), x.positive("n"), x.positive("n_A", latex="n_A")
alpha, lam_w = x.positive("α_t", latex=r"\alpha_t"), x.positive("λ_W,t", latex=r"\lambda_{W,t}")
lam_h = anatomy.lam
eps = x.unit("ε", latex=r"\varepsilon")
a, wrong = x.real("a"), x.positive("q_{k,l}", latex="q_{k,l}")
positive_a = x.positive("a₊", latex="a_+")
size = x.real("x")
elsewhere, y_wrong = x.real("g"), x.real("y", latex="y")

#: u = the residual of the cluster at merged predictions, and x = the residual at margin a
scale = alpha * sp.sqrt(n) / (N * sp.sqrt(lam_w))
spread = wrong * (sp.exp(a) - 1)
residual = scale * (1 - eps - spread)
limit = forms.merging_threshold(alpha, N, n, eps)
living = Let(a, positive_a, "a margin a > 0")
full_norm = (
    living,
    Let(lam_h, residual.subs(a, positive_a) ** 2, "x² = λ_H"),
)
feasible = Condition("x > 0", residual.subs(a, positive_a), ">", sp.Integer(0))

P_B = centring(K)
targets = Symmetric(K, K, 1 - eps, eps / y_wrong)
predictions = Symmetric(K, K, spread, wrong)
logs = Symmetric(K, K, sp.log(sp.exp(a) * wrong) - sp.log(wrong), sp.log(wrong))

W_, H_, U_ = anatomy.W_, anatomy.H_, anatomy.U_
P, E = letter("P", "R", "R", symmetric=True), letter("E", "R", "C")
L, b_ = letter("L", "R", "R"), letter("b'", "R", "1")
sigma, one = letter("σ", "C", "1", r"\sigma"), letter("1", "R", "1", r"\mathbf 1")
root = sp.sqrt(n)

SYMMETRY = (
    Cited(
        name="predictions are symmetric in the cluster",
        lemma=INVARIANT_MINIMISER,
        roles={
            "moved": Named("Π Q Πᵀ", r"\Pi Q \Pi^{\top}", sp.Integer(0)),
            "minimiser": Named("Q", "Q", sp.Integer(0)),
        },
        because="−D is strictly convex in q (entropy), and permutations Π of classes of one size leave it invariant; "
        "so q_{k,k} is one number on the cluster, q_{k,l} another, and rows and columns outside meet it in constants",
    ),
    Identity(
        name="columns outside the cluster",
        lhs=Named("P U' e_j", "P\\, U' e_j", P_B @ Symmetric(K, sp.Integer(1), 0, elsewhere)),
        rhs=zeros(K, sp.Integer(1)),
        because="a sample of another class has one residual for all classes of the cluster",
    ),
    Identity(
        name="residual along the cluster, rows",
        lhs=Named("P U'", r"P\, U'\text{ on the cluster}", P_B @ (scale / root * (targets - predictions))),
        rhs=residual / root * P_B,
        read_as=(P @ U_, size / root * P @ E),
        because="x/√n for U'_{k,j} over √n_j: entry (k, k) less (k, l) is 1 − ε − (q_{k,k} − q_{k,l}), q_{k,k} = e^a "
        "q_{k,l}; columns outside the cluster vanish",
    ),
    Identity(
        name="rows outside the cluster",
        lhs=Named("e_kᵀ U' Eᵀ P", r"e_k^{\top} U' E^{\top} P", Symmetric(sp.Integer(1), K, 0, elsewhere) @ P_B),
        rhs=zeros(sp.Integer(1), K),
        because="a class outside has one residual on all classes of the cluster; and U'_s EᵀP = 0 for a task s of "
        "independent labels: E_sE_tᵀ is a product of counts, and the counts of the cluster are equal",
    ),
    Identity(
        name="residual along the cluster, columns",
        lhs=Named(
            "U' Eᵀ P", r"U' E^{\top} P\text{ on the cluster}", (scale / root * (targets - predictions)) @ (n * P_B)
        ),
        rhs=residual * root * P_B,
        read_as=(U_ @ E.T @ P, size * root * P),
        because="EEᵀP = n P: the classes of the cluster have n samples; rows outside the cluster vanish",
    ),
    Identity(
        name="logits of the cluster",
        lhs=P_B @ logs @ P_B,
        rhs=a * P_B,
        read_as=(P @ L @ P, a * P),
        because="log q_{k,k} − log q_{k,l} = a",
    ),
)

NECESSARY = (
    *optimum.STEPS,
    Identity(
        name="residual Gram on the cluster",
        lhs=P @ U_ @ U_.T,
        rhs=size**2 * P,
        using=(
            Using("residual along the cluster, rows", right=U_.T),
            Using("residual along the cluster, columns", times=size / root, transposed=True),
        ),
        because="the cluster's centred vectors are left and right singular vectors of U', with singular value |x|",
    ),
    Inequality(
        name="the residual is feasible",
        lhs=size**2 * (lam_h - size**2) * trace(P),
        op=">=",
        rhs=Trace({}),
        by=((sp.Integer(1), Square(U_.T @ P, anatomy.semidefinite)),),
        using=(
            Using("residual Gram on the cluster", times=-lam_h, right=P),
            Using("residual Gram on the cluster", times=1, left=identity("R"), right=U_ @ U_.T @ P),
            Using("residual Gram on the cluster", times=size**2, right=P),
            Using("P is a projection", times=-(size**2) * (lam_h - size**2)),
        ),
        because="so x² ≤ λ_H unless x = 0",
    ),
    Identity(
        name="heads of the cluster",
        lhs=(lam_h - size**2) * P @ W_,
        rhs=nothing(P @ W_),
        using=(
            Using("heads are dual to features", left=lam_h * P),
            Using("features from heads and residual", left=P @ U_),
            Using("residual Gram on the cluster", right=W_),
        ),
        because="λ_H PW' = PU'(λ_H H̃ᵀ) = PU'U'ᵀW' = x² PW': merged, or x² = λ_H",
        concludes=True,
    ),
    Cited(
        name="centred logits",
        lemma=SOFTMAX_INVERTIBLE,
        roles={
            "centred_logits": P @ W_ @ H_ + P @ b_ @ sigma.T,
            "centred_logits_of_prediction": sp.sqrt(lam_w) * P @ L @ E,
        },
        premises=("predictions are the dual point",),
        because="L holds log q of task t, a function of its own label (one task: its classes are the cells; several: "
        "claim independence, logits depend on the group's own labels); Z' and b' carry √λ_W,t",
    ),
    Identity(
        name="logits along the cluster",
        lhs=P @ W_ @ H_ @ E.T @ P,
        rhs=sp.sqrt(lam_w) * n * a * P,
        using=(
            Using("centred logits", right=E.T @ P),
            Using("every sample has a label", times=-1, left=P @ b_, right=E.T @ P, transposed=True),
            Using("n samples a class", times=-1, left=P @ b_ @ one.T),
            Using("P is centred", times=-n, left=P @ b_, transposed=True),
            Using("n samples a class", times=sp.sqrt(lam_w), left=P @ L),
            Using("logits of the cluster", times=sp.sqrt(lam_w) * n),
        ),
        because="a bias drops out: the classes of the cluster are equally frequent",
    ),
    Identity(
        name="merged, or full norm",
        lhs=(lam_h - size**2) * sp.sqrt(lam_w) * n * a * P,
        rhs=nothing(P),
        using=(
            Using("heads of the cluster", right=H_ @ E.T @ P),
            Using("logits along the cluster", times=-(lam_h - size**2)),
        ),
        because="so a = 0 or x² = λ_H; and PW' = 0 iff a = 0, by the Gram matrix of the rows",
    ),
    Identity(
        name="Gram matrix of the cluster's rows",
        lhs=P @ W_ @ W_.T @ P,
        rhs=size * sp.sqrt(lam_w * n) * a * P,
        using=(
            Using("Gram matrix of the heads", left=P, right=P),
            Using("residual along the cluster, rows", right=(W_ @ H_).T @ P),
            Using("logits along the cluster", times=size / root, transposed=True),
        ),
        because="PW'W'ᵀP = PU'Z'ᵀP: a multiple of I − J/K_B, so a simplex ETF about the mean, or 0",
        concludes=True,
    ),
    Inequality(
        name="a negative margin would have x > 0",
        lhs=residual.subs(a, -positive_a),
        op=">",
        rhs=sp.Integer(0),
        by=((scale, 1 - eps), (scale, wrong, 1 - sp.exp(-positive_a))),
        because="and then x a < 0, while PW'W'ᵀP ⪰ 0: so a ≥ 0, and x ≥ 0 where a > 0",
    ),
)

THRESHOLD = (
    Identity(
        name="merged: x",
        lhs=Named("λ_W,t x² at a = 0", r"\lambda_{W,t}\, x^2\big|_{a=0}", residual.subs(a, 0) ** 2 * lam_w),
        rhs=limit,
        because="a = 0: q_{k,k} = q_{k,l}",
    ),
    Inequality(
        name="merged classes need a large decay",
        lhs=Named("λ_W,t λ_H at a merged optimum", r"\lambda_{W,t}\lambda_H\;(a=0)", lam_w * lam_h),
        op=">=",
        rhs=limit,
        by=((lam_w, lam_h - residual.subs(a, 0) ** 2),),
        where=(Condition("x² ≤ λ_H", residual.subs(a, 0) ** 2, "<=", lam_h),),
        because="x = u(1 − ε) is not 0, so the residual is feasible only if x² ≤ λ_H",
        concludes=True,
    ),
    Inequality(
        name="separate classes need a small decay",
        lhs=Named("λ_W,t λ_H at a separate optimum", r"\lambda_{W,t}\lambda_H\;(a>0)", lam_w * lam_h),
        op="<",
        rhs=limit,
        by=(
            (lam_w, scale, wrong, sp.exp(positive_a) - 1, residual.subs(a, positive_a)),
            (lam_w, scale, wrong, sp.exp(positive_a) - 1, scale, 1 - eps),
        ),
        where=(feasible, *full_norm),
        because="√λ_H = x = u(1 − ε − q_{k,l}(e^a − 1)) < u(1 − ε)",
        concludes=True,
    ),
    Identity(
        name="how far apart the predictions are",
        lhs=Named("q_{k,k} − q_{k,l}", r"q_{k,k}-q_{k,l}", spread.subs(a, positive_a)),
        rhs=1 - eps - sp.sqrt(lam_h) / scale,
        where=(Let(wrong, (1 - eps - sp.sqrt(lam_h) / scale) / (sp.exp(positive_a) - 1), "x = √λ_H where a > 0"),),
        because="x = √λ_H: known without solving for the margin, whatever the other classes",
        concludes=True,
    ),
    Identity(
        name="scale of the cluster's simplex",
        lhs=Named(
            "P W_t W_tᵀ P",
            r"P W_t W_t^{\top} P",
            sp.sqrt(lam_h) * sp.sqrt(lam_w * n) * a / lam_w * P_B,
            by="Gram matrix of the cluster's rows",
        ),
        rhs=forms.head_gram_scale(sp.Integer(1), n, lam_w, lam_h, a, ON) * P_B,
        because="x = √λ_H: as for a balanced task with N/K_t = n",
        concludes=True,
    ),
    Identity(
        name="a balanced task is one cluster",
        lhs=limit,
        rhs=forms.threshold(alpha, N, K, eps),
        where=(Let(n, N / K, "K classes of N/K samples"),),
        because="claim thresholds: merging of all classes is death",
    ),
    Equivalence(
        name="the critical imbalance of two clusters",
        left=Condition("minority merged", lam_w * lam_h, ">=", limit),
        right=Condition(
            "majority size", n_A, ">=", (alpha * (1 - eps) * sp.sqrt(n) / sp.sqrt(lam_w * lam_h) - K * n) / K_A
        ),
        factor=lam_w * lam_h * K_A * (N + alpha * (1 - eps) * sp.sqrt(n) / sp.sqrt(lam_w * lam_h)) / N**2,
        where=(Let(N, K_A * n_A + K * n, "K_A classes of n_A samples, K_B of n"),),
        because="more majority samples merge the minority although their own number stays the same",
        concludes=True,
    ),
)

CLAIM = Claim(
    name="minority_collapse",
    title="Minority collapse: the exact threshold at which equally frequent classes merge",
    alphabet=x.joined(optimum.x),
    hypotheses=(
        "cross-entropy, ω = α_t/N; a cluster of K_B classes of task t with n samples each, other classes of any sizes",
        "label smoothing 0 ≤ ε < 1; no bias, a free one or a decayed one",
        "one task, or several that satisfy claim independence (labels independent; uniform marginals or a free bias)",
        Given("n samples a class", E @ E.T @ P, n * P),
        Given("every sample has a label", sigma, E.T @ one),
        Given("P is centred", P @ one, nothing(P @ one)),
        Given("P is a projection", P @ P, P),
        *optimum.HYPOTHESES,
        Given(optimum.MEETS, optimum.attained, optimum.dual),
        anatomy.semidefinite,
    ),
    steps=SYMMETRY + NECESSARY + THRESHOLD,
    source="Fang et al. (2021); Hong and Ling (2024) for one task without bias; this form and proof: this suite",
    relies_on=(anatomy.CLAIM, independence.CLAIM),
)
