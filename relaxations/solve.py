"""One entry for every solver of the relaxation, one type of answer.

    solve(problem)                      CVXPY up to 64 cells, the structured solver beyond
    solve(problem, "sdp")               the matrix inequality by Clarabel;  "sdp:scs" by SCS
    solve(problem, "nuclear")           the nuclear-norm form, likewise
    solve(problem, "entropy-dual")      the maximum-entropy dual, likewise
    solve(problem, "proximal")          the structured solver (:mod:`relaxations.proximal`)
    solve(problem, "proximal:all-cells")    the same, without looking for symmetries
    solve(problem, "closed-form")       the point that a theorem states; never chosen by "auto"

Whatever solver made it, a :class:`Solution` is a point (W, H, b) of the problem with its value f and a feasible
dual point q with its value D(q) ≤ min f, both in float64: proposals for :mod:`relaxations.check` to judge.

Tasks that share no cell decouple.  Their connected components are solved one by one and folded into the *same*
coordinates: no sample carries labels of two components, so nothing links them, and d' is the largest rank of a
component rather than the sum (multi source: max(K_t − 1)).

The structured solver looks for symmetries of the design first: where it finds any, one cell an orbit is solved for
(:mod:`relaxations.invariant`), and the whole point written out.

A conic solver stops at about 1e-8.  Its point then starts the structured solver (a few proximal steps, Newton on
the factors), which takes it to rounding error; ``solver`` says ``"+refinement"`` and ``conic_value`` keeps what
the conic solver itself claimed.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from relaxations.closed_form_point import closed_form_point
from relaxations.data_term import DataTerm
from relaxations.factored import Factors, balanced_factors, factorise, newton, objective
from relaxations.invariant import solve_invariant
from relaxations.proximal import ROUNDING, Optimum, relative_gap, solve_structured
from relaxations.symmetry import orbits_of
from theory.duality import dual_value
from theory.labels import FloatArray, IntArray, LabelDesign
from theory.model import UFM

#: Programs for CVXPY and the conic solvers that may run them.
PROGRAM_NAMES = ("sdp", "nuclear", "entropy-dual")
CONIC_SOLVERS = ("clarabel", "scs")

#: Every name that :func:`solve` takes; a program without a suffix means Clarabel.
SOLVERS = (
    "auto",
    *PROGRAM_NAMES,
    *(f"{program}:{conic}" for program in PROGRAM_NAMES for conic in CONIC_SOLVERS),
    "proximal",
    "proximal:all-cells",
    "closed-form",
)

#: ``auto`` uses CVXPY up to this many cells.
CVXPY_CELLS = 64
#: ... with this program, whose multiplier is the matrix of the semidefinite one: up to 0.9 s at 64 cells, where
#: the semidefinite program itself takes Clarabel 2 to 30 s.
AUTO_PROGRAM = "entropy-dual:clarabel"
#: Symmetries are looked for from this many cells on: below, finding them takes as long as solving.
SYMMETRY_CELLS = 200
#: A conic value that differs by more than this, relatively, from the refined one is reported in the status.
CONIC_AGREEMENT = 1e-4
#: Random starts, beside the truncated optimum, where the rank is cut to the feature dimension.
CUT_STARTS = 4


@dataclass(frozen=True)
class Solution:
    """A point of a problem, a dual point, and where they come from.

    problem : the :class:`UFM`.
    W, H, b : heads (R, d'), cell features (d', C), bias (R,) or ``None`` for a problem without one;
        1 ≤ d' ≤ ``problem.dimension``.
    q : ``(R, C)`` dual feasible predictions, 0 where no label is.
    value : f(W, H, b).
    lower : D(q), a lower bound of f for every dimension.
    rank : a dimension in which the relaxation's optimum is attained, the smallest that was found: the largest
        numerical rank of Z' over the components, or d' if the point cut to ``problem.dimension`` meets the bound.
        (With missing labels the optimum is not unique, and another one may have a smaller rank still.)
    solver : what ran, e.g. ``"proximal"``, ``"sdp:scs+refinement"``, ``"closed-form"``.
    status : the raw status of the solver (of all components, without repetition), then what else there is to
        say: ``"optimal_inaccurate"``, ``"optimal; refinement stalled"``.
    iterations : of all stages together.
    seconds : wall time.
    conic_value : the optimal value as the conic solver gave it, before refinement; ``None`` without one.
    orbits : columns that were solved for, where symmetries of the design were used; otherwise ``None``.
    """

    problem: UFM
    W: FloatArray
    H: FloatArray
    b: FloatArray | None
    q: FloatArray
    value: float
    lower: float
    rank: int
    solver: str
    status: str
    iterations: int
    seconds: float
    conic_value: float | None = None
    orbits: int | None = None

    @property
    def relative_gap(self) -> float:
        """(f − D)/f in float64; may be slightly negative by rounding."""
        return relative_gap(self.value, self.lower)

    @property
    def cut(self) -> bool:
        """Is ``problem.dimension`` below ``rank``?  Then ``value`` is an upper bound that need not meet ``lower``."""
        return self.rank > self.problem.dimension


@dataclass(frozen=True)
class _Part:
    """The answer for one component."""

    optimum: Optimum
    status: str
    iterations: int
    conic_value: float | None = None
    orbits: int | None = None


def solve(
    problem: UFM,
    solver: str = "auto",
    tolerance: float | None = None,
    start: Solution | None = None,
) -> Solution:
    """A nearly optimal point of ``problem`` with a dual bound.

    Parameters
    ----------
    solver : one of :data:`SOLVERS`.  ``"proximal"`` looks for symmetries from ``SYMMETRY_CELLS`` cells on.
    tolerance : relative gap at which the structured solver (and the refinement) stops, by default
        :func:`relaxations.proximal.default_tolerance`: 1e-12, and 1e-9 for large problems.
    start : a solution of a similar problem with the same rows and cells (other decays, counts, weights), from whose
        logits the structured solver starts; it saves about half of the steps along a path of decays.  Not used where
        symmetries are, nor by other solvers.

    Raises ``ValueError`` for an unknown solver, a start of another size, or ``"closed-form"`` where no theorem gives a
    point; ``relaxations.programs.SolverFailure`` if the conic solver asked for ends without a point (``"auto"`` then
    goes on with the structured solver and says so in ``status``).
    """
    begun = time.perf_counter()
    if solver not in SOLVERS:
        raise ValueError(f"solver: {solver!r} is unknown; expected one of {', '.join(SOLVERS)}")
    if solver == "closed-form":
        return _closed_form(problem, begun)
    shape = (problem.design.rows, problem.design.cells)
    if start is not None and (start.W.shape[0], start.H.shape[1]) != shape:
        raise ValueError(
            f"start: a point of {start.W.shape[0]} rows and {start.H.shape[1]} cells; the problem has {shape[0]} and "
            f"{shape[1]}"
        )
    small = problem.design.cells <= CVXPY_CELLS
    method = (AUTO_PROGRAM if small else "proximal") if solver == "auto" else solver
    parts = [(tasks, cells, restricted(problem, tasks, cells)) for tasks, cells in problem.design.components()]
    if method.startswith("proximal"):
        symmetry = method == "proximal"
        answers = [
            _structured(part, tolerance, symmetry, _part_of(start, tasks, cells, part)) for tasks, cells, part in parts
        ]
    else:
        method = method if ":" in method else f"{method}:clarabel"
        answers = [_conic(part, method, tolerance, fall_back=solver == "auto") for _, _, part in parts]
        method += "+refinement"

    d = min(max(a.optimum.factors.A.shape[1] for a in answers), problem.dimension)
    W = np.zeros((problem.design.rows, max(d, 1)))
    H = np.zeros((max(d, 1), problem.design.cells))
    b, q = np.zeros(problem.design.rows), np.zeros((problem.design.rows, problem.design.cells))
    for (tasks, cells, part), answer in zip(parts, answers, strict=True):
        rows = _rows(problem.design, tasks)
        factors = _cut(part, answer.optimum.factors, d)
        heads, features = factorise(part, factors.A, factors.B)
        W[rows, : heads.shape[1]] = heads
        H[: heads.shape[1], cells] = features
        b[rows] = factors.b
        q[np.ix_(rows, cells)] = answer.optimum.dual.q
    conic = [a.conic_value for a in answers if a.conic_value is not None]
    orbits = _columns(answers)
    status = ", ".join(dict.fromkeys(a.status for a in answers))
    if orbits is not None:
        status += f"; {orbits} {'column' if orbits == 1 else 'columns'} for {problem.design.cells} cells, by symmetry"
    return _finished(
        problem, (W, H, b), q,
        rank=max(a.optimum.factors.A.shape[1] for a in answers),
        solver=method,
        status=status,
        iterations=sum(a.iterations for a in answers),
        conic_value=sum(conic) if len(conic) == len(answers) else None,
        begun=begun,
        orbits=orbits,
    )  # fmt: skip


def _columns(answers: Sequence[_Part]) -> int | None:
    """Columns solved for in all components, if symmetries left any out."""
    if all(answer.orbits is None for answer in answers):
        return None
    return sum(a.optimum.factors.B.shape[1] if a.orbits is None else a.orbits for a in answers)


def restricted(problem: UFM, tasks: Sequence[int], cells: IntArray) -> UFM:
    """The problem of some tasks on the cells that label them; every labelled cell of the tasks must be there.

    Same convention and same numbers, so the objective of a problem is the sum over its components.  The problem itself
    where that is all of it.
    """
    design = problem.design
    if len(tasks) == design.tasks and len(cells) == design.cells:
        return problem
    index = np.asarray(tasks, dtype=np.int64)
    weights = design.sample_weights
    part = LabelDesign(
        tuple(design.classes[t] for t in tasks),
        design.labels[np.ix_(index, cells)],
        design.counts[cells],
        tuple(design.targets[t] for t in tasks),
        None if weights is None else weights[np.ix_(index, cells)],
        design.scenario,
    )
    return UFM(
        part,
        [problem.weight_decay[t] for t in tasks],
        problem.feature_decay,
        [problem.task_weights[t] for t in tasks],
        None if problem.bias is None else [problem.bias[t] for t in tasks],
        problem.loss,
        problem.dimension,
        problem.convention,
    )


def _rows(design: LabelDesign, tasks: Sequence[int]) -> IntArray:
    """Row numbers of the heads of ``tasks``."""
    return np.concatenate([np.arange(design.rows_of(t).start, design.rows_of(t).stop) for t in tasks])


def _part_of(
    start: Solution | None, tasks: Sequence[int], cells: IntArray, part: UFM
) -> tuple[FloatArray, FloatArray] | None:
    """Z' and the bias of a component at which to start: the logits of ``start`` in the units of ``part``."""
    if start is None:
        return None
    rows = _rows(start.problem.design, tasks)
    Z = (start.W[rows] @ start.H[:, cells]) * np.sqrt(part.lambda_w_rows)[:, None] * part.sqrt_counts
    return Z, start.b[rows] if start.b is not None and part.has_bias else np.zeros(len(rows))


