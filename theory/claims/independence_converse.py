r"""The converse: where single-task optima tell all classes apart, orthogonal heads mean independent labels.

Hypotheses  cross-entropy, every sample labelled for every task, ω_{t,i} = α_t/N; f* ≤ Σ_t f_t* (so where
            d ≥ the sum of the dimensions that the tasks need alone, claim ``independence``, and wherever (P) is tight);
            a global optimum with W_s W_tᵀ = 0 for all s ≠ t; of the tasks s and t each has r = 0 and rank W = K − 1 at
            its own optimum: uniform marginals and alive, or a free bias and no two classes merged.
Statement   The labels of s and t are independent.  And without any hypothesis on labels: heads that are pairwise
            orthogonal at a global optimum make its pieces (W_t, Π_t H, b_t) optima of the single tasks, and
            f* = Σ_t f_t*.  So f* < Σ_t f_t* proves that at *no* global optimum all heads are orthogonal.
Source      this suite.

Letters as in claim ``independence``, with single tasks for groups; r stands for all tasks before s, their heads
stacked in W_r; Π = Wᵀ X W is the projection onto the row space of W (X = (W Wᵀ)⁺), n_s = E_s σ the label counts.
"""

from __future__ import annotations

import sympy as sp

from theory.claims import gap_anatomy as anatomy
from theory.claims import independence as forward
from theory.lemmas import FERMAT, LEFT_FACTOR
from theory.proof import Cited, Claim, EqualityCase, Given, Identity, Inequality, Named, Sum, Termwise, Using
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.symmetric import centring, ones
from theory.proof.symmetric import identity as unit
from theory.proof.traces import identity, letter, nothing

x = Alphabet()
N, K, u = forward.N, forward.K, forward.u
lam = x.positive("λ_H", latex=r"\lambda_H")
loss, heads = x.real("ℓ_t", latex=r"\ell_t"), x.nonnegative("‖W_t‖²", latex=r"\tfrac12\lambda_{W,t}\|W_t\|^2")
projected, rest = (
    x.nonnegative("‖Π_t H‖²", latex=r"\|\Pi_t H\|^2"),
    x.nonnegative("‖H − Σ_t Π_t H‖²", latex=r"\|H - \textstyle\sum_t \Pi_t H\|^2"),
)
optimum = x.real("f_t∗", latex="f_t^*")
half = sp.Rational(1, 2)
piece = loss + heads + half * lam * projected
least_piece = Condition("f_t∗ is the least value of task t", optimum, "<=", piece)
f = Sum("t", piece, half * lam * rest)

H, H_ = letter("H", "d", "N"), letter("H̃", "d", "C", r"\tilde H")
W_s, W_r = letter("W_s", "R_s", "d"), letter("W_r", "R_r", "d")
X_s, X_r = letter("X_s", "R_s", "R_s", symmetric=True), letter("X_r", "R_r", "R_r", symmetric=True)
Pi_s = letter("Π_s", "d", "d", r"\Pi_s", symmetric=True)
Pi_r = letter("Π_r", "d", "d", r"\Pi_r", symmetric=True)
left_over = H - Pi_r @ H - Pi_s @ H

# two tasks s and t at the optimum, scaled as in the gap anatomy
V_s, V_t = letter("W'_s", "R_s", "d"), letter("W'_t", "R_t", "d")
E_s, E_t, sigma = forward.E_s, forward.E_t, forward.sigma
A_s, C_t = forward.A_s, letter("C_t", "R_t", "L_t")
L_s, M_t = letter("L_s", "L_s", "R_s"), letter("M_t", "L_t", "R_t")
one_s, one_t = forward.one_s, forward.one_t
target_s = N * identity("L_s") - E_s @ sigma @ one_s.T
target_t = N * identity("L_t") - E_t @ sigma @ one_t.T

