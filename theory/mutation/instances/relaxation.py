"""Instances of ``relaxation``: a minimiser, its factors and a dual point; or one of its hypotheses fails."""

from __future__ import annotations

import random
from functools import partial

import sympy as sp

from theory.mutation.instances import in_turn
from theory.proof.instances import Instance, orthonormal_columns

ONE, QUARTER, HALF = sp.Integer(1), sp.Rational(1, 4), sp.Rational(1, 2)


def minimiser(
    rng: random.Random, left: sp.Rational = ONE, right: sp.Rational = ONE, weight: sp.Rational = HALF
) -> Instance:
    """A minimiser Z' of rank 2 with factors of its own, balanced or not, and a dual point on its singular space.

    ``left`` and ``right`` are the lengths of the columns of P and Q, squares: where they are not 1, Z' = PSQᵀ is not
    of the size that S says, nor are its factors.  With another ``weight`` than 1/√4 of the four samples of the second
    cell, features are not those of the samples.
    """
    lam = sp.Rational(*rng.choice(((16, 1), (81, 1), (1, 16), (1, 81))))
    quarter = sp.sqrt(sp.sqrt(lam))
    P, Q, V = (orthonormal_columns(n, 2, rng) for n in (4, 3, 3))
    root = sp.diag(rng.randint(1, 3), rng.randint(1, 3))
    share, U = sp.sqrt(left * right), sp.sqrt(lam) * P * Q.T
    stretch = rng.choice((1, 1, 2))
    W, H_ = share * stretch * quarter * P * root * V.T, share * V * root * Q.T / quarter / stretch
    P, Q = left * P, right * Q
    Z = P * root**2 * Q.T
    # cells of 1, 4 and 1 samples
    E = sp.Matrix([[1, 0, 0, 0, 0, 0], [0, *[weight] * 4, 0], [0, 0, 0, 0, 0, 1]])
    D_W, D_n = sp.diag(*(rng.randint(1, 3) for _ in range(4))), sp.diag(1, 2, 1)
    ones, B = sp.ones(3, 1), sp.diag(*(rng.randint(1, 3) for _ in range(4)))
    G = D_W * U * D_n
    r = G * ones
    v = B.inv() * r
    b, M = B.inv() * v, D_W.inv() * Z * D_n.inv()
    omega, conj_y, conj_q, yz = (sp.Rational(rng.randint(1, 9), 2) for _ in range(4))
    # losses of either sign
    conj_y, conj_q, yz = (v + rng.choice((-1, 0, 1)) * 20000 for v in (conj_y, conj_q, yz))
    qz = yz - (G.T * (M + b * ones.T)).trace() / omega
    phi = qz - conj_q
    fit = omega * (phi + conj_y - yz)
    primal = fit + sp.sqrt(lam) * (root**2).trace() + (b.T * B * B * b)[0] / 2
    blocks, cut = sp.Matrix.vstack(P * root, Q * root), sp.eye(7)
    return Instance(
        {
            "P": P, "Q": Q, "V": V.T, "S^{1/2}": root, "Z'": Z, "M": M, "D_W": D_W, "D_n": D_n, "W'": W, "H̃": H_,
            "H": H_ * E, "E": E, "B": B, "b": b, "v": v, "U'": U, "G": G, "r": r, "1": ones,
            "X": blocks * blocks.T, "L_1": cut[:, :4], "L_2": cut[:, 4:],
        },
        {"λ_H": lam, "ω": omega, "Φ(z)": phi, "Φ∗(y)": conj_y, "Φ∗(q)": conj_q, "⟨y,z⟩": yz, "⟨q,z⟩": qz,
         "Σ_i ℓ_i": fit, "min (P)": primal, "F(W'H̃,b) − min (P)": 0, "δ": 0},
    )  # fmt: skip


draw = in_turn(
    minimiser,
    partial(minimiser, left=QUARTER),
    minimiser,
    partial(minimiser, right=QUARTER),
    minimiser,
    partial(minimiser, weight=QUARTER),
    partial(minimiser, left=1 / QUARTER),
    partial(minimiser, right=1 / QUARTER),
)
