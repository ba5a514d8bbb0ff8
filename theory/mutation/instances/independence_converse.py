"""Instances of ``independence_converse``: independent labels and orthogonal heads."""

from __future__ import annotations

import random

import sympy as sp

from theory.proof.instances import Instance


def draw(rng: random.Random) -> Instance:
    """Labels of two binary tasks, every pair once, and heads that are orthogonal."""
    E_s = sp.Matrix([[1, 1, 0, 0], [0, 0, 1, 1]])
    E_t = sp.Matrix([[1, 0, 1, 0], [0, 1, 0, 1]])
    centred = sp.eye(2) - sp.ones(2, 2) / 2
    sigma, one, N = sp.ones(4, 1), sp.ones(2, 1), sp.Integer(4)
    scale, other = rng.choice((1, 2, -3)), rng.choice((1, 2))
    # L A = N I − (E σ) 1ᵀ = 4 I − 2 J on two classes of two samples
    return Instance(
        {
            "E_s": E_s, "E_t": E_t, "σ": sigma, "1_s": one, "1_t": one, "A_s": scale * centred, "C_t": other * centred,
            "L_s": (N * sp.eye(2) - E_s * sigma * one.T) / scale, "M_t": (N * sp.eye(2) - E_t * sigma * one.T) / other,
        },
        {"N": N},
    )  # fmt: skip
