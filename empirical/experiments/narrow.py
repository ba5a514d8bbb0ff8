"""Experiment 9: feature dimensions below Σ(K_t − 1), where the relaxation is no longer tight.

The relaxation bounds every d from below, and any factorisation with d columns bounds min f from above: a certified
interval for the best value v_d in dimension d,

    D(q) ≤ v_d ≤ f(best of many local minima),           relative gap (f − D)/(f(0) − D)

Squared error (claim ``squared_error`` with Eckart and Young): the penalty and the loss are unitarily invariant, so of
the living directions of the label matrix the d strongest stay, the others are dead, and v_d is known exactly:

    v_d = Σ_σ min_x [κ/(2N)(x − σ)² + √λ_H|x|] with x = 0 beyond the d largest σ,

an interval of width Σ_{i>d} κ/(2N) (σ_i − τ)².  Cross-entropy has no such formula, and below the minimal rank there
are spurious local minima: the number predicted is the best of the factorisations that Newton's method finds from
:data:`STARTS` random points (an independent solver), with the spectrum of its W Wᵀ.  Where it finds one value only,
training must end there; elsewhere at one of the values found.  Also measured: the residual's norm ‖U'‖_op/√λ_H, which
is 1 at a living optimum that meets the bound; above 1 a further dimension would lower f (claim ``landscape``), so that
its excess over 1 is the price of the missing dimension to first order.

Controls have as many dimensions as directions live, where the gap must vanish.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from empirical.compare import all_features
from empirical.experiment import Experiment
from empirical.experiments.blocks import mismatch
from empirical.experiments.plan import Plan, Results, Row, equals, final, grams, problem_of, vanishes
from empirical.experiments.shapes import FREE_GAP, NETWORK_GAP, free, on_digits
from empirical.presets import Preset
from empirical.training import Optimisation
from relaxations.data_term import DataTerm
from relaxations.factored import Factors, factorise, newton, objective
from theory import closed_forms as forms
from theory import geometry, second_moment
from theory.duality import scaled_residual, spectral_norm
from theory.labels import FloatArray
from theory.model import UFM

#: Random points from which local minima are sought.
STARTS = 24
#: Values of local minima that differ by less than this share of f(0) are one.
SAME = 1e-7


def local_minima(problem: UFM, starts: int = STARTS) -> list[tuple[float, FloatArray, FloatArray]]:
    """(f, W, H) of local minima in dimension d, in order of value, one of each value; from a fixed seed.

    ``W`` (R, d), ``H`` (d, C) on cells; no bias.  Raises ``ValueError`` for a problem with one.
    """
    if problem.has_bias:
        raise ValueError("bias: local minima are sought without one")
    data, d = DataTerm(problem), problem.dimension
    R, C = problem.design.rows, problem.design.cells
    rng = np.random.default_rng(0)
    spread = data.unit / np.sqrt(d * (R + C))
    found: list[Factors] = []
    for _ in range(starts):
        A, B = spread * rng.standard_normal((R, d)), spread * rng.standard_normal((d, C))
        zero = np.zeros(R)
        found.append(newton(data, Factors(A, B, zero, objective(data, A, B, zero)), max_steps=200)[0])
    found.sort(key=lambda point: point.value)
    same = SAME * problem.value_at_zero()
    kept = [found[0]]
    for point in found[1:]:
        if point.value > kept[-1].value + same:
            kept.append(point)
    return [(point.value, *factorise(problem, point.A, point.B)) for point in kept]


def truncated_value(problem: UFM) -> float:
    """v_d of squared error.  Raises ``ValueError`` where :mod:`theory.second_moment` does not apply."""
    sigmas = np.linalg.svd(second_moment.label_matrix(problem), compute_uv=False)
    numbers = (float(problem.alpha[0]), problem.design.samples, float(problem.lambda_w[0]), float(problem.lambda_h))
    ratio = numbers[0] / numbers[2]
    tau = second_moment.singular_threshold(numbers[1], ratio, numbers[3])
    return sum(
        float(forms.soft_threshold_value(s, *numbers, alive=bool(s > tau and i < problem.dimension)))
        for i, s in enumerate(sigmas)
    )


def residual_norm(problem: UFM, W: FloatArray, H: FloatArray) -> float:
    """‖U'‖_op/√λ_H at a point ``W`` (R, d), cell means ``H`` (d, C)."""
    return float(spectral_norm(scaled_residual(problem, problem.predictions(W @ H))) / float(problem.lambda_h) ** 0.5)


