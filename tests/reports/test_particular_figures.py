"""Figures of single experiments: every number of the record is where it belongs, and equal inputs make equal bytes."""

import dataclasses

import numpy as np
import pytest
from typer.testing import CliRunner

from reports.collect import RECORDS
from reports.figures.__main__ import app
from reports.figures.particular import PARTICULAR, ROUNDING
from reports.figures.style import saved
from reports.measured import read_experiment
from theory.correlation_law import correlated_optimum


def record(name):
    return read_experiment(RECORDS / f"experiment-{name}.json")


def points(axis, marker):
    lines = [line for line in axis.get_lines() if line.get_marker() == marker]
    return sorted((float(x), float(y)) for line in lines for x, y in zip(*line.get_data(), strict=True))


@pytest.mark.parametrize("name", PARTICULAR)
def test_the_same_record_makes_the_same_file(name):
    first, second = (saved(PARTICULAR[name].draw(record(name))) for _ in range(2))
    assert first.startswith(b"%PDF")
    assert first == second
    assert PARTICULAR[name].caption.endswith(".")


def test_weightings_show_both_gaps_of_every_run():
    one = record("weightings")
    panels = PARTICULAR["weightings"].draw(one).axes
    for kind, axis in zip(("free-", "mlp-"), panels, strict=True):
        mine = [v for v in one.variants if v["name"].startswith(kind)]
        assert [label.get_text() for label in axis.get_yticklabels()] == [
            v["name"].removeprefix(kind).replace("-", " ") for v in mine
        ]
        equal = sorted((max(g, ROUNDING), float(i)) for i, v in enumerate(mine) for g in v["relative_gap"])
        assert points(axis, "o") == equal
        fitted = {r.variant: r.values for r in one.table if r.quantity == "gap under the fitted weights"}
        assert points(axis, "x") == sorted(
            (max(g, ROUNDING), float(i)) for i, v in enumerate(mine) for g in fitted[v["name"]]
        )


def test_saliency_shows_the_law_and_every_seed():
    one = record("saliency")
    (axis,) = PARTICULAR["saliency"].draw(one).axes
    decided = [r for r in one.table if r.quantity.startswith("share of the logit")]
    assert [y for _, y in points(axis, "x")] == pytest.approx(
        [v for r in sorted(decided, key=lambda r: float(r.variant[-5:])) for v in sorted(r.values)], abs=1e-3
    )
    assert len(points(axis, "s")) == 3 * len(one.variants)
    assert {x for x, _ in points(axis, "^")} == {x for x, _ in points(axis, "s")}
    law = next(line for line in axis.get_lines() if line.get_marker() in ("None", None, ""))
    for rho, share in zip(*law.get_data(), strict=True):
        exact = correlated_optimum(2, float(rho), np.sqrt(0.3 / 2))
        assert share == pytest.approx(abs(exact.a - exact.b) / (2 * max(exact.a, exact.b)), abs=1e-6)


def test_a_record_without_a_value_leaves_its_point_out():
    one = record("weightings")
    table = tuple(dataclasses.replace(row, values=(None,) * 3) for row in one.table)
    panels = PARTICULAR["weightings"].draw(dataclasses.replace(one, table=table)).axes
    assert points(panels[0], "x") == []
    assert len(points(panels[0], "o")) == 24


def test_a_figure_alone_is_the_same(tmp_path):
    target = tmp_path / "w.pdf"
    answer = CliRunner().invoke(app, ["experiment-weightings", "--out", str(target)])
    assert answer.exit_code == 0, answer.output
    assert target.read_bytes() == saved(PARTICULAR["weightings"].draw(record("weightings")))
