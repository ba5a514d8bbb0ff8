"""Test configuration: Hypothesis profiles; what was really run is printed: examples, and figures that tests record.

A test gives a line of the summary by ``record_property("figure", "...")``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from typing import Any

import hypothesis
import pytest

# HYPOTHESIS_PROFILE=thorough for a long hunt; the normal profile is the same on every run, so that a
# change is judged by its own merits
hypothesis.settings.register_profile("normal", deadline=None, derandomize=True, max_examples=40)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "normal"))

#: Where a test's report carries the number of examples that passed (reports travel between processes).
EXAMPLES = "hypothesis examples"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    report = (yield).get_result()
    statistics = getattr(item, "hypothesis_statistics", "")
    passing = sum(int(n) for n in re.findall(r"(\d+) passing", statistics))
    if passing and call.when == "call":
        report.user_properties.append((EXAMPLES, passing))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [r for group in terminalreporter.stats.values() for r in group if getattr(r, "when", "") == "call"]
    examples = [n for r in reports for key, n in r.user_properties if key == EXAMPLES]
    if examples:
        terminalreporter.write_line(f"Hypothesis: {sum(examples)} examples passed in {len(examples)} tests")
    for line in [line for r in reports for key, line in r.user_properties if key == "figure"]:
        terminalreporter.write_line(str(line))
