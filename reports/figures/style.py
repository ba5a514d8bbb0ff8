"""One visual language for all figures of the report.

Computer Modern like the text, Okabe and Ito's colours (told apart with every kind of colour vision) with a line style
or a marker each, one diverging map that is symmetric about 0 for Gram matrices.  Certified points are circles, trained
ones crosses, theorems lines.  Figures are vectors; a file holds no date and no random name, so that equal inputs make
equal bytes.
"""

from __future__ import annotations

import functools
import io
import logging
from collections.abc import Callable
from typing import Any, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# the dates inside matplotlib's Computer Modern files are older than fontTools expects, which it says at every glyph
logging.getLogger("fontTools").setLevel(logging.ERROR)

#: Width of the text in inches (``\\textwidth`` of the template).
WIDTH = 6.3

BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#595959",
)  # fmt: skip
#: In this order where a figure needs colours for a list; the light ones last.
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, GREY)
#: A line style for each, so that the figure reads in black and white too.
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1, 1, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (8, 2)))

STYLE: Any = {
    "font.family": "serif",
    "font.serif": ["cmr10"],
    "mathtext.fontset": "cm",
    "axes.formatter.use_mathtext": True,
    "axes.unicode_minus": False,
    "font.size": 9.5,
    "axes.labelsize": 9.5,
    "axes.titlesize": 9.5,
    "legend.fontsize": 8.5,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "multitask-collapse",
    "figure.dpi": 100,
}

#: Marks of what a point is.
CERTIFIED: dict[str, Any] = {"marker": "o", "markersize": 5, "markerfacecolor": "none", "linestyle": "none"}
TRAINED: dict[str, Any] = {"marker": "x", "markersize": 4.5, "markeredgewidth": 1.1, "linestyle": "none"}

P = ParamSpec("P")


def drawn(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Let a function draw in the style of the report."""

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return wrapper


def canvas(height: float, width: float = WIDTH) -> Figure:
    """An empty figure, by default as wide as the text; inches."""
    return Figure(figsize=(width, height), layout="constrained")


def saved(figure: Figure, form: str = "pdf") -> bytes:
    """The figure as a file: ``"pdf"``, ``"svg"`` or, for a look at it, ``"png"``."""
    nothing: dict[str, Any] = {
        "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None},
    }
    if form not in nothing:
        raise ValueError(f"a figure is saved as pdf, svg or png, not as {form!r}")
    stream = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(stream, format=form, metadata=nothing[form], dpi=200)
    return stream.getvalue()


def light_grid(axis: Axes, which: str = "y") -> None:
    """Pale lines at the ticks, behind everything."""
    axis.grid(True, axis=which, which="major", color="0.9", linewidth=0.5)  # type: ignore[arg-type]
    axis.set_axisbelow(True)
