"""Claims with their outcomes, as the report takes them: what ``python -m theory --json`` wrote, as typed data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaxations.records import read_record
from reports.checked import reading
from theory.proof.prose import without_unicode


@dataclass(frozen=True)
class Relation:
    """A relation in LaTeX mathematics, the conditions under which it holds, and its equality case in words."""

    latex: str
    conditions: tuple[str, ...]
    equality: str


@dataclass(frozen=True)
class Reading:
    """What a name in a step stands for: a relation, ``shown`` by the step ``by`` or (not shown) stated there."""

    latex: str
    by: str
    shown: bool


@dataclass(frozen=True)
class ProofStep:
    """One step: ``relation`` with its reason; ``substitutions`` are relations; ``lemma`` is the name of a cited one.

    premises : names of what a cited lemma is applied to;  readings : what names of the relation stand for.
    """

    name: str
    kind: str
    relation: Relation
    because: str
    substitutions: tuple[str, ...]
    lemma: str | None
    premises: tuple[str, ...]
    readings: tuple[Reading, ...]
    concludes: bool
    verdict: str
    detail: str
    point: dict[str, str] | None


@dataclass(frozen=True)
class CitedLemma:
    """A classical lemma, in words."""

    name: str
    statement: str
    equality: str
    reference: str


@dataclass(frozen=True)
class ProvedClaim:
    """A claim with its outcome.  Texts are prose with Unicode mathematics; ``conclusions`` are typeset relations.

    hypotheses : pairs of words and the relation they name (``""`` for a hypothesis in words alone).
    """

    name: str
    title: str
    status: str
    source: str
    hypotheses: tuple[tuple[str, str], ...]
    conclusions: tuple[tuple[str, Relation], ...]
    steps: tuple[ProofStep, ...]
    lemmas: tuple[CitedLemma, ...]

    @property
    def proved(self) -> bool:
        """Was every step proved?"""
        return self.status == "proved"

    @property
    def cited(self) -> int:
        """How many steps are instances of a classical lemma."""
        return sum(step.lemma is not None for step in self.steps)


def read_claims(path: Path) -> tuple[ProvedClaim, ...]:
    """The claims that ``python -m theory --json`` wrote.  Raises :class:`InputError`."""
    with reading(path, f"make it again with: python -m theory --json {path}"):
        claims = read_record(path, "proofs")["result"]["claims"]
        if not claims:
            raise ValueError("holds no claim")
        return tuple(claim_of(entry) for entry in claims)


def claim_of(data: dict[str, Any]) -> ProvedClaim:
    """A claim from the data of :func:`theory.proof.report_data.claim_data`."""
    return ProvedClaim(
        name=data["name"],
        title=data["title"],
        status=data["status"],
        source=data["source"],
        hypotheses=tuple((h["name"], without_unicode(h["relation_latex"])) for h in data["hypotheses"]),
        conclusions=tuple((s["step"], _relation(s)) for s in data["statement"]),
        steps=tuple(
            ProofStep(
                name=s["name"],
                kind=s["kind"],
                relation=_relation(s),
                because=s["because"],
                substitutions=tuple(map(without_unicode, s["substitutions_latex"])),
                lemma=s["lemma"],
                premises=tuple(s["premises"]),
                readings=tuple(Reading(without_unicode(r["latex"]), r["by"], r["shown"]) for r in s["readings"]),
                concludes=s["concludes"],
                verdict=s["verdict"],
                detail=s["detail"],
                point=s["point"],
            )
            for s in data["steps"]
        ),
        lemmas=tuple(CitedLemma(m["name"], m["statement"], m["equality"], m["reference"]) for m in data["lemmas"]),
    )


def _relation(data: dict[str, Any]) -> Relation:
    return Relation(without_unicode(data["latex"]), tuple(map(without_unicode, data["where_latex"])), data["equality"])
