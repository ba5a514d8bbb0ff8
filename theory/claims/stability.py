r"""Stability: the geometry of every point with gap ε, with constants.

Hypotheses  any labels, weights and missing labels; q feasible, U' its scaled residual; a point (W, H, b) of any
            dimension with f − D(q) <= ε.  Features stand for their cell means in what concerns predictions (the
            losses are convex: Jensen).
Statement   Cross-entropy: TV(q, p)² <= ε/(2ω) in every cell; |log p_k − log q_k| <= η = −log(1 − TV/q_min);
            q_min (½ − η/3) ‖z − z°‖² <= KL(q ‖ p), z and z° = log q centred within the task.  Any loss:
            ‖W' − U'H̃ᵀ‖² <= 2ε, and with ‖W'‖ <= w and logits within Δ of z° (in the scale of Z')

                ‖W'W'ᵀ − Z°U'ᵀ‖ <= 2w√(2ε) + 2ε + √λ_H Δ,

            hence overlaps, ETF deviations and cosines of the heads are those of Z°U'ᵀ up to O(√ε);
            Σ‖h_i − h̄‖² <= 2ε/λ_H.  Block by block this needs the logits of s wherever t is labelled; where they only
            share cells, any Q on the cells of s with sᵀQ = 0 gives

                ‖W'_sW'_tᵀ − λ_H Z°_sQ‖ <= w² ‖S_tᵀP_t − U'Q‖ + λ_H (Δ + 2w√(2ε/λ_H)) ‖Q‖ + 2w√(2ε).
Source      Pinsker; self-concordance: Bach (2010); the chain to head geometry: here.

W'W'ᵀ is near Z°U'ᵀ because at a minimiser W' = U'H̃ᵀ: the dual point alone tells the Gram matrices.  P centres
within tasks; PU' = U' for cross-entropy (for squared error P = I).  D = W' − U'H̃ᵀ; s = [√n_j]; β the scaled bias;
U's = 0 under a free bias, β = 0 without one; a decayed bias adds the same with its distance from r/λ_b, which is at
most √(λ_W/λ_b) √(2ε) in that scale.
"""

from __future__ import annotations

import sympy as sp

from theory import stability_bounds as bounds
from theory.claims import SYMBOLIC
from theory.claims import gap_anatomy as anatomy
from theory.lemmas import (
    EXPONENTIAL_INCREASING,
    EXPONENTIAL_SERIES,
    PINSKER,
    PRODUCT_NORM,
    SELF_CONCORDANCE,
    TRIANGLE,
)
from theory.proof import (
    Cited,
    Claim,
    Given,
    Identity,
    Inequality,
    Let,
    Named,
    Slack,
    Square,
    Sum,
    Termwise,
    Using,
)
from theory.proof.alphabet import Condition
from theory.proof.traces import Trace, Word, identity, letter

