"""Label designs from plain data, as presets and records keep them.

{"factorial": [K_1, ..., K_T], "repetitions": n}       every tuple of labels n times: single source
{"multi_source": [K_1, ..., K_T], "repetitions": n}    every class of every task on n samples of its own
{"joint": [[...], ...]}                                a joint table of two tasks (or more axes): any correlation
{"partial": [K_1, K_2], "repetitions": n, "alone": m}  every pair of labels n times with both labels, and every
                                                       class of either task on m samples that lack the other
{"frequencies": [[...], [...]], "repetitions": n}      independent tasks with these class frequencies

Any of them with ``"groups": {"1+2": "1/2", "2+3": "1/2"}`` keeps, of so large a share of the samples, the labels of
these tasks alone (counted from 1), independently of the labels: partial annotation, at the smallest whole counts, then
every sample ``"times"`` times.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.designs import annotated, independent_with, repeated
from theory.labels import LabelDesign

#: The kinds of designs and what they take besides.
KINDS: dict[str, set[str]] = {
    "factorial": {"repetitions"},
    "multi_source": {"repetitions"},
    "joint": set(),
    "partial": {"repetitions", "alone"},
    "frequencies": {"repetitions"},
}


def design_of(options: dict[str, Any]) -> LabelDesign:
    """The design that ``options`` state (see the module); ``ValueError`` for anything else."""
    data = dict(options)
    if "groups" in data:
        shares, times = data.pop("groups"), data.pop("times", 1)
        return repeated(annotated(design_of(data), {_tasks(name): share for name, share in shares.items()}), times)
    kinds = [kind for kind in KINDS if kind in data]
    if len(kinds) != 1:
        raise ValueError(f"design: {options!r}; expected exactly one of {', '.join(KINDS)}")
    (kind,) = kinds
    stated = data.pop(kind)
    if set(data) - KINDS[kind]:
        raise ValueError(
            f"design: {sorted(set(data) - KINDS[kind])} unknown for {kind}; expected {sorted(KINDS[kind])}"
        )
    if kind == "joint":
        return LabelDesign.from_joint(stated, scenario="ssmtc")
    repetitions = data.get("repetitions", 1)
    if kind == "frequencies":
        return independent_with(stated, repetitions)
    if kind == "factorial":
        return LabelDesign.factorial(stated, repetitions)
    if kind == "multi_source":
        return LabelDesign.multi_source(stated, repetitions)
    both, alone = LabelDesign.factorial(stated, repetitions), LabelDesign.multi_source(stated, data.get("alone", 1))
    return LabelDesign(
        both.classes,
        np.concatenate([both.labels, alone.labels], axis=1),
        np.concatenate([both.counts, alone.counts]),
        scenario="partial",
    )


def _tasks(name: str) -> tuple[int, ...]:
    """``"1+3"`` to (0, 2)."""
    try:
        return tuple(int(task) - 1 for task in name.split("+"))
    except ValueError:
        raise ValueError(f"groups: {name!r}; expected tasks counted from 1 and joined by +, as in '1+3'") from None
