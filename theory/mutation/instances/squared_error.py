"""Instances of ``squared_error``: labels with singular values above and below the threshold, and an optimum."""

from __future__ import annotations

import random
from weakref import WeakKeyDictionary

import sympy as sp

from theory.proof.instances import Instance, orthonormal_columns

#: An optimum, or where a point beside it lies.  A loose fit has κ < 1, a close one κ > 1.
PLACES = (
    *["optimum", "opposite", "out of the dead direction", "off the mean"],
    *["into the dead direction, loose fit", "into the dead direction, close fit"],
    *["off the mean, too much bias, loose fit", "off the mean, too much bias, close fit"],
)
#: Labels that the claim excludes.
EXCLUDED = ("not centred, living", "not centred, dead", "a mean direction", "nothing is dead", "unequal")
#: What is yet to come: of every ten or so, each place once.
_TO_COME: WeakKeyDictionary[random.Random, list[str]] = WeakKeyDictionary()


def _next(rng: random.Random) -> str:
    left = _TO_COME.setdefault(rng, [])
    if not left:
        excluded = rng.sample(EXCLUDED, len(EXCLUDED))
        for k in range(0, len(EXCLUDED), 2):
            some = (*PLACES, *excluded[k : k + 2])
            left.extend(rng.sample(some, len(some)))
    return left.pop(0)


def draw(rng: random.Random) -> Instance:
    """Y of rank 3 with two singular values above τ and one below; an optimum, or a point beside it.

    Beside it: a step into the dead direction; the opposite head; features that are not centred and a bias that takes
    that back, or takes back too much.  Labels that the claim excludes: not centred, of which the bias fits a little;
    with a mean direction, which the heads fit and the bias takes back; with the third singular value above τ too; with
    two unequal ones above τ, for which σ_i is their root mean square.
    """
    place, N = _next(rng), sp.Integer(4)
    fits = {"loose fit": ((1, 4),), "close fit": ((2, 1), (4, 1))}.get(place.split(", ")[-1], ((2, 1), (4, 1), (1, 4)))
    kappa = sp.Rational(*rng.choice(fits))
    lam = sp.Rational(*rng.choice(((16, 1), (1, 16), (81, 1))))
    tau, quarter = N * sp.sqrt(lam) / kappa, sp.sqrt(sp.sqrt(lam))
    P, frame = orthonormal_columns(4, 3, rng), orthonormal_columns(4, 4, rng)
    living = 32 if "too much bias" in place else rng.choice((sp.Rational(1, 2), 2, 32))
    root = sp.diag(living, living * (3 if place == "unequal" else 1))
    mean = frame[:, 3:]
    small = tau * sp.Rational(*rng.choice(((1, 3), (3, 4), (1, 1))))
    sign, step, beta = -1 if place == "opposite" else 1, sp.Integer(0), sp.zeros(4, 1)
    if "the dead direction" in place:
        small = max(small, tau * sp.Rational(3, 4))
        step = sp.Rational(1 if place.startswith("into") else -1, rng.choice((4, 8)))
    elif place == "nothing is dead":
        small, step = 2 * tau, sp.Rational(1, rng.choice((2, 8)))
    elif place.startswith("not centred"):
        k = 1 if place.endswith("living") else 2
        frame[:, k] = (3 * frame[:, k] + 4 * mean) / 5
        beta = P[:, k] * small / rng.choice((2, 16))
    elif place == "a mean direction":
        frame[:, 2] = mean
    Q_1, dead = frame[:, :2], frame[:, 2:3]
    W = sp.Matrix.hstack(sign * quarter * P[:, :2] * root, quarter * step * P[:, 2:])
    H = sp.Matrix.vstack(root * Q_1.T / quarter, abs(step) * dead.T / quarter)
    if place == "a mean direction":  # heads and features along it are self-dual
        W[:, 2], H[2, :] = kappa / N * small * P[:, 2] / 4, mean.T / 4
        beta = -W[:, 2] / 8
    elif place.startswith("off the mean"):  # the larger bias is best if its square has the factor N/(N + 1)
        H[0, :] += mean.T
        beta = -W[:, 0] / 2 * (1 if place == "off the mean" else 1 + 1 / N)
    sigma = root[0, 0] ** 2 + tau
    if place == "unequal":
        sigma = sp.sqrt((sigma**2 + (root[1, 1] ** 2 + tau) ** 2) / 2)
    return Instance(
        {
            "P₁": P[:, :2], "P₂": P[:, 2:], "Q₁": Q_1, "Q₂": dead, "D₁": root**2, "D₁^{1/2}": root,
            "S₂": sp.Matrix([[small]]), "W'": W, "H̃": H, "s": 2 * mean, "β": beta,
            "v": rng.choice((P[:, :1], P[:, 2:], sp.Matrix([1, 2, -1, 0]))),
        },
        {"λ_H": lam, "κ": kappa, "N": N, "σ_i": sigma, "σ_k": small, "#i": 2, "#k": 1},
    )  # fmt: skip
