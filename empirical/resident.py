"""Training sets that live on the device, and batches of them made there.

A plain set is a tensor, and a batch an index into it.  A set of canvases need not be stored: :class:`Canvases` keeps
the single images once, as bytes, with the number of the image at each place of each canvas, and composes a batch when
it is asked for, on the device.  Fifty thousand canvases of two CIFAR-10 images are 150 MB that way, and 1.2 GB
composed.  Nothing is read back from the device in between, so that the device never waits for the host.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from empirical.augmentation import Augmentation, moved

#: Images that a network looks at when it is made (the mean and spread of pixels), where there are more.
REFERENCE = 2000


class Canvases:
    """N canvases of T images side by side, in the order of the tasks; indexed like a tensor ``(N, C, h, T·w)``.

    Parameters
    ----------
    pool : ``(M, C, h, w)`` unsigned bytes, the single images.
    chosen : ``(N, T)`` int64: which image of the pool lies at place t of canvas i; −1 leaves the place empty.
    mirrors : whether a mirror image of a single image keeps its label.
    dtype : of the batches; grey values are divided by 255.

    Raises ``ValueError`` for other shapes or types, or an image that is not in the pool.
    """

    def __init__(
        self, pool: torch.Tensor, chosen: torch.Tensor, mirrors: bool = False, dtype: torch.dtype = torch.float32
    ) -> None:
        if pool.ndim != 4 or pool.dtype != torch.uint8:
            raise ValueError(f"pool: {pool.dtype} of shape {tuple(pool.shape)}; expected bytes of (images, C, h, w)")
        if chosen.ndim != 2 or chosen.dtype != torch.int64:
            raise ValueError(f"chosen: {chosen.dtype} of shape {tuple(chosen.shape)}; expected int64 of (N, places)")
        if chosen.numel() and not (chosen.min() >= -1 and chosen.max() < len(pool)):
            raise ValueError(f"chosen: from {chosen.min()} to {chosen.max()}; expected -1 to {len(pool) - 1}")
        # the last image is an empty place
        self._pool = torch.cat([pool, torch.zeros_like(pool[:1])])
        self._chosen = torch.where(chosen < 0, len(pool), chosen)
        self.mirrors, self.dtype = mirrors, dtype

    @property
    def shape(self) -> torch.Size:
        """(N, C, h, T·w)."""
        (n, places), (_, channels, height, width) = self._chosen.shape, self._pool.shape
        return torch.Size((n, channels, height, places * width))

    @property
    def ndim(self) -> int:
        """4, as of the tensor that it stands for."""
        return 4

    @property
    def places(self) -> int:
        """T, images a canvas."""
        return self._chosen.shape[1]

    @property
    def device(self) -> torch.device:
        """Where the pool lies and batches are composed."""
        return self._pool.device

    def __len__(self) -> int:
        """N."""
        return len(self._chosen)

    def __getitem__(self, index: torch.Tensor | slice | npt.NDArray[np.int64]) -> torch.Tensor:
        """``(B, C, h, T·w)``: the canvases of an index, a mask or a slice."""
        return self._composed(self._chosen[index], None)

    def moved(self, index: torch.Tensor, moves: torch.Tensor) -> torch.Tensor:
        """As ``self[index]``, every single image moved by ``moves`` ``(B, T, 3)``; an image stays within its place."""
        return self._composed(self._chosen[index], moves)

    def _composed(self, chosen: torch.Tensor, moves: torch.Tensor | None) -> torch.Tensor:
        parts = []
        for t in range(self.places):
            part = self._pool[chosen[:, t]]
            parts.append(part if moves is None else moved(part, moves[:, t]))
        return torch.cat(parts, dim=3).to(self.dtype) / 255

    def to(self, device: torch.device, dtype: torch.dtype) -> Canvases:
        """The same set on another device, its batches in another type."""
        out = object.__new__(Canvases)
        out._pool, out._chosen = self._pool.to(device), self._chosen.to(device)
        out.mirrors, out.dtype = self.mirrors, dtype
        return out


#: What a source's images may be.
Images = torch.Tensor | Canvases


def reference(images: Images) -> torch.Tensor:
    """Up to :data:`REFERENCE` of the images, evenly spaced, as a tensor: all of a tensor."""
    if isinstance(images, torch.Tensor):
        return images
    step = -(-len(images) // REFERENCE)
    return images[::step]


def places(images: Images) -> int:
    """How many images of a sample move on their own: those of a canvas, or the one that the sample is."""
    return 1 if isinstance(images, torch.Tensor) else images.places


def batch(images: Images, index: torch.Tensor, moves: torch.Tensor | None = None) -> torch.Tensor:
    """The images ``index`` (B,), moved by ``moves`` (B, places, 3) where given."""
    if moves is None:
        return images[index]
    return moved(images[index], moves[:, 0]) if isinstance(images, torch.Tensor) else images.moved(index, moves)


def check(augmentation: Augmentation, images: Images) -> None:
    """Raise ``ValueError`` where the labels of ``images`` do not allow the augmentation."""
    if augmentation.flip and not (isinstance(images, Canvases) and images.mirrors):
        raise ValueError("augmentation: a mirror image does not keep the labels of this set; use shift alone")
    height, width = images.shape[2], images.shape[3] // places(images)
    if augmentation.shift >= min(height, width):
        raise ValueError(f"augmentation: a shift of {augmentation.shift} pixels leaves nothing of {height} x {width}")
