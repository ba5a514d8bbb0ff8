"""Hand-made points for claims whose hypotheses are coupled too closely for the search: optima in rationals.

Each function draws an :class:`theory.proof.instances.Instance` by the names of letters and symbols; what a step assumes
is verified at it exactly, as at every other point.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import sympy as sp

from theory.claims import gap_anatomy as anatomy
from theory.proof.instances import Instance, orthonormal_columns


def relaxation(rng: random.Random) -> Instance:
    """A minimiser Z' of rank 2 with factors of its own, balanced or not, and a dual point on its singular space."""
    lam = sp.Rational(*rng.choice(((16, 1), (81, 1), (1, 16), (1, 81))))
    quarter = sp.sqrt(sp.sqrt(lam))
    P, Q, V = (orthonormal_columns(n, 2, rng) for n in (4, 3, 3))
    root = sp.diag(rng.randint(1, 3), rng.randint(1, 3))
    Z = P * root**2 * Q.T
    stretch = rng.choice((1, 1, 2))
    W, H_ = stretch * quarter * P * root * V.T, V * root * Q.T / quarter / stretch
    # cells of 1, 4 and 1 samples
    E = sp.Matrix([[1, 0, 0, 0, 0, 0], [0, *[sp.Rational(1, 2)] * 4, 0], [0, 0, 0, 0, 0, 1]])
    D_W, D_n = sp.diag(*(rng.randint(1, 3) for _ in range(4))), sp.diag(1, 2, 1)
    U, ones, B = sp.sqrt(lam) * P * Q.T, sp.ones(3, 1), sp.diag(*(rng.randint(1, 3) for _ in range(4)))
    G = D_W * U * D_n
    r = G * ones
    v = B.inv() * r
    b, M = B.inv() * v, D_W.inv() * Z * D_n.inv()
    omega, conj_y, conj_q, yz = (sp.Rational(rng.randint(1, 9), 2) for _ in range(4))
    # losses of either sign
    conj_y, conj_q, yz = (v + rng.choice((-1, 0, 1)) * 20000 for v in (conj_y, conj_q, yz))
    qz = yz - (G.T * (M + b * ones.T)).trace() / omega
    phi = qz - conj_q
    fit = omega * (phi + conj_y - yz)
    primal = fit + sp.sqrt(lam) * (root**2).trace() + (b.T * B * B * b)[0] / 2
    blocks, cut = sp.Matrix.vstack(P * root, Q * root), sp.eye(7)
    return Instance(
        {
            "P": P, "Q": Q, "V": V.T, "S^{1/2}": root, "Z'": Z, "M": M, "D_W": D_W, "D_n": D_n, "W'": W, "H̃": H_,
            "H": H_ * E, "E": E, "B": B, "b": b, "v": v, "U'": U, "G": G, "r": r, "1": ones,
            "X": blocks * blocks.T, "L_1": cut[:, :4], "L_2": cut[:, 4:],
        },
        {"λ_H": lam, "ω": omega, "Φ(z)": phi, "Φ∗(y)": conj_y, "Φ∗(q)": conj_q, "⟨y,z⟩": yz, "⟨q,z⟩": qz,
         "Σ_i ℓ_i": fit, "min (P)": primal, "F(W'H̃,b) − min (P)": 0, "δ": 0},
    )  # fmt: skip


