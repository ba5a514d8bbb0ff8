r"""Two correlated tasks of K classes: every head stays a simplex ETF, and the angle between the heads in closed form.

Hypotheses  cross-entropy, hard labels, two tasks of K ≥ 2 classes, every sample labelled for both, ω = α/N, one λ_W;
            P(y¹ = y²) = A/K, uniform otherwise: A = 1 + (K−1)ρ, B = 1 − ρ, −1/(K−1) < ρ < 1 (at the ends
            one kind of cell is absent, and what is said of it void); any bias; m = μ/α,
            μ = √(N λ_W λ_H).  (a, b, c) solves the stationarity system of the reduced problem

                u = m a/σ_+,  v = m (b+c)/σ_+  (or a = b + c = 0 and 2A u² + (K−2)B v² ≤ m²K²: the sum is dead),
                w = m (b−c)/σ_−                (or b = c and K B w² ≤ m²K²: the difference is dead),

            (for K = 2 only b − c enters: set c = 0, and the condition on v is void),
            u = K/(e^a+K−1),  v = K/(e^b+e^c+K−2),  w = (2e^c+K−2)/(e^b+e^c+K−2).
            Such (a, b, c) exist: claim ``correlation_reduced``.
Statement   f* = 2α[(A/K) log(1+(K−1)e^{−a}) + ((K−1)B/K)(log(e^b+e^c+K−2) − b)] + μ(K−1)(σ_+ + σ_−), and at every
            global optimum the logits are those of :mod:`theory.correlation_law`,
            W_t W_tᵀ = (μ/2λ_W)(σ_+ + σ_−)(I − J/K),  W_1 W_2ᵀ = (μ/2λ_W)(σ_+ − σ_−)(I − J/K).
Source      this suite; the law that it generalises is stated for two binary tasks in Wang et al. 2026, Theorem 5.1.

Route: the design is symmetric under relabelling both tasks at once and under exchanging them, and (P) is convex, so
an invariant optimum exists: that gives the ansatz.  The proof needs none of it: softmax of the ansatz is dual
feasible and meets its value, so it is optimal, and the gap anatomy says the same of every other optimum.
Sum and difference, E_± = (E_1 ± E_2)/√2, decouple; "=" and "≠" are the cells on which the labels agree and differ.
"""

from __future__ import annotations

import sympy as sp

from theory import correlation_law as law
from theory.claims import SYMBOLIC as ON
from theory.claims import _at_an_optimum as optimum
from theory.claims import gap_anatomy as anatomy
from theory.claims._correlated_point import (
    DIRECTIONS,
    FEASIBLE,
    H_,
    SOFTMAX,
    U_,
    VALUE,
    W_,
    L,
    Pi,
    entropy_other,
    entropy_same,
    head,
    sigma,
    zero,
)
from theory.claims._correlated_tasks import (
    LOGITS,
    RESIDUAL,
    STATIONARY,
    A,
    B,
    K,
    N,
    P,
    a,
    alpha,
    b,
    c,
    gram,
    lam_w,
    minus,
    mu,
    penalty,
    per_head,
    plus,
    reduced,
    rho,
    s_minus,
    s_plus,
    x,
)
from theory.lemmas import (
    GRAM_DETERMINES,
    SOFTMAX_INVERTIBLE,
)
from theory.proof import Cited, Claim, Given, Identity, Named, Using
from theory.proof.traces import identity as unit
from theory.proof.traces import letter, nothing

bias = letter("b'", "R", "1")

head_1 = {d: head[d] / (2 * lam_w) for d in "+-"}


def value_named(value: sp.Expr) -> Named:
    """Loss and penalties at margins (a, b, c), with σ_± by name."""
    return Named(
        "2α[A/K log(1 + (K−1)e^{−a}) + (K−1)B/K (log(e^b + e^c + K − 2) − b)] + μ (K−1)(σ_+ + σ_−)",
        r"2\alpha\Bigl[\tfrac{A}{K} \log\bigl(1 + (K-1)e^{-a}\bigr)"
        r" + \tfrac{(K-1)B}{K} \bigl(\log(e^b + e^c + K - 2) - b\bigr)\Bigr] + \mu (K-1)(\sigma_+ + \sigma_-)",
        value,
    )