ADDITIVE = (
    Identity(
        name="projections of orthogonal heads",
        lhs=Pi_r @ Pi_s,
        rhs=nothing(Pi_r @ Pi_s),
        using=(
            Using("row space of the rest", right=Pi_s),
            Using("row space of s", left=W_r.T @ X_r @ W_r),
            Using("orthogonal heads", left=W_r.T @ X_r, right=X_s @ W_s),
        ),
        because="W_r W_sᵀ = 0",
    ),
    Identity(
        name="Π_s is a projection",
        lhs=Pi_s @ Pi_s,
        rhs=Pi_s,
        using=(
            Using("row space of s", right=Pi_s),
            Using("W_s Π_s = W_s", left=W_s.T @ X_s),
            Using("row space of s", times=-1),
        ),
    ),
    Identity(
        name="Π_r is a projection",
        lhs=Pi_r @ Pi_r,
        rhs=Pi_r,
        using=(
            Using("row space of the rest", right=Pi_r),
            Using("W_r Π_r = W_r", left=W_r.T @ X_r),
            Using("row space of the rest", times=-1),
        ),
    ),
    Identity(
        name="features split",
        lhs=H.square(),
        rhs=(Pi_r @ H).square() + (Pi_s @ H).square() + left_over.square(),
        using=(
            Using("Π_s is a projection", left=H.T, right=H, times=-2),
            Using("Π_r is a projection", left=H.T, right=H, times=-2),
            Using("projections of orthogonal heads", left=H.T, right=H, times=-2),
        ),
        because="Pythagoras, one task after the other: ‖H‖² = Σ_t ‖Π_t H‖² + ‖H − Σ_t Π_t H‖²",
    ),
    Identity(
        name="logits see the projection only",
        lhs=W_s @ Pi_s @ H,
        rhs=W_s @ H,
        using=(Using("W_s Π_s = W_s", right=H),),
        because="so f = Σ_t f_t(W_t, Π_t H, b_t) + ½λ_H ‖H − Σ_t Π_t H‖²",
    ),
    Inequality(
        name="orthogonal heads cost the single-task optima",
        lhs=Named("f", "f", f, by="features split"),
        op=">=",
        rhs=Sum("t", optimum),
        by=((Termwise("t", (piece - optimum,)),), (half * lam, rest)),
        where=(least_piece,),
        because="every piece is a value of its single-task objective",
        equality="every piece is a single-task optimum, and features live in the span of the heads",
        concludes=True,
    ),
    EqualityCase(
        name="every piece is a single-task optimum",
        of="orthogonal heads cost the single-task optima",
        summand=0,
        because="f* ≤ Σ_t f_t* (hypothesis; claim independence, orthogonal sum): so f* = Σ_t f_t*, with equality",
        concludes=True,
    ),
)

