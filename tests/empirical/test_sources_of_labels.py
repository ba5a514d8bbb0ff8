"""Sets by their labels: stated designs, splits, crossings, labels left out, numbered samples, erased places."""

import numpy as np
import pytest
import torch

from empirical.sources import canvases, relabelled, samples, scikit_digits
from empirical.sources.labelled import LabelledImages
from empirical.sources.stated import design_of
from theory.labels import MISSING, LabelDesign


def ten():
    labels = np.repeat(np.arange(10), 4)[:, None]
    return LabelledImages(torch.rand(40, 1, 2, 2), labels, (10,), "ten")


def test_the_small_digits_are_real():
    found = scikit_digits.load()
    assert found.images.shape == (1797, 1, 8, 8)
    assert (found.images.min(), found.images.max()) == (0, 1)
    assert np.bincount(found.labels[:, 0]).min() == 174
    # a zero has a hole in the middle, a one has none
    mean = [found.images[found.labels[:, 0] == k].mean(dim=0)[0, 3:5, 3:5].mean() for k in (0, 1)]
    assert mean[0] < 0.2 < 0.7 < mean[1]


def test_canvases_of_a_joint_table_and_of_missing_labels():
    table = [[3, 1], [0, 2]]
    found = canvases.of_design(scikit_digits.load(), design_of({"joint": table}), seed=0, side=16)
    assert found.classes == (2, 2)
    assert [[int((found.labels == (i, j)).all(axis=1).sum()) for j in range(2)] for i in range(2)] == table
    design = design_of({"partial": [2, 3], "repetitions": 2, "alone": 4})
    mixed = canvases.of_design(scikit_digits.load(), design, seed=0, side=16)
    assert mixed.design()[0].samples == 2 * 6 + 4 * 5
    left, right = mixed.images[:, 0, :8, :8].amax(dim=(1, 2)), mixed.images[:, 0, 8:, 8:].amax(dim=(1, 2))
    assert ((left > 0).numpy() == (mixed.labels[:, 0] != MISSING)).all()
    assert ((right > 0).numpy() == (mixed.labels[:, 1] != MISSING)).all()
    three = canvases.of_design(scikit_digits.load(), LabelDesign.factorial((2, 3, 2)), seed=1, side=16)
    assert (len(three), three.classes) == (12, (2, 3, 2))
    with pytest.raises(ValueError, match="has 10"):
        canvases.of_design(scikit_digits.load(), LabelDesign.factorial((2, 11)), seed=0, side=16)


def test_erasing_all_but_one_place():
    images = torch.arange(1, 17, dtype=torch.float32).reshape(1, 1, 4, 4)
    assert canvases.only(images, 0, 2)[0, 0].tolist() == [[1, 2, 0, 0], [5, 6, 0, 0], [0] * 4, [0] * 4]
    assert canvases.only(images, 1, 2)[0, 0, 2:, 2:].tolist() == [[11, 12], [15, 16]]
    assert images.min() == 1  # the argument is left alone
    with pytest.raises(ValueError, match="overlap"):
        canvases.only(images, 0, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "exactly one"),
        ({"joint": [[1]], "factorial": [2, 2]}, "exactly one"),
        ({"joint": [[1, 2], [2, 1]], "repetitions": 2}, "repetitions"),
        ({"factorial": [2, 2], "alone": 2}, "alone"),
    ],
)
def test_designs_that_are_not_stated_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        design_of(options)


def test_designs_that_are():
    assert design_of({"factorial": [2, 3], "repetitions": 2}).samples == 12
    assert design_of({"multi_source": [2, 3], "repetitions": 2}).scenario == "msmtc"
    assert design_of({"joint": [[1, 2], [2, 1]]}).counts.tolist() == [1, 2, 2, 1]


def test_numbered_samples():
    design = LabelDesign.multi_source((2, 3), 2)
    found = samples.of_design(design)
    assert found.images.flatten().tolist() == list(range(10))
    again, cell_of = found.design()
    assert sorted(again.counts.tolist()) == [2] * 5
    assert len(cell_of) == 10
    with pytest.raises(ValueError, match="at most"):
        samples.of_design(LabelDesign.factorial((2,), 2**24))


def test_split():
    found = relabelled.split(ten(), 5)
    assert found.classes == (2,) * 5
    assert found.design()[0].scenario == "msmtc"
    assert found.labels[4 * 7].tolist() == [MISSING, MISSING, MISSING, 1, MISSING]  # class 7 is the second of task 3
    for tasks in (3, 10, 0):
        with pytest.raises(ValueError, match="tasks"):
            relabelled.split(ten(), tasks)


def test_cross():
    found = relabelled.cross(ten(), (5, 2))
    assert found.design()[0].scenario == "ssmtc"
    assert found.labels[4 * 7].tolist() == [3, 1]
    assert (found.design()[0].counts == 4).all()
    for classes in ((5, 3), (10, 1), (10,) * 2):
        with pytest.raises(ValueError, match="classes"):
            relabelled.cross(ten(), classes)


def test_partial():
    whole = relabelled.cross(ten(), (5, 2))
    found = relabelled.partial(whole, 0.5, seed=0)
    carried = found.labels != MISSING
    assert (carried.sum(axis=1) == 2).sum() == 20
    assert (carried.sum(axis=1) == 1).sum() == 20
    assert carried.sum(axis=0).tolist() == [30, 30]  # taken in turn
    assert ((found.labels == whole.labels) | ~carried).all()
    assert (relabelled.partial(whole, 1.0, seed=0).labels == whole.labels).all()
    assert relabelled.partial(whole, 0.0, seed=0).design()[0].scenario == "msmtc"
    assert (relabelled.partial(whole, 0.5, seed=1).labels != found.labels).any()
    with pytest.raises(ValueError, match="share"):
        relabelled.partial(whole, 1.5, seed=0)
    for maker in (lambda: relabelled.partial(found, 0.5, 0), lambda: relabelled.cross(whole, (5, 2))):
        with pytest.raises(ValueError, match="source"):
            maker()


def test_imbalanced_and_partly_annotated_designs():
    design = design_of({"frequencies": [[3, 1], [1, 1]], "repetitions": 2})
    assert design.samples == 16
    marginals = [np.bincount(labels, weights=design.counts).tolist() for labels in design.labels]
    assert marginals == [[12, 4], [8, 8]]
    chain = design_of({"factorial": [2, 2, 2], "groups": {"1+2": "1/2", "2+3": "1/2"}, "times": 3})
    assert chain.labelled.any(axis=1).all()
    together = chain.labelled[:, chain.labelled[1]].astype(int)
    assert (together.sum(axis=0) == 2).all()
    assert chain.samples == 3 * 8  # four pairs of labels in either group, three times
    with pytest.raises(ValueError, match="joined by"):
        design_of({"factorial": [2, 2], "groups": {"one": "1"}})
    with pytest.raises(ValueError, match="sum to 1"):
        design_of({"factorial": [2, 2], "groups": {"1": "1/3", "2": "1/3"}})
