"""One measurement in a process of its own, so that it can be killed and its memory is its own.

    python -m benchmarks.measure ours CASE                      the structured solver, bounds included
    python -m benchmarks.measure peer CASE PROGRAM SOLVER       a conic solver, as CVXPY runs it
    python -m benchmarks.measure rigorous CASE CHECKER          solve, certificate, verdict (balls or float)
    python -m benchmarks.measure train CASE OPTIMISER VALUE     torch on the factored problem, down to a value

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
from relaxations.bounds import dual_bound
from relaxations.data_term import DataTerm
from relaxations.proximal import relative_gap
from relaxations.solve import Solution, solve
from theory import UFM
from theory.labels import FloatArray

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


def solved(problem: UFM) -> tuple[float, Solution]:
    """The structured solver, after a small problem that loads what there is to load."""
    solve(case("random:3x3:1"), "proximal")
    return timed(lambda: solve(problem, "proximal"))


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


def ours(problem: UFM) -> dict[str, Any]:
    """Whole ``solve`` with its bounds."""
    seconds, solution = solved(problem)
    unit = gradient_seconds(solution)
    return {
        "seconds": seconds,
        "value": solution.value,
        "gap": solution.relative_gap,
        "steps": solution.iterations,
        "rank": solution.rank,
        "gradients": seconds / unit,
    }


def peer(problem: UFM, program: str, conic: str) -> dict[str, Any]:
    """A conic solver; its gap is what the bound of second order certifies of its own point, at no cost to it."""
    from relaxations.programs import PROGRAMS, run_program

    seconds, result = timed(lambda: run_program(PROGRAMS[program](problem), conic))
    data = DataTerm(problem)
    logits = data.logits(result.Z, result.b)
    value = data.value(logits, result.b) + data.gamma * float(np.linalg.norm(result.Z, "nuc"))
    bound = dual_bound(data, result.Z, data.predictions(logits), result.b)
    return {"seconds": seconds, "value": value, "gap": relative_gap(value, bound.value), "status": result.status}


def rigorous(problem: UFM, checker: str) -> dict[str, Any]:
    """From the problem to a verdict on the text of a certificate."""
    from relaxations import check, check_float
    from relaxations.certificate import Certificate

    seconds, solution = solved(problem)
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


#: Relative distances from the optimum at which a training run notes the time.
TARGETS = (1e-4, 1e-6, 1e-8)


def train(problem: UFM, optimiser: str, value: str, limit: str = "20") -> dict[str, Any]:
    """torch on f(A, B) = F(AB) + √λ_H/2 (‖A‖² + ‖B‖²) in float64, d = R; seconds to value·(1 + ε) for each ε.

    Adam decays its rate by a cosine over the ``limit`` seconds from the best of three starting rates; L-BFGS has the
    strong Wolfe search and 20 pairs.  Neither knows when it is done: the value is told.
    """
    import torch

    torch.manual_seed(0)
    design, data = problem.design, DataTerm(problem)
    target, omega = torch.tensor(design.target_matrix), torch.tensor(problem.omega)
    inverse = torch.tensor(data.inverse)
    entropy = float((problem.omega * np.stack([
        problem.loss_function.conjugate(design.target_matrix[rows]) for _, rows in design.blocks()
    ])).sum())  # fmt: skip

    def start() -> list[torch.Tensor]:
        torch.manual_seed(0)
        R, C = data.inverse.shape
        spread = data.unit / np.sqrt(R + C)
        return [(spread * torch.randn(*shape, dtype=torch.float64)).requires_grad_(True) for shape in ((R, R), (R, C))]

    def f(A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
        logits = (A @ B) * inverse
        total = 0.5 * data.gamma * (A.square().sum() + B.square().sum()) + entropy
        for t, rows in design.blocks():
            log_p = torch.log_softmax(logits[rows], dim=0)
            total = total - (omega[t] * (target[rows] * log_p).sum(dim=0)).sum()
        return total

    wanted, patience = float(value), float(limit)
    best: dict[str, Any] = {"distance": np.inf, "reached": {}}
    for rate in (0.1, 0.03, 0.01) if optimiser == "adam" else (1.0,):
        x = start()
        typical = float(data.unit / np.sqrt(sum(data.inverse.shape)))
        algorithm: torch.optim.Optimizer
        if optimiser == "adam":
            algorithm = torch.optim.Adam(x, lr=rate * typical)
        else:
            algorithm = torch.optim.LBFGS(
                x, lr=rate, max_iter=20, history_size=20, line_search_fn="strong_wolfe",
                tolerance_grad=0.0, tolerance_change=0.0,
            )  # fmt: skip
        reached: dict[str, float] = {}
        lowest, evaluations, begun = np.inf, 0, time.process_time()

        def closure(algorithm: torch.optim.Optimizer = algorithm, x: list[torch.Tensor] = x) -> float:
            nonlocal lowest, evaluations
            algorithm.zero_grad()
            loss = f(*x)
            loss.backward()
            evaluations += 1
            lowest = min(lowest, loss.item())
            return loss.item()

        while (elapsed := time.process_time() - begun) < patience and len(reached) < len(TARGETS):
            if optimiser == "adam":
                for group in algorithm.param_groups:
                    group["lr"] = rate * typical * 0.5 * (1 + np.cos(np.pi * elapsed / patience))
            algorithm.step(closure)
            for epsilon in TARGETS:
                if lowest <= wanted * (1 + epsilon):
                    reached.setdefault(f"{epsilon:.0e}", time.process_time() - begun)
        distance = lowest / wanted - 1
        if distance < best["distance"]:
            best = {"distance": distance, "reached": reached, "evaluations": evaluations, "rate": rate}
    return {"limit": patience, **best}


MEASUREMENTS: dict[str, Callable[..., dict[str, Any]]] = {
    "ours": ours,
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