entropies = Named(
    "2α[A/K entropy(q_=) + (K−1)B/K entropy(q_≠)]",
    r"2\alpha\bigl[\tfrac{A}{K} \operatorname{entropy}(q_{=})"
    r" + \tfrac{(K-1)B}{K} \operatorname{entropy}(q_{\ne})\bigr]",
    2 * alpha * (A * entropy_same + (K - 1) * B * entropy_other) / K,
)

NECESSARY = (
    *optimum.STEPS,
    optimum.optimal_value(
        value_named(reduced),
        Using(optimum.MEETS, times=-1),
        Using("value of the point"),
        because="f* = D(q) = f(W°, H°)",
    ),
    Identity(
        name="heads have centred columns",
        lhs=Pi @ W_,
        rhs=W_,
        using=(
            Using("heads are dual to features", left=Pi),
            Using("heads are dual to features", times=-1),
            Using("residuals are centred", right=H_.T),
        ),
    ),
    Cited(
        name="centred logits",
        lemma=SOFTMAX_INVERTIBLE,
        roles={"centred_logits": Pi @ W_ @ H_ + Pi @ bias @ sigma.T, "centred_logits_of_prediction": L},
        premises=("predictions are the dual point",),
        because="L holds the logits of the ansatz, which are centred; bias and logits carry √λ_W",
    ),
    Identity(
        name="logits without bias sum to 0 over cells",
        lhs=anatomy.lam * W_ @ H_ @ sigma,
        rhs=nothing(W_ @ H_ @ sigma),
        using=(
            Using("features from heads and residual", transposed=True, left=W_, right=sigma),
            Using("label counts are uniform", left=W_ @ W_.T),
        ),
        because="λ_H H̃ σ = W'ᵀU'σ = 0: label counts are uniform",
    ),
    Identity(
        name="the bias is constant",
        lhs=N * Pi @ bias,
        rhs=nothing(Pi @ bias),
        using=(
            Using("centred logits", right=sigma),
            Using("N samples", times=-1, left=Pi @ bias),
            Using("heads have centred columns", times=-1, right=H_ @ sigma),
            Using("logits without bias sum to 0 over cells", times=-1 / anatomy.lam),
            Using("logits of the ansatz sum to 0"),
        ),
        concludes=True,
    ),
    Identity(
        name="logits are those of the ansatz",
        lhs=Named("Z'", "Z'", W_ @ H_),
        rhs=L,
        using=(
            Using("centred logits"),
            Using("heads have centred columns", times=-1, right=H_),
            Using("the bias is constant", times=-1 / N, right=sigma.T),
        ),
        concludes=True,
    ),
    Identity(
        name="Gram matrix of both heads",
        lhs=W_ @ W_.T,
        rhs=U_ @ L.T,
        using=(
            Using("Gram matrix of the heads"),
            Using("logits are those of the ansatz", left=U_, transposed=True),
        ),
        because="W'W'ᵀ = U'Z'ᵀ: by directions, the Gram matrices of the point",
    ),
    Identity(
        name="sum and difference of heads are orthogonal",
        lhs=Named("U'_+ Z'_−ᵀ", r"U'_+ {Z'_-}^{\top}", per_head * sp.sqrt(lam_w) * gram(RESIDUAL["+"], LOGITS["-"])),
        rhs=zero,
        because="E_+E_−ᵀ = 0",
    ),
    Identity(
        name="each head is a simplex ETF",
        lhs=Named(
            "W_1 W_1ᵀ",
            r"W_1 W_1^{\top}",
            (mu * plus * P + mu * minus * P) / (2 * lam_w),
            by="Gram of the sum of heads",
        ),
        rhs=Named(
            "μ (σ_+ + σ_−)/(2 λ_W) (I − J/K)",
            r"\tfrac{\mu}{2\lambda_W} (\sigma_+ + \sigma_-) \bigl(I - \tfrac{1}{K} J\bigr)",
            mu / (2 * lam_w) * (plus + minus) * P,
        ),
        because="W'_1 = (W'_+ + W'_−)/√2; the same for task 2",
        concludes=True,
    ),
    Identity(
        name="Gram matrix across the tasks",
        lhs=Named(
            "W_1 W_2ᵀ",
            r"W_1 W_2^{\top}",
            (mu * plus * P - mu * minus * P) / (2 * lam_w),
            by="Gram of the difference of heads",
        ),
        rhs=Named(
            "μ (σ_+ − σ_−)/(2 λ_W) (I − J/K)",
            r"\tfrac{\mu}{2\lambda_W} (\sigma_+ - \sigma_-) \bigl(I - \tfrac{1}{K} J\bigr)",
            mu / (2 * lam_w) * (plus - minus) * P,
        ),
        because="W'_2 = (W'_+ − W'_−)/√2",
        concludes=True,
    ),
    Identity(
        name="cosine of the rows of one class",
        lhs=Named(
            "cos(w¹_k, w²_k)",
            r"\cos(w^1_k, w^2_k)",
            (plus - minus) * P.diagonal() / ((plus + minus) * P.diagonal()),
            by="Gram matrix across the tasks",
        ),
        rhs=Named(
            "(σ_+ − σ_−)/(σ_+ + σ_−)",
            r"\frac{\sigma_+ - \sigma_-}{\sigma_+ + \sigma_-}",
            law.cosine(plus, minus),
        ),
        concludes=True,
    ),
    Identity(
        name="cosine of the rows of two classes",
        lhs=Named(
            "cos(w¹_k, w²_l)",
            r"\cos(w^1_k, w^2_l)",
            (plus - minus) * P.off_diagonal() / ((plus + minus) * P.diagonal()),
            by="Gram matrix across the tasks",
        ),
        rhs=Named(
            "−(σ_+ − σ_−)/((K − 1)(σ_+ + σ_−))",
            r"-\frac{1}{K-1}\, \frac{\sigma_+ - \sigma_-}{\sigma_+ + \sigma_-}",
            -law.cosine(plus, minus) / (K - 1),
        ),
        concludes=True,
    ),
    Cited(
        name="uniqueness up to rotation",
        lemma=GRAM_DETERMINES,
        roles={"factor": anatomy.W, "rotated": letter("W∗", "R", "d", "W^{*}") @ letter("Q", "d", "d")},
        premises=("Gram matrix of both heads",),
    ),
)

CLAIM = Claim(
    name="correlation_classes",
    title="Two correlated tasks of K classes: geometry of every global optimum",
    alphabet=x.joined(optimum.x),
    hypotheses=(
        "cross-entropy, hard labels, two tasks of K classes, all labels given, ω = α/N, one λ_W, any bias",
        "labels agree with probability A/K, A = 1 + (K−1)ρ, B = 1 − ρ, uniform otherwise; −1/(K−1) < ρ < 1",
        STATIONARY,
        "d ≥ K − 1 for each living direction",
        Given("N samples", sigma.T @ sigma, N * unit("1")),
        Given("definition of σ_+", s_plus, plus),
        Given("definition of σ_−", s_minus, minus),
        "definition: μ = √(N λ_W λ_H)",
        Given("value of the point", optimum.attained, value_named(alpha * law.loss(a, b, c, K, rho, ON) + penalty)),
        Given("value of the dual point", optimum.dual, entropies),
        *optimum.HYPOTHESES,
    ),
    steps=SOFTMAX + DIRECTIONS + FEASIBLE + VALUE + NECESSARY,
    source="this suite; two binary tasks: Wang et al. (2026), Theorem 5.1",
    relies_on=(anatomy.CLAIM,),
)
