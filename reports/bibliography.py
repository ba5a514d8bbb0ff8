"""References: claims and lemmas name their sources in words, the report links them to the bibliography.

"Horn and Johnson, Matrix Analysis (2013), Theorem 7.7.2" cites the entry whose first author's surname is followed by
its year.  ``references.bib`` is the only list; BibTeX prints what is cited and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reports.latex import Latex

BIBLIOGRAPHY = Path(__file__).with_name("references.bib")


@dataclass(frozen=True)
class Entry:
    """Key, first author's surname and year of a reference."""

    key: str
    surname: str
    year: str


@cache
def entries() -> tuple[Entry, ...]:
    """The entries of ``references.bib``.  Raises ``ValueError`` for one without author or year."""
    out = []
    for part in re.split(r"(?m)^@\w+\{", BIBLIOGRAPHY.read_text(encoding="utf-8"))[1:]:
        key = part.partition(",")[0]
        author = re.search(r"author\s*=\s*\{(.*)\},\n", part)
        year = re.search(r"year\s*=\s*\{(\d{4})\}", part)
        if author is None or year is None:
            raise ValueError(f"references.bib: entry {key!r} needs an author and a year, each on one line")
        surname = re.split(r",| and ", author[1])[0].strip("{} ")
        out.append(Entry(key, surname, year[1]))
    return tuple(out)


def cited(text: str) -> list[str]:
    """The keys of the entries that ``text`` names as ``Surname ... year``, in the order of the text."""
    found = []
    for entry in entries():
        match = re.search(rf"\b{re.escape(entry.surname)}\b(?:(?!\b\d{{4}}\b)[^;:])*?\b{entry.year}\b", text)
        if match:
            found.append((match.start(), entry.key))
    return [key for _, key in sorted(found)]


def cite(text: str) -> Latex:
    """A citation of what ``text`` names, with the space before it; empty if it names nothing known."""
    keys = cited(text)
    return Latex(rf"~\citep{{{','.join(keys)}}}" if keys else "")
