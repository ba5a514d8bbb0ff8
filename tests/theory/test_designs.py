"""Named families of designs against their definitions, counted by hand in integers and rationals."""

from collections import Counter
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import free_designs

from theory import UFM, LabelDesign
from theory.correlation_law import correlation_of
from theory.designs import (
    annotated,
    correlated,
    exclusive_or,
    independent_with,
    orthogonal_array,
    pairwise_independent,
    repeated,
    soft_labels,
    uniform_noise,
    with_label_noise,
)

RATES = st.fractions(0, 1, max_denominator=12)


def frequencies(design, tasks):
    """Share of every label tuple of ``tasks`` among all samples."""
    shares = Counter()
    for column, count in zip(design.labels[list(tasks)].T.tolist(), design.counts.tolist(), strict=True):
        shares[tuple(column)] += Fraction(count, design.samples)
    return shares


@given(st.lists(st.lists(st.integers(1, 5), min_size=2, max_size=4), min_size=1, max_size=3), st.integers(1, 3))
def test_independent_tasks_have_the_stated_frequencies(rows, repetitions):
    design = independent_with(rows, repetitions)
    assert design.samples == repetitions * int(np.prod([sum(row) for row in rows]))
    joint = frequencies(design, range(len(rows)))
    for labels in product(*(range(len(row)) for row in rows)):
        expected = np.prod([Fraction(row[k], sum(row)) for row, k in zip(rows, labels, strict=True)])
        assert joint[labels] == expected
    assert pairwise_independent(design)


@given(st.integers(2, 5), st.integers(2, 4), RATES, st.booleans())
def test_correlated_tasks_agree_as_often_as_stated(classes, tasks, rho, negative):
    if negative and tasks == 2:
        rho = -rho / (classes - 1)
    design = correlated(classes, rho, tasks)
    assert np.gcd.reduce(design.counts) == 1
    for pair in combinations(range(tasks), 2):
        joint = frequencies(design, pair)
        assert sum(joint[k, k] for k in range(classes)) == (1 + (classes - 1) * rho) / classes
        assert all(share == 1 / Fraction(classes) for share in frequencies(design, pair[:1]).values())
    if tasks == 2:
        assert correlation_of(design, (0, 1), np.arange(design.cells)) == rho
    if classes == tasks == 2:
        signs = 1 - 2 * design.labels
        assert Fraction(int((signs[0] * signs[1] * design.counts).sum()), design.samples) == rho


def test_the_ends_of_correlation():
    assert correlated(3, 1).labels.tolist() == [[0, 1, 2], [0, 1, 2]]
    assert correlated(3, "-1/2").cells == 6
    assert correlated(4, 0).counts.tolist() == [1] * 16
    assert correlated(2, "0.1").counts.tolist() == [11, 9, 9, 11]
    for arguments in ((3, "-0.51"), (2, "1.1"), (3, "-0.1", 3), (1, 0), (2, 0, 1), (10, "0.1", 8)):
        with pytest.raises(ValueError, match="correlation: "):
            correlated(*arguments)


def test_arrays_and_their_names():
    assert exclusive_or().scenario == "xor"
    assert exclusive_or(2).counts.tolist() == [2, 2, 2, 2]
    assert (exclusive_or().labels.sum(axis=0) % 2 == 0).all()
    assert pairwise_independent(orthogonal_array(5, 6))
    assert repeated(correlated(2, "0.5", repetitions=2), 3).counts.tolist() == [18, 6, 6, 18]
    for rows in ([], [[1]], [[1, 0]], [[1, 1.5]], [[10] * 100] * 5):
        with pytest.raises(ValueError, match="frequencies: "):
            independent_with(rows)
    with pytest.raises(ValueError, match="repetitions: "):
        repeated(exclusive_or(), 0)


@given(RATES, st.sampled_from([correlated(3, "0.3"), independent_with([[3, 1], [1, 1, 2]]), exclusive_or()]))
def test_annotation_is_independent_of_the_labels(p, base):
    design = annotated(base, p)
    every = frozenset(range(base.tasks))
    for kept in [every, *(frozenset({t}) for t in every)]:
        expected = p if kept == every else (1 - p) / base.tasks
        carried = np.array([frozenset(np.flatnonzero(column >= 0).tolist()) == kept for column in design.labels.T])
        assert Fraction(int(design.counts[carried].sum()), design.samples) == expected
        if expected:
            inside = LabelDesign(base.classes, base.labels, base.counts)
            here = frequencies(
                LabelDesign.from_labels(np.repeat(design.labels[list(kept)][:, carried], design.counts[carried], 1).T)[
                    0
                ],
                range(len(kept)),
            )
            assert here == frequencies(inside, sorted(kept))


