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

from theory import closed_forms as forms
from theory import correlation_law as law
from theory.claims import SYMBOLIC as ON
from theory.claims import _at_an_optimum as optimum
from theory.claims import gap_anatomy as anatomy
from theory.claims._at_an_optimum import nothing
from theory.lemmas import (
    GRAM_DETERMINES,
    GRAM_EXISTS,
    ORTHOGONAL_BLOCKS,
    SEMIDEFINITE,
    SOFTMAX_INVERTIBLE,
    UNITARY_INVARIANCE,
)
from theory.proof import Cases, Cited, Claim, Given, Identity, Inequality, Let, Named, Using
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.symmetric import Labels, Symmetric, centring, identity, ones
from theory.proof.traces import identity as unit
from theory.proof.traces import letter

# ------------------------------------------------------------------ symbols

x = Alphabet()
K, N = x.integer("K", least=2), x.positive("N")
alpha, m = x.positive("α", latex=r"\alpha"), x.positive("m")
lam_w, lam_h = x.positive("λ_W", latex=r"\lambda_W"), anatomy.lam
B = x.positive("B")
A = K - (K - 1) * B
rho = 1 - B
a, b, c = x.real("a"), x.real("b"), x.real("c")
u, v, w = x.positive("u"), x.positive("v_≠", latex=r"v_{\neq}"), x.positive("w_≠", latex=r"w_{\neq}")
mu = forms.coupling(N, lam_w, lam_h, ON)
rotated = x.nonnegative("‖(U'_+; U'_−)‖_op", latex=r"\|(U'_+;\,U'_-)\|_{\mathrm{op}}")

plus, minus = law.sigma_plus(a, b + c, K, rho, ON), law.sigma_minus(b - c, K, rho, ON)
reduced = law.reduced_objective(a, b, c, K, rho, alpha, mu, ON)
total = sp.exp(b) + sp.exp(c) + K - 2
u_of, v_of, w_of = K / (sp.exp(a) + K - 1), K / total, (2 * sp.exp(c) + K - 2) / total

BY_COUPLING = Let(lam_h, (alpha * m) ** 2 / (N * lam_w), "m = √(N λ_W λ_H)/α")
SUM_LIVES = (
    BY_COUPLING,
    Let(u, m * a / plus, "stationarity in a"),
    Let(v, m * (b + c) / plus, "stationarity in b + c"),
)
DIFFERENCE_LIVES = (BY_COUPLING, Let(w, m * (b - c) / minus, "stationarity in b − c"))
SUM_IS_DEAD = (BY_COUPLING, Let(a, sp.Integer(0), "a dead sum"), Let(c, -b, "a dead sum"))
DIFFERENCE_IS_DEAD = (BY_COUPLING, Let(c, b, "a dead difference"))
STATIONARY = "(a, b, c) solves the reduced problem: stationarity in each direction that lives, 0 in one that is dead"
penalty = mu * (K - 1) * (plus + minus)
sum_dead = Condition("the sum is dead", 2 * A * u**2 + (K - 2) * B * v**2, "<=", m**2 * K**2)
difference_dead = Condition("the difference is dead", K * B * w**2, "<=", m**2 * K**2)

# ------------------------------------------------------------------ labels, by direction and kind of cell

P = centring(K)
agreeing, differing = N * A / K**2, N * B / K**2  # samples of one cell


def original(s: str, t: str) -> Symmetric:
    """E_s E_tᵀ of the labels of the tasks 1, 2 on agreeing (=) or differing (≠) cells."""
    if s[1] != t[1]:
        return Symmetric(K, K, 0, 0)
    if s[1] == "=":
        return agreeing * identity(K)
    return differing * ((K - 1) * identity(K) if s == t else ones(K) - identity(K))


def by_direction(s: str, t: str) -> Symmetric:
    """The same for the sum (+) and the difference (−) of the two tasks, over √2."""
    if s[1] != t[1] or s[0] != t[0]:
        return Symmetric(K, K, 0, 0)
    if s[1] == "=":
        return 2 * agreeing * identity(K) if s[0] == "+" else Symmetric(K, K, 0, 0)
    return differing * ((K - 2) * identity(K) + ones(K) if s[0] == "+" else K * identity(K) - ones(K))


