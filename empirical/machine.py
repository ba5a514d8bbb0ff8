"""Where a run runs: device, processes, threads, determinism: all explicit, all recorded.

Devices, several processes and their collectives come from Lightning Fabric.  The same command runs alone or under

    torchrun --standalone --nproc-per-node 2 -m empirical.train ...

with one process a GPU (NCCL), or a few on a CPU (gloo).  Every process holds the whole data set, draws the same order
and takes its share of every batch (:mod:`empirical.training`); only the first one prints and writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from lightning_fabric import Fabric

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


def world_size() -> int:
    """How many processes torchrun started this one with; 1 without it."""
    return int(os.environ["WORLD_SIZE"]) if "TORCHELASTIC_RUN_ID" in os.environ else 1


def local_processes() -> int:
    """How many of them are on this machine."""
    return int(os.environ["LOCAL_WORLD_SIZE"]) if world_size() > 1 else 1


def launch(device: torch.device) -> Fabric:
    """This process's place among those of the run: device, rank, collectives.

    Under torchrun the processes meet here, one GPU each; otherwise there is one process.
    """
    fabric_module, environments = _lightning()
    count = world_size()
    options: dict[str, Any] = {"accelerator": device.type}
    if count == 1:
        # named, so that a batch scheduler's variables in the environment mean nothing here
        options |= {"devices": 1, "plugins": [environments.LightningEnvironment()]}
    else:
        here = int(os.environ["LOCAL_WORLD_SIZE"])
        options |= {"devices": here, "num_nodes": count // here, "strategy": "ddp"}
        options |= {"plugins": [environments.TorchElasticEnvironment()]}
    fabric: Fabric = fabric_module.Fabric(**options)
    if count > 1:
        fabric.launch()
    return fabric


def leave(fabric: Fabric) -> None:
    """Wait for the other processes, and part."""
    if fabric.world_size > 1:
        fabric.barrier()
        torch.distributed.destroy_process_group()


def _lightning() -> tuple[Any, Any]:
    """Lightning Fabric, a package of its own or part of the larger one; imported late, as it takes a second."""
    for name in ("lightning_fabric", "lightning.fabric"):
        try:
            return import_module(name), import_module(f"{name}.plugins.environments")
        except ModuleNotFoundError:
            continue
    raise ModuleNotFoundError(
        "training needs Lightning Fabric, which is not installed; pip install 'multitask-collapse[train]'",
        name="lightning_fabric",
    )


def available_cores() -> int:
    """The cores that this process may use (which a container may have limited)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def make_deterministic(threads: int) -> None:
    """Deterministic algorithms alone, in the precision that is asked for, on so many threads.

    Sums are split over threads, so another number of them rounds differently: a run repeats bit for bit on one
    machine with one number of threads.
    """
    # read by cuBLAS when it starts; without it its matrix products are refused as not deterministic
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.set_num_threads(threads)


def make_fast(threads: int) -> None:
    """On a GPU whatever algorithm is fastest, TF32 products included; two runs then differ in rounding."""
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.set_num_threads(threads)


@contextmanager
def full_float32() -> Iterator[None]:
    """No TF32: products in float32 mean float32, for measuring."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def synchronise(device: torch.device) -> None:
    """Wait until the device has done what it was given: before a clock is read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def describe(device: torch.device) -> dict[str, Any]:
    """Device, processes, threads and determinism, for the provenance of a record."""
    return {
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "processes": world_size(),
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "cuda": torch.version.cuda if device.type == "cuda" else None,
    }
