"""What readers of files share: a missing set is said together with the command that gets it."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any

#: How to read a packed file, by its suffix.
OPENERS: Mapping[str, Callable[[Path], Any]] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}


class MissingData(FileNotFoundError):
    """A data set that is not where it was looked for; the message says how to get it."""

    def __init__(self, what: str, where: Path | str, get: str) -> None:
        super().__init__(f"{what} not found in {where}; {get}, then give that folder as --data-dir")


def find(folder: Path, names: Iterable[str], what: str, get: str) -> Path:
    """The first of ``names`` in ``folder``, plain or with a suffix of :data:`OPENERS`.  Raises :class:`MissingData`."""
    for name in names:
        for suffix in ("", *OPENERS):
            path = folder / (name + suffix)
            if path.is_file():
                return path
    raise MissingData(f"{what} ({', '.join(names)})", folder, get)


def open_packed(path: Path) -> IO[bytes]:
    """The file, unpacked as it is read where its suffix says so."""
    opener = OPENERS.get(path.suffix)
    stream: IO[bytes] = path.open("rb") if opener is None else opener(path)
    return stream
