"""Audits against direct formulas on all samples, against closed forms, and against inputs that must be refused."""

import dataclasses
import json
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from typer.testing import CliRunner

from relaxations import audit_progress
from relaxations.audit import audit, audit_network
from relaxations.audit_command import app
from relaxations.check import check_file
from relaxations.last_layer import last_layer_from, read_last_layer
from relaxations.moments import CellFinder
from relaxations.records import read_record
from relaxations.solve import solve
from relaxations.workers import Threads, workers_named
from theory import UFM, LabelDesign, geometry
from theory.duality import feasible_dual, gap_anatomy

CLASSES = (3, 4)


def network(samples=400, dimension=9, seed=0, missing=0.2, dtype=np.float64):
    """A noisy last layer: features, labels (two tasks, some missing), heads with biases."""
    rng = np.random.default_rng(seed)
    labels = np.stack([rng.integers(0, k, samples) for k in CLASSES], axis=1)
    hidden = rng.random(labels.shape) < missing
    hidden[hidden.all(axis=1), 0] = False
    centres = [rng.standard_normal((k, dimension)) for k in CLASSES]
    features = sum(c[y] for c, y in zip(centres, labels.T, strict=True)) + 0.5 * rng.standard_normal(
        (samples, dimension)
    )
    heads = {
        name: (
            (0.5 * c + 0.1 * rng.standard_normal(c.shape)).astype(dtype),
            0.1 * rng.standard_normal(len(c)).astype(dtype),
        )
        for name, c in zip(("shape", "hue"), centres, strict=True)
    }
    return features.astype(dtype), np.where(hidden, -1, labels), heads


DECAYS = {"weight_decay": ["0.01", "0.02"], "feature_decay": "0.0002"}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bias": "0.05", "smoothing": "0.1"},
        {"bias": "0.05", "loss": "mse", "task_weights": ["1", "0.5"], "convention": "paper-mean"},
        {"loss": "sparsemax"},
    ],
    ids=["free", "decayed-smoothed", "mse-paper", "sparsemax"],
)
def test_the_streamed_audit_is_the_direct_formula_on_all_samples(options):
    features, labels, heads = network()
    result = audit(last_layer_from(features, labels, heads), Threads(2), **DECAYS, **options, chunk=70)
    problem = result.problem
    design, cell_of = LabelDesign.from_labels(labels, CLASSES)
    design = design.smoothed(options.get("smoothing", 0))
    keys = ("task_weights", "loss", "convention")
    same = UFM(
        design, DECAYS["weight_decay"], DECAYS["feature_decay"], bias=options.get("bias", 0), dimension=9,
        **{key: options[key] for key in keys if key in options},
    )  # fmt: skip
    assert (design.labels == problem.design.labels).all()
    assert (design.counts == problem.design.counts).all()
    assert problem.to_dict() == {**same.to_dict(), "scenario": "audit"}
    W = np.concatenate([w for w, _ in heads.values()])
    b = np.concatenate([c for _, c in heads.values()])
    H = features.T
    value = same.objective(W, H, b, cell_of)
    assert result.value == pytest.approx(value, rel=1e-12)
    direct = gap_anatomy(same, W, H, result.solution.q, b, cell_of)
    for name, term in dataclasses.asdict(direct).items():
        assert getattr(result.anatomy.terms, name) == pytest.approx(term, rel=1e-10, abs=1e-12), name
    assert sum(result.anatomy.prediction_per_task) == pytest.approx(direct.prediction, rel=1e-10)
    assert result.identity_error < 1e-12
    assert sum(result.shares().values()) == pytest.approx(result.relative_gap, abs=1e-9)
    assert float(result.verdict.lower) <= value
    assert float(result.network_verdict.lower) <= float(result.verdict.upper)
    assert float(result.network_verdict.upper) <= value * (1 + 1e-12)
    # measures
    taken, means = result.measures, geometry.cell_means(H, cell_of, design.cells)
    assert taken.within_cell == pytest.approx(geometry.within_cell_variability(H, cell_of, design.cells, 5), rel=1e-10)
    assert taken.etf == pytest.approx([geometry.etf_deviation(w) for w, _ in heads.values()], rel=1e-12)
    assert taken.cross_task == pytest.approx(geometry.cross_task_overlap(W[:3], W[3:]), rel=1e-12)
    assert taken.overlaps == ((0, 1, pytest.approx(taken.cross_task)),)
    assert taken.sum_rule == pytest.approx(geometry.sum_rule_deviation(same, W, means), rel=1e-10)
    assert taken.sum_rule_plain == pytest.approx(geometry.sum_rule_deviation(same, W, means, False), rel=1e-10)
    assert taken.balance == pytest.approx(geometry.balance_deviation(same, W, means), rel=1e-10)
    assert taken.nearest_centre == pytest.approx(
        geometry.nearest_centre_disagreement(same, W, H, b, cell_of), abs=1e-12
    )
    for t, (w, c) in enumerate(heads.values()):
        keep = labels[:, t] >= 0
        right = (features @ w.T + c).argmax(axis=1)[keep] == labels[keep, t]
        assert taken.accuracy[t] == pytest.approx(right.mean(), abs=1e-12)
        assert taken.row_norms[t] == pytest.approx(np.sqrt((w**2).sum() / len(w)))


