"""Certified instances, as the report takes them: each certificate is proved again when it is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaxations.records import read_record
from reports.certificates import INSTANCES, KIND, certificate_path
from reports.checked import CheckedCertificate, InputError, check, reading


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
    data = read_record(path, KIND)
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