x = anatomy.x.part(
    anatomy.lam, anatomy.omega, anatomy.phi, anatomy.conj_y, anatomy.conj_q, anatomy.yz, anatomy.qz, anatomy.operator,
    anatomy.nuclear,
)  # fmt: skip
lam, omega = anatomy.lam, anatomy.omega
gap = x.nonnegative("ε", latex=r"\varepsilon")
weight = x.positive("ω_{t,j}", latex=r"\omega_{t,j}")
kl, variation = x.nonnegative("KL", latex=r"\mathrm{KL}(q\|p)"), x.nonnegative("TV", latex=r"\mathrm{TV}(q,p)")
least, above = x.positive("q_min", latex=r"q_{\min}"), x.nonnegative("q_k − q_min", latex=r"(q_k-q_{\min})")
ratio, size = x.nonnegative("η", latex=r"\eta"), x.positive("R")
log_q, log_p = x.real("log q_k", latex=r"\log q_k"), x.real("log p_k", latex=r"\log p_k")
q_k, d_k, mean_d, centre = x.positive("q_k"), x.real("d_k"), x.real("d̄", latex=r"\bar d"), x.real("m")
head, e, logits = x.nonnegative("w"), x.nonnegative("e"), x.nonnegative("Δ", latex=r"\Delta")
inner, inner_less = x.nonnegative("x"), x.nonnegative("x° + ρ − x", latex=r"(x^\circ+\rho-x)")
left_lower = x.positive("a° − ρ_a", latex=r"(a^\circ-\rho_a)")
right_lower = x.positive("b° − ρ_b", latex=r"(b^\circ-\rho_b)")
left_more = x.nonnegative("a − a° + ρ_a", latex=r"(a-a^\circ+\rho_a)")
right_more = x.nonnegative("b − b° + ρ_b", latex=r"(b-b^\circ+\rho_b)")
radius, norm_centre = x.nonnegative("ρ", latex=r"\rho"), x.positive("‖G°‖", latex=r"\|G^\circ\|")
left_radius, right_radius = x.nonnegative("ρ_a", latex=r"\rho_a"), x.nonnegative("ρ_b", latex=r"\rho_b")
inverse, spread = x.positive("1/g"), x.nonnegative("|1/g − 1/g°|", latex=r"|1/g-1/g^\circ|")
moved = x.nonnegative("|x − x°|", latex=r"|x-x^\circ|")
root_low, root_high = x.positive("1/√g_−", latex=r"g_-^{-1/2}"), x.positive("1/√g_+", latex=r"g_+^{-1/2}")
off = x.nonnegative("|‖G‖ − ‖G°‖|", latex=r"\bigl|\|G\|-\|G^\circ\|\bigr|")
full = x.nonnegative("‖W'W'ᵀ − Z°U'ᵀ‖", latex=r"\|W'W'^{\top}-Z^\circ U'^{\top}\|")
piece_1 = x.nonnegative("‖W'Dᵀ‖", latex=r"\|W'D^{\top}\|")
piece_2 = x.nonnegative("‖(I−P)D(W'−D)ᵀ‖", latex=r"\|(I-P)D(W'-D)^{\top}\|")
piece_3 = x.nonnegative("‖(PZ'+βsᵀ−Z°)U'ᵀ‖", latex=r"\|(PZ'+\beta s^{\top}-Z^\circ)U'^{\top}\|")
loss_value = x.nonnegative("Σωℓ", latex=r"\textstyle\sum\omega\,\ell")

miss, width = x.nonnegative("‖S_tᵀP_t − U'Q‖", latex=r"\|S_t^{\top}P_t-U'Q\|"), x.nonnegative("‖Q‖", latex=r"\|Q\|")
means = x.nonnegative("m_s + m_t")
block = x.nonnegative("‖W'_sW'_tᵀ − λ_H Z°_sQ‖", latex=r"\|W'_s{W'_t}^{\top}-\lambda_H Z^\circ_sQ\|")
by_miss = x.nonnegative("‖P_sW'_sW'ᵀ(S_tᵀP_t − U'Q)‖", latex=r"\|P_sW'_s{W'}^{\top}(S_t^{\top}P_t-U'Q)\|")
by_features = x.nonnegative("‖P_sW'_s(λ_H H̃ − W'ᵀU')Q‖", latex=r"\|P_sW'_s(\lambda_H\tilde H-{W'}^{\top}U')Q\|")
by_logits = x.nonnegative("λ_H‖(P_sZ'_s + β_ssᵀ − Z°_s)Q‖", latex=r"\lambda_H\|(P_sZ'_s+\beta_ss^{\top}-Z^\circ_s)Q\|")
by_means = x.nonnegative("‖means of rows‖", latex=r"\|(I-P_s)W'_s{W'_t}^{\top}+P_sW'_s{W'_t}^{\top}(I-P_t)\|")

W, H, U = anatomy.W_, anatomy.H_, anatomy.U_
S_s, S_t = letter("S_s", "K_s", "R"), letter("S_t", "K_t", "R")
P_s, P_t = letter("P_s", "K_s", "K_s", symmetric=True), letter("P_t", "K_t", "K_t", symmetric=True)
Z_s, Q, beta_s = (
    letter("Z°_s", "K_s", "C", r"Z^\circ_s"),
    letter("Q", "C", "K_t"),
    letter("β_s", "K_s", "1", r"\beta_s"),
)
P, Z_0 = letter("P", "R", "R", symmetric=True), letter("Z°", "R", "C", r"Z^\circ")
beta, s = letter("β", "R", "1", r"\beta"), letter("s", "C", "1")
D = W - U @ H.T
half, root = sp.Rational(1, 2), sp.sqrt(lam)
form = lam * identity("C") - U.T @ U
total = anatomy.prediction + anatomy.shared_terms + half * lam * anatomy.within.value
others = total - half * Square(D).value

