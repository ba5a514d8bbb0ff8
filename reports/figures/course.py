"""What happens over the epochs of a run: the anatomy of its gap, and its measures of collapse."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from reports.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, canvas, drawn, light_grid
from reports.runs import TrainedRun

#: The terms of the gap anatomy (key in a record, label, colour), from the bottom of the stack upwards.
ANATOMY = (
    ("prediction", "prediction", BLUE),
    ("alignment", "alignment", ORANGE),
    ("balance", "balance", GREEN),
    ("within_cell", "within cells", PURPLE),
    ("bias", "bias", GREY),
)

#: The measures over epochs: key, label, colour, line style.
MEASURES = (
    ("within_cell", "within-cell variability (NC1)", PURPLE, (0, (4, 1.5))),
    ("etf", "ETF deviation, worst task (NC2)", BLUE, "-"),
    ("cross_task", "cross-task overlap (NC3)", VERMILLION, "-"),
    ("sum_rule", "sum-rule deviation (NC4)", GREEN, (0, (1, 1))),
    ("nearest_centre", "nearest-centre disagreement (NC5)", ORANGE, (0, (5, 1, 1, 1))),
    ("balance", "imbalance of the factors", SKY, (0, (3, 1, 1, 1, 1, 1))),
    ("relative_gap", "certified relative gap", "black", "-"),
)


@drawn
def anatomy(run: TrainedRun) -> Figure:
    """The gap to the certified lower bound, and what it consists of, over epochs.

    Above the gap itself, whose decades need a logarithmic axis; below the shares of its terms, stacked on a linear
    one, because heights stacked on a logarithmic axis do not add up.
    """
    epochs = [entry["epoch"] for entry in run.history]
    total = np.array([entry["anatomy"]["total"] for entry in run.history])
    terms = {key: np.maximum([entry["anatomy"][key] for entry in run.history], 0.0) for key, _, _ in ANATOMY}
    shown = [(key, label, colour) for key, label, colour in ANATOMY if terms[key].max() > 0]
    whole = np.sum([terms[key] for key, _, _ in shown], axis=0)
    figure = canvas(3.4)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.25))
    above.semilogy(epochs, np.where(total > 0, total, np.nan), color="black")
    above.set_ylabel("gap $f-D(q)$")
    light_grid(above)
    shares = [terms[key] / np.where(whole > 0, whole, 1.0) for key, _, _ in shown]
    below.stackplot(
        epochs, shares, labels=[s[1] for s in shown], colors=[s[2] for s in shown], linewidth=0.4, edgecolor="white"
    )
    below.set_ylim(0, 1)
    below.set_xlim(0, run.epochs)
    below.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=r"%"))
    below.set_ylabel("share of the gap")
    below.set_xlabel("epoch")
    handles, labels = below.get_legend_handles_labels()
    below.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


@drawn
def measures(run: TrainedRun) -> Figure:
    """Measures of collapse over epochs on a logarithmic axis; a measure that is 0 leaves its line there."""
    epochs = np.array([entry["epoch"] for entry in run.history])
    figure = canvas(2.9)
    axis = figure.subplots()
    for key, label, colour, style in MEASURES:
        values = np.array([worst(entry[key]) for entry in run.history])
        if (values > 0).any():
            axis.semilogy(epochs, np.where(values > 0, values, np.nan), color=colour, linestyle=style, label=label)
    axis.set_xlim(0, run.epochs)
    axis.set_xlabel("epoch")
    light_grid(axis)
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def worst(value: Any) -> float:
    """The largest entry of a measure (one a task, or one number); NaN where it has no meaning."""
    values = value if isinstance(value, list) else [value]
    return max((float("nan") if v is None else float(v) for v in values), default=float("nan"))
