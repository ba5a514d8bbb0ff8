"""Named families of label designs as plain functions, and the exact decision whether labels are independent.

    independent_with(frequencies)          every task with its own class frequencies, all tasks independent
    correlated(K, ρ)                       every two tasks agree with probability (1 + (K−1)ρ)/K
    orthogonal_array(p, T), exclusive_or() every two tasks independent, three dependent
    annotated(design, shares)              each sample keeps the labels of some tasks alone, at random
    with_label_noise(design, confusion)    labels that are wrong at a known rate
    soft_labels(targets)                   any soft labels, sample by sample

(``LabelDesign.factorial``, ``multi_source``, ``from_joint`` and ``from_labels`` are the rest.)  Frequencies are
integers and rates exact rationals, so that counts are exact: a family states the *smallest* design with its
frequencies, ``repetitions`` times.  The number of samples matters: N enters the threshold of every task.

Tasks whose labels are pairwise independent need not be jointly so: from two free labels x, y in Z_p

    label_t = u_t x + v_t y  (mod p),        (u_t, v_t) = (1, 0), (0, 1), (1, 1), (1, 2), ..., (1, p − 1),

makes p + 1 tasks on p² cells, every two of them independent and every three dependent: an orthogonal array
of strength 2 (Rao 1947; Bose and Bush 1952).  Three tasks for p = 2 are XOR.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from theory.labels import MAX_CELLS, MAX_SAMPLES, MISSING, IntArray, LabelDesign, Targets
from theory.rationals import Number, exact, exact_per_task


def independent_with(frequencies: Sequence[Sequence[int]], repetitions: int = 1) -> LabelDesign:
    """Jointly independent tasks: label y_t of task t in the ratio ``frequencies[t][y_t]``; Π K_t cells.

    Cell (y_1, ..., y_T) has ``repetitions`` Π_t frequencies[t][y_t] samples.  Raises ``ValueError`` for a task with
    fewer than two classes, a frequency below 1, or more cells or samples than a design may have.
    """
    classes = [len(row) for row in frequencies]
    if not classes or min(classes) < 2:
        raise ValueError("frequencies: expected at least one task, each with at least 2 classes")
    for row in frequencies:
        _whole(row, "frequencies", least=1)
    _check_size(math.prod(classes), repetitions * math.prod(sum(row) for row in frequencies), "frequencies")
    joint = np.ones((), dtype=np.int64)
    for row in frequencies:
        joint = np.multiply.outer(joint, np.asarray(row, dtype=np.int64))
    return LabelDesign.from_joint(joint * _repeated(repetitions), scenario="independent")


def correlated(classes: int, rho: Number, tasks: int = 2, repetitions: int = 1) -> LabelDesign:
    """``tasks`` tasks of K classes with uniform marginals, every two of correlation ρ; K^T cells (fewer at an end).

    P(y_s = y_t) = (1 + (K−1)ρ)/K, all agreeing pairs equally frequent, all others too: for K = 2 ρ is the
    correlation coefficient.  Two tasks: −1/(K−1) <= ρ <= 1.  More than two: 0 <= ρ <= 1, the mixture of one common
    label (share ρ) and independent labels.  Counts are the smallest whole numbers in these ratios.  Raises
    ``ValueError`` outside these ranges.
    """
    value = exact(rho, "correlation")
    if classes < 2 or tasks < 2:
        raise ValueError(f"correlation: of {tasks} tasks of {classes} classes; expected at least 2 of at least 2")
    least = Fraction(-1, classes - 1) if tasks == 2 else Fraction(0)
    if not least <= value <= 1:
        raise ValueError(f"correlation: {rho}; expected {least} to 1 for {tasks} tasks of {classes} classes")
    agree, differ = value * classes ** (tasks - 1) + 1 - value, 1 - value
    scale = math.lcm(agree.denominator, differ.denominator)
    same, other = int(agree * scale), int(differ * scale)
    common = math.gcd(same, other)
    same, other = same // common, other // common
    _check_size(classes**tasks, repetitions * (classes * same + (classes**tasks - classes) * other), "correlation")
    joint = np.full((classes,) * tasks, other, dtype=np.int64)
    joint[(np.arange(classes),) * tasks] = same
    return LabelDesign.from_joint(joint * _repeated(repetitions), scenario="correlated")


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
    array = orthogonal_array(2, 3, repetitions)
    return LabelDesign(array.classes, array.labels, array.counts, scenario="xor")


def repeated(design: LabelDesign, repetitions: int) -> LabelDesign:
    """Every sample of ``design`` so many times."""
    counts = design.counts * _repeated(repetitions)
    return LabelDesign(
        design.classes, design.labels, counts, design.targets, design.sample_weights, design.scenario
    )  # fmt: skip


def annotated(design: LabelDesign, shares: Number | Mapping[tuple[int, ...], Number]) -> LabelDesign:
    """Partial annotation, independent of the labels: a sample keeps the labels of one group of tasks.

    shares : share of the samples for every group of tasks, ``{(0, 1): "1/4", (0,): "3/8", (1,): "3/8"}``, or one
        fraction p: p of the samples keep every label, the rest one, each task equally often.  They sum to 1.

    Every group has the label frequencies of ``design``; counts are the smallest multiples of its counts in these
    shares, cells that agree are merged and a common divisor taken out, so that p = 1 is ``design`` in lowest terms.
    Raises ``ValueError`` for shares that are negative or do not sum to 1, a task in no group, a group without labels,
    or a design with sample weights.
    """
    groups = _groups(design.tasks, shares)
    if design.sample_weights is not None:
        raise ValueError("annotated: a design with sample weights; annotate first, weigh afterwards")
    scale = math.lcm(*(share.denominator for share in groups.values()))
    _check_size(design.cells * len(groups), design.samples * scale, "annotated")
    labels, counts = [], []
    for group, share in groups.items():
        kept = np.full_like(design.labels, MISSING)
        kept[list(group)] = design.labels[list(group)]
        if (kept == MISSING).all(axis=0).any():
            raise ValueError(f"annotated: samples that keep tasks {_named(group)} alone would carry no label at all")
        labels.append(kept)
        counts.append(design.counts * int(share * scale))
    cells, cell_of = np.unique(np.concatenate(labels, axis=1), axis=1, return_inverse=True)
    merged = np.zeros(cells.shape[1], dtype=np.int64)
    np.add.at(merged, cell_of.reshape(-1), np.concatenate(counts))
    merged //= np.gcd.reduce(merged)
    return LabelDesign(design.classes, cells, merged, design.targets, scenario=f"{design.scenario}, partly annotated")


def uniform_noise(classes: Sequence[int], rates: Number | Sequence[Number]) -> tuple[Targets, ...]:
    """Confusion matrices: at rate η the label is replaced by any *other* class, all equally likely.

    ``rates`` is one number or one a task, exact rationals.  Raises ``ValueError`` unless 0 <= η < (K−1)/K.
    """
    each = exact_per_task(rates, len(classes), "label noise")
    for rate, k in zip(each, classes, strict=True):
        if not 0 <= rate < Fraction(k - 1, k):
            raise ValueError(
                f"label noise: {float(rate):g}; expected 0 <= rate < (K-1)/K = {k - 1}/{k}, where labels still tell"
            )
    return tuple(
        tuple(tuple(1 - rate if s == c else rate / (k - 1) for c in range(k)) for s in range(k))
        for rate, k in zip(each, classes, strict=True)
    )


def with_label_noise(
    design: LabelDesign, confusion: Sequence[Sequence[Sequence[Number]]], memorised: bool = False
) -> LabelDesign:
    """Labels that are wrong at known rates, given the true ones of ``design``.

    confusion : for every task a matrix of exact rationals; row s is the distribution of the observed label where the
        true one is s (:func:`uniform_noise` makes the usual ones).
    memorised : what a network can know, which decides what the noise is in this model.
        ``False``: samples of one true cell share their feature, so that the mean loss over their observed labels is
        that of the *soft* target, the row of the confusion matrix, up to a constant (ℓ is affine in y but for Φ*).
        With uniform noise this is label smoothing by ε = ηK/(K−1).
        ``True``: every sample has a feature of its own, and its observed label is all that counts: the noise
        acts as a mixture of cells, with the joint table of *observed* labels (independent across tasks given the
        true ones).  On a balanced factorial design uniform noise then changes nothing; a correlation shrinks.

    Raises ``ValueError`` for a matrix whose rows are no distributions, targets that are not one-hot, or (memorised)
    more cells or samples than a design may have.
    """
    if len(confusion) != design.tasks:
        raise ValueError(f"label noise: {len(confusion)} matrices for {design.tasks} tasks")
    tables = tuple(_matrix(rows, k, t) for t, (rows, k) in enumerate(zip(confusion, design.classes, strict=True)))
    if any(len(table) != k or table != _one_hot(k) for table, k in zip(design.targets, design.classes, strict=True)):
        raise ValueError("label noise: the design has soft targets already; start from hard labels")
    if not memorised:
        return LabelDesign(
            design.classes, design.labels, design.counts, tables, design.sample_weights,
            f"{design.scenario}, soft label noise",
        )  # fmt: skip
    if design.sample_weights is not None:
        raise ValueError("label noise: a design with sample weights has no observed label table; take memorised=False")
    frequency: dict[tuple[int, ...], Fraction] = {}
    for column, count in zip(design.labels.T.tolist(), design.counts.tolist(), strict=True):
        outcomes: dict[tuple[int, ...], Fraction] = {(): Fraction(count)}
        for t, label in enumerate(column):
            row = {MISSING: Fraction(1)} if label == MISSING else dict(enumerate(tables[t][label]))
            outcomes = {(*seen, k): p * w for seen, p in outcomes.items() for k, w in row.items() if w}
            if len(outcomes) > MAX_CELLS // 10:
                raise ValueError(f"label noise: more than {MAX_CELLS // 10} observed cells; take memorised=False")
        for seen, share in outcomes.items():
            frequency[seen] = frequency.get(seen, Fraction(0)) + share
    scale = math.lcm(*(share.denominator for share in frequency.values()))
    numbers = {seen: int(share * scale) for seen, share in sorted(frequency.items())}
    common = math.gcd(*numbers.values())
    _check_size(len(numbers), sum(numbers.values()) // common, "label noise")
    return LabelDesign(
        design.classes, np.array(list(numbers)).T, np.array([n // common for n in numbers.values()]),
        scenario=f"{design.scenario}, memorised label noise",
    )  # fmt: skip


def soft_labels(targets: Sequence[npt.ArrayLike]) -> tuple[LabelDesign, IntArray]:
    """The design of any soft labels, and the cell of each of the N samples.

    targets : for every task ``(N, K_t)`` non-negative numbers, rows normalised to sum to 1 *exactly*; a row of NaN is
        a missing label.  Samples of equal targets make one cell.

    Raises ``ValueError`` for rows that are negative or sum to 0, different N, or a sample without any label.
    """
    arrays = [np.asarray(target, dtype=np.float64) for target in targets]
    if not arrays or any(a.ndim != 2 or a.shape[0] != arrays[0].shape[0] for a in arrays):
        raise ValueError("targets: expected one (samples, classes) array a task, all of the same number of samples")
    tables: list[Targets] = []
    labels = []
    for t, a in enumerate(arrays):
        missing = np.isnan(a).all(axis=1)
        good = a[~missing]
        if missing.all():
            raise ValueError(f"targets: task {t + 1} labels no sample; leave the task out")
        if not np.isfinite(good).all() or (good < 0).any() or (good.sum(axis=1) <= 0).any():
            raise ValueError(f"targets: task {t + 1} has a row that is negative, all zero or partly missing")
        rows, which = np.unique(good, axis=0, return_inverse=True)
        exactly = [[Fraction(x) for x in row] for row in rows.tolist()]
        tables.append(tuple(tuple(x / sum(row) for x in row) for row in exactly))
        label = np.full(len(a), MISSING)
        label[~missing] = which.reshape(-1)
        labels.append(label)
    together = np.stack(labels, axis=1)
    if (together == MISSING).all(axis=1).any():
        raise ValueError(f"targets: sample {int((together == MISSING).all(axis=1).argmax())} carries no label")
    cells, cell_of, counts = np.unique(together, axis=0, return_inverse=True, return_counts=True)
    design = LabelDesign(tuple(a.shape[1] for a in arrays), cells.T, counts, tuple(tables), scenario="soft labels")
    return design, cell_of.reshape(-1).astype(np.int64)


# --------------------------------------------------------------------------- independence, decided exactly


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


# --------------------------------------------------------------------------- arguments


def _one_hot(classes: int) -> Targets:
    return tuple(tuple(Fraction(int(k == s)) for k in range(classes)) for s in range(classes))


def _whole(values: Sequence[int], name: str, least: int) -> None:
    for value in values:
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name}: {value!r}; expected whole numbers from {least} on")


def _repeated(repetitions: int) -> int:
    _whole([repetitions], "repetitions", least=1)
    return repetitions


def _check_size(cells: int, samples: int, name: str) -> None:
    if cells > MAX_CELLS or samples > MAX_SAMPLES:
        raise ValueError(
            f"{name}: {float(cells):.3g} cells of {float(samples):.3g} samples; expected at most {MAX_CELLS} cells and "
            f"{MAX_SAMPLES} samples; take fewer tasks, or rates with smaller denominators"
        )


def _named(group: tuple[int, ...]) -> str:
    return "+".join(str(t + 1) for t in group)


def _groups(tasks: int, shares: Number | Mapping[tuple[int, ...], Number]) -> dict[tuple[int, ...], Fraction]:
    """Positive share of every group of tasks; the tasks of a group in order."""
    if isinstance(shares, Mapping):
        given: dict[tuple[int, ...], Fraction] = {}
        for group, share in shares.items():
            inside = tuple(sorted(set(group)))
            if not inside or inside[0] < 0 or inside[-1] >= tasks:
                raise ValueError(f"annotated: group {_named(tuple(group))}; expected tasks 1 to {tasks}")
            given[inside] = given.get(inside, Fraction(0)) + exact(share, "annotated")
    else:
        every = exact(shares, "annotated")
        if not 0 <= every <= 1:
            raise ValueError(f"annotated: {shares}; expected a fraction from 0 to 1")
        given = {(t,): (1 - every) / tasks for t in range(tasks)}
        everything = tuple(range(tasks))
        given[everything] = given.get(everything, Fraction(0)) + every
    if min(given.values()) < 0 or sum(given.values()) != 1:
        raise ValueError(f"annotated: shares {', '.join(map(str, given.values()))}; expected shares >= 0 that sum to 1")
    given = {group: share for group, share in sorted(given.items()) if share}
    absent = set(range(tasks)) - {t for group in given for t in group}
    if absent:
        raise ValueError(f"annotated: task {min(absent) + 1} is in no group; leave the task out")
    return given


def _matrix(rows: Sequence[Sequence[Number]], classes: int, task: int) -> Targets:
    matrix = tuple(tuple(exact(x, "label noise") for x in row) for row in rows)
    if len(matrix) != classes or any(len(row) != classes or min(row) < 0 or sum(row) != 1 for row in matrix):
        raise ValueError(
            f"label noise: the matrix of task {task + 1} must have {classes} rows of {classes} probabilities that sum "
            "to 1 exactly (write them as decimals or fractions in text)"
        )
    return matrix
