"""A point that is no minimum: the way down, proved by two values of f in balls.

A *witness* is a direction and a step at whose end f is smaller.  It may be searched for (``directions.py`` proposes) or
come from a file; how it was found plays no part in what it proves.  A point short of the minimum by no more than
:data:`WORTH` of f is left alone by the search, for float64 cannot do better; a stated witness may prove any decrease.
"""

from __future__ import annotations

import math
from array import array
from typing import Any

from flint import fmpq

from .contents import REFUTATION, VERSION, Direction, Point, Refutation
from .decimals import decimal, endpoint
from .directions import Proposal, curvature_direction, descent_direction
from .reading import Block, block_data, rational
from .upper import upper_bound

WORTH = 2.0**-40  # of f: a smaller decrease is within what a float64 solver leaves, and refutes nothing

#: What a witness of a file is called: nobody asks how it was found.
STATED = "stated direction"


def moved(block: Block | None, direction: Block, step: float) -> Block:
    """The float64 that is block + step · direction, rounded twice, entry by entry; zeros where the block is smaller."""
    data = array("d")
    for i in range(direction.rows):
        old = block.row(i) if block is not None and i < block.rows else []
        old += [0.0] * (direction.columns - len(old))
        data.extend(x + step * y for x, y in zip(old, direction.row(i), strict=True))
    return Block(direction.rows, direction.columns, data)


def end_of_step(point: Point, direction: Direction, step: float) -> Point | None:
    """The point at the end of a step; ``None`` if it is out of the range of float64."""
    W, H = moved(point.W, direction.W, step), moved(point.H, direction.H, step)
    b = point.b if direction.b is None else moved(point.b, direction.b, step)
    if not all(map(math.isfinite, (*W.data, *H.data, *(b.data if b else ())))):
        return None
    return Point(point.problem, W, H, b)


def line_search(point: Point, proposal: Proposal, before: fmpq) -> tuple[fmpq, float, fmpq] | None:
    """(proven decrease, step, a number that f is at most after it): steps shrink while that pays."""
    best: tuple[fmpq, float, fmpq] | None = None
    for k in range(40):
        step = proposal.first * 2.0**-k
        there = end_of_step(point, proposal.direction, step)
        if there is None:
            continue
        after = endpoint(upper_bound(there).upper())
        if after is not None and before - after > (best[0] if best else 0):
            best = before - after, step, after
        elif best is not None:
            break
    return best


def refute(point: Point, residuals: Block) -> dict[str, Any] | None:
    """A witness that the point is no minimum, or ``None``; searched for along the directions that are proposed.

    {"kind", "step", "decrease", "from", "to", "direction": {"W", "H", "b"}}: f at the point is at least ``from``; f at
    :func:`end_of_step` is at most ``to``; ``decrease`` is their difference (decimals).
    """
    before = endpoint(upper_bound(point).lower())
    if before is None or before <= 0:
        return None
    value = int(before.p) / int(before.q)
    found: list[tuple[fmpq, float, fmpq, Proposal]] = []
    for propose in (curvature_direction, descent_direction):
        proposal = propose(point, residuals, value)
        if proposal is not None and 0 < proposal.first < math.inf:
            result = line_search(point, proposal, before)
            found += [] if result is None else [(*result, proposal)]
    if not found:
        return None
    decrease, step, after, proposal = max(found, key=lambda entry: entry[0])
    if decrease <= before * fmpq(*WORTH.as_integer_ratio()):
        return None
    return witness(proposal.kind, proposal.direction, step, before, after)


def confirm(stated: Refutation) -> dict[str, Any] | None:
    """The witness of a file as :func:`refute` gives one, if f is proved to fall along it; otherwise ``None``."""
    before = endpoint(upper_bound(stated.point).lower())
    there = end_of_step(stated.point, stated.direction, stated.step)
    after = None if there is None else endpoint(upper_bound(there).upper())
    if before is None or after is None or before <= after:
        return None
    out = witness(STATED, stated.direction, stated.step, before, after)
    return out if rational(out["decrease"], "decrease") > 0 else None


def witness(kind: str, direction: Direction, step: float, before: fmpq, after: fmpq) -> dict[str, Any]:
    """The data of a witness; f falls from at least ``before`` to at most ``after``."""
    low, high = decimal(before, up=False), decimal(after, up=True)
    parts = {"W": direction.W, "H": direction.H, "b": direction.b}
    return {
        "kind": kind,
        "step": step,
        "decrease": decimal(rational(low, "from") - rational(high, "to"), up=False),
        "from": low,
        "to": high,
        "direction": {name: None if part is None else block_data(part) for name, part in parts.items()},
    }


def refutation_data(certificate: Any, found: dict[str, Any]) -> dict[str, Any]:
    """The file that states a witness, from the data of a certificate (or refutation) that it refutes."""
    step = fmpq(*found["step"].as_integer_ratio())
    return {
        "format": REFUTATION,
        "version": VERSION,
        **{name: certificate[name] for name in ("problem", "problem_id", "point")},
        "witness": {"step": str(step), "direction": found["direction"]},
        "solver": {"name": "relaxations.check --point", "kind": found["kind"]},
    }
