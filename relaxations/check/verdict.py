"""What the checker says of a file: the verdict, and how two bounds become one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flint import arb, fmpq

from .contents import Contents
from .decimals import decimal, endpoint, float_up
from .levels import Method
from .reading import rational


@dataclass(frozen=True)
class Verdict:
    """What is proved: the global minimum of the problem ``problem_id`` lies in [lower, upper].

    status : ``certified`` (proven relative width at most the tolerance), ``inconclusive`` (the enclosure holds
        but is wider), ``mismatch`` (a certificate of another problem than asked for) or ``malformed``; where the
        point was asked about, also ``refuted`` (f is proved to fall along ``witness``; the enclosure holds).
    reason : one sentence.
    lower, upper : decimal texts, rounded outward; ``upper`` is ``None`` if no finite bound was found.
    gap, relative_gap : upper − lower and that over max(upper, 1e-300), rounded up.
    scale : the s by which the residual of q was shrunk; 1 if q was feasible as it stood.
    level : what the proof rests on: the arithmetic, and its assumptions if it makes any.
    witness : of a refutation, see :func:`refute`.
    geometry : where it was asked for, bounds on the heads of every global optimum, see :func:`~.geometry.geometry`.
    """

    status: str
    reason: str
    problem_id: str | None = None
    problem: str | None = None
    lower: str | None = None
    upper: str | None = None
    gap: float | None = None
    relative_gap: float | None = None
    scale: float | None = None
    level: str | None = None
    witness: dict[str, Any] | None = None
    geometry: dict[str, Any] | None = None

    @property
    def certified(self) -> bool:
        """Is the status ``certified``?"""
        return self.status == "certified"


def position(verdict: Verdict, value: arb) -> str:
    """Where a ball lies against the enclosure: proved ``"inside"``, proved ``"outside"``, or ``"overlaps"`` an end."""
    middle, radius = endpoint(value.mid()), endpoint(value.rad())
    if verdict.lower is None or middle is None or radius is None:
        return "overlaps"
    low, high = middle - radius, middle + radius
    lower = rational(verdict.lower, "lower")
    upper = None if verdict.upper is None else rational(verdict.upper, "upper")
    if high < lower or (upper is not None and low > upper):
        return "outside"
    return "inside" if lower <= low and (upper is None or high <= upper) else "overlaps"


def enclosure(contents: Contents, tolerance: fmpq, method: Method) -> Verdict:
    """The verdict that the two bounds of a certificate make."""
    problem = contents.problem
    low, high, s = method.bounds(contents)
    # f >= 0, for ℓ >= 0
    lower = "0" if low is None or low <= 0 else decimal(low, up=False)
    proved = Verdict("inconclusive", "", problem.id, problem.summary, lower, level=method.level)
    proved = replace(proved, scale=int(s.p) / int(s.q))
    if high is None:
        return replace(proved, reason="f has no finite value in range at the point")
    upper = decimal(high, up=True)
    # from the texts, so that the verdict is about what is printed
    width, top = rational(upper, "upper") - rational(lower, "lower"), rational(upper, "upper")
    if width < 0:
        return Verdict("inconclusive", "the bounds contradict each other: a fault of this checker", problem.id)
    relative, within = width / max(top, fmpq(1, 10**300)), f"{int(tolerance.p) / int(tolerance.q):.3g}"
    proved = replace(proved, upper=upper, gap=float_up(width), relative_gap=float_up(relative))
    if relative <= tolerance:
        return replace(
            proved, status="certified", reason=f"proven relative width {proved.relative_gap:.3g}, within {within}"
        )
    return replace(proved, reason=f"proven relative width {proved.relative_gap:.3g} exceeds the tolerance {within}")
