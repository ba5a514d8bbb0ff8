"""Instances of ``squared_error``: labels with singular values above and below the threshold, and an optimum."""

from __future__ import annotations

import random

import sympy as sp

from theory.proof.instances import Instance, orthonormal_columns

#: What the labels are like, most often as the claim wants them.
LABELS = (*["right"] * 8, *["not centred"] * 4, *["a mean direction"] * 2, "nothing is dead", "unequal")
#: Where a point with such labels lies.
PLACES = (*["optimum"] * 2, *["off the mean"] * 5, "opposite", *["into the dead direction"] * 3, "any bias")


def draw(rng: random.Random) -> Instance:
    """Y of rank 3 with two singular values above τ and one below; an optimum, or a point beside it.

    Beside it: a step into the dead direction; the opposite head; features that are not centred and a bias that takes
    that back, or takes back too much.  Labels that the claim excludes: not centred, of which the bias fits a little;
    with a mean direction, which the heads fit and the bias takes back; with the third singular value above τ too; with
    two unequal ones above τ, for which σ_i is their root mean square.
    """
    lam, kappa = (
        sp.Rational(*rng.choice(((16, 1), (1, 16), (81, 1)))),
        sp.Rational(*rng.choice(((2, 1), (4, 1), (1, 4)))),
    )
    N, labels = sp.Integer(4), rng.choice(LABELS)
    tau, quarter = N * sp.sqrt(lam) / kappa, sp.sqrt(sp.sqrt(lam))
    P, frame = orthonormal_columns(4, 3, rng), orthonormal_columns(4, 4, rng)
    living = rng.choice((sp.Rational(1, 2), 2, 32, 32))
    root = sp.diag(living, living * (3 if labels == "unequal" else 1))
    mean = frame[:, 3:]
    small = tau * sp.Rational(*rng.choice(((1, 3), (3, 4), (1, 1))))
    place = rng.choice(PLACES) if labels == "right" else ""
    sign, step, beta = -1 if place == "opposite" else 1, sp.Integer(0), sp.zeros(4, 1)
    if place == "any bias":
        beta = sp.Matrix([1, -1, 2, 0])
    elif place == "into the dead direction":
        step = sp.Rational(*rng.choice(((1, 8), (-1, 8), (1, 2))))
    elif labels == "nothing is dead":
        small, step = 2 * tau, sp.Rational(1, rng.choice((2, 8)))
    elif labels == "not centred":
        k = rng.choice((1, 2))  # in a living direction, or in the dead one
        frame[:, k] = (3 * frame[:, k] + 4 * mean) / 5
        beta = P[:, k] * small / rng.choice((2, 16))
    elif labels == "a mean direction":
        frame[:, 2] = mean
    Q_1, dead = frame[:, :2], frame[:, 2:3]
    W = sp.Matrix.hstack(sign * quarter * P[:, :2] * root, quarter * step * P[:, 2:])
    H = sp.Matrix.vstack(root * Q_1.T / quarter, abs(step) * dead.T / quarter)
    if labels == "a mean direction":  # heads and features along it are self-dual
        W[:, 2], H[2, :] = kappa / N * small * P[:, 2] / 4, mean.T / 4
        beta = -W[:, 2] / 8
    elif place == "off the mean":  # the second bias is best if its square has the factor N/(N + 1)
        H[0, :] += mean.T
        beta = -W[:, 0] / 2 * rng.choice((1, 1 + 1 / N, 1 + 1 / N))
    sigma = root[0, 0] ** 2 + tau
    if labels == "unequal":
        sigma = sp.sqrt((sigma**2 + (root[1, 1] ** 2 + tau) ** 2) / 2)
    return Instance(
        {
            "P₁": P[:, :2], "P₂": P[:, 2:], "Q₁": Q_1, "Q₂": dead, "D₁": root**2, "D₁^{1/2}": root,
            "S₂": sp.Matrix([[small]]), "W'": W, "H̃": H, "s": 2 * mean, "β": beta,
            "v": rng.choice((P[:, :1], P[:, 2:], sp.Matrix([1, 2, -1, 0]))),
        },
        {"λ_H": lam, "κ": kappa, "N": N, "σ_i": sigma, "σ_k": small, "#i": 2, "#k": 1},
    )  # fmt: skip
