"""Which problems have a theorem, and what it says of their optimum.

The hypotheses are decided exactly (integers and rationals), the value is handed out as a function of the
arithmetic, so that a certificate can hold it against a rigorous enclosure.

Covered, component by component (tasks that share no cell decouple):

* cross-entropy, every sample of the component labelled for all its tasks, uniform marginals, labels
  pairwise independent, hard labels or label smoothing, any bias (T4, T5, T7);
* the same with pairs of correlated binary tasks of hard labels, one α and one λ_W for a pair, each pair independent
  of the other tasks (T9; that independent groups add up is T8);
* cross-entropy, partial annotation: uniform marginals and pairwise independent labels within every group of equally
  annotated samples (T15); where the smallest dimension is known, that is where the heaviest clique of the annotation
  graph weighs what its cheapest colouring costs;
* squared error likewise with a free bias, or without bias where the component has one task or
  α_t/λ_{W,t} is one number for all its tasks (T10).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory import annotation
from theory import closed_forms as forms
from theory import correlation_law as law
from theory.closed_forms import FLOAT, Arithmetic
from theory.designs import independent
from theory.labels import IntArray, LabelDesign
from theory.model import UFM


@dataclass(frozen=True)
class KnownTask:
    """What the theorem says of one task: canonical threshold of λ_W λ_H, alive or dead, margin a_t (CE).

    A task of a correlated pair has two margins (:class:`KnownPair`) and none of its own.
    """

    threshold: Fraction
    alive: bool
    margin: float | None


@dataclass(frozen=True)
class KnownPair:
    """Two correlated binary tasks (claim ``correlation``): their directions are the sum and the difference.

    tasks : the two tasks; samples : N; correlation : ρ, exactly.
    alive : does the direction of mass 1 + ρ live, and that of mass 1 − ρ?  Decided in rationals.
    margins : a_+ and a_− in float64, 0 where dead; cosine : cos(w¹_k, w²_k), ``None`` where both are dead.
    """

    tasks: tuple[int, int]
    samples: int
    correlation: Fraction
    alive: tuple[bool, bool]
    margins: tuple[float, float]
    cosine: float | None

    @property
    def masses(self) -> tuple[Fraction, Fraction]:
        """1 + ρ and 1 − ρ."""
        return 1 + self.correlation, 1 - self.correlation


@dataclass(frozen=True)
class KnownOptimum:
    """What a theorem says of a problem's optimum.

    theorem : the claim's name.
    value : f* as a function of an :class:`Arithmetic`.
    dimension_needed : the smallest d for which f* is attained.
    tasks : one :class:`KnownTask` a task.
    pairs : the correlated pairs among them.
    first_columns : the first coordinate of each task's head in a point of that dimension.
    """

    theorem: str
    value: Callable[[Arithmetic], Any]
    dimension_needed: int
    tasks: tuple[KnownTask, ...]
    pairs: tuple[KnownPair, ...] = ()
    first_columns: tuple[int, ...] = ()

    def attained(self, problem: UFM) -> bool:
        """Is the problem's feature dimension large enough for the theorem?"""
        return problem.dimension >= self.dimension_needed


def known_optimum(problem: UFM) -> KnownOptimum | None:
    """The theorem that covers ``problem`` (its feature dimension apart), or ``None``."""
    design = problem.design
    if design.sample_weights is not None or problem.loss not in ("ce", "mse"):
        return None
    parts: list[tuple[tuple[int, ...], int]] = []
    epsilons: list[Fraction] = []
    for t in range(design.tasks):
        epsilon = smoothing_of(design, t)
        if epsilon is None:
            return None
        epsilons.append(epsilon)
    pairs: list[KnownPair] = []
    partial = False
    for tasks, cells in design.components():
        found = _correlated_pairs(problem, tasks, cells)
        if found is None:
            if problem.loss != "ce" or not annotation.balanced_within_groups(design, cells):
                return None
            found, partial = [], True
        pairs += found
        if problem.loss == "mse" and not _squared_error_covered(problem, tasks):
            return None
        parts.append((tasks, int(design.counts[cells].sum())))

    known: list[KnownTask | None] = [None] * design.tasks
    columns = [0] * design.tasks
    edges = annotation.annotation_graph(design)
    needed = 0
    for tasks, samples in parts:
        width = sum(sum(pair.alive) for pair in pairs if pair.tasks[0] in tasks)
        single = [t for t in tasks if not any(t in pair.tasks for pair in pairs)]
        widths = []
        for t in single:
            labelled = design.task_masses[t]
            limit = forms.threshold(problem.alpha[t], labelled, design.classes[t], epsilons[t])
            alive = problem.lambda_w[t] * problem.lambda_h < limit
            a = None
            if problem.loss == "ce":
                a = float(_margin(problem, t, labelled, epsilons[t], FLOAT)) if alive else 0.0
            known[t] = KnownTask(limit, alive, a)
            widths.append((design.classes[t] - 1) * alive)
        if single:
            inside = frozenset(
                (i, j) for j, t in enumerate(single) for i, s in enumerate(single[:j]) if (s, t) in edges
            )
            colours = annotation.colouring(widths, inside)
            cost = annotation.colour_cost(widths, colours)
            if cost != annotation.heaviest_clique(widths, inside):
                return None  # the value is Σ f_t*, but the smallest dimension lies between the two
            for t, start in zip(single, annotation.first_columns(widths, colours), strict=True):
                columns[t] = width + start
            width += cost
        if problem.loss == "mse" and not problem.has_bias:
            width += _mean_direction_alive(problem, tasks, samples)
        needed = max(needed, width)
    for pair in pairs:
        limit = law.direction_threshold(problem.alpha[pair.tasks[0]], max(pair.masses)) / pair.samples
        for t in pair.tasks:
            known[t] = KnownTask(limit, any(pair.alive), None)
    entries = tuple(k for k in known if k is not None)

    def value(on: Arithmetic) -> Any:
        total = on.number(Fraction(0))
        for tasks, samples in parts:
            for t in tasks:
                if any(t in pair.tasks for pair in pairs):
                    continue
                share = _ce_value if problem.loss == "ce" else _mse_value
                total += share(problem, t, design.task_masses[t], epsilons[t], entries[t].alive, on)
            if problem.loss == "mse" and not problem.has_bias:
                total += _mean_direction_value(problem, tasks, samples, on)
        for pair in pairs:
            total += _pair_value(problem, pair, on)
        return total

    theorem = {"ce": "multi_source" if len(parts) > 1 else "single_source", "mse": "squared_error"}[problem.loss]
    theorem = "partial_annotation" if partial else "correlation" if pairs else theorem
    return KnownOptimum(theorem, value, needed, entries, tuple(pairs), tuple(columns))


