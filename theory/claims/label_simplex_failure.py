r"""Label simplices are not the limit of vanishing decay in general: fine and coarse labels.

Hypotheses  fine labels {0, 1, 2}, equally frequent, and the coarse label 1[fine = 2]; one decay for both tasks.
Statement   The label-simplex matrix E, all of whose margins are 1, is not of least nuclear norm among the matrices with
            margins >= 1: the member p = 2/5, y = 1/2 of a family through E = (1/3, 1/2) has margins >= 1 and a smaller
            norm.  So limits of minimisers (claim ``vanishing_decay``) are not the label simplices.
Source      here; the conjecture that it refutes is that of one task, Thrampoulidis et al. (2022), task by task.

The family is that of :func:`theory.label_simplex.fine_coarse_logits`; its Gram matrix has the eigenvalues 1, σ₁², σ₂².
"""

from __future__ import annotations

import sympy as sp

from theory import label_simplex as simplex
from theory.claims import SYMBOLIC
from theory.proof import (
    Claim,
    Identity,
    Inequality,
    Named,
)
from theory.proof.alphabet import Alphabet

x = Alphabet()
p, y, lam_char = x.positive("p"), x.positive("y"), x.real("ξ", latex=r"\xi")
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

CLAIM = Claim(
    name="label_simplex_failure",
    title="Fine and coarse labels: no label simplices in the limit",
    alphabet=x,
    hypotheses=(
        "fine labels {0, 1, 2}, equally frequent, with the coarse label 1[fine = 2]; one λ̄ for both tasks, no bias",
        "the family of label_simplex.fine_coarse_logits(p, y), 3py ≤ 1; E is its member p = 1/3, y = 1/2",
    ),
    steps=(
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
    source="this suite",
)
