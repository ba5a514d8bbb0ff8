"""What a run must reach, stated before it starts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Gate:
    """A bound on one measure: ``at_most`` or ``at_least``; a list of measures (one a task) is judged by its worst.

    A measure that is missing (``None``) or not a number fails: a zero head has no shape that could be right.
    """

    measure: str
    at_most: float | None = None
    at_least: float | None = None

    def __post_init__(self) -> None:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError(f"gate {self.measure}: give exactly one of at_most and at_least")

    def judge(self, measures: dict[str, Any]) -> dict[str, Any]:
        """``{"measure", "at_most", "at_least", "value", "passed"}`` for the measures of one network.

        Raises ``KeyError`` naming a measure that is not among them.
        """
        found = measures[self.measure]
        values = found if isinstance(found, list) else [found]
        whole = bool(values) and all(v is not None and math.isfinite(v) for v in values)
        worst = (max(values) if self.at_most is not None else min(values)) if whole else None
        passed = worst is not None and (
            (self.at_most is not None and worst <= self.at_most)
            or (self.at_least is not None and worst >= self.at_least)
        )
        return {
            "measure": self.measure,
            "at_most": self.at_most,
            "at_least": self.at_least,
            "value": worst,
            "passed": passed,
        }
