"""The README's code for torch runs as it stands."""

import re
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.torch
README = (Path(__file__).parents[2] / "README.md").read_text()
(BLOCK,) = [code for code in re.findall(r"```python\n(.*?)```", README, re.S) if "import torch" in code]


def test_the_code_runs():
    names = {}
    exec(BLOCK, names)
    assert names["output"].shape == (8, 50, 4)
    assert all(p.grad is not None for p in names["rnn"].parameters())
    u = np.random.default_rng(0).normal(size=(5, 17)).astype(np.float32)
    theirs, _ = names["rnn"](names["torch"].from_numpy(u)[None], timespans=0.5)
    cell = names["cell"]
    _, ours = cell.run(cell.init(u[0]), u, np.full(5, 0.5, np.float32))
    np.testing.assert_allclose(ours, theirs[0].detach().numpy(), rtol=1e-5, atol=1e-6)
