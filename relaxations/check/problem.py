"""The problem that a certificate states: validated, in exact canonical numbers, with the identity that names it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from flint import fmpq, fmpz

from .losses import LOSSES, BallLoss
from .reading import BALL_LIMITS, MAX_ROWS, MAX_TEXT, Limits, entries, fields, integer, integers, rational, require

MAX_COMMON = 16384  # bits of the common denominator of a task's targets

#: Is the loss a mean, have the penalties halves, does the task weight multiply the decay as well?
CONVENTIONS = {
    "mean-halves": (True, True, False),
    "sum-halves": (False, True, False),
    "paper-mean": (True, False, True),
    "paper-sum": (False, False, True),
    "paper-mean-plain-decay": (True, False, False),
    "paper-sum-plain-decay": (False, False, False),
}

PROBLEM_KEYS = {
    "scenario", "loss", "convention", "classes", "targets", "labels", "counts", "sample_weights",
    "task_weights", "weight_decay", "feature_decay", "bias", "dimension",
}  # fmt: skip


@dataclass(frozen=True)
class Task:
    """One task in canonical numbers: ω_j = α m_j/N on cell j, decays λ_W and λ_b.

    rows : its rows of the stacked matrices.
    targets : table of targets, points of the simplex.
    labels : for every cell a row of ``targets``.
    masses : for every cell m_j = v_j n_j, sample weight times samples; 0 where the task does not weigh in.
    total : N = Σ_j m_j.
    lambda_b : ``None`` without a bias, 0 for a free one.
    """

    rows: slice
    targets: list[list[fmpq]]
    labels: list[int]
    masses: list[int]
    total: int
    alpha: fmpq
    lambda_w: fmpq
    lambda_b: fmpq | None

    @property
    def cells(self) -> list[int]:
        """The cells on which the task weighs in."""
        return [j for j, mass in enumerate(self.masses) if mass]

    def mean_target(self) -> list[fmpq]:
        """ȳ = Σ_j m_j y_j/N, exactly."""
        share = [0] * len(self.targets)
        for j in self.cells:
            share[self.labels[j]] += self.masses[j]
        columns = zip(*self.targets, strict=True)
        return [sum((y * m for y, m in zip(column, share, strict=True)), fmpq(0)) / self.total for column in columns]


@dataclass(frozen=True)
class Problem:
    """A stated problem, validated, in canonical numbers; ``id`` is the SHA-256 of its canonical text."""

    id: str
    summary: str
    loss_name: str
    loss: BallLoss
    tasks: list[Task]
    counts: list[int]
    lambda_h: fmpq
    dimension: int

    @property
    def rows(self) -> int:
        """R = Σ K_t."""
        return self.tasks[-1].rows.stop

    @property
    def cells(self) -> int:
        """C."""
        return len(self.counts)


def read_problem(value: Any, limits: Limits = BALL_LIMITS) -> Problem:
    """The problem that a JSON value states; every number is checked and kept exactly."""
    data = fields(value, PROBLEM_KEYS, "problem")
    for key in ("scenario", "loss", "convention"):
        require(isinstance(data[key], str) and len(data[key]) <= MAX_TEXT, f"problem.{key}: expected a short text")
    for key, known in (("loss", list(LOSSES)), ("convention", list(CONVENTIONS))):
        require(data[key] in known, f"problem.{key}: {data[key]!r:.60} is unknown; expected one of {', '.join(known)}")
    classes = [integer(k, 2, MAX_ROWS, "problem.classes") for k in entries(data["classes"], None, "problem.classes")]
    counts = [integer(n, 1, 2**53, "problem.counts") for n in entries(data["counts"], None, "problem.counts")]
    T, R, C = len(classes), sum(classes), len(counts)
    practical = f"{limits.name} practical to"
    require(R <= limits.rows, f"problem.classes: {R} in all; {practical} {limits.rows}")
    too_many = f"problem: {R} rows and {C} cells; {practical} {limits.entries} entries; {limits.beyond}"
    require(R * C <= limits.entries, too_many)

    targets = []
    for k, table in zip(classes, entries(data["targets"], T, "problem.targets"), strict=True):
        rows = [entries(row, k, "problem.targets") for row in entries(table, None, "problem.targets")]
        targets.append([[rational(y, "problem.targets") for y in row] for row in rows])
        good = all(sum(row, fmpq(0)) == 1 and min(row) >= 0 for row in targets[-1])
        require(good, "problem.targets: a row is no probability vector")
        common = fmpz(1)
        for y in (y for row in targets[-1] for y in row):
            common = common.lcm(y.q)
            require(common.bit_length() <= MAX_COMMON, "problem.targets: a common denominator out of proportion")
    rows = entries(data["labels"], T, "problem.labels")
    labels = [integers(row, C, -1, len(table) - 1, "problem.labels") for row, table in zip(rows, targets, strict=True)]
    weights = [[int(label >= 0) for label in row] for row in labels]
    if data["sample_weights"] is not None:
        rows = entries(data["sample_weights"], T, "problem.sample_weights")
        stated = [integers(row, C, 0, 2**53, "problem.sample_weights") for row in rows]
        weights = [[v * s for v, s in zip(a, b, strict=True)] for a, b in zip(weights, stated, strict=True)]
    masses = [[v * n for v, n in zip(row, counts, strict=True)] for row in weights]
    require(all(map(sum, masses)), "problem.labels: a task weighs in on no sample")

    def per_task(key: str) -> list[fmpq]:
        return [rational(number, f"problem.{key}") for number in entries(data[key], T, f"problem.{key}")]

    task_weights, decays = per_task("task_weights"), per_task("weight_decay")
    feature_decay = rational(data["feature_decay"], "problem.feature_decay")
    bias = None if data["bias"] is None else per_task("bias")
    require(min(*task_weights, *decays, feature_decay) > 0, "problem: a task weight or a decay is not positive")
    if bias is not None:
        kinds = {(b > 0) - (b < 0) for b in bias}
        require(kinds in ({0}, {1}), "problem.bias: expected a positive decay for every task, or 0 (free) for each")
    dimension = integer(data["dimension"], 1, 1_000_000, "problem.dimension")

    # the canonical text of theory.model.UFM.identity, from the values that were read
    canonical = {
        **data, "targets": [[[str(y) for y in row] for row in table] for table in targets],
        "sample_weights": None if data["sample_weights"] is None else weights,
        "task_weights": [str(c) for c in task_weights], "weight_decay": [str(w) for w in decays],
        "feature_decay": str(feature_decay), "bias": None if bias is None else [str(b) for b in bias],
    }  # fmt: skip
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
    sizes = f"classes {','.join(map(str, classes)):.60}, {C} cells, {sum(counts)} samples, dimension {dimension}"

    mean, halves, weighted = CONVENTIONS[data["convention"]]
    factor, start, tasks = fmpq(1 if halves else 2), 0, []
    for t, k in enumerate(classes):
        total, on_head = sum(masses[t]), factor * (task_weights[t] if weighted else 1)
        alpha = task_weights[t] * (1 if mean else total)
        lambda_b = None if bias is None else on_head * bias[t]
        rows_of = slice(start, start + k)
        task = Task(rows_of, targets[t], labels[t], masses[t], total, alpha, on_head * decays[t], lambda_b)
        if lambda_b == 0 and LOSSES[data["loss"]].simplex:
            require(
                min(task.mean_target()) > 0, f"problem.bias: free, and a class of task {t} has no sample: no minimum"
            )
        tasks.append(task)
        start += k
    return Problem(
        id=hashlib.sha256(text.encode("ascii")).hexdigest(),
        summary=f"{ascii(data['scenario'])[1:-1]:.40}, {data['loss']}, {data['convention']}, {sizes}",
        loss_name=data["loss"],
        loss=LOSSES[data["loss"]],
        tasks=tasks,
        counts=counts,
        lambda_h=factor * feature_decay,
        dimension=dimension,
    )
