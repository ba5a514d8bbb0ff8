"""Local minima of weight decay on a chain of linear maps, by a solver that shares nothing with training.

On cells (samples of one cell share their column at every minimum, by convexity in the last factor) the objective is

    Σ_{t,j} ω_{t,j} ℓ((W (A_L ⋯ A_1 D + c 1ᵀ))_{t,j}, y_{t,j}) + λ/2 (‖W‖² + Σ_l ‖A_l‖² + ‖c‖²),   D = diag 1/√n_j,

with A_1 (d × C) scaled by √n_j and c the bias of the feature layer, which is 0 at the symmetric point and used where
the residuals of a task do not sum to 0.  It is minimised from random points by SciPy's L-BFGS-B with the gradient
below, in NumPy.  With three matrices or more the penalty is concave in the singular values, and there are minima of
several ranks (:mod:`theory.deep_linear`).
"""

from __future__ import annotations

from functools import reduce

import numpy as np
from scipy.optimize import minimize

from theory.labels import FloatArray
from theory.model import UFM

#: Random points from which local minima are sought, and the share of f(0) by which two values differ.
STARTS, SAME = 48, 1e-8


def chain_value(
    problem: UFM, decay: float, factors: list[FloatArray], c: FloatArray
) -> tuple[float, list[FloatArray], FloatArray]:
    """The objective of the module and its gradients at ``factors`` W (R, d), ..., A_1 (d, C) and ``c`` (d,)."""
    root = problem.sqrt_counts
    Z = reduce(np.matmul, factors) / root + (factors[0] @ c)[:, None]
    value = float((problem.omega * problem.losses(Z)).sum())
    slope = problem.omega_rows * (problem.predictions(Z) - problem.design.target_matrix)
    gradient = []
    for i, factor in enumerate(factors):
        before = reduce(np.matmul, factors[:i], np.eye(len(factors[0])))
        after = reduce(np.matmul, factors[i + 1 :], np.eye(factor.shape[1]))
        gradient.append(before.T @ (slope / root) @ after.T + decay * factor)
        value += 0.5 * decay * float((factor**2).sum())
    summed = slope.sum(axis=1)
    gradient[0] += np.outer(summed, c)
    return value + 0.5 * decay * float(c @ c), gradient, factors[0].T @ summed + decay * c


def chain_minima(problem: UFM, matrices: int, starts: int = STARTS) -> list[float]:
    """Values of local minima of a chain of ``matrices`` factors, rising, each once; λ is λ_W of the first task.

    From a fixed seed, in a width of Σ(K_t − 1).  Raises ``ValueError`` for a problem with a bias.
    """
    if problem.has_bias:
        raise ValueError("bias: local minima are sought without one")
    decay, d = float(problem.lambda_w[0]), sum(k - 1 for k in problem.design.classes)
    shapes = [(problem.design.rows, d), *[(d, d)] * (matrices - 2), (d, problem.design.cells)]
    ends = np.cumsum([0, *(a * b for a, b in shapes), d])
    rng = np.random.default_rng(0)

    def split(x: FloatArray) -> list[FloatArray]:
        return [x[i:j].reshape(shape) for i, j, shape in zip(ends[:-2], ends[1:-1], shapes, strict=True)]

    def flat(x: FloatArray) -> tuple[float, FloatArray]:
        value, gradient, last = chain_value(problem, decay, split(x), x[ends[-2] :])
        return value, np.concatenate([*(g.ravel() for g in gradient), last])

    # of the size that makes logits of order 1 to 10, where nothing has died yet
    scale = float(problem.design.samples / problem.design.cells) ** (0.5 / matrices) * 1.5
    found = []
    for _ in range(starts):
        start = np.concatenate([*(scale * rng.standard_normal(a * b) / np.sqrt(d) for a, b in shapes), np.zeros(d)])
        options = {"maxiter": 5000, "maxfun": 10000, "ftol": 0.0, "gtol": 1e-10, "maxcor": 30}
        end = minimize(flat, start, jac=True, method="L-BFGS-B", options=options)  # type: ignore[call-overload]
        found.append(float(end.fun))
    found.sort()
    same = SAME * problem.value_at_zero()
    kept = [found[0]]
    for value in found[1:]:
        if value > kept[-1] + same:
            kept.append(value)
    return kept
