"""``collapse``: lists without importing, runs what is called, says what is missing, completes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reports.commands import COMMANDS, EXTRAS, load
from theory.version import VERSION

ROOT = Path(__file__).parents[2]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def collapse(*arguments, code="from reports.commands import main; main()", **environment):
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "100", **environment},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_help_lists_every_command_and_imports_none():
    code = (
        "import sys\nfrom reports.commands import main\n"
        "try:\n    main()\nfinally:\n    print(sorted(m for m in ('torch', 'cvxpy', 'sympy') if m in sys.modules))"
    )
    done = collapse("--help", code=code)
    assert done.returncode == 0, done.stderr
    for name, entry in COMMANDS.items():
        assert name in done.stdout
        assert entry.help[:30] in done.stdout
    assert done.stdout.rstrip().endswith("[]")


def test_the_version_is_the_one_in_one_place():
    assert collapse("--version").stdout.strip() == f"multitask-collapse {VERSION}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_under_its_name(name, capsys):
    with pytest.raises(SystemExit) as stop:
        load(name).main(["--help"], prog_name=f"collapse {name}")
    printed = capsys.readouterr().out
    assert stop.value.code in (0, None)
    assert "usage" in printed.lower()
    assert f"collapse {name}" in printed
    assert re.search(r"[Ee]xamples?:", printed), "a command shows an example of itself"


def test_a_misspelt_command_is_a_usage_error_that_names_the_nearest():
    done = collapse("certfy")
    assert done.returncode == 2
    assert "certify" in done.stderr


def test_exit_codes_and_outputs_pass_through(tmp_path):
    assert collapse("certify", "--tasks", "0").returncode == 2
    assert collapse("check", str(tmp_path / "none.json")).returncode != 0
    done = collapse("prove", "--claim", "no such claim")
    assert done.returncode == 2
    assert "collapse prove" in done.stderr


@pytest.mark.parametrize(("command", "package"), [("train", "torch"), ("report", "jinja2")])
def test_a_missing_extra_is_named(command, package):
    code = f"import sys; sys.modules[{package!r}] = None\nfrom reports.commands import main; main()"
    done = collapse(command, "--help", code=code)
    assert done.returncode == 2, done.stdout
    assert f"pip install 'multitask-collapse[{EXTRAS[package]}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_extra_named_is_one_that_the_project_has():
    for extra in set(EXTRAS.values()):
        assert f"\n{extra} = [" in PYPROJECT, extra


def test_the_shell_completes_commands_and_options():
    def complete(words, position):
        done = collapse(
            _COLLAPSE_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(position),
            code="import sys; sys.argv = ['collapse']\nfrom reports.commands import main; main()",
        )  # fmt: skip
        return done.stdout.split()

    assert "certify" in complete("collapse cert", 1)
    assert "--correlation" in complete("collapse certify --corr", 2)
