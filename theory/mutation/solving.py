"""Unknowns that equations determine linearly, solved for in rationals; and values drawn for the others."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import flint
import sympy as sp

from theory.mutation.worlds import Irrational, Unknown, World, coefficients, exact_root, unit
from theory.proof.alphabet import Domain
from theory.proof.traces import Letter, Word

#: Values for scalars: fourth powers, so that their roots are rational, and none of them 1 alone.
POSITIVE = tuple(
    flint.fmpq(n, d) for n, d in ((1, 1), (16, 1), (1, 16), (81, 1), (1, 81), (256, 1), (16, 81), (81, 16))
)
WHOLE = (2, 3, 4, 5, 9, 16)
REAL = tuple(flint.fmpq(n, d) for n, d in ((-3, 1), (-2, 1), (-1, 2), (1, 3), (1, 2), (2, 1), (3, 1), (5, 2)))


@lru_cache(maxsize=100_000)
def _affine(e: sp.Expr, s: sp.Symbol) -> bool:
    return s not in e.free_symbols or bool(e.is_polynomial(s) and sp.degree(e, s) <= 1)


def determines(term: Any, unknown: Unknown) -> bool:
    """Does ``unknown`` enter the term linearly, so that the equation term = 0 may be solved for it?"""
    if isinstance(unknown, Letter):
        counts = [sum(one == unknown for one, _ in p) for p, _ in coefficients(term) if p]
        return max(counts, default=0) == 1
    return all(_affine(c, unknown) for _, c in coefficients(term))


def defines(term: Any, unknown: Unknown) -> bool:
    """Is there a monomial that is the unknown (times a scalar), and no other with it: a definition?"""
    if isinstance(unknown, Letter):
        holding = [p for p, _ in coefficients(term) if p and any(one == unknown for one, _ in p)]
        return len(holding) == 1 and len(holding[0]) == 1
    return not isinstance(term, Word)


def solved_letter(one: Letter, equations: Sequence[Any], world: World, rng: random.Random) -> flint.fmpq_mat | None:
    """A value of a letter at which equations that hold it linearly are met, all else as in the world."""
    if not all(determines(e, one) for e in equations):
        return None
    rows, columns = world.sizes[one.rows], world.sizes[one.columns]
    basis = list(_basis(one, rows, columns))
    numbers: dict[sp.Expr, flint.fmpq] = {}

    def residual(matrix: flint.fmpq_mat) -> list[flint.fmpq]:
        trial = World(world.scalars, {**world.matrices, one: matrix}, world.sizes, counts=world.counts)
        trial._numbers = numbers
        return [v for e in equations for v in trial.exact(e)]

    start = residual(flint.fmpq_mat(rows, columns))
    slopes = [[v - s for v, s in zip(residual(b), start, strict=True)] for b in basis]
    solved = _solve(slopes, [-v for v in start], rng)
    if solved is None:
        return None
    total = flint.fmpq_mat(rows, columns)
    for c, b in zip(solved, basis, strict=True):
        total += b * c
    return total


def solved_scalar(s: sp.Symbol, equations: Sequence[Any], world: World, domain: Domain) -> flint.fmpq | None:
    """A value of a number at which equations that hold it linearly are met, all else as in the world."""
    if not all(determines(e, s) for e in equations):
        return None
    at = []
    for trial in (0, 1):
        fresh = World({**world.scalars, s: flint.fmpq(trial)}, world.matrices, world.sizes, counts=world.counts)
        at.append([v for e in equations for v in fresh.exact(e)])
    values = set()
    for low, high in zip(*at, strict=True):
        if high != low:
            values.add(low / (low - high))
        elif low != 0:
            return None
    if len(values) != 1:
        return None
    value = values.pop()
    return value if in_domain(value, domain) else None


def _solve(slopes: list[list[flint.fmpq]], target: list[flint.fmpq], rng: random.Random) -> list[flint.fmpq] | None:
    """A random solution x of Σ x_k slopes_k = target, or ``None``."""
    unknown_count, equation_count = len(slopes), len(target)
    if equation_count == 0:
        return [flint.fmpq(rng.randint(-2, 2)) for _ in slopes]
    rows = [[slopes[k][i] for k in range(unknown_count)] + [target[i]] for i in range(equation_count)]
    reduced, rank = flint.fmpq_mat(rows).rref()
    x = [flint.fmpq(rng.randint(-3, 3), rng.choice((1, 1, 2))) for _ in range(unknown_count)]
    for i in reversed(range(rank)):
        pivot = next(k for k in range(unknown_count + 1) if reduced[i, k] != 0)
        if pivot == unknown_count:
            return None
        x[pivot] = reduced[i, unknown_count] - sum(
            (reduced[i, k] * x[k] for k in range(pivot + 1, unknown_count)), flint.fmpq(0)
        )
    return x


def draw_scalar(domain: Domain, rng: random.Random) -> flint.fmpq:
    """A rational of the domain, often a fourth power."""
    if domain.kind == "integer":
        return flint.fmpq(rng.choice([n for n in (1, *WHOLE) if n >= domain.least] or [domain.least]))
    if domain.kind == "unit":
        return flint.fmpq(*rng.choice(((0, 1), (1, 4), (7, 16), (3, 4))))
    if domain.kind in ("positive", "nonnegative"):
        return rng.choice(POSITIVE)
    return rng.choice(REAL)


def in_domain(value: flint.fmpq, domain: Domain) -> bool:
    """Is the number in the domain?"""
    if domain.kind == "integer":
        return bool(value.q == 1 and value >= domain.least)
    if domain.kind == "unit":
        return bool(0 <= value < 1)
    return domain.kind == "real" or bool(value > 0 or (value == 0 and domain.kind == "nonnegative"))


def random_matrix(one: Letter, rows: int, columns: int, rng: random.Random) -> flint.fmpq_mat:
    """Small rational entries; symmetric for a symmetric letter."""
    scale = flint.fmpq(1, rng.choice((1, 1, 2, 8)))
    m = flint.fmpq_mat(rows, columns, [rng.choice((-3, -2, -1, 1, 2, 3, 0)) for _ in range(rows * columns)]) * scale
    if not one.symmetric:
        return m
    if rng.random() < 0.6:  # diagonal scalings are the usual symmetric letters
        return flint.fmpq_mat(
            rows, rows, [rng.randint(1, 4) if i == j else 0 for i in range(rows) for j in range(rows)]
        )
    return m + m.transpose()


def reflection(n: int, rng: random.Random) -> flint.fmpq_mat:
    """I − 2uuᵀ/uᵀu: rational and orthogonal."""
    u = [rng.randint(1, 4) * rng.choice((-1, 1)) for _ in range(n)]
    norm = sum(v * v for v in u)
    return unit(n) - flint.fmpq_mat(n, n, [flint.fmpq(2 * a * b, norm) for a in u for b in u])


def templates(rows: int, columns: int, frame: flint.fmpq_mat, rng: random.Random) -> Iterator[flint.fmpq_mat]:
    """Orthonormal columns or rows out of one frame, projections, zero."""
    n = max(rows, columns)
    for start in range(n - min(rows, columns) + 1):
        i_0, j_0 = (0, start) if rows == n else (start, 0)
        yield flint.fmpq_mat([[frame[i_0 + i, j_0 + j] for j in range(columns)] for i in range(rows)])
    if rows == columns:
        yield unit(n) - flint.fmpq_mat(n, n, [flint.fmpq(1, n)] * (n * n))
        kept = rng.randint(0, n)
        chosen = flint.fmpq_mat(n, n, [int(i == j < kept) for i in range(n) for j in range(n)])
        yield frame * chosen * frame.transpose()
        yield unit(n)
    yield flint.fmpq_mat(rows, columns)


def scales(scalars: dict[sp.Symbol, flint.fmpq]) -> list[flint.fmpq]:
    """Numbers by which a template may be multiplied: values of scalars, and their roots."""
    out = []
    for value in scalars.values():
        out.append(value)
        try:
            out.append(exact_root(value, 2))
        except Irrational:
            continue
    return [v for v in dict.fromkeys(out) if v not in (0, 1)]


def _basis(one: Letter, rows: int, columns: int) -> Iterator[flint.fmpq_mat]:
    for i in range(rows):
        for j in range(columns):
            if one.symmetric and j < i:
                continue
            m = flint.fmpq_mat(rows, columns)
            m[i, j] = 1
            if one.symmetric:
                m[j, i] = 1
            yield m
