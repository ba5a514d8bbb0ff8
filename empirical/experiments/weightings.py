"""Experiment 10: does a strategy that weighs the tasks end in the certified geometry, and of which weighted problem?

Whatever the strategy, a point of rest is a critical point of Σ_t α_t L_t + penalties for some α.  They are fitted from
the trained heads (:mod:`empirical.weightings.effective`), the problem with them is certified, and the network is held
against that certificate.  For most strategies the theorem also says which α it must be
(:mod:`empirical.weightings.fixed_points`): equal weights for dwa and pcgrad, heads of equal energy for fairgrad, and
for mgda one strong and one nearly dead task, even where the two tasks are alike.

The shapes (NC1 to NC5) are the same at all weights and do not tell strategies apart; norms and the certificate do.
"""

from __future__ import annotations

import math
from typing import Any

from empirical.experiments.plan import Plan, Results, Row, equals, final, problem_of, vanishes
from empirical.experiments.shapes import FREE_GAP, NETWORK_GAP, free, on_digits
from empirical.presets import Preset
from empirical.training import Optimisation
from empirical.weightings.effective import effective_problem
from empirical.weightings.fixed_points import Responses, resting_points
from theory.model import UFM

UNEQUAL, ALIKE = (3, 5), (3, 3)
OF_FEATURES = ("equal", "uncertainty", "dwa", "famo", "pcgrad", "mgda", "fairgrad")
OF_PARAMETERS = ("pcgrad-parameters", "mgda-parameters", "fairgrad-parameters")

#: The weights of these never rest, and heads and features follow them at a distance.
RESTLESS = ("uncertainty", "famo")


def strategy_of(config: dict[str, Any]) -> str:
    """The name of the strategy in the configuration of a run."""
    return str(config["objective"]).removeprefix("weights-")


def _rows(results: Results) -> list[Row]:
    out: list[Row] = []
    for variant, runs in results.items():
        problem, strategy = problem_of(runs), strategy_of(runs[0]["config"])
        exactly, restless = variant.startswith("free"), strategy in RESTLESS
        # a nearly dead task hardly weighs: what it has not yet reached does not show in the gap
        shape = 0.1 if "mgda" in strategy else 0.02
        if exactly:
            shape = 0.02 if restless or "mgda" in strategy else 1e-3
        probes = [result["probe"] for result in runs]
        gap = FREE_GAP if exactly and not restless else NETWORK_GAP
        fitted = [probe.get("fitted") for probe in probes]

        def per_seed(key: str, probes: list[dict[str, Any]] = probes) -> tuple[float | None, ...]:
            return tuple(probe.get(key) for probe in probes)

        out.append(vanishes(variant, "gap under the fitted weights", per_seed("relative_gap"), gap, "lower_bound"))
        out.append(vanishes(variant, "ETF deviation, worst task", final(runs, "etf"), shape, "single_source"))
        out.append(vanishes(variant, "cross-task overlap", final(runs, "cross_task"), shape, "single_source"))
        norms = tuple(_worst_norm(result) for result in runs)
        out.append(vanishes(variant, "row norms against the certified ones", norms, shape, "single_source"))
        seen = tuple(_gap_difference(problem, result) for result in runs)
        quantity = "gap under equal weights, less that of the theorem at the fitted ones"
        out.append(vanishes(variant, quantity, seen, 1e-3 if exactly else 0.01, "single_source"))
        if strategy != "famo":  # its last weights are chosen when heads and features hardly move any more
            drift = tuple(_drift(probe) for probe in probes)
            out.append(vanishes(variant, "fitted weights against the chosen ones", drift, 0.02, "stationarity"))
        points = [] if strategy.endswith("-parameters") else resting_points(problem, strategy)
        if points:
            tolerance = 1e-3 if exactly else 0.01
            if len(points) == 1:
                for t, alpha in enumerate(points[0]):
                    values = [None if f is None else f[t] for f in fitted]
                    out.append(equals(variant, f"fitted weight, task {t}", alpha, values, tolerance, "fixed points"))
            else:
                far = [None if f is None else min(_distance(f, point) for point in points) for f in fitted]
                out.append(vanishes(variant, "fitted weights, to a stable point", far, tolerance, "fixed points"))
                apart = [None if f is None else abs(f[0] - f[1]) for f in fitted]
                out.append(Row(variant, "weights apart", "at_least", None, 1.0, tuple(apart), "fixed points"))
        if strategy == "uncertainty":
            pulls = tuple(_pull(problem, probe) for probe in probes)
            quantity = "2αL less that of the theorem, worst task"
            out.append(vanishes(variant, quantity, pulls, 0.01, "fixed points"))
            still = tuple(_largest_product(probe) for probe in probes)
            out.append(Row(variant, "2αL: below 1 the weight still grows", "at_most", None, 1.0, still, "fixed points"))
    return out


