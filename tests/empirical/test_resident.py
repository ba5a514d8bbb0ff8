"""Canvases composed on the device, and the moves of an augmentation, against plain loops."""

import numpy as np
import pytest
import torch

from empirical.augmentation import Augmentation, moved
from empirical.networks import MultiTaskNetwork, mlp
from empirical.resident import REFERENCE, Canvases, batch, check, reference
from empirical.sources import canvases, strips
from empirical.sources.labelled import LabelledImages
from empirical.training import Optimisation, Trainer
from theory import LabelDesign

POOL = torch.randint(1, 256, (7, 3, 4, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
CHOSEN = torch.tensor([[0, 1], [2, -1], [6, 6], [-1, 3]])


def composed(i):
    out = np.zeros((3, 4, 10), dtype=np.float32)
    for t, image in enumerate(CHOSEN[i].tolist()):
        if image >= 0:
            out[:, :, 5 * t : 5 * t + 5] = POOL[image].numpy().astype(np.float32) / np.float32(255)
    return out


def slowly_moved(image, down, across, mirrored):
    height, width = image.shape[1:]
    out = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            row, column = y + down, (width - 1 - x if mirrored else x) + across
            if 0 <= row < height and 0 <= column < width:
                out[:, y, x] = image[:, row, column]
    return out


@pytest.mark.parametrize("index", [torch.tensor([3, 0, 0]), slice(1, 4), torch.tensor([True, False, True, True])])
def test_batches_are_the_canvases_of_their_images(index):
    numbers = torch.arange(4)[index].tolist()
    found = Canvases(POOL, CHOSEN)[index]
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.numpy(), np.stack([composed(i) for i in numbers]))
    twice = Canvases(POOL, CHOSEN).to(torch.device("cpu"), torch.float64)[index]
    assert twice.dtype == torch.float64
    np.testing.assert_allclose(twice.numpy(), found.numpy(), atol=1e-7)


def test_moves_are_those_of_a_plain_loop():
    augmentation = Augmentation(shift=2, flip=True)
    moves = augmentation.draw(50, 2, torch.Generator().manual_seed(0))
    assert moves.shape == (50, 2, 3)
    assert set(moves[..., :2].flatten().tolist()) == {-2, -1, 0, 1, 2}
    assert set(moves[..., 2].flatten().tolist()) == {0, 1}
    images = POOL[torch.arange(50) % 7]
    expected = [slowly_moved(image.numpy(), *move.tolist()) for image, move in zip(images, moves[:, 0], strict=True)]
    np.testing.assert_array_equal(moved(images, moves[:, 0]).numpy(), np.stack(expected))
    # each image of a canvas moves within its own place
    canvas = Canvases(POOL, CHOSEN, mirrors=True)
    found = batch(canvas, torch.tensor([0, 2]), moves[:2]).numpy()
    for b, i in enumerate((0, 2)):
        whole = composed(i)
        halves = [slowly_moved(whole[:, :, 5 * t : 5 * t + 5], *moves[b, t].tolist()) for t in range(2)]
        np.testing.assert_array_equal(found[b], np.concatenate(halves, axis=2))


def test_what_does_not_keep_the_labels_is_refused():
    with pytest.raises(ValueError, match="mirror image does not keep"):
        check(Augmentation(flip=True), Canvases(POOL, CHOSEN))
    with pytest.raises(ValueError, match="mirror image does not keep"):
        check(Augmentation(flip=True), torch.zeros(3, 1, 4, 4))
    check(Augmentation(flip=True), Canvases(POOL, CHOSEN, mirrors=True))
    with pytest.raises(ValueError, match="leaves nothing"):
        check(Augmentation(shift=4), Canvases(POOL, CHOSEN))
    for wrong in ({}, {"shift": -1}, {"shift": 1, "until": 0.0}):
        with pytest.raises(ValueError, match="augmentation"):
            Augmentation(**wrong)
    with pytest.raises(ValueError, match="chosen"):
        Canvases(POOL, CHOSEN + 1)
    with pytest.raises(ValueError, match="pool"):
        Canvases(POOL.float(), CHOSEN)
    with pytest.raises(ValueError, match="chosen"):
        Canvases(POOL, CHOSEN.int())


def test_a_large_set_is_looked_at_in_part():
    large = Canvases(POOL, CHOSEN.repeat(REFERENCE, 1))
    assert len(reference(large)) == REFERENCE
    assert reference(torch.zeros(9, 1, 2, 2)).shape[0] == 9


def single(count=60):
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (count, 1, 6, 6), generator=generator).float() / 255
    return LabelledImages(images, (np.arange(count) % 3)[:, None], (3,), "noise")


