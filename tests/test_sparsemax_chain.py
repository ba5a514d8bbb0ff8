"""A third loss through the whole chain: three programs, the structured solver, the checker, an outside minimiser."""

import json
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import local_minimum
from strategies import balanced_designs, free_designs, problems, random_point
from typer.testing import CliRunner

from relaxations.certificate import Certificate
from relaxations.certify import app
from relaxations.check import LOSSES, check_certificate
from relaxations.programs import PROGRAMS, run_program
from relaxations.solve import solve
from theory import UFM, LabelDesign
from theory.closed_forms import threshold
from theory.duality import gap_anatomy
from theory.known_optimum import known_optimum

DESIGNS = st.one_of(free_designs(max_cells=8), balanced_designs(max_cells=16))


def enclosure(problem):
    solution = solve(problem, "proximal")
    return solution, check_certificate(Certificate.from_solution(solution).to_dict())


@settings(max_examples=60)
@given(problems(designs=DESIGNS, losses=("sparsemax",)), st.integers(0, 2**32 - 1))
def test_certified_with_nothing_below_the_bound(problem, seed):
    solution, verdict = enclosure(problem)
    assert verdict.certified, verdict.reason
    assert known_optimum(problem) is None
    lower = float(Fraction(verdict.lower))
    for scale in (0.1, 1.0):
        W, H, b = random_point(problem, seed, scale)
        value = problem.objective(W, H, b)
        assert value >= lower
        anatomy = gap_anatomy(problem, W, H, solution.q, b)
        assert anatomy.total == pytest.approx(value - solution.lower, rel=1e-9, abs=1e-12)


@settings(max_examples=15)
@given(problems(designs=free_designs(max_cells=5), losses=("sparsemax",)))
def test_an_outside_minimiser_agrees(problem):
    _, verdict = enclosure(problem)
    lower, upper = float(Fraction(verdict.lower)), float(Fraction(verdict.upper))
    best = min(local_minimum(problem, seed)[0] for seed in range(3))
    assert lower * (1 - 1e-12) <= best <= upper * (1 + 1e-6)


@pytest.mark.parametrize("bias", [None, 0, "0.03"])
def test_three_programs_have_the_certified_value(bias):
    design = LabelDesign((2, 3), np.array([[0, 1, -1, 0, 1, 0], [0, 1, 2, -1, 2, 1]]), [2, 1, 3, 1, 1, 2])
    problem = UFM(design.smoothed("0.1"), ("0.02", "0.05"), "0.1", ("1", "1.5"), bias, loss="sparsemax")
    _, verdict = enclosure(problem)
    for build in PROGRAMS.values():
        assert run_program(build(problem)).value == pytest.approx(float(Fraction(verdict.upper)), rel=1e-6)


@pytest.mark.parametrize("share", ["99/100", "101/100"])
def test_a_balanced_task_dies_at_the_threshold_of_every_symmetric_loss(share):
    # ∇Φ(0) = 1/K, so the residual of the zero network is that of cross-entropy
    design = LabelDesign.factorial((3, 4), 2)
    smallest = threshold(Fraction(1), design.samples, 4)
    problem = UFM(design, smallest * Fraction(share), 1, loss="sparsemax")
    solution, verdict = enclosure(problem)
    assert verdict.certified
    # (task 1 has 3 classes, hence the larger threshold)
    assert solution.rank == (5 if Fraction(share) < 1 else 2)


def exact_potential(z):
    """Φ in rationals, by every size of the support."""
    ordered = sorted(z, reverse=True)
    tau = max((sum(ordered[:k]) - 1) / k for k in range(1, len(z) + 1))
    q = [max(x - tau, Fraction(0)) for x in z]
    return sum(a * b - a * a / 2 for a, b in zip(q, z, strict=True))


@given(
    st.lists(st.fractions(-9, 9, max_denominator=12) | st.floats(-1e9, 1e9).map(Fraction), min_size=2, max_size=6),
    st.sampled_from([0, 1, 30, 100]),
)
def test_the_checkers_potential_encloses_the_exact_one(z, bits):
    """Ties included, and balls of any radius: the potential of every member lies inside."""
    radius = Fraction(1, 2**bits) if bits else Fraction(0)
    with ctx.workprec(128):
        balls = [arb(fmpq(x.numerator, x.denominator)) + arb(0, float(radius)) for x in z]
        ball = LOSSES["sparsemax"].phi(balls)
        if not bits:
            assert ball.rad() <= abs(ball.mid()) * 2.0**-100 + 2.0**-60
    with ctx.workprec(2000):  # so that the rationals below are held exactly, or nearly so
        for move in (-1, 0, 1):
            for skew in (1, -1):
                member = [x + move * radius * (skew if k % 2 else 1) for k, x in enumerate(z)]
                value = exact_potential(member)
                assert ball.overlaps(arb(fmpq(value.numerator, value.denominator)))


def test_the_command_line(tmp_path):
    file = tmp_path / "c.json"
    result = CliRunner().invoke(
        app, ["--classes", "3,2", "--loss", "sparsemax", "--json", "-", "--save-certificate", str(file)]
    )
    data = json.loads(result.stdout)
    assert (result.exit_code, data["status"], data["closed_form"]) == (0, "certified", None)
    assert data["problem"]["loss"] == "sparsemax"
    # another loss on the same file is another problem, and its value is not claimed
    forged = json.loads(file.read_text())
    forged["problem"]["loss"] = "ce"
    assert check_certificate(forged).status == "malformed"
