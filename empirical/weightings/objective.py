"""f with the weights that a strategy chooses, batch by batch.

    Σ_t α_t L_t + λ_H/2 ‖H‖² + Σ_t λ_{W,t}/2 ‖W_t‖² (+ bias decay) + what the strategy adds

with L_t the mean loss of task t, estimated on the batch as in :mod:`empirical.objective`.
"""

from __future__ import annotations

from typing import Any

import torch

from empirical.networks import MultiTaskNetwork
from empirical.objective import UFMObjective
from empirical.weightings.strategies import strategy_named
from theory.labels import FloatArray, IntArray
from theory.model import UFM


class WeightedObjective(UFMObjective):
    """The objective of a :class:`UFM`, its α_t = 1 replaced by a strategy's (an adaptive objective).

    ``epoch_weights`` has the mean weights of the last whole epoch.  Raises ``ValueError`` unless the problem's own
    weights are 1, and for an unknown strategy.
    """

    epoch_weights: torch.Tensor

    def __init__(self, problem: UFM, cell_of: IntArray, strategy: str, dtype: torch.dtype = torch.float32) -> None:
        super().__init__(problem, cell_of, dtype)
        if any(alpha != 1 for alpha in problem.alpha):
            raise ValueError(f"task_weights: {[str(a) for a in problem.alpha]}; expected 1: the strategy chooses them")
        tasks = problem.design.tasks
        self.strategy = strategy_named(strategy, tasks).to(dtype)
        self.register_buffer("epoch_weights", torch.ones(tasks, dtype=dtype))
        self._chosen: list[torch.Tensor] = []
        self._losses = torch.ones(tasks, dtype=dtype)

    def task_losses(self, network: MultiTaskNetwork, features: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        """``(T,)``: the estimates of L_t on a batch."""
        sums = [loss.sum() for loss in self.losses_by_task(network, features, index)]
        return torch.stack(sums) * (self.samples / len(index))

    def forward(self, network: MultiTaskNetwork, features: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        """See :class:`empirical.objective.Objective`."""
        losses = self.task_losses(network, features, index)
        self._losses = losses.detach()
        gram = self._gram(network, features, losses)
        alpha = self.strategy.weights(self._losses, gram)
        self._chosen.append(alpha.detach())
        total = (alpha * losses).sum() + self.strategy.penalty()
        total = total + 0.5 * self.lambda_h * features.square().sum() * (self.samples / len(index))
        for t, head in enumerate(network.linear_heads()):
            total = total + 0.5 * self.lambda_w[t] * head.weight.square().sum()
            if self.lambda_b is not None:
                total = total + 0.5 * self.lambda_b[t] * head.bias.square().sum()
        return total

    def _gram(self, network: MultiTaskNetwork, features: torch.Tensor, losses: torch.Tensor) -> torch.Tensor | None:
        """⟨g_s, g_t⟩ ``(T, T)`` of what the strategy looks at, ``None`` where that is nothing."""
        if self.strategy.gradients is None:
            return None
        if self.strategy.gradients == "features":
            wanted = [features]
        else:
            wanted = [p for name, p in network.named_parameters() if not name.startswith("heads.")]
        rows = []
        for loss in losses:
            parts = torch.autograd.grad(loss, wanted, retain_graph=True)
            rows.append(torch.cat([part.flatten() for part in parts]))
        stacked = torch.stack(rows)
        return stacked @ stacked.T

    # ---------------------------------------------------------------- what the training loop calls

    def after_step(self, network: MultiTaskNetwork, images: torch.Tensor, index: torch.Tensor) -> None:
        """See :class:`empirical.objective.AdaptiveObjective`."""
        if not self.strategy.looks_back:
            return
        with torch.no_grad():
            self.strategy.after_step(self._losses, self.task_losses(network, network(images), index))

    def after_epoch(self) -> None:
        """See :class:`empirical.objective.AdaptiveObjective`."""
        self.epoch_weights.copy_(torch.stack(self._chosen).mean(dim=0))
        self._chosen.clear()
        self.strategy.after_epoch()

    def progress(self) -> dict[str, Any]:
        """See :class:`empirical.objective.AdaptiveObjective`."""
        return {"epoch_weights": self.epoch_weights, "strategy": self.strategy.progress()}

    def load_progress(self, state: dict[str, Any]) -> None:
        """See :class:`empirical.objective.AdaptiveObjective`."""
        self.epoch_weights.copy_(state["epoch_weights"])
        self.strategy.load_progress(state["strategy"])

    def current_weights(self) -> FloatArray:
        """α ``(T,)``: the mean over the last whole epoch, float64."""
        weights: FloatArray = self.epoch_weights.detach().cpu().double().numpy()
        return weights
