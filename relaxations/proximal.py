"""The structured solver: from a handful of cells to a hundred thousand, no matrix larger than R × C.

    (P)   min_{Z', b}  F(Z', b) + √λ_H ‖Z'‖_*            (:mod:`relaxations.data_term`)

Two stages in turn.  *Accelerated proximal gradient* (FISTA with backtracking and gradient restart) finds the
living directions: its step is Z' ← prox(Z' − ∇F/L), where the prox of the nuclear norm shrinks singular values
by √λ_H/L and costs one eigendecomposition of the smaller Gram matrix, R × R or C × C; a bias is one more block
whose decay is a prox too.  Every 10 steps a dual bound of second order in the error (:mod:`relaxations.bounds`)
says how far there is to go, and often that it is done.  Where progress is slow (small decays) *Newton on the
factors* (:mod:`relaxations.factored`) takes the point to rounding error; on large tables it pays less, as each of
its steps takes hundreds of Hessian products.  The gap f − D(q) alone decides whether to stop.  A round that Newton
ends at a saddle or on too small a rank shows as a gap, and the next proximal step leaves it: where ‖U'‖_op > √λ_H
a direction is added at once.

Sources: Beck & Teboulle, SIAM J. Imaging Sci. 2 (2009) (FISTA); O'Donoghue & Candès, Found. Comput. Math. 15
(2015) (restart); Cai, Candès & Shen, SIAM J. Optim. 20 (2010) (prox of the nuclear norm); Becker, Candès & Grant,
Math. Program. Comput. 3 (2011) (a test of the step size that survives rounding).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from relaxations.bounds import dual_bound
from relaxations.data_term import DataTerm
from relaxations.factored import Factors, balanced_factors, compress, newton, trim
from theory.duality import DualPoint
from theory.labels import FloatArray
from theory.model import UFM

#: Relative gap at which the solver stops at once; rounding usually leaves 1e-15 to 1e-13.
TOLERANCE = 1e-12
#: A relative gap at which being stuck means rounding (f and D cancel at small decays) and counts as converged.
ROUNDING = 1e-10
#: A problem is large above so many multiplications, R·C·min(R, C), in one product of a proximal step.
LARGE = 30_000_000
#: The default relative gap of a large problem: a tenth of what certificates ask for.
LARGE_TOLERANCE = 1e-9
#: Proximal steps between two looks at the gap.
BURST = 10
#: ... and, where the last ones promise that fewer will do, at least.
SHORTEST = 4
#: Proximal steps go on until so many looks in a row find the smallest gap so far not lowered by this factor.
PATIENCE, WORTH_GOING_ON = 2, 0.6
#: The step size of proximal gradient is tested in one step of so many: a test costs as much as a gradient.
TEST_EVERY = 5
#: A test first tries a larger step, then smaller ones.
LENGTHEN, SHORTEN = 0.8, 1.25


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


class ProximalGradient:
    """FISTA on (P) with an adaptive step and gradient restart; keeps its momentum between calls.

    Attributes: ``Z`` (R, C), ``b`` (R,), ``steps`` taken so far; after :meth:`run` also ``value``, the objective
    there, and ``q`` (R, C), the predictions.
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
        self.q: FloatArray | None = None

    def run(self, steps: int) -> None:
        """``steps`` steps, or fewer where ten of them together did not lower the objective: rounding error."""
        reference = self.value
        for k in range(1, steps + 1):
            self._step(tested=self.q is None or k == steps or k % TEST_EVERY == 0)
            if k % (2 * TEST_EVERY) == 0:
                if self.value >= reference:
                    return
                reference = self.value

    def _step(self, tested: bool) -> None:
        """One step; a tested one adapts L and leaves ``value`` and ``q`` of the new point.

        L passes if F lies below its quadratic model and if the gradient does not change faster than L: the second
        test decides where differences of F drown in rounding, which would let L fall without end.
        """
        data, biased = self.data, self.data.problem.has_bias
        following = 0.5 * (1.0 + math.sqrt(1.0 + 4.0 * self._theta**2))
        momentum = (self._theta - 1.0) / following
        V = self.Z + momentum * (self.Z - self._previous[0])
        c = self.b + momentum * (self.b - self._previous[1]) if biased else self.b
        # the decay of the bias is handled by its prox, so it is taken out of F here
        logits = data.logits(V, c)
        slope = data.slope(data.predictions(logits))
        gradient = slope * data.inverse
        bias_gradient = data.mean(slope.sum(axis=1)) if biased else c
        if tested:
            self.L *= LENGTHEN
        smooth = data.value(logits, np.zeros_like(c)) if tested else np.nan
        while True:
            Z, nuclear = data.shrink(V - gradient / self.L, data.gamma / self.L)
            b = self._bias(c, bias_gradient) if biased else c
            if not tested:
                break
            moved, shifted = Z - V, b - c
            length = float(np.vdot(moved, moved)) + float(((data.bias_scale * shifted) ** 2).sum())
            there = data.evaluate(data.logits(Z, b), np.zeros_like(b))
            bend = float(np.vdot(there.slope - slope, data.logits(moved, shifted)))
            model = smooth + float(np.vdot(gradient, moved)) + float(bias_gradient @ shifted) + 0.5 * self.L * length
            passed = bend <= self.L * length and there.value <= model + 1e-13 * abs(smooth)
            if passed or self.L > 4.0 * data.curvature_bound:
                self.value = there.value + data.gamma * nuclear + 0.5 * float(data.lambda_b @ (b * b))
                self.q = there.q
                break
            self.L *= SHORTEN
        # gradient restart: the step points against the direction of travel
        travel = float(np.vdot(Z - V, Z - self.Z))
        if biased:
            travel += float(data.bias_scale**2 * (b - c) @ (b - self.b))
        if travel < 0:
            self._theta, self._previous = 1.0, (Z, b)
        else:
            self._theta, self._previous = following, (self.Z, self.b)
        self.Z, self.b = Z, b
        self.steps += 1

    def _bias(self, c: FloatArray, gradient: FloatArray) -> FloatArray:
        """The prox of the decay of the bias at a gradient step from c, in the units of Z'."""
        stiffness = self.L * self.data.bias_scale**2
        return np.asarray((stiffness * c - gradient) / (stiffness + self.data.lambda_b))


