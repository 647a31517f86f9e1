"""The report is one file that holds everything, says what the backtest says, and cannot be broken by a name."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from made_up import made_up_backtest

from plashet.report import About, Outlook, figures, html, markup, words, write

HOSTILE = "</script><b onmouseover=alert(1)>&'\""


@pytest.fixture(scope="module")
def backtest():
    return made_up_backtest()


@pytest.fixture(scope="module")
def page(backtest):
    return html(backtest, About("Demand & supply", "MW", "A lead.", "plashet demo", {"seed": "0"}, ("A note.",)))


class Elements(HTMLParser):
    """All elements, with a check that what is opened is closed."""

    VOID = ("meta", "line", "rect", "circle", "ellipse", "br", "input", "link", "img")

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.seen, self.open, self.text, self.wrong = [], [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        if self.open:
            self.text.setdefault(self.open[-1], []).append(data)


def drawn(page):
    return json.loads(re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.S).group(1))


def test_every_element_that_is_opened_is_closed(page):
    elements = Elements(page)
    assert not elements.wrong
    assert not elements.open


def test_the_page_refers_to_nothing_outside_itself(page):
    for tag, attributes in Elements(page).seen:
        assert tag not in ("link", "iframe", "img", "object", "embed", "base"), tag
        for name in ("src", "href", "action", "srcset", "poster"):
            assert name not in attributes, (tag, attributes)
    assert "@import" not in page
    assert "url(" not in page
    assert "default-src &#x27;none&#x27;" in page


def test_the_numbers_in_the_page_are_json_without_nan(backtest):
    actual = backtest.actual.copy()
    actual[2500:2600] = np.nan
    broken = replace(backtest, actual=actual, weights=np.full_like(backtest.weights, np.nan))
    page = html(broken, About("Gaps"))
    found = drawn(page)
    assert "NaN" not in json.dumps(found)
    assert any(v is None for v in found["experts"]["lines"]["liquid_slow"])


def test_hostile_names_are_only_text(backtest):
    renamed = {HOSTILE if k == "daily_naive" else k: v for k, v in backtest.forecasts.items()}
    hostile = replace(
        backtest,
        forecasts=renamed,
        target=HOSTILE,
        chosen={HOSTILE: HOSTILE},
        warnings=(HOSTILE,),
        experts=(HOSTILE, "b", "c", "d"),
    )
    page = html(hostile, About(HOSTILE, HOSTILE, HOSTILE, HOSTILE, {HOSTILE: HOSTILE}, (HOSTILE,)))
    elements = Elements(page)
    assert not elements.wrong
    assert not any(tag == "b" or "onmouseover" in attributes for tag, attributes in elements.seen)
    assert HOSTILE in drawn(page)["horizon"]["lines"] or HOSTILE in drawn(page)["horizon"]["far"]
    assert page.count("</script>") == 3


def test_embedded_json_reads_back_and_holds_no_markup():
    value = {"a": [1.5, None, "</script><!--\u2028&"], "ü": True}
    text = markup.embedded(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028") & set(text)
    with pytest.raises(ValueError, match="JSON"):
        markup.embedded([float("nan")])


def test_the_errors_drawn_are_those_of_the_backtest(backtest, page):
    mae, lines = backtest.mae(), drawn(page)["horizon"]["lines"]
    for name, line in lines.items():
        np.testing.assert_allclose(line, [mae[name][str(h)] for h in backtest.horizons], rtol=1e-4)
    # every method is either drawn or named as off the scale
    assert set(lines) | set(drawn(page)["horizon"]["far"]) == set(mae)


def test_the_rolling_error_equals_the_plain_mean_over_its_window(backtest):
    found = figures.rolling(backtest)
    window, miss = found["window"], np.abs(backtest.errors()["plashet"])
    assert window == 30  # 300 hourly origins hold no three weeks: a tenth of the run
    for i in (100, 299):
        assert found["lines"]["plashet"][i] == pytest.approx(miss[i - window + 1 : i + 1].mean(), rel=1e-4)


def test_the_window_is_a_week_where_there_are_three(backtest):
    assert figures.rolling(made_up_backtest(700))["window"] == 168


def test_the_rolling_coverage_ends_at_the_share_inside_the_last_window(backtest):
    found = figures.coverage(backtest)
    truth = backtest.targets[-found["window"] :]
    inside = (truth >= backtest.lower["80"][-found["window"] :]) & (truth <= backtest.upper["80"][-found["window"] :])
    assert found["lines"]["80"][-1] == pytest.approx(100 * inside.mean(), rel=1e-4)


def test_long_series_are_thinned_and_the_page_stays_small(backtest):
    long = made_up_backtest(1176)
    page = html(long, About("Long"))
    assert len(page.encode()) < 500_000
    many = replace(backtest, weights=np.tile(backtest.weights, (40, 1)), origins=np.tile(backtest.origins, 40))
    assert len(figures.experts(many)["t"]) <= 500


def test_the_forecast_from_the_end_is_drawn_where_there_is_one(backtest):
    end = backtest.times[-1]
    ahead = Outlook(
        end + np.arange(1, 25) * np.timedelta64(1, "h"),
        np.arange(24.0),
        {80: np.arange(24.0) - 1},
        {80: np.arange(24.0) + 1},
    )
    found = figures.outlook(backtest, ahead)
    assert found["mean"][-24:] == list(range(24))
    assert found["mean"][-25] is None
    assert found["truth"][-25] == pytest.approx(backtest.actual[-1], rel=1e-4)
    assert found["t"][-1] - found["now"] == 24 * 3600


def test_a_series_without_stamps_counts_steps(backtest):
    found = figures.outlook(replace(backtest, times=np.arange(len(backtest.times))), None)
    assert not found["stamped"]
    assert found["t"][-1] == backtest.origins[-1] + 24


def test_one_horizon_is_enough(backtest):
    one = {k: v[:, :1] for k, v in backtest.forecasts.items()}
    bands = ({k: v[:, :1] for k, v in side.items()} for side in (backtest.lower, backtest.upper))
    lower, upper = bands
    page = html(replace(backtest, horizons=np.array([1]), forecasts=one, lower=lower, upper=upper), About("One"))
    assert "mean of" not in page
    assert not Elements(page).wrong


def test_nothing_known_is_said_and_not_a_crash(backtest):
    page = html(replace(backtest, actual=np.full_like(backtest.actual, np.nan)), About("Nothing"))
    assert "No error could be computed" in page


def test_the_headline_is_honest_about_defeat(backtest):
    worse = replace(backtest, forecasts={**backtest.forecasts, "plashet": backtest.forecasts["persistence"] + 500})
    assert "Use that one." in figures.headline(worse)["sentence"]
    same = replace(backtest, forecasts={**backtest.forecasts, "plashet": backtest.forecasts["ridge_on_lags"]})
    assert "no better than the best baseline" in figures.headline(same)["sentence"]


def test_activity_is_drawn_in_the_order_of_phase():
    """Sines of shuffled phase come out sorted: neighbouring rows are as alike as neighbours can be."""
    rng, t = np.random.default_rng(0), np.arange(300)[:, None]
    phases = rng.permutation(np.linspace(0, 2 * np.pi, 40, endpoint=False))
    waves = np.sin(2 * np.pi * t / 24 + phases)
    backtest = replace(made_up_backtest(50), activity=waves)
    found = figures.activity(backtest)
    import base64

    rows = np.frombuffer(base64.b64decode(found["data"]), np.int8).reshape(found["units"], found["ticks"]) / 127
    steps = np.abs(np.diff(rows, axis=0)).mean()
    assert steps < 1.2 * 2 * np.pi / 40 * np.abs(np.cos(2 * np.pi * t / 24)).mean()


def test_every_chart_has_a_name_and_a_text_for_those_who_cannot_see_it(page):
    charts = [a for _, a in Elements(page).seen if a.get("role") == "img"]
    assert len(charts) == 6
    assert all(len(a["aria-label"]) > 20 for a in charts)


def test_numbers_keep_three_digits_and_their_thousands():
    said = [words.number(v) for v in (1548.2, 75.63, 1.2241, 0, -0.00012345, float("nan"), None, 9.999)]
    assert said == ["1,548", "75.6", "1.22", "0", "−0.000123", "–", "–", "10.00"]
    assert words.percent(0.8123) == "81.2 %"
    assert words.size(33511) == "33.5 kB"


def test_the_vendored_chart_library_comes_with_its_licence():
    from importlib.resources import files

    vendor = files("plashet.report") / "vendor"
    assert "MIT" in (vendor / "LICENSE-uPlot.txt").read_text()
    assert "v1.6.32" in (vendor / "uPlot.iife.min.js").read_text()[:100]


def test_a_page_carries_the_licence_of_the_library_inside_it(page):
    assert "Permission is hereby granted, free of charge" in page


def chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.browser
@pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")
@pytest.mark.parametrize("title", ["Plain", HOSTILE])
def test_a_browser_draws_the_page_without_complaint(tmp_path, backtest, title):
    path = write(tmp_path / "report.html", replace(backtest, target=title, chosen={title: title}), About(title))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=4000", "--enable-logging=stderr"]
    asked = [chromium(), *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"file://{path}"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True)
    assert "CONSOLE" not in done.stderr, done.stderr
    assert done.stdout.count('class="uplot ') == 5
    assert 'canvas class="heat"' in done.stdout
