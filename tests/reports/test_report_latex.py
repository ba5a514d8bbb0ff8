"""Escaping, numbers and formulas of the report."""

from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import latex
from reports.bibliography import cite, cited, entries
from theory.claims import all_claims
from theory.lemmas import LEMMAS
from theory.proof.prose import text_latex, without_unicode

NASTY = r"50% \input{x} $_#&~^{} <a> `b' ``c'' -- ,, é λ 😀 \\"


def commands(text: str) -> set[str]:
    """The control words of LaTeX text."""
    out, k = set(), 0
    while k < len(text):
        if text[k] == "\\":
            end = k + 1
            while end < len(text) and text[end].isalpha():
                end += 1
            out.add(text[k : max(end, k + 2)])
            k = max(end, k + 2)
        else:
            k += 1
    return out


HARMLESS = {
    r"\textbackslash", r"\textasciitilde", r"\textasciicircum", r"\textless", r"\textgreater", r"\textbar",
    r"\textquotedbl", r"\textquotesingle", r"\textasciigrave", r"\dots", r"\times", r"\cdot",
    r"\%", r"\$", r"\_", r"\#", r"\&", r"\{", r"\}",
}  # fmt: skip


def test_nasty_text_is_printed_and_not_run():
    out = latex.escape(NASTY)
    assert r"50\% \textbackslash{}input\{x\} \$\_\#\&\textasciitilde{}\textasciicircum{}\{\}" in out
    assert "[U+03BB]" in out
    assert "[U+1F600]" in out
    assert "é" in out


@given(st.text(max_size=40))
def test_escaped_text_holds_harmless_commands_alone(text):
    out = latex.escape(text)
    assert commands(out) <= HARMLESS
    bare = out.replace(r"\$", "").replace(r"\{", "").replace(r"\}", "").replace(r"\%", "").replace(r"\#", "")
    assert "%" not in bare
    assert "#" not in bare
    assert bare.count("$") % 2 == 0
    assert bare.count("{") == bare.count("}")
    assert "\n" not in out


@given(st.text(alphabet="aAxW_^{}()λΣ²ᵀ̄\\$%&#~ ≤√⟨⟩,'*|-1", max_size=14))
def test_prose_is_balanced_whatever_it_holds(text):
    out = text_latex(text)
    bare = out.replace(r"\$", "").replace(r"\{", "").replace(r"\}", "").replace(r"\text{\textbackslash{}}", "")
    assert bare.count("$") % 2 == 0
    assert bare.count("{") == bare.count("}")
    assert "%" not in bare.replace(r"\%", "")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("subtract and multiply by h_i − h_i'", r"subtract and multiply by $h_{i} - h_{i}^{\prime}$"),
        ("h ↦ ℓ(Wh + b, y) is convex", r"$h \mapsto \ell ( W h  +  b ,\allowbreak  y )$ is convex"),
        ("a task with margin a > 0", "a task with margin $a > 0$"),
        ("rank A = rank A Aᵀ", r"$\operatorname{rank} A = \operatorname{rank} A A^{\top}$"),
        ("from d = Σ(K_t − 1) on", r"from $d = \sum ( K_{t}  -  1 )$ on"),
        ("√(λ_1 λ_2(1 − ρ²)) < 1", r"$\sqrt{\lambda_{1}  \lambda_{2} ( 1  -  \rho^{2} )} < 1$"),
        ("every ε-optimal point", r"every $\varepsilon$-optimal point"),
        ("claim single_source: Pólya's", r"claim single\_source: Pólya's"),
    ],
)
def test_neighbouring_mathematical_words_make_one_formula(text, wanted):
    assert text_latex(text) == wanted


def test_signs_left_in_a_formula_become_commands():
    assert without_unicode(r"\sum_{s \text{≠} t} λ_H") == r"\sum_{s \text{\ensuremath{\ne}} t} \ensuremath{\lambda}_H"
    assert without_unicode("x + y") == "x + y"


def test_every_text_of_the_theory_has_its_signs():
    texts = [t for lemma in LEMMAS.values() for t in (lemma.name, lemma.statement, lemma.equality, lemma.reference)]
    for claim in all_claims():
        texts += [claim.title, claim.source, *(s.because for s in claim.steps), *(s.name for s in claim.steps)]
    missing = {t: text_latex(t) for t in texts if "[U+" in text_latex(t)}
    assert not missing, "signs that theory/proof/prose.py does not know"


# ------------------------------------------------------------------ numbers


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0.00123456, "$0.00123$"),
        (1.5e-12, r"$1.50\times10^{-12}$"),
        (12345678, "$12{,}345{,}678$"),
        (0.0, "$0$"),
        (None, "--"),
        (float("nan"), "--"),
        (float("inf"), r"$\infty$"),
        (-2.5, "$-2.50$"),
    ],
)
def test_numbers(value, wanted):
    assert latex.number(value) == wanted


