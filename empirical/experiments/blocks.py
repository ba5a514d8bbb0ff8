"""Blocks W_s W_tᵀ of the stacked Gram matrix W Wᵀ, which is all that a record keeps of the heads."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from theory.labels import FloatArray, LabelDesign


def block(gram: FloatArray, design: LabelDesign, s: int, t: int) -> FloatArray:
    """W_s W_tᵀ ``(K_s, K_t)`` of ``gram`` (R, R)."""
    return gram[design.rows_of(s), design.rows_of(t)]


def overlap(gram: FloatArray, design: LabelDesign, s: int, t: int) -> float:
    """‖W_sW_tᵀ‖_F/√(‖W_sW_sᵀ‖_F ‖W_tW_tᵀ‖_F) (:func:`theory.geometry.cross_task_overlap`); NaN for a zero head."""
    own = math.sqrt(float(np.linalg.norm(block(gram, design, s, s)) * np.linalg.norm(block(gram, design, t, t))))
    return float(np.linalg.norm(block(gram, design, s, t))) / own if own > 0 else float("nan")


def largest_overlap(gram: FloatArray, design: LabelDesign) -> float:
    """The largest :func:`overlap` over pairs of tasks."""
    return max(overlap(gram, design, s, t) for s, t in combinations(range(design.tasks), 2))


def mismatch(found: FloatArray, expected: FloatArray) -> float:
    """‖found − expected‖_F/‖expected‖_F: norms count, unlike in the measures of shape."""
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
