"""Presets that the experiments share: free features, and small networks on canvases of digits."""

from __future__ import annotations

from typing import Any

from empirical.gates import Gate
from empirical.presets import FREE, Preset
from empirical.training import Optimisation

#: What free features reach: rounding error, far below this.
FREE_GAP = 1e-6
#: (f − lower)/(f(0) − lower) of a network that has reached the optimum.
NETWORK_GAP = 1e-3


def free(name: str, description: str, design: dict[str, Any], **changes: Any) -> Preset:
    """The unconstrained features model itself, by L-BFGS in float64; ``changes`` are fields of :class:`Preset`."""
    settings: dict[str, Any] = {
        "source": "samples",
        "source_options": {"design": design},
        "backbone": FREE,
        "backbone_options": {},
        "dimension": 32,
        "fraction": "0.03",
        "optimisation": Optimisation(epochs=15, batch=1, step=1.0, head_step=1.0, optimiser="lbfgs"),
        "gates": (Gate("relative_gap", at_most=FREE_GAP),),
        "precision": "float64",
        "threads": 1,
    }
    return Preset(name=name, description=description, **(settings | changes))


def on_digits(name: str, description: str, design: dict[str, Any], **changes: Any) -> Preset:
    """An MLP on canvases of 16 × 16 pixels with 8 × 8 digits that do not overlap."""
    settings: dict[str, Any] = {
        "source": "digits-design",
        "source_options": {"design": design, "side": 16},
        "backbone": "mlp",
        "backbone_options": {"width": 256, "depth": 2},
        "dimension": 32,
        "fraction": "0.03",
        "optimisation": Optimisation(epochs=150, batch=100, step=2e-3, head_step=5e-3),
        "gates": (Gate("relative_gap", at_most=NETWORK_GAP),),
        "threads": 1,
    }
    return Preset(name=name, description=description, **(settings | changes))