def gap_anatomy(rng: random.Random) -> Instance:
    """An optimum of two cells, or a point beside it: balanced factors, U' of norm √λ_H, all five terms 0 or not."""
    lam = sp.Rational(*rng.choice(((16, 1), (1, 16), (81, 1), (1, 81))))
    quarter, stretch = sp.sqrt(sp.sqrt(lam)), rng.choice((1, 1, 1, 2))
    P, Q, root = orthonormal_columns(3, 2, rng), orthonormal_columns(2, 2, rng), sp.diag(1, rng.randint(1, 2))
    W_, H_ = stretch * quarter * P * root, root * Q.T / quarter / stretch
    E = sp.Matrix([[1, 0, 0, 0, 0], [0, *[sp.Rational(1, 2)] * 4]])
    S, B = (sp.diag(*(rng.randint(1, 3) for _ in range(3))) for _ in range(2))
    norm = sp.sqrt(lam) * rng.choice((1, 1, sp.Rational(1, 2), sp.Rational(3, 2)))  # the last is not feasible
    U_ = norm * P * Q.T
    H = H_ * E
    if rng.random() < 0.3:  # scatter within the second cell
        H += sp.Matrix([[0, 1, -1, 0, 0], [0, 0, 0, 0, 0]])
    W, G, one = S.inv() * W_, S * U_ * E, sp.ones(5, 1)
    r = G * one
    v = B.inv() * r
    b = B.inv() * v
    omega, conj_y, conj_q, qz = (sp.Rational(rng.randint(-9, 9), 2) + rng.choice((-1, 0, 1)) * 5000 for _ in range(4))
    omega = sp.Rational(rng.choice((1, 2, 5)), rng.choice((1, 3)))
    yz = qz + (G.T * (W * H + b * one.T)).trace() / omega
    at = {
        anatomy.W_: W_, anatomy.H_: H_, anatomy.U_: U_, anatomy.E: E, anatomy.S: S, anatomy.B: B, anatomy.H: H,
        anatomy.W: W, anatomy.G: G, anatomy.one: one, anatomy.r: r, anatomy.v: v, anatomy.b: b,
    }  # fmt: skip
    scalars = {
        anatomy.lam: lam, anatomy.omega: omega, anatomy.conj_y: conj_y, anatomy.conj_q: conj_q, anatomy.qz: qz,
        anatomy.yz: yz, anatomy.phi: qz - conj_q + rng.choice((0, 0, 3)), anatomy.nuclear: (root**2).trace(),
        "‖U'‖_op": norm,
    }  # fmt: skip
    return Instance({word.letters[0]: matrix for word, matrix in at.items()}, scalars)


def squared_error(rng: random.Random) -> Instance:
    """Y of rank 3 with two singular values above τ and one below; an optimum, with the minimiser's factors."""
    lam, kappa = (
        sp.Rational(*rng.choice(((16, 1), (1, 16), (81, 1)))),
        sp.Rational(*rng.choice(((2, 1), (4, 1), (1, 4)))),
    )
    N, sign = sp.Integer(4), rng.choice((1, 1, 1, -1))
    tau, quarter = N * sp.sqrt(lam) / kappa, sp.sqrt(sp.sqrt(lam))
    P, frame = orthonormal_columns(4, 3, rng), orthonormal_columns(4, 4, rng)
    root = sp.eye(2) * rng.choice((sp.Rational(1, 2), 1, 2))
    Q_1 = frame[:, :2]
    small = tau * sp.Rational(*rng.choice(((1, 3), (3, 4), (1, 1))))
    # a step into the dead direction, of either sign
    step = sp.Rational(*rng.choice(((0, 1), (0, 1), (1, 8), (-1, 8), (1, 2))))
    beta = sp.zeros(4, 1) if rng.random() < 0.7 else sp.Matrix([1, -1, 2, 0])
    W = sp.Matrix.hstack(sign * quarter * P[:, :2] * root, quarter * step * P[:, 2:])
    H = sp.Matrix.vstack(root * Q_1.T / quarter, abs(step) * frame[:, 2:3].T / quarter)
    if rng.random() < 0.4:  # features that are not centred, and a bias that takes it back
        off = sp.Rational(rng.choice((-1, 1)), 16)
        H += sp.Matrix([off, 0, 0]) * frame[:, 3:].T
        beta = -W[:, :1] * off / 2
    return Instance(
        {
            "P₁": P[:, :2], "P₂": P[:, 2:], "Q₁": Q_1, "Q₂": frame[:, 2:3], "D₁": root**2, "D₁^{1/2}": root,
            "S₂": sp.Matrix([[small]]), "W'": W, "H̃": H, "s": 2 * frame[:, 3], "β": beta,
            "v": rng.choice((P[:, :1], P[:, 2:], sp.Matrix([1, 2, -1, 0]))),
        },
        {"λ_H": lam, "κ": kappa, "N": N, "σ_i": root[0, 0] ** 2 + tau, "σ_k": small, "#i": 2, "#k": 1},
    )  # fmt: skip