def test_strips_carry_the_labels_of_their_design():
    source, design = single(), LabelDesign.factorial((3, 2), 4)
    data = strips.of_design(source, design, seed=5, mirrors=False)
    assert data.images.shape == (24, 1, 6, 12)
    found, _ = data.design()
    assert found == design or (found.labels == design.labels).all()
    lookup = {image.numpy().tobytes(): label for image, label in zip(source.images, source.labels[:, 0], strict=True)}
    for t in range(2):
        halves = data.images[:][:, :, :, 6 * t : 6 * t + 6]
        # what lies at a place is, to the last bit, an image of the class
        assert [lookup[half.contiguous().numpy().tobytes()] for half in halves] == data.labels[:, t].tolist()
    again = strips.of_design(source, design, seed=5, mirrors=False)
    other = strips.of_design(source, design, seed=6, mirrors=False)
    assert torch.equal(again.images[:], data.images[:])
    assert not torch.equal(other.images[:], data.images[:])
    missing = strips.of_design(source, LabelDesign.multi_source((3, 2), 1), seed=0, mirrors=False).images[:]
    assert missing[0, :, :, 6:].abs().max() == 0
    with pytest.raises(ValueError, match="classes"):
        strips.of_design(source, LabelDesign.factorial((4, 2)), seed=0, mirrors=False)
    # the same drawing as for canvases of the other kind, which are stored whole
    stored = canvases.of_design(source, design, seed=5, side=12)
    assert torch.equal(stored.images[:, :, :6, :6], data.images[:][:, :, :, :6])


def test_training_on_composed_canvases_is_training_on_the_same_tensor():
    data = strips.of_design(single(), LabelDesign.factorial((3, 3), 2), seed=0, mirrors=False)
    weights = []
    for images in (data.images, data.images[:]):
        torch.manual_seed(0)
        network = MultiTaskNetwork(mlp(reference(images), 8, 1), 8, 4, (3, 3))

        def objective(network, features, index):
            return sum(z.square().sum() for z in network.logits(features)) + features.sum()

        trainer = Trainer(network, images, objective, Optimisation(2, 5, 1e-2, 1e-2), seed=0)
        trainer.run_epoch()
        weights.append(network.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(weights[0].values(), weights[1].values(), strict=True))


def test_augmentation_ends_and_its_draws_go_on_from_a_checkpoint(monkeypatch):
    drawn = []
    real = Augmentation.draw

    def noted(self, count, places, generator):
        drawn.append(real(self, count, places, generator))
        return drawn[-1]

    monkeypatch.setattr(Augmentation, "draw", noted)
    images = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(0))

    def trainer():
        torch.manual_seed(0)
        network = MultiTaskNetwork(torch.nn.Flatten(), 16, 2, (2,))
        objective = lambda network, features, index: features.square().sum()  # noqa: E731
        settings = Optimisation(4, 3, 1e-2, 1e-2)
        return Trainer(network, images, objective, settings, 0, augmentation=Augmentation(shift=1, until=0.5))

    whole = trainer()
    for _ in range(4):
        whole.run_epoch()
    assert len(drawn) == 4  # two batches an epoch, in the first half of the epochs
    first = trainer()
    first.run_epoch()
    second = trainer()
    second.load_state_dict(first.state_dict())
    second.run_epoch()
    assert all(torch.equal(a, b) for a, b in zip(drawn[:4], drawn[4:], strict=True))
