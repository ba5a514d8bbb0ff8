"""Instances of ``gap_anatomy``: an optimum, and points beside it."""

from __future__ import annotations

import random

import sympy as sp

from theory.claims import gap_anatomy as anatomy
from theory.proof.instances import Instance, orthonormal_columns


def draw(rng: random.Random) -> Instance:
    """An optimum of two cells, or a point beside it: balanced factors, U' of norm √λ_H, all five terms 0 or not."""
    lam = sp.Rational(*rng.choice(((16, 1), (1, 16), (81, 1), (1, 81))))
    quarter, stretch = sp.sqrt(sp.sqrt(lam)), rng.choice((1, 1, 1, 2))
    P, Q, root = orthonormal_columns(3, 2, rng), orthonormal_columns(2, 2, rng), sp.diag(1, rng.randint(1, 2))
    W_, H_ = stretch * quarter * P * root, root * Q.T / quarter / stretch
    E = sp.Matrix([[1, 0, 0, 0, 0], [0, *[sp.Rational(1, 2)] * 4]])
    S, B = (sp.diag(*(rng.randint(1, 3) for _ in range(3))) for _ in range(2))
    norm = sp.sqrt(lam) * rng.choice((1, 1, sp.Rational(1, 2), sp.Rational(3, 2)))  # the last is not feasible
    U_ = norm * P * Q.T
    H = H_ * E
    if rng.random() < 0.3:  # scatter within the second cell
        H += sp.Matrix([[0, 1, -1, 0, 0], [0, 0, 0, 0, 0]])
    W, G, one = S.inv() * W_, S * U_ * E, sp.ones(5, 1)
    r = G * one
    v = B.inv() * r
    b = B.inv() * v
    omega, conj_y, conj_q, qz = (sp.Rational(rng.randint(-9, 9), 2) + rng.choice((-1, 0, 1)) * 5000 for _ in range(4))
    omega = sp.Rational(rng.choice((1, 2, 5)), rng.choice((1, 3)))
    yz = qz + (G.T * (W * H + b * one.T)).trace() / omega
    at = {
        anatomy.W_: W_, anatomy.H_: H_, anatomy.U_: U_, anatomy.E: E, anatomy.S: S, anatomy.B: B, anatomy.H: H,
        anatomy.W: W, anatomy.G: G, anatomy.one: one, anatomy.r: r, anatomy.v: v, anatomy.b: b,
    }  # fmt: skip
    scalars = {
        anatomy.lam: lam, anatomy.omega: omega, anatomy.conj_y: conj_y, anatomy.conj_q: conj_q, anatomy.qz: qz,
        anatomy.yz: yz, anatomy.phi: qz - conj_q + rng.choice((0, 0, 3)), anatomy.nuclear: (root**2).trace(),
        "‖U'‖_op": norm,
    }  # fmt: skip
    return Instance({word.letters[0]: matrix for word, matrix in at.items()}, scalars)
