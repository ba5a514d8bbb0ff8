"""A certificate file as the report takes it: proved again, and held against the theorem that covers its problem.

Whatever a malformed file causes becomes an :class:`InputError`, which names the file and the command that makes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from relaxations.balls import evaluate
from relaxations.certificate import Certificate
from relaxations.check import Verdict, check_certificate, parse, position
from theory.known_optimum import KnownOptimum, known_optimum
from theory.model import UFM


class InputError(ValueError):
    """An input that is missing or that cannot be read; the message says which and what to do."""


@contextmanager
def reading(path: Path, remedy: str) -> Iterator[None]:
    """Turn whatever a malformed file causes into an :class:`InputError` about that file."""
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{error.filename or path}: missing; {remedy}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); {remedy}") from None
    except KeyError as error:
        raise InputError(f"{path}: the field {error} is missing; {remedy}") from None
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        raise InputError(f"{path}: {str(error).removeprefix(f'{path}: ')}; {remedy}") from None


@dataclass(frozen=True, eq=False)
class CheckedCertificate:
    """A certificate file and what the checker proves from it now.

    path : of the file, as found; digest : SHA-256 of its bytes.
    known : the theorem that covers the problem, its dimension included, or ``None``; ``place`` says where its value
        lies: proved ``"inside"`` or ``"outside"`` the enclosure, or ``"overlaps"`` an end; ``value`` in float64.
    """

    path: Path
    digest: str
    certificate: Certificate
    verdict: Verdict
    known: KnownOptimum | None
    place: str | None
    value: float | None

    @property
    def problem(self) -> UFM:
        """The problem that the certificate is of."""
        return self.certificate.problem

    @property
    def status(self) -> str:
        """``certified``, ``inconclusive``, or ``refuted`` where the theorem's value is proved to lie outside."""
        return "refuted" if self.place == "outside" else self.verdict.status


def check(path: Path, wanted: UFM | None = None) -> CheckedCertificate:
    """Prove the certificate at ``path``; ``wanted`` is the problem that it must be of.

    Raises ``ValueError`` for a file that is no certificate, or of another problem.
    """
    raw = path.read_bytes()
    certificate = Certificate.load(path)
    verdict = check_certificate(parse(raw.decode("utf-8")), problem=None if wanted is None else wanted.to_dict())
    if verdict.lower is None:
        raise ValueError(verdict.reason)
    covering = known_optimum(certificate.problem)
    known = covering if covering is not None and covering.attained(certificate.problem) else None
    ball = None if known is None else evaluate(known.value)
    return CheckedCertificate(
        path=path,
        digest=hashlib.sha256(raw).hexdigest(),
        certificate=certificate,
        verdict=verdict,
        known=known,
        place=None if ball is None else position(verdict, ball),
        value=None if ball is None else float(ball),
    )
