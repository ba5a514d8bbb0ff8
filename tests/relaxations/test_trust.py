"""Which level of trust judges, and that the verdict names it."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from typer.testing import CliRunner

from relaxations import check, check_float, trust
from relaxations.certify import app, certify_problem
from theory import UFM, LabelDesign

PROBLEM = UFM(LabelDesign.from_joint([[3, 1, 2], [1, 4, 1]]), "1/40", "1/30", bias=0)


@pytest.mark.parametrize(
    ("asked", "level"), [("auto", check.LEVEL), ("balls", check.LEVEL), ("floats", check_float.LEVEL)]
)
def test_the_verdict_names_its_level(asked, level):
    result = certify_problem(PROBLEM, "proximal", trust=asked)
    assert result.certified, result.reason
    assert result.verdict.level == result.to_dict()["level"] == level
    # the floats' enclosure holds the balls': their errors are known, not absent
    balls = certify_problem(PROBLEM, "proximal", trust="balls")
    assert Fraction(result.lower) <= Fraction(balls.upper)
    assert Fraction(balls.lower) <= Fraction(result.upper)


def test_auto_falls_back_where_balls_are_slow(monkeypatch):
    assert trust.level_for(PROBLEM, "auto") == "balls"
    monkeypatch.setattr(trust, "PRACTICAL", 2 * 5 * 5 * 6 - 1)
    assert trust.level_for(PROBLEM, "auto") == "floats"
    assert trust.level_for(PROBLEM, "balls") == "balls"
    result = certify_problem(PROBLEM, "proximal")
    assert result.certified
    assert result.verdict.level == check_float.LEVEL
    assert all(bound < 0.1 for bound in result.bounds.etf)


def test_sizes_at_which_each_level_takes_over():
    """By the sizes alone: nothing of them is solved."""
    small = LabelDesign.factorial([10, 10, 10])
    labels = np.random.default_rng(0).integers(0, 40, size=(2, 200_000))
    wide = LabelDesign((40, 40), labels, np.ones(200_000, dtype=np.int64))
    assert trust.level_for(UFM(small, 1, 1), "auto") == "balls"
    assert wide.cells == 200_000
    assert trust.level_for(UFM(wide, 1, 1), "auto") == "floats"
    assert trust.level_for(UFM(wide, 1, 1), "balls") == "balls"


def test_a_problem_beyond_a_level_is_refused_before_it_is_solved(monkeypatch):
    small = replace(check.BALLS, limits=check.Limits(entries=29))
    monkeypatch.setitem(trust.LEVELS, "balls", small)
    assert trust.level_for(PROBLEM, "auto") == "floats"
    with pytest.raises(ValueError, match=r"5 rows and 6 cells; balls are practical to .* --trust floats"):
        certify_problem(PROBLEM, "proximal", trust="balls")
    floats = replace(check_float.FLOATS, limits=replace(check_float.LIMITS, rows=4))
    monkeypatch.setitem(trust.LEVELS, "floats", floats)
    for asked in ("auto", "floats"):
        with pytest.raises(ValueError, match=r"float64 is practical to 4 rows") as refusal:
            certify_problem(PROBLEM, "proximal", trust=asked)
        assert "--trust" not in str(refusal.value)
    with pytest.raises(ValueError, match="trust: 'faith' is unknown; expected one of auto, balls, floats"):
        certify_problem(PROBLEM, "proximal", trust="faith")


def test_on_the_command_line():
    arguments = ["--tasks", "2", "--solver", "proximal"]
    done = CliRunner().invoke(app, [*arguments, "--trust", "floats", "--json", "-"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["level"] == check_float.LEVEL
    assert "IEEE 754" in CliRunner().invoke(app, [*arguments, "--trust", "floats"]).stdout
    assert "ball arithmetic" in CliRunner().invoke(app, arguments).stdout
    refused = CliRunner().invoke(app, [*arguments, "--trust", "me"])
    assert refused.exit_code == 2
    assert "trust: 'me' is unknown" in refused.stderr
