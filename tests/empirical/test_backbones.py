"""Backbones of full size, at tiny batches: shapes, published sizes, gradients everywhere."""

import sys

import pytest
import torch

from empirical import backbones
from empirical.networks import MultiTaskNetwork, small_cnn
from empirical.presets import BACKBONES

pytestmark = [
    # MONAI's own import warns of what it uses
    pytest.mark.filterwarnings("ignore"),
]
IMAGES = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))

CASES = {
    "resnet18": ("resnet", {"depth": 18}, 512),
    "resnet34": ("resnet", {"depth": 34}, 512),
    "resnet50": ("resnet", {"depth": 50}, 2048),
    "vgg11": ("vgg", {"depth": 11}, 512),
    "vgg13": ("vgg", {"depth": 13}, 512),
    "vit": ("vit", {"patch": 8, "width": 24, "depth": 2, "heads": 3}, 24),
    "cnn": ("cnn", {"width": 4}, 512),
}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", CASES)
def test_forward_and_backward(name):
    if name.startswith("resnet"):
        pytest.importorskip("monai", reason="MONAI is an optional extra")
    kind, options, width = CASES[name]
    torch.manual_seed(0)
    backbone, found = BACKBONES[kind](IMAGES, **options)
    assert found == width
    network = MultiTaskNetwork(backbone, width, 6, (3, 2))
    features = network(IMAGES)
    assert features.shape == (4, 6)
    assert (features < 0).any()  # the feature layer is linear
    (features.square().sum() + sum(z.square().sum() for z in network.logits(features))).backward()
    idle = [key for key, p in network.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
    assert idle == []


@pytest.mark.parametrize(("depth", "convolutions", "parameters"), [(11, 8, 9_220_480), (13, 10, 9_404_992)])
def test_vgg_has_the_published_convolutions(depth, convolutions, parameters):
    # torchvision's vgg11/vgg13 have so many weights and biases in their convolutions
    backbone, _ = backbones.vgg(IMAGES, depth)
    found = [m for m in backbone.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(found) == convolutions
    assert sum(m.weight.numel() + m.out_channels for m in found) == parameters


@pytest.mark.parametrize(("depth", "parameters"), [(18, 11_168_832), (34, 21_276_992), (50, 23_500_352)])
def test_resnets_have_the_published_number_of_parameters(depth, parameters):
    # of ResNets for 32 x 32 images without their last layer
    pytest.importorskip("monai", reason="MONAI is an optional extra")
    backbone, _ = backbones.resnet(IMAGES, depth)
    assert sum(p.numel() for p in backbone.parameters()) == parameters


def test_channels_are_centred():
    images = IMAGES * torch.tensor([1.0, 5.0, 0.0])[:, None, None] + 2
    out = backbones.Centred(images)(images)
    assert out.mean(dim=(0, 2, 3)).abs().max() < 1e-5
    assert out.std(dim=(0, 2, 3), correction=0)[:2].numpy() == pytest.approx(1, rel=1e-4)
    assert torch.isfinite(out).all()


def test_a_small_cnn_keeps_places_apart():
    torch.manual_seed(0)
    images = torch.zeros(2, 1, 10, 10)
    images[0, 0, 0, 0] = images[1, 0, 9, 9] = 1
    backbone, width = small_cnn(images, 4)
    out = backbone(images)
    assert out.shape == (2, width) == (2, 72)
    assert not torch.allclose(out[0].sort().values, out[1]), "places must not be averaged"
    assert not torch.allclose(out[0], out[1])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: backbones.resnet(IMAGES, 20), "depth"),
        (lambda: backbones.vgg(IMAGES, 16), "depth"),
        (lambda: backbones.vgg(IMAGES[..., :16], 11), "32 x 32"),
        (lambda: backbones.vit(IMAGES, 5, 24, 1, 3), "tile"),
        (lambda: backbones.vit(IMAGES, 8, 25, 1, 3), "divide"),
    ],
)
def test_impossible_shapes_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_missing_monai_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "monai.networks", None)
    with pytest.raises(ModuleNotFoundError, match=r"multitask-collapse\[networks\]"):
        backbones.resnet(IMAGES, 18)
