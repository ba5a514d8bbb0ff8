r"""Squared error: the optimum soft-thresholds the labels, and its Gram matrices are functions of their second moment.

Hypotheses  squared error ½‖z − y‖²; every sample labelled for every task, ω_{t,j} = α_t n_j/N, α_t/λ_{W,t} = κ for
            all t; no bias, or a free one; any joint distribution of the labels, any targets.
Statement   Let Y = [√λ_{W,t} √n_j y_{t,j}], under a free bias centred (Y s = 0, s = [√n_j]), with the singular value
            decomposition Y = P₁S₁Q₁ᵀ + P₂S₂Q₂ᵀ, S₁ = D₁ + τI above and S₂ at most τ = √λ_H N/κ.  Then

                f >= κ/(2N) (‖Y‖² − ‖Z*‖²),     Z* = P₁D₁Q₁ᵀ,

            attained iff d >= rank Z*; at every minimiser Z' = Z* and W'W'ᵀ = √λ_H ((YYᵀ)^{1/2} − τI)_+; under a free
            bias features live in the span of Q₁: a direction at the threshold carries none.
            A direction of eigenvalue s² of the second moment lives iff λ_W λ_H < α² s²/N.
Source      free bias and regression: Andriopoulos et al. (2024), Theorem 4.1; no bias, one balanced task: Tirer
            and Bruna (2022); stacked tasks, thresholds by direction, every minimiser: here.

f − lower bound is written as a sum of squares: where they vanish is the geometry, for every minimiser, and no
optimality condition is solved.  β is the bias less the mean of the labels, both scaled by √λ_{W,t}.
Balanced independent labels: claim ``squared_error_balanced``.
"""

from __future__ import annotations

import sympy as sp

from theory import closed_forms as forms
from theory import second_moment as moments
from theory.claims import SYMBOLIC
from theory.lemmas import POSITIVE_PART, RANK_OF_GRAM, SINGULAR_VALUES
from theory.proof import (
    Cited,
    Claim,
    EqualityCase,
    Equivalence,
    Given,
    Identity,
    Inequality,
    Let,
    Named,
    Semidefinite,
    Square,
    Sum,
    Using,
)
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.traces import Trace, Word, identity, letter, trace

x = Alphabet()
lam = x.positive("λ_H", latex=r"\lambda_H")
lam_w = x.positive("λ_W", latex=r"\lambda_W")
kappa = x.positive("κ", latex=r"\kappa")
alpha = x.positive("α", latex=r"\alpha")
N = x.integer("N")
d, living = x.integer("d"), x.integer("rank Z*", latex=r"\operatorname{rank} Z^*")
s = x.positive("s")
sigma_i, sigma_k = x.positive("σ_i", latex=r"\sigma_i"), x.positive("σ_k", latex=r"\sigma_k")
tau = moments.singular_threshold(N, kappa, lam, SYMBOLIC)
half = sp.Rational(1, 2)
unit = kappa / (2 * N)
quarter = sp.sqrt(sp.sqrt(lam))
W, H = letter("W'", "R", "d"), letter("H̃", "d", "C", r"\tilde H")
P_1, Q_1 = letter("P₁", "R", "a", "P_1"), letter("Q₁", "C", "a", "Q_1")
P_2, Q_2 = letter("P₂", "R", "c", "P_2"), letter("Q₂", "C", "c", "Q_2")
D_1, S_2 = letter("D₁", "a", "a", "D_1", symmetric=True), letter("S₂", "c", "c", "S_2", symmetric=True)
V = letter("D₁^{1/2}", "a", "a", "D_1^{1/2}", symmetric=True)
e, beta = letter("s", "C", "1"), letter("β", "R", "1", r"\beta")
v = letter("v", "R", "1")
S_1 = D_1 + tau * identity("a")
Y = P_1 @ S_1 @ Q_1.T + P_2 @ S_2 @ Q_2.T
Z = P_1 @ D_1 @ Q_1.T
U = kappa / N * (Y - Z)
root = P_1 @ S_1 @ P_1.T + P_2 @ S_2 @ P_2.T
part = P_1 @ D_1 @ P_1.T
outside_left = identity("R") - P_1 @ P_1.T - P_2 @ P_2.T
outside = identity("C") - Q_1 @ Q_1.T - Q_2 @ Q_2.T
below = Semidefinite("S₂ at most τ", tau * identity("c") - S_2)
squares_below = Semidefinite("S₂² at most τ²", tau**2 * identity("c") - S_2 @ S_2)
dead_weight = (kappa / N) ** 2
gap_form = lam * (outside @ outside) + dead_weight * (Q_2 @ squares_below.matrix @ Q_2.T)
moreau = tau * (outside_left @ outside_left) + P_2 @ below.matrix @ P_2.T
halves = half * W.square() + half * lam * H.square()
f_plain = unit * (W @ H - Y).square() + halves
f_bias = unit * (W @ H + beta @ e.T - Y).square() + halves
bound = unit * (Y.square() - Z.square())
spread = Square(outside @ H.T)
dead = Square(Q_2.T @ H.T, squares_below)


