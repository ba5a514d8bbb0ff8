"""The options that state a design: every family as typed, and what cannot go together."""

import json
from fractions import Fraction

import numpy as np
import pytest

from relaxations.design_options import DesignOptions, shares_of_groups
from theory import LabelDesign
from theory.designs import annotated, correlated, exclusive_or, orthogonal_array, pairwise_independent

QUARTER = Fraction(1, 4)


def same(a, b):
    return (
        a.classes == b.classes
        and a.labels.tolist() == b.labels.tolist()
        and a.counts.tolist() == b.counts.tolist()
        and a.targets == b.targets
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"tasks": 2}, LabelDesign.factorial((3, 3))),
        ({"classes": "2,3", "samples_per_cell": "4"}, LabelDesign.factorial((2, 3), 4)),
        ({"classes": "2,3", "scenario": "msmtc", "samples_per_cell": "4,1"}, LabelDesign.multi_source((2, 3), [4, 1])),
        ({"scenario": "xor"}, exclusive_or()),
        ({"scenario": "oa"}, orthogonal_array(3, 4)),
        ({"scenario": "oa", "classes": "5", "tasks": 3}, orthogonal_array(5, 3)),
        ({"correlation": "1/3"}, correlated(3, "1/3")),
        ({"correlation": "0.25", "classes": "2", "tasks": 3, "samples_per_cell": "2"}, correlated(2, "1/4", 3, 2)),
        ({"correlation": "0", "classes": "2,2,2"}, correlated(2, 0, 3)),
        ({"agreement": "5/9"}, correlated(3, "1/3")),
        ({"agreement": "0", "classes": "2"}, correlated(2, -1)),
        ({"agreement": "0.625", "classes": "2", "tasks": 3}, correlated(2, "1/4", 3)),
        (
            {"soft_labels": '{"a": [[3, 1], [1, 3], [1, 3]]}'},
            LabelDesign((2,), np.array([[0, 1]]), [2, 1], (((QUARTER, 3 * QUARTER), (3 * QUARTER, QUARTER)),)),
        ),
        ({"frequencies": "3,1;1,1"}, LabelDesign.from_joint([[3, 3], [1, 1]])),
        ({"joint": "[[3,0],[1,1]]", "tasks": 2, "classes": "2"}, LabelDesign.from_joint([[3, 0], [1, 1]])),
        ({"tasks": 2, "annotated": "0.25"}, annotated(LabelDesign.factorial((3, 3)), "1/4")),
        (
            {"tasks": 2, "annotated": "1+2:1/2,2:1/2"},
            annotated(LabelDesign.factorial((3, 3)), {(0, 1): "1/2", (1,): "1/2"}),
        ),
        ({"tasks": 2, "smoothing": "0.1"}, LabelDesign.factorial((3, 3)).smoothed("1/10")),
        ({"classes": "2,2", "label_noise": "0.05"}, LabelDesign.factorial((2, 2)).smoothed("1/10")),
        (
            {"classes": "2,2", "label_noise": json.dumps([[[0.95, 0.05], [0.05, 0.95]]] * 2)},
            LabelDesign.factorial((2, 2)).smoothed("1/10"),
        ),
    ],
)
def test_every_family_as_typed(options, expected):
    assert same(DesignOptions(**options).build().design, expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"agreement": "1.5"}, "agreement: 1.5; expected a probability"),
        ({"agreement": "-0.1"}, "expected a probability"),
        ({"agreement": "0.2", "tasks": 3}, "agree at least as often as independent ones, 1/3"),
        ({"agreement": "0.5", "correlation": "0.5"}, "agreement: not together with --correlation"),
        ({"soft_labels": '{"a": [[1, 0]]}', "joint": "[[1,2],[3,4]]"}, "soft-labels: not together with --joint"),
        ({"soft_labels": '{"a": [[1, 0]]}', "tasks": 2}, "tasks: 2 tasks; the design has 2"),
    ],
)
def test_agreement_and_soft_labels_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        DesignOptions(**options).build()


