"""The problem that a file states, in canonical rationals."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from .losses import LOSSES, Vector
from .reading import MAX_ROWS, MAX_WORK, listing, member, need, number, whole
from .series import ZERO

MAX_COMMON = 4096  # bits of a common denominator of targets, or multiple of counts

#: Mean loss; halves in the penalties; task weight also on the decay.
CONVENTIONS = {
    "mean-halves": (1, 1, 0), "sum-halves": (0, 1, 0), "paper-mean": (1, 0, 1), "paper-sum": (0, 0, 1),
    "paper-mean-plain-decay": (1, 0, 0), "paper-sum-plain-decay": (0, 0, 0),
}  # fmt: skip


class Task:
    """One task: ω_j on every cell, its targets, decays λ_W and λ_b (``None``: no bias), its rows."""

    omega: Vector
    y: list[Vector]
    lambda_w: Fraction
    lambda_b: Fraction | None
    rows: slice
    mean: Vector  #: ȳ = Σ ω_j y_j / Σ ω_j

    def average(self, q: Sequence[Vector]) -> Vector:
        """Σ_j ω_j q_j / Σ_j ω_j."""
        weight = sum(self.omega, ZERO)
        pairs = [(w, p) for w, p in zip(self.omega, q, strict=True) if w]
        return [sum((w * p[k] for w, p in pairs), ZERO) / weight for k in range(len(self.y[0]))]


class Problem:
    """The problem that a JSON value states, in canonical rationals."""

    def __init__(self, data: Any) -> None:
        keys = (
            "scenario", "loss", "convention", "classes", "targets", "labels", "counts", "sample_weights",
            "task_weights", "weight_decay", "feature_decay", "bias", "dimension",
        )  # fmt: skip
        (
            scenario, loss, convention, classes, targets, labels, counts, sample_weights,
            task_weights, weight_decay, feature_decay, bias, dimension,
        ) = member(data, "problem", *keys)  # fmt: skip
        need(isinstance(scenario, str) and len(scenario) <= 1600, "problem.scenario: expected a short text")
        need(isinstance(loss, str) and loss in LOSSES, "problem.loss: unknown")
        need(isinstance(convention, str) and convention in CONVENTIONS, "problem.convention: unknown")
        sizes = [whole(k, "problem.classes", 2, 1000) for k in listing(classes, "problem.classes")]
        self.counts = [whole(n, "problem.counts", 1, 2**53) for n in listing(counts, "problem.counts")]
        self.rows, T, C = sum(sizes), len(sizes), len(self.counts)
        small = self.rows <= MAX_ROWS and self.rows**2 * C <= MAX_WORK
        need(small, f"{self.rows} rows, {C} cells: too large for exact rationals; use relaxations.check")
        tables = [
            [[number(x, "problem.targets") for x in listing(row, "targets", k)] for row in listing(table, "targets")]
            for k, table in zip(sizes, listing(targets, "problem.targets", T), strict=True)
        ]
        good = all(sum(row) == 1 and min(row) >= 0 for table in tables for row in table)
        need(good, "problem.targets: a row is no probability vector")
        common = 1
        for x in (x for table in tables for row in table for x in row):
            common = math.lcm(common, x.denominator)
            need(common.bit_length() <= MAX_COMMON, "problem.targets: denominators too large for exact rationals")
        common = 1
        for n in self.counts:
            common = math.lcm(common, n)
            need(common.bit_length() <= MAX_COMMON, "problem.counts: too unlike for exact rationals")
        index = [
            [whole(x, "problem.labels", -1, len(table) - 1) for x in listing(row, "problem.labels", C)]
            for row, table in zip(listing(labels, "problem.labels", T), tables, strict=True)
        ]
        weights = [[1] * C for _ in sizes]
        if sample_weights is not None:
            lists = listing(sample_weights, "problem.sample_weights", T)
            weights = [[whole(v, "sample_weights", 0, 2**53) for v in listing(r, "sample_weights", C)] for r in lists]
        weights = [[v if k >= 0 else 0 for v, k in zip(a, b, strict=True)] for a, b in zip(weights, index, strict=True)]
        c, w = ([number(x, "problem") for x in listing(v, "problem", T)] for v in (task_weights, weight_decay))
        h = number(feature_decay, "problem.feature_decay")
        b = None if bias is None else [number(x, "problem.bias") for x in listing(bias, "problem.bias", T)]
        need(min(*c, *w, h) > 0, "problem: a task weight or a decay is not positive")
        need(b is None or not any(b) or min(b) > 0, "problem.bias: expected decays, all positive or all 0")
        self.dimension = whole(dimension, "problem.dimension", 1, 10**6)

        canonical = dict(zip(keys, member(data, "problem", *keys), strict=True))
        canonical.update(
            targets=[[[str(x) for x in row] for row in table] for table in tables],
            sample_weights=None if sample_weights is None else weights,
            task_weights=[str(x) for x in c], weight_decay=[str(x) for x in w], feature_decay=str(h),
            bias=None if b is None else [str(x) for x in b],
        )  # fmt: skip
        text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
        self.id = hashlib.sha256(text.encode("ascii")).hexdigest()
        sizes_in_words = f"{self.rows} rows, {C} cells, dimension {self.dimension}"
        self.summary = f"{ascii(scenario)[1:-1]:.40}, {loss}, {convention}, {sizes_in_words}"

        mean, halves, weighted = CONVENTIONS[convention]
        self.phi, self.conjugate, self.simplex = LOSSES[loss]
        self.lambda_h = h * (1 if halves else 2)
        self.tasks: list[Task] = []
        for t in range(T):
            task, factor = Task(), (1 if halves else 2) * (c[t] if weighted else 1)
            masses = [v * n for v, n in zip(weights[t], self.counts, strict=True)]
            need(any(masses), f"problem.labels: task {t} weighs in on no sample")
            task.omega = [c[t] * m / (sum(masses) if mean else 1) for m in masses]
            task.y = [tables[t][i] for i in index[t]]
            task.lambda_w, task.lambda_b = factor * w[t], None if b is None else factor * b[t]
            task.rows = slice(sum(sizes[:t]), sum(sizes[: t + 1]))
            task.mean = task.average(task.y)
            lost = task.lambda_b == 0 and self.simplex and min(task.mean) == 0
            need(not lost, f"problem.bias: free, and a class of task {t} has no sample: no minimum")
            self.tasks.append(task)
