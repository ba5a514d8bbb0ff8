"""Mutants of every step, and the point that contradicts each: the runner behind ``python -m theory.mutation``."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from theory.claims import all_claims
from theory.mutation.assertions import Assertion, assertion
from theory.mutation.equivalents import IMPLIED, follows
from theory.mutation.explained import explained
from theory.mutation.fates import SECONDS, Mutant, Tally, at_worlds, hunted, text
from theory.mutation.instances import INSTANCES
from theory.mutation.limits import limited
from theory.mutation.points import WORLDS, points
from theory.mutation.record import Outcome
from theory.mutation.variants import mutants, weakened
from theory.mutation.weakening import SEED, claim_proves, elsewhere, inherited_from, source, without
from theory.mutation.worlds import World
from theory.proof import Claim, Given, Step, difference
from theory.proof.traces import Word

#: Further worlds at which a mutant is tried that nothing has explained.
DEEP = 60


def try_step(claim: Claim, step: Step) -> list[Mutant]:
    """Every mutant of a step with its fate."""
    context = claim.context(step)
    asserted = assertion(step, context)
    rng = random.Random(f"{SEED}:{claim.name}:{step.name}")
    # inequalities hide more: a mutant is contradicted only where they are nearly attained, and from one side
    limit = WORLDS if asserted.op in ("=", "iff") else 3 * WORLDS
    draw = INSTANCES.get(claim.name, claim.instance)
    worlds = list(points(asserted, claim.alphabet, rng, limit, draw=draw))
    search = any(w.searched for w in worlds) or draw is None
    more = _More(asserted, claim, draw, len(worlds), search)
    known = [difference(h.lhs, h.rhs) for h in claim.hypotheses if isinstance(h, Given) and isinstance(h.lhs, Word)]
    out = []
    for operator, what, mutant in mutants(asserted, claim.alphabet):
        made = partial(Mutant, claim.name, step.name, operator)
        killed = at_worlds(mutant, worlds, made, what) or hunted(mutant, asserted, claim.alphabet, made, what)
        if killed is not None:
            out.append(killed)
            continue
        shown = f"{what}: {text(mutant)}"
        reason = explained(claim, step, mutant)
        fate = IMPLIED if reason else ""
        if not fate:
            with limited(SECONDS):
                fate, reason = follows(mutant, asserted, claim.alphabet, known, (step, context))
        if not fate and (killed := at_worlds(mutant, more.worlds(), made, what)) is not None:
            out.append(killed)
            continue
        if not fate and mutant.op != asserted.op and claim_proves(claim, step, op=mutant.op):
            fate, reason = IMPLIED, "proved by the same steps"
        out.append(made(shown, fate or "survived", reason))
    for operator, what, mutant in weakened(asserted):
        quoted = source(claim, step) or inherited_from(claim, step, what)
        if quoted is not None:  # a condition of another step: it is tested there
            there = elsewhere(claim, step, operator, what, *quoted)
            out += [there] if there is not None else []
        else:
            out.append(without(claim, step, operator, what, mutant, rng, known, worlds))
    return out


class _More:
    """Further worlds of a step, drawn when a mutant needs them."""

    def __init__(self, asserted: Assertion, claim: Claim, draw: Callable[..., Any] | None, found: int, search: bool):
        self.asserted, self.claim, self.draw, self.found, self.search = asserted, claim, draw, found, search
        self.drawn: list[World] | None = None

    def worlds(self) -> list[World]:
        """At most :data:`DEEP` of them."""
        if self.drawn is None:
            self.drawn = []
            if self.found:
                rng = random.Random(f"{SEED}:more:{self.claim.name}")
                self.drawn = list(
                    points(self.asserted, self.claim.alphabet, rng, DEEP, search=self.search, draw=self.draw)
                )
        return self.drawn


def run(claims: Sequence[Claim], every: int = 1) -> Tally:
    """All mutants of the steps of the claims; of every ``every``-th step only."""
    steps = [(claim, step) for claim in claims for step in claim.steps]
    return Tally([m for claim, step in steps[::every] for m in try_step(claim, step)])


def outcome_of(name: str) -> Outcome:
    """What became of the mutants of the claim of this name."""
    return Outcome.of(run([c for c in all_claims() if c.name == name]).mutants)
