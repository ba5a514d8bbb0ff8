"""Samples a second: of the training loop, and of what no loop can go without.

The bare rate is that of forward, backward and step, over and over on one batch that lies on the device: no order is
drawn, nothing is indexed, composed, moved, scheduled or read back.  The rate of the loop over the bare rate is the
share of the device's time that training keeps.  Both are measured in one run, in the arithmetic of its first epochs.
"""

from __future__ import annotations

import copy
import time

import torch

from empirical import resident
from empirical.machine import synchronise
from empirical.training import Trainer

#: Steps before the clock starts (kernels are chosen and compiled in them), and how long it then runs at least.
WARM_UP, SECONDS = 5, 2.0


def bare_rate(trainer: Trainer) -> float:
    """Samples a second of bare steps (see the module), on a copy of the network, by this process alone."""
    device = trainer.images.device
    size = min(trainer.settings.batch, len(trainer.images))
    index = torch.arange(size, device=device)
    images = resident.batch(trainer.images, index)
    network = copy.deepcopy(trainer.network).train()
    if trainer.arithmetic.compiled:
        network.compile()
    parameters = [p for p in network.parameters() if p.requires_grad]
    # a step size that does not matter: what is timed does not depend on where the weights go
    if trainer.settings.optimiser == "adam":
        optimiser: torch.optim.Optimizer = torch.optim.Adam(
            parameters, lr=1e-8, fused=True if device.type == "cuda" else None
        )
    else:
        optimiser = torch.optim.SGD(parameters, lr=1e-8, momentum=0.9)

    def step() -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=trainer.arithmetic.mixed):
            features = network(images)
        loss = trainer.objective(network, features, index)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    for _ in range(WARM_UP):
        step()
    synchronise(device)
    begun, steps, chunk = time.perf_counter(), 0, 1
    while True:
        for _ in range(chunk):
            step()
        # the clock is read seldom: every reading waits for the device
        synchronise(device)
        steps += chunk
        spent = time.perf_counter() - begun
        if spent >= SECONDS:
            return steps * size / spent
        chunk = max(1, min(steps, int(steps * (SECONDS / spent - 1)) + 1))
