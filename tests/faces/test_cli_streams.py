"""What streams bring along: stamps in many forms, rows without one, bytes that are no text; and a start anew."""

import io
import json

import numpy as np
import pytest

from plashet.cli import run
from plashet.cli.faults import DataFault
from plashet.cli.follow import Reader
from plashet.cli.tables import parse

HORIZON = 2
START = np.datetime64("2026-01-01T00:00")


def values(rows):
    return 50 + 10 * np.sin(2 * np.pi * np.arange(rows) / 24) + np.random.default_rng(0).normal(size=rows)


def stamps(rows):
    return START + np.arange(rows) * np.timedelta64(1, "h")


def german(stamp):
    day, clock = str(stamp).split("T")
    return f"{'.'.join(reversed(day.split('-')))} {clock}"


@pytest.fixture
def watched(tmp_path, monkeypatch, capsys):
    """Watch a text, and return the ticks and what was said."""
    monkeypatch.chdir(tmp_path)

    def watch(text, *more, code=0):
        (tmp_path / "in.txt").write_text(text, encoding="utf-8")
        assert run(["watch", "in.txt", "-t", "x", "--horizon", str(HORIZON), "--warmup", "60", *more]) == code
        said = capsys.readouterr()
        return [json.loads(line) for line in said.out.splitlines()], said.err

    return watch


@pytest.mark.parametrize(
    "form",
    [str, german, lambda t: str(t.astype("datetime64[s]").astype(int)), lambda t: f"{t}+00:00"],
    ids=["iso", "german", "seconds since 1970", "zone"],
)
def test_a_stream_reads_stamps_as_a_table_does(watched, form):
    times = stamps(24 * 40)[::12]  # past the twelfth of a month and over its end
    rows = "".join(f"{form(t)};{v:.3f}\n" for t, v in zip(times, values(len(times)), strict=True))
    ticks, _ = watched("time;x\n" + rows)
    assert [tick["time"] for tick in ticks] == [str(t.astype("datetime64[s]")) for t in times]
    assert ticks[-1]["error"] is not None


def test_seconds_since_a_start_are_no_clock_and_it_is_said(watched):
    ticks, said = watched("t,x\n" + "".join(f"{k * 0.01:.2f},{v:.3f}\n" for k, v in enumerate(values(70))))
    assert len(ticks) == 70
    assert ticks[-1]["time"] is None
    assert ticks[-1]["error"] is not None
    assert "rows are taken as equally spaced (else: --time t)" in said


@pytest.mark.parametrize("hole", ["", "NaT", "nan"])
@pytest.mark.parametrize("at", [0, 30, 65])
def test_a_row_without_its_time_is_skipped_and_the_stream_goes_on(watched, hole, at):
    times = [str(t) for t in stamps(70)]
    times[at] = hole
    ticks, said = watched("time,x\n" + "".join(f"{t},{v:.3f}\n" for t, v in zip(times, values(70), strict=True)))
    assert len(ticks) == 69
    assert ticks[-1]["error"] is not None
    assert f"line {at + 2}" in said


def test_a_stream_that_begins_again_is_skipped_in_two_lines(watched):
    text = "time,x\n" + "".join(f"{t},{v:.3f}\n" for t, v in zip(stamps(80), values(80), strict=True))
    watched("".join(text.splitlines(keepends=True)[:71]))
    ticks, said = watched(text)
    assert [tick["n"] for tick in ticks] == list(range(71, 81))
    assert said.count("warning") == 2
    assert "line 72: 70 rows before it were skipped" in said


def test_a_warm_up_that_is_too_short_is_refused_at_once(watched):
    _, said = watched("x\n1\n", "--horizon", "24", "--warmup", "100", code=2)
    assert "a horizon of 24 needs 136" in said
    assert "try: --warmup 136" in said


def test_nothing_is_said_to_be_saved_where_nothing_was(watched):
    _, said = watched("time,x\n")
    assert "not saved" in said


def test_bytes_that_are_no_text_are_refused_in_words():
    with pytest.raises(DataFault, match="not text"):
        list(Reader("x", None, print).rows(iter([(1, "\x01\x02,\x03")])))
    with pytest.raises(DataFault, match="not text"):
        parse(b"time,x\n1\x00\x00,2\n", "t.csv")


def test_unicode_text_of_a_spreadsheet_is_read():
    assert parse("time\tx\n2026-01-01\t1\n".encode("utf-16"), "t.csv").columns["x"] == ["1"]


def test_a_stream_in_latin_letters_has_its_column(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": io.BytesIO("Länge\n1.5\n".encode("latin-1"))}))
    assert run(["watch", "-", "-t", "Länge"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == 1.5
