r"""Instances of ``lower_bound``: points that attain the bound, and points below it where a hypothesis fails.

Of Φ the chain uses no more than that it lies above the tangent planes that belong to c > 0.  So Φ(z) is the value of
that plane at z: log-sum-exp at c = e^a/(K_t − 1), at other c another function above these planes.
"""

from __future__ import annotations

import random
from functools import partial
from itertools import product
from typing import Any

import sympy as sp

from theory.claims import SYMBOLIC as ON
from theory.closed_forms import uncertainty_entropy
from theory.mutation.instances import in_turn
from theory.proof.instances import Instance

INVERTED = ("D_W", "F", "κ")


def attained(
    rng: random.Random,
    every: int = 1,
    stretch: int = 1,
    twice: bool = False,
    dead: bool = False,
    paid: bool = False,
) -> Instance:
    """Tasks alike with K_t classes and independent labels, and with a free or decayed bias, where the bound is met.

    every : one sample in so many is labelled; above 1, the tasks have too little weight.
    stretch : Π is so many times the projection; above 1, c_t is not admissible.
    twice : two tasks have one label, and one head serves both.
    dead : heads and features are 0.
    paid : a decayed bias that is not 0, which costs.
    """
    K, tasks = rng.choice(((2, 2), (3, 2)) if twice else ((2, 1), (2, 2), (3, 1)))
    cells = [(k,) * tasks for k in range(K)] if twice else list(product(range(K), repeat=tasks))
    N = sp.Integer(every * len(cells))
    F = sp.Rational(len(cells), K * stretch)
    centred = sp.eye(K) - sp.ones(K, K) / K
    E = sp.zeros(K * tasks, int(N))
    for n, cell in enumerate(cells):
        E[:, n] = sp.Matrix.vstack(*(centred[:, k] for k in cell))
    head = sp.Matrix([1, -1]) if K == 2 else centred
    w, root = sp.Rational(rng.randint(1, 6), 4), sp.Rational(*rng.choice(((1, 3), (1, 1), (3, 2))))
    lam = root**2 * F
    if dead:
        D, left_over, kappa = 5 * w, 4 * w, 3 * w * root  # κ² F = λ_H (D² − Δ²)
        w, a, c = sp.Integer(0), sp.Integer(0), sp.Rational(1, K - 1)
    else:
        a, c = rng.choice(((sp.Rational(1, 2), None), (sp.Integer(1), None), (sp.Integer(4), sp.Rational(2, 3))))
        c = sp.exp(a) / (K - 1) if c is None else c
        # κ² F = λ_H D² and W_tW_tᵀ = (λ_H a/κ)(I − J/K_t)
        D = a * root * F * centred[0, 0] / (w**2 * (head * head.T)[0, 0] * (tasks if twice else 1))
        left_over, kappa = sp.Integer(0), D * root
    W = w * (sp.Matrix.vstack if twice else sp.diag)(*[head] * tasks)
    free = not paid and rng.random() < 0.6
    shift = rng.choice((-20, -3, 1, 5)) if free or paid else 0
    z_k, total = a * (1 - sp.Rational(1, K)) + shift, sp.Integer(K * shift)
    return at_rows(
        K * tasks,
        {"D_W": D, "Δ": left_over, "κ": kappa, "F": F, "A": a, "B": 0 if free else rng.randint(1, 3)},
        {
            "Ē": E, "W": W, "H": kappa * W.T * E / lam, "Π": stretch * sp.diag(*[centred] * tasks),
            "b": shift * sp.ones(K * tasks, 1), "1": sp.ones(int(N), 1),
        },
        {
            "λ_H": lam, "K_t": K, "N": N, "c_t": c, "α_t": kappa * N * (1 + c) * (K - 1) / K,
            "z_k": z_k, "Σ_j z_j": total, "Φ(z)": tangent(c, K, z_k, total), "#t": tasks, "#t,i": tasks * len(cells),
        },
    )  # fmt: skip


def tangent(c: sp.Expr, K: int, z_k: sp.Expr, total: sp.Expr) -> sp.Expr:
    """The value at z of the tangent plane that belongs to c."""
    return z_k + (total - K * z_k) / ((1 + c) * (K - 1)) + uncertainty_entropy(c, sp.Integer(K), ON)


def one_class(rng: random.Random) -> Instance:
    """A binary task of whose classes one does not occur: a free bias alone brings the loss down."""
    N, kappa, shift, c = sp.Integer(rng.choice((2, 4))), sp.Integer(rng.randint(1, 3)), 3, sp.Rational(3, 2)
    one, apart = sp.ones(int(N), 1), sp.Matrix([1, -1])
    return at_rows(
        2,
        {"D_W": 5 * kappa, "Δ": 4 * kappa, "κ": kappa, "F": N / 2, "A": 0, "B": 0},
        {
            "Ē": apart * one.T / 2, "W": sp.zeros(2, 1), "H": sp.zeros(1, int(N)),
            "Π": apart * apart.T / 2, "b": shift * apart, "1": one,
        },
        {
            "λ_H": N / 18, "K_t": 2, "N": N, "c_t": c, "α_t": kappa * N * (1 + c) / 2, "z_k": shift, "Σ_j z_j": 0,
            "Φ(z)": sp.log(sp.exp(shift) + sp.exp(-shift)), "#t": 1, "#t,i": N,
        },
    )  # fmt: skip


def unequal_rows(rng: random.Random) -> Instance:
    """A binary task whose κ and Δ are not one number on its rows: W Wᵀκ F Π = λ_H A F Π and Π Δ W = 0 all the same."""
    w, lam, F = (sp.Integer(rng.randint(1, 3)) for _ in range(3))
    kappa = sp.diag(*rng.sample(range(1, 5), 2))
    return Instance(
        {
            "W": sp.Matrix([w, -w]), "Π": sp.Matrix([[1, -1], [-1, 1]]) / 2, "κ": kappa, "κ⁻¹": kappa.inv(),
            "F": F * sp.eye(2), "F⁻¹": sp.eye(2) / F, "A": w**2 * kappa.trace() / lam * sp.eye(2),
            "Δ": sp.diag(w, -w),
        },
        {"λ_H": lam},
    )  # fmt: skip


def at_rows(rows: int, numbers: dict[str, Any], matrices: dict[str, Any], scalars: dict[str, Any]) -> Instance:
    """``numbers`` are the letters that are one number on all rows."""
    diagonal = {name: sp.eye(rows) * value for name, value in numbers.items()}
    inverse = {f"{name}⁻¹": diagonal[name].inv() for name in INVERTED}
    return Instance({**matrices, **diagonal, **inverse}, scalars)


draw = in_turn(
    attained,
    partial(attained, dead=True),
    unequal_rows,
    attained,
    partial(attained, every=2),
    attained,
    partial(attained, stretch=2),
    unequal_rows,
    attained,
    one_class,
    partial(attained, twice=True),
    attained,
    partial(attained, paid=True),
)
