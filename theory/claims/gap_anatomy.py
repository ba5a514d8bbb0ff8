r"""Gap anatomy: how far a point is from optimal, term by term, and the lower bound that follows.

Hypotheses  any Fenchel–Young loss, targets, weights and missing labels; q any predictions (points of dom Φ*)
            that are equal within cells; ‖U'‖_op <= √λ_H where a sign is claimed; r = 0 under a free bias.
Statement   For every (W, H, b) of every feature dimension, f − D(q) is the sum of

                prediction   Σ ω [Φ(z) + Φ*(q) − ⟨q, z⟩]
                alignment    √λ_H ‖Z'‖_* − ⟨U', Z'⟩
                balance      ½‖W'‖² + ½λ_H‖H̃‖² − √λ_H ‖Z'‖_*
                within cell  ½λ_H ‖H − H̃E‖²
                bias         ½‖Bb − B⁻¹r‖²

            each of them >= 0; alignment + balance = ½‖W' − U'H̃ᵀ‖² + ½ tr H̃(λ_H I − U'ᵀU')H̃ᵀ.  So D(q) <= f.
Source      weak duality of the nuclear-norm program is classical (Haeffele & Vidal 2015); the identity: here.

Letters (all matrices of any size).  W (R × d) stacks the heads, H (d × N) holds a feature a sample, E
(C × N) is the normalised membership of samples in cells, E_{j,i} = 1/√n_j; S = diag √λ_{W,t},
B = diag √λ_{b,t}; G (R × N) is the weighted residual, G_{t,i} = ω_{t,i}(y_{t,i} − q_{t,i}).  Then W' = SW,
H̃ = HEᵀ = [√n_j h̄_j], SU' = GEᵀ, r = G1, and G = GEᵀE says that targets, weights and q agree within cells.
"""

from __future__ import annotations

import random

import sympy as sp

from theory.lemmas import FENCHEL_YOUNG, NORM_DUALITY, NUCLEAR_VARIATIONAL, SEMIDEFINITE
from theory.proof import (
    Cited,
    Claim,
    Given,
    Identity,
    Inequality,
    Instance,
    Semidefinite,
    Slack,
    Square,
    Sum,
    Termwise,
    Using,
)
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.traces import Trace, identity, letter

x = Alphabet()
lam = x.positive("λ_H", latex=r"\lambda_H")
omega = x.nonnegative("ω", latex=r"\omega_{t,i}")
phi = x.real("Φ(z)", latex=r"\Phi(z_{t,i})")
conj_y, conj_q = x.real("Φ∗(y)", latex=r"\Phi^*(y_{t,i})"), x.real("Φ∗(q)", latex=r"\Phi^*(q_{t,i})")
yz = x.real("⟨y,z⟩", latex=r"\langle y_{t,i},z_{t,i}\rangle")
qz = x.real("⟨q,z⟩", latex=r"\langle q_{t,i},z_{t,i}\rangle")
operator = x.nonnegative("‖U'‖_op", latex=r"\|U'\|_{\mathrm{op}}")
nuclear = x.nonnegative("‖Z'‖_∗", latex=r"\|Z'\|_*")

W, W_, S = letter("W", "R", "d"), letter("W'", "R", "d"), letter("S", "R", "R", symmetric=True)
H, H_, E = letter("H", "d", "N"), letter("H̃", "d", "C", r"\tilde H"), letter("E", "C", "N")
G, U_ = letter("G", "R", "N"), letter("U'", "R", "C")
b, r, v = letter("b", "R", "1"), letter("r", "R", "1"), letter("v", "R", "1")
B, one = letter("B", "R", "R", symmetric=True), letter("1", "N", "1", r"\mathbf 1")

SAMPLES = "t,i"
feasible = Condition("dual feasibility", operator, "<=", sp.sqrt(lam))
semidefinite = Semidefinite("dual feasibility as a matrix inequality", lam * identity("C") - U_.T @ U_)

