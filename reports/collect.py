"""The inputs of the report, read and checked: claims, certificates, training and kept records, as typed data.

    BUILD/proofs.json                           ``python -m theory --json``
    BUILD/certificates/NAME.json                ``python -m reports.certificates``, each with NAME.certificate.json
    BUILD/counterexamples/ID.certificate.json   ``python -m reports.counterexamples``
    BUILD/runs/RUN/record.json                  ``python -m empirical.train``, each with its certificate.json
    BUILD/audits/RUN/record.json                ``python -m relaxations.audit ... --out``, with two certificates
    BUILD/grids/NAME/*.json                     ``python -m reports.grids``
    reports/records/*.json                      runs too long to be made with every report, told apart by their kind

Nothing that a file states of itself is taken on trust where it can be derived: every certificate is proved again
by :mod:`relaxations.check`, and theorems are evaluated afresh in ball arithmetic and held against the enclosure.
What cannot be read raises :class:`InputError`, which names the file and the command that makes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from reports import grids
from reports.audited import AuditedNetwork, read_audits
from reports.benchmarked import Benchmark, read_benchmark
from reports.checked import InputError, reading
from reports.counterexamples import ProvedCounterexample, read_counterexamples
from reports.instances import CertifiedInstance, read_instances
from reports.measured import MeasuredExperiment, read_experiment
from reports.mutated import MutationTest, read_mutation
from reports.proofs import CitedLemma, ProvedClaim, read_claims
from reports.runs import TrainedRun, read_runs
from reports.swept import SweptCurve, read_sweep

#: Where the records lie that come with the source.
RECORDS = Path(__file__).with_name("records")


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything that the report is a function of; what is not there is empty, and its section says so.

    alone : was the report asked for single claims (:meth:`only`)?
    """

    claims: tuple[ProvedClaim, ...] = ()
    instances: tuple[CertifiedInstance, ...] = ()
    counterexamples: tuple[ProvedCounterexample, ...] = ()
    runs: tuple[TrainedRun, ...] = ()
    audits: tuple[AuditedNetwork, ...] = ()
    phases: tuple[grids.PhasePoint, ...] = ()
    narrow: tuple[grids.NarrowPoint, ...] = ()
    experiments: tuple[MeasuredExperiment, ...] = ()
    benchmarks: tuple[Benchmark, ...] = ()
    sweep: tuple[SweptCurve, ...] = ()
    mutation: tuple[MutationTest, ...] = ()
    alone: bool = False

    @property
    def lemmas(self) -> tuple[CitedLemma, ...]:
        """The classical lemmas that some proof cites, in order of first use."""
        return tuple(dict.fromkeys(lemma for claim in self.claims for lemma in claim.lemmas))

    def faults(self) -> list[str]:
        """What a reader must know first: refuted claims, enclosures that contradict a theorem, missed gates."""
        out = [f"claim {c.name}: {c.status}" for c in self.claims if c.status == "refuted"]
        out += [f"certificate {i.name}: refuted" for i in self.instances if i.checked.status == "refuted"]
        out += [f"counterexample {c.example.name}: not proved" for c in self.counterexamples if not c.holds]
        out += [f"run {r.name}: {r.checked.status}" for r in self.runs if r.checked.status == "refuted"]
        out += [
            f"run {r.name}: misses its gate on {g['measure']}" for r in self.runs for g in r.gates if not g["passed"]
        ]
        out += [
            f"grid of phases, K = {p.classes}, μ² = {p.squared:g}: {p.alive} heads live, predicted {p.predicted}"
            for p in self.phases
            if p.alive != p.predicted or not p.inside
        ]
        return out

    def only(self, names: Sequence[str]) -> Inputs:
        """What concerns these claims: themselves, and the counterexamples that rest on them.

        Raises :class:`InputError` for a name that no claim bears.
        """
        known = [claim.name for claim in self.claims]
        for name in names:
            if name not in known:
                raise InputError(f"no claim is called {name!r}; there are: {', '.join(known)}")
        return replace(
            self,
            claims=tuple(c for c in self.claims if c.name in names),
            counterexamples=tuple(c for c in self.counterexamples if set(c.example.claims) & set(names)),
            alone=True,
        )


#: What reads a kept record of a kind.
KEPT: dict[str, Callable[[Path], Any]] = {
    "experiment": read_experiment, "bench": read_benchmark, "sweep": read_sweep, "mutation": read_mutation,
}  # fmt: skip


def read_kept(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Kind to what the records of ``folder`` (which need not exist) hold; other kinds are left to others.

    Raises :class:`InputError`.
    """
    out: dict[str, tuple[Any, ...]] = dict.fromkeys(KEPT, ())
    for path in sorted(folder.glob("*.json")):
        with reading(path, "make the record again, or take it away"):
            kind = kind_of(path)
            if kind in KEPT:
                out[kind] += (KEPT[kind](path),)
    return out


def kind_of(path: Path) -> str | None:
    """The kind that a file says it is a record of."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return str(data["kind"]) if isinstance(data, dict) and "kind" in data else None


T = TypeVar("T")


def collect(
    build: Path,
    records: Sequence[Path] = (),
    kept: Path = RECORDS,
    partial: bool = False,
    only: Sequence[str] = (),
) -> Inputs:
    """Everything under ``build`` and the further folders of ``records``, and the records in ``kept``.

    ``partial``: stages of which ``build`` has nothing are left out, and claims that nobody proved are proved now.
    ``only`` : the claims to keep, with what concerns them.  Raises :class:`InputError`.
    """
    if not build.is_dir() and not partial:
        raise InputError(f"{build}: no such folder; run make report, which fills it")
    for folder in records:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; give a folder with training records")

    def stage(read: Callable[[], tuple[T, ...]], *paths: Path) -> tuple[T, ...]:
        return () if partial and not any(path.exists() for path in paths) else read()

    found = read_kept(kept)
    proofs = build / "proofs.json"
    inputs = Inputs(
        claims=read_claims(proofs) if proofs.exists() or not partial else proved_now(only),
        instances=stage(lambda: read_instances(build / "certificates"), build / "certificates"),
        counterexamples=stage(lambda: read_counterexamples(build / "counterexamples"), build / "counterexamples"),
        runs=stage(lambda: read_runs([build / "runs", *records]), build / "runs", *records),
        audits=read_audits(build / "audits"),
        phases=stage(lambda: grids.phases(build / "grids"), build / "grids" / "phases"),
        narrow=stage(lambda: grids.narrow(build / "grids"), build / "grids" / "dimension"),
        experiments=found["experiment"],
        benchmarks=found["bench"],
        sweep=found["sweep"][0] if found["sweep"] else (),
        mutation=found["mutation"][:1],
    )
    return inputs.only(only) if only else inputs


def proved_now(names: Sequence[str] = ()) -> tuple[ProvedClaim, ...]:
    """The claims called ``names`` (all, where none is), proved in this process."""
    from reports.proofs import claim_of
    from theory.claims import all_claims
    from theory.proof.report_data import claim_data

    claims = all_claims()
    known = [claim.name for claim in claims]
    for name in names:
        if name not in known:
            raise InputError(f"no claim is called {name!r}; there are: {', '.join(known)}")
    wanted = [c for c in claims if c.name in names] or claims
    return tuple(claim_of(claim_data(claim)) for claim in wanted)
