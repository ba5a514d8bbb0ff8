"""Certify a grid of problems: one record a point, resumable, on this machine or on a cluster.

    python -m relaxations.sweep --classes '2 3' --correlation 0:0.9:10 --share '0.03 0.3' --out DIR

Every axis is a list of values separated by spaces or semicolons, or ``start:stop:count`` (exact, both ends
included); the grid is the product of the axes given.  A point is a problem as ``python -m relaxations.certify``
states it, certified by :func:`relaxations.certify.certify_problem`.  Its record DIR/<key>.json has kind
``"sweep point"``; the key is a digest of the configuration, so that a sweep that was interrupted, or whose grid has
grown, computes what is missing and nothing else.

    result  config       the options of the point, as texts
            problem_id   the problem's canonical digest
            certified    what ``certify --json`` writes, without the seconds
            cosines      for every pair of tasks {tasks, cosine, overlap}: the mean over classes of cos(w_k, v_k) at
                         the numerical optimum (null for zero heads or unequal K), and ‖V Wᵀ‖_F/√(‖VVᵀ‖_F ‖WWᵀ‖_F)
            error        null, or why the point states no problem (a correlation out of range, ...)

``--record FILE`` gathers the records of the folder, of this grid and of those before it, into one of kind ``"sweep"``:
``result["points"]``, each with what a curve needs (:mod:`relaxations.sweep_record`).  The sweep over ρ in the report:

    python -m relaxations.sweep --classes 2 --correlation=-1:1:41 --share '0.03 0.3' --out build/sweeps/correlation
    python -m relaxations.sweep --classes '3 10' --correlation 0:1:21 --share '0.03 0.3' \\
        --out build/sweeps/correlation --record reports/records/sweep-correlation.json

Exit 0 every point certified, 1 some not, 2 bad usage, 130 interrupted.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from relaxations.certify import certify_problem
from relaxations.records import provenance, read_record, record, write_json
from relaxations.sweep_points import Point, grid, values_of
from relaxations.sweep_record import KIND, PACKAGES, gathered
from relaxations.workers import available_cores, dask_client, one_thread_each
from theory.geometry import cross_task_overlap
from theory.losses import LOSSES
from theory.model import CONVENTIONS, UFM

__all__ = ["KIND", "Point", "certify_point", "grid", "head_cosines", "run_sweep", "values_of"]


def certify_point(point: Point) -> dict[str, Any]:
    """The record of a point: solved and proved on one thread, so that its digits do not depend on the machine's."""
    begun = time.perf_counter()
    result: dict[str, Any] = {"config": point.config(), "problem_id": None, "certified": None, "cosines": []}
    result["error"] = None
    try:
        problem = point.problem()
        with one_thread_each():
            answer = certify_problem(problem, point.solver)
    except (ValueError, TypeError) as error:
        result["error"] = str(error)
    else:
        result["problem_id"] = problem.identity
        result["certified"] = {name: value for name, value in answer.to_dict().items() if name != "seconds"}
        result["cosines"] = head_cosines(problem, answer.solution.W)
    return record(KIND, result, provenance(PACKAGES, seconds=time.perf_counter() - begun))


def head_cosines(problem: UFM, W: np.typing.NDArray[np.float64]) -> list[dict[str, Any]]:
    """For every pair of tasks the mean cosine of rows of equal number, and the overlap of the heads."""
    out: list[dict[str, Any]] = []
    for s, rows in problem.design.blocks():
        for t, other in problem.design.blocks():
            if s >= t:
                continue
            V, U = W[rows], W[other]
            lengths = np.linalg.norm(V, axis=1).min(), np.linalg.norm(U, axis=1).min()
            cosine = None
            if len(V) == len(U) and min(lengths) > 1e-9 * max(1.0, float(np.abs(W).max())):
                norms = np.linalg.norm(V, axis=1) * np.linalg.norm(U, axis=1)
                cosine = float(((V * U).sum(axis=1) / norms).mean())
            overlap = cross_task_overlap(V, U)
            out.append({"tasks": [s, t], "cosine": cosine, "overlap": overlap if np.isfinite(overlap) else None})
    return out


# --------------------------------------------------------------------------- running

Report = Callable[[Point, dict[str, Any], bool], None]


def run_sweep(
    points: list[Point],
    out: Path,
    workers: int | None = None,
    scheduler: str | None = None,
    report: Report = lambda point, data, fresh: None,
) -> list[dict[str, Any]]:
    """The records of all points, those that ``out`` lacks computed and written there as they come.

    ``scheduler``: ``None`` processes of this machine without Dask, else as :func:`relaxations.workers.dask_client`.
    ``report(point, record, fresh)`` is called once a point.  Raises what ``dask_client`` raises.
    """
    found: dict[str, dict[str, Any]] = {}
    missing = []
    for point in points:
        kept = _kept(point, out)
        if kept is None:
            missing.append(point)
        else:
            found[point.key] = kept
            report(point, kept, False)
    if missing:
        for point, data in _computed(missing, workers, scheduler):
            write_json(out / f"{point.key}.json", data)
            found[point.key] = data
            report(point, data, True)
    return [found[point.key] for point in points]


def _kept(point: Point, out: Path) -> dict[str, Any] | None:
    """The record of a point if it is there, whole and of this configuration."""
    path = out / f"{point.key}.json"
    if not path.exists():
        return None
    try:
        data = read_record(path, KIND)
    except ValueError:
        return None  # written by another version, or damaged: computed again
    result = data.get("result")
    return data if isinstance(result, dict) and result.get("config") == point.config() else None


