"""The unconstrained features model of multi-task classification: data and objective.

    f(W, H, b) = Σ_t Σ_i ω_{t,i} ℓ(W_t h_i + b_t, y_{t,i})
                 + Σ_t λ_{W,t}/2 ‖W_t‖² + λ_H/2 ‖H‖² + Σ_t λ_{b,t}/2 ‖b_t‖²

over heads W_t (K_t × d), free features h_i (d) and biases b_t; ℓ is a Fenchel–Young loss
(:mod:`theory.losses`).  ω_{t,i} = α_t v_{t,i} / Σ_i v_{t,i}: α_t times the mean over the samples that
task t labels, so single source, multi source and everything between are one formula.

Those are the *canonical* numbers (α, λ_W, λ_H, λ_b).  A :class:`UFM` is stated in a named
:class:`Convention`, keeps the stated numbers exactly, and derives the canonical ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from theory.labels import FloatArray, IntArray, LabelDesign
from theory.losses import Loss, loss_named
from theory.rationals import Number, exact, exact_per_task

MAX_DIMENSION = 1_000_000


@dataclass(frozen=True)
class Convention:
    """How a paper writes the objective.

    mean : the loss of a task is a mean over its labelled samples (else a sum, or weighted sum).
    halves : the penalties carry a factor ½.
    weighted_decay : the task weight c_t also multiplies the decay of W_t and b_t.
    """

    name: str
    mean: bool
    halves: bool
    weighted_decay: bool

    def decay_factor(self, task_weight: Fraction, on_head: bool) -> Fraction:
        """Canonical decay = factor × stated decay."""
        factor = Fraction(1 if self.halves else 2)
        return factor * task_weight if on_head and self.weighted_decay else factor

    def describe(self) -> str:
        """The convention in words."""
        return ", ".join(
            (
                "mean loss" if self.mean else "sum loss",
                "penalties with halves" if self.halves else "penalties without halves",
                "task weight also on the decay" if self.weighted_decay else "task weight on the loss alone",
            )
        )


#: Conventions by name.  ``paper-*``: Wang et al., "Neural Collapse in Multi-Task Learning" (ICLR 2026),
#: Eq. 3, Σ_t c_t L_CE + λ_H‖H‖² + λ_W Σ_t c_t‖W_t‖² + λ_b Σ_t c_t‖b_t‖², read with a sum or a mean.
CONVENTIONS: dict[str, Convention] = {
    c.name: c
    for c in (
        Convention("mean-halves", mean=True, halves=True, weighted_decay=False),
        Convention("sum-halves", mean=False, halves=True, weighted_decay=False),
        Convention("paper-mean", mean=True, halves=False, weighted_decay=True),
        Convention("paper-sum", mean=False, halves=False, weighted_decay=True),
        Convention("paper-mean-plain-decay", mean=True, halves=False, weighted_decay=False),
        Convention("paper-sum-plain-decay", mean=False, halves=False, weighted_decay=False),
    )
}


@dataclass(frozen=True, eq=False)
class UFM:
    """A problem: a label design with a loss, weights, decays, a bias and a feature dimension.

    Attributes (numbers as stated, in ``convention``; anything that :func:`theory.rationals.exact` reads)
    ----------
    design : the :class:`LabelDesign`.
    weight_decay : λ_{W,t} > 0, one number or one a task.
    feature_decay : λ_H > 0.
    task_weights : c_t > 0, one number or one a task (default 1).
    bias : ``None`` no bias, ``0`` a free bias, otherwise its decay λ_{b,t} (one number or one a task;
        free for all tasks or for none).
    loss : a name from :data:`theory.losses.LOSSES`.
    dimension : d, by default R = Σ K_t, which is always enough for the relaxation to be tight.
    convention : a name from :data:`CONVENTIONS`.

    Raises ``ValueError`` or ``TypeError`` that names the offending number and what was expected.
    """

    design: LabelDesign
    weight_decay: tuple[Fraction, ...] = field()
    feature_decay: Fraction = field()
    task_weights: tuple[Fraction, ...] = (Fraction(1),)
    bias: tuple[Fraction, ...] | None = None
    loss: str = "ce"
    dimension: int = 0
    convention: str = "mean-halves"

    def __init__(
        self,
        design: LabelDesign,
        weight_decay: Number | Sequence[Number],
        feature_decay: Number,
        task_weights: Number | Sequence[Number] = 1,
        bias: Number | Sequence[Number] | None = None,
        loss: str = "ce",
        dimension: int | None = None,
        convention: str = "mean-halves",
    ) -> None:
        if not isinstance(design, LabelDesign):
            raise TypeError(f"design: expected a LabelDesign, got {type(design).__name__}")
        if convention not in CONVENTIONS:
            raise ValueError(f"convention: {convention!r} is unknown; expected one of {', '.join(CONVENTIONS)}")
        loss_named(loss)
        d = design.rows if dimension is None else dimension
        if isinstance(d, bool) or not isinstance(d, (int, np.integer)):
            raise TypeError(f"dimension: expected a whole number, got {d!r}")
        if not 1 <= d <= MAX_DIMENSION:
            raise ValueError(f"dimension: {d}; expected 1 to {MAX_DIMENSION} (R = {design.rows} is always enough)")
        decays = exact_per_task(weight_decay, design.tasks, "weight_decay")
        weights = exact_per_task(task_weights, design.tasks, "task_weights")
        lam_h = exact(feature_decay, "feature_decay")
        for name, numbers in (("weight_decay", decays), ("feature_decay", (lam_h,)), ("task_weights", weights)):
            for number in numbers:
                _check_positive(number, name)
        lam_b = None if bias is None else exact_per_task(bias, design.tasks, "bias")
        if lam_b is not None:
            for number in lam_b:
                if number != 0:
                    _check_positive(number, "bias")
            if 0 in lam_b and any(lam_b):
                raise ValueError("bias: a free bias (0) for some tasks and a decayed one for others; choose one kind")
        values = {
            "design": design,
            "weight_decay": decays,
            "feature_decay": lam_h,
            "task_weights": weights,
            "bias": lam_b,
            "loss": loss,
            "dimension": int(d),
            "convention": convention,
        }
        for key, value in values.items():
            object.__setattr__(self, key, value)
        if self.free_bias:
            self._check_every_class_has_weight()

    def _check_every_class_has_weight(self) -> None:
        """Under a free bias a class that no target mentions sends its bias to −∞: no minimum is attained."""
        if not self.loss_function.on_simplex:
            return
        for t, rows in self.design.blocks():
            absent = np.flatnonzero((self.design.target_matrix[rows] * self.omega[t]).sum(axis=1) == 0)
            if absent.size:
                raise ValueError(
                    f"bias: class {int(absent[0])} of task {t} has no sample; with a free bias the infimum is not "
                    "attained in general; give the bias a decay, leave it out, or drop the class"
                )

    # ---------------------------------------------------------------- canonical numbers, exact

    @property
    def convention_used(self) -> Convention:
        """The :class:`Convention` of the stated numbers."""
        return CONVENTIONS[self.convention]

    @cached_property
    def alpha(self) -> tuple[Fraction, ...]:
        """α_t of the canonical (mean loss) form: c_t, or c_t N_t for a sum loss."""
        if self.convention_used.mean:
            return self.task_weights
        return tuple(c * n for c, n in zip(self.task_weights, self.design.task_masses, strict=True))

    @cached_property
    def lambda_w(self) -> tuple[Fraction, ...]:
        """Canonical λ_{W,t} (penalty λ_{W,t}/2 ‖W_t‖²)."""
        factor = self.convention_used.decay_factor
        return tuple(factor(c, True) * w for c, w in zip(self.task_weights, self.weight_decay, strict=True))

    @cached_property
    def lambda_h(self) -> Fraction:
        """Canonical λ_H (penalty λ_H/2 ‖H‖²)."""
        return self.convention_used.decay_factor(Fraction(1), False) * self.feature_decay

    @cached_property
    def lambda_b(self) -> tuple[Fraction, ...] | None:
        """Canonical λ_{b,t}; ``None`` without a bias, zeros for a free one."""
        if self.bias is None:
            return None
        factor = self.convention_used.decay_factor
        return tuple(factor(c, True) * b for c, b in zip(self.task_weights, self.bias, strict=True))

    def stated_product(self, canonical_product: Fraction, task: int) -> Fraction:
        """A canonical value of λ_{W,t} λ_H as the product of the numbers that the convention states."""
        factor = self.convention_used.decay_factor
        return canonical_product / (factor(self.task_weights[task], True) * factor(Fraction(1), False))

    @property
    def has_bias(self) -> bool:
        """Is there a bias, free or decayed?"""
        return self.bias is not None

    @property
    def free_bias(self) -> bool:
        """Is there a bias without decay?"""
        return self.bias is not None and not any(self.bias)

    # ---------------------------------------------------------------- canonical numbers, float64

    @property
    def loss_function(self) -> Loss:
        """The loss object."""
        return loss_named(self.loss)

    @cached_property
    def omega(self) -> FloatArray:
        """``(T, C)`` cell weights ω_{t,j} = α_t v_{t,j} n_j / N_t."""
        scale = np.array([float(a / n) for a, n in zip(self.alpha, self.design.task_masses, strict=True)])
        return np.asarray(scale[:, None] * self.design.masses, dtype=np.float64)

    @cached_property
    def omega_rows(self) -> FloatArray:
        """``(R, C)``: ω repeated for every class of its task."""
        return np.repeat(self.omega, self.design.classes, axis=0)

    @cached_property
    def lambda_w_rows(self) -> FloatArray:
        """``(R,)``: λ_{W,t} for every row of the stacked heads."""
        return np.repeat([float(w) for w in self.lambda_w], self.design.classes).astype(np.float64)

    @cached_property
    def lambda_b_rows(self) -> FloatArray:
        """``(R,)``: λ_{b,t} for every row (zeros without a decayed bias)."""
        lam = self.lambda_b or (Fraction(0),) * self.design.tasks
        return np.repeat([float(b) for b in lam], self.design.classes).astype(np.float64)

    @cached_property
    def sqrt_counts(self) -> FloatArray:
        """``(C,)``: √n_j."""
        return np.asarray(np.sqrt(self.design.counts.astype(np.float64)))

    # ---------------------------------------------------------------- objective

    def objective(
        self, W: npt.ArrayLike, H: npt.ArrayLike, b: npt.ArrayLike | None = None, cell_of: IntArray | None = None
    ) -> float:
        """f(W, H, b) in float64, in the Fenchel–Young convention of the loss.

        Parameters
        ----------
        W : ``(R, d)`` heads stacked in task order, d ≤ ``dimension``.
        H : ``(d, C)``, one feature a cell (each of its n_j samples has it), or ``(d, N)`` with ``cell_of``.
        b : ``(R,)`` biases, or ``None`` for zero.
        cell_of : ``(N,)`` the cell of every sample, when features are given sample by sample.

        Raises ``ValueError`` for a wrong shape, a number that is not finite, or a bias that the problem lacks.
        """
        W, H, bias = self.checked_point(W, H, b, cell_of)
        logits = W @ H + bias[:, None]
        total = 0.0
        for t, value in enumerate(self.losses(logits, cell_of)):
            weights = self.omega[t] if cell_of is None else (self.omega[t] / self.design.counts)[cell_of]
            total += float(weights @ value)
        repeats = self.design.counts if cell_of is None else 1
        total += 0.5 * float(self.lambda_w_rows @ (W * W).sum(axis=1))
        total += 0.5 * float(self.lambda_h) * float((repeats * (H * H).sum(axis=0)).sum())
        return total + 0.5 * float(self.lambda_b_rows @ (bias * bias))

    def losses(self, logits: FloatArray, cell_of: IntArray | None = None) -> FloatArray:
        """``(T, C)`` (or ``(T, N)``) values ℓ(z_t, y_t) of ``(R, ·)`` logits; 0 where no label is."""
        loss, Y = self.loss_function, self.design.target_matrix
        out = np.zeros((self.design.tasks, logits.shape[1]))
        for t, rows in self.design.blocks():
            y = Y[rows] if cell_of is None else Y[rows][:, cell_of]
            keep = self.design.labelled[t] if cell_of is None else self.design.labelled[t][cell_of]
            out[t] = np.where(keep, loss.value(logits[rows], y), 0.0)
        return out

    def predictions(self, logits: FloatArray) -> FloatArray:
        """``(R, ·)``: ∇Φ(z_t) for every task, stacked."""
        return np.concatenate([self.loss_function.gradient(logits[rows]) for _, rows in self.design.blocks()])

    def value_at_zero(self) -> float:
        """f(0, 0, 0)."""
        return float((self.omega * self.losses(np.zeros((self.design.rows, self.design.cells)))).sum())

    def checked_point(
        self, W: npt.ArrayLike, H: npt.ArrayLike, b: npt.ArrayLike | None = None, cell_of: IntArray | None = None
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(W, H, b) as float64 of shapes (R, d), (d, C or N), (R,); see :meth:`objective`."""
        W, H = np.asarray(W, dtype=np.float64), np.asarray(H, dtype=np.float64)
        columns = self.design.cells if cell_of is None else len(cell_of)
        if W.ndim != 2 or W.shape[0] != self.design.rows:
            raise ValueError(f"W: shape {W.shape}; expected ({self.design.rows}, d): all heads stacked in task order")
        if H.shape != (W.shape[1], columns):
            raise ValueError(f"H: shape {H.shape}; expected ({W.shape[1]}, {columns}): features are columns")
        if W.shape[1] > self.dimension:
            raise ValueError(f"W: feature dimension {W.shape[1]} exceeds the problem's {self.dimension}")
        bias = np.zeros(self.design.rows) if b is None else np.asarray(b, dtype=np.float64)
        if bias.shape != (self.design.rows,):
            raise ValueError(f"b: shape {bias.shape}; expected ({self.design.rows},)")
        if not self.has_bias and bias.any():
            raise ValueError("b: this problem has no bias; state it with bias=0 (free) or a decay")
        for name, array in (("W", W), ("H", H), ("b", bias)):
            if not np.isfinite(array).all():
                raise ValueError(f"{name}: holds a number that is not finite")
        return W, H, bias

    # ---------------------------------------------------------------- identity

    def to_dict(self) -> dict[str, Any]:
        """The problem as plain data: rationals as text ("3/100"), integers as they are; see ``from_dict``."""
        design = self.design
        return {
            "scenario": design.scenario,
            "loss": self.loss,
            "convention": self.convention,
            "classes": list(design.classes),
            "targets": [[[str(y) for y in row] for row in table] for table in design.targets],
            "labels": design.labels.tolist(),
            "counts": design.counts.tolist(),
            "sample_weights": None if design.sample_weights is None else design.sample_weights.tolist(),
            "task_weights": [str(c) for c in self.task_weights],
            "weight_decay": [str(w) for w in self.weight_decay],
            "feature_decay": str(self.feature_decay),
            "bias": None if self.bias is None else [str(b) for b in self.bias],
            "dimension": self.dimension,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> UFM:
        """The problem that :meth:`to_dict` wrote.  Raises ``ValueError`` for missing or unknown keys."""
        expected = {
            "scenario", "loss", "convention", "classes", "targets", "labels", "counts", "sample_weights",
            "task_weights", "weight_decay", "feature_decay", "bias", "dimension",
        }  # fmt: skip
        if not isinstance(data, dict) or set(data) != expected:
            raise ValueError(f"problem: expected an object with exactly the keys {sorted(expected)}")
        targets = tuple(
            tuple(tuple(exact(y, "targets") for y in row) for row in table)
            for table in cast("list[list[list[str]]]", data["targets"])
        )
        weights = data["sample_weights"]
        design = LabelDesign(
            tuple(data["classes"]),
            np.asarray(data["labels"]),
            np.asarray(data["counts"]),
            targets,
            None if weights is None else np.asarray(weights),
            str(data["scenario"]),
        )
        return cls(
            design,
            weight_decay=data["weight_decay"],
            feature_decay=data["feature_decay"],
            task_weights=data["task_weights"],
            bias=data["bias"],
            loss=data["loss"],
            dimension=data["dimension"],
            convention=data["convention"],
        )

    @cached_property
    def identity(self) -> str:
        """SHA-256 of the canonical JSON of :meth:`to_dict` (sorted keys, no spaces, ASCII), in hexadecimal.

        Everything that the minimum depends on takes part, and the scenario's name with it.
        """
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()


def _check_positive(number: Fraction, name: str) -> None:
    if number <= 0:
        raise ValueError(f"{name}: {float(number):g}; expected a positive number")
    if not 1e-100 <= float(number) <= 1e100:
        raise ValueError(f"{name}: {float(number):g} is out of proportion; expected 1e-100 to 1e100")
