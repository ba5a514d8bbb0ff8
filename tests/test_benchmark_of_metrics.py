"""The benchmark of the measures: what it times gives one number, whichever way it is computed."""

import json

import pytest
import torch

from benchmarks import metrics


@pytest.fixture(autouse=True)
def restored():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_ours_and_the_loop_are_timed_on_the_same_features(monkeypatch, capsys):
    arguments = [
        "--samples",
        "240",
        "--dimension",
        "8",
        "--classes",
        "3,4",
        "--batch",
        "50",
        "--device",
        "cpu",
        "--json",
    ]
    monkeypatch.setattr("sys.argv", ["benchmarks.metrics", *arguments])
    metrics.main()
    found = json.loads(capsys.readouterr().out)
    (row,) = found["rows"]
    assert (row["samples"], row["cells"], row["dimension"]) == (240, 12, 8)
    assert set(row["seconds"]) == {"ours", "loop", "product", "reading"}
    assert all(value > 0 for value in row["seconds"].values())
    assert row["loop_over_ours"] == pytest.approx(row["seconds"]["loop"] / row["seconds"]["ours"])
    # a loop that computes something else is found out
    monkeypatch.setattr(metrics, "plain_loop", lambda *rest: 1.0)
    with pytest.raises(RuntimeError, match="do not agree"):
        metrics.main()


def test_bad_usage_is_said(monkeypatch, capsys):
    for arguments, message in ((["--samples", "0"], "at least 1"), (["--device", "tpu"], "auto, cpu, cuda")):
        monkeypatch.setattr("sys.argv", ["benchmarks.metrics", *arguments])
        with pytest.raises(SystemExit) as stopped:
            metrics.main()
        assert stopped.value.code == 2
        assert message in capsys.readouterr().err
