"""The structured solver beside the conic solvers, in one process: `python -m benchmarks.solvers`.

Each row is one problem (cross-entropy, λ_Wλ_H at 0.03 of the smallest threshold), each column the wall time of a
whole solve: for ours with its own bound to a relative gap of 1e-12, for the peers as CVXPY runs them at about
1e-8, compilation included, without refinement.  ``×`` is the fastest peer's time over ours.  Times are the best
of a few runs; nothing is asserted about them.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable

import numpy as np

from relaxations.programs import PROGRAMS, SolverFailure, run_program
from relaxations.solve import solve
from theory import UFM, LabelDesign
from theory.closed_forms import threshold

SHAPES = ((3, 3), (3, 3, 3), (4, 4, 4), (10, 10), (10, 10, 10))
PEERS = (
    ("sdp", "clarabel"),
    ("sdp", "scs"),
    ("nuclear", "scs"),
    ("entropy-dual", "clarabel"),
    ("entropy-dual", "scs"),
)


def problem_of(design: LabelDesign, strength: float = 0.03) -> UFM:
    limit = min(threshold(1, n, k) for n, k in zip(design.task_masses, design.classes, strict=True))
    decay = math.sqrt(strength * float(limit))
    return UFM(design, decay, decay)


def best_time(run: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return min(times)


def peer_time(problem: UFM, program: str, conic: str, repeats: int) -> tuple[float, float]:
    """(seconds, value) of one peer; infinite where it fails."""
    values = []
    try:
        seconds = best_time(lambda: values.append(run_program(PROGRAMS[program](problem), conic).value), repeats)
    except SolverFailure as failure:
        print(f"  {program}:{conic}: {failure}", file=sys.stderr)
        return math.inf, math.nan
    return seconds, values[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-cells", type=int, default=27, help="run the peers up to this many cells (default 27)")
    parser.add_argument("--sdp-cells", type=int, default=27, help="... and the primal by Clarabel (minutes at 100)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of which the best counts")
    parser.add_argument("--seed", type=int, default=0, help="of the random joint tables")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)

    names = [f"{program}:{conic}" for program, conic in PEERS]
    print(f"{'design':>18} {'cells':>6} {'ours':>9} {'gap':>8} " + " ".join(f"{n:>21}" for n in names) + f" {'×':>7}")
    for shape in SHAPES:
        for kind in ("factorial", "random"):
            design = LabelDesign.factorial(shape)
            if kind == "random":
                design = LabelDesign.from_joint(rng.integers(1, 20, size=shape))
            problem = problem_of(design)
            ours = solve(problem, "proximal")
            seconds = best_time(lambda problem=problem: solve(problem, "proximal"), arguments.repeats)
            cells, fastest = [], math.inf
            for program, conic in PEERS:
                most = arguments.sdp_cells if (program, conic) == ("sdp", "clarabel") else arguments.peer_cells
                if design.cells > most:
                    cells.append(f"{'–':>21}")
                    continue
                taken, value = peer_time(problem, program, conic, arguments.repeats)
                fastest = min(fastest, taken)
                cells.append(f"{taken:>9.3f} ({value / ours.value - 1:+.0e})".rjust(21))
            ratio = f"{fastest / seconds:7.0f}" if fastest < math.inf else f"{'–':>7}"
            name = f"{kind} {'×'.join(map(str, shape))}"
            print(f"{name:>18} {design.cells:>6} {seconds:>9.4f} {ours.relative_gap:>8.0e} {' '.join(cells)} {ratio}")


if __name__ == "__main__":
    main()
