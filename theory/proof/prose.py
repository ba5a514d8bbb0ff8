r"""Prose with Unicode mathematics, as the claims write it, to LaTeX: ``h_i − h̄`` becomes ``$h_{i} - \bar h$``.

A word is mathematics if it holds a mathematical sign, a subscript or a function of letters, or is a letter
standing alone; neighbouring mathematical words become one formula, so that spacing and italics are those of a
paper.  ``a``, ``A`` and ``I`` are words unless an operator stands beside them.  Whatever is not known is escaped
(:func:`escape`), so that no text can become a command.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
}  # fmt: skip

#: Signs of running text beyond ASCII that the T1 fonts have under another name.
_TEXT_SIGNS = {
    "\N{EN DASH}": "--", "\N{EM DASH}": "---", "\N{MINUS SIGN}": "$-$", "\N{NO-BREAK SPACE}": "~",
    "\N{LEFT DOUBLE QUOTATION MARK}": "``", "\N{RIGHT DOUBLE QUOTATION MARK}": "''",
    "\N{LEFT SINGLE QUOTATION MARK}": "`", "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{HORIZONTAL ELLIPSIS}": r"\dots{}",
    "\N{MULTIPLICATION SIGN}": r"$\times$", "\N{MIDDLE DOT}": r"$\cdot$",
}  # fmt: skip

#: Letters with accents that the T1 fonts have.
_LETTERS = (
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ"
    "ĂăĄąĆćČčĎďĐđĘęĚěĞğĹĺĽľŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž"
)


def escape(text: str) -> str:
    """``text`` so that LaTeX prints it letter by letter.

    Latin letters with accents pass; white space becomes a space, other control characters disappear, and a character
    that the fonts lack is printed by its number, as in ``[U+1F600]``, rather than stopping the compilation.
    """
    out: list[str] = []
    for before, character in zip(" " + text, text, strict=False):
        if character in "-," and before == character:
            out.append("{}")  # two dashes or commas would join into another sign
        if character in _SPECIAL:
            out.append(_SPECIAL[character])
        elif character in _TEXT_SIGNS:
            out.append(_TEXT_SIGNS[character])
        elif character.isspace():
            out.append(" ")
        elif " " <= character <= "~" or character in _LETTERS:
            out.append(character)
        elif character.isprintable():
            out.append(f"[U+{ord(character):04X}]")
    return "".join(out)


# --------------------------------------------------------------------------- mathematics

_SIGNS = {
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon", "ζ": r"\zeta", "θ": r"\theta",
    "ξ": r"\xi", "χ": r"\chi", "ψ": r"\psi", "Γ": r"\Gamma", "Θ": r"\Theta", "Ξ": r"\Xi", "Ψ": r"\Psi", "η": r"\eta",
    "κ": r"\kappa", "λ": r"\lambda", "μ": r"\mu", "ν": r"\nu", "π": r"\pi", "ρ": r"\rho", "σ": r"\sigma",
    "τ": r"\tau", "φ": r"\varphi", "ω": r"\omega", "Φ": r"\Phi", "Σ": r"\Sigma", "Ω": r"\Omega", "Π": r"\prod",
    "Λ": r"\Lambda", "Δ": r"\Delta", "∇": r"\nabla", "∂": r"\partial", "ℓ": r"\ell", "√": r"\surd", "½": r"\tfrac12",
    "¼": r"\tfrac14", "∫": r"\int", "∀": r"\forall", "∞": r"\infty", "⟨": r"\langle", "⟩": r"\rangle", "‖": r"\|",
    "·": r"\cdot", "∗": "*",
}  # fmt: skip
_OPERATORS = {
    "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "⇒": r"\Rightarrow", "⟹": r"\Rightarrow", "⟺": r"\iff", "→": r"\to",
    "↦": r"\mapsto", "∈": r"\in", "×": r"\times", "−": "-", "⪰": r"\succeq", "⪯": r"\preceq", "⟂": r"\perp",
    "±": r"\pm", "≈": r"\approx", "⊗": r"\otimes", "∪": r"\cup", "⊂": r"\subset", "∩": r"\cap", "∝": r"\propto",
    "∓": r"\mp", "≻": r"\succ", "≺": r"\prec", "⊥": r"\perp", "=": "=", "<": "<", ">": ">", "+": "+",
    "∘": r"\circ", "≡": r"\equiv", "⊆": r"\subseteq", "≪": r"\ll", "≫": r"\gg", "∼": r"\sim",
}  # fmt: skip
_RAISED = {"²": "2", "³": "3", "¹": "1", "⁰": "0", "⁴": "4", "⁻": "-", "ᵀ": r"\top", "⁺": "+", "°": r"\circ"}
_LOWERED = {"₀": "0", "₁": "1", "₂": "2", "₃": "3"}
_MARKS = {"\u0303": r"\tilde", "\u0304": r"\bar", "\u0302": r"\hat"}

_MATH_SIGNS = set(_SIGNS) | set(_OPERATORS) | set(_RAISED) | set(_LOWERED) | set(_MARKS) | set("_^|")
_NUMBER = re.compile(r"\d+(\.\d+)?(/\d+)?")
_ARTICLES = {"a", "A"}
_SUBSCRIPT = re.compile(r"(?P<word>op|max|min|F(?![A-Za-z]))|(?P<list>[A-Za-z0-9](?:,[a-z0-9])+)")
_NAME = r"(?<![A-Za-z])(?:softmax|logsumexp|mean|rank|diag|tr|log|exp|max|min|dom|ker|sin|cos|KL|TV|Var)"
_FUNCTION = re.compile(rf"(?:[A-Za-z]|{_NAME})['*]*\(.*\)|[A-Za-z]\*|[A-Za-z]'+|\d+[A-Za-z]|[A-Z]/[A-Z]|\d+/[A-Z]")


def text_latex(text: str) -> str:
    """``text`` as LaTeX prose with its mathematics in dollars."""
    # what stands in the brackets of a function or of a scalar product belongs to it: f(W, H, b) is one word
    text = re.sub(
        rf"(?:(?<![A-Za-z])[A-Za-z]|[^\x00-\x7f]|['*]|{_NAME})\((?:[^()]|\([^()]*\))*\)|⟨[^⟨⟩]*⟩", _join, text
    )
    # a bar over a letter is mathematics (no name here has one): a mark of its own
    text = "".join(unicodedata.normalize("NFD", c) if "MACRON" in unicodedata.name(c, "") else c for c in text)
    words = [_Word(w) for w in text.split(" ")]
    for k, word in enumerate(words):
        before = words[k - 1] if k and not words[k - 1].tail else None
        after = words[k + 1] if k + 1 < len(words) and not word.tail else None
        by_operator = bool((before and before.operator) or (after and after.operator))
        if word.core == "a" or (re.fullmatch("[A-Za-z]{2,3}", word.core) and not word.core.islower()):
            word.math = word.math or by_operator
        elif word.core == "A":  # a word at the start of a sentence only
            word.math = by_operator or k > 0 or bool(after and after.math)
        elif _NUMBER.fullmatch(word.core):
            word.math = by_operator or bool(before and before.math and (word.tail or not after))
    for word, after in pairwise(words):
        if re.fullmatch(_NAME, word.core) and after.math and not word.tail:
            word.math = True
    out: list[str] = []
    formula: list[str] = []
    head = ""

    def flush(tail: str) -> None:
        if formula:
            out.append(f"{head}${' '.join(formula)}${escape(tail)}")
            formula.clear()

    for word in words:
        if not word.math:
            flush("")
            # an apostrophe is typographic in prose
            out.append(escape(word.whole).replace(r"\textquotesingle{}", "'"))
            continue
        if word.head:
            flush("")
        if not formula:
            head = word.head
        formula.append(formula_latex(word.core))
        if word.tail:
            flush(word.tail)
    flush("")
    return " ".join(out)


def _join(match: re.Match[str]) -> str:
    return match.group().replace(" ", "\N{NO-BREAK SPACE}")


class _Word:
    """A word with its opening bracket and closing punctuation apart."""

    def __init__(self, whole: str) -> None:
        self.whole = whole
        core = whole
        head = "(" if core.startswith("(") and core.count("(") > core.count(")") else ""
        core = core[len(head) :]
        end = re.search(r"[,;:.]*$", core)
        tail = end.group() if end else ""
        core = core[: len(core) - len(tail)]
        if joined := re.fullmatch(r"(.*[^\x00-\x7f].*|[A-Za-z])(-[A-Za-z]{3,})", core):  # ε-optimal
            core, tail = joined[1], joined[2] + tail
        while core.endswith(")") and core.count(")") > core.count("("):
            core, tail = core[:-1], ")" + tail
        self.head, self.core, self.tail = head, core, tail
        self.operator = core != "" and all(c in _OPERATORS for c in core)
        single = len(core) == 1 and core.isascii() and core.isalpha() and core not in _ARTICLES
        signs = any(c in _MATH_SIGNS for c in core)
        identifier = re.fullmatch(r"[a-z]{2,}(?:_[a-z]{2,})+", core)  # the name of a claim
        self.math = bool(core and not identifier and (single or signs or _FUNCTION.fullmatch(core)))


def formula_latex(text: str) -> str:
    """A formula in Unicode as LaTeX mathematics, without dollars."""
    out: list[str] = []
    k = 0
    while k < len(text):
        piece, k = _atom(text, k)
        out.append(piece)
    return " ".join(out)


def _atom(text: str, k: int) -> tuple[str, int]:
    """The atom at ``k`` with its scripts, and where the next one starts."""
    start, c = k, text[k]
    if text[k : k + 2] in (">=", "<="):
        return (r"\ge" if c == ">" else r"\le"), k + 2
    if text[k : k + 3] == "...":
        return r"\dots", k + 3
    if c == ",":
        return r",\allowbreak", k + 1
    if c in _OPERATORS:
        return _OPERATORS[c], k + 1
    if c == "√" and k + 1 < len(text):
        if text[k + 1] == "(":
            end = _closing(text, k + 1)
            return rf"\sqrt{{{formula_latex(text[k + 2 : end])}}}", end + 1
        inside, end = _atom(text, k + 1)
        return rf"\sqrt{{{inside}}}", end
    if name := re.compile(_NAME).match(text, k):
        base, k = rf"\operatorname{{{name.group()}}}", name.end()
    elif c == "Σ":
        # a covariance by itself or with the name of a matrix, else a sum
        following = text[k + 1 : k + 3]
        covariance = not following or following[0] in "⁻²)" or (following[0] == "_" and following[1:].isupper())
        base, k = (r"\Sigma" if covariance else r"\sum"), k + 1
    elif k + 1 < len(text) and text[k + 1] in _MARKS and c.isalpha():
        base, k = f"{{{_MARKS[text[k + 1]]} {_SIGNS.get(c, c)}}}", k + 2
    elif c in _SIGNS:
        base, k = _SIGNS[c], k + 1
    elif c in _RAISED or c in _LOWERED or c in "_^'":
        base = "{}"
    elif c == "\N{NO-BREAK SPACE}":
        return "", k + 1
    else:
        base, k = (c if c.isascii() and (c.isalnum() or c in "()[]/,.;:!|-*") else rf"\text{{{escape(c)}}}"), k + 1
    piece, end = _scripts(base, text, k)
    # a mark of a script with nothing to set is printed as it is
    return (piece, end) if end > start else (rf"\text{{{escape(c)}}}", start + 1)


def _scripts(base: str, text: str, k: int) -> tuple[str, int]:
    """``base`` with the primes, superscripts and subscripts that follow, in whatever order."""
    primes, raised, lowered = "", "", ""
    while k < len(text):
        c = text[k]
        if c == "'":
            primes, k = primes + r"\prime", k + 1
        elif c in _RAISED:
            raised, k = raised + _RAISED[c] + " ", k + 1
        elif c in _LOWERED:
            lowered, k = lowered + _LOWERED[c], k + 1
        elif c == "*":
            raised, k = raised + "*", k + 1
        elif c in "_^" and k + 1 < len(text):
            if text[k + 1] == "{":
                end = _closing(text, k + 1)
                body, k = formula_latex(text[k + 2 : end]), end + 1
            elif c == "_" and (found := _SUBSCRIPT.match(text, k + 1)):
                body, k = (rf"\mathrm{{{found['word']}}}" if found["word"] else found["list"]), found.end()
            else:
                body, k = formula_latex(text[k + 1]), k + 2
            raised, lowered = (raised + body, lowered) if c == "^" else (raised, lowered + body)
        else:
            break
    up = f"{primes}{' ' if primes and raised else ''}{raised}".strip()
    return base + (f"_{{{lowered}}}" if lowered else "") + (f"^{{{up}}}" if up else ""), k


def _closing(text: str, k: int) -> int:
    """The position of the bracket that closes the one at ``k``; the end of the text if none does."""
    depth = 0
    for position in range(k, len(text)):
        depth += text[position] in "({"
        depth -= text[position] in ")}"
        if depth == 0:
            return position
    return len(text)


def without_unicode(formula: str) -> str:
    """A LaTeX formula with the signs that are still Unicode (a symbol without a LaTeX name) as commands."""
    if formula.isascii():
        return formula
    known = {**_SIGNS, **_OPERATORS, **{c: f"^{{{raised}}}" for c, raised in _RAISED.items()}}

    def command(c: str) -> str:
        # a sign may stand in the text part of a formula as well
        return rf"\ensuremath{{{known[c]}}}" if c in known else rf"\text{{{escape(c)}}}"

    return "".join(c if c.isascii() else command(c) for c in formula)
