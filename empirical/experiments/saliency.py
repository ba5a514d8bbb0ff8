"""Experiment 13: does a task look at the other task's image when their labels are correlated?

Two binary tasks that agree with probability (1 + ρ)/2, an image for each on one canvas.  What is certain is what a
logit *depends* on.  At the optimum the margin of task 1 is a_+ where the labels agree and a_− where they differ (claim
``correlation``), that is (a_+ + a_−)/2 for its own image and ±(a_+ − a_−)/2 for the other one, so that the other image
decides the share

    s(ρ) = |a_+ − a_−| / (2 max(a_+, a_−))       0 at ρ = 0, growing with |ρ|, ½ where the tasks have merged

of it.  What a class activation map *shows* follows from no theorem, except where the tasks are one head: then the maps
of both are the same, and the shares on the two images add up to 1.  Two maps (:mod:`empirical.saliency`):

    HiResCAM    keeps gradients at their places, and the logit of this network is linear in the layer: its share on
                the other image is expected to grow with |ρ| as s does
    Grad-CAM++  (shown by Wang et al., ICLR 2026) pools gradients over places; in a network whose channels answer at
                both places it is expected to show both images about equally *whatever* ρ is: within 0.1 of ½

The tolerances of rows that have no theorem are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from empirical.compare import all_features
from empirical.experiment import Experiment
from empirical.experiments.correlation import FRACTION, law_of, table
from empirical.experiments.plan import Plan, Results, Row, equals, final, problem_of, vanishes
from empirical.experiments.shapes import NETWORK_GAP, on_digits
from empirical.presets import Preset
from empirical.saliency import MAPS, shares
from empirical.training import Optimisation
from theory.labels import FloatArray, IntArray

#: ρ in hundredths; at the decay of experiment 5 the tasks merge at 0.7 and are opposed at −0.7.
GRID = (-80, -60, 0, 30, 60, 80)
LAYER = "backbone.4"
NO_THEOREM = "no theorem"


def decided_by_the_other(agreeing: float, differing: float) -> float:
    """s = |a_+ − a_−| / (2 max(a_+, a_−)) of the margins where labels agree and where they differ."""
    return abs(agreeing - differing) / (2 * max(agreeing, differing))


def look(run: Experiment) -> dict[str, Any]:
    """The measures of the module, one a task::

        decided    share of the logit that the other image decides, from the mean margins over agreeing and over
                   differing canvases
        MAP        mean share of the maps of the label's logit on the other image, over all canvases
        MAP_same   over the canvases where merged (opposed) tasks show one class: the agreeing (differing) ones
        MAP_empty  how many maps were zero

    for every map of :data:`empirical.saliency.MAPS`.
    """
    labels = run.data.labels
    W, b = run.network.stacked_heads()
    features = np.asarray(all_features(run.network, run.images).cpu().numpy().T)
    logits = W @ features + b[:, None]
    agree = labels[:, 0] == labels[:, 1]
    same = agree if law_of(run.problem).cosine >= 0 else ~agree
    out: dict[str, Any] = {"decided": []}
    for t, rows in run.problem.design.blocks():
        margin = _margins(logits[rows], labels[:, t])
        out["decided"].append(decided_by_the_other(float(margin[agree].mean()), float(margin[~agree].mean())))
    images = run.images[:]
    for name, draw in MAPS.items():
        for key in (name, f"{name}_same", f"{name}_empty"):
            out[key] = []
        for t in range(2):
            other = shares(draw(run.network, images, t, labels[:, t], LAYER), 2)[:, 1 - t]
            seen = ~np.isnan(other)
            out[name].append(_mean(other[seen]))
            out[f"{name}_same"].append(_mean(other[seen & same]))
            out[f"{name}_empty"].append(int((~seen).sum()))
    return out


def _margins(logits: FloatArray, labels: IntArray) -> FloatArray:
    """``(N,)``: the logit of the label less the other one, for two classes."""
    sign = np.where(labels == 1, 1.0, -1.0)
    return np.asarray(sign * (logits[1] - logits[0]))


def _mean(values: FloatArray) -> float | None:
    return float(values.mean()) if values.size else None


def _both(probe: dict[str, Any], key: str) -> float | None:
    """The mean over the two tasks."""
    values = probe[key]
    return None if None in values else float(np.mean(values))


def _growth(smaller: Sequence[dict[str, Any]], larger: Sequence[dict[str, Any]], key: str) -> tuple[float | None, ...]:
    """Seed by seed, by how much a share is larger in the second variant."""
    out: list[float | None] = []
    for first, second in zip(smaller, larger, strict=True):
        a, b = _both(first["probe"], key), _both(second["probe"], key)
        out.append(None if a is None or b is None else b - a)
    return tuple(out)


def _rows(results: Results) -> list[Row]:
    out: list[Row] = []
    previous: Sequence[dict[str, Any]] | None = None
    zero = results.get(_name(0))
    for rho in sorted(GRID, key=abs):
        variant = _name(rho)
        if variant not in results:
            continue
        runs = results[variant]
        optimum = law_of(problem_of(runs))
        one_head = optimum.phase in ("merged", "opposed")
        probes = [result["probe"] for result in runs]
        out.append(vanishes(variant, "relative gap", final(runs, "relative_gap"), NETWORK_GAP, "lower_bound"))
        predicted = decided_by_the_other(optimum.a, optimum.b)
        for t in range(2):
            values = [probe["decided"][t] for probe in probes]
            quantity = f"share of the logit that the other image decides, task {t}"
            out.append(equals(variant, quantity, predicted, values, 0.01, "correlation"))
        if one_head:
            for name in MAPS:
                values = [_both(probe, f"{name}_same") for probe in probes]
                quantity = f"{name}, share on the other image, both tasks showing one class"
                out.append(equals(variant, quantity, 0.5, values, 0.02, "correlation"))
        out.append(
            equals(variant, "gradcampp, share on the other image", 0.5, _all(probes, "gradcampp"), 0.1, NO_THEOREM)
        )
        if zero is not None and rho != 0:
            grown = _growth(zero, runs, "hirescam")
            out.append(Row(variant, "hirescam, growth since rho = 0", "at_least", None, 0.02, grown, NO_THEOREM))
        if previous is not None and rho > 0:
            grown = _growth(previous, runs, "hirescam")
            out.append(Row(variant, "hirescam, growth since the rho before", "at_least", None, 0.0, grown, NO_THEOREM))
        if rho >= 0:
            previous = runs
    return out


def _all(probes: Sequence[dict[str, Any]], key: str) -> list[float | None]:
    return [_both(probe, key) for probe in probes]


def _name(hundredths: int) -> str:
    return f"cnn-rho{hundredths / 100:+.2f}"


def _variant(hundredths: int) -> Preset:
    return on_digits(
        _name(hundredths),
        f"convolutions on pairs of the digits 0 and 1, correlation {hundredths / 100}",
        {"joint": table(2, hundredths, 100)},
        backbone="cnn",
        backbone_options={"width": 16},
        fraction=FRACTION,
        dimension=8,
        optimisation=Optimisation(epochs=160, batch=50, step=2e-3, head_step=5e-3),
    )


SALIENCY = Plan(
    name="saliency",
    question="Does a task look at the other task's image when their labels are correlated?",
    theory=(
        "the other image decides nothing of a logit at correlation 0 and half of it where the tasks have merged, as "
        "the law says in between; maps that keep gradients at their places follow, those of Grad-CAM, which pool them, "
        "show both images at any correlation"
    ),
    variants=tuple(_variant(rho) for rho in GRID),
    rows=_rows,
    probe=look,
    curves=("relative_gap",),
)
