"""Of which weighted problem is a trained network the optimum?

At a critical point of Σ_t α_t L_t + penalties, λ_{W,t} W_t = α_t G_t Hᵀ with G_{t,i} = (y_{t,i} − p_{t,i})/N_t (claim
``stationarity``).  The inner product with W_t gives the *fitted* weights

    α_t = λ_{W,t}‖W_t‖² / ⟨W_t, G_t Hᵀ⟩

from the network alone, whatever trained it; the problem with these weights has a certificate of its own.  T numbers
are fitted: all the rest of the geometry is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from empirical.compare import DEAD, all_features, certified_optimum, row_norms
from empirical.experiment import Experiment
from empirical.weightings.objective import WeightedObjective
from theory.labels import FloatArray, IntArray
from theory.model import UFM


def fitted_weights(
    problem: UFM, W: FloatArray, H: FloatArray, cell_of: IntArray, b: FloatArray | None = None
) -> list[float]:
    """α_t for every task, from heads ``W`` (R, d), features ``H`` (d, N), ``cell_of`` (N,) and biases ``b`` (R,).

    ``problem`` has weights 1.  Raises ``ValueError`` for a head that is 0, or that its own data does not hold up
    (⟨W_t, G_tHᵀ⟩ ≤ 0): no positive weight makes that a critical point.
    """
    if any(alpha != 1 for alpha in problem.alpha):
        raise ValueError("task_weights: expected a problem with weights 1")
    design, logits = problem.design, W @ H
    if b is not None:
        logits = logits + b[:, None]
    Y, per_sample = design.target_matrix[:, cell_of], (problem.omega / design.counts)[:, cell_of]
    out = []
    for t, rows in design.blocks():
        residual = per_sample[t] * (Y[rows] - problem.loss_function.gradient(logits[rows]))
        held, decay = float((W[rows] * (residual @ H.T)).sum()), float(problem.lambda_w[t])
        size = float((W[rows] ** 2).sum())
        if not (size > 0 and held > 0):
            raise ValueError(f"task {t}: the head is 0 or its data does not hold it up; there is no weight to fit")
        out.append(decay * size / held)
    return out


def weighted(problem: UFM, weights: list[float]) -> UFM:
    """The problem with these task weights, rounded to eight digits."""
    return UFM.from_dict({**problem.to_dict(), "task_weights": [f"{alpha:.7e}" for alpha in weights]})


def effective_problem(run: Experiment) -> dict[str, Any]:
    """What a trained network says of its own weights, as plain data; ``{}`` where there are none to fit::

    fitted        α_t, see :func:`fitted_weights`
    chosen        what the strategy chose in the last epoch, on average (absent where none did)
    status        the verdict on the certificate of the problem with the fitted weights
    relative_gap  (f − lower)/(f(0) − lower) of *that* problem
    row_norms     certified, for every task; those of the network are in the result of the run
    losses        L_t of the network, weights 1
    """
    W, b = run.network.stacked_heads()
    H = np.asarray(all_features(run.network, run.images).cpu().numpy().T)
    bias = b if run.problem.has_bias else None
    try:
        fitted = fitted_weights(run.problem, W, H, run.cell_of, bias)
    except ValueError:
        return {}
    problem = weighted(run.problem, fitted)
    optimum = certified_optimum(problem)
    f, span = problem.objective(W, H, bias, run.cell_of), problem.value_at_zero() - optimum.lower
    objective = run.trainer.objective
    chosen = {"chosen": objective.current_weights().tolist()} if isinstance(objective, WeightedObjective) else {}
    return {
        "fitted": fitted,
        **chosen,
        "status": optimum.verdict.status,
        "relative_gap": (f - optimum.lower) / span if span > DEAD * problem.value_at_zero() else None,
        "row_norms": row_norms(problem, optimum.solution.W),
        "losses": _losses(run.problem, W, H, run.cell_of, bias),
    }


def _losses(problem: UFM, W: FloatArray, H: FloatArray, cell_of: IntArray, b: FloatArray | None) -> list[float]:
    design, logits = problem.design, W @ H
    if b is not None:
        logits = logits + b[:, None]
    Y, per_sample = design.target_matrix[:, cell_of], (problem.omega / design.counts)[:, cell_of]
    loss = problem.loss_function
    return [float(per_sample[t] @ loss.value(logits[r], Y[r])) for t, r in design.blocks()]
