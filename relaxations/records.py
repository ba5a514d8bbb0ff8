"""What a run leaves behind: JSON written atomically, a deterministic part apart from its provenance.

A record is ``{"kind", "version", "result": {...}, "provenance": {...}}``: ``result`` is a function of the
configuration and the seed alone, ``provenance`` holds times, versions, device and revision.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from theory.files import write_json, write_text
from theory.version import VERSION

__all__ = ["RECORD_VERSION", "provenance", "read_record", "record", "write_json", "write_text"]

RECORD_VERSION = 1


def record(kind: str, result: dict[str, Any], provenance: dict[str, Any]) -> dict[str, Any]:
    """A record of ``kind``; ``result`` must be deterministic given its configuration."""
    return {"kind": kind, "version": RECORD_VERSION, "result": result, "provenance": provenance}


def read_record(path: Path | str, kind: str) -> dict[str, Any]:
    """The record at ``path``.  Raises ``ValueError`` if it is none, of another kind, or from a newer version."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: not a record ({error}); run the command that makes it again") from None
    if not isinstance(data, dict) or data.get("kind") != kind:
        raise ValueError(f"{path}: expected a record of kind {kind!r}")
    if data.get("version") != RECORD_VERSION:
        raise ValueError(f"{path}: record version {data.get('version')!r}; this suite reads {RECORD_VERSION}")
    return data


def provenance(packages: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """Versions, machine, revision and time of now; ``more`` is added (device, seconds, ...)."""
    return {
        "suite": VERSION,
        "revision": _revision(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "packages": {name: _version(name) for name in packages},
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **more,
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _revision() -> str | None:
    """The git revision of the source tree, with ``+`` if it has changes; ``None`` outside a checkout."""
    here = Path(__file__).resolve().parent
    try:
        head = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], cwd=here, capture_output=True, text=True, timeout=10, check=True
        )
        changes = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=here, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return head.stdout.strip() + ("+" if changes.stdout.strip() else "")