def squares(logits: Word) -> tuple[tuple[object, object], ...]:
    """The gap as products: prediction, duality, features outside the label space, features in dead directions."""
    return (
        (unit, Square(logits - Z)),
        (half, Square(W - U @ H.T)),
        (half * lam, spread),
        (half * dead_weight, dead),
    )


def orthonormal(name: str, left: Word, right: Word, times: sp.Expr = 1, transposed: bool = False) -> Using:
    """left (PᵀP − I) right of a pair of factors."""
    return Using(name, times=times, left=left, right=right, transposed=transposed)


bound_named = Named("κ/(2N) (‖Y‖² − ‖Z*‖²)", r"\tfrac{\kappa}{2N}\bigl(\|Y\|^{2} - \|Z^*\|^{2}\bigr)", bound)
f_at_point = unit * (Z - Y).square() + half * sp.sqrt(lam) * ((P_1 @ V).square() + (V @ Q_1.T).square())
f_named = Named("f(W, H)", "f(W, H)", f_plain)
f_bias_named = Named("f(W, H, b)", "f(W, H, b)", f_bias)
by_direction = (Let(kappa, alpha / lam_w, "κ = α/λ_W"),)

DEAD_DIRECTIONS = (
    EqualityCase(
        name="features in a direction below the threshold",
        of="lower bound under a free bias",
        summand=3,
        because="fourth square: 0 where σ < τ",
    ),
    Identity(
        name="size of the heads in dead directions",
        lhs=(P_2.T @ W).square(),
        rhs=Trace({}),
        using=(
            Using("self-duality, free bias", left=P_2.T @ W, right=P_2, transposed=True),
            Using("logits of every minimiser, free bias", left=P_2.T, right=U.T @ P_2),
            orthonormal("P₁ ⟂ P₂", P_2.T @ beta @ e.T @ Q_1, identity("c"), -tau * kappa / N),
            Using("Q₂ is centred", -kappa / N, P_2.T @ beta, S_2 @ P_2.T @ P_2, transposed=True),
            Using("P₁ ⟂ P₂", right=D_1 @ Q_1.T @ U.T @ P_2, transposed=True),
        ),
        because="tr P₂ᵀZ'U'ᵀP₂, and P₂ᵀZ' = 0",
    ),
    EqualityCase(
        name="heads do not see dead directions",
        of="size of the heads in dead directions",
        by=((Square(P_2.T @ W),),),
        summand=0,
    ),
    Identity(
        name="features in a direction at the threshold",
        lhs=S_2 @ Q_2.T @ H.T,
        rhs=Word({}, "c", "d"),
        using=(
            Using("heads do not see dead directions", times=N / kappa),
            Using("self-duality, free bias", times=-N / kappa, left=P_2.T),
            orthonormal("orthonormal P₂", identity("c"), S_2 @ Q_2.T @ H.T, -1),
            orthonormal("P₁ ⟂ P₂", identity("c"), Q_1.T @ H.T, -tau, transposed=True),
        ),
        because="P₂ᵀW' = P₂ᵀU'H̃ᵀ = (κ/N) S₂Q₂ᵀH̃ᵀ",
    ),
    Identity(
        name="dead directions carry no feature",
        lhs=Q_2.T @ H.T,
        rhs=Word({}, "c", "d"),
        using=(
            Using("features in a direction below the threshold", times=1 / tau**2),
            Using("features in a direction at the threshold", times=1 / tau**2, left=S_2),
        ),
        because="(τ² − S₂²) + S₂² = τ²: not below the threshold, nor at it",
        concludes=True,
    ),
)

