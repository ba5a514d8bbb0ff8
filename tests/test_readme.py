"""The README's Python runs as it stands."""

import contextlib
import io
import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


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


def test_the_readme_has_a_certificate_and_an_audit():
    assert any("certify_problem" in block for block in BLOCKS)
    assert any("audit_network" in block for block in BLOCKS)
