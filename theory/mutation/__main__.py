"""``python -m theory.mutation [--claim NAME] [--json FILE] [--jobs N]``: the mutation test over the theory.

Prints the operators, the fates of the mutants by claim, the hypotheses that a step turned out not to need, and every
survivor.  With ``--json FILE`` (:mod:`theory.mutation.record`) the results are written claim by claim, and what FILE
says of claims that have not changed since (and had no survivors) is kept: an interrupted run is resumed.
Exit code 0 if nothing survived, 1 if something did, 2 for bad usage.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import sys
import textwrap
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from theory.files import write_json
from theory.version import VERSION

if TYPE_CHECKING:
    from theory.mutation.record import Outcome

WIDTH = 110
COLUMN = 12


def main(arguments: list[str] | None = None, prog: str = "python -m theory.mutation") -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog=prog, description="Perturb every statement.", epilog="example: %(prog)s --claim cells"
    )
    parser.add_argument("--claim", metavar="NAME", action="append", help="only this claim (may be given again)")
    parser.add_argument("--json", metavar="FILE", help="also write the fates, and what no point contradicts one by one")
    parser.add_argument("--points", action="store_true", help="also every point, in FILE (large; all anew)")
    parser.add_argument("--fresh", action="store_true", help="do not keep what FILE says of claims that are unchanged")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="processes (default 1)")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"--jobs {options.jobs}: expected at least 1")
    if options.points and not options.json:
        parser.error("--points: say with --json FILE where to write them")

    from theory.claims import all_claims
    from theory.mutation.fates import FATES
    from theory.mutation.identity import identities
    from theory.mutation.operators import OPERATORS
    from theory.mutation.record import kept, result_of
    from theory.mutation.run import outcome_of

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
    found: dict[str, Outcome] = {}
    if options.json and not options.fresh and not options.points:  # a record has no points to keep
        try:
            found = kept(Path(options.json), now, chosen, again=bool(options.claim))
        except ValueError:
            parser.error(
                f"--json {options.json}: not a record of this test; name another file, or --fresh to replace it"
            )
    left = [n for n in chosen if n not in found]

    def write() -> None:
        told = {n: found[n] for n in names if n in found}
        provenance = {
            "suite": VERSION,
            "python": platform.python_version(),
            "seconds": round(time.perf_counter() - started, 1),
        }
        result = result_of(told, now, options.points)
        write_json(options.json, {"kind": "mutation", "version": 1, "result": result, "provenance": provenance})

    with _Progress(len(left)) as progress, ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool:
        for name, outcome in zip(left, (pool.map if options.jobs > 1 else map)(outcome_of, left), strict=True):
            found[name] = outcome
            progress.line(_row(name, outcome.counts))
            if options.json:
                write()
    for name in (n for n in chosen if n not in left):
        print(_row(name, found[name].counts) + "   kept")
    counts = {fate: sum(found[n].counts[fate] for n in chosen) for fate in FATES}
    print(_row("all", counts))
    print(LEGEND)
    _show("not used (the step holds without)", [(n, m) for n in chosen for m in found[n].those("not used")])
    _show("survived", [(n, m) for n in chosen for m in found[n].those("survived")])
    killed, survived = counts["point"] + counts["enclosure"], counts["survived"]
    seconds = time.perf_counter() - started
    print(f"\n{sum(counts.values())} mutants, {killed} killed, {survived} survivors; {seconds:.0f} s.")
    return 1 if survived else 0


LEGEND = """
point, enclosure: contradicted at a point, in rational numbers or by balls.  equivalent: says what the step says.
implied: another true statement.  not used: the step holds without the hypothesis.  The last three shown by machine."""


def _row(name: str, counts: dict[str, int]) -> str:
    return f"{name:<24}{sum(counts.values()):>9}" + "".join(f"{n:>{COLUMN}}" for n in counts.values())


def _show(title: str, mutants: Sequence[tuple[str, dict[str, str]]]) -> None:
    if not mutants:
        return
    print(f"\n{title}")
    for claim, m in mutants:
        reason = f" ({m['reason']})" if m["reason"] else ""
        text = f"  {claim} / {m['step']} / {m['operator']}: {m['text']}{reason}"
        print(textwrap.fill(text, WIDTH, subsequent_indent=" " * 6))


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
    """At most this share of the machine's memory, where limits exist: a search that runs away ends itself."""
    if importlib.util.find_spec("resource") is None:
        return
    resource = importlib.import_module("resource")
    most = int(share * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    bound_memory()
    sys.exit(main())
