"""The benchmark of listening runs, at a toy size, and counts as it says."""

import sys
from pathlib import Path

import numpy as np
import pytest

from plashet.classify.listening import Event
from plashet.data import CALLS, birds, calls

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import listening
from digits_data import Digits


def made_up():
    """Calls of three birds in the place of digits of three speakers."""
    given, kinds = list(calls(birds(3, 1), 4, 8000, 1)), list(CALLS)
    names = tuple(dict.fromkeys(c.bird for c in given))
    return Digits(
        [c.samples for c in given],
        8000.0,
        np.array([kinds.index(c.label) for c in given]),
        np.array([names.index(c.bird) for c in given]),
        np.arange(len(given)) % 4,
        names,
    )


def test_it_runs_and_makes_a_table(monkeypatch):
    for name, value in (("TAUGHT", 3), ("BURSTS", 9), ("DIGITS", 6), ("ALARMS", 3)):
        monkeypatch.setattr(listening, name, value)
    results = listening.measure(made_up(), units=30, seeds=1)
    assert list(results) == list(listening.PARTIES)
    for one in results.values():
        assert len(one["F1"]) == 1
        assert 0 <= one["F1"][0] <= 100
        assert set(one["F1 by speaker"]) == {"bird1", "bird2", "bird3"}
    assert listening.table(results).count("\n") == 5


def test_a_digit_counts_once_and_what_overlaps_none_is_a_false_alarm(monkeypatch):
    def event(start, end, label, told=0.0):
        return Event(start, end, told, label, 1.0, 1.0, np.zeros(2))

    heard = [
        event(1.0, 1.5, 3, told=1.7),  # right
        event(1.5, 1.6, 3),  # the same digit again: told, and neither right nor a false alarm
        event(3.0, 3.2, 4),  # a wrong name
        event(5.0, 5.2, 7),  # nothing is spoken there
        event(6.0, 6.2, listening.BACKGROUND),  # not told
    ]
    monkeypatch.setattr(listening, "listen", lambda model, chunks: iter(heard))
    long = listening.Long(np.zeros(60 * 8000, np.float32), [(0.9, 1.55, 3), (2.9, 3.3, 5), (8.0, 8.4, 1)])
    found = listening.score(None, long, 8000.0)
    assert (found.right, found.told, found.spoken, found.alarms, found.minutes) == (1, 4, 3, 1, 1.0)
    assert found.f1 == pytest.approx(100 * 2 / 7)
    assert found.latency == [pytest.approx(0.15)]


def test_a_burst_is_as_long_and_loud_as_it_says():
    rng = np.random.default_rng(0)
    for _ in range(50):
        sound = listening.burst(8000.0, rng)
        assert 0.1 * 8000 - 1 <= len(sound) <= 0.6 * 8000
        assert -35.1 < 10 * np.log10(np.mean(sound.astype(float) ** 2)) < -17.9
