"""Instances of ``nearest_centre``: simplex ETFs, alone and stacked."""

from __future__ import annotations

import random

import sympy as sp

from theory.proof.instances import Instance


def draw(rng: random.Random) -> Instance:
    """A head that is a simplex ETF, and the heads of a task of two and one of three classes stacked.

    One class in four is read as the mean of two of them: its entries add up to 1, and its length is not 1.
    """
    projection = sp.eye(3) - sp.ones(3, 3) / 3
    k, other = rng.sample(range(3), 2)
    both = sp.diag(sp.eye(2) - sp.ones(2, 2) / 2, projection)
    roots = (rng.choice((1, 2, 3)), rng.choice((1, 2)))
    root = sp.diag(*[roots[0]] * 2, *[roots[1]] * 3)
    beta = sp.diag(*[rng.randint(1, 3)] * 2, *[rng.randint(1, 3)] * 3)
    if rng.random() < 0.5:
        root = beta = sp.eye(5)

    def one_class(n: int) -> sp.Matrix:
        return sp.eye(3)[:, n] if rng.random() < 0.75 else (sp.eye(3)[:, n] + sp.eye(3)[:, (n + 1) % 3]) / 2

    def stacked(first: int, second: int) -> sp.Matrix:
        return both * sp.Matrix([int(n in (first, 2 + second)) for n in range(5)])

    return Instance(
        {
            "W_t": 2 * projection, "P_t": projection, "1": sp.ones(3, 1),
            "e_k": one_class(k), "e_l": one_class(other),
            "W": root * both, "Γ": root**2, "Π": both, "β": beta, "ē_i": stacked(0, k), "ē_j": stacked(1, other),
            "h": sp.Matrix([rng.randint(-3, 3) for _ in range(5)]),
        },
        {"K_t": 3, "g_t": 4},
    )  # fmt: skip
