"""Audit, sweep, grids, benchmarks and mutation test as the report takes them: read, judged again, refused."""

import json
from fractions import Fraction

import numpy as np
import pytest
from typer.testing import CliRunner

from relaxations.audit_command import app as audit_app
from relaxations.records import record, write_json
from reports import grids
from reports.audited import TERMS, read_audits
from reports.benchmarked import Goal, read_benchmark
from reports.checked import InputError
from reports.collect import RECORDS, Inputs
from reports.document import render
from reports.figures.experiments import strain
from reports.measured import Prediction
from reports.mutated import read_mutation
from reports.swept import read_sweep
from reports.typeset import tex_engine, typeset
from reports.views import prose_with_theorems
from reports.web import page, pandoc
from theory.correlation_law import vanishing_cosine

# ------------------------------------------------------------------ audit


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audits")
    rng = np.random.default_rng(0)
    labels = np.array([(i, j) for i in range(2) for j in range(3)] * 4)
    np.savez(
        folder / "layer.npz", features=rng.standard_normal((24, 5)), labels=labels,
        **{"heads.0.weight": rng.standard_normal((2, 5)), "heads.1.weight": rng.standard_normal((3, 5))},
    )  # fmt: skip
    words = [str(folder / "layer.npz"), "--weight-decay", "0.05", "--feature-decay", "0.01"]
    result = CliRunner().invoke(audit_app, [*words, "--out", str(folder / "mine")])
    assert result.exit_code == 0, result.output
    return folder


def test_an_audit_is_its_terms_with_both_certificates_proved(audit):
    (mine,) = read_audits(audit)
    assert [t.name for t in mine.terms] == list(TERMS)
    gap = mine.result["value"] - float(mine.bound.verdict.lower)
    assert sum(t.value for t in mine.terms) == pytest.approx(gap, rel=1e-8)
    assert sum(t.of_gap for t in mine.terms) == pytest.approx(1)
    assert float(mine.network.verdict.lower) <= float(mine.bound.verdict.upper)
    assert all(meaning for _, _, meaning in mine.measures)
    assert read_audits(audit / "nowhere") == ()


def test_an_audit_whose_terms_do_not_add_up_is_refused(audit, tmp_path):
    path = audit / "mine" / "record.json"
    data = json.loads(path.read_text())
    kept = path.read_text()
    data["result"]["anatomy"]["prediction"] *= 2
    path.write_text(json.dumps(data))
    with pytest.raises(InputError, match="add up"):
        read_audits(audit)
    path.write_text(kept)


# ------------------------------------------------------------------ sweep


def test_the_sweep_agrees_with_the_law_and_its_limit():
    curves = read_sweep(RECORDS / "sweep-correlation.json")
    assert {c.classes for c in curves} == {2, 3, 10}
    for curve in curves:
        assert curve.certified == len(curve.points)
        assert curve.worst < 1e-5
        assert sum(curve.phases.values()) == len(curve.points)
        for point in curve.points:
            assert point.lower <= point.law.value * (1 + 1e-9)
            if point.rho not in (0, 1, -1) and point.law.phase == "alive":
                # merging only strengthens what vanishing decay does
                assert abs(point.law.cosine) >= abs(vanishing_cosine(point.rho)) - 1e-9 or point.classes > 2


def test_a_sweep_of_unequal_tasks_is_refused(tmp_path):
    data = json.loads((RECORDS / "sweep-correlation.json").read_text())
    data["result"]["points"] = data["result"]["points"][:1]
    data["result"]["points"][0]["classes"] = [2, 3]
    (tmp_path / "s.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match="equally many"):
        read_sweep(tmp_path / "s.json")
    data["result"]["points"] = []
    (tmp_path / "s.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match="no point"):
        read_sweep(tmp_path / "s.json")


# ------------------------------------------------------------------ grids


@pytest.fixture
def small_grids(monkeypatch):
    monkeypatch.setattr(grids, "CLASSES", (4,))
    monkeypatch.setattr(grids, "COUPLINGS", (Fraction(1, 5), Fraction(3, 10), Fraction(3, 5)))
    monkeypatch.setattr(grids, "NARROW", {"2,2": range(1, 3)})


def test_heads_die_in_order_and_an_interval_closes_at_the_rank(small_grids, tmp_path):
    for name in grids.GRIDS:
        grids.make(tmp_path, name, workers=1)
    found = grids.phases(tmp_path)
    assert [p.alive for p in found] == [2, 1, 0]  # thresholds 1/4 and 1/2
    assert all(p.inside and p.alive == p.predicted for p in found)
    one, two = grids.narrow(tmp_path)
    assert (one.attained, two.attained) == (False, True)
    assert one.upper > two.upper * 1.01
    assert one.lower == pytest.approx(two.lower, rel=1e-6)


def test_a_missing_point_is_named_and_made_again(small_grids, tmp_path):
    grids.make(tmp_path, "phases", workers=1)
    next(iter((tmp_path / "phases").glob("*.json"))).unlink()
    with pytest.raises(InputError, match=r"python -m reports\.grids"):
        grids.phases(tmp_path)
    grids.make(tmp_path, "phases", workers=1)
    assert len(grids.phases(tmp_path)) == 3
    (tmp_path / "phases" / "sources.txt").write_text("of other sources")
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "phases").glob("*.json")}
    grids.make(tmp_path, "phases", workers=1)
    assert all(p.stat().st_mtime_ns != stamp for p, stamp in stamps.items())


# ------------------------------------------------------------------ benchmarks, mutation, strain


