"""One run into a folder: trained, measured, written; what every command line of this package does in the end.

What the folder holds afterwards, and the record's layout: :mod:`empirical.train`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from empirical import machine
from empirical.display import progress, summary
from empirical.experiment import Experiment
from empirical.presets import FILE_SOURCES, Preset
from empirical.training import NotSharedError
from relaxations.records import provenance, record, write_json
from theory.files import write_bytes

if TYPE_CHECKING:
    from lightning_fabric import Fabric

KIND = "training"
PACKAGES = (
    "torch", "lightning-fabric", "lightning", "torchmetrics", "numpy", "scipy", "monai", "mlxtend", "python-flint",
)  # fmt: skip

#: Exit codes: reached, a gate failed or training diverged, stopped at the time limit, interrupted.
REACHED, FAILED, STOPPED, INTERRUPTED = 0, 1, 3, 130


class UnusableError(ValueError):
    """What was asked for cannot be run; ``option`` is the one to change."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


@dataclass(frozen=True)
class Setting:
    """Where and how long a run runs: nothing of it is part of the result.

    fabric : this process and its device (:func:`empirical.machine.launch`).
    data_dir : folder of the images, for presets that read files.
    every : epochs between checkpoints.
    deadline : of ``time.monotonic``; the run stops before it, to be continued.
    """

    fabric: Fabric
    data_dir: Path | None = None
    every: int = 20
    deadline: float | None = None


def prepare(preset: Preset) -> None:
    """Threads and determinism as the preset says; processes on one machine share its cores."""
    threads = preset.threads or max(1, machine.available_cores() // machine.local_processes())
    (machine.make_deterministic if preset.deterministic else machine.make_fast)(threads)


def run_into(
    folder: Path,
    preset: Preset,
    setting: Setting,
    console: Console,
    resume: bool = False,
    probe: Callable[[Experiment], dict[str, Any]] | None = None,
) -> int:
    """Train ``preset``, measure it and write what is left behind into ``folder``; an exit code of the module.

    ``resume`` goes on from the folder's checkpoint if there is one.  Raises :class:`UnusableError`.
    """
    begun = time.perf_counter()
    checkpoint, fabric = folder / "checkpoint.pt", setting.fabric
    experiment: Experiment | None = None
    resumed_from: int | None = None
    try:
        prepare(preset)
        experiment = _experiment(preset, setting)
        if resume and checkpoint.exists():
            try:
                experiment.resume(checkpoint)
            except ValueError as error:
                raise UnusableError("--resume", str(error)) from None
            resumed_from = experiment.trainer.epoch
        elif resume:
            console.print(f"no checkpoint in {folder}; starting at the beginning", markup=False)
        verdict = experiment.optimum.verdict
        start = "" if resumed_from is None else f", from epoch {resumed_from}"
        several = f", {fabric.world_size} processes" if fabric.world_size > 1 else ""
        console.print(f"{preset.name}: {preset.description}", markup=False)
        console.print(f"minimum in [{verdict.lower}, {verdict.upper}], {verdict.status}", markup=False)
        console.print(f"training on {fabric.device.type}{several}{start}", markup=False)
        with progress(console, preset.optimisation.epochs) as report:
            whole = experiment.run(report, checkpoint, setting.every, setting.deadline)
        if not whole:
            console.print(
                f"stopped at the time limit after epoch {experiment.trainer.epoch} of {preset.optimisation.epochs}; "
                "run again to go on",
                markup=False,
            )
            return STOPPED
        result = experiment.result()
        if probe is not None:
            result["probe"] = probe(experiment)
        last_layer = experiment.last_layer()
        seconds = {**experiment.seconds, "total": time.perf_counter() - begun}
        if fabric.is_global_zero:
            experiment.optimum.certificate.save(folder / "certificate.json")
            write_bytes(folder / "last_layer.npz", last_layer)
            about = provenance(
                PACKAGES,
                **machine.describe(fabric.device),
                seconds=seconds,
                resumed_from=resumed_from,
                throughput=experiment.throughput,
            )
            write_json(folder / "record.json", record(KIND, result, about))
            checkpoint.unlink(missing_ok=True)
        fabric.barrier()
    except KeyboardInterrupt:
        reached = 0 if experiment is None else experiment.trainer.epoch
        hint = "--resume continues from the last checkpoint" if checkpoint.exists() else "there is no checkpoint yet"
        console.print(f"interrupted after epoch {reached}; no record was written; {hint}", markup=False)
        return INTERRUPTED
    except FloatingPointError as error:
        console.print(f"diverged: {error}", markup=False)
        return FAILED
    summary(console, result, seconds["total"], experiment.throughput)
    console.print(f"record: {folder / 'record.json'}", markup=False)
    return REACHED if result["passed"] else FAILED


def _experiment(preset: Preset, setting: Setting) -> Experiment:
    """The run with its training set read; files that are missing, or not what they should be, are bad usage."""
    try:
        return Experiment(preset, setting.fabric.device, setting.data_dir, setting.fabric)
    except NotSharedError as error:
        raise UnusableError("torchrun", str(error)) from None
    except (OSError, ValueError, ModuleNotFoundError) as error:
        if preset.source not in FILE_SOURCES:
            raise
        raise UnusableError("--data-dir", str(error)) from None
