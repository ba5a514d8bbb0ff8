"""Experiment 2, its open end: where several sources leave the heads free, every seed finds a position of its own.

With one label a sample the blocks W_tW_tᵀ are the theorem's in every run, and W_1W_2ᵀ is any matrix that some dimension
has room for (claim ``multi_source``).  Runs from different seeds are held against each other, block by block:

    ‖W_sW_tᵀ − (the same of another seed)‖_F / √(‖W_sW_sᵀ‖_F‖W_tW_tᵀ‖_F)

vanishes for s = t and does not for s ≠ t.  In the smallest dimension, d = K − 1, heads of equally many classes fill
the space, one is the other in rotated coordinates, and the overlap is 1 whatever the rotation:

    W_1W_2ᵀ = c V R Vᵀ,  R orthogonal (K − 1),  V Vᵀ = I − J/K,   ‖W_1W_2ᵀ‖_F = c √(K − 1) = ‖W_tW_tᵀ‖_F.

Where every sample carries both labels (the contrast) nothing is free, and all seeds agree in all blocks.
"""

from __future__ import annotations

import math

import numpy as np

from empirical.experiments.blocks import block, overlap
from empirical.experiments.plan import Plan, Results, Row, equals, final, grams, problem_of, vanishes
from empirical.experiments.shapes import FREE_GAP, NETWORK_GAP, free, on_digits
from theory.labels import FloatArray, LabelDesign

CLASSES = 5

#: How far apart, at least, the cross blocks of any two seeds are: random positions differ by about their size.
APART = 0.1


def distance(one: FloatArray, other: FloatArray, design: LabelDesign, s: int, t: int) -> float:
    """The distance of the module between the blocks (s, t) of two Gram matrices."""
    own = math.sqrt(float(np.linalg.norm(block(one, design, s, s)) * np.linalg.norm(block(one, design, t, t))))
    return float(np.linalg.norm(block(one, design, s, t) - block(other, design, s, t))) / own


def _rows(results: Results) -> list[Row]:
    out: list[Row] = []
    for variant, runs in results.items():
        design = problem_of(runs).design
        found = grams(runs)
        exactly = variant.startswith("free")
        gap, shape = (FREE_GAP, 1e-4) if exactly else (NETWORK_GAP, 0.02)
        single = bool(design.labelled.all())
        claim = "single_source" if single else "multi_source"
        out.append(vanishes(variant, "relative gap", final(runs, "relative_gap"), gap, "lower_bound"))
        # every seed beside the next, the last beside the first
        pairs = list(zip(found, found[1:] + found[:1], strict=True))
        for t in range(design.tasks):
            values = [distance(a, b, design, t, t) for a, b in pairs]
            out.append(vanishes(variant, f"own block of task {t}, seed to seed", values, shape, claim))
        values = [distance(a, b, design, 0, 1) for a, b in pairs]
        if single:
            out.append(vanishes(variant, "cross block, seed to seed", values, shape, claim))
        else:
            quantity = "cross block, seed to seed (free)"
            out.append(Row(variant, quantity, "at_least", None, APART, tuple(values), claim))
        overlaps = [overlap(gram, design, 0, 1) for gram in found]
        if variant.endswith("narrow"):
            out.append(equals(variant, "cross-task overlap (no room)", 1.0, overlaps, shape, claim))
        elif single:
            out.append(vanishes(variant, "cross-task overlap", overlaps, shape, claim))
        else:
            out.append(Row(variant, "cross-task overlap (free)", "varies", None, 1e-3, tuple(overlaps), claim))
    return out


POSITION = Plan(
    name="relative-position",
    question="With one label a sample, is the position of the heads to each other an accident of the seed?",
    theory=(
        "each head is the same in every run, and the cross block is not; in K − 1 dimensions its norm is that of a "
        "rotation, and the rotation arbitrary; with both labels on every sample all blocks agree"
    ),
    variants=(
        free("free", "free features, room for all heads", {"multi_source": [CLASSES] * 2, "repetitions": 20}),
        free(
            "free-narrow",
            "free features in K − 1 dimensions",
            {"multi_source": [CLASSES] * 2, "repetitions": 20},
            dimension=CLASSES - 1,
        ),
        free("free-single-source", "the contrast: both labels", {"factorial": [CLASSES] * 2, "repetitions": 8}),
        on_digits("mlp", "a network, one label a canvas", {"multi_source": [CLASSES] * 2, "repetitions": 80}),
        on_digits("mlp-single-source", "a network, both labels", {"factorial": [CLASSES] * 2, "repetitions": 32}),
    ),
    rows=_rows,
    curves=("relative_gap", "cross_task"),
)
