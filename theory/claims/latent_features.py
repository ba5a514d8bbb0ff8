r"""Latent features: every feature is the orthogonal sum of one part a task, and each part collapses on its own.

Hypotheses  those of claim ``single_source`` with every task alive: the point is an optimum.
Statement   Π_t = W_tᵀW_t/g_t is the orthogonal projection onto the row space of W_t, and Π_sΠ_t = 0.  The latent
            feature Π_t h = β_t w_{t,y_t} depends on the label of task t alone; over the classes it is a simplex ETF
            scaled by β_t²g_t; h = Σ_t Π_t h; and it is the mean of h over the labels of all other tasks.
            *One task only*: a vector in the span of the heads whose logits are uniform for every other task
            and a_t(e_k − 1/K_t) for task t is the latent feature β_t w_{t,k}; so is the feature of a sample that
            is labelled for task t alone and predicted as the others are.
Source      observed by Wang et al. (2026) for images that show one of two digits; the statement, its
            weights and its proof: this suite.

What does *not* follow: that a trained network sends an image with one digit to a vector in the span of the heads with
uniform logits for the absent digit.  That is a property of the network at inputs unlike its training data;
the theorem says what the feature then is.

Letters as in claim ``nearest_centre``; u = 1 (K_s × 1), v any vector of features, c a number.
"""

from __future__ import annotations

import sympy as sp

from theory import closed_forms as forms
from theory.claims import SYMBOLIC as ON
from theory.claims import _balanced_tasks as balanced
from theory.claims import nearest_centre as centres
from theory.claims import single_source, stationarity
from theory.lemmas import ORTHOGONAL_PROJECTION
from theory.proof import Cited, Claim, Given, Identity, Let, Named, Using
from theory.proof.alphabet import Alphabet
from theory.proof.applied import Applied
from theory.proof.symmetric import zeros
from theory.proof.traces import letter, nothing

own = Alphabet()
g_s = own.positive("g_s", latex="g_s")
uniform = own.real("c_s", latex="c_s")
kappa = own.positive("κ_t", latex=r"\kappa_t")
x = centres.x.joined(own)
g, beta, K, N = centres.g, centres.beta, centres.K, centres.N
a, lam_w, lam_h = balanced.a, balanced.lam_w, balanced.lam_h

W, H, labels_, beta_ = centres.W, centres.H, centres.labels_, centres.beta_
W_t, P_t, L_t = centres.W_t, centres.P_t, centres.L_t
W_s, u = letter("W_s", "K_s", "d"), letter("1_s", "K_s", "1", r"\mathbf 1")
gamma_inv = letter("Γ⁻¹", "R", "R", r"\Gamma^{-1}", symmetric=True)
Pi = centres.Pi
v, e_k = letter("v", "d", "1"), centres.e_k
G_t = letter("G_t", "K_t", "1")

project, project_s = W_t.T @ W_t / g, W_s.T @ W_s / g_s
everything = W.T @ gamma_inv @ W
latent = beta * (W_t.T @ P_t)


PROJECTIONS = (
    Applied(
        name="simplex ETF",
        of="single_source::NC2: simplex ETF",
        lhs=Named("W_t W_tᵀ", r"W_tW_t^{\top}", None),
        rhs=balanced.gram_scale * balanced.P,
        where=(balanced.alive,),
        read_as=(W_t @ W_t.T, g * P_t),
        because="g_t is the scale of the head",
    ),
    Applied(
        name="orthogonal heads",
        of="single_source::NC3: heads are orthogonal",
        lhs=Named("W_s W_tᵀ", r"W_sW_t^{\top}", None),
        rhs=zeros(balanced.K_s, K),
        read_as=(W_s @ W_t.T, nothing(W_s @ W_t.T)),
    ),
    Identity(
        name="Π_t is idempotent",
        lhs=project @ project,
        rhs=project,
        using=(
            Using("simplex ETF", times=1 / g**2, left=W_t.T, right=W_t),
            Using("rows of a head sum to 0", times=1 / g, left=W_t.T),
        ),
        because="W_tᵀ(W_tW_tᵀ)W_t = g_t W_tᵀ(I − J/K_t)W_t = g_t W_tᵀW_t",
    ),
    Identity(
        name="Π_t leaves the rows of its head",
        lhs=project @ W_t.T,
        rhs=W_t.T,
        using=(
            Using("simplex ETF", times=1 / g, left=W_t.T),
            Using("rows of a head sum to 0", transposed=True),
        ),
    ),
    Cited(
        name="orthogonal projection",
        lemma=ORTHOGONAL_PROJECTION,
        roles={"matrix": project, "projection": letter("proj_t", "d", "d", r"\operatorname{proj}_{\mathrm{row}(W_t)}")},
        premises=("Π_t is idempotent", "Π_t leaves the rows of its head"),
        because="symmetric, idempotent, with the row space of W_t as its range",
        concludes=True,
    ),
    Identity(
        name="tasks use orthogonal spaces",
        lhs=Named("Π_s Π_t", r"\Pi_s\Pi_t", project_s @ project),
        rhs=nothing(project_s @ project),
        using=(Using("orthogonal heads", times=1 / (g_s * g), left=W_s.T, right=W_t),),
        because="Π_sΠ_t = 0",
        concludes=True,
    ),
)

LATENT = (
    Applied(
        name="sum rule",
        of="single_source::NC4: weighted sum rule",
        lhs=Named("h, task by task", r"\text{summand of } h", None),
        rhs=balanced.beta * balanced.w,
        where=(balanced.alive,),
        read_as=(H, W.T @ beta_ @ labels_),
        because="w_{t,y} = W_tᵀ(e_y − 1/K_t); the sum over tasks is the product of the stacks",
    ),
    Identity(
        name="the latent feature depends on one label",
        lhs=Named("Π_t H", r"\Pi_t H", project @ H),
        rhs=beta * (W_t.T @ L_t.T @ labels_),
        using=(
            Using("sum rule", left=project),
            Using("one head against all", times=1 / g, left=W_t.T, right=beta_ @ labels_),
            Using("rows of a head sum to 0", transposed=True, right=L_t.T @ beta_ @ labels_),
            Using("β is one number a task", transposed=True, left=W_t.T, right=labels_),
        ),
        because="L_tᵀĒ holds the centred labels of task t: column i is β_t W_tᵀ(e_{y_t} − 1/K_t) = β_t w_{t,y_t}",
        concludes=True,
    ),
    Identity(
        name="latent features of the classes",
        lhs=latent,
        rhs=beta * W_t.T,
        using=(Using("rows of a head sum to 0", times=beta, transposed=True),),
        because="one column a class",
    ),
    Identity(
        name="the latent feature is a simplex ETF",
        lhs=Named(
            "L_tᵀ L_t, L_t = Π_t h of the K_t classes",
            r"\bigl(\langle \Pi_t h^{(k)},\Pi_t h^{(l)}\rangle\bigr)_{k,l}",
            latent.T @ latent,
        ),
        rhs=beta**2 * g * P_t,
        using=(
            Using("latent features of the classes", right=latent, transposed=True),
            Using("latent features of the classes", left=beta * W_t),
            Using("simplex ETF", times=beta**2),
        ),
        because="Gram matrix of the K_t latent class features",
        concludes=True,
    ),
    Identity(
        name="scale of the latent feature",
        lhs=Named(
            "β_t² g_t",
            r"\beta_t^2 g_t",
            forms.sum_rule_weight(K, N, lam_w, lam_h, ON) ** 2 * forms.head_gram_scale(K, N, lam_w, lam_h, a, ON),
        ),
        rhs=forms.sum_rule_weight(K, N, lam_w, lam_h, ON) * a,
        because="β_t g_t = a_t: so ‖Π_t h‖² = β_t a_t (1 − 1/K_t)",
        concludes=True,
    ),
    Identity(
        name="a feature is the sum of its latent features",
        lhs=Named("Σ_t Π_t H", r"\textstyle\sum_t \Pi_t H", everything @ H),
        rhs=H,
        using=(
            Using("sum rule", left=everything),
            Using("Gram matrix of all heads", left=W.T, right=beta_ @ labels_),
            Using("heads are centred", transposed=True, right=beta_ @ labels_),
            Using("sum rule", times=-1),
        ),
        because="Σ_t Π_t = WᵀΓ⁻¹W, a projection onto the span of all heads, where every feature lies",
        concludes=True,
    ),
    Identity(
        name="averaging out the other tasks",
        lhs=Named("h̄_t", r"\bar H_t", centres.mean),
        rhs=latent,
        using=(
            Using("nearest_centre::class means"),
            Using("latent features of the classes", times=-1),
        ),
        because="the class mean of task t over all labels of the others is the latent feature of the class",
        concludes=True,
    ),
)

