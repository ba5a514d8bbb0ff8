"""Solve, have a checker enclose, hold the theorem against the enclosure, bound the geometry of every optimum."""

from __future__ import annotations

import time

from relaxations.balls import evaluate
from relaxations.certificate import Certificate
from relaxations.check import Verdict, parse, position
from relaxations.geometry_bounds import OptimumBounds, optimum_bounds
from relaxations.solve import Solution, solve
from relaxations.trust import check_at, level_for
from theory import geometry
from theory.known_optimum import KnownOptimum, known_optimum
from theory.model import UFM
from theory.rationals import Number, exact

from .result import CertifyResult, Deviations, finite

#: A head with less than this share of f(0) in its penalty is zero to the solver: it has no shape to measure.
NEGLIGIBLE = 1e-10


def certify_problem(
    problem: UFM, solver: str = "auto", tolerance: Number = "1e-8", trust: str = "auto"
) -> CertifyResult:
    """Solve ``problem``, have the checker enclose its minimum, compare with the theorem where there is one.

    ``solver`` is one of :data:`relaxations.solve.SOLVERS`; ``tolerance`` the relative width to prove; ``trust`` one of
    :data:`relaxations.trust.TRUST`: the verdict names the level that judged.  Raises ``ValueError`` for a tolerance
    that is not positive, a problem too large for the level, and what :func:`relaxations.solve.solve` raises.
    """
    begun = time.perf_counter()
    limit = exact(tolerance, "tolerance")
    if limit <= 0:
        raise ValueError(f"tolerance: {tolerance}; expected a positive number")
    level = level_for(problem, trust)
    solution = solve(problem, solver)
    solved = time.perf_counter()
    certificate = Certificate.from_solution(solution)
    # the text is what a file would hold: nothing reaches the checker by another way
    verdict = check_at(level, parse(certificate.to_text()), str(limit))
    checked = time.perf_counter()

    covering = known_optimum(problem)
    known = covering if covering is not None and covering.attained(problem) else None
    place, value = None, None
    if known is not None:
        ball = evaluate(known.value)
        place, value = position(verdict, ball), float(ball)
    status, reason = _status(verdict, known, place, solution)
    deviations = measure(problem, solution)
    compared = time.perf_counter()
    bounds = optimum_bounds(problem, solution.q, verdict.upper)
    now = time.perf_counter()
    seconds = {"solve": solved - begun, "check": checked - solved, "bounds": now - compared, "total": now - begun}
    inside = None if place in (None, "overlaps") else place == "inside"
    return CertifyResult(
        status, reason, problem, verdict, solution, certificate, known, value, inside, deviations, bounds, seconds
    )


def bounds_at_gap(result: CertifyResult, gap: Number) -> OptimumBounds:
    """Bounds for *every* point with f <= (1 + ``gap``) · (the proven upper end), not only for global optima.

    Raises ``ValueError`` for a gap that is not a number from 0 on.
    """
    share = exact(gap, "gap")
    if share < 0:
        raise ValueError(f"gap: {gap}; expected a number from 0 on, a share of the minimum")
    if result.upper is None:
        return OptimumBounds.none(result.problem.design.tasks)
    return optimum_bounds(result.problem, result.solution.q, exact(result.upper, "upper") * (1 + share))


def _status(verdict: Verdict, known: KnownOptimum | None, place: str | None, solution: Solution) -> tuple[str, str]:
    if known is not None and place == "outside":
        return "refuted", f"the value of theorem {known.theorem} lies outside the proven enclosure"
    if verdict.certified:
        if known is None:
            return "certified", f"{verdict.reason}; no theorem applies"
        if place == "inside":
            return "certified", f"{verdict.reason}; the value of theorem {known.theorem} lies inside"
        return (
            "certified",
            f"{verdict.reason}; the value of theorem {known.theorem} meets an end to rounding, not refuted",
        )
    reason = verdict.reason
    if solution.rank > solution.problem.dimension:
        reason += (
            f"; the relaxation's optimum has rank {solution.rank} and the feature dimension is "
            f"{solution.problem.dimension}: the lower bound holds but need not be attained, and the upper end is the "
            f"best point that local searches found (take --dim {solution.rank}; --every-dim for all intervals)"
        )
    return "inconclusive", reason


def measure(problem: UFM, solution: Solution) -> Deviations:
    """The measures of collapse at a solver's point; heads that are zero to the solver's accuracy are left out."""
    W = solution.W.copy()
    floor = NEGLIGIBLE * max(problem.value_at_zero(), 1e-300)
    for t, rows in problem.design.blocks():
        if float(problem.lambda_w[t]) * float((W[rows] ** 2).sum()) < floor:
            W[rows] = 0.0
    etf = tuple(finite(geometry.etf_deviation(W[rows])) for _, rows in problem.design.blocks())
    return Deviations(
        etf=etf,
        orthogonality=geometry.largest_overlap(problem, W, sharing=True),
        cosine=geometry.largest_cosine(problem, W),
        sum_rule=finite(geometry.sum_rule_deviation(problem, W, solution.H)),
    )
