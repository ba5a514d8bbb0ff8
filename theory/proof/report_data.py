"""Claims as data and as text: what ``python -m theory`` writes and prints."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import Any

from theory.proof import Cited, Claim, Given, Inequality, Outcome, Semidefinite, Step
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.dependencies import named, substitution, trusted, used_from_others
from theory.proof.readings import readings
from theory.proof.rendering import (
    condition_latex,
    condition_plain,
    latex,
    plain,
    relation_latex,
    relation_plain,
    text_latex,
)
from theory.proof.scope import scope


def hypothesis_plain(hypothesis: Any) -> str:
    """A hypothesis as plain text."""
    if isinstance(hypothesis, Condition):
        return f"{hypothesis.name}: {condition_plain(hypothesis)}"
    if isinstance(hypothesis, Given):
        text = f"{hypothesis.name}: {relation_plain(hypothesis.lhs, '=', hypothesis.rhs)}"
        return f"{text}  [{_source(hypothesis.shown_by)}]" if hypothesis.shown_by else text
    if isinstance(hypothesis, Semidefinite):
        return f"{hypothesis.name}: {plain(hypothesis.matrix)} ⪰ 0"
    return str(hypothesis)


def relation_of(hypothesis: Any, names: Alphabet) -> str:
    """The relation of a hypothesis in LaTeX mathematics without dollars, "" for one in words alone."""
    if isinstance(hypothesis, Condition):
        return condition_latex(hypothesis, names)
    if isinstance(hypothesis, Given):
        return relation_latex(hypothesis.lhs, "=", hypothesis.rhs, names)
    if isinstance(hypothesis, Semidefinite):
        return rf"{latex(hypothesis.matrix, names)} \succeq 0"
    return ""


def hypothesis_latex(hypothesis: Any, names: Alphabet) -> str:
    """A hypothesis as LaTeX text (mathematics in dollars)."""
    relation = relation_of(hypothesis, names)
    if not relation:
        return text_latex(str(hypothesis))
    by = getattr(hypothesis, "shown_by", "")
    return f"{text_latex(hypothesis.name)}: ${relation}$" + (f" ({text_latex(_source(by))})" if by else "")


def _source(shown_by: str) -> str:
    """Where a hypothesis is shown, in words."""
    claim, _, step = shown_by.rpartition("::")
    return f"claim {claim}, step {step}" if claim else f"step {step}"


def statement(claim: Claim) -> list[dict[str, Any]]:
    """The relations that the concluding steps show, with the conditions under which each holds."""
    out = []
    for step in claim.conclusions:
        context = claim.context(step)
        out.append(
            {
                "step": step.name,
                "plain": step.plain(context),
                "latex": step.latex(context),
                "where_plain": [condition_plain(c) for c in step.conditions],
                "where_latex": [condition_latex(c, claim.alphabet) for c in step.conditions],
                "equality": step.equality if isinstance(step, Inequality) else "",
                "equality_latex": text_latex(step.equality) if isinstance(step, Inequality) else "",
            }
        )
    return out


def step_data(claim: Claim, step: Step, outcome: Outcome) -> dict[str, Any]:
    """One step with its outcome."""
    context = claim.context(step)
    return {
        "name": step.name,
        "name_latex": text_latex(step.name),
        "kind": step.kind,
        "plain": step.plain(context),
        "latex": step.latex(context),
        "because": step.because,
        "because_latex": text_latex(step.because),
        "where_plain": [condition_plain(c) for c in step.conditions],
        "where_latex": [condition_latex(c, claim.alphabet) for c in step.conditions],
        "substitutions_latex": [relation_latex(w.symbol, "=", w.value, claim.alphabet) for w in step.lets],
        "equality": step.equality if isinstance(step, Inequality) else "",
        "equality_latex": text_latex(step.equality) if isinstance(step, Inequality) else "",
        "concludes": step.concludes,
        "lemma": step.lemma.name if isinstance(step, Cited) else None,
        "premises": list(step.premises) if isinstance(step, Cited) else [],
        "readings": [
            {"plain": r.plain, "latex": r.latex, "by": r.by, "by_latex": text_latex(r.by), "shown": r.shown}
            for r in readings(claim, step)
        ],
        "verdict": str(outcome.verdict),
        "detail": outcome.detail,
        "detail_latex": text_latex(outcome.detail),
        "point": None if outcome.point is None else dict(outcome.point),
    }


def claim_data(claim: Claim) -> dict[str, Any]:
    """A claim with its outcomes: everything that the report prints of it."""
    return {
        "name": claim.name,
        "title": claim.title,
        "title_latex": text_latex(claim.title),
        "status": claim.status,
        "scope": scope(claim).text,
        "scope_latex": text_latex(scope(claim).text),
        "relies_on": {owner: list(steps) for owner, steps in used_from_others(claim).items()},
        "trusted": {kind: list(items) for kind, items in asdict(trusted(claim)).items()},
        "source": claim.source,
        "source_latex": text_latex(claim.source),
        "symbols": [
            {
                "plain": domain.describe(str(symbol)),
                "name": str(symbol),
                "latex": claim.alphabet.latex_names[symbol],
                "domain": domain.kind,
            }
            for symbol, domain in claim.alphabet.domains.items()
        ],
        "hypotheses": [
            {
                "plain": hypothesis_plain(h),
                "latex": hypothesis_latex(h, claim.alphabet),
                "name": h.name if isinstance(h, (Condition, Given, Semidefinite)) else str(h),
                "relation_latex": relation_of(h, claim.alphabet),
                "shown_by": getattr(h, "shown_by", ""),
            }
            for h in claim.hypotheses
        ],
        "statement": statement(claim),
        "steps": [step_data(claim, s, o) for s, o in zip(claim.steps, claim.outcomes, strict=True)],
        "lemmas": [
            {
                "name": lemma.name,
                "name_latex": text_latex(lemma.name),
                "statement": lemma.statement,
                "statement_latex": text_latex(lemma.statement),
                "equality": lemma.equality,
                "equality_latex": text_latex(lemma.equality),
                "reference": lemma.reference,
                "reference_latex": text_latex(lemma.reference),
            }
            for lemma in claim.lemmas
        ],
    }


#: What a reader has to agree with, by the fields of :class:`theory.proof.dependencies.Trusted`.
TRUSTED_HEADS = {
    "words": "in words",
    "equations": "definitions and hypotheses that are equations",
    "letters": "shown elsewhere in other letters",
    "readings": "names and letters read as stated, in the steps",
    "citations": "citations whose roles are read",
    "substitutions": "changes of variables",
    "names": "terms computed in the module and printed by a name",
}


def claim_text(claim: Claim, steps: bool = False, width: int = 110, trust: bool = False) -> str:
    """A claim for the terminal: status, title, hypotheses, statement, lemmas; with ``steps`` the proof too.

    ``trust`` adds what the machine does not check: what a reader has to agree with.
    """
    lines = [f"{claim.name}  [{claim.status}]  {len(claim.steps)} steps", f"  {claim.title}"]

    def add(head: str, items: list[str]) -> None:
        for k, item in enumerate(items):
            start = f"  {head if k == 0 else '':<12}"
            lines.append(textwrap.fill(item, width, initial_indent=start, subsequent_indent=" " * 16))

    add("scope", [scope(claim).text])
    add("hypotheses", [hypothesis_plain(h) for h in claim.hypotheses])
    add("statement", [_with_conditions(s) for s in statement(claim)])
    add("lemmas", [lemma.name for lemma in claim.lemmas])
    used = used_from_others(claim).items()
    add("relies on", [f"{owner}: {'; '.join(steps)}" if steps else owner for owner, steps in used])
    add("source", [claim.source])
    if trust:
        for kind, items in asdict(trusted(claim)).items():
            if items:
                text = f"{TRUSTED_HEADS[kind]} ({len(items)}): {'; '.join(items)}"
                lines.append(textwrap.fill(text, width, initial_indent="  believe     ", subsequent_indent=" " * 16))
    if steps:
        for step, outcome in zip(claim.steps, claim.outcomes, strict=True):
            text = f"{step.name}: {step.plain(claim.context(step))}"
            if step.conditions:
                text += f"   if {', '.join(condition_plain(c) for c in step.conditions)}"
            lines.append(textwrap.fill(text, width, initial_indent="    - ", subsequent_indent=" " * 8))
            for let in step.lets:
                text = f"with {substitution(let)}"
                lines.append(textwrap.fill(text, width, initial_indent=" " * 8, subsequent_indent=" " * 10))
            for side in named(claim, step):
                text = f"{side.plain} stands for {plain(side.value)}"
                lines.append(textwrap.fill(text, width, initial_indent=" " * 8, subsequent_indent=" " * 10))
            for reading in readings(claim, step):
                how = "shown" if reading.shown else "stated"
                by = f" by {reading.by!r}" if reading.by else " (for later steps)"
                text = f"reading, {how}{by}: {reading.plain}"
                lines.append(textwrap.fill(text, width, initial_indent=" " * 8, subsequent_indent=" " * 10))
            lines.append(
                textwrap.fill(
                    f"{outcome.verdict}: {outcome.detail}", width, initial_indent=" " * 8, subsequent_indent=" " * 10
                )
            )
    else:
        for step, outcome in zip(claim.steps, claim.outcomes, strict=True):
            if not outcome.proved:
                lines.append(f"    ! {step.name}: {outcome.verdict}: {outcome.detail}")
    return "\n".join(lines)


def _with_conditions(entry: dict[str, Any]) -> str:
    text = str(entry["plain"])
    if entry["where_plain"]:
        text += f"   if {', '.join(entry['where_plain'])}"
    if entry["equality"]:
        text += f"   (equality: {entry['equality']})"
    return text
