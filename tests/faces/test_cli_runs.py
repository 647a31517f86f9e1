"""The commands at work on small streams: what they print, what they leave, and every error of the catalogue twice."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from plashet.cli import run, tables
from plashet.cli.faults import DataFault, ExtraFault, UsageFault
from plashet.report import words

ROWS, HORIZON = 120, 3


def wave(rows=ROWS, start=0):
    t = np.arange(start, start + rows)
    rng = np.random.default_rng(0)
    return 50 + 10 * np.sin(2 * np.pi * t / 24) + rng.normal(0, 1, 1000)[t % 1000]


def csv(values, start=0):
    times = np.datetime64("2026-01-01T00:00") + np.arange(start, start + len(values)) * np.timedelta64(1, "h")
    return "time,load\n" + "".join(f"{t},{v:.6f}\n" for t, v in zip(times, values, strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One run of `plashet forecast` that several tests look at."""
    path = tmp_path_factory.mktemp("run")
    (path / "load.csv").write_text(csv(wave()))
    here = os.getcwd()
    os.chdir(path)
    try:
        asked = [
            "forecast",
            "load.csv",
            "--target",
            "load",
            "--horizon",
            "3",
            "--backtest",
            "20",
            "-o",
            "out",
            "--quiet",
        ]
        assert run(asked) == 0
    finally:
        os.chdir(here)
    return path


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def put(text, name="t.csv"):
        (tmp_path / name).write_text(text)
        return name

    return put


def forecast(*more):
    return ["forecast", "t.csv", "--target", "load", "--horizon", str(HORIZON), *more]


# what a run leaves


def test_a_run_leaves_five_files_that_can_be_read(folder):
    import pandas as pd

    import plashet as pl

    out = folder / "out"
    assert sorted(p.name for p in out.iterdir()) == [
        "config.toml", "forecast.csv", "metrics.json", "model.plashet", "report.html",
    ]  # fmt: skip
    config = tomllib.loads((out / "config.toml").read_text())
    assert config["target"] == ["load"]
    assert config["seed"] == 0
    assert "plashet" in config["versions"]
    metrics = json.loads((out / "metrics.json").read_text())
    assert set(metrics["mae"]["plashet"]) == {"mean", "1", "2", "3"}
    frame = pd.read_csv(out / "forecast.csv")
    assert list(frame) == ["time", "mean", "lo-80", "hi-80", "lo-95", "hi-95"]
    assert len(frame) == HORIZON
    again = pl.Forecaster.load(out / "model.plashet").forecast()
    np.testing.assert_allclose(again["mean"], frame["mean"], rtol=1e-6)
    assert "load, 3 steps ahead" in (out / "report.html").read_text()


def test_the_forecast_goes_on_where_the_data_end(folder):
    lines = (folder / "out" / "forecast.csv").read_text().splitlines()
    assert lines[1].startswith("2026-01-06 00:00:00,")


def test_json_is_one_object_and_nothing_else_on_stdout(write, capsys):
    write(csv(wave()))
    assert run(forecast("--backtest", "20", "--json", "-o", "out")) == 0
    said = json.loads(capsys.readouterr().out)
    assert set(said["mae"]["plashet"]) == {"mean", "1", "2", "3"}
    assert {"persistence", "daily_naive"} <= set(said["mae"])
    assert 0 <= said["coverage"]["80"] <= 1
    assert said["seconds"] > 0
    assert said["origins"] == 20
    assert len(said["forecast"]["mean"]) == HORIZON


def test_the_same_seed_gives_the_same_numbers(folder, write, capsys):
    write(csv(wave()))
    assert run(forecast("--backtest", "20", "--json", "-o", "out")) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["mae"] == json.loads((folder / "out" / "metrics.json").read_text())["mae"]


def test_semicolons_gaps_and_disorder_are_mended_and_told_on_stderr(write, capsys):
    lines = csv(wave()).replace(",", ";").replace(".", ",").splitlines()
    del lines[50:53]
    lines[10], lines[11] = lines[11], lines[10]
    write("\n".join([*lines, lines[-1]]))
    assert run(forecast("--backtest", "0", "--json", "-o", "out")) == 0
    said = capsys.readouterr()
    assert "line 12, column time: time goes back" in said.err
    assert "stands there again" in said.err
    assert "1 gap, 3 missing steps" in said.err
    assert json.loads(said.out)["forecast"]["time"][0] == "2026-01-06 00:00"


