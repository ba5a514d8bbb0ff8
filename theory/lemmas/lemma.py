"""What a classical lemma is: a statement with a reference, a relation that it makes, and a trial that could fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Relation = tuple[Any, str, Any]


@dataclass(frozen=True, eq=False)
class Lemma:
    """A named classical result.

    statement : in words and plain mathematics; ``equality`` its equality case ("" if it has none).
    roles : names of the expressions that an instance supplies.
    conclude : from those expressions the relation (lhs, op, rhs).
    trial : a random instance's relative violation.
    """

    name: str
    statement: str
    equality: str
    reference: str
    roles: tuple[str, ...]
    conclude: Callable[..., Relation]
    trial: Callable[[np.random.Generator], float]
