"""Training records, as the report takes them: each run with the certificate of its own problem, proved again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from relaxations.records import read_record
from reports.checked import CheckedCertificate, InputError, check, reading
from theory.known_optimum import known_optimum
from theory.labels import FloatArray
from theory.model import UFM


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

    @cached_property
    def grams(self) -> tuple[tuple[int, FloatArray], ...]:
        """``(epoch, W Wᵀ)`` at the epochs that the record has it of, the last included."""
        kept = {entry["epoch"]: entry["gram"] for entry in (*self.history, self.final) if "gram" in entry}
        return tuple((epoch, np.array(gram, dtype=np.float64)) for epoch, gram in sorted(kept.items()))

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