def test_two_targets_and_a_helping_column_are_forecast_together(write, capsys):
    a, b = wave(), wave(start=300)
    head, *rows = csv(a).splitlines()
    write("\n".join([head + ",other,help"] + [f"{r},{v:.4f},{v * 2:.4f}" for r, v in zip(rows, b, strict=True)]))
    assert run(forecast("-t", "other", "-x", "help", "--backtest", "0", "--json", "-o", "out")) == 0
    assert json.loads(capsys.readouterr().out)["forecast"]["target"] == ["load"] * HORIZON + ["other"] * HORIZON
    assert run(forecast("-t", "other", "--backtest", "20", "-o", "two")) == 0
    said = capsys.readouterr().out
    assert said.count("persistence") >= 2
    assert said.splitlines()[-1] == "Next: plashet inspect two/model.plashet"  # a watch would refuse it
    assert run(["inspect", "two/model.plashet"]) == 0
    assert "Next:" not in capsys.readouterr().out
    assert "other, 3 steps ahead" in Path("two/report-2.html").read_text()


def test_the_printed_tables_fit_eighty_columns_without_colour(write, monkeypatch, capsys):
    write(csv(wave()))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    assert run(forecast("--backtest", "20", "-o", "out")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("plashet ") for line in lines)
    assert lines[-1].startswith("Next: plashet watch")


def test_on_a_narrow_terminal_names_are_folded_and_numbers_are_whole(monkeypatch, capsys):
    from made_up import made_up_backtest

    from plashet.cli.console import Say
    from plashet.cli.show import standings

    monkeypatch.setenv("COLUMNS", "60")
    test = made_up_backtest()
    Say().show(standings(test, "MW", "weekly_naive"))
    said = capsys.readouterr().out
    assert "…" not in said
    assert max(map(len, said.splitlines())) <= 60
    assert words.number(test.mae()["persistence"]["mean"]) in said


def test_quiet_says_nothing(write, capsys):
    write(csv(wave()))
    assert run(forecast("--backtest", "0", "--quiet", "-o", "out")) == 0
    assert capsys.readouterr() == ("", "")


def test_runs_within_one_second_get_folders_of_their_own(write):
    from plashet.cli.runs import Run

    folders = {Run.begin("demo", None).folder for _ in range(3)}
    assert len(folders) == 3


