"""Which heads live, over decay and number of classes; and what too few dimensions cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.figures.style import BLUE, CERTIFIED, GREY, ORANGE, VERMILLION, canvas, drawn, light_grid
from reports.grids import NarrowPoint, PhasePoint

#: Colours and marks of two, one and no living head.
LIVING = {
    2: (BLUE, "o", "both heads live"),
    1: (ORANGE, "s", "the head of $K$ classes is dead"),
    0: (GREY, "x", "both are dead"),
}


@drawn
def living(points: Sequence[PhasePoint]) -> Figure:
    """Tasks of 2 and K classes over μ² = N λ_W λ_H/α²: regions by the theorem, points by their certificates.

    A head of K classes is not zero iff μ² < 1/K; at K = 2 both tasks die together.
    """
    classes = sorted({p.classes for p in points})
    low, high = min(p.squared for p in points) / 1.35, max(p.squared for p in points) * 1.35
    figure = canvas(3.1)
    axis = figure.subplots()
    grid = np.linspace(classes[0], classes[-1], 200)
    axis.fill_betweenx(grid, low, 1 / grid, color=BLUE, alpha=0.16, linewidth=0)
    axis.fill_betweenx(grid, 1 / grid, 1 / 2, color=ORANGE, alpha=0.16, linewidth=0)
    axis.fill_betweenx(grid, 1 / 2, high, color=GREY, alpha=0.14, linewidth=0)
    axis.plot(1 / grid, grid, color="black")
    axis.plot([1 / 2, 1 / 2], [classes[0], classes[-1]], color="black", linestyle=(0, (5, 1.5)))
    for alive, (colour, marker, _) in LIVING.items():
        mine = [p for p in points if p.alive == alive]
        axis.plot(
            [p.squared for p in mine], [p.classes for p in mine], marker, color=colour, markersize=5,
            markerfacecolor=colour if alive == 2 else "white", markeredgewidth=1.2,
        )  # fmt: skip
    axis.set_xscale("log")
    axis.set_xlim(low, high)
    axis.set_yticks(classes)
    ticks = [0.03, 0.05, 0.1, 0.2, 0.5]
    axis.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axis.minorticks_off()
    axis.set_xlabel(r"$\mu^2=N\lambda_W\lambda_H/\alpha^2$")
    axis.set_ylabel("classes $K$ of the second task")
    handles = [
        *(Line2D([], [], color=c, marker=m, linestyle="none", markersize=5, label=words,
                 markerfacecolor=c if n == 2 else "white", markeredgewidth=1.2) for n, (c, m, words) in LIVING.items()),
        Line2D([], [], color="black", label=r"theorem: $\mu^2=1/K$"),
        Line2D([], [], color="black", linestyle=(0, (5, 1.5)), label=r"theorem: $\mu^2=1/2$"),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside right upper")
    return figure


@drawn
def interval(points: Sequence[NarrowPoint]) -> Figure:
    """The proven interval of the minimum over the feature dimension d, in units of the relaxation's value."""
    problems = sorted({p.classes for p in points})
    figure = canvas(2.7)
    panels = figure.subplots(1, len(problems), squeeze=False)[0]
    for axis, classes in zip(panels, problems, strict=True):
        mine = sorted((p for p in points if p.classes == classes), key=lambda p: p.dimension)
        unit, needed = min(p.lower for p in mine), min(p.dimension for p in mine if p.attained)
        for p in mine:
            closed = p.attained
            colour = BLUE if closed else VERMILLION
            axis.plot([p.dimension] * 2, [p.lower / unit, p.upper / unit], color=colour, linewidth=3, alpha=0.45,
                      solid_capstyle="butt")  # fmt: skip
            if closed:
                axis.plot([p.dimension], [p.upper / unit], color=colour, **CERTIFIED)
            else:
                axis.plot([p.dimension], [p.upper / unit], "v", color=colour, markersize=5)
                axis.plot([p.dimension], [p.lower / unit], "^", color=colour, markersize=5)
        axis.axvline(needed - 0.5, color="black", linewidth=0.8, linestyle=(0, (5, 1.5)))
        axis.text(needed - 0.42, axis.get_ylim()[1], f"rank {needed}", va="top", fontsize=8.5)
        axis.set_xticks([p.dimension for p in mine])
        axis.set_xlabel("feature dimension $d$")
        axis.set_title("tasks of " + " and ".join(map(str, classes)) + " classes")
        light_grid(axis)
    panels[0].set_ylabel("proven bounds of the minimum\nover that of the relaxation")
    marks = [
        Line2D([], [], color=BLUE, label="enclosure closed: certified", **CERTIFIED),
        Line2D([], [], color=VERMILLION, marker="v", linestyle="none", markersize=5, label="upper bound: a point"),
        Line2D([], [], color=VERMILLION, marker="^", linestyle="none", markersize=5, label="lower bound: a dual point"),
    ]
    figure.legend(handles=marks, loc="outside upper center", ncols=3)
    return figure
