"""Sparsemax: Φ(z) = max over q in the simplex of ⟨q, z⟩ − ½‖q‖², so Φ* = ½‖·‖² on the simplex (+∞ outside).

∇Φ(z) is the Euclidean projection of z on the simplex, (z − τ)_+ with τ such that it sums to 1.  Predictions may
be exactly 0, and the loss of a confident correct prediction is exactly 0 (for one-hot y once z_y leads by 1).
Any constant added to Φ* leaves ℓ alone.

Source: Martins & Astudillo, "From softmax to sparsemax", ICML 2016; Blondel, Martins & Niculae, JMLR 21 (2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.losses.fenchel_young import FloatArray


@dataclass(frozen=True)
class Sparsemax:
    """Φ(z) = ⟨q, z⟩ − ½‖q‖² at the projection q of z; ∇²Φ = I − 11ᵀ/|S| on the support S of q (almost everywhere)."""

    name: str = "sparsemax"
    smoothness: float = 1.0
    on_simplex: bool = True

    def phi(self, z: FloatArray) -> FloatArray:
        """τ + ½ Σ (z − τ)_+², the same number: shifted by the maximum so that nothing large cancels."""
        top = z.max(axis=0)
        tau = self._threshold(z - top)
        return np.asarray(top + tau + 0.5 * (np.maximum(z - top - tau, 0.0) ** 2).sum(axis=0))

    def conjugate(self, q: FloatArray) -> FloatArray:
        """½‖q‖²."""
        return np.asarray(0.5 * (q * q).sum(axis=0))

    def gradient(self, z: FloatArray) -> FloatArray:
        """The projection on the simplex."""
        shifted = z - z.max(axis=0)
        return np.asarray(np.maximum(shifted - self._threshold(shifted), 0.0))

    def value(self, z: FloatArray, y: FloatArray) -> FloatArray:
        """½‖q − y‖² + ⟨y, (τ − z)_+⟩ for y on the simplex: two non-negative terms, so that no digit is lost.

        Since z = q + τ − s with the slack s = (τ − z)_+ orthogonal to q, and q and y sum to 1.
        """
        shifted = z - z.max(axis=0)
        below = self._threshold(shifted) - shifted
        q = np.maximum(-below, 0.0)
        return np.asarray(0.5 * ((q - y) ** 2).sum(axis=0) + (y * np.maximum(below, 0.0)).sum(axis=0))

    def hessian_product(self, q: FloatArray, v: FloatArray) -> FloatArray:
        """v minus its mean, on the support of q; 0 elsewhere (an element of the generalised Hessian at its kinks)."""
        support = q > 0
        mean = np.where(support, v, 0.0).sum(axis=0) / np.maximum(support.sum(axis=0), 1)
        return np.asarray(np.where(support, v - mean, 0.0))

    @staticmethod
    def _threshold(z: FloatArray) -> FloatArray:
        """τ with Σ (z − τ)_+ = 1: τ = (Σ of the k largest − 1)/k for the largest k that keeps z_(k) above τ."""
        ordered = -np.sort(-z, axis=0)
        sizes = np.arange(1, len(z) + 1).reshape(-1, *(1,) * (z.ndim - 1))
        candidates = (np.cumsum(ordered, axis=0) - 1.0) / sizes
        last = (ordered > candidates).sum(axis=0, keepdims=True) - 1
        return np.asarray(np.take_along_axis(candidates, last, axis=0)[0])
