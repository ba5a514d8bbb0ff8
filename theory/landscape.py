r"""The landscape: at a critical point, U' decides between global minimum and strict saddle (T12).

With U' the scaled residual at the predictions q = ∇Φ(z) of a critical point (W, H, b), (u, v, σ) its top singular
triple and r a unit vector with W r = 0 (then rᵀH = 0 as well):

    ‖U'‖_op <= √λ_H       the point is a global minimum, whatever d;
    otherwise             δW_t = ε λ_H^{1/4} u_t rᵀ/√λ_{W,t},   δh_j = ε λ_H^{−1/4} r v_j/√n_j   changes f by Δ,
                          −ε²(σ − √λ_H) <= Δ <= −ε²(σ − √λ_H) + β ε⁴/2,    β = L_Φ max_{t,j} ω_{t,j}/(n_j λ_{W,t})

(claim ``landscape``), L_Φ the smoothness of the loss.  r exists iff rank W < d.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.closed_forms import FLOAT, Arithmetic
from theory.duality import scaled_residual
from theory.labels import FloatArray, LabelDesign
from theory.model import UFM


def escape_change(step: Any, sigma: Any, beta: Any, lambda_h: Any, on: Arithmetic = FLOAT) -> Any:
    """Upper bound of f's change at ε² = ``step``: −ε²(σ − √λ_H) + β ε⁴/2."""
    return -step * (sigma - on.sqrt(lambda_h)) + beta * step**2 / 2


def best_step(sigma: Any, beta: Any, lambda_h: Any, on: Arithmetic = FLOAT) -> Any:
    """ε² at which :func:`escape_change` is least: (σ − √λ_H)/β."""
    return (sigma - on.sqrt(lambda_h)) / beta


def escape_decrease(sigma: Any, beta: Any, lambda_h: Any, on: Arithmetic = FLOAT) -> Any:
    """By how much f falls at least along the direction: (σ − √λ_H)²/(2β); so no such point is within it of f*."""
    return (sigma - on.sqrt(lambda_h)) ** 2 / (2 * beta)


def smoothness(problem: UFM) -> float:
    """β, a Lipschitz constant of the data term's gradient as a function of Z': L_Φ max ω_{t,j}/(n_j λ_{W,t})."""
    per_sample = problem.omega / problem.design.counts / np.array([float(w) for w in problem.lambda_w])[:, None]
    return problem.loss_function.smoothness * float(per_sample.max())


def enough_dimension(problem: UFM) -> int:
    """The d from which every critical point is a global minimum or a strict saddle: Σ(K_t − 1), or R.

    Σ(K_t − 1) for losses whose predictions lie on the simplex (cross-entropy): there the residuals of a task,
    and so its head, have zero column sums.
    """
    design = problem.design
    return design.rows - design.tasks if problem.loss_function.on_simplex else design.rows


@dataclass(frozen=True)
class Escape:
    """A direction of negative curvature at a critical point.

    sigma : ‖U'‖_op > √λ_H.
    dW, dH : ``(R, d)`` and ``(d, C)``; f(W + ε dW, H + ε dH, b) − f <= −ε²(σ − √λ_H) + β ε⁴/2.
    curvature : d²f/dε² at 0, −2(σ − √λ_H).
    """

    sigma: float
    dW: FloatArray
    dH: FloatArray
    curvature: float


def escape(problem: UFM, W: FloatArray, H: FloatArray, b: FloatArray | None = None) -> Escape | None:
    """The direction of negative curvature at a critical point, or ``None`` where ‖U'‖_op <= √λ_H.

    ``W`` (R, d), ``H`` (d, C), ``b`` (R,).  Raises ``ValueError`` if W has full column rank: add a zero column
    (a dimension) if the problem has room for it; below that the theorem gives no direction.
    """
    W, H, bias = problem.checked_point(W, H, b)
    U = scaled_residual(problem, problem.predictions(W @ H + bias[:, None]))
    left, values, right = np.linalg.svd(U, full_matrices=False)
    root = np.sqrt(float(problem.lambda_h))
    if values[0] <= root:
        return None
    kernel = np.linalg.svd(W)
    scale = max(float(kernel.S[0]), 1e-300)
    if len(kernel.S) == W.shape[1] and kernel.S[-1] > 1e-9 * scale:
        raise ValueError(f"W: full column rank {W.shape[1]}; expected a column of zeros, or rank below it")
    r = kernel.Vh[-1]
    quarter = np.sqrt(root)
    dW = quarter * np.outer(left[:, 0] / np.sqrt(problem.lambda_w_rows), r)
    dH = np.outer(r, right[0] / problem.sqrt_counts) / quarter
    return Escape(float(values[0]), dW, dH, float(-2 * (values[0] - root)))


# --------------------------------------------------------------------------- the counterexample


def narrow_problem() -> UFM:
    """d below the minimal rank: one balanced binary task, squared error, no bias, d = 1 (the relaxation needs 2).

    At its *global* minimum ‖U'‖ = 1/2 > √λ_H = 1/4: the converse of "‖U'‖_op <= √λ_H makes a point global" fails.
    """
    return UFM(LabelDesign.factorial((2,)), 1, Fraction(1, 16), loss="mse", dimension=1)


def narrow_minimum() -> tuple[FloatArray, FloatArray]:
    """(W, H) of a global minimum of :func:`narrow_problem`: W = √(1/8) e_1, H = √2 e_1ᵀ, Z' = ½ e_1e_1ᵀ, f = 7/16."""
    return np.array([[np.sqrt(0.125)], [0.0]]), np.array([[np.sqrt(2.0), 0.0]])


#: f at the global minimum of :func:`narrow_problem`, the relaxation's value, and ‖U'‖_op at that minimum.
NARROW_VALUE, RELAXED_VALUE, NARROW_NORM = Fraction(7, 16), Fraction(3, 8), Fraction(1, 2)