CLAIM = Claim(
    name="squared_error",
    title="Squared error: soft-thresholded labels, for any second moment",
    alphabet=x,
    hypotheses=(
        "squared error; every label given; ω_{t,j} = α_t n_j/N, and α_t/λ_{W,t} = κ is one number for all tasks",
        "Y = P₁S₁Q₁ᵀ + P₂S₂Q₂ᵀ, S₁ = D₁ + τI with D₁ > 0 diagonal, S₂ ≥ 0 diagonal: a singular value decomposition",
        "under a free bias Y is centred",
        Given("orthonormal P₁", P_1.T @ P_1, identity("a")),
        Given("orthonormal P₂", P_2.T @ P_2, identity("c")),
        Given("P₁ ⟂ P₂", P_1.T @ P_2, Word({}, "a", "c")),
        Given("orthonormal Q₁", Q_1.T @ Q_1, identity("a")),
        Given("orthonormal Q₂", Q_2.T @ Q_2, identity("c")),
        Given("Q₁ ⟂ Q₂", Q_1.T @ Q_2, Word({}, "a", "c")),
        Given("root of D₁", V @ V, D_1),
        Given("Q₁ is centred", Q_1.T @ e, Word({}, "a", "1")),
        Given("Q₂ is centred", Q_2.T @ e, Word({}, "c", "1")),
        Given("N samples", e.T @ e, N * identity("1")),
        below,
        squares_below,
    ),
    steps=(
        Identity(
            name="dual feasibility",
            lhs=lam * identity("C") - U.T @ U,
            rhs=gap_form,
            using=(
                orthonormal("orthonormal P₁", Q_1, Q_1.T, -lam),
                orthonormal("P₁ ⟂ P₂", Q_1, S_2 @ Q_2.T, -dead_weight * tau),
                orthonormal("P₁ ⟂ P₂", Q_2 @ S_2, Q_1.T, -dead_weight * tau, transposed=True),
                orthonormal("orthonormal P₂", Q_2 @ S_2, S_2 @ Q_2.T, -dead_weight),
                orthonormal("orthonormal Q₁", Q_1, Q_1.T, -lam),
                orthonormal("orthonormal Q₂", Q_2, Q_2.T, -lam),
                orthonormal("Q₁ ⟂ Q₂", Q_1, Q_2.T, -lam),
                orthonormal("Q₁ ⟂ Q₂", Q_2, Q_1.T, -lam, transposed=True),
            ),
            because="U' = κ/N (Y − Z*) = κ/N (τ P₁Q₁ᵀ + P₂S₂Q₂ᵀ) has singular values √λ_H and at most √λ_H",
        ),
        Inequality(
            name="lower bound without a bias",
            lhs=f_named,
            op=">=",
            rhs=bound_named,
            by=squares(W @ H),
            using=(Using("dual feasibility", times=half, left=H, right=H.T),),
            because="a sum of squares",
            equality="Z' = Z*, W' = U'H̃ᵀ and U'ᵀU'H̃ᵀ = λ_H H̃ᵀ",
            concludes=True,
        ),
        Inequality(
            name="lower bound under a free bias",
            lhs=f_bias_named,
            op=">=",
            rhs=bound_named,
            by=squares(W @ H + beta @ e.T),
            using=(
                Using("dual feasibility", times=half, left=H, right=H.T),
                Using("Q₁ is centred", times=-tau * kappa / N, left=beta.T @ P_1),
                Using("Q₂ is centred", times=-kappa / N, left=beta.T @ P_2 @ S_2),
            ),
            because="the same squares: the residual Y − Z* is centred, so it does not see the bias",
            equality="moreover b_t is the mean target of task t",
            concludes=True,
        ),
        Identity(
            name="logits of the point W' = λ_H^{1/4} P₁D₁^{1/2}, H̃ = λ_H^{−1/4} D₁^{1/2}Q₁ᵀ",
            lhs=(quarter * (P_1 @ V)) @ (V @ Q_1.T / quarter),
            rhs=Z,
            using=(Using("root of D₁", left=P_1, right=Q_1.T),),
            because="D₁^{1/2}D₁^{1/2} = D₁; zero columns pad it to any d ≥ rank Z*",
        ),
        Identity(
            name="the bound is attained",
            lhs=Named("f at this point", "f(W^*, H^*)", f_at_point),
            rhs=bound_named,
            using=(
                orthonormal("orthonormal P₁", V, V, half * sp.sqrt(lam)),
                orthonormal("orthonormal Q₁", V, V, half * sp.sqrt(lam)),
                Using("root of D₁", times=sp.sqrt(lam)),
                orthonormal("orthonormal P₁", D_1, Q_1.T @ Q_1, -sp.sqrt(lam)),
                orthonormal("orthonormal Q₁", D_1, identity("a"), -sp.sqrt(lam)),
                orthonormal("P₁ ⟂ P₂", D_1, S_2 @ Q_2.T @ Q_1, -2 * unit),
            ),
            because="f at that point, with b_t the mean target under a free bias",
            concludes=True,
        ),
        EqualityCase(
            name="logits of every minimiser",
            of="lower bound without a bias",
            summand=0,
            because="a sum of squares is 0 only if each is",
            concludes=True,
        ),
        EqualityCase(
            name="self-duality", of="lower bound without a bias", summand=1, because="the same, second square"
        ),
        Identity(
            name="Gram matrices of every minimiser",
            lhs=W @ W.T,
            rhs=sp.sqrt(lam) * part,
            using=(
                Using("self-duality", left=W, transposed=True),
                Using("logits of every minimiser", right=U.T),
                orthonormal("orthonormal Q₁", P_1 @ D_1, P_1.T, sp.sqrt(lam)),
                orthonormal("Q₁ ⟂ Q₂", P_1 @ D_1, S_2 @ P_2.T, kappa / N),
            ),
            because="W'W'ᵀ = W'H̃U'ᵀ = Z*U'ᵀ",
            concludes=True,
        ),
        EqualityCase(
            name="logits of every minimiser, free bias",
            of="lower bound under a free bias",
            summand=0,
            because="first square",
        ),
        EqualityCase(
            name="self-duality, free bias", of="lower bound under a free bias", summand=1, because="second square"
        ),
        EqualityCase(
            name="features live in the label space",
            of="lower bound under a free bias",
            summand=2,
            because="third square",
        ),
        Identity(
            name="features of every minimiser are centred",
            lhs=H @ e,
            rhs=Word({}, "d", "1"),
            using=(
                Using("features live in the label space", right=e, transposed=True),
                Using("Q₁ is centred", left=H @ Q_1),
                Using("Q₂ is centred", left=H @ Q_2),
            ),
            because="H̃ᵀ = (Q₁Q₁ᵀ + Q₂Q₂ᵀ)H̃ᵀ, and both are centred",
            concludes=True,
        ),
        Identity(
            name="the bias of every minimiser is the mean target",
            lhs=N * beta,
            rhs=Word({}, "R", "1"),
            using=(
                Using("N samples", times=-1, left=beta),
                Using("logits of every minimiser, free bias", right=e),
                Using("features of every minimiser are centred", times=-1, left=W),
                Using("Q₁ is centred", left=P_1 @ D_1),
            ),
            because="the logits, multiplied by s",
            concludes=True,
        ),
        Identity(
            name="Gram matrices of every minimiser, free bias",
            lhs=W @ W.T,
            rhs=sp.sqrt(lam) * part,
            using=(
                Using("self-duality, free bias", left=W, transposed=True),
                Using("logits of every minimiser, free bias", right=U.T),
                Using("Q₁ is centred", times=-tau * kappa / N, left=beta, right=P_1.T, transposed=True),
                Using("Q₂ is centred", times=-kappa / N, left=beta, right=S_2 @ P_2.T, transposed=True),
                orthonormal("orthonormal Q₁", P_1 @ D_1, P_1.T, sp.sqrt(lam)),
                orthonormal("Q₁ ⟂ Q₂", P_1 @ D_1, S_2 @ P_2.T, kappa / N),
            ),
            because="Z'U'ᵀ = Z*U'ᵀ, for U's = 0",
            concludes=True,
        ),
        *DEAD_DIRECTIONS,
        Identity(
            name="square root of YYᵀ",
            lhs=Named("Y Yᵀ", r"Y Y^{\top}", Y @ Y.T),
            rhs=Named("(P₁S₁P₁ᵀ + P₂S₂P₂ᵀ)²", r"\bigl(P_1 S_1 P_1^{\top} + P_2 S_2 P_2^{\top}\bigr)^2", root @ root),
            using=(
                orthonormal("orthonormal Q₁", P_1 @ S_1, S_1 @ P_1.T),
                orthonormal("orthonormal Q₂", P_2 @ S_2, S_2 @ P_2.T),
                orthonormal("Q₁ ⟂ Q₂", P_1 @ S_1, S_2 @ P_2.T),
                orthonormal("Q₁ ⟂ Q₂", P_2 @ S_2, S_1 @ P_1.T, transposed=True),
                orthonormal("orthonormal P₁", P_1 @ S_1, S_1 @ P_1.T, -1),
                orthonormal("orthonormal P₂", P_2 @ S_2, S_2 @ P_2.T, -1),
                orthonormal("P₁ ⟂ P₂", P_1 @ S_1, S_2 @ P_2.T, -1),
                orthonormal("P₁ ⟂ P₂", P_2 @ S_2, S_1 @ P_1.T, -1, transposed=True),
            ),
            because="(YYᵀ)^{1/2} = P₁S₁P₁ᵀ + P₂S₂P₂ᵀ is positive semidefinite and squares to YYᵀ",
        ),
        Identity(
            name="what the positive part leaves",
            lhs=part - root + tau * identity("R"),
            rhs=moreau,
            using=(
                orthonormal("orthonormal P₁", P_1, P_1.T, -tau),
                orthonormal("orthonormal P₂", P_2, P_2.T, -tau),
                orthonormal("P₁ ⟂ P₂", P_1, P_2.T, -tau),
                orthonormal("P₁ ⟂ P₂", P_2, P_1.T, -tau, transposed=True),
            ),
            because="τ on the complement, τ − S₂ on the dead directions",
        ),
        Inequality(
            name="it is positive semidefinite",
            lhs=trace(v.T @ (part - root + tau * identity("R")) @ v),
            op=">=",
            rhs=sp.Integer(0),
            by=((tau, Square(outside_left @ v)), (Square(P_2.T @ v, below),)),
            using=(Using("what the positive part leaves", left=v.T, right=v),),
            because="S₂ ≤ τ; v is any vector",
        ),
        Identity(
            name="complementarity of the positive part",
            lhs=part @ (part - root + tau * identity("R")),
            rhs=Word({}, "R", "R"),
            using=(
                orthonormal("orthonormal P₁", P_1 @ D_1, P_1.T, -tau),
                orthonormal("P₁ ⟂ P₂", P_1 @ D_1, S_2 @ P_2.T, -1),
            ),
            because="P₁ ⟂ P₂ and ⟂ the complement",
        ),
        Cited(
            name="Gram matrices from the second moment",
            lemma=POSITIVE_PART,
            roles={
                "matrix": Named("W'W'ᵀ/√λ_H", r"W'W'^{\top}/\sqrt{\lambda_H}", part),
                "positive_part": Named("((YYᵀ)^{1/2} − τ I)_+", r"\bigl((YY^{\top})^{1/2} - \tau I\bigr)_{+}", part),
            },
            premises=(
                "Gram matrices of every minimiser",
                "square root of YYᵀ",
                "it is positive semidefinite",
                "complementarity of the positive part",
            ),
            because="with YYᵀ = N √λ_{W,s} √λ_{W,t} times the second moment Σ_{st} of the labels",
            concludes=True,
        ),
        Cited(
            name="dimension",
            lemma=RANK_OF_GRAM,
            roles={"columns": d, "rank": living},
            premises=("Gram matrices of every minimiser", "the bound is attained"),
            because="rank W' = rank Z*, the number of living directions",
            concludes=True,
        ),
        Cited(
            name="squares of singular values",
            lemma=SINGULAR_VALUES,
            roles={"square": Y.square(), "sum_of_squares": Trace({}) + Sum("i", sigma_i**2) + Sum("k", sigma_k**2)},
            because="σ_i = τ + (D₁)_{ii} are the living ones, σ_k the dead ones",
        ),
        Cited(
            name="squares of shrunk singular values",
            lemma=SINGULAR_VALUES,
            roles={"square": Z.square(), "sum_of_squares": Trace({}) + Sum("i", (sigma_i - tau) ** 2)},
        ),
        Identity(
            name="value by singular values",
            lhs=bound_named,
            rhs=Trace({})
            + Sum("i", forms.soft_threshold_value(sigma_i, kappa, N, 1, lam, True, SYMBOLIC))
            + Sum("k", forms.soft_threshold_value(sigma_k, kappa, N, 1, lam, False, SYMBOLIC)),
            using=(
                Using("squares of singular values", times=unit),
                Using("squares of shrunk singular values", times=-unit),
            ),
            because="the function that the suite runs: √λ_H(σ − τ/2) for σ > τ, else κσ²/(2N)",
            concludes=True,
        ),
        Equivalence(
            name="threshold by direction",
            left=Condition(
                "the direction is alive",
                tau,
                "<",
                sp.sqrt(N * lam_w) * s,
            ),
            right=Condition("below its threshold", lam_w * lam, "<", moments.direction_threshold(alpha, N, s**2)),
            factor=sp.sqrt(N) * sp.sqrt(N) * sp.sqrt(lam_w) / (alpha * (alpha * s / sp.sqrt(N) + sp.sqrt(lam_w * lam))),
            where=by_direction,
            because="one λ_W: YYᵀ = N λ_W Σ; multiply the difference of roots by their sum",
            concludes=True,
        ),
        Identity(
            name="Gram eigenvalue by direction",
            lhs=Named(
                "√λ_H (√(Nλ_W) s − τ)/λ_W",
                r"\sqrt{\lambda_H}\,(\sqrt{N\lambda_W}\,s - \tau)/\lambda_W",
                sp.sqrt(lam) * (sp.sqrt(N * lam_w) * s - tau) / lam_w,
            ),
            rhs=moments.gram_eigenvalue(s**2, alpha, N, lam_w, lam, SYMBOLIC),
            where=by_direction,
            because="W Wᵀ = √(N λ_H/λ_W) (Σ^{1/2} − (μ/α) I)_+, μ = √(N λ_W λ_H)",
            concludes=True,
        ),
    ),
    source="Andriopoulos et al. (2024), Theorem 4.1; one balanced task: Tirer and Bruna (2022); the rest: this suite",
)
