"""What an audit must know of N features, in two passes and in memory that does not grow with N.

First pass, for every cell j (a column of labels; n_j samples), in float64:

    n_j,   Σ_i h_i,   Σ_i ‖h_i‖²,   Σ_i z_i  (R),   Σ_i Φ(z_{t,i})  (T),   Σ_i ⟨∇Φ(z_{t,i}), z_{t,i} − b_t⟩  (T)

with logits z_i = W h_i + b, and for every task the number of samples whose largest logit is their class.  f and
every term of the gap anatomy are functions of these (``audit.py``): the loss is Σ_i Φ(z_i) + Φ*(y) − ⟨y, z_i⟩ and
the prediction term the same with q in place of y.

Second pass, with what the first has found: the within-cell variance in given directions u_k and the nearest class
mean of every sample.

The products H Wᵀ, H U are taken in float32 where features and heads are float32 or less, else in float64; all that
follows is float64, and the sums of logits are sums of the very products, so that a rounded product enters f as
another network would whose logits differ by as much.  Sums are taken block by block in the order of the samples
and chunk by chunk by a fixed tree (``workers.py``).  Σ‖h_i − h̄_j‖² = Σ‖h_i‖² − n_j‖h̄_j‖² is a difference: its
absolute error is a few roundings (1e-16) of Σ‖h_i‖², which no share of f(0) shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from scipy import sparse

from relaxations.array_sources import AnyArray, ArraySource
from relaxations.last_layer import LastLayer
from relaxations.workers import Workers
from theory.labels import FloatArray, IntArray, LabelDesign
from theory.losses import loss_named

#: Bytes of float64 features in a block (it should stay in a core's cache) and in a chunk (a unit of work).
BLOCK_BYTES = 2**21
CHUNK_BYTES = 2**27
#: Label columns are told apart by one number where there are at most so many combinations, else step by step.
MAX_CODES = 2**22
#: Numbers in a state, C (d + R): the memory that does not depend on N.
MAX_STATE = 2**27


def chunk_rows(dimension: int) -> int:
    """Samples in a chunk: a function of d alone, so that the digits do not depend on who computes."""
    return max(1024, CHUNK_BYTES // (8 * dimension))


# --------------------------------------------------------------------------- cells


class CellFinder:
    """The cell of every row of labels; cells are numbered in lexicographic order of their labels.

    ``cells`` is ``(T, C)``, no two columns equal.  A prefix of labels becomes one number step by step, so that
    nothing overflows however many tasks there are.
    """

    def __init__(self, classes: Sequence[int], cells: IntArray) -> None:
        self.classes = tuple(classes)
        self.steps: list[IntArray] = []
        prefix = np.zeros(cells.shape[1], dtype=np.int64)
        for t, k in enumerate(self.classes):
            known, prefix = np.unique(prefix * (k + 1) + cells[t] + 1, return_inverse=True)
            self.steps.append(known)
        self.cell = np.argsort(prefix)

    def __call__(self, labels: IntArray) -> IntArray:
        """``(B, T)`` labels, all of them known, to ``(B,)`` cells."""
        prefix = np.zeros(len(labels), dtype=np.int64)
        for t, known in enumerate(self.steps):
            codes = prefix * (self.classes[t] + 1) + labels[:, t] + 1
            prefix = np.minimum(np.searchsorted(known, codes), len(known) - 1)
            if (known[prefix] != codes).any():
                raise ValueError("labels: a row that was not there before; did the file change?")
        return np.asarray(self.cell[prefix])


def design_of(layer: LastLayer, workers: Workers, chunk: int | None = None, scenario: str = "audit") -> LabelDesign:
    """The cells of the labels, merged, with their counts (as ``LabelDesign.from_labels``, by chunks).

    Raises ``ValueError`` for a label outside −1 .. K_t − 1 and for a sample without any label.
    """
    step = chunk or chunk_rows(layer.dimension)
    starts = range(0, layer.samples, step)

    def part(i: int) -> tuple[int, ArraySource]:
        return starts[i], layer.labels.part(starts[i], starts[i] + step)

    leaf = partial(_count_cells, classes=layer.classes, names=layer.names)
    cells, counts = workers.map_reduce(leaf, part, len(starts), _merge_counts)
    return LabelDesign(layer.classes, cells.T, counts, scenario=scenario)


def _labels(source: ArraySource) -> IntArray:
    rows = source.rows(0, source.shape[0])
    if rows.dtype.kind == "u" and rows.size and rows.max() > 2**62:
        raise ValueError(f"labels: {rows.max()}; expected a class number, or -1")
    return rows.astype(np.int64).reshape(len(rows), -1)


def _count_cells(
    part: tuple[int, ArraySource], classes: tuple[int, ...], names: tuple[str, ...]
) -> tuple[IntArray, IntArray]:
    """Distinct rows of labels ``(C, T)`` in lexicographic order, and how often each occurs."""
    first, source = part
    labels = _labels(source)
    for t, k in enumerate(classes):
        low, high = labels[:, t].min(), labels[:, t].max()
        if low < -1 or high >= k:
            raise ValueError(
                f"labels: task {names[t]} has the label {high if high >= k else low} and its head {k} rows; "
                f"expected 0 to {k - 1}, or -1 for a missing label"
            )
    bare = (labels < 0).all(axis=1)
    if bare.any():
        raise ValueError(f"labels: sample {first + int(bare.argmax())} carries no label; leave it out")
    return _distinct(labels, np.ones(len(labels), dtype=np.int64), classes)


def _distinct(rows: IntArray, counts: IntArray, classes: tuple[int, ...]) -> tuple[IntArray, IntArray]:
    prefix, size = np.zeros(len(rows), dtype=np.int64), 1
    for t, k in enumerate(classes):
        if size * (k + 1) > MAX_CODES:
            known, prefix = np.unique(prefix, return_inverse=True)
            size = len(known)
        prefix, size = prefix * (k + 1) + rows[:, t] + 1, size * (k + 1)
    known, where, inverse = np.unique(prefix, return_index=True, return_inverse=True)
    totals = np.zeros(len(known), dtype=np.int64)
    np.add.at(totals, inverse.reshape(-1), counts)
    return rows[where], totals


def _merge_counts(a: tuple[IntArray, IntArray], b: tuple[IntArray, IntArray]) -> tuple[IntArray, IntArray]:
    rows = np.concatenate([a[0], b[0]])
    cells, inverse = np.unique(rows, axis=0, return_inverse=True)
    counts = np.zeros(len(cells), dtype=np.int64)
    np.add.at(counts, inverse.reshape(-1), np.concatenate([a[1], b[1]]))
    return cells, counts


# --------------------------------------------------------------------------- first pass


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over the samples of every cell (see the module), float64.

    counts (C,), features (C, d), squares (C,), logits (C, R), potentials (C, T), slopes (C, T), correct (T,).
    """

    counts: IntArray
    features: FloatArray
    squares: FloatArray
    logits: FloatArray
    potentials: FloatArray
    slopes: FloatArray
    correct: IntArray

    @property
    def means(self) -> FloatArray:
        """``(d, C)`` cell means."""
        return np.asarray((self.features / self.counts[:, None]).T)

    @property
    def scatter(self) -> float:
        """Σ_i ‖h_i − h̄_{j(i)}‖², not below 0."""
        parts = self.squares - (self.features**2).sum(axis=1) / self.counts
        return float(np.maximum(parts, 0.0).sum())