def collapsed(**options):
    """A network at the closed-form optimum of every pair of labels three times, and the problem."""
    problem = UFM(LabelDesign.factorial(CLASSES, 3), ["0.02", "0.04"], "0.0004", **options)
    point = solve(problem, "closed-form")
    labels = np.repeat(problem.design.labels.T, 3, axis=0)
    features = np.repeat(point.H.T, 3, axis=0)
    return problem, point, features, labels, {"a": point.W[:3], "b": point.W[3:]}


def test_a_collapsed_network_has_no_gap_and_certifies_itself():
    _, point, features, labels, heads = collapsed()
    result = audit_network(features, labels, heads, ["0.02", "0.04"], "0.0004")
    assert abs(result.relative_gap) < 1e-10
    assert result.value == pytest.approx(point.value, rel=1e-13)
    assert float(result.verdict.lower) <= point.value * (1 + 1e-15)
    # no solver took part in this enclosure
    assert result.network_verdict.certified
    assert float(result.network_verdict.lower) == pytest.approx(point.value, rel=1e-9)
    assert max(result.measures.etf) < 1e-12
    assert result.measures.cross_task < 1e-12
    assert result.measures.sum_rule < 1e-12
    assert result.measures.nearest_centre == (0.0, 0.0)
    assert result.measures.within_cell < 1e-20


@pytest.mark.parametrize("convention", ["mean-halves", "paper-mean", "sum-halves"])
def test_fitted_decays_are_those_of_a_stationary_point(convention):
    _, _, features, labels, heads = collapsed(convention=convention, task_weights=["1", "0.5"])
    both = audit_network(features, labels, heads, convention=convention, task_weights=["1", "0.5"])
    assert both.fitted == ("weight_decay", "feature_decay")
    assert [float(w) for w in both.problem.weight_decay] == pytest.approx([0.02, 0.04], rel=1e-9)
    assert float(both.problem.feature_decay) == pytest.approx(0.0004, rel=1e-9)
    one = audit_network(2 * features, labels, heads, ["0.02", "0.04"], convention=convention, task_weights=["1", "0.5"])
    assert one.fitted == ("feature_decay",)
    assert float(one.problem.feature_decay) == pytest.approx(0.0001, rel=1e-9)  # ‖H‖² is four times as large


def test_a_class_without_samples_and_single_labels_without_biases():
    features, labels, heads = network()
    labels = np.where(labels == 1, 0, labels)  # class 1 is absent
    weights = {name: w for name, (w, _) in heads.items()}
    result = audit_network(features, labels, weights, **DECAYS)
    assert result.problem.bias is None
    assert 0 <= result.relative_gap
    assert all(0 <= share <= 1 for share in result.measures.nearest_centre)
    one = audit_network(features, labels[:, 1].clip(0), {"hue": weights["hue"]}, "0.01", "0.0002")
    assert one.measures.cross_task is None
    assert one.to_dict()["measures"]["overlaps"] == ()
    with pytest.raises(ValueError, match="class 1 of task 0 has no sample"):
        audit_network(features, labels, heads, **DECAYS)


