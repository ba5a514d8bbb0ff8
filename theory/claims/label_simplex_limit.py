r"""Label simplices as the limit of vanishing decay: a dual certificate, and the designs that have one.

Hypotheses  hard labels, all given, no bias; E = [√λ̄_t √n_j (e_{y_t} − 1/K_t)] is the label-simplex matrix, all of
            whose margins are 1; claim ``vanishing_decay``: limits of minimisers have the least norm with margins >= 1.
Statement   E = USVᵀ is a solution of min ‖Z'‖_* with margins >= 1 if some B = UVᵀ + Q, ‖Q‖_op <= 1, UᵀQ = 0, QV = 0,
            has zero column sums within tasks and wrong entries <= 0, and the only one if they are < 0.  So for one task
            of any class frequencies, for pairwise independent labels of which at most one task of each pair is
            imbalanced, for two correlated tasks of K classes, and for two binary tasks of any frequencies.
Source      one task: Thrampoulidis et al. (2022); several tasks: here.

It is not one in general: claim ``label_simplex_failure``.
"""

from __future__ import annotations

import sympy as sp

from theory import label_simplex as simplex
from theory.lemmas import (
    INVERSE_ROOT,
    NORM_DUALITY,
    ORTHOGONAL_ADDITION,
)
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
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.symmetric import centring, correlated_labels
from theory.proof.traces import Trace, Word, identity, letter, trace

x = Alphabet()
K = x.integer("K", least=2)
N = x.integer("N")
weight, m = x.positive("w", latex="w_{t,j}"), x.nonnegative("m", latex="m_{t,j,k}")
nu = x.nonnegative("ν", latex=r"\nu_{t,j,k}")
nu_strict = x.positive("ν>0", latex=r"\nu_{t,j,k}")
operator, nuclear_Z = x.nonnegative("‖B‖_op", latex=r"\|B\|_{\mathrm{op}}"), x.nonnegative("‖Z'‖_∗", latex=r"\|Z'\|_*")
B_k, M_k, M_y = x.real("B_k"), x.real("M_k"), x.real("M_y")
g_k, g_y, g_sum = x.positive("g_k"), x.positive("g_y"), x.positive("Σg", latex=r"\textstyle\sum g")
d_y = x.positive("√n_y", latex=r"\sqrt{n_y}")
lam, lam_o = x.positive("λ_1", latex=r"\bar\lambda_1"), x.positive("λ_2", latex=r"\bar\lambda_2")
rho, opposite = x.unit("ρ", latex=r"\rho"), x.unit("r")
cell = {(a, b): x.integer(f"n_{a}{b}", latex=f"n_{{{a}{b}}}") for a in (0, 1) for b in (0, 1)}
U, V, S = letter("U", "R", "r"), letter("V", "C", "r"), letter("S", "r", "r", symmetric=True)
Q, Z, X = letter("Q", "R", "C"), letter("Z'", "R", "C"), letter("X", "C", "m")
G = letter("G", "R", "C")
E, B = U @ S @ V.T, U @ V.T + Q
contraction = Semidefinite("‖Q‖_op ≤ 1", identity("C") - Q.T @ Q)
F = letter("(D²+tI)", "K", "K", "(D^2+tI)", symmetric=True)
R_ = letter("(D²+tI)⁻¹", "K", "K", "(D^2+tI)^{-1}", symmetric=True)
one = letter("1", "K", "1", r"\mathbf 1")
P = identity("K") - one @ one.T / K
inverse = R_ - (R_ @ one @ one.T @ R_) / g_sum
f_t = letter("f_t", "M", "1")
A_s, A_t = letter("A_s", "K", "K", symmetric=True), letter("A_t", "M", "M", symmetric=True)
E_s, E_t = letter("E_s", "K", "C"), letter("E_t", "M", "C")
INDEX = "t,j,k"
margins = Sum(INDEX, weight * nu * (m - 1))
margin_condition = Condition("margins", m, ">=", sp.Integer(1))
# two correlated tasks: the Gram matrix of the two label simplices, and its inverse root, in the algebra of P
delta = sp.sqrt(lam * lam_o * (1 - rho**2))
cross = rho * sp.sqrt(lam) * sp.sqrt(lam_o)
root_trace = sp.sqrt(lam + lam_o + 2 * delta)
gram = sp.Matrix([[lam, cross], [cross, lam_o]])
inverse_root = sp.Matrix([[lam_o + delta, -cross], [-cross, lam + delta]]) / (delta * root_trace)
product = inverse_root * gram * inverse_root
labels = correlated_labels(N, K, rho, ("1", "2"))
binary = sp.Matrix(2, 2, lambda a, b: cell[a, b])
contrast = sp.Matrix([1, -1])
binary_total = sum(cell.values())
binary_first = sp.diag(cell[0, 0] + cell[0, 1], cell[1, 0] + cell[1, 1])
delta_ = x.positive("δ", latex=r"\delta")
apart = Condition("ρ = −r ≥ −1/(K−1)", opposite * (K - 1), "<=", sp.Integer(1))


