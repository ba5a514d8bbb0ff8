"""Digests of what was perturbed: which steps have changed since a record was made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from theory.claims import all_claims
from theory.mutation.assertions import assertion
from theory.mutation.fates import text
from theory.proof import Claim, Step
from theory.proof.rendering import plain


def identities(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """By claim and step, a digest of what was perturbed: the relation, its conditions, and the equations it uses."""
    out: dict[str, dict[str, str]] = {}
    for claim in all_claims():
        if claim.name in names:
            out[claim.name] = {step.name: identity(claim, step) for step in claim.steps}
    return out


def identity(claim: Claim, step: Step) -> str:
    """The digest of one step."""
    asserted = assertion(step, claim.context(step))
    parts = [text(asserted)]
    parts += [f"{c.name}: {c.slack} {'>' if c.strict else '>='} 0" for c in asserted.conditions]
    parts += [f"{name}: {plain(term)} = 0" for name, term in asserted.premises]
    parts += [f"{name}: {plain(term)} {'>' if strict else '>='} 0" for name, term, strict in asserted.slacks]
    parts += [one.name for one in asserted.semidefinite]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
