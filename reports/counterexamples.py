"""The certificates behind the counterexamples: made once, and the only thing that their violations are proved from.

    python -m reports.counterexamples --out build/counterexamples

A counterexample (:mod:`theory.counterexamples`) proves its violation at every optimum from *evidence*: enclosures
and dual points of one or more problems.  Here each such problem is solved and its certificate kept as
``ID.certificate.json``, ID being the first 16 digits of the problem's identity.  There is no other record: whoever
reads the folder proves every certificate again and from them the violations (:func:`proved`).
A second run keeps what still proves its violation and makes the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from relaxations.certificate import Certificate
from relaxations.check import Verdict, check_certificate
from relaxations.solve import solve
from reports.checked import CheckedCertificate, check, reading
from theory.counterexample import Counterexample, Evidence
from theory.counterexamples import COUNTEREXAMPLES
from theory.model import UFM

#: What reads a problem's certificate: the file's content and what the checker proves of it.
Reader = Callable[[UFM], tuple[Certificate, Verdict]]


def path_of(folder: Path, problem: UFM) -> Path:
    """Where the certificate of ``problem`` lies."""
    return folder / f"{problem.identity[:16]}.certificate.json"


def read(folder: Path) -> Reader:
    """Certificates of ``folder``, each proved once; a reader raises ``OSError`` or ``ValueError`` for a bad file."""
    known: dict[str, tuple[Certificate, Verdict]] = {}

    def reader(problem: UFM) -> tuple[Certificate, Verdict]:
        if problem.identity not in known:
            certificate = Certificate.load(path_of(folder, problem))
            known[problem.identity] = certificate, check_certificate(certificate.to_dict(), problem=problem.to_dict())
        return known[problem.identity]

    return reader


def evidence_of(certificate: Certificate, verdict: Verdict) -> Evidence:
    """What a certificate proves of its problem.  Raises ``ValueError`` where it encloses nothing.

    The checker's dual point is q with every column of a task scaled to sum 1 and its residual y − q shrunk by
    ``verdict.scale``; entries lie in [0, 1], so none moves further than ``shift``.
    """
    if verdict.lower is None or verdict.upper is None or verdict.scale is None:
        raise ValueError(f"the certificate encloses no minimum: {verdict.reason}")
    sums = [abs(certificate.q[rows].sum(axis=0) - 1).max() for _, rows in certificate.problem.design.blocks()]
    shift = (1 - verdict.scale) + 2 * float(max(sums)) + 1e-13
    return Evidence(Fraction(verdict.lower), Fraction(verdict.upper), certificate.q, shift)


def proved(example: Counterexample, reader: Reader) -> Fraction:
    """What the certificates prove of the violation at every optimum: at least this."""
    return example.violation(lambda problem: evidence_of(*reader(problem)))


def make(folder: Path, example: Counterexample) -> Fraction:
    """Solve and certify afresh every problem that the proof of ``example`` asks for; gives what they prove."""
    reader = read(folder)
    done: set[str] = set()

    def solving(problem: UFM) -> tuple[Certificate, Verdict]:
        if problem.identity not in done:
            Certificate.from_solution(solve(problem, "proximal")).save(path_of(folder, problem))
            done.add(problem.identity)
        return reader(problem)

    solving(example.problem)
    return proved(example, solving)


def kept(folder: Path, example: Counterexample) -> Fraction | None:
    """The violation that the files prove, if they are there and prove at least its margin."""
    try:
        reader = read(folder)
        reader(example.problem)
        violation = proved(example, reader)
    except (OSError, ValueError):
        return None
    return violation if violation >= example.margin else None


# --------------------------------------------------------------------------- for the report


@dataclass(frozen=True, eq=False)
class ProvedCounterexample:
    """A counterexample with what its certificates, proved again, say.

    violation : proved to be at least this at every optimum; ``deviation`` is measured at the certificate's point.
    checked : the certificate of its problem; ``others`` those of further problems that the proof compares with.
    """

    example: Counterexample
    violation: Fraction
    deviation: float
    checked: CheckedCertificate
    others: tuple[CheckedCertificate, ...]

    @property
    def holds(self) -> bool:
        """Is at least the stated violation proved?"""
        return self.violation >= self.example.margin > 0


def read_counterexamples(folder: Path) -> tuple[ProvedCounterexample, ...]:
    """Every counterexample of the theory, proved from the certificates in ``folder``.  Raises :class:`InputError`."""
    remedy = f"make it again with: python -m reports.counterexamples --out {folder} --fresh"
    known: dict[str, CheckedCertificate] = {}

    def checked(problem: UFM) -> CheckedCertificate:
        path = path_of(folder, problem)
        with reading(path, remedy):
            if problem.identity not in known:
                known[problem.identity] = check(path, problem)
        return known[problem.identity]

    out = []
    for example in COUNTEREXAMPLES:
        mine = checked(example.problem)
        used: dict[str, CheckedCertificate] = {}

        def reader(problem: UFM, used: dict[str, CheckedCertificate] = used) -> tuple[Certificate, Verdict]:
            one = used.setdefault(problem.identity, checked(problem))
            return one.certificate, one.verdict

        with reading(folder, remedy):
            violation = proved(example, reader)
        used.pop(example.problem.identity, None)
        certificate = mine.certificate
        deviation = example.deviation(example.problem, certificate.W, certificate.H)
        out.append(ProvedCounterexample(example, violation, float(deviation), mine, tuple(used.values())))
    return tuple(out)


# --------------------------------------------------------------------------- the command line

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(epilog="Example: python -m reports.counterexamples --out build/counterexamples")
def command(
    out: Annotated[Path, typer.Option(help="Folder of the certificates.")] = Path("build/counterexamples"),
    fresh: Annotated[bool, typer.Option(help="Make all again, whatever is there.")] = False,
) -> None:
    """Prove every counterexample.  Exit 0; 1 if a violation is not proved; 2 bad usage."""
    try:
        failed = False
        for example in COUNTEREXAMPLES:
            violation = None if fresh else kept(out, example)
            if violation is None:
                violation = make(out, example)
            failed |= violation < example.margin
            verdict = "proved" if violation >= example.margin else "NOT PROVED"
            typer.echo(f"{example.name:<56} {verdict}: {example.units} ≥ {float(violation):.4g}")
    except OSError as error:
        typer.echo(f"counterexamples: {error}", err=True)
        raise typer.Exit(2) from None
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    sys.exit(app())
