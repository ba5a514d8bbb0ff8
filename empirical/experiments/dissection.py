"""Experiment 4: feature dissection, one digit of a canvas at a time.

Networks trained on canvases with a digit at each of two places (no overlap) are shown canvases with one digit.  With
h^t the feature of a canvas with a digit at place t alone, and m^t_k its mean over the digits k,

    own accuracy    share of h^t whose largest logit of task t is the digit that is left
    NC1             Σ ‖h^t − m^t_k‖² / Σ ‖h^t − m^t‖²
    NC2             ETF deviation of the m^t_k − m^t
    NC3             √(1 − cos²) between the centred class means and the rows of W_t, as whole matrices
    outside         share of ‖m^t_k − m^t‖² outside the row space of W_t
    sum             √(1 − cos²) between centred cell means h_kl of whole canvases and m¹_k + m²_l, centred

What the theory says depends on the training set.  Where one-digit canvases, labelled for their one task, are part of
it (partial annotation), they are samples of the problem, and h^t are the features of these: the latent features
β_t w_{t,k}, and all deviations are 0 (claims ``partial_annotation`` and ``latent_features``).  Where they are not (the
set-up of Wang et al., ICLR 2026), the canvases of the training set are shown with all but one place erased, and no
theorem speaks of them: a network that treats the two places independently would show the same, and the plan asks how
close to it training comes, with tolerances of its own.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from empirical.compare import all_features
from empirical.experiment import Experiment
from empirical.experiments.plan import Plan, Results, Row, final, vanishes
from empirical.experiments.shapes import NETWORK_GAP, on_digits
from empirical.latent import projections
from empirical.sources import canvases
from theory import geometry
from theory.labels import MISSING, FloatArray

#: Side of the digits.
DIGIT = 8

#: Tolerances (NC1, NC2, NC3, outside, sum) where the theorem speaks, and where it does not.
CERTAIN, OPEN = (0.01, 0.03, 0.03, 0.01, 0.03), (0.3, 0.5, 0.5, 0.3, 0.3)


def mismatch(a: FloatArray, b: FloatArray) -> float:
    """√(1 − cos²) of two matrices of one shape: 0 iff one is a positive or negative multiple of the other."""
    unit_a, unit_b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return float(np.linalg.norm(unit_a - float((unit_a * unit_b).sum()) * unit_b))


def dissect(run: Experiment) -> dict[str, Any]:
    """The measures of the module, one a task (``sum`` one number).

    One-digit canvases are the training samples that carry the task's label alone where there are any, else the
    canvases with both labels, all but one place erased.
    """
    W, b = run.network.stacked_heads()
    design, labels = run.problem.design, run.data.labels
    both = (labels != MISSING).all(axis=1)
    whole = _features(run, run.images[_on(run, both)])
    parts = projections(design, W)
    out: dict[str, Any] = {name: [] for name in ("own_accuracy", "nc1", "nc2", "nc3", "outside")}
    cells = np.ravel_multi_index(tuple(labels[both].T), design.classes)
    summed = np.zeros((W.shape[1], math.prod(design.classes)))
    for t, rows in design.blocks():
        alone = (labels[:, t] != MISSING) & ~both
        if alone.any():
            h, label = _features(run, run.images[_on(run, alone)]), labels[alone, t]
        else:
            h, label = _features(run, canvases.only(run.images[_on(run, both)], t, DIGIT)), labels[both, t]
        means = geometry.cell_means(h, label, design.classes[t])
        centre = h.mean(axis=1, keepdims=True)
        offsets = means - means.mean(axis=1, keepdims=True)
        own = (W[rows] @ h + b[rows, None]).argmax(axis=0)
        part = parts[t]
        assert part is not None  # a task that the plan keeps far below its threshold
        out["own_accuracy"].append(float((own == label).mean()))
        out["nc1"].append(float(((h - means[:, label]) ** 2).sum() / ((h - centre) ** 2).sum()))
        out["nc2"].append(geometry.etf_deviation(offsets.T))
        out["nc3"].append(mismatch(offsets.T, W[rows] - W[rows].mean(axis=0)))
        out["outside"].append(float(((offsets - part @ offsets) ** 2).sum() / (offsets**2).sum()))
        summed += means[:, np.unravel_index(np.arange(summed.shape[1]), design.classes)[t]]
    seen = geometry.cell_means(whole, cells, summed.shape[1])
    out["sum"] = mismatch(*(x - x.mean(axis=1, keepdims=True) for x in (seen, summed)))
    return out


def _on(run: Experiment, chosen: npt.NDArray[np.bool_]) -> torch.Tensor:
    return torch.from_numpy(chosen).to(run.images.device)


def _features(run: Experiment, images: torch.Tensor) -> FloatArray:
    return np.asarray(all_features(run.network, images).cpu().numpy().T)


def _rows(results: Results) -> list[Row]:
    out: list[Row] = []
    names = (
        ("NC1 of one-digit features", "nc1"),
        ("NC2 of one-digit class means", "nc2"),
        ("NC3 of one-digit class means with their head", "nc3"),
        ("one-digit class means outside their head's rows", "outside"),
        ("sum of one-digit means against whole canvases", "sum"),
    )
    for variant, runs in results.items():
        known = variant.startswith("seen")
        source = "partial_annotation" if known else "no theorem; observed by Wang et al."
        out.append(vanishes(variant, "relative gap", final(runs, "relative_gap"), NETWORK_GAP, "lower_bound"))
        probes = [result["probe"] for result in runs]
        values = tuple(min(probe["own_accuracy"]) for probe in probes)
        out.append(Row(variant, "accuracy on the digit that is left", "at_least", None, 0.9, values, source))
        for (quantity, key), tolerance in zip(names, CERTAIN if known else OPEN, strict=True):
            worst = [max(p[key]) if isinstance(p[key], list) else p[key] for p in probes]
            out.append(vanishes(variant, quantity, worst, tolerance, source))
    return out


DISSECTION = Plan(
    name="dissection",
    question="Does a canvas with one digit give the latent feature of its task, and do the two add up?",
    theory=("one-digit canvases in the training set: exactly the latent features; not in it: no theorem, and measured"),
    variants=(
        on_digits(
            "seen",
            "one-digit canvases are part of the training set, labelled for their one task",
            {"partial": [10, 10], "repetitions": 8, "alone": 80},
        ),
        on_digits("unseen", "trained on two digits only", {"factorial": [10, 10], "repetitions": 10}),
    ),
    rows=_rows,
    probe=dissect,
)
