"""The training objective of the unconstrained features model, batch by batch.

On a batch B of the N samples,

    (N/|B|) Σ_{i∈B} [ Σ_t ω_{t,i} ℓ(W_t h_i + b_t, y_{t,i}) + λ_H/2 ‖h_i‖² ]
    + Σ_t λ_{W,t}/2 ‖W_t‖² + Σ_t λ_{b,t}/2 ‖b_t‖²

whose mean over uniformly drawn batches of one size is f(W, H, b) of :class:`theory.model.UFM`, and which *is* f on
the batch of all samples.  The decays are part of the loss: gradients of penalty and data are added before any
optimiser's preconditioning ("coupled" decay; the decoupled decay of AdamW minimises something else).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn

from empirical.networks import MultiTaskNetwork
from empirical.weightings.strategies import STRATEGIES
from theory.labels import FloatArray, IntArray
from theory.model import UFM


def _sparsemax_potential(z: torch.Tensor) -> torch.Tensor:
    """Φ(z) = min over τ of τ + ½ Σ (z − τ)_+²; at its minimum τ has no share in the gradient."""
    with torch.no_grad():
        ordered = z.sort(dim=1, descending=True).values
        candidates = (ordered.cumsum(dim=1) - 1) / torch.arange(1, z.shape[1] + 1, device=z.device)
        last = (ordered > candidates).sum(dim=1, keepdim=True) - 1
        tau = candidates.gather(1, last)
    return tau[:, 0] + 0.5 * (z - tau).clamp(min=0).square().sum(dim=1)


#: Φ of the Fenchel–Young losses, ``(B, K)`` to ``(B,)``; Φ* of the targets comes from :mod:`theory.losses`.
POTENTIALS: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "ce": lambda z: torch.logsumexp(z, dim=1),
    "mse": lambda z: 0.5 * z.square().sum(dim=1),
    "sparsemax": _sparsemax_potential,
}


class Objective(Protocol):
    """What training minimises: a scalar of a network, the features of a batch and the batch's sample numbers."""

    def __call__(self, network: MultiTaskNetwork, features: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        """The estimate of the objective on samples ``index`` (B,), whose ``features`` are (B, d)."""


@runtime_checkable
class AdaptiveObjective(Protocol):
    """An objective that changes while it is minimised (:mod:`empirical.weightings`), as the training loop sees it.

    Parameters of its own are trained with the network; what it remembers besides goes into checkpoints.
    """

    def after_step(self, network: MultiTaskNetwork, images: torch.Tensor, index: torch.Tensor) -> None:
        """Called after every step, with the batch of the step."""

    def after_epoch(self) -> None:
        """Called after every epoch."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """What is trained with the network."""

    def progress(self) -> dict[str, Any]:
        """What the rest of the run depends on; tensors, numbers and texts only."""

    def load_progress(self, state: dict[str, Any]) -> None:
        """Continue from what :meth:`progress` gave."""


class UFMObjective(nn.Module):
    """f of a :class:`UFM`, estimated without bias on batches (formula above); all numbers are buffers.

    ``cell_of`` (N,) is the cell of every sample.  Raises ``ValueError`` if the cells' sizes are not the problem's.
    """

    weights: torch.Tensor
    cells: torch.Tensor
    targets: torch.Tensor
    conjugates: torch.Tensor

    def __init__(self, problem: UFM, cell_of: IntArray, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        design = problem.design
        sizes = torch.bincount(torch.as_tensor(cell_of), minlength=design.cells).numpy()
        if sizes.shape != design.counts.shape or (sizes != design.counts).any():
            raise ValueError(
                "cell_of: the sizes of the cells are not the problem's; the objective is about all samples"
            )
        self.samples = design.samples
        self.classes = design.classes
        self.potential = POTENTIALS[problem.loss]
        self.lambda_w = [float(w) for w in problem.lambda_w]
        self.lambda_h = float(problem.lambda_h)
        self.lambda_b = None if problem.lambda_b is None else [float(b) for b in problem.lambda_b]
        targets = torch.tensor(design.target_matrix.T)
        conjugates = [
            torch.as_tensor(problem.loss_function.conjugate(design.target_matrix[rows])) for _, rows in design.blocks()
        ]
        self.register_buffer("weights", torch.as_tensor((problem.omega / design.counts).T).to(dtype))
        self.register_buffer("cells", torch.as_tensor(cell_of))
        self.register_buffer("targets", targets.to(dtype))
        self.register_buffer("conjugates", torch.stack(conjugates, dim=1).to(dtype))

    def losses(self, network: MultiTaskNetwork, features: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        """``(B,)``: Σ_t ω_{t,i} ℓ of every sample of the batch."""
        total = torch.zeros(len(index), dtype=features.dtype, device=features.device)
        for loss in self.losses_by_task(network, features, index):
            total = total + loss
        return total

    def losses_by_task(
        self, network: MultiTaskNetwork, features: torch.Tensor, index: torch.Tensor
    ) -> Iterator[torch.Tensor]:
        """``(B,)`` for every task: ω_{t,i} ℓ of every sample of the batch, 0 where the label is missing."""
        cell = self.cells[index]
        targets = self.targets[cell].split(self.classes, dim=1)
        conjugates, weights = self.conjugates[cell], self.weights[cell]
        for t, z in enumerate(network.logits(features)):
            # a missing label has weight 0 and target 0: its finite loss drops out
            loss = self.potential(z) + conjugates[:, t] - (targets[t] * z).sum(dim=1)
            yield weights[:, t] * loss

    def forward(self, network: MultiTaskNetwork, features: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        """See :class:`Objective`."""
        per_sample = 0.5 * self.lambda_h * features.square().sum(dim=1) + self.losses(network, features, index)
        total = per_sample.sum() * (self.samples / len(index))
        for t, head in enumerate(network.linear_heads()):
            total = total + 0.5 * self.lambda_w[t] * head.weight.square().sum()
            if self.lambda_b is not None:
                total = total + 0.5 * self.lambda_b[t] * head.bias.square().sum()
        return total


class WeightDecayObjective(UFMObjective):
    """Ordinary training: the same losses, λ_W/2 times the square of *every* parameter, and no penalty on features.

    One λ_W for all tasks and layers, that of the problem; its λ_H plays no part.  Raises ``ValueError`` if the tasks'
    λ_W differ.
    """

    def __init__(self, problem: UFM, cell_of: IntArray, dtype: torch.dtype = torch.float32) -> None:
        super().__init__(problem, cell_of, dtype)
        if len(set(problem.lambda_w)) > 1:
            raise ValueError("ordinary weight decay has one number for all layers; the tasks' decays differ")

    def forward(self, network: MultiTaskNetwork, features: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        """See :class:`Objective`."""
        total = self.losses(network, features, index).sum() * (self.samples / len(index))
        for parameter in network.parameters():
            total = total + 0.5 * self.lambda_w[0] * parameter.square().sum()
        return total


def fitted_feature_decay(problem: UFM, W: FloatArray, H: FloatArray) -> Fraction:
    """λ_H := Σ_t λ_{W,t}‖W_t‖²/‖H‖² for heads ``W`` (R, d) and features ``H`` (d, N), to six digits.

    A network under ordinary weight decay has no λ_H.  At every critical point of the unconstrained features model
    Σ_t λ_{W,t}‖W_t‖² = λ_H‖H‖² (claim ``stationarity``), which suggests this one; it is *fitted*, and a comparison
    with the optimum for it says so.  Raises ``ValueError`` where heads or features are 0.
    """
    decay = float((problem.lambda_w_rows[:, None] * W**2).sum())
    size = float((H**2).sum())
    if not (decay > 0 and size > 0):
        raise ValueError("heads or features are 0: there is no feature decay to fit")
    return Fraction(f"{decay / size:.5e}")


def _weighted(strategy: str) -> Callable[..., UFMObjective]:
    def make(problem: UFM, cell_of: IntArray, dtype: torch.dtype = torch.float32) -> UFMObjective:
        # derived from the class above, so known only after this module
        from empirical.weightings.objective import WeightedObjective

        return WeightedObjective(problem, cell_of, strategy, dtype)

    return make


#: Training objectives by name: problem, cells of the samples and type of the numbers to an objective.
OBJECTIVES: Mapping[str, Callable[..., UFMObjective]] = {
    "ufm": UFMObjective,
    "weight-decay": WeightDecayObjective,
    **{f"weights-{name}": _weighted(name) for name in STRATEGIES},
}
