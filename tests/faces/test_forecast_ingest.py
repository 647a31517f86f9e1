"""What may come in, what is mended and said, and what goes out."""

import numpy as np
import pandas as pd
import polars
import pytest
from test_forecast import made_up, small

import plashet as pl
from plashet.forecast.clock import Grid, grid_of
from plashet.forecast.ingest import rows_of, table_of
from plashet.report import figures


def table(data):
    return table_of(rows_of(data))


def test_pandas_polars_and_numpy_hold_the_same_numbers():
    series = made_up(400)
    frame = polars.DataFrame({"time": series.index.to_numpy(), "load": series.to_numpy()})
    forecasts = [small(calendar=False).fit(data).forecast() for data in (series, frame)]
    assert isinstance(forecasts[1], polars.DataFrame)
    assert forecasts[1].columns == list(forecasts[0])
    np.testing.assert_array_equal(forecasts[0]["mean"], forecasts[1]["mean"].to_numpy())
    np.testing.assert_array_equal(forecasts[0]["time"].to_numpy(), forecasts[1]["time"].to_numpy())
    plain = small().fit(series.to_numpy()).forecast()
    assert list(plain["time"]) == list(range(400, 406))
    np.testing.assert_array_equal(table(list(series)).values, table(series).values)


def test_a_time_zone_comes_back():
    series = made_up(300).tz_localize("Australia/Melbourne", ambiguous="NaT", nonexistent="NaT")
    frame = small().fit(series).forecast()
    assert str(frame["time"].dt.tz) == "Australia/Melbourne"
    assert frame["time"][0] == series.index[-1] + pd.Timedelta(hours=1)


def test_gaps_stay_missing():
    series = made_up(100)
    held = table(series.drop(series.index[10:15]))
    assert held.values.shape == (100, 1)
    assert np.isnan(held.values[10:15]).all()
    assert held.notices == ()


def test_unsorted_and_repeated_stamps_are_mended_and_the_first_row_is_named():
    series = made_up(300)
    order = np.arange(300)
    order[[20, 21]] = 21, 20
    mixed = series.iloc[order]
    with pytest.warns(UserWarning, match=r"time goes back at row 21 \(2026-01-05T20:00:00\)"):
        live = small().fit(mixed)
    pd.testing.assert_frame_equal(live.forecast(), small().fit(series).forecast())
    again = pd.concat([series[:50], series[49:50] + 5, series[50:]])
    with pytest.warns(UserWarning, match=r"row 50 .* repeats a time \(1 repeats\): the last row counts"):
        live = small().fit(again)
    assert any("repeats" in said for said in live.warnings)


def test_irregular_stamps_are_resampled_with_a_notice():
    series = made_up(300)
    shaken = series.copy()
    shaken.index = series.index + pd.to_timedelta(np.random.default_rng(0).integers(0, 600, 300), unit="s")
    with pytest.warns(UserWarning, match="not on a grid"):
        live = small().fit(shaken)
    assert np.isfinite(live.forecast()["mean"]).all()


def test_rows_that_are_not_later_are_left_out_and_said():
    series = made_up(300)
    live, clean = small().fit(series[:250]), small().fit(series[:250]).update(series[250:260])
    with pytest.warns(UserWarning, match="5 rows were left out, the first at row 0"):
        live.update(series[245:260])
    pd.testing.assert_frame_equal(live.forecast(), clean.forecast())


@pytest.mark.parametrize(
    ("index", "rule", "step"),
    [
        (pd.date_range("2024-01-01", periods=60, freq="15min"), "fixed", 900 * 10**9),
        (pd.bdate_range("2024-01-01", periods=60), "business", 1),
        (pd.date_range("2015-01-31", periods=60, freq="ME"), "months", 1),
        (pd.date_range("2015-01-01", periods=60, freq="QS"), "months", 3),
        (pd.date_range("2015-01-05", periods=60, freq="W-MON"), "fixed", 7 * 86_400 * 10**9),
    ],
)
def test_the_grid_of_stamps_is_found_and_goes_on_as_pandas_would(index, rule, step):
    grid = grid_of(index.to_numpy())
    assert (grid.rule, grid.step) == (rule, step)
    np.testing.assert_array_equal(grid.place(index.to_numpy()), np.arange(60))
    coming = pd.date_range(index[0], periods=70, freq=index.freq).to_numpy()
    np.testing.assert_array_equal(grid.stamps(np.arange(70)), coming.astype("datetime64[ns]"))


