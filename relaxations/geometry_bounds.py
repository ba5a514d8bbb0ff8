r"""Certified geometry: what a certificate proves of *every* global optimum, not of the point that it holds.

At a global optimum f = f* <= upper, so its gap to a feasible dual point q is at most ε = upper − D(q), and the
constants of the claim ``stability`` (:mod:`theory.stability_bounds`) bound its predictions, margins and heads.  Here
they are evaluated rigorously: q becomes a matrix of exact rationals, its feasibility is proved by the checker's own
routine, D(q) and all that follows is computed in balls, and what comes out is rounded up to float64.

The sum rule: :mod:`relaxations.sum_rule_bound`.

Tasks that share cells without one being labelled wherever the other is (partial annotation) are bounded through their
common cells (:mod:`theory.optimum_geometry`).

``None`` stands where nothing non-trivial follows: heads that are zero, tasks that share no cell (multi source), a loss
that does not determine its logits, too large a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

from flint import arb, arb_mat, ctx

from relaxations.balls import BALLS, nontrivial, rounded_up
from relaxations.rational_dual import RationalDual, feasible_dual
from relaxations.sum_rule_bound import sum_rule_bound
from theory import optimum_geometry
from theory import stability_bounds as stability
from theory.labels import FloatArray
from theory.model import UFM

#: Bits of the balls: ample for the dyadic numbers of :mod:`relaxations.rational_dual`.
PRECISION = 192
#: Entries (R · C) beyond which the bounds are left out: seconds of ball arithmetic.
MAX_ENTRIES = 400_000


@dataclass(frozen=True)
class OptimumBounds:
    """Bounds for every global optimum (attained in any dimension), as float64 rounded up; ``None`` where there is none.

    gap : ε, the distance of the certificate's two ends at the rational dual point.
    etf : one a task, of :func:`theory.geometry.etf_deviation`.
    orthogonality : of :func:`theory.geometry.largest_overlap` over pairs of tasks that share a cell.
    cosine : of the largest |cosine| between rows of two heads, over the same pairs.
    sum_rule : of :func:`theory.geometry.sum_rule_deviation`.
    prediction : one a task, total variation between its predictions and the certificate's q, in any cell.
    margin : one a task, of |(z_k − z_l) − (log q_k − log q_l)| in any cell (cross-entropy).
    """

    gap: float | None
    etf: tuple[float | None, ...]
    orthogonality: float | None
    cosine: float | None
    sum_rule: float | None
    prediction: tuple[float | None, ...]
    margin: tuple[float | None, ...]

    def to_dict(self) -> dict[str, Any]:
        """The bounds as plain data, named ``..._bound``."""
        return {
            "etf_bound": list(self.etf),
            "orthogonality_bound": self.orthogonality,
            "cosine_bound": self.cosine,
            "sum_rule_bound": self.sum_rule,
            "prediction_bound": list(self.prediction),
            "margin_bound": list(self.margin),
        }

    @classmethod
    def none(cls, tasks: int) -> OptimumBounds:
        """No bound at all."""
        return cls(None, (None,) * tasks, None, None, None, (None,) * tasks, (None,) * tasks)


def optimum_bounds(
    problem: UFM, q: FloatArray, upper: str | Fraction | None, max_entries: int = MAX_ENTRIES
) -> OptimumBounds:
    """Bounds for every point of ``problem`` with f <= ``upper``, hence every global optimum.

    ``q`` (R, C) are any predictions, in float64: they need not be feasible.  ``upper`` is a proven upper bound of the
    minimum (a verdict's text).  Everything is ``None`` if there is no such bound or the problem is large.
    """
    design = problem.design
    if upper is None or design.rows * design.cells > max_entries:
        return OptimumBounds.none(design.tasks)
    precision = ctx.prec
    ctx.prec = PRECISION
    try:
        dual = feasible_dual(problem, q)
        top = BALLS.number(Fraction(upper))
        gap = arb((top - dual.value).upper())
        if not gap.is_finite():
            return OptimumBounds.none(design.tasks)
        # below 0 it can only be rounding of a width of 0
        return _evaluate(problem, dual, gap if gap > 0 else arb(0), top)
    finally:
        ctx.prec = precision


# --------------------------------------------------------------------------- from the constants to the measures


def product_in_balls(a: optimum_geometry.Matrix, b: optimum_geometry.Matrix) -> optimum_geometry.Matrix:
    """A B by python-flint."""
    return [list(row) for row in (arb_mat(a) * arb_mat(b)).tolist()]


def _evaluate(problem: UFM, dual: RationalDual, gap: Any, upper: Any) -> OptimumBounds:
    design = problem.design
    found = optimum_geometry.geometry_bounds(problem, dual.rational, gap, upper, BALLS, product_in_balls, arb)
    pairs = [(s, t) for s, t in combinations(range(design.tasks), 2) if (design.labelled[s] & design.labelled[t]).any()]
    alive = [bound is not None for bound in found.etf_bound]
    shared = [(s, t) for s, t in pairs if alive[s] and alive[t]]
    # a head that may be zero is in no measured pair, or in all of them: then there is no bound for the largest
    whole = bool(shared) and shared == pairs
    return OptimumBounds(
        gap=rounded_up(gap),
        etf=tuple(nontrivial(bound, 2.0) for bound in found.etf_bound),
        orthogonality=_largest([found.overlap_bound[s][t] for s, t in pairs]) if whole else None,
        cosine=_largest([_cosine(found, s, t) for s, t in pairs]) if whole else None,
        sum_rule=sum_rule_bound(problem, found, dual, gap, upper) if all(alive) else None,
        prediction=tuple(nontrivial(bound, 1.0) for bound in found.total_variation),
        margin=tuple(rounded_up(bound) for bound in found.margins),
    )


def _cosine(found: optimum_geometry.GeometryBounds, s: int, t: int) -> Any | None:
    """The largest |cos(w_{s,k}, w_{t,l})|."""
    pair, first, second = found.block(s, t), found.gram[s][s], found.gram[t][t]
    if pair is None or first is None or second is None:
        return None
    own = (found.radius[s][s], found.radius[t][t])
    largest = arb(0)
    for k, row in enumerate(pair[0]):
        for m, value in enumerate(row):
            a, b = first[k][k], second[m][m]
            if not (a > own[0] and b > own[1]):
                return None
            inner = arb(abs(value).upper())
            off = stability.cosine_radius(inner, a, b, pair[1], own, BALLS)
            bound = arb((inner / (a * b).sqrt() + off).upper())
            largest = bound if bound > largest else largest
    return largest


def _largest(bounds: Sequence[Any | None]) -> float | None:
    """The largest of bounds of something that never exceeds 1."""
    values = [nontrivial(bound, 1.0) for bound in bounds]
    known = [value for value in values if value is not None]
    return max(known) if known and len(known) == len(values) else None


__all__ = ["MAX_ENTRIES", "OptimumBounds", "RationalDual", "feasible_dual", "optimum_bounds"]
