"""Every example runs, and asserts what it claims."""

import runpy
from pathlib import Path

import pytest

ALL = sorted((Path(__file__).parents[2] / "examples").rglob("*.py"))
EXAMPLES = [p for p in ALL if "torch" not in p.stem]  # those that need it: tests/tensors


@pytest.mark.parametrize("path", EXAMPLES, ids=[p.stem for p in EXAMPLES])
def test_the_example_holds(path, capsys):
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out
