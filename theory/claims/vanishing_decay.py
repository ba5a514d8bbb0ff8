r"""Vanishing decay: minimisers tend to the least nuclear norm with margins 1; when label simplices are that limit.

Hypotheses  cross-entropy, hard labels, all given, no bias; decays λ_{W,t} = c λ̄_t, N(M) = ‖[√λ̄_t √n_j M_{t,j}]‖_*;
            f = L(M) + c N(M) on the relaxation (λ_H in the unit of c); M̂ of least norm n̂ with margins >= 1.
Statement   A minimiser M_c of norm s n̂ has smallest margin γ >= s − a, a = log(Ω/(ω_min log 2)) with
            Ω = Σ ω(K_t − 1), so n̂ <= N(M_c)/γ <= n̂ s/(s − a), and s → ∞ as c → 0: every limit point of M_c/N(M_c)
            is a solution of min N subject to margins >= 1, up to scale; the rate is 1/s ~ 1/log(1/c).
            The label-simplex matrix E is a solution if B = UVᵀ + Q has zero column sums within tasks and wrong
            entries <= 0, the only one if they are < 0.  So for one task of any class frequencies, for pairwise
            independent labels of which at most one task of each pair is imbalanced, for two correlated tasks of K
            classes, and for two binary tasks of any frequencies.
            It is not one in general: fine labels {0, 1, 2} with the coarse label 1[fine = 2].
Source      limits of minimisers: Rosset, Zhu and Hastie (2004); one task: Thrampoulidis et al. (2022); rate, several
            tasks and the counterexample: here.

The smallest margin is at most s (else a smaller norm would do), and e^{−γ} <= 1 once it is >= 0, as it is when
L(M_c) < ω_min log 2.
"""

from __future__ import annotations

import sympy as sp

