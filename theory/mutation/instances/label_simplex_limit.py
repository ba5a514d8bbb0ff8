"""Instances of ``label_simplex_limit``: a dual matrix that is a contraction, or one that is too large by its part Q."""

from __future__ import annotations

import random

import sympy as sp

from theory.proof.instances import Instance


def draw(rng: random.Random) -> Instance:
    """E of rank 1, B = UVᵀ + Q, and a Z' that B pairs with at least as well, of least nuclear norm where ‖B‖_op > 1."""
    size = sp.Rational(*rng.choice(((0, 1), (1, 2), (1, 1), (3, 2), (2, 1), (3, 1))))
    first, second = sp.Matrix([1, 0]), sp.Matrix([0, 1])
    sigma, w, nu = sp.Integer(rng.randint(1, 3)), sp.Rational(rng.choice((1, 2)), 2), sp.Integer(rng.randint(0, 2))
    margin = sp.Integer(rng.choice((1, 1, 2)))
    pairing = sigma + w * nu * (margin - 1)  # ⟨B, Z'⟩
    if size > 1:
        Z, nuclear = second * second.T * pairing / size, pairing / size
    else:
        Z, nuclear = first * first.T * pairing, pairing
    return Instance(
        {
            "U": first, "V": first, "S": sp.Matrix([[sigma]]), "Q": size * second * second.T, "Z'": Z,
            "X": sp.Matrix([[rng.randint(-2, 2)], [rng.randint(1, 3)]]),
        },
        {"‖B‖_op": max(size, sp.Integer(1)), "‖Z'‖_∗": nuclear, "w": w, "ν": nu, "m": margin},
    )  # fmt: skip
