r"""The classical lower bound, task by task: its constant, its best c, and what equality forces.

Hypotheses  cross-entropy; mean loss with halves, ω = α_t/N; one-hot labels; every sample labelled for every
            task; uniform marginals and pairwise independent labels; any bias; any c_t > 0 with
            κ_t² N/K_t <= λ_{W,t} λ_H, where κ_t = α_t K_t/(N (1 + c_t)(K_t − 1)).
Statement   For every z, every class k and every c > 0

                log Σ_j e^{z_j} − z_k >= (Σ_j z_j − K z_k)/((1+c)(K−1)) + C(c),
                C(c) = log((1+c)(K−1))/(1+c) + c/(1+c) · log((1+c)/c),

            tight at c = e^a/(K−1), a the margin, and hence f >= Σ_t α_t C(c_t) at every point.  The largest such
            bound has c_t = e^{a_t}/(K_t−1) and is the value of claim ``single_source``.  A point of that value has:
            softmax of every sample equal to (c, 1/(K−1), ...)/(1+c); h = Σ_t κ_t W_tᵀ(e_{y_t} − 1/K_t)/λ_H; rows of
            heads that sum to 0, and no head where κ_t² N/K_t < λ_{W,t}λ_H; no decayed bias; and therefore
            W_t W_tᵀ = (λ_H a_t/κ_t)(I − J/K_t), W_sW_tᵀ = 0, b_t constant.
Source      one task: Zhu et al. (2021), whose chain this is; several tasks and the necessity: this suite.

The first inequality is Fenchel–Young at one prediction q(c) for all samples, so c is the uncertainty of that
prediction: C(c) is its entropy.  Then Young's inequality, for all tasks at once:

    ½λ_H‖H‖² − ⟨κĒ, WH⟩ = ½λ_H‖H − Wᵀ κĒ/λ_H‖² − ‖Wᵀ κĒ‖²/(2λ_H),

and centring, ‖Wᵀ κĒ‖² = Σ_t κ_t² (N/K_t) ‖(I − J/K_t)W_t‖², because the centred labels of two tasks are
orthogonal.  Letters: Ē (R × N) stacks the centred one-hot labels e_{y_{t,i}} − 1/K_t; κ, F = diag N/K_t,
A = diag a_t, D_W = diag √λ_{W,t} and Δ = diag √(λ_{W,t} − κ_t²N/(K_tλ_H)) are one number on the rows of a task;
Π is block diagonal with the blocks I − J/K_t.
"""

from __future__ import annotations

import sympy as sp

from theory import closed_forms as forms
from theory.claims import SYMBOLIC as ON
from theory.lemmas import FENCHEL_YOUNG, FENCHEL_YOUNG_ZERO, SOFTMAX_INVERTIBLE
from theory.proof import (
    Cases,
    Cited,
    Claim,
    Derivative,
    EqualityCase,
    Given,
    Identity,
    Inequality,
    Let,
    Named,
    Slack,
    Square,
    Sum,
    Termwise,
    Using,
)
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.symmetric import centring, independent_labels, ones, zeros
from theory.proof.traces import Trace, identity, letter, nothing

# ------------------------------------------------------------------ numbers

x = Alphabet()
K, K_s = x.integer("K_t", least=2, latex="K_t"), x.integer("K_s", least=2, latex="K_s")
N = x.positive("N")
alpha = x.positive("α_t", latex=r"\alpha_t")
lam_w, lam_h = x.positive("λ_W,t", latex=r"\lambda_{W,t}"), x.positive("λ_H", latex=r"\lambda_H")
mu, a = x.positive("μ_t", latex=r"\mu_t"), x.nonnegative("a_t", latex="a_t")
c, u = x.positive("c_t", latex="c_t"), x.nonnegative("u", latex="u")
z_k, total, lse = (
    x.real("z_k", latex="z_k"),
    x.real("Σ_j z_j", latex=r"\textstyle\sum_j z_j"),
    x.real("Φ(z)", latex=r"\Phi(z)"),
)
spread = x.real("m", latex="m")
prediction, softmax = x.real("q(c_t)", latex="q(c_t)"), x.real("softmax(z)", latex=r"\operatorname{softmax}(z)")
head = x.real("w_{t,y_t}", latex="w_{t,y_t}")

