"""One run as a task for any worker: names and paths, nothing that must be pickled (:mod:`empirical.sweep`)."""

from __future__ import annotations

import dataclasses
import io
import threading
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from empirical import machine
from empirical.experiments.catalogue import plan_named
from empirical.experiments.plan import Plan
from empirical.experiments.runner import is_done, run_folder
from empirical.presets import Preset
from empirical.run import FAILED, KIND, REACHED, Setting, UnusableError, run_into

#: torch's seed, threads and determinism belong to the process: one network at a time.
ALONE = threading.Lock()


@dataclass(frozen=True)
class Task:
    """One run, in words that any worker understands: names and paths."""

    experiment: str
    variant: str
    seed: int
    out: str
    device: str
    data_dir: str | None = None
    epochs: int | None = None
    rehearse: bool = False
    every: int = 20

    def plan(self) -> Plan:
        """The experiment."""
        plan = plan_named(self.experiment)
        return plan.rehearsed() if self.rehearse else plan

    def preset(self) -> Preset:
        """The variant as it is run."""
        (preset,) = (variant for variant in self.plan().variants if variant.name == self.variant)
        if self.epochs is not None:
            settings = dataclasses.replace(preset.optimisation, epochs=self.epochs)
            preset = dataclasses.replace(preset, optimisation=settings)
        return dataclasses.replace(preset, seed=self.seed)

    def folder(self) -> Path:
        """Where its record goes."""
        return run_folder(Path(self.out), self.preset())

    def done(self) -> bool:
        """Is its record there?"""
        return is_done(self.folder(), self.preset(), KIND)

    def __str__(self) -> str:
        return f"{self.experiment}/{self.variant}/seed-{self.seed}"


def train_task(task: Task) -> tuple[int, str]:
    """Train one run, from its checkpoint if it has one; its exit code and the last line of what it says."""
    said = io.StringIO()
    console = Console(file=said, highlight=False, soft_wrap=True, width=150)
    with ALONE:
        if task.done():
            return REACHED, "kept"
        setting = Setting(
            machine.launch(machine.choose_device(task.device)),
            None if task.data_dir is None else Path(task.data_dir),
            task.every,
        )
        folder = task.folder()
        try:
            code = run_into(
                folder, task.preset(), setting, console, (folder / "checkpoint.pt").exists(), task.plan().probe
            )
        except UnusableError as error:
            return FAILED, f"{error.option}: {error}"
    lines = [line for line in said.getvalue().splitlines() if line.strip() and not line.startswith("record:")]
    return code, lines[-1].strip() if lines else ""
