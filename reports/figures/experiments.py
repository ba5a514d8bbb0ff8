"""Any experiment in one picture: how the gap falls, and every prediction in units of its tolerance."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from matplotlib.figure import Figure

from reports.figures.style import BLUE, ORANGE, VERMILLION, canvas, drawn, light_grid
from reports.measured import MeasuredExperiment, Prediction

#: What is smaller than that many tolerances is drawn there.
FLOOR = 1e-4
#: Quantities with longer names are cut.
LONGEST = 40


def strain(row: Prediction) -> float | None:
    """Worst deviation over tolerance: at most 1 iff the prediction holds; ``None`` where a seed has no value.

    Where at least so much is asked (``at_least``, ``varies``) it is the tolerance over what was found.
    """
    found = [v for v in row.values if v is not None]
    if len(found) < len(row.values) or not found:
        return None
    if row.kind in ("at_least", "varies"):
        reached = min(found) if row.kind == "at_least" else max(found) - min(found)
        return row.tolerance / reached if reached > 0 else float("inf")
    off = max(found) if row.kind == "at_most" else max(abs(v - (row.predicted or 0.0)) for v in found)
    if row.tolerance > 0:
        return max(off, 0.0) / row.tolerance
    return 0.0 if off <= 0 else float("inf")


@drawn
def experiment(one: MeasuredExperiment) -> Figure:
    """Left: relative gap over epochs, every variant; right: predictions in units of their tolerance."""
    key = lambda row: row.quantity.partition(" (")[0]  # noqa: E731
    groups = [(name, list(rows)) for name, rows in groupby(sorted(one.table, key=key), key)]
    figure = canvas(min(max(2.1, 0.75 + 0.19 * len(groups)), 7.5))
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
    curves = [v for v in one.variants if _positive(v["curves"].get("relative_gap"))]
    for variant in curves:
        course = variant["curves"]["relative_gap"]
        whole = np.array([1.0 if e is None else e for e in variant["curves"]["epoch"]], dtype=float)
        epochs = whole / max(whole.max(), 1.0)
        least, largest = (
            np.array([np.nan if v is None or v <= 0 else v for v in course[k]]) for k in ("least", "largest")
        )
        colour = BLUE if variant["config"]["backbone"] == "free" else VERMILLION
        left.fill_between(epochs, least, largest, color=colour, alpha=0.2, linewidth=0)
        left.plot(epochs, largest, color=colour, linewidth=1.0, alpha=0.7)
    if curves:
        left.set_yscale("log")
        for label, colour, free in (("free features", BLUE, True), ("networks", VERMILLION, False)):
            if any((v["config"]["backbone"] == "free") is free for v in curves):
                left.plot([], [], color=colour, label=label)
        left.legend(loc="best")
    else:
        left.text(0.5, 0.5, "no course of a gap\nin the record", ha="center", va="center", color="0.4")
    left.set_xlabel("share of the training")
    left.set_title("relative gap, worst seed")
    light_grid(left)
    for place, (_, rows) in enumerate(groups):
        for row in rows:
            value = strain(row)
            drawn_at = 30.0 if value is None else min(max(value, FLOOR), 30.0)
            right.plot(
                [drawn_at], [place], "o" if row.holds else "X", color=BLUE if row.holds else VERMILLION,
                markersize=4 if row.holds else 6, markerfacecolor="none" if row.holds else VERMILLION, alpha=0.8,
            )  # fmt: skip
    right.axvline(1, color="black", linewidth=0.8)
    right.axvspan(1, 40, color=ORANGE, alpha=0.12, linewidth=0)
    right.set_xscale("log")
    right.set_xlim(FLOOR / 1.5, 40)
    names = [name if len(name) <= LONGEST else name[: LONGEST - 1] + "..." for name, _ in groups]
    right.set_yticks(range(len(groups)), [_plain(name) for name in names])
    right.yaxis.tick_right()
    right.invert_yaxis()
    right.spines["left"].set_visible(False)
    right.tick_params(axis="y", length=0)
    right.set_title("deviation over tolerance")
    light_grid(right, "both")
    return figure


def _positive(course: object) -> bool:
    return isinstance(course, dict) and any(v is not None and v > 0 for v in course["largest"])


#: Signs of quantities' names that the text font lacks.
_SIGNS = {"ρ": r"$\rho$", "λ": r"$\lambda$", "μ": r"$\mu$", "−": "$-$", "≤": r"$\leq$", "≥": r"$\geq$", "²": "$^2$",
          "α": r"$\alpha$", "ε": r"$\varepsilon$", "√": r"$\sqrt{\,}$", "‖": r"$\Vert$", "×": r"$\times$"}  # fmt: skip


def _plain(text: str) -> str:
    """A name as the figure's font has it; dollars and what is not known are left out."""
    text = text.replace("$", "").replace("_", " ")
    return "".join(_SIGNS.get(c, c if c.isascii() else "") for c in text)