def test_a_truth_value_is_no_number():
    with pytest.raises(TypeError, match="truth value"):
        latex.number(True)


def test_rationals_as_a_reader_would_write_them():
    assert latex.rational("3/100") == "$0.03$"
    assert latex.rational(Fraction(1, 3)) == "$1/3$"
    assert latex.rational(Fraction(1, 3) + Fraction(1, 10**30)).startswith(r"$\approx 0.333333")


def test_an_enclosure_shows_the_common_digits_once():
    assert latex.enclosure("0.87504737825023447107", "0.87504737825028682482") == r"$0.8750473782502\,{}_{34}^{87}$"
    assert latex.enclosure("0.85", "1.04") == "$[0.85,\\ 1.04]$"
    assert latex.enclosure("2", "2") == "$2$"
    assert latex.enclosure("1.5", None) == r"$[1.5,\ \infty)$"


@given(st.decimals("1e-6", "1e4", places=12), st.decimals("1e-12", "1", places=12))
def test_a_printed_enclosure_is_implied_by_the_proved_one(low, width):
    text = latex.enclosure(str(low), str(low + width)).strip("$")
    if text.startswith("["):
        first, second = text.strip("[]").split(r",\ ")
    else:
        common, ends = text.split(r"\,{}_{")
        lower, upper = ends.rstrip("}").split("}^{")
        first, second = common + lower, common + upper
    first, second = (x.replace(r"\times10^{", "e").rstrip("}") for x in (first, second))
    assert Decimal(first) <= low < low + width <= Decimal(second)
    # and it is no wider than the digits demand
    assert Decimal(second) - Decimal(first) <= width * Decimal("1.3") + Decimal("1e-14")


def test_an_enclosure_upside_down_is_refused():
    with pytest.raises(ValueError, match="exceeds"):
        latex.enclosure("2", "1")


# ------------------------------------------------------------------ formulas


def test_a_sum_breaks_outside_of_brackets_alone():
    assert latex.split_sum(r"a + \left(b - c\right) - \frac{d + e}{f}") == [
        "a ",
        r"+ \left(b - c\right) ",
        r"- \frac{d + e}{f}",
    ]
    assert latex.split_sum("- a + b") == ["- a ", "+ b"]
    assert latex.split_sum("a e^{-x}") == ["a e^{-x}"]


def test_a_relation_splits_at_the_outermost_sign():
    assert latex.split_relation(r"f(a=b) \ge c") == ("f(a=b)", r"\ge", "c")
    assert latex.split_relation(r"a < b \iff c = d") == ("a < b", r"\iff", "c = d")
    assert latex.split_relation("a + b") == ("a + b", "", "")


def test_a_display_keeps_every_term_in_its_broken_form():
    out = latex.display(r"x = a + b - c", "eq:1", ["x > 0"], "a name")
    assert out.startswith(r"\fittedequation{a name}{x = a + b - c \qquad \text{if } x > 0}{\begin{aligned}&x = a ")
    assert r"\label{eq:1}" in out
    assert r"\text{if } x > 0\end{aligned}" in out


def test_a_page_that_cannot_measure_breaks_long_formulas_alone():
    assert latex.web_display("x = a + b") == r"\[x = a + b\]"
    assert latex.web_inline("x = a + b") == "$x = a + b$"
    long = "x = " + " + ".join(f"a_{{{k}}}" for k in range(60))
    assert r"\begin{aligned}" in latex.web_display(long)
    assert latex.web_inline(long) == latex.web_display(long)
    numbered = latex.web_display("x = 1", "eq:1", (), "what it says")
    assert numbered.startswith(r"\begin{numbered}\label{eq:1}\begin{said}what it says\end{said}")


def test_a_printed_enclosure_needs_a_lower_bound():
    verdict = SimpleNamespace(lower=None, upper="1", reason="no dual point")
    with pytest.raises(ValueError, match="no dual point"):
        latex.proved_enclosure(verdict)


# ------------------------------------------------------------------ references


def test_what_the_theory_cites_is_found_in_the_bibliography():
    assert cited("Zhu et al. (2021), one task; Haeffele and Vidal (2015)") == ["zhu2021", "haeffele2015"]
    assert cite("this suite") == ""
    assert len({e.key for e in entries()}) == len(entries())
    unknown = []
    for text in [lemma.reference for lemma in LEMMAS.values()] + [claim.source for claim in all_claims()]:
        for part in text.split(";"):
            if any(f"{year}" in part for year in range(1900, 2100)) and not cited(part):
                unknown.append(part.strip())
    assert not unknown, "works that reports/references.bib lacks"
