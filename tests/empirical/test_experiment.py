"""The mechanics of a run, on a hundred images and a few epochs: repeatable, resumable, with a whole record."""

import dataclasses
import io
import json

import numpy as np
import pytest
import torch

from empirical.experiment import Experiment, measured_epochs
from empirical.machine import available_cores, choose_device, make_deterministic
from empirical.presets import FILE_SOURCES, PRESETS, SMALL, preset_named
from empirical.training import Optimisation
from theory import UFM, LabelDesign
from theory.labels import MISSING

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def deterministic():
    before = torch.get_num_threads()
    make_deterministic(1)
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(before)


def tiny(**changes):
    optimisation = Optimisation(**{"epochs": 7, "batch": 30, "step": 2e-3, "head_step": 5e-3, **changes})
    return dataclasses.replace(
        SMALL,
        source_options={"tasks": 2, "repetitions": 1, "side": 30},
        backbone_options={"width": 12, "depth": 1},
        dimension=6,
        optimisation=optimisation,
    )


def finished(preset, **options):
    experiment = Experiment(preset, CPU)
    experiment.run(**options)
    return experiment


def text(experiment):
    return json.dumps(experiment.result(), sort_keys=True, allow_nan=False)


def test_one_seed_one_result_bit_for_bit():
    one, again = finished(tiny()), finished(tiny())
    assert text(one) == text(again)
    assert one.last_layer() == again.last_layer()
    other = finished(dataclasses.replace(tiny(), seed=1))
    assert other.history[-1]["objective"] != one.history[-1]["objective"]


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(tmp_path, optimiser):
    preset, checkpoint = tiny(optimiser=optimiser), tmp_path / "checkpoint.pt"
    whole = finished(preset)
    broken = Experiment(preset, CPU)

    def stop(epoch, latest):
        if epoch == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken.run(stop, checkpoint, every=3)
    resumed = Experiment(preset, CPU)
    resumed.resume(checkpoint)
    assert resumed.trainer.epoch == 3
    resumed.run()
    assert text(resumed) == text(whole)
    assert resumed.last_layer() == whole.last_layer()
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]  # and no half of another


def test_checkpoints_of_something_else_are_refused(tmp_path):
    path = tmp_path / "checkpoint.pt"
    experiment = Experiment(tiny(), CPU)
    experiment.save(path)
    with pytest.raises(ValueError, match="another configuration"):
        Experiment(tiny(step=1e-3), CPU).resume(path)
    for content in (b"", b"no checkpoint", path.read_bytes()[:-100]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="not a checkpoint"):
            experiment.resume(path)


def test_the_result_is_the_run():
    seen = []
    experiment = Experiment(tiny(), CPU)
    experiment.run(lambda epoch, latest: seen.append((epoch, latest["epoch"])))
    result = json.loads(text(experiment))
    assert seen == [(e, e) for e in range(1, 8)]
    assert [entry["epoch"] for entry in result["history"]] == list(range(8))
    # training has an effect, from the untrained network on
    assert result["history"][-1]["objective"] < result["history"][0]["objective"]
    problem = UFM.from_dict(result["problem"]["statement"])
    assert problem.identity == result["problem"]["id"]
    expected = LabelDesign.factorial((10, 10), 1)
    assert (problem.design.labels == expected.labels).all()
    assert (problem.design.counts == expected.counts).all()
    # at the stated fraction of the smallest threshold 1/(N K), which the default must not exceed
    assert float(problem.lambda_w[0] * problem.lambda_h) == pytest.approx(0.03 / (100 * 10), rel=1e-12)
    assert problem.dimension == 6
    assert result["passed"] is False
    assert {gate["measure"] for gate in result["gates"]} == {"relative_gap", "etf", "cross_task", "accuracy"}
    # nine directions a task do not fit into six dimensions: the bound still holds
    assert result["certificate"]["rank"] == 18
    assert float(result["certificate"]["lower"]) < result["final"]["objective"]


def test_the_last_layer_has_the_objective_of_the_record():
    experiment = finished(tiny())
    with np.load(io.BytesIO(experiment.last_layer()), allow_pickle=False) as arrays:
        assert set(arrays) == {"features", "labels", "heads.0.weight", "heads.1.weight"}
        W = np.concatenate([arrays["heads.0.weight"], arrays["heads.1.weight"]])
        H, labels = arrays["features"].T, arrays["labels"]
    cell_of = LabelDesign.from_labels(labels, (10, 10))[1]
    f = experiment.problem.objective(W, H, cell_of=cell_of)
    assert f == pytest.approx(experiment.history[-1]["objective"], rel=1e-12)
    assert np.array(experiment.result()["final"]["gram"]) == pytest.approx(W @ W.T, abs=1e-14)


@pytest.mark.parametrize(("bias", "loss"), [("0", "ce"), ("0.01", "ce"), (None, "mse")])
def test_bias_and_loss_are_the_presets(bias, loss):
    experiment = finished(dataclasses.replace(tiny(epochs=1), bias=bias, loss=loss))
    assert experiment.problem.loss == loss
    assert experiment.problem.has_bias == (bias is not None)
    with np.load(io.BytesIO(experiment.last_layer()), allow_pickle=False) as arrays:
        assert ("heads.0.bias" in arrays) == (bias is not None)
    gap = experiment.history[-1]["objective"] - experiment.optimum.lower
    assert experiment.history[-1]["anatomy"]["total"] == pytest.approx(gap, rel=1e-6)


def test_divergence_is_said():
    with pytest.raises(FloatingPointError, match="step sizes"):
        finished(tiny(step=1e30, optimiser="sgd"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimiser": "adamw"}, "adam, sgd"),
        ({"batch": 0}, "batch"),
        ({"step": -1}, "step"),
        ({"warm_up": 1}, "warm_up"),
    ],
)
def test_bad_optimisation_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        tiny(**changes)


def test_history_begins_finely_and_ends_at_the_end():
    assert measured_epochs(1) == {1}
    assert measured_epochs(7) == set(range(1, 8))
    points = measured_epochs(161)
    assert {1, 2, 3, 4, 5, 161} <= points
    assert len(points) < 50
    assert max(points) == 161


def test_presets_are_within_the_stated_regime():
    for preset in PRESETS.values():
        assert float(preset.fraction) <= 0.03
        options = preset.source_options
        if preset.source in FILE_SOURCES:
            # tasks of a factorial design, or of CIFAR-100's classes
            split = options.get("way") == "split"
            classes = [100 // options["sizes"][0]] if split else options.get("sizes") or options["design"]["factorial"]
            assert preset.dimension >= sum(k - 1 for k in classes)
            continue
        fewer = {"repetitions": 1} if "repetitions" in options else {}
        data = dataclasses.replace(preset, source_options={**options, **fewer}).images()
        needed = sum(k - 1 for k in data.classes) if (data.labels != MISSING).all() else max(data.classes) - 1
        assert preset.dimension >= needed
    with pytest.raises(ValueError, match="small-msmtc"):
        preset_named("large")


def test_devices():
    assert choose_device("cpu") == CPU
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(ValueError, match="auto, cpu, cuda"):
        choose_device("gpu")
    assert available_cores() >= 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_runs_the_same_experiment():
    on_gpu = Experiment(tiny(), torch.device("cuda"))
    on_gpu.run()
    assert on_gpu.history[-1]["objective"] == pytest.approx(finished(tiny()).history[-1]["objective"], rel=1e-3)
