"""Which problems have a theorem, and what it says of their optimum.

The hypotheses are decided exactly (integers and rationals), the value is handed out as a function of the
arithmetic, so that a certificate can hold it against a rigorous enclosure.

Covered, component by component (tasks that share no cell decouple):

* cross-entropy, every sample of the component labelled for all its tasks, uniform marginals, labels
  pairwise independent, hard labels or label smoothing, any bias (T4, T5, T7);
* squared error likewise with a free bias, or without bias where the component has one task or
  α_t/λ_{W,t} is one number for all its tasks (T10).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory import closed_forms as forms
from theory.closed_forms import FLOAT, Arithmetic
from theory.labels import IntArray, LabelDesign
from theory.model import UFM


@dataclass(frozen=True)
class KnownTask:
    """What the theorem says of one task: canonical threshold of λ_W λ_H, alive or dead, margin a_t (CE)."""

    threshold: Fraction
    alive: bool
    margin: float | None


@dataclass(frozen=True)
class KnownOptimum:
    """What a theorem says of a problem's optimum.

    theorem : the claim's name.
    value : f* as a function of an :class:`Arithmetic`.
    dimension_needed : the smallest d for which f* is attained.
    tasks : one :class:`KnownTask` a task.
    """

    theorem: str
    value: Callable[[Arithmetic], Any]
    dimension_needed: int
    tasks: tuple[KnownTask, ...]

    def attained(self, problem: UFM) -> bool:
        """Is the problem's feature dimension large enough for the theorem?"""
        return problem.dimension >= self.dimension_needed


def known_optimum(problem: UFM) -> KnownOptimum | None:
    """The theorem that covers ``problem`` (its feature dimension apart), or ``None``."""
    design = problem.design
    if design.sample_weights is not None:
        return None
    parts: list[tuple[tuple[int, ...], int]] = []
    epsilons: list[Fraction] = []
    for t in range(design.tasks):
        epsilon = smoothing_of(design, t)
        if epsilon is None:
            return None
        epsilons.append(epsilon)
    for tasks, cells in design.components():
        if not _balanced_independent(design, tasks, cells):
            return None
        if problem.loss == "mse" and not _squared_error_covered(problem, tasks):
            return None
        parts.append((tasks, int(design.counts[cells].sum())))

    known: list[KnownTask | None] = [None] * design.tasks
    needed = 0
    for tasks, samples in parts:
        width = 0
        for t in tasks:
            limit = forms.threshold(problem.alpha[t], samples, design.classes[t], epsilons[t])
            alive = problem.lambda_w[t] * problem.lambda_h < limit
            a = None
            if problem.loss == "ce":
                a = float(_margin(problem, t, samples, epsilons[t], FLOAT)) if alive else 0.0
            known[t] = KnownTask(limit, alive, a)
            width += (design.classes[t] - 1) * alive
        if problem.loss == "mse" and not problem.has_bias:
            width += _mean_direction_alive(problem, tasks, samples)
        needed = max(needed, width)
    entries = tuple(k for k in known if k is not None)

    def value(on: Arithmetic) -> Any:
        total = on.number(Fraction(0))
        for tasks, samples in parts:
            for t in tasks:
                share = _ce_value if problem.loss == "ce" else _mse_value
                total += share(problem, t, samples, epsilons[t], entries[t].alive, on)
            if problem.loss == "mse" and not problem.has_bias:
                total += _mean_direction_value(problem, tasks, samples, on)
        return total

    theorem = {"ce": "multi_source" if len(parts) > 1 else "single_source", "mse": "squared_error"}[problem.loss]
    return KnownOptimum(theorem, value, needed, entries)


def smoothing_of(design: LabelDesign, task: int) -> Fraction | None:
    """ε if every target of the task is (1 − ε)e_s + ε/K for label s (0 for hard labels), else ``None``."""
    table, k = design.targets[task], design.classes[task]
    if len(table) != k:
        return None
    epsilon = k * table[0][1]
    expected = tuple(tuple((1 - epsilon) * (s == c) + epsilon / k for c in range(k)) for s in range(k))
    return epsilon if table == expected and 0 <= epsilon < 1 else None


