r"""Symmetric designs: relabellings of the classes that change nothing, their orbits, and what orbits leave to solve.

A *relabelling* permutes the classes of every task, π = (π_1, ..., π_T).  It moves rows of Z', class k of task t to
class π_t(k), and labels of cells, and is a symmetry if every cell arrives at a cell of equal count and sample weights.
(P) is convex and every symmetry leaves it as it is, so the mean of an optimum over the group is an optimum: there is
one among the *invariant* points, Z'_{π(i), π(j)} = Z'_{i, j}.  An invariant point is known from one cell an orbit, and

    Z' Z'ᵀ = E( Σ_O |O| z_O z_Oᵀ ),        z_O the column of the representative of orbit O,

where E, the mean over the group, replaces every entry of an R × R matrix by the mean over its orbit of pairs of rows.
So the singular values, the prox of the nuclear norm and the spectral norm of an invariant matrix come from R × R
matrices and m columns, m the number of orbits: 1 for every tuple of labels equally often, however many there are.

What is looked for, exactly, in integers, on the design alone:

* classes of one task that may be exchanged: the rest of their cells is the same (factorial designs, blocks of equally
  frequent classes, partial annotation);
* classes exchanged in several tasks at once (correlated tasks, their classes matched by the most telling entry of the
  joint table, or by number);
* translations y ↦ y + s mod K of all tasks (exclusive or, orthogonal arrays).

Whatever passes is a symmetry; a symmetry of another kind is not found, which costs time and nothing else.

Sources: Gatermann & Parrilo, J. Pure Appl. Algebra 192 (2004), and de Klerk, Dobre & Pasechnik, Math. Program. 129
(2011) (semidefinite programs invariant under a group).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from theory.labels import FloatArray, IntArray, LabelDesign
from theory.model import UFM

#: Designs with more rows are taken as they are: pairs of rows would outnumber what the orbits save.
MAX_ROWS = 1000
#: Label tuples are told apart by one number; designs with more possible tuples are taken as they are.
MAX_CODES = 2**62
#: Pairs of tasks are tried together where so many tasks of one size are left.
MAX_PAIRED = 6
#: Translations that fail before no more are tried.
PATIENCE = 3

#: π_t of every task, as arrays of length K_t.
Relabelling = tuple[IntArray, ...]
#: Takes a relabelling as a generator if it is a symmetry, and says so.
Accept = Callable[[Sequence[IntArray]], bool]


@dataclass(frozen=True, eq=False)
class Orbits:
    """Orbits of the cells of a design with C cells and R rows.

    representatives (m,): a cell of every orbit;  sizes (m,): |O|;  orbit (C,): of every cell.
    source (R, C): entry (i, j) of an invariant matrix is entry ``source[i, j]`` of the column of j's representative.
    pairs (R, R): the orbit of every pair of rows;  row_orbit (R,): of every row.
    """

    representatives: IntArray
    sizes: IntArray
    orbit: IntArray
    source: IntArray
    pairs: IntArray
    row_orbit: IntArray

    @cached_property
    def _pair_sizes(self) -> IntArray:
        return np.bincount(self.pairs.ravel())

    @cached_property
    def _row_sizes(self) -> IntArray:
        return np.bincount(self.row_orbit)

    def __len__(self) -> int:
        return len(self.representatives)

    def mean_of_pairs(self, matrix: FloatArray) -> FloatArray:
        """E of an (R, R) matrix."""
        means = np.bincount(self.pairs.ravel(), weights=matrix.ravel()) / self._pair_sizes
        return np.asarray(means[self.pairs])

    def mean_of_rows(self, vector: FloatArray) -> FloatArray:
        """E of an (R,) vector."""
        return np.asarray((np.bincount(self.row_orbit, weights=vector) / self._row_sizes)[self.row_orbit])

    def expanded(self, columns: FloatArray) -> FloatArray:
        """The invariant ``(R, C)`` matrix whose columns at the representatives are ``columns`` (R, m)."""
        return np.take(columns, self._entries)

    @cached_property
    def _entries(self) -> IntArray:
        """``source`` as places in a flattened (R, m) matrix."""
        return self.source if len(self) == 1 else self.source * len(self) + self.orbit


def orbits_of(design: LabelDesign) -> Orbits | None:
    """The orbits of a design under the relabellings found, or ``None`` where nothing much was found.

    Nothing much: more than half as many orbits as cells.
    """
    finder = _Finder.of(design)
    if finder is None:
        return None
    generators = finder.generators()
    if not generators:
        return None
    count, orbit = _components(design.cells, [cells for _, cells in generators])
    if 2 * count > design.cells:
        return None
    return _orbits(design, generators, orbit, count)


def exchangeable(table: Sequence[Sequence[object]]) -> bool:
    """Does a table of targets treat all classes alike: K rows, one number on the diagonal, one beside it?"""
    k = len(table)
    if any(len(row) != k for row in table):
        return False
    on, off = table[0][0], table[0][1]
    return all(tuple(row) == (off,) * s + (on,) + (off,) * (k - 1 - s) for s, row in enumerate(table))


# --------------------------------------------------------------------------- finding symmetries


class _Finder:
    """Relabellings of a design and what they do to its cells."""

    def __init__(self, design: LabelDesign, strides: list[int], free: tuple[int, ...]) -> None:
        self.design, self.free = design, free
        self.strides = np.array(strides)
        self.codes = self.strides @ (design.labels + 1)
        self.counts = design.counts
        self.weights = design.sample_weights
        total = strides[0] * (design.classes[0] + 1)
        self.table: IntArray | None = None
        if total <= 16 * design.cells:
            self.table = np.full(total, -1)
            self.table[self.codes] = np.arange(design.cells)
            self.order = np.flatnonzero(self.table >= 0)
        else:
            self.order = np.argsort(self.codes)
            self.sorted = self.codes[self.order]

    @classmethod
    def of(cls, design: LabelDesign) -> _Finder | None:
        """``None`` for a design that is too large, lists a cell twice, or has no task whose targets are alike."""
        if design.rows > MAX_ROWS or design.cells < 2:
            return None
        strides = [1]
        for table in design.targets[:0:-1]:
            strides.append(strides[-1] * (len(table) + 1))
        strides.reverse()
        free = tuple(t for t, table in enumerate(design.targets) if exchangeable(table))
        if strides[0] * (len(design.targets[0]) + 1) > MAX_CODES or not free:
            return None
        finder = cls(design, strides, free)
        distinct = len(finder.order) if finder.table is not None else 1 + int((np.diff(finder.sorted) > 0).sum())
        return finder if distinct == design.cells else None

    def image(self, relabelling: Relabelling) -> IntArray | None:
        """``(C,)``: the cell at which every cell arrives, or ``None`` where that is no symmetry."""
        labels = self.design.labels
        for t, pi in enumerate(relabelling):
            if (self.masses[t][pi] != self.masses[t]).any():
                return None
        moved = np.stack([np.append(pi, -1)[row] for pi, row in zip(relabelling, labels, strict=True)])
        codes = self.strides @ (moved + 1)
        if self.table is not None:
            cells = self.table[codes]
        else:
            place = np.minimum(np.searchsorted(self.sorted, codes), len(self.sorted) - 1)
            cells = np.where(self.sorted[place] == codes, self.order[place], -1)
        if cells.min() < 0 or (self.counts[cells] != self.counts).any():
            return None
        if self.weights is not None and (self.weights[:, cells] != self.weights).any():
            return None
        return np.asarray(cells)

    @cached_property
    def masses(self) -> list[IntArray]:
        """Samples of every label, one array a task: what a symmetry cannot change."""
        return [
            np.bincount(row + 1, weights=self.counts, minlength=len(table) + 1)[1:].astype(np.int64)
            for row, table in zip(self.design.labels, self.design.targets, strict=True)
        ]

    def identity(self) -> list[IntArray]:
        """The relabelling that does nothing, to start from."""
        return [np.arange(len(table)) for table in self.design.targets]

    def generators(self) -> list[tuple[Relabelling, IntArray]]:
        """Symmetries with their actions on cells, each verified."""
        found: list[tuple[Relabelling, IntArray]] = []

        def accept(relabelling: Sequence[IntArray]) -> bool:
            cells = self.image(tuple(relabelling))
            if cells is not None:
                found.append((tuple(relabelling), cells))
            return cells is not None

        whole: set[int] = set()
        for t in self.free:
            for block in self._blocks(t):
                for pi in _symmetric_group(block, self.design.classes[t]):
                    accept([*self.identity()[:t], pi, *self.identity()[t + 1 :]])
                if len(block) == self.design.classes[t]:
                    whole.add(t)
        for tasks in self._together(whole):
            if self._exchange_together(tasks, accept):
                whole.update(tasks)
        self._translate(found, accept)
        return found

    def _blocks(self, task: int) -> Iterator[list[int]]:
        """Classes of a task whose cells are the same but for that label, two or more."""
        labels, masses = self.design.labels[task], self.masses[task]
        if len(np.unique(masses)) == len(masses):
            return
        rest = self.codes - self.strides[task] * (labels + 1)
        order = np.lexsort((rest, labels))
        ends = np.searchsorted(labels[order], np.arange(len(masses) + 1))
        groups: dict[tuple[bytes, ...], list[int]] = {}
        for k in range(len(masses)):
            own = order[ends[k] : ends[k + 1]]
            arrays = [rest[own], self.counts[own]] + ([] if self.weights is None else [self.weights[:, own]])
            groups.setdefault(tuple(a.tobytes() for a in arrays), []).append(k)
        yield from (block for block in groups.values() if len(block) > 1)

    def _together(self, whole: set[int]) -> Iterator[tuple[int, ...]]:
        """Sets of tasks of equal size, not yet wholly exchangeable, with equally frequent classes."""
        sizes: dict[int, list[int]] = {}
        for t in self.free:
            if t not in whole and len(set(self.masses[t].tolist())) == 1:
                sizes.setdefault(self.design.classes[t], []).append(t)
        for tasks in sizes.values():
            if len(tasks) > 1:
                yield tuple(tasks)
            if 2 < len(tasks) <= MAX_PAIRED:
                yield from ((s, t) for i, s in enumerate(tasks) for t in tasks[i + 1 :])

    def _exchange_together(self, tasks: tuple[int, ...], accept: Accept) -> bool:
        """Exchange matched classes of all ``tasks``: the whole group or, if that fails, cyclically."""
        k = self.design.classes[tasks[0]]
        matches = [self._matched(tasks[0], t) for t in tasks]
        passed = []
        for pi in _symmetric_group(list(range(k)), k):
            relabelling = self.identity()
            for t, match in zip(tasks, matches, strict=True):
                relabelling[t] = np.empty(k, dtype=np.int64)
                relabelling[t][match] = match[pi]
            passed.append(accept(relabelling))
        return all(passed)

    def _matched(self, first: int, task: int) -> IntArray:
        """``(K,)``: the class of ``task`` that goes with each class of ``first``."""
        k = self.design.classes[first]
        natural = np.arange(k)
        if task == first or k == 2:
            return natural
        one, other = self.design.labels[[first, task]]
        both = (one >= 0) & (other >= 0)
        joint = np.bincount(one[both] * k + other[both], weights=self.counts[both], minlength=k * k).reshape(k, k)
        match = np.empty(k, dtype=np.int64)
        for c, row in enumerate(joint):
            values, where, times = np.unique(row, return_index=True, return_counts=True)
            single = where[times == 1]
            if len(single) != 1 or len(values) > 2:
                return natural
            match[c] = single[0]
        return match if len(set(match.tolist())) == k else natural

    def _translate(self, found: list[tuple[Relabelling, IntArray]], accept: Accept) -> None:
        """Translations that take the first cell to cells of other orbits, for as long as they succeed."""
        labels, failures = self.design.labels, 0
        tried: set[int] = set()
        while failures < PATIENCE:
            count, orbit = _components(self.design.cells, [cells for _, cells in found])
            alike = (self.counts == self.counts[0]) & ((labels >= 0) == (labels[:, :1] >= 0)).all(axis=0)
            others = np.flatnonzero(alike & (orbit != orbit[0]))
            fresh = [j for j in others[: PATIENCE + len(tried)].tolist() if j not in tried]
            if count == 1 or not fresh:
                return
            tried.add(fresh[0])
            relabelling = self.identity()
            for t, (a, b) in enumerate(zip(labels[:, 0], labels[:, fresh[0]], strict=True)):
                if a != b and t not in self.free:
                    break
                relabelling[t] = (relabelling[t] + b - a) % len(relabelling[t])
            else:
                if accept(relabelling):
                    continue
            failures += 1


def _symmetric_group(block: list[int], classes: int) -> Iterator[IntArray]:
    """Two permutations of ``classes`` numbers that make every permutation of ``block``: one cycle, one exchange."""
    pi = np.arange(classes)
    pi[block] = np.roll(block, -1)
    yield pi
    if len(block) > 2:
        pi = np.arange(classes)
        pi[block[:2]] = block[1::-1]
        yield pi


# --------------------------------------------------------------------------- orbits


def _components(size: int, permutations: Sequence[IntArray]) -> tuple[int, IntArray]:
    """Orbits of 0 .. size − 1 under permutations: their number, and the orbit of everything."""
    if not permutations:
        return size, np.arange(size)
    heads = np.tile(np.arange(size), len(permutations))
    graph = coo_array((np.ones(len(heads), dtype=np.int8), (heads, np.concatenate(permutations))), shape=(size, size))
    count, labels = connected_components(graph, directed=False)
    return int(count), labels.astype(np.int64)


def _orbits(design: LabelDesign, generators: list[tuple[Relabelling, IntArray]], orbit: IntArray, count: int) -> Orbits:
    """Orbits with the way to every cell from its representative: one generator after the other, until none is new."""
    R, C = design.rows, design.cells
    rows = [_on_rows(design, relabelling) for relabelling, _ in generators]
    representatives = np.full(count, C)
    np.minimum.at(representatives, orbit, np.arange(C))
    source = np.empty((C, R), dtype=np.int32)
    source[representatives] = np.arange(R)
    known = np.zeros(C, dtype=bool)
    known[representatives] = True
    backwards = [np.argsort(sigma) for sigma in rows]
    while not known.all():
        for back, (_, cells) in zip(backwards, generators, strict=True):
            at = np.flatnonzero(known)
            while at.size:
                there = cells[at]
                new = ~known[there]
                at, there = at[new], there[new]
                known[there] = True
                # row σ(i) of the cell that j goes to is row i of j
                source[there] = source[at][:, back]
                at = there
    pair_permutations = [np.add.outer(sigma * R, sigma).ravel() for sigma in rows]
    pairs = _components(R * R, pair_permutations)[1].reshape(R, R)
    whole = np.ascontiguousarray(source.T, dtype=np.int64)
    return Orbits(representatives, np.bincount(orbit), orbit, whole, pairs, _components(R, rows)[1])


def _on_rows(design: LabelDesign, relabelling: Relabelling) -> IntArray:
    """``(R,)``: the row at which every row arrives; tasks whose targets are not alike stay as they are."""
    return np.concatenate([
        rows.start + (pi if len(pi) == k else np.arange(k))
        for pi, k, (_, rows) in zip(relabelling, design.classes, design.blocks(), strict=True)
    ])  # fmt: skip


# --------------------------------------------------------------------------- the reduced problem


class OrbitProblem(UFM):
    """A problem on representatives alone, each counted for its whole orbit.

    Its weights ω are Σ over the orbit, and its Z' carries √|O|, so that inner products are those of invariant points;
    what sums over cells must then be averaged over the group (:class:`Orbits`).
    """

    def _check_every_class_has_weight(self) -> None:
        """Classes are there in the orbits if not in their representatives; the whole problem was checked."""


def on_representatives(problem: UFM, orbits: Orbits) -> OrbitProblem:
    """``problem`` reduced to one cell an orbit: same convention, same numbers, counts times |O|."""
    design, chosen = problem.design, orbits.representatives
    weights = design.sample_weights
    # without its checks, which the whole design has passed: those of large tables of targets take longer than solving
    reduced = object.__new__(LabelDesign)
    for name, value in (
        ("classes", design.classes),
        ("labels", design.labels[:, chosen]),
        ("counts", design.counts[chosen] * orbits.sizes),
        ("targets", design.targets),
        ("sample_weights", None if weights is None else weights[:, chosen]),
        ("scenario", design.scenario),
    ):
        object.__setattr__(reduced, name, value)
    return OrbitProblem(
        reduced, problem.weight_decay, problem.feature_decay, problem.task_weights, problem.bias, problem.loss,
        problem.dimension, problem.convention,
    )  # fmt: skip
