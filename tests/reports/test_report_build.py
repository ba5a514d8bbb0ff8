"""The report from real, small inputs: what is read, what is refused, what is written."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
import shutil
import subprocess
import sys
from fractions import Fraction

import pytest
import torch
from typer.testing import CliRunner

from empirical.experiment import Experiment
from empirical.presets import preset_named
from relaxations.check import check_file
from relaxations.records import provenance, record, write_json
from reports import build as builder
from reports import grids, typeset, web
from reports.certificates import INSTANCES, KIND, certificate_path, make, record_path, up_to_date
from reports.certificates import app as certificates
from reports.checked import InputError
from reports.collect import RECORDS
from reports.collect import collect as collect_all
from reports.counterexamples import app as refute
from reports.document import render
from reports.latex import code
from theory.claims import thresholds
from theory.proof import Claim, Identity
from theory.proof.report_data import claim_data

#: Without the records that come with the source: their sections are tested with records made here.
collect = functools.partial(collect_all, kept=RECORDS / "none")
QUICK = ("two-tasks", "dead-task", "too-few-dimensions")
NASTY = r"50% \input{x} $_#&~^{}"
run = CliRunner().invoke

needs_tex = pytest.mark.skipif(typeset.tex_engine() is None, reason="latexmk and pdflatex are not both on the PATH")


def proofs(folder, claims):
    about = {"suite": "0", "python": "3", "seconds": 0.1}
    data = {"kind": "proofs", "version": 1, "result": {"claims": [claim_data(c) for c in claims]}, "provenance": about}
    write_json(folder / "proofs.json", data)


def train(folder, **changes):
    """A miniature run of the small preset, its record written as the command line writes it."""
    preset = preset_named("small")
    preset = dataclasses.replace(
        preset,
        source_options={**preset.source_options, "repetitions": 1},
        backbone_options={"width": 16, "depth": 1},
        optimisation=dataclasses.replace(preset.optimisation, epochs=2, batch=50),
        **changes,
    )
    experiment = Experiment(preset, torch.device("cpu"))
    experiment.run()
    experiment.optimum.certificate.save(folder / "certificate.json")
    (folder / "last_layer.npz").write_bytes(experiment.last_layer())
    about = provenance(("torch",), device="cpu", device_name="cpu", seconds={"training": 1.0})
    write_json(folder / "record.json", record("training", experiment.result(), about))


@pytest.fixture(scope="module")
def made(tmp_path_factory, few_points):
    """A build folder: two claims (one of them false), three certificates, one run that misses its gates."""
    folder = tmp_path_factory.mktemp("build")
    x = thresholds.x
    false = Claim(
        "false", "1 = 2", x, (), (Identity(name="false", lhs=thresholds.K, rhs=2 * thresholds.K, concludes=True),), ""
    )
    proofs(folder, (thresholds.CLAIM, false))
    for instance in INSTANCES:
        if instance.name in QUICK:
            make(folder / "certificates", instance)
    assert run(refute, ["--out", str(folder / "counterexamples")]).exit_code == 0
    train(folder / "runs" / "tiny")
    for name in grids.GRIDS:
        grids.make(folder / "grids", name, workers=1)
    return folder


@pytest.fixture(scope="module", autouse=True)
def few_points():
    """Grids of a few points, and no records but those that a test makes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grids, "CLASSES", (3,))
        patch.setattr(grids, "COUPLINGS", (Fraction(1, 10), Fraction(2, 5), Fraction(3, 5)))
        patch.setattr(grids, "NARROW", {"2,2": range(1, 3)})
        patch.setattr(builder, "collect", collect)
        yield


@pytest.fixture
def copied(made, tmp_path):
    return shutil.copytree(made, tmp_path / "build")


# ------------------------------------------------------------------ what is written


def test_the_document_says_what_the_inputs_say(made):
    inputs = collect(made)
    text = render(inputs)["verification.tex"].decode()
    lower = inputs.instances[0].checked.verdict.lower
    assert lower[:12] in text
    assert r"\bad{refuted}" in text
    assert code(inputs.instances[0].command) in text
    assert {i.name: i.checked.status for i in inputs.instances} == {
        "two-tasks": "certified",
        "dead-task": "certified",
        "too-few-dimensions": "inconclusive",
    }
    assert inputs.instances[1].dead_tasks == (1,)
    assert any(f.startswith("claim false") for f in inputs.faults())
    assert any("misses its gate" in f for f in inputs.faults())
    assert "To be read first" in text
    # nothing of a template is left over
    assert not re.search(r"<<|>>|<%|%>", text)


@pytest.mark.slow
def test_equal_inputs_make_equal_bytes(made):
    assert render(collect(made)) == render(collect(made))
    sources = render(collect(made), web=True)
    assert web.page(sources, web.pandoc()) == web.page(render(collect(made), web=True), web.pandoc())


