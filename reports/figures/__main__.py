"""One figure alone: ``python -m reports.figures NAME --out FILE.pdf`` (or .svg, .png); ``--list`` names them.

What the figure is drawn from is made first where it is missing: a training run takes half a minute, a grid some
seconds.  Exit 0: written.  1: its data could not be made.  2: bad usage.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from matplotlib.figure import Figure

from reports import grids
from reports.checked import InputError, reading
from reports.collect import RECORDS
from reports.figures import correlation, course, experiments, gram, phases
from reports.figures.particular import PARTICULAR
from reports.figures.style import saved
from reports.measured import correlated, read_experiment
from reports.runs import TrainedRun, read_runs
from reports.swept import read_sweep
from theory.files import write_bytes


@dataclass(frozen=True)
class Alone:
    """A figure that can be made alone: what it shows, what draws it, and (arguments of ``python -m``) what makes
    its data at which path below the build folder, if it is missing.
    """

    shows: str
    draw: Callable[[Path], Figure]
    path: str = ""
    made_by: tuple[str, ...] = ()


def _run(build: Path) -> TrainedRun:
    return read_runs([build / "runs" / "small"])[0]


def _correlation(build: Path) -> Figure:
    path = RECORDS / "sweep-correlation.json"
    with reading(path, "make it again with: python -m relaxations.sweep --help"):
        curves = read_sweep(path)
    kept = RECORDS / "experiment-correlation.json"
    return correlation.swept(curves, correlated(read_experiment(kept)) if kept.exists() else ())


_TRAIN = ("empirical.train", "--preset", "small", "--device", "cpu", "--out", "{build}/runs/small")
_GRIDS = ("reports.grids", "--out", "{build}/grids", "--only")

FIGURES = {
    "gram": Alone("the Gram matrix of the heads as it turns into the certified one",
                  lambda build: gram.way(_run(build)), "runs/small/record.json", _TRAIN),
    "gram-beside": Alone("certified and trained Gram matrix, and their difference",
                         lambda build: gram.beside(_run(build)), "runs/small/record.json", _TRAIN),
    "anatomy": Alone("the terms of the gap over epochs, stacked",
                     lambda build: course.anatomy(_run(build)), "runs/small/record.json", _TRAIN),
    "measures": Alone("measures of collapse over epochs",
                      lambda build: course.measures(_run(build)), "runs/small/record.json", _TRAIN),
    "correlation": Alone("cosine of two heads over the correlation of labels: law, certified, trained", _correlation),
    "phases": Alone("which heads live, over decay and number of classes",
                    lambda build: phases.living(grids.phases(build / "grids")), "grids/phases", (*_GRIDS, "phases")),
    "interval": Alone("the proven interval of the minimum over the feature dimension",
                      lambda build: phases.interval(grids.narrow(build / "grids")), "grids/dimension",
                      (*_GRIDS, "dimension")),
}  # fmt: skip


def kept_experiments() -> dict[str, Path]:
    """Figure names of the kept experiments: ``experiment-NAME`` to the record."""
    return {path.stem: path for path in sorted(RECORDS.glob("experiment-*.json"))}


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    name: Annotated[str | None, typer.Argument(help="Of the figure; --list has them.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write, .pdf, .svg or .png.  Default: NAME.pdf.")] = None,
    build: Annotated[Path, typer.Option(help="Folder with the runs and grids.")] = Path("build"),
    show: Annotated[bool, typer.Option("--list", help="Name the figures and exit.")] = False,
) -> None:
    """Draw one figure of the report.  Example: python -m reports.figures gram --out gram.pdf."""
    named = {**{n: one.shows for n, one in FIGURES.items()}, **dict.fromkeys(kept_experiments(), "an experiment")}
    if show:
        for each, shows in named.items():
            typer.echo(f"{each:<32} {shows}")
        return
    if name not in named:
        what = "say which figure" if name is None else f"no figure is called {name!r}"
        typer.echo(f"figures: {what}; expected one of {', '.join(named)}", err=True)
        raise typer.Exit(2)
    target = out or Path(f"{name}.pdf")
    form = target.suffix.lstrip(".")
    if form not in ("pdf", "svg", "png"):
        typer.echo(f"figures: {target}: expected a name that ends in .pdf, .svg or .png", err=True)
        raise typer.Exit(2)
    try:
        write_bytes(target, saved(_draw(name, build), form))
    except (InputError, OSError) as error:
        typer.echo(f"figures: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"figures: {target}")


def _draw(name: str, build: Path) -> Figure:
    kept = kept_experiments()
    if name in kept:
        with reading(kept[name], "make the record again, or take it away"):
            one = read_experiment(kept[name])
        if one.name in PARTICULAR:
            return PARTICULAR[one.name].draw(one)
        if one.name in PARTICULAR:
            return PARTICULAR[one.name].draw(one)
        return correlation.cosines(points) if (points := correlated(one)) else experiments.experiment(one)
    figure = FIGURES[name]
    if figure.made_by and not (build / figure.path).exists():
        words = [word.replace("{build}", str(build)) for word in figure.made_by]
        typer.echo(f"figures: making its data: python -m {' '.join(words)}", err=True)
        done = subprocess.run([sys.executable, "-m", *words], stdout=sys.stderr)
        if done.returncode != 0:
            typer.echo(f"figures: python -m {words[0]} ended with exit code {done.returncode}", err=True)
            raise typer.Exit(1)
    return figure.draw(build)


if __name__ == "__main__":
    sys.exit(app())
