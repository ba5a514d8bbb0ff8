"""The price of sharing against rigorous enclosures: both bounds, their equality cases, and how long tasks live."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import free_designs, problems

from relaxations.certificate import Certificate
from relaxations.check import check_certificate
from relaxations.solve import solve
from theory import UFM, LabelDesign
from theory.additivity import single_task_problem
from theory.claims import price_of_sharing as claim
from theory.known_optimum import known_optimum
from theory.proof import Verdict
from theory.sharing import split_problems


def enclosure(problem):
    verdict = check_certificate(Certificate.from_solution(solve(problem, "proximal")).to_dict(), tolerance="1e-7")
    return Fraction(verdict.lower), Fraction(verdict.upper)


def total(parts):
    bounds = [enclosure(p) for p in parts]
    return sum((low for low, _ in bounds), Fraction(0)), sum((high for _, high in bounds), Fraction(0))


@st.composite
def shares(draw, tasks):
    weights = draw(st.lists(st.integers(0, 4), min_size=tasks, max_size=tasks))
    assume(any(weights))
    return tuple(Fraction(w, sum(weights)) for w in weights)


@settings(max_examples=35, deadline=None)
@given(problems(designs=free_designs(max_cells=8)), st.data())
def test_the_minimum_lies_between_split_and_separate_problems(problem, data):
    p = data.draw(shares(problem.design.tasks))
    low, high = enclosure(problem)
    split_low, _ = total(split_problems(problem, p))
    _, separate_high = total(single_task_problem(problem, t) for t in range(problem.design.tasks))
    assert split_low <= high
    assert low <= separate_high
    cut = UFM.from_dict({**problem.to_dict(), "dimension": 1})
    assert split_low <= Fraction(solve(cut, "proximal").value) * (1 + Fraction(1, 10**9))  # in every dimension


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 4), st.lists(st.integers(1, 4), min_size=2, max_size=3), st.sampled_from(["0.01", "0.1"]))
def test_identical_tasks_attain_the_split(tasks, sizes, decay):
    labels = np.tile(np.arange(len(sizes)), (tasks, 1))
    problem = UFM(LabelDesign((len(sizes),) * tasks, labels, np.array(sizes)), decay, "0.05")
    low, high = enclosure(problem)
    split_low, split_high = total(split_problems(problem, (Fraction(1, tasks),) * tasks))
    assert low <= split_high
    assert split_low <= high
    heads = [solve(problem, "proximal").W[rows] for _, rows in problem.design.blocks()]
    assert all(np.allclose(heads[0], head, atol=1e-5) for head in heads)


@pytest.mark.parametrize("tasks", [2, 3])
@pytest.mark.parametrize(("factor", "alive"), [("0.97", True), ("1.03", False)])
def test_identical_tasks_live_up_to_t_times_the_threshold(tasks, factor, alive):
    labels = np.tile(np.arange(3), (tasks, 1))
    design = LabelDesign((3,) * tasks, labels, np.full(3, 2))
    alone = known_optimum(single_task_problem(UFM(design, 1, 1), 0)).tasks[0].threshold
    problem = UFM(design, 1, alone * tasks * Fraction(factor))
    assert bool(np.linalg.norm(solve(problem, "proximal").W) > 1e-6) == alive


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 3), st.sampled_from(["0.9", "1.001", "1.5"]))
def test_no_correlation_outlives_the_sum_of_the_thresholds(extra, factor):
    design = LabelDesign.from_joint(np.ones((3, 3), dtype=int) + extra * np.eye(3, dtype=int))
    alone = [known_optimum(single_task_problem(UFM(design, 1, 1), t)).tasks[0].threshold for t in (0, 1)]
    norm = np.linalg.norm(solve(UFM(design, 1, sum(alone) * Fraction(factor)), "proximal").W)
    if factor != "0.9":
        assert norm < 1e-6
    assert np.linalg.norm(solve(UFM(design, 1, max(alone) * Fraction("0.95")), "proximal").W) > 1e-6


def step_of(name):
    return next(s for s in claim.CLAIM.steps if s.name == name)


def check(step, **changes):
    return dataclasses.replace(step, **changes).check(claim.CLAIM.context(step))


def test_false_variants():
    assert claim.CLAIM.status == "proved"
    life = step_of("identical tasks live T times as long")
    wrong = dataclasses.replace(life.right, rhs=claim.T**2 * claim.limit)
    assert check(life, right=wrong).verdict is Verdict.REFUTED
    dead = step_of("all dead from the sum of the thresholds on")
    assert check(dead, where=(), by=()).verdict is Verdict.REFUTED
    lower = step_of("sharing gains at most what a split decay gains")
    assert not check(lower, using=()).proved
    keep = step_of("a share of the decay keeps at least that share of the value")
    assert not check(keep, rhs=claim.alone).proved


def test_a_superadditive_reading_is_refuted_by_enclosures():
    """f* ≥ Σ f_t* at the full decay is false for dependent labels, f* ≤ Σ f_t*(λ_H/T) for independent ones."""
    dependent = UFM(LabelDesign.from_joint([[3, 1], [1, 3]]), "0.02", "0.02")
    assert enclosure(dependent)[1] < total(single_task_problem(dependent, t) for t in (0, 1))[0]
    independent = UFM(LabelDesign.factorial((2, 2)), "0.02", "0.02")
    assert enclosure(independent)[0] > total(split_problems(independent, (Fraction(1, 2),) * 2))[1]
    with pytest.raises(ValueError, match="add up to 1"):
        split_problems(independent, (Fraction(1, 2), Fraction(1, 3)))
    with pytest.raises(ValueError, match="one a task"):
        split_problems(independent, (Fraction(1),))
