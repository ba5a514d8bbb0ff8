"""Latent features: the part of a feature that a task reads, and whether it collapses on its own.

Π_t is the orthogonal projection onto the row space of W_t (K_t − 1 dimensions).  At an optimum with independent
labels Π_t h depends on the label of task t alone, is a scaled simplex ETF over the classes, and the parts add up to
the feature (claim ``latent_features``; observed by Wang et al., ICLR 2026).  Away from an optimum the row space is that
of the K_t − 1 largest singular values of the head.
"""

from __future__ import annotations

import numpy as np

from theory import geometry
from theory.labels import MISSING, FloatArray, IntArray, LabelDesign


def projections(design: LabelDesign, W: FloatArray) -> list[FloatArray | None]:
    """Π_t ``(d, d)`` for every head of the stacked ``W`` (R, d); ``None`` for a head of zeros."""
    out: list[FloatArray | None] = []
    for t, rows in design.blocks():
        _, s, vt = np.linalg.svd(W[rows], full_matrices=False)
        basis = vt[: design.classes[t] - 1]
        out.append(basis.T @ basis if s[0] > 0 else None)
    return out


def latent_collapse(
    design: LabelDesign, W: FloatArray, H: FloatArray, labels: IntArray
) -> dict[str, list[float] | float]:
    """Collapse of the latent features of the samples ``H`` (d, N) with ``labels`` (N, T), −1 where missing.

    latent_within  (T,): Σ_i ‖Π_t(h_i − m_{t,y_i})‖² / Σ_i ‖Π_t(h_i − m_t)‖² over labelled samples, m_{t,k} and m_t
                   their class and global means: the share of the latent variance that the label leaves open
    latent_etf     (T,): :func:`theory.geometry.etf_deviation` of the latent class means, less their global mean
    latent_sum     √(Σ_i ‖h_i − Σ_t Π_t h_i‖² / Σ_i ‖h_i‖²), the inner sum over the tasks that label the sample

    NaN where a measure has no meaning: a head of zeros, a class without samples, features that are all alike.
    """
    parts = projections(design, W)
    rest, within, etf = H.copy(), [], []
    for t, project in enumerate(parts):
        keep = labels[:, t] != MISSING
        label, classes = labels[keep, t], design.classes[t]
        if project is None or len(np.unique(label)) < classes:
            within.append(float("nan"))
            etf.append(float("nan"))
            continue
        latent = project @ H[:, keep]
        rest[:, keep] -= latent
        means = geometry.cell_means(latent, label, classes)
        centre = latent.mean(axis=1, keepdims=True)
        total = float(((latent - centre) ** 2).sum())
        within.append(float(((latent - means[:, label]) ** 2).sum()) / total if total > 0 else float("nan"))
        etf.append(geometry.etf_deviation((means - means.mean(axis=1, keepdims=True)).T))
    size = float(np.linalg.norm(H))
    whole = size > 0 and all(project is not None for project in parts)
    return {
        "latent_within": within,
        "latent_etf": etf,
        "latent_sum": float(np.linalg.norm(rest)) / size if whole else float("nan"),
    }
