"""Where a run runs: device, threads, determinism — all explicit, all recorded."""

from __future__ import annotations

import os
from typing import Any

import torch

DEVICES = ("auto", "cpu", "cuda")


def choose_device(name: str) -> torch.device:
    """``auto`` is the GPU where there is one.  Raises ``ValueError`` for an unknown or absent device."""
    if name not in DEVICES:
        raise ValueError(f"{name!r} is unknown; expected one of {', '.join(DEVICES)}")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("no CUDA device is available to this torch; use --device cpu, or auto")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def available_cores() -> int:
    """The cores that this process may use (which a container may have limited)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def make_deterministic(threads: int) -> None:
    """Deterministic algorithms alone, on so many threads.

    Sums are split over threads, so another number of them rounds differently: a run repeats bit for bit on one
    machine with one number of threads.
    """
    # read by cuBLAS when it starts; without it its matrix products are refused as not deterministic
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    torch.set_num_threads(threads)


def describe(device: torch.device) -> dict[str, Any]:
    """Device, threads and determinism, for the provenance of a record."""
    return {
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }
