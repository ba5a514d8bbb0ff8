"""Random shifts and mirror images, drawn and applied in batches on the device.

Of an image of h × w pixels, with a drawn shift (u, v) and a drawn mirror bit,

    out[y, x] = image[y + u, m(x) + v],   m(x) = x or w − 1 − x,   0 outside the image,

one gather for both.  A mirror image keeps a label where left and right carry no meaning (photographs of things), and
changes it where they do (digits, the places of a canvas): a source says which (``mirrors``).

Collapse is a matter of the very samples that are trained on, so the theory speaks of a training set that stands still.
``until`` is the share of the epochs after which augmentation ends; what is certified is the set without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Augmentation:
    """``shift`` pixels at most in each direction, ``flip`` for mirror images, until the share ``until`` of the epochs.

    Raises ``ValueError`` for a negative shift, nothing to do, or a share outside 0 to 1.
    """

    shift: int = 0
    flip: bool = False
    until: float = 0.5

    def __post_init__(self) -> None:
        if self.shift < 0 or not (self.shift or self.flip):
            raise ValueError(
                f"augmentation: shift {self.shift}, flip {self.flip}; expected a shift of at least 1 or flip"
            )
        if not 0 < self.until <= 1:
            raise ValueError(f"augmentation: until {self.until}; expected a share above 0 and at most 1")

    def draw(self, count: int, places: int, generator: torch.Generator) -> torch.Tensor:
        """``(count, places, 3)`` integers: down, across, mirrored (0 or 1), for every image of every sample."""
        shape, device = (count, places), generator.device
        moves = torch.randint(-self.shift, self.shift + 1, (*shape, 2), generator=generator, device=device)
        mirrored = torch.randint(0, 1 + int(self.flip), (*shape, 1), generator=generator, device=device)
        return torch.cat([moves, mirrored], dim=2)


def moved(images: torch.Tensor, moves: torch.Tensor) -> torch.Tensor:
    """Images ``(B, channels, h, w)`` moved by ``moves`` ``(B, 3)`` as in the module; same shape and dtype."""
    height, width = images.shape[2:]
    down, across, mirrored = moves.unbind(dim=1)
    rows = torch.arange(height, device=images.device) + down[:, None]
    columns = torch.arange(width, device=images.device).expand(len(images), width)
    columns = torch.where(mirrored[:, None] > 0, width - 1 - columns, columns) + across[:, None]
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    sample = torch.arange(len(images), device=images.device)[:, None, None]
    picked = images[sample, :, rows.clamp(0, height - 1)[:, :, None], columns.clamp(0, width - 1)[:, None, :]]
    # advanced indices come first: (B, h, w, channels)
    return (picked * inside[..., None].to(images.dtype)).movedim(3, 1)
