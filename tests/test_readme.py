"""The README's Python and commands run as they stand, and print what it says."""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)
CONSOLE = "".join(re.findall(r"^```console\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE))
MAKE = sorted(set(re.findall(r"`?\bmake ((?:report|test|bench|clean|setup|lint|mutation)\b[^`\n#]*)", TEXT)))
#: Digits below rounding differ from machine to machine.
NUMBER = re.compile(r"\d+(\.\d+)?(e-?\d+)?")


def run(block):
    """What a block prints, and the names that it leaves."""
    names, output = {}, io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(block, str(README), "exec"), names)
    return output.getvalue(), names


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_python_blocks_run_and_print(number):
    printed, names = run(BLOCKS[number])
    assert printed.strip()
    if "audit_network" in names:
        result = names["result"]
        assert result.fitted == ("feature_decay",)
        assert 0 <= result.relative_gap < 0.1
        assert result.names == ("shape", "colour")
        assert min(result.measures.accuracy) == 1.0
    if "CLAIM" in names:
        assert names["CLAIM"].status == "proved"


def test_the_readme_has_a_certificate_an_audit_and_a_claim():
    for name in ("certify_problem", "audit_network", "Claim("):
        assert any(name in block for block in BLOCKS), name


def test_pictures_and_paths_exist():
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", TEXT)
    assert pictures
    named = re.findall(r"`((?:theory|relaxations|empirical|reports|tests|benchmarks)/[\w./]*)`", TEXT)
    assert [p for p in (*pictures, *named) if not (ROOT / p).exists()] == []


def commands():
    """Every ``$`` line with the lines below it."""
    lines = CONSOLE.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
    return [(lines[a][2:], lines[a + 1 : b]) for a, b in pairwise([*starts, len(lines)])]


def masked(line):
    """A line with its numbers blotted out and its spaces folded."""
    return " ".join(NUMBER.sub("#", line).split())


@pytest.mark.slow
def test_console_blocks_run_in_order_and_print_what_they_say(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "NO_COLOR": "1", "COLUMNS": "120"}
    assert len(commands()) >= 8
    for command, expected in commands():
        program, *arguments = shlex.split(command)
        assert program == "collapse", command
        done = subprocess.run(
            [sys.executable, "-m", "reports.commands", *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
        printed = [masked(line) for line in done.stdout.splitlines()]
        for line in expected:
            assert masked(line) in printed, f"{command}: {line!r} is not printed any more:\n{done.stdout}"


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
@pytest.mark.parametrize("target", MAKE)
def test_make_targets_exist(target):
    done = subprocess.run(["make", "--dry-run", *target.split()], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
