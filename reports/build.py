"""Build the report: ``python -m reports.build --build build --out build/report``.

Reads claims, certificates and training records, writes ``verification.tex`` with its figures, and, where latexmk
and a TeX engine are on the PATH, ``verification.pdf``.  The same inputs make the same bytes: nothing depends on
the time, and TeX is told not to write any (SOURCE_DATE_EPOCH is passed on where it is set).

Exit code 0: written.  1: the PDF could not be made, or is faulty (an undefined reference, a line that sticks out),
or the report has a refutation or a missed gate to tell.  2: an input is missing or unreadable, or bad usage.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from relaxations.records import write_text
from reports.checked import InputError
from reports.collect import collect
from reports.document import render
from theory.files import write_bytes

NAME = "verification"
#: A box may stick out by so many points, which nobody sees.
OVERFULL = 1.0
TIME_LIMIT = 300


class TypesettingError(RuntimeError):
    """TeX did not make the PDF, or made a faulty one; the message holds the lines of the log that matter."""


def tex_engine() -> str | None:
    """The path of latexmk if it and pdflatex are there, else ``None``."""
    latexmk = shutil.which("latexmk")
    return latexmk if latexmk and shutil.which("pdflatex") else None


def typeset(sources: dict[str, bytes], latexmk: str) -> bytes:
    """The PDF of ``sources`` (name to content).  Raises :class:`TypesettingError`.

    Runs in a folder of its own, so that no half-made file of an earlier run takes part and none is left behind.
    """
    with tempfile.TemporaryDirectory(prefix="verification-") as name:
        folder = Path(name)
        for relative, data in sources.items():
            path = folder / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        variables = {"SOURCE_DATE_EPOCH": "0", **os.environ, "FORCE_SOURCE_DATE": "1", "max_print_line": "10000"}
        command = [
            latexmk,
            "-norc",
            "-pdf",
            "-interaction=nonstopmode",
            "-halt-on-error",
            "-file-line-error",
            f"{NAME}.tex",
        ]
        try:
            done = subprocess.run(
                command, cwd=folder, env=variables, capture_output=True, timeout=TIME_LIMIT, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise TypesettingError(f"latexmk: {error}") from None
        log = folder / f"{NAME}.log"
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        pdf = folder / f"{NAME}.pdf"
        if done.returncode != 0 or not pdf.exists():
            output = (done.stdout + done.stderr).decode("utf-8", errors="replace")
            raise TypesettingError("\n".join(errors_in(text) or output.strip().splitlines()[-15:]))
        if found := faults_in(text):
            raise TypesettingError("\n".join(found))
        return pdf.read_bytes()


def errors_in(log: str) -> list[str]:
    """The errors of a log, each with the lines that TeX shows after it."""
    lines = log.splitlines()
    out: list[str] = []
    for k, line in enumerate(lines):
        if re.match(r"! |\S+\.(tex|bbl|sty):\d+: ", line):
            out += [x for x in lines[k : k + 5] if x.strip()]
    return out[:40]


def faults_in(log: str) -> list[str]:
    """What must not be in the log of a finished document: undefined or doubled references, boxes that stick out."""
    out = []
    for line in log.splitlines():
        wide = re.match(r"Overfull \\[hv]box \(([\d.]+)pt too (?:wide|high)\)", line)
        sticks_out = wide is not None and float(wide[1]) > OVERFULL
        if sticks_out or re.search(r"Warning: .*(undefined|multiply.defined)|Missing character|Float too large", line):
            out.append(line)
    return list(dict.fromkeys(out))


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    build: Annotated[Path, typer.Option(help="Folder with proofs.json, certificates/ and runs/.")] = Path("build"),
    out: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("build/report"),
    records: Annotated[
        list[Path] | None, typer.Option(help="A further folder of training records (repeatable).")
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf/--no-pdf", help="Run TeX where there is one.")] = True,
) -> None:
    """Write the verification report from claims, certificates and training records."""
    try:
        inputs = collect(build, records or [])
    except InputError as error:
        typer.echo(f"report: {error}", err=True)
        raise typer.Exit(2) from None
    sources = render(inputs)
    target = out / f"{NAME}.pdf"
    try:
        for name, data in sources.items():
            write_bytes(out / name, data)
        for stray in sorted((out / "figures").glob("*.pdf")):
            if f"figures/{stray.name}" not in sources:
                stray.unlink()  # of a run that is there no longer
    except OSError as error:
        typer.echo(f"report: {out}: cannot be written ({error.strerror or error})", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"report: {out / NAME}.tex")

    latexmk = tex_engine() if pdf else None
    if latexmk is None:
        target.unlink(missing_ok=True)  # a PDF of other inputs would pass for this report
        if pdf:
            typer.echo(
                "report: no PDF: latexmk and pdflatex are not both on the PATH; install a TeX and run this again"
            )
    else:
        try:
            write_bytes(target, typeset(sources, latexmk))
        except TypesettingError as error:
            target.unlink(missing_ok=True)
            write_text(out / f"{NAME}.errors.txt", f"{error}\n")
            typer.echo(f"report: TeX failed; the lines of its log that matter:\n{error}", err=True)
            raise typer.Exit(1) from None
        (out / f"{NAME}.errors.txt").unlink(missing_ok=True)
        typer.echo(f"report: {target}")
    faults = inputs.faults()
    for fault in faults:
        typer.echo(f"report: the report says: {fault}", err=True)
    raise typer.Exit(1 if faults else 0)


if __name__ == "__main__":
    sys.exit(app())
