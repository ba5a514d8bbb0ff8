"""The wheel: it builds from the tracked files, carries its data, and certifies without the source tree."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from theory.version import VERSION

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS = ("theory", "relaxations", "empirical", "reports")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy, so that nothing left over from an earlier build gets in."""
    source = tmp_path_factory.mktemp("source")
    wanted = [p for f in FOLDERS for p in (ROOT / f).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    for path in [*wanted, ROOT / "pyproject.toml", ROOT / "README.md", ROOT / "LICENSE"]:
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is absent from the `packages` configuration" not in done.stdout + done.stderr
    (found,) = out.glob("*.whl")
    return found


@pytest.mark.slow
def test_the_wheel_has_every_module_its_data_and_the_entry_point(wheel):
    assert f"-{VERSION}-py3-none-any" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry = next(n for n in names if n.endswith("entry_points.txt"))
        assert "collapse = reports.commands:main" in archive.read(entry).decode()
    for folder in FOLDERS:
        assert f"{folder}/py.typed" in names
        for path in (ROOT / folder).rglob("*.py"):
            assert str(path.relative_to(ROOT)) in names
    for path in [*(ROOT / "reports/templates").iterdir(), *(ROOT / "reports").glob("*.bib")]:
        if path.is_file():
            assert str(path.relative_to(ROOT)) in names
    assert not [n for n in names if n.startswith(("tests/", "benchmarks/", "build/"))]


@pytest.mark.slow
def test_the_wheel_certifies_without_the_source_tree_or_torch(wheel, tmp_path):
    place = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1))\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, *_):\n"
        "        assert name != 'torch'\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "import relaxations; assert relaxations.__file__.startswith(sys.path[0]), relaxations.__file__\n"
        "from reports.commands import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(place), "certify", "--tasks", "2", "--json", "-"],
        cwd=tmp_path, capture_output=True, text=True, env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "certified"


def test_the_version_stands_in_one_place():
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert f"version: {VERSION}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {VERSION}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_base_installation_is_small():
    base = " ".join(PROJECT["project"]["dependencies"])
    for heavy in ("torch", "dask", "matplotlib", "monai", "scikit-learn"):
        assert heavy not in base
