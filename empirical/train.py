"""Train a preset and leave a record: ``python -m empirical.train --preset small --out DIR``.

Files in DIR, each written whole or not at all:

    record.json        the run; format below
    certificate.json   the certificate of the run's problem; ``python -m relaxations.check DIR/certificate.json``
    last_layer.npz     the last layer as trained, float64: ``features`` (N, d), ``labels`` (N, T; −1 missing), and
                       for every task t = 0, 1, ... ``heads.t.weight`` (K_t, d) and, with a bias, ``heads.t.bias``
    checkpoint.pt      while the run lasts, for ``--resume``

A record is ``{"kind": "training", "version", "result", "provenance"}`` (:mod:`relaxations.records`).  ``result`` is
the same on every run of one configuration on one machine, interrupted or not::

    config         the preset as run: name, description, source, source_options, backbone, backbone_options,
                   dimension, fraction, row_norm, bias, loss, seed, threads, optimisation {optimiser, epochs, ...}
    data           {name, samples, shape [channels, height, width]}
    problem        {id, statement}: theory.UFM.from_dict(statement) is the problem
    certificate    {status, reason, lower, upper (decimal texts, rounded outward), relative_gap, solver, solver_status,
                   rank, gram (R × R: W Wᵀ of the certified optimum), row_norms (one a task)}
    value_at_zero  f(0)
    parameters     number of trained parameters
    history        list over measured epochs, the untrained network (epoch 0) first; each entry
                   {epoch, objective, relative_gap, anatomy {prediction, alignment, balance, within_cell, bias, total},
                    within_cell, etf [T], cross_task, sum_rule, sum_rule_plain, balance, nearest_centre [T],
                    accuracy [T], row_norms [T]}
    final          the last entry of history, with gram (R × R: W Wᵀ as trained)
    gates          list of {measure, at_most, at_least, value, passed}; one of the two bounds is null, value is the
                   worst over tasks
    passed         whether all gates passed

A measure that has no meaning (the shape of a zero head) is null.  Definitions: :func:`empirical.compare.measure`.
``provenance`` holds versions, revision, device, threads, seconds {data, certificate, training, measuring, total} and
resumed_from (an epoch, or null).

Exit codes: 0 all gates passed, 1 a gate failed (the record is written) or training diverged, 2 bad usage,
130 interrupted.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from empirical import machine
from empirical.experiment import Experiment
from empirical.presets import PRESETS, Preset, preset_named
from relaxations.records import provenance, record, write_json
from theory.files import write_bytes

KIND = "training"
PACKAGES = ("torch", "torchmetrics", "numpy", "scipy", "mlxtend", "python-flint")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def train(
    preset: Annotated[str, typer.Option(help="what to train; see --list")] = "small",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    out: Annotated[Path, typer.Option(help="folder for what the run leaves behind")] = Path("build/runs/small"),
    seed: Annotated[int | None, typer.Option(min=0, help="instead of the preset's")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="instead of the preset's")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads, instead of the preset's")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="continue from OUT/checkpoint.pt")] = False,
    checkpoint_every: Annotated[int, typer.Option(min=1, help="epochs between checkpoints")] = 20,
    show: Annotated[bool, typer.Option("--list", help="list the presets and exit")] = False,
) -> None:
    """Train a network on the certified problem of a preset and compare it with the certificate."""
    console = Console(highlight=False, soft_wrap=True)
    if show:
        _list(console)
        return
    chosen = _usage("--preset", lambda: _configured(preset_named(preset), seed, epochs, threads))
    place = _usage("--device", lambda: machine.choose_device(device))
    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is a file; expected a folder", param_hint="--out")
    machine.make_deterministic(chosen.threads or machine.available_cores())
    raise typer.Exit(_run(chosen, place, out, resume, checkpoint_every, console))


Value = TypeVar("Value")


def _usage(option: str, action: Callable[[], Value]) -> Value:
    """What ``action`` gives; its ``ValueError`` becomes bad usage of ``option`` (exit code 2)."""
    try:
        return action()
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _configured(preset: Preset, seed: int | None, epochs: int | None, threads: int | None) -> Preset:
    if seed is not None:
        preset = dataclasses.replace(preset, seed=seed)
    if epochs is not None:
        preset = dataclasses.replace(preset, optimisation=dataclasses.replace(preset.optimisation, epochs=epochs))
    return preset if threads is None else dataclasses.replace(preset, threads=threads)


def _run(preset: Preset, device: torch.device, out: Path, resume: bool, every: int, console: Console) -> int:
    begun = time.perf_counter()
    checkpoint = out / "checkpoint.pt"
    experiment: Experiment | None = None
    resumed_from: int | None = None
    try:
        experiment = Experiment(preset, device)
        if resume and checkpoint.exists():
            _usage("--resume", functools.partial(experiment.resume, checkpoint))
            resumed_from = experiment.trainer.epoch
        elif resume:
            console.print(f"no checkpoint in {out}; starting at the beginning", markup=False)
        verdict = experiment.optimum.verdict
        start = "" if resumed_from is None else f", from epoch {resumed_from}"
        console.print(f"{preset.name}: {preset.description}", markup=False)
        console.print(f"minimum in [{verdict.lower}, {verdict.upper}], {verdict.status}", markup=False)
        console.print(f"training on {device.type}{start}", markup=False)
        with _progress(console, preset.optimisation.epochs) as report:
            experiment.run(report, checkpoint, every)
        result = experiment.result()
        experiment.optimum.certificate.save(out / "certificate.json")
        write_bytes(out / "last_layer.npz", experiment.last_layer())
        seconds = {**experiment.seconds, "total": time.perf_counter() - begun}
        about = provenance(PACKAGES, **machine.describe(device), seconds=seconds, resumed_from=resumed_from)
        write_json(out / "record.json", record(KIND, result, about))
        checkpoint.unlink(missing_ok=True)
    except KeyboardInterrupt:
        reached = 0 if experiment is None else experiment.trainer.epoch
        hint = "--resume continues from the last checkpoint" if checkpoint.exists() else "there is no checkpoint yet"
        console.print(f"interrupted after epoch {reached}; no record was written; {hint}", markup=False)
        return 130
    except FloatingPointError as error:
        console.print(f"diverged: {error}", markup=False)
        return 1
    _summary(console, result, seconds["total"])
    console.print(f"record: {out / 'record.json'}", markup=False)
    return 0 if result["passed"] else 1


@contextmanager
def _progress(console: Console, epochs: int) -> Iterator[Callable[[int, dict[str, Any]], None]]:
    """A bar on a terminal, a plain line for every tenth of the epochs elsewhere."""
    if not console.is_terminal:
        step = max(1, epochs // 10)

        def line(epoch: int, latest: dict[str, Any]) -> None:
            if epoch % step == 0 or epoch == epochs:
                console.print(f"epoch {epoch}/{epochs}: {_brief(latest)}", markup=False)

        yield line
        return
    columns = (TextColumn("epoch {task.completed}/{task.total}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as bar:
        task = bar.add_task("", total=epochs)

        def advance(epoch: int, latest: dict[str, Any]) -> None:
            bar.update(task, completed=epoch, description=f"gap {latest['relative_gap']:.1e}")

        yield advance


def _brief(measures: dict[str, Any]) -> str:
    cross, etf = measures["cross_task"], measures["etf"]
    parts = [f"gap {measures['relative_gap']:.1e}"]
    parts += [] if any(v is None for v in etf) else [f"ETF {max(etf):.1e}"]
    parts += [] if cross is None else [f"cross {cross:.1e}"]
    return ", ".join([*parts, f"accuracy {min(measures['accuracy']):.1%}"])


def _summary(console: Console, result: dict[str, Any], seconds: float) -> None:
    table = Table("measure", "bound", "value", "", box=None)
    for gate in result["gates"]:
        bound = _bound(gate["at_most"], gate["at_least"])
        value = "none" if gate["value"] is None else f"{gate['value']:.3g}"
        table.add_row(gate["measure"], bound, value, "passed" if gate["passed"] else "FAILED")
    console.print(table)
    console.print(f"{'all gates passed' if result['passed'] else 'a gate FAILED'} in {seconds:.1f} s")


def _bound(at_most: float | None, at_least: float | None) -> str:
    return f"<= {at_most:g}" if at_most is not None else f">= {at_least:g}"


def _list(console: Console) -> None:
    table = Table("preset", "what", "gates", box=None)
    for preset in PRESETS.values():
        gates = ", ".join(f"{gate.measure} {_bound(gate.at_most, gate.at_least)}" for gate in preset.gates)
        table.add_row(preset.name, preset.description, gates)
    console.print(table)


if __name__ == "__main__":
    sys.exit(app())
