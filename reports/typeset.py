"""LaTeX to PDF by latexmk, where there is one; a faulty document is refused.

A fault is an undefined or doubled reference, a missing sign, or a line that sticks out of its column.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

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
