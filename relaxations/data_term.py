"""The smooth half of the relaxation, in the units in which it is solved.

With Z' = [√λ_{W,t} √n_j M_{t,j}] the relaxation (claim ``relaxation``) is the composite problem

    (P)   min_{Z', b}   F(Z', b) + √λ_H ‖Z'‖_*,
          F(Z', b) = Σ_{t,j} ω_{t,j} ℓ(Z'_{t,j}/(√λ_{W,t} √n_j) + b_t, y_{t,j}) + Σ_t λ_{b,t}/2 ‖b_t‖².

Its gradient in Z' is −U', the scaled residual of the predictions q = ∇Φ(logits), so optimality reads
U' ∈ √λ_H ∂‖Z'‖_*.  Unlabelled entries carry ω = 0: Z' is free there and only the nuclear norm sees it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from relaxations.spectral import Gram, largest_singular_value, shrink_singular_values
from relaxations.symmetry import Orbits, on_representatives
from theory.duality import spectral_norm
from theory.labels import FloatArray
from theory.model import UFM


@dataclass(frozen=True)
class Evaluation:
    """F at a point: ``value``, predictions ``q`` (R, C), and ω(q − y) (R, C), the gradient in the logits."""

    value: float
    q: FloatArray
    slope: FloatArray


class DataTerm:
    """F, its gradient and its Hessian, vectorised over runs of tasks with equal K_t.

    Attributes
    ----------
    problem : the :class:`UFM`.
    gamma : √λ_H, the weight of the nuclear norm.
    inverse : ``(R, C)`` 1/(√λ_{W,t} √n_j): logits = inverse ∘ Z' + b.
    curvature_bound : the largest curvature of F in Z', L max ω/(n λ_W) with ∇²Φ ⪯ L.
    unit : the size of the factors of Z' at which logits are of order 1.
    bias_scale : ``(R,)`` unit s of the scaled bias β = s b, in which F is as curved as in Z'.
    width : min(R, C), the number of singular values of Z'.
    """

    def __init__(self, problem: UFM) -> None:
        design = problem.design
        self.problem = problem
        self.gamma = float(np.sqrt(float(problem.lambda_h)))
        self.inverse = 1.0 / (np.sqrt(problem.lambda_w_rows)[:, None] * problem.sqrt_counts)
        self.target = design.target_matrix
        self.lambda_b = problem.lambda_b_rows
        self._loss = problem.loss_function
        self._runs: list[tuple[slice, slice, tuple[int, int, int]]] = []
        task = row = 0
        for k, run in groupby(design.classes):
            length = len(list(run))
            rows = slice(row, row + k * length)
            self._runs.append((slice(task, task + length), rows, (length, k, design.cells)))
            task, row = task + length, rows.stop
        labelled = np.repeat(design.labelled, design.classes, axis=0)
        self.unit = float(np.sqrt(np.linalg.norm(np.where(labelled, 1.0 / self.inverse, 0.0))))
        per_row = (problem.omega_rows * self.inverse**2).max(axis=1)
        self.curvature_bound = self._loss.smoothness * float(per_row.max())
        self.bias_scale = np.sqrt(problem.omega_rows.sum(axis=1) / per_row)
        self.width = min(design.rows, design.cells)

    def shrink(self, Z: FloatArray, threshold: float) -> tuple[FloatArray, float]:
        """The prox of threshold·‖·‖_* at Z' and the nuclear norm of the result."""
        return shrink_singular_values(Z, threshold)

    def spectral_norm(self, Z: FloatArray) -> float:
        """‖·‖_op."""
        return spectral_norm(Z)

    def mean(self, rows: FloatArray) -> FloatArray:
        """An (R,) sum over cells as it is; over representatives (:class:`OrbitTerm`), its mean over the group."""
        return rows

    @staticmethod
    def _stacked(block: FloatArray, shape: tuple[int, int, int]) -> FloatArray:
        """A run of tasks as ``(K, tasks, C)``: classes along the first axis, as losses take them."""
        return block.reshape(shape).swapaxes(0, 1)

    def logits(self, Z: FloatArray, b: FloatArray) -> FloatArray:
        """``(R, C)`` logits M + b of a point (Z' of shape (R, C), b of shape (R,))."""
        return np.asarray(Z * self.inverse + b[:, None])

    def value(self, logits: FloatArray, b: FloatArray) -> float:
        """F alone."""
        total = 0.5 * float(self.lambda_b @ (b * b))
        for tasks, rows, shape in self._runs:
            z, y = self._stacked(logits[rows], shape), self._stacked(self.target[rows], shape)
            total += float(np.vdot(self.problem.omega[tasks], self._loss.value(z, y)))
        return total

    def predictions(self, logits: FloatArray) -> FloatArray:
        """q = ∇Φ(logits), ``(R, C)``."""
        q = np.empty_like(logits)
        for _, rows, shape in self._runs:
            gradient = self._loss.gradient(self._stacked(logits[rows], shape))
            q[rows] = gradient.swapaxes(0, 1).reshape(-1, shape[2])
        return q

    def slope(self, q: FloatArray) -> FloatArray:
        """ω(q − y), the gradient in the logits where the predictions are q."""
        out = q - self.target
        out *= self.problem.omega_rows
        return np.asarray(out)

    def evaluate(self, logits: FloatArray, b: FloatArray) -> Evaluation:
        """F, the predictions and the gradient in the logits."""
        q = self.predictions(logits)
        return Evaluation(self.value(logits, b), q, self.slope(q))

    def curvature(self, q: FloatArray, direction: FloatArray) -> FloatArray:
        """``(R, C)``: ω ∇²Φ applied to a direction of the logits, at predictions q."""
        out = np.empty_like(direction)
        for _, rows, shape in self._runs:
            product = self._loss.hessian_product(self._stacked(q[rows], shape), self._stacked(direction[rows], shape))
            out[rows] = product.swapaxes(0, 1).reshape(-1, shape[2])
        return out * self.problem.omega_rows


class OrbitTerm(DataTerm):
    """F of the invariant points of a symmetric problem, as a function of one column an orbit, times √|O|.

    Values, inner products and the nuclear norm are those of the whole Z' (:mod:`relaxations.symmetry`).
    """

    def __init__(self, problem: UFM, orbits: Orbits) -> None:
        super().__init__(on_representatives(problem, orbits))
        self.orbits = orbits
        self.width = min(problem.design.rows, problem.design.cells)
        self.gram: Gram = lambda Z: orbits.mean_of_pairs(Z @ Z.T)

    def shrink(self, Z: FloatArray, threshold: float) -> tuple[FloatArray, float]:
        """See :class:`DataTerm`."""
        return shrink_singular_values(Z, threshold, self.gram)

    def spectral_norm(self, Z: FloatArray) -> float:
        """See :class:`DataTerm`."""
        return largest_singular_value(Z, self.gram)

    def mean(self, rows: FloatArray) -> FloatArray:
        """See :class:`DataTerm`."""
        return self.orbits.mean_of_rows(rows)

    def expanded(self, Z: FloatArray) -> FloatArray:
        """The whole Z' (R, C)."""
        return self.orbits.expanded(Z / np.sqrt(self.orbits.sizes))
