"""Squared error: Φ = Φ* = ½‖·‖², ∇Φ = identity, ℓ(z, y) = ½‖z − y‖².

A sum over classes, with ½; a framework's mean over all entries is another convention.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.losses.fenchel_young import FloatArray


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