def _structured(
    part: UFM, tolerance: float | None, symmetry: bool, start: tuple[FloatArray, FloatArray] | None
) -> _Part:
    orbits = orbits_of(part.design) if symmetry and part.design.cells >= SYMMETRY_CELLS else None
    if orbits is None:
        optimum = solve_structured(part, tolerance, start=start)
        return _Part(optimum, optimum.status, optimum.iterations)
    optimum = solve_invariant(part, orbits, tolerance)
    steps = optimum.iterations
    if optimum.status != "converged":
        optimum = solve_structured(part, tolerance, start=(optimum.factors.Z, optimum.factors.b))
        steps += optimum.iterations
    return _Part(optimum, optimum.status, steps, orbits=len(orbits))


def _conic(part: UFM, method: str, tolerance: float | None, fall_back: bool) -> _Part:
    """Program and solver by name, then refinement."""
    from relaxations.programs import PROGRAMS, SolverFailure, run_program  # CVXPY only where it runs

    program, conic = method.split(":")
    scaled, unit, value_unit = _normalised(part)
    try:
        result = run_program(PROGRAMS[program](scaled), conic)
    except SolverFailure as failure:
        if not fall_back:
            raise
        optimum = solve_structured(part, tolerance)
        return _Part(optimum, f"{failure}; structured solver instead: {optimum.status}", optimum.iterations)
    value = value_unit * result.value
    optimum = solve_structured(part, tolerance, start=(unit * result.Z, result.b))
    status = result.status
    if optimum.status != "converged":
        status += f"; refinement {optimum.status}"
    difference = abs(value - optimum.factors.value) / max(optimum.factors.value, 1e-300)
    if difference > CONIC_AGREEMENT:
        status += f"; value before refinement off by {difference:.1e}"
    return _Part(optimum, status, result.iterations + optimum.iterations, value)


