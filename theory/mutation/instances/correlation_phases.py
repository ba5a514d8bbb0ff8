"""Instances of ``correlation_phases``: numbers at which the bounds of the limit are attained."""

from __future__ import annotations

import random

import sympy as sp

from theory.claims import correlation_phases as phases
from theory.proof.instances import Instance


def draw(rng: random.Random) -> Instance:
    """Margins, σ_+ on its tangent (or with room), and s_− such that σ_+ + d s_− = L(s_+ + s_−) + 2.

    In the theorem s_−² = B/K and d = b − c ≥ L − C.  The two steps assume neither, and where d < L − C their bound is
    attained with κ < 0: what they would say with other terms fails there or above, where κ > 0.
    """
    K = sp.Integer(rng.choice((2, 3, 3, 4, 5)))
    s_plus = sp.Rational(rng.randint(1, 12), rng.choice((1, 2, 4, 8)))
    # the slope in g = b + c as a share of s_+; below 1, so that 2A = K² s_+² − (K−2)B is positive
    share = sp.Rational(rng.choice((1, 3, 5, 9)), 10)
    B = share * K**2 * s_plus**2 / (K - 2) if K > 2 else sp.Rational(rng.randint(1, 20), 10)
    slope_g = share * s_plus if K > 2 else sp.Integer(0)
    slope_a = s_plus - slope_g
    L, C = sp.Rational(rng.randint(1, 40), 2), sp.Rational(rng.choice((0, 1, 1, 3, 8)), 2)
    p, q, room = (sp.Rational(rng.choice((0, 0, 0, 0, 0, 1, 6)), 2) for _ in range(3))
    while True:
        d = L - C + sp.Rational(rng.choice((-1, 1)) * rng.randint(1, 80), 2)
        plus = slope_a * (L - C + p) + slope_g * (2 * (L - C + q) - d) + room
        if plus > 0 and d != L and (s_minus := (L * s_plus + 2 - plus) / (d - L)) > 0:
            break
        p, q = p + 1, q + 1
    return Instance(
        {},
        {
            phases.K: K, phases.B: B, phases.s_plus: s_plus, phases.s_minus: s_minus, phases.plus: plus,
            phases.L: L, phases.C: C, phases.d: d, phases.p: p, phases.q: q,
        },
    )  # fmt: skip
