"""Networks: standardised inputs, a linear feature layer, heads stacked in task order."""

import numpy as np
import pytest
import torch
from torch import nn

from empirical.networks import MultiTaskNetwork, Standardise, mlp, stacked_heads


def test_training_images_are_standardised_and_others_alike():
    images = torch.rand(50, 1, 3, 3) * 4 + 1
    images[:, 0, 1, 1] = 0.5  # a constant pixel carries nothing and must not be blown up
    layer = Standardise(images, floor=0.0001)
    out = layer(images)
    varying = torch.ones(3, 3, dtype=torch.bool)
    varying[1, 1] = False
    assert out.mean(dim=0)[0].abs().max() < 1e-5
    assert out.std(dim=0, correction=0)[0][varying].numpy() == pytest.approx(1, rel=1e-3)
    assert (out[:, 0, 1, 1] == 0).all()
    torch.testing.assert_close(layer(images[:1]), out[:1])
    assert set(layer.state_dict()) == {"mean", "scale"}


def test_features_are_an_affine_map_of_the_backbone():
    torch.manual_seed(0)
    images = torch.rand(8, 1, 4, 4)
    network = MultiTaskNetwork(mlp(images, 16, 2), 16, 5, (3, 2), bias=True)
    hidden = network.backbone(images)
    assert (hidden >= 0).all()
    assert (network(images) < 0).any()
    torch.testing.assert_close(network(images), hidden @ network.features.weight.T + network.features.bias)


def test_heads_are_stacked_in_task_order():
    network = MultiTaskNetwork(nn.Identity(), 4, 4, (3, 2), bias=True)
    W, b = network.stacked_heads()
    features = torch.randn(7, 4)
    logits = torch.cat(network.logits(features), dim=1).detach().numpy()
    assert W.dtype == np.float64
    assert logits == pytest.approx(features.numpy() @ W.T + b, abs=1e-6)
    _, none = MultiTaskNetwork(nn.Identity(), 4, 4, (3, 2)).stacked_heads()
    assert (none == np.zeros(5)).all()
    with pytest.raises(TypeError, match="head 1 is a ReLU"):
        stacked_heads([network.heads[0], nn.ReLU()])
