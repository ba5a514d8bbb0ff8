"""Instances of ``partial_annotation``: four binary tasks in a ring, each annotated together with its two neighbours."""

from __future__ import annotations

import random
from itertools import product
from weakref import WeakKeyDictionary

import sympy as sp

from theory import closed_forms as forms
from theory.claims import SYMBOLIC
from theory.claims import _at_an_optimum as optimum
from theory.claims import gap_anatomy as anatomy
from theory.claims import partial_annotation as claim
from theory.proof.instances import Instance, orthonormal_columns

#: The ring t – s – v – u – t: who labels a sample together.
TASKS = "tsuv"
GROUPS = ("ts", "tu", "sv", "uv")
CENTRING = sp.Matrix([[1, -1], [-1, 1]]) / 2
#: What is at fault.  Heads of neighbours that are not orthogonal: those of t and u, which is listed as annotated with
#: t, or not at all, or as annotated apart; those of t and s, where u copies t (and is listed, or not), or t has no
#: residual, or s copies t and leaves the residual to it.  And t and v taken for a pair that is annotated together.
FAULTS = (
    *["none"] * 3,
    *["u sees t", "u sees t: not listed", "u sees t: listed apart"],
    *["s sees t and its copy", "s sees t and its copy: not listed", "s sees t", "s copies t"],
    "v for s",
)
#: The faults yet to come: each comes once before any comes again.
_TO_COME: WeakKeyDictionary[random.Random, list[str]] = WeakKeyDictionary()


