r"""Numbers of sections, theorems, equations, tables and figures, for a page that no TeX numbers.

TeX numbers while it typesets; pandoc does not.  :func:`resolved` reads a LaTeX source once from top to bottom, counts
as TeX would (equations within sections, letters in the appendix), writes the numbers into headings, captions and
numbered displays, and turns ``\ref`` and ``\eqref`` into links.  That both count alike is tested against TeX's own
``.aux`` file.
"""

from __future__ import annotations

import re

#: Environments that TeX numbers throughout, with the name of the counter.
COUNTED = {
    "theorem": "theorem", "lemma": "lemma", "counterexample": "counterexample",
    "table": "table", "longtable": "table", "figure": "figure",
}  # fmt: skip
#: Environments that hold a numbered equation.
EQUATIONS = ("numbered",)

_TOKEN = re.compile(
    r"\\(?P<heading>section|subsection)\{|\\(?P<appendix>appendix)(?![A-Za-z])"
    r"|\\begin\{(?P<begin>[a-z]+\*?)\}|\\end\{(?P<end>[a-z]+\*?)\}"
    r"|\\label\{(?P<label>[^}]*)\}|\\(?P<caption>caption)\{"
)
_REFERENCE = re.compile(r"\\(?P<kind>eq)?ref\{(?P<label>[^}]*)\}")


class UndefinedReference(ValueError):
    """A reference to a label that is not there, or a label that is there twice."""


def resolved(source: str) -> str:
    """``source`` with its numbers written out and its references as links.  Raises :class:`UndefinedReference`."""
    numbered, numbers = numbered_source(source)

    def link(match: re.Match[str]) -> str:
        label = match["label"]
        if label not in numbers:
            raise UndefinedReference(f"reference to {label!r}, which is not defined")
        text = f"({numbers[label]})" if match["kind"] else numbers[label]
        return rf"\href{{\#{label}}}{{{text}}}"

    return _REFERENCE.sub(link, numbered)


def numbered_source(source: str) -> tuple[str, dict[str, str]]:
    """``source`` with its numbers written out, and the number of every label."""
    count = dict.fromkeys({*COUNTED.values(), "section", "subsection", "equation"}, 0)
    numbers: dict[str, str] = {}
    appendix = False
    stack: list[str] = []
    current = ""  # the number that a label takes: of the innermost thing that was counted
    open_numbers: list[str] = []
    out: list[str] = []
    position = 0

    def section() -> str:
        return chr(ord("A") + count["section"] - 1) if appendix else str(count["section"])

    for token in _TOKEN.finditer(source):
        out.append(source[position : token.end()])
        position = token.end()
        if token["appendix"]:
            appendix = True
            count.update(section=0, subsection=0, equation=0)
        elif kind := token["heading"]:
            count[kind] += 1
            if kind == "section":
                count.update(subsection=0, equation=0)
            current = section() if kind == "section" else f"{section()}.{count['subsection']}"
            out.append(rf"{current}~~")
        elif name := token["begin"]:
            stack.append(name)
            open_numbers.append(current)
            if name in COUNTED:
                count[COUNTED[name]] += 1
                current = str(count[COUNTED[name]])
            elif name in EQUATIONS:
                count["equation"] += 1
                current = f"{section()}.{count['equation']}"
                out.append(rf"\begin{{number}}({current})\end{{number}}")
        elif name := token["end"]:
            if not stack or stack.pop() != name:
                raise ValueError(f"\\end{{{name}}} without its \\begin")
            current = open_numbers.pop()
        elif token["caption"]:
            kind = next(COUNTED[name] for name in reversed(stack) if name in COUNTED)
            out.append(rf"\textbf{{{kind.capitalize()}~{count[kind]}.}} ")
        elif label := token["label"]:
            if label in numbers:
                raise UndefinedReference(f"the label {label!r} is there twice")
            numbers[label] = current
    out.append(source[position:])
    return "".join(out), numbers
