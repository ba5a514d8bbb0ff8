"""One measurement in a process of its own, so that it can be killed and its memory is its own.

    python -m benchmarks.measure ours CASE [TOLERANCE]        the structured solver on all cells, bounds included
    python -m benchmarks.measure symmetric CASE               the same with symmetries, and the time to find them
    python -m benchmarks.measure ablation CASE VARIANT        the same without one of its parts
    python -m benchmarks.measure peer CASE PROGRAM SOLVER     a conic solver, as CVXPY runs it
    python -m benchmarks.measure rigorous CASE CHECKER [on]   solve (symmetries on), certificate, verdict
    python -m benchmarks.measure train CASE OPTIMISER VALUE   torch on the factored problem, down to a value

Prints one line of JSON.  Cases: :mod:`benchmarks.cases`.  Times are processor seconds, which on one thread is what the
clock of an idle machine shows, whatever else runs on this one; they exclude imports and the making of the problem, and
those of short runs are medians.  A process that uses more than ``LIMIT`` seconds is ended by the system, and one that
needs more than ``MEMORY`` bytes fails.
"""

from __future__ import annotations

import json
import math
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.cases import case
from benchmarks.training import train
from relaxations.bounds import dual_bound
from relaxations.data_term import DataTerm
from relaxations.proximal import BURST, ProximalGradient, relative_gap
from relaxations.solve import Solution, solve
from relaxations.symmetry import orbits_of
from theory import UFM
from theory.duality import feasible_dual
from theory.labels import FloatArray

#: The structured solver without symmetries.
ALL_CELLS = "proximal:all-cells"
LIMIT = 60
MEMORY = 4 * 2**30
#: Runs are repeated until they took so many seconds together, or so often, and the median counts.
ENOUGH, REPEATS = 1.0, 30


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """(median seconds, last result)."""
    seconds = []
    while True:
        begun = time.process_time()
        result = run()
        seconds.append(time.process_time() - begun)
        if sum(seconds) > ENOUGH or len(seconds) == REPEATS:
            return statistics.median(seconds), result


def solved(problem: UFM, tolerance: float | None = None, symmetry: bool = False) -> tuple[float, Solution]:
    """The structured solver, after a small problem that loads what there is to load."""
    solve(case("random:3x3:1"), "proximal")
    return timed(lambda: solve(problem, "proximal" if symmetry else ALL_CELLS, tolerance))


def gradient_seconds(solution: Solution) -> float:
    """One evaluation of f and of its gradient in (W, H), in NumPy, at the solution and in its dimension."""
    problem, W, H = solution.problem, solution.W, solution.H
    data = DataTerm(problem)
    b = np.zeros(len(W))
    decay, share = problem.lambda_w_rows[:, None], float(problem.lambda_h) * problem.design.counts

    def gradient() -> tuple[float, FloatArray, FloatArray]:
        at = data.evaluate(W @ H, b)
        value = at.value + 0.5 * float((decay * W * W).sum()) + 0.5 * float((share * H * H).sum())
        return value, at.slope @ H.T + decay * W, W.T @ at.slope + share * H

    gradient()
    return statistics.median(timed(gradient)[0] for _ in range(3))


def ours(problem: UFM, tolerance: str | None = None) -> dict[str, Any]:
    """Whole ``solve`` with its bounds."""
    return _told(*solved(problem, None if tolerance is None else float(tolerance)))


def symmetric(problem: UFM) -> dict[str, Any]:
    """Whole ``solve`` with its bounds and with symmetries, and what looking for them takes."""
    seconds, solution = solved(problem, symmetry=True)
    detection, _ = timed(lambda: orbits_of(problem.design))
    cells = problem.design.cells
    return {**_told(seconds, solution), "cells": cells, "orbits": solution.orbits, "detection_seconds": detection}


def _told(seconds: float, solution: Solution) -> dict[str, Any]:
    return {
        "seconds": seconds,
        "value": solution.value,
        "gap": solution.relative_gap,
        "steps": solution.iterations,
        "rank": solution.rank,
        "gradients": seconds / gradient_seconds(solution),
    }


#: Relative gap to which the variants of an ablation are run, and the seconds after which one gives up.
ABLATION_GAP, ABLATION_SECONDS = 1e-9, 30.0