labels = Labels(dict.fromkeys(("+=", "+≠", "-=", "-≠"), K), by_direction)
Part = tuple[tuple[sp.Expr, str], ...]
#: coefficients of P E in the residual U' √λ_W N/α and in the logits Z'/√λ_W, by direction
RESIDUAL: dict[str, Part] = {"+": ((u, "+="), (v, "+≠")), "-": ((u, "-="), (w, "-≠"))}
LOGITS: dict[str, Part] = {"+": ((a, "+="), (b + c, "+≠")), "-": ((a, "-="), (b - c, "-≠"))}
per_head = alpha / (N * sp.sqrt(lam_w))


def gram(first: Part, second: Part) -> Symmetric:
    """(Σ x P E)(Σ y P E)ᵀ."""
    out = Symmetric(K, K, 0, 0)
    for one, s in first:
        for other, t in second:
            out = out + one * other * (P @ labels.frequency(s, t) @ P)
    return out


def combined(s: str, t: str, sign: int) -> Symmetric:
    """½(E_1 ± E_2)(E_1 ± E_2)ᵀ on one kind of cell from the joint counts."""
    return (original(s, s) + sign * original(s, t) + sign * original(t, s) + original(t, t)) / 2


def mixed(s: str, t: str) -> Symmetric:
    """½(E_1 + E_2)(E_1 − E_2)ᵀ."""
    return (original(s, s) - original(s, t) + original(t, s) - original(t, t)) / 2


def direction_gram(d: str, e: str, kind: str, value: Symmetric) -> Named:
    """E_d E_eᵀ on one kind of cell, by name."""
    plain, tex = f"E_{d} E_{e}ᵀ".replace("-", "−"), rf"E_{d} {{E_{e}}}^{{\top}}"
    return Named(f"({plain})_{kind}", rf"\bigl({tex}\bigr)_{{{'=' if kind == '=' else chr(92) + 'ne'}}}", value)


def penalties(name: str, sign: str, sigma_of: sp.Expr) -> Identity:
    """½‖W'_±‖² + ½λ_H‖H̃_±‖² of one direction of the point."""
    gram_of_heads = mu * sigma_of * P
    tex = "+" if sign == "+" else "-"
    return Identity(
        name=name,
        lhs=Named(
            f"½‖W'_{sign}‖² + ½λ_H ‖H̃_{sign}‖²",
            rf"\tfrac12\|W'_{tex}\|^2 + \tfrac{{\lambda_H}}{{2}}\|\tilde H_{tex}\|^2",
            gram_of_heads.trace() / 2 + (lam_h * P).inner(gram_of_heads) / (2 * lam_h),
        ),
        rhs=mu * (K - 1) * sigma_of,
        because="½ tr W'W'ᵀ, and λ_H‖H̃‖² = ⟨U'U'ᵀ, W'W'ᵀ⟩/λ_H for H̃ᵀ = U'ᵀW'/λ_H",
    )


# words, for every optimum
W_, H_, U_ = anatomy.W_, anatomy.H_, anatomy.U_
sigma, Pi, L = letter("σ", "C", "1", r"\sigma"), letter("Π", "R", "R", r"\Pi", symmetric=True), letter("L", "R", "C")
bias = letter("b'", "R", "1")

E_1, E_2 = letter("E_1", "K", "C"), letter("E_2", "K", "C")
one_task, other_task = (((v + w) / 2) * p + ((v - w) / 2) * q for p, q in ((E_1, E_2), (E_2, E_1)))

zero, column = Symmetric(K, K, 0, 0), ones(K, sp.Integer(1))
head = {d: gram(RESIDUAL[d], LOGITS[d]) * per_head * sp.sqrt(lam_w) for d in "+-"}  # W'_± W'_±ᵀ = U'_± Z'_±ᵀ
head_1 = {d: head[d] / (2 * lam_w) for d in "+-"}
entropy_same = -((1 - (K - 1) * u_of / K) * sp.log(sp.exp(a) * u_of / K) + (K - 1) * u_of / K * sp.log(u_of / K))
entropy_other = sp.log(total) - (b * sp.exp(b) + c * sp.exp(c)) / total

