"""The certified instances that the report shows: each solved, certified, and kept with the command that makes it.

    python -m reports.certificates --out build/certificates

An instance is what one would type after ``python -m relaxations.certify``, so the report can print how to make
it by hand.  Every instance leaves two files, written whole or not at all: ``NAME.certificate.json``, which
``relaxations.check`` proves from nothing else, and ``NAME.json``, the record of the result.  A second run keeps
what was made by the same sources and makes the rest.
"""

from __future__ import annotations

import hashlib
import shlex
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

import relaxations
import theory
from relaxations import problems
from relaxations.certify import CertifyResult, certify_problem
from relaxations.records import provenance, read_record, record, write_json
from theory.model import UFM
from theory.rationals import exact

#: The kind of the records that this module writes.
KIND = "certified-instance"


@dataclass(frozen=True)
class Instance:
    """A problem in the words of the ``certify`` command line; every number is the text that one would type.

    name : of the files; title : what it shows, a line.
    Other attributes are the options of the same name; ``None`` or the default leaves an option out.
    """

    name: str
    title: str
    classes: str
    scenario: str = "ssmtc"
    samples_per_cell: str = "1"
    loss: str = "ce"
    smoothing: str = "0"
    task_weights: str = "1"
    weight_decay: str | None = None
    feature_decay: str | None = None
    bias: str = "none"
    dim: int | None = None
    convention: str = "mean-halves"

    def problem(self) -> UFM:
        """The problem that the command line states."""
        design = problems.balanced_design(
            problems.whole_numbers(self.classes, "classes"), self.scenario, self.samples_per_cell
        )
        if exact(self.smoothing) != 0:
            design = design.smoothed(self.smoothing)
        return problems.with_default_decays(
            design,
            None if self.weight_decay is None else problems.numbers(self.weight_decay, "weight-decay"),
            None if self.feature_decay is None else exact(self.feature_decay, "feature-decay"),
            problems.numbers(self.task_weights, "task-weights"),
            None if self.bias == "none" else exact(0) if self.bias == "free" else problems.numbers(self.bias, "bias"),
            self.loss,
            self.dim,
            self.convention,
        )

    def options(self) -> list[str]:
        """The options of ``python -m relaxations.certify`` that state the problem."""
        out = ["--classes", self.classes]
        for name in Instance.__dataclass_fields__:
            value, default = getattr(self, name), Instance.__dataclass_fields__[name].default
            if name not in ("name", "title", "classes") and value != default:
                out += ["--" + name.replace("_", "-"), str(value)]
        return out

    def command(self) -> str:
        """The command line that makes this certificate."""
        return shlex.join(["python", "-m", "relaxations.certify", *self.options()])


#: What the report shows: both scenarios, both losses, every kind of label and bias, and the limits of the theorems.
INSTANCES: tuple[Instance, ...] = (
    Instance("two-tasks", "two tasks of three classes, single source", "3,3"),
    Instance("three-tasks", "three tasks of three classes, single source", "3,3,3"),
    Instance("unequal-classes", "unequal numbers of classes and unequal task weights", "2,4", task_weights="1,3/2"),
    Instance("ten-classes", "two tasks of ten classes", "10,10"),
    Instance("multi-source", "multi source, unequal sizes", "3,4", scenario="msmtc", samples_per_cell="4,3"),
    Instance("free-bias", "a free bias", "3,3", bias="free"),
    Instance("decayed-bias", "a decayed bias, repeated cells", "2,3", samples_per_cell="5", bias="0.01"),
    Instance("smoothed-labels", "label smoothing", "3,3", smoothing="0.1"),
    Instance("squared-error", "squared error without bias", "3,3", loss="mse"),
    Instance("paper-convention", "sum loss, no halves, task weight on the decay", "3,3", convention="paper-sum",
             task_weights="1/2"),
    Instance("dead-task", "decays beyond the threshold of the second task", "2,4", task_weights="1,1/2",
             weight_decay="0.1", feature_decay="0.1"),
    Instance("too-few-dimensions", "feature dimension below the rank of the optimum", "3,3", dim=3),
)  # fmt: skip


@cache
def sources() -> str:
    """SHA-256 over the sources that decide a certificate: a record of other sources is made again."""
    digest = hashlib.sha256()
    for package in (theory, relaxations):
        for path in sorted(Path(next(iter(package.__path__))).rglob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()


def certificate_path(folder: Path, name: str) -> Path:
    """Where the certificate of the instance called ``name`` lies."""
    return folder / f"{name}.certificate.json"


def record_path(folder: Path, name: str) -> Path:
    """Where the record of the instance called ``name`` lies."""
    return folder / f"{name}.json"


def up_to_date(folder: Path, instance: Instance) -> bool:
    """Are both files there, made by these sources from this command line?"""
    path = certificate_path(folder, instance.name)
    try:
        result = read_record(record_path(folder, instance.name), KIND)["result"]
        made = (result["sources"], result["command"], result["certificate"])
        return bool(made == (sources(), instance.command(), hashlib.sha256(path.read_bytes()).hexdigest()))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def make(folder: Path, instance: Instance) -> CertifyResult:
    """Certify one instance and write its two files, the record last: it vouches for the certificate."""
    result = certify_problem(instance.problem())
    path = certificate_path(folder, instance.name)
    result.certificate.save(path)
    data: dict[str, Any] = result.to_dict()
    seconds = data.pop("seconds")
    write_json(
        record_path(folder, instance.name),
        record(
            KIND,
            {
                "name": instance.name,
                "title": instance.title,
                "command": instance.command(),
                "sources": sources(),
                "certificate": hashlib.sha256(path.read_bytes()).hexdigest(),
                "outcome": data,
            },
            provenance(("cvxpy", "clarabel", "scs", "numpy", "scipy", "python-flint"), seconds=seconds),
        ),
    )
    return result


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(epilog="Example: python -m reports.certificates --out build/certificates")
def command(
    out: Annotated[Path, typer.Option(help="Folder of the certificates.")] = Path("build/certificates"),
    only: Annotated[list[str] | None, typer.Option(help="Only the instance of this name (repeatable).")] = None,
    fresh: Annotated[bool, typer.Option(help="Make all again, whatever is there.")] = False,
) -> None:
    """Certify the instances that the report shows.  Exit 0; 1 if one is refuted; 2 bad usage."""
    known = [i.name for i in INSTANCES]
    unknown = [name for name in only or () if name not in known]
    if unknown:
        typer.echo(f"certificates: no instance {unknown[0]!r}; expected one of {', '.join(known)}", err=True)
        raise typer.Exit(2)
    refuted = False
    for instance in INSTANCES:
        if only and instance.name not in only:
            continue
        if not fresh and up_to_date(out, instance):
            typer.echo(f"{instance.name:<20} up to date")
            continue
        try:
            result = make(out, instance)
        except OSError as error:
            typer.echo(f"certificates: {error}", err=True)
            raise typer.Exit(2) from None
        refuted |= result.status == "refuted"
        typer.echo(
            f"{instance.name:<20} {result.status:<13} [{result.verdict.lower}, {result.verdict.upper}]  "
            f"{result.seconds['total']:.1f} s"
        )
    if refuted:
        typer.echo("certificates: a theorem's value is proved to lie outside an enclosure", err=True)
    raise typer.Exit(1 if refuted else 0)


if __name__ == "__main__":
    sys.exit(app())
