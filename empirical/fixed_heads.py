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


def best_features(problem: UFM, W: FloatArray, tolerance: float = 1e-12, iterations: int = 100) -> FloatArray:
    """``(d, C)``: the features of every cell that minimise f for heads ``W`` (R, d) as they are, without bias.

    f is then a sum over cells of strongly convex functions of one feature each,

        φ_j(h) = Σ_t ω_{t,j} ℓ(W_t h, y_{t,j}) + n_j λ_H/2 ‖h‖²,

    minimised by Newton's method with step halving until the decrement (squared, over two) is at most ``tolerance``
    of f(0).  Cross-entropy alone.  Raises ``ValueError`` for another loss and ``RuntimeError`` where it does not end.
    """
    if problem.loss != "ce":
        raise ValueError(f"loss: {problem.loss!r}; expected 'ce'")
    design, lambda_h = problem.design, float(problem.lambda_h)
    targets, counts = design.target_matrix, design.counts.astype(np.float64)
    h = np.zeros((design.cells, W.shape[1]))

    def values(h: FloatArray) -> FloatArray:
        total = 0.5 * lambda_h * counts * (h**2).sum(axis=1)
        for t, rows in design.blocks():
            z = h @ W[rows].T
            highest = z.max(axis=1)
            potential = highest + np.log(np.exp(z - highest[:, None]).sum(axis=1))
            total = total + problem.omega[t] * (potential - (targets[rows].T * z).sum(axis=1))
        return np.asarray(total)

    enough = tolerance * problem.value_at_zero() / design.cells
    for _ in range(iterations):
        gradient = lambda_h * counts[:, None] * h
        hessian = lambda_h * counts[:, None, None] * np.eye(W.shape[1])
        for t, rows in design.blocks():
            z = h @ W[rows].T
            p = np.exp(z - z.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            weight = problem.omega[t][:, None]
            gradient = gradient + (weight * (p - targets[rows].T)) @ W[rows]
            centred = W[rows][None] - (p @ W[rows])[:, None]
            hessian = hessian + np.einsum("ck,cki,ckj->cij", weight * p, centred, centred)
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        decrement = (gradient * step).sum(axis=1)
        if decrement.max() / 2 <= enough:
            return np.asarray(h.T)
        before, size = values(h), np.ones(design.cells)
        for _ in range(60):
            after = values(h - size[:, None] * step)
            short = after > before - 0.25 * size * decrement
            # below rounding nothing can be told apart
            short &= decrement > 1e-14 * np.abs(before)
            if not short.any():
                break
            size = np.where(short, size / 2, size)
        h = h - size[:, None] * step
    raise RuntimeError(f"Newton's method did not end in {iterations} steps; largest decrement {decrement.max():.1e}")
