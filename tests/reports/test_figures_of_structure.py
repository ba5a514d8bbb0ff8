"""Figures of single experiments: every number of the record is in the picture, on the axis that it belongs to."""

from pathlib import Path

import numpy as np
import pytest

from reports.figures import experiments, structure
from reports.figures.particular import PARTICULAR
from reports.figures.style import saved
from reports.measured import read_experiment

RECORDS = Path(__file__).parents[2] / "reports" / "records"


def experiment(name):
    return read_experiment(RECORDS / f"experiment-{name}.json")


def points(axis):
    return [pair for line in axis.lines for pair in zip(line.get_xdata(), line.get_ydata(), strict=True)]


def drawn_at(axis, x, y):
    return any(np.isclose(a, x, rtol=1e-12) and np.isclose(b, y, rtol=1e-12, atol=0) for a, b in points(axis))


@pytest.mark.parametrize("name", ["narrow", "partial-annotation", "weight-decay"])
def test_the_report_draws_them(name):
    drawn = saved(PARTICULAR[name].draw(experiment(name)))
    assert drawn.startswith(b"%PDF")
    assert drawn != saved(experiments.experiment(experiment(name)))


def test_gaps_stand_over_their_dimensions():
    one = experiment("narrow")
    figure = structure.narrow(one)
    for variant in one.variants:
        axis = figure.axes[0 if variant["problem"]["loss"] == "ce" else 1]
        for gap in variant["relative_gap"]:
            assert drawn_at(axis, variant["problem"]["dimension"], gap)
        if variant["config"]["backbone"] == "free":
            width = structure.interval_width(variant)
            assert drawn_at(axis, variant["problem"]["dimension"], width)
            # the interval holds what was trained, or something better is known
            assert min(variant["relative_gap"]) > -1e-9
            assert width <= min(variant["relative_gap"]) + 1e-6


def test_overlaps_stand_over_the_share_of_common_samples():
    one = experiment("partial-annotation")
    shares = {v["name"]: structure.share_together(v) for v in one.variants}
    assert shares["free-p1.00"] == 1
    assert shares["free-p0.00"] == 0
    assert shares["free-p0.33"] == pytest.approx(1 / 3)
    assert shares["free-chain"] is None
    figure = structure.annotation(one)
    rows = {row.variant: row for row in one.table if row.quantity.startswith("cross-task overlap")}
    left, right = figure.axes
    for name in ("free-p0.05", "mlp-p0.00"):
        assert all(drawn_at(left, shares[name], value) for value in rows[name].values)
    # no course of training is above what the stiffness allows at its gap
    lines = {line.get_label(): line for line in right.lines}
    assert {"$p=0.05$", "$p=0.33$", "$p=1.00$", "$p=0.00$"} <= set(lines)
    allowed = [line for line in right.lines if line.get_label().startswith("_")]
    assert len(allowed) == 3
    for line in allowed:
        (course,) = [c for c in lines.values() if c.get_color() == line.get_color() and c is not line]
        end = course.get_ydata()[-1]
        assert 0 < end < line.get_ydata()[-1]


def test_measures_of_weight_decay_are_those_of_the_rows():
    one = experiment("weight-decay")
    (axis,) = structure.decay(one).axes
    found = [x for x, _ in points(axis)]
    for row in one.table:
        if row.variant.startswith("mlp2-5x5") and row.quantity.startswith(("ETF", "sum rule", "cross", "relative gap")):
            assert all(any(np.isclose(value, x) for x in found) for value in row.values)