def _add(a: Moments, b: Moments) -> Moments:
    return Moments(*(x + y for x, y in zip(vars(a).values(), vars(b).values(), strict=True)))


@dataclass(frozen=True, eq=False)
class _FirstPass:
    """What a worker needs for the first pass over any chunk."""

    finder: CellFinder
    W: FloatArray
    b: FloatArray
    classes: tuple[int, ...]
    loss: str
    single: bool
    with_slopes: bool

    @np.errstate(all="ignore")  # what is not finite is found at the end, by its cell
    def __call__(self, part: tuple[ArraySource, ArraySource]) -> Moments:
        features, label_source = part
        labels = _labels(label_source)
        cell_of = self.finder(labels)
        cells, (R, d), T = len(self.finder.cell), self.W.shape, len(self.classes)
        loss = loss_named(self.loss)
        W: AnyArray = self.W.astype(np.float32 if self.single else np.float64)
        correct = np.zeros(T, dtype=np.int64)
        # a row a sample: its feature, ‖h‖², logits, potentials, slopes; one sparse product sums them all by cell
        ends = np.cumsum([d, 1, R, T, T if self.with_slopes else 0])
        totals = np.zeros((cells, ends[-1]))
        H = features.rows(0, features.shape[0])
        steps = blocks(len(labels), ends[-1])
        buffer = np.empty((max(step.stop - step.start for step in steps), ends[-1]))
        for at in steps:
            raw, cell, label = H[at], cell_of[at], labels[at]
            stack = buffer[: len(cell)]
            exact, squares, logits, potentials, slopes = np.split(stack, ends[:-1], axis=1)
            exact[:] = raw
            np.vecdot(exact, exact, out=squares[:, 0])
            operand: AnyArray = raw.astype(np.float32, copy=False) if self.single else exact
            z = (W @ operand.T).astype(np.float64)
            z += self.b[:, None]
            logits[:] = z.T
            start = 0
            for t, k in enumerate(self.classes):
                own = z[start : start + k]
                # a missing label has weight 0 wherever these sums are used, so no masking of theirs
                potentials[:, t] = loss.phi(own)
                correct[t] += int(np.count_nonzero(own.argmax(axis=0) == label[:, t]))  # a missing label is never it
                if self.with_slopes:
                    slopes[:, t] = (loss.gradient(own) * (own - self.b[start : start + k, None])).sum(axis=0)
                start += k
            _add_by_cell(totals, cell, stack)
        sums, squares, logits, potentials, slopes = np.split(totals, ends[:-1], axis=1)
        slopes = slopes if self.with_slopes else np.zeros((cells, T))
        counts = np.bincount(cell_of, minlength=cells)
        return Moments(counts, sums, squares[:, 0], logits, potentials, slopes, correct)


