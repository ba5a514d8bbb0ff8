r"""Stationarity: the gradients of f, and what holds at every critical point, whatever the design.

Hypotheses  any Fenchel–Young loss, targets, weights and missing labels; any bias; any feature dimension.
Statement   With G_{t,i} = ω_{t,i}(y_{t,i} − p_{t,i}), p = ∇Φ(z):

                ∇_{W_t} f = λ_{W,t} W_t − G_t Hᵀ,   ∇_H f = λ_H H − Σ_t W_tᵀ G_t,   ∇_{b_t} f = λ_{b,t} b_t − G_t 1.

            At every critical point the factors are balanced, Σ_t λ_{W,t} W_tᵀW_t = λ_H HHᵀ, so that
            Σ_t λ_{W,t}‖W_t‖² = λ_H‖H‖²; every feature is Σ_t of parts in the row spaces of the heads; the heads
            live where the scaled residual U' has singular value √λ_H: U'U'ᵀW' = λ_H W'; and for cross-entropy the
            rows of every head sum to 0, as do the entries of a decayed bias.
Source      balancedness of critical points: Haeffele and Vidal (2015); for one task Zhu et al. (2021); stacked
            tasks and U'U'ᵀW' = λ_H W': here.

Letters (matrices of any size): W (R × d) and b stack the heads and biases of all tasks, so Σ_t λ_{W,t} W_tᵀW_t
is ‖D_W W‖² as a matrix, D_W = diag √λ_{W,t}, B = diag √λ_{b,t} (B = 0: free).  c_t (R × 1) is 1 on the rows of
task t.  E, H̃ = HEᵀ, W' = D_W W and D_W U' = GEᵀ are those of claim ``gap_anatomy``.
"""

from __future__ import annotations

import sympy as sp

from theory.lemmas import CHAIN_RULE, FERMAT
from theory.proof import Cited, Claim, Derivative, Given, Identity, Named, Using
from theory.proof.alphabet import Alphabet
from theory.proof.traces import Trace, Word, identity, letter, nothing

x = Alphabet()
lam = x.positive("λ_H", latex=r"\lambda_H")
lam_t, decay_t = x.positive("λ_W,t", latex=r"\lambda_{W,t}"), x.positive("λ_b,t", latex=r"\lambda_{b,t}")
tau = x.real("τ", latex=r"\tau")
z, rest, y = x.real("z_k", latex="z_k"), x.positive("S", latex="S"), x.real("y_k", latex="y_k")
others, conjugate = x.real("Φ_rest", latex=r"\Phi_{\neq k}"), x.real("Φ∗(y)", latex=r"\Phi^*(y)")
w, h, shift = x.real("w_kl", latex="w_{kl}"), x.real("h_l", latex="h_l"), x.real("c_k", latex="c_k")
slope = x.real("dℓ/dτ", latex=r"\tfrac{d}{d\tau}\textstyle\sum\omega\,\ell")

W, dW = letter("W", "R", "d"), letter("ΔW", "R", "d", r"\Delta W")
H, dH = letter("H", "d", "N"), letter("ΔH", "d", "N", r"\Delta H")
b, db = letter("b", "R", "1"), letter("Δb", "R", "1", r"\Delta b")
one, G = letter("1", "N", "1", r"\mathbf 1"), letter("G", "R", "N")
D_W, B = letter("D_W", "R", "R", symmetric=True), letter("B", "R", "R", symmetric=True)
D_inv = letter("D_W⁻¹", "R", "R", "D_W^{-1}", symmetric=True)
E, U_, W_, H_ = (
    letter("E", "C", "N"),
    letter("U'", "R", "C"),
    letter("W'", "R", "d"),
    letter("H̃", "d", "C", r"\tilde H"),
)
c = letter("c_t", "R", "1")
half = sp.Rational(1, 2)

gradient_W = D_W @ D_W @ W - G @ H.T
gradient_H = lam * H - W.T @ G
gradient_b = B @ B @ b - G @ one


def logits(weights: Word, features: Word, bias: Word) -> Word:
    """W H + b 1ᵀ."""
    return weights @ features + bias @ one.T


velocity = dW @ H + W @ dH + db @ one.T
penalty_slope = (D_W @ W).inner(D_W @ dW) + lam * H.inner(dH) + (B @ b).inner(B @ db)


def penalties(weights: Word, features: Word, bias: Word) -> Trace:
    """½‖D_W W‖² + ½λ_H‖H‖² + ½‖Bb‖²."""
    return half * (D_W @ weights).square() + half * lam * features.square() + half * (B @ bias).square()


