"""Singular values by the smaller Gram matrix, of a matrix as it stands or of one that is known up to symmetry.

The Gram matrix Z Zᵀ (R, R) is a function's business here: where Z (R, m) holds one column an orbit of a symmetric
design, that of the whole matrix is the mean of Z Zᵀ over the group (:mod:`relaxations.symmetry`), and everything else
is the same.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from theory.labels import FloatArray

#: Z (R, m) ↦ the (R, R) Gram matrix of what Z stands for.
Gram = Callable[[FloatArray], FloatArray]


def shrink_singular_values(Z: FloatArray, threshold: float, gram: Gram | None = None) -> tuple[FloatArray, float]:
    """The prox of threshold·‖·‖_* at Z (R, C), and the nuclear norm of the result.

    Through the smaller Gram matrix: σ is accurate to 1e-16 σ_max²/σ, which is harmless above the threshold.
    """
    wide = gram is not None or Z.shape[0] <= Z.shape[1]
    squares, vectors = np.linalg.eigh(gram(Z) if gram is not None else Z @ Z.T if wide else Z.T @ Z)
    sigma = np.sqrt(np.maximum(squares, 0.0))
    first = int(np.searchsorted(sigma, threshold, side="right"))  # eigenvalues ascend
    left, kept = vectors[:, first:], sigma[first:]
    shrunk = left * (1.0 - threshold / kept)
    if 2 * left.shape[1] > len(sigma):  # one product with Z instead of two thin ones
        out = (shrunk @ left.T) @ Z if wide else Z @ (left @ shrunk.T)
    else:
        out = shrunk @ (left.T @ Z) if wide else (Z @ left) @ shrunk.T
    return np.asarray(out), float((kept - threshold).sum())


def largest_singular_value(Z: FloatArray, gram: Gram) -> float:
    """‖·‖_op of what Z stands for."""
    return float(np.sqrt(max(np.linalg.eigvalsh(gram(Z))[-1], 0.0)))
