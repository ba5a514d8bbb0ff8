"""Every named family, every bias, loss and convention: solved, and its minimum proved."""

from fractions import Fraction

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from reference import local_minimum
from strategies import random_point

from relaxations.certificate import Certificate
from relaxations.check import check_certificate
from relaxations.design_options import DesignOptions
from relaxations.problems import with_default_decays
from relaxations.solve import solve
from theory import geometry
from theory.model import CONVENTIONS

FAMILIES = {
    "imbalanced": st.builds(
        lambda rows: {"frequencies": ";".join(",".join(map(str, row)) for row in rows)},
        st.lists(st.lists(st.integers(1, 5), min_size=2, max_size=3), min_size=1, max_size=3),
    ),
    "correlated": st.builds(
        lambda rho, k, t: {
            "correlation": str(rho if rho >= 0 or t > 2 else rho / (k - 1)),
            "classes": str(k),
            "tasks": t,
        },
        st.fractions(0, 1, max_denominator=5) | st.fractions(-1, 0, max_denominator=5),
        st.integers(2, 3),
        st.integers(2, 3),
    ).filter(lambda options: Fraction(options["correlation"]) >= 0 or options["tasks"] == 2),
    "array": st.sampled_from([{"scenario": "xor"}, {"scenario": "oa", "tasks": 3}, {"scenario": "oa", "classes": "2"}]),
    "joint": st.sampled_from([{"joint": "[[3,1],[0,2]]"}, {"joint": "[[[1,0],[2,1]],[[0,5],[1,1]]]"}]),
    "factorial": st.sampled_from([{"classes": "2,3"}, {"classes": "2,2,2"}]),
}


@st.composite
def stated_problems(draw):
    """A problem as the command line would state it, decays at or on both sides of the default."""
    family = draw(st.sampled_from(sorted(FAMILIES)))
    event(family)
    options = draw(FAMILIES[family])
    noise = draw(st.sampled_from([{}, {}, {"label_noise": "0.1"}, {"smoothing": "0.2"}]))
    annotation = draw(st.sampled_from([{}, {"annotated": "0"}, {"annotated": "1/3"}, {"annotated": "1"}]))
    design = DesignOptions(**options, **noise, **annotation).build().design
    each = st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(3)])
    weights = tuple(draw(each) for _ in range(design.tasks))
    decays = draw(st.none() | st.tuples(*[st.sampled_from([Fraction(1, 200), Fraction(1, 20)])] * design.tasks))
    bias = draw(st.sampled_from([None, Fraction(0), Fraction(1, 50), Fraction(2)]))
    loss = draw(st.sampled_from(["ce", "ce", "mse", "sparsemax"]))
    convention = draw(st.sampled_from(sorted(CONVENTIONS)))
    return with_default_decays(design, decays, None, weights, bias, loss, None, convention)


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
