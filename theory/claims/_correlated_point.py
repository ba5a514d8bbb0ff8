r"""Two correlated tasks of K classes: the point of the reduced problem, its dual point, and that they meet.

The first part of the proof of claim ``correlation_classes``.  :data:`SOFTMAX`: the residuals of a cell.
:data:`DIRECTIONS`: sum and difference of the tasks decouple.  :data:`FEASIBLE`: the residual's norm is at most √λ_H.
:data:`VALUE`: heads, logits and penalties of the point, and f(W°, H°) = D(q).
"""

from __future__ import annotations

import sympy as sp

from theory.claims import _at_an_optimum as optimum
from theory.claims import gap_anatomy as anatomy
from theory.claims._correlated_tasks import (
    BY_COUPLING,
    DIFFERENCE_IS_DEAD,
    DIFFERENCE_LIVES,
    LOGITS,
    RESIDUAL,
    STATIONARY,
    SUM_IS_DEAD,
    SUM_LIVES,
    A,
    B,
    K,
    P,
    a,
    alpha,
    b,
    by_direction,
    c,
    combined,
    difference_dead,
    gram,
    lam_h,
    lam_w,
    m,
    minus,
    mixed,
    mu,
    original,
    per_head,
    plus,
    rotated,
    sum_dead,
    total,
    u,
    u_of,
    v,
    v_of,
    w,
    w_of,
)
from theory.lemmas import (
    GRAM_EXISTS,
    ORTHOGONAL_BLOCKS,
    UNITARY_INVARIANCE,
)
from theory.proof import Cases, Cited, Identity, Inequality, Let, Named, Using
from theory.proof.symmetric import Symmetric, identity, ones, zeros
from theory.proof.traces import letter, nothing


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

E_1, E_2 = letter("E_1", "K", "C"), letter("E_2", "K", "C")

one_task, other_task = (((v + w) / 2) * p + ((v - w) / 2) * q for p, q in ((E_1, E_2), (E_2, E_1)))

zero, column = zeros(K), ones(K, sp.Integer(1))

head = {d: gram(RESIDUAL[d], LOGITS[d]) * per_head * sp.sqrt(lam_w) for d in "+-"}  # W'_± W'_±ᵀ = U'_± Z'_±ᵀ

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

#: the squared norm of the residual in either direction
square_of_sum = lam_h / (m**2 * K**2) * (2 * A * u**2 + (K - 2) * B * v**2)
square_of_difference = lam_h / (m**2 * K**2) * (K * B * w**2)

FEASIBLE = (
    Identity(
        name="residual Gram, sum",
        lhs=Named("U'_+ U'_+ᵀ", r"U'_+ {U'_+}^{\top}", per_head**2 * gram(RESIDUAL["+"], RESIDUAL["+"])),
        rhs=square_of_sum * P,
        where=(BY_COUPLING,),
    ),
    Identity(
        name="residual Gram, difference",
        lhs=Named("U'_− U'_−ᵀ", r"U'_- {U'_-}^{\top}", per_head**2 * gram(RESIDUAL["-"], RESIDUAL["-"])),
        rhs=square_of_difference * P,
        where=(BY_COUPLING,),
    ),
    Inequality(
        name="a living sum is feasible",
        lhs=lam_h,
        op=">=",
        rhs=square_of_sum,
        by=((sp.Integer(0),),),
        where=SUM_LIVES,
        because="(u, v) = (m/σ_+)(a, b + c), and σ_+² K² = 2A a² + (K−2)B (b+c)²",
        equality="always",
    ),
    Inequality(
        name="a living difference is feasible",
        lhs=lam_h,
        op=">=",
        rhs=square_of_difference,
        by=((sp.Integer(0),),),
        where=DIFFERENCE_LIVES,
        because="w = (m/σ_−)(b − c), and σ_−² = (b−c)² B/K",
        equality="always",
    ),
    Inequality(
        name="a dead sum is feasible",
        lhs=lam_h,
        op=">=",
        rhs=square_of_sum,
        by=((lam_h / (m**2 * K**2), m**2 * K**2 - 2 * A * u**2 - (K - 2) * B * v**2),),
        where=(sum_dead,),
        because="this is what dead means",
    ),
    Inequality(
        name="a dead difference is feasible",
        lhs=lam_h,
        op=">=",
        rhs=square_of_difference,
        by=((lam_h / (m**2 * K**2), m**2 * K**2 - K * B * w**2),),
        where=(difference_dead,),
        because="this is what dead means",
    ),
    Cases(name="the sum is feasible", of=("a living sum is feasible", "a dead sum is feasible"), exhaustive=STATIONARY),
    Cases(
        name="the difference is feasible",
        of=("a living difference is feasible", "a dead difference is feasible"),
        exhaustive=STATIONARY,
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
            "residual Gram, sum",
            "the sum is feasible",
            "residual Gram, difference",
            "the difference is feasible",
            "residual Gram, sum against difference",
        ),
        because="each Gram matrix is a multiple of P, by at most λ_H",
    ),
    Cited(
        name="dual feasibility",
        lemma=UNITARY_INVARIANCE,
        roles={"moved": rotated, "original": anatomy.operator},
        premises=("norm of the two directions",),
        because="sum and difference over √2 are a rotation of the two tasks",
    ),
    optimum.AS_A_MATRIX,
    Identity(
        name="label counts are uniform",
        lhs=Named("P E_t σ", r"P E_t \sigma", P @ (original("1=", "1=") + original("1≠", "1≠")) @ column),
        rhs=zeros(K, 1),
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
        rhs=zeros(K, 1),
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
        lhs=Named("entropy(q_=)", r"\operatorname{entropy}(q_{=})", entropy_same),
        rhs=sp.log(1 + (K - 1) * sp.exp(-a)) + (K - 1) * a * u_of / K,
        because="entropy = loss + ⟨y − q, z⟩",
    ),
    Identity(
        name="entropy of a differing cell",
        lhs=Named("entropy(q_≠)", r"\operatorname{entropy}(q_{\ne})", entropy_other),
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
    optimum.meets(
        Using("value of the point"),
        Using("value of the dual point", times=-1),
        Using("entropy of an agreeing cell", times=-2 * alpha * A / K),
        Using("entropy of a differing cell", times=-2 * alpha * (K - 1) * B / K),
        Using("pairing of residual and logits in the sum", times=-1),
        Using("pairing of residual and logits in the difference", times=-1),
        where=(BY_COUPLING, Let(u, u_of, "residual"), Let(v, v_of, "residual"), Let(w, w_of, "residual")),
        because="loss + pairings of residual and logits = entropies",
    ),
)
