"""Experiments by name: everything that decides a run, in one frozen object."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from empirical import backbones, networks, resident
from empirical.augmentation import Augmentation
from empirical.fixed_heads import HEADS
from empirical.gates import Gate
from empirical.linear_chain import linear_chain
from empirical.sources import (
    appearance,
    canvases,
    celeba,
    cifar,
    folders,
    idx,
    mnist_digits,
    relabelled,
    samples,
    scikit_digits,
    strips,
)
from empirical.sources.labelled import LabelledImages
from empirical.sources.stated import design_of
from empirical.training import Arithmetic, Optimisation


def _samples(seed: int, design: dict[str, Any]) -> LabelledImages:
    """Numbered samples have nothing to draw: the seed is that of the initial variables alone."""
    return samples.of_design(design_of(design))


def _canvases(load: Callable[[], LabelledImages]) -> Callable[..., LabelledImages]:
    def build(design: dict[str, Any], seed: int, side: int) -> LabelledImages:
        return canvases.of_design(load(), design_of(design), seed, side)

    return build


def _digits_part(design: dict[str, Any], seed: int, side: int, part: str) -> LabelledImages:
    """Canvases of the first 120 digits of each class ("train"), or of the others ("held-out")."""
    digits = scikit_digits.load()
    first = np.zeros(len(digits), dtype=bool)
    for k in range(digits.classes[0]):
        first[np.flatnonzero(digits.labels[:, 0] == k)[:120]] = True
    try:
        keep = {"train": first, "held-out": ~first}[part]
    except KeyError:
        raise ValueError(f"part: {part!r}; expected train or held-out") from None
    chosen = LabelledImages(digits.images[keep], digits.labels[keep], digits.classes, f"{digits.name}, {part}")
    return canvases.of_design(chosen, design_of(design), seed, side)


def _appearance(design: dict[str, Any], seed: int) -> LabelledImages:
    return appearance.of_design(mnist_digits.load(), design_of(design), seed)


def _relabelled(images: LabelledImages, way: str, sizes: list[int]) -> LabelledImages:
    """Split into ``sizes[0]`` tasks, or crossed to tasks of ``sizes`` classes."""
    if way not in ("split", "cross"):
        raise ValueError(f"way: {way!r}; expected split or cross")
    return relabelled.split(images, *sizes) if way == "split" else relabelled.cross(images, sizes)


def _mnist_relabelled(way: str, sizes: list[int], per_class: int, seed: int) -> LabelledImages:
    return _relabelled(relabelled.balanced(mnist_digits.load(), per_class, seed), way, sizes)


#: Training sets by name: keyword options and a seed to :class:`LabelledImages`.  ``design`` is an option as
#: :mod:`empirical.sources.stated` documents it.
SOURCES: Mapping[str, Callable[..., LabelledImages]] = {
    "mnist-canvases": lambda **options: canvases.joint(mnist_digits.load(), **options),
    "mnist-separate": lambda **options: canvases.separate(mnist_digits.load(), **options),
    "mnist-design": _canvases(mnist_digits.load),
    "digits-design": _canvases(scikit_digits.load),
    "digits-part": _digits_part,
    "mnist-appearance": _appearance,
    "mnist-relabelled": _mnist_relabelled,
    "samples": _samples,
}


def _cifar10_canvases(folder: Path, design: dict[str, Any], seed: int, side: int, split: str) -> LabelledImages:
    return canvases.of_design(strips.cifar10(folder, split), design_of(design), seed, side)


def _idx_canvases(folder: Path, design: dict[str, Any], seed: int, side: int, split: str) -> LabelledImages:
    return canvases.of_design(idx.load(folder, split), design_of(design), seed, side)


def _folder_canvases(
    folder: Path, design: dict[str, Any], seed: int, side: int, image_side: int | None = None
) -> LabelledImages:
    return canvases.of_design(folders.load(folder, image_side), design_of(design), seed, side)


def _strips(folder: Path, images: str, design: dict[str, Any], seed: int) -> LabelledImages:
    return strips.of_design(strips.SETS[images](folder), design_of(design), seed, mirrors=True)


def _cifar100_relabelled(folder: Path, way: str, sizes: list[int], per_class: int, seed: int) -> LabelledImages:
    # its second task are the hundred classes
    return _relabelled(relabelled.balanced(cifar.load(folder, 100), per_class, seed, task=1), way, sizes)


def _celeba(folder: Path, attributes: list[str], limit: int, side: int, seed: int) -> LabelledImages:
    """The first faces of the table: nothing is drawn, the seed is that of weights and order alone."""
    return celeba.load(folder, attributes, limit, side)


#: Training sets that need files: the folder (or archive) that ``--data-dir`` gives, then as in :data:`SOURCES`.
FILE_SOURCES: Mapping[str, Callable[..., LabelledImages]] = {
    "idx-canvases": _idx_canvases,
    "cifar10-canvases": _cifar10_canvases,
    "folder-canvases": _folder_canvases,
    "cifar100-relabelled": _cifar100_relabelled,
    "celeba": _celeba,
    "strips": _strips,
}

#: Types of parameters and losses by the name of the precision; "mixed" has the backbone in bfloat16.
DTYPES: Mapping[str, torch.dtype] = {"float32": torch.float32, "float64": torch.float64, "mixed": torch.float32}

#: Types in which features are measured.
MEASURED_IN: Mapping[str, torch.dtype] = {"float32": torch.float32, "float64": torch.float64}

#: The backbone that is none: features are variables (:class:`empirical.networks.FreeFeatures`).
FREE = "free"


def _mlp(images: torch.Tensor, width: int, depth: int) -> tuple[nn.Module, int]:
    return networks.mlp(images, width, depth), width


#: Backbones by name: the training images and keyword options to a module and the width of its output.
BACKBONES: Mapping[str, Callable[..., tuple[nn.Module, int]]] = {
    "mlp": _mlp,
    "cnn": networks.small_cnn,
    "linear-chain": linear_chain,
    "resnet": backbones.resnet,
    "vgg": backbones.vgg,
    "vit": backbones.vit,
}


@dataclass(frozen=True)
class Preset:
    """One experiment.

    source, source_options : an entry of :data:`SOURCES` or :data:`FILE_SOURCES`, and what it is called with.  Where
        the files are is no part of the configuration.
    backbone, backbone_options : likewise of :data:`BACKBONES`; ``"free"`` for free features (of numbered samples).
    dimension : d.
    fraction : λ_W λ_H as a fraction of the smallest threshold of a task (T5), a decimal text.
    row_norm : norm of the certified heads' rows, which fixes λ_W/λ_H (:mod:`empirical.decays`).
    bias : ``None``, or the bias decay as a decimal text (``"0"`` for a free bias).
    loss : ``"ce"`` or ``"mse"``.
    optimisation : step sizes, epochs, batch.
    gates : what the trained network must reach.
    task_weights : α_t, one for all tasks or one a task, decimal texts.
    deaths : may tasks be dead?  Then the fraction may be 1 or more.
    precision : ``"float32"``, ``"float64"`` or ``"mixed"`` (:class:`empirical.training.Arithmetic`), of training.
    objective : ``"ufm"``, or ``"weight-decay"`` for the ordinary one, of which λ_H is fitted
        (:mod:`empirical.objective`).
    seed : of images, initial weights and order.
    threads : CPU threads, ``None`` for all available cores.  Sums are split over threads and so rounded
        differently: a fixed number makes the run repeat bit for bit whatever the number of cores.
    heads : ``"learned"``, or frozen: ``"fixed"`` at the certified geometry, ``"random"`` in random directions
        (:mod:`empirical.fixed_heads`).
    augmentation : fields of :class:`empirical.augmentation.Augmentation`, or ``None`` for none.
    full_precision, frozen_norm, compiled : fields of :class:`empirical.training.Arithmetic`.
    deterministic : ``False`` lets a GPU take its fastest algorithms; two runs then differ in rounding.
    measurements : about so many points of the history.
    measured_in : type in which features are computed for measuring; everything after them is float64.
    throughput : whether to measure the samples a second (:mod:`empirical.throughput`).

    Raises ``ValueError`` for an unknown name among these.
    """

    name: str
    description: str
    source: str
    source_options: dict[str, Any]
    backbone: str
    backbone_options: dict[str, Any]
    dimension: int
    fraction: str
    optimisation: Optimisation
    gates: tuple[Gate, ...]
    row_norm: float = 1.0
    bias: str | None = None
    loss: str = "ce"
    seed: int = 0
    threads: int | None = None
    task_weights: str | tuple[str, ...] = "1"
    deaths: bool = False
    precision: str = "float32"
    objective: str = "ufm"
    heads: str = "learned"
    augmentation: dict[str, Any] | None = None
    full_precision: float = 0.0
    frozen_norm: float = 0.0
    compiled: bool = False
    deterministic: bool = True
    measurements: int = 40
    measured_in: str = "float64"
    throughput: bool = False

    def __post_init__(self) -> None:
        for field, known in (("precision", DTYPES), ("heads", HEADS), ("measured_in", MEASURED_IN)):
            if getattr(self, field) not in known:
                raise ValueError(f"{field}: {getattr(self, field)!r} is unknown; expected one of {', '.join(known)}")

    def arithmetic(self) -> Arithmetic:
        """How the network is evaluated in training."""
        return Arithmetic(self.precision == "mixed", self.full_precision, self.frozen_norm, self.compiled)

    def moves(self) -> Augmentation | None:
        """The augmentation, if there is one."""
        return None if self.augmentation is None else Augmentation(**self.augmentation)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as a record keeps it (the gates are kept with their outcomes)."""
        data = dataclasses.asdict(self)
        del data["gates"]
        # tuples and lists are one thing in a record
        plain: dict[str, Any] = json.loads(json.dumps(data))
        return plain

    def images(self, data_dir: Path | None = None) -> LabelledImages:
        """The training set.  Raises ``ValueError`` where it needs files and ``data_dir`` is ``None``."""
        if self.source not in FILE_SOURCES:
            return SOURCES[self.source](seed=self.seed, **self.source_options)
        if data_dir is None:
            raise ValueError(f"preset {self.name} reads files; give their folder as --data-dir")
        return FILE_SOURCES[self.source](data_dir, seed=self.seed, **self.source_options)

    def network(self, data: LabelledImages) -> networks.MultiTaskNetwork:
        """The untrained network; drawn from torch's global generator, which the caller seeds."""
        if self.backbone == FREE:
            return networks.FreeFeatures(len(data), self.dimension, data.classes, bias=self.bias is not None)
        backbone, width = BACKBONES[self.backbone](resident.reference(data.images), **self.backbone_options)
        return networks.MultiTaskNetwork(backbone, width, self.dimension, data.classes, bias=self.bias is not None)


