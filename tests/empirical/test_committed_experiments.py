"""The committed records of the experiments: whole, judged as they say, and of the problems that the plans state."""

import dataclasses
from pathlib import Path

import pytest

from empirical.decays import split_decays
from empirical.experiments.catalogue import PLANS
from empirical.experiments.plan import Row
from empirical.experiments.runner import KIND
from empirical.presets import Preset
from relaxations.records import read_record
from theory import UFM

RECORDS = Path(__file__).parents[2] / "reports" / "records"

DEFAULTS = {field.name: field.default for field in dataclasses.fields(Preset)}


def committed(name):
    return RECORDS / f"experiment-{name}.json"


#: A plan that needs a GPU has a record once one was had.
RECORDED = [name for name, plan in PLANS.items() if not plan.accelerator or committed(name).exists()]


@pytest.mark.parametrize("name", RECORDED)
def test_a_committed_record_is_of_its_plan(name):
    path = committed(name)
    assert path.stat().st_size < 200_000
    result = read_record(path, KIND)["result"]
    plan = PLANS[name]
    assert (result["name"], result["question"], result["theory"]) == (name, plan.question, plan.theory)
    assert len(result["seeds"]) >= 3
    assert [v["name"] for v in result["variants"]] == [p.name for p in plan.variants]
    for variant, preset in zip(result["variants"], plan.variants, strict=True):
        # in too few dimensions the bounds do not meet, and the certificate is an interval
        short = preset.dimension < sum(k - 1 for k in variant["problem"]["classes"])
        assert variant["certificate"]["status"] in ("certified", "inconclusive" if short else "certified")
        config = preset.to_dict()
        del config["seed"]
        # a setting that is newer than the record has the default that was then the rule
        later = {key: value for key, value in config.items() if key not in variant["config"]}
        assert later == {key: DEFAULTS[key] for key in later}
        message = "the plan has changed: run the experiment again and commit its record"
        assert {**variant["config"], **later} == config, message
    # the problem, for those whose labels need no image
    for variant, preset in zip(result["variants"], plan.variants, strict=True):
        if preset.backbone == "free":
            design, _ = preset.images().design()
            decays = split_decays(design, preset.fraction, preset.row_norm, preset.task_weights, preset.deaths)
            problem = UFM(
                design,
                decays.lambda_w,
                decays.lambda_h,
                task_weights=preset.task_weights,
                bias=preset.bias,
                loss=preset.loss,
                dimension=preset.dimension,
            )
            assert variant["problem"]["id"] == problem.identity


@pytest.mark.parametrize("name", RECORDED)
def test_a_committed_verdict_follows_from_its_values(name):
    result = read_record(committed(name), KIND)["result"]
    fields = [field.name for field in dataclasses.fields(Row)]
    for row in result["table"]:
        assert len(row["values"]) == len(result["seeds"])
        again = Row(**{key: tuple(row[key]) if key == "values" else row[key] for key in fields}).to_dict()
        assert again == row
    failed = [row for row in result["table"] if not row["passed"]]
    assert result["failed"] == len(failed)
    assert result["passed"] == (not failed)