def test_many_cells_are_proved_at_a_named_level_or_refused(monkeypatch):
    features, labels, heads = network()
    balls = audit_network(features, labels, heads, **DECAYS)
    monkeypatch.setattr("relaxations.audit.BALL_ENTRIES", 10)
    floats = audit_network(features, labels, heads, **DECAYS)
    assert floats.verdict.level != balls.verdict.level
    assert floats.verdict.certified
    assert float(floats.verdict.lower) == pytest.approx(float(balls.verdict.lower), rel=1e-9)
    monkeypatch.setattr("relaxations.moments.MAX_STATE", 100)
    with pytest.raises(ValueError, match="different rows of labels"):
        audit_network(features, labels, heads, **DECAYS)


def test_a_worse_network_has_the_term_that_was_made_worse():
    _, _, features, labels, heads = collapsed()
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(features.shape)
    noise -= np.repeat(noise.reshape(-1, 3, noise.shape[1]).mean(axis=1), 3, axis=0)  # cell means stay
    result = audit_network(features + noise, labels, heads, ["0.02", "0.04"], "0.0004")
    terms = result.anatomy.terms
    assert terms.within_cell == pytest.approx(0.5 * 0.0004 * (noise**2).sum(), rel=1e-9)
    assert terms.balance < 1e-9
    scaled = audit_network(features / 2, labels, {name: 2 * w for name, w in heads.items()}, ["0.02", "0.04"], "0.0004")
    assert scaled.anatomy.terms.balance == pytest.approx(scaled.anatomy.terms.total, rel=1e-6)


def test_threads_and_formats_change_no_digit(tmp_path):
    features, labels, heads = network(dtype=np.float32)
    arrays = {"features": features, "labels": labels.astype(np.int16), "tasks": np.array(["shape", "hue"])}
    for name in ("hue", "shape"):
        arrays[f"heads.{name}.weight"], arrays[f"heads.{name}.bias"] = heads[name]
    np.savez(tmp_path / "a.npz", **arrays)
    np.savez_compressed(tmp_path / "b.npz", **arrays)
    np.savez(tmp_path / "c.npz", **{**arrays, "features": np.asfortranarray(features)})
    (tmp_path / "d").mkdir()
    for name, array in arrays.items():
        np.save(tmp_path / "d" / name, array)
    named = {name: array for name, array in arrays.items() if name != "tasks"}
    save_file(named, tmp_path / "e.safetensors", metadata={"tasks": '["shape", "hue"]'})
    want = audit(last_layer_from(features, labels, heads), Threads(1), **DECAYS, chunk=48)
    text = want.certificate.to_text() + want.network_certificate.to_text()
    for workers, path in zip((4, 1, 3, 2, 4), ("a.npz", "b.npz", "c.npz", "d", "e.safetensors"), strict=True):
        layer = read_last_layer(tmp_path / path)
        assert layer.names == ("shape", "hue")
        assert layer.single
        got = audit(layer, Threads(workers), **DECAYS, chunk=48)
        assert got.certificate.to_text() + got.network_certificate.to_text() == text, path
        assert (got.value, got.anatomy, got.measures) == (want.value, want.anatomy, want.measures), path
    # float32 products are those of the float64 network to float32's accuracy
    precise = audit_network(features.astype(np.float64), labels, heads, **DECAYS)
    assert not precise.single
    assert want.value == pytest.approx(precise.value, rel=1e-6)
    assert want.measures.within_cell == pytest.approx(precise.measures.within_cell, rel=1e-5)


def test_the_tree_is_a_function_of_the_number_of_parts():
    def merge(a, b):
        return f"({a}{b})"

    for count, tree in ((1, "0"), (2, "(01)"), (3, "((01)2)"), (5, "(((01)(23))4)"), (7, "(((01)(23))((45)6))")):
        for workers in (1, 2, 9):
            assert Threads(workers).map_reduce(str, lambda i: i, count, merge) == tree