radius_named = Named(
    "2w√(2ε) + 2ε + √λ_H Δ",
    r"2w\sqrt{2\varepsilon}+2\varepsilon+\sqrt{\lambda_H}\,\Delta",
    bounds.gram_radius(gap, head, logits, lam, True, 0, SYMBOLIC),
)
duality = bounds.duality_radius(gap, SYMBOLIC)
eta = bounds.log_ratio(variation, least, SYMBOLIC)
overlap = bounds.overlap_bound(
    inner + inner_less, left_lower, right_lower, sp.Integer(0), (sp.Integer(0), sp.Integer(0)), SYMBOLIC
)
true_overlap = inner / sp.sqrt((left_lower + left_more) * (right_lower + right_more))
series = 1 - size + size**2 / 2 - size**3 / 6
within_gap = Condition("gap at most ε", weight * kl, "<=", gap)

inverse_root = 1 / sp.sqrt(left_lower * right_lower)
inverse_centre = 1 / sp.sqrt((left_lower + left_radius) * (right_lower + right_radius))
cosine_bound = bounds.cosine_radius(
    inner, left_lower + left_radius, right_lower + right_radius, radius, (left_radius, right_radius), SYMBOLIC
)
OVERLAP = r"\Bigl(\|W_sW_t^{\top}\|/\sqrt{\|W_sW_s^{\top}\|\|W_tW_t^{\top}\|}\Bigr)^{2}"
close = Condition("the predictions are close", variation, "<", least)
is_least = Condition("q_min is the least probability", q_k, ">=", least)