CONVERSE = (
    Cited(
        name="stationarity",
        lemma=FERMAT,
        roles={"gradient": V_s - A_s @ E_s @ H_.T},
        premises=("every piece is a single-task optimum",),
        because="in W_s; residual and logits of a task depend on its own label alone: its classes are the cells of "
        "its own problem (claim cells)",
    ),
    Identity(
        name="residual against logits",
        lhs=A_s @ E_s @ E_t.T @ C_t.T,
        rhs=nothing(A_s @ E_s @ E_t.T @ C_t.T),
        using=(
            Using("logits of task t", left=A_s @ E_s, times=-1, transposed=True),
            Using("stationarity", right=V_t.T, times=-1),
            Using("heads of s and t are orthogonal"),
        ),
        because="U'_s Z'_tᵀ = U'_s H̃ᵀ W'_tᵀ = W'_s W'_tᵀ = 0",
    ),
    Cited(
        name="left factor of the residual",
        lemma=LEFT_FACTOR,
        roles={"product": L_s @ A_s, "target": target_s},
        premises=("residual of rank K_s − 1 with r_s = 0",),
        because="A_s n_s = 0",
    ),
    Cited(
        name="left factor of the logits",
        lemma=LEFT_FACTOR,
        roles={"product": M_t @ C_t, "target": target_t},
        premises=("logits of rank K_t − 1 with C_t n_t = 0",),
    ),
    Identity(
        name="left factor under uniform marginals",
        lhs=Named(
            "(N/u) (I − J/K) · u (I − J/K)",
            r"\tfrac{N}{u} \bigl(I - \tfrac{1}{K} J\bigr) \cdot u \bigl(I - \tfrac{1}{K} J\bigr)",
            (N / u * centring(K)) @ (u * centring(K)),
        ),
        rhs=N * unit(K) - (N / K) * ones(K),
        because="claim single_source: residual and logits of a living balanced task are multiples of I − J/K",
    ),
    Identity(
        name="orthogonal heads: independent labels",
        lhs=N**2 * E_s @ E_t.T,
        rhs=N * E_s @ sigma @ (E_t @ sigma).T,
        using=(
            Using("residual against logits", left=L_s, right=M_t.T),
            Using("left factor of the residual", right=E_s @ E_t.T @ C_t.T @ M_t.T, times=-1),
            Using("left factor of the logits", left=target_s @ E_s @ E_t.T, transposed=True, times=-1),
            Using("labels of s", left=E_s @ sigma, right=E_t.T, times=N),
            Using("labels of t", left=N * E_s, right=(E_t @ sigma).T, times=1, transposed=True),
            Using("labels of s", left=E_s @ sigma, right=E_t.T @ one_t @ (E_t @ sigma).T, times=-1),
            Using("labels of t", left=E_s @ sigma @ sigma.T, right=(E_t @ sigma).T, times=-1, transposed=True),
            Using("labels of s and t", left=E_s @ sigma, right=(E_t @ sigma).T, times=-1),
        ),
        because="L_s A_s E_s E_tᵀ C_tᵀ M_tᵀ = (N I − n_s 1ᵀ) E_s E_tᵀ (N I − 1 n_tᵀ) = N² E_s E_tᵀ − N n_s n_tᵀ",
        concludes=True,
    ),
)

CLAIM = Claim(
    name="independence_converse",
    title="Orthogonal heads only for independent labels: the converse",
    alphabet=x.joined(forward.x),
    hypotheses=(
        "cross-entropy; every sample labelled for every task, ω = α_t/N; any number of tasks",
        least_piece,
        "f* ≤ Σ_t f_t*: d at least the sum of the dimensions that the tasks need alone, or (P) tight",
        "for the last conclusion, s and t: uniform marginals and alive, or a free bias and no classes merged",
        Given("orthogonal heads", W_r @ W_s.T, nothing(W_r @ W_s.T)),
        Given("row space of s", Pi_s, W_s.T @ X_s @ W_s),
        Given("row space of the rest", Pi_r, W_r.T @ X_r @ W_r),
        Given("W_s Π_s = W_s", W_s @ Pi_s, W_s),
        Given("W_r Π_r = W_r", W_r @ Pi_r, W_r),
        Given("heads of s and t are orthogonal", V_s @ V_t.T, nothing(V_s @ V_t.T)),
        Given("logits of task t", V_t @ H_, C_t @ E_t),
        Given("labels of s", one_s.T @ E_s, sigma.T),
        Given("labels of t", one_t.T @ E_t, sigma.T),
        Given("labels of s and t", sigma.T @ sigma, N * identity("1")),
        Given("residual of rank K_s − 1 with r_s = 0", A_s @ E_s @ sigma, nothing(A_s @ E_s @ sigma)),
        Given("logits of rank K_t − 1 with C_t n_t = 0", C_t @ E_t @ sigma, nothing(C_t @ E_t @ sigma)),
    ),
    steps=ADDITIVE + CONVERSE,
    source="this suite",
    relies_on=(anatomy.CLAIM, forward.CLAIM),
)
