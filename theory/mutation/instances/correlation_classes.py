"""Instances of ``correlation_classes``: optima of two correlated tasks whose margins are logarithms of integers.

And points beside them, one thing of each wrong.
"""

from __future__ import annotations

import random
from functools import partial

import sympy as sp

from theory import correlation_law as law
from theory.claims import SYMBOLIC as ON
from theory.claims import _at_an_optimum as optimum
from theory.claims import _correlated_tasks as tasks
from theory.claims import correlation_classes as claim
from theory.mutation.instances import in_turn
from theory.proof.instances import Instance


def stationary(rng: random.Random) -> tuple[int, sp.Rational, sp.Rational, sp.Expr, sp.Expr, sp.Expr]:
    """(K, B, m, a, b, c) that solve the stationarity system, in every phase.

    Two classes: u = 2/(e^a+1) = 2m/√(2A) and w = 2/(e^b+1) = 2m/√(2B), with 2A + 2B = 4.  Four classes without
    correlation: a = b, c = 0.  Three classes with a dead sum: w = (2/y+1)/(y+1/y+1) = m√(3/B) at y = e^b = e^{−c} = 2.
    """
    zero = sp.Integer(0)
    phase = rng.choice(("alive", "alive", "merged", "opposed", "independent", "opposed, K = 3", "dead"))
    if phase == "alive":
        roots, margins = [sp.Rational(6, 5), sp.Rational(8, 5)], list(rng.choice(((2, 3), (5, 7), (8, 11))))
        if rng.random() < 0.5:
            roots, margins = roots[::-1], margins[::-1]
        return 2, roots[1] ** 2 / 2, roots[0] / (margins[0] + 1), sp.log(margins[0]), sp.log(margins[1]), zero
    if phase in ("merged", "opposed"):
        y = rng.choice((2, 3))
        root = sp.Rational(9, 5) if y == 2 else sp.Rational(19, 10)
        living, m = root**2 / 2, root / (y + 1)
        margin = sp.log(y)
        return (2, 2 - living, m, margin, zero, zero) if phase == "merged" else (2, living, m, zero, margin, zero)
    if phase == "independent":
        y = rng.choice((2, 3, 5))
        return 4, sp.Rational(1), sp.Rational(2, y + 3), sp.log(y), sp.log(y), zero
    if phase == "opposed, K = 3":
        return 3, sp.Rational(147, 100), sp.Rational(2, 5), zero, sp.log(2), -sp.log(2)
    return 3, sp.Rational(rng.choice((1, 3)), 2), sp.Rational(rng.choice((1, 2))), zero, zero, zero


def scalars(rng: random.Random, fault: str = "") -> Instance:
    """The scalars of an optimum: its value is computed from the logits, that of the dual point from the entropies.

    ``fault`` is what is wrong: the margin of the ``"sum"`` or of the ``"difference"`` of two classes, which then is not
    stationary, or the value of the ``"point"`` or of the ``"dual"`` point.
    """
    classes, B, m, a, b, c = stationary(rng)
    while fault in ("sum", "difference") and (classes != 2 or a * b == 0):
        classes, B, m, a, b, c = stationary(rng)
    a, b = a * (2 if fault == "sum" else 1), b * (2 if fault == "difference" else 1)
    K = sp.Integer(classes)
    # N A/K² and N B/K² samples of every cell are whole numbers
    alpha, N = sp.Rational(rng.choice((1, 2, 5)), rng.choice((1, 3))), K**2 * rng.choice((200, 400))
    lam_w = sp.Rational(rng.choice((1, 2)), rng.choice((1, 3)))
    at = {
        tasks.K: K, tasks.B: B, tasks.m: m, tasks.a: a, tasks.b: b, tasks.c: c, tasks.alpha: alpha, tasks.N: N,
        tasks.lam_w: lam_w, tasks.lam_h: (alpha * m) ** 2 / (N * lam_w),
    }  # fmt: skip
    rho = 1 - B
    plus, minus = law.sigma_plus(a, b + c, K, rho, ON), law.sigma_minus(b - c, K, rho, ON)
    value = law.reduced_objective(a, b, c, K, rho, alpha, alpha * m, ON)
    dual = claim.entropies.value.subs(at)
    at |= {tasks.u: tasks.u_of.subs(at), tasks.v: tasks.v_of.subs(at), tasks.w: tasks.w_of.subs(at)}
    at |= {tasks.s_plus: plus, tasks.s_minus: minus}
    value, dual = value + int(fault == "point"), dual + int(fault == "dual")
    at |= {optimum.least: value, optimum.attained: value, optimum.dual: dual}
    return Instance({}, at)


draw = in_turn(
    scalars,
    partial(scalars, fault="sum"),
    scalars,
    partial(scalars, fault="difference"),
    scalars,
    partial(scalars, fault="point"),
    scalars,
    partial(scalars, fault="dual"),
)
