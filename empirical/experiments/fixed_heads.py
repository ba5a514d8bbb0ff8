"""Heads fixed at the predicted geometry, beside learned ones and beside heads fixed in random directions.

    W_t = √c_t E_t Q_tᵀ,   frozen                                        (:mod:`empirical.fixed_heads`)

is half of a global optimum, so training what is left may still reach the least value: the gap vanishes with R·d fewer
parameters, in any width d ≥ Σ(K_t − 1).  Frozen heads in random directions are no optimum's half.  For frozen W the
features solve a strongly convex problem, whose value (by Newton's method, per seed) is what *their* training is held
against: for ETFs the certified one, for random heads one that is higher.

Accuracy on images that training has not seen is shown beside that of learned heads; no theorem speaks of it, and the
tolerance is the plan's own.
"""

from __future__ import annotations

from typing import Any

from empirical.compare import all_features
from empirical.experiment import Experiment
from empirical.experiments.plan import Plan, Results, Row, equals, final, problem_of, vanishes
from empirical.experiments.shapes import NETWORK_GAP, on_digits
from empirical.fixed_heads import best_features
from empirical.presets import SOURCES, Preset
from empirical.training import Optimisation

#: Width of the features, and the least one that has room: Σ(K_t − 1).
WIDE, LEAST = 64, 18
#: Held-out accuracy may differ so much from that of learned heads.
ACCURACY = 0.05


def probe(run: Experiment) -> dict[str, Any]:
    """Held-out accuracy, the worst of the tasks, and the gap of the best features for the heads as they are."""
    options = {**run.preset.source_options, "part": "held-out"}
    unseen = SOURCES[run.preset.source](seed=run.preset.seed, **options)
    features = all_features(run.network, unseen.images.to(run.images.device, run.images.dtype))
    accuracy = []
    for t, head in enumerate(run.network.linear_heads()):
        guess = (features @ head.weight.detach().double().T).argmax(dim=1).cpu().numpy()
        accuracy.append(float((guess == unseen.labels[:, t]).mean()))
    W, _ = run.network.stacked_heads()
    H = best_features(run.problem, W)
    value = run.problem.objective(W, H)
    span = run.problem.value_at_zero() - run.optimum.lower
    return {"held_out_accuracy": min(accuracy), "best_gap": (value - run.optimum.lower) / span}


def _rows(results: Results) -> list[Row]:
    out: list[Row] = []
    theory = "single_source"
    for variant, runs in results.items():
        design = problem_of(runs).design
        gaps = final(runs, "relative_gap")
        best = [result["probe"]["best_gap"] for result in runs]
        accuracy = tuple(min(result["final"]["accuracy"]) for result in runs)
        unseen = [result["probe"]["held_out_accuracy"] for result in runs]
        if variant.startswith("random"):
            # a gap that no features can close; per seed, as the heads are
            off = [None if gap is None else gap - least for gap, least in zip(gaps, best, strict=True)]
            out.append(
                Row(variant, "gap of the best features for these heads", "at_least", None, 0.01, tuple(best), theory)
            )
            out.append(equals(variant, "gap less that", 0.0, off, NETWORK_GAP, "convexity in the features"))
        else:
            out.append(vanishes(variant, "relative gap", gaps, NETWORK_GAP, "lower_bound"))
            if variant.startswith("fixed"):
                out.append(equals(variant, "gap of the best features for these heads", 0.0, best, 1e-9, theory))
            out.append(Row(variant, "accuracy on the training set", "at_least", None, 1.0, accuracy, theory))
        if variant.startswith("fixed") and f"learned-{WIDE}" in results:
            learned = results[f"learned-{WIDE}"]
            saved = [a["parameters"] - b["parameters"] for a, b in zip(learned, runs, strict=True)]
            width, d = (runs[0]["config"][key] for key in ("backbone_options", "dimension"))
            # the heads, and what narrower features save in the layer that makes them
            number = design.rows * WIDE + (WIDE - d) * (width["width"] + 1)
            out.append(equals(variant, "parameters fewer than with learned heads", number, saved, 0.0, "R d"))
            seen = [a["probe"]["held_out_accuracy"] for a in learned]
            differences = [b - a for a, b in zip(seen, unseen, strict=True)]
            out.append(
                equals(
                    variant, "held-out accuracy less that of learned heads", 0.0, differences, ACCURACY, "no theorem"
                )
            )
        out.append(Row(variant, "held-out accuracy, worst task", "at_least", None, 0.8, tuple(unseen), "no theorem"))
    return out


def _variant(heads: str, dimension: int, description: str) -> Preset:
    design = {"factorial": [10, 10], "repetitions": 10}
    return on_digits(
        f"{heads}-{dimension}",
        description,
        design,
        source="digits-part",
        source_options={"design": design, "side": 16, "part": "train"},
        heads=heads,
        dimension=dimension,
        optimisation=Optimisation(epochs=240, batch=100, step=2e-3, head_step=5e-3),
        # random heads are not meant to reach the certified value
        **({"gates": ()} if heads == "random" else {}),
    )


FIXED_HEADS = Plan(
    name="fixed-heads",
    question="Do heads that are fixed at the predicted geometry cost anything?",
    theory="the gap vanishes as with learned heads, with R d fewer parameters; it does not with random directions",
    variants=(
        _variant("learned", WIDE, "learned heads"),
        _variant("fixed", WIDE, "simplex ETFs placed orthogonally, frozen"),
        _variant("fixed", LEAST, "the same in as few dimensions as have room"),
        _variant("random", WIDE, "frozen heads of the same norms in random directions"),
    ),
    rows=_rows,
    probe=probe,
)
