r"""Polynomials in matrices of any size, and their traces.

A :class:`Word` polynomial is a linear combination of products of *letters* and their transposes, with
SymPy scalars; two of them are equal for matrices of every size iff their combinations agree.  Under the
trace a word may be rotated and transposed,

    tr(AB) = tr(BA),      tr(A) = tr(Aᵀ),

so that a trace polynomial has a canonical form: the least of all rotations of a word and of its
transpose.  A false identity is refuted by explicit small integer matrices (:meth:`Trace.evaluate`).

    W, H, U = letter("W'", "R", "d"), letter("H̃", "d", "C"), letter("U'", "R", "C")
    trace((W - U @ H.T) @ (W - U @ H.T).T)                 # ‖W' − U'H̃ᵀ‖²
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import sympy as sp

from theory.proof.sums import Sum


@dataclass(frozen=True, order=True)
class Letter:
    """A matrix symbol of shape ``rows`` × ``columns`` (names of sizes, ``"1"`` for a vector)."""

    name: str
    rows: str
    columns: str
    latex: str = ""
    symmetric: bool = False


#: A letter and whether it is transposed.
Factor = tuple[Letter, bool]
Product = tuple[Factor, ...]


def _shape(product: Product) -> tuple[str, str]:
    (first, turned), (last, last_turned) = product[0], product[-1]
    return (first.columns if turned else first.rows), (last.rows if last_turned else last.columns)


def _transpose(product: Product) -> Product:
    return tuple((letter, not turned and not letter.symmetric) for letter, turned in reversed(product))


class _Combination:
    """A linear combination of products: what :class:`Word` and :class:`Trace` share."""

    def __init__(self, terms: Mapping[Product, sp.Expr]):
        self.terms = {p: c for p, c in ((p, sp.expand(c)) for p, c in terms.items()) if c != 0}

    def _combine(self, other: _Combination, factor: int) -> dict[Product, sp.Expr]:
        out = dict(self.terms)
        for p, c in other.terms.items():
            out[p] = out.get(p, sp.Integer(0)) + factor * c
        return out

    def coefficients(self) -> list[sp.Expr]:
        """The scalars, which all vanish iff the polynomial is 0 for matrices of every size."""
        return list(self.terms.values())

    @property
    def letters(self) -> list[Letter]:
        """The letters that occur, sorted by name."""
        return sorted({letter for p in self.terms for letter, _ in p})

    @property
    def scalars(self) -> set[sp.Symbol]:
        """The scalar symbols that occur."""
        return set().union(*(c.free_symbols for c in self.terms.values())) if self.terms else set()


class Word(_Combination):
    """A polynomial in matrices, all products of one shape; the identity of size n is the empty product."""

    def __init__(self, terms: Mapping[Product, sp.Expr], rows: str, columns: str):
        super().__init__(terms)
        self.rows, self.columns = rows, columns
        for p in self.terms:
            if p and _shape(p) != (rows, columns):
                raise ValueError(f"a product of shape {_shape(p)} in a polynomial of shape {(rows, columns)}")
        if () in self.terms and rows != columns:
            raise ValueError(f"an identity matrix of shape {(rows, columns)}")

    def __add__(self, other: Word) -> Word:
        self._same_shape(other)
        return Word(self._combine(other, 1), self.rows, self.columns)

    def __sub__(self, other: Word) -> Word:
        self._same_shape(other)
        return Word(self._combine(other, -1), self.rows, self.columns)

    def _same_shape(self, other: Word) -> None:
        if (self.rows, self.columns) != (other.rows, other.columns):
            raise ValueError(f"shapes {self.rows} x {self.columns} and {other.rows} x {other.columns} do not add")

    def __mul__(self, scalar: sp.Expr) -> Word:
        return Word({p: c * scalar for p, c in self.terms.items()}, self.rows, self.columns)

    __rmul__ = __mul__

    def __truediv__(self, scalar: sp.Expr) -> Word:
        return self * (1 / sp.sympify(scalar))

    def __neg__(self) -> Word:
        return self * sp.Integer(-1)

    def __matmul__(self, other: Word) -> Word:
        if self.columns != other.rows:
            raise ValueError(f"product of {self.rows} x {self.columns} with {other.rows} x {other.columns}")
        out: dict[Product, sp.Expr] = {}
        for p, c in self.terms.items():
            for q, d in other.terms.items():
                out[p + q] = out.get(p + q, sp.Integer(0)) + c * d
        return Word(out, self.rows, other.columns)

    @property
    def T(self) -> Word:
        """Transpose."""
        return Word({_transpose(p): c for p, c in self.terms.items()}, self.columns, self.rows)

    def inner(self, other: Word) -> Trace:
        """⟨A, B⟩ = tr Aᵀ B."""

        def printer(scalar: Callable[[sp.Expr], str], latex: bool) -> str:
            a, b = self.render(scalar, latex), other.render(scalar, latex)
            return rf"\left\langle {a},\, {b}\right\rangle" if latex else f"⟨{a}, {b}⟩"

        return Trace((self.T @ other).terms, ((sp.Integer(1), printer),))

    def square(self) -> Trace:
        """‖A‖² = tr A Aᵀ."""

        def printer(scalar: Callable[[sp.Expr], str], latex: bool) -> str:
            a = self.render(scalar, latex)
            return rf"\left\|{a}\right\|^{{2}}" if latex else f"‖{a}‖²"

        return Trace((self @ self.T).terms, ((sp.Integer(1), printer),))

    def evaluate(self, matrices: Mapping[Letter, sp.Matrix], sizes: Mapping[str, int]) -> sp.Matrix:
        """The polynomial at explicit matrices; scalars stay symbols."""
        out = sp.zeros(sizes[self.rows], sizes[self.columns])
        for p, c in self.terms.items():
            out += c * _multiply(p, matrices, sizes[self.rows])
        return out

    def render(self, scalar: Callable[[sp.Expr], str], latex: bool) -> str:
        """As text."""
        unit = "1" if self.rows == "1" else f"I_{{{self.rows}}}" if latex else "I"
        pieces = [(c, _product_text(p, latex) or unit) for p, c in self.terms.items()]
        return _join(pieces, scalar, latex)


#: How part of a trace polynomial prints: given a printer of scalars and whether LaTeX is wanted.
Printer = Callable[[Callable[[sp.Expr], str], bool], str]


class Trace(_Combination):
    """A scalar: a linear combination of traces of products, plus a constant (the empty product).

    ``sums`` adds sums over generic indices (:class:`theory.proof.sums.Sum`): index to summand.  ``shown`` remembers
    how the whole was put together, so that ‖A − B‖² prints as that and not expanded.
    """

    def __init__(
        self,
        terms: Mapping[Product, sp.Expr],
        shown: tuple[tuple[sp.Expr, Printer], ...] | None = None,
        sums: Mapping[str, sp.Expr] | None = None,
    ):
        canonical: dict[Product, sp.Expr] = {}
        for p, c in terms.items():
            key = _canonical(p)
            canonical[key] = canonical.get(key, sp.Integer(0)) + c
        super().__init__(canonical)
        if shown is None:
            shown = tuple((c, _trace_printer(p)) for p, c in self.terms.items())
        self.shown = shown
        self.sums = dict(sums or {})

    def coefficients(self) -> list[sp.Expr]:
        """The scalars and generic summands, which all vanish only if the whole is 0 whatever the sizes."""
        return super().coefficients() + list(self.sums.values())

    @property
    def scalars(self) -> set[sp.Symbol]:
        """The scalar symbols that occur, in summands too."""
        return super().scalars.union(*(s.free_symbols for s in self.sums.values()))

    def __add__(self, other: Trace | Sum | sp.Expr) -> Trace:
        other = _as_trace(other)
        sums = dict(self.sums)
        for index, summand in other.sums.items():
            sums[index] = sums.get(index, sp.Integer(0)) + summand
        return Trace(self._combine(other, 1), self.shown + other.shown, sums)

    def __radd__(self, other: Trace | Sum | sp.Expr) -> Trace:
        return _as_trace(other) + self

    def __sub__(self, other: Trace | Sum | sp.Expr) -> Trace:
        return self + (-_as_trace(other))

    def __rsub__(self, other: Trace | Sum | sp.Expr) -> Trace:
        return _as_trace(other) - self

    def __mul__(self, scalar: sp.Expr) -> Trace:
        scaled = tuple((c * scalar, printer) for c, printer in self.shown)
        sums = {index: summand * scalar for index, summand in self.sums.items()}
        return Trace({p: c * scalar for p, c in self.terms.items()}, scaled, sums)

    __rmul__ = __mul__

    def __truediv__(self, scalar: sp.Expr) -> Trace:
        return self * (1 / sp.sympify(scalar))

    def __neg__(self) -> Trace:
        return self * sp.Integer(-1)

    def evaluate(self, matrices: Mapping[Letter, sp.Matrix], sizes: Mapping[str, int]) -> sp.Expr:
        """The value at explicit matrices, sums having one term each; scalars stay symbols."""
        out = sum(self.sums.values(), sp.Integer(0))
        for p, c in self.terms.items():
            out += c * (_multiply(p, matrices, 1).trace() if p else 1)
        return out

    def render(self, scalar: Callable[[sp.Expr], str], latex: bool) -> str:
        """As text."""
        return _join([(c, printer(scalar, latex)) for c, printer in self.shown], scalar, latex)


def nothing(word: Word) -> Word:
    """The zero polynomial of the shape of ``word``."""
    return Word({}, word.rows, word.columns)


def letter(name: str, rows: str, columns: str, latex: str = "", symmetric: bool = False) -> Word:
    """The polynomial that is one letter."""
    one = Letter(name, rows, columns, latex or name, symmetric)
    return Word({((one, False),): sp.Integer(1)}, rows, columns)


def identity(size: str) -> Word:
    """The identity matrix of a named size."""
    return Word({(): sp.Integer(1)}, size, size)


def trace(word: Word) -> Trace:
    """tr of a square polynomial without identity part (tr I would be a size), or of a 1 × 1 one (where it is 1)."""
    if word.rows != word.columns:
        raise ValueError(f"trace of a {word.rows} x {word.columns} polynomial")
    if () in word.terms and word.rows != "1":
        raise ValueError("trace of an identity matrix: multiply it into the other factors first")
    return Trace(word.terms)


def random_matrices(letters: Iterable[Letter], rng: random.Random) -> tuple[dict[Letter, sp.Matrix], dict[str, int]]:
    """Small integer matrices for ``letters`` and the sizes drawn for them."""
    letters = list(letters)
    names = sorted({n for one in letters for n in (one.rows, one.columns)})
    sizes = {n: 1 if n == "1" else rng.randint(1, 3) for n in names}
    out = {}
    for one in letters:
        m = sp.Matrix(sizes[one.rows], sizes[one.columns], lambda *_: rng.randint(-3, 3))
        out[one] = m + m.T if one.symmetric else m
    return out, sizes


def _as_trace(value: Trace | Sum | sp.Expr) -> Trace:
    if isinstance(value, Trace):
        return value
    if isinstance(value, Sum):
        return Trace({(): value.constant}, ((sp.Integer(1), value.render),), {value.index: value.summand})
    return Trace({(): sp.sympify(value)}, ((sp.sympify(value), lambda scalar, latex: "1"),))


def _canonical(product: Product) -> Product:
    if not product:
        return product
    turned = _transpose(product)
    rotations = [p[k:] + p[:k] for p in (product, turned) for k in range(len(p))]
    return min(rotations)


def _multiply(product: Product, matrices: Mapping[Letter, sp.Matrix], size: int) -> sp.Matrix:
    if not product:
        return sp.eye(size)
    out = None
    for one, turned in product:
        m = matrices[one].T if turned else matrices[one]
        out = m if out is None else out * m
    return out


def _product_text(product: Product, latex: bool) -> str:
    transposed = r"^{\top}" if latex else "ᵀ"
    return ("" if latex else " ").join(
        (f"{{{one.latex}}}" if latex else one.name) + (transposed if turned else "") for one, turned in product
    )


def _trace_printer(product: Product) -> Printer:
    def printer(scalar: Callable[[sp.Expr], str], latex: bool) -> str:
        if not product:
            return "1"
        text = _product_text(product, latex)
        return rf"\operatorname{{tr}}({text})" if latex else f"tr({text})"

    return printer


def _join(pieces: list[tuple[sp.Expr, str]], scalar: Callable[[sp.Expr], str], latex: bool) -> str:
    """Σ coefficient · text, with signs pulled out."""
    out: list[str] = []
    for c, body in pieces:
        if c == 0:
            continue
        minus = c.could_extract_minus_sign()
        size = -c if minus else c
        text = body if size == 1 else (scalar(size) if body == "1" else f"{_bracket(size, scalar, latex)} {body}")
        sign = ("- " if latex else "− ") if minus else ("+ " if out else "")
        out.append(sign + text)
    return " ".join(out) or "0"


def _bracket(c: sp.Expr, scalar: Callable[[sp.Expr], str], latex: bool) -> str:
    text = scalar(c)
    if not isinstance(c, sp.Add):
        return text
    return rf"\left({text}\right)" if latex else f"({text})"
