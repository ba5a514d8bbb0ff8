r"""The convex relaxation: its value bounds f at every width, and f reaches it iff d is at least its smallest rank.

    (P)  F(M, b) = Σ_{t,j} ω_{t,j} ℓ(M_{t,j} + b_t, y_{t,j}) + √λ_H ‖Z'‖_* + ½‖Bb‖²,   Z'_{t,j} = √λ_{W,t} √n_j M_{t,j}
    (D)  D(q)    = Σ_{t,j} ω_{t,j} [Φ*(y) − Φ*(q)] − ½‖B⁻¹r‖²   subject to  ‖U'‖_op <= √λ_H

Hypotheses  any Fenchel–Young loss, targets, weights and missing labels, any bias (B = diag √λ_{b,t}; without a
            bias b = 0; under a free one B = 0 and r = 0).  For equality d >= rank Z'.
Statement   f(W, H, b) >= F(W'H̃, b) for every point of every width d.  If d >= r, the rank of a minimiser Z' of
            (P), then W' = λ_H^{1/4} P S^{1/2} V, H̃ = λ_H^{-1/4} Vᵀ S^{1/2} Qᵀ (VVᵀ = I) attains it; if f attains it
            then W'H̃ minimises (P), so that d >= the smallest rank among its minimisers, and
            W'W'ᵀ = √λ_H P S Pᵀ.  (D) <= (P), with equality only at q = ∇Φ(z), U'Q = √λ_H P, Bb = B⁻¹r.
            ‖Z'‖_* is the least ½(tr A + tr B) over positive semidefinite [[A, Z'], [Z'ᵀ, B]].
Source      Srebro, Rennie & Jaakkola (2004); Recht, Fazel & Parrilo (2010); Haeffele & Vidal (2015).

Letters (matrices of any size).  Sums run over the labelled tasks of the cells, where ω > 0.  Z' = P S Qᵀ is
the compact singular value decomposition, of rank r, and S^{1/2} the root of S, so that ‖Z'‖_* = tr S =
‖S^{1/2}‖².  H (d × N) holds a feature a sample, E (C × N) the normalised membership of samples in cells;
D_W = diag √λ_{W,t}, D_n = diag √n_j; G (R × C) the residual ω(y − q), D_W U' D_n = G.  X is the block matrix
of the semidefinite program, A = X_{11}, B = X_{22} its diagonal blocks, cut out by the selections L_1, L_2.
"""

from __future__ import annotations

import sympy as sp

from theory.lemmas import FENCHEL_YOUNG, FENCHEL_YOUNG_ZERO, JENSEN, RANK_OF_PRODUCT
from theory.proof import (
    Cited,
    Claim,
    EqualityCase,
    Given,
    Identity,
    Inequality,
    Named,
    Semidefinite,
    Slack,
    Square,
    Sum,
    Termwise,
    Using,
)
from theory.proof.alphabet import Alphabet
from theory.proof.traces import Trace, identity, letter, trace

x = Alphabet()
lam = x.positive("λ_H", latex=r"\lambda_H")
omega = x.positive("ω", latex=r"\omega_{t,j}")
data = x.real("Σ_i ℓ_i", latex=r"\textstyle\sum_{t,i}\omega_{t,i}\,\ell(W_th_i+b_t,y_{t,i})")
phi = x.real("Φ(z)", latex=r"\Phi(z_{t,j})")
conj_y, conj_q = x.real("Φ∗(y)", latex=r"\Phi^*(y_{t,j})"), x.real("Φ∗(q)", latex=r"\Phi^*(q_{t,j})")
yz = x.real("⟨y,z⟩", latex=r"\langle y_{t,j},z_{t,j}\rangle")
qz = x.real("⟨q,z⟩", latex=r"\langle q_{t,j},z_{t,j}\rangle")
q, gradient = x.real("q", latex="q_{t,j}"), x.real("∇Φ(z)", latex=r"\nabla\Phi(z_{t,j})")
minimum = x.real("min (P)", latex=r"\min\mathrm{(P)}")
excess = x.nonnegative("F(W'H̃,b) − min (P)", latex=r"\left[F(W'\tilde H,b)-\min\mathrm{(P)}\right]")
width, rank = x.integer("d"), x.integer("rank Z'", latex=r"\operatorname{rank} Z'")