COLLAPSED = (
    Gate("relative_gap", at_most=2e-4),
    Gate("etf", at_most=1e-3),
    Gate("accuracy", at_least=1.0),
)

SMALL = Preset(
    name="small",
    description="single source: two MNIST digits on one canvas, every pair of labels equally often",
    source="mnist-canvases",
    source_options={"tasks": 2, "repetitions": 10, "side": 36},
    backbone="mlp",
    backbone_options={"width": 512, "depth": 2},
    dimension=32,
    fraction="0.03",
    optimisation=Optimisation(epochs=160, batch=200, step=2e-3, head_step=5e-3),
    gates=(*COLLAPSED, Gate("cross_task", at_most=1e-3)),
    # a second thread gains a third in time, and loses much more where the cores are busy with something else
    threads=1,
)

#: No network: the features are the variables, and the optimum is reached to rounding error.
VARIABLES = Preset(
    name="ufm",
    description="single source, no network: features and heads as variables, every pair of ten labels twice",
    source="samples",
    source_options={"design": {"factorial": [10, 10], "repetitions": 2}},
    backbone=FREE,
    backbone_options={},
    dimension=32,
    fraction="0.03",
    optimisation=Optimisation(epochs=15, batch=1, step=1.0, head_step=1.0, optimiser="lbfgs"),
    gates=(
        Gate("relative_gap", at_most=1e-6),
        Gate("etf", at_most=1e-3),
        Gate("accuracy", at_least=1.0),
        Gate("cross_task", at_most=1e-3),
    ),
    precision="float64",
    threads=1,
)

