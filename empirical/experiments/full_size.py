"""Experiment 14: networks of full size on full-size images; needs a GPU.

Ten thousand canvases of two or three images side by side (:mod:`empirical.sources.strips`), every tuple of labels
equally often, so that NC1 to NC5 hold at every global optimum with the stated norms (claim ``single_source``);
ResNet-18 and ResNet-34 (MONAI), VGG13.  Held against the certified optimum as the small networks are: relative gap at
most 0.05 %.

    python -m empirical.train --experiment full-size --data-dir DATA --minutes 9

stops within nine minutes, with exit code 3 while something is left, and is then called again.  DATA holds CIFAR-10 and
Fashion-MNIST in any of the forms that :mod:`empirical.sources.strips` names.  ``--seeds 3`` goes on to two more seeds;
``--variants`` takes some; ``--rehearse`` runs the whole list with a few samples and narrow networks.

What it needs    torch, numpy, scipy, torchmetrics, lightning (or lightning-fabric), typer, rich, monai and python-flint
                 (sympy comes with torch); threadpoolctl; pillow where CIFAR-10 comes as image files.  No CVXPY, Dask,
                 TorchJD, TeX, or network.  On a machine that lacks some,
                 wheels carried along do: ``pip download --only-binary=:all: --no-deps --python-version 3.12
                 --platform manylinux2014_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux_2_28_x86_64
                 -d wheels monai python-flint``, and there ``pip install --no-index --no-deps --target site
                 wheels/*.whl; export PYTHONPATH=site:.``
What to carry    the checkout, the wheels (12 MB), cifar10-train.tar.xz (15 MB) and the two train-* files of
                 Fashion-MNIST (27 MB) as DATA/fashion-mnist/train-*.gz
First            ``python3 -m empirical.train --experiment full-size --rehearse --data-dir DATA`` (half a minute), so
                 that nothing is missing when the clock runs
Then             ``python3 -m empirical.train --experiment full-size --data-dir DATA --minutes 9 --out runs`` until it
                 exits with 0 or 1; checkpoints (100 to 260 MB) stay in ``runs``
What to bring    ``tar czf records.tar.gz --exclude checkpoint.pt --exclude last_layer.npz runs``; runs/experiment.json
                 is the record to keep as reports/records/experiment-full-size.json

The schedule, on paper.  ResNet-18 is 0.56 GMAC forward on 32 × 32 pixels, 1.1 on two such images: 6.7 GFLOP a sample
and step.  At 150 to 250 TFLOP/s, which bfloat16 convolutions reach on an H100, that is 20 to 35 thousand samples a
second, 160 epochs of 10,000 in 45 to 80 s; the last tenth in TF32 costs as much as two tenths more.  Three images:
half as much again; ResNet-34: twice; VGG13: less than half.  The list of seven is some ten to fifteen minutes.

What makes the gap small, besides the small presets' schedule (one cycle, heads stepping faster, decays split so that
head rows have norm 1):

* batch normalisation with frozen moments in the last quarter of the epochs: the function that is trained is then the
  one that is measured.  With moments of batches, every feature carries the noise of its batch to the end;
* full precision in the last 10 %: bfloat16 keeps three digits, an error of 0.4 % in every activation;
* no augmentation in the end: the theorem is about samples that stand still.

Tried on a CPU in small, a ResNet of depth 10 and a quarter of the width on 300 pairs of CIFAR-10 images, steps of 25:
gap 0.53 % after 720 steps with moments of batches to the end, 0.10 % with frozen ones (peak step 1e-3); 0.03 % after
1,440 steps (2e-3).  The list takes 6,400 steps of 250.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from empirical.experiments.collapse import predicted_row_norm
from empirical.experiments.plan import Plan, Results, Row, equals, final, problem_of, vanishes
from empirical.gates import Gate
from empirical.presets import Preset
from empirical.training import Optimisation

GAP, SHAPE, WITHIN, SUM, NORM = 5e-4, 0.01, 0.01, 0.02, 0.01
#: Share of the bare rate that the training loop keeps.
RATE = 0.9

SETTINGS: dict[str, Any] = {
    "source": "strips",
    "backbone": "resnet",
    "backbone_options": {"depth": 18},
    "dimension": 64,
    "fraction": "0.03",
    "optimisation": Optimisation(epochs=160, batch=250, step=2e-3, head_step=5e-3),
    "gates": (Gate("relative_gap", at_most=GAP), Gate("accuracy", at_least=1.0)),
    "precision": "mixed",
    "full_precision": 0.1,
    "frozen_norm": 0.25,
    "deterministic": False,
    "measurements": 12,
    "measured_in": "float32",
    "throughput": True,
}


def _variant(name: str, description: str, images: str, tasks: int, **changes: Any) -> Preset:
    # ten thousand canvases either way
    design = {"factorial": [10] * tasks, "repetitions": 10_000 // 10**tasks}
    options = {"images": images, "design": design}
    return Preset(name=name, description=description, source_options=options, **(SETTINGS | changes))


def rehearsed(preset: Preset) -> Preset:
    """The same with two classes a task, four canvases a cell, two epochs and narrow networks."""
    design = {"factorial": [2] * len(preset.source_options["design"]["factorial"]), "repetitions": 2}
    return dataclasses.replace(
        preset,
        source_options={**preset.source_options, "design": design},
        backbone_options={**preset.backbone_options, "width": 4},
        dimension=8,
        optimisation=dataclasses.replace(preset.optimisation, epochs=4, batch=8),
        measurements=1,
        # the last epochs are of the other kind, and the first two do not count for the rate
        full_precision=0.25,
        frozen_norm=0.25,
    )


def _rows(results: Results) -> list[Row]:
    out: list[Row] = []
    for variant, runs in results.items():
        problem = problem_of(runs)
        claim = "single_source"
        accuracy = tuple(min(result["final"]["accuracy"]) for result in runs)
        rate = tuple(None if result["throughput"] is None else result["throughput"]["ratio"] for result in runs)
        out.append(vanishes(variant, "relative gap", final(runs, "relative_gap"), GAP, "lower_bound"))
        out.append(Row(variant, "accuracy, worst task", "at_least", None, 1.0, accuracy, "goal"))
        out.append(vanishes(variant, "NC1: within-cell variability", final(runs, "within_cell"), WITHIN, "cells"))
        out.append(vanishes(variant, "NC2: ETF deviation, worst task", final(runs, "etf"), SHAPE, claim))
        out.append(vanishes(variant, "NC3: cross-task overlap", final(runs, "cross_task"), SHAPE, claim))
        out.append(vanishes(variant, "NC4: deviation from the sum of rows", final(runs, "sum_rule"), SUM, claim))
        out.append(
            vanishes(variant, "NC5: nearest-centre disagreement", final(runs, "nearest_centre"), 0.0, "nearest_centre")
        )
        for t in range(problem.design.tasks):
            norm = predicted_row_norm(problem, t)
            values = final(runs, "row_norms", t)
            out.append(equals(variant, f"row norm, task {t}", norm, values, NORM * norm, claim))
        out.append(Row(variant, "samples a second over those of bare steps", "at_least", None, RATE, rate, "goal"))
    return out


FULL_SIZE = Plan(
    name="full-size",
    question="Do networks of full size on real images land on the certified geometry?",
    theory="the gap vanishes; NC1 to NC5 and the norms of the rows as in the single-source theorem",
    variants=(
        _variant("resnet18-cifar10-2", "ResNet-18 on pairs of CIFAR-10 images", "cifar10", 2),
        _variant("resnet18-fashion-2", "ResNet-18 on pairs of Fashion-MNIST images", "fashion", 2),
        _variant("resnet18-cifar10-3", "ResNet-18 on triples of CIFAR-10 images", "cifar10", 3),
        _variant("resnet18-fashion-3", "ResNet-18 on triples of Fashion-MNIST images", "fashion", 3),
        _variant(
            "vgg13-cifar10-2",
            "VGG13 on pairs of CIFAR-10 images",
            "cifar10",
            2,
            backbone="vgg",
            backbone_options={"depth": 13},
        ),
        _variant(
            "resnet34-cifar10-2",
            "ResNet-34 on pairs of CIFAR-10 images",
            "cifar10",
            2,
            backbone_options={"depth": 34},
        ),
        _variant(
            "resnet18-cifar10-2-moved",
            "ResNet-18 on pairs of CIFAR-10 images, shifted and mirrored in the first half of the epochs",
            "cifar10",
            2,
            augmentation={"shift": 2, "flip": True, "until": 0.5},
        ),
    ),
    rows=_rows,
    seeds=1,
    rehearsal=rehearsed,
    accelerator=True,
)
