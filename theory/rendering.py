"""How expressions of a claim are printed: LaTeX for the report, plain text for the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.alphabet import Alphabet, Condition

#: Unicode mathematics that appears in reasons and hypotheses, as LaTeX.
_TEXT_MATH = {
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon", "κ": r"\kappa",
    "λ": r"\lambda", "μ": r"\mu", "ν": r"\nu", "ρ": r"\rho", "σ": r"\sigma", "τ": r"\tau", "ω": r"\omega",
    "Φ": r"\Phi", "Σ": r"\Sigma", "∇": r"\nabla", "Δ": r"\Delta", "Π": r"\Pi", "Λ": r"\Lambda",
    "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "⇒": r"\Rightarrow", "⟺": r"\Leftrightarrow", "→": r"\to",
    "∈": r"\in", "⟨": r"\langle", "⟩": r"\rangle", "‖": r"\|", "·": r"\cdot", "×": r"\times", "−": "-",
    "√": r"\surd", "½": r"\tfrac12", "²": "^{2}", "³": "^{3}", "ᵀ": r"^{\top}", "⪰": r"\succeq", "⪯": r"\preceq",
    "⟂": r"\perp", "∞": r"\infty", "±": r"\pm", "≈": r"\approx", "↦": r"\mapsto", "⁻": "^{-}", "¹": "^{1}",
    "₁": "_{1}", "₂": "_{2}", "₀": "_{0}", "⊗": r"\otimes", "∂": r"\partial", "ℓ": r"\ell", "∪": r"\cup",
    "⊂": r"\subset",
}  # fmt: skip
#: Letters with a combining mark (two code points), read before anything else.
_MARKED = {
    "H̃": r"\tilde H",
    "h̄": r"\bar h",
    "ȳ": r"\bar y",
    "m̄": r"\bar m",
    "ē": r"\bar e",
    "H̄": r"\bar H",
    "w̃": r"\tilde w",
}
_ESCAPED = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}",
}  # fmt: skip
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
    return lambda e: str(sp.latex(sp.sympify(e), symbol_names=names.latex_names, ln_notation=False))


def scalar_plain(e: sp.Expr) -> str:
    """A scalar as plain text: ^ for powers, √ for roots."""
    return str(sp.sstr(sp.sympify(e))).replace("**", "^").replace("*", "·").replace("sqrt", "√")


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


def text_latex(text: str) -> str:
    """Prose with Unicode mathematics as LaTeX text: the mathematics in dollars, the rest escaped.

    ``x_t``, ``x_{s,t}`` become subscripts.
    """
    out: list[str] = []
    k = 0
    while k < len(text):
        pair = text[k : k + 2]
        if pair in _MARKED:
            out.append(f"${_MARKED[pair]}$")
            k += 2
        elif text[k] in _TEXT_MATH:
            out.append(f"${_TEXT_MATH[text[k]]}$")
            k += 1
        elif text[k] in "<>|":
            out.append(f"${text[k]}$")
            k += 1
        elif text[k] in "_^" and k + 1 < len(text):
            mark = text[k]
            if text[k + 1] == "{" and "}" in text[k:]:
                end = text.index("}", k)
                body, k = text[k + 2 : end], end + 1
            else:
                body, k = text[k + 1], k + 2
            body = "".join(_TEXT_MATH.get(c, c) + (" " if c in _TEXT_MATH else "") for c in body)
            out.append(f"${mark}{{{body}}}$")
        else:
            out.append(_ESCAPED.get(text[k], text[k]))
            k += 1
    return "".join(out).replace("$$", "")
