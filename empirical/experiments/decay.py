"""Experiment 12: ordinary weight decay beside the objective of the unconstrained features model.

Ordinary training decays every parameter and penalises no feature, so that λ_H is not given.  It is *fitted*, as the
balance at critical points suggests (:func:`empirical.objective.fitted_feature_decay`), and the trained last layer is
compared with the certified optimum for that λ_H.  How good is the fit?

linear chains   on orthonormal inputs there is a theory (:mod:`theory.deep_linear`): for D matrices and equal tasks the
                symmetric point *is* the certified optimum; for unequal tasks and D ≥ 3 it misses by a gap in closed
                form.  Value, fitted λ_H, norms and gap are predicted.  With five classes and D ≥ 3 minima of lower rank
                lie below the symmetric one, and training ends in either: there its value must be one of those that
                another solver finds (:mod:`empirical.experiments.chains`), and none above the symmetric point's.
ReLU networks   on images no theorem speaks of them.  The plan says what is expected with tolerances of its own: value,
                accuracy, right angles between tasks and norms *near* the certified ones, and shapes (ETFs, the sum
                rule) *not* the certified ones: a decay of all layers bends them towards the similarities of the images
                and towards low rank (Súkeník et al., NeurIPS 2024).  A head of two classes has no rank to lose, and
                its shape is near.  One of the networks is trained on the objective of the unconstrained features model
                as well, at a product λ_Wλ_H of the size fitted to it: the certified shape is within its reach.
"""

from __future__ import annotations

from typing import Any

import torch

from empirical.experiment import Experiment
from empirical.experiments.chains import chain_minima
from empirical.experiments.plan import Plan, Results, Row, equals, final, vanishes
from empirical.experiments.shapes import FREE_GAP, NETWORK_GAP, free, on_digits
from empirical.gates import Gate
from empirical.presets import Preset
from empirical.training import Optimisation
from theory.deep_linear import ChainPoint, chain_point
from theory.model import UFM

CHAIN = "deep_linear"
NONE = "no theorem"

#: What is expected of ReLU networks: gap, overlap and norms near; ETF deviation and sum rule at least so far off with
#: more than two classes, and near with two.
GAP, OVERLAP, NORM = 0.05, 0.2, 0.2
ETF_OFF, SUM_OFF = 0.02, 0.05
ETF_NEAR, SUM_NEAR = 0.05, 0.1

#: Tasks and matrices of the chains.
CHAINS: tuple[tuple[tuple[int, int], int], ...] = (
    ((3, 3), 2),
    ((3, 3), 3),
    ((3, 3), 4),
    ((2, 5), 2),
    ((2, 3), 3),
    ((2, 3), 4),
    ((2, 5), 3),
    ((2, 5), 4),
)
#: Minima of lower rank lie below the symmetric point of these.
LOW_RANK = ("chain-2x5-D3", "chain-2x5-D4")


def whole_objective(run: Experiment) -> dict[str, Any]:
    """The probe of the plan: ``trained_value``, the objective that was minimised, on all samples."""
    index = torch.arange(len(run.images), device=run.images.device)
    with torch.no_grad():
        return {"trained_value": float(run.trainer.objective(run.network, run.network(run.images[index]), index))}


def predicted(result: dict[str, Any]) -> ChainPoint:
    """The symmetric point of a chain's problem."""
    problem = UFM.from_dict(result["problem"]["statement"])
    weights = [float(alpha) for alpha in problem.alpha]
    decay = float(problem.lambda_w[0])
    return chain_point(problem.design.classes, weights, problem.design.samples, decay, matrices_of(result))


def matrices_of(result: dict[str, Any]) -> int:
    """D: the head, the feature layer, and the maps between."""
    return 2 + int(result["config"]["backbone_options"]["depth"])


def _rows(results: Results) -> list[Row]:
    out: list[Row] = []
    for variant, runs in results.items():
        if variant.startswith("chain"):
            out += _chain(variant, runs)
        elif runs[0]["config"]["objective"] == "ufm":
            out += _reachable(variant, runs)
        else:
            out += _network(variant, runs)
    return out


def _chain(variant: str, runs: Any) -> list[Row]:
    point = predicted(runs[0])
    values = tuple(result["probe"]["trained_value"] for result in runs)
    fits = final(runs, "fitted_feature_decay")
    if variant in LOW_RANK:
        minima = chain_minima(UFM.from_dict(runs[0]["problem"]["statement"]), matrices_of(runs[0]))
        off = [min(abs(value - known) for known in (*minima, point.value)) for value in values]
        excess = tuple(value - point.value for value in values)
        exactly = 1e-6 * point.value
        return [
            vanishes(variant, "value less that of the nearest minimum known", off, exactly, "independent solver"),
            Row(variant, "value above that of the symmetric point", "at_most", None, exactly, excess, CHAIN),
            vanishes(variant, "cross-task overlap", final(runs, "cross_task"), 1e-3, "independent solver"),
        ]
    rows = [
        equals(variant, "value with weight decay", point.value, values, 1e-6 * point.value, CHAIN),
        equals(variant, "fitted λ_H", point.feature_decay, fits, 1e-4 * point.feature_decay, CHAIN),
    ]
    gaps = final(runs, "relative_gap")
    if point.gap < FREE_GAP:
        rows.append(vanishes(variant, "relative gap", gaps, FREE_GAP, CHAIN))
    else:
        rows.append(equals(variant, "relative gap", point.gap, gaps, FREE_GAP, CHAIN))
    rows.append(vanishes(variant, "ETF deviation, worst task", final(runs, "etf"), 1e-3, CHAIN))
    rows.append(vanishes(variant, "cross-task overlap", final(runs, "cross_task"), 1e-3, CHAIN))
    for t, norm in enumerate(point.row_norms):
        rows.append(equals(variant, f"row norm, task {t}", norm, final(runs, "row_norms", t), 1e-3 * norm, CHAIN))
    return rows