def test_agreement_is_the_probability_that_two_tasks_agree():
    design = DesignOptions(agreement="0.3", classes="4").build().design
    agree = design.counts[design.labels[0] == design.labels[1]].sum()
    assert Fraction(int(agree), design.samples) == Fraction(3, 10)


def test_families_combine_with_noise_and_annotation():
    design = (
        DesignOptions(
            frequencies="2,1;1,1,1", label_noise="0.1", smoothing="0.1", annotated="1/2", samples_per_cell="3"
        )
        .build()
        .design
    )
    assert (design.counts % 3 == 0).all()
    assert (design.labels < 0).any()
    assert sum(design.targets[0][0]) == 1
    noisy = DesignOptions(correlation="0.5", classes="2", label_noise="0.1", memorised_noise=True).build().design
    assert not pairwise_independent(noisy)
    assert noisy.targets == LabelDesign.factorial((2, 2)).targets


def test_a_table_of_labels(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("a,b\n0,x\n1,y\n1,x\n")
    named = DesignOptions(design=str(path)).build()
    assert named.task_names == ("a", "b")
    assert DesignOptions(design=str(path), classes="3,2", tasks=2).build().design.classes == (3, 2)
    with pytest.raises(ValueError, match="tasks: 3 tasks; the design has 2,2"):
        DesignOptions(design=str(path), tasks=3).build()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "tasks: how many"),
        ({"scenario": "other", "tasks": 2}, "scenario: 'other' is unknown; expected one of ssmtc, msmtc, xor, oa"),
        ({"correlation": "0.1", "joint": "[[1]]"}, "joint: not together with --correlation"),
        ({"frequencies": "1,1", "scenario": "msmtc"}, "--annotated 0"),
        ({"correlation": "0.1", "classes": "2,3"}, "same number for every task"),
        ({"correlation": "a"}, "correlation: 'a' is no number"),
        ({"correlation": "-0.6"}, "expected -1/2 to 1"),
        ({"correlation": "0.123456789", "tasks": 8, "classes": "10"}, "entries"),
        ({"scenario": "xor", "tasks": 2}, "tasks: 2 tasks; the design has 2,2,2"),
        ({"scenario": "oa", "classes": "6"}, "expected a prime"),
        ({"frequencies": "1,1;a"}, "frequencies: 'a'"),
        ({"frequencies": "3,1", "classes": "3"}, "classes: 3; the design has 2"),
        ({"tasks": 2, "annotated": "2"}, "annotated: 2; expected a fraction"),
        ({"tasks": 2, "annotated": "1+3:1"}, "expected tasks 1 to 2"),
        ({"tasks": 2, "annotated": "1:1/2,1:1/2"}, "occurs twice"),
        ({"tasks": 2, "annotated": "x:1/2"}, "expected groups like"),
        ({"tasks": 2, "memorised_noise": True}, "give --label-noise"),
        ({"tasks": 2, "label_noise": "0.7"}, "label noise: 0.7; expected"),
        ({"tasks": 2, "label_noise": "[1]"}, "expected a list of matrices"),
        ({"tasks": 2, "label_noise": "none.json"}, "cannot be read"),
        ({"tasks": 2, "label_noise": "0.1", "scenario": "msmtc", "samples_per_cell": "1,2,3"}, "repetitions"),
        ({"tasks": 2, "samples_per_cell": "1,2"}, "one number"),
        ({"tasks": 2, "samples_per_cell": "0"}, "repetitions"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        DesignOptions(**options).build()


def test_shares_of_groups():
    assert shares_of_groups("1/4") == Fraction(1, 4)
    assert shares_of_groups("2+1:0.5, 3:1/2") == {(0, 1): Fraction(1, 2), (2,): Fraction(1, 2)}
