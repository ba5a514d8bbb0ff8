"""Cosine of two heads over the correlation of their labels: the law, certified points, trained points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.figures.style import CERTIFIED, COLOURS, DASHES, TRAINED, canvas, drawn, light_grid
from reports.measured import CorrelatedVariant
from reports.swept import SweptCurve
from theory.correlation_law import correlated_optimum

#: Points of a curve of the law.
GRID = 241


def _law(axis: object, classes: int, m: float, low: float, high: float, colour: str, dash: object, label: str) -> None:
    grid = np.linspace(low, high, GRID)
    values = [correlated_optimum(classes, float(rho), m).cosine for rho in grid]
    axis.plot(grid, values, color=colour, linestyle=dash, label=label)  # type: ignore[attr-defined]


def coupling_of(curve: SweptCurve) -> float:
    """The coupling m = μ/α of a curve's middle point: it is nearly constant along a share."""
    return curve.points[len(curve.points) // 2].m


def on_curve(curve: SweptCurve, trained: Sequence[CorrelatedVariant]) -> list[tuple[float, float]]:
    """(ρ, cosine) of the trained points of as many classes whose coupling is within a tenth of the curve's."""
    mine = [v for v in trained if v.classes == curve.classes and abs(v.m / coupling_of(curve) - 1) < 0.1]
    return [(v.rho, value) for v in mine for value in v.trained]


def overlaid(curves: Sequence[SweptCurve], trained: Sequence[CorrelatedVariant]) -> bool:
    """Does :func:`swept` draw a trained point?"""
    return any(on_curve(curve, trained) for curve in curves)


@drawn
def swept(curves: Sequence[SweptCurve], trained: Sequence[CorrelatedVariant] = ()) -> Figure:
    """A panel for each share of the threshold: the law at each K, every certified point on it.

    Trained points whose coupling is within a tenth of a curve's are drawn in its panel.
    """
    shares = sorted({c.share for c in curves}, key=float)
    figure = canvas(2.9)
    panels = figure.subplots(1, len(shares), sharey=True, squeeze=False)[0]
    crosses = False
    for axis, share in zip(panels, shares, strict=True):
        for place, curve in enumerate(c for c in curves if c.share == share):
            colour, dash = COLOURS[place % len(COLOURS)], DASHES[place % len(DASHES)]
            seeds = on_curve(curve, trained)
            ends = [p.rho for p in curve.points] + [rho for rho, _ in seeds]
            _law(axis, curve.classes, coupling_of(curve), min(ends), max(ends), colour, dash, f"$K={curve.classes}$")
            found = [(p.rho, p.cosine) for p in curve.points if p.cosine is not None]
            if found:
                axis.plot(*zip(*found, strict=True), color=colour, **{**CERTIFIED, "markersize": 3.5})
            if seeds:
                crosses = True
                axis.plot(*zip(*seeds, strict=True), color="black", **TRAINED)
        axis.set_title(rf"$\lambda_W\lambda_H$ at {100 * float(share):g} % of the threshold")
        axis.set_xlabel(r"correlation $\rho$ of the labels")
        light_grid(axis)
        axis.axhline(0, color="0.7", linewidth=0.5)
        axis.axvline(0, color="0.7", linewidth=0.5)
        axis.legend(loc="lower right", handlelength=2.6)
    panels[0].set_ylabel("cosine of the heads")
    marks = [Line2D([], [], color="black", label="law"), Line2D([], [], color="black", label="certified", **CERTIFIED)]
    if crosses:
        marks.append(Line2D([], [], color="black", label="trained", **TRAINED))
    figure.legend(handles=marks, loc="outside upper center", ncols=len(marks))
    return figure


@drawn
def cosines(points: Sequence[CorrelatedVariant]) -> Figure:
    """Law, certified and trained, of an experiment: free features and networks in a panel each."""
    kinds = [k for k in (True, False) if any(p.free is k for p in points)]
    classes = sorted({p.classes for p in points})
    figure = canvas(2.9)
    panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    for axis, free in zip(panels, kinds, strict=True):
        for place, k in enumerate(classes):
            mine = [p for p in points if p.free is free and p.classes == k]
            if not mine:
                continue
            colour = COLOURS[place % len(COLOURS)]
            low, high = min(p.rho for p in mine), max(p.rho for p in mine)
            _law(axis, k, mine[0].m, low, high, colour, DASHES[place % len(DASHES)], f"$K={k}$")
            axis.plot([p.rho for p in mine], [p.certified for p in mine], color=colour, **CERTIFIED)
            seeds = [(p.rho, value) for p in mine for value in p.trained]
            axis.plot(*zip(*seeds, strict=True), color="black", **TRAINED)
        axis.set_title("free features" if free else "networks")
        axis.set_xlabel(r"correlation $\rho$ of the labels")
        light_grid(axis)
        axis.legend(loc="lower right", handlelength=2.6)
    panels[0].set_ylabel("cosine of the heads")
    marks = [
        Line2D([], [], color="black", label="law"),
        Line2D([], [], color="black", label="certified", **CERTIFIED),
        Line2D([], [], color="black", label="trained, every seed", **TRAINED),
    ]
    figure.legend(handles=marks, loc="outside upper center", ncols=3)
    return figure
