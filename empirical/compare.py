"""A trained network beside the certificate of its own problem.

The problem is the unconstrained features model on the cells of the training set; its certificate encloses the
least value that *any* features and heads can reach, so

    relative gap = (f − lower) / (f(0) − lower)        0 at the optimum, 1 at the zero network

bounds the distance from the optimum by a proven number, and the gap anatomy (:mod:`theory.duality`) says what it
is made of.  Networks are trained in float32 and measured in float64: the float32 weights are exact float64
numbers, so it is the same network.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from empirical.latent import latent_collapse
from empirical.machine import full_float32
from empirical.metrics import MultiTaskCollapse, NearestCentre
from empirical.networks import MultiTaskNetwork
from empirical.resident import Images
from relaxations.certificate import Certificate
from relaxations.check import Verdict, check_certificate
from relaxations.solve import Solution, solve
from theory.duality import gap_anatomy
from theory.labels import FloatArray, IntArray
from theory.model import UFM

if TYPE_CHECKING:
    from lightning_fabric import Fabric

#: f(0) is optimal where the proven bound comes this close to it, relatively.
DEAD = 1e-9


@dataclass(frozen=True)
class CertifiedOptimum:
    """The solved problem: ``solution`` (point and dual point), its ``certificate`` and the checker's ``verdict``.

    ``lower`` is the proven lower bound as float64 (its decimal text, rounded down, is ``verdict.lower``).
    """

    solution: Solution
    certificate: Certificate
    verdict: Verdict
    lower: float

    @property
    def problem(self) -> UFM:
        """The problem."""
        return self.solution.problem

    def to_dict(self) -> dict[str, Any]:
        """What a record keeps: the enclosure as decimal texts, and the certified geometry.

        ``gram`` is W Wᵀ (R × R) of the numerical optimum, ``row_norms`` the root mean square norm of the rows of
        each head.  Blocks of two tasks that share no sample are not unique (any contraction is optimal).
        """
        verdict, solution = self.verdict, self.solution
        return {
            "status": verdict.status,
            "reason": verdict.reason,
            "lower": verdict.lower,
            "upper": verdict.upper,
            "relative_gap": verdict.relative_gap,
            "solver": solution.solver,
            "solver_status": solution.status,
            "rank": solution.rank,
            "gram": (solution.W @ solution.W.T).tolist(),
            "row_norms": row_norms(self.problem, solution.W),
        }


def certified_optimum(problem: UFM) -> CertifiedOptimum:
    """Solve ``problem`` by the structured solver and let the checker prove the bounds.

    The structured solver is named, so that training never imports CVXPY.  Raises ``RuntimeError`` if the checker
    proves no positive lower bound.
    """
    solution = solve(problem, "proximal")
    certificate = Certificate.from_solution(solution)
    verdict = check_certificate(certificate.to_dict(), problem=problem.to_dict())
    lower = 0.0 if verdict.lower is None else float(verdict.lower)
    if not lower > 0:
        raise RuntimeError(f"no lower bound was proved for the problem of this run: {verdict.status}, {verdict.reason}")
    return CertifiedOptimum(solution, certificate, verdict, lower)


def row_norms(problem: UFM, W: FloatArray) -> list[float]:
    """For every task the root mean square norm of the rows of its head; all rows have it in an ETF."""
    return [float(np.sqrt((W[rows] ** 2).sum() / problem.design.classes[t])) for t, rows in problem.design.blocks()]


@torch.no_grad()
def all_features(
    network: MultiTaskNetwork,
    images: Images,
    batch: int = 1000,
    dtype: torch.dtype = torch.float64,
    fabric: Fabric | None = None,
) -> torch.Tensor:
    """Features ``(N, d)`` of all images in float64, on the images' device, computed in ``dtype``.

    Every process of a ``fabric`` computes its share of them, and all have all.
    """
    exact = copy.deepcopy(network).to(dtype).eval()
    starts = range(0, len(images), batch)
    if fabric is None or fabric.world_size == 1:
        with full_float32():
            return torch.cat([exact(images[i : i + batch].to(dtype)).double() for i in starts])
    with full_float32():
        mine = {
            i: exact(images[i : i + batch].to(dtype)).double() for i in starts[fabric.global_rank :: fabric.world_size]
        }
    width = exact(images[:1].to(dtype)).shape[1]
    out = torch.zeros(len(images), width, dtype=torch.float64, device=images.device)
    for i, part in mine.items():
        out[i : i + len(part)] = part
    # every row comes from one process; adding zeros is exact
    summed = fabric.all_reduce(out, reduce_op="sum")
    assert isinstance(summed, torch.Tensor)
    return summed


def measure(
    network: MultiTaskNetwork,
    images: Images,
    labels: IntArray,
    cell_of: IntArray,
    optimum: CertifiedOptimum,
    dtype: torch.dtype = torch.float64,
    fabric: Fabric | None = None,
) -> dict[str, Any]:
    """All measures of a network on its training set, as plain data (``None`` where a measure has no meaning).

    objective       f in float64
    relative_gap    (f − lower)/(f(0) − lower) with the proven lower bound; none where the zero network is optimal
    anatomy         f − D(q) as prediction, alignment, balance, within_cell, bias and their total
    within_cell, etf, cross_task, sum_rule, sum_rule_plain, balance, accuracy
                    see :meth:`empirical.metrics.MultiTaskCollapse.compute`
    nearest_centre  per task, see :class:`empirical.metrics.NearestCentre`
    row_norms       per task, see :func:`row_norms`
    latent_within, latent_etf, latent_sum
                    see :func:`empirical.latent.latent_collapse`

    ``images`` (N, ...) must be all samples of the problem, ``labels`` (N, T), ``cell_of`` (N,).  Features are computed
    in ``dtype``, shared among the processes of a ``fabric``; everything else is float64.
    """
    features = all_features(network, images, dtype=dtype, fabric=fabric)
    problem, targets = optimum.problem, torch.from_numpy(labels)
    collapse = MultiTaskCollapse(problem, network.heads).to(features.device)
    collapse.update(features, targets)
    nearest = NearestCentre(problem, network.heads, collapse.class_means()).to(features.device)
    nearest.update(features, targets)
    W, b = network.stacked_heads()
    H = features.cpu().numpy().T
    bias = b if problem.has_bias else None
    f = problem.objective(W, H, bias, cell_of)
    anatomy = gap_anatomy(problem, W, H, optimum.solution.q, bias, cell_of)
    zero = problem.value_at_zero()
    # where all tasks are dead the zero network is the optimum, and the rounding of the bound all that is left
    span = zero - optimum.lower if zero - optimum.lower > DEAD * zero else float("nan")
    values: dict[str, Any] = {
        "objective": f,
        "relative_gap": (f - optimum.lower) / span,
        "anatomy": {**dataclasses.asdict(anatomy), "total": anatomy.total},
        "nearest_centre": nearest.compute().tolist(),
        "row_norms": row_norms(problem, W),
        **latent_collapse(problem.design, W, H, labels),
        **{name: value.tolist() for name, value in collapse.compute().items()},
    }
    return {name: _plain(value) for name, value in values.items()}


def trained_gram(network: MultiTaskNetwork) -> list[list[float]]:
    """W Wᵀ (R × R) of the stacked heads."""
    W, _ = network.stacked_heads()
    gram: list[list[float]] = (W @ W.T).tolist()
    return gram


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return value if math.isfinite(value) else None
