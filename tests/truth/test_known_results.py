"""The known results hold: the protocols of benchmarks/known_results.py as medians over five seeds."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "known_results.py"


@pytest.fixture(scope="module")
def known():
    spec = importlib.util.spec_from_file_location("known_results", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and tuples look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def _medians(trial):
    scores = [trial(seed) for seed in range(5)]
    return {name: float(np.median([score[name] for score in scores])) for name in scores[0]}


@pytest.mark.slow
def test_mackey_glass_is_foretold_84_steps_ahead_to_four_digits(known):
    plain = _medians(known.mackey_glass)
    assert plain["plashet"] <= 5e-4
    assert plain["linear, 30 lags"] > 0.5
    assert known.mackey_glass(0, squares=True)["plashet"] <= 2e-4


@pytest.mark.slow
def test_lorenz_is_foretold_for_ten_lyapunov_times(known):
    found = _medians(lambda seed: known.lorenz(seed, segments=10))
    assert found["plashet"] >= 10
    assert found["linear, 10 lags"] < 1


@pytest.mark.slow
def test_narma10_is_learnt_far_better_than_by_any_line(known):
    found = _medians(known.narma)
    assert found["plashet"] <= 0.17
    assert found["mean"] == pytest.approx(1.0, abs=0.01)
    assert found["linear, 50 lags"] > 2 * found["plashet"]


@pytest.mark.slow
def test_a_ring_of_100_remembers_95_ticks(known):
    assert _medians(known.memory)["plashet"] >= 95


@pytest.mark.slow
def test_japanese_vowels_are_told_apart(known):
    found = _medians(known.vowels)
    assert found["plashet"] >= 98
    assert found["plashet"] >= found["linear, five segments"]