SOFTMAX = (
    Identity(
        name="residual of an agreeing cell",
        lhs=identity(K) - ((sp.exp(a) - 1) * u_of / K * identity(K) + u_of / K * ones(K)),
        rhs=u_of * P,
        because="y − softmax(a ē_y) = u ē_y",
    ),
    Identity(
        name="residual of a differing cell, own label",
        lhs=Named("(y − softmax z)_k", r"(y - \operatorname{softmax} z)_k", 1 - sp.exp(b) / total),
        rhs=(v_of + w_of) / 2 - v_of / K,
        because="y − softmax(b ē_k + c ē_l) = x ē_k + y ē_l with x + y = v, x − y = w: entry k",
    ),
    Identity(
        name="residual of a differing cell, the other task's label",
        lhs=Named("(y − softmax z)_l", r"(y - \operatorname{softmax} z)_l", -sp.exp(c) / total),
        rhs=(v_of - w_of) / 2 - v_of / K,
        because="entry l",
    ),
    Identity(
        name="residual of a differing cell, other labels",
        lhs=Named("(y − softmax z)_i, i ≠ k, l", r"(y - \operatorname{softmax} z)_i,\ i \ne k, l", -1 / total),
        rhs=-v_of / K,
        because="the other K − 2 entries",
    ),
)

DIRECTIONS = (
    *(
        Identity(
            name=f"{'sum' if d == '+' else 'difference'} on {'agreeing' if kind == '=' else 'differing'} cells",
            lhs=direction_gram(d, d, kind, combined("1" + kind, "2" + kind, 1 if d == "+" else -1)),
            rhs=by_direction(d + kind, d + kind),
            because="E_± = (E_1 ± E_2)/√2, from the counts of label pairs",
        )
        for kind in "=≠"
        for d in "+-"
    ),
    Identity(
        name="sum against difference",
        lhs=Named("E_+ E_−ᵀ", r"E_+ {E_-}^{\top}", mixed("1≠", "2≠") + mixed("1=", "2=")),
        rhs=zero,
        because="exchanging the tasks changes no count",
    ),
    Identity(
        name="a task by its directions, sum",
        lhs=Named("(x E_1 + y E_2) + (x E_2 + y E_1)", "(x E_1 + y E_2) + (x E_2 + y E_1)", one_task + other_task),
        rhs=v * E_1 + v * E_2,
        because="x + y = v: the residuals of the two tasks on differing cells have the sum √2 v E_+",
    ),
    Identity(
        name="a task by its directions",
        lhs=Named("(x E_1 + y E_2) − (x E_2 + y E_1)", "(x E_1 + y E_2) - (x E_2 + y E_1)", one_task - other_task),
        rhs=w * E_1 - w * E_2,
        because="x − y = w: and the difference √2 w E_−",
    ),
)