@pytest.mark.slow
def test_the_demonstration_beats_its_baselines_and_says_so(tmp_path, capsys):
    assert run(["demo", "--json", "-o", str(tmp_path / "demo")]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["mae"]["plashet"]["mean"] <= 355
    assert said["mae"]["plashet"]["1"] <= 75
    assert round(said["mae"]["weekly_naive"]["mean"]) == 456
    assert 0.76 <= said["coverage"]["80"] <= 0.86
    assert (tmp_path / "demo" / "report.html").stat().st_size < 1_500_000


# the catalogue of errors: through the command, then through Python


def refused(capsys, arguments, code, *words):
    assert run(arguments) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: "), said.err
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err, said.err
    assert "\n  try: " in said.err


def test_a_column_that_is_absent(write, capsys):
    write(csv(wave()))
    refused(capsys, ["forecast", "t.csv", "-t", "laod"], 2, "no column 'laod'", "time, load", "--target load")
    with pytest.raises(UsageFault, match="no column 'laod'"):
        tables.read("t.csv").numbers("laod")


def test_a_cell_that_is_no_number(write, capsys):
    write(csv(wave()).replace("50", "5o", 1))
    refused(capsys, forecast(), 3, "t.csv, line ", "column load", "is not a number", "mend the cell")
    with pytest.raises(DataFault, match="column load"):
        tables.read("t.csv").numbers("load")


def test_too_few_rows(write, capsys):
    import plashet as pl

    write(csv(wave(50)))
    refused(capsys, forecast(), 3, "50 rows, but a horizon of 3 needs 52", "--horizon 2")
    with pytest.raises(ValueError, match=r"50.*needs 52"):
        pl.Forecaster(horizon=3).fit(wave(50))


def test_a_backtest_that_is_too_long(write, capsys):
    write(csv(wave()))
    refused(capsys, forecast("--backtest", "100"), 3, "120 rows are too few for --backtest 100", "--backtest 65")


def test_a_missing_value_where_none_is_allowed(write, capsys):
    import pandas as pd

    import plashet as pl

    text = csv(wave()).splitlines()
    text[7] = text[7].split(",")[0] + ","
    write("\n".join(text))
    refused(
        capsys, forecast("--missing", "error"), 3, "line 8, column load: missing value (1 in all)", "--missing auto"
    )
    values = pd.Series(tables.read("t.csv").numbers("load"))
    with pytest.raises(ValueError, match="missing at row 6"):
        pl.Forecaster(horizon=3, missing="error").fit(values)


def test_a_missing_row_where_none_is_allowed(write, capsys):
    text = csv(wave()).splitlines()
    del text[7]
    write("\n".join(text))
    refused(capsys, forecast("--missing", "error"), 3, "line 8: nothing between", "--missing auto")


def test_an_infinite_value(write, capsys):
    import plashet as pl

    text = csv(wave()).splitlines()
    text[7] = text[7].split(",")[0] + ",inf"
    write("\n".join(text))
    refused(capsys, forecast(), 3, "line 8, column load: inf is infinite")
    values = wave()
    values[6] = np.inf
    with pytest.raises(ValueError, match="infinite at row 6"):
        pl.Forecaster(horizon=3).fit(values)


def test_a_model_of_another_column(folder, write, capsys):
    write(csv(wave()).replace("load", "power"))
    model = str(folder / "out" / "model.plashet")
    refused(
        capsys, ["watch", "t.csv", "-t", "power", "-m", model, "-o", "w.plashet"], 3, "learnt load", "--target load"
    )
    from plashet.cli.watcher import Watcher

    with pytest.raises(DataFault, match="learnt load"):
        Watcher.load(model, "power")


def test_a_model_file_of_a_newer_format(write, capsys):
    from safetensors.numpy import save

    import plashet as pl

    about = {"format": 99, "plashet": "9.9", "value": {"is": 1}}
    content = save({"x": np.zeros(1)}, metadata={"plashet": json.dumps(about)})
    write("", "new.plashet")
    with open("new.plashet", "wb") as file:
        file.write(content)
    refused(capsys, ["inspect", "new.plashet"], 3, "format 99", "pip install --upgrade plashet")
    with pytest.raises(ValueError, match="format 99"):
        pl.load("new.plashet")


def test_a_pickle_is_never_opened(write, capsys):
    import pickle

    import plashet as pl

    write("", "m.pkl")
    with open("m.pkl", "wb") as file:
        pickle.dump([1, 2], file)
    refused(capsys, ["inspect", "m.pkl"], 3, "pickle and other formats are never opened", "model.save")
    with pytest.raises(ValueError, match="never opened"):
        pl.load("m.pkl")


def test_an_extra_that_is_missing(write, capsys, monkeypatch):
    import pandas as pd

    def absent(*given, **options):
        raise ImportError("Unable to find a usable engine; tried using: 'pyarrow'")

    monkeypatch.setattr(pd, "read_parquet", absent)
    write("PAR1", "t.parquet")
    refused(capsys, ["forecast", "t.parquet", "-t", "load"], 4, "needs pyarrow", "pip install pyarrow")
    with pytest.raises(ExtraFault, match="needs pyarrow"):
        tables.read("t.parquet")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["forecast", "no.csv", "-t", "x"], "there is no file no.csv"),
        (["forecast", "t.csv"], "--target"),
        (["forecast", "t.csv", "-t", "load", "--levels", "high"], "percentages"),
        (["forecast", "t.csv", "-t", "load", "--horizon", "0"], "horizon"),
        (["forecast", "t.csv", "-t", "load", "-x", "load"], "as --target and as --exog"),
        (["forecast", "t.csv", "-t", "load", "--freq", "often"], "no step of time"),
        (["watch", "no.csv", "-t", "x"], "there is no file no.csv"),
        (["watch", "t.csv", "-t", "load", "--save-every", "soon"], "30s, 1m, 2h"),
        (["watch", "t.csv", "-t", "load", "-o", "no/where.plashet"], "there is no folder no"),
        (["watch", "t.csv", "-t", "load", "-m", "no.plashet"], "there is no model file no.plashet"),
        (["inspect", "no.plashet"], "there is no file no.plashet"),
    ],
)
def test_wrong_usage_is_said_with_a_way_out(write, capsys, arguments, word):
    write(csv(wave()))
    refused(capsys, arguments, 2, word)


# a stream that is watched


def watch(*more):
    return ["watch", "t.csv", "--target", "load", "--horizon", "2", "--warmup", "60", "-o", "w.plashet", *more]


def ticks(text):
    return [json.loads(line) for line in text.splitlines()]


def test_every_tick_is_one_line_and_its_error_is_that_of_the_forecast_before(write, capsys):
    write(csv(wave(90)))
    assert run(watch()) == 0
    lines = ticks(capsys.readouterr().out)
    assert [line["n"] for line in lines] == list(range(1, 91))
    assert lines[0]["warmup"] == "1/60"
    assert lines[58]["forecast"] is None
    for before, now in pairwise(lines[59:]):
        assert now["error"] == pytest.approx(abs(now["value"] - before["forecast"][0]))
        assert now["time"] == before["next"]
    errors = [line["error"] for line in lines[60:]]
    assert lines[-1]["mae"] == pytest.approx(np.mean(errors))
    assert lines[-1]["lo-80"][0] < lines[-1]["forecast"][0] < lines[-1]["hi-80"][0]


