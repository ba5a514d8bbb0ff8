"""``python -m theory.mutation [--claim NAME] [--json FILE] [--jobs N]``: the mutation test over the theory.

Prints the operators, the fates of the mutants by claim, and every survivor.  Exit code 0 if nothing survived,
1 if something did, 2 for bad usage.
"""

from __future__ import annotations

import argparse
import platform
import sys
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from theory.files import write_json
from theory.version import VERSION

WIDTH = 110
FATES = ("killed", "true", "not claimed", "survived")


def main(arguments: list[str] | None = None, prog: str = "python -m theory.mutation") -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog=prog, description="Perturb every statement.")
    parser.add_argument("--claim", metavar="NAME", action="append", help="only this claim (may be given again)")
    parser.add_argument("--json", metavar="FILE", help="also write every mutant with its fate and its point")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="processes (default 1)")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"--jobs {options.jobs}: expected at least 1")

    from theory.claims import all_claims
    from theory.mutation.operators import OPERATORS
    from theory.mutation.run import mutants_of

    names = [c.name for c in all_claims()]
    unknown = [n for n in options.claim or () if n not in names]
    if unknown:
        parser.error(f"no claim is called {unknown[0]!r}; there are: {', '.join(sorted(names))}")
    chosen = [n for n in names if not options.claim or n in options.claim]
    print("operators")
    for name, what in OPERATORS.items():
        print(f"  {name:<22}{what}")
    print(f"\n{'claim':<24}" + "".join(f"{fate:>13}" for fate in FATES))
    started = time.perf_counter()
    mutants: list[dict[str, object]] = []
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for name, found in zip(chosen, (pool.map if options.jobs > 1 else map)(mutants_of, chosen), strict=True):
            mutants += found
            print(f"{name:<24}" + "".join(f"{sum(m['fate'] == f for m in found):>13}" for f in FATES), flush=True)
    seconds = time.perf_counter() - started
    counts = {f: sum(m["fate"] == f for m in mutants) for f in FATES}
    print(f"{'all':<24}" + "".join(f"{counts[f]:>13}" for f in FATES))
    print("\nkilled: a point contradicts it.  true: shown by machine to follow, or to be the same statement.")
    print("not claimed: it denies nothing that the claim says (no best constant, no necessary condition claimed).")
    for m in mutants:
        if m["fate"] == "survived":
            text = f"survived: {m['claim']} / {m['step']} / {m['operator']}: {m['text']}"
            print(textwrap.fill(text, WIDTH, subsequent_indent=" " * 10))
    print(f"\n{len(mutants)} mutants, {counts['survived']} survivors; {seconds:.0f} s.")
    if options.json:
        result = {"operators": OPERATORS, "counts": counts, "mutants": mutants}
        provenance = {"suite": VERSION, "python": platform.python_version(), "seconds": round(seconds, 1)}
        write_json(options.json, {"kind": "mutation", "version": 1, "result": result, "provenance": provenance})
    return 1 if counts["survived"] else 0


if __name__ == "__main__":
    sys.exit(main())
