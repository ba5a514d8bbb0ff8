"""The audit of a large last layer beside one plain product: `python -m benchmarks.audit`.

N samples of d features in float32 (noisy class means), one task of K classes, in an uncompressed .npz file.  The
yardstick is the product H Wᵀ in float32 of the same file, read block by block as a training loop would, on all
cores.  Bound and anatomy (one pass, the certificate included) and all measures (two passes) are printed in units of
it; wall time counts on an idle machine, on a busy one the ratio of processor times says more.  Goals: 4 and 7.

--certificate also runs 1 and 4 threads, and 2 Dask processes, and says whether their certificates are the same text.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from relaxations.audit import AuditResult, audit
from relaxations.last_layer import LastLayer, read_last_layer
from relaxations.workers import workers_named

WEIGHT_DECAY = "5e-4"
#: Wall time in units of the plain product's.
GOALS = {"bound and anatomy": 4, "all measures": 7}


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


def clocked(run: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of a run."""
    begun, busy = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - begun, time.process_time() - busy


def run_audit(
    layer: LastLayer, measures: bool, scheduler: str | None = None, workers: int | None = None
) -> AuditResult:
    with workers_named(scheduler, workers) as team:
        return audit(layer, team, weight_decay=WEIGHT_DECAY, measures=measures)


def compared(samples: int, dimension: int, classes: int, repeats: int, folder: Path) -> dict[str, Any]:
    """The audit of a file made for it, beside the plain product: rows with wall and processor seconds and ratios."""
    path = folder / "layer.npz"
    make_file(path, samples, dimension, classes)
    layer = read_last_layer(path)
    result = run_audit(layer, True)
    runs: dict[str, Callable[[], object]] = {
        "plain product": lambda: plain_product(layer),
        "bound and anatomy": lambda: run_audit(layer, False),
        "all measures": lambda: run_audit(layer, True),
    }
    # in turn, so that a busy moment does not fall on one of them alone
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            times[name].append(clocked(run))
    walls, processors = ({name: min(t[i] for t in times[name]) for name in runs} for i in (0, 1))
    rows = [
        {
            "name": name,
            "wall": walls[name],
            "processor": processors[name],
            "ratio": walls[name] / walls["plain product"],
            "processor_ratio": processors[name] / processors["plain product"],
            "goal": GOALS.get(name),
        }
        for name in runs
    ]
    tracemalloc.start()
    run_audit(layer, True)
    largest = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return {
        "samples": samples,
        "dimension": dimension,
        "classes": classes,
        "repeats": repeats,
        "rows": rows,
        "largest_memory_mb": largest,
        "gap": result.relative_gap,
        "identity_error": result.identity_error,
        "stages": result.seconds,
    }


#: Who computes: a name, a Dask scheduler or ``None``, how many.
TEAMS = (("1 thread", None, 1), ("4 threads", None, 4), ("2 processes", "processes", 2))


def same_certificates(layer: LastLayer, teams: Sequence[tuple[str, str | None, int]] = TEAMS) -> dict[str, Any]:
    """Wall seconds of the audit by each of some ``teams``, and whether all say the same, digit for digit."""
    texts, seconds = set(), {}
    for name, scheduler, workers in teams:
        begun = time.perf_counter()
        answer = run_audit(layer, True, scheduler, workers)
        texts.add(answer.certificate.to_text() + answer.network_certificate.to_text() + repr(answer.measures))
        seconds[name] = time.perf_counter() - begun
    return {"seconds": seconds, "same": len(texts) == 1}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--classes", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--certificate", action="store_true", help="compare 1 and 4 threads and 2 Dask processes too")
    parser.add_argument("--json", action="store_true", help="print one line of JSON and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sizes = options.samples, options.dimension, options.classes
        data = compared(*sizes, options.repeats, Path(folder))
        if options.certificate:
            data["workers"] = same_certificates(read_last_layer(Path(folder) / "layer.npz"))
    if options.json:
        print(json.dumps(data))
        return
    print("N = {}, d = {}, K = {}, float32, best of {}".format(*sizes, options.repeats))
    for row in data["rows"]:
        goal = f"   (goal {row['goal']})" if row["goal"] else ""
        ratios = f"{row['ratio']:6.2f} x     {row['processor_ratio']:6.2f} x{goal}"
        print(f"{row['name']:<20} {row['wall']:8.2f} s wall {row['processor']:8.2f} s processor {ratios}")
    print("   " + ", ".join(f"{name} {value:.2f} s" for name, value in data["stages"].items()))
    print(f"gap {data['gap']:.4f} of f(0) - lower, identity to {data['identity_error']:.1e} of f(0)")
    print(f"largest memory {data['largest_memory_mb']:.0f} MiB, beside the mapped file")
    if options.certificate:
        for name, value in data["workers"]["seconds"].items():
            print(f"{name:<20} {value:8.2f} s")
        print("the same certificates and measures:", data["workers"]["same"])


if __name__ == "__main__":
    main()