ONE_TASK = (
    Identity(
        name="uniform logits leave no latent feature",
        lhs=Named("Π_s v (logits of task s uniform)", r"\Pi_s v\big|_{W_sv=c_s\mathbf 1}", project_s @ v),
        rhs=nothing(v),
        using=(
            Using("uniform logits for task s", times=1 / g_s, left=W_s.T),
            Using("rows of W_s sum to 0", times=uniform / g_s, transposed=True),
        ),
        because="W_sᵀ(c 1) = 0: nothing of v lies in the row space of an absent task",
        concludes=True,
    ),
    Identity(
        name="right logits are the latent feature",
        lhs=Named("Π_t v (logits a_t(e_k − 1/K_t))", r"\Pi_t v\big|_{W_tv=a_t(e_k-\mathbf 1/K_t)}", project @ v),
        rhs=a / g * (W_t.T @ e_k),
        using=(
            Using("logits of class k for task t", times=1 / g, left=W_t.T),
            Using("rows of a head sum to 0", times=a / g, transposed=True, right=e_k),
        ),
        because="a_t/g_t = β_t: with the step before, a vector in the span of the heads is v = Π_t v = β_t w_{t,k}",
        concludes=True,
    ),
    Identity(
        name="sample labelled for one task",
        lhs=Named(
            "λ_H h (labelled k for task t alone)",
            r"\lambda_H h\big|_{\text{labelled } k\text{ for task } t\text{ alone}}",
            lam_h * v,
        ),
        rhs=kappa * (W_t.T @ e_k),
        using=(
            Using("stationary, one label", times=1),
            Using("its residual", times=1, left=W_t.T),
            Using("rows of a head sum to 0", times=kappa, transposed=True, right=e_k),
        ),
        because="λ_H h = Σ_t W_tᵀω_t(y − p) over the labelled tasks (claim stationarity), y − p = K_tp(e_k − 1/K_t)",
        concludes=True,
    ),
    Identity(
        name="weight of the residual",
        lhs=balanced.alpha / N * (K * balanced.p) / lam_h,
        rhs=forms.sum_rule_weight(K, N, lam_w, lam_h, ON),
        where=(*balanced.living, Let(balanced.eps, sp.Integer(0), "hard labels")),
        because="κ_t/λ_H = β_t for the weight ω = α_t/N: the same latent feature as with all labels",
    ),
)

CLAIM = Claim(
    name="latent_features",
    title="Every feature is the orthogonal sum of one collapsed latent feature a task",
    alphabet=x,
    hypotheses=(
        "an optimum under the hypotheses of claim single_source, every task alive",
        balanced.alive,
        "for the last steps, v is the feature that they speak of: of an input, or of a sample with one label",
        Given("rows of a head sum to 0", P_t @ W_t, W_t, "single_source::head rows sum to 0"),
        Given("β is one number a task", beta_ @ L_t, beta * L_t),
        Given("one head against all", W_t @ W.T, g * (P_t @ L_t.T), "single_source::NC3: heads are orthogonal"),
        Given("Gram matrix of all heads", gamma_inv @ W @ W.T, Pi, "single_source::NC3: heads are orthogonal"),
        Given("heads are centred", Pi @ W, W, "single_source::head rows sum to 0"),
        Given("rows of W_s sum to 0", u.T @ W_s, nothing(u.T @ W_s), "single_source::head rows sum to 0"),
        Given("uniform logits for task s", W_s @ v, uniform * u),
        Given("logits of class k for task t", W_t @ v, a * (P_t @ e_k)),
        Given("stationary, one label", lam_h * v, W_t.T @ G_t, "stationarity::features are sums over tasks"),
        Given("its residual", G_t, kappa * (P_t @ e_k)),
    ),
    steps=PROJECTIONS + LATENT + ONE_TASK,
    source="observed by Wang et al. (2026); statement and proof: this suite",
    relies_on=(single_source.CLAIM, centres.CLAIM, stationarity.CLAIM),
)