FEASIBLE = (
    Identity(
        name="residual Gram, sum",
        lhs=Named("U'_+ U'_+ᵀ", r"U'_+ {U'_+}^{\top}", per_head**2 * gram(RESIDUAL["+"], RESIDUAL["+"])),
        rhs=lam_h / (m**2 * K**2) * (2 * A * u**2 + (K - 2) * B * v**2) * P,
        where=(BY_COUPLING,),
    ),
    Identity(
        name="residual Gram, difference",
        lhs=Named("U'_− U'_−ᵀ", r"U'_- {U'_-}^{\top}", per_head**2 * gram(RESIDUAL["-"], RESIDUAL["-"])),
        rhs=lam_h / (m**2 * K**2) * (K * B * w**2) * P,
        where=(BY_COUPLING,),
    ),
    Identity(
        name="residual Gram, living sum",
        lhs=per_head**2 * gram(RESIDUAL["+"], RESIDUAL["+"]),
        rhs=lam_h * P,
        where=SUM_LIVES,
        because="(u, v) = (m/σ_+)(a, b + c), and σ_+² K² = 2A a² + (K−2)B (b+c)²",
    ),
    Identity(
        name="residual Gram, living difference",
        lhs=per_head**2 * gram(RESIDUAL["-"], RESIDUAL["-"]),
        rhs=lam_h * P,
        where=DIFFERENCE_LIVES,
        because="w = (m/σ_−)(b − c), and σ_−² = (b−c)² B/K",
    ),
    Inequality(
        name="a dead sum is feasible",
        lhs=lam_h,
        op=">=",
        rhs=lam_h / (m**2 * K**2) * (2 * A * u**2 + (K - 2) * B * v**2),
        by=((lam_h / (m**2 * K**2), m**2 * K**2 - 2 * A * u**2 - (K - 2) * B * v**2),),
        where=(sum_dead,),
        because="this is what dead means",
    ),
    Inequality(
        name="a dead difference is feasible",
        lhs=lam_h,
        op=">=",
        rhs=lam_h / (m**2 * K**2) * (K * B * w**2),
        by=((lam_h / (m**2 * K**2), m**2 * K**2 - K * B * w**2),),
        where=(difference_dead,),
        because="this is what dead means",
    ),
    Identity(
        name="residual Gram, sum against difference",
        lhs=Named("U'_+ U'_−ᵀ", r"U'_+ {U'_-}^{\top}", per_head**2 * gram(RESIDUAL["+"], RESIDUAL["-"])),
        rhs=zero,
        because="sum against difference",
    ),
    Cited(
        name="norm of the two directions",
        lemma=ORTHOGONAL_BLOCKS,
        roles={"limit": sp.sqrt(lam_h), "stack": rotated},
        premises=(
            "residual Gram, living sum",
            "residual Gram, living difference",
            "a dead sum is feasible",
            "a dead difference is feasible",
            "residual Gram, sum against difference",
        ),
    ),
    Cited(
        name="dual feasibility",
        lemma=UNITARY_INVARIANCE,
        roles={"moved": rotated, "original": anatomy.operator},
        premises=("norm of the two directions",),
        because="sum and difference over √2 are a rotation of the two tasks",
    ),
    Cited(
        name="dual feasibility as a matrix inequality",
        lemma=SEMIDEFINITE,
        roles={"matrix": anatomy.semidefinite.matrix},
        premises=("dual feasibility",),
    ),
    Identity(
        name="label counts are uniform",
        lhs=Named("P E_t σ", r"P E_t \sigma", P @ (original("1=", "1=") + original("1≠", "1≠")) @ column),
        rhs=Symmetric(K, 1, 0, 0),
        read_as=(U_ @ sigma, nothing(U_ @ sigma)),
        because="E_t σ is a multiple of 1 on either kind of cell; so U'σ = 0, r = 0, and any bias is feasible",
    ),
    Identity(
        name="logits of the ansatz sum to 0",
        lhs=Named(
            "√λ_W (a P E_t^= + b P E_t^≠ + c P E_s^≠) σ",
            r"\sqrt{\lambda_W}\,(a P E_t^{=} + b P E_t^{\ne} + c P E_s^{\ne})\,\sigma",
            sp.sqrt(lam_w)
            * (P @ (a * original("1=", "1=") + b * original("1≠", "1≠") + c * original("2≠", "2≠")) @ column),
        ),
        rhs=Symmetric(K, 1, 0, 0),
        read_as=(L @ sigma, nothing(L @ sigma)),
        because="block t of Lσ, s the other task: likewise, whatever the coefficients",
    ),
    Identity(
        name="residuals are centred",
        lhs=Named(
            "(I − J/K) u (I − J/K)", r"\bigl(I - \tfrac{1}{K} J\bigr)\, u \bigl(I - \tfrac{1}{K} J\bigr)", P @ (u * P)
        ),
        rhs=u * P,
        read_as=(Pi @ U_, U_),
        because="every block of U' is P times something",
    ),
)

