"""From the words of a command line to an exact problem."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import class_numbers

from relaxations.problems import (
    balanced_design,
    numbers,
    rounded_down,
    task_classes,
    thresholds,
    whole_numbers,
    with_default_decays,
)
from theory import LabelDesign
from theory.known_optimum import known_optimum
from theory.model import CONVENTIONS


def test_numbers_are_exactly_what_was_typed():
    assert numbers("0.1", "x") == Fraction(1, 10)
    assert numbers("1/3, 5e-2", "x") == (Fraction(1, 3), Fraction(1, 20))
    assert whole_numbers("3,4", "x") == (3, 4)
    for text in ("", "a", "0.5", "1,,2", "nan", "1e300"):
        with pytest.raises(ValueError, match="x: "):
            whole_numbers(text, "x")


def test_classes_of_tasks():
    assert task_classes(3, None) == (3, 3, 3)
    assert task_classes(None, "3,4,5") == (3, 4, 5)
    assert task_classes(2, "7") == (7, 7)
    assert task_classes(2, "7,2") == (7, 2)
    for tasks, classes in ((None, None), (0, None), (-1, None), (10**9, None), (2, "3,4,5"), (1, "1"), (None, "-3")):
        with pytest.raises(ValueError, match=r"tasks: |classes: "):
            task_classes(tasks, classes)


def test_designs_by_scenario():
    assert balanced_design((2, 3), "ssmtc", "2").counts.tolist() == [2] * 6
    multi = balanced_design((2, 3), "msmtc", "2,1")
    assert multi.counts.tolist() == [2, 2, 1, 1, 1]
    assert multi.scenario == "msmtc"
    for classes, scenario, samples, message in (
        ((2, 3), "other", "1", "scenario"),
        ((2, 3), "ssmtc", "1,2", "samples-per-cell"),
        ((2, 3), "msmtc", "1,2,3", "repetitions"),
        ((2, 3), "ssmtc", "0", "repetitions"),
        ((3,) * 40, "ssmtc", "1", "fewer tasks"),
        ((2500, 2500), "msmtc", "1", "at most 4000"),
    ):
        with pytest.raises(ValueError, match=message):
            balanced_design(classes, scenario, samples)


@given(st.fractions(min_value=Fraction(1, 10**12), max_value=10**12), st.booleans())
def test_rounding_down_keeps_three_digits(value, root):
    down = rounded_down(value, root)
    power = 2 if root else 1
    assert down**power <= value
    # one more unit of the third digit is too much
    unit = Fraction(1)
    while unit * 100 > down:
        unit /= 10
    while unit * 1000 <= down:
        unit *= 10
    assert (down / unit).denominator == 1
    assert (down + unit) ** power > value


@given(
    class_numbers(max_tasks=3, max_classes=5),
    st.sampled_from(["ssmtc", "msmtc"]),
    st.sampled_from(sorted(CONVENTIONS)),
    st.sampled_from(["0", "0.1"]),
    st.data(),
)
def test_default_decays_stand_at_three_hundredths_of_the_smallest_threshold(classes, scenario, convention, eps, data):
    design = balanced_design(classes, scenario, "2").smoothed(eps)
    each = st.sampled_from([Fraction(1), Fraction(1, 3), Fraction(5, 2)])
    weights = tuple(data.draw(each) for _ in classes)
    given_w, given_h = data.draw(st.sampled_from([(None, None), (Fraction(1, 7), None), (None, Fraction(3))]))
    problem = with_default_decays(design, given_w, given_h, weights, convention=convention)
    assert given_w is None or problem.weight_decay == (given_w,) * len(classes)
    assert given_h is None or problem.feature_decay == given_h
    products = [w * problem.feature_decay for w in problem.weight_decay]
    shares = [p / limit for p, limit in zip(products, thresholds(problem), strict=True)]
    assert Fraction(29, 1000) < max(shares) <= Fraction(3, 100)
    # the thresholds are the theorem's
    known = known_optimum(problem)
    assert all(task.alive for task in known.tasks)
    assert thresholds(problem) == tuple(problem.stated_product(task.threshold, t) for t, task in enumerate(known.tasks))


def test_both_decays_given_stay_as_they_are():
    soft = LabelDesign((2,), [[0, 1]], [1, 1], (((Fraction(1, 3), Fraction(2, 3)), (Fraction(1), Fraction(0))),))
    problem = with_default_decays(soft, (Fraction(5),), Fraction(7))
    assert (problem.weight_decay, problem.feature_decay) == ((5,), 7)


def test_soft_labels_have_the_threshold_of_their_least_direction():
    # targets (1, 0) and (1/3, 2/3), equally often: covariance s uuᵀ, u centred of norm 1, s = ‖difference‖²/4
    soft = LabelDesign((2,), [[0, 1]], [1, 1], (((Fraction(1, 3), Fraction(2, 3)), (Fraction(1), Fraction(0))),))
    assert float(thresholds(with_default_decays(soft))[0]) == pytest.approx(2 * (2 / 3) ** 2 / 4 / 2)
    # a smoothing that is not recognised as one has the same threshold as the one that is
    smooth = LabelDesign.factorial((3, 2)).smoothed("1/10")
    twice = LabelDesign(
        smooth.classes, smooth.labels, smooth.counts, tuple((*table, table[0]) for table in smooth.targets)
    )
    for one, other in zip(thresholds(with_default_decays(smooth)), thresholds(with_default_decays(twice)), strict=True):
        assert float(one) == pytest.approx(float(other), rel=1e-12)
    same = LabelDesign((2,), [[0, 0]], [1, 1], (((Fraction(1, 3), Fraction(2, 3)),),))
    with pytest.raises(ValueError, match="task 1 has one target; give both"):
        with_default_decays(same)