def _network(variant: str, runs: Any) -> list[Row]:
    ratios = tuple(max(result["final"]["row_norms"]) / max(result["certificate"]["row_norms"]) for result in runs)
    accuracy = tuple(min(result["final"]["accuracy"]) for result in runs)
    etf, sums = final(runs, "etf"), final(runs, "sum_rule")
    if max(UFM.from_dict(runs[0]["problem"]["statement"]).design.classes) == 2:
        shapes = [
            vanishes(variant, "ETF deviation, worst task", etf, ETF_NEAR, NONE),
            vanishes(variant, "sum rule", sums, SUM_NEAR, NONE),
        ]
    else:
        shapes = [
            Row(variant, "ETF deviation (not the certified shape)", "at_least", None, ETF_OFF, etf, NONE),
            Row(variant, "sum rule (not the certified shape)", "at_least", None, SUM_OFF, sums, NONE),
        ]
    return [
        vanishes(variant, "relative gap to the fitted problem", final(runs, "relative_gap"), GAP, NONE),
        Row(variant, "accuracy", "at_least", None, 0.999, accuracy, NONE),
        vanishes(variant, "cross-task overlap", final(runs, "cross_task"), OVERLAP, NONE),
        equals(variant, "row norm over the certified one", 1.0, ratios, NORM, NONE),
        *shapes,
    ]


def _reachable(variant: str, runs: Any) -> list[Row]:
    claim = "single_source"
    return [
        vanishes(variant, "relative gap", final(runs, "relative_gap"), NETWORK_GAP, "lower_bound"),
        vanishes(variant, "ETF deviation, worst task", final(runs, "etf"), ETF_OFF, claim),
        vanishes(variant, "cross-task overlap", final(runs, "cross_task"), 0.02, claim),
        vanishes(variant, "sum rule", final(runs, "sum_rule"), SUM_OFF, claim),
    ]


def _chains() -> list[Preset]:
    return [
        free(
            f"chain-{k}x{other}-D{matrices}",
            f"{matrices} linear maps on orthonormal inputs, weight decay on all",
            {"factorial": [k, other], "repetitions": 10},
            backbone="linear-chain",
            backbone_options={"width": 24, "depth": matrices - 2},
            dimension=24,
            # λ_W about 1e-3; the nominal λ_H plays no part
            fraction="0.0003",
            row_norm=4.3,
            objective="weight-decay",
            optimisation=Optimisation(epochs=30, batch=1, step=1.0, head_step=1.0, optimiser="lbfgs"),
            gates=(Gate("accuracy", at_least=1.0),),
        )
        for (k, other), matrices in CHAINS
    ]


def _mlp(name: str, text: str, classes: int, repetitions: int, depth: int, **changes: Any) -> Preset:
    settings: dict[str, Any] = {
        "backbone_options": {"width": 256, "depth": depth},
        "objective": "weight-decay",
        "gates": (Gate("accuracy", at_least=0.999),),
        "optimisation": Optimisation(epochs=200, batch=100, step=2e-3, head_step=2e-3),
    }
    return on_digits(name, text, {"factorial": [classes] * 2, "repetitions": repetitions}, **(settings | changes))


DECAY = Plan(
    name="weight-decay",
    question="How far from the certified geometry does ordinary weight decay end?",
    theory=(
        "chains of linear maps end exactly at the certified optimum of the fitted feature decay where tasks are equal, "
        "at a gap in closed form where they are not, or at minima of lower rank that depth brings; ReLU networks come "
        "near it in value, accuracy, right angles and norms, but not in shape"
    ),
    variants=(
        *_chains(),
        _mlp("mlp1-5x5", "one hidden layer, weight decay on all", 5, 40, 1, row_norm=2.5),
        _mlp("mlp2-5x5", "two hidden layers, weight decay on all", 5, 40, 2, row_norm=2.5),
        _mlp("mlp2-5x5-weak", "two hidden layers, a tenth of the decay", 5, 40, 2, row_norm=8.0),
        _mlp("mlp2-2x2", "two hidden layers, tasks of two classes", 2, 200, 2, row_norm=2.5),
        _mlp(
            "ufm-mlp2-5x5",
            "the second network on the objective of the unconstrained features model",
            5,
            40,
            2,
            objective="ufm",
            fraction="0.0002",
        ),
    ),
    rows=_rows,
    probe=whole_objective,
    curves=("relative_gap", "etf", "cross_task", "sum_rule"),
)
