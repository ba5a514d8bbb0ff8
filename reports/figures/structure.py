"""Figures of the experiments on structure: over the feature dimension, over who is annotated, under weight decay.

Each takes the experiment as its record has it; captions stand in :mod:`reports.figures.particular`.
"""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.style import (
    CERTIFIED,
    COLOURS,
    DASHES,
    TRAINED,
    canvas,
    drawn,
    light_grid,
)
from reports.measured import MeasuredExperiment, Prediction


def interval_width(variant: dict[str, Any]) -> float:
    """(upper − lower)/(f(0) − lower) of a variant's certificate."""
    lower, upper = (
        float(variant["certificate"]["lower"]),
        float(variant["certificate"]["upper"]),
    )
    return (upper - lower) / (float(variant["value_at_zero"]) - lower)


def share_together(variant: dict[str, Any]) -> float | None:
    """Share of the samples that carry both labels; ``None`` for other than two tasks in the designs of the plan."""
    design, classes = (
        variant["config"]["source_options"].get("design", {}),
        variant["problem"]["classes"],
    )
    if len(classes) != 2 or "groups" in design:
        return None
    if "multi_source" in design:
        return 0.0
    pairs = design.get("repetitions", 1) * classes[0] * classes[1]
    return float(pairs / variant["problem"]["samples"])


def _free(variant: dict[str, Any]) -> bool:
    return bool(variant["config"]["backbone"] == "free")


@drawn
def narrow(one: MeasuredExperiment) -> Figure:
    """Relative gap over the feature dimension: what the certificate leaves open, and what training reached."""
    figure = canvas(2.6)
    panels = figure.subplots(1, 2, sharey=True)
    for axis, loss, title in zip(panels, ("ce", "mse"), ("cross-entropy", "squared error"), strict=True):
        families = sorted({tuple(v["problem"]["classes"]) for v in one.variants if v["problem"]["loss"] == loss})
        for place, classes in enumerate(families):
            colour, dash = COLOURS[place], DASHES[place]
            mine = [
                v for v in one.variants if tuple(v["problem"]["classes"]) == classes and v["problem"]["loss"] == loss
            ]
            own = sorted(
                (v for v in mine if _free(v)),
                key=lambda v: int(v["problem"]["dimension"]),
            )
            axis.plot(
                [v["problem"]["dimension"] for v in own], [interval_width(v) for v in own], color=colour,
                linestyle=dash, marker="o", markersize=5, markerfacecolor="none",
                label="$K = " + r"\times ".join(map(str, classes)) + "$",
            )  # fmt: skip
            for variant in mine:
                d, gaps = variant["problem"]["dimension"], variant["relative_gap"]
                mark = TRAINED if _free(variant) else {**TRAINED, "marker": "+", "markersize": 9}
                axis.plot([d] * len(gaps), gaps, color=colour, **mark)
        axis.set_title(title)
        axis.set_xlabel("feature dimension $d$")
        axis.xaxis.get_major_locator().set_params(integer=True)
        light_grid(axis)
        axis.legend(loc="upper right")
    panels[0].set_ylabel("relative gap to the bound")
    return figure


@drawn
def annotation(one: MeasuredExperiment) -> Figure:
    """Left: overlap of the heads at the end over the share of common samples; right: over the gap, while training."""
    figure = canvas(2.6)
    left, right = figure.subplots(1, 2)
    rows = {row.variant: row for row in one.table if row.quantity.startswith("cross-task overlap")}
    # the plan's own line, without the task of unequal classes
    line = [v for v in one.variants if share_together(v) is not None and not v["name"].endswith("unequal")]
    for place, (free, name) in enumerate(((True, "free features"), (False, "networks"))):
        found = [
            (share_together(v), value)
            for v in line
            if _free(v) is free
            for value in rows[v["name"]].values
            if value is not None
        ]
        mark = {**TRAINED, "marker": "x" if free else "+"}
        left.plot(*zip(*found, strict=True), color=COLOURS[place], label=name, **mark)
    left.set_yscale("log")
    left.set_xlabel("share $p$ of samples with both labels")
    left.set_ylabel("cross-task overlap")
    left.legend(loc="upper right")
    demanded = {r.variant: r.tolerance for r in one.table if r.quantity == "relative gap"}
    for place, variant in enumerate(v for v in line if not _free(v)):
        label = f"$p={share_together(variant):.2f}$"
        _course(
            right,
            variant,
            rows[variant["name"]],
            demanded[variant["name"]],
            COLOURS[place],
            label,
        )
    right.set_xscale("log")
    right.set_yscale("log")
    right.set_ylim(2e-4, 1)
    right.invert_xaxis()
    right.set_xlabel("relative gap, falling over the epochs")
    right.legend(loc="lower left")
    for axis in (left, right):
        light_grid(axis)
    return figure


def _course(
    axis: Axes,
    variant: dict[str, Any],
    row: Prediction,
    demanded: float,
    colour: str,
    label: str,
) -> None:
    """Mean overlap over mean gap from where the gap is a tenth; dashed: the overlap that costs such a gap."""
    gaps, overlaps = (variant["curves"][name]["mean"] for name in ("relative_gap", "cross_task"))
    late = [(g, o) for g, o in zip(gaps, overlaps, strict=True) if g is not None and o is not None and g < 0.1]
    axis.plot(*zip(*late, strict=True), color=colour, label=label)
    if row.kind == "at_most":
        # the tolerance is √(gap demanded/stiffness), and what is allowed goes with the root of the gap
        line = [(g, row.tolerance * (g / demanded) ** 0.5) for g, _ in late]
        kept = [(g, o) for g, o in line if o <= 1]
        axis.plot(*zip(*kept, strict=True), color=colour, linestyle=DASHES[1], linewidth=0.9)


#: Rows of the experiment on weight decay that its figure shows: start of the name, label.
SHOWN = (
    ("relative gap", "relative gap"),
    ("cross-task overlap", "cross-task overlap"),
    ("ETF deviation", "ETF deviation"),
    ("sum rule", "sum rule"),
)


@drawn
def decay(one: MeasuredExperiment) -> Figure:
    """Distance of ReLU networks from the certified geometry, measure by measure, every seed."""
    figure = canvas(2.7)
    axis = figure.subplots()
    names = [v["name"] for v in one.variants if v["config"]["backbone"] not in ("free", "linear-chain")]
    described = {v["name"]: v for v in one.variants}
    for place, name in enumerate(names):
        offset = (place - (len(names) - 1) / 2) * 0.14
        points = []
        for height, (start, _) in enumerate(SHOWN):
            (row,) = [r for r in one.table if r.variant == name and r.quantity.startswith(start)]
            points += [(v, height + offset) for v in row.values if v is not None and v > 0]
        trained_on = "features model" if described[name]["config"]["objective"] == "ufm" else "weight decay"
        mark = CERTIFIED if trained_on == "features model" else TRAINED
        axis.plot(
            *zip(*points, strict=True),
            color=COLOURS[place],
            label=f"{name.removeprefix('ufm-')}, {trained_on}",
            **mark,
        )
    axis.set_xscale("log")
    axis.set_yticks(range(len(SHOWN)), [label for _, label in SHOWN])
    axis.invert_yaxis()
    axis.set_xlabel("distance from the certified optimum")
    light_grid(axis, "x")
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
