r"""The search for a world: every equation gets an unknown that it determines, and the others are drawn.

    world = find_world([P.T @ P - identity("r"), Z - P @ S @ Q.T], [], alphabet, rng)

An equation determines a letter that stands in it once, or a scalar; these are solved for in rationals, in an order in
which that is possible.  Equations in one letter alone (orthonormal columns, projections) are met by templates.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import flint
import sympy as sp

from theory.mutation.solving import (
    defines,
    determines,
    draw_scalar,
    in_domain,
    random_matrix,
    reflection,
    scales,
    solved_letter,
    templates,
)  # fmt: skip
from theory.mutation.worlds import Irrational, Unknown, World, unknowns
from theory.proof.alphabet import Alphabet, Domain
from theory.proof.sums import Sum
from theory.proof.traces import Letter, Trace, Word

#: Attempts to complete a world before the search gives up.
TRIES = 800
#: Worlds with a letter that is 0 that are passed over in the hope of a better one.
PATIENCE = 30


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
        alone = [u for u in linear if defines(equation, u) and (isinstance(u, Letter) or not letters)]
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
        return in_domain(world.scalars[s], domain)

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
            plain = list(templates(rows, columns, self.frames[max(rows, columns)], self.rng))
            factors = scales(world.scalars) if any(len(e.letters) > 1 or e.scalars for e in equations) else []
            self.rng.shuffle(factors)
            for candidate in (m * c for c in (flint.fmpq(1), *factors[:4]) for m in plain):
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


def _indices(term: Any) -> list[str]:
    if isinstance(term, Sum):
        return [term.index]
    return list(term.sums) if isinstance(term, Trace) else []


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