CLAIM = Claim(
    name="stability",
    title="From the gap to the geometry: constants for every ε-optimal point",
    alphabet=x,
    hypotheses=(
        "f − D(q) ≤ ε at a point of any dimension; q feasible",
        "by the gap anatomy each of its five terms is then at most ε",
        anatomy.feasible,
        anatomy.semidefinite,
        Given("d̄ is the mean of d_k = z_k − z°_k", Sum("k", d_k - mean_d), Sum("k", 0)),
        Given("residuals are centred", P @ U, U),
        Given("U' does not see the bias", U @ s @ beta.T, Word({}, "R", "R")),
        Given("Q does not see the bias", beta_s @ s.T @ Q, Word({}, "K_s", "K_t")),
    ),
    relies_on=(anatomy.CLAIM,),
    steps=(
        Inequality(
            name="the duality square is at most the gap",
            lhs=Named("f − D(q)", "f - D(q)", total),
            op=">=",
            rhs=half * Square(D).value,
            by=(
                (Termwise(anatomy.SAMPLES, (omega, Slack("gap_anatomy::prediction gap of one sample"))),),
                (half, anatomy.closeness),
                (half * lam, anatomy.within),
            ),
            because="the other terms of the anatomy are non-negative: ‖W' − U'H̃ᵀ‖² ≤ 2ε",
            concludes=True,
        ),
        Inequality(
            name="variability within cells is at most the gap",
            lhs=Named("f − D(q)", "f - D(q)", total),
            op=">=",
            rhs=half * lam * anatomy.within.value,
            by=(
                (Termwise(anatomy.SAMPLES, (omega, Slack("gap_anatomy::prediction gap of one sample"))),),
                (half, anatomy.duality),
                (half, anatomy.closeness),
            ),
            because="so Σ‖h_i − h̄‖² ≤ 2ε/λ_H",
            concludes=True,
        ),
        Cited(
            name="Pinsker in a cell",
            lemma=PINSKER,
            roles={"divergence": kl, "total_variation": variation},
            because="the prediction term is Σ ω KL(q ‖ p) for cross-entropy",
        ),
        Inequality(
            name="predictions",
            lhs=variation**2,
            op="<=",
            rhs=bounds.total_variation(gap, weight, SYMBOLIC) ** 2,
            by=((1 / (2 * weight), gap - weight * kl), (half, Slack("Pinsker in a cell"))),
            where=(within_gap,),
            because="ω KL(q ‖ p) ≤ ε in every cell",
            concludes=True,
        ),
        Inequality(
            name="ratio of probabilities from below",
            lhs=(q_k - variation) / q_k,
            op=">=",
            rhs=1 - variation / least,
            where=(Let(q_k, least + above, "q_k ≥ q_min"),),
            because="|p_k − q_k| ≤ TV: p_k/q_k ≥ 1 − TV/q_min",
        ),
        Inequality(
            name="ratio of probabilities from above",
            lhs=1 / (1 - variation / least),
            op=">=",
            rhs=1 + variation / least,
            by=((variation**2 / least, 1 / (least - variation)),),
            where=(close, Let(least, variation + size, "TV < q_min")),
            because="p_k/q_k ≤ 1 + TV/q_min ≤ 1/(1 − TV/q_min)",
        ),
        Cited(
            name="log-ratios",
            lemma=EXPONENTIAL_INCREASING,
            roles={
                "larger": Named("η = −log(1 − TV/q_min)", r"\eta = -\log(1-\mathrm{TV}/q_{\min})", eta),
                "smaller": Named("|log p_k − log q_k|", r"|\log p_k-\log q_k|", sp.Abs(log_p - log_q)),
            },
            premises=("ratio of probabilities from below", "ratio of probabilities from above"),
            where=(close,),
            because="so every margin is within 2η of log q_k − log q_l",
            concludes=True,
        ),
        Cited(
            name="alternating series",
            lemma=EXPONENTIAL_SERIES,
            roles={"exponential": sp.exp(-size), "series": series},
        ),
        Inequality(
            name="modulus of convexity",
            lhs=(sp.exp(-size) + size - 1) / size**2,
            op=">=",
            rhs=bounds.convexity(size / 2),
            by=((1 / size**2, Slack("alternating series")),),
            because="½ − R/6, with R = 2η the range of d = z − z°",
        ),
        Inequality(
            name="variance of the deviations",
            lhs=Sum("k", q_k * (d_k - centre) ** 2),
            op=">=",
            rhs=Sum("k", least * (d_k - mean_d) ** 2),
            by=(
                (Termwise("k", (q_k - least, (d_k - centre) ** 2)),),
                (Termwise("k", (least, (mean_d - centre) ** 2)),),
            ),
            using=(Using("d̄ is the mean of d_k = z_k − z°_k", times=2 * least * (mean_d - centre)),),
            where=(is_least,),
            because="Var_q(d) ≥ q_min ‖z − z°‖², both centred within the task; m the mean under q",
            concludes=True,
        ),
        Cited(
            name="logits",
            lemma=SELF_CONCORDANCE,
            roles={
                "divergence": kl,
                "bound": Named(
                    "q_min (½ − η/3) ‖z − z°‖²",
                    r"q_{\min}(\tfrac12-\tfrac\eta3)\|z-z^\circ\|^2",
                    least * bounds.convexity(ratio) * d_k**2,
                ),
            },
            premises=("modulus of convexity", "variance of the deviations", "log-ratios"),
            where=(is_least, close),
            because="KL(q ‖ p) ≥ Var_q(d) (e^{−R} + R − 1)/R²",
            concludes=True,
        ),
        Inequality(
            name="size of the heads",
            lhs=Named("f(W, H, b)", "f(W, H, b)", Trace({}) + loss_value + half * W.square() + half * lam * H.square()),
            op=">=",
            rhs=half * W.square(),
            by=((loss_value,), (half * lam, Square(H))),
            because="‖W'‖² ≤ 2f =: w²",
            concludes=True,
        ),
        Identity(
            name="Gram matrix of the heads against the dual point",
            lhs=W @ W.T - Z_0 @ U.T,
            rhs=Named(
                "W'Dᵀ + (I − P)D(W' − D)ᵀ + (PZ' + βsᵀ − Z°)U'ᵀ",
                r"W'D^{\top} + (I-P)D(W'-D)^{\top} + (PZ'+\beta s^{\top}-Z^\circ)U'^{\top}",
                W @ D.T + (identity("R") - P) @ D @ (W - D).T + (P @ W @ H + beta @ s.T - Z_0) @ U.T,
            ),
            using=(
                Using("residuals are centred", times=-1, left=identity("R"), right=H.T @ H @ U.T),
                Using("U' does not see the bias", times=-1, transposed=True),
            ),
            because="W' = D + U'H̃ᵀ and (I − P)U' = 0",
            concludes=True,
        ),
        Cited(
            name="first part",
            lemma=PRODUCT_NORM,
            roles={"bound": head * e, "norm": piece_1},
            because="‖W'‖ ≤ w, ‖D‖ ≤ e = √(2ε)",
        ),
        Cited(
            name="second part",
            lemma=PRODUCT_NORM,
            roles={"bound": e * (head + e), "norm": piece_2},
            because="‖I − P‖_op ≤ 1 and ‖W' − D‖ ≤ w + e",
        ),
        Cited(
            name="third part",
            lemma=PRODUCT_NORM,
            roles={"bound": root * logits, "norm": piece_3},
            because="‖U'‖_op ≤ √λ_H, and Δ bounds the centred logits in the scale of Z'",
        ),
        Cited(
            name="sum of the parts",
            lemma=TRIANGLE,
            roles={"bound": piece_1 + piece_2 + piece_3, "norm": full},
            premises=("Gram matrix of the heads against the dual point",),
        ),
        Inequality(
            name="heads",
            lhs=full,
            op="<=",
            rhs=radius_named,
            by=((Slack("sum of the parts"),), (Slack("first part"),), (Slack("second part"),), (Slack("third part"),)),
            where=(Let(e, duality, "‖D‖² ≤ 2ε"),),
            because="for squared error P = I, and the second part is absent",
            concludes=True,
        ),
        Inequality(
            name="overlap of two heads",
            lhs=Named("(‖W_sW_tᵀ‖/√(‖W_sW_sᵀ‖‖W_tW_tᵀ‖))²", OVERLAP, true_overlap**2),
            op="<=",
            rhs=Named(
                "(x° + ρ)²/((a° − ρ_a)(b° − ρ_b))",
                r"\frac{(x^\circ+\rho)^2}{(a^\circ-\rho_a)(b^\circ-\rho_b)}",
                overlap**2,
            ),
            because="squares: x ≤ x° + ρ, a ≥ a° − ρ_a, b ≥ b° − ρ_b for the norms of the blocks",
            concludes=True,
        ),
        Inequality(
            name="ETF deviation of a head",
            lhs=Named(
                "‖G/‖G‖ − G°/‖G°‖‖",
                r"\bigl\|G/\|G\|-G^\circ/\|G^\circ\|\bigr\|",
                radius / norm_centre + off / norm_centre,
            ),
            op="<=",
            rhs=bounds.etf_bound(sp.Integer(0), norm_centre, radius),
            by=((radius - off, 1 / norm_centre),),
            where=(Condition("norms differ by no more than ρ", off, "<=", radius),),
            because="G/‖G‖ − G°/‖G°‖ = (G − G°)/‖G°‖ + (G/‖G‖)(‖G°‖ − ‖G‖)/‖G°‖; then the triangle inequality",
            concludes=True,
        ),
        Inequality(
            name="cosines: mean of the extreme denominators",
            lhs=root_low**2 + root_high**2,
            op=">=",
            rhs=2 * root_low * root_high,
            by=((sp.Integer(1), (root_low - root_high) ** 2),),
            because="g_±² = (a° ± ρ_a)(b° ± ρ_b): 1/g_− + 1/g_+ ≥ 2/√(g_− g_+)",
        ),
        Inequality(
            name="cosines: product of the extreme denominators",
            lhs=(left_lower + left_radius) ** 2 * (right_lower + right_radius) ** 2,
            op=">=",
            rhs=(left_lower + 2 * left_radius) * left_lower * (right_lower + 2 * right_radius) * right_lower,
            because="(a°² − ρ_a²)(b°² − ρ_b²) ≤ a°²b°²: so |1/g − 1/g°| ≤ 1/g_− − 1/g° for every g in [g_−, g_+]",
        ),
        Inequality(
            name="cosines of rows",
            lhs=Named("ρ/g_− + |x°| (1/g_− − 1/g°)", r"\rho/g_- + |x^\circ|(1/g_- - 1/g^\circ)", cosine_bound),
            op=">=",
            rhs=Named("|x/g − x°/g°|", r"|x/g-x^\circ/g^\circ|", moved * inverse + inner * spread),
            by=(
                (radius - moved, inverse),
                (radius, inverse_root - inverse),
                (inner, inverse_root - inverse_centre - spread),
            ),
            where=(
                Condition("entries differ by no more than ρ", moved, "<=", radius),
                Condition("g ≥ g_−", inverse, "<=", inverse_root),
                Condition("denominators, as shown", spread, "<=", inverse_root - inverse_centre),
            ),
            because="x/g − x°/g° = (x − x°)/g + x°(1/g − 1/g°); left: the radius that the suite runs",
            concludes=True,
        ),
        Identity(
            name="features against the heads",
            lhs=lam * H.T - U.T @ W,
            rhs=Named(
                "(λ_H I − U'ᵀ U') H̃ᵀ − U'ᵀ (W' − U' H̃ᵀ)",
                r"(\lambda_H I - {U'}^{\top} U')\, {\tilde H}^{\top} - {U'}^{\top} (W' - U' {\tilde H}^{\top})",
                form @ H.T - U.T @ D,
            ),
            because="‖λ_H H̃ᵀ − U'ᵀW'‖ ≤ ‖(λ_H I − U'ᵀU')^{1/2}‖_op √(2ε) + ‖U'‖_op √(2ε) ≤ 2√λ_H √(2ε)",
        ),
        Identity(
            name="radius of the features",
            lhs=Named("2√λ_H √(2ε)/λ_H", r"2\sqrt{\lambda_H}\sqrt{2\varepsilon}/\lambda_H", 2 * root * duality / lam),
            rhs=bounds.feature_radius(gap, lam, SYMBOLIC),
            because="divide by λ_H: ‖H̃ − W'ᵀU'/λ_H‖ ≤ 2√(2ε/λ_H)",
            concludes=True,
        ),
        Identity(
            name="a block through the cells of one task",
            lhs=S_s @ W @ W.T @ S_t.T - lam * Z_s @ Q,
            rhs=Named(
                "four parts",
                r"P_sW'_s{W'}^{\top}(S_t^{\top}P_t-U'Q) - P_sW'_s(\lambda_H\tilde H-{W'}^{\top}U')Q"
                r" + \lambda_H(P_sZ'_s+\beta_ss^{\top}-Z^\circ_s)Q"
                r" + (I-P_s)W'_s{W'_t}^{\top} + P_sW'_s{W'_t}^{\top}(I-P_t)",
                P_s @ S_s @ W @ W.T @ (S_t.T @ P_t - U @ Q)
                - P_s @ S_s @ W @ (lam * H - W.T @ U) @ Q
                + lam * (P_s @ S_s @ W @ H + beta_s @ s.T - Z_s) @ Q
                + (identity("K_s") - P_s) @ S_s @ W @ W.T @ S_t.T
                + P_s @ S_s @ W @ W.T @ S_t.T @ (identity("K_t") - P_t),
            ),
            using=(Using("Q does not see the bias", times=-lam),),
            because="Q lives on the cells of s, where the logits Z'_s are known; W'ᵀU' is near λ_H H̃",
            concludes=True,
        ),
        Cited(
            name="what Q misses",
            lemma=PRODUCT_NORM,
            roles={"bound": head * head * miss, "norm": by_miss},
            because="‖W'_s‖ ≤ w, ‖W'‖ ≤ w",
        ),
        Cited(
            name="features off their sum of rows",
            lemma=PRODUCT_NORM,
            roles={"bound": lam * head * bounds.feature_radius(gap, lam, SYMBOLIC) * width, "norm": by_features},
            premises=("radius of the features",),
        ),
        Cited(
            name="logits off their centre",
            lemma=PRODUCT_NORM,
            roles={"bound": lam * logits * width, "norm": by_logits},
        ),
        Cited(
            name="means of rows",
            lemma=PRODUCT_NORM,
            roles={"bound": head * means, "norm": by_means},
            because="‖(I − P)W'_t‖ = ‖(I − P)(D + U'H̃ᵀ)‖ is at most m_t = √(2ε) + w ‖(I − P)U'_t‖/√λ_H",
        ),
        Cited(
            name="sum of the four parts",
            lemma=TRIANGLE,
            roles={"bound": by_miss + by_features + by_logits + by_means, "norm": block},
            premises=("a block through the cells of one task",),
        ),
        Inequality(
            name="heads of two tasks with a common cell",
            lhs=block,
            op="<=",
            rhs=Named(
                "radius of the block",
                r"w^2\|S_t^{\top}P_t-U'Q\| + \lambda_H(\Delta+2w\sqrt{2\varepsilon/\lambda_H})\|Q\| + w(m_s+m_t)",
                bounds.common_cells_radius(gap, head, logits, lam, width, miss, means, 0, SYMBOLIC),
            ),
            by=(
                (Slack("sum of the four parts"),),
                (Slack("what Q misses"),),
                (Slack("features off their sum of rows"),),
                (Slack("logits off their centre"),),
                (Slack("means of rows"),),
            ),
            because="for a decayed bias Z°_s is shifted, and what is not known of the bias is added as before",
            concludes=True,
        ),
    ),
    source="Pinsker (1964) and Bach (2010) for the predictions; from there to the geometry: this suite",
)
