"""The structured solver on the invariant points of a symmetric design: one column an orbit of cells.

Proximal gradient from 0 never leaves the invariant points: the slopes of a cell are a function of its logits and its
target, and Z' ↦ g(Z' Z'ᵀ) Z' commutes with relabelling rows and cells.  So its steps are taken on the representatives
(:class:`relaxations.data_term.OrbitTerm`), with the singular values of the whole matrix, and cost no more for a
thousand cells than for a million.  The whole point and the whole dual point are written out once, at the end; whether
they are optimal is judged as for any other point.
"""

from __future__ import annotations

import numpy as np

from relaxations.bounds import dual_bound
from relaxations.data_term import OrbitTerm
from relaxations.factored import RANK_CUTOFF, RANK_SLACK, Factors
from relaxations.proximal import BURST, TOLERANCE, Optimum, ProximalGradient, linear_algebra, relative_gap
from relaxations.symmetry import Orbits
from theory.duality import DualPoint
from theory.labels import FloatArray
from theory.model import UFM

#: Steps are cheap here: so many are taken, as long as so many looks in a row do not leave the gap above this share.
MAX_STEPS, PATIENCE, WORTH_GOING_ON = 2000, 5, 0.7
#: Singular values this much smaller than the one before open a gap, at which the rank may be cut.
CLUSTER = 0.5


def solve_invariant(problem: UFM, orbits: Orbits, tolerance: float | None = None) -> Optimum:
    """An invariant optimum of (P) for a connected problem, down to a relative gap of ``tolerance`` (1e-12).

    ``status`` is ``"converged"``, or ``"stalled"`` where proximal steps alone do not get there: the point is then a
    good start for :func:`relaxations.proximal.solve_structured`.
    """
    with linear_algebra().limit(limits=1, user_api="blas"):
        data = OrbitTerm(problem, orbits)
        R, m = data.inverse.shape
        proximal = ProximalGradient(data, np.zeros((R, m)), np.zeros(R))
        met, dual = _descend(proximal, TOLERANCE if tolerance is None else tolerance)
        factors = _factors(data, proximal.Z, proximal.b, proximal.value)
        whole = DualPoint(orbits.expanded(dual.q), dual.value, dual.scale)
        return Optimum(factors, whole, "converged" if met else "stalled", proximal.steps)


def _descend(proximal: ProximalGradient, tolerance: float) -> tuple[bool, DualPoint]:
    """Proximal steps until the gap is met or no longer falls; the best bound on the way."""
    best: DualPoint | None = None
    smallest, slow = np.inf, 0
    while True:
        proximal.run(BURST)
        assert proximal.q is not None
        bound = dual_bound(proximal.data, proximal.Z, proximal.q, proximal.b)
        if best is None or bound.value > best.value:
            best = bound
        gap = relative_gap(proximal.value, best.value)
        slow = slow + 1 if gap > WORTH_GOING_ON * smallest else 0
        smallest = min(smallest, gap)
        if gap <= tolerance or slow == PATIENCE or proximal.steps >= MAX_STEPS:
            return gap <= tolerance, best


def _factors(data: OrbitTerm, Z: FloatArray, b: FloatArray, value: float) -> Factors:
    """Balanced factors of the whole Z' in as few columns as the objective asks for (as ``factored.compress``).

    The rank is cut only where singular values fall apart: a part of an eigenspace would not be invariant.
    """
    squares, vectors = np.linalg.eigh(data.gram(Z))
    s, P = np.sqrt(np.maximum(squares[::-1], 0.0)), vectors[:, ::-1]
    s = s[: data.width]
    kept = len(s)
    for r in _ranks(s):
        cut = P[:, :r] @ (P[:, :r].T @ Z)
        penalty = data.gamma * float(s[:r].sum())
        if data.value(data.logits(cut, b), b) + penalty <= value * (1 + RANK_SLACK):
            kept = r
            break
    root = np.sqrt(s[:kept])
    A = P[:, :kept] * root
    B = (P[:, :kept] / root).T @ data.expanded(Z)
    return Factors(A, B, b, value)


def _ranks(s: FloatArray) -> list[int]:
    """Ranks worth trying, smallest first: 0, then the ends of clusters that drop nothing above the cutoff."""
    if s[0] <= 0:
        return [0]
    first = int((s > RANK_CUTOFF * s[0]).sum())
    ends = [r for r in range(max(first, 1), len(s)) if s[r] < CLUSTER * s[r - 1] and s[r - 1] > 0]
    return [0, *ends, int((s > 0).sum())]
