"""Hand-made points for claims whose hypotheses are coupled too closely for the search: optima in rationals.

One module a claim.  ``draw(rng)`` makes an :class:`theory.proof.instances.Instance` by the names of letters and
symbols; what a step assumes is verified at it exactly, as at every other point.  A scalar ``"#i"`` is the number of
(equal) terms of sums over i.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import cycle
from pkgutil import iter_modules
from typing import TypeAlias
from weakref import WeakKeyDictionary

from theory.proof.instances import Instance

Draw: TypeAlias = Callable[[random.Random], Instance]


def in_turn(*kinds: Draw) -> Draw:
    """Instances of every kind in turn, beginning anew with every source of randomness: a few draws see them all."""
    drawn: WeakKeyDictionary[random.Random, Iterator[Draw]] = WeakKeyDictionary()

    def draw(rng: random.Random) -> Instance:
        return next(drawn.setdefault(rng, cycle(kinds)))(rng)

    return draw


def draws() -> dict[str, Draw]:
    """The functions ``draw``, by the name of the claim."""
    return {m.name: import_module(f"{__name__}.{m.name}").draw for m in iter_modules(__path__)}


INSTANCES = draws()