P, Q, V = letter("P", "R", "r"), letter("Q", "C", "r"), letter("V", "r", "d")
root = letter("S^{1/2}", "r", "r", symmetric=True)
Z, M = letter("Z'", "R", "C"), letter("M", "R", "C")
D_W = letter("D_W", "R", "R", symmetric=True)
D_n = letter("D_n", "C", "C", symmetric=True)
W_, H_ = letter("W'", "R", "d"), letter("H̃", "d", "C", r"\tilde H")
H, E = letter("H", "d", "N"), letter("E", "C", "N")
B, b, v = letter("B", "R", "R", symmetric=True), letter("b", "R", "1"), letter("v", "R", "1")
U_, G, r, one = (
    letter("U'", "R", "C"),
    letter("G", "R", "C"),
    letter("r", "R", "1"),
    letter("1", "C", "1", r"\mathbf 1"),
)
X = letter("X", "R+C", "R+C", symmetric=True)
L_1, L_2 = letter("L_1", "R+C", "R"), letter("L_2", "R+C", "C")

CELLS = "t,j"
half = sp.Rational(1, 2)
feasible = Semidefinite("dual feasibility ‖U'‖_op ≤ √λ_H", lam * identity("C") - U_.T @ U_)
block = Semidefinite("positive semidefinite block matrix", X)

fit = Trace({}) + Sum(CELLS, omega * (phi + conj_y - yz))
#: tr S, printed as what it is
nuclear = Trace(root.square().terms, ((sp.Integer(1), lambda scalar, latex: r"\|Z'\|_*" if latex else "‖Z'‖_*"),))
decay = half * (B @ b).square()
objective = Trace({}) + data + half * W_.square() + half * lam * H.square() + decay
primal = fit + sp.sqrt(lam) * nuclear + decay
dual = Trace({}) + Sum(CELLS, omega * (conj_y - conj_q)) - half * v.square()
quarter = sp.sqrt(sp.sqrt(lam))
W_star, H_star = quarter * (P @ root @ V), (V.T @ root @ Q.T) / quarter
A, A_B, A_Z = L_1.T @ X @ L_1, L_2.T @ X @ L_2, L_1.T @ X @ L_2

#: What f exceeds (P) by: Jensen and scatter within cells, imbalance, parts of W', H̃ off the singular spaces of Z'
EXCESS = (
    (Slack("Jensen within cells"),),
    (half * lam, Square(H - H_ @ E)),
    (half, Square(P.T @ W_ - sp.sqrt(lam) * (Q.T @ H_.T))),
    (half, Square(W_ - P @ P.T @ W_)),
    (half * lam, Square(H_.T - Q @ Q.T @ H_.T)),
)
TO_PRODUCT = Using("Z' = W'H̃", times=-sp.sqrt(lam), left=Q @ P.T)
TO_SINGULAR = Using("singular value decomposition", times=sp.sqrt(lam), left=Q @ P.T)
ORTHONORMAL_P = Using("PᵀP = I", times=sp.sqrt(lam), right=root @ root @ Q.T @ Q)
ORTHONORMAL_Q = Using("QᵀQ = I", times=sp.sqrt(lam), left=root @ root)
PRODUCT_OF_FACTORS = (
    Using("scaled cell means", times=-lam, right=H_.T),
    Using("orthonormal membership", times=-half * lam, left=H_, right=H_.T),
    Using("PᵀP = I", times=-half, left=W_.T @ P, right=P.T @ W_),
    Using("QᵀQ = I", times=-half * lam, left=H_ @ Q, right=Q.T @ H_.T),
    TO_PRODUCT,
    TO_SINGULAR,
    ORTHONORMAL_P,
    ORTHONORMAL_Q,
)

