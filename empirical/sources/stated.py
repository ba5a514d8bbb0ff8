"""Label designs from plain data, as presets and records keep them.

{"factorial": [K_1, ..., K_T], "repetitions": n}       every tuple of labels n times: single source
{"multi_source": [K_1, ..., K_T], "repetitions": n}    every class of every task on n samples of its own
{"joint": [[...], ...]}                                a joint table of two tasks (or more axes): any correlation
{"partial": [K_1, K_2], "repetitions": n, "alone": m}  every pair of labels n times with both labels, and every
                                                       class of either task on m samples that lack the other
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.labels import LabelDesign


def design_of(options: dict[str, Any]) -> LabelDesign:
    """The design that ``options`` state (see the module); ``ValueError`` for anything else."""
    data = dict(options)
    kinds = [kind for kind in ("factorial", "multi_source", "joint", "partial") if kind in data]
    if len(kinds) != 1:
        raise ValueError(f"design: {options!r}; expected exactly one of factorial, multi_source, joint, partial")
    (kind,) = kinds
    stated = data.pop(kind)
    allowed = {"joint": set(), "partial": {"repetitions", "alone"}}.get(kind, {"repetitions"})
    if set(data) - allowed:
        raise ValueError(f"design: {sorted(set(data) - allowed)} unknown for {kind}; expected {sorted(allowed)}")
    if kind == "joint":
        return LabelDesign.from_joint(stated, scenario="ssmtc")
    repetitions = data.get("repetitions", 1)
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
