"""Build the report: ``python -m reports.build --build build --out build/report``.

Reads claims, certificates and records and writes

    verification.html   one page with formulas in MathML and figures inside, by pandoc, which the report extra brings
    verification.pdf    where latexmk and a TeX engine are on the PATH
    verification.tex    with references.bib and the figures

The same inputs make the same bytes: nothing depends on the time, and TeX is told not to write any (SOURCE_DATE_EPOCH
is passed on where it is set).

``--only CLAIM`` writes the part on one claim; ``--quick`` writes what can be said from what is there, without the
appendices of proofs.  For both the claims are proved now where nobody has.

Exit code 0: written.  1: the PDF or the page could not be made, or is faulty (an undefined reference, a line that
sticks out), or the report has a refutation or a missed gate to tell.  2: an input is missing or unreadable, or bad
usage.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from relaxations.records import write_text
from reports.checked import InputError
from reports.collect import collect
from reports.document import render
from reports.typeset import NAME, TypesettingError, tex_engine, typeset
from reports.web import PageError, page, pandoc
from theory.files import write_bytes

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    build: Annotated[Path, typer.Option(help="Folder with proofs.json, certificates/, runs/ and so on.")] = Path(
        "build"
    ),
    out: Annotated[
        Path | None, typer.Option(help="Folder of the report.  Default: BUILD/report; with --only, below that.")
    ] = None,
    records: Annotated[
        list[Path] | None, typer.Option(help="A further folder of training records (repeatable).")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only the claim of this name (repeatable).")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="From what is there, without the appendices of proofs.")
    ] = False,
    pdf: Annotated[bool, typer.Option("--pdf/--no-pdf", help="Run TeX where there is one.")] = True,
    html: Annotated[bool, typer.Option("--html/--no-html", help="Make the page.")] = True,
) -> None:
    """Write the verification report from claims, certificates and records.

    Example: python -m reports.build --only thresholds --out build/thresholds
    """
    names = only or []
    folder = out or (build / "report" / "-".join(names) if names else build / "report")
    try:
        inputs = collect(build, records or [], partial=quick or bool(names), only=names)
    except InputError as error:
        typer.echo(f"report: {error}", err=True)
        raise typer.Exit(2) from None
    sources = render(inputs, quick=quick)
    try:
        for name, data in sources.items():
            write_bytes(folder / name, data)
        for stray in sorted((folder / "figures").glob("*.pdf")):
            if f"figures/{stray.name}" not in sources:
                stray.unlink()  # of a run that is there no longer
    except OSError as error:
        typer.echo(f"report: {folder}: cannot be written ({error.strerror or error})", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"report: {folder / NAME}.tex")

    made = []
    program = pandoc() if html else None
    made.append(
        _made(folder / f"{NAME}.html", program and (lambda: page(render(inputs, web=True, quick=quick), program)))
    )
    if html and program is None:
        typer.echo("report: no page: pandoc is not there; pip install pypandoc_binary and run this again")
    latexmk = tex_engine() if pdf else None
    made.append(_made(folder / f"{NAME}.pdf", latexmk and (lambda: typeset(sources, latexmk))))
    if pdf and latexmk is None:
        typer.echo("report: no PDF: latexmk and pdflatex are not both on the PATH; install a TeX and run this again")

    faults = inputs.faults()
    for fault in faults:
        typer.echo(f"report: the report says: {fault}", err=True)
    raise typer.Exit(1 if faults or not all(made) else 0)


def _made(target: Path, make: Callable[[], bytes] | str | None) -> bool:
    """Make ``target``; where nothing makes it, or that fails, no file of other inputs stays to pass for it.

    What went wrong is printed and kept beside it.  False where it failed.
    """
    errors = target.with_name(f"{target.name}.errors.txt")
    if not callable(make):
        target.unlink(missing_ok=True)
        return True
    try:
        write_bytes(target, make())
    except (TypesettingError, PageError) as error:
        target.unlink(missing_ok=True)
        write_text(errors, f"{error}\n")
        typer.echo(f"report: {target.name} could not be made; what was said of it:\n{error}", err=True)
        return False
    errors.unlink(missing_ok=True)
    typer.echo(f"report: {target}")
    return True


if __name__ == "__main__":
    sys.exit(app())
