"""Gram matrices of the stacked heads: on their way to the certified one, and beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.style import canvas, drawn
from reports.runs import TrainedRun
from theory.labels import FloatArray

#: So many panels stand in a row.
COLUMNS = 4


@drawn
def way(run: TrainedRun) -> Figure:
    """W Wᵀ at a few epochs, and the certified one it turns into; below each its relative distance from that.

    All panels share one scale.
    """
    certified = run.certified_gram
    size = float(np.linalg.norm(certified))
    # the last panel is the certified matrix; of more epochs than fit, those after the first
    shown = run.grams if len(run.grams) <= 2 * COLUMNS - 1 else (run.grams[0], *run.grams[-2 * COLUMNS + 2 :])
    panels: list[tuple[FloatArray, str, str]] = []
    for epoch, gram in shown:
        distance = float(np.linalg.norm(gram - certified)) / size
        panels.append((gram, f"epoch {epoch}", rf"off by {_tick(100 * distance)} %"))
    panels.append((certified, "certified", r"$W W^{\top}$ of the optimum"))
    rows = -(-len(panels) // COLUMNS)
    top = max(float(np.abs(matrix).max()) for matrix, _, _ in panels)
    figure = canvas(0.25 + 1.8 * rows)
    axes = figure.subplots(rows, COLUMNS, squeeze=False)
    image = None
    for place, axis in enumerate(axes.flat):
        if place >= len(panels):
            axis.set_visible(False)
            continue
        matrix, title, note = panels[place]
        image = _matrix(axis, matrix, top, run.problem.design.classes, named=place == 0, below=False)
        axis.set_title(title)
        axis.set_xlabel(note, fontsize=8)
    _bar(figure, image, list(axes.flat), top, shrink=0.5)
    return figure


@drawn
def beside(run: TrainedRun) -> Figure:
    """Certified, trained, and trained less certified on a scale of its own."""
    certified, trained = run.certified_gram, run.trained_gram
    difference = trained - certified
    scale = max(float(np.abs(certified).max()), float(np.abs(trained).max()))
    panels = (
        (certified, "certified", scale),
        (trained, f"trained, epoch {run.epochs}", scale),
        (difference, "trained $-$ certified", float(np.abs(difference).max()) or 1.0),
    )
    figure = canvas(2.2)
    for axis, (matrix, title, top) in zip(figure.subplots(1, 3), panels, strict=True):
        image = _matrix(axis, matrix, top, run.problem.design.classes)
        axis.set_title(title)
        _bar(figure, image, axis, top, shrink=0.6)
    return figure


def _matrix(
    axis: Axes, matrix: FloatArray, top: float, classes: tuple[int, ...], named: bool = True, below: bool = True
) -> Any:
    """Draw a stacked (R × R) matrix with lines between tasks."""
    image = axis.pcolormesh(
        matrix, cmap="RdBu_r", vmin=-top, vmax=top, rasterized=False, linewidth=0, edgecolors="face"
    )
    axis.set_aspect("equal")
    axis.invert_yaxis()
    ends = np.cumsum((0, *classes))
    for end in ends[1:-1]:
        axis.axhline(end, color="black", linewidth=0.6)
        axis.axvline(end, color="black", linewidth=0.6)
    centres = (ends[1:] + ends[:-1]) / 2
    names = [f"task {t}" if named else "" for t in range(1, len(classes) + 1)]
    axis.set_xticks(centres, names if below else [""] * len(names))
    axis.set_yticks(centres, names, rotation=90, va="center")
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(True)
    return image


def _bar(figure: Figure, image: Any, axes: Any, top: float, shrink: float) -> None:
    bar = figure.colorbar(image, ax=axes, shrink=shrink, aspect=16, pad=0.03, ticks=[-top, 0, top])
    bar.ax.set_yticklabels([_tick(-top), "$0$", _tick(top)])
    bar.outline.set_visible(False)


def _tick(value: float) -> str:
    """A number as mathematics, two significant digits."""
    mantissa, exponent = f"{value:.1e}".split("e")
    if -2 <= int(exponent) <= 2:
        return f"${value:.2g}$"
    return rf"${mantissa}\!\cdot\!10^{{{int(exponent)}}}$"
