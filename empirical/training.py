"""The training loop: mini-batches of a resident data set, one cycle of the step size, restartable bit for bit.

    every epoch: a fresh permutation, batches of ``batch`` samples, one step each
    step size:   one cycle, a linear-cosine rise over the first ``warm_up`` of the steps, then down to nearly 0
                 (Smith & Topin, "Super-convergence", 2019); the heads have a larger one than the rest

The last epochs at a vanishing step size take out the noise of mini-batches, which is what keeps features of one
cell apart.  Decays live in the objective, so Adam (Kingma & Ba, 2015) sees them as part of the gradient.

Free features are a smooth problem of moderate size rather than a learning problem; L-BFGS (Liu & Nocedal, 1989) with
a strong Wolfe line search on all samples at once takes them to rounding error.

Several processes (:mod:`empirical.machine`) draw the same batch B, and process r takes its share B_r, every P-th
sample.  An objective is an estimate from the samples that it is given, data term (N/|B_r|) Σ_{i∈B_r} and penalties on
weights once, so that

    Σ_r (|B_r|/|B|) f_{B_r} = f_B

and as gradients are *averaged* over P processes, each takes the gradient of (P|B_r|/|B|) f_{B_r}: the step is that of
one process, whether or not P divides |B|.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from empirical import resident
from empirical.augmentation import Augmentation
from empirical.networks import MultiTaskNetwork
from empirical.objective import AdaptiveObjective, Objective

if TYPE_CHECKING:
    from lightning_fabric import Fabric

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


@dataclass(frozen=True)
class Arithmetic:
    """How a network is evaluated while it is trained.

    mixed : the backbone in bfloat16 (parameters, feature layer, losses and penalties stay in float32).
    full_precision : share of the epochs, at the end, without that.
    frozen_norm : share of the epochs, at the end, in which batch normalisation uses its running moments as they are.
        The network that is trained is then the very function that is measured; before, every feature depends on the
        batch that it came in.
    compiled : by torch.compile.

    Raises ``ValueError`` for a share outside 0 to 1.
    """

    mixed: bool = False
    full_precision: float = 0.0
    frozen_norm: float = 0.0
    compiled: bool = False

    def __post_init__(self) -> None:
        for name in ("full_precision", "frozen_norm"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: {getattr(self, name)}; expected a share from 0 to 1")


class NotSharedError(ValueError):
    """What several processes cannot do together."""


class Trainer:
    """A network, its images and an objective, advanced epoch by epoch.

    ``images`` (N, ...) lie on the network's device.  The order of the samples comes from a generator of its own
    on the CPU, seeded with ``seed``, so that it is the same on every device; so do, on the device, the moves of an
    ``augmentation``.  ``fabric`` is this process's place among several, ``None`` for one process.

    Raises :class:`NotSharedError` for what cannot be shared among processes: L-BFGS, whose line search is one for all
    samples, an adaptive objective, and batch normalisation on CPUs, whose moments torch does not exchange.
    """

    def __init__(
        self,
        network: MultiTaskNetwork,
        images: resident.Images,
        objective: Objective,
        optimisation: Optimisation,
        seed: int,
        arithmetic: Arithmetic | None = None,
        augmentation: Augmentation | None = None,
        fabric: Fabric | None = None,
    ) -> None:
        self.images, self.objective, self.settings = images, objective, optimisation
        self.adaptive = objective if isinstance(objective, AdaptiveObjective) else None
        self.arithmetic = arithmetic or Arithmetic()
        self.augmentation = augmentation
        self.fabric = fabric
        self.rank = 0 if fabric is None else fabric.global_rank
        self.processes = 1 if fabric is None else fabric.world_size
        self.epoch = 0
        self.order = torch.Generator().manual_seed(seed)
        self.moves = torch.Generator(images.device).manual_seed(seed)
        if augmentation is not None:
            resident.check(augmentation, images)
        if self.processes > 1:
            if self.adaptive is not None:
                raise NotSharedError("an objective that changes sees the steps of one process; run it on one process")
            network = _synchronised(network, images.device, optimisation)
        self.network = network
        forward: nn.Module = network
        if self.arithmetic.compiled:
            forward.compile()
        #: The network as it is evaluated in training; the same parameters.
        self.forward: nn.Module = forward if fabric is None else fabric.setup_module(forward)
        self.schedule: torch.optim.lr_scheduler.LRScheduler | None = None
        self.optimiser: torch.optim.Optimizer
        trained = [p for p in network.parameters() if p.requires_grad]
        if optimisation.optimiser == "lbfgs":
            if self.adaptive is not None:
                raise ValueError("optimiser: lbfgs searches along lines of one function, and this objective changes")
            self.optimiser = torch.optim.LBFGS(
                trained,
                max_iter=LBFGS_ITERATIONS,
                tolerance_grad=0.0,
                tolerance_change=0.0,
                history_size=LBFGS_MEMORY,
                line_search_fn="strong_wolfe",
            )
            return
        heads = [p for p in network.heads.parameters() if p.requires_grad]
        rest = [p for name, p in network.named_parameters() if not name.startswith("heads.") and p.requires_grad]
        own = [] if self.adaptive is None else list(self.adaptive.parameters())
        parts = [(rest, optimisation.step), (heads, optimisation.head_step), (own, optimisation.step)]
        # frozen heads are no group, as most objectives have no parameters
        parts = [(params, step) for params, step in parts if params]
        groups = [{"params": params, "lr": step} for params, step in parts]
        if optimisation.optimiser == "adam":
            self.optimiser = torch.optim.Adam(groups, fused=True if images.device.type == "cuda" else None)
        else:
            self.optimiser = torch.optim.SGD(groups, momentum=0.9)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            max_lr=[step for _, step in parts],
            total_steps=optimisation.epochs * math.ceil(len(images) / optimisation.batch),
            pct_start=optimisation.warm_up,
            final_div_factor=1e4,
        )

    def run_epoch(self) -> None:
        """One pass over all samples.  Raises ``FloatingPointError`` when the network has diverged."""
        self.network.train()
        if self._late(self.arithmetic.frozen_norm):
            for module in self.network.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        if self.schedule is None:
            self._finished_epoch(float(self.optimiser.step(self._closure)))
            return
        order = torch.randperm(len(self.images), generator=self.order).to(self.images.device)
        loss = torch.zeros(())
        for index in torch.split(order, self.settings.batch):
            loss = self._step(index)
        if self.adaptive is not None:
            self.adaptive.after_epoch()
        if self.fabric is not None and self.processes > 1:
            # one verdict for all: a process that stops alone leaves the others waiting
            loss = torch.as_tensor(self.fabric.all_reduce(loss.detach(), reduce_op="mean"))
        self._finished_epoch(loss.item())

    def _step(self, index: torch.Tensor) -> torch.Tensor:
        """One step on the batch ``index`` (B,) of all processes; the loss of this one's share."""
        moves = None
        if self.augmentation is not None and self.epoch < self.augmentation.until * self.settings.epochs:
            moves = self.augmentation.draw(len(index), resident.places(self.images), self.moves)
        weight = 1.0
        if self.processes > 1:
            mine = slice(self.rank, None, self.processes)
            weight = self.processes * len(index[mine]) / len(index)
            # a share of no sample takes part with weight 0: the others wait for its gradient
            mine = mine if weight else slice(0, 1)
            index, moves = index[mine], None if moves is None else moves[mine]
        images = resident.batch(self.images, index, moves)
        loss = self.objective(self.network, self.features(images), index)
        loss = loss if self.processes == 1 else loss * weight
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        assert self.schedule is not None
        self.schedule.step()
        if self.adaptive is not None:
            self.adaptive.after_step(self.network, images, index)
        return loss

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Features ``(B, d)`` of a batch as training sees them: in the arithmetic of this epoch."""
        mixed = self.arithmetic.mixed and not self._late(self.arithmetic.full_precision)
        with torch.autocast(images.device.type, torch.bfloat16, enabled=mixed):
            out: torch.Tensor = self.forward(images)
        return out

    def first_arithmetic(self, epoch: int) -> bool:
        """Is ``epoch`` (from 0) before both changes of the arithmetic?"""
        share = max(self.arithmetic.full_precision, self.arithmetic.frozen_norm)
        return epoch < round((1 - share) * self.settings.epochs)

    def _late(self, share: float) -> bool:
        """Is this one of the last epochs, a ``share`` of all?"""
        return self.epoch >= round((1 - share) * self.settings.epochs)

    def _closure(self) -> float:
        """The objective on all samples, its gradient left on the parameters."""
        self.optimiser.zero_grad()
        index = torch.arange(len(self.images), device=self.images.device)
        loss = self.objective(self.network, self.features(self.images[index]), index)
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
            "moves": self.moves.get_state(),
            "torch": torch.get_rng_state(),
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
        self.moves.set_state(state["moves"].cpu())
        torch.set_rng_state(state["torch"].cpu())
        self.epoch = int(state["epoch"])


def _synchronised(network: MultiTaskNetwork, device: torch.device, optimisation: Optimisation) -> MultiTaskNetwork:
    """The network with batch normalisation over the batches of all processes; raises as the Trainer."""
    if optimisation.optimiser == "lbfgs":
        raise NotSharedError("lbfgs takes all samples in one line search; run it on one process")
    if any(isinstance(module, _BatchNorm) for module in network.modules()):
        if device.type != "cuda":
            raise NotSharedError("batch normalisation exchanges its moments between GPUs alone; run it on one process")
        synchronised: MultiTaskNetwork = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        return synchronised
    return network
