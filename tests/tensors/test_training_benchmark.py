"""The benchmark of training runs, at toy size and without its peers, so that it does not rot."""

import sys
from argparse import Namespace
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import training  # noqa: E402


def test_every_case_is_measured_and_shown(monkeypatch):
    monkeypatch.setattr(training, "BATCH", 2)
    monkeypatch.setattr(training, "TICKS", 3)
    monkeypatch.setattr(training, "in_a_child", lambda case, who, seed: 10.0)
    options = Namespace(
        units=[32], ticks=0, repetitions=1, seed=0, peers=False, command="python benchmarks/training.py"
    )
    found = training.measure(options)
    assert {r.notes["case"] for r in found} > set(training.CASES)
    assert all(r.value > 0 for r in found)
    assert training.show(found).count("\n") > len(found)