def wrong_entry(correlation: sp.Expr, same: bool) -> sp.Expr:
    """The function that the suite runs."""
    return simplex.two_task_certificate(K, lam_o, correlation, delta_, same)


excess_norm, norm_of_E = x.nonnegative("‖E+G‖_∗", latex=r"\|E+G\|_*"), Named("‖E‖_*", r"\|E\|_*", trace(S))
polar, integral = x.real("UVᵀ", latex=r"UV^{\top}"), x.real("∫", latex=r"\int")

CLAIM = Claim(
    name="label_simplex_limit",
    title="When label simplices are the limit of vanishing decay",
    alphabet=x,
    hypotheses=(
        "hard labels, all given; the label-simplex matrix E = [√λ̄_t √n_j (e_y − 1/K_t)]; Z' has margins m ≥ 1",
        "E = USVᵀ is a compact singular value decomposition, B = UVᵀ + Q; ν = −B_k ≥ 0 are its wrong entries",
        "D = diag √n_k of one task, g = (D² + tI)⁻¹1",
        Given("orthonormal U", U.T @ U, identity("r")),
        Given("orthonormal V", V.T @ V, identity("r")),
        Given("UᵀQ = 0", U.T @ Q, Word({}, "r", "C")),
        Given("QV = 0", Q @ V, Word({}, "R", "r")),
        Given("B has zero column sums within tasks", B.inner(Z - E), margins),
        margin_condition,
        Given("EᵀG = 0", E.T @ G, Word({}, "C", "C")),
        Given("(D² + tI)⁻¹", F @ R_, identity("K")),
        Given("Σg = 1ᵀ(D² + tI)⁻¹1", one.T @ R_ @ one, g_sum * identity("1")),
        Given("K ones", one.T @ one, K * identity("1")),
        Given("E_sE_tᵀ = 0", E_s @ E_t.T, Word({}, "K", "M")),
        contraction,
    ),
    steps=(
        Identity(
            name="zero sums turn entries into margins",
            lhs=Sum("k", B_k * M_k) - Sum("k", B_k * M_y),
            rhs=Sum("k", -B_k * (M_y - M_k)),
            because="one column of a task, B_y = −Σ_k B_k over wrong k: ⟨B, Z'⟩ = Σ w ν m, ν = −B_k, m = M_y − M_k",
        ),
        Inequality(
            name="B pairs better with Z' than with E",
            lhs=B.inner(Z - E),
            op=">=",
            rhs=sp.Integer(0),
            by=((Termwise(INDEX, (weight, nu, m - 1)),),),
            using=(Using("B has zero column sums within tasks"),),
            where=(margin_condition,),
            because="ν ≥ 0 and m ≥ 1; at E every m = 1; w = √λ̄_t √n_j",
            equality="m = 1 wherever ν > 0",
        ),
        Identity(
            name="B is a subgradient at E",
            lhs=B.inner(E),
            rhs=trace(S),
            using=(
                Using("orthonormal V", left=S, times=1),
                Using("orthonormal U", left=S @ V.T @ V, times=1),
                Using("UᵀQ = 0", left=V @ S, times=1),
            ),
            because="⟨UVᵀ + Q, USVᵀ⟩ = tr S = ‖E‖_*",
        ),
        Inequality(
            name="B is a contraction",
            lhs=trace(X.T @ (identity("C") - B.T @ B) @ X),
            op=">=",
            rhs=sp.Integer(0),
            by=((Square(X - V @ V.T @ X, contraction),),),
            using=(
                Using("orthonormal U", times=-1, left=X.T @ V, right=V.T @ X),
                Using("UᵀQ = 0", times=-2, left=X.T @ V, right=X),
                Using("QV = 0", times=-2, left=X.T @ Q.T, right=V.T @ X),
                Using("QV = 0", times=1, left=X.T @ V @ V.T @ Q.T, right=V.T @ X),
                Using("orthonormal V", times=-1, left=X.T @ V, right=V.T @ X),
            ),
            because="XᵀX − ‖BX‖² = ‖X_⊥‖² − ‖QX_⊥‖², X_⊥ the part outside the range of V; X any matrix",
        ),
        Cited(
            name="norm duality with B",
            lemma=NORM_DUALITY,
            roles={"operator": operator, "nuclear": nuclear_Z, "inner": B.inner(Z)},
        ),
        Inequality(
            name="label simplices are a solution",
            lhs=Trace({}) + nuclear_Z,
            op=">=",
            rhs=norm_of_E,
            by=(
                (1 - operator, nuclear_Z),
                (Slack("norm duality with B"),),
                (Slack("B pairs better with Z' than with E"),),
            ),
            using=(Using("B is a subgradient at E"),),
            where=(Condition("B is a contraction", operator, "<=", sp.Integer(1)), margin_condition),
            because="‖Z'‖_* ≥ ⟨B, Z'⟩ ≥ ⟨B, E⟩ = ‖E‖_* for every Z' with margins ≥ 1",
            equality="m = 1 wherever ν > 0",
            concludes=True,
        ),
        Inequality(
            name="strict certificate",
            lhs=Sum(INDEX, weight * nu_strict * (m - 1)),
            op=">=",
            rhs=sp.Integer(0),
            by=((Termwise(INDEX, (weight, nu_strict, m - 1)),),),
            where=(margin_condition,),
        ),
        EqualityCase(
            name="all margins are 1",
            of="strict certificate",
            summand=0,
            because="another solution Z' has ⟨B, Z' − E⟩ = 0, and every ν > 0",
        ),
        Identity(
            name="what is left is constant within tasks",
            lhs=(E + G).T @ (E + G),
            rhs=E.T @ E + G.T @ G,
            using=(Using("EᵀG = 0"), Using("EᵀG = 0", transposed=True)),
            because="Z' = E + G with G constant over the classes of a task, and the columns of E are centred",
        ),
        Cited(
            name="label simplices are the only solution if the certificate is strict",
            lemma=ORTHOGONAL_ADDITION,
            roles={"sum": excess_norm, "part": norm_of_E},
            premises=("all margins are 1", "what is left is constant within tasks"),
            because="so G = 0",
            concludes=True,
        ),
        Identity(
            name="one task: inverse of the centred Gram matrix",
            lhs=P @ F @ inverse,
            rhs=P,
            using=(
                Using("(D² + tI)⁻¹", left=P),
                Using("(D² + tI)⁻¹", times=-1 / g_sum, left=P, right=one @ one.T @ R_),
                Using("K ones", times=-1 / (K * g_sum) * -1, left=one, right=one.T @ R_),
            ),
            because="E = PD, D = diag √n_k: (PD²P + tI)⁻¹ on centred vectors is diag g − ggᵀ/Σg, g_k = 1/(n_k + t)",
        ),
        Identity(
            name="one task: the inverse is centred",
            lhs=one.T @ inverse,
            rhs=Word({}, "1", "K"),
            using=(Using("Σg = 1ᵀ(D² + tI)⁻¹1", times=-1 / g_sum, right=one.T @ R_),),
            because="1ᵀdiag g = gᵀ, and gᵀ1 = Σg",
        ),
        Cited(
            name="one task: polar factor",
            lemma=INVERSE_ROOT,
            roles={
                "root": Named("UVᵀ = (PD²P)^{−1/2} D", r"UV^{\top} = (PD^2P)^{-1/2}D", polar),
                "integral": Named(
                    "(1/π) ∫ t^{−1/2} (diag g − ggᵀ/Σg) D dt",
                    r"\tfrac1\pi\int_0^\infty t^{-1/2}(\operatorname{diag} g - gg^{\top}/\textstyle\sum g)D\,dt",
                    integral,
                ),
            },
            premises=("one task: inverse of the centred Gram matrix", "one task: the inverse is centred"),
        ),
        Inequality(
            name="one task of any class frequencies: strict certificate",
            lhs=Named("wrong entry (k, y)", r"B_{k,y}\ \text{(integrand)}", -g_k * g_y * d_y / g_sum),
            op="<",
            rhs=sp.Integer(0),
            because="the wrong entries of the integrand, for every t > 0: Q = 0 will do",
            concludes=True,
        ),
        Identity(
            name="independent labels: orthogonal label simplices",
            lhs=P @ (one @ f_t.T),
            rhs=Word({}, "K", "M"),
            using=(Using("K ones", times=-1 / K, left=one, right=f_t.T),),
            because="F_st = (1/N)f_s f_tᵀ with f_s = (N/K_s) 1 if task s is balanced, so E_sE_tᵀ = 0",
        ),
        Identity(
            name="independent labels: certificates stack",
            lhs=Named("B_s B_tᵀ", r"B_s B_t^{\top}", (A_s @ E_s) @ (A_t @ E_t).T),
            rhs=Word({}, "K", "M"),
            using=(Using("E_sE_tᵀ = 0", left=A_s, right=A_t),),
            because="A_t = (E_tE_tᵀ)^{−1/2}: the stack has the stacked polar factors, whose wrong entries are < 0",
            concludes=True,
        ),
        Identity(
            name="two correlated tasks: Gram matrix, one task",
            lhs=Named("E_1 E_1ᵀ", r"E_1 E_1^{\top}", lam * (centring(K) @ labels.frequency("1", "1") @ centring(K))),
            rhs=(N / K) * gram[0, 0] * centring(K),
            because="uniform marginals",
        ),
        Identity(
            name="two correlated tasks: Gram matrix, both",
            lhs=Named(
                "E_1 E_2ᵀ",
                r"E_1 E_2^{\top}",
                sp.sqrt(lam) * sp.sqrt(lam_o) * (centring(K) @ labels.frequency("1", "2") @ centring(K)),
            ),
            rhs=(N / K) * gram[0, 1] * centring(K),
            because="agreement probability (1 + (K−1)ρ)/K",
        ),
        Identity(
            name="two binary tasks of any frequencies: Gram matrix, one task",
            lhs=Named(
                "½ (1, −1) diag(n_0·, n_1·) (1, −1)ᵀ",
                r"\tfrac12 (1,-1) \operatorname{diag}(n_{0\cdot}, n_{1\cdot}) (1,-1)^{\top}",
                (contrast.T * binary_first * contrast)[0] / 2,
            ),
            rhs=binary_total / 2,
            because="centred vectors of two classes are multiples of (1, −1): the marginals drop out",
        ),
        Identity(
            name="two binary tasks of any frequencies: Gram matrix, both",
            lhs=Named(
                "½ (1, −1) [n_{kl}] (1, −1)ᵀ",
                r"\tfrac12 (1,-1)\, [n_{kl}]\, (1,-1)^{\top}",
                (contrast.T * binary * contrast)[0] / 2,
            ),
            rhs=(cell[0, 0] + cell[1, 1] - cell[0, 1] - cell[1, 0]) / 2,
            because="Nρ/2 with ρ the mean product of signs: the case K = 2 of the formulas",
        ),
        Identity(
            name="two tasks: inverse root, diagonal",
            lhs=Named("(M G M)_11", r"(M G M)_{11}", product[0, 0]),
            rhs=sp.Integer(1),
            because="M = G^{−1/2} for the 2 × 2 matrix G = [[λ̄_1, ρ√(λ̄_1 λ̄_2)], [ρ√(λ̄_1 λ̄_2), λ̄_2]] of both tasks",
        ),
        Identity(
            name="two tasks: inverse root, other diagonal",
            lhs=Named("(M G M)_22", r"(M G M)_{22}", product[1, 1]),
            rhs=sp.Integer(1),
        ),
        Identity(
            name="two tasks: inverse root, off the diagonal",
            lhs=Named("(M G M)_12", r"(M G M)_{12}", product[0, 1]),
            rhs=sp.Integer(0),
        ),
        Identity(
            name="two tasks: wrong entries",
            lhs=Named(
                "((1 − 1/K) M_12 √λ̄_2 − M_11 √λ̄_1/K) √(det G) tr √G/√λ̄_1",
                r"\Bigl(\bigl(1 - \tfrac{1}{K}\bigr) M_{12} \sqrt{\bar\lambda_2} "
                r"- \tfrac{1}{K} M_{11} \sqrt{\bar\lambda_1}\Bigr) "
                r"\frac{\sqrt{\det G}\,\operatorname{tr}\sqrt{G}}{\sqrt{\bar\lambda_1}}",
                (inverse_root[0, 0] * sp.sqrt(lam) * (-1 / K) + inverse_root[0, 1] * sp.sqrt(lam_o) * (1 - 1 / K))
                * delta
                * root_trace
                / sp.sqrt(lam),
            ),
            rhs=simplex.two_task_certificate(K, lam_o, rho, delta, True),
            because="UVᵀ of task 1 is M_{11}E_1 + M_{12}E_2 up to a unit; here c = l, by the function that is run",
        ),
        Inequality(
            name="two tasks, ρ ≥ 0: the other task's class",
            lhs=Named("wrong entry k = l, ρ ≥ 0", r"B_{k,(y,l)}\big|_{k=l,\,\rho\ge 0}", wrong_entry(rho, True)),
            op="<",
            rhs=sp.Integer(0),
            concludes=True,
            because="δ > 0 stands for √(λ̄_1 λ̄_2(1 − ρ²)), |ρ| < 1",
        ),
        Inequality(
            name="two tasks, ρ ≥ 0: another class",
            lhs=Named("wrong entry k ≠ l, ρ ≥ 0", r"B_{k,(y,l)}\big|_{k\ne l,\,\rho\ge 0}", wrong_entry(rho, False)),
            op="<",
            rhs=sp.Integer(0),
            concludes=True,
        ),
        Inequality(
            name="two tasks, ρ < 0: the other task's class",
            lhs=Named("wrong entry k = l, ρ = −r", r"B_{k,(y,l)}\big|_{k=l,\,\rho=-r}", wrong_entry(-opposite, True)),
            op="<",
            rhs=sp.Integer(0),
            by=((1 - opposite * (K - 1), lam_o / K), (delta_ / K,)),
            where=(apart,),
            concludes=True,
        ),
        Inequality(
            name="two tasks, ρ < 0: another class",
            lhs=Named(
                "wrong entry k ≠ l, ρ = −r", r"B_{k,(y,l)}\big|_{k\ne l,\,\rho=-r}", wrong_entry(-opposite, False)
            ),
            op="<",
            rhs=sp.Integer(0),
            concludes=True,
        ),
    ),
    source="one task: Thrampoulidis et al. (2022); several tasks: this suite",
)
