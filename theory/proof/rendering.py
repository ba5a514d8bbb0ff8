"""How expressions of a claim are printed: LaTeX for the report, plain text for the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.printing.str import StrPrinter

from theory.proof.alphabet import Alphabet, Condition
from theory.proof.prose import text_latex

__all__ = [
    "Named", "condition_latex", "condition_plain", "latex", "plain", "relation_latex", "relation_plain",
    "scalar_latex", "scalar_plain", "text_latex",
]  # fmt: skip

_OPERATORS = {"=": "=", ">=": r"\ge", ">": ">", "<=": r"\le", "<": "<", "iff": r"\iff", "psd": r"\succeq"}
_PLAIN_OPERATORS = {"=": "=", ">=": "≥", ">": ">", "<=": "≤", "<": "<", "iff": "⟺", "psd": "⪰"}


@dataclass(frozen=True, eq=False)
class Named:
    """A term that is printed by a name and computed by its value: W_t W_tᵀ, ‖U'_t‖², f*.

    ``by`` names the earlier step (if any) that showed the quantity of that name to have this value.
    """

    plain: str
    latex: str
    value: Any
    by: str = ""


def scalar_latex(names: Alphabet) -> Callable[[sp.Expr], str]:
    """A printer of scalars in LaTeX with the alphabet's names."""
    return lambda e: str(sp.latex(_gather_roots(sp.sympify(e)), symbol_names=names.latex_names, ln_notation=False))


def scalar_plain(e: sp.Expr) -> str:
    """A scalar as plain text: ^ for powers, √ for roots."""
    gathered = _gather_roots(sp.sympify(e))
    text = gathered.name if gathered.is_Symbol else str(_Plain().doprint(gathered))
    return text.replace("**", "^").replace("*", "·").replace("sqrt", "√")


class _Plain(StrPrinter):
    """SymPy's text, with brackets about symbols whose names are differences or quotients: (s − a)^2."""

    def _print_Symbol(self, symbol: sp.Symbol) -> str:
        name = str(symbol.name)
        return f"({name})" if _is_compound(name) else name


def _is_compound(name: str) -> bool:
    """Does an operator stand in the name outside of all brackets?"""
    depth = 0
    for before, sign, after in zip(" " + name, name, name[1:] + " ", strict=False):
        if sign in "([⟨{":
            depth += 1
        elif sign in ")]⟩}":
            depth -= 1
        elif sign in "‖|":  # the same sign opens and closes
            depth += 1 if before in " +−·/(" and depth == 0 else -1 if depth > 0 else 1
        elif depth == 0 and sign in "+−/" and (before == after == " " or (before not in "_^" and after not in " ,")):
            return True
    return False


def _gather_roots(e: sp.Expr) -> sp.Expr:
    """√x √y/√z as √(x y/z), for the eye only: SymPy takes such roots apart again when it computes."""
    if not e.args or not e.has(sp.Pow):
        return e
    arguments = [_gather_roots(a) for a in e.args]
    half = sp.Rational(1, 2)
    roots = [a for a in arguments if a.is_Pow and abs(a.exp) == half]
    if not isinstance(e, sp.Mul) or len(roots) < 2:
        return e if all(a is b for a, b in zip(arguments, e.args, strict=True)) else e.func(*arguments, evaluate=False)
    under = sp.Mul(*(a.base if a.exp == half else 1 / a.base for a in roots))
    others = [a for a in arguments if not any(a is r for r in roots)]
    return sp.Mul(*others, sp.Pow(under, half, evaluate=False), evaluate=False)


def latex(term: Any, names: Alphabet) -> str:
    """Any term in LaTeX, without dollar signs."""
    if isinstance(term, Named):
        return term.latex
    scalar = scalar_latex(names)
    return term.render(scalar, True) if hasattr(term, "render") else scalar(term)


def plain(term: Any) -> str:
    """Any term as plain text."""
    if isinstance(term, Named):
        return term.plain
    return term.render(scalar_plain, False) if hasattr(term, "render") else scalar_plain(term)


def relation_latex(lhs: Any, op: str, rhs: Any, names: Alphabet) -> str:
    """``lhs op rhs`` in LaTeX."""
    return f"{latex(lhs, names)} {_OPERATORS[op]} {latex(rhs, names)}"


def relation_plain(lhs: Any, op: str, rhs: Any) -> str:
    """``lhs op rhs`` as plain text."""
    return f"{plain(lhs)} {_PLAIN_OPERATORS[op]} {plain(rhs)}"


def condition_latex(condition: Condition, names: Alphabet) -> str:
    """A condition in LaTeX."""
    return relation_latex(condition.lhs, condition.op, condition.rhs, names)


def condition_plain(condition: Condition) -> str:
    """A condition as plain text."""
    return relation_plain(condition.lhs, condition.op, condition.rhs)
