"""Measures of collapse of N features: ours streaming, a plain loop over classes, and the limit, in one run.

    python -m benchmarks.metrics [--samples 50000] [--dimension 256] [--classes 10,10] [--batch 1000] [--device cuda]

ours     :class:`empirical.metrics.MultiTaskCollapse`: update on every batch, then compute
loop     what is usually written: for every cell a mask over all samples, their mean, their centred product; float64
limit    the one product that no exact streaming of a covariance can go without, H Hᵀ of all features in float64, and
         beside it the time of reading the features once

The loop reads every label as often as there are cells and knows all features at once; ours sees a batch at a time, and
gives all other measures besides.  Seconds are the least of some repetitions: processor seconds of one thread on a CPU,
on a GPU wall seconds with the device waited for.  Prints a table, with ``--json`` one line of JSON; the results of ours
and of the loop are compared and must agree.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from empirical.machine import choose_device, describe, synchronise
from empirical.metrics import MultiTaskCollapse
from theory import UFM, LabelDesign
from theory.geometry import variability_ratio


def least(action: Callable[[], Any], device: torch.device, repeats: int) -> tuple[float, Any]:
    """Seconds of the fastest of ``repeats`` calls after one that is not timed, and what it gave."""
    # on one CPU thread processor seconds are what the clock of an idle machine shows
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    action()
    times, out = [], None
    for _ in range(repeats):
        synchronise(device)
        begun = clock()
        out = action()
        synchronise(device)
        times.append(clock() - begun)
    return min(times), out


def plain_loop(features: torch.Tensor, cells: torch.Tensor, count: int, rank: int) -> float:
    """tr(Σ_W Σ_B⁺)/C, cell by cell."""
    means, within = [], torch.zeros(features.shape[1], features.shape[1], dtype=torch.float64, device=features.device)
    for j in range(count):
        members = features[cells == j].double()
        means.append(members.mean(dim=0))
        off = members - means[-1]
        within += off.T @ off
    centres = torch.stack(means, dim=1).cpu().numpy()
    return float(variability_ratio(centres, within.cpu().numpy() / len(features), rank))


def measure(
    samples: int, dimension: int, classes: tuple[int, ...], batch: int, device: torch.device, repeats: int
) -> dict[str, Any]:
    """Seconds of ours, of the loop and of the limits."""
    cells = math.prod(classes)
    design = LabelDesign.factorial(classes, max(1, samples // cells))
    problem = UFM(design, "0.01", "0.0001", dimension=dimension)
    torch.manual_seed(0)
    cell = torch.arange(cells).repeat_interleave(max(1, samples // cells))[torch.randperm(design.samples)]
    labels = torch.from_numpy(design.labels.T.copy())[cell].to(device)
    centres = torch.randn(cells, dimension)
    features = (centres[cell] + 0.1 * torch.randn(design.samples, dimension)).to(device)
    heads = nn.ModuleList([nn.Linear(dimension, k, bias=False) for k in classes]).to(device)
    rank = sum(k - 1 for k in classes)

    def ours() -> float:
        metric = MultiTaskCollapse(problem, heads).to(device)
        for part, target in zip(features.split(batch), labels.split(batch), strict=True):
            metric.update(part, target)
        return float(metric.compute()["within_cell"])

    placed = cell.to(device)
    seconds: dict[str, float] = {}
    seconds["ours"], streamed = least(ours, device, repeats)
    seconds["loop"], looped = least(lambda: plain_loop(features, placed, cells, rank), device, repeats)
    exact = features.double()
    seconds["product"], _ = least(lambda: exact.T @ exact, device, repeats)
    seconds["reading"], _ = least(lambda: features.sum(), device, repeats)
    if not np.isclose(streamed, looped, rtol=1e-8, atol=0):
        raise RuntimeError(f"ours {streamed!r} and the loop {looped!r} do not agree")
    return {
        "samples": design.samples, "dimension": dimension, "classes": list(classes), "cells": cells, "batch": batch,
        "seconds": seconds, "loop_over_ours": seconds["loop"] / seconds["ours"],
        "ours_over_product": seconds["ours"] / seconds["product"], "within_cell": streamed,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.metrics", description="Measures of collapse, streaming.")
    parser.add_argument("--samples", type=int, default=50_000)
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--classes", default="", help="one setting, like 10,10  [default: 10,10 and 10,10,10]")
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one line of JSON and nothing else")
    options = parser.parse_args()
    if min(options.samples, options.dimension, options.batch, options.repeats) < 1:
        parser.error("--samples, --dimension, --batch and --repeats are at least 1")
    try:
        device = choose_device(options.device)
        texts = [options.classes] if options.classes else ["10,10", "10,10,10"]
        settings = [tuple(int(k) for k in text.split(",")) for text in texts]
    except ValueError as error:
        parser.error(str(error))
    torch.set_num_threads(1)
    rows = [measure(options.samples, options.dimension, c, options.batch, device, options.repeats) for c in settings]
    if options.json:
        print(json.dumps({"rows": rows, **describe(device)}))
        return
    print(
        f"{'cells':>8}{'ours':>10}{'loop':>10}{'H Hᵀ':>10}{'reading':>10}{'loop/ours':>12}{'ours/H Hᵀ':>12}   seconds"
    )
    for row in rows:
        times = "".join(f"{row['seconds'][key]:>10.4f}" for key in ("ours", "loop", "product", "reading"))
        print(f"{row['cells']:>8}{times}{row['loop_over_ours']:>12.2f}{row['ours_over_product']:>12.2f}")
    name = describe(device)["device_name"]
    print(f"{rows[0]['samples']} samples, d = {options.dimension}, batches of {options.batch}, {name}")


if __name__ == "__main__":
    main()