def draw(rng: random.Random) -> Instance:
    """An optimum of the ring; or a point at which a hypothesis fails.

    Every pair that is annotated together has one cell of m² samples for each pair of labels, so N_t = 8m².  The heads
    are W'_t = √(γ_t λ_W) V_t X_t with V_t = I − J/2; t and v, s and u may share coordinates, or do so in part.  The
    residual is ρ_t P_t E_t: that of cross-entropy, its weights such that the margin is the number a; or that of another
    Fenchel–Young loss, of which Φ and Φ* are known up to a constant.

    At fault may be what ``FAULTS`` says; the least value, or that of the dual point.
    """
    left = _TO_COME.setdefault(rng, [])
    if not left:
        left.extend(rng.sample(FAULTS, len(FAULTS)))
    fault = left.pop()
    heads, loss = fault.split(":")[0], rng.choice(("cross-entropy", "another"))
    s = "v" if fault == "v for s" else "s"
    near, far, others = "su", "v", "suv"
    if heads == "u sees t":
        near, far = {"u sees t: not listed": ("s", "v"), "u sees t: listed apart": ("s", "uv")}.get(fault, (near, far))
    elif fault == "s sees t and its copy: not listed":
        others = "sv"
    m = sp.Integer(rng.choice((1, 1, 2)))
    lam_h, lam_w = (sp.Rational(*rng.choice(((1, 1), (16, 1), (1, 16), (81, 1)))) for _ in range(2))
    a = rng.choice((1, 16)) / (2 * m)  # makes the heads rational
    n, count = 8 * m**2, 32 * m**2
    rho = sp.sqrt(2 * lam_h / n)
    gamma = forms.head_gram_scale(2, n, lam_w, lam_h, a, SYMBOLIC)
    # labels and residual
    cells = [(g, labels) for g in GROUPS for labels in product(range(2), repeat=2)]
    on = {t: sp.diag(*(int(t in g) for g, _ in cells)) for t in TASKS}
    together, both = (on["t"] * on["s"], n / 2) if s == "s" else (on["t"], n)
    E = {t: m * sp.Matrix(2, len(cells), lambda y, j, t=t: _has(cells[j], t, y)) for t in TASKS}
    if heads == "s sees t and its copy":
        E["u"] += E["t"] * together
    elif heads == "s copies t":
        E["s"] += (E["t"] - E["s"]) * together
    U_ = rho * sp.Matrix.vstack(*(CENTRING * E[t] for t in TASKS))
    for t, name in (("t", "s sees t"), ("s", "s copies t")):
        if heads == name:
            U_ -= _rows(t).T * _rows(t) * U_ * together
    # heads and features
    X = _coordinates(heads, rng)
    W_ = sp.sqrt(gamma * lam_w) * sp.Matrix.vstack(*(CENTRING * X[t] for t in TASKS))
    H_ = W_.T * U_ / lam_h
    members = sp.kronecker_product(sp.eye(len(cells)), sp.ones(1, m**2) / m)
    # weights, losses and values
    alpha = n * rho * sp.sqrt(lam_w) * (sp.exp(a) + 1) / 2
    omega, q = alpha / n, 1 / (1 + sp.exp(-a))
    phi, qz, yz = a / 2 + sp.log(1 + sp.exp(-a)), a * (q - sp.Rational(1, 2)), a / 2
    value = forms.task_value(alpha, 2, forms.coupling(n, lam_w, lam_h, SYMBOLIC), a, SYMBOLIC)
    if loss == "another":
        omega, q, qz = sp.Rational(rng.choice((1, 3)), 2), sp.Rational(1, 3), sp.Rational(rng.randint(-3, 3), 2)
        phi, yz = qz + rng.choice((-1, 1)) * 1000, qz + (U_.T * W_ * H_).trace() / count / omega
        value = count * omega * (phi - qz) / 4
    dual = least = 4 * value
    if loss == "another":  # f there, whatever the heads
        least += ((W_ - U_ * H_.T) * (W_ - U_ * H_.T).T).trace() / 2
        least += (H_ * (lam_h * sp.eye(len(cells)) - U_.T * U_) * H_.T).trace() / 2
    attained = least * rng.choice((1, 1, sp.Rational(2, 3)))
    dual += rng.choice((0, 0, 0, 1000))
    eye, B = sp.eye(8), sp.diag(*(rng.randint(1, 3) for _ in range(8)))
    matrices = {
        claim.W_: W_, claim.H_: H_, claim.U_: U_, claim.E_t: E["t"], claim.E_s: E[s], claim.P_t: CENTRING,
        claim.Q_s: CENTRING, claim.D_t: on["t"], claim.D_s: on[s], claim.D: together,
        claim.S_t: _rows("t"), claim.S_s: _rows(s), claim.S_o: _rows(others),
        claim.S_r: _rows(near), claim.S_v: _rows(far),
        claim.b_t: sp.ones(2, 1) * rng.randint(-2, 2), claim.b_s: sp.ones(2, 1) * rng.randint(-2, 2),
        claim.sigma: m * sp.ones(len(cells), 1), claim.V_t: CENTRING, claim.V_s: CENTRING,
        claim.X_t: X["t"], claim.X_s: X["s"],
        anatomy.S: sp.sqrt(lam_w) * eye, anatomy.B: B, anatomy.W: W_ / sp.sqrt(lam_w), anatomy.H: H_ * members,
        anatomy.E: members, anatomy.G: sp.sqrt(lam_w) * U_ * members, anatomy.one: sp.ones(members.cols, 1),
        anatomy.r: sp.zeros(8, 1), anatomy.v: sp.zeros(8, 1), anatomy.b: sp.zeros(8, 1),
    }  # fmt: skip
    scalars = {
        claim.K: 2, claim.K_s: 2, claim.d: 6, claim.n: n, claim.common: both, claim.shared: both, claim.alpha: alpha,
        claim.lam_w: lam_w, claim.lam_h: lam_h, claim.eps: 0, claim.a: a, claim.rho: rho, claim.rho_s: rho,
        claim.gamma: gamma, claim.f_t: value, optimum.least: least, optimum.attained: attained,
        optimum.dual: dual, anatomy.omega: omega, anatomy.phi: phi, anatomy.conj_y: 0,
        anatomy.conj_q: qz - phi, anatomy.qz: qz, anatomy.yz: yz, anatomy.operator: sp.sqrt(lam_h),
        "w": omega, "q_{t,j}": q, "∇Φ(z_{t,j})": q, "#t": 4, "#t,i": count, "#t in a clique": 2,
    }  # fmt: skip
    return Instance({word.letters[0]: matrix for word, matrix in matrices.items()}, scalars)


def _has(cell: tuple[str, tuple[int, ...]], task: str, label: int) -> int:
    group, labels = cell
    return int(task in group and labels[group.index(task)] == label)


def _rows(tasks: str) -> sp.Matrix:
    """The rows of these tasks, out of those of all."""
    return sp.eye(8).extract([2 * TASKS.index(t) + k for t in tasks for k in range(2)], list(range(8)))


def _coordinates(heads: str, rng: random.Random) -> dict[str, sp.Matrix]:
    """X_t by task, two orthonormal rows each."""
    frame = orthonormal_columns(6, 6, rng)
    A, B, C = frame[:2, :], frame[2:4, :], frame[4:, :]
    if heads == "s sees t and its copy":  # but not their sum
        return {"t": A, "s": (2 * A - 2 * B + C) / 3, "u": B, "v": (A + 2 * B + 2 * C) / 3}
    if heads == "s copies t":
        return {"t": A, "s": A, "u": B, "v": C}
    if heads.endswith("sees t"):
        one, other = ("u", "s") if heads == "u sees t" else ("s", "u")
        return {"t": A, other: B, one: (3 * A + 4 * C) / 5, "v": (4 * A - 3 * C) / 5}
    turn = sp.Matrix([[3, 4], [-4, 3]]) / 5
    return {"t": A, "s": B, "u": rng.choice((B, turn * B)), "v": rng.choice((A, (3 * A + 4 * C) / 5))}
