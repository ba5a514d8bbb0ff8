"""Fenchel–Young losses: ℓ(z, y) = Φ(z) + Φ*(y) − ⟨y, z⟩ ≥ 0, with equality iff y = ∇Φ(z).

Cross-entropy      Φ = logsumexp, Φ* = Σ q log q on the simplex (+∞ outside), ∇Φ = softmax, so that
                   ℓ(z, y) = KL(y ‖ softmax z).  For one-hot y this is the familiar value; for a soft y
                   it is *less* than a framework's soft cross-entropy by the entropy of y.
Squared error      Φ = Φ* = ½‖·‖², ∇Φ = identity, ℓ(z, y) = ½‖z − y‖² (a sum over classes, with ½; a
                   framework's mean over all entries is another convention).

Arrays have shape ``(K, ...)``: classes along axis 0.  Source: Blondel, Martins & Niculae, "Learning
with Fenchel–Young losses", JMLR 21 (2020).
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class CrossEntropy:
    """Φ = logsumexp on R^K; ∇²Φ = diag(p) − ppᵀ ⪯ ½ I."""

    name: str = "ce"
    smoothness: float = 0.5
    on_simplex: bool = True

    def phi(self, z: FloatArray) -> FloatArray:
        """logsumexp, shifted by the maximum so that nothing overflows."""
        top = z.max(axis=0)
        return np.asarray(top + np.log(np.exp(z - top).sum(axis=0)))

    def conjugate(self, q: FloatArray) -> FloatArray:
        """Negative entropy Σ q log q with 0 log 0 = 0."""
        return np.asarray(np.where(q > 0, q * np.log(np.where(q > 0, q, 1.0)), 0.0).sum(axis=0))

    def gradient(self, z: FloatArray) -> FloatArray:
        """Softmax."""
        e = np.exp(z - z.max(axis=0))
        return np.asarray(e / e.sum(axis=0))

    def value(self, z: FloatArray, y: FloatArray) -> FloatArray:
        """KL(y ‖ softmax z) for y on the simplex, in logits relative to the largest.

        A confident correct prediction loses no digit: ℓ = log1p(Σ_{c≠y} e^{z_c − z_y}) for one-hot y.
        """
        shifted = z - z.max(axis=0)
        e = np.exp(shifted)
        np.put_along_axis(e, z.argmax(axis=0)[None], 0.0, axis=0)
        return np.asarray(np.log1p(e.sum(axis=0)) - (y * shifted).sum(axis=0) + self.conjugate(y))

    def hessian_product(self, q: FloatArray, v: FloatArray) -> FloatArray:
        """(diag(q) − qqᵀ) v."""
        weighted = q * v
        return np.asarray(weighted - q * weighted.sum(axis=0))


@dataclass(frozen=True)
class SquaredError:
    """Φ = ½‖·‖² = Φ*; ∇²Φ = I."""

    name: str = "mse"
    smoothness: float = 1.0
    on_simplex: bool = False

    def phi(self, z: FloatArray) -> FloatArray:
        """½‖z‖²."""
        return np.asarray(0.5 * (z * z).sum(axis=0))

    def conjugate(self, q: FloatArray) -> FloatArray:
        """½‖q‖²."""
        return self.phi(q)

    def gradient(self, z: FloatArray) -> FloatArray:
        """The identity."""
        return z

    def value(self, z: FloatArray, y: FloatArray) -> FloatArray:
        """½‖z − y‖²."""
        return self.phi(z - y)

    def hessian_product(self, q: FloatArray, v: FloatArray) -> FloatArray:
        """The identity."""
        return v


#: Losses by name.
LOSSES: dict[str, Loss] = {"ce": CrossEntropy(), "mse": SquaredError()}


def loss_named(name: str) -> Loss:
    """The loss called ``name``; ``ValueError`` naming the known ones otherwise."""
    try:
        return LOSSES[name]
    except (KeyError, TypeError):
        raise ValueError(f"loss: {name!r} is unknown; expected one of {', '.join(LOSSES)}") from None


def fenchel_young(loss: Loss, z: FloatArray, y: FloatArray) -> FloatArray:
    """ℓ(z, y) = Φ(z) + Φ*(y) − ⟨y, z⟩ for every column: two ``(K, ...)`` arrays to ``(...)``."""
    return np.asarray(loss.phi(z) + loss.conjugate(y) - (y * z).sum(axis=0))
