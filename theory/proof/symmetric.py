r"""Matrices of symbolic size that commute with the permutations of the classes.

A K × K matrix that commutes with all class permutations is x I + y J (J all ones), a K × L matrix that
commutes with those of both tasks is y J, and

    J_{K,L} J_{L,M} = L J_{K,M},      tr(xI + yJ) = K(x + y),      J_{K,L}ᵀ = J_{L,K}.

x I + y J has the eigenvalue x on the centred vectors (multiplicity K − 1) and x + K y on the constants.
Scalars are SymPy expressions and K, L are symbols: a proof in this algebra holds for every size.

*Label matrices.*  E_t is the K_t × C matrix of labels, (E_t)_{k,j} = √n_j 1[y_{t,j} = k].  It enters a proof
only through the joint frequencies E_s E_tᵀ = F_{st}, so no cell is ever enumerated:

    same task      F_tt = (N/K) I          independent      F_st = N/(K_s K_t) J
    correlated     F_st = N [(ρ/K) I + ((1−ρ)/K²) J]        (agreement probability (1 + (K−1)ρ)/K)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp


@dataclass(frozen=True, eq=False)
class Symmetric:
    """x I + y J of size ``rows`` × ``columns``; ``x`` must be 0 unless the block is square on one task.

    ``rows`` and ``columns`` are the numbers of classes (SymPy symbols or integers).
    """

    rows: sp.Expr
    columns: sp.Expr
    x: sp.Expr
    y: sp.Expr

    def __post_init__(self) -> None:
        for name in ("rows", "columns", "x", "y"):
            object.__setattr__(self, name, sp.sympify(getattr(self, name)))
        if self.x != 0 and self.rows != self.columns:
            raise ValueError(f"identity part in a {self.rows} x {self.columns} block; only square blocks have one")

    def _same_shape(self, other: Symmetric) -> None:
        if not isinstance(other, Symmetric) or (self.rows, self.columns) != (other.rows, other.columns):
            raise ValueError(f"blocks of different shapes: {self.rows} x {self.columns} and {other!r}")

    def __add__(self, other: Symmetric) -> Symmetric:
        self._same_shape(other)
        return Symmetric(self.rows, self.columns, self.x + other.x, self.y + other.y)

    def __sub__(self, other: Symmetric) -> Symmetric:
        return self + (-1) * other

    def __neg__(self) -> Symmetric:
        return (-1) * self

    def __mul__(self, scalar: sp.Expr) -> Symmetric:
        return Symmetric(self.rows, self.columns, scalar * self.x, scalar * self.y)

    __rmul__ = __mul__

    def __truediv__(self, scalar: sp.Expr) -> Symmetric:
        return self * (1 / sp.sympify(scalar))

    def __matmul__(self, other: Symmetric) -> Symmetric:
        if not isinstance(other, Symmetric):
            return NotImplemented
        if self.columns != other.rows:
            raise ValueError(f"product of {self.rows} x {self.columns} with {other.rows} x {other.columns}")
        # (xI + yJ)(x'I + y'J) = xx' I + (x y' + y x' + K y y') J; the identity parts exist only on square blocks
        return Symmetric(
            self.rows,
            other.columns,
            self.x * other.x,
            self.x * other.y + self.y * other.x + self.columns * self.y * other.y,
        )

    @property
    def T(self) -> Symmetric:
        """Transpose."""
        return Symmetric(self.columns, self.rows, self.x, self.y)

    def trace(self) -> sp.Expr:
        """K (x + y) of a square block."""
        self._square("trace")
        return self.rows * (self.x + self.y)

    def inner(self, other: Symmetric) -> sp.Expr:
        """Frobenius inner product ⟨A, B⟩ = tr Aᵀ B."""
        self._same_shape(other)
        return (self.T @ other).trace()

    def eigenvalues(self) -> tuple[tuple[sp.Expr, sp.Expr], tuple[sp.Expr, sp.Expr]]:
        """((x, K − 1), (x + K y, 1)): eigenvalue and multiplicity, centred vectors first, then constants."""
        self._square("eigenvalues")
        return (self.x, self.rows - 1), (self.x + self.rows * self.y, sp.Integer(1))

    def diagonal(self) -> sp.Expr:
        """An entry on the diagonal, x + y."""
        self._square("diagonal")
        return self.x + self.y

    def off_diagonal(self) -> sp.Expr:
        """An entry off the diagonal, y."""
        return self.y

    def subs(self, replacements: dict[sp.Expr, sp.Expr]) -> Symmetric:
        """The block with symbols replaced in its size and its scalars."""
        return Symmetric(*(part.subs(replacements) for part in (self.rows, self.columns, self.x, self.y)))

    def coefficients(self) -> list[sp.Expr]:
        """Scalars that all vanish iff the block is 0, given K >= 2 (I and J are then independent)."""
        return [self.x, self.y]

    def map(self, function: Callable[[sp.Expr], sp.Expr]) -> Symmetric:
        """``function`` applied to the scalars x and y."""
        return Symmetric(self.rows, self.columns, function(self.x), function(self.y))

    def explicit(self, sizes: dict[sp.Expr, int]) -> sp.ImmutableMatrix:
        """The matrix itself at concrete sizes."""
        rows, columns = int(self.rows.subs(sizes)), int(self.columns.subs(sizes))
        ones = sp.ones(rows, columns) * self.y.subs(sizes)
        return sp.ImmutableMatrix(
            ones + (self.x.subs(sizes) * sp.eye(rows) if self.x != 0 else sp.zeros(rows, columns))
        )

    def render(self, scalar: Callable[[sp.Expr], str], latex: bool) -> str:
        """As text: c (I − J/K) where it is centred, else x I + y J."""
        if self.x == 0 and self.y == 0:
            return "0"
        if self.x != 0 and sp.simplify(self.x + self.rows * self.y) == 0:
            size = scalar(self.rows)
            centring = rf"\Bigl(I - \tfrac{{1}}{{{size}}} J\Bigr)" if latex else f"(I − J/{size})"
            return centring if self.x == 1 else f"{_factor(self.x, scalar, latex)} {centring}"
        parts = [f"{_factor(c, scalar, latex)} {m}" for c, m in ((self.x, "I"), (self.y, "J")) if c != 0]
        return " + ".join(parts)

    def _square(self, what: str) -> None:
        if self.rows != self.columns:
            raise ValueError(f"{what} of a {self.rows} x {self.columns} block; it must be square")


def _factor(c: sp.Expr, scalar: Callable[[sp.Expr], str], latex: bool) -> str:
    text = scalar(c)
    if not isinstance(c, sp.Add):
        return text
    return rf"\left({text}\right)" if latex else f"({text})"


def identity(size: sp.Expr) -> Symmetric:
    """I of ``size``."""
    return Symmetric(size, size, 1, 0)


def ones(rows: sp.Expr, columns: sp.Expr | None = None) -> Symmetric:
    """J, all ones, ``rows`` × ``columns`` (square by default)."""
    return Symmetric(rows, rows if columns is None else columns, 0, 1)


def zeros(rows: sp.Expr, columns: sp.Expr | None = None) -> Symmetric:
    """The zero block, ``rows`` × ``columns`` (square by default)."""
    return Symmetric(rows, rows if columns is None else columns, 0, 0)


def centring(size: sp.Expr) -> Symmetric:
    """P = I − J/K, the projection onto centred vectors."""
    return Symmetric(size, size, 1, -1 / sp.sympify(size))


# --------------------------------------------------------------------------- labels


@dataclass(frozen=True)
class Labels:
    """Joint frequencies of the labels of tasks: ``frequency(s, t)`` is F_{st} as a block.

    ``classes`` maps a task's name to its number of classes.
    """

    classes: dict[str, sp.Expr]
    frequency: Callable[[str, str], Symmetric]

    def matrix(self, task: str) -> LabelMatrix:
        """E_t."""
        return LabelMatrix(identity(self.classes[task]), task, self)


def independent_labels(samples: sp.Expr, classes: dict[str, sp.Expr]) -> Labels:
    """Uniform marginals and pairwise independent labels on N = ``samples`` samples."""

    def frequency(s: str, t: str) -> Symmetric:
        if s == t:
            return identity(classes[s]) * (samples / classes[s])
        return ones(classes[s], classes[t]) * (samples / (classes[s] * classes[t]))

    return Labels(classes, frequency)


def correlated_labels(samples: sp.Expr, size: sp.Expr, correlation: sp.Expr, tasks: tuple[str, str]) -> Labels:
    """Two tasks of ``size`` classes that agree with probability (1 + (K−1)ρ)/K, otherwise uniform."""

    def frequency(s: str, t: str) -> Symmetric:
        if s == t:
            return identity(size) * (samples / size)
        return (identity(size) * (correlation / size) + ones(size) * ((1 - correlation) / size**2)) * samples

    return Labels(dict.fromkeys(tasks, size), frequency)


@dataclass(frozen=True, eq=False)
class LabelMatrix:
    """A E_t with a symmetric A: a matrix with one column a cell that depends on the label of task t alone.

    ``A E_s @ (B E_t).T`` is the block A F_{st} Bᵀ.
    """

    left: Symmetric
    task: str
    labels: Labels

    def __rmatmul__(self, other: Symmetric) -> LabelMatrix:
        return LabelMatrix(other @ self.left, self.task, self.labels)

    def __mul__(self, scalar: sp.Expr) -> LabelMatrix:
        return LabelMatrix(self.left * scalar, self.task, self.labels)

    __rmul__ = __mul__

    def __truediv__(self, scalar: sp.Expr) -> LabelMatrix:
        return self * (1 / sp.sympify(scalar))

    def gram(self, other: LabelMatrix) -> Symmetric:
        """(A E_s)(B E_t)ᵀ = A F_{st} Bᵀ."""
        if self.labels is not other.labels:
            raise ValueError("label matrices of two different designs have no product")
        return self.left @ self.labels.frequency(self.task, other.task) @ other.left.T
