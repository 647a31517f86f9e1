"""The forecaster as its users meet it: frames in, frames out, one row after the other, saved and resumed."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_up import made_up_backtest

import plashet as pl

HOURS = 700


def made_up(rows=HOURS, seed=0, noise=0.3):
    """Hours with a day and a week in them."""
    t = np.arange(rows)
    rng = np.random.default_rng(seed)
    wave = 3 * np.sin(2 * np.pi * t / 24) + np.cos(2 * np.pi * t / 168) + 0.5 * np.sin(4 * np.pi * t / 24)
    index = pd.date_range("2026-01-05", periods=rows, freq="h", name="time")
    return pd.Series(50 + 10 * (wave + noise * rng.normal(size=rows)), index, name="load")


def small(**settings):
    return pl.Forecaster(**({"horizon": 6, "units": 20} | settings))


@pytest.fixture(scope="module")
def series():
    return made_up()


@pytest.fixture(scope="module")
def fitted(series):
    return small().fit(series[:600])


def same(a, b):
    pd.testing.assert_frame_equal(a.forecast(), b.forecast(), check_exact=True)


def test_the_forecast_is_a_frame_in_the_units_that_came_in(fitted, series):
    frame = fitted.forecast()
    assert list(frame) == ["time", "mean", "lo-80", "hi-80", "lo-95", "hi-95"]
    assert list(frame["time"]) == list(series.index[600:606])
    assert (frame["lo-95"] <= frame["lo-80"]).all()
    assert ((frame["lo-80"] < frame["mean"]) & (frame["mean"] < frame["hi-80"])).all()
    assert np.abs(frame["mean"].to_numpy() - series[600:606].to_numpy()).mean() < 6
    assert list(fitted.forecast(levels=(95,))) == ["time", "mean", "lo-95", "hi-95"]


def test_other_units_give_the_same_forecast_in_them(fitted, series):
    other = small().fit(1000 * series[:600] - 7)
    np.testing.assert_allclose(other.forecast()["hi-80"], 1000 * fitted.forecast()["hi-80"] - 7, rtol=1e-6)


def test_updating_row_by_row_or_at_once_gives_the_same_bits(series):
    one, many = small().fit(series[:500]), small().fit(series[:500])
    gap = series[500:560].copy()
    gap.iloc[20:25] = np.nan
    gap = gap.drop(gap.index[[7, 8]])
    for k in range(len(gap)):
        one.update(gap[k : k + 1])
    same(one, many.update(gap))


def test_a_fit_begins_anew_and_a_seed_decides(series, fitted):
    used = small().fit(series[100:600]).update(series[600:650])
    same(used.fit(series[:600]), fitted)
    other = small(seed=1).fit(series[:600])
    assert not other.forecast()["mean"].equals(fitted.forecast()["mean"])


def test_saved_and_loaded_it_goes_on_bit_equal(series, tmp_path):
    live = small(levels=(50, 90)).fit(series[:600]).update(series[600:620])
    live.save(tmp_path / "load.plashet")
    resumed = pl.Forecaster.load(tmp_path / "load.plashet")
    same(live, resumed)
    same(live.update(series[620:640]), resumed.update(series[620:640]))
    assert resumed.horizon == 6
    assert list(resumed.forecast()) == ["time", "mean", "lo-50", "hi-50", "lo-90", "hi-90"]


def test_a_file_of_another_kind_is_refused(tmp_path):
    pl.save(tmp_path / "x", (1, 2))
    with pytest.raises(ValueError, match="not a Forecaster"):
        pl.Forecaster.load(tmp_path / "x")


def test_learning_on_does_not_refit_and_follows_a_change(series):
    live = small().fit(series[:600])
    chosen = live.chosen
    shifted = made_up(1200)[600:] + 60
    live.update(shifted[:-6])
    assert live.chosen == chosen
    assert np.abs(live.forecast()["mean"].to_numpy() - shifted[-6:].to_numpy()).mean() < 8


def test_missing_values_never_poison(series):
    holed = series[:650].copy()
    holed[np.random.default_rng(0).random(650) < 0.2] = np.nan
    holed.iloc[:3] = np.nan
    holed.iloc[640:] = np.nan
    live = small().fit(holed)
    assert np.isfinite(live.forecast().drop(columns="time").to_numpy()).all()
    live.update(series[650:690])
    assert np.abs(live.forecast()["mean"].to_numpy() - series[690:696].to_numpy()).mean() < 8


def test_missing_values_can_be_refused(series):
    holed = series[:650].copy()
    holed.iloc[[40, 41]] = np.nan
    with pytest.raises(ValueError, match=r"row 40 \(2026-01-06T16:00:00\), column 'load' \(2 in all\)"):
        small(missing="error").fit(holed)


def test_too_few_rows_say_how_many_are_needed(series):
    with pytest.raises(ValueError, match="have 30, a horizon of 6 needs 64"):
        small().fit(series[:30])
    small().fit(series[:64]).update(series[64:70]).forecast()


def test_an_infinite_value_is_named_by_row_and_column_and_changes_nothing(series):
    live = small().fit(series[:600])
    before = live.forecast()
    bad = series[600:620].copy()
    bad.iloc[4] = np.inf
    with pytest.raises(ValueError, match=r"infinite at row 4 .*'load'"):
        live.update(bad)
    pd.testing.assert_frame_equal(live.forecast(), before)


def test_several_targets_are_forecast_below_each_other(series):
    both = pd.DataFrame({"a": series, "b": -2 * series.shift(1).bfill()})
    live = small(horizon=3).fit(both[:600])
    frame = live.forecast()
    assert list(frame["target"]) == ["a"] * 3 + ["b"] * 3
    # b follows a by an hour, so its next value is known
    assert abs(frame["mean"][3] - both["b"].iloc[600]) < 3
    test = small(horizon=3).backtest(both[:620], 600)
    assert test.target == "a"
    assert list(test.others) == ["b"]
    assert test.others["b"].mae()["plashet"]["1"] < 0.2 * test.others["b"].mae()["persistence"]["1"]


def test_a_column_whose_future_is_known_is_used(series):
    rng = np.random.default_rng(5)
    holiday = pd.DataFrame({"off": (rng.random(HOURS) < 0.3).astype(float)}, index=series.index)
    y = series - 40 * holiday["off"]
    blind = small(horizon=3).backtest(y, 600, exog=holiday).mae()["plashet"]["mean"]
    seeing = small(horizon=3, known=("off",))
    assert seeing.backtest(y, 600, exog=holiday).mae()["plashet"]["mean"] < 0.4 * blind
    live = small(horizon=3, known=("off",)).fit(y[:600], exog=holiday[:600])
    ahead = holiday[600:603].copy()
    ahead["off"] = 0.0
    without = live.forecast(exog=ahead)["mean"]
    ahead.iloc[1] = 1.0
    change = live.forecast(exog=ahead)["mean"] - without
    np.testing.assert_allclose(change, [0, -40, 0], atol=6)
    # the future that comes with an update is the one a backtest sees
    test = small(horizon=3, known=("off",)).backtest(y, 600, exog=holiday)
    live.update(y[600:620], exog=holiday[600:623])
    np.testing.assert_array_equal(live.forecast()["mean"], test.forecasts["plashet"][19])


def test_exogenous_columns_of_the_past_help(series):
    rng = np.random.default_rng(6)
    cause = pd.DataFrame({"wind": rng.normal(size=HOURS)}, index=series.index)
    y = series + 20 * cause["wind"].shift(1).fillna(0.0)
    alone = small(horizon=1).backtest(y, 600).mae()["plashet"]["1"]
    assert small(horizon=1).backtest(y, 600, exog=cause).mae()["plashet"]["1"] < 0.5 * alone


def test_the_backtest_forecasts_before_it_learns(series):
    test = small().backtest(series, 600)
    assert test.origins[0] == 600
    live = small().fit(series[:600]).update(series[600:601])
    np.testing.assert_array_equal(test.forecasts["plashet"][0], live.forecast()["mean"])
    np.testing.assert_array_equal(test.upper["95"][0], live.forecast()["hi-95"])
    live.update(series[601:640])
    np.testing.assert_array_equal(test.forecasts["plashet"][39], live.forecast()["mean"])
    np.testing.assert_allclose(test.forecasts["persistence"][:, 2], series[600:-6])
    np.testing.assert_allclose(test.forecasts["weekly_naive"][0], series[601 - 168 : 607 - 168])


def test_intervals_learn_from_the_widths_that_were_issued(series):
    live = small().fit(series[:600])
    track = live._fitted[0].track
    before = track.widths.half.copy()
    track.issued.half[...] = 0.0  # as if nothing had been allowed for: every score lies outside
    live.update(series[600:601])
    largest = np.nanmax(live._fitted[0].track.widths.recent, axis=0)
    assert (live._fitted[0].track.widths.half >= np.minimum(before, largest)).all()
    assert (live._fitted[0].track.widths.half[0] > before[0]).all()


def test_on_noise_nothing_is_learnt_and_the_verdict_says_so():
    noise = np.random.default_rng(0).normal(size=900)
    test = small(horizon=2).backtest(noise, 600)
    mae = test.mae()
    assert 0.9 < mae["plashet"]["1"] / np.abs(noise[601:]).mean() < 1.1
    walk = small(horizon=1).backtest(np.cumsum(noise), 600)
    assert walk.mae()["plashet"]["1"] > 0.97 * walk.mae()["persistence"]["1"]
    assert "At step 1 nothing beats persistence" in walk.verdict()


def test_the_summary_is_json_with_the_promised_keys(series):
    summary = json.loads(json.dumps(small().backtest(series, 600).summary()))
    assert {"mean", "1", "6"} <= set(summary["mae"]["plashet"])
    assert {"persistence", "daily_naive", "weekly_naive", "ridge_on_lags", "lags_refit_daily"} <= set(summary["mae"])
    assert 0 <= summary["coverage"]["80"] <= 1
    assert summary["seconds"] > 0


def test_the_verdict_names_who_is_beaten_and_who_is_not():
    made = made_up_backtest(origins=200)
    assert "At step 1 plashet beats every baseline, the best of them, ridge on lags, by" in made.verdict()
    good = made.forecasts["plashet"]
    worse = replace(
        made, forecasts={"plashet": made.forecasts["ridge_on_lags"], "persistence": 0 * good, "oracle": good}
    )
    assert "oracle is better than plashet by" in worse.verdict()
    assert worse.verdict().endswith("; plashet beats persistence.")
    level = replace(made, forecasts={"plashet": good, "persistence": 0 * good, "twin": good})
    assert "At step 24 plashet is level with twin; plashet beats persistence." in level.verdict()
    alone = replace(made, forecasts={"plashet": good})
    assert "nothing to compare" in alone.verdict()


def test_the_figures_of_a_backtest_are_what_a_slow_count_gives():
    made = made_up_backtest(origins=200)
    truth = np.array([[made.actual[o + h] for h in made.horizons] for o in made.origins])
    error = np.abs(made.forecasts["plashet"] - truth)
    mae = made.mae()["plashet"]
    assert (mae["1"], mae["24"], mae["mean"]) == pytest.approx((error[:, 0].mean(), error[:, 23].mean(), error.mean()))
    held = ((truth >= made.lower["80"]) & (truth <= made.upper["80"])).mean(axis=1)
    found = made.coverage()["80"]
    assert found["mean"] == pytest.approx(held.mean())
    assert found["worst_week"] == pytest.approx(min(held[k : k + 168].mean() for k in range(33)))
    rolled = made.rolling_mae()["plashet"]
    assert rolled[[0, 100, 199]] == pytest.approx([error[:1].mean(), error[:101].mean(), error[32:200].mean()])
    assert 1 in made.beats()["ridge_on_lags"]


def test_an_expert_that_diverges_is_replaced_by_the_base_and_said(series):
    live = small().fit(series[:600])
    live._fitted[0].track.knowledge[2].w[...] *= 1e9  # as if the readout had blown up
    live.update(series[600:601])
    assert np.abs(live.forecast()["mean"].to_numpy() - series[601:607].to_numpy()).mean() < 30
    assert any("diverged" in said for said in live.warnings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"horizon": 0}, "horizon counts"),
        ({"missing": "guess"}, "'auto', 'error'"),
        ({"levels": (80, 120)}, "between 0 and 100"),
    ],
)
def test_settings_are_checked(settings, said, series):
    with pytest.raises(ValueError, match=said):
        small(**settings).fit(series)


def test_what_was_not_fitted_or_followed_is_said(fitted, series):
    with pytest.raises(RuntimeError, match="call fit"):
        small().forecast()
    with pytest.raises(ValueError, match="level 90 is not followed here, only 80, 95"):
        fitted.forecast(levels=(90,))
    with pytest.raises(ValueError, match="leaves no row"):
        small().backtest(series, HOURS - 6)
    with pytest.raises(ValueError, match="fitted without"):
        fitted.update(series[600:601], exog=series[600:601])
    with pytest.raises(ValueError, match="but no exog"):
        small(known=("x",)).fit(series)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_victoria_other_seeds_hold_it_too(seed):
    test = pl.Forecaster(24, seed=seed).backtest(pl.data.victoria_demand(), 2400)
    assert test.mae()["plashet"]["mean"] <= 355
    assert test.mae()["plashet"]["1"] <= 75
    assert 0.76 <= test.coverage()["80"]["mean"] <= 0.86


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_new_york_beats_persistence_the_day_before_and_ridge_on_lags_through_its_gaps(seed):
    temperature = pl.data.new_york_weather()["temperature_f"]
    mae = pl.Forecaster(24, seed=seed).backtest(temperature, 5840).mae()
    for step in ("1", "6", "24"):
        for other in ("persistence", "daily_naive", "ridge_on_lags"):
            assert mae["plashet"][step] < mae[other][step]


@pytest.mark.slow
def test_nothing_beats_persistence_on_the_price_of_brent():
    price = pl.data.brent_oil()
    test = pl.Forecaster(1).backtest(price.to_numpy(), len(price) - 2001)
    assert test.mae()["persistence"]["1"] == pytest.approx(0.934, abs=0.001)
    assert test.verdict().startswith("At step 1 nothing beats persistence")


def test_victoria_one_seed_holds_the_promise():
    test = pl.Forecaster(24).backtest(pl.data.victoria_demand(), 2400)
    mae, held = test.mae(), test.coverage()["80"]
    assert len(test.origins) == 1176
    assert mae["plashet"]["mean"] <= 355
    assert mae["plashet"]["1"] <= 75
    assert 0.76 <= held["mean"] <= 0.86


def test_of_very_many_rows_the_latest_are_learnt_from(series, monkeypatch):
    monkeypatch.setattr("plashet.forecast.prepare.MOST_ROWS", 400)
    live = small().fit(series[:600])
    assert "200 before them left out" in live.chosen["rows"]
    assert live.forecast()["time"][0] == series.index[600]
    live.update(series[600:610])
    assert live.forecast()["time"][0] == series.index[610]
    assert np.abs(live.forecast()["mean"].to_numpy() - series[610:616].to_numpy()).mean() < 8