from theory import label_simplex as simplex
from theory.claims import SYMBOLIC
from theory.lemmas import (
    EXPONENTIAL_INCREASING,
    INVERSE_ROOT,
    LOG1P_LOWER,
    LOG1P_UPPER,
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
    Let,
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
c, n_hat = x.positive("c"), x.positive("n̂", latex=r"\hat n")
omega, Omega = x.positive("ω", latex=r"\omega_{t,j}"), x.positive("Ω", latex=r"\Omega")
least_weight = x.positive("ω_min", latex=r"\omega_{\min}")
s, gamma = x.nonnegative("s"), x.nonnegative("γ", latex=r"\gamma")
offset, room = x.nonnegative("a"), x.positive("s − a", latex="(s-a)")
extra = x.nonnegative("γ − s + a", latex=r"(\gamma-s+a)")
loss, loss_scaled = x.nonnegative("L(M_c)"), x.nonnegative("L(s M̂)", latex=r"L(s\hat M)")
loss_at_s = x.nonnegative("Λ(s)", latex=r"\Lambda(s)")
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
p, y, lam_char = x.positive("p"), x.positive("y"), x.real("ξ", latex=r"\xi")

log2 = sp.log(2)
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
small = sp.exp(-gamma)
scale = (K - 1) * sp.exp(-s)
no_worse = Condition("M_c is no worse than s M̂", loss + c * s * n_hat, "<=", loss_scaled + c * s * n_hat)
one_label = Condition("some label has margin γ", least_weight * sp.log(1 + small), "<=", loss)
margins_at_s = Condition("the margins of s M̂ are at least s", loss_scaled, "<=", loss_at_s)
trial_value = c * (Omega + n_hat * sp.log(1 / c))
below_trial = Condition("M_c is no worse than M̂ log(1/c)", loss + c * s * n_hat, "<=", trial_value)

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


# the counterexample: the 5 × 3 family, its characteristic polynomial, its norm
family = sp.Matrix([[sp.nsimplify(entry) for entry in row] for row in simplex.fine_coarse_logits(p, y)])
square = family.T * family
characteristic = (square - lam_char * sp.eye(3)).det(method="berkowitz")
pair_sum = 3 * p**2 + 2 * y**2 + sp.Rational(5, 3)
pair_product = sp.Rational(2, 3) * (1 - 3 * p * y) ** 2
norm = simplex.fine_coarse_nuclear_norm(p, y, SYMBOLIC)
at_E = simplex.fine_coarse_nuclear_norm(sp.Rational(1, 3), sp.Rational(1, 2), SYMBOLIC)
competitor = tuple(sp.Rational(v.numerator, v.denominator) for v in simplex.COMPETITOR)
at_competitor = simplex.fine_coarse_nuclear_norm(competitor[0], competitor[1], SYMBOLIC)
cells = simplex.FINE_COARSE_CELLS
margin_rows = [(a, k, j) for j, (a, _) in enumerate(cells) for k in range(3) if k != a]
margin_rows += [(3 + b, 3 + k, j) for j, (_, b) in enumerate(cells) for k in range(2) if k != b]
competitor_margins = [
    (family[a, j] - family[k, j]).subs(dict(zip((p, y), competitor, strict=True))) for a, k, j in margin_rows
]
excess_norm, norm_of_E = x.nonnegative("‖E+G‖_∗", latex=r"\|E+G\|_*"), Named("‖E‖_*", r"\|E\|_*", trace(S))
polar, integral = x.real("UVᵀ", latex=r"UV^{\top}"), x.real("∫", latex=r"\int")

CLAIM = Claim(
    name="vanishing_decay",
    title="Vanishing decay: least nuclear norm with margins 1, and when label simplices are the limit",
    alphabet=x,
    hypotheses=(
        "cross-entropy, hard labels, all given, no bias; λ_{W,t} = c λ̄_t; L(M) = Σ ω_{t,j} CE",
        "M_c minimises L(M) + c N(M), has norm s n̂ and smallest margin γ ≥ 0; M̂ has margins ≥ 1 and norm n̂, the least",
        no_worse,
        one_label,
        margins_at_s,
        below_trial,
        Given("loss at margins s", Sum("t,j", omega * sp.log(1 + scale)), loss_at_s),
        Given("Ω", Sum("t,j", omega * (K - 1)), Omega),
        "E = USVᵀ is the compact singular value decomposition of the label-simplex matrix, B = UVᵀ + Q",
        Given("orthonormal U", U.T @ U, identity("r")),
        Given("orthonormal V", V.T @ V, identity("r")),
        Given("UᵀQ = 0", U.T @ Q, Word({}, "r", "C")),
        Given("QV = 0", Q @ V, Word({}, "R", "r")),
        Given("B has zero column sums within tasks", B.inner(Z - E), margins),
        Given("EᵀG = 0", E.T @ G, Word({}, "C", "C")),
        Given("(D² + tI)⁻¹", F @ R_, identity("K")),
        Given("Σg = 1ᵀ(D² + tI)⁻¹1", one.T @ R_ @ one, g_sum * identity("1")),
        Given("K ones", one.T @ one, K * identity("1")),
        Given("E_sE_tᵀ = 0", E_s @ E_t.T, Word({}, "K", "M")),
        contraction,
    ),
    steps=(
        Cited(
            name="loss of one label at margins s",
            lemma=LOG1P_UPPER,
            roles={"x": scale, "logarithm": sp.log(1 + scale)},
            because="M_y − M_k ≥ s for each of K − 1 wrong classes, so CE ≤ log(1 + (K−1)e^{−s})",
        ),
        Inequality(
            name="loss of s M̂",
            lhs=Sum("t,j", 0, loss_at_s),
            op="<=",
            rhs=Sum("t,j", 0, Omega * sp.exp(-s)),
            by=((Termwise("t,j", (omega, Slack("loss of one label at margins s"))),),),
            using=(Using("Ω", times=-sp.exp(-s)), Using("loss at margins s")),
            because="summed over labels, Ω = Σ ω_{t,j}(K_t − 1)",
        ),
        Inequality(
            name="the minimiser loses no more",
            lhs=loss,
            op="<=",
            rhs=loss_scaled,
            by=((no_worse.slack,),),
            where=(no_worse,),
            because="both have norm s n̂",
        ),
        Cited(
            name="loss at the smallest margin",
            lemma=LOG1P_LOWER,
            roles={"logarithm": sp.log(1 + small), "chord": small * log2},
            because="one label has a wrong class at margin γ ≥ 0: L(M_c) ≥ ω_min log(1 + e^{−γ})",
        ),
        Inequality(
            name="margin and norm",
            lhs=Sum("t,j", 0, least_weight * log2 * small),
            op="<=",
            rhs=Sum("t,j", 0, Omega * sp.exp(-s)),
            by=(
                (least_weight, Slack("loss at the smallest margin")),
                (one_label.slack,),
                (Slack("the minimiser loses no more"),),
                (margins_at_s.slack,),
                (Slack("loss of s M̂"),),
            ),
            where=(one_label, margins_at_s),
            because="ω_min log 2 e^{−γ} ≤ ω_min log(1 + e^{−γ}) ≤ L(M_c) ≤ L(s M̂) ≤ Ωe^{−s}",
        ),
        Identity(
            name="logarithm of the chain",
            lhs=Named(
                "e^{a − s} ω_min log 2",
                r"e^{a - s}\, \omega_{\min} \log 2",
                sp.exp(sp.log(Omega / (least_weight * log2)) - s) * least_weight * log2,
            ),
            rhs=Omega * sp.exp(-s),
            because="e^{a − s} with a = log(Ω/(ω_min log 2))",
        ),
        Cited(
            name="smallest margin",
            lemma=EXPONENTIAL_INCREASING,
            roles={
                "larger": gamma,
                "smaller": Named(
                    "s − log(Ω/(ω_min log 2))",
                    r"s - \log\frac{\Omega}{\omega_{\min}\log 2}",
                    s - sp.log(Omega / (least_weight * log2)),
                ),
            },
            premises=("margin and norm", "logarithm of the chain"),
            because="e^{−γ} ≤ e^{a − s}",
            concludes=True,
        ),
        Inequality(
            name="norm at margin 1",
            lhs=Named("N(M_c)/γ", r"N(M_c)/\gamma", n_hat * s / gamma),
            op="<=",
            rhs=Named("n̂ s/(s − a)", r"\hat n\,\frac{s}{s-a}", n_hat * s / (s - offset)),
            where=(
                Let(gamma, room + extra, "γ ≥ s − a was shown"),
                Let(s, offset + room, "once s > a"),
            ),
            because="N(M_c) = s n̂; and N(M_c)/γ ≥ n̂, for M_c/γ has margins ≥ 1",
            equality="γ = s − a",
            concludes=True,
        ),
        Inequality(
            name="the relative excess of the norm is O(1/s)",
            lhs=s / (s - offset) - 1,
            op="<=",
            rhs=offset / (s - offset),
            where=(Let(s, offset + room, "once s > a"),),
            because="s → ∞: every limit point of M_c/N(M_c) is a solution (margins are continuous, the sphere compact)",
        ),
        Identity(
            name="value at M̂ log(1/c)",
            lhs=Omega * sp.exp(-sp.log(1 / c)) + c * n_hat * sp.log(1 / c),
            rhs=trial_value,
            because="an upper bound of the minimum that tends to 0 with c",
        ),
        Inequality(
            name="the norm tends to infinity",
            lhs=least_weight * log2 * sp.exp(-s),
            op="<=",
            rhs=trial_value,
            by=(
                (least_weight, Slack("loss at the smallest margin")),
                (one_label.slack,),
                (below_trial.slack,),
                (c * n_hat, s),
                (least_weight * log2 * sp.exp(-s) * (sp.exp(extra) - 1),),
            ),
            where=(one_label, below_trial, Let(s, gamma + extra, "γ ≤ s, for n̂ is the least norm at margin 1")),
            because="the right side is O(c log(1/c)): e^{−s} → 0, and s grows like log(1/c)",
            concludes=True,
        ),
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
        Identity(
            name="fine and coarse labels: singular values of a family through E",
            lhs=characteristic,
            rhs=(1 - lam_char) * (lam_char**2 - pair_sum * lam_char + pair_product),
            because="det(Z'ᵀZ' − ξI); E is the member p = 1/3, y = 1/2 (the common factor √(λ̄/N) left out)",
        ),
        Identity(
            name="fine and coarse labels: nuclear norm",
            lhs=Named("(‖Z'‖_∗ − 1)²", r"(\|Z'\|_* - 1)^2", (norm - 1) ** 2),
            rhs=pair_sum + 2 * sp.sqrt(sp.Rational(2, 3)) * (1 - 3 * p * y),
            because="singular values 1, σ₁, σ₂: (σ₁ + σ₂)² = σ₁² + σ₂² + 2σ₁σ₂, for 3py ≤ 1",
        ),
        Inequality(
            name="fine and coarse labels: least norm of the family",
            lhs=pair_sum + 2 * sp.sqrt(sp.Rational(2, 3)) * (1 - 3 * p * y),
            op=">=",
            rhs=sp.Rational(5, 3) + 2 * sp.sqrt(sp.Rational(2, 3)),
            by=((sp.Integer(3), (p - sp.sqrt(6) / 3 * y) ** 2),),
            because="a square, 0 on the line √3 p = √2 y, which E = (1/3, 1/2) misses",
            equality="√3 p = √2 y",
        ),
        Inequality(
            name="fine and coarse labels: margins of the competitor",
            lhs=Named("least margin at p = 2/5, y = 1/2", r"\min m\big|_{p=2/5,\,y=1/2}", sp.Min(*competitor_margins)),
            op=">=",
            rhs=sp.Integer(1),
            because="the nine margins are 1, (1 + 3p)/2, 2y",
            concludes=True,
        ),
        Inequality(
            name="fine and coarse labels: the label simplices are no solution",
            lhs=Named("(‖E‖_* − 1)²", r"(\|E\|_* - 1)^2", (at_E - 1) ** 2),
            op=">",
            rhs=Named("(‖competitor‖_* − 1)²", r"(\|Z'_{2/5,\,1/2}\|_* - 1)^2", (at_competitor - 1) ** 2),
            by=((sp.Rational(29, 25) / (15 * (sp.sqrt(6) + sp.Rational(11, 5))),),),
            because="5/2 + √6/3 > 397/150 + 4√6/15, for √6 > 11/5",
            concludes=True,
        ),
    ),
    source="Rosset, Zhu and Hastie (2004); one task: Thrampoulidis et al. (2022); the rest: this suite",
)
