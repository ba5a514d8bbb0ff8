"""The inputs of the report, read and checked: claims, certificates and training records, as typed data.

    BUILD/proofs.json                     ``python -m theory --json``
    BUILD/certificates/NAME.json          ``python -m reports.certificates``, each with NAME.certificate.json
    BUILD/counterexamples/ID.certificate.json   ``python -m reports.counterexamples``
    reports/records/*.json                experiments and benchmarks, where there are any (:mod:`reports.measured`)
    BUILD/runs/RUN/record.json            ``python -m empirical.train``, each with its certificate.json

Nothing that a file states of itself is taken on trust where it can be derived: every certificate is proved again
by :mod:`relaxations.check`, and theorems are evaluated afresh in ball arithmetic and held against the enclosure.
What cannot be read raises :class:`InputError`, which names the file and the command that makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from relaxations.records import read_record
from reports.certificates import KIND as INSTANCE
from reports.certificates import certificate_path
from reports.checked import CheckedCertificate, InputError, check, reading
from reports.counterexamples import ProvedCounterexample, read_counterexamples
from reports.measured import RECORDS, Benchmark, MeasuredExperiment, read_measured
from theory.known_optimum import known_optimum
from theory.labels import FloatArray
from theory.model import UFM
from theory.proof.prose import without_unicode

# --------------------------------------------------------------------------- claims


@dataclass(frozen=True)
class Relation:
    """A relation in LaTeX mathematics, the conditions under which it holds, and its equality case in words."""

    latex: str
    conditions: tuple[str, ...]
    equality: str


@dataclass(frozen=True)
class ProofStep:
    """One step: ``relation`` with its reason; ``substitutions`` are relations; ``lemma`` is the name of a cited one."""

    name: str
    kind: str
    relation: Relation
    because: str
    substitutions: tuple[str, ...]
    lemma: str | None
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
        return tuple(_claim(entry) for entry in claims)


def _claim(data: dict[str, Any]) -> ProvedClaim:
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


# --------------------------------------------------------------------------- certificates


@dataclass(frozen=True, eq=False)
class CertifiedInstance:
    """One of the instances of :mod:`reports.certificates`: what its record says, and the certificate proved again.

    Deviations are those of the numerical optimum (``None`` where there is nothing to measure).
    """

    name: str
    title: str
    command: str
    checked: CheckedCertificate
    solver: str
    rank: int
    dimension_needed: int
    etf: tuple[float | None, ...]
    orthogonality: float | None
    sum_rule: float | None
    seconds: float
    provenance: dict[str, Any]

    @property
    def dead_tasks(self) -> tuple[int, ...]:
        """Tasks whose head is zero by the theorem."""
        known = self.checked.known
        return () if known is None else tuple(t for t, task in enumerate(known.tasks) if not task.alive)


def read_instances(folder: Path) -> tuple[CertifiedInstance, ...]:
    """The certified instances in ``folder``, in the order of :data:`reports.certificates.INSTANCES`, others after."""
    from reports.certificates import INSTANCES

    remedy = f"make them again with: python -m reports.certificates --out {folder} --fresh"
    with reading(folder, remedy):
        paths = [p for p in sorted(folder.iterdir()) if p.suffix == ".json" and not p.stem.endswith(".certificate")]
    if not paths:
        raise InputError(f"{folder}: holds no certified instance; {remedy}")
    out = []
    for path in paths:
        with reading(path, remedy):
            out.append(_instance(path))
    order = {instance.name: k for k, instance in enumerate(INSTANCES)}
    return tuple(sorted(out, key=lambda i: (order.get(i.name, len(order)), i.name)))


def _instance(path: Path) -> CertifiedInstance:
    data = read_record(path, INSTANCE)
    result, about = data["result"], data["provenance"]
    outcome = result["outcome"]
    checked = check(certificate_path(path.parent, path.stem))
    if checked.digest != result["certificate"]:
        raise ValueError("the certificate beside it is not the one that the record was made with")
    return CertifiedInstance(
        name=result["name"],
        title=result["title"],
        command=result["command"],
        checked=checked,
        solver=outcome["solver"],
        rank=outcome["rank"],
        dimension_needed=outcome["dimension_needed"],
        etf=tuple(outcome["deviations"]["etf"]),
        orthogonality=outcome["deviations"]["orthogonality"],
        sum_rule=outcome["deviations"]["sum_rule"],
        seconds=about["seconds"]["total"],
        provenance=about,
    )


# --------------------------------------------------------------------------- training records


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """A training record with the certificate of its own problem, proved again.

    config, data, history, final, gates : as ``python -m empirical.train`` documents them.
    margins : for every task (mean, standard deviation) over its labelled samples of the logit of the label less
        the mean of the others; ``None`` where the last layer was not kept or a head has missing labels only.
    """

    name: str
    path: Path
    config: dict[str, Any]
    data: dict[str, Any]
    checked: CheckedCertificate
    value_at_zero: float
    parameters: int
    history: tuple[dict[str, Any], ...]
    final: dict[str, Any]
    gates: tuple[dict[str, Any], ...]
    passed: bool
    certified_gram: FloatArray
    certified_row_norms: tuple[float, ...]
    margins: tuple[tuple[float, float], ...] | None
    provenance: dict[str, Any]

    @property
    def problem(self) -> UFM:
        """The certified problem on which the network was trained."""
        return self.checked.problem

    @cached_property
    def trained_gram(self) -> FloatArray:
        """``(R, R)``: W Wᵀ as trained."""
        return np.array(self.final["gram"], dtype=np.float64)

    @property
    def epochs(self) -> int:
        """How many epochs were run."""
        return int(self.final["epoch"])

    def share_of_threshold(self) -> Fraction | None:
        """The largest λ_{W,t} λ_H over tasks, as a share of the value at which the task dies; ``None`` if unknown."""
        known = known_optimum(self.problem)
        if known is None:
            return None
        products = [w * self.problem.lambda_h for w in self.problem.lambda_w]
        return max(p / task.threshold for p, task in zip(products, known.tasks, strict=True))


def read_runs(folders: Sequence[Path]) -> tuple[TrainedRun, ...]:
    """Every ``record.json`` in ``folders`` or one level below, sorted by path.  Raises :class:`InputError`."""
    paths: list[Path] = []
    for folder in folders:
        paths += sorted({*folder.glob("record.json"), *folder.glob("*/record.json")})
    remedy = "train it again with: python -m empirical.train --preset small --out BUILD/runs/small"
    if not paths:
        raise InputError(f"{', '.join(map(str, folders))}: no record.json of a training run; {remedy}")
    runs = []
    for path in paths:
        with reading(path, remedy):
            runs.append(_run(path))
    names = [run.name for run in runs]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        where = ", ".join(str(run.path) for run in runs if run.name == twice)
        raise InputError(f"{where}: two runs in folders called {twice!r}; rename one folder")
    return tuple(runs)


def _run(path: Path) -> TrainedRun:
    data = read_record(path, "training")
    result = data["result"]
    problem = UFM.from_dict(result["problem"]["statement"])
    if problem.identity != result["problem"]["id"]:
        raise ValueError("problem.id is not that of the problem stated")
    return TrainedRun(
        name=path.parent.name,
        path=path,
        config=result["config"],
        data=result["data"],
        checked=check(path.parent / "certificate.json", problem),
        value_at_zero=float(result["value_at_zero"]),
        parameters=int(result["parameters"]),
        history=tuple(result["history"]),
        final=result["final"],
        gates=tuple(result["gates"]),
        passed=bool(result["passed"]),
        certified_gram=np.array(result["certificate"]["gram"], dtype=np.float64),
        certified_row_norms=tuple(result["certificate"]["row_norms"]),
        margins=_margins(problem, path.parent / "last_layer.npz"),
        provenance=data["provenance"],
    )


def _margins(problem: UFM, path: Path) -> tuple[tuple[float, float], ...] | None:
    """Mean and standard deviation over samples of z_y − mean of the other logits, task by task."""
    if not path.exists():
        return None
    out = []
    with np.load(path, allow_pickle=False) as arrays:
        features, labels = arrays["features"], arrays["labels"]
        for t, k in enumerate(problem.design.classes):
            logits = features @ arrays[f"heads.{t}.weight"].T
            if f"heads.{t}.bias" in arrays:
                logits = logits + arrays[f"heads.{t}.bias"]
            keep = labels[:, t] >= 0
            chosen = np.take_along_axis(logits[keep], labels[keep, t][:, None], axis=1)[:, 0]
            margin = chosen - (logits[keep].sum(axis=1) - chosen) / (k - 1)
            out.append((float(margin.mean()), float(margin.std())))
    return tuple(out)


# --------------------------------------------------------------------------- all of it


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything that the report is a function of."""

    claims: tuple[ProvedClaim, ...]
    instances: tuple[CertifiedInstance, ...]
    counterexamples: tuple[ProvedCounterexample, ...]
    runs: tuple[TrainedRun, ...]
    experiments: tuple[MeasuredExperiment, ...] = ()
    benchmarks: tuple[Benchmark, ...] = ()

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
        return out


def collect(build: Path, records: Sequence[Path] = (), kept: Path = RECORDS) -> Inputs:
    """Everything under ``build`` and the further folders of ``records``, and the records in ``kept``.

    Raises :class:`InputError`.
    """
    if not build.is_dir():
        raise InputError(f"{build}: no such folder; run make report, which fills it")
    for folder in records:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; give a folder with training records")
    return Inputs(
        read_claims(build / "proofs.json"),
        read_instances(build / "certificates"),
        read_counterexamples(build / "counterexamples"),
        read_runs([build / "runs", *records]),
        *read_measured(kept),
    )
