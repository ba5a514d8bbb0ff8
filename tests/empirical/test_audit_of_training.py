"""The audit of what a training run leaves behind finds what its record says."""

import numpy as np
import pytest
from typer.testing import CliRunner

from empirical.train import KIND, app
from relaxations.audit import audit
from relaxations.last_layer import read_last_layer
from relaxations.records import read_record
from relaxations.workers import Threads
from theory import UFM


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["small", "small-msmtc"])
def test_the_audit_of_a_run_is_its_record(preset, tmp_path):
    answer = CliRunner().invoke(app, ["--preset", preset, "--device", "cpu", "--epochs", "1", "--out", str(tmp_path)])
    assert answer.exit_code in (0, 1), answer.output
    result = read_record(tmp_path / "record.json", KIND)["result"]
    final, problem = result["final"], UFM.from_dict(result["problem"]["statement"])
    layer = read_last_layer(tmp_path / "last_layer.npz")
    got = audit(
        layer,
        Threads(2),
        problem.weight_decay,
        problem.feature_decay,
        problem.task_weights,
        0 if problem.bias is None else problem.bias,
        problem.loss,
        problem.convention,
        chunk=170,
    )
    assert got.problem.to_dict() == {**problem.to_dict(), "scenario": "audit"}
    assert float(got.verdict.lower) == pytest.approx(float(result["certificate"]["lower"]), rel=1e-8)
    assert got.value == pytest.approx(final["objective"], rel=1e-11)
    assert got.relative_gap == pytest.approx(final["relative_gap"], rel=1e-6)
    # the optimal predictions are known to the solver's accuracy, so single terms agree to its root
    terms = got.to_dict()["anatomy"]
    for name, value in final["anatomy"].items():
        assert terms[name] == pytest.approx(value, rel=1e-5, abs=1e-7), name
    assert got.measures.within_cell == pytest.approx(final["within_cell"], rel=1e-8)
    for name in ("cross_task", "sum_rule", "sum_rule_plain", "balance"):
        assert getattr(got.measures, name) == pytest.approx(final[name], rel=1e-9), name
    for name in ("etf", "nearest_centre", "accuracy", "row_norms"):
        assert np.allclose(getattr(got.measures, name), final[name], rtol=1e-9, atol=1e-12), name
