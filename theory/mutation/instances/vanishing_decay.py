"""Instances of ``vanishing_decay``: one label of one task, at the minimiser itself (M_c = s M̂) and beside it."""

from __future__ import annotations

import random

import sympy as sp

from theory.proof.instances import Instance


def draw(rng: random.Random) -> Instance:
    """A label of K classes and weight ω: margins γ = s, or a loss that is too small for its margin γ < s."""
    K, omega = sp.Integer(rng.choice((2, 2, 2, 3, 5))), sp.Rational(*rng.choice(((1, 1), (1, 4), (4, 1), (1, 3))))
    s = sp.Rational(*rng.choice(((0, 1), (0, 1), (3, 4), (2, 1))))
    small = rng.random() < 0.3
    gamma = sp.Integer(0) if small else s
    at_s = omega * sp.log(1 + (K - 1) * sp.exp(-s))
    loss = omega * sp.log(2) / 2 if small else omega * sp.log(1 + sp.exp(-gamma))
    c = omega * sp.Rational(1, rng.choice((2, 4)))
    n_hat = sp.Rational(rng.randint(1, 3))
    if s == 0 and K == 2 and omega == 1:  # c so large that 0 is no worse than M̂ log(1/c): the two values agree
        n_hat = (loss / c - omega * (K - 1)) / sp.log(1 / c)
    return Instance(
        {},
        {"K": K, "ω": omega, "ω_min": omega, "Ω": omega * (K - 1), "s": s, "γ": gamma, "c": c, "n̂": n_hat,
         "L(M_c)": loss, "L(s M̂)": max(loss, at_s), "Λ(s)": at_s, "γ − s + a": s - gamma, "#t,j": 1},
    )  # fmt: skip