def _balanced_independent(design: LabelDesign, tasks: tuple[int, ...], cells: IntArray) -> bool:
    """All labels given in these cells, marginals uniform, and every pair of tasks independent: exactly."""
    labels, counts = design.labels[:, cells], design.counts[cells]
    if not design.labelled[list(tasks)][:, cells].all():
        return False
    for i, s in enumerate(tasks):
        single = np.bincount(labels[s], weights=counts, minlength=design.classes[s])
        if (single != single[0]).any():
            return False
        for t in tasks[:i]:
            pair = np.zeros((design.classes[s], design.classes[t]), dtype=np.int64)
            np.add.at(pair, (labels[s], labels[t]), counts)
            if (pair != pair[0, 0]).any():
                return False
    return True


def _squared_error_covered(problem: UFM, tasks: tuple[int, ...]) -> bool:
    if problem.has_bias:
        return problem.free_bias
    return len({problem.alpha[t] / problem.lambda_w[t] for t in tasks}) == 1


def _margin(problem: UFM, t: int, samples: int, epsilon: Fraction, on: Arithmetic) -> Any:
    number = on.number
    mu = forms.coupling(samples, number(problem.lambda_w[t]), number(problem.lambda_h), on)
    k = number(Fraction(problem.design.classes[t]))
    return forms.margin(number(problem.alpha[t]), k, mu, on, number(epsilon))


def _ce_value(problem: UFM, t: int, samples: int, epsilon: Fraction, alive: bool, on: Arithmetic) -> Any:
    number = on.number
    alpha, k, eps = number(problem.alpha[t]), number(Fraction(problem.design.classes[t])), number(epsilon)
    mu = forms.coupling(samples, number(problem.lambda_w[t]), number(problem.lambda_h), on)
    a = _margin(problem, t, samples, epsilon, on) if alive else number(Fraction(0))
    value = forms.task_value(alpha, k, mu, a, on, eps)
    return value - alpha * forms.smoothed_entropy(k, eps, on) if epsilon else value


def _mse_value(problem: UFM, t: int, samples: int, epsilon: Fraction, alive: bool, on: Arithmetic) -> Any:
    number = on.number
    alpha, lam_w, lam_h = number(problem.alpha[t]), number(problem.lambda_w[t]), number(problem.lambda_h)
    k, n = number(Fraction(problem.design.classes[t])), number(Fraction(samples))
    sigma = forms.centred_singular_value(k, n, lam_w, on, number(epsilon))
    return (k - 1) * forms.soft_threshold_value(sigma, alpha, n, lam_w, lam_h, alive, on)


def _mean_direction_alive(problem: UFM, tasks: tuple[int, ...], samples: int) -> bool:
    """σ₀² = N Σ λ_t/K_t against τ² = λ_H N²/c², c = α/λ_W: exactly, in rationals."""
    ratio = problem.alpha[tasks[0]] / problem.lambda_w[tasks[0]]
    square = samples * sum((problem.lambda_w[t] / problem.design.classes[t] for t in tasks), Fraction(0))
    return square > problem.lambda_h * samples**2 / ratio**2


def _mean_direction_value(problem: UFM, tasks: tuple[int, ...], samples: int, on: Arithmetic) -> Any:
    square = samples * sum((problem.lambda_w[t] / problem.design.classes[t] for t in tasks), Fraction(0))
    t = tasks[0]
    return forms.soft_threshold_value(
        on.sqrt(on.number(square)),
        on.number(problem.alpha[t]),
        on.number(Fraction(samples)),
        on.number(problem.lambda_w[t]),
        on.number(problem.lambda_h),
        _mean_direction_alive(problem, tasks, samples),
        on,
    )