def test_memory_does_not_grow_with_the_samples(tmp_path):
    samples, dimension = 60_000, 128
    path = tmp_path / "layer.npz"
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (samples, 1)).astype(np.int8)
    features = np.ones((samples, dimension), np.float32) + labels
    np.savez(path, features=features, labels=labels, **{"heads.0.weight": rng.standard_normal((3, dimension))})
    size = features.nbytes
    del features
    tracemalloc.start()
    layer = read_last_layer(path)
    audit(layer, Threads(1), "0.01", "0.001", chunk=4096)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < size / 3


def test_cells_of_many_tasks_do_not_overflow():
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 9, (300, 40))
    cells, inverse = np.unique(labels, axis=0, return_inverse=True)
    assert (CellFinder([9] * 40, cells.T)(labels) == inverse.reshape(-1)).all()
    with pytest.raises(ValueError, match="not there before"):
        CellFinder([9] * 40, cells.T)(1 - labels.clip(0, 1))


# --------------------------------------------------------------------------- what it accepts and refuses


def test_torch_tensors_and_modules_without_importing_torch():
    features, labels, heads = network(dtype=np.float32)
    layers = []
    for weight, bias in heads.values():
        layer = torch.nn.Linear(weight.shape[1], len(weight))
        layer.weight.data, layer.bias.data = torch.from_numpy(weight), torch.from_numpy(bias)
        layers.append(layer)
    tensor = torch.from_numpy(features).requires_grad_()
    got = audit_network(tensor, torch.from_numpy(labels), layers, **DECAYS)
    want = audit_network(features, labels, heads, **DECAYS)
    assert got.certificate.to_text() == want.certificate.to_text()
    assert got.names == ("0", "1")
    modules = torch.nn.ModuleDict(dict(zip(heads, layers, strict=True)))
    assert audit_network(tensor, torch.from_numpy(labels), modules, **DECAYS).names == ("shape", "hue")
    half = audit_network(tensor.bfloat16(), torch.from_numpy(labels), layers, **DECAYS)
    assert half.value == pytest.approx(want.value, rel=0.05)
    code = "import sys, relaxations.audit; sys.exit('torch' in sys.modules or 'cvxpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def good():
    features, labels, heads = network(samples=60)
    arrays = {"features": features, "labels": labels}
    for t, (weight, bias) in enumerate(heads.values()):
        arrays[f"heads.{t}.weight"], arrays[f"heads.{t}.bias"] = weight, bias
    return arrays


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_command_line(tmp_path):
    small = {name: array if name in ("features", "labels") else 0.3 * array for name, array in good().items()}
    np.savez(tmp_path / "n.npz", **small)
    answer = run(tmp_path / "n.npz", "--weight-decay", "0.01,0.02", "--json", "-")
    assert answer.exit_code == 0, answer.output
    data = json.loads(answer.output)
    assert data["problem"]["fitted"] == ["feature_decay"]
    assert data["problem"]["bias"] == "free"
    assert float(data["lower"]) <= data["value"]
    assert data["relative_gap"] == pytest.approx(sum(data["shares"].values()), abs=1e-9)
    shown = run(tmp_path / "n.npz", "--save-certificate", tmp_path / "c.json", "--json", tmp_path / "r.json")
    assert shown.exit_code == 0, shown.output
    assert "fitted to the network" in shown.output
    for word in ("certified", "prediction", "within_cell", "NC1", "by the network's own predictions"):
        assert word in shown.output
    saved = json.loads((tmp_path / "r.json").read_text())
    assert check_file(str(tmp_path / "c.json")).lower == saved["lower"]
    assert saved["problem"]["fitted"] == ["weight_decay", "feature_decay"]


