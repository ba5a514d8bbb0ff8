"""Train a preset and leave a record: ``python -m empirical.train --preset small --out DIR``.

``python -m empirical.train --experiment NAME --seeds 3 --out DIR`` trains all variants of an experiment from several
seeds, one folder a run, and sums them up in DIR/experiment.json (:mod:`empirical.experiments.runner`); run again, it
goes on where it stopped.  ``--variants A,B`` takes some of its variants, ``--minutes 9`` stops in time to be called
again, ``--rehearse`` runs the whole list at a tiny size, to try a machine out.

Under ``torchrun --standalone --nproc-per-node P -m empirical.train ...`` P processes share the work of every batch
(:mod:`empirical.machine`).

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
                   threads, optimisation {optimiser, epochs, ...}, and the other fields of
                   :class:`empirical.presets.Preset`
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
``provenance`` holds versions, revision, device, processes, threads, seconds {data, certificate, training, measuring,
total}, resumed_from (an epoch, or null) and throughput ({loop, bare, ratio}: :mod:`empirical.throughput`, or null).

Exit codes: 0 all gates passed (of an experiment: all predictions hold), 1 one failed (the record is written) or
training diverged, 2 bad usage, 3 stopped at the time limit of ``--minutes`` (the same command goes on),
130 interrupted.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from empirical import machine
from empirical.display import lists, table_of
from empirical.experiments.catalogue import plan_named
from empirical.experiments.plan import Plan
from empirical.experiments.runner import run_plan, write_summary
from empirical.presets import Preset, preset_named
from empirical.run import FAILED, KIND, REACHED, STOPPED, Setting, UnusableError, run_into

__all__ = ["KIND", "app"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(epilog="Examples: python -m empirical.train --preset small; ... --experiment single-source --seeds 3")
def train(
    preset: Annotated[str | None, typer.Option(help="what to train; see --list  [default: small]")] = None,
    experiment: Annotated[str | None, typer.Option(help="instead of one preset: an experiment; see --list")] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="seeds of an experiment  [default: the experiment's]")
    ] = None,
    variants: Annotated[str | None, typer.Option(help="some variants of an experiment, separated by commas")] = None,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="an experiment at a tiny size: does it run here?")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    out: Annotated[Path | None, typer.Option(help="folder for what is left behind  [default: build/runs/NAME]")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="instead of the preset's")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="instead of the preset's")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads, instead of the preset's")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="folder of the images, for presets that read files")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="continue from OUT/checkpoint.pt")] = False,
    checkpoint_every: Annotated[int, typer.Option(min=1, help="epochs between checkpoints")] = 20,
    minutes: Annotated[float | None, typer.Option(min=0, help="stop before so long, to be continued")] = None,
    show: Annotated[bool, typer.Option("--list", help="list presets and experiments and exit")] = False,
) -> None:
    """Train a network on the certified problem of a preset and compare it with the certificate."""
    begun = time.monotonic()
    # in a file a table has room for its columns
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 150)
    if show:
        lists(console)
        return
    place = _usage("--device", lambda: machine.choose_device(device))
    chosen: Preset | None = None
    plan: Plan | None = None
    if experiment is not None:
        if preset is not None or seed is not None or resume:
            raise typer.BadParameter(
                "takes --seeds, and neither --preset nor --seed nor --resume (it always goes on where it stopped)",
                param_hint="--experiment",
            )
        named = _usage("--experiment", lambda: plan_named(experiment))
        some = _usage("--variants", lambda: _some(named, variants))
        plan = _usage("--rehearse", some.rehearsed) if rehearse else some
    else:
        if seeds is not None:
            raise typer.BadParameter("belongs to --experiment; one preset takes --seed", param_hint="--seeds")
        if variants is not None or rehearse:
            raise typer.BadParameter("belongs to --experiment", param_hint="--rehearse" if rehearse else "--variants")
        chosen = _usage("--preset", lambda: _configured(preset_named(preset or "small"), seed, epochs, threads))
    folder = _folder(out, plan.name if plan else chosen.name if chosen else "")
    try:
        fabric = machine.launch(place)
    except ModuleNotFoundError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    # of several processes one speaks
    console.quiet = not fabric.is_global_zero
    setting = Setting(fabric, data_dir, checkpoint_every, None if minutes is None else begun + 60 * minutes)
    try:
        if plan is not None:
            code = _experiment(plan, setting, folder, seeds or plan.seeds, epochs, threads, console)
        else:
            assert chosen is not None
            code = run_into(folder, chosen, setting, console, resume)
    except UnusableError as error:
        raise typer.BadParameter(str(error), param_hint=error.option) from None
    machine.leave(fabric)
    # torchrun ends all processes when one fails: the first one tells for all, and last
    raise typer.Exit(code if fabric.is_global_zero else 0)


def _folder(out: Path | None, name: str) -> Path:
    folder = Path("build/runs") / name if out is None else out
    if folder.exists() and not folder.is_dir():
        raise typer.BadParameter(f"{folder} is a file; expected a folder", param_hint="--out")
    return folder


def _experiment(
    plan: Plan,
    setting: Setting,
    out: Path,
    seeds: int,
    epochs: int | None,
    threads: int | None,
    console: Console,
) -> int:
    """All runs of a plan that are not there yet, then the summary."""
    variants = [_configured(variant, None, epochs, threads) for variant in plan.variants]
    console.print(f"{plan.name}: {plan.question}", markup=False)
    console.print(f"{len(variants)} variants, {seeds} seeds", markup=False)
    done = 0

    def train_one(preset: Preset, folder: Path) -> int:
        nonlocal done
        if done and setting.deadline is not None and time.monotonic() > setting.deadline:
            console.print("stopped at the time limit; run again to go on", markup=False)
            return STOPPED
        done += 1
        console.print(f"--- run {done} of {len(variants) * seeds}, seed {preset.seed}", markup=False)
        return run_into(folder, preset, setting, console, (folder / "checkpoint.pt").exists(), plan.probe)

    def skipped(preset: Preset) -> None:
        nonlocal done
        done += 1

    records = run_plan(plan, variants, range(seeds), out, KIND, train_one, skipped)
    if isinstance(records, int):
        return records
    if setting.fabric.is_global_zero:
        summary, spent = write_summary(plan, records, range(seeds), out, machine.describe(setting.fabric.device))
        table_of(console, summary)
        console.print(f"{summary['verdict']} ({spent:.0f} s of runs)", markup=False)
        console.print(f"record: {out / 'experiment.json'}", markup=False)
        return REACHED if summary["passed"] else FAILED
    return REACHED


def _some(plan: Plan, names: str | None) -> Plan:
    """The plan with the variants ``names`` alone; ``ValueError`` for one that it does not have."""
    if names is None:
        return plan
    wanted = [name.strip() for name in names.split(",")]
    known = {variant.name: variant for variant in plan.variants}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"{', '.join(unknown)} unknown; expected some of {', '.join(known)}")
    return dataclasses.replace(plan, variants=tuple(known[name] for name in wanted))


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


if __name__ == "__main__":
    sys.exit(app())
