r"""Worlds: explicit small matrices and rational numbers at which given equations hold exactly.

A world is drawn as an instance (:func:`world_at`), found by search (:mod:`theory.mutation.search`), or made from
another one (:mod:`theory.mutation.repair`).  All equations are verified in exact arithmetic before one is handed out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import flint
import sympy as sp

from theory.proof.alphabet import Alphabet
from theory.proof.enclosure import Undefined, enclose
from theory.proof.instances import Instance
from theory.proof.normal_form import vanishes
from theory.proof.rendering import Named
from theory.proof.sums import Sum
from theory.proof.symmetric import Symmetric
from theory.proof.traces import Letter, Product, Trace, Word

Unknown: TypeAlias = Any  # a Letter or a sympy Symbol

#: Exponents of larger numerator or denominator are not reduced: they become the degrees of polynomials.
HIGHEST = 600


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
            return unit(size)
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
            number = part.xreplace(values)
            if _beyond_reduction(number) or not vanishes(number, Alphabet()):
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


def _beyond_reduction(number: sp.Expr) -> bool:
    """Does e^{p/q} stand in it, or a power, that would be a polynomial of too high a degree?"""
    exponents = [e.args[0].as_coeff_Mul()[0] for e in number.atoms(sp.exp)]
    exponents += [e.exp for e in number.atoms(sp.Pow) if e.exp.is_Rational]
    scale = sp.ilcm(1, 1, *(e.q for e in exponents if e.is_Rational))
    return any(e.is_Rational and abs(e) * scale > HIGHEST for e in exponents)


def unit(size: int) -> flint.fmpq_mat:
    """The unit matrix."""
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
        root = exact_root(base, int(e.exp.q))
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


def exact_root(base: flint.fmpq, degree: int) -> flint.fmpq:
    """The root as a rational; ``Irrational`` where it is none."""
    if degree == 1:
        return base
    if base < 0:
        raise Irrational(f"root of {base}")
    (top, exact_top), (bottom, exact_bottom) = (sp.integer_nthroot(int(n), degree) for n in (base.p, base.q))
    if not (exact_top and exact_bottom):
        raise Irrational(f"root of {base}")
    return flint.fmpq(top, bottom)


def unknowns(term: Any) -> set[Unknown]:
    """Letters and symbols of a term."""
    term = term.value if isinstance(term, Named) else term
    if isinstance(term, (Word, Trace)):
        return {*term.letters, *term.scalars}
    if isinstance(term, (Sum, Symmetric)):
        return set().union(*(c.free_symbols for c in term.coefficients()))
    return set(sp.sympify(term).free_symbols)


def coefficients(term: Any) -> list[tuple[Product | None, sp.Expr]]:
    """The scalars of a term, each with the product of letters that it multiplies (``None`` for a sum or a scalar)."""
    if isinstance(term, (Word, Trace)):
        out: list[tuple[Product | None, sp.Expr]] = list(term.terms.items())
        return out + [(None, s) for s in getattr(term, "sums", {}).values()]
    if isinstance(term, (Sum, Symmetric)):
        return [(None, c) for c in term.coefficients()]
    return [(None, sp.sympify(term))]


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
