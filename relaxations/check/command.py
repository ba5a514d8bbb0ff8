"""The command line of the checker."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

from flint import fmpq

from .decimals import decimal
from .judge import check_file
from .levels import BALLS, Method
from .reading import MalformedError, rational, read_block, read_file
from .refutation import STATED, refutation_data
from .verdict import Verdict

EXAMPLE = """\
example:
  python -m relaxations.certify --tasks 3 --save-certificate c.json
  python -m relaxations.check c.json

exit status: 0 if what the file states is proved (a certificate: certified; a refutation: refuted), 1 if not, 2 usage
"""


def print_witness(witness: dict[str, Any], most: int = 12) -> None:
    """A witness in words, with the first rows of its direction."""
    print(f"witness    {witness['kind']}, step {witness['step']:.6g}: f falls from {witness['from']}")
    print(f"           to {witness['to']}, by at least {witness['decrease']}")
    for name, data in witness["direction"].items():
        if data is not None:
            block = read_block(data, name)
            for i in range(min(block.rows, most)):
                row = [f"{x: .4g}" for x in block.row(i)[:most]] + ["..."] * (block.columns > most)
                print(f"{'' if i else 'd' + name:<10} {' '.join(row)}")
            if block.rows > most:
                print(f"{'':<10} ... {block.rows} rows; in full with --json")


def print_geometry(bounds: dict[str, Any]) -> None:
    """What holds of every global optimum."""
    print("geometry   of every global optimum:")
    for name, value in bounds.items():
        values = value if isinstance(value, list) else [value]
        text = ", ".join("-" if x is None else decimal(fmpq(*x.as_integer_ratio()), up=True, digits=4) for x in values)
        print(f"           {name.removesuffix('_bound'):<14} at most {text}")


def print_verdict(verdict: Verdict) -> None:
    """A verdict in words: on standard output if it states bounds, otherwise on standard error."""
    if verdict.lower is None:
        print(f"{verdict.status}: {verdict.reason}", file=sys.stderr)
        return
    print(f"{verdict.status}: {verdict.reason}")
    print(f"minimum in [{verdict.lower}, {verdict.upper or 'unbounded'}]")
    if verdict.gap is not None:
        print(f"width      {verdict.gap:.3g}, relative {verdict.relative_gap:.3g}")
    print(f"level      {verdict.level}")
    if verdict.witness is not None:
        print_witness(verdict.witness)
    if verdict.geometry is not None:
        print_geometry(verdict.geometry)
    print(f"problem    {verdict.problem_id}\n           {verdict.problem}")


def save(path: str, data: Any) -> None:
    """Write JSON, whole or not at all.  Raises ``OSError``."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)), prefix=".refutation-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(json.dumps(data, sort_keys=True, allow_nan=False, separators=(",", ":")) + "\n")
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def main(
    arguments: Sequence[str] | None = None, method: Method | None = None, prog: str = "check", page: str | None = None
) -> int:
    """``check [--point] FILE [--problem FILE] [--tolerance X] [--json]``: exit 0 proved, 1 not, 2 usage.

    ``page`` is what ``--assumptions`` prints: of this checker, unless another level of trust has its own.
    """
    if arguments is None:
        arguments = sys.argv[1:]
    if "--assumptions" in arguments:
        from . import __doc__ as own

        print(page or own)
        return 0
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Prove from a certificate file alone between which numbers a global minimum lies.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", help="a certificate, or a refutation")
    parser.add_argument("--point", action="store_true", help="judge the point: certify it, or print a way down from it")
    parser.add_argument(
        "--save-refutation", metavar="FILE", help="with --point: write the way down as a file, to be checked again"
    )
    parser.add_argument(
        "--geometry", action="store_true", help="also bounds on the heads of every global optimum (ETF, cosines, ...)"
    )
    parser.add_argument("--problem", metavar="FILE", help="refuse a certificate of another problem than FILE states")
    parser.add_argument("--tolerance", default="1e-8", metavar="X", help="relative width that is enough (default 1e-8)")
    parser.add_argument("--json", action="store_true", help="print the verdict as one JSON object")
    parser.add_argument("--assumptions", action="store_true", help="print what has to be trusted, and stop")
    options = parser.parse_args(arguments)
    try:
        if rational(options.tolerance, "--tolerance") <= 0:
            parser.error(f"--tolerance: {options.tolerance}; expected a positive number")
    except MalformedError as error:
        parser.error(str(error))
    if options.save_refutation is not None and not options.point:
        parser.error("--save-refutation: only a judged point can be refuted; add --point")
    verdict = check_file(options.file, options.tolerance, options.problem, method, options.point, options.geometry)
    if options.save_refutation is not None and verdict.witness is not None:
        try:
            save(
                options.save_refutation,
                refutation_data(read_file(options.file, (method or BALLS).limits), verdict.witness),
            )
        except OSError as error:
            parser.error(f"--save-refutation: {options.save_refutation}: {error.strerror}")
    if options.json:
        clean = {k: v for k, v in vars(verdict).items() if not (isinstance(v, float) and math.isinf(v))}
        print(json.dumps({**dict.fromkeys(vars(verdict)), **clean}))
    else:
        print_verdict(verdict)
    confirmed = verdict.witness is not None and verdict.witness["kind"] == STATED
    return 0 if verdict.certified or confirmed else 1
