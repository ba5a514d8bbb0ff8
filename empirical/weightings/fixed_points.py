r"""Where each strategy comes to rest, from the theorem on single-source geometry.

Every tuple of labels equally often, cross-entropy, penalties outside: at *any* positive weights α the optimum is that
of claim ``single_source``, task by task, with

    a_t(α) = log max(1, α√K_t/μ_t − (K_t − 1)),       E_t(α) = λ_{W,t}‖W_t‖² = μ_t (K_t − 1)/√K_t · a_t(α)

and L_t(α) = log(1 + (K_t − 1)e^{−a_t}).  Features are Σ_t Π_t h with orthogonal parts, stationarity reads
α_t g_t = −λ_H Π_t H for the gradients g_t of L_t, and balance λ_H‖Π_t H‖² = E_t.  So ⟨g_s, g_t⟩ = 0 and
‖g_t‖² = λ_H E_t/α_t², and the strategies rest (Σ α_t = T where they scale) at

    equal, dwa   α_t = 1: nothing to weigh, and losses that no longer change have ratio 1
    pcgrad       α_t = 1: orthogonal gradients do not conflict
    fairgrad     α_t ∝ 1/‖g_t‖ ⟺ E_1 = ... = E_T: all heads have the same share of the penalty; always one solution
    mgda         α_t ∝ 1/‖g_t‖² ⟺ α_t ∝ E_t(α_t).  A weight that grows shrinks its own gradient by more than enough
                 to be given still more weight, wherever d log a_t/d log α < 1: equal weights of equal tasks are an
                 *unstable* solution, and the stable ones have one strong task and one that barely lives
    uncertainty  nowhere.  For fixed heads and features s_t is best at α_t = 1/(2L_t), which leaves
                 Σ_t ½ log L_t + E_t.  In a margin a, E_t is linear and (½ log L)' = −½ (1 − e^{−L})/L falls, as L does:
                 the sum is concave, so a task is dead or its weight grows without bound (2α_tL_t < 1 pulls s_t down;
                 it tends to 2μ_t(K_t − 1)/√K_t)
    famo         its logits rest wherever losses no longer fall; the weights depend on the way there

Stable means: the weights that the strategy would choose at the optimum for α lie nearer to the point than α does.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.optimize import brentq

from theory import closed_forms as forms
from theory.model import UFM

#: Strategies whose resting points are known, and those of them that rest at equal weights.
PREDICTED = ("equal", "dwa", "pcgrad", "fairgrad", "mgda")
EQUAL = ("equal", "dwa", "pcgrad")
#: Points at which signs are compared before a root is bracketed.
GRID = 4001


class Responses:
    """Margins, energies and losses as functions of the weight, for a problem of factorial labels.

    Raises ``ValueError`` unless every tuple of labels is equally frequent, the loss is cross-entropy, there is no
    bias, and the problem's own weights are 1.
    """

    def __init__(self, problem: UFM) -> None:
        design = problem.design
        whole = design.cells == math.prod(design.classes) and len(set(design.counts.tolist())) == 1
        if not whole or not design.labelled.all() or problem.loss != "ce" or problem.has_bias:
            raise ValueError("expected cross-entropy without a bias, and every tuple of labels equally often")
        if any(alpha != 1 for alpha in problem.alpha):
            raise ValueError("task_weights: expected 1; the weights are what is asked for")
        self.classes = design.classes
        self.mu = [forms.coupling(design.samples, float(w), float(problem.lambda_h)) for w in problem.lambda_w]

    @property
    def tasks(self) -> int:
        """T."""
        return len(self.classes)

    def threshold(self, task: int) -> float:
        """The weight at which the task dies, μ_t√K_t."""
        return float(self.mu[task] * math.sqrt(self.classes[task]))

    def margin(self, task: int, alpha: float) -> float:
        """a_t(α), 0 where the task is dead."""
        if alpha <= self.threshold(task):
            return 0.0
        return float(forms.margin(alpha, self.classes[task], self.mu[task]))

    def energy(self, task: int, alpha: float) -> float:
        """E_t(α) = λ_{W,t}‖W_t‖² = λ_H‖Π_t H‖²."""
        k = self.classes[task]
        return float(self.mu[task] * (k - 1) / math.sqrt(k)) * self.margin(task, alpha)

    def loss(self, task: int, alpha: float) -> float:
        """L_t(α)."""
        return math.log1p((self.classes[task] - 1) * math.exp(-self.margin(task, alpha)))

    def equal_weight_gap(self, alphas: list[float]) -> float:
        """(f − f*)/(f(0) − f*) under weights 1 of the optimum for the weights ``alphas``."""

        def value(weights: list[float]) -> float:
            return sum(self.loss(t, a) + self.energy(t, a) for t, a in enumerate(weights))

        best = value([1.0] * self.tasks)
        return (value(alphas) - best) / (sum(math.log(k) for k in self.classes) - best)


def resting_points(problem: UFM, strategy: str) -> list[tuple[float, ...]]:
    """All stable weights α (T,) of a strategy; an empty list where there are none, or where they are not determined.

    ``strategy`` is a name of :data:`empirical.weightings.strategies.STRATEGIES` that looks at features.  Raises
    ``ValueError`` for another problem than :class:`Responses` takes, and for MGDA of more than two tasks.
    """
    responses = Responses(problem)
    if strategy in EQUAL:
        return [(1.0,) * responses.tasks]
    if strategy == "fairgrad":
        return [_equal_energies(responses)]
    if strategy == "mgda":
        return _shortest_vectors(responses)
    return []


def _equal_energies(responses: Responses) -> tuple[float, ...]:
    """α with E_1 = ... = E_T = e and Σ α_t = T: α_t(e) = μ_t/√K_t (e^{a_t} + K_t − 1) increases in e."""

    def weights(e: float) -> tuple[float, ...]:
        out = []
        for mu, k in zip(responses.mu, responses.classes, strict=True):
            a = e * math.sqrt(k) / (mu * (k - 1))
            out.append(mu / math.sqrt(k) * (math.exp(min(a, 700.0)) + k - 1))
        return tuple(out)

    total = float(responses.tasks)
    if sum(weights(0.0)) >= total:
        raise ValueError("no weights of this sum keep all tasks alive; expected smaller decays")
    top = 1.0
    while sum(weights(top)) < total:
        top *= 2
    return weights(float(brentq(lambda e: sum(weights(e)) - total, 0.0, top, xtol=1e-15, rtol=1e-14)))


def _shortest_vectors(responses: Responses) -> list[tuple[float, ...]]:
    """The stable solutions of α_1/α_2 = E_1(α_1)/E_2(α_2), α_1 + α_2 = 2.

    With F = log(α_1/α_2) − log(E_1/E_2), the strategy chooses the ratio e^F times the present one: a zero at which F
    decreases is stable.  F → ∞ where task 1 dies and F → −∞ where task 2 does.
    """
    if responses.tasks != 2:
        raise ValueError(f"{responses.tasks} tasks; the resting points of MGDA are worked out for two")

    def pull(first: float) -> float:
        second = 2.0 - first
        ratio = responses.energy(0, first) / responses.energy(1, second)
        return math.log(first / second) - math.log(ratio)

    low, high = responses.threshold(0), 2.0 - responses.threshold(1)
    if low >= high:
        raise ValueError("no weights of sum 2 keep both tasks alive; expected smaller decays")
    # denser towards both ends, where a task is nearly dead
    grid = low + (high - low) * 0.5 * (1 - np.cos(np.pi * np.arange(1, GRID) / GRID))
    values = [pull(float(x)) for x in grid]
    out: list[tuple[float, ...]] = []
    for left, right in itertools.pairwise(range(len(grid))):
        if values[left] > 0 >= values[right]:
            root = float(brentq(pull, float(grid[left]), float(grid[right]), xtol=1e-15))
            out.append((root, 2.0 - root))
    return out
