"""Cross-entropy: Φ = logsumexp, Φ* = Σ q log q on the simplex (+∞ outside), ∇Φ = softmax.

ℓ(z, y) = KL(y ‖ softmax z).  For one-hot y this is the familiar value; for a soft y it is *less* than a framework's
soft cross-entropy by the entropy of y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.losses.fenchel_young import FloatArray


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
        logs = np.zeros_like(q, dtype=np.float64)
        np.log(q, out=logs, where=np.asarray(q) > 0)
        return np.asarray((q * logs).sum(axis=0))

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