loss = Sum(SAMPLES, omega * (phi + conj_y - yz))
dual_data = Sum(SAMPLES, omega * (conj_y - conj_q))
prediction = Sum(SAMPLES, omega * (phi + conj_q - qz))
half = sp.Rational(1, 2)
halves = half * W_.square() + half * lam * H_.square()
alignment = sp.sqrt(lam) * nuclear - U_.inner(W_ @ H_)
balance = halves - sp.sqrt(lam) * nuclear
within = Square(H - H_ @ E)
objective = Trace({}) + loss + half * W_.square() + half * lam * H.square()
duality, closeness = Square(W_ - U_ @ H_.T), Square(H_.T, semidefinite)
shared_terms = half * duality.value + half * closeness.value


def instance(rng: random.Random) -> Instance:
    """A small problem and point at which every definition among the hypotheses holds, in rationals."""
    rows, d, roots = rng.randint(1, 3), rng.randint(1, 3), [rng.choice((1, 2)) for _ in range(rng.randint(1, 2))]

    def draw(m: int, n: int) -> sp.Matrix:
        return sp.Matrix(m, n, lambda *_: rng.randint(-3, 3))

    # cells of 1 or 4 samples, so that 1/√n_j is rational
    cell_of = [j for j, root in enumerate(roots) for _ in range(root**2)]
    at = {E: sp.Matrix(len(roots), len(cell_of), lambda j, i: sp.Rational(int(cell_of[i] == j), roots[j]))}
    at[G] = draw(rows, len(roots)) * at[E]
    at[S], at[B] = (sp.diag(*(rng.randint(1, 3) for _ in range(rows))) for _ in range(2))
    at[W], at[H], at[b] = draw(rows, d), draw(d, len(cell_of)), draw(rows, 1)
    at[one] = sp.ones(len(cell_of), 1)
    at[W_], at[H_], at[U_] = at[S] * at[W], at[H] * at[E].T, at[S].inv() * at[G] * at[E].T
    at[r] = at[G] * at[one]
    at[v] = at[B].inv() * at[r]
    pairing = (at[G].T * (at[W] * at[H] + at[b] * at[one].T)).trace()
    scalars = {s: sp.Rational(rng.randint(-9, 9), 2) for s in (phi, conj_y, conj_q, qz)}
    scalars |= {lam: sp.Integer(rng.randint(1, 4)), omega: sp.Integer(rng.randint(1, 3)), nuclear: sp.Integer(2)}
    scalars[yz] = scalars[qz] + pairing / scalars[omega]
    matrices = {word.letters[0]: matrix for word, matrix in at.items()}
    return Instance(matrices, scalars, {"R": rows, "d": d, "C": len(roots), "N": len(cell_of), "1": 1})