def test_margins_are_measured_on_the_last_layer(made):
    tiny = collect(made).runs[0]
    assert tiny.margins is not None
    (made / "runs" / "tiny" / "last_layer.npz").rename(made / "kept.npz")
    assert collect(made).runs[0].margins is None
    (made / "kept.npz").rename(made / "runs" / "tiny" / "last_layer.npz")


def test_a_report_without_tex(copied, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "out"
    out.mkdir()
    (out / "verification.pdf").write_bytes(b"of other inputs")
    result = run(builder.app, ["--build", str(copied), "--out", str(out)])
    assert result.exit_code == 1  # for the refuted claim
    assert "no PDF: latexmk and pdflatex are not both on the PATH" in result.output
    assert "claim false: refuted" in result.output
    assert (out / "verification.tex").exists()
    assert sorted(p.name for p in (out / "figures").iterdir()) == [
        "interval.pdf",
        "phases.pdf",
        "run1-anatomy.pdf",
        "run1-measures.pdf",
        "run1-way.pdf",
    ]
    page = (out / "verification.html").read_text(encoding="utf-8")
    assert "<math" in page
    assert "To be read first" in page
    assert page.count("data:image/svg+xml") + page.count("<svg") >= 5
    assert not re.search(r"(?:src|href)=\"(?!#|data:|https?:)", page)  # self-contained
    assert not (out / "verification.pdf").exists()


def test_a_report_with_nothing_to_regret_exits_0(copied, tmp_path):
    proofs(copied, (thresholds.CLAIM,))
    path = copied / "runs" / "tiny" / "record.json"
    data = json.loads(path.read_text())
    data["result"]["gates"] = []
    path.write_text(json.dumps(data))
    result = run(builder.app, ["--build", str(copied), "--out", str(tmp_path / "out"), "--no-pdf", "--no-html"])
    assert result.exit_code == 0, result.output


@needs_tex
def test_the_pdf_compiles_with_nasty_strings_and_twice_alike(copied, tmp_path):
    path = copied / "runs" / "tiny" / "record.json"
    data = json.loads(path.read_text())
    data["result"]["config"].update(name=NASTY, description=NASTY, backbone=NASTY, backbone_options={NASTY: NASTY})
    data["result"]["data"]["name"] = NASTY
    data["provenance"].update(machine=NASTY, device=NASTY, device_name=NASTY, packages={NASTY: NASTY})
    path.write_text(json.dumps(data))
    (copied / "runs" / "tiny").rename(copied / "runs" / "50% _#&~^{} $x")
    path = record_path(copied / "certificates", "two-tasks")
    data = json.loads(path.read_text())
    data["result"].update(title=NASTY, command=NASTY)
    path.write_text(json.dumps(data))
    sources = render(collect(copied))
    latexmk = typeset.tex_engine()
    first = typeset.typeset(sources, latexmk)
    assert first.startswith(b"%PDF")
    assert typeset.typeset(sources, latexmk) == first


@needs_tex
def test_tex_errors_are_shown_and_exit_1(copied, tmp_path, monkeypatch):
    def broken(inputs, web=False, quick=False):
        sources = render(inputs, web, quick)
        sources["verification.tex"] = sources["verification.tex"].replace(rb"\tableofcontents", rb"\undefinedcommand")
        return sources

    monkeypatch.setattr(builder, "render", broken)
    result = run(builder.app, ["--build", str(copied), "--out", str(tmp_path / "out"), "--no-html"])
    assert result.exit_code == 1
    assert "Undefined control sequence" in result.output
    assert not (tmp_path / "out" / "verification.pdf").exists()


@needs_tex
@pytest.mark.parametrize(
    ("inserted", "complaint"),
    [
        (rb"\ref{nowhere}", "undefined"),
        (rb"\citep{nobody}", "undefined"),
        (rb"\label{sec:model}", "multiply"),
        (rb"\noindent\rule{20cm}{1pt}", "Overfull"),
    ],
)
def test_a_faulty_document_is_refused(inserted, complaint):
    preamble = rb"\documentclass{article}\usepackage[numbers]{natbib}\begin{document}\section{A}\label{sec:model} "
    source = preamble + inserted + rb"\bibliographystyle{plainnat}\bibliography{references}\nocite{*}\end{document}"
    bib = b"@misc{a, author={A}, title={B}, year={2000}}"
    with pytest.raises(typeset.TypesettingError, match=complaint):
        typeset.typeset({"verification.tex": source, "references.bib": bib}, typeset.tex_engine())


@pytest.mark.slow
def test_one_claim_alone_needs_no_build_folder(tmp_path):
    out = tmp_path / "alone"
    words = ["--build", str(tmp_path / "nothing"), "--out", str(out), "--no-pdf"]
    result = run(builder.app, [*words, "--only", "thresholds"])
    assert result.exit_code == 0, result.output
    text = (out / "verification.tex").read_text(encoding="utf-8")
    assert r"\label{proof:thresholds}" in text
    assert "claim:single-source" not in text
    assert "Benchmark" not in text
    assert 'id="claim:thresholds"' in (out / "verification.html").read_text(encoding="utf-8")
    result = run(builder.app, [*words, "--only", "no_such_claim"])
    assert result.exit_code == 2
    assert "there are: cells" in result.output


def test_a_quick_report_says_what_it_has_not(copied, tmp_path):
    shutil.rmtree(copied / "runs")
    shutil.rmtree(copied / "certificates")
    out = tmp_path / "quick"
    result = run(builder.app, ["--build", str(copied), "--out", str(out), "--quick", "--no-pdf"])
    assert "claim false: refuted" in result.output
    text = (out / "verification.tex").read_text(encoding="utf-8")
    for absent in ("a trained network", "the certified instances", "an audit", "experiments", "benchmarks"):
        assert f"Not shown: {absent}" in text
    assert r"\label{sec:proofs}" not in text
    assert (out / "verification.html").exists()


# ------------------------------------------------------------------ what is refused


def test_missing_inputs_are_named_with_the_command_that_makes_them(tmp_path, copied):
    result = run(builder.app, ["--build", str(tmp_path / "nowhere")])
    assert result.exit_code == 2
    assert "no such folder" in result.output
    for path, words in (
        ("runs", "python -m empirical.train"),
        ("counterexamples", "python -m reports.counterexamples"),
        ("certificates", "python -m reports.certificates"),
        ("proofs.json", "python -m theory --json"),
    ):
        target = copied / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()
        result = run(builder.app, ["--build", str(copied), "--no-pdf", "--out", str(tmp_path / "o")])
        assert result.exit_code == 2
        assert words in result.output
    assert not (tmp_path / "o").exists()
    assert run(builder.app, ["--build", str(copied), "--records", str(tmp_path / "none")]).exit_code == 2


@pytest.mark.parametrize(
    ("path", "change", "words"),
    [
        ("proofs.json", lambda d: d["result"]["claims"][0].pop("steps"), "the field 'steps' is missing"),
        ("proofs.json", lambda d: d.update(kind="other"), "expected a record of kind 'proofs'"),
        ("proofs.json", lambda d: d["result"].update(claims=[]), "holds no claim"),
        ("certificates/two-tasks.json", lambda d: d["result"].update(certificate="0"), "is not the one"),
        ("certificates/two-tasks.certificate.json", lambda d: d["problem"].update(feature_decay="1/7"), "problem_id"),
        ("runs/tiny/record.json", lambda d: d["result"]["problem"].update(id="0"), "problem.id"),
        ("runs/tiny/record.json", lambda d: d.update(version=99), "record version 99"),
    ],
)
def test_unreadable_inputs_are_refused(copied, path, change, words):
    data = json.loads((copied / path).read_text())
    change(data)
    (copied / path).write_text(json.dumps(data))
    with pytest.raises(InputError, match=words):
        collect(copied)


def test_a_certificate_of_another_problem_does_not_pass_for_the_run(copied):
    shutil.copy(certificate_path(copied / "certificates", "two-tasks"), copied / "runs" / "tiny" / "certificate.json")
    with pytest.raises(InputError, match="the certificate is of problem"):
        collect(copied)


def test_broken_json_is_refused(copied):
    (copied / "proofs.json").write_text("{")
    with pytest.raises(InputError, match="not a record"):
        collect(copied)


# ------------------------------------------------------------------ certified instances


def test_an_instance_is_the_problem_of_its_command_line(tmp_path):
    for instance in INSTANCES:
        if instance.classes != "10,10":
            target = tmp_path / f"{instance.name}.json"
            command = [sys.executable, *instance_arguments(instance), "--save-certificate", str(target)]
            if instance.name in ("unequal-classes", "dead-task"):
                subprocess.run(command, check=False, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
                assert check_file(str(target)).problem_id == instance.problem().identity
        words = instance.options()
        assert words.count("--classes") == 1
        assert all(word.startswith("--") for word in words[::2])


def instance_arguments(instance):
    import shlex

    return shlex.split(instance.command())[1:]


def test_instances_are_kept_until_something_changes(tmp_path):
    only = ["--out", str(tmp_path), "--only", "two-tasks"]
    assert "certified" in run(certificates, only).output
    assert "up to date" in run(certificates, only).output
    instance = next(i for i in INSTANCES if i.name == "two-tasks")
    assert up_to_date(tmp_path, instance)
    assert not up_to_date(tmp_path, dataclasses.replace(instance, smoothing="0.2"))
    path = certificate_path(tmp_path, "two-tasks")
    path.write_text(path.read_text() + " ")
    assert not up_to_date(tmp_path, instance)
    assert "certified" in run(certificates, only).output
    data = json.loads(record_path(tmp_path, "two-tasks").read_text())
    assert data["kind"] == KIND
    assert check_file(str(path)).certified
    assert run(certificates, ["--out", str(tmp_path), "--only", "nothing"]).exit_code == 2