right, wrong = c / (1 + c), 1 / ((1 + c) * (K - 1))
constant = forms.uncertainty_entropy(c, K, ON)
kappa = alpha * K / (N * (1 + c) * (K - 1))
spare = lam_w - kappa**2 * N / (K * lam_h)
coupling = forms.coupling(N, lam_w, lam_h, ON)
p = forms.wrong_probability(a, K, ON)
best = forms.best_uncertainty(a, K, ON)

threshold = forms.threshold(alpha, N, K)
admissible = Condition("c_t is admissible", kappa**2 * N / K, "<=", lam_w * lam_h)
alive = Condition("task t is alive", lam_w * lam_h, "<", threshold)
dead = Condition("task t is dead", lam_w * lam_h, ">=", threshold)
AT_BEST = Let(c, best, "the best c")
BY_COUPLING = Let(lam_h, mu**2 / (N * lam_w), "μ_t = √(N λ_W λ_H)")
BY_MARGIN = Let(mu, alpha * sp.sqrt(K) * p, "p(a_t) = μ_t/(α_t √K_t) defines the margin of a living task")
living = (alive, AT_BEST, BY_COUPLING, BY_MARGIN)
at_zero = (dead, AT_BEST, Let(a, sp.Integer(0), "a dead task has margin 0"))

# ------------------------------------------------------------------ matrices

W, H, b = letter("W", "R", "d"), letter("H", "d", "N"), letter("b", "R", "1")
labels_ = letter("Ē", "R", "N", r"\bar E")
one = letter("1", "N", "1", r"\mathbf 1")
k_, F, A = (letter(n, "R", "R", s, symmetric=True) for n, s in (("κ", r"\kappa"), ("F", "F"), ("A", "A")))
D_W, rest, B = (letter(n, "R", "R", s, symmetric=True) for n, s in (("D_W", "D_W"), ("Δ", r"\Delta"), ("B", "B")))
Pi = letter("Π", "R", "R", r"\Pi", symmetric=True)
D_inv, F_inv, k_inv = (
    letter(n, "R", "R", s, symmetric=True)
    for n, s in (("D_W⁻¹", "D_W^{-1}"), ("F⁻¹", "F^{-1}"), ("κ⁻¹", r"\kappa^{-1}"))
)
half = sp.Rational(1, 2)
labels = independent_labels(N, {"t": K, "s": K_s})
E_t, E_s = labels.matrix("t"), labels.matrix("s")
P = centring(K)


SAMPLES = "t,i"
logits = W @ H + b @ one.T
cross_entropy = Sum(SAMPLES, alpha / N * (lse - z_k))
objective = Trace({}) + cross_entropy + half * (D_W @ W).square() + half * lam_h * H.square() + half * (B @ b).square()
bound = Trace({}) + Sum("t", alpha * constant)
young = Square(H - (W.T @ k_ @ labels_) / lam_h)

ONE_SAMPLE = (
    Identity(name="q(c) is a prediction", lhs=right + (K - 1) * wrong, rhs=sp.Integer(1)),
    Cited(
        name="Fenchel–Young at q(c)",
        lemma=FENCHEL_YOUNG,
        roles={
            "phi": lse,
            "conjugate": right * sp.log(right) + (K - 1) * wrong * sp.log(wrong),
            "inner": right * z_k + wrong * (total - z_k),
        },
        premises=("q(c) is a prediction",),
        because="q(c) gives c/(1+c) to class k and 1/((1+c)(K−1)) to each other one; Φ = logsumexp, Φ* = −entropy",
    ),
    Inequality(
        name="one sample",
        lhs=lse - z_k,
        op=">=",
        rhs=(total - K * z_k) / ((1 + c) * (K - 1)) + constant,
        by=((Slack("Fenchel–Young at q(c)"),),),
        because="a tangent plane of log-sum-exp (concavity of the logarithm, if one prefers)",
        equality="softmax(z) = q(c): all wrong logits equal, z_k − z_j = log(c(K−1))",
        concludes=True,
    ),
    Derivative(
        name="which c is best for one sample",
        of=spread / (1 + c) + constant,
        by=c,
        equals=(-spread - sp.log(c) - sp.log(K - 1)) / (1 + c) ** 2,
        because="m = (Σ_j z_j − K z_k)/(K−1): positive before c = e^{−m}/(K−1), negative after; m = −a at margin a",
    ),
    Identity(
        name="tight at its best c",
        lhs=Named(
            "C(c) − a_t/(1+c) at c = e^a_t/(K_t−1)",
            r"\Bigl[C(c)-\tfrac{a_t}{1+c}\Bigr]_{c=e^{a_t}/(K_t-1)}",
            -a / (1 + best) + forms.uncertainty_entropy(best, K, ON),
        ),
        rhs=sp.log(1 + (K - 1) * sp.exp(-a)),
        because="the loss at margin a",
        concludes=True,
    ),
    Derivative(
        name="the constant in c",
        of=constant,
        by=c,
        equals=-(sp.log(c) + sp.log(K - 1)) / (1 + c) ** 2,
        because="C(c) is the entropy of q(c)",
    ),
    Inequality(
        name="the constant falls",
        lhs=(sp.log(c) + sp.log(K - 1)) / (1 + c) ** 2,
        op=">=",
        rhs=sp.Integer(0),
        where=(Let(c, (1 + u) / (K - 1), "c ≥ 1/(K−1)"),),
        because="so the smallest admissible c ≥ 1/(K−1) gives the largest bound",
        equality="c = 1/(K−1), the uniform prediction",
    ),
)

