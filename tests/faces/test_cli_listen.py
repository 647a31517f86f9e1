"""Continuous sound through `listen`: what is heard and when, bit by bit, in bounded time and memory, and its faults."""

import io
import json
import subprocess
import sys
import time

import numpy as np
import pytest
from sounds import RATE, call_folder
from test_cli_classify import fails

import plashet as pl
from plashet.classify.listening import Cut, Voice, listen, spans
from plashet.cli import run
from plashet.data import SoundError, at_rate, birds, calls, resampled, sound_stream, wav, write_sound
from plashet.encode.audio import LogMel

NOISE = 0.002


def string(seed=0, count=8, kinds=("fall", "rise", "trill")):
    """Calls of a bird that is in no file, in noise: samples, and (start, end, label) of each in seconds."""
    rng = np.random.default_rng(seed)
    given = [c for c in calls(birds(4, 1)[-1:], 4, RATE, 9) if c.label in kinds]
    parts, places, now = [], [], 0
    for i in rng.permutation(len(given))[:count]:
        pause = np.zeros(int(rng.uniform(0.5, 1.2) * RATE))
        now += len(pause)
        places.append((now / RATE, (now + len(given[i].samples)) / RATE, given[i].label))
        now += len(given[i].samples)
        parts += [pause, given[i].samples]
    samples = np.concatenate([*parts, np.zeros(RATE)])
    return (samples + NOISE * rng.normal(size=len(samples))).astype(np.float32), places


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model file taught three kinds of calls."""
    path = tmp_path_factory.mktemp("model")
    call_folder(path / "calls", each=8)
    typed = ["classify", str(path / "calls"), "--units", "80", "-o", str(path / "out"), "--quiet"]
    assert run(typed) == 0
    return str(path / "out" / "model.plashet")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


# events


def test_each_call_is_one_event_where_it_is(model):
    samples, places = string(count=10)
    events = list(listen(pl.load(model), [samples]))
    assert len(events) == len(places)
    for event, (start, end, _) in zip(events, places, strict=True):
        assert event.start == pytest.approx(start, abs=0.1)
        assert event.end == pytest.approx(end, abs=0.13)
    assert np.mean([e.label == label for e, (_, _, label) in zip(events, places, strict=True)]) >= 0.8


def test_an_event_is_called_what_its_samples_are_called_as_a_recording(model):
    recogniser, (samples, _) = pl.load(model), string()
    for span, event in zip(spans(LogMel(RATE, 20), [samples]), listen(recogniser, [samples]), strict=True):
        assert span[:3] == event[:3]
        np.testing.assert_array_equal(recogniser.scores([span.samples])[0], event.scores)
        start = round(span.start * RATE)
        np.testing.assert_array_equal(span.samples, samples[start : start + len(span.samples)])


@pytest.mark.parametrize("size", [1, 7, 800, 5000])
def test_events_do_not_depend_on_how_the_sound_comes(size):
    samples, _ = string(count=2)
    whole = list(spans(LogMel(RATE, 20), [samples]))
    cut = list(spans(LogMel(RATE, 20), (samples[a : a + size] for a in range(0, len(samples), size))))
    assert [s[:3] for s in whole] == [s[:3] for s in cut]
    assert all((a.samples == b.samples).all() for a, b in zip(whole, cut, strict=True))


def test_an_event_is_told_within_the_gap_and_a_few_frames(model):
    samples, places = string()
    for event, (_, end, _) in zip(listen(pl.load(model), [samples]), places, strict=True):
        assert event.told - end < Cut().gap + 0.13


def test_a_longer_background_is_learnt_and_noise_alone_is_no_event():
    rng = np.random.default_rng(0)
    quiet, loud = 0.001 * rng.normal(size=20 * RATE), 0.02 * rng.normal(size=60 * RATE)
    found = list(spans(LogMel(RATE, 20), [quiet, loud]))
    assert all(19.9 < s.start < 45 for s in found)  # until the louder background is learnt
    assert not list(spans(LogMel(RATE, 20), [loud]))
    assert not list(spans(LogMel(RATE, 20), [np.zeros(RATE)]))
    assert not list(spans(LogMel(RATE, 20), []))


def test_what_goes_on_too_long_is_cut_and_what_is_too_short_is_no_event():
    rng = np.random.default_rng(0)
    sound = 0.001 * rng.normal(size=12 * RATE)
    sound[4 * RATE : 8 * RATE] += np.sin(np.arange(4 * RATE))
    found = list(spans(LogMel(RATE, 20), [sound], Cut(longest=1.0)))
    assert len(found) >= 3
    assert all(s.end - s.start < 1.2 for s in found)
    click = 0.001 * rng.normal(size=4 * RATE)
    click[2 * RATE : 2 * RATE + 80] += 0.5
    assert not list(spans(LogMel(RATE, 20), [click]))


def test_the_background_follows_its_equation():
    """Against the rule written out for one band at a time."""
    rng = np.random.default_rng(1)
    x, dt, voice = rng.normal(size=(200, 3)).cumsum(axis=0), 0.01, Voice(3)
    x[50, 1] = np.nan
    state = voice.init(x[0])
    n, e = x[0].copy(), 0.0
    for row in x:
        state, out = voice.step(state, row, dt)
        seen = np.where(np.isnan(row), n, row)
        v = np.mean([max(0.0, a - b) for a, b in zip(seen, n, strict=True)]) * 10 / np.log(10)
        e = v + (e - v) * np.exp(-dt / 0.02)
        for b in range(3):
            tau = 0.25 if seen[b] < n[b] else 8.0 if e > 4.0 else 0.5
            n[b] = seen[b] + (n[b] - seen[b]) * np.exp(-dt / tau)
        assert out[0] == pytest.approx(e)
        np.testing.assert_allclose(state.level, n)


def test_a_cut_that_cannot_be_is_refused():
    for wrong in ({"on": 3.0, "off": 4.0}, {"gap": 0.0}, {"longest": 0.05}):
        with pytest.raises(ValueError, match="wanted on >= off"):
            Cut(**wrong)


def test_memory_does_not_grow_with_the_sound():
    """What is held at once is the same after ten times as much sound."""
    import tracemalloc

    samples, _ = string(count=6)
    bits = [samples[a : a + 4000] for a in range(0, len(samples), 4000)]
    ear = LogMel(RATE, 20)
    list(spans(ear, bits))
    tracemalloc.start()
    most = 0
    for k, _ in enumerate(spans(ear, (b for _ in range(10) for b in bits))):
        if k == 6:
            tracemalloc.reset_peak()
            most = tracemalloc.get_traced_memory()[1]
    grown = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert grown < most + 1_000_000


# sound as it comes


def test_a_stream_is_the_file_bit_by_bit(tmp_path):
    samples, _ = string(count=2)
    path = tmp_path / "s.wav"
    write_sound(path, samples, RATE)
    with path.open("rb") as file:
        stream = sound_stream(file)
        assert stream.rate == RATE
        chunks = list(stream.chunks)
    assert max(map(len, chunks)) <= RATE // 10
    np.testing.assert_array_equal(np.concatenate(chunks), pl.data.read_sound(path).samples)


@pytest.mark.parametrize(("rate", "wanted"), [(16000, 8000), (8000, 16000), (44100, 8000), (11025, 16000)])
def test_a_stream_is_resampled_as_the_whole_is(rate, wanted):
    from scipy.signal import resample_poly

    whole = np.random.default_rng(0).normal(size=3 * rate).astype(np.float32) / 4
    stream = sound_stream(io.BytesIO(wav.build(np.round(whole * 32767).astype(np.int16), rate)))
    found = np.concatenate(list(at_rate(stream, wanted).chunks))
    g = np.gcd(rate, wanted)
    twin = resample_poly(np.round(whole * 32767).astype(np.int16) / 32768, wanted // g, rate // g)
    assert len(found) >= len(twin) - 0.01 * wanted
    np.testing.assert_allclose(found[: len(twin)], twin[: len(found)], atol=1e-6)


def test_a_header_is_checked_before_it_is_believed():
    good = wav.build(np.zeros(100, np.int16), RATE)
    for broken, told in (
        (b"", "it is empty"),
        (b"ID3\x03 and so on....", "begins with"),
        (good[:20], "damaged"),
        (good[:22] + b"\0\0" + good[24:], "0 channels"),
        (good[:12] + b"LIST\xff\xff\xff\x7f" + good[12:], "before its sound"),
    ):
        with pytest.raises(SoundError, match=told):
            list(sound_stream(io.BytesIO(broken)).chunks)
    endless = good[:40] + b"\xff\xff\xff\xff" + good[44:]  # as written into a pipe
    assert sum(map(len, sound_stream(io.BytesIO(endless)).chunks)) == 100


# the command


def test_a_file_is_told_event_by_event(model, here, capsys):
    samples, places = string()
    write_sound("s.wav", samples, RATE)
    assert run(["listen", model, "s.wav", "--json"]) == 0
    said = capsys.readouterr()
    events = [json.loads(line) for line in said.out.splitlines()]
    assert len(events) == len(places)
    assert set(events[0]) == {"start", "end", "told", "label", "score", "margin", "scores"}
    assert events[0]["label"] == max(events[0]["scores"], key=events[0]["scores"].get)
    assert f"{len(places)} events in {len(samples) / RATE:.1f} s" in said.err
    assert run(["listen", model, "s.wav"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == [e["label"] for e in events]


def test_less_sure_events_and_background_are_not_told(model, here, capsys):
    samples, _ = string()
    write_sound("s.wav", samples, RATE)
    assert run(["listen", model, "s.wav", "--least", "9"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "8 more not told" in said.err


def test_another_rate_is_resampled_as_it_comes(model, here, capsys):
    samples, places = string()
    write_sound("s.wav", resampled(pl.data.Sound(samples, RATE), 16000).samples, 16000)
    assert run(["listen", model, "s.wav", "--json"]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == len(places)
    assert "16,000 samples per second, the model hears 8,000" in said.err


def test_a_pipe_is_answered_before_it_ends(model):
    """Raw sound into a process that is still open: the first event comes back while the rest is not yet written."""
    samples, _ = string(count=2)
    content = np.round(samples * 32767).astype("<i2").tobytes()
    typed = [sys.executable, "-m", "plashet", "listen", model, "-", "--raw", str(RATE), "--json"]
    with subprocess.Popen(typed, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        half = len(content) // 2 // 2 * 2 + RATE
        process.stdin.write(content[:half])
        process.stdin.flush()
        first = json.loads(process.stdout.readline())  # would wait forever if it were told at the end
        process.stdin.write(content[half:])
        process.stdin.close()
        rest = process.stdout.readlines()
        assert process.wait(timeout=60) == 0
    assert first["told"] * RATE * 2 <= half
    assert len(rest) == 1


def test_a_tick_is_quick_enough_for_live_sound(model):
    samples, _ = string(count=8)
    begun = time.perf_counter()
    list(listen(pl.load(model), [samples]))
    assert time.perf_counter() - begun < len(samples) / RATE  # tens of times quicker on a quiet machine


def test_faults_of_listening_have_their_codes(model, here, capsys):
    (here / "text.wav").write_text("no sound at all")
    (here / "folder").mkdir()
    for source, code, told in (
        ("no.wav", 2, "there is no file no.wav"),
        ("folder", 2, "folder is a folder"),
        ("text.wav", 3, "text.wav is not WAV"),
    ):
        found, err = fails(capsys, "listen", model, source)
        assert found == code
        assert told in err
    code, err = fails(capsys, "listen", "no.plashet", "text.wav")
    assert code == 2
    assert "plashet classify DIR makes one" in err