def _computed(
    points: list[Point], workers: int | None, scheduler: str | None
) -> Iterator[tuple[Point, dict[str, Any]]]:
    """Points with their records, in the order in which they are done."""
    if scheduler is not None:
        with dask_client(scheduler, workers) as client:
            from distributed import as_completed

            futures = {client.submit(certify_point, p, pure=False): p for p in points}
            for future in as_completed(futures):
                yield futures[future], future.result()
        return
    count = min(available_cores() if workers is None else workers, len(points))
    if count == 1:
        for point in points:
            yield point, certify_point(point)
        return
    with _pool(count) as pool:
        waiting: dict[Future[dict[str, Any]], Point] = {pool.submit(certify_point, p): p for p in points}
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield waiting.pop(future), future.result()


@contextmanager
def _pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that start afresh (no thread of ours is copied), and are not waited for when interrupted."""
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"))
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


# --------------------------------------------------------------------------- command line

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Axis = Annotated[str | None, typer.Option(help="Axis; see certify --help.")]


@app.command(epilog="Example: python -m relaxations.sweep --correlation 0:0.9:10 --share '0.03 0.3' --out sweep")
def command(
    out: Annotated[Path, typer.Option(help="Folder of the records.")],
    tasks: Annotated[str | None, typer.Option(help="Axis: numbers of tasks, like '2 3 4' or 2:4:3.")] = None,
    classes: Annotated[str | None, typer.Option(help="Axis: classes, '2 3' or '2,3 4,4' (one number a task).")] = None,
    scenario: Axis = None,
    correlation: Annotated[str | None, typer.Option(help="Axis: ρ, like 0:0.9:10.")] = None,
    annotated: Annotated[str | None, typer.Option(help="Axis: fraction with every label, like '1 1/2 0'.")] = None,
    label_noise: Axis = None,
    smoothing: Axis = None,
    samples_per_cell: Axis = None,
    loss: Annotated[str | None, typer.Option(help=f"Axis: of {', '.join(LOSSES)}.")] = None,
    weight_decay: Annotated[str | None, typer.Option(help="Axis: λ_W.")] = None,
    feature_decay: Annotated[str | None, typer.Option(help="Axis: λ_H.")] = None,
    share: Annotated[
        str | None, typer.Option(help="Axis: λ_W λ_H over the smallest threshold, for decays not given (3/100).")
    ] = None,
    task_weights: Axis = None,
    bias: Axis = None,
    dim: Axis = None,
    convention: Annotated[str | None, typer.Option(help=f"Axis: of {', '.join(CONVENTIONS)}.")] = None,
    solver: Annotated[str | None, typer.Option(help="Axis: solvers; default proximal.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes.  Default: one a core.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask: threads, processes or tcp://host:8786.  Default: processes, no Dask.")
    ] = None,
    record_file: Annotated[
        Path | None, typer.Option("--record", help="Gather all points of the folder into one record.")
    ] = None,
) -> None:
    """Certify every point of a grid and leave a record of each."""
    texts = {
        "tasks": tasks, "classes": classes, "scenario": scenario, "correlation": correlation, "annotated": annotated,
        "label_noise": label_noise, "smoothing": smoothing, "samples_per_cell": samples_per_cell, "loss": loss,
        "weight_decay": weight_decay, "feature_decay": feature_decay, "share": share, "task_weights": task_weights,
        "bias": bias, "dimension": dim, "convention": convention, "solver": solver,
    }  # fmt: skip
    try:
        points = grid({name: values_of(text, name) for name, text in texts.items() if text is not None})
        if out.exists() and not out.is_dir():
            raise ValueError(f"out: {out} is a file; expected a folder")
        _check_some(points)
        with _progress(len(points)) as report:
            records = run_sweep(points, out, workers, scheduler, report)
        if record_file is not None:
            write_json(record_file, gathered(out))
    except KeyboardInterrupt:
        typer.echo("interrupted; the same command goes on where it stopped", err=True)
        raise typer.Exit(130) from None
    except (ValueError, TypeError, OSError, ImportError) as error:
        typer.echo(f"sweep: {error}", err=True)
        raise typer.Exit(2) from None
    answers = [r["result"]["certified"] for r in records]
    certified = sum(answer is not None and answer["status"] == "certified" for answer in answers)
    failed = sum(r["result"]["error"] is not None for r in records)
    typer.echo(f"{certified} of {len(records)} points certified, {failed} without a problem; records in {out}")
    raise typer.Exit(0 if certified == len(records) else 1)


def _check_some(points: list[Point]) -> None:
    """Raise what the first point raises if no point of the grid states a problem: that is bad usage."""
    first: Exception | None = None
    for point in points:
        try:
            point.problem()
            return
        except (ValueError, TypeError) as error:
            first = first or error
    if first is not None:
        raise first


@contextmanager
def _progress(total: int) -> Iterator[Report]:
    """A bar on a terminal, one line a point elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("certify", total=total)

            def advance(point: Point, data: dict[str, Any], fresh: bool) -> None:
                bar.update(task, advance=1, description=_said(point, data))

            yield advance
        return

    def line(point: Point, data: dict[str, Any], fresh: bool) -> None:
        console.print(f"{_said(point, data)}{'' if fresh else ' (kept)'}", markup=False)

    yield line


def _said(point: Point, data: dict[str, Any]) -> str:
    default = Point().config()
    given = " ".join(f"{name}={value}" for name, value in point.config().items() if value != default[name])
    result = data["result"]
    return f"{given}: {result['error'] or result['certified']['status']}"


if __name__ == "__main__":
    app()
