"""Experiment 11: one problem, five architectures: is the geometry that of the labels, whatever computes the features?

The certificate knows the labels and the decays and nothing of the network.  A multilayer perceptron, a convolutional
network, a residual network, a VGG and a vision transformer are trained on the same canvases, with tasks of 3 and 4
classes, and held against one and the same certified optimum: its value, its Gram matrix W Wᵀ, and the shapes and norms
of claim ``single_source``.

Batch normalisation makes a feature depend on its batch; over the last part of training the normalising networks use
their running moments as they are, so that what is trained is the function that is measured.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from empirical.experiments.collapse import predicted_row_norm
from empirical.experiments.plan import Plan, Results, Row, equals, final, grams, problem_of, vanishes
from empirical.experiments.shapes import NETWORK_GAP, on_digits
from empirical.presets import Preset
from empirical.training import Optimisation

SHAPE = 0.02


def _rows(results: Results) -> list[Row]:
    out: list[Row] = []
    for variant, runs in results.items():
        problem = problem_of(runs)
        claim = "single_source"
        out.append(vanishes(variant, "relative gap", final(runs, "relative_gap"), NETWORK_GAP, "lower_bound"))
        certified = np.array(runs[0]["certificate"]["gram"])
        far = [float(np.linalg.norm(gram - certified) / np.linalg.norm(certified)) for gram in grams(runs)]
        out.append(vanishes(variant, "Gram matrix of the heads, relative", far, 2 * SHAPE, "certified optimum"))
        out.append(vanishes(variant, "NC1: within-cell variability", final(runs, "within_cell"), 0.01, "cells"))
        out.append(vanishes(variant, "NC2: ETF deviation, worst task", final(runs, "etf"), SHAPE, claim))
        out.append(vanishes(variant, "NC3: cross-task overlap", final(runs, "cross_task"), SHAPE, claim))
        out.append(vanishes(variant, "NC4: weighted sum rule", final(runs, "sum_rule"), 2 * SHAPE, claim))
        disagreement = final(runs, "nearest_centre")
        out.append(vanishes(variant, "NC5: nearest-centre disagreement", disagreement, 0.0, "nearest_centre"))
        for t in range(problem.design.tasks):
            norm = predicted_row_norm(problem, t)
            values = final(runs, "row_norms", t)
            out.append(equals(variant, f"row norm, task {t}", norm, values, SHAPE * norm, claim))
    return out


def _variant(
    name: str, description: str, epochs: int, options: dict[str, Any], step: float = 2e-3, **changes: Any
) -> Preset:
    return on_digits(
        name,
        description,
        {"factorial": [3, 4], "repetitions": 15},
        backbone=name,
        backbone_options=options,
        optimisation=Optimisation(epochs=epochs, batch=60, step=step, head_step=5e-3),
        **changes,
    )


ARCHITECTURES = Plan(
    name="architectures",
    question="Is the geometry the same whatever network computes the features?",
    theory="one certified optimum for all: its value, its Gram matrix, NC1 to NC5 and the norms",
    variants=(
        _variant("mlp", "two hidden layers of 256 units", 200, {"width": 256, "depth": 2}),
        _variant("cnn", "two convolutions of 32 and 64 channels", 250, {"width": 32}),
        _variant(
            "resnet", "ResNet-10, 8 to 64 channels, batch normalisation", 180, {"depth": 10, "width": 8},
            frozen_norm=0.3,
        ),
        _variant(
            "vgg", "VGG of four convolutions, 16 to 128 channels, batch normalisation", 180,
            {"depth": "small", "width": 16}, frozen_norm=0.3,
        ),
        _variant(
            "vit", "vision transformer, two blocks of width 32 on 16 patches", 350,
            {"patch": 4, "width": 32, "depth": 2, "heads": 4}, step=4e-3,
        ),
    ),
    rows=_rows,
)  # fmt: skip
