"""Numbers and references of the page: as TeX counts them, links that lead somewhere, refusals of what does not."""

import re
import subprocess

import pytest

from reports import typeset, web
from reports.references import UndefinedReference, numbered_source, resolved

SOURCE = r"""
\section{One}\label{s1}
\subsection{Sub}\label{s11}
\begin{numbered}\label{e1}\[x\]\end{numbered}
\section{Two}\label{s2}
\begin{theorem}\label{t1}
\begin{numbered}\label{e2}\[x\]\end{numbered}
\begin{numbered}\label{e3}\[y\]\end{numbered}
\end{theorem}
\begin{table}\caption{T}\label{tab1}\end{table}
\begin{figure}\caption{F}\label{fig1}\end{figure}
\begin{theorem}\label{t2}\end{theorem}
\begin{lemma}\label{l1}\end{lemma}
\appendix
\section{App}\label{a1}
\begin{numbered}\label{e4}\[x\]\end{numbered}
\subsection{AppSub}\label{a11}
\begin{table}\caption{T}\label{tab2}\end{table}
"""
PREAMBLE = r"""\documentclass{article}\usepackage{amsmath,amsthm}
\newtheorem{theorem}{Theorem}\newtheorem{lemma}{Lemma}\numberwithin{equation}{section}
\newenvironment{numbered}{}{}
\begin{document}"""


@pytest.mark.skipif(typeset.tex_engine() is None, reason="no TeX to count")
def test_numbers_are_those_of_tex(tmp_path):
    body = re.sub(r"\\begin\{numbered\}(\\label\{\w+\})\\\[(.)\\\]\\end\{numbered\}",
                  r"\\begin{equation}\1 \2\\end{equation}", SOURCE)  # fmt: skip
    (tmp_path / "x.tex").write_text(PREAMBLE + body + r"\end{document}")
    subprocess.run(["pdflatex", "-interaction=batchmode", "x.tex"], cwd=tmp_path, check=True, capture_output=True)
    counted = dict(re.findall(r"\\newlabel\{(\w+)\}\{\{([^}]*)\}", (tmp_path / "x.aux").read_text()))
    assert len(counted) == 15
    assert numbered_source(SOURCE)[1] == counted


def test_references_become_links_to_their_numbers():
    out = resolved(SOURCE + r"\ref{t2} \eqref{e4} \ref{tab2}")
    assert out.endswith(r"\href{\#t2}{2} \href{\#e4}{(A.1)} \href{\#tab2}{2}")
    assert r"\caption{\textbf{Table~1.} T}" in out
    assert r"\section{A~~App}" in out


@pytest.mark.parametrize("wrong", [r"\ref{nowhere}", r"\eqref{nowhere}", r"\section{Again}\label{s1}"])
def test_what_leads_nowhere_is_refused(wrong):
    with pytest.raises(UndefinedReference):
        resolved(SOURCE + wrong)


def test_an_environment_that_does_not_close_is_refused():
    with pytest.raises(ValueError, match="without its"):
        resolved(r"\begin{theorem}\end{lemma}")


@pytest.fixture
def sources():
    def of(body):
        head = r"\newtheorem{theorem}{Theorem}\title{T}\begin{document}\maketitle "
        text = head + body + r"\end{document}"
        return {"verification.tex": text.encode(), "references.bib": b"@misc{a, author={A, B}, title={C}, year={2000}}"}

    return of


def test_the_page_has_formulas_links_and_a_list_of_works(sources):
    body = r"\section{S}\label{s} See \ref{s} and \citep{a}. \begin{proof} Done. \end{proof}"
    body += r"\begin{numbered}\label{e}\[x=\tfrac12\]\end{numbered}"
    page = web.page(sources(body), web.pandoc()).decode()
    assert '<h1 id="s">1' in page
    assert 'href="#s"' in page
    assert "<mfrac>" in page
    assert "[1]" in page
    assert '<details class="proof">' in page


@pytest.mark.parametrize(
    ("body", "complaint"),
    [(r"$\nosuchcommand{x}$", "Could not convert"), (r"\citep{nobody}", "nobody"), (r"\ref{none}", "not defined")],
)
def test_what_cannot_be_converted_makes_no_page(sources, body, complaint):
    with pytest.raises(web.PageError, match=complaint):
        web.page(sources(body), web.pandoc())


def test_commands_left_in_the_text_are_found():
    assert web.leftovers(r"<p>a \emph{b} <code>\x</code></p>") == [r"\emph"]
    assert web.leftovers("<p>plain</p>") == []
