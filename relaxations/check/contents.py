"""What is read of a file: a problem and a point (W, H, b) of it, then predictions q or a way down.

A *certificate* goes with predictions, which bound the minimum from below.  A *refutation* goes with a direction and a
step, at whose end f is smaller than at the point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .problem import Problem, read_problem
from .reading import BALL_LIMITS, Block, Limits, fields, float64, read_block, require

CERTIFICATE = "multitask-collapse certificate"
REFUTATION = "multitask-collapse refutation"
VERSION = 1


@dataclass(frozen=True)
class Point:
    """A point of a problem: heads W (R × d'), one feature a cell H (d' × C), bias b (R × 1) or ``None``."""

    problem: Problem
    W: Block
    H: Block
    b: Block | None


@dataclass(frozen=True)
class Contents(Point):
    """The contents of a certificate: ``q`` (R × C) are predictions, of any quality."""

    q: Block


@dataclass(frozen=True)
class Direction:
    """A direction at a point; ``W`` may have more columns (``H`` more rows) than the point: they are zero there."""

    W: Block
    H: Block
    b: Block | None


@dataclass(frozen=True)
class Refutation:
    """The contents of a refutation: f is said to be smaller at ``point`` + ``step`` · ``direction``."""

    point: Point
    direction: Direction
    step: float


def is_refutation(value: Any) -> bool:
    """Does the file say that it is a refutation?"""
    return isinstance(value, dict) and value.get("format") == REFUTATION


def read_certificate(value: Any, limits: Limits = BALL_LIMITS) -> Contents:
    """The contents of a certificate; the identity of its problem is recomputed and compared."""
    data, point = _read(value, CERTIFICATE, "dual", limits)
    q = read_block(fields(data["dual"], {"q"}, "dual")["q"], "dual.q")
    R, C = point.problem.rows, point.problem.cells
    require((q.rows, q.columns) == (R, C), f"dual.q: {q.rows} by {q.columns}; expected {R} by {C}")
    return Contents(point.problem, point.W, point.H, point.b, q)


def read_refutation(value: Any, limits: Limits = BALL_LIMITS) -> Refutation:
    """The contents of a refutation, read as strictly as a certificate."""
    data, point = _read(value, REFUTATION, "witness", limits)
    witness = fields(data["witness"], {"step", "direction"}, "witness")
    step = float64(witness["step"], "witness.step")
    require(step > 0, f"witness.step: {step!r}; expected a positive number")
    parts = fields(witness["direction"], {"W", "H", "b"}, "witness.direction")
    W, H, b = _parts(parts, point.problem, "witness.direction", limits)
    require(W.columns >= point.W.columns, "witness.direction.W: fewer columns than the point has")
    return Refutation(point, Direction(W, H, b), step)


def _read(value: Any, name: str, rest: str, limits: Limits) -> tuple[dict[str, Any], Point]:
    """The fields of a file of format ``name``, and its point."""
    require(isinstance(value, dict) and value.get("format") == name, "no certificate")
    known = type(value.get("version")) is int and value["version"] == VERSION
    require(known, "a version that this checker does not read")
    keys = {"format", "version", "problem", "problem_id", "point", rest, "solver"}
    data = fields(value, keys, name.split()[-1])
    problem = read_problem(data["problem"], limits)
    require(data["problem_id"] == problem.id, "problem_id: not that of the problem stated in the file")
    point = fields(data["point"], {"W", "H", "b"}, "point")
    return data, Point(problem, *_parts(point, problem, "point", limits))


def _parts(data: dict[str, Any], problem: Problem, where: str, limits: Limits) -> tuple[Block, Block, Block | None]:
    """W, H and b of a point or a direction, of sizes that fit the problem."""
    W, H = read_block(data["W"], f"{where}.W"), read_block(data["H"], f"{where}.H")
    b = None if data["b"] is None else read_block(data["b"], f"{where}.b")
    R, C, d = problem.rows, problem.cells, W.columns
    require(W.rows == R, f"{where}.W: {W.rows} rows; expected {R}, one a class")
    require(d <= problem.dimension, f"{where}.W: feature dimension {d} exceeds the problem's {problem.dimension}")
    require((H.rows, H.columns) == (d, C), f"{where}.H: {H.rows} by {H.columns}; expected {d} by {C}")
    require(b is None or problem.tasks[0].lambda_b is not None, f"{where}.b: the problem has no bias")
    require(b is None or (b.rows, b.columns) == (R, 1), f"{where}.b: expected {R} numbers")
    too_much = f"{R} rows and {C} cells in dimension {d}: more than {limits.name} practical for; {limits.beyond}"
    require(R * C * (R + d) <= limits.work, too_much)
    return W, H, b