@pytest.mark.parametrize("cut", [40, 75])
def test_a_watch_that_is_cut_and_started_again_goes_on_bit_equal(write, capsys, cut):
    """Cut in the warm-up and after it; the second run skips the rows that it knows."""
    write(csv(wave(90)))
    assert run(watch()) == 0
    whole = ticks(capsys.readouterr().out)
    os.remove("w.plashet")
    write(csv(wave(cut)))
    assert run(watch()) == 0
    first = ticks(capsys.readouterr().out)
    write(csv(wave(90)))
    assert run(watch()) == 0
    said = capsys.readouterr()
    assert first + ticks(said.out) == whole
    assert f"going on with w.plashet after {cut} ticks" in said.err


def test_bad_rows_are_told_and_never_stop_the_stream(write, capsys):
    text = csv(wave(90)).splitlines()
    text[70] = text[70].split(",")[0] + ",broken"
    text[75] = "2026-01-04T02:00"
    text[80] = "not a time,50.0"
    write("\n".join(text) + "\n")
    assert run(watch()) == 0
    said = capsys.readouterr()
    lines = ticks(said.out)
    assert "line 71, column load: 'broken' is not a finite number; taken as missing" in said.err
    assert "line 76: 1 cells, but the header has 2; the row is skipped" in said.err
    assert "line 81: 'not a time' is not a time; the row is skipped" in said.err
    assert len(lines) == 88
    assert lines[69]["value"] is None
    assert lines[-1]["error"] is not None


def test_frozen_models_forecast_and_do_not_learn(folder, write, capsys):
    more = csv(wave(30, start=ROWS), start=ROWS)
    model = str(folder / "out" / "model.plashet")
    write(more)
    made = {}
    for kind in ("--learn", "--freeze"):
        assert run(["watch", "t.csv", "-t", "load", "-m", model, kind, "-o", f"{kind[2:]}.plashet"]) == 0
        made[kind] = ticks(capsys.readouterr().out)
    assert made["--learn"][0]["error"] == made["--freeze"][0]["error"]
    assert made["--learn"][-1]["forecast"] != made["--freeze"][-1]["forecast"]
    import plashet as pl
    from plashet.cli.watcher import Watched

    before, after = pl.load(model), pl.load("freeze.plashet", (Watched,)).model
    for a, b in zip(before.fitted[0].track.knowledge, after.fitted[0].track.knowledge, strict=True):
        np.testing.assert_array_equal(a.w, b.w)


def test_json_lines_without_time_are_watched_too(write, capsys):
    write("".join(json.dumps({"load": round(v, 3), "more": "x"}) + "\n" for v in wave(70)))
    assert run(watch()) == 0
    lines = ticks(capsys.readouterr().out)
    assert len(lines) == 70
    assert lines[-1]["time"] is None
    assert lines[-1]["error"] is not None


def started(*arguments, **options):
    typed = [sys.executable, "-m", "plashet", *arguments]
    return subprocess.Popen(typed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def test_an_interrupted_watch_saves_what_it_learnt(write):
    import plashet as pl
    from plashet.cli.watcher import Watched

    write(csv(wave(70)))
    process = started(*watch("--follow"))
    lines = [process.stdout.readline() for _ in range(70)]
    with open("t.csv", "a") as file:  # half a line is no line yet
        file.write("2026-01-03T22:00,5")
    time.sleep(0.5)
    with open("t.csv", "a") as file:
        file.write("1.5\n")
    lines.append(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(lines[-1])["value"] == 51.5
    assert pl.load("w.plashet", (Watched,)).n == 71
    assert "Traceback" not in err


def test_a_reader_that_leaves_does_not_cost_what_was_learnt(write):
    import plashet as pl
    from plashet.cli.watcher import Watched

    write(csv(wave(90)))
    process = started(*watch())
    process.stdout.readline()
    process.stdout.close()
    process.wait(timeout=60)
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert pl.load("w.plashet", (Watched,)).n >= 1


def test_the_model_is_saved_every_so_many_ticks(write, monkeypatch):
    from plashet.cli.watcher import Watcher

    saved = []
    monkeypatch.setattr(Watcher, "save", lambda self, path: saved.append(self.n))
    write(csv(wave(35)))
    assert run(watch("--save-every", "10")) == 0
    assert saved == [10, 20, 30, 35]


def test_inspect_says_what_a_watch_and_a_model_have_learnt(folder, write, capsys):
    write(csv(wave(70)))
    assert run(watch("--quiet")) == 0
    capsys.readouterr()
    assert run(["inspect", "w.plashet", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["target"], found["rows seen"]) == ("watch", "load", 70)
    assert found["liquid 1"]["radius"] == pytest.approx(0.9, abs=0.05)
    assert run(["inspect", str(folder / "out" / "model.plashet")]) == 0
    assert "Next: plashet watch" in capsys.readouterr().out
