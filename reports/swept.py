"""The sweep over the correlation of two tasks, as the report takes it: certified cosines beside the law.

``reports/records/sweep-correlation.json`` keeps one entry a point (kind "sweep"): the options, the proven enclosure,
the cosine of the heads at the numerical optimum and μ.  The law is evaluated afresh, so that a table or a figure never
prints an agreement that its own numbers contradict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from relaxations.records import read_record
from theory.correlation_law import CorrelatedOptimum, correlated_optimum


@dataclass(frozen=True)
class SweptPoint:
    """Two tasks of ``classes`` classes at correlation ``rho`` and coupling ``m`` = μ/α, with the law at that point.

    cosine : of the heads at the numerical optimum, ``None`` where they are zero; status, lower, upper : the proven
        enclosure; value : f* by the law; share : of the smallest threshold, as it was typed.
    """

    classes: int
    rho: float
    m: float
    share: str
    cosine: float | None
    status: str
    lower: float
    upper: float
    law: CorrelatedOptimum

    @property
    def deviation(self) -> float:
        """|cosine − law|; NaN where one of them is not defined."""
        return float("nan") if self.cosine is None else abs(self.cosine - self.law.cosine)


@dataclass(frozen=True)
class SweptCurve:
    """The points of one K and share: a row of the table."""

    classes: int
    share: str
    points: tuple[SweptPoint, ...]

    @property
    def certified(self) -> int:
        """How many enclosures are closed."""
        return sum(p.status == "certified" for p in self.points)

    @property
    def worst(self) -> float:
        """The largest deviation of a cosine from the law."""
        return max((p.deviation for p in self.points if not math.isnan(p.deviation)), default=float("nan"))

    @property
    def phases(self) -> dict[str, int]:
        """How many points lie in each phase of the law."""
        return {phase: len(list(g)) for phase, g in groupby(sorted(p.law.phase for p in self.points))}


def read_sweep(path: Path) -> tuple[SweptCurve, ...]:
    """The curves of a record of kind "sweep".  Raises ``ValueError`` and what a malformed record causes."""
    result = read_record(path, "sweep")["result"]
    points = [_point(entry) for entry in result["points"] if entry["error"] is None and entry["rho"] is not None]
    if not points:
        raise ValueError("holds no point with a correlation")
    return curves(points)


def curves(points: Sequence[SweptPoint]) -> tuple[SweptCurve, ...]:
    """The points by K and share, each sorted by ρ."""
    key = lambda p: (p.classes, float(p.share))  # noqa: E731
    return tuple(
        SweptCurve(k, group[0].share, tuple(sorted(group, key=lambda p: p.rho)))
        for (k, _), group in ((where, list(g)) for where, g in groupby(sorted(points, key=key), key))
    )


def _point(entry: dict[str, Any]) -> SweptPoint:
    classes, rho, m = entry["classes"], float(entry["rho"]), float(entry["mu"][0])
    if len(classes) != 2 or classes[0] != classes[1]:
        raise ValueError(f"classes {classes}: the law is of two tasks of equally many classes")
    return SweptPoint(
        classes=classes[0],
        rho=rho,
        m=m,
        share=entry["config"].get("share") or "0.03",
        cosine=entry["cosines"][0]["cosine"] if entry["cosines"] else None,
        status=entry["status"],
        lower=float(entry["lower"]),
        upper=float(entry["upper"]),
        law=correlated_optimum(classes[0], rho, m),
    )
