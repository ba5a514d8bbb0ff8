"""Instances of ``single_source``: the numbers of an optimum of balanced tasks that are alike, and its residual.

And of what is none: a point whose margin is too large for its decay, and a number that is not its value.
"""

from __future__ import annotations

import random
from functools import partial
from itertools import product

import sympy as sp

from theory import closed_forms as forms
from theory.claims import SYMBOLIC as ON
from theory.claims import _balanced_tasks as theirs
from theory.mutation.instances import in_turn
from theory.proof.instances import Instance


def optimum(rng: random.Random, excess: int = 1, besides: int = 0) -> Instance:
    """Tasks alike, alive with margin a_t or dead; point and dual point have the least value.

    excess : divides the weights α_t, while the margins stay those of the weights before.
    besides : added to what is called the value of the point.
    """
    (K, tasks), samples = rng.choice(((2, 1), (2, 2), (3, 1), (3, 2), (4, 1))), rng.choice((1, 4))
    K, cells = sp.Integer(K), list(product(range(K), repeat=tasks))
    N = sp.Integer(samples * len(cells))
    # U'_t = share √(K λ_H/N) (I − J/K) E_t: a living task has the whole norm √λ_H
    norm, share = sp.Rational(*rng.choice(((1, 4), (1, 2), (1, 1), (2, 1)))), sp.Rational(1, excess)
    lam_w, lam_h = sp.Rational(*rng.choice(((1, 4), (4, 1), (9, 1)))), norm**2 * N / K
    a, eps = rng.choice((sp.Integer(0), sp.Rational(1, 2), sp.Integer(1))), sp.Rational(rng.choice((0, 1)), 8)
    if a == 0:
        share /= rng.choice((1, 2))
    coupling = forms.coupling(N, lam_w, lam_h, ON)
    # p(a_t) = ε/K_t + μ_t/(α_t √K_t)
    alpha = share * coupling / (sp.sqrt(K) * (forms.wrong_probability(a, K, ON) - eps / K))
    labels = [sp.Matrix(K, len(cells), lambda k, j, t=t: int(cells[j][t] == k)) for t in range(tasks)]
    root = sp.sqrt(samples)
    residual = [share * norm * root * (sp.eye(K) - sp.ones(K, K) / K) * one for one in labels]
    numbers = {
        theirs.K: K, theirs.N: N, theirs.alpha: alpha, theirs.lam_w: lam_w, theirs.lam_h: lam_h, theirs.a: a,
        theirs.eps: eps,
    }  # fmt: skip
    attained, dual, least = (tasks * v.xreplace(numbers) for v in (theirs.point_value, theirs.dual_value, theirs.value))
    return Instance(
        {"U'": sp.Matrix.vstack(*residual), "s": root * sp.ones(len(cells), 1)},
        {
            **{str(s): value for s, value in numbers.items()},
            "#t": tasks, "f(W°, H°)": attained + besides, "D(q)": dual, "f∗": least,
        },
    )  # fmt: skip


draw = in_turn(optimum, partial(optimum, excess=2), optimum, partial(optimum, besides=1))
