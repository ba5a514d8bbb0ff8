"""The minimum for every feature dimension d, as far as it is proved: intervals from d = 1 to the rank that suffices.

The relaxation bounds f from below in every dimension, and the bound is attained from some rank r on.  Below r the
problem is not convex: the upper end is f at the best factorisation that a local search finds, from many starts, and
both ends are the checker's.  Nothing else is claimed: the minimum lies in the interval, and where between is not known.

Starts in dimension d: the optimum of the relaxation cut to its d largest singular values; the best point in d + 1 with
any one of its directions dropped; random points.  A point of dimension d is one of d + 1, so upper ends never rise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from relaxations.certificate import Certificate
from relaxations.check import parse
from relaxations.data_term import DataTerm
from relaxations.factored import Factors, balanced_factors, factorise, newton, objective
from relaxations.proximal import solve_structured
from relaxations.solve import restricted
from relaxations.trust import check_at, level_for
from theory.labels import FloatArray
from theory.model import UFM
from theory.rationals import Number, exact

#: Random starts in each dimension, beside those that come from the relaxation and from the dimension above.
STARTS = 12
#: Directions of the point above that are dropped in turn, the smallest first.
DROPPED = 8


@dataclass(frozen=True)
class DimensionInterval:
    """The minimum in dimension ``dimension`` lies in [``lower``, ``upper``], proved by a checker.

    lower, upper : decimal texts, rounded outward.
    relative_width : (upper − lower)/upper, rounded up.
    attained : is the relative width within the tolerance: does this dimension suffice?
    level : the checker's level of trust.
    certificate : what was checked.
    """

    dimension: int
    lower: str
    upper: str
    relative_width: float
    attained: bool
    level: str
    certificate: Certificate

    def to_dict(self) -> dict[str, Any]:
        """Plain data, without the certificate."""
        names = ("dimension", "lower", "upper", "relative_width", "attained", "level")
        return {name: getattr(self, name) for name in names}


def dimension_intervals(
    problem: UFM,
    dimensions: Sequence[int] | None = None,
    starts: int = STARTS,
    seed: int = 0,
    tolerance: Number = "1e-8",
    trust: str = "auto",
) -> tuple[DimensionInterval, ...]:
    """The interval of every dimension asked for, ascending; by default 1 to the rank of the relaxation's optimum.

    The dimension of ``problem`` itself plays no part.  ``starts`` random points a dimension are drawn from ``seed``.
    Raises ``ValueError`` for a dimension below 1 and what :func:`~relaxations.trust.level_for` raises.
    """
    if dimensions is not None and (not dimensions or min(dimensions) < 1):
        raise ValueError(f"dimensions: {list(dimensions)}; expected whole numbers from 1 on")
    if starts < 0:
        raise ValueError(f"starts: {starts}; expected 0 or more")
    level = level_for(problem, trust)
    parts, optima = [], []
    for tasks, cells in problem.design.components():
        rows = np.concatenate([np.arange(*problem.design.rows_of(t).indices(problem.design.rows)) for t in tasks])
        parts.append((rows, cells, restricted(problem, tasks, cells)))
        optima.append(solve_structured(parts[-1][2]))
    rank = max(1, *(optimum.factors.A.shape[1] for optimum in optima))
    wanted = sorted(set(dimensions)) if dimensions is not None else list(range(1, rank + 1))

    rng = np.random.default_rng(seed)
    q = np.zeros((problem.design.rows, problem.design.cells))
    for (rows, cells, _), optimum in zip(parts, optima, strict=True):
        q[np.ix_(rows, cells)] = optimum.dual.q
    best = [optimum.factors for optimum in optima]
    out = []
    for d in range(max(rank, *wanted), 0, -1):
        best = [
            factors if factors.A.shape[1] <= d else narrowed(part, optimum.factors, factors, d, starts, rng)
            for (_, _, part), optimum, factors in zip(parts, optima, best, strict=True)
        ]
        if d in wanted:
            certificate = _folded(replace(problem, dimension=d), parts, best, q)
            verdict = check_at(level, parse(certificate.to_text()), str(exact(tolerance, "tolerance")))
            if verdict.lower is None or verdict.upper is None or verdict.relative_gap is None:
                raise ValueError(f"dimension {d}: {verdict.reason}")
            out.append(
                DimensionInterval(
                    d, verdict.lower, verdict.upper, verdict.relative_gap, verdict.certified, verdict.level or "",
                    certificate,
                )
            )  # fmt: skip
    return tuple(reversed(out))


def narrowed(
    problem: UFM, optimum: Factors, above: Factors, dimension: int, starts: int, rng: np.random.Generator
) -> Factors:
    """The best of many local minima of f with at most ``dimension`` columns, for a connected problem.

    ``optimum`` is the relaxation's, ``above`` the best point found in more dimensions.  Newton's method on the factors
    from every start (see the module); the bias starts at the optimum's.
    """
    data = DataTerm(problem)
    R, C = problem.design.rows, problem.design.cells
    points = [balanced_factors(data, optimum.Z, optimum.b, dimension)]
    wider = balanced_factors(data, above.Z, above.b)
    columns = min(wider.A.shape[1], dimension + 1)
    for k in range(columns - 1, max(columns - 1 - DROPPED, -1), -1):
        kept = [i for i in range(columns) if i != k][:dimension]
        points.append(_at(data, wider.A[:, kept], wider.B[kept], wider.b))
    spread = data.unit / np.sqrt(dimension * (R + C))
    for _ in range(starts):
        A, B = spread * rng.standard_normal((R, dimension)), spread * rng.standard_normal((dimension, C))
        points.append(_at(data, A, B, optimum.b))
    return min((newton(data, point, max_steps=100)[0] for point in points), key=lambda point: point.value)


def _at(data: DataTerm, A: FloatArray, B: FloatArray, b: FloatArray) -> Factors:
    return Factors(A, B, b, objective(data, A, B, b))


def _folded(
    problem: UFM, parts: Sequence[tuple[Any, Any, UFM]], points: Sequence[Factors], q: FloatArray
) -> Certificate:
    """The points of the components in the same coordinates: no sample carries labels of two of them."""
    d = max(1, *(point.A.shape[1] for point in points))
    W, H = np.zeros((problem.design.rows, d)), np.zeros((d, problem.design.cells))
    b = np.zeros(problem.design.rows)
    for (rows, cells, part), point in zip(parts, points, strict=True):
        heads, features = factorise(part, point.A, point.B)
        W[rows, : heads.shape[1]] = heads
        H[: heads.shape[1], cells] = features
        b[rows] = point.b
    return Certificate(problem, W, H, b if problem.has_bias else None, q, {"name": "dimension_intervals"})