def ablation(problem: UFM, variant: str) -> dict[str, Any]:
    """The structured solver down to ``ABLATION_GAP``: ``whole``, or

    ``no Newton``           proximal steps alone
    ``first-order bound``   proximal steps alone, judged by the bound of the predictions as they stand
    ``warm``                the whole from the solution at decays √1.2 times as large (its own time not counted)
    """
    solve(case("random:3x3:1"), "proximal")
    if variant in ("whole", "warm"):
        start = None
        if variant == "warm":
            decays = [1.2**0.5 * float(w) for w in problem.weight_decay], 1.2**0.5 * float(problem.feature_decay)
            start = solve(UFM(problem.design, *decays), ALL_CELLS, ABLATION_GAP)
        seconds, solution = timed(lambda: solve(problem, ALL_CELLS, ABLATION_GAP, start))
        return {"seconds": seconds, "steps": solution.iterations, "gap": solution.relative_gap}
    second_order = {"no Newton": True, "first-order bound": False}[variant]
    seconds, (steps, gap) = timed(lambda: _proximal_alone(problem, second_order))
    return {"seconds": seconds, "steps": steps, "gap": gap}


def _proximal_alone(problem: UFM, second_order: bool) -> tuple[int, float]:
    """Proximal steps until the bound is met or time is up: (steps, gap)."""
    begun, data = time.process_time(), DataTerm(problem)
    stage = ProximalGradient(data, np.zeros(data.inverse.shape), np.zeros(len(data.inverse)))
    lower = -np.inf
    while True:
        stage.run(BURST)
        assert stage.q is not None
        if second_order:
            bound = dual_bound(data, stage.Z, stage.q, stage.b)
        else:
            bound = feasible_dual(problem, stage.q, stage.b if problem.has_bias else None)
        lower = max(lower, bound.value)
        gap = relative_gap(stage.value, lower)
        if gap <= ABLATION_GAP or time.process_time() - begun > ABLATION_SECONDS:
            return stage.steps, gap


def peer(problem: UFM, program: str, conic: str) -> dict[str, Any]:
    """A conic solver; its gap is what the bound of second order certifies of its own point, at no cost to it."""
    from relaxations.programs import PROGRAMS, run_program

    seconds, result = timed(lambda: run_program(PROGRAMS[program](problem), conic))
    data = DataTerm(problem)
    logits = data.logits(result.Z, result.b)
    value = data.value(logits, result.b) + data.gamma * float(np.linalg.norm(result.Z, "nuc"))
    bound = dual_bound(data, result.Z, data.predictions(logits), result.b)
    return {"seconds": seconds, "value": value, "gap": relative_gap(value, bound.value), "status": result.status}


def rigorous(problem: UFM, checker: str, symmetry: str = "off") -> dict[str, Any]:
    """From the problem to a verdict on the text of a certificate."""
    from relaxations import check, check_float
    from relaxations.certificate import Certificate

    seconds, solution = solved(problem, symmetry=symmetry == "on")
    begun = time.process_time()
    text = Certificate.from_solution(solution).to_text()
    written = time.process_time()
    judge = {"balls": check, "float": check_float}[checker]
    verdict = judge.check_certificate(check.parse(text))
    checked = time.process_time()
    return {
        "seconds": seconds + checked - begun,
        "solve": seconds,
        "write": written - begun,
        "check": checked - written,
        "status": verdict.status,
        "gap": verdict.relative_gap,
        "file_mb": len(text) / 1e6,
    }


MEASUREMENTS: dict[str, Callable[..., dict[str, Any]]] = {
    "ours": ours,
    "symmetric": symmetric,
    "ablation": ablation,
    "peer": peer,
    "rigorous": rigorous,
    "train": train,
}


def main() -> None:
    name, which, *rest = sys.argv[1:]
    problem = case(which)
    if name == "peer":
        used = math.ceil(time.process_time())
        resource.setrlimit(resource.RLIMIT_CPU, (used + LIMIT, used + LIMIT))
        import cvxpy  # noqa: F401  before the clock of the first run starts
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    result = MEASUREMENTS[name](problem, *rest)
    # the high-water mark of this process, in KiB on Linux
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main()
