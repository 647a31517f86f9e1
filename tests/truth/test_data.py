"""The embedded sets are what they are said to be, and give the baselines that are published for them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest

from plashet import data

CHECKSUMS = {
    "victoria_demand": "78e88e4ec4acf3bcd67e7aec1c9829b79ffebd8ef079a127f53651d3b34bbcd6",
    "new_york_weather": "931be5898f77854f76f06961898c6c78c052749874283f94620cbd29ad390289",
    "brent_oil": "92f004a2f397a28ce14d2c0e5a6527a2946cb3fd96f2f6f1faebd41bc705903d",
    "santa_fe_laser": "4ca569918d4c81409d93ffaa3781310874718415974aeddb2d719d2a6529b0a1",
    "celegans": "cf4c543c0de4d017635bebb3989aa521427de4647234927621b1ab21184e513c",
    "celegans_neurons": "dc885ece8f54e9f6e96ef811b3e109d842126b58f62538aadd50597d7618416f",
    "japanese_vowels": "46a215e13d7e3f2f841caa4fa5d8f286566d8ae5ffbc46f8174fe127864b16b4",
}


@pytest.mark.parametrize("entry", data.catalogue(), ids=lambda entry: entry.name)
def test_a_file_is_the_one_whose_figures_are_quoted(entry):
    stored = files("plashet.data").joinpath("embedded", entry.file).read_bytes()
    assert hashlib.sha256(stored).hexdigest() == CHECKSUMS[entry.name]


@pytest.mark.parametrize("entry", data.catalogue(), ids=lambda entry: entry.name)
def test_the_catalogue_tells_the_columns_and_rows_that_are_there(entry):
    columns = data.arrays(entry.name)
    assert tuple(columns) == entry.columns
    rows = len(columns["lengths"]) if entry.name == "japanese_vowels" else len(columns[entry.columns[-1]])
    assert rows == entry.rows
    tuples = (data.JapaneseVowels, data.Worm)
    assert isinstance(data.load(entry.name), tuples) or len(data.load(entry.name)) == entry.rows


@pytest.mark.parametrize("entry", data.catalogue(), ids=lambda entry: entry.name)
def test_every_set_comes_with_its_licence_in_full(entry):
    text = data.licence_text(entry.name)
    assert entry.file in text.splitlines()[0]
    assert "no rights reserved" in text or "WITHOUT WARRANTY" in text.upper() or "DISCLAIMED" in text


def test_the_licences_are_those_of_the_shipped_files_and_no_others():
    folder = files("plashet.data").joinpath("embedded")
    shipped = {one.name for one in folder.iterdir()} - {"LICENSES.txt"}
    sections = folder.joinpath("LICENSES.txt").read_text().split("=" * 100 + "\n")[1:]
    named = {file for section in sections for file in section.splitlines()[0].split(", ")}
    assert named == shipped == {e.file for e in data.catalogue()}


def test_an_unknown_set_is_answered_with_the_names_that_there_are():
    with pytest.raises(KeyError, match=r"'elec'.*victoria_demand"):
        data.load("elec")


def test_reading_columns_needs_no_pandas():
    code = (
        "import sys, plashet.data as d; [d.arrays(e.name) for e in d.catalogue()]; d.japanese_vowels();"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_victoria_demand_is_hourly_without_a_gap_and_says_its_unit():
    demand = data.victoria_demand()
    assert demand.name == "demand_mw"
    assert demand.index.freq == pd.offsets.Hour()
    assert demand.index[0] == pd.Timestamp("2012-01-01")
    assert demand.index[-1] == pd.Timestamp("2012-05-29 23:00")
    assert len(demand) == 3600
    assert demand.notna().all()
    assert demand.mean() == pytest.approx(9478, abs=1)
    assert "twice the mean power" in demand.attrs["unit"]
    assert demand.attrs["time_zone"] == "UTC+10"


@pytest.mark.parametrize(
    ("period", "mean", "first", "last"), [(0, 1548, 406, 665), (24, 679, 691, 665), (168, 456, 458, 453)]
)
def test_victoria_demand_gives_the_published_errors_of_naive_forecasts(period, mean, first, last):
    y = data.victoria_demand().to_numpy()
    horizons = np.arange(1, 25)
    origins = np.arange(2400, 3576)[:, None]  # the last known row
    known = origins if period == 0 else origins + horizons - period
    errors = np.abs(y[origins + horizons] - y[known]).mean(axis=0)
    np.testing.assert_allclose([errors.mean(), errors[0], errors[-1]], [mean, first, last], atol=0.6)


def test_new_york_has_its_24_missing_hours_and_missing_values():
    weather = data.new_york_weather()
    steps = np.diff(weather.index.to_numpy()) / np.timedelta64(1, "h")
    assert weather.shape == (8706, 6)
    assert (steps >= 1).all()
    assert int((steps - 1).sum()) == 24
    missing = weather.isna().sum()
    assert missing.to_dict() == dict.fromkeys(weather.columns, 0) | {"wind_mph": 3, "pressure_mbar": 831}


@pytest.mark.parametrize(("period", "errors"), [(0, (1.224, 5.010, 5.617)), (24, (5.581, 5.589, 5.617))])
def test_new_york_gives_the_published_errors_of_naive_forecasts(period, errors):
    """Origins: every clock hour from 5,840 on. The published figures fill missing hours by straight lines."""
    hourly = data.new_york_weather()["temperature_f"].asfreq("h")
    found = _naive_errors(hourly.to_numpy(), hourly.interpolate().to_numpy(), period)
    np.testing.assert_allclose(found, errors, atol=6e-4)


def test_new_york_is_a_little_harder_for_persistence_that_does_not_look_ahead():
    """A straight line over a gap knows its far end; whoever carries the last value on, knows less."""
    hourly = data.new_york_weather()["temperature_f"].asfreq("h")
    found = _naive_errors(hourly.to_numpy(), hourly.ffill().to_numpy(), 0)
    np.testing.assert_allclose(found, (1.230, 5.024, 5.619), atol=6e-4)


def _naive_errors(actual, known, period):
    errors = []
    for horizon in (1, 6, 24):
        target = np.arange(5840 + horizon, len(actual))
        errors.append(np.nanmean(np.abs(actual[target] - known[target - (period or horizon)])))
    return errors


def test_brent_gives_the_published_error_of_the_random_walk():
    price = data.brent_oil()
    assert len(price) == 8195
    assert price.name == "price_usd"
    assert price.notna().all()
    days = np.diff(price.index.to_numpy()) / np.timedelta64(1, "D")
    assert (days.min(), days.max()) == (1, 6)
    moves = np.diff(price.to_numpy())[-2000:]
    assert np.abs(moves).mean() == pytest.approx(0.934, abs=1e-3)
    assert np.sqrt((moves**2).mean()) == pytest.approx(1.246, abs=5e-4)
    assert (moves > 0).mean() == pytest.approx(0.494, abs=1e-3)


def test_the_laser_gives_the_published_errors_of_persistence_and_of_a_line_on_five_lags():
    x = data.santa_fe_laser()
    assert x.shape == (10_093,)
    assert x.dtype == np.float64
    assert set(x) <= set(range(256))
    test = x[4000:6000]
    assert ((test - x[3999:5999]) ** 2).mean() / test.var() == pytest.approx(0.946, abs=2e-3)
    rows = np.lib.stride_tricks.sliding_window_view(x, 5)
    lagged = np.column_stack([rows, np.ones(len(rows))])  # row t holds x[t .. t+4], to tell x[t+5]
    weights = np.linalg.lstsq(lagged[:1995], x[5:2000], rcond=None)[0]
    guess = lagged[3995:5995] @ weights
    assert ((test - guess) ** 2).mean() / test.var() == pytest.approx(0.222, abs=2e-3)


def test_the_vowels_have_nine_speakers_and_the_split_of_the_archive():
    vowels = data.japanese_vowels()
    lengths = [len(one) for one in vowels.sequences]
    assert {one.shape[1] for one in vowels.sequences} == {12}
    assert vowels.sequences[0].dtype == np.float32
    assert (len(lengths), sum(lengths), min(lengths), max(lengths)) == (640, 9961, 7, 29)
    (train, speakers), (test, others) = vowels.train, vowels.test
    assert (len(train), len(test)) == (270, 370)
    assert max(map(len, train)) == 26
    assert np.bincount(speakers)[1:].tolist() == [30] * 9
    assert (np.bincount(others)[1:].min(), np.bincount(others)[1:].max()) == (24, 88)
