"""The training loop: mini-batches of a resident data set, one cycle of the step size, restartable bit for bit.

    every epoch: a fresh permutation, batches of ``batch`` samples, one step each
    step size:   one cycle, a linear-cosine rise over the first ``warm_up`` of the steps, then down to nearly 0
                 (Smith & Topin, "Super-convergence", 2019); the heads have a larger one than the rest

The last epochs at a vanishing step size take out the noise of mini-batches, which is what keeps features of one
cell apart.  Decays live in the objective, so Adam (Kingma & Ba, 2015) sees them as part of the gradient.

Free features are a smooth problem of moderate size rather than a learning problem; L-BFGS (Liu & Nocedal, 1989) with
a strong Wolfe line search on all samples at once takes them to rounding error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

from empirical.networks import MultiTaskNetwork
from empirical.objective import AdaptiveObjective, Objective

OPTIMISERS = ("adam", "sgd", "lbfgs")

#: Iterations of L-BFGS that make an "epoch", and how many pairs it remembers.
LBFGS_ITERATIONS, LBFGS_MEMORY = 20, 50


@dataclass(frozen=True)
class Optimisation:
    """How to minimise.

    optimiser : ``"adam"`` or ``"sgd"`` (momentum 0.9); decay is the objective's business (coupled) in both.  Or
        ``"lbfgs"``: no batches, no schedule; an epoch is twenty iterations, and the line search finds the steps.
    step, head_step : peak step sizes of the network and of the heads.
    epochs, batch : passes over the set and samples a step.
    warm_up : share of the steps in which the step size rises.

    Raises ``ValueError`` for numbers out of range.
    """

    epochs: int
    batch: int
    step: float
    head_step: float
    optimiser: str = "adam"
    warm_up: float = 0.3

    def __post_init__(self) -> None:
        if self.optimiser not in OPTIMISERS:
            raise ValueError(f"optimiser: {self.optimiser!r} is unknown; expected one of {', '.join(OPTIMISERS)}")
        for name in ("epochs", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)}; expected at least 1")
        for name in ("step", "head_step"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name}: {getattr(self, name)}; expected a positive step size")
        if not 0 < self.warm_up < 1:
            raise ValueError(f"warm_up: {self.warm_up}; expected a share between 0 and 1")


class Trainer:
    """A network, its images and an objective, advanced epoch by epoch.

    ``images`` (N, ...) lie on the network's device.  The order of the samples comes from a generator of its own
    on the CPU, seeded with ``seed``, so that it is the same on every device.
    """

    def __init__(
        self,
        network: MultiTaskNetwork,
        images: torch.Tensor,
        objective: Objective,
        optimisation: Optimisation,
        seed: int,
    ) -> None:
        self.network, self.images, self.objective, self.settings = network, images, objective, optimisation
        self.adaptive = objective if isinstance(objective, AdaptiveObjective) else None
        self.epoch = 0
        self.order = torch.Generator().manual_seed(seed)
        self.schedule: torch.optim.lr_scheduler.LRScheduler | None = None
        self.optimiser: torch.optim.Optimizer
        if optimisation.optimiser == "lbfgs":
            if self.adaptive is not None:
                raise ValueError("optimiser: lbfgs searches along lines of one function, and this objective changes")
            self.optimiser = torch.optim.LBFGS(
                network.parameters(),
                max_iter=LBFGS_ITERATIONS,
                tolerance_grad=0.0,
                tolerance_change=0.0,
                history_size=LBFGS_MEMORY,
                line_search_fn="strong_wolfe",
            )
            return
        heads = list(network.heads.parameters())
        rest = [p for name, p in network.named_parameters() if not name.startswith("heads.")]
        groups = [
            {"params": rest, "lr": optimisation.step},
            {"params": heads, "lr": optimisation.head_step},
        ]
        own = [] if self.adaptive is None else list(self.adaptive.parameters())
        if own:
            groups.append({"params": own, "lr": optimisation.step})
        if optimisation.optimiser == "adam":
            self.optimiser = torch.optim.Adam(groups)
        else:
            self.optimiser = torch.optim.SGD(groups, momentum=0.9)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            max_lr=[optimisation.step, optimisation.head_step, optimisation.step][: len(groups)],
            total_steps=optimisation.epochs * math.ceil(len(images) / optimisation.batch),
            pct_start=optimisation.warm_up,
            final_div_factor=1e4,
        )

    def run_epoch(self) -> None:
        """One pass over all samples.  Raises ``FloatingPointError`` when the network has diverged."""
        self.network.train()
        if self.schedule is None:
            self._finished_epoch(float(self.optimiser.step(self._closure)))
            return
        order = torch.randperm(len(self.images), generator=self.order).to(self.images.device)
        loss = torch.zeros(())
        for index in torch.split(order, self.settings.batch):
            loss = self.objective(self.network, self.network(self.images[index]), index)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            self.schedule.step()
            if self.adaptive is not None:
                self.adaptive.after_step(self.network, self.images[index], index)
        if self.adaptive is not None:
            self.adaptive.after_epoch()
        self._finished_epoch(loss.item())

    def _closure(self) -> float:
        """The objective on all samples, its gradient left on the parameters."""
        self.optimiser.zero_grad()
        index = torch.arange(len(self.images), device=self.images.device)
        loss = self.objective(self.network, self.network(self.images), index)
        loss.backward()
        return loss.item()

    def _finished_epoch(self, loss: float) -> None:
        self.epoch += 1
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"epoch {self.epoch}: the objective is {loss}; the step sizes {self.settings.step:g} and "
                f"{self.settings.head_step:g} are too large for this network"
            )

    def state_dict(self) -> dict[str, Any]:
        """Everything that the rest of the run depends on; tensors, numbers and texts only."""
        return {
            "epoch": self.epoch,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": None if self.schedule is None else self.schedule.state_dict(),
            "order": self.order.get_state(),
            **({} if self.adaptive is None else {"objective": self.adaptive.progress()}),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what :meth:`state_dict` gave, as if nothing had happened in between."""
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        if self.adaptive is not None:
            self.adaptive.load_progress(state["objective"])
        self.order.set_state(state["order"].cpu())
        self.epoch = int(state["epoch"])
