r"""Two correlated tasks of K classes: the symbols of the claims, and their labels by direction and kind of cell.

Labels agree with probability A/K, A = 1 + (K−1)ρ, and are uniform otherwise, B = 1 − ρ.  Cells are *agreeing* (=) or
*differing* (≠); sum and difference of the tasks, E_± = (E_1 ± E_2)/√2, decouple.  The point of the reduced problem has
the logits a ē_k on agreeing and b ē_k + c ē_l on differing cells, with the residuals u, v, w of softmax.
"""

from __future__ import annotations

import sympy as sp

from theory import closed_forms as forms
from theory import correlation_law as law
from theory.claims import SYMBOLIC as ON
from theory.claims import gap_anatomy as anatomy
from theory.proof import Let
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.symmetric import Labels, Symmetric, centring, identity, ones, zeros

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
#: σ_± by name, which the statement uses; their definitions are hypotheses of the claims
s_plus, s_minus = x.real("σ_+", latex=r"\sigma_+"), x.real("σ_−", latex=r"\sigma_-")
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
        return zeros(K)
    if s[1] == "=":
        return agreeing * identity(K)
    return differing * ((K - 1) * identity(K) if s == t else ones(K) - identity(K))


def by_direction(s: str, t: str) -> Symmetric:
    """The same for the sum (+) and the difference (−) of the two tasks, over √2."""
    if s[1] != t[1] or s[0] != t[0]:
        return zeros(K)
    if s[1] == "=":
        return 2 * agreeing * identity(K) if s[0] == "+" else zeros(K)
    return differing * ((K - 2) * identity(K) + ones(K) if s[0] == "+" else K * identity(K) - ones(K))


labels = Labels(dict.fromkeys(("+=", "+≠", "-=", "-≠"), K), by_direction)
Part = tuple[tuple[sp.Expr, str], ...]
#: coefficients of P E in the residual U' √λ_W N/α and in the logits Z'/√λ_W, by direction
RESIDUAL: dict[str, Part] = {"+": ((u, "+="), (v, "+≠")), "-": ((u, "-="), (w, "-≠"))}
LOGITS: dict[str, Part] = {"+": ((a, "+="), (b + c, "+≠")), "-": ((a, "-="), (b - c, "-≠"))}
per_head = alpha / (N * sp.sqrt(lam_w))


def gram(first: Part, second: Part) -> Symmetric:
    """(Σ x P E)(Σ y P E)ᵀ."""
    out = zeros(K)
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