def test_an_audit_leaves_a_record_and_the_certificates_it_rests_on(tmp_path):
    np.savez(tmp_path / "n.npz", **{k: a if k in ("features", "labels") else 0.3 * a for k, a in good().items()})
    for folder in ("a", "b"):
        answer = run(tmp_path / "n.npz", "--out", tmp_path / folder)
        assert answer.exit_code == 0, answer.output
    first, second = (read_record(tmp_path / folder / "record.json", "audit") for folder in ("a", "b"))
    assert first["result"] == second["result"]
    assert set(first["provenance"]["seconds"]) == {"labels", "first_pass", "bounds", "second_pass", "total"}
    result = first["result"]
    assert (result["file"], result["problem"]["fitted"]) == ("n.npz", ["weight_decay", "feature_decay"])
    assert set(result["meanings"]) == set(result["shares"])
    for name, keys in (
        ("certificate", ("lower", "upper")),
        ("network.certificate", ("network_lower", "network_upper")),
    ):
        verdict = check_file(str(tmp_path / "a" / f"{name}.json"))
        assert [verdict.lower, verdict.upper] == [result[key] for key in keys]
    blocked = tmp_path / "n.npz" / "below"
    assert run(tmp_path / "n.npz", "--out", blocked).exit_code == 2


def test_progress_is_told_pass_by_pass(capsys, monkeypatch):
    told = []
    with workers_named(None, 2, lambda done, count: told.append((done, count))) as team:
        total = team.map_reduce(lambda part: part, lambda i: i, 5, lambda a, b: a + b)
    assert total == 10
    assert told == [(i, 5) for i in range(6)]
    # off a terminal a line now and then, with the name of the pass
    monkeypatch.setattr(audit_progress, "INTERVAL", 0.0)
    advance = audit_progress.plain_progress()
    for done in (0, 1, 0, 1):
        advance(done, 7)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"{name}: {i} of 7 parts" for name in ("labels", "first pass") for i in (0, 1)]
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with audit_progress.shown_progress() as bar:
        for done in (0, 1, 2):
            bar(done, 2)


def changed(**changes):
    arrays = {**good(), **changes}
    return {name: array for name, array in arrays.items() if array is not None}


def refused():
    g = good()
    nan = g["features"].copy()
    nan[7, 2] = np.nan
    bare = g["labels"].copy()
    bare[5] = -1
    w0, b0 = g["heads.0.weight"], g["heads.0.bias"]
    return {
        "no features": (changed(features=None), [], "no array 'features'"),
        "no labels": (changed(labels=None), [], "no array 'labels'"),
        "no heads": ({"features": g["features"], "labels": g["labels"]}, [], "no array heads.<task>.weight"),
        "flat features": (changed(features=g["features"][0]), [], "expected floating point, (N, d)"),
        "whole features": (changed(features=g["labels"]), [], "floating point"),
        "labels as floats": (changed(labels=g["labels"].astype(float)), [], "expected whole numbers"),
        "too few labels": (changed(labels=g["labels"][:-1]), [], "one row a sample"),
        "a column missing": (changed(labels=g["labels"][:, :1]), [], "one column a head"),
        "a large label": (changed(labels=g["labels"] + 1), [], "expected 0 to 2, or -1"),
        "a bare sample": (changed(labels=bare), [], "sample 5 carries no label"),
        "nan": (changed(features=nan), [], "not finite"),
        "infinite head": (changed(**{"heads.0.weight": w0 * np.inf}), [], "not finite"),
        "other d": (changed(**{"heads.0.weight": w0[:, 1:]}), [], "heads.0.weight: shape (3, 8)"),
        "bias of another head": (changed(**{"heads.0.bias": b0[1:]}), [], "heads.0.bias: shape (2,)"),
        "one bias": (changed(**{"heads.0.bias": None}), [], "heads.0.bias is missing"),
        "bias alone": (changed(**{"heads.0.weight": None}), [], "has no heads.0.weight"),
        "names": (changed(**{"heads.0.weight": None, "heads.0.bias": None, "heads.x.weight": w0, "heads.x.bias": b0}),
                  [], "which belongs to which column"),
        "other names": (changed(tasks=np.array(["0", "2"])), [], "they must be the same"),
        "name twice": (changed(tasks=np.array(["0", "0"])), [], "they must be the same"),
        "names as numbers": (changed(tasks=np.array([0, 1])), [], "expected a list of names"),
        "zero head": (changed(**{"heads.0.weight": 0 * w0}), [], "no decay can be fitted"),
        "zero features": (changed(features=0 * g["features"]), ["--weight-decay", "0.1"], "no feature decay can be"),
        "negative": (g, ["--weight-decay", "-1"], "expected a positive number"),
        "zero decay": (g, ["--feature-decay", "0"], "expected a positive number"),
        "three decays": (g, ["--weight-decay", "1,2,3"], "3 numbers for 2 tasks"),
        "word": (g, ["--feature-decay", "small"], "no number"),
        "loss": (g, ["--loss", "hinge"], "hinge"),
        "convention": (g, ["--convention", "ours"], "ours"),
        "smoothing": (g, ["--smoothing", "1"], "smoothing"),
        "workers": (g, ["--workers", "0"], "expected at least 1"),
        "scheduler": (g, ["--scheduler", "cluster"], "tcp://host:8786"),
    }  # fmt: skip


