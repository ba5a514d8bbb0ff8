"""All experiments by name."""

from __future__ import annotations

from collections.abc import Mapping

from empirical.experiments.annotation import ANNOTATION
from empirical.experiments.architectures import ARCHITECTURES
from empirical.experiments.collapse import MULTI_SOURCE, SINGLE_SOURCE
from empirical.experiments.correlation import CORRELATION
from empirical.experiments.correlation_networks import CORRELATION_NETWORKS
from empirical.experiments.decay import DECAY
from empirical.experiments.dissection import DISSECTION
from empirical.experiments.fixed_heads import FIXED_HEADS
from empirical.experiments.full_size import FULL_SIZE
from empirical.experiments.imbalance import IMBALANCE
from empirical.experiments.narrow import NARROW
from empirical.experiments.plan import Plan
from empirical.experiments.position import POSITION
from empirical.experiments.saliency import SALIENCY
from empirical.experiments.thresholds import THRESHOLDS
from empirical.experiments.unequal import UNEQUAL
from empirical.experiments.weightings import WEIGHTINGS

#: Experiments by name, in the order in which the report shows them.
PLANS: Mapping[str, Plan] = {
    plan.name: plan
    for plan in (
        SINGLE_SOURCE,
        MULTI_SOURCE,
        POSITION,
        UNEQUAL,
        DISSECTION,
        CORRELATION,
        CORRELATION_NETWORKS,
        THRESHOLDS,
        IMBALANCE,
        ANNOTATION,
        NARROW,
        DECAY,
        WEIGHTINGS,
        ARCHITECTURES,
        SALIENCY,
        FIXED_HEADS,
        FULL_SIZE,
    )
}


def plan_named(name: str) -> Plan:
    """The experiment called ``name``; ``ValueError`` naming the known ones otherwise."""
    try:
        return PLANS[name]
    except KeyError:
        raise ValueError(f"{name!r} is unknown; expected one of {', '.join(PLANS)}") from None
