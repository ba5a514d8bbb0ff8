"""The structured solver: thousands of cells, no matrix larger than R × C.

    (P)   min_{Z', b}  F(Z', b) + √λ_H ‖Z'‖_*            (:mod:`relaxations.data_term`)

Two stages in turn.  *Accelerated proximal gradient* (FISTA with backtracking and gradient restart) finds the
living directions: its step is Z' ← prox(Z' − ∇F/L), where the prox of the nuclear norm shrinks singular values
by √λ_H/L and costs one eigendecomposition of the smaller Gram matrix, R × R or C × C; a bias is one more block
whose decay is a prox too.  *Newton on the factors* (:mod:`relaxations.factored`) then takes the point to
rounding error.  After each round the predictions q = ∇Φ(logits) are made dual feasible
(:func:`theory.duality.feasible_dual`); the gap f − D(q) decides whether to stop.  A round that Newton ends at a
saddle or on too small a rank shows as a gap, and the next proximal step leaves it: where ‖U'‖_op > √λ_H a
direction is added at once.

Sources: Beck & Teboulle, SIAM J. Imaging Sci. 2 (2009) (FISTA); O'Donoghue & Candès, Found. Comput. Math. 15
(2015) (restart); Cai, Candès & Shen, SIAM J. Optim. 20 (2010) (prox of the nuclear norm).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relaxations.data_term import DataTerm
from relaxations.factored import Factors, balanced_factors, compress, newton
from theory.duality import DualPoint, feasible_dual
from theory.labels import FloatArray
from theory.model import UFM

#: Relative gap at which the solver stops at once; rounding usually leaves 1e-15 to 1e-13.
TOLERANCE = 1e-12
#: A relative gap at which being stuck means rounding (f and D cancel at small decays) and counts as converged.
ROUNDING = 1e-10


@dataclass(frozen=True)
class Optimum:
    """An optimum of (P), certified in float64 by its dual point.

    factors : the point, in as few columns as it needs.
    dual : the feasible dual point of largest value.
    status : ``"converged"``, ``"stalled"`` (three rounds without progress, gap above ``ROUNDING``) or
        ``"iteration limit"``.
    iterations : proximal steps plus Newton steps.
    """

    factors: Factors
    dual: DualPoint
    status: str
    iterations: int

    @property
    def relative_gap(self) -> float:
        """(f − D)/f, 0 for f = 0."""
        return relative_gap(self.factors.value, self.dual.value)


def relative_gap(value: float, lower: float) -> float:
    """(value − lower)/max(value, 1e-300)."""
    return (value - lower) / max(value, 1e-300)


def shrink_singular_values(Z: FloatArray, threshold: float) -> tuple[FloatArray, float]:
    """The prox of threshold·‖·‖_* at Z (R, C), and the nuclear norm of the result.

    Through the smaller Gram matrix: σ is accurate to 1e-16 σ_max²/σ, which is harmless above the threshold.
    """
    wide = Z.shape[0] <= Z.shape[1]
    squares, vectors = np.linalg.eigh(Z @ Z.T if wide else Z.T @ Z)
    sigma = np.sqrt(np.maximum(squares, 0.0))
    keep = sigma > threshold
    left = vectors[:, keep]
    shrunk = left * (1.0 - threshold / sigma[keep])
    out = shrunk @ (left.T @ Z) if wide else (Z @ left) @ shrunk.T
    return np.asarray(out), float((sigma[keep] - threshold).sum())


class ProximalGradient:
    """FISTA on (P) with an adaptive step and gradient restart; keeps its momentum between calls.

    Attributes: ``Z`` (R, C), ``b`` (R,), ``value`` (the objective there), ``steps`` taken so far.
    """

    def __init__(self, data: DataTerm, Z: FloatArray, b: FloatArray) -> None:
        self.data = data
        self.L = 0.25 * data.curvature_bound
        self.steps = 0
        self.restart(Z, b)

    def restart(self, Z: FloatArray, b: FloatArray) -> None:
        """Go on from another point, without momentum."""
        self.Z, self.b = Z, b
        self._previous = (Z, b)
        self._theta = 1.0
        self.value = np.inf

    def run(self, steps: int, accuracy: float) -> None:
        """``steps`` steps, or fewer when ten of them together gained less than ``accuracy`` relatively."""
        reference = self.value
        for k in range(1, steps + 1):
            self._step()
            if k % 10 == 0:
                if reference - self.value <= accuracy * abs(self.value):
                    return
                reference = self.value

    def _step(self) -> None:
        data = self.data
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * self._theta**2))
        momentum = (self._theta - 1.0) / following
        V = self.Z + momentum * (self.Z - self._previous[0])
        c = self.b + momentum * (self.b - self._previous[1])
        # the decay of the bias is handled by its prox, so it is taken out of F here
        at = data.evaluate(data.logits(V, c), np.zeros_like(c))
        gradient = at.slope * data.inverse
        bias_gradient = at.slope.sum(axis=1) if data.problem.has_bias else np.zeros_like(c)
        self.L *= 0.9
        while True:
            Z, nuclear = shrink_singular_values(V - gradient / self.L, data.gamma / self.L)
            stiffness = self.L * data.bias_scale**2
            b = (stiffness * c - bias_gradient) / (stiffness + data.lambda_b)
            moved, shifted = Z - V, b - c
            smooth = data.value(data.logits(Z, b), np.zeros_like(b))
            model = at.value + float((gradient * moved).sum()) + float(bias_gradient @ shifted)
            model += 0.5 * self.L * float((moved * moved).sum() + ((data.bias_scale * shifted) ** 2).sum())
            if smooth <= model + 1e-13 * abs(at.value) or self.L > 4.0 * data.curvature_bound:
                break
            self.L *= 2.0
        # gradient restart: the step points against the direction of travel
        travel = float((moved * (Z - self.Z)).sum()) + float(data.bias_scale**2 * shifted @ (b - self.b))
        if travel < 0:
            self._theta, self._previous = 1.0, (Z, b)
        else:
            self._theta, self._previous = following, (self.Z, self.b)
        self.Z, self.b = Z, b
        self.value = smooth + data.gamma * nuclear + 0.5 * float(data.lambda_b @ (b * b))
        self.steps += 1


def solve_structured(
    problem: UFM,
    tolerance: float = TOLERANCE,
    max_rounds: int = 12,
    start: tuple[FloatArray, FloatArray] | None = None,
) -> Optimum:
    """Solve (P) for a connected problem: no two groups of its tasks without a common cell.

    ``start`` is (Z' (R, C), b (R,)), default 0; a start that is nearly optimal goes to Newton after a few
    proximal steps.  The dimension of ``problem`` plays no part.
    """
    data = DataTerm(problem)
    R, C = problem.design.rows, problem.design.cells
    Z, b = start if start is not None else (np.zeros((R, C)), np.zeros(R))
    proximal = ProximalGradient(data, Z, b)
    best: Factors | None = None
    bound: DualPoint | None = None
    newton_steps = 0
    burst = 10 if start is not None else 40
    stalled = 0

    def certified(value: float, q: FloatArray, b: FloatArray) -> bool:
        return relative_gap(value, _bound(data, q, b).value) <= tolerance

    for _ in range(max_rounds):
        proximal.run(burst, accuracy=1e-4 / burst)
        point, steps = newton(data, balanced_factors(data, proximal.Z, proximal.b), good_enough=certified)
        newton_steps += steps
        point = compress(data, point)
        dual = _bound(data, data.evaluate(data.logits(point.Z, point.b), point.b).q, point.b)
        before = np.inf if best is None or bound is None else relative_gap(best.value, bound.value)
        if best is None or point.value < best.value:
            best = point
        if bound is None or dual.value > bound.value:
            bound = dual
        gap = relative_gap(best.value, bound.value)
        if gap <= tolerance:
            return Optimum(best, bound, "converged", proximal.steps + newton_steps)
        stalled = stalled + 1 if gap > 0.5 * before else 0
        if stalled >= 3:
            status = "converged" if gap <= ROUNDING else "stalled"
            return Optimum(best, bound, status, proximal.steps + newton_steps)
        proximal.restart(point.Z, point.b)
        burst = min(2 * burst, 640)
    assert best is not None
    assert bound is not None
    return Optimum(best, bound, "iteration limit", proximal.steps + newton_steps)


def _bound(data: DataTerm, q: FloatArray, b: FloatArray) -> DualPoint:
    """The dual bound of predictions q at a point with bias b."""
    return feasible_dual(data.problem, q, b if data.problem.has_bias else None)
