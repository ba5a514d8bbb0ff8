"""The report as one page: pandoc makes HTML with MathML of the same templates, figures and style inside.

pandoc comes in a wheel (``pypandoc_binary``), so that a page is made wherever the report extra is installed, with TeX
or without.  Numbers and references are written out before (:mod:`reports.references`); what pandoc cannot convert, it
says, and then there is no page.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from importlib import resources
from pathlib import Path

from reports.references import UndefinedReference, resolved

NAME = "verification"
TIME_LIMIT = 300
#: Files beside the templates that pandoc takes.
TEMPLATE, FILTER, STYLE = "page.html", "page.lua", "numeric.csl"


class PageError(RuntimeError):
    """pandoc did not make the page, or could not convert all of it; the message says what."""


def pandoc() -> str | None:
    """The path of pandoc, from its wheel or the PATH; ``None`` if there is none."""
    try:
        import pypandoc
    except ImportError:
        return None
    try:
        return str(pypandoc.get_pandoc_path())
    except OSError:
        return None


def page(sources: dict[str, bytes], program: str) -> bytes:
    """The page of ``sources``, which ``reports.document.render(..., web=True)`` made.  Raises :class:`PageError`."""
    try:
        text = resolved(plain(sources[f"{NAME}.tex"].decode("utf-8")))
    except UndefinedReference as error:
        raise PageError(str(error)) from None
    with tempfile.TemporaryDirectory(prefix="verification-") as name:
        folder = Path(name)
        for relative, data in {**sources, f"{NAME}.tex": text.encode("utf-8")}.items():
            path = folder / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        for each in (TEMPLATE, FILTER, STYLE):
            (folder / each).write_bytes(resources.files("reports.templates").joinpath(each).read_bytes())
        command = [
            program, f"{NAME}.tex", "--from=latex", "--to=html5", f"--output={NAME}.html", "--standalone", "--mathml",
            "--embed-resources", "--toc", "--toc-depth=2", f"--template={TEMPLATE}", f"--lua-filter={FILTER}",
            "--citeproc", f"--csl={STYLE}", "--bibliography=references.bib", "--metadata=link-citations:true",
            "--metadata=lang:en-GB", "--wrap=preserve",
        ]  # fmt: skip
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, timeout=TIME_LIMIT, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PageError(f"pandoc: {error}") from None
        said = done.stderr.decode("utf-8", errors="replace")
        if done.returncode != 0 or "[WARNING]" in said:
            raise PageError("\n".join(said.strip().splitlines()[:40]) or f"pandoc ended with {done.returncode}")
        made = (folder / f"{NAME}.html").read_bytes()
    if found := leftovers(made.decode("utf-8")):
        raise PageError("left as LaTeX: " + "; ".join(found[:10]))
    return made


def plain(source: str) -> str:
    """A source without what only TeX needs: places where a line may break, and signs wrapped for text or formula."""
    source = source.replace(r"\allowbreak{}", "").replace(r"\allowbreak", "")
    return re.sub(
        r"\\ensuremath\{((?:[^{}]|\{[^{}]*\})*)\}", r"\1", re.sub(r"\\text\{(\\ensuremath\{[^{}]*\})\}", r"\1", source)
    )


def leftovers(html: str) -> list[str]:
    """Commands of LaTeX in the visible text of a page, formulas' annotations and code aside."""
    text = re.sub(
        r"<annotation.*?</annotation>|<code.*?</code>|<style.*?</style>|<svg.*?</svg>", "", html, flags=re.DOTALL
    )
    text = re.sub(r"<[^>]*>", "", text)
    return sorted(set(re.findall(r"\\[A-Za-z]+|\$[^$\n]{1,60}\$", text)))
