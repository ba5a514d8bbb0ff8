"""Experiments whose point the general figure does not make, each drawn from its record alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.figures import structure
from reports.figures.style import BLUE, CERTIFIED, GREY, ORANGE, TRAINED, VERMILLION, canvas, drawn, light_grid
from reports.measured import MeasuredExperiment, Prediction
from theory.closed_forms import coupling
from theory.correlation_law import correlated_optimum

#: Gaps below that are rounding, and drawn there.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Particular:
    """A figure of one experiment: what draws it, and its caption (prose)."""

    draw: Callable[[MeasuredExperiment], Figure]
    caption: str


def _rows(one: MeasuredExperiment, variant: str, start: str) -> list[Prediction]:
    return [row for row in one.table if row.variant == variant and row.quantity.startswith(start)]


def _found(rows: list[Prediction]) -> list[float]:
    return [value for row in rows for value in row.values if value is not None]


@drawn
def weightings(one: MeasuredExperiment) -> Figure:
    """Every strategy: the gap under equal weights, and under the weights that its heads show, every seed."""
    figure = canvas(3.6)
    panels = figure.subplots(1, 2, width_ratios=(1, 1))
    for axis, kind, title in zip(panels, ("free", "mlp"), ("free features", "networks"), strict=True):
        mine = [v for v in one.variants if v["name"].startswith(f"{kind}-")]
        for place, variant in enumerate(mine):
            equal = [g for g in variant["relative_gap"] if g is not None]
            fitted = _found(_rows(one, variant["name"], "gap under the fitted"))
            for gaps, colour, style in ((equal, GREY, CERTIFIED), (fitted, VERMILLION, TRAINED)):
                axis.plot([max(g, ROUNDING) for g in gaps], [place] * len(gaps), color=colour, **style)
        axis.set_xscale("log")
        axis.set_yticks(range(len(mine)), [v["name"].removeprefix(f"{kind}-").replace("-", " ") for v in mine])
        axis.invert_yaxis()
        axis.tick_params(axis="y", length=0)
        axis.set_xlabel("relative gap")
        axis.set_title(title)
        light_grid(axis, "both")
    marks = [
        Line2D([], [], color=GREY, label="to the optimum for equal weights", **CERTIFIED),
        Line2D([], [], color=VERMILLION, label="to the optimum for the fitted weights", **TRAINED),
    ]
    figure.legend(handles=marks, loc="outside upper center", ncols=2)
    return figure


@drawn
def saliency(one: MeasuredExperiment) -> Figure:
    """Over ρ: what the other image decides of a logit (law, trained), and what two kinds of maps show of it."""
    figure = canvas(3.0)
    axis = figure.subplots()
    decided, pooled, placed = [], [], []
    for variant in one.variants:
        joint = np.array(variant["config"]["source_options"]["design"]["joint"], dtype=float)
        rho = 2 * float(np.trace(joint) / joint.sum()) - 1
        name = variant["name"]
        shares = _rows(one, name, "share of the logit")
        decided += [(rho, value) for value in _found(shares)]
        pooled += [(rho, v) for r in _rows(one, name, "gradcampp, share on the other image") for v in r.values
                   if v is not None and "both tasks" not in r.quantity]  # fmt: skip
        grown = _found(_rows(one, name, "hirescam, growth since rho = 0"))
        placed += [(rho, value) for value in (grown if rho else [0.0])]
    problem = one.variants[0]["problem"]
    m = coupling(problem["samples"], problem["lambda_w"][0], problem["lambda_h"]) / float(problem["task_weights"][0])
    ends = max(abs(rho) for rho, _ in decided)
    grid = np.linspace(-ends, ends, 241)
    optima = [correlated_optimum(2, float(rho), float(m)) for rho in grid]
    axis.plot(grid, [abs(o.a - o.b) / (2 * max(o.a, o.b)) for o in optima], color=BLUE, label="decides, law")
    shown: tuple[tuple[list[tuple[float, float]], dict[str, Any]], ...] = (
        (decided, {"color": "black", "label": "decides, trained", **TRAINED}),
        (pooled, {"color": ORANGE, "label": "shown by Grad-CAM++", "marker": "s"}),
        (
            placed,
            {
                "color": VERMILLION,
                "label": r"shown by HiResCAM, more than at $\rho=0$",
                "marker": "^",
                "markerfacecolor": "none",
            },
        ),
    )
    for points, style in shown:
        pairs = np.array(points, dtype=float).reshape(-1, 2)
        axis.plot(pairs[:, 0], pairs[:, 1], **{"linestyle": "none", "markersize": 4, **style})
    axis.set_xlabel(r"correlation $\rho$ of the labels")
    axis.set_ylabel("share of the other task's image")
    axis.set_ylim(-0.03, 0.6)
    light_grid(axis)
    figure.legend(loc="outside upper center", ncols=2)
    return figure


#: Figures by the name of the experiment.
PARTICULAR: Mapping[str, Particular] = {
    "weightings": Particular(
        weightings,
        "Relative gap of every run to two certified optima: that for equal weights, and that for the weights fitted "
        "from its heads. What looks far from optimal is the optimum of another weighted problem.",
    ),
    "saliency": Particular(
        saliency,
        "Share of a task's logit that the other task's image decides, by the law and as trained, and the share of "
        "class activation maps on it, over the correlation of the labels. Maps that keep gradients at their places "
        "follow the law; those of Grad-CAM, which pool them, show both images alike whatever the network has learned.",
    ),
    "narrow": Particular(
        structure.narrow,
        "Gap to the bound of the relaxation over the feature dimension. Circles: the best factorisation that the "
        "certificate holds, so that the interval from 0 to the circle is proven; crosses: free features, every seed; "
        "pluses: networks.",
    ),
    "partial-annotation": Particular(
        structure.annotation,
        "Overlap of the heads. Left: at the end, every seed, over the share p of samples with both labels; at p = 0 "
        "nothing holds the heads. Right: networks while they train, mean over seeds; dashed is the overlap that costs "
        "such a gap, by the stiffness of the theorem, which falls with p.",
    ),
    "weight-decay": Particular(
        structure.decay,
        "Distance of ReLU networks from the certified optimum, every seed. Crosses: ordinary weight decay, with the "
        "feature decay fitted; circles: a network of the same kind on the objective of the unconstrained features "
        "model.",
    ),
}
