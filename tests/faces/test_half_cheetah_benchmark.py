"""The pieces of the half-cheetah benchmark: its protocol's counts and baselines, thinned windows, streams of parity."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import half_cheetah_data as data

FOLDER = Path(os.environ.get("PLASHET_BENCH_DATA") or "absent")


@pytest.fixture(scope="module")
def parts():
    if not (FOLDER / "half_cheetah.npz").exists():
        pytest.skip("needs half_cheetah.npz in the folder that PLASHET_BENCH_DATA names")
    return data.parts(data.load())


def made_up(recordings=2, ticks=113, columns=3):
    return np.arange(recordings * ticks * columns, dtype=np.float32).reshape(recordings, ticks, columns)


def test_the_protocol_has_970_windows_to_train_485_to_choose_and_970_to_test(parts):
    assert [part.shape for part in parts] == [(33, 970, 17), (33, 485, 17), (33, 970, 17)]


def test_persistence_has_the_error_that_is_known(parts):
    assert data.persistence(parts[2]) == pytest.approx(62.87, rel=0.01)


def test_eight_lags_have_the_error_that_is_known(parts):
    assert data.autoregression(8, parts[0], parts[2]) == pytest.approx(3.149, rel=0.01)


def test_windows_begin_every_ten_ticks_and_end_within_their_recording():
    traces = made_up()
    found = data.windows(traces)
    starts = range(0, 113 - 32 - 1, 10)
    slow = [trace[s : s + 33] for trace in traces for s in starts]
    np.testing.assert_array_equal(found, np.stack(slow, axis=1))


def test_windows_whole_are_asked_for_the_next_tick():
    found = data.windows(made_up())
    now, then, dt = data.whole(found)
    np.testing.assert_array_equal(now[1:], then[:-1])
    assert (dt == 1).all()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5])
def test_thinned_windows_tell_true_times_and_ask_for_the_very_next_tick(share):
    found = data.windows(made_up())
    now, then, dt = data.thinned(found, share, seed=1)
    assert len(now) == round(32 * (1 - share))
    at = np.cumsum(dt, axis=0).astype(int) - 1
    assert (dt >= 1).all()
    assert (at[0] == 0).all()
    assert at.max() <= 31
    rows = np.arange(found.shape[1])
    np.testing.assert_array_equal(now, found[at, rows])
    np.testing.assert_array_equal(then, found[at + 1, rows])


def test_nothing_thinned_is_whole():
    found = data.windows(made_up())
    for thin, full in zip(data.thinned(found, 0.0, seed=0), data.whole(found), strict=True):
        np.testing.assert_array_equal(thin, full)


def test_every_window_is_thinned_in_its_own_way():
    _, _, dt = data.thinned(data.windows(made_up()), 0.5, seed=0)
    assert len(np.unique(dt.T, axis=0)) > 10


def test_a_linear_process_is_told_by_as_many_lags_as_it_has():
    rng = np.random.default_rng(0)
    series = np.zeros((4, 300, 1))
    series[:, :2] = rng.normal(size=(4, 2, 1))
    for t in range(2, 300):
        series[:, t] = 1.8 * series[:, t - 1] - 0.99 * series[:, t - 2]
    train, test = data.windows(series[:2]), data.windows(series[2:])
    assert data.error(test[1:], test) == 0
    one, two = (data.autoregression(order, train, test) for order in (1, 2))
    assert two < 0.3 * one  # what is left is the first tick, which has no second lag


def test_without_the_data_the_benchmark_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.setenv("PLASHET_BENCH_DATA", str(tmp_path))
    with pytest.raises(SystemExit, match="set PLASHET_BENCH_DATA"):
        data.load()
