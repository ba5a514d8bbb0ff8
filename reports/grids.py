"""Grids of certified problems behind the figures: which tasks live, and what too few dimensions cost.

    python -m reports.grids --out build/grids

    phases      tasks of 2 and K classes over μ² = N λ_W λ_H / α²: how many heads are not zero at the optimum
    dimension   two tasks over the feature dimension d: the proven enclosure of the minimum below the rank

Each is a sweep (:mod:`relaxations.sweep`): one record a point in ``OUT/NAME/``, so that what was interrupted goes on.
Records of other sources are made again.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from relaxations.records import read_record
from relaxations.sweep import KIND, Point, run_sweep
from reports.certificates import sources
from reports.checked import InputError, reading
from theory import closed_forms as forms
from theory.files import write_text
from theory.known_optimum import known_optimum

#: Numbers of classes of the second task, and values of μ², of the grid of phases.
CLASSES = (2, 3, 4, 5, 6, 8, 10)
COUPLINGS = tuple(map(Fraction, ("0.03", "0.05", "0.08", "0.11", "0.15", "0.19", "0.24", "0.3", "0.36", "0.45", "0.6")))
#: Classes of the tasks, and the dimensions, of the grid over d.
NARROW = {"3,3": range(1, 6), "4,4": range(1, 9)}


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
    """The proven enclosure at feature dimension ``dimension``; ``needed`` is the rank of the relaxation's optimum."""

    classes: tuple[int, ...]
    dimension: int
    lower: float
    upper: float
    needed: int
    status: str


def phase_points() -> list[Point]:
    """The points of the grid of phases; the share is of the smallest threshold, 1/K."""
    return [Point(classes=f"2,{k}", share=str(k * squared)) for k in CLASSES for squared in COUPLINGS]


def narrow_points() -> list[Point]:
    """The points of the grid over d."""
    return [Point(classes=classes, dimension=str(d)) for classes, dimensions in NARROW.items() for d in dimensions]


GRIDS = {"phases": phase_points, "dimension": narrow_points}


def make(folder: Path, name: str, workers: int | None = None) -> list[dict[str, Any]]:
    """The records of grid ``name``, computed where they are missing or of other sources."""
    stamp = folder / name / "sources.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != sources():
        for old in (folder / name).glob("*.json"):
            old.unlink()
        write_text(stamp, sources())
    return run_sweep(GRIDS[name](), folder / name, workers)


def read(folder: Path, name: str) -> list[tuple[Point, dict[str, Any]]]:
    """Points of grid ``name`` with the results in ``folder``.  Raises :class:`InputError` where one is missing."""
    out = []
    for point in GRIDS[name]():
        path = folder / name / f"{point.key}.json"
        with reading(path, f"make it again with: python -m reports.grids --out {folder}"):
            result = read_record(path, KIND)["result"]
            if result["config"] != point.config() or result["error"] is not None:
                raise ValueError(f"is not the record of the point, or states no problem: {result['error']}")
            out.append((point, result))
    return out


def phases(folder: Path) -> tuple[PhasePoint, ...]:
    """The grid of phases.  Raises :class:`InputError`."""
    out = []
    for point, result in read(folder, "phases"):
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
    return tuple(
        NarrowPoint(
            classes=point.problem().design.classes,
            dimension=point.problem().dimension,
            lower=float(result["certified"]["lower"]),
            upper=float(result["certified"]["upper"]),
            needed=int(result["certified"]["dimension_needed"]),
            status=result["certified"]["status"],
        )
        for point, result in read(folder, "dimension")
    )


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    out: Annotated[Path, typer.Option(help="Folder of the records.")] = Path("build/grids"),
    only: Annotated[list[str] | None, typer.Option(help=f"Only this grid, of {', '.join(GRIDS)} (repeatable).")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes.  Default: one a core.")] = None,
) -> None:
    """Certify the grids behind the report's figures.  Exit 0; 2 bad usage, 130 interrupted (the same goes on)."""
    names: Sequence[str] = only or tuple(GRIDS)
    unknown = [name for name in names if name not in GRIDS]
    if unknown:
        typer.echo(f"grids: no grid {unknown[0]!r}; expected one of {', '.join(GRIDS)}", err=True)
        raise typer.Exit(2)
    try:
        for name in names:
            typer.echo(f"{name:<12} {len(make(out, name, workers))} points")
    except KeyboardInterrupt:
        typer.echo("interrupted; the same command goes on where it stopped", err=True)
        raise typer.Exit(130) from None
    except (OSError, InputError) as error:
        typer.echo(f"grids: {error}", err=True)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    sys.exit(app())