def test_annotation_spans_single_and_multi_source():
    base = LabelDesign.factorial((2, 2))
    assert frequencies(annotated(base, 1), (0, 1)) == frequencies(base, (0, 1))
    assert frequencies(annotated(base, 0), (0, 1)) == frequencies(LabelDesign.multi_source((2, 2)), (0, 1))
    three = annotated(LabelDesign.factorial((2, 2, 2)), {(0, 1): "1/2", (2, 1): "1/4", (2,): "1/4"})
    assert {tuple(np.flatnonzero(column >= 0)) for column in three.labels.T} == {(0, 1), (1, 2), (2,)}
    for shares, message in (
        ("1.5", "from 0 to 1"),
        ({(0,): 1}, "task 2 is in no group"),
        ({(0,): "1/2", (1,): "1/3"}, "sum to 1"),
        ({(0,): 2, (1,): -1}, "sum to 1"),
        ({(0, 5): 1}, "expected tasks 1 to 2"),
        ({(): 1}, "group"),
    ):
        with pytest.raises(ValueError, match=message):
            annotated(base, shares)
    with pytest.raises(ValueError, match="no label at all"):
        annotated(LabelDesign.multi_source((2, 2)), "1/2")


@given(st.integers(0, 2**32 - 1), st.sampled_from(["ce", "mse", "sparsemax"]))
def test_soft_noise_is_the_mean_loss_over_observed_labels_up_to_a_constant(seed, loss):
    rng = np.random.default_rng(seed)
    base = independent_with([[2, 1], [1, 1, 1]])
    confusion = [
        [[Fraction(int(n), int(sum(row))) for n in row] for row in rng.integers(1, 9, (k, k))] for k in base.classes
    ]
    soft = UFM(with_label_noise(base, confusion), "0.1", "0.1", loss=loss)

    def mean_loss(logits):
        total = 0.0
        for t, rows in base.blocks():
            phi = soft.loss_function
            for j, (label, share) in enumerate(zip(base.labels[t], base.counts / base.samples, strict=True)):
                for observed, probability in enumerate(confusion[t][label]):
                    y = np.eye(base.classes[t])[:, [observed]]
                    total += share * float(probability) * phi.value(logits[rows, j : j + 1], y)[0]
        return total

    a, b = 2 * rng.standard_normal((2, base.rows, base.cells))
    difference = [(soft.omega * soft.losses(z)).sum() - mean_loss(z) for z in (a, b)]
    assert difference[0] == pytest.approx(difference[1], abs=1e-12)


@given(free_designs(max_cells=6), st.fractions(0, Fraction(2, 5), max_denominator=7))
def test_memorised_noise_is_the_observed_joint_table(base, rate):
    confusion = uniform_noise(base.classes, rate)
    noisy = with_label_noise(base, confusion, memorised=True)
    expected = Counter()
    for labels, share in frequencies(base, range(base.tasks)).items():
        choices = [[-1] if k < 0 else range(n) for k, n in zip(labels, base.classes, strict=True)]
        for observed in product(*choices):
            weight = np.prod(
                [confusion[t][k][o] if k >= 0 else 1 for t, (k, o) in enumerate(zip(labels, observed, strict=True))]
            )
            expected[observed] += share * weight
    assert frequencies(noisy, range(base.tasks)) == Counter({k: v for k, v in expected.items() if v})
    assert with_label_noise(base, uniform_noise(base.classes, 0)).targets == base.targets


def test_noise_on_known_designs():
    factorial = LabelDesign.factorial((3, 2))
    rate = Fraction(1, 10)
    assert with_label_noise(factorial, uniform_noise((3, 2), rate), memorised=True).counts.tolist() == [1] * 6
    # the rate of smoothing that is the same soft target
    assert (
        with_label_noise(factorial, uniform_noise((3, 2), ["1/15", "1/20"])).targets == factorial.smoothed(rate).targets
    )
    pair = with_label_noise(correlated(3, "1/2"), uniform_noise((3, 3), rate), memorised=True)
    assert correlation_of(pair, (0, 1), np.arange(9)) == Fraction(1, 2) * (1 - rate * 3 / 2) ** 2
    for rates in ("2/3", "-0.1", ["0.1", "1/2"]):
        with pytest.raises(ValueError, match="label noise"):
            uniform_noise((3, 2), rates)
    for confusion in ([[[1, 0], [0, 1]]], [[[1, 0], [0, 1]]] * 2, [[[1, 0, 0]] * 3, [["0.5", "0.4"], [0, 1]]]):
        with pytest.raises(ValueError, match="label noise"):
            with_label_noise(factorial, confusion)
    with pytest.raises(ValueError, match="soft targets already"):
        with_label_noise(factorial.smoothed(rate), uniform_noise((3, 2), rate))


def test_soft_labels_sample_by_sample():
    nan = float("nan")
    first = np.array([[1, 0], [0.1, 0.2], [1, 0], [nan, nan]])
    second = np.array([[nan] * 3, [1, 1, 2], [nan] * 3, [0, 0, 5]])
    design, cell_of = soft_labels([first, second])
    assert design.cells == 3
    assert cell_of[0] == cell_of[2]
    np.testing.assert_allclose(design.target_matrix[:2, cell_of[1]], [1 / 3, 2 / 3])
    assert design.targets[1][design.labels[1, cell_of[3]]] == (0, 0, 1)
    assert (design.labels[1, cell_of[0]], design.labels[0, cell_of[3]]) == (-1, -1)
    for bad in ([], [first, second[:2]], [np.array([[1.0, -1.0]])], [np.zeros((1, 2))], [np.full((1, 2), nan)]):
        with pytest.raises(ValueError, match="targets: "):
            soft_labels(bad)
    with pytest.raises(ValueError, match="sample 1 carries no label"):
        soft_labels([np.array([[1, 0], [nan, nan]]), np.array([[1, 0], [nan, nan]])])
