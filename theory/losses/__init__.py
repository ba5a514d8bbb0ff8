"""Fenchel–Young losses, one a module: ℓ(z, y) = Φ(z) + Φ*(y) − ⟨y, z⟩ ≥ 0, with equality iff y = ∇Φ(z).

    loss          Φ                            Φ*                         ∇Φ
    ce            log Σ exp z_k                Σ q log q on the simplex   softmax
    mse           ½‖z‖²                        ½‖q‖²                      identity
    sparsemax     max ⟨q, z⟩ − ½‖q‖²           ½‖q‖² on the simplex       projection on the simplex

To add a loss, write one module like ``sparsemax.py`` with a class that has what :class:`Loss` asks for, enter it in
:data:`LOSSES` below, and enter Φ and Φ* in balls in ``relaxations.check.LOSSES``: the checker imports nothing of the
project, so that its formula is a second opinion.  Solving (by the structured solver), dual bounds, certificates and
command lines then know the loss.  Two further entries are optional: ``relaxations.programs.FORMS`` for the conic
solvers, and ``empirical.objective.POTENTIALS`` for training.
"""

from __future__ import annotations

from theory.losses.cross_entropy import CrossEntropy
from theory.losses.fenchel_young import FloatArray, Loss, fenchel_young
from theory.losses.sparsemax import Sparsemax
from theory.losses.squared_error import SquaredError

__all__ = [
    "LOSSES",
    "CrossEntropy",
    "FloatArray",
    "Loss",
    "Sparsemax",
    "SquaredError",
    "fenchel_young",
    "loss_named",
]

#: Losses by name.
LOSSES: dict[str, Loss] = {loss.name: loss for loss in (CrossEntropy(), SquaredError(), Sparsemax())}


def loss_named(name: str) -> Loss:
    """The loss called ``name``; ``ValueError`` naming the known ones otherwise."""
    try:
        return LOSSES[name]
    except (KeyError, TypeError):
        raise ValueError(f"loss: {name!r} is unknown; expected one of {', '.join(LOSSES)}") from None