#: Presets by name.
PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        SMALL,
        dataclasses.replace(
            SMALL,
            name="small-msmtc",
            description="multi source: own images for each of two tasks, an MNIST digit top left or bottom right",
            source="mnist-separate",
            source_options={"tasks": 2, "repetitions": 50, "side": 36},
            # the relative position of the two heads is free (T7), so no gate on cross_task
            gates=COLLAPSED,
        ),
        dataclasses.replace(
            SMALL,
            name="appearance",
            description="three tasks of 10, 5 and 4 classes: which MNIST digit, in which colour, turned how often",
            source="mnist-appearance",
            source_options={"design": {"factorial": [10, 5, 4], "repetitions": 3}},
            optimisation=Optimisation(epochs=200, batch=200, step=2e-3, head_step=5e-3),
            gates=(
                Gate("relative_gap", at_most=1e-3),
                Gate("etf", at_most=1e-2),
                Gate("cross_task", at_most=1e-2),
                Gate("sum_rule", at_most=0.05),
                Gate("accuracy", at_least=1.0),
            ),
        ),
        VARIABLES,
        dataclasses.replace(
            VARIABLES,
            name="ufm-msmtc",
            description="multi source, no network: features and heads as variables, ten samples a class of two tasks",
            source_options={"design": {"multi_source": [10, 10], "repetitions": 10}},
            gates=VARIABLES.gates[:3],
        ),
        dataclasses.replace(
            SMALL,
            name="split",
            description="multi source: five tasks of two digits, every MNIST digit labelled for the task of its pair",
            source="mnist-relabelled",
            source_options={"way": "split", "sizes": [5], "per_class": 100},
            gates=COLLAPSED,
        ),
        dataclasses.replace(
            SMALL,
            name="cross",
            description="single source: two tasks of two and five classes, the ten MNIST digits in mixed radix",
            source="mnist-relabelled",
            source_options={"way": "cross", "sizes": [2, 5], "per_class": 100},
            gates=(*COLLAPSED, Gate("cross_task", at_most=1e-3)),
        ),
        dataclasses.replace(
            SMALL,
            name="cifar100-split",
            description="multi source: five tasks of twenty classes of CIFAR-100 (Python files in --data-dir)",
            source="cifar100-relabelled",
            source_options={"way": "split", "sizes": [5], "per_class": 20},
            dimension=128,
            gates=(Gate("relative_gap", at_most=1e-2), Gate("accuracy", at_least=1.0)),
        ),
        dataclasses.replace(
            SMALL,
            name="cifar100-cross",
            description="single source: two tasks of ten classes, the classes of CIFAR-100 crossed (as above)",
            source="cifar100-relabelled",
            source_options={"way": "cross", "sizes": [10, 10], "per_class": 20},
            gates=(Gate("relative_gap", at_most=1e-2), Gate("accuracy", at_least=1.0)),
        ),
        dataclasses.replace(
            SMALL,
            name="fashion",
            description="single source: two images of Fashion-MNIST (IDX files in --data-dir), every pair of labels",
            source="idx-canvases",
            source_options={"design": {"factorial": [10, 10], "repetitions": 10}, "side": 56, "split": "train"},
            gates=(Gate("relative_gap", at_most=1e-3), Gate("accuracy", at_least=1.0)),
        ),
        dataclasses.replace(
            SMALL,
            name="cifar10",
            description="single source: two images of CIFAR-10 (batches or image files in --data-dir), every pair",
            source="cifar10-canvases",
            source_options={"design": {"factorial": [10, 10], "repetitions": 10}, "side": 64, "split": "train"},
            gates=(Gate("relative_gap", at_most=1e-3), Gate("accuracy", at_least=1.0)),
        ),
    )
}


def preset_named(name: str) -> Preset:
    """The preset called ``name``; ``ValueError`` naming the known ones otherwise."""
    try:
        return PRESETS[name]
    except KeyError:
        raise ValueError(f"{name!r} is unknown; expected one of {', '.join(PRESETS)}") from None
