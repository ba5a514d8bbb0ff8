import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from strategies import class_numbers, free_designs

from theory import LabelDesign
from theory.labels import one_hot


@given(class_numbers(max_cells=60), st.integers(1, 3))
def test_factorial_has_every_tuple_equally_often(classes, repetitions):
    design = LabelDesign.factorial(classes, repetitions)
    assert [tuple(c) for c in design.labels.T] == list(itertools.product(*map(range, classes)))
    assert set(design.counts.tolist()) == {repetitions}
    assert design.samples == repetitions * int(np.prod(classes))


@given(class_numbers(max_cells=60))
def test_multi_source_labels_each_sample_once(classes):
    repetitions = list(range(1, len(classes) + 1))
    design = LabelDesign.multi_source(classes, repetitions)
    assert (design.labelled.sum(axis=0) == 1).all()
    assert design.task_masses == tuple(n * k for n, k in zip(repetitions, classes, strict=True))
    assert len(design.components()) == len(classes)


def test_from_labels_counts_cells_and_says_where_each_sample_went():
    labels = np.array([[0, 1], [0, -1], [0, 1], [1, 0]])
    design, cell_of = LabelDesign.from_labels(labels)
    assert (design.labels[:, cell_of].T == labels).all()
    assert design.counts[cell_of].tolist() == [2, 1, 2, 1]
    assert design.task_masses == (4, 3)
    apart, order = LabelDesign.from_labels(labels, merge=False)
    assert apart.cells == 4
    assert order.tolist() == [0, 1, 2, 3]


def test_from_joint_keeps_the_table():
    table = np.array([[2, 0, 1], [3, 4, 0]])
    design = LabelDesign.from_joint(table)
    again = np.zeros_like(table)
    again[tuple(design.labels)] = design.counts
    assert (again == table).all()


@given(free_designs())
def test_components_are_those_of_the_graph_of_tasks_and_cells(design):
    t, j = design.labelled.nonzero()
    size = design.tasks + design.cells
    graph = csr_array((np.ones(len(t)), (t, design.tasks + j)), shape=(size, size))
    group = connected_components(graph, directed=False)[1]
    expected = {tuple(np.flatnonzero(group[: design.tasks] == g)) for g in group[: design.tasks]}
    found = design.components()
    assert {tasks for tasks, _ in found} == expected
    for tasks, cells in found:
        assert (group[design.tasks + cells] == group[tasks[0]]).all()


def test_smoothing_mixes_with_the_uniform_target():
    design = LabelDesign.factorial((2, 3)).smoothed("0.3")
    assert design.targets[1][0] == (Fraction(4, 5), Fraction(1, 10), Fraction(1, 10))
    assert design.target_matrix.sum(axis=0) == pytest.approx(2 * np.ones(6))


def test_sample_weights_shift_mass_and_zero_means_unlabelled():
    design = LabelDesign((2,), [[0, 1, 1]], [2, 1, 1], sample_weights=[[1, 3, 0]])
    assert design.masses.tolist() == [[2, 3, 0]]
    assert design.labelled.tolist() == [[True, True, False]]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: LabelDesign.factorial(()), "no task"),
        (lambda: LabelDesign.factorial((1, 3)), "at least 2 classes"),
        (lambda: LabelDesign.factorial((10,) * 9), "cells; expected at most"),
        (lambda: LabelDesign.factorial((3,), 0), "repetitions: 0"),
        (lambda: LabelDesign((2,), [[0, 2]], [1, 1]), "expected 0 to 1"),
        (lambda: LabelDesign((2,), [[0, 1]], [1, 0]), "at least 1"),
        (lambda: LabelDesign((2,), [[0, 1]], [1]), "expected one a cell"),
        (lambda: LabelDesign((2, 2), [[0, 1]], [1, 1]), "expected \\(2 tasks"),
        (lambda: LabelDesign((2, 2), [[0, 1], [-1, -1]], [1, 1]), "labels no sample"),
        (lambda: LabelDesign((2,), [[0]], [1], (one_hot(3),)), "has 3 entries"),
        (lambda: LabelDesign((2,), [[0]], [1], (((Fraction(1, 2), Fraction(1, 3)),),)), "no probability vector"),
        (lambda: LabelDesign.from_labels([[0, 1], [-1, -1]]), "carries no label"),
        (lambda: LabelDesign.from_labels(np.zeros((0, 2), int)), "at least one of each"),
        (lambda: LabelDesign.from_labels([[0.5]]), "whole numbers"),
        (lambda: LabelDesign.from_labels([[float("nan")]]), "whole numbers"),
        (lambda: LabelDesign.from_joint([[0, 0]]), "not all zero"),
        (lambda: LabelDesign.factorial((2,)).smoothed(1), "0 <= smoothing < 1"),
        (lambda: LabelDesign.multi_source((2, 3), (1,)), "1 numbers for 2 tasks"),
    ],
)
def test_bad_designs_are_refused_with_the_reason(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("labels", ["abc", [["a"]], [[True]]])
def test_labels_that_are_no_numbers_are_refused(labels):
    with pytest.raises(TypeError, match="whole numbers"):
        LabelDesign.from_labels(labels)


def test_sample_weights_that_would_overflow_are_refused():
    with pytest.raises(ValueError, match="scale them down"):
        LabelDesign((2,), [[0, 1]], [2**40, 1], sample_weights=[[2**40, 1]])
