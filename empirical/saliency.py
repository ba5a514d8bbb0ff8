"""Where on a canvas does a task look?  Class activation maps, and the share of their mass on another task's image.

    gradcampp   Grad-CAM++ (Chattopadhyay, Sarkar, Howlader & Balasubramanian, WACV 2018), by MONAI: channels A_c of a
                layer, weighted by w_c = Σ_places α_c ReLU(∂z/∂A_c), give the map ReLU(Σ_c w_c A_c)
    hirescam    ReLU(Σ_c A_c ∂z/∂A_c), place by place (Draelos & Carin, 2020)

z is the logit of a class of one task.  Grad-CAM++ pools a channel's gradients over all places before it is laid over
the channel's activations: a channel that answers at two places is shown at both, wherever the logit reads it.  HiResCAM
keeps places apart; where the logit is a linear function of the layer, its terms before the ReLU add up to the logit.

A map of a canvas has a *share on place s*: its mass there over its mass at the places of all tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from empirical.networks import MultiTaskNetwork
from empirical.sources.canvases import PLACES
from theory.labels import FloatArray, IntArray


class TaskLogits(nn.Module):
    """Images to the logits ``(B, K_t)`` of one task."""

    def __init__(self, network: MultiTaskNetwork, task: int) -> None:
        super().__init__()
        self.network = network
        self.task = task

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """``(B, channels, height, width)`` to ``(B, K_t)``."""
        return self.network.logits(self.network(images))[self.task]


def gradcampp(network: MultiTaskNetwork, images: torch.Tensor, task: int, classes: IntArray, layer: str) -> FloatArray:
    """Maps ``(N, h, w)`` of the logit of ``classes`` (N,) of a task at the module ``layer`` of the network.

    Raises ``ValueError`` for a layer that the network does not have, ``ModuleNotFoundError`` without MONAI.
    """
    _layer(network, layer)
    visualise = _monai()
    maps = visualise.GradCAMpp(nn_module=TaskLogits(network, task).eval(), target_layers=f"network.{layer}")
    # one by one: MONAI multiplies the gradients of a batch by its scores along the wrong axis
    out = [maps.compute_map(images[i : i + 1], class_idx=int(k))[0, 0].detach() for i, k in enumerate(classes)]
    network.zero_grad()
    return np.asarray(torch.stack(out).cpu().double().numpy())


def hirescam(network: MultiTaskNetwork, images: torch.Tensor, task: int, classes: IntArray, layer: str) -> FloatArray:
    """As :func:`gradcampp`, with gradients kept at their places."""
    caught: list[torch.Tensor] = []
    handle = _layer(network, layer).register_forward_hook(lambda module, inputs, output: caught.append(output))
    try:
        logits = TaskLogits(network, task).eval()(images)
    finally:
        handle.remove()
    chosen = logits.gather(1, torch.as_tensor(classes, device=logits.device)[:, None]).sum()
    (gradient,) = torch.autograd.grad(chosen, caught[0])
    maps = (caught[0] * gradient).sum(dim=1).clamp(min=0)
    return np.asarray(maps.detach().cpu().double().numpy())


#: Maps by name.
MAPS: Mapping[str, Callable[..., FloatArray]] = {"gradcampp": gradcampp, "hirescam": hirescam}


def shares(maps: FloatArray, tasks: int) -> FloatArray:
    """``(N, tasks)``: the share of every map on every task's quarter of the canvas; NaN for a map of zeros.

    The images lie in the corners of :data:`empirical.sources.canvases.PLACES` and do not overlap, so that each has the
    quarter of its corner for itself.  Raises ``ValueError`` for maps of odd size, which have no quarters.
    """
    height, width = maps.shape[1:]
    if height % 2 or width % 2:
        raise ValueError(f"maps: {height} x {width}; expected even sizes, to cut them into quarters")
    masses = np.stack(
        [
            maps[:, r * height // 2 :][:, : height // 2, c * width // 2 :][:, :, : width // 2].sum(axis=(1, 2))
            for r, c in PLACES[:tasks]
        ],
        axis=1,
    )
    total = masses.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(masses, total, out=np.full_like(masses, np.nan), where=total > 0))


def _layer(network: nn.Module, name: str) -> nn.Module:
    modules: dict[str, nn.Module] = dict(network.named_modules())
    if name not in modules:
        raise ValueError(f"layer: {name!r} is no module of the network; it has {', '.join(filter(None, modules))}")
    return modules[name]


def _monai() -> Any:
    try:
        from monai import visualize
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "Grad-CAM++ comes with MONAI, which is not installed; pip install 'multitask-collapse[networks]'"
        ) from None
    return visualize