LABELS = (
    Identity(
        name="coefficient of the labels",
        lhs=alpha / N * (total - K * z_k) / ((1 + c) * (K - 1)),
        rhs=-kappa * (z_k - total / K),
        because="the linear term of one sample is −κ_t ⟨e_y − 1/K, z⟩",
    ),
    Identity(
        name="labels of one task",
        lhs=Named("Ē_t Ē_tᵀ", r"\bar E_t\bar E_t^{\top}", (P @ E_t).gram(P @ E_t)),
        rhs=(N / K) * P,
        because="uniform marginals",
    ),
    Identity(
        name="labels of two tasks",
        lhs=Named("Ē_s Ē_tᵀ", r"\bar E_s\bar E_t^{\top}", (centring(K_s) @ E_s).gram(P @ E_t)),
        rhs=zeros(K_s, K),
        read_as=(labels_ @ labels_.T, F @ Pi),
        because="pairwise independence; with the blocks of one task this is ĒĒᵀ = FΠ",
    ),
    Identity(
        name="labels add up to 0",
        lhs=Named("Ē_t 1", r"\bar E_t\mathbf 1", (P @ E_t).gram(E_t) @ ones(K, sp.Integer(1))),
        rhs=zeros(K, sp.Integer(1)),
        read_as=(labels_ @ one, nothing(labels_ @ one)),
        because="uniform marginals: the bias drops out",
    ),
    Identity(
        name="decay that the labels use up",
        lhs=kappa**2 * N / K + lam_h * spare,
        rhs=lam_h * lam_w,
        read_as=(k_ @ F @ Pi @ k_ + lam_h * (rest @ Pi @ rest), lam_h * (D_W @ Pi @ D_W)),
        where=(admissible,),
        because="Δ_t² = λ_{W,t} − κ_t²N/(K_tλ_H) is what is left, non-negative for an admissible c_t",
    ),
)

CHAIN = (
    Inequality(
        name="lower bound",
        lhs=objective,
        op=">=",
        rhs=bound,
        by=(
            (Termwise(SAMPLES, (alpha / N, Slack("one sample"))),),
            (half * lam_h, young),
            (half, Square(D_W @ W - Pi @ D_W @ W)),
            (half, Square(Pi @ rest @ W)),
            (half, Square(B @ b)),
        ),
        using=(
            Using("a task has weight α_t"),
            Using("labels paired with logits", times=-1),
            Using("labels add up to 0", times=-1, right=b.T @ k_),
            Using("labels of two tasks", times=-half / lam_h, left=W.T @ k_, right=k_ @ W),
            Using("decay that the labels use up", times=-half / lam_h, left=W.T, right=W),
            Using("Π is a projection", times=-half, left=W.T @ D_W, right=D_W @ W),
            Using("Π is a projection", times=-half, left=W.T @ rest, right=rest @ W),
        ),
        because="one sample at a time; then Young, and centring: Π is a projection",
        equality="each of the five terms vanishes",
        concludes=True,
    ),
    Identity(
        name="c of a living task uses up its decay",
        lhs=kappa**2 * N / K,
        rhs=lam_w * lam_h,
        where=living,
        because="κ_t = μ_t √K_t/N at c = e^a/(K−1): the smallest admissible c, so the best",
    ),
    Inequality(
        name="c of a dead task is admissible",
        lhs=lam_w * lam_h,
        op=">=",
        rhs=alpha**2 / (N * K),
        by=((lam_w * lam_h - threshold,),),
        where=(dead,),
        because="at c = 1/(K−1) κ_t²N/K_t is the threshold",
        equality="at the threshold",
    ),
    Identity(
        name="κ of a dead task",
        lhs=kappa**2 * N / K,
        rhs=threshold,
        where=at_zero,
        because="c = 1/(K−1), where C = log K",
    ),
    Identity(
        name="the bound is the value of the geometry",
        lhs=Named("max_c Σ_t α_t C(c_t)", r"\max_{c}\sum_t \alpha_t C(c_t)", Sum("t", alpha * constant)),
        rhs=Sum("t", forms.task_value(alpha, K, coupling, a, ON)),
        where=living,
        because="the value of claim single_source, which is attained",
    ),
    Identity(
        name="the bound for dead tasks",
        lhs=Named("max_c Σ_t α_t C(c_t)", r"\max_{c}\sum_t \alpha_t C(c_t)", Sum("t", alpha * constant)),
        rhs=Sum("t", forms.task_value(alpha, K, coupling, a, ON)),
        where=at_zero,
        because="both are α_t log K_t",
    ),
    Cases(
        name="the bound for every task",
        of=("the bound is the value of the geometry", "the bound for dead tasks"),
        because="a task is alive or dead",
        concludes=True,
    ),
)


