"""An independent, general-purpose minimiser of f over (W, H, b): SciPy's L-BFGS on the factored problem."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from theory import UFM


def projected(z):
    """Columns projected on the simplex by Michelot's algorithm: drop what falls below 0 until nothing does."""
    keep = np.ones(z.shape, dtype=bool)
    while True:
        tau = ((z * keep).sum(axis=0) - 1) / keep.sum(axis=0)
        fewer = keep & (z > tau)
        if (fewer == keep).all():
            return np.where(keep, z - tau, 0.0)
        keep = fewer


def local_minimum(problem: UFM, seed: int, width: int | None = None):
    """(f, (W, H, b)) of a critical point reached from a seeded random start; b is None without a bias.

    f and its gradient are written out here, from the problem's numbers alone.  At d = R it is global.
    """
    design = problem.design
    d = min(problem.dimension, design.rows) if width is None else width
    rng = np.random.default_rng(seed)
    shapes = [(design.rows, d), (d, design.cells)] + ([(design.rows,)] if problem.has_bias else [])
    sizes = np.cumsum([int(np.prod(s)) for s in shapes])
    Y, lam_h = design.target_matrix, float(problem.lambda_h)

    def parts(x):
        return [p.reshape(s) for p, s in zip(np.split(x, sizes[:-1]), shapes, strict=True)]

    def f(x):
        W, H, *rest = parts(x)
        b = rest[0] if rest else np.zeros(design.rows)
        z = W @ H + b[:, None]
        value = 0.5 * (problem.lambda_w_rows[:, None] * W**2).sum() + 0.5 * lam_h * (design.counts * H**2).sum()
        value += 0.5 * (problem.lambda_b_rows * b**2).sum()
        slope = np.zeros_like(z)
        for t, rows in design.blocks():
            y, w = Y[rows], problem.omega[t]
            if problem.loss == "ce":
                entropy = np.where(y > 0, y * np.log(np.where(y > 0, y, 1)), 0).sum(axis=0)
                value += (w * (entropy - (y * log_softmax(z[rows], axis=0)).sum(axis=0))).sum()
                slope[rows] = w * (softmax(z[rows], axis=0) - y)
            elif problem.loss == "sparsemax":
                q = projected(z[rows])
                value += (w * ((q - y) * z[rows] - 0.5 * q**2 + 0.5 * y**2).sum(axis=0)).sum()
                slope[rows] = w * (q - y)
            else:
                value += (w * 0.5 * ((z[rows] - y) ** 2).sum(axis=0)).sum()
                slope[rows] = w * (z[rows] - y)
        gradient = [
            slope @ H.T + problem.lambda_w_rows[:, None] * W,
            W.T @ slope + lam_h * design.counts * H,
            slope.sum(axis=1) + problem.lambda_b_rows * b,
        ]
        return value, np.concatenate([g.ravel() for g in gradient[: len(shapes)]])

    start = 0.5 * rng.standard_normal(sizes[-1])
    best = minimize(
        f,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 10_000, "maxfun": 20_000, "ftol": 1e-16, "gtol": 1e-10},
    )
    W, H, *rest = parts(best.x)
    return float(best.fun), (W, H, rest[0] if rest else None)
