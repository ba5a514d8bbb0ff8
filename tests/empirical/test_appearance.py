"""Digit, colour and orientation: every pixel by hand, any design, and what is refused."""

import itertools

import numpy as np
import pytest
import torch

from empirical.presets import PRESETS
from empirical.sources import appearance
from empirical.sources.labelled import LabelledImages
from theory import LabelDesign


def source(channels=1, side=2, per_class=2, classes=3):
    """Image i of class k holds different numbers at every pixel."""
    n = classes * per_class
    images = torch.arange(1.0, n * channels * side**2 + 1).reshape(n, channels, side, side) / (n * channels * side**2)
    return LabelledImages(images, np.repeat(np.arange(classes), per_class)[:, None], (classes,), "numbers")


@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_is_its_source_tinted_and_turned(channels):
    pool = source(channels)
    found = appearance.of_design(pool, LabelDesign.factorial((3, 8, 4), 2), seed=0)
    assert found.classes == (3, 8, 4)
    assert found.images.shape == (192, 3, 2, 2)
    for image, (what, colour, turns) in zip(found.images, found.labels, strict=True):
        tint = torch.tensor([(1 + 3 * c) / 4 for c in appearance.TINTS[colour]])[:, None, None]
        back = torch.rot90(image, -int(turns), (1, 2)) / tint
        candidates = pool.images[pool.labels[:, 0] == what].expand(-1, 3, -1, -1)
        assert (candidates - back).abs().amax(dim=(1, 2, 3)).min() < 1e-6
    # the labels are those of the design, and images change from seed to seed alone
    design, _ = found.design()
    assert design.classes == (3, 8, 4)
    assert set(design.counts.tolist()) == {2}
    again = appearance.of_design(pool, LabelDesign.factorial((3, 8, 4), 2), seed=0)
    other = appearance.of_design(pool, LabelDesign.factorial((3, 8, 4), 2), seed=1)
    assert torch.equal(found.images, again.images)
    assert not torch.equal(found.images, other.images)


def test_images_of_a_class_take_turns():
    pool = source(per_class=4)
    found = appearance.of_design(pool, LabelDesign.factorial((3, 2), 2), seed=3)
    tints = (1 + 3 * torch.tensor(appearance.TINTS)) / 4
    plain = found.images / tints[found.labels[:, 1]][:, :, None, None]
    for k in range(3):
        shown = plain[found.labels[:, 0] == k][:, 0].flatten(1)
        assert len({tuple(row) for row in shown.mul(1e4).round().tolist()}) == 4  # 4 canvases, 4 images


def decoded(pool, image):
    """(class, colour, turns) of which an image is made, by trying all."""
    fits = []
    for index, colour, turns in itertools.product(range(len(pool)), range(8), range(4)):
        tint = torch.tensor([(1 + 3 * c) / 4 for c in appearance.TINTS[colour]])[:, None, None]
        if torch.allclose(torch.rot90(pool.images[index] * tint, turns, (1, 2)), image, atol=1e-7):
            fits.append((int(pool.labels[index, 0]), colour, turns))
    (fit,) = fits
    return fit


def test_missing_labels_are_drawn():
    pool = source()
    found = appearance.of_design(pool, LabelDesign.multi_source((3, 8, 4), 6), seed=0)
    assert ((found.labels >= 0).sum(axis=1) == 1).all()
    shown = np.array([decoded(pool, image) for image in found.images])
    for t, k in enumerate(found.classes):
        labelled = found.labels[:, t] >= 0
        assert (shown[labelled, t] == found.labels[labelled, t]).all()
        assert len(np.unique(shown[~labelled, t])) == k  # not one of them all the time


@pytest.mark.parametrize(
    ("pool", "classes", "message"),
    [
        (source(), (3,), "two or three"),
        (source(), (3, 8, 4, 2), "two or three"),
        (source(), (4, 2), "two or three of up to"),
        (source(), (3, 9), "two or three of up to"),
        (source(), (3, 2, 5), "two or three of up to"),
        (source(channels=2), (3, 2), "grey or of three"),
        (
            LabelledImages(torch.rand(3, 1, 2, 4), np.arange(3)[:, None], (3,), "wide"),
            (3, 2),
            "square",
        ),
        (LabelledImages(torch.rand(3, 1, 2, 2), np.zeros((3, 2), int), (3, 2), "two"), (3, 2), "one"),
    ],
)
def test_what_is_refused(pool, classes, message):
    with pytest.raises(ValueError, match=message):
        appearance.of_design(pool, LabelDesign.factorial(classes, 1), seed=0)


def test_the_preset_has_three_unequal_tasks():
    data = PRESETS["appearance"].images()
    assert data.classes == (10, 5, 4)
    assert data.images.shape == (600, 3, 28, 28)
    assert 0 <= data.images.min() <= data.images.max() <= 1
    assert data.design()[0].scenario == "ssmtc"
