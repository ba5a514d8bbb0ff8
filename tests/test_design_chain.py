"""Every named family, every bias, loss and convention: solved, and its minimum proved."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import local_minimum
from stated import stated_problems
from strategies import random_point

from relaxations.certificate import Certificate
from relaxations.check import check_certificate
from relaxations.design_options import DesignOptions
from relaxations.problems import with_default_decays
from relaxations.solve import solve
from theory import geometry


def enclosed(problem):
    verdict = check_certificate(Certificate.from_solution(solve(problem, "proximal")).to_dict())
    assert verdict.certified, verdict.reason
    return float(Fraction(verdict.lower)), float(Fraction(verdict.upper))


@settings(max_examples=120)
@given(stated_problems(), st.integers(0, 2**32 - 1))
def test_every_family_is_certified(problem, seed):
    lower, upper = enclosed(problem)
    assert upper <= problem.value_at_zero() * (1 + 1e-12)
    W, H, b = random_point(problem, seed, scale=0.3)
    assert problem.objective(W, H, b) >= lower


@settings(max_examples=4)
@given(stated_problems().filter(lambda problem: problem.design.cells <= 6))
def test_an_outside_minimiser_agrees(problem):
    lower, upper = enclosed(problem)
    best = float("inf")
    for seed in range(4):  # a local method may stop at a saddle
        best = min(best, local_minimum(problem, seed)[0])
        if best <= upper * (1 + 1e-6):
            break
    assert lower * (1 - 1e-12) <= best <= upper * (1 + 1e-5)


@pytest.mark.parametrize("bias", ["none", "free"])
def test_imbalance_breaks_orthogonality_only_without_the_free_bias(bias):
    """Labels that are independent but imbalanced in both tasks (claim ``independence``)."""
    design = DesignOptions(frequencies="3,1;1,4").build().design
    problem = with_default_decays(design, bias=Fraction(0) if bias == "free" else None)
    overlap = geometry.largest_overlap(problem, solve(problem, "proximal").W)
    assert overlap < 1e-6 if bias == "free" else overlap > 0.01


def test_partial_annotation_keeps_heads_orthogonal_and_the_value_additive():
    """T15: for every p > 0 the value is that of the tasks on their own, and the heads are orthogonal."""
    for p in ("1/8", "1/2", "1"):
        design = DesignOptions(tasks=2, classes="3,2", annotated=p).build().design
        problem = with_default_decays(design)
        solution = solve(problem, "proximal")
        assert geometry.largest_overlap(problem, solution.W) < 1e-5
        alone = 0.0
        for t, k in enumerate(design.classes):
            single = DesignOptions(classes=str(k), samples_per_cell=str(design.task_masses[t] // k)).build().design
            alone += solve(
                with_default_decays(single, problem.weight_decay[t], problem.feature_decay), "proximal"
            ).value
        assert solution.value == pytest.approx(alone, rel=1e-10)
