r"""Worlds from worlds: one letter or number is changed, and others are solved for until the equations hold again.

What holds at an optimum ties everything to everything; a search from nothing rarely meets it.  A world that does is
the start here: what is changed breaks some equations, each of which is mended by a letter that stands in it linearly,
exactly, in rationals.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import flint

from theory.mutation.solving import draw_scalar, random_matrix, reflection, solved_letter, solved_scalar
from theory.mutation.worlds import Irrational, World, unknowns
from theory.proof.alphabet import Alphabet, Domain
from theory.proof.traces import Letter

#: Equations mended before a change is given up.
MENDED = 6


def varied(base: World, equations: Sequence[Any], alphabet: Alphabet, rng: random.Random) -> World | None:
    """A world at which the equations hold, one unknown of ``base`` changed and others mended, or ``None``."""
    letters = sorted((u for u in base.matrices), key=str)
    scalars = sorted((u for u in base.scalars), key=str)
    if not letters and not scalars:
        return None
    world = World(dict(base.scalars), dict(base.matrices), base.sizes, base.lets, list(base.defined), (), base.counts)
    changed = rng.choice([*letters, *letters, *scalars])
    if isinstance(changed, Letter):
        world.matrices[changed] = _changed(changed, base.matrices[changed], rng)
    else:
        world.scalars[changed] = draw_scalar(alphabet.domains.get(changed, Domain("real")), rng)
    fixed = {changed}
    touching = [(e, unknowns(e)) for e in equations]
    for _ in range(MENDED):
        fresh = World(world.scalars, world.matrices, world.sizes, world.lets, world.defined, (), world.counts)
        try:
            broken = [(e, there) for e, there in touching if there & fixed and not fresh.vanishes(e)]
            if not broken:
                fresh.equations = tuple(equations)
                return fresh if all(World.vanishes(_plain(fresh), e) for e in equations) else None
            _, there = rng.choice(broken)
            able = sorted(there - fixed, key=str)
            if not able:
                return None
            one = rng.choice(able)
            # all that hold the unknown must hold at once
            held = [e for e, t in touching if one in t]
            value: Any
            if isinstance(one, Letter):
                value = solved_letter(one, held, fresh, rng)
            else:
                value = solved_scalar(one, held, fresh, alphabet.domains.get(one, Domain("real")))
        except (Irrational, ZeroDivisionError, KeyError):
            return None
        if value is None:
            return None
        (world.matrices if isinstance(one, Letter) else world.scalars)[one] = value
        fixed.add(one)
    return None


def _plain(world: World) -> World:
    """The same values, with no equation taken for granted."""
    return World(world.scalars, world.matrices, world.sizes, world.lets, world.defined, (), world.counts)


def _changed(one: Letter, matrix: flint.fmpq_mat, rng: random.Random) -> flint.fmpq_mat:
    rows, columns = matrix.nrows(), matrix.ncols()
    kind = rng.choice(("double", "negate", "zero", "add", "turn", "draw", "draw"))
    if kind == "turn" and not one.symmetric:
        return reflection(rows, rng) * matrix
    if kind == "double":
        return matrix * flint.fmpq(rng.choice((2, 3)), rng.choice((1, 4)))
    if kind == "negate":
        return matrix * flint.fmpq(-1)
    if kind == "zero":
        return matrix * flint.fmpq(0)
    drawn = random_matrix(one, rows, columns, rng)
    return drawn if kind == "draw" else matrix + drawn * flint.fmpq(1, 2)