def lower_bound(rng: random.Random) -> Instance:
    """One binary task, two samples; Φ(z) such that the bound of a sample is attained."""
    lam, c = sp.Integer(16), sp.Integer(rng.choice((2, 3)))
    alpha, D = sp.Rational(rng.choice((2, 5))), rng.choice((2, 5))
    projection = sp.Matrix([[1, -1], [-1, 1]]) / 2
    w = sp.Matrix([[rng.choice((1, 2, 3))]])
    W = sp.Matrix([[1], [-1]]) * w
    kappa, labels = 4 * D * sp.eye(2), projection
    H = W.T * kappa * labels / lam * rng.choice((1, 1, 1, -1))
    b = sp.zeros(2, 1)
    pairing = ((kappa * labels).T * W * H).trace()
    total = sp.Integer(1)
    right = pairing * (1 + c) / (2 * alpha) + total / 2
    entropy = c * sp.log((c + 1) / c) / (1 + c) + sp.log(1 + c) / (1 + c)
    phi = entropy + right + (total - 2 * right) / (1 + c)
    return Instance(
        {
            "Ē": labels, "F": sp.eye(2), "Π": projection, "W": W, "H": H, "κ": kappa, "Δ": sp.zeros(2, 2),
            "D_W": D * sp.eye(2), "B": sp.diag(1, 2), "b": b, "1": sp.ones(2, 1),
        },
        {"λ_H": lam, "K_t": 2, "N": 2, "c_t": c, "α_t": alpha, "z_k": right, "Σ_j z_j": total, "Φ(z)": phi,
         "#t,i": 2, "#t": 1},
    )  # fmt: skip


def nearest_centre(rng: random.Random) -> Instance:
    """A head that is a simplex ETF, and the heads of a task of two and one of three classes stacked."""
    projection = sp.eye(3) - sp.ones(3, 3) / 3
    k, other = rng.sample(range(3), 2)
    both = sp.diag(sp.eye(2) - sp.ones(2, 2) / 2, projection)
    roots = (rng.choice((1, 2, 3)), rng.choice((1, 2)))
    root = sp.diag(*[roots[0]] * 2, *[roots[1]] * 3)
    beta = sp.diag(*[rng.randint(1, 3)] * 2, *[rng.randint(1, 3)] * 3)
    if rng.random() < 0.5:
        root = beta = sp.eye(5)

    def stacked(first: int, second: int) -> sp.Matrix:
        return both * sp.Matrix([int(n in (first, 2 + second)) for n in range(5)])

    return Instance(
        {
            "W_t": 2 * projection, "P_t": projection, "1": sp.ones(3, 1),
            "e_k": sp.eye(3)[:, k], "e_l": sp.eye(3)[:, other],
            "W": root * both, "Γ": root**2, "Π": both, "β": beta, "ē_i": stacked(0, k), "ē_j": stacked(1, other),
            "h": sp.Matrix([rng.randint(-3, 3) for _ in range(5)]),
        },
        {"K_t": 3, "g_t": 4},
    )  # fmt: skip


def independence_converse(rng: random.Random) -> Instance:
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


#: By the name of the claim.  A scalar ``"#i"`` is the number of terms of sums over i.
INSTANCES: dict[str, Callable[[random.Random], Instance]] = {
    "gap_anatomy": gap_anatomy,
    "independence_converse": independence_converse,
    "nearest_centre": nearest_centre,
    "relaxation": relaxation,
    "squared_error": squared_error,
    "lower_bound": lower_bound,
}