def entry(phi: sp.Expr) -> sp.Expr:
    """ℓ as a function of one logit: Φ(z) + Φ*(y) − y_k z_k, the other logits fixed."""
    return phi + conjugate - y * z


logit = shift + w * h
p = sp.exp(z) / (rest + sp.exp(z))

GRADIENTS = (
    Derivative(
        name="cross-entropy in one logit",
        of=entry(sp.log(rest + sp.exp(z))),
        by=z,
        equals=p - y,
        because="S = Σ_{c≠k} e^{z_c}: any number of other classes; so ∂ℓ/∂z = softmax(z) − y",
    ),
    Derivative(
        name="squared error in one logit",
        of=entry(z**2 / 2 + others),
        by=z,
        equals=z - y,
        because="Φ = ½‖z‖², ∇Φ(z) = z",
    ),
    Derivative(
        name="cross-entropy in one weight",
        of=entry(sp.log(rest + sp.exp(z))).subs(z, logit),
        by=w,
        equals=(p - y).subs(z, logit) * h,
        because="z_k = w_{kl} h_l + c_k; an entry of −G_t Hᵀ, sample by sample",
    ),
    Derivative(
        name="cross-entropy in one bias",
        of=entry(sp.log(rest + sp.exp(z))).subs(z, logit),
        by=shift,
        equals=(p - y).subs(z, logit),
        because="an entry of −G_t 1, sample by sample",
    ),
    Identity(
        name="logits along a line",
        lhs=logits(W + tau * dW, H + tau * dH, b + tau * db),
        rhs=logits(W, H, b) + tau * velocity + tau**2 * (dW @ dH),
        because="so their velocity at τ = 0 is ΔW H + W ΔH + Δb 1ᵀ",
    ),
    Cited(
        name="loss along a line",
        lemma=CHAIN_RULE,
        roles={"slope": Trace({}) + slope, "pairing": -G.inner(velocity)},
        premises=("cross-entropy in one logit", "squared error in one logit", "logits along a line"),
        because="the gradient of Σ ω ℓ in the logits is Σ ω (p − y) = −G, for every Fenchel–Young loss",
    ),
    Identity(
        name="penalties along a line",
        lhs=penalties(W + tau * dW, H + tau * dH, b + tau * db),
        rhs=penalties(W, H, b) + tau * penalty_slope + tau**2 * penalties(dW, dH, db),
    ),
    Identity(
        name="gradients",
        lhs=Named("df/dτ", r"\frac{d}{d\tau} f\Big|_{\tau=0}", Trace({}) + slope + penalty_slope),
        rhs=gradient_W.inner(dW) + gradient_H.inner(dH) + gradient_b.inner(db),
        using=(Using("loss along a line"),),
        because="for every direction, so the left factors are the gradients; Σ_t is the product of the stacks",
        concludes=True,
    ),
    Cited(
        name="minimisers are critical points",
        lemma=FERMAT,
        roles={"gradient": gradient_W},
        premises=("gradients",),
        because="likewise in H and b: what follows holds at every minimiser, saddle or spurious minimum",
    ),
)

BALANCE = (
    Identity(
        name="balancedness",
        lhs=Named("Σ_t λ_W,t W_tᵀ W_t", r"\textstyle\sum_t \lambda_{W,t} W_t^{\top}W_t", W.T @ D_W @ D_W @ W),
        rhs=lam * (H @ H.T),
        using=(Using("critical in W", left=W.T), Using("critical in H", times=-1, right=H.T)),
        because="both are Wᵀ G Hᵀ; the left side is WᵀD_W²W for the stacked heads",
        concludes=True,
    ),
    Identity(
        name="equal penalties",
        lhs=Named("Σ_t λ_W,t ‖W_t‖²", r"\textstyle\sum_t \lambda_{W,t}\|W_t\|^2", (D_W @ W).square()),
        rhs=lam * H.square(),
        using=(Using("critical in W", left=W.T), Using("critical in H", times=-1, right=H.T)),
        because="the trace of balancedness: Σ_t λ_{W,t}‖W_t‖² = λ_H‖H‖²",
        concludes=True,
    ),
    Identity(
        name="penalties pay the margin",
        lhs=G.inner(W @ H),
        rhs=(D_W @ W).square(),
        using=(Using("critical in W", times=-1, left=W.T),),
        because="Euler: f minus its loss is homogeneous of degree 2 in (W, H)",
    ),
    Identity(
        name="features are sums over tasks",
        lhs=lam * H,
        rhs=W.T @ G,
        using=(Using("critical in H"),),
        because="h_i = Σ_t ω_{t,i} W_tᵀ(y_{t,i} − p_{t,i})/λ_H: one part in the row space of each labelled head",
        concludes=True,
    ),
)

