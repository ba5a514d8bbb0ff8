"""The interval of every dimension: its ends against an outside minimiser, and what it must not claim."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import local_minimum
from strategies import free_designs, problems
from typer.testing import CliRunner

from relaxations.certify import app
from relaxations.check import check_certificate
from relaxations.dimension_intervals import dimension_intervals
from relaxations.solve import solve
from theory import UFM, LabelDesign
from theory.known_optimum import known_optimum

JOINT = LabelDesign.from_joint([[3, 1, 2], [1, 4, 1]])
PROBLEMS = {
    "two tasks": UFM(LabelDesign.factorial([3, 3]), "1/30", "1/30"),
    "free bias": UFM(JOINT, "1/40", "1/30", bias=0),
    "squared error": UFM(JOINT, "1/40", "1/30", loss="mse", bias="1/10"),
    "sparsemax": UFM(JOINT, "1/40", "1/30", loss="sparsemax"),
    "multi source": UFM(LabelDesign.multi_source([4, 3]), "1/50", "1/50"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_upper_end_is_the_best_that_an_outside_minimiser_finds(name):
    problem = PROBLEMS[name]
    intervals = dimension_intervals(problem)
    assert [i.dimension for i in intervals] == list(range(1, solve(problem, "proximal").rank + 1))
    for interval in intervals:
        narrow = replace(problem, dimension=interval.dimension)
        best = min(local_minimum(narrow, seed)[0] for seed in range(12))
        assert Fraction(interval.lower) <= Fraction(best) * (1 + Fraction(1, 10**12))
        assert float(interval.upper) <= best * (1 + 1e-7)
        assert interval.attained == (interval is intervals[-1])
        # the ends are a checker's, of a certificate of that dimension
        verdict = check_certificate(json.loads(interval.certificate.to_text()))
        assert (verdict.lower, verdict.upper) == (interval.lower, interval.upper)
        assert interval.certificate.problem.identity == narrow.identity
        assert interval.certificate.W.shape[1] <= interval.dimension
    uppers = [Fraction(i.upper) for i in intervals]
    assert uppers == sorted(uppers, reverse=True)
    assert len({i.lower for i in intervals}) == 1


@settings(max_examples=8)
@given(problems(designs=free_designs(max_cells=6), losses=("ce", "mse", "sparsemax")), st.integers(0, 99))
def test_no_local_minimum_is_below_an_interval_and_few_starts_only_widen_it(problem, seed):
    few = dimension_intervals(problem, starts=0, seed=seed)
    many = dimension_intervals(problem, starts=4, seed=seed)
    for narrow, wide in zip(many, few, strict=True):
        assert narrow.lower == wide.lower
        best, _ = local_minimum(replace(problem, dimension=narrow.dimension), seed)
        assert float(narrow.lower) <= best * (1 + 1e-9) + 1e-14
    assert many[-1].relative_width <= 1e-6


def test_the_closed_form_is_inside_from_the_dimension_that_it_needs():
    problem = PROBLEMS["two tasks"]
    needed = known_optimum(problem).dimension_needed
    intervals = dimension_intervals(problem, [needed - 1, needed, needed + 3])
    assert [i.attained for i in intervals] == [False, True, True]
    assert intervals[0].relative_width > 0.1
    assert [i.certificate.problem.dimension for i in intervals] == [3, 4, 7]


def test_dead_tasks_need_no_dimension():
    (interval,) = dimension_intervals(UFM(LabelDesign.factorial([2, 2]), 1, 1))
    assert interval.dimension == 1
    assert interval.attained
    assert not np.any(interval.certificate.W)


def test_what_cannot_be_asked():
    for dimensions in ([], [0], [2, -1]):
        with pytest.raises(ValueError, match="dimensions: "):
            dimension_intervals(PROBLEMS["two tasks"], dimensions)
    with pytest.raises(ValueError, match="starts: -1"):
        dimension_intervals(PROBLEMS["two tasks"], starts=-1)


def test_on_the_command_line():
    arguments = ["--classes", "2,3", "--solver", "proximal", "--dim", "2", "--every-dim"]
    done = CliRunner().invoke(app, [*arguments, "--json", "-"])
    data = json.loads(done.stdout)
    assert done.exit_code == 1
    assert [i["dimension"] for i in data["intervals"]] == [1, 2, 3]
    assert [i["attained"] for i in data["intervals"]] == [False, False, True]
    assert float(data["intervals"][1]["upper"]) == pytest.approx(float(data["upper"]), rel=1e-6)
    assert "best point that local searches found" in data["reason"]
    table = CliRunner().invoke(app, arguments).stdout
    assert "suffices" in table
    assert data["intervals"][0]["upper"] in table