def equality(name: str, summand: int, because: str, concludes: bool = False) -> EqualityCase:
    """One term of the lower bound vanishes where it holds with equality."""
    return EqualityCase(name=name, of="lower bound", summand=summand, because=because, concludes=concludes)


NECESSARY = (
    equality("equality, sample by sample", 0, "each sample meets its tangent plane"),
    Cited(
        name="every prediction is q(c)",
        lemma=FENCHEL_YOUNG_ZERO,
        roles={"prediction": prediction, "gradient": softmax},
        premises=("equality, sample by sample",),
        concludes=True,
    ),
    Identity(
        name="margin of q(c)",
        lhs=sp.log(right) - sp.log(wrong),
        rhs=a,
        where=(AT_BEST,),
        because="log(c(K−1)) = a_t",
    ),
    Cited(
        name="centred logits",
        lemma=SOFTMAX_INVERTIBLE,
        roles={"centred_logits": Pi @ logits, "centred_logits_of_prediction": A @ labels_},
        premises=("every prediction is q(c)", "margin of q(c)"),
        because="task by task and sample by sample: z − mean z = a_t(e_y − 1/K_t)",
        concludes=True,
    ),
    equality("features", 1, "Young with equality: h = Σ_t κ_t W_tᵀ(e_{y_t} − 1/K_t)/λ_H", concludes=True),
    equality("centred heads, weighted", 2, "centring with equality"),
    Identity(
        name="centred heads",
        lhs=Pi @ W,
        rhs=W,
        using=(
            Using("D_W is invertible", right=W),
            Using("centred heads, weighted", left=D_inv, times=-1),
            Using("Π and D_W commute", left=D_inv, right=W, times=-1),
            Using("D_W is invertible", right=Pi @ W, times=-1),
        ),
        because="D_W is one number on the rows of a task",
        concludes=True,
    ),
    equality("decay left over", 3, "where Δ_t > 0 the centred head is 0"),
    Identity(
        name="a head with decay left over is 0",
        lhs=rest @ W,
        rhs=nothing(W),
        using=(
            Using("centred heads", times=-1, left=rest),
            Using("Π and Δ commute", times=-1, right=W),
            Using("decay left over"),
        ),
        because="Δ_t W_t = 0: a task strictly beyond its threshold",
        concludes=True,
    ),
    equality("bias", 4, "a decayed bias is 0", concludes=True),
    Identity(
        name="features against labels",
        lhs=lam_h * (H @ labels_.T),
        rhs=W.T @ k_ @ F @ Pi,
        using=(
            Using("features", times=lam_h, right=labels_.T),
            Using("labels of two tasks", left=W.T @ k_),
        ),
        because="H Ēᵀ = Wᵀ κ Ē Ēᵀ/λ_H",
    ),
    Identity(
        name="the bias is constant",
        lhs=Named("N (b_t − mean b_t)", r"N\,(I-\tfrac1{K_t}J)\,b_t", N * (Pi @ b)),
        rhs=nothing(Pi @ b),
        using=(
            Using("centred logits", right=one),
            Using("N samples", times=-1, left=Pi @ b),
            Using("labels add up to 0", left=A),
            Using("features", times=-1, left=Pi @ W, right=one),
            Using("labels add up to 0", times=-1 / lam_h, left=Pi @ W @ W.T @ k_),
        ),
        because="centred logits and features both add up to 0",
        concludes=True,
    ),
    Identity(
        name="Gram matrix against F",
        lhs=W @ W.T @ k_ @ F @ Pi,
        rhs=lam_h * (A @ F @ Pi),
        using=(
            Using("centred heads", times=-1, right=W.T @ k_ @ F @ Pi),
            Using("features against labels", times=-1, left=Pi @ W),
            Using("centred logits", times=lam_h, right=labels_.T),
            Using("labels add up to 0", times=-lam_h, left=Pi @ b, transposed=True),
            Using("labels of two tasks", times=lam_h, left=A),
        ),
        because="centred logits against Ē",
    ),
    Identity(
        name="Gram matrix of all heads",
        lhs=W @ W.T,
        rhs=lam_h * (A @ k_inv @ Pi),
        using=(
            Using("Gram matrix against F", right=F_inv @ k_inv),
            Using("Π and κF commute", times=1, left=W @ W.T, right=F_inv @ k_inv),
            Using("centred heads", times=-1, left=W, transposed=True, right=k_ @ F @ F_inv @ k_inv),
            Using("F is invertible", times=-1, left=W @ W.T @ k_, right=k_inv),
            Using("κ is invertible", times=-1, left=W @ W.T),
            Using("κ is invertible", times=-lam_h, left=A, right=F @ Pi @ F_inv @ k_inv, transposed=True),
            Using("Π and κF commute", times=-lam_h, left=A @ k_inv, right=F_inv @ k_inv),
            Using("F is invertible", times=lam_h, left=A @ k_inv @ Pi @ k_, right=k_inv),
            Using("κ is invertible", times=lam_h, left=A @ k_inv @ Pi),
        ),
        because="block diagonal: W_sW_tᵀ = 0 for s ≠ t, and W_tW_tᵀ = (λ_H a_t/κ_t)(I − J/K_t)",
        concludes=True,
    ),
    Identity(
        name="simplex ETF",
        lhs=Named("W_t W_tᵀ", r"W_tW_t^{\top}", lam_h * a / kappa * P, by="Gram matrix of all heads"),
        rhs=forms.head_gram_scale(K, N, lam_w, lam_h, a, ON) * P,
        where=living,
        because="the geometry of claim single_source",
        concludes=True,
    ),
    Identity(
        name="weight of the sum rule",
        lhs=Named("h", "h", Sum("t", kappa / lam_h * head), by="features"),
        rhs=Sum("t", forms.sum_rule_weight(K, N, lam_w, lam_h, ON) * head),
        where=living,
        because="W_tᵀ(e_y − 1/K_t) = w_{t,y} since rows sum to 0; dead heads contribute 0",
        concludes=True,
    ),
)

