r"""Partial annotation: which tasks are labelled together, and what follows for heads, widths and stiffness.

The *annotation graph* has a vertex a task and an edge for every two tasks that share a labelled sample.  Where labels
are balanced and pairwise independent within every group of equally annotated samples (claim ``partial_annotation``):

    f* = Σ_t f_t*,    W_sW_tᵀ = 0 on every edge, free elsewhere,

and the smallest feature dimension lies between the heaviest clique and the cheapest colouring of the graph, where a
living task weighs K_t − 1 and a colour costs its heaviest task.  No edge: multi source; all edges: single source.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from theory.closed_forms import FLOAT, Arithmetic, wrong_probability
from theory.designs import independent
from theory.labels import IntArray, LabelDesign

#: Up to so many tasks cliques and colourings are searched exhaustively.
MAX_TASKS = 8

Edges = frozenset[tuple[int, int]]


def annotation_graph(design: LabelDesign) -> Edges:
    """Pairs (s, t), s < t, that label a sample together."""
    return frozenset(
        (s, t) for s, t in combinations(range(design.tasks), 2) if (design.labelled[s] & design.labelled[t]).any()
    )


def annotation_groups(design: LabelDesign) -> Iterator[tuple[tuple[int, ...], Any]]:
    """(tasks, indices of cells) of every group of equally annotated samples."""
    patterns, group = np.unique(design.labelled, axis=1, return_inverse=True)
    for g in range(patterns.shape[1]):
        tasks = tuple(int(t) for t in np.flatnonzero(patterns[:, g]))
        if tasks:
            yield tasks, np.flatnonzero(group.reshape(-1) == g).astype(np.int64)


def balanced_within_groups(design: LabelDesign, among: IntArray | None = None) -> bool:
    """Uniform marginals and pairwise independent labels within every group, one weight a sample: decided exactly.

    ``among`` restricts the question to some cells.
    """
    if design.sample_weights is not None:
        return False
    for tasks, cells in annotation_groups(design):
        if among is not None and not np.isin(cells, among).any():
            continue
        for t in tasks:
            sizes = np.bincount(design.labels[t, cells], weights=design.counts[cells], minlength=design.classes[t])
            if (sizes != sizes[0]).any():
                return False
        if not all(independent(design, (s,), (t,), cells) for s, t in combinations(tasks, 2)):
            return False
    return True


def heaviest_clique(widths: Sequence[int], edges: Edges) -> int:
    """The largest Σ ``widths`` over tasks that are all annotated together: no smaller dimension attains the optimum.

    Exhaustive for at most :data:`MAX_TASKS` tasks, beyond that of the greedy cliques (still a lower bound).
    """
    tasks = len(widths)
    if tasks <= MAX_TASKS:
        return max(sum(widths[t] for t in clique) for clique in _cliques(tasks, edges))
    order = sorted(range(tasks), key=lambda t: -widths[t])
    best = 0
    for first in order:
        clique = [first]
        for t in order:
            if t not in clique and all((min(s, t), max(s, t)) in edges for s in clique):
                clique.append(t)
        best = max(best, sum(widths[t] for t in clique))
    return best


def colouring(widths: Sequence[int], edges: Edges) -> tuple[int, ...]:
    """A colour a task, different along every edge, with the least Σ over colours of their largest width.

    Exhaustive for at most :data:`MAX_TASKS` tasks, beyond that the greedy one in order of falling width.
    """
    tasks = len(widths)
    if tasks <= MAX_TASKS:
        return min(_colourings(tasks, edges), key=lambda colours: (colour_cost(widths, colours), colours))
    out = [-1] * tasks
    for t in sorted(range(tasks), key=lambda k: -widths[k]):
        taken = {out[s] for s in range(tasks) if (min(s, t), max(s, t)) in edges}
        out[t] = next(c for c in range(tasks) if c not in taken)
    return tuple(out)


def colour_cost(widths: Sequence[int], colours: Sequence[int]) -> int:
    """Σ over colours of the largest width among their tasks: a dimension that attains the optimum."""
    return sum(max(w for w, c in zip(widths, colours, strict=True) if c == colour) for colour in set(colours))


def first_columns(widths: Sequence[int], colours: Sequence[int]) -> tuple[int, ...]:
    """The first coordinate of each task's head where tasks of one colour share coordinates."""
    starts, column = {}, 0
    for colour in sorted(set(colours)):
        starts[colour] = column
        column += max(w for w, c in zip(widths, colours, strict=True) if c == colour)
    return tuple(starts[c] for c in colours)


def _cliques(tasks: int, edges: Edges) -> Iterator[tuple[int, ...]]:
    level: list[tuple[int, ...]] = [(t,) for t in range(tasks)]
    while level:
        yield from level
        level = [
            (*clique, t)
            for clique in level
            for t in range(clique[-1] + 1, tasks)
            if all((s, t) in edges for s in clique)
        ]


def _colourings(tasks: int, edges: Edges) -> Iterator[tuple[int, ...]]:
    """All proper colourings up to the names of the colours."""
    partial: list[tuple[int, ...]] = [()]
    for t in range(tasks):
        partial = [
            (*colours, c)
            for colours in partial
            for c in range(max(colours, default=-1) + 2)
            if not any(colours[s] == c and (s, t) in edges for s in range(t))
        ]
    yield from partial


# --------------------------------------------------------------------------- stiffness


def spread(margin: Any, classes: Any, on: Arithmetic = FLOAT) -> Any:
    """1 − δ² with δ = p_right − p_wrong at ``margin``: the curvature of log-sum-exp summed over the classes."""
    wrong = wrong_probability(margin, classes, on)
    return 1 - ((on.exp(margin) - 1) * wrong) ** 2


def stiffness(sample_weight: Any, common: Any, classes: Any, other: Any, weight: Any, curvature: Any) -> Any:
    """½ ω (N_st/(K_s K_t)) β_t² (1 − δ_s²): half of the excess f − f* over ‖W_sW_tᵀ‖² to second order.

    Task s has ``sample_weight`` ω = α_s/N_s, ``classes`` K_s and ``curvature`` 1 − δ_s² (:func:`spread`); the
    ``other`` task has K_t classes and ``weight`` β_t in the sum rule; they share ``common`` N_st samples.  The
    excess is this plus the same with s and t exchanged, times ‖W_sW_tᵀ‖²: proportional to N_st, nothing at N_st = 0.
    """
    return sample_weight * common * weight**2 * curvature / (2 * classes * other)