@pytest.mark.parametrize("case", refused())
def test_bad_input_exits_with_2_and_says_what(case, tmp_path):
    arrays, options, message = refused()[case]
    np.savez(tmp_path / "n.npz", **arrays)
    answer = run(tmp_path / "n.npz", *options)
    assert answer.exit_code == 2, answer.output
    assert message in answer.output
    assert "Traceback" not in answer.output


def test_damaged_files_exit_with_2(tmp_path):
    np.savez(tmp_path / "n.npz", **good())
    whole = (tmp_path / "n.npz").read_bytes()
    rng = np.random.default_rng(0)
    (tmp_path / "empty").mkdir()
    save_file({"features": np.ones((2, 2), np.float32)}, tmp_path / "s.safetensors")
    half = (tmp_path / "s.safetensors").read_bytes()[:-3]
    cases = {"none.npz": None, "text.npz": b"features", "cut.npz": whole[: len(whole) // 2], "odd.txt": whole,
             "t.safetensors": b"{}", "half.safetensors": half, "none.safetensors": None}  # fmt: skip
    for _ in range(30):
        broken = bytearray(whole)
        broken[int(rng.integers(0, 600))] ^= 255
        cases[f"flip{_}.npz"] = bytes(broken)
    for name, data in cases.items():
        if data is not None:
            (tmp_path / name).write_bytes(data)
        answer = run(tmp_path / name, "--no-measures", "--weight-decay", "0.01", "--feature-decay", "0.01")
        # a flipped bit of a number leaves a readable file: never a traceback, and 2 where it is not one
        assert answer.exit_code == 2 or name.startswith("flip"), name
        assert answer.exit_code in (0, 2), (name, answer.output)
        assert answer.exception is None or isinstance(answer.exception, SystemExit), (name, answer.exception)
    assert run(tmp_path / "empty").exit_code == 2


class Bomb:
    def __reduce__(self):
        return (print, ("unpickled",))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_nothing_is_unpickled(save, tmp_path, capfd):
    objects = np.array([[Bomb()]], dtype=object)
    for name in ("features", "labels", "heads.0.weight", "tasks"):
        save(tmp_path / "n.npz", **changed(**{name: objects}))
        answer = run(tmp_path / "n.npz")
        assert answer.exit_code == 2
        assert "unpickled; save plain numbers" in answer.output
    assert capfd.readouterr().out == ""


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    save_file({"features": np.ones((2, 2), np.float32)}, tmp_path / "s.safetensors")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    answer = run(tmp_path / "s.safetensors")
    assert answer.exit_code == 2
    assert "multitask-collapse[audit]" in answer.output
    np.savez(tmp_path / "n.npz", **good())
    monkeypatch.setitem(sys.modules, "distributed", None)
    answer = run(tmp_path / "n.npz", "--scheduler", "threads")
    assert answer.exit_code == 2
    assert "multitask-collapse[dask]" in answer.output


def test_the_network_bound_needs_no_feasible_predictions():
    # any predictions give a bound after scaling: those of an untrained network too
    features, labels, heads = network(seed=3)
    wild = {name: (5 * w, b) for name, (w, b) in heads.items()}
    result = audit_network(features, labels, wild, **DECAYS)
    dual = feasible_dual(result.problem, result.network_certificate.q, None)
    assert 0 < float(result.network_verdict.lower) <= dual.value * (1 + 1e-9)
    assert float(result.network_verdict.lower) <= float(result.verdict.upper)
