r"""Landscape: a critical point is a global minimum or has an explicit direction of negative curvature.

Hypotheses  any Fenchel–Young loss with smooth Φ, targets, weights, missing labels, any bias; a critical point
            (W, H, b); U' the scaled residual at its predictions q = ∇Φ(z), σ its largest singular value.
Statement   If σ <= √λ_H, the point is a global minimum, whatever d.  If σ > √λ_H and rank W < d, the direction

                δW' = ε λ_H^{1/4} u rᵀ,   δH̃ = ε λ_H^{−1/4} r vᵀ,   W'r = 0, U'v = σu, unit vectors,

            changes f by at most −ε²(σ − √λ_H) + β ε⁴/2 and at least −ε²(σ − √λ_H): a strict saddle, at least
            (σ − √λ_H)²/(2β) above the minimum.  With d >= R for any loss, and with d >= Σ(K_t − 1) for
            cross-entropy, every critical point is one or the other, so no local minimum is spurious.
            For d below the smallest rank of the relaxation's minimisers the converse of the first part fails.
Source      direction and d > K for one task: Zhu et al. (2021); criterion: Haeffele and Vidal (2015); several tasks,
            exact curvature, decrease, d = Σ(K_t − 1) at full rank: here.  (K − 1 in place of d > K for one task.)

The case d = rank W needs no direction: there U'U'ᵀW' = λ_H W' makes U' a multiple of a partial isometry, so that the
criterion holds.  H̃ has a column a cell: at a critical point features agree within cells (claim ``cells``).
P projects onto the columns that residuals can have: P = I in general; for cross-entropy the vectors that are
centred within every task, for both y and q sum to 1 (so for every loss with predictions on the simplex).
"""

from __future__ import annotations

import sympy as sp

from theory import closed_forms as forms
from theory import landscape
from theory.claims import SYMBOLIC, cells, stationarity
from theory.claims import gap_anatomy as anatomy
from theory.lemmas import (
    CAUCHY_SCHWARZ,
    DESCENT,
    FENCHEL_YOUNG_EQUALITY,
    RANK_NULLITY,
    RANK_OF_PRODUCT,
    TANGENT,
)
from theory.proof import (
    Cited,
    Claim,
    EqualityCase,
    Given,
    Identity,
    Inequality,
    Named,
    Slack,
    Square,
    Sum,
    Using,
)
from theory.proof.traces import Trace, Word, identity, letter, trace

x = anatomy.x.part(
    anatomy.lam, anatomy.omega, anatomy.phi, anatomy.conj_y, anatomy.conj_q, anatomy.yz, anatomy.qz, anatomy.operator,
    anatomy.nuclear,
)  # fmt: skip
lam = anatomy.lam
sigma, beta = x.positive("σ", latex=r"\sigma"), x.positive("β", latex=r"\beta")
eps = x.real("ε", latex=r"\varepsilon")
step = x.nonnegative("ε²", latex=r"\varepsilon^2")
excess = x.positive("σ−√λ_H", latex=r"(\sigma-\sqrt{\lambda_H})")
before, after = x.real("L(Z')"), x.real("L(Z'+ε²uvᵀ)", latex=r"L(Z'+\varepsilon^2uv^{\top})")
K_t, rank = x.integer("K_t", least=2), x.integer("rank W", latex=r"\operatorname{rank} W")
s_, cosine = x.nonnegative("s"), x.nonnegative("⟨a,b⟩", latex=r"\langle a,b\rangle")

W_, H_, U_ = anatomy.W_, anatomy.H_, anatomy.U_
B, b, v_bias = anatomy.B, anatomy.b, anatomy.v
u, v, r = letter("u", "R", "1"), letter("v", "C", "1"), letter("r", "d", "1")
P, c_t = letter("P", "R", "R", symmetric=True), letter("c_t", "R", "1")
right_inverse, X = letter("X", "d", "R"), letter("V", "C", "m")
half, root = sp.Rational(1, 2), sp.sqrt(lam)
quarter = sp.sqrt(root)

dW, dH = eps * quarter * (u @ r.T), eps / quarter * (r @ v.T)
gap = anatomy.objective + half * (B @ b).square() - (Trace({}) + anatomy.dual_data - half * v_bias.square())
gap_free = anatomy.objective - anatomy.dual_data + anatomy.r.inner(b)
penalty = half * W_.square() + half * lam * H_.square()
penalty_after = half * (W_ + dW).square() + half * lam * (H_ + dH).square()
form = lam * identity("C") - U_.T @ U_
vanishing = (
    Using("no prediction gap"),
    Using("gap_anatomy::alignment and balance without singular values"),
    Using("shared terms vanish"),
    Using("no variability within cells", times=lam / 2),
)
change = Named("f(ε) − f(0)", r"f(\varepsilon) - f(0)", after + penalty_after - before - penalty)
narrow = landscape.NARROW_VALUE
seven = sp.Rational(narrow.numerator, narrow.denominator)
narrow_value = (s_**2 - 2 * s_ * cosine + 2) / 4 + s_ / 4
one, two = sp.Integer(1), sp.Integer(2)
relaxed = 2 * forms.soft_threshold_value(one, one, two, one, sp.Rational(1, 16), True, SYMBOLIC)

