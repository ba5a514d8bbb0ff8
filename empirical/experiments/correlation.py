"""Experiment 5: the angle between the heads of two tasks whose labels are correlated.

Two tasks of K classes agree with probability (1 + (K−1)ρ)/K and are uniform otherwise.  Then

    cos(w¹_k, w²_k) = (σ_+ − σ_−)/(σ_+ + σ_−)            (claims ``correlation`` and ``correlation_classes``)

and the tasks *merge* (cos = 1) exactly where λ_W λ_H is at least (1 − ρ) of its threshold at ρ = 0, the mirror image
(cos = −1, K = 2) at (1 + ρ).  Here the product is 0.3 of the threshold: merging at ρ ≥ 0.7.

Held against the curve of the law and against the certified optimum of every single problem.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from empirical.experiments.plan import Plan, Results, Row, equals, final, grams, problem_of, vanishes
from empirical.experiments.shapes import FREE_GAP, NETWORK_GAP, free, on_digits
from empirical.presets import Preset
from empirical.training import Optimisation
from theory import closed_forms as forms
from theory import correlation_law as law
from theory.labels import FloatArray
from theory.model import UFM

FRACTION = "0.3"

#: ρ in hundredths for every K, and n such that n(1 + (K−1)ρ) and n(1 − ρ) are whole.
FREE_GRIDS = {
    2: ((-90, -80, -75, -65, -60, -30, 0, 30, 60, 65, 75, 80, 90), 20),
    3: ((-45, -40, -30, -15, 0, 30, 60, 65, 75, 80, 90), 20),
    10: ((-10, 0, 30, 60, 80), 10),
}
NETWORK_GRID = (-80, -60, -30, 0, 30, 60, 80)


def table(classes: int, hundredths: int, n: int) -> list[list[int]]:
    """The joint table of correlation ρ = ``hundredths``/100 with n(1 + (K−1)ρ) on and n(1 − ρ) off the diagonal.

    Raises ``ValueError`` where these are no whole numbers.
    """
    agree, differ = n * (100 + (classes - 1) * hundredths), n * (100 - hundredths)
    if agree % 100 or differ % 100 or agree < 0:
        raise ValueError(f"n = {n} makes no whole table of K = {classes}, correlation {hundredths / 100}")
    out: list[list[int]] = law.joint_table(classes, agree // 100, differ // 100).tolist()
    return out


def cosines(gram: FloatArray, classes: int) -> float:
    """cos of the two heads as whole matrices, ⟨W_1, W_2⟩/(‖W_1‖‖W_2‖): the common cosine of w¹_k and w²_k."""
    norms = float(np.sqrt(np.trace(gram[:classes, :classes]) * np.trace(gram[classes:, classes:])))
    return float(np.trace(gram[:classes, classes:])) / norms if norms > 0 else float("nan")


def law_of(problem: UFM) -> law.CorrelatedOptimum:
    """What the law says of the problem of a variant."""
    design = problem.design
    rho = law.correlation_of(design, (0, 1), np.arange(design.cells))
    if rho is None:
        raise ValueError("the problem is not one of two tasks in the correlation law's family")
    mu = forms.coupling(design.samples, float(problem.lambda_w[0]), float(problem.lambda_h))
    return law.correlated_optimum(design.classes[0], float(rho), mu / float(problem.alpha[0]))


def rows_of_the_law(results: Results) -> list[Row]:
    """Gap, and the cosine against the law and against the certified optimum of the variant's problem."""
    out: list[Row] = []
    for variant, runs in results.items():
        problem = problem_of(runs)
        k = problem.design.classes[0]
        exactly = variant.startswith("free")
        gap, tolerance = (FREE_GAP, 1e-5) if exactly else (NETWORK_GAP, 0.02)
        optimum = law_of(problem)
        certified = cosines(np.array(runs[0]["certificate"]["gram"]), k)
        values = [cosines(gram, k) for gram in grams(runs)]
        claim = "correlation" if k == 2 else "correlation_classes"
        out.append(vanishes(variant, "relative gap", final(runs, "relative_gap"), gap, "lower_bound"))
        quantity = f"cosine of the heads ({optimum.phase})"
        out.append(equals(variant, quantity, optimum.cosine, values, tolerance, claim))
        out.append(equals(variant, "cosine of the heads", certified, values, tolerance, "certified optimum"))
    return out


def _name(kind: str, classes: int, hundredths: int) -> str:
    return f"{kind}-K{classes}-rho{hundredths / 100:+.2f}"


def _free(classes: int, grid: Sequence[int], n: int) -> list[Preset]:
    return [
        free(
            _name("free", classes, rho),
            f"free features, two tasks of {classes} classes, correlation {rho / 100}",
            {"joint": table(classes, rho, n)},
            fraction=FRACTION,
            dimension=2 * classes,
            # ten classes are a hundred cells, and worse conditioned
            optimisation=Optimisation(
                epochs=15 if classes < 10 else 50, batch=1, step=1.0, head_step=1.0, optimiser="lbfgs"
            ),
        )
        for rho in grid
    ]


def networks(classes: int, grid: Sequence[int], n: int, width: int, optimisation: Optimisation) -> list[Preset]:
    """Convolutions on nK² canvases with two of the first K digits, for every ρ of ``grid`` (hundredths)."""
    digits = "0 and 1" if classes == 2 else f"0 to {classes - 1}"
    return [
        on_digits(
            _name("cnn", classes, rho),
            f"convolutions on pairs of the digits {digits}, correlation {rho / 100}",
            {"joint": table(classes, rho, n)},
            backbone="cnn",
            backbone_options={"width": width},
            fraction=FRACTION,
            dimension=4 * classes,
            optimisation=optimisation,
        )
        for rho in grid
    ]


CORRELATION = Plan(
    name="correlation",
    question="Does the angle between two heads follow the correlation of their labels as the law says?",
    theory=(
        "the cosine is the law's at every correlation; the tasks merge into one head at ρ ≥ 0.7, and for two classes "
        "become opposite at ρ ≤ −0.7"
    ),
    variants=(
        *(p for k, (grid, n) in FREE_GRIDS.items() for p in _free(k, grid, n)),
        *networks(2, NETWORK_GRID, 100, 16, Optimisation(epochs=160, batch=50, step=2e-3, head_step=5e-3)),
    ),
    rows=rows_of_the_law,
    curves=("relative_gap",),
)
