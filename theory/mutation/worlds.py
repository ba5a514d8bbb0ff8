r"""Worlds: explicit small matrices and rational numbers at which given equations hold exactly, found by search.

    world = find_world([P.T @ P - identity("r"), Z - P @ S @ Q.T], [], alphabet, rng)

Every equation gets an unknown that it determines linearly (a letter that stands in it once, or a scalar); the
others are drawn at random, the determined ones solved for in rationals, in an order in which that is possible.
Equations in one letter alone (orthonormal columns, projections) are met by templates.  All equations are
verified in exact rational arithmetic before a world is handed out.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

import flint
import sympy as sp

from theory.proof.alphabet import Alphabet, Domain
from theory.proof.enclosure import Undefined, enclose
from theory.proof.instances import Instance
from theory.proof.normal_form import vanishes
from theory.proof.rendering import Named
from theory.proof.sums import Sum
from theory.proof.symmetric import Symmetric
from theory.proof.traces import Letter, Product, Trace, Word

#: Attempts to complete a world before the search gives up.
TRIES = 800
#: Worlds with a letter that is 0 that are passed over in the hope of a better one.
PATIENCE = 30
#: Values for scalars: fourth powers, so that their roots are rational, and none of them 1 alone.
POSITIVE = tuple(
    flint.fmpq(n, d) for n, d in ((1, 1), (16, 1), (1, 16), (81, 1), (1, 81), (256, 1), (16, 81), (81, 16))
)
WHOLE = (2, 3, 4, 5, 9, 16)
REAL = tuple(flint.fmpq(n, d) for n, d in ((-3, 1), (-2, 1), (-1, 2), (1, 3), (1, 2), (2, 1), (3, 1), (5, 2)))

Unknown: TypeAlias = Any  # a Letter or a sympy Symbol


class Irrational(ArithmeticError):
    """The value is no rational number (or not shown to be one)."""


@dataclass(eq=False)
class World:
    """Rational values of symbols, rational matrices of letters, and symbols that are functions of those.

    ``defined`` are symbols that solve an equation by an irrational number, ``lets`` changes of variables;
    ``equations`` are terms that vanish exactly; ``counts`` the numbers of (equal) terms of sums, by their index.
    """

    scalars: dict[sp.Symbol, flint.fmpq]
    matrices: dict[Letter, flint.fmpq_mat]
    sizes: dict[str, int]
    lets: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()
    defined: list[tuple[sp.Symbol, sp.Expr]] = field(default_factory=list)
    equations: tuple[Any, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    #: the statement that is read at the world, where it is not the mutant itself (sums written out)
    statement: Any = None
    _products: dict[Product, flint.fmpq_mat] = field(default_factory=dict)
    _points: dict[int, dict[sp.Symbol, Any]] = field(default_factory=dict)
    _numbers: dict[sp.Expr, flint.fmpq] = field(default_factory=dict)
    #: was it found by search, and not drawn as an instance or varied from one?
    searched: bool = False

    def point(self, bits: int) -> dict[sp.Symbol, Any]:
        """The values of all symbols, those of ``lets`` as balls."""
        if bits not in self._points:
            values: dict[sp.Symbol, Any] = {s: sp.Rational(int(v.p), int(v.q)) for s, v in self.scalars.items()}
            for symbol, value in (*self.defined, *reversed(self.lets)):
                values[symbol] = enclose(value, values, bits)
            self._points[bits] = values
        return self._points[bits]

    def total(self, term: Sum | Trace) -> sp.Expr:
        """The sums over generic indices, all their terms equal."""
        if isinstance(term, Sum):
            return self.counts.get(term.index, 1) * term.summand + term.constant
        return sum((self.counts.get(i, 1) * s for i, s in term.sums.items()), sp.Integer(0))

    def product(self, product: Product, size: int) -> flint.fmpq_mat:
        """A product of letters and transposes."""
        if not product:
            return _unit(size)
        if product not in self._products:
            out = flint.fmpq_mat(0, 0)
            for k, (one, turned) in enumerate(product):
                factor = self.matrices[one].transpose() if turned else self.matrices[one]
                out = factor if k == 0 else out * factor
            self._products[product] = out
        return self._products[product]

    def balls(self, term: Any, bits: int) -> list[flint.arb]:
        """Balls that hold the entries of the term; of sums over a generic index, summand and constant."""
        term = term.value if isinstance(term, Named) else term
        point = self.point(bits)
        if isinstance(term, (Sum, Symmetric)):
            return [enclose(c, point, bits) for c in term.coefficients()]
        if isinstance(term, Word):
            rows, columns = self.sizes[term.rows], self.sizes[term.columns]
            entries = [flint.arb(0)] * (rows * columns)
            with flint.ctx.workprec(bits):
                for p, c in term.terms.items():
                    coefficient = enclose(c, point, bits)
                    matrix = self.product(p, rows).entries()
                    entries = [e + coefficient * flint.arb(m) for e, m in zip(entries, matrix, strict=True)]
            return entries
        if isinstance(term, Trace):
            with flint.ctx.workprec(bits):
                total = enclose(self.total(term), point, bits)
                for p, c in term.terms.items():
                    total += enclose(c, point, bits) * (flint.arb(_trace(self.product(p, 1))) if p else 1)
            return [total]
        return [enclose(sp.sympify(term), point, bits)]

    def number(self, e: sp.Expr) -> flint.fmpq:
        """The value of a coefficient as a rational, computed once."""
        if e not in self._numbers:
            self._numbers[e] = rational(e, self.scalars)
        return self._numbers[e]

    def exact(self, term: Any) -> list[flint.fmpq]:
        """The entries as rationals; a sum over a generic index has one term.  Raises ``Irrational``."""
        term = term.value if isinstance(term, Named) else term
        if isinstance(term, Sum):
            return [rational(self.total(term), self.scalars)]
        if isinstance(term, Symmetric):
            return [rational(c, self.scalars) for c in term.coefficients()]
        if isinstance(term, Word):
            out = flint.fmpq_mat(self.sizes[term.rows], self.sizes[term.columns])
            for p, c in term.terms.items():
                out += self.product(p, self.sizes[term.rows]) * self.number(c)
            return list(out.entries())
        if isinstance(term, Trace):
            total = rational(self.total(term), self.scalars)
            for p, c in term.terms.items():
                total += self.number(c) * (_trace(self.product(p, 1)) if p else 1)
            return [total]
        return [rational(sp.sympify(term), self.scalars)]

    def vanishes(self, term: Any) -> bool:
        """Is the term exactly 0 here?  In rationals, or by reduction where other numbers are in play."""
        if any(term is e for e in self.equations):
            return True
        try:
            return all(v == 0 for v in self.exact(term))
        except Irrational:
            pass
        try:
            parts = self.expressions(term)
            if any(not enclose(e, self.point(192), 192).contains(0) for e in parts):
                return False
        except (Undefined, TypeError, KeyError):
            return False
        values = {s: sp.Rational(int(v.p), int(v.q)) for s, v in self.scalars.items()}
        for part in parts:
            for symbol, value in reversed(self.defined):
                part = part.xreplace({symbol: value})
            if not vanishes(part.xreplace(values), Alphabet()):
                return False
        return True

    def expressions(self, term: Any) -> list[sp.Expr]:
        """The entries with the matrices put in, symbols left; a sum over a generic index has one term."""
        if isinstance(term, Sum):
            return [self.total(term)]
        if isinstance(term, Trace):
            total = self.total(term)
            for p, c in term.terms.items():
                value = _trace(self.product(p, 1)) if p else flint.fmpq(1)
                total += c * sp.Rational(int(value.p), int(value.q))
            return [total]
        if isinstance(term, Word):
            rows, columns = self.sizes[term.rows], self.sizes[term.columns]
            entries = [sp.Integer(0)] * (rows * columns)
            for p, c in term.terms.items():
                matrix = self.product(p, rows).entries()
                entries = [e + c * sp.Rational(int(m.p), int(m.q)) for e, m in zip(entries, matrix, strict=True)]
            return entries
        return [c for _, c in coefficients(term)]

    def shown(self) -> dict[str, str]:
        """The world as text."""
        out = {one.name: str(m.tolist()).replace("fmpq", "") for one, m in self.matrices.items()}
        out |= {str(s): str(v) for s, v in self.scalars.items()}
        return out | {str(s): str(v) for s, v in self.defined}


def _unit(size: int) -> flint.fmpq_mat:
    return flint.fmpq_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])


def _trace(matrix: flint.fmpq_mat) -> flint.fmpq:
    return sum((matrix[i, i] for i in range(matrix.nrows())), flint.fmpq(0))


def rational(e: sp.Expr, point: dict[sp.Symbol, flint.fmpq]) -> flint.fmpq:
    """The value of an expression as a rational; ``Irrational`` where it is not seen to be one."""
    if isinstance(e, sp.Symbol):
        if e not in point:
            raise Irrational(f"no value for {e}")
        return point[e]
    if isinstance(e, sp.Rational):
        return flint.fmpq(int(e.p), int(e.q))
    if isinstance(e, sp.Add):
        return sum((rational(a, point) for a in e.args), flint.fmpq(0))
    if isinstance(e, sp.Mul):
        out = flint.fmpq(1)
        for a in e.args:
            out *= rational(a, point)
        return out
    if isinstance(e, sp.Pow) and e.exp.is_Rational:
        base = rational(e.base, point)
        if base == 0 and e.exp < 0:
            raise Irrational(f"{e} has no value")
        root = _root(base, int(e.exp.q))
        power = abs(int(e.exp.p))
        out = flint.fmpq(int(root.p) ** power, int(root.q) ** power)
        return out if e.exp > 0 else 1 / out
    if isinstance(e, (sp.exp, sp.log)):
        inside = rational(e.args[0], point)
        if isinstance(e, sp.exp) and inside == 0:
            return flint.fmpq(1)
        if isinstance(e, sp.log) and inside == 1:
            return flint.fmpq(0)
    raise Irrational(f"{e} is not seen to be rational")


def _root(base: flint.fmpq, degree: int) -> flint.fmpq:
    if degree == 1:
        return base
    if base < 0:
        raise Irrational(f"root of {base}")
    (top, exact_top), (bottom, exact_bottom) = (sp.integer_nthroot(int(n), degree) for n in (base.p, base.q))
    if not (exact_top and exact_bottom):
        raise Irrational(f"root of {base}")
    return flint.fmpq(top, bottom)


# --------------------------------------------------------------------------- the unknowns of a term


def unknowns(term: Any) -> set[Unknown]:
    """Letters and symbols of a term."""
    term = term.value if isinstance(term, Named) else term
    if isinstance(term, (Word, Trace)):
        return {*term.letters, *term.scalars}
    if isinstance(term, (Sum, Symmetric)):
        return set().union(*(c.free_symbols for c in term.coefficients()))
    return set(sp.sympify(term).free_symbols)


def _indices(term: Any) -> list[str]:
    if isinstance(term, Sum):
        return [term.index]
    return list(term.sums) if isinstance(term, Trace) else []


def coefficients(term: Any) -> list[tuple[Product | None, sp.Expr]]:
    """The scalars of a term, each with the product of letters that it multiplies (``None`` for a sum or a scalar)."""
    if isinstance(term, (Word, Trace)):
        out: list[tuple[Product | None, sp.Expr]] = list(term.terms.items())
        return out + [(None, s) for s in getattr(term, "sums", {}).values()]
    if isinstance(term, (Sum, Symmetric)):
        return [(None, c) for c in term.coefficients()]
    return [(None, sp.sympify(term))]


@lru_cache(maxsize=100_000)
def _affine(e: sp.Expr, s: sp.Symbol) -> bool:
    return s not in e.free_symbols or bool(e.is_polynomial(s) and sp.degree(e, s) <= 1)


def determines(term: Any, unknown: Unknown) -> bool:
    """Does ``unknown`` enter the term linearly, so that the equation term = 0 may be solved for it?"""
    if isinstance(unknown, Letter):
        counts = [sum(one == unknown for one, _ in p) for p, _ in coefficients(term) if p]
        return max(counts, default=0) == 1
    return all(_affine(c, unknown) for _, c in coefficients(term))


def _alone(term: Any, unknown: Unknown) -> bool:
    """Is there a monomial that is the unknown (times a scalar), and no other with it: a definition?"""
    if isinstance(unknown, Letter):
        holding = [p for p, _ in coefficients(term) if p and any(one == unknown for one, _ in p)]
        return len(holding) == 1 and len(holding[0]) == 1
    return not isinstance(term, Word)


# --------------------------------------------------------------------------- the search


@dataclass(eq=False)
class _Search:
    equations: Sequence[Any]
    others: Sequence[Any]
    alphabet: Alphabet
    rng: random.Random

    def __post_init__(self) -> None:
        self.occurring = [unknowns(e) for e in self.equations]
        everything: set[Unknown] = set().union(*self.occurring, *(unknowns(t) for t in self.others))
        self.order: list[Unknown] = sorted(everything, key=str)
        self.choices = [self._choices(e, there) for e, there in zip(self.equations, self.occurring, strict=True)]
        self.indices = sorted({i for t in (*self.equations, *self.others) for i in _indices(t)})
        self.sizes_named = sorted(
            {n for one in self.order if isinstance(one, Letter) for n in (one.rows, one.columns)}
            | {n for t in (*self.equations, *self.others) if isinstance(t, Word) for n in (t.rows, t.columns)}
        )

    @staticmethod
    def _choices(equation: Any, there: set[Unknown]) -> tuple[list[Unknown], list[Unknown]]:
        """The unknowns that the equation defines, and those that it determines in another way."""
        letters = [u for u in there if isinstance(u, Letter)]
        linear = [u for u in sorted(there, key=str) if determines(equation, u)]
        if len(letters) == 1 and not any(isinstance(u, Letter) for u in linear):
            return [], [*letters, *(u for u in linear if not isinstance(u, Letter))]
        # a letter that stands twice may still be met by a template
        twice = sorted((u for u in letters if u not in linear), key=str)
        alone = [u for u in linear if _alone(equation, u) and (isinstance(u, Letter) or not letters)]
        return alone, [*linear, *twice]

    def attempt(self) -> World | None:
        """One try: sizes, pivots, values."""
        rng = self.rng
        largest = rng.choice((1, 2, 2, 3, 3, 4))
        least = rng.choice((1, min(2, largest)))
        sizes = {n: 1 if n == "1" else rng.randint(least, largest) for n in self.sizes_named}
        for name in self.sizes_named:
            if "+" in name:
                sizes[name] = sum(sizes.setdefault(part, rng.randint(1, largest)) for part in name.split("+"))
        plan = self._plan()
        if plan is None:
            return None
        order, pivots = plan
        self.frames = {n: reflection(n, rng) for n in set(sizes.values())}
        world = World({}, {}, sizes, counts={i: rng.choice((1, 2, 3, 16)) for i in self.indices})
        for unknown in order:
            if not self._assign(unknown, pivots.get(unknown, []), world):
                return None
        return world

    def _plan(self) -> tuple[list[Unknown], dict[Unknown, list[Any]]] | None:
        """An unknown for every equation, and an order in which each is determined by those before it."""
        rng = self.rng
        after: dict[Unknown, set[Unknown]] = {u: set() for u in self.order}
        pivots: dict[Unknown, list[Any]] = {}
        shuffled = list(range(len(self.equations)))
        rng.shuffle(shuffled)
        for k in shuffled:
            equation, there = self.equations[k], self.occurring[k]
            defined, others = self.choices[k]
            choice = defined if defined and (not others or rng.random() < 0.7) else others
            if not choice:
                continue  # it may hold on account of the others: verified at the end
            pivot = rng.choice(choice)
            pivots.setdefault(pivot, []).append(equation)
            after[pivot] |= there - {pivot}
        order: list[Unknown] = []
        left = list(self.order)
        while left:
            ready = [u for u in left if after[u] <= set(order)]
            if not ready:
                return None
            order += ready
            left = [u for u in left if u not in set(ready)]
        return order, pivots

    def _assign(self, unknown: Unknown, equations: list[Any], world: World) -> bool:
        try:
            if isinstance(unknown, Letter):
                return self._assign_letter(unknown, equations, world)
            return self._assign_scalar(unknown, equations, world)
        except Irrational:
            return False

    def _assign_scalar(self, s: sp.Symbol, equations: list[Any], world: World) -> bool:
        domain = self.alphabet.domains.get(s, Domain("real"))
        if not equations:
            world.scalars[s] = draw_scalar(domain, self.rng)
            world._numbers.clear()
            return True
        at = []
        for trial in (0, 1):
            world.scalars[s] = flint.fmpq(trial)
            world._numbers.clear()
            try:
                at.append([v for e in equations for v in world.exact(e)])
            except Irrational:
                return self._define(s, equations, world)
        value: Any = None
        for low, high in zip(*at, strict=True):
            if high == low:
                if low != 0:
                    return False
                continue
            found = low / (low - high)
            if value is not None and value != found:
                return False
            value = found
        world.scalars[s] = draw_scalar(domain, self.rng) if value is None else value
        world._numbers.clear()
        return _in_domain(world.scalars[s], domain)

    def _define(self, s: sp.Symbol, equations: list[Any], world: World) -> bool:
        """The scalar as the exact, irrational solution of its first equation; the others are verified later."""
        world.scalars.pop(s, None)
        world._numbers.clear()
        first = equations[0]
        e = next((sp.expand(part) for part in world.expressions(first) if part.has(s)), None)
        if e is None:
            return False
        slope = e.coeff(s, 1)
        if slope == 0:
            return False
        world.defined.append((s, -e.coeff(s, 0) / slope))
        world.equations += (first,)
        return True

    def _assign_letter(self, one: Letter, equations: list[Any], world: World) -> bool:
        rows, columns = world.sizes[one.rows], world.sizes[one.columns]
        if not equations:
            world.matrices[one] = random_matrix(one, rows, columns, self.rng)
            return True
        if not all(determines(e, one) for e in equations):
            plain = list(_templates(rows, columns, self.frames[max(rows, columns)], self.rng))
            scales = _scales(world.scalars) if any(len(e.letters) > 1 or e.scalars for e in equations) else []
            self.rng.shuffle(scales)
            for candidate in (m * c for c in (flint.fmpq(1), *scales[:4]) for m in plain):
                trial = World(world.scalars, {**world.matrices, one: candidate}, world.sizes, counts=world.counts)
                if not any(v != 0 for e in equations for v in trial.exact(e)):
                    world.matrices[one] = candidate
                    return True
            return False
        value = solved_letter(one, equations, world, self.rng)
        if value is None:
            return False
        world.matrices[one] = value
        return True


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
    return value if _in_domain(value, domain) else None


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


def _in_domain(value: flint.fmpq, domain: Domain) -> bool:
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
    return _unit(n) - flint.fmpq_mat(n, n, [flint.fmpq(2 * a * b, norm) for a in u for b in u])


def _templates(rows: int, columns: int, frame: flint.fmpq_mat, rng: random.Random) -> Iterator[flint.fmpq_mat]:
    """Orthonormal columns or rows out of one frame, projections, zero."""
    n = max(rows, columns)
    for start in range(n - min(rows, columns) + 1):
        i_0, j_0 = (0, start) if rows == n else (start, 0)
        yield flint.fmpq_mat([[frame[i_0 + i, j_0 + j] for j in range(columns)] for i in range(rows)])
    if rows == columns:
        yield _unit(n) - flint.fmpq_mat(n, n, [flint.fmpq(1, n)] * (n * n))
        kept = rng.randint(0, n)
        chosen = flint.fmpq_mat(n, n, [int(i == j < kept) for i in range(n) for j in range(n)])
        yield frame * chosen * frame.transpose()
        yield _unit(n)
    yield flint.fmpq_mat(rows, columns)


def _scales(scalars: dict[sp.Symbol, flint.fmpq]) -> list[flint.fmpq]:
    """Numbers by which a template may be multiplied: values of scalars, and their roots."""
    out = []
    for value in scalars.values():
        out.append(value)
        try:
            out.append(_root(value, 2))
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


def find_world(
    equations: Iterable[Any], others: Iterable[Any], alphabet: Alphabet, rng: random.Random, tries: int = TRIES
) -> World | None:
    """A world at which every equation (a term that is to vanish) holds exactly, with values for ``others`` too."""
    search = _Search(tuple(equations), tuple(others), alphabet, rng)
    degenerate, seen = None, 0
    for _ in range(tries):
        world = search.attempt()
        if world is None:
            continue
        world = World(world.scalars, world.matrices, world.sizes, (), world.defined, world.equations, world.counts)
        if not all(world.vanishes(e) for e in search.equations):
            continue
        world.equations = tuple(search.equations)
        seen += 1
        # a letter that is 0 hides what is said of it, and so do matrices that are numbers
        largest = max((max(m.nrows(), m.ncols()) for m in world.matrices.values()), default=2)
        if seen > PATIENCE or (largest > 1 and not any(m == m * 0 for m in world.matrices.values())):
            return world
        if degenerate is None or largest > 1:
            degenerate = world
    return degenerate


def world_at(at: Instance, terms: Iterable[Any], equations: Iterable[Any]) -> World | None:
    """An instance as a world for what ``terms`` hold; ``None`` if it misses a letter or an equation fails."""
    equations = tuple(equations)
    wanted = set().union(*(unknowns(t) for t in (*terms, *equations)))
    world = World({}, {}, {"1": 1}, equations=())
    for unknown in wanted:
        if isinstance(unknown, Letter):
            if unknown.name not in at.matrices:
                return None
            matrix = at.matrices[unknown.name]
            entries = [flint.fmpq(int(v.p), int(v.q)) for v in matrix]
            world.matrices[unknown] = flint.fmpq_mat(matrix.rows, matrix.cols, entries)
            world.sizes |= {unknown.rows: matrix.rows, unknown.columns: matrix.cols}
        elif str(unknown) not in at.scalars:
            return None
        else:
            value = at.scalars[str(unknown)]
            if value.is_Rational:
                world.scalars[unknown] = flint.fmpq(int(value.p), int(value.q))
            else:
                world.defined.append((unknown, value))
    world.counts = {name[1:]: int(value) for name, value in at.scalars.items() if name.startswith("#")}
    sizes = {n for t in (*terms, *equations) if isinstance(t, Word) for n in (t.rows, t.columns)}
    if sizes - set(world.sizes) or not all(world.vanishes(e) for e in equations):
        return None
    return world
