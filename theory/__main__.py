"""``python -m theory [--steps] [--trust] [--json FILE]``: run every proof and print the table of claims.

Exit code 0 if every claim is proved or checked at instances, 1 if one is refuted, 2 for bad usage.  The
JSON file (written atomically) is what the report prints: of every claim the scope, statement, hypotheses, steps
with their outcomes in LaTeX and plain text, and the lemmas cited.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from theory.files import write_json
from theory.version import VERSION

WIDTH = 110


def main(arguments: Sequence[str] | None = None, prog: str = "python -m theory") -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Prove the claims and print their table.",
        epilog="example: %(prog)s --claim single_source --steps",
    )
    parser.add_argument(
        "--json", metavar="FILE", help="also write the outcomes, for the report ('-': print them alone)"
    )
    parser.add_argument("--claim", metavar="NAME", action="append", help="only this claim (may be given again)")
    parser.add_argument("--steps", action="store_true", help="print every step")
    parser.add_argument("--trust", action="store_true", help="print what a reader of each proof has to agree with")
    options = parser.parse_args(arguments)

    # SymPy and the proofs load only now, so that --help is quick
    from theory.claims import all_claims
    from theory.proof.report_data import claim_data, claim_text
    from theory.proof.scope import scope

    claims = all_claims()
    if options.claim:
        known = {c.name for c in claims}
        unknown = [n for n in options.claim if n not in known]
        if unknown:
            parser.error(f"no claim is called {unknown[0]!r}; there are: {', '.join(sorted(known))}")
        claims = tuple(c for c in claims if c.name in options.claim)
    started = time.perf_counter()
    result: dict[str, Any] = {"claims": [claim_data(c) for c in claims]}
    seconds = time.perf_counter() - started
    record = {
        "kind": "proofs",
        "version": 1,
        "result": result,
        "provenance": {"suite": VERSION, "python": platform.python_version(), "seconds": round(seconds, 3)},
    }
    if options.json == "-":
        import json

        print(json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False))
    else:
        for claim in claims:
            print(claim_text(claim, steps=options.steps, width=WIDTH, trust=options.trust), end="\n\n")
        steps = sum(len(c.steps) for c in claims)
        counts = {s: sum(c.status == s for c in claims) for s in ("proved", "checked at instances", "refuted")}
        summary = ", ".join(f"{n} {s}" for s, n in counts.items() if n)
        counted = f"{len(claims)} claim{'s' * (len(claims) != 1)}"
        print(textwrap.fill(f"{counted}, {steps} steps: {summary}; {seconds:.1f} s.", WIDTH))
        kinds = Counter(scope(c).kind for c in claims)
        print(textwrap.fill(f"Scope: {', '.join(f'{n} {kind}' for kind, n in kinds.most_common())}.", WIDTH))
        if options.json:
            write_json(options.json, record)
    return 1 if any(c.status == "refuted" for c in claims) else 0


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # a reader such as head has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)