RESIDUAL = (
    Identity(
        name="heads are dual to features",
        lhs=W_,
        rhs=U_ @ H_.T,
        using=(
            Using("critical in W", left=D_inv),
            Using("residuals agree within cells", left=D_inv, right=H.T),
            Using("scaled cell means", times=-1, left=D_inv @ G @ E.T, transposed=True),
            Using("scaled residual", times=-1, left=D_inv, right=H_.T),
            Using("D_W is invertible", right=U_ @ H_.T),
            Using("D_W is invertible", times=-1, right=D_W @ W),
            Using("scaled heads"),
        ),
        because="D_W² W = G Hᵀ = G Eᵀ H̃ᵀ = D_W U' H̃ᵀ",
        concludes=True,
    ),
    Identity(
        name="features are dual to heads",
        lhs=lam * H_.T,
        rhs=U_.T @ W_,
        using=(
            Using("scaled cell means", times=lam, transposed=True),
            Using("critical in H", left=E, transposed=True, times=1),
            Using("scaled residual", times=-1, transposed=True, right=W),
            Using("scaled heads", times=-1, left=U_.T),
        ),
        because="λ_H H̃ᵀ = E Gᵀ W = U'ᵀ D_W W",
        concludes=True,
    ),
    Identity(
        name="heads live where the residual has norm √λ_H",
        lhs=U_ @ U_.T @ W_,
        rhs=lam * W_,
        using=(Using("features are dual to heads", times=-1, left=U_), Using("heads are dual to features", times=-lam)),
        because="U'U'ᵀW' = λ_H U'H̃ᵀ = λ_H W': every direction that a head uses is singular for U', with value √λ_H",
        concludes=True,
    ),
)

CENTRED = (
    Identity(
        name="rows of a head sum to 0",
        lhs=Named("λ_W,t 1ᵀ W_t", r"\lambda_{W,t}\,\mathbf 1^{\top} W_t", lam_t * (c.T @ W)),
        rhs=nothing(c.T @ W),
        using=(
            Using("one decay a task", times=-1, right=W),
            Using("critical in W", left=c.T),
            Using("residuals sum to 0 over classes", right=H.T),
        ),
        because="cross-entropy: targets and predictions both add up to 1",
        concludes=True,
    ),
    Identity(
        name="a decayed bias sums to 0",
        lhs=Named("λ_b,t 1ᵀ b_t", r"\lambda_{b,t}\,\mathbf 1^{\top} b_t", decay_t * (c.T @ b)),
        rhs=nothing(c.T @ b),
        using=(
            Using("one bias decay a task", times=-1, right=b),
            Using("critical in b", left=c.T),
            Using("residuals sum to 0 over classes", right=one),
        ),
        concludes=True,
    ),
)

CLAIM = Claim(
    name="stationarity",
    title="Gradients, and what holds at every critical point: balanced factors, centred heads",
    alphabet=x,
    hypotheses=(
        "any Fenchel–Young loss, targets, weights and missing labels; any bias (B = 0: free), any feature dimension",
        "residuals sum to 0 over classes: cross-entropy only",
        Given("critical in W", D_W @ D_W @ W, G @ H.T),
        Given("critical in H", lam * H, W.T @ G),
        Given("critical in b", B @ B @ b, G @ one),
        Given("scaled heads", W_, D_W @ W),
        Given("scaled cell means", H_, H @ E.T),
        Given("scaled residual", D_W @ U_, G @ E.T),
        Given("residuals agree within cells", G, G @ E.T @ E),
        Given("D_W is invertible", D_inv @ D_W, identity("R")),
        Given("one decay a task", c.T @ D_W @ D_W, lam_t * c.T),
        Given("one bias decay a task", c.T @ B @ B, decay_t * c.T),
        Given("residuals sum to 0 over classes", c.T @ G, nothing(c.T @ G)),
    ),
    steps=GRADIENTS + BALANCE + RESIDUAL + CENTRED,
    source="Haeffele and Vidal (2015); one task: Zhu et al. (2021); stacked tasks: this suite",
)
