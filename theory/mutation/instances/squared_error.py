"""Instances of ``squared_error``: labels with singular values above and below the threshold, and an optimum."""

from __future__ import annotations

import random

import sympy as sp

from theory.proof.instances import Instance, orthonormal_columns


def draw(rng: random.Random) -> Instance:
    """Y of rank 3 with two singular values above τ and one below; an optimum, with the minimiser's factors."""
    lam, kappa = (
        sp.Rational(*rng.choice(((16, 1), (1, 16), (81, 1)))),
        sp.Rational(*rng.choice(((2, 1), (4, 1), (1, 4)))),
    )
    N, sign = sp.Integer(4), rng.choice((1, 1, 1, -1))
    tau, quarter = N * sp.sqrt(lam) / kappa, sp.sqrt(sp.sqrt(lam))
    P, frame = orthonormal_columns(4, 3, rng), orthonormal_columns(4, 4, rng)
    root = sp.eye(2) * rng.choice((sp.Rational(1, 2), 1, 2))
    Q_1 = frame[:, :2]
    small = tau * sp.Rational(*rng.choice(((1, 3), (3, 4), (1, 1))))
    # a step into the dead direction, of either sign
    step = sp.Rational(*rng.choice(((0, 1), (0, 1), (1, 8), (-1, 8), (1, 2))))
    beta = sp.zeros(4, 1) if rng.random() < 0.7 else sp.Matrix([1, -1, 2, 0])
    W = sp.Matrix.hstack(sign * quarter * P[:, :2] * root, quarter * step * P[:, 2:])
    H = sp.Matrix.vstack(root * Q_1.T / quarter, abs(step) * frame[:, 2:3].T / quarter)
    if rng.random() < 0.4:  # features that are not centred, and a bias that takes it back
        off = sp.Rational(rng.choice((-1, 1)), 16)
        H += sp.Matrix([off, 0, 0]) * frame[:, 3:].T
        beta = -W[:, :1] * off / 2
    return Instance(
        {
            "P₁": P[:, :2], "P₂": P[:, 2:], "Q₁": Q_1, "Q₂": frame[:, 2:3], "D₁": root**2, "D₁^{1/2}": root,
            "S₂": sp.Matrix([[small]]), "W'": W, "H̃": H, "s": 2 * frame[:, 3], "β": beta,
            "v": rng.choice((P[:, :1], P[:, 2:], sp.Matrix([1, 2, -1, 0]))),
        },
        {"λ_H": lam, "κ": kappa, "N": N, "σ_i": root[0, 0] ** 2 + tau, "σ_k": small, "#i": 2, "#k": 1},
    )  # fmt: skip
