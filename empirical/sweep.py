"""Experiments side by side: ``python -m empirical.sweep --experiments single-source,unequal-tasks --workers 4``.

Every run (a variant of an experiment from one seed) is a task of Dask's, on processes of this machine or on a cluster
(``--scheduler tcp://host:8786``).  Runs, records and folders are those of ``python -m empirical.train --experiment``,
OUT/EXPERIMENT/VARIANT/seed-S, with OUT/EXPERIMENT/experiment.json in the end, so either command goes on where the
other stopped: what has its record is kept, what has a checkpoint continues from it, also after a worker has died.  The
workers of a cluster must see OUT (and ``--data-dir``) under the same path.

One process trains one network at a time, since torch's seed and settings belong to the process; a worker with several
threads takes its tasks in turn.  A run's result does not depend on where it ran (on machines of one kind).

Exit 0 all predictions hold, 1 some fail or a run left no record, 2 bad usage, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from empirical import machine
from empirical.display import table_of
from empirical.experiments.catalogue import PLANS, plan_named
from empirical.experiments.plan import Plan
from empirical.experiments.runner import write_summary
from empirical.run import FAILED, INTERRUPTED, KIND, REACHED
from empirical.tasks import Task, train_task
from relaxations.records import read_record
from relaxations.workers import dask_client

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(epilog="Example: python -m empirical.sweep --experiments narrow,imbalance --workers 2")
def command(
    experiments: Annotated[str, typer.Option(help="names, separated by commas, or all (those that need no GPU)")],
    seeds: Annotated[int | None, typer.Option(min=1, help="seeds of each  [default: the experiment's]")] = None,
    out: Annotated[Path, typer.Option(help="folder of the experiments' folders")] = Path("build/runs"),
    scheduler: Annotated[str, typer.Option(help="Dask: processes, or a cluster, tcp://host:8786")] = "processes",
    workers: Annotated[int | None, typer.Option(min=1, help="processes of this machine  [default: one a core]")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda, on the workers")] = "cpu",
    data_dir: Annotated[Path | None, typer.Option(help="folder of the images, for experiments that read files")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="instead of the presets'")] = None,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="experiments that allow it at a tiny size")] = False,
    checkpoint_every: Annotated[int, typer.Option(min=1, help="epochs between checkpoints")] = 20,
) -> None:
    """Train all runs of some experiments side by side, and sum each of them up."""
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 150)
    try:
        plans = _plans(experiments, rehearse)
        if scheduler == "threads":
            raise ValueError("scheduler: threads share one torch; expected processes or tcp://host:8786")
        if out.exists() and not out.is_dir():
            raise ValueError(f"out: {out} is a file; expected a folder")
        machine.choose_device(device)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    # absolute: workers have working directories of their own
    out, data_dir = out.resolve(), None if data_dir is None else data_dir.resolve()
    tasks = {
        name: [
            Task(
                name, variant.name, seed, str(out / plan.name), device,
                None if data_dir is None else str(data_dir), epochs, rehearse, checkpoint_every,
            )
            for seed in range(seeds or plan.seeds)
            for variant in plan.variants
        ]
        for name, plan in plans.items()
    }  # fmt: skip
    missing = [task for group in tasks.values() for task in group if not task.done()]
    console.print(f"{sum(map(len, tasks.values()))} runs, {len(missing)} to train", markup=False)
    try:
        failed = _train(missing, scheduler, workers, console) if missing else []
    except KeyboardInterrupt:
        console.print("interrupted; the same command goes on where it stopped", markup=False)
        raise typer.Exit(INTERRUPTED) from None
    except (ValueError, ImportError) as error:
        raise typer.BadParameter(str(error), param_hint="--scheduler") from None
    raise typer.Exit(_summarise(plans, tasks, failed, console))


def _plans(text: str, rehearse: bool) -> dict[str, Plan]:
    """The experiments by their own names; ``ValueError`` for an unknown one or one without a rehearsal."""
    if text.strip() == "all":
        names = [name for name, plan in PLANS.items() if not plan.accelerator]
    else:
        names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    return {name: plan_named(name).rehearsed() if rehearse else plan_named(name) for name in names}


def _train(tasks: list[Task], scheduler: str, workers: int | None, console: Console) -> list[Task]:
    """Train all ``tasks``; those that left no record."""
    failed = []
    with dask_client(scheduler, workers) as client, _progress(console, len(tasks)) as report:
        from distributed import as_completed

        futures = {client.submit(train_task, task, pure=False): task for task in tasks}
        for future in as_completed(futures):
            task = futures[future]
            if future.status == "error":
                failed.append(task)
                report(task, f"failed: {type(future.exception()).__name__}: {future.exception()}")
                continue
            _, said = future.result()
            if not task.done():
                failed.append(task)
            report(task, said)
    return failed


def _summarise(plans: dict[str, Plan], tasks: dict[str, list[Task]], failed: list[Task], console: Console) -> int:
    """Write the summary of every experiment that is whole; an exit code."""
    code = FAILED if failed else REACHED
    for name, plan in plans.items():
        if any(task in failed for task in tasks[name]):
            console.print(f"{plan.name}: not summed up, as runs are missing", markup=False)
            continue
        records: dict[str, list[dict[str, Any]]] = {variant.name: [] for variant in plan.variants}
        for task in tasks[name]:
            records[task.variant].append(read_record(task.folder() / "record.json", KIND))
        about = records[plan.variants[0].name][0]["provenance"]
        device = {key: about[key] for key in ("device", "device_name", "processes", "threads", "deterministic", "cuda")}
        seeds = sorted({task.seed for task in tasks[name]})
        summary, _ = write_summary(plan, records, seeds, Path(tasks[name][0].out), device)
        table_of(console, summary)
        console.print(f"{plan.name}: {summary['verdict']}", markup=False)
        code = code if summary["passed"] else FAILED
    return code


@contextmanager
def _progress(console: Console, total: int) -> Iterator[Any]:
    """A bar on a terminal, a line a run elsewhere."""
    if console.is_terminal:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        with Progress(TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"),
                      console=console) as bar:  # fmt: skip
            shown = bar.add_task("", total=total)
            yield lambda task, said: bar.update(shown, advance=1, description=f"{task}: {said}")
        return
    done = 0

    def line(task: Task, said: str) -> None:
        nonlocal done
        done += 1
        console.print(f"{done}/{total} {task}: {said}", markup=False)

    yield line


if __name__ == "__main__":
    app()
