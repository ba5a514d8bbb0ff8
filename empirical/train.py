"""Train a preset and leave a record: ``python -m empirical.train --preset small --out DIR``.

``python -m empirical.train --experiment NAME --seeds 3 --out DIR`` trains all variants of an experiment from several
seeds, one folder a run, and sums them up in DIR/experiment.json (:mod:`empirical.experiments.runner`); run again, it
goes on where it stopped.

Files in the DIR of one run, each written whole or not at all:

    record.json        the run; format below
    certificate.json   the certificate of the run's problem; ``python -m relaxations.check DIR/certificate.json``
    last_layer.npz     the last layer as trained, float64: ``features`` (N, d), ``labels`` (N, T; −1 missing), and
                       for every task t = 0, 1, ... ``heads.t.weight`` (K_t, d) and, with a bias, ``heads.t.bias``
    checkpoint.pt      while the run lasts, for ``--resume``

A record is ``{"kind": "training", "version", "result", "provenance"}`` (:mod:`relaxations.records`).  ``result`` is
the same on every run of one configuration on one machine, interrupted or not::

    config         the preset as run: name, description, source, source_options, backbone, backbone_options,
                   dimension, fraction, row_norm, bias, loss, task_weights, deaths, precision, objective, seed,
                   threads, optimisation {optimiser, epochs, ...}
    data           {name, samples, shape [channels, height, width]}
    problem        {id, statement}: theory.UFM.from_dict(statement) is the problem
    certificate    {status, reason, lower, upper (decimal texts, rounded outward), relative_gap, solver, solver_status,
                   rank, gram (R × R: W Wᵀ of the certified optimum), row_norms (one a task)}
    value_at_zero  f(0)
    parameters     number of trained parameters
    history        list over measured epochs, the untrained network (epoch 0) first; each entry
                   {epoch, objective, relative_gap, anatomy {prediction, alignment, balance, within_cell, bias, total},
                    within_cell, etf [T], cross_task, sum_rule, sum_rule_plain, balance, nearest_centre [T],
                    accuracy [T], row_norms [T], latent_within [T], latent_etf [T], latent_sum}; the first, the last and
                   a few between also have gram (R × R: W Wᵀ as trained)
    final          the last entry of history
    gates          list of {measure, at_most, at_least, value, passed}; one of the two bounds is null, value is the
                   worst over tasks
    passed         whether all gates passed
                   (under ordinary weight decay λ_H is fitted anew at every entry of history, which then has
                   fitted_feature_decay; problem and certificate are those of the last fit)
    probe          what the experiment of the run measured besides, if it did (:mod:`empirical.experiments`)

A measure that has no meaning (the shape of a zero head) is null.  Definitions: :func:`empirical.compare.measure`.
``provenance`` holds versions, revision, device, threads, seconds {data, certificate, training, measuring, total} and
resumed_from (an epoch, or null).

Exit codes: 0 all gates passed (of an experiment: all predictions hold), 1 one failed (the record is written) or
training diverged, 2 bad usage,
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
from empirical.experiments.catalogue import PLANS, plan_named
from empirical.experiments.plan import Plan
from empirical.experiments.runner import KIND as EXPERIMENT_KIND
from empirical.experiments.runner import run_plan, summarise
from empirical.presets import FILE_SOURCES, PRESETS, Preset, preset_named
from relaxations.records import provenance, record, write_json
from theory.files import write_bytes

KIND = "training"
PACKAGES = ("torch", "torchmetrics", "numpy", "scipy", "mlxtend", "python-flint")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def train(
    preset: Annotated[str | None, typer.Option(help="what to train; see --list  [default: small]")] = None,
    experiment: Annotated[str | None, typer.Option(help="instead of one preset: an experiment; see --list")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="seeds of an experiment  [default: 3]")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    out: Annotated[Path | None, typer.Option(help="folder for what is left behind  [default: build/runs/NAME]")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="instead of the preset's")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="instead of the preset's")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads, instead of the preset's")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="folder of the images, for presets that read files")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="continue from OUT/checkpoint.pt")] = False,
    checkpoint_every: Annotated[int, typer.Option(min=1, help="epochs between checkpoints")] = 20,
    show: Annotated[bool, typer.Option("--list", help="list presets and experiments and exit")] = False,
) -> None:
    """Train a network on the certified problem of a preset and compare it with the certificate."""
    # in a file a table has room for its columns
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 150)
    if show:
        _list(console)
        return
    place = _usage("--device", lambda: machine.choose_device(device))
    if experiment is not None:
        if preset is not None or seed is not None or resume:
            raise typer.BadParameter(
                "takes --seeds, and neither --preset nor --seed nor --resume (it always goes on where it stopped)",
                param_hint="--experiment",
            )
        plan = _usage("--experiment", lambda: plan_named(experiment))
        folder = _folder(out, plan.name)
        raise typer.Exit(_experiment(plan, place, folder, seeds or 3, epochs, threads, checkpoint_every, console))
    if seeds is not None:
        raise typer.BadParameter("belongs to --experiment; one preset takes --seed", param_hint="--seeds")
    chosen = _usage("--preset", lambda: _configured(preset_named(preset or "small"), seed, epochs, threads))
    folder = _folder(out, chosen.name)
    machine.make_deterministic(chosen.threads or machine.available_cores())
    raise typer.Exit(_run(chosen, place, folder, resume, checkpoint_every, console, data_dir=data_dir))


def _folder(out: Path | None, name: str) -> Path:
    folder = Path("build/runs") / name if out is None else out
    if folder.exists() and not folder.is_dir():
        raise typer.BadParameter(f"{folder} is a file; expected a folder", param_hint="--out")
    return folder


def _experiment(
    plan: Plan,
    device: torch.device,
    out: Path,
    seeds: int,
    epochs: int | None,
    threads: int | None,
    every: int,
    console: Console,
) -> int:
    """All runs of a plan that are not there yet, then the summary."""
    variants = [_configured(variant, None, epochs, threads) for variant in plan.variants]
    console.print(f"{plan.name}: {plan.question}", markup=False)
    console.print(f"{len(variants)} variants, {seeds} seeds", markup=False)
    done = 0

    def train_one(preset: Preset, folder: Path) -> int:
        nonlocal done
        done += 1
        console.print(f"--- run {done} of {len(variants) * seeds}, seed {preset.seed}", markup=False)
        machine.make_deterministic(preset.threads or machine.available_cores())
        return _run(preset, device, folder, (folder / "checkpoint.pt").exists(), every, console, plan.probe)

    def skipped(preset: Preset) -> None:
        nonlocal done
        done += 1

    records = run_plan(plan, variants, range(seeds), out, KIND, train_one, skipped)
    if isinstance(records, int):
        return records
    results = {name: [found["result"] for found in entries] for name, entries in records.items()}
    summary = summarise(plan, results, range(seeds))
    spent = sum(found["provenance"]["seconds"]["total"] for entries in records.values() for found in entries)
    about = provenance(PACKAGES, **machine.describe(device), seconds={"runs": spent})
    write_json(out / "experiment.json", record(EXPERIMENT_KIND, summary, about))
    _table(console, summary)
    console.print(f"{summary['verdict']} ({spent:.0f} s of runs)", markup=False)
    console.print(f"record: {out / 'experiment.json'}", markup=False)
    return 0 if summary["passed"] else 1


def _table(console: Console, summary: dict[str, Any]) -> None:
    table = Table("variant", "quantity", "predicted", "measured", "tolerance", "", box=None)
    for row in summary["table"]:
        mean, spread = row["mean"], row["spread"]
        measured = "none" if mean is None else f"{mean:.5g}" + ("" if spread is None else f" ± {spread:.1e}")
        predicted = "free" if row["predicted"] is None else f"{row['predicted']:.5g}"
        bound = f"{row['kind']} {row['tolerance']:.2g}"
        table.add_row(
            row["variant"], row["quantity"], predicted, measured, bound, "passed" if row["passed"] else "FAILED"
        )
    console.print(table)


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


def _run(
    preset: Preset,
    device: torch.device,
    out: Path,
    resume: bool,
    every: int,
    console: Console,
    probe: Callable[[Experiment], dict[str, Any]] | None = None,
    data_dir: Path | None = None,
) -> int:
    begun = time.perf_counter()
    checkpoint = out / "checkpoint.pt"
    experiment: Experiment | None = None
    resumed_from: int | None = None
    try:
        experiment = _with_data(preset, device, data_dir)
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
        if probe is not None:
            result["probe"] = probe(experiment)
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


def _with_data(preset: Preset, device: torch.device, data_dir: Path | None) -> Experiment:
    """The run with its training set read; files that are missing, or not what they should be, are bad usage."""
    if preset.source not in FILE_SOURCES:
        return Experiment(preset, device)
    try:
        return Experiment(preset, device, data_dir)
    except (OSError, ValueError, ModuleNotFoundError) as error:
        raise typer.BadParameter(str(error), param_hint="--data-dir") from None


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
            bar.update(task, completed=epoch, description=f"gap {_gap(latest)}")

        yield advance


def _brief(measures: dict[str, Any]) -> str:
    cross, etf = measures["cross_task"], measures["etf"]
    parts = [f"gap {_gap(measures)}"]
    parts += [] if any(v is None for v in etf) else [f"ETF {max(etf):.1e}"]
    parts += [] if cross is None else [f"cross {cross:.1e}"]
    return ", ".join([*parts, f"accuracy {min(measures['accuracy']):.1%}"])


def _gap(measures: dict[str, Any]) -> str:
    return "none" if measures["relative_gap"] is None else f"{measures['relative_gap']:.1e}"


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
    plans = Table("experiment", "question", "variants", box=None)
    for plan in PLANS.values():
        plans.add_row(plan.name, plan.question, str(len(plan.variants)))
    console.print(plans)


if __name__ == "__main__":
    sys.exit(app())
