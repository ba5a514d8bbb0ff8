"""Backbones of the published shapes, each ending in a vector to which the linear feature layer is added.

    resnet  of depth 10 (a block a stage), 18, 34, 50: He, Zhang, Ren & Sun (CVPR 2016), with a stem for small images:
            a 3 × 3 convolution of stride 1 and no pooling in place of 7 × 7, stride 2 and pooling.  From MONAI.
    vgg     of depth 11, 13: Simonyan & Zisserman (ICLR 2015), configurations A and B with batch normalisation; the
            three dense layers for ImageNet give way to the mean over places.  "small" is ours: four convolutions and
            four poolings, for images from 16 pixels.
    vit     Dosovitskiy et al. (ICLR 2021), pre-norm blocks of torch.nn; the mean over tokens in place of a class token.

``width``, the number of channels of the first stage, 64 as published, scales all of them; small ones are for CPUs.
MONAI is an optional extra.  Batch normalisation is measured in evaluation mode, with its running moments.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

#: Channels of the 3 × 3 convolutions, "M" for 2 × 2 maximum pooling (Simonyan & Zisserman, table 1).
VGG: dict[int | str, tuple[int | str, ...]] = {
    "small": (64, "M", 128, "M", 256, "M", 512, "M"),
    11: (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"),
    13: (64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"),
}
RESNETS = (10, 18, 34, 50)
#: Channels of the first stage, as published.
WIDTH = 64


class Centred(nn.Module):
    """x − m and division by s, one m and s a channel, over the training images; kept with the weights."""

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, images: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", images.mean(dim=(0, 2, 3), keepdim=True))
        self.register_buffer("scale", 1 / images.std(dim=(0, 2, 3), keepdim=True, correction=0).clamp(min=1e-6))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """``(B, channels, height, width)`` to the same shape."""
        return (images - self.mean) * self.scale


class _VisionTransformer(nn.Module):
    """Patches to tokens, learned positions, blocks, the mean over tokens: ``(B, channels, ...)`` to ``(B, width)``."""

    def __init__(self, channels: int, tokens: int, patch: int, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(channels, width, patch, stride=patch)
        self.positions = nn.Parameter(0.02 * torch.randn(1, tokens, width))
        block = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(block, depth, nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        tokens = self.patches(images).flatten(2).transpose(1, 2) + self.positions
        out: torch.Tensor = self.blocks(tokens).mean(dim=1)
        return out


def resnet(images: torch.Tensor, depth: int, width: int = WIDTH) -> tuple[nn.Module, int]:
    """ResNet of ``depth`` 10, 18, 34 or 50 and the width of its output: 8 ``width``, with depth 50 32 ``width``."""
    if depth not in RESNETS:
        raise ValueError(f"depth: {depth}; expected one of {RESNETS}")
    _check_width(width)
    build = getattr(_monai(), f"resnet{depth}")
    network = build(
        pretrained=False,
        spatial_dims=2,
        n_input_channels=images.shape[1],
        conv1_t_size=3,
        conv1_t_stride=1,
        no_max_pool=True,
        bias_downsample=False,
        feed_forward=False,
        widen_factor=width / WIDTH,
    )
    return nn.Sequential(Centred(images), network), (32 if depth == 50 else 8) * width


def vgg(images: torch.Tensor, depth: int | str, width: int = WIDTH) -> tuple[nn.Module, int]:
    """VGG of ``depth`` 11, 13 or ``"small"`` and the width of its output, 8 ``width``.

    Raises ``ValueError`` for another depth, or for images that the poolings leave empty (below 32 or 16 pixels).
    """
    if depth not in VGG:
        raise ValueError(f"depth: {depth}; expected one of {tuple(VGG)}")
    _check_width(width)
    least = 2 ** VGG[depth].count("M")
    if min(images.shape[2:]) < least:
        raise ValueError(f"images: {tuple(images.shape[2:])} pixels; VGG's poolings need at least {least} x {least}")
    layers: list[nn.Module] = [Centred(images)]
    channels = images.shape[1]
    for entry in VGG[depth]:
        if isinstance(entry, str):
            layers.append(nn.MaxPool2d(2))
        else:
            wide = entry * width // WIDTH
            # the normalisation that follows has a shift of its own
            layers += [nn.Conv2d(channels, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU()]
            channels = wide
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), channels


def vit(images: torch.Tensor, patch: int, width: int, depth: int, heads: int) -> tuple[nn.Module, int]:
    """A vision transformer of ``depth`` blocks and ``heads`` heads on patches of ``patch`` pixels; ``width`` out.

    Raises ``ValueError`` where patches do not tile the image or heads do not divide the width.
    """
    size = tuple(images.shape[2:])
    if any(extent % patch for extent in size):
        raise ValueError(f"patch: {patch} pixels do not tile images of {size[0]} x {size[1]}")
    if width % heads:
        raise ValueError(f"heads: {heads} do not divide a width of {width}")
    tokens = (size[0] // patch) * (size[1] // patch)
    transformer = _VisionTransformer(images.shape[1], tokens, patch, width, depth, heads)
    return nn.Sequential(Centred(images), transformer), width


def _check_width(width: int) -> None:
    if width < 1:
        raise ValueError(f"width: {width}; expected at least one channel")


def _monai() -> Any:
    try:
        from monai.networks import nets
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "ResNet comes with MONAI, which is not installed; pip install 'multitask-collapse[networks]'"
        ) from None
    return nets