def measure_residual(run: Experiment) -> dict[str, Any]:
    """The probe of the plan: ``residual``, :func:`residual_norm` of the trained network."""
    W, _ = run.network.stacked_heads()
    H = all_features(run.network, run.images).cpu().numpy().T
    return {"residual": residual_norm(run.problem, W, geometry.cell_means(H, run.cell_of, run.problem.design.cells))}


def spectrum(gram: FloatArray, d: int) -> FloatArray:
    """The d largest eigenvalues of W Wᵀ, falling."""
    return np.asarray(np.linalg.eigvalsh(gram)[::-1][:d], dtype=np.float64)


def _rows(results: Results) -> list[Row]:
    out: list[Row] = []
    for variant, runs in results.items():
        problem = problem_of(runs)
        exactly = variant.startswith("free")
        gap, shape = (FREE_GAP, 1e-4) if exactly else (NETWORK_GAP, 0.02)
        lower = float(runs[0]["certificate"]["lower"])
        span = problem.value_at_zero() - lower
        gaps = final(runs, "relative_gap")
        minima = local_minima(problem)
        best, W, H = minima[0]
        if problem.loss == "mse":
            known, source = truncated_value(problem), "squared_error"
        else:
            known, source = best, "best factorisation"
        predicted = (known - lower) / span
        if predicted < gap:
            out.append(vanishes(variant, "relative gap (enough dimensions)", gaps, gap, "lower_bound"))
        elif len(minima) == 1:
            out.append(equals(variant, "relative gap", predicted, gaps, gap, source))
        else:
            known_gaps = [(value - lower) / span for value, _, _ in minima]
            off = tuple(None if g is None else min(abs(g - v) for v in known_gaps) for g in gaps)
            out.append(vanishes(variant, "distance to the nearest local minimum", off, gap, source))
            below = tuple(None if g is None else predicted - g for g in gaps)
            out.append(Row(variant, "relative gap below the best factorisation's", "at_most", None, gap, below, source))
        if len(minima) == 1:
            expected = spectrum(W @ W.T, problem.dimension)
            spectra = [mismatch(spectrum(gram, problem.dimension), expected) for gram in grams(runs)]
            out.append(vanishes(variant, "spectrum of W Wᵀ", spectra, shape, source))
            norms = tuple(result["probe"]["residual"] for result in runs)
            quantity = "norm of the residual over its bound"
            out.append(equals(variant, quantity, residual_norm(problem, W, H), norms, 5 * shape, source))
    return out


def _free(classes: Sequence[int], fraction: str, dimensions: Sequence[int], loss: str = "ce") -> list[Preset]:
    name = "x".join(map(str, classes))
    return [
        free(
            f"free-{loss}-{name}-d{d}",
            f"free features in {d} dimensions",
            {"factorial": list(classes), "repetitions": 5},
            dimension=d,
            fraction=fraction,
            loss=loss,
            gates=(),
            optimisation=Optimisation(epochs=20, batch=1, step=1.0, head_step=1.0, optimiser="lbfgs"),
        )
        for d in dimensions
    ]


NARROW = Plan(
    name="narrow",
    question="What do training and theory say where the features have fewer than Σ(K_t − 1) dimensions?",
    theory=(
        "the bound of the relaxation is missed by a certified interval: with squared error exactly by what the weakest "
        "directions are worth, with cross-entropy by what the best factorisation costs; enough dimensions close it"
    ),
    variants=(
        *_free((4, 4), "0.1", (2, 3, 4, 5, 6)),
        *_free((2, 4), "0.03", (1, 3)),
        *_free((3, 3), "0.03", (2, 3)),
        *_free((3, 4), "0.1", (2, 4, 6), "mse"),
        *(
            on_digits(
                f"mlp-ce-4x4-d{d}",
                f"a network with {d} features",
                {"factorial": [4, 4], "repetitions": 40},
                dimension=d,
                fraction="0.1",
                gates=(),
                optimisation=Optimisation(epochs=400, batch=100, step=2e-3, head_step=5e-3),
            )
            for d in (3, 5)
        ),
    ),
    rows=_rows,
    probe=measure_residual,
    curves=("relative_gap",),
)