CLAIM = Claim(
    name="lower_bound",
    title="The classical lower bound: best constant, and what equality forces",
    alphabet=x,
    hypotheses=(
        "cross-entropy, one-hot labels, mean loss with halves; every sample labelled for every task; any tasks",
        "uniform marginals, and labels of every two tasks independent; any bias (B = 0: free)",
        admissible,
        Given("a task has weight α_t", Sum(SAMPLES, alpha / N * constant), Trace({}) + Sum("t", alpha * constant)),
        Given("labels paired with logits", Sum(SAMPLES, kappa * (z_k - total / K)), (k_ @ labels_).inner(logits)),
        Given("Π is a projection", Pi @ Pi, Pi),
        Given("N samples", one.T @ one, N * identity("1")),
        Given("Π and D_W commute", Pi @ D_W, D_W @ Pi),
        Given("Π and Δ commute", Pi @ rest, rest @ Pi),
        Given("Π and κF commute", Pi @ k_ @ F, k_ @ F @ Pi),
        Given("D_W is invertible", D_inv @ D_W, identity("R")),
        Given("F is invertible", F @ F_inv, identity("R")),
        Given("κ is invertible", k_ @ k_inv, identity("R")),
    ),
    steps=ONE_SAMPLE + LABELS + CHAIN + NECESSARY,
    source="one task: Zhu et al. (2021); several tasks, the best constant and necessity: this suite",
)