def _distance(fitted: list[float], point: tuple[float, ...]) -> float:
    return max(abs(a - b) for a, b in zip(fitted, point, strict=True))


def _worst_norm(result: dict[str, Any]) -> float | None:
    """Largest relative deviation of the row norms of a head from those of the certified optimum for the fit."""
    certified = result["probe"].get("row_norms")
    if certified is None or min(certified) == 0:
        return None
    trained: list[float] = result["final"]["row_norms"]
    return float(max(abs(a / b - 1) for a, b in zip(trained, certified, strict=True)))


def _gap_difference(problem: UFM, result: dict[str, Any]) -> float | None:
    fitted = result["probe"].get("fitted")
    if fitted is None:
        return None
    return abs(float(result["final"]["relative_gap"]) - Responses(problem).equal_weight_gap(fitted))


def _drift(probe: dict[str, Any]) -> float | None:
    if not probe:
        return None
    fitted: list[float] = probe["fitted"]
    return float(max(abs(math.log(a / b)) for a, b in zip(fitted, probe["chosen"], strict=True)))


def _pull(problem: UFM, probe: dict[str, Any]) -> float | None:
    if not probe:
        return None
    responses = Responses(problem)
    fitted: list[float] = probe["fitted"]
    losses: list[float] = probe["losses"]
    pulls = [2 * a * (loss - responses.loss(t, a)) for t, (a, loss) in enumerate(zip(fitted, losses, strict=True))]
    return max(map(abs, pulls))


def _largest_product(probe: dict[str, Any]) -> float | None:
    if not probe:
        return None
    return max(2.0 * float(a) * float(b) for a, b in zip(probe["fitted"], probe["losses"], strict=True))


def _free(strategy: str, classes: tuple[int, ...], name: str) -> Preset:
    # the weights of uncertainty grow as long as training lasts: a short one keeps them in a range that floats hold, and
    # heads and features need a long fall of the step size to come near
    settings: dict[str, Any] = {"epochs": 3000, "step": 0.02, "head_step": 0.02}
    if strategy == "uncertainty":
        settings = {"epochs": 1500, "step": 0.01, "head_step": 0.01, "warm_up": 0.05}
    return free(
        f"free-{name}",
        f"free features, {strategy}, tasks of {' and '.join(map(str, classes))} classes",
        {"factorial": list(classes), "repetitions": 2},
        dimension=16,
        objective=f"weights-{strategy}",
        # one batch of all samples
        optimisation=Optimisation(batch=1000, **settings),
        gates=(),
    )


def _network(strategy: str, classes: tuple[int, ...], name: str) -> Preset:
    # a nearly dead task takes longer; and gradients of all parameters differ so much from batch to batch that the mean
    # of their weights is not the weight of their mean, so mgda sees all 300 canvases at once
    epochs, batch = {"mgda": (600, 100), "mgda-parameters": (1000, 300)}.get(strategy, (300, 100))
    return on_digits(
        f"mlp-{name}",
        f"a network, {strategy}, tasks of {' and '.join(map(str, classes))} classes",
        {"factorial": list(classes), "repetitions": 20},
        objective=f"weights-{strategy}",
        optimisation=Optimisation(epochs=epochs, batch=batch, step=2e-3, head_step=5e-3),
        gates=(),
    )


WEIGHTINGS = Plan(
    name="weightings",
    question="Does a weighting strategy end in the certified geometry, and of which weighted problem?",
    theory=(
        "always in the geometry of some weights: equal ones for dwa and pcgrad, those that give all heads the same "
        "share of the penalty for fairgrad, one strong and one nearly dead task for mgda, ever growing ones for "
        "uncertainty, and for famo such as depend on the way"
    ),
    variants=(
        *(_free(strategy, UNEQUAL, strategy) for strategy in OF_FEATURES),
        _free("mgda", ALIKE, "mgda-tasks-alike"),
        *(_network(strategy, UNEQUAL, strategy) for strategy in (*OF_FEATURES, *OF_PARAMETERS)),
        _network("mgda", ALIKE, "mgda-tasks-alike"),
    ),
    rows=_rows,
    probe=effective_problem,
    curves=("relative_gap",),
)