def test_goals_are_judged_from_their_numbers():
    goal = Goal("speed", "at least", 100.0, 120.0, "x", "")
    assert goal.met is True
    assert Goal("speed", "at least", 100.0, 99.0, "x", "").met is False
    assert Goal("time", "at most", 5.0, 4.0, "s", "").met is True
    assert Goal("time", "at most", 5.0, None, "s", "").met is None


def test_the_kept_benchmark_has_its_tables():
    bench = read_benchmark(RECORDS / "bench.json")
    assert bench.peers
    assert bench.trained
    assert [float(level) for level in bench.levels] == sorted(map(float, bench.levels), reverse=True)


def mutation(tmp_path, counts):
    survivor = {"claim": "a", "step": "s", "operator": "sign", "fate": "survived", "text": "y", "reason": ""}
    path = tmp_path / "mutation.json"
    result = {
        "operators": {"sign": "turns the sign of a term, of a factor or of an exponent, one at a time"},
        "counts": counts,
        "fates": {"a": {"s": {"sign": {"killed": 1, "survived": 1}}}},
        "uncontradicted": [survivor],
    }
    write_json(path, record("mutation", result, {"suite": "0"}))
    return path


def test_mutants_are_counted_again(tmp_path):
    test = read_mutation(mutation(tmp_path, {"killed": 1, "survived": 1}))
    assert test.total == 2
    assert test.operators[0][2] == {"killed": 1, "survived": 1}
    assert [s.text for s in test.survivors] == ["y"]


@pytest.mark.parametrize("counts", [{"killed": 2, "survived": 0}, {"killed": 1}])
def test_counts_that_contradict_the_mutants_are_refused(tmp_path, counts):
    with pytest.raises(ValueError, match=r"count|fate"):
        read_mutation(mutation(tmp_path, counts))


@pytest.mark.parametrize(
    ("kind", "predicted", "tolerance", "values", "wanted"),
    [
        ("equals", 1.0, 0.5, (1.0, 1.25), 0.5),
        ("at_most", 0.0, 0.5, (0.25, 1.0), 2.0),
        ("at_least", None, 0.5, (1.0, 2.0), 0.5),
        ("varies", None, 0.5, (1.0, 2.0), 0.5),
        ("at_most", 0.0, 0.0, (0.0,), 0.0),
        ("equals", 1.0, 0.5, (1.0, None), None),
    ],
)
def test_strain_is_at_most_one_iff_the_prediction_holds(kind, predicted, tolerance, values, wanted):
    row = Prediction("v", "q", kind, predicted, tolerance, values, None, None, None, "s")
    assert strain(row) == wanted
    assert row.holds is (wanted is not None and wanted <= 1)


# ------------------------------------------------------------------ what is printed of them


@pytest.fixture
def full(tmp_path):
    """Inputs with every table of the benchmarks and a mutation test, and nothing else."""
    data = json.loads((RECORDS / "bench.json").read_text())
    data["result"] |= {
        "goals": [
            {"name": "solver over the fastest of its peers, on every problem", "sense": "at least", "goal": 10,
             "reached": 12.5, "unit": "x", "note": "100% ok"},
            {"name": "audit_1", "sense": "at most", "goal": 4, "reached": 5.0, "unit": "products", "note": ""},
            {"name": "large", "sense": "at most", "goal": 60, "reached": None, "unit": "s", "note": ""},
        ],
        "audit": {"samples": 10**6, "dimension": 512, "classes": 30, "gap": 0.1, "identity_error": 1e-9, "rows": [
            {"name": "plain product", "wall": 1.0, "processor": 2.0, "ratio": 1.0, "goal": None},
            {"name": "all measures", "wall": 5.0, "processor": 9.0, "ratio": 5.0, "goal": 7},
        ], "largest_memory_mb": 100.0},
        "symmetry": [{"case": "factorial:10x10", "cells": 100, "orbits": 4, "seconds": 0.1, "seconds_without": 1.0,
                      "ratio": 10.0, "detection_seconds": 0.01, "gap": 1e-13}],
        "ablation": [{"case": "random:3x3:0", "variant": "no Newton", "seconds": 0.1, "steps": 30, "gap": 1e-9}],
    }  # fmt: skip
    (tmp_path / "bench.json").write_text(json.dumps(data))
    bench = read_benchmark(tmp_path / "bench.json")
    return Inputs(benchmarks=(bench,), mutation=(read_mutation(mutation(tmp_path, {"killed": 1, "survived": 1})),))


def test_every_table_of_a_full_record_is_printed(full):
    text = render(full)["verification.tex"].decode()
    for label in (
        "goals",
        "peers",
        "rigorous",
        "scaling",
        "gradients",
        "trained",
        "bench-audit",
        "symmetry",
        "ablation",
    ):
        assert rf"\label{{tab:{label}:1}}" in text
    assert r"\good{met}" in text
    assert r"\bad{missed}" in text
    assert r"100\% ok" in text
    assert r"\label{tab:operators}" in text
    assert "Survivors" in text
    assert "Not shown: the certified instances" in text


@pytest.mark.slow
@pytest.mark.skipif(tex_engine() is None, reason="no TeX")
def test_a_full_record_fits_the_page_of_both_makers(full):
    assert typeset(render(full), tex_engine()).startswith(b"%PDF")
    assert b"no Newton" in page(render(full, web=True), pandoc())


def test_claims_named_in_prose_are_references():
    linked = prose_with_theorems(["single_source", "correlation", "correlation_classes"])
    assert linked("as in claim single_source, step x") == r"as in Theorem~\ref{claim:single-source}, step $x$"
    assert linked("claim correlation_classes") == r"Theorem~\ref{claim:correlation-classes}"
    assert linked("claim correlations") == "claim correlations"
    assert linked("claim unknown_one") == prose_with_theorems([])("claim unknown_one")
