"""From a file to a verdict."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from flint import arb, ctx

from .contents import Contents, is_refutation, read_certificate, read_refutation
from .decimals import decimal, endpoint
from .directions import linearised
from .geometry import geometry as bounds_of_heads
from .levels import BALLS, LEVEL, PRECISION, Method
from .problem import Problem, read_problem
from .reading import Limits, MalformedError, rational, read_file
from .refutation import confirm, refute
from .upper import upper_bound
from .verdict import Verdict, enclosure


def check_certificate(
    data: Any, tolerance: str = "1e-8", problem: Any = None, method: Method | None = None, point: bool = False,
    geometry: bool = False,
) -> Verdict:  # fmt: skip
    """The verdict on a certificate, or on a refutation, as parsed by :func:`~.reading.parse`.

    ``tolerance`` is a positive decimal; ``problem`` (the data of a problem, or of a file that states it) is
    the problem that the file must be of; ``method`` is :data:`BALLS` or another level.  ``point`` asks
    whether the point is optimal, whatever q the file has: the predictions of the point itself are tried as well, and
    where neither certifies, a direction that lowers f.  ``geometry`` asks what is proved of the heads of every global
    optimum.  Never raises for bad data: ``malformed`` says what is wrong.
    """
    method = method or BALLS
    try:
        if is_refutation(data):
            return _refutation_verdict(data, problem, method.limits)
        contents = read_certificate(data, method.limits)
        if (other := _mismatch(contents.problem, problem, method.limits)) is not None:
            return other
        verdict = enclosure(contents, rational(tolerance, "tolerance"), method)
        if point and not verdict.certified:
            verdict = _point_verdict(contents, verdict, tolerance, method)
        return replace(verdict, geometry=_geometry(contents)) if geometry else verdict
    except MalformedError as error:
        return Verdict("malformed", str(error))
    except (RecursionError, MemoryError, OverflowError) as error:
        return Verdict("malformed", f"out of proportion: {type(error).__name__}")


def _geometry(contents: Contents) -> dict[str, Any] | None:
    precision = ctx.prec
    try:
        ctx.prec = PRECISION
        return bounds_of_heads(contents)
    finally:
        ctx.prec = precision


def _mismatch(problem: Problem, asked: Any, limits: Limits) -> Verdict | None:
    """The verdict on a file of another problem than was asked for."""
    if asked is None:
        return None
    wanted = read_problem(asked["problem"] if isinstance(asked, dict) and "point" in asked else asked, limits)
    if wanted.id == problem.id:
        return None
    why = f"the certificate is of problem {problem.id[:16]}..., not of {wanted.id[:16]}..."
    return Verdict("mismatch", why, problem.id, problem.summary)


def _refutation_verdict(data: Any, asked: Any, limits: Limits) -> Verdict:
    """Is f proved to fall along the direction that a file states?  Always in balls: it is two values of f."""
    stated = read_refutation(data, limits)
    problem = stated.point.problem
    if (other := _mismatch(problem, asked, limits)) is not None:
        return other
    precision = ctx.prec
    try:
        ctx.prec = PRECISION
        found = confirm(stated)
        top = endpoint((upper_bound(stated.point) * arb(1, 2.0**-100)).upper())
    finally:
        ctx.prec = precision
    if found is None:
        why = "f is not proved to fall along the stated direction at the stated step"
        upper = None if top is None else decimal(top, up=True)
        return Verdict("inconclusive", why, problem.id, problem.summary, "0", upper, level=LEVEL)
    # f >= 0, and f at the end of the step bounds the minimum
    proved = Verdict("refuted", "", problem.id, problem.summary, "0", found["to"], level=LEVEL)
    return replace(proved, reason=_falls(found), witness=found)


def _falls(witness: dict[str, Any]) -> str:
    return f"no minimum: f falls by at least {float(witness['decrease']):.3g} along the {witness['kind']}"


def _point_verdict(contents: Contents, verdict: Verdict, tolerance: str, method: Method) -> Verdict:
    """The verdict on the point of a certificate whose q did not certify it."""
    precision = ctx.prec
    try:
        ctx.prec = PRECISION
        q, residuals = linearised(contents)
        if not all(map(math.isfinite, (*q.data, *residuals.data))):
            return verdict
        own = enclosure(replace(contents, q=q), rational(tolerance, "tolerance"), method)
        if own.lower is not None and rational(own.lower, "lower") > rational(verdict.lower or "0", "lower"):
            verdict = own
        witness = None if verdict.certified else refute(contents, residuals)
    except (ValueError, ZeroDivisionError):  # floats out of range while proposing
        return verdict
    finally:
        ctx.prec = precision
    if witness is None:
        return verdict
    return replace(verdict, status="refuted", reason=_falls(witness), witness=witness)


def check_file(
    path: str,
    tolerance: str = "1e-8",
    problem: str | None = None,
    method: Method | None = None,
    point: bool = False,
    geometry: bool = False,
) -> Verdict:
    """The verdict on the file at ``path``; ``problem`` is the path of the problem it must be of."""
    limits = (method or BALLS).limits
    try:
        wanted = None if problem is None else read_file(problem, limits)
    except MalformedError as error:
        return Verdict("malformed", f"{problem}: {error}")
    try:
        return check_certificate(read_file(path, limits), tolerance, wanted, method, point, geometry)
    except (MalformedError, MemoryError) as error:
        return Verdict("malformed", str(error) or "out of memory")
