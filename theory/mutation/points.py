"""Points at which a step's hypotheses hold, and whether a relation is certainly false at one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import flint
import sympy as sp

from theory.mutation.assertions import Assertion, without_lets
from theory.mutation.repair import varied
from theory.mutation.search import TRIES, find_world
from theory.mutation.worlds import Irrational, World, unknowns, world_at
from theory.proof import difference, value_of
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.enclosure import Undefined
from theory.proof.instances import Instance
from theory.proof.sums import Sum
from theory.proof.traces import Trace, Word

PRECISIONS = (64, 256, 1024)
#: Instances drawn or varied for each that is wanted.
PATIENCE = 12
#: Points at which a mutant is tried before it survives.
WORLDS = 6

LARGER, STRICT = (">=", ">"), ("<", ">")


def points(
    asserted: Assertion,
    alphabet: Alphabet,
    rng: random.Random,
    limit: int = WORLDS,
    true: bool = True,
    search: bool = True,
    draw: Callable[[random.Random], Instance] | None = None,
) -> Iterator[World]:
    """Worlds at which everything that the step assumes holds; in turn generic ones and ones of equality.

    ``draw`` supplies instances, which are tried first.  With ``true`` the relation
    itself must not be contradicted there: ``AssertionError`` if it is.  Without ``search``, instances alone.
    """
    sides = [value_of(s) for s in _sides(asserted)]
    lets = tuple((let.symbol, sp.sympify(let.value)) for let in asserted.lets)
    gone = {symbol for symbol, _ in lets}
    symbols = {u for s in sides for u in unknowns(s) if isinstance(u, sp.Symbol)}
    symbols |= {s for _, value in lets for s in value.free_symbols}
    symbols |= {s for c in asserted.conditions for s in c.slack.free_symbols}
    symbols -= gone
    premises = [term for _, term in dict(asserted.premises).items()]
    slacks = [term for _, term, _ in asserted.slacks]
    middles = [m.matrix for m in asserted.semidefinite]
    symbols |= {u for t in slacks for u in unknowns(t) if isinstance(u, sp.Symbol)}
    matrices = any(isinstance(t, (Word, Trace)) for t in [*sides, *premises, *slacks, *middles, *asserted.tight])
    terms = [*sides, *slacks, *middles, *symbols]
    bases: list[World] = []
    found = failed = 0
    drawn = (limit + 1) // 2 if draw is not None else 0
    for k in range(-PATIENCE * drawn, 3 * limit):
        if k < 0 and found >= drawn and search:
            continue  # the rest by search
        if k >= 0 and matrices and not search:
            return
        if k == 0 and not found:
            drawn = 0  # the instances do not speak of this step
        if found == limit or failed == ((8 if found else 6) if drawn == 0 else 3):
            return
        world: World | None
        if k < 0 and draw is not None:
            # optima, and what is left of the equations once something in an optimum is changed
            if k % 2 == 0 or not bases:
                world = world_at(draw(rng), terms, premises) or world_at(draw(rng), [*terms, *premises], [])
                bases += [world] if world is not None else []
                if world is not None and not all(world.vanishes(e) for e in premises):
                    continue
            else:
                world = varied(rng.choice(bases), premises, alphabet, rng)
            if world is None:
                continue
        elif not premises and not matrices and not (asserted.tight and k % 2):
            point = alphabet.sample(rng, symbols, asserted.conditions)
            world = World({s: flint.fmpq(int(v.p), int(v.q)) for s, v in point.items()}, {}, {})
        else:
            # all that vanishes with equality, or some of it
            tight = asserted.tight if k % 4 == 1 else [t for t in asserted.tight if rng.random() < 0.6]
            equations = [*premises, *(tight if k % 2 else ())]
            world = find_world(equations, terms, alphabet, rng, TRIES if drawn == 0 else TRIES // 4)
        if world is None:
            failed += 1
            continue
        world = World(world.scalars, world.matrices, world.sizes, lets, world.defined, world.equations, world.counts)
        world.searched = k >= 0
        try:
            if not in_domains(world, alphabet) or not assumed(asserted, world):
                continue
            if contradicted(asserted, world) and true:
                raise AssertionError(f"the true relation fails where its premises hold: {world.shown()}")
        except (Undefined, Irrational):
            continue
        found += 1
        yield world


def in_domains(world: World, alphabet: Alphabet) -> bool:
    """Are the symbols that the equations define where they live?"""
    point = world.point(PRECISIONS[1])
    for symbol, _ in world.defined:
        domain = alphabet.domains.get(symbol)
        if domain is None or domain.kind == "real":
            continue
        value = point[symbol]
        inside = value > 0 if domain.kind in ("positive", "nonnegative") else domain.kind == "unit" and 0 < value < 1
        if not inside:
            return False
    return True


def _sides(asserted: Assertion) -> list[Any]:
    if asserted.op == "iff":
        return [side for c in (asserted.lhs, asserted.rhs) for side in (c.lhs, c.rhs)]
    return [asserted.lhs, asserted.rhs]


def assumed(asserted: Assertion, world: World) -> bool:
    """Do the conditions, earlier inequalities and semidefinite matrices that the step assumes hold there?"""
    return (
        all(_at_least(world, c.slack, c.strict) for c in asserted.conditions)
        and all(_at_least(world, term, strict) for _, term, strict in asserted.slacks)
        and all(semidefinite(world, m.matrix) for m in asserted.semidefinite)
    )


def _at_least(world: World, term: Any, strict: bool) -> bool:
    for ball in _total(term, world, PRECISIONS[1]):
        if ball > 0:
            continue
        if ball < 0 or strict or not world.vanishes(term):
            return False
    return True


def semidefinite(world: World, matrix: Word) -> bool:
    """Is the symmetric matrix positive semidefinite?  By the signs of its characteristic polynomial, exactly."""
    n = world.sizes[matrix.rows]
    exact = flint.fmpq_mat(n, n, world.exact(matrix))
    coefficients = exact.charpoly().coeffs()
    return all((-1) ** (n - k) * c >= 0 for k, c in enumerate(coefficients))


def _total(term: Any, world: World, bits: int) -> list[flint.arb]:
    """Balls; the terms of a sum over a generic index are equal."""
    value = value_of(term)
    return world.balls(world.total(value) if isinstance(value, Sum) else value, bits)


def contradicted(asserted: Assertion, world: World) -> bool:
    """Is the relation certainly false at the world?  Raises ``Undefined`` if a side has no value there."""
    lhs, op, rhs = asserted.lhs, asserted.op, asserted.rhs
    if op == "psd":
        return not semidefinite(world, value_of(lhs))
    trouble: Undefined | None = None
    for bits in PRECISIONS:
        try:
            trouble = None
            if op == "iff":
                truths = [_holds(c, asserted, world, bits) for c in (lhs, rhs)]
                if None not in truths:
                    return truths[0] != truths[1]
                continue
            # with premises, or in an inequality, a sum has one term: then its parts are one number
            read = world.balls if op == "=" and not asserted.premises else lambda t, b: _total(t, world, b)
            left, right = (read(value_of(s), bits) for s in (lhs, rhs))
            many = max(len(left), len(right))
            gaps = [a - b for a, b in zip(_broadcast(left, many), _broadcast(right, many), strict=True)]
        except Undefined as error:
            trouble = error
            continue
        if op == "=":
            if any(not g.contains(0) for g in gaps):
                return True
        elif any((g < 0) if op in LARGER else (g > 0) for g in gaps):
            return True
    if trouble is not None:
        raise trouble
    if op in STRICT:  # equality contradicts a strict inequality
        return world.vanishes(plainly(difference(lhs, rhs), asserted))
    return False


def _holds(condition: Condition, asserted: Assertion, world: World, bits: int) -> bool | None:
    """Is the condition true, ``None`` where that is not decided?"""
    ball = _total(condition.slack, world, bits)[0]
    if ball > 0 or ball < 0:
        return bool(ball > 0)
    return not condition.strict if world.vanishes(plainly(condition.slack, asserted)) else None


def plainly(term: Any, asserted: Assertion) -> Any:
    """The term in the variables that remain."""
    return without_lets(value_of(term), asserted.lets)


def _broadcast(balls: list[flint.arb], count: int) -> list[flint.arb]:
    """A plain 0 stands for the zero of any kind; a sum's constant is its second part."""
    if len(balls) == count:
        return balls
    return balls * count if count > 2 else [flint.arb(0), *balls] if len(balls) == 1 else balls
