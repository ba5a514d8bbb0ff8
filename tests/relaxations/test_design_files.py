"""Designs from files: what is read is what was written, and a bad row is named by its line."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import free_designs

from relaxations.design_files import read_joint, read_json, read_label_table, read_soft_labels
from theory.designs import soft_labels


def write(tmp_path, text, name="labels.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_names_indices_missing_labels_and_counts(tmp_path):
    path = write(tmp_path, "\ufeffcolour, shape ,count\r\nred,0,3\r\nblue,,1\r\nblue,1.0,2\r\n\r\nred,0.,1\r\n,1,2\r\n")
    named = read_label_table(path)
    assert named.design.classes == (2, 2)
    cells = {tuple(c): n for c, n in zip(named.design.labels.T.tolist(), named.design.counts.tolist(), strict=True)}
    # blue = 0, red = 1
    assert cells == {(1, 0): 4, (0, -1): 1, (0, 1): 2, (-1, 1): 2}
    data = named.to_dict()
    assert data["task_names"] == ["colour", "shape"]
    assert data["class_names"] == [["blue", "red"], None]
    assert (data["cells"], data["samples"]) == (4, 9)
    assert (data["labelled"], data["missing"]) == ([7, 8], [2, 1])


@given(free_designs(max_cells=6), st.randoms(use_true_random=False))
def test_a_table_round_trips_whatever_its_order(tmp_path_factory, design, random):
    rows = [
        ",".join("" if k < 0 else str(k) for k in column)
        for column, n in zip(design.labels.T.tolist(), design.counts.tolist(), strict=True)
        if max(column) >= 0
        for _ in range(n)
    ]
    random.shuffle(rows)
    header = ",".join(f"t{t}" for t in range(design.tasks))
    path = write(tmp_path_factory.mktemp("tables"), "\n".join([header, *rows]))
    if design.tasks == 1 and "" in rows:
        return
    read = read_label_table(path).design
    assert read.classes == design.classes
    once = {}
    for column, n in zip(design.labels.T.tolist(), design.counts.tolist(), strict=True):
        if max(column) >= 0:
            once[tuple(column)] = once.get(tuple(column), 0) + n
    assert {tuple(c): n for c, n in zip(read.labels.T.tolist(), read.counts.tolist(), strict=True)} == once


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no header"),
        ("a,b\n", "no row of labels"),
        ("0,1\n1,0\n", "line 1: '0, 1' is no header"),
        ("a,,b\n", "line 1: 'a, , b' is no header"),
        ("a,a\n0,1\n", "line 1: two columns are named 'a'"),
        ("count\n3\n", "line 1: no column of labels"),
        ("a,b\n0,1\n0\n", "line 3: 1 fields; expected 2"),
        ("a,b\n0,1\n1,0\n0,-1\n", "line 4: class -1 of task 'b'"),
        ("a,count\n0,1\n1,0\n", "line 3: count '0'"),
        ("a,count\n0,1\n1,1.5\n", "line 3: count '1.5'"),
        ("a,b,count\n0,1,1\n,,2\n", "line 3: no label at all"),
        ('a,b\n0,"1\n', "line 2: unexpected end"),
        ("a,b\n0,\n1,\n", "task 'b' labels no sample"),
        ("a\n1\n2\n3\n", "no sample of class 0; number classes from 0"),
        ("a\n0\n0\n", "a single class"),
        ("a\nx\nx\n", r"has 1 class \(x\)"),
        (b"a,b\n\xff,1\n", "is not UTF-8 text"),
    ],
)
def test_what_does_not_fit_is_refused_where_it_stands(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_label_table(write(tmp_path, text))


def test_stated_classes(tmp_path):
    path = write(tmp_path, "a;b\n0;x\n1;y\n")
    assert read_label_table(path, (4, 2)).design.classes == (4, 2)
    for classes, message in (((1, 2), "line 3: class 1"), ((2, 3), "has 2 classes"), ((2,), "has 2 tasks")):
        with pytest.raises(ValueError, match=message):
            read_label_table(path, classes)


def test_joint_tables(tmp_path):
    table = [[[1, 0], [2, 3]], [[0, 4], [1, 1]]]
    for source in (json.dumps(table), str(write(tmp_path, json.dumps(table), "joint.json"))):
        design = read_joint(source)
        assert design.classes == (2, 2, 2)
        got = np.zeros((2, 2, 2), dtype=int)
        got[tuple(design.labels)] = design.counts
        assert got.tolist() == table
    for bad in ("[[1,2],[3]]", "[[1,2.0]]", "[[1,-2]]", "[]", "{}", "[[1,true]]", "[NaN]", "[" * 10**5, "nowhere.json"):
        with pytest.raises(ValueError, match="joint: "):
            read_joint(bad)
    assert read_json("[0.1, 2]", "x") == ["0.1", 2]


# --------------------------------------------------------------------------- soft labels

SOFT = {"colour": [[0.9, 0.1], [0.5, 0.5], None, [9, 1]], "shape": [["1/3", "1/3", "1/3"], None, [0, 1, 0], [2, 2, 2]]}


def test_soft_labels_are_exact_and_equal_rows_are_one_cell(tmp_path):
    named = read_soft_labels(json.dumps({**SOFT, "count": [3, 1, 1, 2]}))
    design = named.design
    assert named.task_names == ("colour", "shape")
    assert design.classes == (2, 3)
    # the first and the last sample are the same, however they are written
    assert sorted(design.counts.tolist()) == [1, 1, 5]
    assert design.samples == 7
    together = int(np.flatnonzero(design.counts == 5)[0])
    assert design.targets[0][design.labels[0, together]] == (Fraction(9, 10), Fraction(1, 10))
    assert design.targets[1][design.labels[1, together]] == (Fraction(1, 3),) * 3
    assert design.labelled.sum(axis=1).tolist() == [2, 2]
    path = tmp_path / "soft.json"
    path.write_text(json.dumps(SOFT))
    assert read_soft_labels(str(path)).design.samples == 4


def test_soft_labels_are_those_of_the_constructor():
    arrays = [
        np.array([[0.9, 0.1], [0.5, 0.5], [np.nan] * 2]),
        np.array([[0.25, 0.25, 0.5], [np.nan] * 3, [0, 1.0, 0]]),
    ]
    stated = [[None if np.isnan(row).any() else row.tolist() for row in a] for a in arrays]
    read = read_soft_labels(json.dumps({"a": stated[0], "b": stated[1]})).design
    made, _ = soft_labels(arrays)
    np.testing.assert_allclose(read.target_matrix, made.target_matrix, atol=1e-15)
    assert read.counts.tolist() == made.counts.tolist()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "expected an object"),
        ({}, "expected an object"),
        ({"count": [1]}, "expected an object"),
        ({"a": []}, "a list of rows"),
        ({"a": [[1, 2]], "b": [[1, 2], [1, 2]]}, "different lengths"),
        ({"a": [[1, 2]], "count": [1, 2]}, "different lengths"),
        ({"a": [[1, 2]], "count": [0]}, "count"),
        ({"a": [[1, 2]], "count": [1.5]}, "count"),
        ({"a": [[1, 2], [1, 2, 3]]}, "rows of different lengths"),
        ({"a": [[1]]}, "task 'a', sample 0"),
        ({"a": [[1, 1], "x"]}, "task 'a', sample 1"),
        ({"a": [[1, -1]]}, "non-negative"),
        ({"a": [[0, 0]]}, "not all 0"),
        ({"a": [[1, "x"]]}, "task 'a', sample 0"),
        ({"a": [[1, None]]}, "task 'a', sample 0"),
        ({"a": [None], "b": [[1, 1]]}, "labels no sample"),
        ({"a": [None, [1, 1]], "b": [None, [1, 1]]}, "sample 0 carries no label"),
    ],
)
def test_soft_labels_that_do_not_fit(data, message):
    with pytest.raises((ValueError, TypeError), match=message):
        read_soft_labels(json.dumps(data))