CLAIM = Claim(
    name="relaxation",
    title="The relaxation is tight iff d reaches its smallest rank",
    alphabet=x,
    hypotheses=(
        "any Fenchel–Young loss, targets, weights, missing labels and bias",
        Given("singular value decomposition", Z, P @ root @ root @ Q.T),
        Given("PᵀP = I", P.T @ P, identity("r")),
        Given("QᵀQ = I", Q.T @ Q, identity("r")),
        Given("scaled logits", Z, D_W @ M @ D_n),
        Given("scaled cell means", H_, H @ E.T),
        Given("orthonormal membership", E @ E.T, identity("C")),
        Given("Z' = W'H̃", Z, W_ @ H_),
        Given("V has orthonormal rows (d ≥ r)", V @ V.T, identity("r")),
        Given("excess of (W'H̃, b) over the minimum of (P)", primal, minimum + excess),
        Given("scaled residual", D_W @ U_ @ D_n, G),
        Given("bias residual", r, G @ one),
        Given("scaled bias residual", r, B @ v),
        Given("weighted residual", Sum(CELLS, omega * (yz - qz)), G.inner(M + b @ one.T)),
        feasible,
        block,
        Given("off-diagonal block", A_Z, Z),
    ),
    steps=(
        Cited(
            name="Jensen within cells",
            lemma=JENSEN,
            roles={"total": Trace({}) + data, "at_mean": fit},
            because="h ↦ ℓ(Wh + b, y) is convex; the mean feature of a cell has the mean logits",
        ),
        Inequality(
            name="relaxation",
            lhs=objective,
            op=">=",
            rhs=primal,
            by=EXCESS,
            using=PRODUCT_OF_FACTORS,
            because="‖W'‖² = ‖PᵀW'‖² + ‖W' − PPᵀW'‖², likewise H̃, and ⟨PᵀW', QᵀH̃ᵀ⟩ = tr PᵀZ'Q = tr S",
            equality="no scatter within cells, PᵀW' = √λ_H QᵀH̃ᵀ, W' = PPᵀW', H̃ᵀ = QQᵀH̃ᵀ",
            concludes=True,
        ),
        Identity(
            name="the balanced factors have the logits of the minimiser",
            lhs=Named("W'_* H̃_*", r"W'_*\tilde H_*", W_star @ H_star),
            rhs=Z,
            using=(
                Using("V has orthonormal rows (d ≥ r)", left=P @ root, right=root @ Q.T),
                Using("singular value decomposition", times=-1),
            ),
            because="W'_* = λ_H^{1/4} P S^{1/2} V and H̃_* = λ_H^{-1/4} Vᵀ S^{1/2} Qᵀ; V exists iff d ≥ r",
            concludes=True,
        ),
        Identity(
            name="the balanced factors cost the nuclear norm",
            lhs=Named(
                "½‖W'_*‖² + ½λ_H‖H̃_*‖²",
                r"\tfrac12\|W'_*\|^2+\tfrac12\lambda_H\|\tilde H_*\|^2",
                half * W_star.square() + half * lam * H_star.square(),
            ),
            rhs=sp.sqrt(lam) * nuclear,
            using=(
                Using("V has orthonormal rows (d ≥ r)", times=half * sp.sqrt(lam), left=root @ P.T @ P @ root),
                Using("PᵀP = I", times=half * sp.sqrt(lam), left=root, right=root),
                Using("V has orthonormal rows (d ≥ r)", times=half * sp.sqrt(lam), left=root @ Q.T @ Q @ root),
                Using("QᵀQ = I", times=half * sp.sqrt(lam), left=root, right=root),
            ),
            because="so f = F at these factors, which share one feature within a cell",
            concludes=True,
        ),
        Inequality(
            name="no point is below the minimum of (P)",
            lhs=objective,
            op=">=",
            rhs=minimum,
            by=(*EXCESS, (excess,)),
            using=(*PRODUCT_OF_FACTORS, Using("excess of (W'H̃, b) over the minimum of (P)")),
            because="F(W'H̃, b) exceeds min (P) by something ≥ 0",
            equality="(W'H̃, b) minimises (P) and the factors are balanced",
            concludes=True,
        ),
        EqualityCase(
            name="a point that attains (P) has logits that minimise it",
            of="no point is below the minimum of (P)",
            summand=5,
            because="the excess of its logits vanishes",
            concludes=True,
        ),
        Cited(
            name="the width is at least the rank",
            lemma=RANK_OF_PRODUCT,
            roles={"inner": width, "rank": rank},
            premises=("Z' = W'H̃", "a point that attains (P) has logits that minimise it"),
            because="W' has d columns, and r is the rank of a minimiser of (P)",
            concludes=True,
        ),
        EqualityCase(name="balanced", of="no point is below the minimum of (P)", summand=2),
        EqualityCase(name="rows in the singular space", of="no point is below the minimum of (P)", summand=3),
        Identity(
            name="Gram matrix of the heads",
            lhs=W_ @ W_.T,
            rhs=Named("√λ_H P S Pᵀ", r"\sqrt{\lambda_H}\,P S P^{\top}", sp.sqrt(lam) * (P @ root @ root @ P.T)),
            using=(
                Using("rows in the singular space", right=W_.T),
                Using("rows in the singular space", left=P @ P.T @ W_, transposed=True),
                Using("balanced", left=P @ P.T @ W_, right=P.T, transposed=True),
                Using("Z' = W'H̃", times=-sp.sqrt(lam), left=P @ P.T, right=Q @ P.T),
                Using("singular value decomposition", times=sp.sqrt(lam), left=P @ P.T, right=Q @ P.T),
                Using("PᵀP = I", times=sp.sqrt(lam), left=P, right=root @ root @ Q.T @ Q @ P.T),
                Using("QᵀQ = I", times=sp.sqrt(lam), left=P @ root @ root, right=P.T),
            ),
            because="so the geometry of every optimal point is that of the minimiser of (P), up to one rotation",
            concludes=True,
        ),
        Cited(
            name="prediction gap of one cell",
            lemma=FENCHEL_YOUNG,
            roles={"phi": phi, "conjugate": conj_q, "inner": qz},
        ),
        Inequality(
            name="weak duality",
            lhs=primal,
            op=">=",
            rhs=dual,
            by=(
                (Termwise(CELLS, (omega, Slack("prediction gap of one cell"))),),
                (1 / (2 * sp.sqrt(lam)), Square(Q @ root, feasible)),
                (1 / (2 * sp.sqrt(lam)), Square(sp.sqrt(lam) * (P @ root) - U_ @ Q @ root)),
                (half, Square(B @ b - v)),
            ),
            using=(
                Using("weighted residual", times=-1),
                Using("scaled residual", times=1, left=M.T),
                Using("scaled logits", times=1, left=U_.T),
                Using("singular value decomposition", times=-1, left=U_.T),
                Using("bias residual", times=1, left=b.T),
                Using("scaled bias residual", times=-1, left=b.T),
                Using("PᵀP = I", times=-half * sp.sqrt(lam), left=root, right=root),
                Using("QᵀQ = I", times=-half * sp.sqrt(lam), left=root, right=root),
            ),
            because="Fenchel–Young cell by cell; 2√λ_H (√λ_H tr S − ⟨U', Z'⟩) is a sum of squares; a square for b",
            equality="q = ∇Φ(z) wherever ω > 0, U'Q = √λ_H P and Bb = B⁻¹r",
            concludes=True,
        ),
        EqualityCase(
            name="no gap: predictions",
            of="weak duality",
            summand=0,
            because="every term of the sum is 0, where ω > 0 its second factor",
        ),
        Cited(
            name="no gap: q is the prediction",
            lemma=FENCHEL_YOUNG_ZERO,
            roles={"prediction": q, "gradient": gradient},
            premises=("no gap: predictions",),
            because="wherever ω > 0",
            concludes=True,
        ),
        EqualityCase(
            name="no gap: the residual is aligned",
            of="weak duality",
            summand=2,
            because="S^{1/2} is invertible: U'Q = √λ_H P",
            concludes=True,
        ),
        EqualityCase(name="no gap: bias", of="weak duality", summand=3, because="v = B⁻¹r", concludes=True),
        Inequality(
            name="semidefinite form, lower bound",
            lhs=Named(
                "½(tr A + tr B)", r"\tfrac12(\operatorname{tr}A+\operatorname{tr}B)", half * (trace(A) + trace(A_B))
            ),
            op=">=",
            rhs=Named("‖Z'‖_*", r"\|Z'\|_*", nuclear),
            by=(
                (half, Square(L_1 @ P - L_2 @ Q, block)),
                (half, Square(L_1 - L_1 @ P @ P.T, block)),
                (half, Square(L_2 - L_2 @ Q @ Q.T, block)),
            ),
            using=(
                Using("PᵀP = I", times=-half, left=P.T @ A @ P),
                Using("QᵀQ = I", times=-half, left=Q.T @ A_B @ Q),
                Using("off-diagonal block", times=1, left=Q @ P.T),
                Using("singular value decomposition", times=1, left=Q @ P.T),
                Using("PᵀP = I", times=1, right=root @ root @ Q.T @ Q),
                Using("QᵀQ = I", times=1, left=root @ root),
            ),
            because="X ⪰ 0 tested on [P; −Q] and on the complements of P and Q",
            equality="A = PSPᵀ and B = QSQᵀ",
            concludes=True,
        ),
        Identity(
            name="semidefinite form, attained",
            lhs=Named(
                "½(tr PSPᵀ + tr QSQᵀ)",
                r"\tfrac12(\operatorname{tr}PSP^{\top}+\operatorname{tr}QSQ^{\top})",
                half * trace(P @ root @ root @ P.T) + half * trace(Q @ root @ root @ Q.T),
            ),
            rhs=nuclear,
            using=(
                Using("PᵀP = I", times=half, left=root, right=root),
                Using("QᵀQ = I", times=half, left=root, right=root),
            ),
            because="A = PSPᵀ, B = QSQᵀ: then [[A, Z'], [Z'ᵀ, B]] = [PS^{1/2}; QS^{1/2}][PS^{1/2}; QS^{1/2}]ᵀ ⪰ 0",
            concludes=True,
        ),
    ),
    source="Srebro, Rennie and Jaakkola (2004); Recht, Fazel and Parrilo (2010); Haeffele and Vidal (2015)",
)