CLAIM = Claim(
    name="gap_anatomy",
    title="The gap f − D(q) of every point as a sum of five non-negative terms",
    alphabet=x,
    hypotheses=(
        "any Fenchel–Young loss, targets, weights and missing labels; q in dom Φ*, equal within cells",
        Given("scaled heads", W_, S @ W),
        Given("scaled cell means", H_, H @ E.T),
        Given("orthonormal membership", E @ E.T, identity("C")),
        Given("scaled residual", S @ U_, G @ E.T),
        Given("G is constant on cells", G, G @ E.T @ E),
        Given("bias residual", r, G @ one),
        Given("scaled bias residual", r, B @ v),
        Given("weighted residual", Sum(SAMPLES, omega * (yz - qz)), G.inner(W @ H + b @ one.T)),
        feasible,
    ),
    steps=(
        Cited(
            name="prediction gap of one sample",
            lemma=FENCHEL_YOUNG,
            roles={"phi": phi, "conjugate": conj_q, "inner": qz},
        ),
        Inequality(
            name="prediction",
            lhs=prediction,
            op=">=",
            rhs=sp.Integer(0),
            by=((Termwise(SAMPLES, (omega, Slack("prediction gap of one sample"))),),),
            because="Fenchel–Young, sample by sample",
            equality="q = ∇Φ(z) wherever ω > 0",
            concludes=True,
        ),
        Cited(
            name="norm duality",
            lemma=NORM_DUALITY,
            roles={"operator": operator, "nuclear": nuclear, "inner": U_.inner(W_ @ H_)},
            because="Z' = W'H̃",
        ),
        Inequality(
            name="alignment",
            lhs=Trace({}) + alignment,
            op=">=",
            rhs=sp.Integer(0),
            by=((sp.sqrt(lam) - operator, nuclear), (Slack("norm duality"),)),
            where=(feasible,),
            because="von Neumann, and ‖U'‖_op ≤ √λ_H",
            equality="Z' lives on the singular space of U' with singular value √λ_H",
            concludes=True,
        ),
        Cited(
            name="balance",
            lemma=NUCLEAR_VARIATIONAL,
            roles={"half_squares": halves, "nuclear": sp.sqrt(lam) * nuclear},
            because="with the factors W' and √λ_H H̃, whose product is √λ_H Z'",
            concludes=True,
        ),
        Identity(
            name="alignment and balance without singular values",
            lhs=alignment + balance,
            rhs=shared_terms,
            because="both sides are ½‖W'‖² + ½λ_H‖H̃‖² − ⟨U', W'H̃⟩",
            concludes=True,
        ),
        Cited(
            name="feasibility as a matrix inequality",
            lemma=SEMIDEFINITE,
            roles={"matrix": semidefinite.matrix},
            premises=("dual feasibility",),
        ),
        Identity(
            name="scatter",
            lhs=H.square(),
            rhs=H_.square() + within.value,
            using=(
                Using("scaled cell means", times=-2, right=H_.T),
                Using("orthonormal membership", times=-1, left=H_, right=H_.T),
            ),
            because="EEᵀ = I: H̃E is the projection of H onto features that are constant on cells",
        ),
        Identity(
            name="residual against logits",
            lhs=Trace({}) + Sum(SAMPLES, omega * (yz - qz)),
            rhs=U_.inner(W_ @ H_) + r.inner(b),
            using=(
                Using("weighted residual"),
                Using("G is constant on cells", left=H.T @ W.T),
                Using("scaled residual", times=-1, left=E @ H.T @ W.T),
                Using("scaled cell means", left=U_.T @ S @ W, times=-1),
                Using("scaled heads", left=H_ @ U_.T, times=-1),
                Using("bias residual", times=-1, left=b.T),
            ),
            because="z = WH + b1ᵀ, and the residual is constant on cells",
        ),
        Identity(
            name="gap anatomy",
            lhs=objective + half * (B @ b).square() - (Trace({}) + dual_data - half * v.square()),
            rhs=Trace({}) + prediction + alignment + balance + half * lam * within.value + half * (B @ b - v).square(),
            using=(
                Using("residual against logits", times=-1),
                Using("scatter", times=lam / 2),
                Using("scaled bias residual", left=b.T, times=-1),
            ),
            because="a decayed bias: Bb − v = B(b − B⁻²r)",
            concludes=True,
        ),
        Identity(
            name="gap anatomy, free bias or none",
            lhs=objective - dual_data + r.inner(b),
            rhs=Trace({}) + prediction + alignment + balance + half * lam * within.value,
            using=(Using("residual against logits", times=-1), Using("scatter", times=lam / 2)),
            because="⟨r, b⟩ vanishes: r = 0 under a free bias, b = 0 without one",
            concludes=True,
        ),
        Inequality(
            name="lower bound",
            lhs=objective + half * (B @ b).square(),
            op=">=",
            rhs=Trace({}) + dual_data - half * v.square(),
            by=(
                (Termwise(SAMPLES, (omega, Slack("prediction gap of one sample"))),),
                (half, duality),
                (half, closeness),
                (half * lam, within),
                (half, Square(B @ b - v)),
            ),
            using=(
                Using("residual against logits", times=-1),
                Using("scatter", times=lam / 2),
                Using("scaled bias residual", left=b.T, times=-1),
            ),
            because="every term is non-negative",
            equality="every term vanishes",
            concludes=True,
        ),
    ),
    source="lower bound: Haeffele and Vidal (2015), weak duality; the identity with its terms: this suite",
    instance=instance,
)
