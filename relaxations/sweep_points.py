"""The points of a sweep: the options that state one, axes of values, the grid of their products."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import product

import numpy as np

from relaxations import problems
from theory.model import UFM
from theory.rationals import exact

#: A grid of more points is refused: it is a typing mistake more often than a plan.
MAX_POINTS = 100_000


@dataclass(frozen=True)
class Point:
    """The options of one point, texts as ``certify`` takes them; ``None`` for what is not given."""

    tasks: str | None = None
    classes: str | None = None
    scenario: str | None = None
    correlation: str | None = None
    annotated: str | None = None
    label_noise: str | None = None
    smoothing: str = "0"
    samples_per_cell: str = "1"
    loss: str = "ce"
    weight_decay: str | None = None
    feature_decay: str | None = None
    share: str | None = None
    task_weights: str = "1"
    bias: str = "none"
    dimension: str | None = None
    convention: str = "mean-halves"
    solver: str = "proximal"

    def config(self) -> dict[str, str | None]:
        """The options by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def key(self) -> str:
        """A digest of the configuration: the name of the record."""
        return hashlib.sha256(json.dumps(self.config(), sort_keys=True).encode()).hexdigest()[:20]

    def problem(self) -> UFM:
        """The problem that the options state.  Raises ``ValueError``."""
        if None not in (self.share, self.weight_decay, self.feature_decay):
            raise ValueError("share: not together with both decays, which leave nothing to choose")
        tasks = None if self.tasks is None else problems.whole_numbers(self.tasks, "tasks")[0]
        named = problems.DesignOptions(
            tasks=tasks,
            classes=self.classes,
            scenario=self.scenario,
            correlation=self.correlation,
            annotated=self.annotated,
            label_noise=self.label_noise,
            smoothing=self.smoothing,
            samples_per_cell=self.samples_per_cell,
        ).build()
        return problems.with_default_decays(
            named.design,
            None if self.weight_decay is None else problems.numbers(self.weight_decay, "weight-decay"),
            None if self.feature_decay is None else exact(self.feature_decay, "feature-decay"),
            problems.numbers(self.task_weights, "task-weights"),
            None if self.bias == "none" else exact(0) if self.bias == "free" else problems.numbers(self.bias, "bias"),
            self.loss,
            None if self.dimension is None else problems.whole_numbers(self.dimension, "dim")[0],
            self.convention,
            problems.SHARE_OF_THRESHOLD if self.share is None else exact(self.share, "share"),
        )


def values_of(text: str, name: str) -> tuple[str, ...]:
    """The values of an axis: separated by spaces or ``;``, each a value or ``start:stop:count``.

    A value may hold commas (one number a task).  Raises ``ValueError`` for an empty axis or a range that is none.
    """
    out: list[str] = []
    for part in text.replace(";", " ").split():
        ends = part.split(":")
        # shares of groups of tasks hold a colon too, and a plus or a comma
        if len(ends) != 3 or "+" in part or "," in part:
            out.append(part)
            continue
        start, stop, count = (exact(end, name) for end in ends)
        if count.denominator != 1 or not 1 <= count <= MAX_POINTS or (count == 1 and start != stop):
            raise ValueError(f"{name}: {part!r}; expected start:stop:count with a count of at least 2")
        step = (stop - start) / (count - 1) if count > 1 else Fraction(0)
        out += [str(start + i * step) for i in range(int(count))]
    if not out:
        raise ValueError(f"{name}: no value")
    return tuple(dict.fromkeys(out))


def grid(axes: dict[str, tuple[str, ...]]) -> list[Point]:
    """All points of a grid, the last axis fastest.  Raises ``ValueError`` for more than ``MAX_POINTS``."""
    size = int(np.prod([float(len(values)) for values in axes.values()]))
    if size > MAX_POINTS:
        raise ValueError(f"{size} points; expected at most {MAX_POINTS}")
    return [Point(**dict(zip(axes, values, strict=True))) for values in product(*axes.values())]
