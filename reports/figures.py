"""The figures: vector PDF in one visual language.

Computer Modern like the text, Okabe and Ito's colours (told apart with every kind of colour vision) with a line
style each, a diverging map that is symmetric about 0 for Gram matrices.  A file holds no date, so equal inputs
make equal bytes.

Every function takes what was measured and returns the PDF; nothing here decides a number.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from reports.collect import TrainedRun
from reports.measured import CorrelatedVariant
from theory.correlation_law import correlated_optimum
from theory.labels import FloatArray

# the dates inside matplotlib's Computer Modern files are older than fontTools expects, which it says at every glyph
logging.getLogger("fontTools").setLevel(logging.ERROR)

#: Width of the text in inches (``\\textwidth`` of the template).
WIDTH = 6.3

BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#595959",
)  # fmt: skip

STYLE: Any = {
    "font.family": "serif",
    "font.serif": ["cmr10"],
    "mathtext.fontset": "cm",
    "axes.formatter.use_mathtext": True,
    "axes.unicode_minus": False,
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "legend.fontsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.3,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "figure.dpi": 100,
}

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


@contextmanager
def _figure(height: float, **layout: Any) -> Iterator[tuple[Figure, list[bytes]]]:
    """A figure of the text's width; on leaving, its PDF is appended to the list."""
    out: list[bytes] = []
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height), layout="constrained", **layout)
        FigureCanvasPdf(figure)
        yield figure, out
        stream = io.BytesIO()
        figure.savefig(stream, format="pdf", metadata={"CreationDate": None, "Producer": None, "Creator": None})
        out.append(stream.getvalue())


def gram(run: TrainedRun) -> bytes:
    """Gram matrix W Wᵀ of all heads: certified, trained, and trained less certified on a scale of its own."""
    certified, trained = run.certified_gram, run.trained_gram
    difference = trained - certified
    classes = run.problem.design.classes
    with _figure(2.1) as (figure, out):
        axes = figure.subplots(1, 3)
        scale = max(float(np.abs(certified).max()), float(np.abs(trained).max()))
        panels = (
            (certified, "certified", scale),
            (trained, f"trained, epoch {run.epochs}", scale),
            (difference, "trained $-$ certified", float(np.abs(difference).max()) or 1.0),
        )
        for axis, (matrix, title, top) in zip(axes, panels, strict=True):
            image = _matrix(axis, matrix, top, classes)
            axis.set_title(title)
            bar = figure.colorbar(image, ax=axis, shrink=0.6, aspect=14, pad=0.03, ticks=[-top, 0, top])
            bar.ax.set_yticklabels([_tick(-top), "$0$", _tick(top)])
            bar.outline.set_visible(False)
    return out[0]


def _matrix(axis: Axes, matrix: FloatArray, top: float, classes: tuple[int, ...]) -> Any:
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
    names = [f"task {t}" for t in range(1, len(classes) + 1)]
    axis.set_xticks(centres, names)
    axis.set_yticks(centres, names, rotation=90, va="center")
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(True)
    return image


def _tick(value: float) -> str:
    """A number as mathematics, two significant digits."""
    mantissa, exponent = f"{value:.1e}".split("e")
    if -2 <= int(exponent) <= 2:
        return f"${value:.2g}$"
    return rf"${mantissa}\!\cdot\!10^{{{int(exponent)}}}$"


def anatomy(run: TrainedRun) -> bytes:
    """The gap to the certified lower bound, and what it consists of, over epochs.

    Above the gap itself, whose decades need a logarithmic axis; below the shares of its terms, stacked on a linear
    one, because heights stacked on a logarithmic axis do not add up.
    """
    epochs = [entry["epoch"] for entry in run.history]
    total = np.array([entry["anatomy"]["total"] for entry in run.history])
    terms = {key: np.maximum([entry["anatomy"][key] for entry in run.history], 0.0) for key, _, _ in ANATOMY}
    shown = [(key, label, colour) for key, label, colour in ANATOMY if terms[key].max() > 0]
    whole = np.sum([terms[key] for key, _, _ in shown], axis=0)
    with _figure(3.4) as (figure, out):
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.25))
        above.semilogy(epochs, np.where(total > 0, total, np.nan), color="black")
        above.set_ylabel("$f-D(q)$")
        _light_grid(above)
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
    return out[0]


def measures(run: TrainedRun) -> bytes:
    """Measures of collapse over epochs on a logarithmic axis; a measure that is 0 leaves its line there."""
    epochs = np.array([entry["epoch"] for entry in run.history])
    with _figure(2.9) as (figure, out):
        axis = figure.subplots()
        for key, label, colour, style in MEASURES:
            values = np.array([worst(entry[key]) for entry in run.history])
            if (values > 0).any():
                axis.semilogy(epochs, np.where(values > 0, values, np.nan), color=colour, linestyle=style, label=label)
        axis.set_xlim(0, run.epochs)
        axis.set_xlabel("epoch")
        _light_grid(axis)
        axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return out[0]


def cosines(points: Sequence[CorrelatedVariant]) -> bytes:
    """Cosine of two heads over the correlation of their labels: law, certified, trained; free features, networks."""
    kinds = [k for k in (True, False) if any(p.free is k for p in points)]
    classes = sorted({p.classes for p in points})
    colours = dict(zip(classes, (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY), strict=False))
    with _figure(2.7) as (figure, out):
        panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
        for axis, free in zip(panels, kinds, strict=True):
            for k in classes:
                mine = [p for p in points if p.free is free and p.classes == k]
                if not mine:
                    continue
                grid = np.linspace(min(p.rho for p in mine), max(p.rho for p in mine), 161)[1:-1]
                law = [correlated_optimum(k, float(rho), mine[0].m).cosine for rho in grid]
                axis.plot(grid, law, color=colours[k], label=f"$K={k}$")
                axis.plot([p.rho for p in mine], [p.certified for p in mine], "o", color=colours[k], mfc="none", ms=5)
                seeds = [(p.rho, value) for p in mine for value in p.trained]
                axis.plot(*zip(*seeds, strict=True), "x", color=colours[k], ms=3.5, mew=0.8)
            axis.set_title("free features" if free else "networks")
            axis.set_xlabel(r"correlation $\rho$ of the labels")
            _light_grid(axis)
            axis.legend(loc="upper left")
        panels[0].set_ylabel("cosine of the heads")
    return out[0]


def worst(value: Any) -> float:
    """The largest entry of a measure (one a task, or one number); NaN where it has no meaning."""
    values = value if isinstance(value, list) else [value]
    return max((float("nan") if v is None else float(v) for v in values), default=float("nan"))


def _light_grid(axis: Axes) -> None:
    axis.grid(True, axis="y", which="major", color="0.9", linewidth=0.5)
    axis.set_axisbelow(True)


#: Every figure of a run: name, what draws it.
OF_A_RUN = {"gram": gram, "anatomy": anatomy, "measures": measures}
