"""The README's code runs as it stands."""

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
# Those that need torch are run by tests/tensors/test_readme_torch.py.
BLOCKS = [code for code in re.findall(r"```python\n(.*?)```", README, re.S) if "import torch" not in code]


@pytest.mark.parametrize("code", BLOCKS, ids=range(len(BLOCKS)))
def test_the_code_runs(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code, names)
    if "model" in names:
        assert len(names["model"].forecast()) == 24
    elif "spikes" in names:
        assert len(names["spikes"]) > 20
        assert names["states"].shape == (500, 135)
    elif "policy" in names:
        score = names["score"]
        held = abs(names["u"] - names["y"])[3000:].mean()
        assert np.abs(score.guesses - score.targets)[100:].mean() < 0.4 * held  # than saying the last value again
    else:
        assert abs(names["guess"] - names["tick"].y) < 1e-2
        assert names["pl"].Live.load("pump.plashet").ticks == 500


def test_the_links_lead_somewhere():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in link:
            assert (ROOT / link).exists(), link
