"""Figures alone: by one command, in every format, the same bytes from the same inputs."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

from reports.collect import RECORDS
from reports.figures import correlation, phases
from reports.figures.__main__ import FIGURES, app
from reports.figures.style import saved
from reports.grids import NarrowPoint, PhasePoint
from reports.swept import read_sweep

run = CliRunner().invoke

POINTS = [PhasePoint(k, m, int(m < 1 / k) + int(m < 0.5), int(m < 1 / k) + int(m < 0.5), True)
          for k in (2, 4) for m in (0.1, 0.3, 0.6)]  # fmt: skip


@pytest.mark.parametrize("form", ["pdf", "svg"])
def test_equal_inputs_make_equal_files(form):
    first, second = (saved(phases.living(POINTS), form) for _ in range(2))
    assert first == second
    assert first.lstrip().startswith(b"%PDF" if form == "pdf" else b"<?xml")


def test_every_point_of_the_phase_diagram_is_drawn_in_its_region():
    (axis,) = phases.living(POINTS).axes
    drawn = {(float(x), float(y)): line.get_marker() for line in axis.get_lines() if line.get_marker() != "None"
             for x, y in zip(*line.get_data(), strict=True)}  # fmt: skip
    assert {key: {2: "o", 1: "s", 0: "x"}[p.alive] for p in POINTS for key in [(p.squared, float(p.classes))]} == drawn


def test_the_interval_marks_the_rank():
    points = [NarrowPoint((3, 3), 1, 1.0, 2.0, False), NarrowPoint((3, 3), 2, 1.0, 1.0, True)]
    (axis,) = phases.interval(points).axes
    assert "rank 2" in [text.get_text() for text in axis.texts]


def test_the_sweep_draws_every_certified_cosine():
    curves = read_sweep(RECORDS / "sweep-correlation.json")
    figure = correlation.swept(curves)
    assert isinstance(figure, Figure)
    circles = [line for axis in figure.axes for line in axis.get_lines() if line.get_marker() == "o"]
    drawn = sorted(float(y) for line in circles for y in np.asarray(line.get_ydata()))
    wanted = sorted(p.cosine for c in curves for p in c.points if p.cosine is not None)
    assert drawn == pytest.approx(wanted)
    assert not correlation.overlaid(curves, [])


def test_one_command_makes_one_figure(tmp_path):
    assert all(name in run(app, ["--list"]).output for name in FIGURES)
    target = tmp_path / "c.svg"
    result = run(app, ["correlation", "--out", str(target)])
    assert result.exit_code == 0, result.output
    assert b"<svg" in target.read_bytes()
    for words, complaint in (
        (["nothing"], "no figure is called"),
        ([], "say which figure"),
        (["correlation", "--out", "x.jpg"], "ends in"),
    ):
        result = run(app, words)
        assert result.exit_code == 2
        assert complaint in result.output
    with pytest.raises(ValueError, match="pdf, svg or png"):
        saved(phases.living(POINTS), "jpg")