def _normalised(part: UFM) -> tuple[UFM, float, float]:
    """The same problem in units that suit a conic solver, the unit of Z' and the unit of its value.

    f/a is the problem of α/a, λ/a; and λ_W, λ_H → c λ_W, λ_H/c changes nothing but the unit of Z'.  Powers of 2
    make Σα of order 1 and Z' of the size of the logits, so that absolute tolerances mean something.
    """
    a = Fraction(2) ** round(math.log2(sum(part.alpha)))
    typical = statistics.median(part.lambda_w) * Fraction(part.design.samples, part.design.cells) / a
    c = Fraction(4) ** -round(math.log2(typical) / 2)
    same = UFM(
        part.design,
        [c * w / a for w in part.lambda_w],
        part.lambda_h / (c * a),
        [alpha / a for alpha in part.alpha],
        None if part.lambda_b is None else [b / a for b in part.lambda_b],
        part.loss,
        part.dimension,
    )
    return same, math.sqrt(a / c), float(a)


def _cut(part: UFM, factors: Factors, dimension: int) -> Factors:
    """At most ``dimension`` columns: the best of a few local minima of f in that dimension.

    Newton's method on the factors starts from the truncated optimum and from ``CUT_STARTS`` random points (a
    fixed seed): f has spurious local minima and saddles below the minimal rank, and where the optimum of the
    relaxation is not unique another one of smaller rank may be found, so that the value meets the bound after all.
    """
    if factors.A.shape[1] <= dimension:
        return factors
    data = DataTerm(part)
    starts = [balanced_factors(data, factors.Z, factors.b, dimension)]
    rng = np.random.default_rng(0)
    R, C = part.design.rows, part.design.cells
    spread = data.unit / np.sqrt(dimension * (R + C))
    for _ in range(CUT_STARTS):
        A, B = spread * rng.standard_normal((R, dimension)), spread * rng.standard_normal((dimension, C))
        starts.append(Factors(A, B, factors.b, objective(data, A, B, factors.b)))
    return min((newton(data, start, max_steps=100)[0] for start in starts), key=lambda point: point.value)


def _finished(
    problem: UFM,
    point: tuple[FloatArray, FloatArray, FloatArray],
    q: FloatArray,
    rank: int,
    solver: str,
    status: str,
    iterations: int,
    conic_value: float | None,
    begun: float,
    orbits: int | None = None,
) -> Solution:
    W, H, b = point
    bias = b if problem.has_bias else None
    value, lower = problem.objective(W, H, bias), dual_value(problem, q)
    if rank > problem.dimension and relative_gap(value, lower) <= ROUNDING:
        rank = problem.dimension
    seconds = time.perf_counter() - begun
    return Solution(
        problem, W, H, bias, q, value, lower, rank, solver, status, iterations, seconds, conic_value, orbits
    )  # fmt: skip


def _closed_form(problem: UFM, begun: float) -> Solution:
    found = closed_form_point(problem)
    return _finished(
        problem, found.point, found.q, found.dimension, "closed-form", f"theorem {found.theorem}", 0, None, begun
    )
