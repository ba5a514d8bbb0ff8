"""The audit on Dask: the same digits from any number of workers, and from workers that die."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster

from relaxations.array_sources import ArraySource
from relaxations.audit import audit
from relaxations.last_layer import LastLayer, read_last_layer
from relaxations.workers import Dask, Threads, workers_named


def layer_file(tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (5000, 2))
    weights = [rng.standard_normal((3, 16)).astype(np.float32) for _ in range(2)]
    features = sum(w[y] for w, y in zip(weights, labels.T, strict=True))
    features = features + 0.3 * rng.standard_normal((5000, 16), dtype=np.float32)
    np.savez(
        tmp_path / "n.npz", features=features, labels=labels, **{f"heads.{t}.weight": w for t, w in enumerate(weights)}
    )
    return read_last_layer(tmp_path / "n.npz")


def digits(layer, workers):
    """Everything that an audit says but the seconds."""
    result = audit(layer, workers, "0.01", chunk=300)
    return (
        result.certificate.to_text() + result.network_certificate.to_text(),
        result.value, result.anatomy, result.measures, result.problem.to_dict(),
    )  # fmt: skip


@pytest.mark.slow
def test_one_and_four_workers_threads_and_processes_give_the_same_certificate(tmp_path):
    layer = layer_file(tmp_path)
    want = digits(layer, Threads(1))
    told = []
    with workers_named("threads", 3, lambda done, count: told.append((done, count))) as team:
        assert digits(layer, team) == want
    # three passes of 17 parts, each told of from 0 on
    assert told.count((0, 17)) == 3
    assert max(told) == (17, 17)
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        # by its address, as a cluster elsewhere
        with workers_named(cluster.scheduler_address) as team:
            assert digits(layer, team) == want
        cluster.scale(4)
        with Client(cluster) as client:
            client.wait_for_workers(4, timeout=60)
            assert digits(layer, Dask(client)) == want


@pytest.mark.slow
def test_a_killed_worker_costs_time_not_correctness(tmp_path):
    layer = layer_file(tmp_path)
    want = digits(layer, Threads(1))
    flag = tmp_path / "died"

    # defined here, so that the workers get the class itself: they cannot import this module
    @dataclass(frozen=True)
    class Deadly:
        """Features whose first reader is killed."""

        source: ArraySource
        flag: Path
        shape: tuple[int, ...]
        dtype: np.dtype

        def part(self, start, stop):
            piece = self.source.part(start, stop)
            return Deadly(piece, self.flag, piece.shape, piece.dtype)

        def rows(self, start, stop):
            if not self.flag.exists():
                self.flag.write_text(str(os.getpid()))
                os._exit(9)
            return self.source.rows(start, stop)

    features = Deadly(layer.features, flag, layer.features.shape, layer.features.dtype)
    deadly = LastLayer(features, layer.labels, layer.names, layer.weights, layer.biases, layer.single)
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        assert digits(deadly, Dask(client)) == want
        assert flag.exists()
        assert int(flag.read_text()) != os.getpid()


@pytest.mark.slow
def test_bad_input_is_said_from_a_worker_too(tmp_path):
    layer = layer_file(tmp_path)
    heads = (layer.weights[0][:2], layer.weights[1])  # label 2 has no row
    small = LastLayer(layer.features, layer.labels, layer.names, heads, None, layer.single)
    with workers_named("threads", 2) as team, pytest.raises(ValueError, match="expected 0 to 1, or -1"):
        audit(small, team, "0.01", chunk=300)


def test_a_scheduler_that_is_not_there_is_said():
    with pytest.raises(ValueError, match="does not answer"), workers_named("nonsense://127.0.0.1:1"):
        pass
