r"""Collapse within cells (NC1): samples with the same labels and weights have the same feature.

Hypotheses  any convex differentiable data term Φ_Ω(z) − ⟨Ωy, z⟩ of the stacked logits z = W h + b (so any
            Fenchel–Young loss, any soft labels, any missing labels); λ_H > 0; two samples i, i' of one cell,
            i.e. with the same targets y and the same weights Ω.
Statement   At every critical point, hence at every minimiser, h_i = h_{i'}.  And replacing the features of a
            cell by their mean lowers the objective by at least λ_H/2 Σ_i ‖h_i − h̄‖².
Source      Classical for minimisers with one task (Zhu et al. 2021); at critical points and for stacked
            tasks: here.

Letters: W stacks the heads of all tasks, Ω = diag of the weights ω_t of one sample (0 where a task has no
label), p = ∇Φ(z) stacks the predictions; so ⟨Ωp, z⟩ = Σ_t ω_t ⟨p_t, z_t⟩ for any number of tasks.
"""

from __future__ import annotations

import sympy as sp

from theory.lemmas import FENCHEL_YOUNG, FENCHEL_YOUNG_EQUALITY, FERMAT, JENSEN
from theory.proof import Cited, Claim, Derivative, EqualityCase, Given, Identity, Inequality, Slack, Square, Using
from theory.proof.alphabet import Alphabet
from theory.proof.traces import Trace, Word, identity, letter

x = Alphabet()
lam = x.positive("λ_H", latex=r"\lambda_H")
n = x.integer("n", latex="n")
z, rest = x.real("z_k", latex="z_k"), x.positive("S", latex="S")
phi_1, phi_2 = x.real("Φ(z_i)", latex=r"\Phi(z_i)"), x.real("Φ(z_i')", latex=r"\Phi(z_{i'})")
conj_1, conj_2 = x.real("Φ∗(p_i)", latex=r"\Phi^*(p_i)"), x.real("Φ∗(p_i')", latex=r"\Phi^*(p_{i'})")
data = x.real("Σ_i ℓ_i", latex=r"\textstyle\sum_i \ell(Wh_i+b,y)")
data_mean = x.real("n ℓ(h̄)", latex=r"n\,\ell(W\bar h+b,y)")

W, Omega, b = letter("W", "R", "d"), letter("Ω", "R", "R", r"\Omega", symmetric=True), letter("b", "R", "1")
y, p_1, p_2 = letter("y", "R", "1"), letter("p_i", "R", "1"), letter("p_i'", "R", "1", "p_{i'}")
h_1, h_2 = letter("h_i", "d", "1"), letter("h_i'", "d", "1", "h_{i'}")
z_1, z_2 = W @ h_1 + b, W @ h_2 + b
H, mean, one = letter("H", "d", "n"), letter("h̄", "d", "1", r"\bar h"), letter("1", "n", "1", r"\mathbf 1")


def inner(p: Word, z: Word) -> Trace:
    """⟨Ωp, z⟩ = Σ_t ω_t ⟨p_t, z_t⟩."""
    return (Omega @ p).inner(z)


scatter = Square(H - mean @ one.T)
penalty = lam / 2 * H.square()
penalty_mean = lam / 2 * n * mean.square()

CLAIM = Claim(
    name="cells",
    title="Equal labels give equal features at every critical point (NC1)",
    alphabet=x,
    hypotheses=(
        "convex differentiable loss (cross-entropy, squared error, any Fenchel–Young loss)",
        "any targets, any missing labels",
        "samples i and i' of one cell: the same targets y and the same weights Ω",
        Given("stationarity in h_i", lam * h_1, W.T @ Omega @ (y - p_1)),
        Given("stationarity in h_i'", lam * h_2, W.T @ Omega @ (y - p_2)),
        Given("h̄ is the mean of the cell", H @ one, n * mean),
        Given("n samples", one.T @ one, n * identity("1")),
    ),
    steps=(
        Derivative(
            name="the gradient of logsumexp is softmax",
            of=sp.log(rest + sp.exp(z)),
            by=z,
            equals=sp.exp(z) / (rest + sp.exp(z)),
            because="S = Σ_{c≠k} e^{z_c} stands for the other classes, however many: for cross-entropy p = softmax(z)",
        ),
        Cited(
            name="minimisers are critical points",
            lemma=FERMAT,
            roles={"gradient": lam * h_1 - W.T @ Omega @ (y - p_1)},
            because="the objective is differentiable in h_i, with this gradient",
        ),
        Cited(
            name="equality at z_i",
            lemma=FENCHEL_YOUNG_EQUALITY,
            roles={"phi": phi_1, "conjugate": conj_1, "inner": inner(p_1, z_1)},
            because="p_i = ∇Φ(z_i); Φ is the weighted sum over tasks, with gradient Ωp",
        ),
        Cited(
            name="equality at z_i'",
            lemma=FENCHEL_YOUNG_EQUALITY,
            roles={"phi": phi_2, "conjugate": conj_2, "inner": inner(p_2, z_2)},
        ),
        Cited(
            name="gap of z_i at p_i'",
            lemma=FENCHEL_YOUNG,
            roles={"phi": phi_1, "conjugate": conj_2, "inner": inner(p_2, z_1)},
        ),
        Cited(
            name="gap of z_i' at p_i",
            lemma=FENCHEL_YOUNG,
            roles={"phi": phi_2, "conjugate": conj_1, "inner": inner(p_1, z_2)},
        ),
        Identity(
            name="distance and gaps add up to 0",
            lhs=lam * (h_1 - h_2).square() + (phi_1 + conj_2 - inner(p_2, z_1)) + (phi_2 + conj_1 - inner(p_1, z_2)),
            rhs=Trace({}),
            using=(
                Using("equality at z_i"),
                Using("equality at z_i'"),
                Using("stationarity in h_i", left=(h_1 - h_2).T),
                Using("stationarity in h_i'", times=-1, left=(h_1 - h_2).T),
            ),
            because="subtract the two stationarity conditions and multiply by h_i − h_i'",
        ),
        EqualityCase(
            name="collapse within the cell",
            of="distance and gaps add up to 0",
            by=((lam, Square(h_1 - h_2)), (Slack("gap of z_i at p_i'"),), (Slack("gap of z_i' at p_i"),)),
            summand=0,
            because="three non-negative terms add up to 0",
            concludes=True,
        ),
        Cited(
            name="Jensen within the cell",
            lemma=JENSEN,
            roles={"total": data, "at_mean": data_mean},
            because="h ↦ ℓ(Wh + b, y) is convex",
        ),
        Identity(
            name="scatter within the cell",
            lhs=H.square(),
            rhs=n * mean.square() + scatter.value,
            using=(
                Using("h̄ is the mean of the cell", times=2, right=mean.T),
                Using("n samples", times=-1, left=mean, right=mean.T),
            ),
            because="the cross terms vanish since the deviations from the mean add up to 0",
        ),
        Inequality(
            name="averaging a cell lowers the objective",
            lhs=data + penalty,
            op=">=",
            rhs=data_mean + penalty_mean + lam / 2 * scatter.value,
            by=((Slack("Jensen within the cell"),),),
            using=(Using("scatter within the cell", times=lam / 2),),
            because="Jensen for the loss, the scatter identity for the penalty",
            equality="all features of the cell are equal (then both sides agree)",
            concludes=True,
        ),
    ),
    source="for one task and minimisers: Zhu et al. (2021); at critical points, any tasks: this suite",
)
