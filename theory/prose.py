r"""Prose with Unicode mathematics as LaTeX: reasons and hypotheses are written once, in plain text.

``λ_{W,t} ≥ 0``, ``‖H̃‖²``, ``U'ᵀU'`` and ``e^a`` become mathematics; the rest is text, escaped.  A
letter standing alone is taken for a variable (the article "a" and a capital "A" are not).
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby
from operator import itemgetter

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau",
    "φ": "varphi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda",
    "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega", "ℓ": "ell",
}  # fmt: skip
_SIGNS = {
    "∇": r"\nabla", "∂": r"\partial", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "∝": r"\propto",
    "⇒": r"\Rightarrow", "⟹": r"\Rightarrow", "⟺": r"\Leftrightarrow", "→": r"\to", "↦": r"\mapsto", "∈": r"\in",
    "⊂": r"\subset", "∪": r"\cup", "∩": r"\cap", "⟨": r"\langle", "⟩": r"\rangle", "‖": r"\|", "·": r"\cdot",
    "×": r"\times", "−": "-", "±": r"\pm", "∓": r"\mp", "√": r"\surd", "½": r"\tfrac12", "¼": r"\tfrac14",
    "⪰": r"\succeq", "⪯": r"\preceq", "≻": r"\succ", "≺": r"\prec", "⟂": r"\perp", "⊥": r"\perp", "∞": r"\infty",
    "⊗": r"\otimes", "∗": "*", "<": "<", ">": ">", "|": "|", "=": "=", "+": "+", "∘": r"\circ", "∀": r"\forall",
}  # fmt: skip
_RAISED = {"⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁻": "-", "⁺": "+", "ᵀ": r"\top"}
_LOWERED = {"₀": "0", "₁": "1", "₂": "2", "₃": "3", "₊": "+", "ₜ": "t", "ₛ": "s"}
_MARKS = {"\u0303": r"\tilde", "\u0304": r"\bar", "\u0302": r"\hat", "\u0307": r"\dot"}
_ESCAPED = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "_": r"\_", "^": r"\textasciicircum{}",
}  # fmt: skip

_LETTER = r"[^\W\d_][\u0302-\u0304\u0307]?"
_SCRIPT = r"[_^](?:\{[^{}]*\}|op\b|\w,\w|[\w+*∗−-])"
#: a letter or digit of prose: raised and lowered signs count as letters in Unicode, not here
_PROSE = rf"[^\W_{''.join(_RAISED)}{''.join(_LOWERED)}]"
_TOKEN = re.compile(
    r"(?P<name>[A-Za-z]{2,}(?:_[A-Za-z]{2,})+)"  # of a claim, as in single_source
    rf"|(?P<raised>[{''.join(map(re.escape, _RAISED))}]+)"
    rf"|(?P<lowered>[{''.join(_LOWERED)}]+)"
    rf"|(?P<script>{_SCRIPT})"
    rf"|(?P<sign>[{''.join(map(re.escape, _SIGNS))}])"
    rf"|(?P<greek>[{''.join(_GREEK)}][\u0302-\u0304\u0307]?)"
    rf"|(?P<product>(?<!{_PROSE})(?:[A-Z][\u0302-\u0304]?'?ᵀ?){{2,}}(?!{_PROSE}))"
    rf"|(?P<variable>(?<!{_PROSE}){_LETTER}'?(?!{_PROSE}|[\u0302-\u0304\u0307]))"
    r"|(?P<other>.)",
    re.DOTALL,
)


def text_latex(text: str) -> str:
    """``text`` as LaTeX: mathematics in dollars, everything else escaped."""
    out: list[tuple[bool, str]] = []
    # composed letters (ȳ) are taken apart, so that a mark is always a character of its own
    marked = "".join(unicodedata.normalize("NFD", c) if _has_mark(c) else c for c in text)
    for token in _TOKEN.finditer(marked):
        kind, body = token.lastgroup, token.group()
        if kind == "variable" and body in ("a", "A") and marked[token.end() : token.end() + 1] not in ("_", "^"):
            kind = "other"
        if kind == "product" and not any(c in "'ᵀ" or c in _MARKS for c in body):
            kind = "other"  # an acronym
        if kind in ("other", "name"):
            out.append((False, "".join(_ESCAPED.get(c, c) for c in body)))
        else:
            out.append((True, _mathematics(body)))
    runs = [(is_math, [text for _, text in run]) for is_math, run in groupby(out, key=itemgetter(0))]
    return "".join(f"${' '.join(texts)}$" if is_math else "".join(texts) for is_math, texts in runs)


def _has_mark(character: str) -> bool:
    return any(mark in unicodedata.normalize("NFD", character) for mark in _MARKS)


def _mathematics(body: str) -> str:
    if body[0] in "_^":
        inside = body[1:].strip("{}")
        script = r"\mathrm{op}" if inside == "op" else _mathematics(inside) if inside else ""
        return f"{body[0]}{{{script}}}"
    if all(c in _RAISED for c in body):
        return f"^{{{''.join(_RAISED[c] for c in body)}}}"
    if all(c in _LOWERED for c in body):
        return f"_{{{''.join(_LOWERED[c] for c in body)}}}"
    out: list[str] = []
    for c in body:
        if c in _MARKS:
            out[-1] = f"{_MARKS[c]}{{{out[-1].strip()}}}"
        elif c == "'" and out:
            out[-1] = f"{{{out[-1].strip()}'}}"  # in braces, so that U'ᵀ has one superscript
        elif c in _RAISED:
            out.append(f"^{{{_RAISED[c]}}}")
        else:
            command = rf"\{_GREEK[c]} " if c in _GREEK else _SIGNS.get(c, c)
            out.append(command + " " if command.startswith("\\") and not command.endswith(" ") else command)
    return "".join(out).strip()
