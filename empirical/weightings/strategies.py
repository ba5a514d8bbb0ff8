"""From the losses of the tasks, or their gradients, to weights.

    equal        α_t = 1
    uncertainty  α_t = ½ e^{−s_t}, s trained with the network on Σ_t ½ e^{−s_t} L_t + ½ s_t
                 (Kendall, Gal & Cipolla, CVPR 2018)
    dwa          α = T softmax(r/2), r_t = L_t(last epoch)/L_t(the one before)   (Liu, Johns & Davison, CVPR 2019)
    famo         α_t ∝ z_t/L_t, z = softmax(w); after a step w moves against the tasks whose logarithmic loss fell
                 most                                                            (Liu, Feng, Stone & Liu, NeurIPS 2023)
    pcgrad       every g_t less its parts along the g_s it conflicts with; their sum        (Yu et al., NeurIPS 2020)
    mgda         the shortest vector Σ_t α_t g_t, α on the simplex   (Désidéri 2012; Sener & Koltun, NeurIPS 2018)
    fairgrad     G α = 1/α entry by entry, G_{st} = ⟨g_s, g_t⟩: proportional fairness     (Ban & Ji, ICML 2024)

g_t is the gradient of L_t with respect to the *features* (Sener and Koltun's upper bound: all that tasks share acts
through them), or, where the name ends in ``-parameters``, with respect to all shared parameters.  The weights of famo,
mgda and fairgrad are scaled to Σ_t α_t = T: their own scale, 1 or that of 1/‖g‖, would change what the decays mean.

The three that look at gradients come from TorchJD, an optional extra; its MGDA, by the Frank–Wolfe method, is exact
for two tasks and comes within about a percent of the shortest length for more.  The three with a memory are a few lines
each here, because the memory must go into checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

#: Parameters as in the papers: temperature of dwa, step size and decay of famo's logits, smallest loss in famo.
TEMPERATURE = 2.0
FAMO_STEP, FAMO_DECAY, FAMO_FLOOR = 0.025, 1e-3, 1e-8


class Strategy(nn.Module):
    """Equal weights, and what all strategies have in common.

    Attributes
    ----------
    tasks : T.
    gradients : ``None``, ``"features"`` or ``"parameters"``: of what :meth:`weights` wants the Gram matrix.
    looks_back : does :meth:`after_step` want the losses of the batch again, after the step?
    """

    gradients: str | None = None
    looks_back = False

    def __init__(self, tasks: int) -> None:
        super().__init__()
        self.tasks = tasks

    def weights(self, losses: torch.Tensor, gram: torch.Tensor | None) -> torch.Tensor:
        """α ``(T,)`` for the batch: of its ``losses`` (T,), detached, and the Gram matrix ``gram`` (T, T) of g."""
        return torch.ones_like(losses)

    def penalty(self) -> torch.Tensor | float:
        """What the strategy itself adds to the objective."""
        return 0.0

    def after_step(self, before: torch.Tensor, after: torch.Tensor) -> None:
        """The losses of a batch before and after the step made on it."""

    def after_epoch(self) -> None:
        """An epoch has ended."""

    def progress(self) -> dict[str, Any]:
        """What the rest of the run depends on, besides the parameters, after an epoch."""
        return {"tensors": dict(self.named_buffers())}

    def load_progress(self, state: dict[str, Any]) -> None:
        """Continue from what :meth:`progress` gave."""
        for name, buffer in self.named_buffers():
            buffer.copy_(state["tensors"][name])


class Uncertainty(Strategy):
    """α_t = ½ e^{−s_t}; ``s`` (T,) is a parameter, trained with the network."""

    def __init__(self, tasks: int) -> None:
        super().__init__(tasks)
        self.s = nn.Parameter(torch.zeros(tasks))

    def weights(self, losses: torch.Tensor, gram: torch.Tensor | None) -> torch.Tensor:
        """See :class:`Strategy`; the gradient of the weights trains ``s``."""
        return 0.5 * torch.exp(-self.s)

    def penalty(self) -> torch.Tensor:
        """½ Σ s_t."""
        return 0.5 * self.s.sum()

    def progress(self) -> dict[str, Any]:
        """See :class:`Strategy`."""
        return {"tensors": {"s": self.s.detach().clone()}}

    def load_progress(self, state: dict[str, Any]) -> None:
        """See :class:`Strategy`."""
        with torch.no_grad():
            self.s.copy_(state["tensors"]["s"])


class DynamicAverage(Strategy):
    """α = T softmax(r/temperature), r the ratio of mean losses of the last two epochs; 1 in the first two epochs."""

    sums: torch.Tensor
    last: torch.Tensor
    before_last: torch.Tensor
    counts: torch.Tensor

    def __init__(self, tasks: int, temperature: float = TEMPERATURE) -> None:
        super().__init__(tasks)
        self.temperature = temperature
        for name in ("sums", "last", "before_last"):
            self.register_buffer(name, torch.zeros(tasks))
        # batches of this epoch, epochs so far
        self.register_buffer("counts", torch.zeros(2, dtype=torch.long))

    def weights(self, losses: torch.Tensor, gram: torch.Tensor | None) -> torch.Tensor:
        """See :class:`Strategy`."""
        self.sums += losses
        self.counts[0] += 1
        if int(self.counts[1]) < 2:
            return torch.ones_like(losses)
        return self.tasks * torch.softmax(self.last / self.before_last / self.temperature, dim=0)

    def after_epoch(self) -> None:
        """See :class:`Strategy`."""
        self.before_last.copy_(self.last)
        self.last.copy_(self.sums / self.counts[0])
        self.sums.zero_()
        self.counts[0] = 0
        self.counts[1] += 1


class FastAdaptive(Strategy):
    """FAMO: α_t = T (z_t/L_t)/Σ_s(z_s/L_s), z = softmax(w).

    After a step, w makes a step of Adam (size 0.025, decay 1e-3) along (∂z/∂w)ᵀ δ, δ_t = log L_t before − after.
    """

    looks_back = True
    logits: torch.Tensor

    def __init__(self, tasks: int) -> None:
        super().__init__(tasks)
        self.register_buffer("logits", torch.zeros(tasks))
        self.optimiser: torch.optim.Adam | None = None

    def weights(self, losses: torch.Tensor, gram: torch.Tensor | None) -> torch.Tensor:
        """See :class:`Strategy`."""
        shares = torch.softmax(self.logits, dim=0) / (losses + FAMO_FLOOR)
        return self.tasks * shares / shares.sum()

    def after_step(self, before: torch.Tensor, after: torch.Tensor) -> None:
        """See :class:`Strategy`."""
        fallen = torch.log(before + FAMO_FLOOR) - torch.log(after + FAMO_FLOOR)
        z = torch.softmax(self.logits, dim=0)
        self.logits.grad = z * (fallen - (z * fallen).sum())
        self._adam().step()

    def _adam(self) -> torch.optim.Adam:
        # made late: the module may have moved to a device since
        if self.optimiser is None:
            self.optimiser = torch.optim.Adam([self.logits], lr=FAMO_STEP, weight_decay=FAMO_DECAY)
        return self.optimiser

    def progress(self) -> dict[str, Any]:
        """See :class:`Strategy`."""
        return {**super().progress(), "adam": self._adam().state_dict()}

    def load_progress(self, state: dict[str, Any]) -> None:
        """See :class:`Strategy`."""
        super().load_progress(state)
        self._adam().load_state_dict(state["adam"])


class OfGradients(Strategy):
    """Weights that are a function of the Gram matrix G of the tasks' gradients, by TorchJD.

    ``build`` makes one of TorchJD's weightings; ``scaled`` to Σ α_t = T.  All three functions are either independent
    of the scale of G or scaled afterwards, so G is brought to trace T, where their tolerances mean something.
    """

    steps: torch.Tensor

    def __init__(self, tasks: int, build: Callable[[Any], Any], gradients: str, scaled: bool) -> None:
        super().__init__(tasks)
        self.gradients, self.scaled = gradients, scaled
        self.weighting = build(_torchjd())
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def weights(self, losses: torch.Tensor, gram: torch.Tensor | None) -> torch.Tensor:
        """See :class:`Strategy`; 1 where all gradients are 0."""
        if gram is None:
            raise ValueError("gram: none; this strategy looks at gradients")
        trace = gram.diagonal().sum()
        self.steps += 1
        if not trace > 0:
            return torch.ones_like(losses)
        # pcgrad takes the tasks in a random order, which must not depend on how often a run was interrupted
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(self.steps))
            alpha: torch.Tensor = self.weighting(gram.double() * (self.tasks / trace.double())).to(losses)
        return self.tasks * alpha / alpha.sum() if self.scaled else alpha


def _torchjd() -> Any:
    try:
        from torchjd import aggregation
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "MGDA, PCGrad and FairGrad come with TorchJD, which is not installed; "
            "pip install 'multitask-collapse[weightings]'"
        ) from None
    return aggregation


def _gradients(name: str, build: Callable[[Any], Any], scaled: bool) -> dict[str, Callable[[int], Strategy]]:
    def of(gradients: str) -> Callable[[int], Strategy]:
        return lambda tasks: OfGradients(tasks, build, gradients, scaled)

    return {name: of("features"), f"{name}-parameters": of("parameters")}


#: Strategies by name: the number of tasks to a fresh one.
STRATEGIES: Mapping[str, Callable[[int], Strategy]] = {
    "equal": Strategy,
    "uncertainty": Uncertainty,
    "dwa": DynamicAverage,
    "famo": FastAdaptive,
    **_gradients("pcgrad", lambda jd: jd.PCGradWeighting(), scaled=False),
    **_gradients("mgda", lambda jd: jd.MGDAWeighting(epsilon=1e-6, max_iters=250), scaled=True),
    **_gradients("fairgrad", lambda jd: jd.FairGradWeighting(alpha=1.0), scaled=True),
}


def strategy_named(name: str, tasks: int) -> Strategy:
    """A fresh strategy called ``name``; ``ValueError`` naming the known ones otherwise."""
    try:
        make = STRATEGIES[name]
    except KeyError:
        raise ValueError(f"weighting: {name!r} is unknown; expected one of {', '.join(STRATEGIES)}") from None
    return make(tasks)
