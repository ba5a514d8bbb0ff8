"""Networks with a linear feature layer of chosen width, and one linear head a task.

    h = A φ(x) + c  ∈ R^d        z_t = W_t h + b_t

The feature layer is linear because the unconstrained features model lets h be any vector: after a ReLU features
are non-negative, and the simplex geometry, whose features sum to 0 over the classes, is out of reach uncentred.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import nn

from theory.labels import FloatArray


class Standardise(nn.Module):
    """(x − m)/(s + ε) pixel by pixel, m and s the mean and standard deviation over the training images.

    ε = 0.1 (of grey values in [0, 1]) keeps pixels that are nearly always black from being blown up.
    Fitted once, kept with the weights: test images are treated alike.
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, images: torch.Tensor, floor: float = 0.1) -> None:
        super().__init__()
        self.register_buffer("mean", images.mean(dim=0))
        self.register_buffer("scale", 1.0 / (images.std(dim=0, correction=0) + floor))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """``(B, channels, height, width)`` to the same shape."""
        return (images - self.mean) * self.scale


class MultiTaskNetwork(nn.Module):
    """A backbone, a linear feature layer and a linear head for every task.

    Parameters
    ----------
    backbone : images ``(B, channels, height, width)`` to ``(B, width)``.
    width : what the backbone puts out.
    dimension : d, the number of features.
    classes : K_t for every task.
    bias : whether the heads have one.
    """

    def __init__(
        self, backbone: nn.Module, width: int, dimension: int, classes: Sequence[int], bias: bool = False
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.features = nn.Linear(width, dimension)
        self.heads = nn.ModuleList([nn.Linear(dimension, k, bias=bias) for k in classes])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features ``(B, d)`` of images ``(B, channels, height, width)``."""
        inner = self.backbone(images)
        # under mixed precision the backbone alone is in bfloat16, whose three digits are too few for features
        with torch.autocast(inner.device.type, enabled=False):
            out: torch.Tensor = self.features(inner.float() if inner.dtype == torch.bfloat16 else inner)
        return out

    def logits(self, features: torch.Tensor) -> list[torch.Tensor]:
        """``(B, K_t)`` logits of every task."""
        return [head(features) for head in self.heads]

    def linear_heads(self) -> list[nn.Linear]:
        """The heads in task order."""
        return linear_heads(self.heads)

    def stacked_heads(self) -> tuple[FloatArray, FloatArray]:
        """W ``(R, d)`` and b ``(R,)`` (zeros without a bias), stacked in task order, float64."""
        return stacked_heads(self.heads)


class FreeFeatures(MultiTaskNetwork):
    """No network: the feature of every sample is a variable of its own, as in the unconstrained features model.

    "Images" hold the numbers of their samples (:mod:`empirical.sources.samples`).  Features and heads start as
    independent normal numbers of variance 1/d, so that features have norm about 1.
    """

    def __init__(self, samples: int, dimension: int, classes: Sequence[int], bias: bool = False) -> None:
        nn.Module.__init__(self)
        self.variables = nn.Parameter(torch.randn(samples, dimension) / dimension**0.5)
        self.heads = nn.ModuleList([nn.Linear(dimension, k, bias=bias) for k in classes])
        for head in linear_heads(self.heads):
            nn.init.normal_(head.weight, std=dimension**-0.5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features ``(B, d)`` of sample numbers ``(B, 1, 1, 1)``."""
        return self.variables[images.flatten().round().long()]


def linear_heads(heads: Iterable[nn.Module]) -> list[nn.Linear]:
    """The heads as a list.  ``TypeError`` for one that is not linear."""
    out = []
    for t, head in enumerate(heads):
        if not isinstance(head, nn.Linear):
            raise TypeError(f"heads: head {t} is a {type(head).__name__}; expected torch.nn.Linear")
        out.append(head)
    return out


def stacked_heads(heads: Iterable[nn.Module]) -> tuple[FloatArray, FloatArray]:
    """W ``(R, d)`` and b ``(R,)`` of linear heads, stacked in task order, float64; b is 0 where there is none."""
    weights, biases = [], []
    for head in linear_heads(heads):
        weight = head.weight.detach().cpu().double().numpy()
        weights.append(weight)
        biases.append(np.zeros(len(weight)) if head.bias is None else head.bias.detach().cpu().double().numpy())
    return np.concatenate(weights), np.concatenate(biases)


def mlp(images: torch.Tensor, width: int, depth: int) -> nn.Module:
    """``depth`` ReLU layers of ``width`` units on flattened, standardised images: ``(B, ...)`` to ``(B, width)``."""
    layers: list[nn.Module] = [Standardise(images), nn.Flatten()]
    inputs = images[0].numel()
    for _ in range(depth):
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return nn.Sequential(*layers)


def small_cnn(images: torch.Tensor, width: int) -> tuple[nn.Module, int]:
    """Two convolutions (3 × 3, stride 2, ``width`` and 2·``width`` channels, ReLU) and all places as one vector.

    Places are kept apart rather than averaged: which task an object belongs to is a matter of place.  Returns the
    module and the width of its output.
    """
    channels, height, across = images.shape[1:]
    layers = nn.Sequential(
        Standardise(images),
        nn.Conv2d(channels, width, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
    )
    return layers, 2 * width * -(-height // 4) * -(-across // 4)
