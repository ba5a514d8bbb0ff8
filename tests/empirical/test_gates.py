"""Gates judge the worst task, and what has no value fails."""

import pytest

from empirical.gates import Gate


@pytest.mark.parametrize(
    ("gate", "found", "value", "passed"),
    [
        (Gate("m", at_most=0.1), 0.1, 0.1, True),
        (Gate("m", at_most=0.1), 0.1001, 0.1001, False),
        (Gate("m", at_most=0.1), [0.01, 0.2], 0.2, False),
        (Gate("m", at_least=1.0), [1.0, 1.0], 1.0, True),
        (Gate("m", at_least=1.0), [1.0, 0.99], 0.99, False),
        (Gate("m", at_most=0.1), None, None, False),
        (Gate("m", at_most=0.1), [0.0, None], None, False),
        (Gate("m", at_most=0.1), float("nan"), None, False),
        (Gate("m", at_least=0.0), [], None, False),
    ],
)
def test_outcomes(gate, found, value, passed):
    judged = gate.judge({"m": found, "other": 0})
    assert judged["value"] == value
    assert judged["passed"] is passed


def test_a_gate_on_nothing_is_refused():
    with pytest.raises(KeyError):
        Gate("absent", at_most=1).judge({"m": 0})
    with pytest.raises(ValueError, match="exactly one"):
        Gate("m")
    with pytest.raises(ValueError, match="exactly one"):
        Gate("m", at_most=1, at_least=0)
