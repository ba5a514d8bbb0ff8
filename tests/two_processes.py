"""What test_processes.py runs twice: alone, and as each of two processes under torchrun."""

import dataclasses
import sys

import numpy as np
import torch

from empirical.experiments import catalogue
from empirical.experiments.plan import Plan, final, vanishes
from empirical.experiments.shapes import on_digits
from empirical.metrics import MultiTaskCollapse
from empirical.train import app
from empirical.training import Optimisation


def collapse_over_processes(run):
    """The measures from shares of the features that are as unequal as they can be: one sample, and all others."""
    features = run.features()
    labels = torch.from_numpy(run.data.labels)
    metric = MultiTaskCollapse(run.problem, run.network.heads)
    processes = run.trainer.processes
    if processes == 1:
        metric.update(features, labels)
    else:
        share = slice(0, 1) if run.trainer.rank == 0 else slice(1, None)
        for i in np.array_split(np.arange(len(features))[share], 1 if run.trainer.rank == 0 else 4):
            metric.update(features[i], labels[i])
    return {"processes": processes, **{name: value.tolist() for name, value in metric.compute().items()}}


# 33 samples in batches of 4: the last batch is one sample, of which one process has none
TINY = dataclasses.replace(
    on_digits("tiny", "a few canvases", {"partial": [3, 3], "repetitions": 3, "alone": 1}),
    dimension=5,
    backbone_options={"width": 12, "depth": 1},
    optimisation=Optimisation(epochs=3, batch=4, step=5e-3, head_step=1e-2),
    precision="float64",
    augmentation={"shift": 1, "until": 0.5},
)
PLANS = {
    "tiny": Plan(
        name="tiny",
        question="?",
        theory=".",
        variants=(TINY,),
        rows=lambda results: [vanishes("tiny", "gap", final(results["tiny"], "relative_gap"), 10, "")],
        probe=collapse_over_processes,
        seeds=1,
    )
}


def main(*arguments):
    catalogue.PLANS = PLANS
    app(list(arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
