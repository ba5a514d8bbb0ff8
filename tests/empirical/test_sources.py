"""Sources: exact designs, the right pixels in the right places, repeatable draws."""

import numpy as np
import pytest
import torch

from empirical.sources import canvases, mnist_digits
from empirical.sources.labelled import LabelledImages
from theory.labels import LabelDesign


def striped(classes=3, each=4, side=5):
    """Image i of class k has the grey value (1 + k·each + i)/100 everywhere: pixels tell class and image."""
    values = torch.arange(1, classes * each + 1, dtype=torch.float32) / 100
    images = values[:, None, None, None].expand(-1, 1, side, side).clone()
    return LabelledImages(images, np.repeat(np.arange(classes), each)[:, None], (classes,), "striped")


def test_digits_are_real_and_labelled():
    digits = mnist_digits.load()
    assert digits.images.shape == (5000, 1, 28, 28)
    assert (np.bincount(digits.labels[:, 0]) == 500).all()
    assert digits.images.min() == 0
    assert digits.images.max() == 1
    # labels belong to images: nearest class mean, fitted on one half, is right on most of the other
    X, y = digits.images.flatten(1).numpy(), digits.labels[:, 0]
    means = np.stack([X[::2][y[::2] == k].mean(axis=0) for k in range(10)])
    nearest = ((means**2).sum(axis=1) - 2 * X[1::2] @ means.T).argmin(axis=1)
    assert (nearest == y[1::2]).mean() > 0.75


@pytest.mark.parametrize(("tasks", "repetitions"), [(1, 3), (2, 2), (3, 1), (4, 1)])
def test_joint_canvases_are_an_exact_factorial_design(tasks, repetitions):
    data = canvases.joint(striped(), tasks, repetitions, seed=0, side=10)
    design, cell_of = data.design()
    expected = LabelDesign.factorial((3,) * tasks, repetitions)
    assert design.scenario == "ssmtc"
    assert (design.labels == expected.labels).all()
    assert (design.counts == expected.counts).all()
    assert (design.labels[:, cell_of] == data.labels.T).all()


def test_every_place_shows_an_image_of_its_label():
    data = canvases.joint(striped(), 4, 1, seed=3, side=10)
    corners = [(0, 0), (5, 5), (0, 5), (5, 0)]
    for t, (top, left) in enumerate(corners):
        window = data.images[:, 0, top : top + 5, left : left + 5]
        assert torch.equal(window, window[:, :1, :1].expand_as(window))
        shown = (window[:, 0, 0].numpy() * 100).round().astype(int) - 1
        assert (shown // 4 == data.labels[:, t]).all()


def test_overlapping_pixels_are_the_brighter_ones():
    data = canvases.joint(striped(), 2, 1, seed=0, side=7)
    images = data.images[:, 0]
    top_left, bottom_right = images[:, 0, 0], images[:, 6, 6]
    assert torch.equal(images[:, 3, 3], torch.maximum(top_left, bottom_right))
    assert (images[:, 0, 6] == 0).all()


def test_separate_canvases_show_only_the_labelled_place():
    data = canvases.separate(striped(), 2, 4, seed=0, side=10)
    design, _ = data.design()
    assert design.scenario == "msmtc"
    assert len(data) == 2 * 3 * 4
    assert ((data.labels >= 0).sum(axis=1) == 1).all()
    assert sorted(map(tuple, design.labels.T.tolist())) == sorted(
        [(k, -1) for k in range(3)] + [(-1, k) for k in range(3)]
    )
    assert (design.counts == 4).all()
    for image, labels in zip(data.images[:, 0], data.labels, strict=True):
        assert bool(image[0, 0] > 0) == (labels[0] >= 0)
        assert bool(image[9, 9] > 0) == (labels[1] >= 0)


def test_draws_repeat_with_the_seed_and_only_with_it():
    one, again, other = (canvases.joint(striped(), 2, 2, seed=s, side=10) for s in (1, 1, 2))
    assert torch.equal(one.images, again.images)
    assert not torch.equal(one.images, other.images)


def test_no_image_comes_twice_before_all_have_come_once():
    data = canvases.joint(striped(classes=2, each=4), 2, 3, seed=0, side=10)  # six wanted of four, at each place
    for row in (0, 9):
        shown = (data.images[:, 0, row, row].numpy() * 100).round().astype(int)
        times = np.bincount(shown, minlength=9)[1:]
        assert times.sum() == 12
        assert set(times) == {1, 2}


def test_partial_labels_are_named_so():
    labels = np.array([[0, 1], [1, -1], [-1, 0], [1, 1]])
    design, _ = LabelledImages(torch.zeros(4, 1, 2, 2), labels, (2, 2), "partial").design()
    assert design.scenario == "labels"


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (torch.zeros(2, 3, 3), [[0], [1]], "images"),
        (torch.zeros(2, 1, 3, 3, dtype=torch.float64), [[0], [1]], "float32"),
        (torch.zeros(2, 1, 3, 3), [[0], [1], [1]], "labels"),
        (torch.zeros(2, 1, 3, 3), [[0], [2]], "expected 0 to 1"),
        (torch.zeros(2, 1, 3, 3), [[0], [-2]], "from -2"),
        (torch.zeros(2, 1, 3, 3), [[0.0], [1.0]], "integers"),
    ],
)
def test_misfits_are_refused(images, labels, message):
    with pytest.raises(ValueError, match=message):
        LabelledImages(images, np.array(labels), (2,), "bad")


def test_canvases_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="4 places"):
        canvases.joint(striped(classes=2), 5, 1, seed=0)
    with pytest.raises(ValueError, match="side: 4"):
        canvases.joint(striped(), 2, 1, seed=0, side=4)
    with pytest.raises(ValueError, match="one task"):
        canvases.joint(canvases.joint(striped(), 2, 1, seed=0, side=10), 2, 1, seed=0)