CLAIM = Claim(
    name="landscape",
    title="Every critical point is a global minimum or a strict saddle, from d = Σ(K_t − 1) on",
    alphabet=x,
    hypotheses=(
        "a critical point of f, q = ∇Φ(z), r_t = λ_{b,t} b_t (r = 0 under a free bias); any loss, labels and d",
        "the gradient of the data term L as a function of Z' is β-Lipschitz, β = L_Φ max ω_{t,j}/(n_j λ_{W,t})",
        Given("stationarity in W", W_, U_ @ H_.T, "stationarity::heads are dual to features"),
        Given("stationarity in H", lam * H_, W_.T @ U_, "stationarity::features are dual to heads"),
        Given("stationarity in b", B @ b, v_bias),
        Given("⟨r, b⟩ = 0: free bias or none", anatomy.r.inner(b), Trace({})),
        Given("no prediction gap", anatomy.prediction, Sum(anatomy.SAMPLES, 0)),
        Given("no variability within cells", anatomy.within.value, Trace({}), "cells::collapse within the cell"),
        Given("unit u", u.square(), Trace({}) + 1),
        Given("unit v", v.square(), Trace({}) + 1),
        Given("vᵀv = 1", v.T @ v, identity("1")),
        Given("unit r", r.T @ r, identity("1")),
        Given("singular pair", U_ @ v, sigma * u),
        Given("residuals lie in the range of P", P @ U_, U_),
        Given("rank W' = rank P: a right inverse", W_ @ right_inverse, P),
        Given("residuals of a task sum to 0 (cross-entropy)", c_t.T @ U_, Word({}, "1", "C")),
    ),
    relies_on=(anatomy.CLAIM, stationarity.CLAIM, cells.CLAIM),
    steps=(
        Cited(
            name="prediction gap of one label",
            lemma=FENCHEL_YOUNG_EQUALITY,
            roles={"phi": anatomy.phi, "conjugate": anatomy.conj_q, "inner": anatomy.qz},
            because="q = ∇Φ(z): so the prediction term of the gap anatomy is 0",
        ),
        Identity(
            name="shared terms vanish",
            lhs=anatomy.shared_terms,
            rhs=Trace({}),
            using=(
                Using("stationarity in W", times=half, left=(W_ - U_ @ H_.T).T),
                Using("stationarity in H", times=half, left=H_.T),
                Using("stationarity in W", times=half, left=H_ @ U_.T),
            ),
            because="W' = U'H̃ᵀ, and (λ_H I − U'ᵀU')H̃ᵀ = λ_H H̃ᵀ − U'ᵀW' = 0",
        ),
        Identity(
            name="the gap of a critical point is 0",
            lhs=Named("f − D(q)", "f - D(q)", gap),
            rhs=Trace({}),
            using=(
                Using("gap_anatomy::gap anatomy"),
                *vanishing,
                Using("stationarity in b", times=half, left=(B @ b - v_bias).T),
            ),
            because="where ‖U'‖_op ≤ √λ_H, q is feasible and D(q) a lower bound for every d, which f attains",
            concludes=True,
        ),
        Identity(
            name="the same, free bias or none",
            lhs=Named("f − D(q)", "f - D(q)", gap_free),
            rhs=Trace({}),
            using=(Using("gap_anatomy::gap anatomy, free bias or none"), *vanishing),
            because="⟨r, b⟩ = 0",
            concludes=True,
        ),
        Identity(
            name="balance",
            lhs=lam * (H_ @ H_.T),
            rhs=W_.T @ W_,
            using=(
                Using("stationarity in H", right=H_.T),
                Using("stationarity in W", times=-1, left=W_.T),
            ),
            because="λ_H H̃H̃ᵀ = W'ᵀU'H̃ᵀ = W'ᵀW'",
            concludes=True,
        ),
        Cited(
            name="a direction that the heads do not see",
            lemma=RANK_NULLITY,
            roles={"image": W_ @ r, "zero": Word({}, "R", "1")},
            because="rank W < d",
        ),
        Identity(
            name="features along it",
            lhs=lam * (H_.T @ r).square(),
            rhs=Trace({}),
            using=(
                Using("balance", left=r.T, right=r),
                Using("a direction that the heads do not see", left=r.T @ W_.T),
            ),
            because="λ_H‖H̃ᵀr‖² = ‖W'r‖² = 0",
        ),
        EqualityCase(
            name="the features do not see it either",
            of="features along it",
            by=((lam, Square(H_.T @ r)),),
            summand=0,
            because="λ_H > 0",
        ),
        Identity(
            name="logits along the direction",
            lhs=(W_ + dW) @ (H_ + dH),
            rhs=W_ @ H_ + eps**2 * (u @ v.T),
            using=(
                Using("a direction that the heads do not see", times=eps / quarter, right=v.T),
                Using("the features do not see it either", times=eps * quarter, left=u, transposed=True),
                Using("unit r", times=eps**2, left=u, right=v.T),
            ),
            because="exactly, for every ε",
        ),
        Identity(
            name="penalties along the direction",
            lhs=penalty_after,
            rhs=penalty + eps**2 * root,
            using=(
                Using("a direction that the heads do not see", times=eps * quarter, left=u.T),
                Using("the features do not see it either", times=eps * quarter**3, left=v.T),
                Using("unit r", times=eps**2 * root / 2, left=u.T @ u),
                Using("unit u", times=eps**2 * root / 2),
                Using("unit r", times=eps**2 * root / 2, left=v.T @ v),
                Using("unit v", times=eps**2 * root / 2),
            ),
            because="both halves grow by ½ ε² √λ_H, the cross terms vanish",
        ),
        Identity(
            name="slope of the data term",
            lhs=U_.inner(u @ v.T),
            rhs=Trace({}) + sigma,
            using=(Using("singular pair", left=u.T), Using("unit u", times=sigma)),
            because="∇L(Z') = −U', ⟨U', uvᵀ⟩ = σ",
        ),
        Identity(
            name="size of the change of Z'",
            lhs=(eps**2 * (u @ v.T)).square(),
            rhs=Trace({}) + eps**4,
            using=(Using("vᵀv = 1", times=eps**4, left=u, right=u.T), Using("unit u", times=eps**4)),
        ),
        Cited(
            name="data term from above",
            lemma=DESCENT,
            roles={
                "bound": Trace({}) + before - eps**2 * U_.inner(u @ v.T) + beta / 2 * (eps**2 * (u @ v.T)).square(),
                "value": Trace({}) + after,
            },
            because="β-Lipschitz gradient",
        ),
        Cited(
            name="data term from below",
            lemma=TANGENT,
            roles={
                "value": Trace({}) + after,
                "tangent": Trace({}) + before - eps**2 * U_.inner(u @ v.T),
            },
            because="convex loss",
        ),
        Inequality(
            name="f falls along the direction",
            lhs=change,
            op="<=",
            rhs=Trace({}) + landscape.escape_change(eps**2, sigma, beta, lam, SYMBOLIC),
            by=((Slack("data term from above"),),),
            using=(
                Using("penalties along the direction", times=-1),
                Using("slope of the data term", times=eps**2),
                Using("size of the change of Z'", times=-beta / 2),
            ),
            because="the second-order term is −ε²(σ − √λ_H): negative curvature, a strict saddle",
            concludes=True,
        ),
        Inequality(
            name="the second-order term is exact",
            lhs=change,
            op=">=",
            rhs=Trace({}) - eps**2 * (sigma - root),
            by=((Slack("data term from below"),),),
            using=(
                Using("penalties along the direction"),
                Using("slope of the data term", times=-(eps**2)),
            ),
            because="convexity of the loss",
            concludes=True,
        ),
        Identity(
            name="guaranteed decrease",
            lhs=Named(
                "bound at ε² = (σ − √λ_H)/β",
                r"\textstyle-\varepsilon^2(\sigma-\sqrt{\lambda_H})+\tfrac\beta2\varepsilon^4\Big|_{\varepsilon^2=(\sigma-\sqrt{\lambda_H})/\beta}",
                landscape.escape_change(landscape.best_step(sigma, beta, lam, SYMBOLIC), sigma, beta, lam, SYMBOLIC),
            ),
            rhs=-landscape.escape_decrease(sigma, beta, lam, SYMBOLIC),
            because="such a point is at least (σ − √λ_H)²/(2β) above the minimum",
            concludes=True,
        ),
        Inequality(
            name="no step does better in the bound",
            lhs=landscape.escape_change(step, root + excess, beta, lam, SYMBOLIC),
            op=">=",
            rhs=-landscape.escape_decrease(root + excess, beta, lam, SYMBOLIC),
            by=((beta / 2, (step - excess / beta) ** 2),),
            because="a square; σ = √λ_H + (σ−√λ_H)",
        ),
        Identity(
            name="heads live where U' has singular value √λ_H",
            lhs=lam * W_,
            rhs=U_ @ U_.T @ W_,
            using=(
                Using("stationarity in W", times=lam),
                Using("stationarity in H", left=U_, transposed=True),
            ),
            because="λ_H W' = U'(λ_H H̃ᵀ) = U'U'ᵀW'",
        ),
        Identity(
            name="full rank: U' is √λ_H times a partial isometry",
            lhs=U_ @ U_.T,
            rhs=lam * P,
            using=(
                Using("heads live where U' has singular value √λ_H", times=-1, right=right_inverse),
                Using("rank W' = rank P: a right inverse", times=lam),
                Using("rank W' = rank P: a right inverse", times=-1, left=U_ @ U_.T),
                Using("residuals lie in the range of P", times=-1, left=U_, transposed=True),
            ),
            because="multiply by the right inverse of W'; U'ᵀP = U'ᵀ",
            concludes=True,
        ),
        Identity(
            name="full rank: feasibility as a square",
            lhs=form @ form,
            rhs=lam * form,
            using=(
                Using("full rank: U' is √λ_H times a partial isometry", left=U_.T, right=U_),
                Using("residuals lie in the range of P", times=lam, left=U_.T),
            ),
            because="U'ᵀU'U'ᵀU' = λ_H U'ᵀPU' = λ_H U'ᵀU'",
        ),
        Inequality(
            name="full rank: the criterion holds",
            lhs=Named(
                "tr(Vᵀ(λ_H I − U'ᵀU')V)",
                r"\operatorname{tr}\bigl(V^{\top}(\lambda_H I - U'^{\top}U')V\bigr)",
                trace(X.T @ form @ X),
            ),
            op=">=",
            rhs=sp.Integer(0),
            by=((1 / lam, Square(form @ X)),),
            using=(Using("full rank: feasibility as a square", times=-1 / lam, left=X.T, right=X),),
            because="λ_H I − U'ᵀU' ⪰ 0, so ‖U'‖_op ≤ √λ_H and the point is a global minimum",
            concludes=True,
        ),
        Identity(
            name="cross-entropy: every head is centred",
            lhs=c_t.T @ W_,
            rhs=Word({}, "1", "d"),
            using=(
                Using("stationarity in W", left=c_t.T),
                Using("residuals of a task sum to 0 (cross-entropy)", right=H_.T),
            ),
            because="c_t is 1 on the rows of task t: its residuals sum to 0, since y and q do to 1",
            concludes=True,
        ),
        Cited(
            name="cross-entropy: rank of the heads",
            lemma=RANK_OF_PRODUCT,
            roles={"inner": Sum("t", K_t - 1), "rank": rank},
            premises=("cross-entropy: every head is centred",),
            because="W' = PW' with rank P = Σ(K_t − 1): either rank W < d, or rank W = d = Σ(K_t − 1) = rank P",
            concludes=True,
        ),
        Cited(
            name="cosine",
            lemma=CAUCHY_SCHWARZ,
            roles={"norms": sp.Integer(1), "inner": cosine},
            because="unit vectors a, b of a rank-one Z' = s abᵀ",
        ),
        Inequality(
            name="narrow counterexample: its global minimum",
            lhs=Named("f on Z' = s abᵀ", r"f\big|_{Z' = s\,ab^{\top}}", narrow_value),
            op=">=",
            rhs=seven,
            by=((sp.Rational(1, 4), (s_ - half) ** 2), (s_ / 2, Slack("cosine"))),
            because="one binary task, squared error, no bias, λ_W = 1, λ_H = 1/16, d = 1: f ≥ ¼‖Z' − I‖² + ¼s",
            equality="s = 1/2, a = b",
            concludes=True,
        ),
        Inequality(
            name="narrow counterexample: the criterion fails at the global minimum",
            lhs=Named("‖½(I − ½aaᵀ)‖_op", r"\|\tfrac12(I-\tfrac12aa^{\top})\|_{\mathrm{op}}", sp.Max(half, half / 2)),
            op=">",
            rhs=Named("√λ_H", r"\sqrt{\lambda_H}", sp.sqrt(sp.Rational(1, 16))),
            because="d = 1 is below the smallest rank 2: were the criterion met, the relaxation would be attained",
            concludes=True,
        ),
        Inequality(
            name="narrow counterexample: the relaxation is lower",
            lhs=seven,
            op=">",
            rhs=Named("min (P)", r"\min\mathrm{(P)}", relaxed),
            because="two directions of singular value 1 (claim squared_error): 3/8",
            concludes=True,
        ),
    ),
    source="Zhu et al. (2021), one task, d > K; Haeffele and Vidal (2015), criterion; the rest: this suite",
)
