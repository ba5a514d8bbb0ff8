"""What a Fenchel–Young loss is to the suite: the interface, and the formula that all of them share.

    ℓ(z, y) = Φ(z) + Φ*(y) − ⟨y, z⟩ ≥ 0,   with equality iff y = ∇Φ(z)

Arrays have shape ``(K, ...)``: classes along axis 0.  Source: Blondel, Martins & Niculae, "Learning with
Fenchel–Young losses", JMLR 21 (2020).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


class Loss(Protocol):
    """What the suite needs to know of a Fenchel–Young loss."""

    @property
    def name(self) -> str:
        """The name by which command lines and certificates know the loss."""

    @property
    def smoothness(self) -> float:
        """L with ∇²Φ ⪯ L·I."""

    @property
    def on_simplex(self) -> bool:
        """Whether dom Φ* is the probability simplex (otherwise all of R^K)."""

    def phi(self, z: FloatArray) -> FloatArray:
        """Φ(z) for every column: ``(K, ...)`` to ``(...)``."""

    def conjugate(self, q: FloatArray) -> FloatArray:
        """Φ*(q) for every column; +∞ outside the domain is *not* checked here."""

    def gradient(self, z: FloatArray) -> FloatArray:
        """∇Φ(z), the prediction: ``(K, ...)`` to ``(K, ...)``."""

    def value(self, z: FloatArray, y: FloatArray) -> FloatArray:
        """ℓ(z, y) for every column, without cancellation: two ``(K, ...)`` arrays to ``(...)``."""

    def hessian_product(self, q: FloatArray, v: FloatArray) -> FloatArray:
        """∇²Φ(z) v at the z whose prediction is q = ∇Φ(z): two ``(K, ...)`` arrays to ``(K, ...)``."""


def fenchel_young(loss: Loss, z: FloatArray, y: FloatArray) -> FloatArray:
    """ℓ(z, y) = Φ(z) + Φ*(y) − ⟨y, z⟩ for every column: two ``(K, ...)`` arrays to ``(...)``."""
    return np.asarray(loss.phi(z) + loss.conjugate(y) - (y * z).sum(axis=0))
