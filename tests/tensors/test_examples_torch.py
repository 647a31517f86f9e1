"""The examples that need torch run, and assert what they claim. Run by `make test-torch`."""

import runpy
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch


def test_a_mixed_model_is_trained_end_to_end(capsys):
    runpy.run_path(str(Path(__file__).parents[2] / "examples" / "mixed_torch.py"), run_name="__main__")
    assert "trained" in capsys.readouterr().out
