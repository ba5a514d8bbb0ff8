r"""A step of one claim applied in another: the same theorem with other letters, for one task of several.

    Applied(name="one task", of="single_source::optimal value", lhs=f_t, rhs=value_of_one_task,
            values={single_source.N: N_t}, minimum=True)

The relation is that of the step, its symbols replaced, and each of its sums read for a single index; ``rhs`` is
how the claim writes the right side, and the two are compared by machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from theory.proof import Context, Outcome, Step, difference, value_of, vanish
from theory.proof.alphabet import Condition
from theory.proof.normal_form import residue
from theory.proof.sums import Sum
from theory.proof.symmetric import Symmetric
from theory.proof.traces import Word


@dataclass(frozen=True, eq=False, kw_only=True)
class Applied(Step):
    """The conclusion of ``of`` (``"claim::step"``) for other symbols.

    lhs : what the left side of that step is here, by name.
    rhs : the right side as written here; it must equal the step's after the replacement.
    values : symbol of that claim to symbol of this one, of the same domain.
    read_as : the same equation in the letters of matrix polynomials, for later steps (see ``Identity``).
    minimum : the step says that its left side, a minimum, *equals* the right one; read: every point is above.

    Conditions of the step must hold here: those of the same names in ``where`` or among the hypotheses, which must say
    the same for the other symbols.
    """

    of: str
    lhs: Any
    rhs: Any
    values: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    minimum: bool = False
    read_as: tuple[Word, Word] | None = None

    def relation(self, context: Context) -> tuple[Any, str, Any]:
        """Lhs op rhs."""
        _, op, _ = context.equation(self.of).relation(context)
        return self.lhs, ">=" if self.minimum and op == "=" else op, self.rhs

    def check(self, context: Context) -> Outcome:
        """The step is proved, its conditions are among ours, and the right sides agree."""
        source: Step = context.equation(self.of)
        claim = next(c for c in context.claims if c.name == self.of.split("::")[0])
        known = {c.name: c for c in (*self.conditions, *context.hypotheses) if isinstance(c, Condition)}
        for condition in source.conditions:
            if condition.name not in known:
                raise ValueError(
                    f"step {self.name!r}: {self.of!r} assumes {condition.name!r}, which is not assumed here"
                )
            there, here = condition.slack.subs(self.values, simultaneous=True), known[condition.name]
            if condition.strict != here.strict or residue(there - here.slack, context.alphabet) != 0:
                raise ValueError(f"step {self.name!r}: {condition.name!r} is another condition in {self.of!r}")
        for symbol, value in self.values.items():
            if claim.alphabet.domains.get(symbol) != context.alphabet.domains.get(value):
                raise ValueError(f"step {self.name!r}: {symbol} and {value} do not have the same domain")
        stated = value_of(source.relation(context)[2])
        if isinstance(stated, Sum):
            stated = stated.summand + stated.constant
        if isinstance(stated, Symmetric):
            replaced: Any = stated.subs(dict(self.values))
        elif isinstance(stated, sp.Expr):
            replaced = stated.subs(self.values, simultaneous=True)
        else:
            raise TypeError(
                f"step {self.name!r}: {self.of!r} is about {type(stated).__name__}; give it letters of its own"
            )
        return vanish(difference(replaced, self.rhs), self, context)
