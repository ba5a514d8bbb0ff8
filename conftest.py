"""Test configuration: Hypothesis profiles, and the number of examples that were really run, printed."""

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

EXAMPLES = pytest.StashKey[dict[str, int]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[EXAMPLES] = {}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    yield
    statistics = getattr(item, "hypothesis_statistics", "")
    passing = sum(int(n) for n in re.findall(r"(\d+) passing", statistics))
    if passing:
        item.config.stash[EXAMPLES][item.nodeid] = passing


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    examples = config.stash[EXAMPLES]
    if examples:
        terminalreporter.write_line(f"Hypothesis: {sum(examples.values())} examples passed in {len(examples)} tests")