def default_tolerance(problem: UFM) -> float:
    """The relative gap at which the solver stops unless told otherwise."""
    return LARGE_TOLERANCE if _is_large(problem) else TOLERANCE


def solve_structured(
    problem: UFM,
    tolerance: float | None = None,
    max_rounds: int = 12,
    start: tuple[FloatArray, FloatArray] | None = None,
) -> Optimum:
    """Solve (P) for a connected problem: no two groups of its tasks without a common cell.

    ``tolerance`` is a relative gap, by default :func:`default_tolerance`.  ``start`` is (Z' (R, C), b (R,)),
    default 0; a start that is nearly optimal goes to Newton after a few proximal steps.  The dimension of
    ``problem`` plays no part.  Linear algebra runs on one thread: no digit depends on the machine's load, and at
    these sizes a second thread costs more than it gives as soon as anything else runs.
    """
    with linear_algebra().limit(limits=1, user_api="blas"):
        return _solve(problem, tolerance, max_rounds, start)


@cache
def linear_algebra() -> ThreadpoolController:
    """The libraries of linear algebra in this process."""
    return ThreadpoolController()


def _solve(
    problem: UFM, tolerance: float | None, max_rounds: int, start: tuple[FloatArray, FloatArray] | None
) -> Optimum:
    if tolerance is None:
        tolerance = default_tolerance(problem)
    data = DataTerm(problem)
    R, C = problem.design.rows, problem.design.cells
    Z, b = start if start is not None else (np.zeros((R, C)), np.zeros(R))
    proximal = ProximalGradient(data, Z, b)
    best: Factors | None = None
    bound: DualPoint | None = None
    newton_steps = stalled = 0
    burst = BURST

    def certified(value: float, Z: FloatArray, q: FloatArray, b: FloatArray) -> bool:
        return relative_gap(value, dual_bound(data, Z, q, b).value) <= tolerance

    for _ in range(max_rounds):
        before = np.inf if best is None or bound is None else relative_gap(best.value, bound.value)
        met, dual = _descend(proximal, tolerance, burst)
        point = balanced_factors(data, proximal.Z, proximal.b)
        if not met:
            point, steps = newton(data, point, good_enough=certified)
            newton_steps += steps
        point = trim(data, point) if met else compress(data, point)
        if not met:
            dual = dual_bound(data, point.Z, data.predictions(data.logits(point.Z, point.b)), point.b)
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


def _is_large(problem: UFM) -> bool:
    R, C = problem.design.rows, problem.design.cells
    return R * C * min(R, C) > LARGE


def _descend(proximal: ProximalGradient, tolerance: float, burst: int) -> tuple[bool, DualPoint]:
    """Bursts of proximal steps for as long as they pay: do they meet the tolerance, and the last bound."""
    best, slow, steps = np.inf, 0, burst
    while True:
        proximal.run(steps)
        assert proximal.q is not None
        bound = dual_bound(proximal.data, proximal.Z, proximal.q, proximal.b)
        gap = relative_gap(proximal.value, bound.value)
        slow = slow + 1 if gap > WORTH_GOING_ON * best else 0
        if gap <= tolerance or slow == PATIENCE:
            return gap <= tolerance, bound
        steps = _steps_left(best, gap, steps, tolerance, burst)
        best = min(best, gap)


def _steps_left(before: float, gap: float, steps: int, tolerance: float, most: int) -> int:
    """Steps to the tolerance at the rate of the last burst, from ``SHORTEST`` to ``most``."""
    if not 0 < gap < before < np.inf or tolerance <= 0:
        return most
    needed = steps * np.log(gap / tolerance) / np.log(before / gap)
    return max(min(int(needed) + 1, most), min(SHORTEST, most))
