"""A chain of linear maps on orthonormal inputs, one a sample: a network whose weight decay has a theory.

Inputs are the unit vectors e_i, i the number of the sample (:mod:`empirical.sources.samples`), so that features are
H = A_L ⋯ A_1 with nothing about the data in it (:mod:`theory.deep_linear`).
"""

from __future__ import annotations

import torch
from torch import nn


class UnitVectors(nn.Module):
    """Sample numbers ``(B, 1, 1, 1)`` to unit vectors ``(B, N)`` of the numbers' type."""

    def __init__(self, samples: int) -> None:
        super().__init__()
        self.samples = samples

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """See the class."""
        return nn.functional.one_hot(images.flatten().round().long(), self.samples).to(images.dtype)


def linear_chain(images: torch.Tensor, width: int, depth: int) -> tuple[nn.Module, int]:
    """``depth`` bias-free linear maps of ``width`` units on unit vectors; 0 leaves the unit vectors themselves.

    The feature layer after it is one map more, and the head the last.  Weights start such that every hidden vector has
    a norm of about 1: a chain that starts at 0 stays there.  Returns the module and the width of its output.
    """
    samples = len(images)
    layers: list[nn.Module] = [UnitVectors(samples)]
    inputs = samples
    for i in range(depth):
        layer = nn.Linear(inputs, width, bias=False)
        nn.init.normal_(layer.weight, std=width**-0.5 if i == 0 else inputs**-0.5)
        layers.append(layer)
        inputs = width
    return nn.Sequential(*layers), inputs