def _add_by_cell(totals: FloatArray, cell: IntArray, rows: FloatArray) -> None:
    """``totals[cell[i]] += rows[i]`` for every i: in each cell the rows of this block are summed in their order first.

    A product with the indicator matrix of the cells; where there are many, of those present alone.
    """
    present: IntArray | slice = slice(None)
    count, place = len(totals), cell
    if count > len(cell):
        present, place = np.unique(cell, return_inverse=True)
        count = len(present)
    indicator = sparse.csc_array((np.ones(len(cell)), place, np.arange(len(cell) + 1)), shape=(count, len(cell)))
    totals[present] += np.asarray(indicator @ rows)


def blocks(samples: int, dimension: int) -> list[slice]:
    """Consecutive rows whose float64 features make about :data:`BLOCK_BYTES`."""
    step = max(16, BLOCK_BYTES // (8 * dimension))
    return [slice(start, min(start + step, samples)) for start in range(0, samples, step)]


def first_pass(
    layer: LastLayer,
    design: LabelDesign,
    loss: str,
    workers: Workers,
    chunk: int | None = None,
    with_slopes: bool = False,
) -> Moments:
    """The :class:`Moments` of all samples; ``slopes`` are zeros unless ``with_slopes``.

    ``design`` must be that of :func:`design_of`.  Raises ``ValueError`` for features that are not finite, or for more
    cells than their sums fit in memory.
    """
    entries = design.cells * (layer.dimension + design.rows)
    if entries > MAX_STATE:
        raise ValueError(
            f"labels: {design.cells} different rows of labels, of which {layer.dimension} features and {design.rows} "
            f"logits each would have to be kept; expected at most {MAX_STATE} numbers; audit fewer tasks at a time"
        )
    bias = np.zeros(design.rows) if layer.b is None else layer.b
    finder = CellFinder(design.classes, design.labels)
    leaf = _FirstPass(finder, layer.W, bias, design.classes, loss, layer.single, with_slopes)
    moments = _reduce(layer, leaf, workers, chunk, _add)
    wrong = ~(np.isfinite(moments.squares) & np.isfinite(moments.logits).all(axis=1))
    if wrong.any():
        raise ValueError(
            f"features: a sample with the labels {design.labels[:, wrong.argmax()].tolist()} has a feature that is "
            "not finite (or logits beyond the range of numbers)"
        )
    return moments


State = TypeVar("State")


def _reduce(
    layer: LastLayer,
    leaf: Callable[[tuple[ArraySource, ArraySource]], State],
    workers: Workers,
    chunk: int | None,
    merge: Callable[[State, State], State],
) -> State:
    step = chunk or chunk_rows(layer.dimension)
    starts = range(0, layer.samples, step)

    def part(i: int) -> tuple[ArraySource, ArraySource]:
        rows = starts[i], starts[i] + step
        return layer.features.part(*rows), layer.labels.part(*rows)

    return workers.map_reduce(leaf, part, len(starts), merge)


# --------------------------------------------------------------------------- second pass


@dataclass(frozen=True, eq=False)
class Spread:
    """variances (r,): Σ_i ⟨u_k, h_i − h̄_{j(i)}⟩²;  disagreements (T,): samples whose nearest class mean is another."""

    variances: FloatArray
    disagreements: IntArray


@dataclass(frozen=True, eq=False)
class _SecondPass:
    """What a worker needs for the second pass over any chunk."""

    finder: CellFinder
    W: FloatArray
    b: FloatArray
    classes: tuple[int, ...]
    single: bool
    directions: FloatArray
    cell_places: FloatArray
    class_means: tuple[FloatArray, ...]

    def __call__(self, part: tuple[ArraySource, ArraySource]) -> Spread:
        features, label_source = part
        labels = _labels(label_source)
        cell_of = self.finder(labels)
        r, R = len(self.directions), len(self.W)
        stacked = np.concatenate([self.directions, self.W, *map(np.nan_to_num, self.class_means)])
        stacked = stacked.astype(np.float32 if self.single else np.float64)
        # a class without samples is nobody's nearest
        lengths = [np.where(np.isnan(m), np.inf, m * m).sum(axis=1)[:, None] for m in self.class_means]
        variances, disagreements = np.zeros(r), np.zeros(len(self.classes), dtype=np.int64)
        H = features.rows(0, features.shape[0])
        for at in blocks(len(labels), self.W.shape[1]):
            places = stacked @ H[at].astype(stacked.dtype, copy=False).T
            off = places[:r] - self.cell_places.take(cell_of[at], axis=1)
            variances += np.einsum("ij,ij->i", off, off)
            row = 0
            for t, k in enumerate(self.classes):
                guess = (places[r + row : r + row + k] + self.b[row : row + k, None]).argmax(axis=0)
                nearest = (lengths[t] - 2.0 * places[r + R + row : r + R + row + k]).argmin(axis=0)
                disagreements[t] += int(np.count_nonzero((nearest != guess) & (labels[at, t] >= 0)))
                row += k
        return Spread(variances, disagreements)


def second_pass(
    layer: LastLayer,
    design: LabelDesign,
    moments: Moments,
    directions: FloatArray,
    workers: Workers,
    chunk: int | None = None,
) -> Spread:
    """The :class:`Spread` of all samples in the orthonormal ``directions`` (r, d)."""
    bias = np.zeros(design.rows) if layer.b is None else layer.b
    class_means = []
    for t, k in enumerate(design.classes):
        member = (design.labels[t] == np.arange(k)[:, None]).astype(np.float64)
        sizes = member @ moments.counts
        with np.errstate(invalid="ignore"):
            class_means.append(np.asarray((member @ moments.features) / sizes[:, None]))
    leaf = _SecondPass(
        CellFinder(design.classes, design.labels), layer.W, bias, design.classes, layer.single,
        directions, directions @ moments.means, tuple(class_means),
    )  # fmt: skip
    return _reduce(layer, leaf, workers, chunk, _add_spreads)


def _add_spreads(a: Spread, b: Spread) -> Spread:
    return Spread(a.variances + b.variances, a.disagreements + b.disagreements)
