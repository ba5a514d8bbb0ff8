"""The last layer of a multi-task network as data: features, labels, one head a task.

A file holds

    features                (N, d)      floating point
    labels                  (N, T)      whole numbers, −1 where a sample carries no label of the task; (N,) for T = 1
    heads.<task>.weight     (K_t, d)
    heads.<task>.bias       (K_t,)      for every task or for none
    tasks                   (T,)        optional: the names of the tasks, text

*Which head belongs to which column of labels*: if ``tasks`` is there (in a ``.safetensors`` file: metadata
``tasks``, a JSON list of names), it names the columns from left to right.  Otherwise the names of the heads must be
the column numbers 0, 1, ..., T − 1; a single head may have any name.  Nothing is guessed from the order in a file,
which not every format keeps.  Other arrays in the file are ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from relaxations.array_sources import ArraySource, InMemory, read_arrays, whole
from theory.labels import FloatArray

HEAD = re.compile(r"heads\.(?P<task>.+)\.(?P<kind>weight|bias)")


@dataclass(frozen=True, eq=False)
class LastLayer:
    """Features and labels to be read by rows, and the heads in the order of the columns of labels.

    features : source of shape (N, d);  labels : source of shape (N, T) or (N,).
    names : of the tasks.
    weights : (K_t, d) float64 a task;  biases : (K_t,) float64 a task, or ``None`` without biases.
    single : may products with the features be taken in float32?  True if features and heads are no more precise.
    """

    features: ArraySource
    labels: ArraySource
    names: tuple[str, ...]
    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...] | None
    single: bool

    def __post_init__(self) -> None:
        N, T = self.features.shape[0] if self.features.shape else 0, len(self.weights)
        if len(self.features.shape) != 2 or 0 in self.features.shape or self.features.dtype.kind != "f":
            raise ValueError(
                f"features: {self.features.dtype} of shape {self.features.shape}; expected floating point, (N, d)"
            )
        if self.labels.dtype.kind not in "iu":
            raise ValueError(f"labels: {self.labels.dtype}; expected whole numbers, -1 for a missing label")
        if self.labels.shape != (N, T) and not (T == 1 and self.labels.shape == (N,)):
            raise ValueError(
                f"labels: shape {self.labels.shape}; expected ({N}, {T}): one row a sample, one column a head"
            )
        d = self.features.shape[1]
        for name, weight in zip(self.names, self.weights, strict=True):
            if weight.ndim != 2 or weight.shape[1] != d or len(weight) < 2:
                raise ValueError(f"heads.{name}.weight: shape {weight.shape}; expected (K, {d}) with K >= 2")
            if not np.isfinite(weight).all():
                raise ValueError(f"heads.{name}.weight: holds a number that is not finite")
        for name, weight, bias in zip(self.names, self.weights, self.biases or (), strict=self.biases is not None):
            if bias.shape != (len(weight),):
                raise ValueError(f"heads.{name}.bias: shape {bias.shape}; expected ({len(weight)},)")
            if not np.isfinite(bias).all():
                raise ValueError(f"heads.{name}.bias: holds a number that is not finite")

    @property
    def samples(self) -> int:
        """N."""
        return self.features.shape[0]

    @property
    def dimension(self) -> int:
        """d."""
        return self.features.shape[1]

    @property
    def classes(self) -> tuple[int, ...]:
        """K_t."""
        return tuple(len(weight) for weight in self.weights)

    @property
    def W(self) -> FloatArray:
        """``(R, d)``: the heads stacked."""
        return np.concatenate(self.weights)

    @property
    def b(self) -> FloatArray | None:
        """``(R,)``: the biases stacked, or ``None``."""
        return None if self.biases is None else np.concatenate(self.biases)


def read_last_layer(path: Path | str) -> LastLayer:
    """The last layer in a file (see the module).  Raises what :func:`read_arrays` raises, and ``ValueError``."""
    arrays, metadata = read_arrays(path)
    for name in ("features", "labels"):
        if name not in arrays:
            raise ValueError(f"{path}: no array {name!r}; there are {', '.join(sorted(arrays)[:20]) or 'none'}")
    heads: dict[str, dict[str, ArraySource]] = {}
    for name, source in arrays.items():
        if match := HEAD.fullmatch(name):
            heads.setdefault(match["task"], {})[match["kind"]] = source
    if not heads:
        raise ValueError(f"{path}: no array heads.<task>.weight; there are {', '.join(sorted(arrays)[:20])}")
    order = _order(sorted(heads), _stated_names(arrays.get("tasks"), metadata.get("tasks"), str(path)), str(path))
    for task in order:
        if "weight" not in heads[task]:
            raise ValueError(f"{path}: heads.{task}.bias has no heads.{task}.weight")
    with_bias = [task for task in order if "bias" in heads[task]]
    if with_bias and len(with_bias) < len(order):
        absent = next(task for task in order if task not in with_bias)
        raise ValueError(f"{path}: heads.{absent}.bias is missing; give every head a bias, or none (zeros will do)")
    weights = [_head(heads[task]["weight"], f"heads.{task}.weight") for task in order]
    biases = [_head(heads[task]["bias"], f"heads.{task}.bias") for task in with_bias]
    return _last_layer(arrays["features"], arrays["labels"], order, weights, biases or None)


def last_layer_from(
    features: Any,
    labels: Any,
    heads: Mapping[str, Any] | Sequence[Any],
    names: Sequence[str] | None = None,
) -> LastLayer:
    """The last layer from arrays, or from anything that converts to one, PyTorch tensors on any device included.

    ``heads``: one a column of ``labels``, in order (a sequence, or a mapping whose keys become the names); each is
    a weight (K, d), a pair (weight, bias or ``None``), or an object with ``weight`` and ``bias`` such as
    ``torch.nn.Linear``.  Raises ``ValueError`` or ``TypeError`` that names the argument.
    """
    if hasattr(heads, "items"):  # a mapping, or torch.nn.ModuleDict, which is none
        named = [(str(name), head) for name, head in heads.items()]
        names, heads = [name for name, _ in named], [head for _, head in named]
    pairs = [_pair(head) for head in heads]
    if not pairs:
        raise ValueError("heads: none; expected one a task")
    names = [str(t) for t in range(len(pairs))] if names is None else list(names)
    if len(names) != len(pairs):
        raise ValueError(f"names: {len(names)} for {len(pairs)} heads")
    biases = [bias for _, bias in pairs if bias is not None]
    if biases and len(biases) < len(pairs):
        raise ValueError("heads: some have a bias and some have none; give every head one (zeros will do), or none")
    sources = InMemory(as_array(features, "features")), InMemory(as_array(labels, "labels"))
    return _last_layer(*sources, names, [weight for weight, _ in pairs], biases or None)


def as_array(value: Any, name: str) -> npt.NDArray[Any]:
    """``value`` as a NumPy array of numbers; what has ``detach``, ``cpu`` and ``numpy`` is brought here by them."""
    if isinstance(value, np.memmap):
        return value
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        try:
            value = value.numpy()
        except TypeError:  # bfloat16, which NumPy lacks
            value = value.float().numpy()
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name}: expected an array of numbers, got {array.dtype}")
    return array


def _pair(head: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None]:
    weight, bias = head, None
    if isinstance(head, tuple):
        if len(head) != 2:
            raise ValueError(f"heads: a tuple of {len(head)}; expected (weight, bias)")
        weight, bias = head
    elif hasattr(head, "weight"):
        weight, bias = head.weight, getattr(head, "bias", None)
    return as_array(weight, "heads: weight"), None if bias is None else as_array(bias, "heads: bias")


def _head(source: ArraySource, where: str) -> npt.NDArray[Any]:
    array = whole(source)
    if array.dtype.kind != "f":
        raise ValueError(f"{where}: {array.dtype}; expected floating point")
    return array


def _last_layer(
    features: ArraySource,
    labels: ArraySource,
    names: Sequence[str],
    weights: Sequence[npt.NDArray[Any]],
    biases: Sequence[npt.NDArray[Any]] | None,
) -> LastLayer:
    precise = any(array.dtype.itemsize > 4 or array.dtype.kind != "f" for array in weights)
    return LastLayer(
        features,
        labels,
        tuple(names),
        tuple(np.asarray(weight, dtype=np.float64) for weight in weights),
        None if biases is None else tuple(np.asarray(bias, dtype=np.float64) for bias in biases),
        single=features.dtype.itemsize <= 4 and not precise,
    )


def _stated_names(array: ArraySource | None, text: str | None, path: str) -> list[str] | None:
    """The names of the tasks that a file states, by an array of text or by metadata."""
    if array is not None:
        if array.dtype.kind != "U" or len(array.shape) != 1:
            raise ValueError(f"{path}: tasks is {array.dtype} of shape {array.shape}; expected a list of names (text)")
        return [str(name) for name in whole(array)]
    if text is None:
        return None
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f'{path}: metadata tasks is {text!r:.60}; expected a JSON list of names like ["shape","hue"]')
    return names


def _order(heads: list[str], stated: list[str] | None, path: str) -> list[str]:
    """The names of the heads in the order of the columns of labels."""
    if stated is not None:
        if sorted(stated) != heads or len(set(stated)) != len(stated):
            raise ValueError(
                f"{path}: tasks names {', '.join(stated)} and the heads are {', '.join(heads)}; they must be the same"
            )
        return stated
    numbered = [str(t) for t in range(len(heads))]
    if len(heads) == 1 or set(heads) == set(numbered):
        return heads if len(heads) == 1 else numbered
    raise ValueError(
        f"{path}: heads {', '.join(heads)}: which belongs to which column of labels? Call them 0 to "
        f"{len(heads) - 1}, or add an array 'tasks' with their names in the order of the columns"
    )
