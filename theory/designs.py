"""Label designs with independent pairs, and the exact decision whether labels are independent.

Tasks whose labels are pairwise independent need not be jointly so: from two free labels x, y in Z_p

    label_t = u_t x + v_t y  (mod p),        (u_t, v_t) = (1, 0), (0, 1), (1, 1), (1, 2), ..., (1, p − 1),

makes p + 1 tasks on p² cells, every two of them independent and every three dependent: an orthogonal array
of strength 2 (Rao 1947; Bose and Bush 1952).  Three tasks for p = 2 are XOR.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory.labels import IntArray, LabelDesign


def orthogonal_array(prime: int, tasks: int, repetitions: int = 1) -> LabelDesign:
    """``tasks`` ≤ p + 1 pairwise independent tasks of p classes on p² cells, uniform marginals.

    Raises ``ValueError`` if p is no prime (two slopes could then coincide modulo a divisor) or ``tasks`` is
    not within 2 and p + 1.
    """
    if prime < 2 or any(prime % k == 0 for k in range(2, int(prime**0.5) + 1)):
        raise ValueError(f"prime: {prime}; expected a prime number")
    if not 2 <= tasks <= prime + 1:
        raise ValueError(f"tasks: {tasks}; expected 2 to {prime + 1}, the most that {prime}² cells keep independent")
    x, y = np.indices((prime, prime)).reshape(2, -1)
    slopes = [(1, 0), (0, 1), *((1, v) for v in range(1, prime))][:tasks]
    labels = np.stack([(u * x + v * y) % prime for u, v in slopes])
    return LabelDesign((prime,) * tasks, labels, np.full(prime**2, repetitions), scenario="orthogonal array")


def exclusive_or(repetitions: int = 1) -> LabelDesign:
    """Three binary tasks, the third the exclusive or of the others: 4 of the 8 label tuples."""
    return orthogonal_array(2, 3, repetitions)


def tuples_of(design: LabelDesign, tasks: Sequence[int], cells: IntArray) -> IntArray:
    """``(len(cells),)``: which label tuple of ``tasks`` each cell carries (0, 1, ... in sorted order)."""
    return np.unique(design.labels[list(tasks)][:, cells], axis=1, return_inverse=True)[1].reshape(-1)


def independent(design: LabelDesign, first: Sequence[int], second: Sequence[int], cells: IntArray) -> bool:
    """Are the labels of two groups of tasks independent on these cells?  Exactly: N n(k, m) = n(k) n(m)."""
    k, m = tuples_of(design, first, cells), tuples_of(design, second, cells)
    joint = np.zeros((int(k.max()) + 1, int(m.max()) + 1), dtype=object)
    for one, other, count in zip(k, m, design.counts[cells], strict=True):
        joint[one, other] += int(count)
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    return bool((joint * joint.sum() == np.multiply.outer(rows, columns)).all())


def pairwise_independent(design: LabelDesign) -> bool:
    """Are the labels of every two tasks independent?  Decided in integers; every task must label every cell."""
    if not design.labelled.all():
        raise ValueError("labels: some are missing; independence is about samples that carry all labels")
    every = np.arange(design.cells, dtype=np.int64)
    return all(independent(design, (s,), (t,), every) for t in range(design.tasks) for s in range(t))
