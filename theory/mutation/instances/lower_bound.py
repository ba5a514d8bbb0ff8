"""Instances of ``lower_bound``: points at which the chain holds with equality."""

from __future__ import annotations

import random

import sympy as sp

from theory.proof.instances import Instance


def draw(rng: random.Random) -> Instance:
    """One binary task, two samples; Φ(z) such that the bound of a sample is attained."""
    lam, c = sp.Integer(16), sp.Integer(rng.choice((2, 3)))
    alpha, D = sp.Rational(rng.choice((2, 5))), rng.choice((2, 5))
    projection = sp.Matrix([[1, -1], [-1, 1]]) / 2
    w = sp.Matrix([[rng.choice((1, 2, 3))]])
    W = sp.Matrix([[1], [-1]]) * w
    kappa, labels = 4 * D * sp.eye(2), projection
    H = W.T * kappa * labels / lam * rng.choice((1, 1, 1, -1))
    b = sp.zeros(2, 1)
    pairing = ((kappa * labels).T * W * H).trace()
    total = sp.Integer(1)
    right = pairing * (1 + c) / (2 * alpha) + total / 2
    entropy = c * sp.log((c + 1) / c) / (1 + c) + sp.log(1 + c) / (1 + c)
    phi = entropy + right + (total - 2 * right) / (1 + c)
    return Instance(
        {
            "Ē": labels, "F": sp.eye(2), "Π": projection, "W": W, "H": H, "κ": kappa, "Δ": sp.zeros(2, 2),
            "D_W": D * sp.eye(2), "B": sp.diag(1, 2), "b": b, "1": sp.ones(2, 1),
        },
        {"λ_H": lam, "K_t": 2, "N": 2, "c_t": c, "α_t": alpha, "z_k": right, "Σ_j z_j": total, "Φ(z)": phi,
         "#t,i": 2, "#t": 1},
    )  # fmt: skip
