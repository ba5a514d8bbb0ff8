"""From a preset to a result: data, certificate, network, training, measures over epochs, gates.

The result is a function of the preset alone, whether the run went through or was resumed (on one machine, and with
one number of threads where the preset leaves that open); its layout is documented in :mod:`empirical.train`.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from empirical import fixed_heads
from empirical.compare import CertifiedOptimum, all_features, certified_optimum, measure, trained_gram
from empirical.decays import split_decays
from empirical.objective import OBJECTIVES, fitted_feature_decay
from empirical.presets import DTYPES, MEASURED_IN, Preset
from empirical.throughput import bare_rate
from empirical.training import Trainer
from theory.files import write_bytes
from theory.model import UFM

if TYPE_CHECKING:
    from lightning_fabric import Fabric

#: Epochs of a process that its rate does not count: kernels are chosen and compiled in them.
COLD_EPOCHS = 2


class Experiment:
    """One run of a preset on a device, advanced by :meth:`run`.

    Attributes: ``data`` (the training set), ``problem``, ``optimum`` (certified), ``network``, ``trainer``,
    ``history`` (measures so far), ``seconds`` by stage and, where the preset asks for it, ``throughput``.

    ``fabric`` is this process's place among several, each of which holds all data and all results.
    """

    def __init__(
        self,
        preset: Preset,
        device: torch.device,
        data_dir: Path | None = None,
        fabric: Fabric | None = None,
    ) -> None:
        self.preset, self.fabric = preset, fabric
        self.seconds = dict.fromkeys(("data", "certificate", "training", "measuring"), 0.0)
        begun = time.perf_counter()
        self.data = preset.images(data_dir)
        design, self.cell_of = self.data.design()
        self.seconds["data"] = time.perf_counter() - begun
        decays = split_decays(design, preset.fraction, preset.row_norm, preset.task_weights, preset.deaths)
        self.problem = UFM(
            design,
            weight_decay=decays.lambda_w,
            feature_decay=decays.lambda_h,
            task_weights=preset.task_weights,
            bias=preset.bias,
            loss=preset.loss,
            dimension=preset.dimension,
        )
        begun = time.perf_counter()
        self.optimum: CertifiedOptimum = certified_optimum(self.problem)
        self.seconds["certificate"] = time.perf_counter() - begun
        torch.manual_seed(preset.seed)
        dtype = DTYPES[preset.precision]
        network = preset.network(self.data).to(device, dtype)
        if preset.heads != "learned":
            place = fixed_heads.orthogonal_etfs if preset.heads == "fixed" else fixed_heads.random_heads
            fixed_heads.freeze(network.heads, place(self.problem, preset.dimension, preset.seed))
        if device.type == "cuda":
            # the order of channels in which convolutions are fast there
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.images = self.data.images.to(device, dtype)
        objective = OBJECTIVES[preset.objective](self.problem, self.cell_of, dtype).to(device)
        self.trainer = Trainer(
            network,
            self.images,
            objective,
            preset.optimisation,
            preset.seed,
            arithmetic=preset.arithmetic(),
            augmentation=preset.moves(),
            fabric=fabric,
        )
        self.network = self.trainer.network
        self.history: list[dict[str, Any]] = []
        self.throughput: dict[str, float] | None = None
        self._timed = {"samples": 0.0, "seconds": 0.0}

    def run(
        self,
        on_epoch: Callable[[int, dict[str, Any]], None] = lambda epoch, latest: None,
        checkpoint: Path | None = None,
        every: int = 20,
        deadline: float | None = None,
    ) -> bool:
        """Train to the end; whether it was reached.

        ``on_epoch(epoch, latest measures)`` is called after every epoch; with ``checkpoint`` the state is written
        there, whole or not at all, after every ``every`` epochs.  With a ``deadline`` (of ``time.monotonic``) it stops
        before an epoch that might not end in time, and leaves a checkpoint.
        """
        epochs = self.preset.optimisation.epochs
        wanted = measured_epochs(epochs, self.preset.measurements)
        if not self.history:
            self._measure()
        longest, first = 0.0, self.trainer.epoch
        while self.trainer.epoch < epochs:
            if deadline is not None and self._too_late(deadline, longest):
                if checkpoint is not None:
                    self.save(checkpoint)
                return False
            begun = time.perf_counter()
            self.trainer.run_epoch()
            spent = time.perf_counter() - begun
            self.seconds["training"] += spent
            if self.trainer.first_arithmetic(self.trainer.epoch - 1) and self.trainer.epoch > first + COLD_EPOCHS:
                self._timed["samples"] += len(self.data)
                self._timed["seconds"] += spent
            if self.trainer.epoch in wanted:
                self._measure()
            if checkpoint is not None and self.trainer.epoch % every == 0 and self.trainer.epoch < epochs:
                self.save(checkpoint)
            on_epoch(self.trainer.epoch, self.history[-1])
            longest = max(longest, time.perf_counter() - begun)
        if self.preset.throughput and self._timed["seconds"] > 0:
            loop, bare = self._timed["samples"] / self._timed["seconds"], bare_rate(self.trainer)
            self.throughput = {"loop": loop, "bare": bare, "ratio": loop / (bare * self.trainer.processes)}
        return True

    def _too_late(self, deadline: float, longest: float) -> bool:
        """Might an epoch like the ``longest`` not end in time?  The first process decides for all."""
        late = time.monotonic() + 1.2 * longest > deadline
        return late if self.fabric is None else bool(self.fabric.broadcast(late))

    def _measure(self) -> None:
        begun = time.perf_counter()
        fitted = self._fit() if self.preset.objective == "weight-decay" else {}
        measures = measure(
            self.network,
            self.images,
            self.data.labels,
            self.cell_of,
            self.optimum,
            dtype=MEASURED_IN[self.preset.measured_in],
            fabric=self.fabric,
        )
        self.history.append({"epoch": self.trainer.epoch, **fitted, **measures})
        if self.trainer.epoch in pictured_epochs(self.preset.optimisation.epochs):
            self.history[-1]["gram"] = trained_gram(self.network)
        self.seconds["measuring"] += time.perf_counter() - begun

    def _fit(self) -> dict[str, float]:
        """The problem with λ_H fitted to the network as it is now, and its certificate."""
        W, _ = self.network.stacked_heads()
        decay = fitted_feature_decay(self.problem, W, self.features().cpu().numpy().T)
        self.problem = UFM.from_dict({**self.problem.to_dict(), "feature_decay": str(decay)})
        self.optimum = certified_optimum(self.problem)
        return {"fitted_feature_decay": float(decay)}

    def features(self) -> torch.Tensor:
        """Features ``(N, d)`` of the training set as they are measured, float64, on the device."""
        dtype = MEASURED_IN[self.preset.measured_in]
        return all_features(self.network, self.images, dtype=dtype, fabric=self.fabric)

    # ---------------------------------------------------------------- results

    def result(self) -> dict[str, Any]:
        """The deterministic part of the record (layout: :mod:`empirical.train`)."""
        final = self.history[-1]
        gates = [gate.judge(final) for gate in self.preset.gates]
        return {
            "config": self.preset.to_dict(),
            "data": {"name": self.data.name, "samples": len(self.data), "shape": list(self.data.images.shape[1:])},
            "problem": {"id": self.problem.identity, "statement": self.problem.to_dict()},
            "certificate": self.optimum.to_dict(),
            "value_at_zero": self.problem.value_at_zero(),
            "parameters": self.trained_parameters(),
            "history": self.history,
            "final": final,
            "gates": gates,
            "passed": all(gate["passed"] for gate in gates),
        }

    def trained_parameters(self) -> int:
        """How many numbers are trained: frozen heads do not count."""
        return sum(p.numel() for p in self.network.parameters() if p.requires_grad)

    def last_layer(self) -> bytes:
        """What an audit of the last layer needs, as an ``.npz`` file: see :mod:`empirical.train`."""
        arrays: dict[str, Any] = {
            "features": self.features().cpu().numpy(),
            "labels": self.data.labels,
        }
        for t, head in enumerate(self.network.linear_heads()):
            for name, parameter in head.named_parameters():
                arrays[f"heads.{t}.{name}"] = parameter.detach().cpu().double().numpy()
        stream = io.BytesIO()
        np.savez(stream, **arrays)
        return stream.getvalue()

    # ---------------------------------------------------------------- interruption

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all; of several processes the first one does."""
        if self.trainer.rank:
            return
        stream = io.BytesIO()
        torch.save(
            {
                "config": json.dumps(self.preset.to_dict(), sort_keys=True),
                "history": json.dumps(self.history),
                "trainer": self.trainer.state_dict(),
                "timed": self._timed,
            },
            stream,
        )
        write_bytes(path, stream.getvalue())

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint.  Raises ``ValueError`` if it is none, or of another configuration."""
        try:
            # weights_only: tensors and plain data are read, no object of the file's choosing is made
            state = torch.load(path, map_location=self.images.device, weights_only=True)
            config, history, trainer, timed = (state[key] for key in ("config", "history", "trainer", "timed"))
        except Exception as error:
            raise ValueError(f"{path}: not a checkpoint ({type(error).__name__}); run without --resume") from None
        if config != json.dumps(self.preset.to_dict(), sort_keys=True):
            raise ValueError(f"{path}: a checkpoint of another configuration; run without --resume, or as it was run")
        self.trainer.load_state_dict(trainer)
        self.history = json.loads(history)
        self._timed = dict(timed)


def measured_epochs(epochs: int, points: int = 40) -> set[int]:
    """The epochs after which to measure: the first five, some ``points`` evenly spaced, and the last."""
    step = max(1, round(epochs / points))
    return {*range(1, min(5, epochs) + 1), *range(step, epochs + 1, step), epochs}


def pictured_epochs(epochs: int) -> set[int]:
    """Measured epochs at which the heads' Gram matrix is kept: the first, the last, and about every halving of it."""
    measured = sorted(measured_epochs(epochs))
    halves = (epochs / 2**k for k in range(6))
    return {0, *(min(measured, key=lambda epoch: abs(epoch - half)) for half in halves)}