VALUE = (
    Identity(
        name="entropy of an agreeing cell",
        lhs=entropy_same,
        rhs=sp.log(1 + (K - 1) * sp.exp(-a)) + (K - 1) * a * u_of / K,
        because="entropy = loss + ⟨y − q, z⟩",
    ),
    Identity(
        name="entropy of a differing cell",
        lhs=entropy_other,
        rhs=sp.log(total) - b + (K - 2) * (b + c) * v_of / (2 * K) + (b - c) * w_of / 2,
        because="likewise",
    ),
    Identity(
        name="pairing of residual and logits, sum",
        lhs=2 * alpha * (A / K * (K - 1) * a * u / K + (K - 1) * B / K * (K - 2) * (b + c) * v / (2 * K)),
        rhs=alpha * m * (K - 1) * plus,
        where=SUM_LIVES,
        because="the frequencies of agreeing and differing cells are A/K and (K−1)B/K",
    ),
    Identity(
        name="pairing of residual and logits, dead sum",
        lhs=2 * alpha * (A / K * (K - 1) * a * u / K + (K - 1) * B / K * (K - 2) * (b + c) * v / (2 * K)),
        rhs=alpha * m * (K - 1) * plus,
        where=SUM_IS_DEAD,
        because="both are 0",
    ),
    Cases(
        name="pairing of residual and logits in the sum",
        of=("pairing of residual and logits, sum", "pairing of residual and logits, dead sum"),
        exhaustive=STATIONARY,
    ),
    Identity(
        name="pairing of residual and logits, difference",
        lhs=2 * alpha * (K - 1) * B / K * (b - c) * w / 2,
        rhs=alpha * m * (K - 1) * minus,
        where=DIFFERENCE_LIVES,
    ),
    Identity(
        name="pairing of residual and logits, dead difference",
        lhs=2 * alpha * (K - 1) * B / K * (b - c) * w / 2,
        rhs=alpha * m * (K - 1) * minus,
        where=DIFFERENCE_IS_DEAD,
        because="both are 0",
    ),
    Cases(
        name="pairing of residual and logits in the difference",
        of=("pairing of residual and logits, difference", "pairing of residual and logits, dead difference"),
        exhaustive=STATIONARY,
    ),
    Identity(
        name="Gram of the sum of heads",
        lhs=Named("W'_+ W'_+ᵀ", r"W'_+ {W'_+}^{\top}", head["+"]),
        rhs=mu * plus * P,
        where=SUM_LIVES,
        because="U'_+ Z'_+ᵀ",
    ),
    Identity(
        name="Gram of the difference of heads",
        lhs=Named("W'_− W'_−ᵀ", r"W'_- {W'_-}^{\top}", head["-"]),
        rhs=mu * minus * P,
        where=DIFFERENCE_LIVES,
        because="U'_− Z'_−ᵀ",
    ),
    Identity(
        name="a dead sum has no head",
        lhs=head["+"],
        rhs=zero,
        where=SUM_IS_DEAD,
    ),
    Identity(name="a dead difference has no head", lhs=head["-"], rhs=zero, where=DIFFERENCE_IS_DEAD),
    Identity(
        name="logits at the point, sum",
        lhs=mu * plus * per_head / lam_h * u,
        rhs=sp.sqrt(lam_w) * a,
        where=SUM_LIVES,
        because="W'_+ H̃ = W'_+ W'_+ᵀ U'_+/λ_H has the logits a on agreeing cells; likewise b + c, b − c",
    ),
    Identity(
        name="logits at the point, sum, differing cells",
        lhs=mu * plus * per_head / lam_h * v,
        rhs=sp.sqrt(lam_w) * (b + c),
        where=SUM_LIVES,
    ),
    Identity(
        name="logits at the point, difference",
        lhs=mu * minus * per_head / lam_h * w,
        rhs=sp.sqrt(lam_w) * (b - c),
        where=DIFFERENCE_LIVES,
    ),
    penalties("penalties at the point, sum", "+", plus),
    penalties("penalties at the point", "−", minus),
    Cited(
        name="heads with these Gram matrices exist",
        lemma=GRAM_EXISTS,
        roles={"gram": Named("W'_± W'_±ᵀ", r"W'_\pm {W'_\pm}^{\top}", mu * plus * P), "wanted": mu * plus * P},
        because="sum and difference in coordinates of their own, K − 1 for each that lives",
    ),
    Identity(
        name=optimum.MEETS,
        lhs=optimum.attained,
        rhs=optimum.dual,
        using=(
            Using("value of the point"),
            Using("value of the dual point", times=-1),
            Using("entropy of an agreeing cell", times=-2 * alpha * A / K),
            Using("entropy of a differing cell", times=-2 * alpha * (K - 1) * B / K),
            Using("pairing of residual and logits in the sum", times=-1),
            Using("pairing of residual and logits in the difference", times=-1),
        ),
        where=(BY_COUPLING, Let(u, u_of, "residual"), Let(v, v_of, "residual"), Let(w, w_of, "residual")),
        because="loss + pairings of residual and logits = entropies",
    ),
)

# ------------------------------------------------------------------ every optimum

NECESSARY = (
    *optimum.STEPS,
    Identity(
        name="optimal value",
        lhs=Named("f*", "f^*", optimum.least),
        rhs=reduced,
        using=(
            Using("strong duality"),
            Using(optimum.MEETS, times=-1),
            Using("value of the point"),
        ),
        because="f* = D(q) = f(W°, H°)",
        concludes=True,
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
        rhs=mu / (2 * lam_w) * (plus + minus) * P,
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
        rhs=mu / (2 * lam_w) * (plus - minus) * P,
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
        rhs=law.cosine(plus, minus),
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
        rhs=-law.cosine(plus, minus) / (K - 1),
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
        Given("value of the point", optimum.attained, alpha * law.loss(a, b, c, K, rho, ON) + penalty),
        Given(
            "value of the dual point", optimum.dual, 2 * alpha * (A * entropy_same + (K - 1) * B * entropy_other) / K
        ),
        *optimum.HYPOTHESES,
    ),
    steps=SOFTMAX + DIRECTIONS + FEASIBLE + VALUE + NECESSARY,
    source="this suite; two binary tasks: Wang et al. (2026), Theorem 5.1",
    relies_on=(anatomy.CLAIM,),
)
