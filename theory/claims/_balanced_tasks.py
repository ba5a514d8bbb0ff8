r"""Balanced tasks with independent labels: the symbols of the claims, the point and its dual point.

The point has the logits a_t(e_y − 1/K_t); q is their softmax, with the probability p for every wrong class, and its
residual is (K_t p − ε)(e_y − 1/K_t), one scalar for all cells.  s ≠ t is a generic pair of tasks.
"""

from __future__ import annotations

import sympy as sp

from theory import closed_forms as forms
from theory.claims import SYMBOLIC as ON
from theory.proof import Let, Named, Sum
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.symmetric import Symmetric, centring, identity, independent_labels, ones, zeros

# ------------------------------------------------------------------ symbols

x = Alphabet()
K, K_s = x.integer("K_t", least=2, latex="K_t"), x.integer("K_s", least=2, latex="K_s")
N, d = x.positive("N"), x.integer("d")
alpha, alpha_s = x.positive("α_t", latex=r"\alpha_t"), x.positive("α_s", latex=r"\alpha_s")
lam_w, lam_ws = x.positive("λ_W,t", latex=r"\lambda_{W,t}"), x.positive("λ_W,s", latex=r"\lambda_{W,s}")
lam_h = x.positive("λ_H", latex=r"\lambda_H")
eps = x.unit("ε", latex=r"\varepsilon")
a, a_s = x.nonnegative("a_t", latex="a_t"), x.nonnegative("a_s", latex="a_s")
mu = x.positive("μ_t", latex=r"\mu_t")
w = x.real("w_{t,y_t}", latex="w_{t,y_t}")
operator = x.nonnegative("‖U'‖_op", latex=r"\|U'\|_{\mathrm{op}}")
rank = x.integer("rank W_t", latex=r"\operatorname{rank} W_t")

# ------------------------------------------------------------------ the point and its dual

p = forms.wrong_probability(a, K, ON)
coupling = forms.coupling(N, lam_w, lam_h, ON)
threshold = forms.threshold(alpha, N, K, eps)
alive = Condition("task t is alive", lam_w * lam_h, "<", threshold)
dead = Condition("task t is dead", lam_w * lam_h, ">=", threshold)
#: λ_H through the coupling, and the coupling through the margin: a_t is defined by K p(a_t) − ε = μ_t √K_t/α_t
BY_COUPLING = Let(lam_h, mu**2 / (N * lam_w), "μ_t = √(N λ_W λ_H)")
BY_MARGIN = Let(mu, alpha * sp.sqrt(K) * (p - eps / K), "p(a_t) = ε/K_t + μ_t/(α_t √K_t)")
living = (alive, BY_COUPLING, BY_MARGIN)
at_zero = (dead, Let(a, sp.Integer(0), "a dead task has margin 0"))

labels = independent_labels(N, {"t": K, "s": K_s})
E_t, E_s = labels.matrix("t"), labels.matrix("s")
P = centring(K)
targets = (1 - eps) * identity(K) + (eps / K) * ones(K)
predictions = (sp.exp(a) - 1) * p * identity(K) + p * ones(K)
scale = alpha / (N * sp.sqrt(lam_w)) * (K * p - eps)
p_s = forms.wrong_probability(a_s, K_s, ON)
scale_s = alpha_s / (N * sp.sqrt(lam_ws)) * (K_s * p_s - eps)
U_t, U_s = scale * (P @ E_t), scale_s * (centring(K_s) @ E_s)
Z_t = sp.sqrt(lam_w) * a * (P @ E_t)
gram_scale = forms.head_gram_scale(K, N, lam_w, lam_h, a, ON)
value = forms.task_value(alpha, K, coupling, a, ON, eps)
dual_value = -alpha * (sp.exp(a) * p * sp.log(sp.exp(a) * p) + (K - 1) * p * sp.log(p))
#: loss and penalties of one task at the point
point_value = (
    alpha * (sp.log(1 + (K - 1) * sp.exp(-a)) + eps * a * (K - 1) / K)
    + lam_w * (gram_scale * P).trace() / 2
    + (U_t.gram(U_t) / lam_h).inner(lam_w * gram_scale * P) / 2
)
point_named = Named(
    "Σ_t [loss(a_t) + ½λ_W,t tr W_tW_tᵀ + ½⟨U'_tU'_tᵀ, W'_tW'_tᵀ⟩/λ_H]",
    r"\textstyle\sum_t \bigl[\alpha_t \log(1 + (K_t-1)e^{-a_t}) + \alpha_t \varepsilon a_t \tfrac{K_t-1}{K_t}"
    r" + \tfrac{\lambda_{W,t}}{2} \operatorname{tr} W_t W_t^{\top}"
    r" + \tfrac{1}{2\lambda_H} \langle U'_t {U'_t}^{\top}, W'_t {W'_t}^{\top} \rangle\bigr]",
    Sum("t", point_value),
)
dual_named = Named(
    "Σ_t α_t entropy(q_t)",
    r"-\textstyle\sum_t \alpha_t \bigl(e^{a_t} p_t \log(e^{a_t} p_t) + (K_t - 1) p_t \log p_t\bigr)",
    Sum("t", dual_value),
)
beta = forms.sum_rule_weight(K, N, lam_w, lam_h, ON)


def zero(rows: sp.Expr, columns: sp.Expr) -> Symmetric:
    """The zero block."""
    return zeros(rows, columns)