def test_seasons_are_whole_numbers_of_steps():
    hour = 3600 * 10**9
    assert Grid("fixed", 0, hour).seasons() == (("daily", 24), ("weekly", 168))
    assert Grid("fixed", 0, 24 * hour).seasons() == (("weekly", 7), ("yearly", 365))
    assert Grid("business").seasons() == (("weekly", 5), ("yearly", 261))
    assert Grid("months").seasons() == (("yearly", 12),)
    assert Grid("months", 0, 3).seasons() == (("yearly", 4),)
    assert Grid().seasons() == ()


def test_without_a_clock_the_season_is_found_in_the_values_and_not_in_a_walk():
    rng = np.random.default_rng(0)
    wave = np.sin(2 * np.pi * np.arange(500) / 17) + 0.3 * rng.normal(size=500)
    assert "seasonal (17 steps)" in small().fit(wave).chosen["seasons"]
    for seed in range(5):
        walk = np.cumsum(np.random.default_rng(seed).normal(size=600))
        assert small(units=1).fit(walk).chosen["seasons"] == "none seen"


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (pd.DataFrame({"a": ["x", "y"]}), TypeError, "column 'a' of y holds"),
        (pd.Series([1.0, 2.0], index=["p", "q"]), TypeError, "wanted times"),
        (polars.DataFrame({"a": ["x", "y"]}), TypeError, "column 'a' of y holds String"),
        (np.zeros((2, 2, 2)), ValueError, r"wanted \(time,\) or \(time, columns\)"),
        (np.zeros((0,)), ValueError, "no values"),
        (np.array([1.0, np.inf]), ValueError, "infinite at row 1"),
    ],
)
def test_what_cannot_be_read_says_why(data, error, said):
    with pytest.raises(error, match=said):
        rows_of(data)


def test_columns_may_come_in_another_order_but_not_under_other_names_or_in_other_numbers():
    both = pd.DataFrame({"a": made_up(200), "b": made_up(200, seed=1)})
    live, other = small().fit(both[:190]), small().fit(both[:190])
    pd.testing.assert_frame_equal(live.update(both[190:]).forecast(), other.update(both[["b", "a"]][190:]).forecast())
    with pytest.raises(ValueError, match="wanted a, b, as in fit"):
        live.update(both[["a"]][190:])
    with pytest.raises(TypeError, match="the new rows have none"):
        live.update(both.to_numpy())


def test_short_and_constant_series_are_forecast_without_a_fuss():
    constant = small().fit(np.full(100, 7.0))
    np.testing.assert_allclose(constant.forecast()["mean"], 7.0, atol=1e-6)
    monthly = pd.Series(
        np.sin(np.arange(90) * np.pi / 6) + np.arange(90) / 30, pd.date_range("2015-01-31", periods=90, freq="ME")
    )
    frame = pl.Forecaster(horizon=12, units=20).fit(monthly).forecast()
    assert str(frame["time"][0].date()) == "2022-07-31"
    np.testing.assert_allclose(
        frame["mean"], np.sin(np.arange(90, 102) * np.pi / 6) + np.arange(90, 102) / 30, atol=0.3
    )


def test_a_column_without_any_value_is_refused():
    with pytest.raises(ValueError, match="column 'b' of y holds no value"):
        small().fit(pd.DataFrame({"a": made_up(200), "b": np.nan}))


def test_exogenous_rows_that_are_not_of_this_series_are_refused():
    y = made_up(200)
    with pytest.raises(ValueError, match="none of the times of exog is one of y's"):
        small().fit(y, exog=y.to_frame("x").shift(freq="400D"))
    with pytest.raises(ValueError, match="exog has 150 rows, and y has 200"):
        small().fit(y.to_numpy(), exog=y.to_numpy()[:150])


@pytest.mark.parametrize(("levels", "error"), [(80, TypeError), ("80", TypeError), ((0.8,), ValueError)])
def test_levels_are_a_tuple_of_percentages(levels, error):
    with pytest.raises(error, match=r"such as \(80, 95\)"):
        small(levels=levels)
    with pytest.raises(error, match=r"such as \(80, 95\)"):
        small().fit(made_up(100)).forecast(levels=levels)


def test_a_backtest_goes_through_where_no_row_has_all_its_targets():
    y = made_up(400).mask(np.arange(400) % 5 == 0)
    mae = small(horizon=6).backtest(y, 300).mae()
    assert all(np.isfinite(found["mean"]) for found in mae.values())
    assert mae["plashet"]["mean"] < mae["daily_naive"]["mean"]


def test_where_nobody_is_ever_off_nobody_is_beaten():
    made = small().backtest(np.full(200, 3.0), 150)
    assert "plashet beats" not in made.verdict()
    assert (
        figures.headline(made)["sentence"] == "Off by 0 on average: no better than the best baseline (persistence, 0)."
    )
