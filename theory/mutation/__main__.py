"""``python -m theory.mutation [--claim NAME] [--json FILE] [--jobs N]``: the mutation test over the theory.

Prints the operators, the fates of the mutants by claim, the hypotheses that a step turned out not to need, and every
survivor.  With ``--json FILE`` the results are written claim by claim, and what
FILE says of claims that have not changed since (and had no survivors) is kept: an interrupted run is resumed.
Exit code 0 if nothing survived, 1 if something did, 2 for bad usage.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import sys
import textwrap
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from theory.files import write_json
from theory.version import VERSION

WIDTH = 110
COLUMN = 12


def main(arguments: list[str] | None = None, prog: str = "python -m theory.mutation") -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog=prog, description="Perturb every statement.", epilog="example: %(prog)s --claim cells"
    )
    parser.add_argument("--claim", metavar="NAME", action="append", help="only this claim (may be given again)")
    parser.add_argument("--json", metavar="FILE", help="also write every mutant with its fate")
    parser.add_argument("--points", action="store_true", help="with the points that contradict them (a large file)")
    parser.add_argument("--fresh", action="store_true", help="do not keep what FILE says of claims that are unchanged")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="processes (default 1)")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"--jobs {options.jobs}: expected at least 1")
    if options.points and not options.json:
        parser.error("--points: say with --json FILE where to write them")

    from theory.claims import all_claims
    from theory.mutation.operators import OPERATORS
    from theory.mutation.run import FATES, identities, mutants_of

    names = [c.name for c in all_claims()]
    unknown = [n for n in options.claim or () if n not in names]
    if unknown:
        parser.error(f"no claim is called {unknown[0]!r}; there are: {', '.join(sorted(names))}")
    chosen = [n for n in names if not options.claim or n in options.claim]
    print("operators")
    for name, what in OPERATORS.items():
        print(f"  {name:<22}{what}")
    print(f"\n{'claim':<24}{'mutants':>9}" + "".join(f"{fate:>{COLUMN}}" for fate in FATES), flush=True)
    started = time.perf_counter()
    now = identities(names)
    by_claim = {} if options.fresh or not options.json else _kept(Path(options.json), now, chosen, bool(options.claim))
    left = [n for n in chosen if n not in by_claim]

    def write(seconds: float) -> None:
        told = [n for n in names if n in by_claim]
        mutants = [_short(m) if not options.points else m for n in told for m in by_claim[n]]
        counts = {fate: sum(m["fate"] == fate for m in mutants) for fate in FATES}
        which = {n: now[n] for n in told}
        result = {"operators": OPERATORS, "counts": counts, "identities": which, "mutants": mutants}
        provenance = {"suite": VERSION, "python": platform.python_version(), "seconds": round(seconds, 1)}
        write_json(options.json, {"kind": "mutation", "version": 1, "result": result, "provenance": provenance})

    with _Progress(len(left)) as progress, ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool:
        for name, found in zip(left, (pool.map if options.jobs > 1 else map)(mutants_of, left), strict=True):
            by_claim[name] = found
            progress.line(_row(name, found, FATES))
            if options.json:
                write(time.perf_counter() - started)
    seconds = time.perf_counter() - started
    for name in (n for n in chosen if n not in left):
        print(_row(name, by_claim[name], FATES) + "   kept")
    mutants = [m for n in chosen for m in by_claim[n]]
    print(_row("all", mutants, FATES))
    print(LEGEND)
    _show("not used (the step holds without)", [m for m in mutants if m["fate"] == "not used"])
    _show("survived", [m for m in mutants if m["fate"] == "survived"])
    counts = {fate: sum(m["fate"] == fate for m in mutants) for fate in FATES}
    killed = counts["point"] + counts["enclosure"]
    print(f"\n{len(mutants)} mutants, {killed} killed, {counts['survived']} survivors; {seconds:.0f} s.")
    return 1 if counts["survived"] else 0


LEGEND = """
point, enclosure: contradicted at a point, in rational numbers or by balls.  equivalent: says what the step says.
implied: another true statement.  not used: the step holds without the hypothesis.  The last three shown by machine."""


def _kept(
    path: Path, now: dict[str, dict[str, str]], chosen: Sequence[str], again: bool
) -> dict[str, list[dict[str, Any]]]:
    """What a record says of claims whose steps are what they were, by name.

    Of the ``chosen`` ones only those that had no survivors, and none if they are to be tried ``again``.
    """
    if not path.exists():
        return {}
    data = json.loads(path.read_text(encoding="utf-8"))
    if data.get("kind") != "mutation" or "identities" not in data.get("result", {}):
        return {}
    out: dict[str, list[dict[str, Any]]] = {n: [] for n in data["result"]["identities"]}
    for m in data["result"]["mutants"]:
        out[m["claim"]].append({"reason": "", **m})
    return {
        n: found
        for n, found in out.items()
        if data["result"]["identities"][n] == now.get(n)
        and not (n in chosen and (again or any(m["fate"] == "survived" for m in found)))
    }


def _row(name: str, mutants: Sequence[dict[str, Any]], fates: Sequence[str]) -> str:
    counts = "".join(f"{sum(m['fate'] == fate for m in mutants):>{COLUMN}}" for fate in fates)
    return f"{name:<24}{len(mutants):>9}{counts}"


def _show(title: str, mutants: Sequence[dict[str, Any]]) -> None:
    if not mutants:
        return
    print(f"\n{title}")
    for m in mutants:
        reason = f" ({m['reason']})" if m["reason"] else ""
        text = f"  {m['claim']} / {m['step']} / {m['operator']}: {m['text']}{reason}"
        print(textwrap.fill(text, WIDTH, subsequent_indent=" " * 6))


def _short(mutant: dict[str, Any]) -> dict[str, Any]:
    """Without the point, which the seed finds again, and without what is empty."""
    return {k: v for k, v in mutant.items() if k != "point" and v}


class _Progress:
    """Rows as they come; on a terminal also how many claims are done."""

    def __init__(self, total: int):
        self.total, self.done, self.shown = total, 0, sys.stderr.isatty() and sys.stdout.isatty()

    def __enter__(self) -> _Progress:
        self._status()
        return self

    def __exit__(self, *error: object) -> None:
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def line(self, text: str) -> None:
        """Print a row above the status."""
        self.done += 1
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        print(text, flush=True)
        self._status()

    def _status(self) -> None:
        if self.shown and self.done < self.total:
            sys.stderr.write(f"\r{self.done} of {self.total} claims")
            sys.stderr.flush()


def bound_memory(share: float = 0.5) -> None:
    """Let a search that runs away end itself and not the machine: at most this share of its memory, where limits exist.

    (The first step of ``vanishing_decay`` is known to need more.)
    """
    if importlib.util.find_spec("resource") is None:
        return
    resource = importlib.import_module("resource")
    most = int(share * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    bound_memory()
    sys.exit(main())
