"""The ``collapse`` command: every ``python -m`` command of the suite under one name.

    collapse certify --tasks 3        is  python -m relaxations.certify --tasks 3

A command's module is imported when it is called, not before: ``collapse --help`` is quick, and ``collapse certify``
runs where torch is not installed.  A command whose optional packages are missing says which extra installs them
(exit code 2).  ``collapse --install-completion`` teaches the shell the names of commands and options.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from theory.version import VERSION


@dataclass(frozen=True)
class Entry:
    """A command: the module that has it, and what it is for.

    ``attribute`` is a Typer application, or a function that takes the arguments and ``prog`` and returns the exit code.
    """

    module: str
    attribute: str
    help: str
    panel: str


THEORY, CERTIFICATES, TRAINING, REPORT = "Theory", "Certificates", "Training", "Report"

COMMANDS = {
    "prove": Entry("theory.__main__", "main", "Prove the claims and print their table.", THEORY),
    "mutate": Entry("theory.mutation.__main__", "main", "Perturb every statement: does the proof notice?", THEORY),
    "certify": Entry("relaxations.certify", "app", "Certify the global minimum of a problem.", CERTIFICATES),
    "check": Entry("relaxations.check", "main", "Check a certificate, in ball arithmetic.", CERTIFICATES),
    "check-exact": Entry("relaxations.check_exact", "main", "The same in exact rationals (small).", CERTIFICATES),
    "check-float": Entry("relaxations.check_float", "main", "The same in floats with bounds (large).", CERTIFICATES),
    "audit": Entry("relaxations.audit_command", "app", "How far is a trained last layer from collapse?", CERTIFICATES),
    "sweep": Entry("relaxations.sweep", "app", "Certify every point of a grid.", CERTIFICATES),
    "train": Entry("empirical.train", "app", "Train a preset or an experiment beside its certificate.", TRAINING),
    "train-sweep": Entry("empirical.sweep", "app", "Train experiments side by side, on Dask.", TRAINING),
    "certificates": Entry("reports.certificates", "app", "Certify the instances that the report shows.", REPORT),
    "counterexamples": Entry("reports.counterexamples", "app", "Prove every counterexample.", REPORT),
    "figure": Entry("reports.figures.__main__", "app", "Draw one figure alone.", REPORT),
    "report": Entry("reports.build", "app", "Write the verification report.", REPORT),
}

#: The extra that brings a package which the base installation does without.
EXTRAS = {
    "torch": "train", "torchmetrics": "train", "mlxtend": "train", "sklearn": "train", "lightning": "train",
    "lightning_fabric": "train", "torchjd": "train", "monai": "networks", "PIL": "images", "dask": "dask",
    "distributed": "dask", "safetensors": "audit", "jinja2": "report", "matplotlib": "report", "pypandoc": "report",
}  # fmt: skip


def load(name: str) -> Any:
    """The command called ``name``, its module imported.

    Raises ``typer.Exit`` with code 2, after a message that names the extra, where an optional package is missing.
    """
    entry = COMMANDS[name]
    try:
        found = getattr(import_module(entry.module), entry.attribute)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRAS:
            raise
        wanted = f"pip install 'multitask-collapse[{EXTRAS[missing]}]'"
        typer.echo(f"collapse {name}: needs {missing}, which is not installed: {wanted}", err=True)
        raise typer.Exit(2) from None
    return _command(found) if isinstance(found, typer.Typer) else _passed_on(name, found)


def _command(app: typer.Typer) -> Any:
    """A Typer application as one command."""
    return typer.main.get_command(app)


def _passed_on(name: str, run: Callable[..., int]) -> Any:
    """A command that hands its arguments, ``--help`` included, to ``run``."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

    @app.command(
        name, context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
    )
    def _(context: typer.Context) -> None:
        raise typer.Exit(run(context.args, prog=f"collapse {name}"))

    return _command(app)


class Lazy(TyperGroup):
    """A group that lists its commands without importing them, and imports the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of ``args``, imported (the base class has only its line of help)."""
        name, listed, rest = super().resolve_command(ctx, args)
        return name, load(name) if name in COMMANDS else listed, rest


app = typer.Typer(
    cls=Lazy,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"multitask-collapse {VERSION}")
        raise typer.Exit


@app.callback(
    epilog="collapse COMMAND --help tells a command's options; collapse certify --tasks 3 is a first certificate."
)
def _(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Neural collapse in multi-task learning: prove it, certify it, audit networks, train beside the certificate."""


def _listed(name: str, entry: Entry) -> None:
    @app.command(name, help=entry.help, rich_help_panel=entry.panel)
    def _() -> None:
        """Never runs: :meth:`Lazy.resolve_command` puts the real command in its place."""
        raise NotImplementedError(name)


for _name, _entry in COMMANDS.items():
    _listed(_name, _entry)


def main() -> None:
    """The entry point of the installed command."""
    sys.exit(app(prog_name="collapse"))


if __name__ == "__main__":
    main()
