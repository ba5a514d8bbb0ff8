"""Heads that are not trained: the geometry that the theorem predicts, put in place before training.

Where every tuple of labels is equally frequent (or every sample carries one label, classes equally frequent), a global
optimum has W_t W_tᵀ = c_t (I − J/K_t), c_t = √(λ_H/λ_{W,t}) a_t √(N_t/K_t), and W_s W_tᵀ = 0 (claims ``single_source``;
``multi_source``, where the heads may stand so).  With E_t (K_t × (K_t − 1)) an orthonormal basis of the vectors that
sum to 0 and Q_t (d × (K_t − 1)) orthonormal columns, orthogonal between tasks,

    W_t = √c_t E_t Q_tᵀ

is such an optimum's: ETFs placed orthogonally.  Frozen there, the heads cost no gradient and no optimiser state, and
training may still reach the least value, as all that is left to find is the features of an optimum.  Fixed ETF heads
of a single task: Zhu et al. (NeurIPS 2021); Wang et al. (ICLR 2026) for several.

The control is heads of the same norms in random directions: they are no optimum's, and no training can mend them.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from empirical.networks import linear_heads
from theory import closed_forms as forms
from theory.labels import MISSING, FloatArray, LabelDesign
from theory.model import UFM

#: What a preset may say of its heads.
HEADS = ("learned", "fixed", "random")


def orthogonal_etfs(problem: UFM, dimension: int, seed: int) -> list[FloatArray]:
    """W_t of the module for every task, ``(K_t, d)``; the frame Q is drawn from ``seed``, uniformly.

    Raises ``ValueError`` for labels of which the theorem does not speak, for a loss other than cross-entropy, or where
    d < Σ(K_t − 1) leaves no room.
    """
    design = problem.design
    if problem.loss != "ce" or not (_factorial(design) or _one_label_each(design)):
        raise ValueError(
            f"heads: the geometry to fix is known for cross-entropy where all tuples of labels are equally frequent, "
            f"or all classes where samples carry one label; these are {design.scenario}, {problem.loss}"
        )
    room = sum(k - 1 for k in design.classes)
    if dimension < room:
        raise ValueError(f"heads: {dimension} features; ETFs placed orthogonally need {room}")
    frame, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((dimension, room)))
    out, used = [], 0
    for t, k in enumerate(design.classes):
        columns = frame[:, used : used + k - 1]
        used += k - 1
        out.append(math.sqrt(gram_scale(problem, t)) * centred_basis(k) @ columns.T)
    return out


def random_heads(problem: UFM, dimension: int, seed: int) -> list[FloatArray]:
    """Heads of the norms ‖W_t‖ of :func:`orthogonal_etfs`, their directions drawn from ``seed``: the control."""
    rng = np.random.default_rng(seed)
    out = []
    for t, k in enumerate(problem.design.classes):
        W = rng.standard_normal((k, dimension))
        out.append(W * math.sqrt(gram_scale(problem, t) * (k - 1)) / np.linalg.norm(W))
    return out


def gram_scale(problem: UFM, task: int) -> float:
    """c_t of the module, 0 for a dead task."""
    n, k, alpha = problem.design.task_masses[task], problem.design.classes[task], problem.alpha[task]
    lambda_w, lambda_h = problem.lambda_w[task], problem.lambda_h
    if lambda_w * lambda_h >= forms.threshold(alpha, n, k):
        return 0.0
    mu = forms.coupling(n, float(lambda_w), float(lambda_h))
    a = float(forms.margin(float(alpha), k, mu))
    return float(forms.head_gram_scale(k, n, float(lambda_w), float(lambda_h), a))


def centred_basis(classes: int) -> FloatArray:
    """E ``(K, K − 1)`` with E Eᵀ = I − J/K: Helmert's contrasts."""
    out = np.zeros((classes, classes - 1))
    for j in range(1, classes):
        out[:j, j - 1] = 1 / math.sqrt(j * (j + 1))
        out[j, j - 1] = -j / math.sqrt(j * (j + 1))
    return out


def freeze(heads: torch.nn.ModuleList, values: list[FloatArray]) -> None:
    """Set the heads' weights to ``values`` and take them out of training; a bias stays trained."""
    for head, value in zip(linear_heads(heads), values, strict=True):
        with torch.no_grad():
            head.weight.copy_(torch.from_numpy(value))
        head.weight.requires_grad_(False)


def _factorial(design: LabelDesign) -> bool:
    whole = bool((design.labels != MISSING).all()) and design.cells == math.prod(design.classes)
    return whole and len(np.unique(design.counts)) == 1


def _one_label_each(design: LabelDesign) -> bool:
    alone = bool(((design.labels != MISSING).sum(axis=0) == 1).all()) and design.cells == sum(design.classes)
    sizes = [np.unique(design.counts[design.labels[t] != MISSING]) for t in range(design.tasks)]
    return alone and all(len(size) == 1 for size in sizes)
