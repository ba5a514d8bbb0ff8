"""The command line."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable

from .reading import RefusedError, number
from .verdict import LEVEL, judge_file


def main(arguments: Iterable[str] | None = None, prog: str = "check_exact") -> int:
    """``check_exact FILE [--problem FILE] [--tolerance X] [--json]``: exit 0 proved, 1 not, 2 usage."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Check a small certificate in exact rationals.",
        epilog="exit status: 0 if what the file states is proved (a certificate: certified; a refutation: refuted), "
        "1 if not, 2 usage; example: python -m relaxations.check_exact c.json",
    )
    parser.add_argument("file", help="a certificate, or a refutation")
    parser.add_argument("--problem", metavar="FILE", help="refuse a certificate of another problem than FILE states")
    parser.add_argument("--tolerance", default="1e-8", metavar="X", help="relative width that is enough (default 1e-8)")
    parser.add_argument("--json", action="store_true", help="print the verdict as one JSON object")
    options = parser.parse_args(None if arguments is None else list(arguments))
    try:
        if number(options.tolerance, "--tolerance") <= 0:
            parser.error(f"--tolerance: {options.tolerance}; expected a positive number")
    except RefusedError as error:
        parser.error(str(error))
    verdict = judge_file(options.file, options.tolerance, options.problem)
    if options.json:
        finite = {k: None if isinstance(v, float) and math.isinf(v) else v for k, v in verdict.items()}
        print(json.dumps(finite))
    elif verdict["lower"] is None:
        print(f"{verdict['status']}: {verdict['reason']}", file=sys.stderr)
    else:
        print(f"{verdict['status']}: {verdict['reason']}")
        print(f"minimum in [{verdict['lower']}, {verdict['upper']}]")
        if verdict["gap"] is not None:
            print(f"width      {verdict['gap']:.3g}, relative {verdict['relative_gap']:.3g}")
        print(f"level      {LEVEL}")
        if verdict["witness"] is not None:
            down = verdict["witness"]
            print(f"witness    {down['kind']}, step {down['step']:.6g}: f falls from {down['from']}")
            print(f"           to {down['to']}, by at least {down['decrease']}")
        print(f"problem    {verdict['problem_id']}\n           {verdict['problem']}")
    return 0 if verdict["status"] in ("certified", "refuted") else 1
