"""The relaxation as three convex programs, written as the mathematics and handed to CVXPY.

With Z' = [√λ_{W,t} √n_j M_{t,j}], M the cell logits without bias and γ = √λ_H:

    semidefinite       min  Σ ω ℓ(M + b, y) + γ/2 (tr A + tr B) + Σ λ_b/2 ‖b‖²   s.t.  [[A, Z'], [Z'ᵀ, B]] ⪰ 0
    nuclear norm       min  Σ ω ℓ(M + b, y) + γ ‖Z'‖_* + Σ λ_b/2 ‖b‖²
    maximum entropy    max  Σ ω [Φ*(y) − Φ*(q)] − Σ ‖r‖²/(2 λ_b)   s.t.  [[γ I, U'], [U'ᵀ, γ I]] ⪰ 0

where U' is the scaled residual of the predictions q, r_t = Σ_j ω (y − q) (0 under a free bias), and the last
matrix inequality says ‖U'‖_op ≤ γ.  The three have one value (claim ``relaxation``).  Importing this module
imports CVXPY, which takes about a second.

Sources: Fazel, Hindi & Boyd, "A rank minimization heuristic", ACC 2001 (the matrix inequality); Diamond & Boyd,
JMLR 17 (2016) (CVXPY).
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cvxpy as cp
import numpy as np

from theory.labels import FloatArray
from theory.model import UFM

#: Options of the conic solvers: the accuracy that they can keep, written out.
SOLVER_OPTIONS: dict[str, dict[str, Any]] = {
    "clarabel": {"solver": cp.CLARABEL, "tol_gap_abs": 1e-9, "tol_gap_rel": 1e-9, "tol_feas": 1e-9},
    "scs": {"solver": cp.SCS, "eps_abs": 1e-8, "eps_rel": 1e-8, "max_iters": 100_000},
}

#: Statuses after which variables hold something worth refining.
USABLE = (cp.OPTIMAL, cp.OPTIMAL_INACCURATE)


class SolverFailure(RuntimeError):
    """A conic solver ended without a point; the message holds its raw status."""


@dataclass(frozen=True)
class Program:
    """A CVXPY problem, its variables by their mathematical name, and how to read (Z', b) off its solution.

    problem : the ``cvxpy.Problem``; its value is (P) for all three.
    variables : ``Z``, ``A``, ``B``, ``b`` or ``q``, as far as the program has them.
    read : a function that gives (Z' (R, C), b (R,)) once solved: from the variables, or for the maximum-entropy
        program from the multipliers.
    """

    problem: cp.Problem
    variables: dict[str, cp.Variable]
    read: Callable[[], tuple[FloatArray, FloatArray]] = field(repr=False)


@dataclass(frozen=True)
class ConicResult:
    """What a conic solver said: raw ``status``, ``value``, point (``Z``, ``b``), and its ``iterations``."""

    status: str
    value: float
    Z: FloatArray
    b: FloatArray
    iterations: int


@dataclass(frozen=True)
class ConvexForm:
    """A Fenchel–Young loss in CVXPY's atoms, over the ``(K, n)`` columns of one task with weights ω (n,).

    fit : (z, y, ω) to Σ ω [Φ(z) − ⟨y, z⟩], convex in z.
    conjugate : (q, ω) to Σ ω Φ*(q), convex.
    domain : q to the constraints of dom Φ*, as far as the atoms of ``conjugate`` do not imply them.
    """

    fit: Callable[[cp.Expression, FloatArray, FloatArray], cp.Expression]
    conjugate: Callable[[cp.Expression, FloatArray], cp.Expression]
    domain: Callable[[cp.Expression], list[cp.Constraint]]


def _cross_entropy_fit(z: cp.Expression, y: FloatArray, omega: FloatArray) -> cp.Expression:
    return omega @ cp.log_sum_exp(z, axis=0) - cp.sum(cp.multiply(omega * y, z))


def _squared_error_fit(z: cp.Expression, y: FloatArray, omega: FloatArray) -> cp.Expression:
    # ½‖z‖² − ⟨y, z⟩ as ½‖z − y‖² − ½‖y‖²
    whole = 0.5 * cp.sum_squares(cp.multiply(np.sqrt(omega)[None, :], z - y))
    return whole - 0.5 * float(omega @ (y * y).sum(axis=0))


def _sparsemax_fit(z: cp.Expression, y: FloatArray, omega: FloatArray) -> cp.Expression:
    # Φ(z) = min over τ of τ + ½‖(z − τ)_+‖²
    tau = cp.Variable((1, z.shape[1]))
    excess = cp.pos(z - np.ones((z.shape[0], 1)) @ tau)
    squares = 0.5 * cp.sum_squares(cp.multiply(np.sqrt(omega)[None, :], excess))
    return cp.sum(cp.multiply(omega[None, :], tau)) + squares - cp.sum(cp.multiply(omega * y, z))


def _half_squares(q: cp.Expression, omega: FloatArray) -> cp.Expression:
    return 0.5 * cp.sum_squares(cp.multiply(np.sqrt(omega)[None, :], q))


#: The losses that the conic solvers know; any other is for the structured solver alone.
FORMS: dict[str, ConvexForm] = {
    "ce": ConvexForm(
        _cross_entropy_fit,
        lambda q, omega: -(omega @ cp.sum(cp.entr(q), axis=0)),
        lambda q: [cp.sum(q, axis=0) == 1],
    ),
    "mse": ConvexForm(_squared_error_fit, _half_squares, lambda q: []),
    "sparsemax": ConvexForm(_sparsemax_fit, _half_squares, lambda q: [cp.sum(q, axis=0) == 1, q >= 0]),
}


def _form(ufm: UFM) -> ConvexForm:
    if ufm.loss not in FORMS:
        raise SolverFailure(f"no program in CVXPY's atoms for the loss {ufm.loss!r}; choose 'proximal'")
    return FORMS[ufm.loss]


def semidefinite_program(ufm: UFM) -> Program:
    """min Σ ω ℓ + γ/2 (tr A + tr B) over [[A, Z'], [Z'ᵀ, B]] ⪰ 0."""
    R, C = ufm.design.rows, ufm.design.cells
    Z = cp.Variable((R, C), name="Z")
    A = cp.Variable((R, R), name="A", symmetric=True)
    B = cp.Variable((C, C), name="B", symmetric=True)
    loss, b, variables = _fit(ufm, Z)
    penalty = 0.5 * _gamma(ufm) * (cp.trace(A) + cp.trace(B))
    problem = cp.Problem(cp.Minimize(loss + penalty), [cp.bmat([[A, Z], [Z.T, B]]) >> 0])
    return Program(problem, {"Z": Z, "A": A, "B": B, **variables}, lambda: (Z.value, b()))


def nuclear_norm_program(ufm: UFM) -> Program:
    """min Σ ω ℓ + γ ‖Z'‖_*."""
    Z = cp.Variable((ufm.design.rows, ufm.design.cells), name="Z")
    loss, b, variables = _fit(ufm, Z)
    problem = cp.Problem(cp.Minimize(loss + _gamma(ufm) * cp.normNuc(Z)))
    return Program(problem, {"Z": Z, **variables}, lambda: (Z.value, b()))


def maximum_entropy_program(ufm: UFM) -> Program:
    """max Σ ω [Φ*(y) − Φ*(q)] − Σ ‖r‖²/(2λ_b) over ‖U'‖_op ≤ γ: the most uncertain predictions whose residual is small.

    The multiplier of the matrix inequality is ½ [[A, −Z'], [−Z'ᵀ, B]], the multiplier of r = 0 is the free
    bias (up to CVXPY's sign), and a decayed bias is r/λ_b.
    """
    design, gamma, form = ufm.design, _gamma(ufm), _form(ufm)
    R, C, Y = design.rows, design.cells, design.target_matrix
    labelled = np.repeat(design.labelled, design.classes, axis=0)
    q = cp.Variable((R, C), name="q")
    weighted = cp.multiply(ufm.omega_rows, Y - q)
    U = cp.multiply(1.0 / np.outer(np.sqrt(ufm.lambda_w_rows), ufm.sqrt_counts), weighted)
    spectral = cp.bmat([[gamma * np.eye(R), U], [U.T, gamma * np.eye(C)]]) >> 0
    constraints = [spectral]
    if not labelled.all():
        constraints.append(q[np.nonzero(~labelled)] == 0)
    uncertainty, constant = [], 0.0
    for t, rows in design.blocks():
        cells = np.flatnonzero(design.labelled[t])
        omega, block = ufm.omega[t, cells], q[rows, cells]
        constant += float(omega @ ufm.loss_function.conjugate(Y[rows][:, cells]))
        uncertainty.append(-form.conjugate(block, omega))
        constraints += form.domain(block)
    value = constant + sum(uncertainty)
    r = cp.sum(weighted, axis=1)
    balance = r == 0
    if ufm.free_bias:
        constraints.append(balance)
    elif ufm.has_bias:
        value = value - 0.5 * cp.sum_squares(cp.multiply(1.0 / np.sqrt(ufm.lambda_b_rows), r))

    def read() -> tuple[FloatArray, FloatArray]:
        multiplier = np.asarray(spectral.dual_value)
        Z = -(multiplier[:R, R:] + multiplier[R:, :R].T)
        if ufm.free_bias:
            return Z, np.asarray(balance.dual_value)
        return Z, np.asarray(r.value) / ufm.lambda_b_rows if ufm.has_bias else np.zeros(R)

    return Program(cp.Problem(cp.Maximize(value), constraints), {"q": q}, read)


#: The programs by the name under which ``relaxations.solve`` and the command line know them.
PROGRAMS: dict[str, Callable[[UFM], Program]] = {
    "sdp": semidefinite_program,
    "nuclear": nuclear_norm_program,
    "entropy-dual": maximum_entropy_program,
}


def run_program(program: Program, solver: str = "clarabel") -> ConicResult:
    """Solve by ``"clarabel"`` or ``"scs"``.

    The raw status is handed on: ``optimal`` or ``optimal_inaccurate``.  Anything else raises
    :class:`SolverFailure` with the status that the solver gave.
    """
    # SCS prints warnings on standard output, verbose or not, and that belongs to the command lines
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        # CVXPY warns of what the status says too, and the status is reported
        warnings.filterwarnings("ignore", message="Solution may be inaccurate", category=UserWarning)
        try:
            program.problem.solve(**SOLVER_OPTIONS[solver])
        except cp.error.SolverError as error:
            raise SolverFailure(f"{solver} gave up ({error}); choose another solver, or 'proximal'") from None
    status = str(program.problem.status)
    if status not in USABLE:
        raise SolverFailure(f"{solver} ended with status {status!r}; choose another solver, or 'proximal'")
    Z, b = program.read()
    iterations = program.problem.solver_stats.num_iters
    value = float(program.problem.value)
    return ConicResult(status, value, np.asarray(Z), np.asarray(b), int(iterations or 0))


def _gamma(ufm: UFM) -> float:
    return float(np.sqrt(float(ufm.lambda_h)))


def _fit(ufm: UFM, Z: cp.Variable) -> tuple[cp.Expression, Callable[[], FloatArray], dict[str, cp.Variable]]:
    """Σ ω ℓ(M + b, y) + Σ λ_b/2 ‖b‖² as an expression in Z', how to read b, and the variables of the bias."""
    design, Y = ufm.design, ufm.design.target_matrix
    M = cp.multiply(1.0 / np.outer(np.sqrt(ufm.lambda_w_rows), ufm.sqrt_counts), Z)
    bias = cp.Variable(design.rows, name="b") if ufm.has_bias else None
    form = _form(ufm)
    total: cp.Expression = cp.Constant(0.0)
    for t, rows in design.blocks():
        cells = np.flatnonzero(design.labelled[t])
        omega, y = ufm.omega[t, cells], Y[rows][:, cells]
        z = M[rows, cells]
        if bias is not None:
            z = z + cp.reshape(bias[rows], (design.classes[t], 1), order="C") @ np.ones((1, len(cells)))
        constant = float(omega @ ufm.loss_function.conjugate(y))
        total = total + form.fit(z, y, omega) + constant
    if bias is not None and not ufm.free_bias:
        total = total + 0.5 * cp.sum_squares(cp.multiply(np.sqrt(ufm.lambda_b_rows), bias))
    if bias is None:
        return total, lambda: np.zeros(design.rows), {}
    return total, lambda: np.asarray(bias.value), {"b": bias}
