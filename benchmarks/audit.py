"""The audit of a large last layer beside one plain product: `python -m benchmarks.audit`.

N samples of d features in float32 (noisy class means), one task of K classes, in an uncompressed .npz file.  The
yardstick is the product H Wᵀ in float32 of the same file, read block by block as a training loop would, on all
cores.  Bound and anatomy (one pass, the certificate included) and all measures (two passes) are printed in units of
it; wall time counts on an idle machine, on a busy one the ratio of processor times says more.  Goals: 4 and 7.

--certificate also runs 1 and 4 threads, and 2 Dask processes, and says whether their certificates are the same text.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

from relaxations.audit import AuditResult, audit
from relaxations.last_layer import LastLayer, read_last_layer
from relaxations.workers import workers_named

WEIGHT_DECAY = "5e-4"


def make_file(path: Path, samples: int, dimension: int, classes: int, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((classes, dimension), dtype=np.float32)
    weight = 0.05 * centres + 0.005 * rng.standard_normal((classes, dimension), dtype=np.float32)
    labels = rng.integers(0, classes, samples)
    features = np.empty((samples, dimension), np.float32)
    for start in range(0, samples, 50_000):
        rows = slice(start, min(start + 50_000, samples))
        noise = rng.standard_normal((rows.stop - rows.start, dimension), dtype=np.float32)
        features[rows] = centres[labels[rows]] + 0.3 * noise
    np.savez(path, features=features, labels=labels[:, None], **{"heads.0.weight": weight})  # type: ignore[arg-type]


def plain_product(layer: LastLayer, block: int = 16_384) -> float:
    """Σ of the entries of H Wᵀ: the product, without keeping it."""
    weight = layer.W.astype(np.float32).T
    total = 0.0
    for start in range(0, layer.samples, block):
        total += float((layer.features.rows(start, start + block) @ weight)[0, 0])
    return total


def best(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    """The least wall time and the least processor time of some runs."""
    wall, cpu = [], []
    for _ in range(repeats):
        begun, busy = time.perf_counter(), time.process_time()
        run()
        wall.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - busy)
    return min(wall), min(cpu)


def run_audit(
    layer: LastLayer, measures: bool, scheduler: str | None = None, workers: int | None = None
) -> AuditResult:
    with workers_named(scheduler, workers) as team:
        return audit(layer, team, weight_decay=WEIGHT_DECAY, measures=measures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--classes", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--certificate", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.npz"
        make_file(path, options.samples, options.dimension, options.classes)
        layer = read_last_layer(path)
        product = best(lambda: plain_product(layer), options.repeats)
        result = run_audit(layer, False)
        bound = best(lambda: run_audit(layer, False), options.repeats)
        whole = best(lambda: run_audit(layer, True), options.repeats)
        print(
            f"N = {options.samples}, d = {options.dimension}, K = {options.classes}, float32, best of {options.repeats}"
        )
        for name, (wall, cpu), goal in (
            ("plain product", product, ""),
            ("bound and anatomy", bound, "   (goal 4)"),
            ("all measures", whole, "   (goal 7)"),
        ):
            ratios = f"{wall / product[0]:6.2f} x     {cpu / product[1]:6.2f} x{goal}"
            print(f"{name:<20} {wall:8.2f} s wall {cpu:8.2f} s processor {ratios}")
        print("   " + ", ".join(f"{name} {value:.2f} s" for name, value in result.seconds.items()))
        print(f"gap {result.relative_gap:.4f} of f(0) - lower, identity to {result.identity_error:.1e} of f(0)")
        if options.certificate:
            texts = {}
            for name, scheduler, workers in (
                ("1 thread", None, 1),
                ("4 threads", None, 4),
                ("2 processes", "processes", 2),
            ):
                begun = time.perf_counter()
                answer = run_audit(layer, True, scheduler, workers)
                texts[name] = (
                    answer.certificate.to_text() + answer.network_certificate.to_text() + repr(answer.measures)
                )
                print(f"{name:<20} {time.perf_counter() - begun:8.2f} s")
            print("the same certificates and measures:", len(set(texts.values())) == 1)
        tracemalloc.start()
        run_audit(layer, True)
        print(f"largest memory {tracemalloc.get_traced_memory()[1] / 2**20:.0f} MiB, beside the mapped file")
        tracemalloc.stop()


if __name__ == "__main__":
    main()
