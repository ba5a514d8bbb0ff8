"""Grids of certified problems behind the figures: which tasks live, and what too few dimensions cost.

    python -m reports.grids --out build/grids

    phases      tasks of 2 and K classes over μ² = N λ_W λ_H / α²: how many heads are not zero at the optimum
    dimension   two tasks over the feature dimension d: the proven interval of the minimum below the rank

The first is a sweep (:mod:`relaxations.sweep`), one record a point in ``OUT/phases/``; the second has one record a
problem in ``OUT/dimension/`` (:mod:`relaxations.dimension_intervals`).  What was interrupted goes on, and records of
other sources are made again.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from relaxations.dimension_intervals import dimension_intervals
from relaxations.records import provenance, read_record, record, write_json
from relaxations.sweep import KIND, Point, run_sweep
from relaxations.workers import one_thread_each
from reports.certificates import sources
from reports.checked import InputError, reading
from theory import closed_forms as forms
from theory.files import write_text
from theory.known_optimum import known_optimum
from theory.model import UFM

#: Numbers of classes of the second task, and values of μ², of the grid of phases.
CLASSES = (2, 3, 4, 5, 6, 8, 10)
COUPLINGS = tuple(map(Fraction, ("0.03", "0.05", "0.08", "0.11", "0.15", "0.19", "0.24", "0.3", "0.36", "0.45", "0.6")))
#: Classes of the tasks, and the dimensions, of the grid over d.
NARROW = {"3,3": range(1, 6), "4,4": range(1, 9)}
#: The kind of the records over d.
DIMENSION = "dimension grid"


@dataclass(frozen=True)
class PhasePoint:
    """Tasks of 2 and ``classes`` classes at μ² = ``squared``: how many heads live, found and predicted.

    ``inside``: is the theorem's value proved to lie inside the enclosure?
    """

    classes: int
    squared: float
    alive: int
    predicted: int
    inside: bool


@dataclass(frozen=True)
class NarrowPoint:
    """The proven interval at feature dimension ``dimension``; ``attained``: is it closed?"""

    classes: tuple[int, ...]
    dimension: int
    lower: float
    upper: float
    attained: bool


def phase_points() -> list[Point]:
    """The points of the grid of phases; the share is of the smallest threshold, 1/K."""
    return [Point(classes=f"2,{k}", share=str(k * squared)) for k in CLASSES for squared in COUPLINGS]


def make(folder: Path, name: str, workers: int | None = None) -> int:
    """Compute what is missing of grid ``name``, or of other sources; how many records it has."""
    stamp = folder / name / "sources.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != sources():
        for old in (folder / name).glob("*.json"):
            old.unlink()
        write_text(stamp, sources())
    if name == "phases":
        return len(run_sweep(phase_points(), folder / name, workers))
    for classes, dimensions in NARROW.items():
        path = _narrow_path(folder, classes)
        if not path.exists():
            problem = Point(classes=classes).problem()
            with one_thread_each():
                found = [interval.to_dict() for interval in dimension_intervals(problem, list(dimensions))]
            result = {"problem": problem.to_dict(), "intervals": found}
            write_json(path, record(DIMENSION, result, provenance(("numpy", "scipy", "python-flint"))))
    return len(NARROW)


GRIDS = ("phases", "dimension")


def _narrow_path(folder: Path, classes: str) -> Path:
    return folder / "dimension" / f"{classes.replace(',', '-')}.json"


def _read_phases(folder: Path) -> list[tuple[Point, dict[str, Any]]]:
    """Points with their results.  Raises :class:`InputError` where one is missing."""
    out = []
    for point in phase_points():
        path = folder / "phases" / f"{point.key}.json"
        with reading(path, f"make it again with: python -m reports.grids --out {folder}"):
            result = read_record(path, KIND)["result"]
            if result["config"] != point.config() or result["error"] is not None:
                raise ValueError(f"is not the record of the point, or states no problem: {result['error']}")
            out.append((point, result))
    return out


def phases(folder: Path) -> tuple[PhasePoint, ...]:
    """The grid of phases.  Raises :class:`InputError`."""
    out = []
    for point, result in _read_phases(folder):
        problem, certified = point.problem(), result["certified"]
        known = known_optimum(problem)
        assert known is not None, "balanced and independent: covered by single_source"
        coupling = forms.coupling(problem.design.samples, problem.lambda_w[0], problem.lambda_h)
        etf = certified["deviations"]["etf"]
        out.append(
            PhasePoint(
                classes=problem.design.classes[1],
                squared=float(coupling) ** 2,
                alive=sum(e is not None for e in etf),  # a head that is zero has no shape to measure
                predicted=sum(task.alive for task in known.tasks),
                inside=bool(certified["closed_form"]["inside"]),
            )
        )
    return tuple(out)


def narrow(folder: Path) -> tuple[NarrowPoint, ...]:
    """The grid over d.  Raises :class:`InputError`."""
    out = []
    for classes in NARROW:
        path = _narrow_path(folder, classes)
        with reading(path, f"make it again with: python -m reports.grids --out {folder} --only dimension"):
            result = read_record(path, DIMENSION)["result"]
            problem = UFM.from_dict(result["problem"])
            for one in result["intervals"]:
                lower, upper = float(one["lower"]), float(one["upper"])
                if not lower <= upper:
                    raise ValueError(f"d = {one['dimension']}: the interval [{lower}, {upper}] is upside down")
                out.append(NarrowPoint(problem.design.classes, one["dimension"], lower, upper, one["attained"]))
    return tuple(out)


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    out: Annotated[Path, typer.Option(help="Folder of the records.")] = Path("build/grids"),
    only: Annotated[list[str] | None, typer.Option(help=f"Only this grid, of {', '.join(GRIDS)} (repeatable).")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes.  Default: one a core.")] = None,
) -> None:
    """Certify the grids behind the report's figures.  Exit 0; 2 bad usage, 130 interrupted (the same goes on)."""
    names: Sequence[str] = only or GRIDS
    unknown = [name for name in names if name not in GRIDS]
    if unknown:
        typer.echo(f"grids: no grid {unknown[0]!r}; expected one of {', '.join(GRIDS)}", err=True)
        raise typer.Exit(2)
    try:
        for name in names:
            typer.echo(f"{name:<12} {make(out, name, workers)} records")
    except KeyboardInterrupt:
        typer.echo("interrupted; the same command goes on where it stopped", err=True)
        raise typer.Exit(130) from None
    except (OSError, InputError) as error:
        typer.echo(f"grids: {error}", err=True)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    sys.exit(app())