def smoothing_of(design: LabelDesign, task: int) -> Fraction | None:
    """ε if every target of the task is (1 − ε)e_s + ε/K for label s (0 for hard labels), else ``None``."""
    table, k = design.targets[task], design.classes[task]
    if len(table) != k:
        return None
    epsilon = k * table[0][1]
    expected = tuple(tuple((1 - epsilon) * (s == c) + epsilon / k for c in range(k)) for s in range(k))
    return epsilon if table == expected and 0 <= epsilon < 1 else None


def _correlated_pairs(problem: UFM, tasks: tuple[int, ...], cells: IntArray) -> list[KnownPair] | None:
    """The correlated pairs among ``tasks`` (none where all are independent), or ``None`` where no theorem covers them.

    Exactly: all labels given in these cells, marginals uniform, every task dependent on at most one other, and then
    in the way of claim ``correlation``; groups independent of one another.
    """
    design = problem.design
    if not design.labelled[list(tasks)][:, cells].all():
        return None
    labels, counts = design.labels[:, cells], design.counts[cells]
    for t in tasks:
        single = np.bincount(labels[t], weights=counts, minlength=design.classes[t])
        if (single != single[0]).any():
            return None
    linked = [(s, t) for i, t in enumerate(tasks) for s in tasks[:i] if not independent(design, (s,), (t,), cells)]
    if len({t for pair in linked for t in pair}) < 2 * len(linked):
        return None
    pairs = [_known_pair(problem, pair, cells) for pair in linked]
    if linked:
        groups = linked + [(t,) for t in tasks if not any(t in pair for pair in linked)]
        if not all(independent(design, g, h, cells) for i, g in enumerate(groups) for h in groups[:i]):
            return None
    return None if None in pairs else [pair for pair in pairs if pair is not None]


def _known_pair(problem: UFM, tasks: tuple[int, int], cells: IntArray) -> KnownPair | None:
    """What claim ``correlation`` says of two dependent tasks, if it covers them."""
    s, t = tasks
    design = problem.design
    same = problem.alpha[s] == problem.alpha[t] and problem.lambda_w[s] == problem.lambda_w[t]
    hard = smoothing_of(design, s) == smoothing_of(design, t) == 0
    if problem.loss != "ce" or not same or not hard or (design.classes[s], design.classes[t]) != (2, 2):
        return None
    rho = law.correlation_of(design, tasks, cells)
    if rho is None:
        return None
    samples = int(design.counts[cells].sum())
    product = problem.lambda_w[s] * problem.lambda_h
    masses = (1 + rho, 1 - rho)
    alive = [samples * product < law.direction_threshold(problem.alpha[s], r) for r in masses]
    mu = forms.coupling(samples, float(problem.lambda_w[s]), float(problem.lambda_h))
    a = [
        law.direction_margin(float(problem.alpha[s]), mu, float(r)) if lives else 0.0
        for r, lives in zip(masses, alive, strict=True)
    ]
    plus, minus = (law.direction_size(one, float(r)) for one, r in zip(a, masses, strict=True))
    angle = law.cosine(plus, minus) if any(alive) else None
    return KnownPair((s, t), samples, rho, (alive[0], alive[1]), (a[0], a[1]), angle)


def _pair_value(problem: UFM, pair: KnownPair, on: Arithmetic) -> Any:
    number, t = on.number, pair.tasks[0]
    alpha = number(problem.alpha[t])
    mu = forms.coupling(pair.samples, number(problem.lambda_w[t]), number(problem.lambda_h), on)
    total = number(Fraction(0))
    for mass, lives in zip(pair.masses, pair.alive, strict=True):
        r = number(mass)
        if lives:
            total += law.direction_value(alpha, mu, r, law.direction_margin(alpha, mu, r, on), on)
        else:  # a dead direction predicts 1/2
            total += r * alpha * on.log(number(Fraction(2)))
    return total


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
