"""From a file to a verdict."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

from .bounds import lower_bound, upper_bound, value_bounds
from .losses import Vector
from .problem import Problem
from .reading import MAX_WORK, Matrix, RefusedError, block, load, member, need, number
from .series import ZERO

LEVEL = "exact rational arithmetic, exp and log by rational series with bounded remainders"
CERTIFICATE = "multitask-collapse certificate"
REFUTATION = "multitask-collapse refutation"
DIGITS = 20  # of the printed bounds


def written(value: Fraction, up: bool) -> str:
    """``value`` as a decimal of so many digits, rounded outward."""
    context = Context(prec=DIGITS, rounding=ROUND_CEILING if up else ROUND_FLOOR)
    return str(context.divide(Decimal(value.numerator), Decimal(value.denominator)))


def above(value: Fraction) -> float:
    """A float at least ``value`` ≥ 0."""
    try:
        return math.nextafter(value.numerator / value.denominator, math.inf)
    except OverflowError:
        return math.inf


def judge(data: Any, tolerance: str = "1e-8", problem: Any = None) -> dict[str, Any]:
    """The verdict on a certificate, or a refutation, as parsed JSON, with the keys of ``check.Verdict``.

    Of a refutation it is ``refuted`` where f is proved to fall along the stated direction, ``witness`` saying by how
    much; the end of the step is the exact rational point + step · direction.
    """
    keys = ("status", "reason", "problem_id", "problem", "lower", "upper", "gap", "relative_gap", "scale", "witness")
    out: dict[str, Any] = {**dict.fromkeys(keys), "status": "malformed", "level": LEVEL}
    try:
        refutes = isinstance(data, dict) and data.get("format") == REFUTATION
        whole_file = ("format", "version", "problem", "problem_id", "point", "witness" if refutes else "dual", "solver")
        name, version, stated, identity, point, rest, _ = member(data, "certificate", *whole_file)
        need(name in (CERTIFICATE, REFUTATION) and type(version) is int and version == 1, "no certificate")
        read = Problem(stated)
        need(identity == read.id, "problem_id: not that of the problem stated in the file")
        out.update(problem_id=read.id, problem=read.summary)
        if problem is not None:
            wanted = Problem(problem["problem"] if isinstance(problem, dict) and "point" in problem else problem)
            if wanted.id != read.id:
                return {**out, "status": "mismatch", "reason": f"of problem {read.id[:16]}..., not {wanted.id[:16]}..."}
        W, H, b = read_point(read, point, "point")
        if refutes:
            return {**out, **refutation(read, (W, H, b), rest)}
        q = block(member(rest, "dual", "q")[0], "dual.q", read.rows, len(read.counts))
        upper = upper_bound(read, W, H, b or [ZERO] * read.rows)
        lower, scale = lower_bound(read, q)
    except RefusedError as error:
        return {**out, "problem_id": None, "problem": None, "reason": str(error)}
    except (RecursionError, MemoryError, OverflowError) as error:
        return {**out, "problem_id": None, "problem": None, "reason": f"out of proportion: {type(error).__name__}"}
    texts = written(lower, up=False), written(upper, up=True)
    width = Fraction(texts[1]) - Fraction(texts[0])
    if width < 0:
        return {**out, "status": "inconclusive", "reason": "the bounds contradict each other: a fault of this checker"}
    relative = width / max(Fraction(texts[1]), Fraction(1, 10**300))
    certified = relative <= Fraction(tolerance)
    says = f"within {tolerance}" if certified else f"exceeds the tolerance {tolerance}"
    return {
        **out, "status": "certified" if certified else "inconclusive",
        "reason": f"proven relative width {above(relative):.3g}, {says}", "lower": texts[0], "upper": texts[1],
        "gap": above(width), "relative_gap": above(relative), "scale": float(scale),
    }  # fmt: skip


def read_point(problem: Problem, data: Any, where: str) -> tuple[Matrix, Matrix, Vector | None]:
    """W, H and b of a point or a direction."""
    heads, features, bias = member(data, where, "W", "H", "b")
    R, C = problem.rows, len(problem.counts)
    H = block(features, f"{where}.H", None, C)
    need(len(H) <= problem.dimension, f"{where}: dimension {len(H)} exceeds the problem's {problem.dimension}")
    need(R * C * (R + len(H)) <= MAX_WORK, "too large for exact rationals; use relaxations.check")
    W = block(heads, f"{where}.W", R, len(H))
    need(bias is None or problem.tasks[0].lambda_b is not None, f"{where}.b: the problem has no bias")
    return W, H, None if bias is None else [row[0] for row in block(bias, f"{where}.b", R, 1)]


def refutation(problem: Problem, point: tuple[Matrix, Matrix, Vector | None], data: Any) -> dict[str, Any]:
    """The verdict on a stated way down from a point."""
    stated_step, stated = member(data, "witness", "step", "direction")
    step = number(stated_step, "witness.step")
    need(step > 0, "witness.step: expected a positive number")
    (W, H, b), (dW, dH, db) = point, read_point(problem, stated, "witness.direction")
    need(len(dH) >= len(H), "witness.direction: fewer columns than the point has")
    wide = len(dH) - len(H)
    W = [row + [ZERO] * wide for row in W]
    H = H + [[ZERO] * len(problem.counts) for _ in range(wide)]

    def along(old: Matrix, new: Matrix) -> Matrix:
        return [[x + step * y for x, y in zip(r, s, strict=True)] for r, s in zip(old, new, strict=True)]

    nothing = [ZERO] * problem.rows
    bias = b or nothing
    (moved,) = along([bias], [db or nothing])
    before = value_bounds(problem, W, H, bias)[0]
    after = value_bounds(problem, along(W, dW), along(H, dH), moved)[1]
    low, high = written(before, up=False), written(after, up=True)
    decrease = written(Fraction(low) - Fraction(high), up=False)
    if Fraction(decrease) <= 0:
        why = "f is not proved to fall along the stated direction at the stated step"
        return {"status": "inconclusive", "reason": why, "lower": "0", "upper": high}
    why = f"no minimum: f falls by at least {float(decrease):.3g} along the stated direction"
    found = {"kind": "stated direction", "step": float(step), "from": low, "to": high, "decrease": decrease}
    return {"status": "refuted", "reason": why, "lower": "0", "upper": high, "witness": found}


def judge_file(path: str, tolerance: str = "1e-8", problem: str | None = None) -> dict[str, Any]:
    """The verdict on the file at ``path``; ``problem``, if given, is the path of the problem it must be of."""
    try:
        return judge(load(path), tolerance, None if problem is None else load(problem))
    except (RefusedError, MemoryError) as error:
        return {**judge(None), "reason": str(error) or "out of memory"}
