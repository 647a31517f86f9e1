"""Sound files: what is read is what was written, and what is no sound is refused in words, by name."""

import builtins
import struct
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plashet.data import (
    NoSoundFile,
    RateError,
    Recordings,
    Sound,
    SoundError,
    read_sound,
    recordings,
    resampled,
    wav,
    write_sound,
)

X = np.random.default_rng(0).uniform(-1, 1, (500, 2))


def without(monkeypatch, *names):
    """As if these libraries were not installed."""
    real = builtins.__import__

    def importing(name, *rest, **more):
        if name in names:
            raise ImportError(f"No module named {name!r}")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", importing)


def raw(data=b"", codec=1, channels=1, rate=8000, bits=16, size=None, frame=None, extra=b"", before=b""):
    """A WAV file as told, right or wrong."""
    frame = channels * bits // 8 if frame is None else frame
    form = struct.pack("<HHIIHH", codec, channels, rate, (rate * frame) & 0xFFFFFFFF, frame, bits) + extra
    size = len(data) if size is None else size
    body = b"WAVE" + before + b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", len(body) & 0xFFFFFFFF) + body


# reading and writing


@pytest.mark.parametrize("samples", [X[:, 0], X], ids=["mono", "stereo"])
@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", "float32", "float64"])
def test_every_kind_of_wav_is_read_as_scipy_reads_it(tmp_path, kind, samples):
    from scipy.io import wavfile

    scale, middle = {"uint8": (127, 128), "int16": (2**15 - 1, 0), "int32": (2**31 - 1, 0)}.get(kind, (1, 0))
    stored = (samples * scale + middle).astype(kind)
    wavfile.write(tmp_path / "a.wav", 8000, stored)
    sound = read_sound(tmp_path / "a.wav")
    rate, values = wavfile.read(tmp_path / "a.wav")
    full = {"uint8": 2.0**7, "int16": 2.0**15, "int32": 2.0**31}.get(kind, 1.0)
    wanted = (values.astype(np.float64) - middle) / full
    wanted = wanted if samples.ndim == 1 else wanted.mean(axis=1)
    assert sound.rate == rate == 8000
    assert sound.samples.dtype == np.float32
    assert sound.samples.flags.c_contiguous
    np.testing.assert_allclose(sound.samples, wanted, atol=1e-7)
    assert sound.seconds == 500 / 8000


@pytest.mark.parametrize(
    ("name", "subtype", "error"),
    [("a.wav", "PCM_24", 2e-7), ("a.flac", "PCM_16", 2e-5), ("a.flac", "PCM_24", 2e-7), ("a.ogg", "VORBIS", 1.0)],
)
def test_24_bits_flac_and_ogg_are_read(tmp_path, name, subtype, error):
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(tmp_path / name, X, 16000, subtype=subtype)
    sound = read_sound(tmp_path / name)
    assert sound.rate == 16000
    np.testing.assert_allclose(sound.samples, X.mean(axis=1), atol=error)


def test_parts_that_are_not_sound_are_passed_over_without_a_word(tmp_path):
    data = np.arange(5, dtype="<i2").tobytes()
    (tmp_path / "a.wav").write_bytes(raw(data, before=b"LIST\x03\x00\x00\x00abc\x00") + b"junk after the sound")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(read_sound(tmp_path / "a.wav").samples * 32768, np.arange(5))
    extensible = struct.pack("<HHIH", 22, 16, 0, 1) + b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
    (tmp_path / "b.wav").write_bytes(raw(data, codec=0xFFFE, extra=extensible))
    assert len(read_sound(tmp_path / "b.wav").samples) == 5
    (tmp_path / "c.wav").write_bytes(raw(data, size=0xFFFFFFFF))  # as written into a pipe
    assert len(read_sound(tmp_path / "c.wav").samples) == 5
    (tmp_path / "d.wav").write_bytes(raw(data + b"\x01"))  # half a sample more
    assert len(read_sound(tmp_path / "d.wav").samples) == 5


def test_what_was_written_comes_back(tmp_path):
    path = tmp_path / "a.wav"
    whole = np.array([-32768, -1, 0, 1, 32767], np.int16)
    for given_samples in (whole, whole / 32768):
        write_sound(path, given_samples, 8000)
        assert np.array_equal(read_sound(path, rate=8000).samples * 32768, whole)
    write_sound(path, np.array([-3.0, 3.0, 1e-9]), 8000)
    assert read_sound(path).samples.tolist() == [-1.0, 32767 / 32768, 0.0]
    write_sound(path, X, 44100)
    np.testing.assert_allclose(read_sound(path).samples, X.mean(axis=1), atol=2e-5)
    for wrong, rate, says in (
        (np.zeros(0), 8000, r"samples are \(0,\)"),
        (np.zeros((2, 2, 2)), 8000, r"\(2, 2, 2\)"),
        (np.zeros(3, int), 8000, "samples are int64"),
        (np.array([np.nan]), 8000, "finite floats"),
        (np.zeros(3), 0, "rate is in samples per second, got 0"),
    ):
        with pytest.raises(ValueError, match=says):
            write_sound(path, wrong, rate)


# hostile files


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"hello, this is text", "is neither WAV, FLAC nor OGG: it begins with b'hello, this '"),
        (b"RIFF", "is neither WAV"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "is neither WAV"),
        (b"RIFF\x04\x00\x00\x00WAVE", "is a damaged WAV file: it has no format"),
        (raw(b"\0" * 8)[:30], "its format has 10 bytes, wanted 16 or more"),
        (raw(b"\0" * 8)[:36], "it has no sound"),
        (raw(b"\0" * 8, size=10**6), "is cut short: its header says 1000000 bytes of sound, 8 are there"),
        (raw(b"\0" * 100)[:-3], "is cut short: its header says 100 bytes of sound, 97 are there"),
        (raw(), "holds no samples"),
        (raw(b"\0"), "holds no samples"),
        (raw(b"\0" * 8, rate=0), "1 channels of 0 samples per second"),
        (raw(b"\0" * 8, rate=0xFFFFFFFF), "1 channels of 4294967295 samples per second"),
        (raw(b"\0" * 8, channels=0, frame=2), "0 channels"),
        (raw(b"\0" * 8, frame=3), "1 channels of 16 bits in 3 bytes"),
        (raw(b"\0" * 8, bits=12, frame=2), "12 bits"),
        (raw(b"\0" * 8, channels=65535, frame=2), "65535 channels of 16 bits in 2 bytes"),
        (raw(b"\0" * 8, codec=7, bits=8), "codec 7 with 8 bits; PCM of 8 to 32 and floats are read"),
        (raw(b"\0" * 8, codec=3, bits=16), "codec 3 with 16 bits"),
        (raw(np.array([0, -2e300]).tobytes(), 3, bits=64), r"holds samples as large as 2e\+300, wanted -1 to 1"),
        (
            raw(np.array([0, np.nan, np.inf], "<f4").tobytes(), 3, bits=32),
            "2 samples that are no numbers, the first is 1",
        ),
    ],
)
def test_a_file_that_is_no_sound_says_what_it_is(tmp_path, content, says):
    path = tmp_path / "it.wav"
    path.write_bytes(content)
    with pytest.raises(SoundError, match=says) as caught:
        read_sound(path)
    assert str(path) in str(caught.value)
    assert isinstance(caught.value, ValueError)


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, 60), byte=st.integers(0, 255), length=st.integers(0, 64))
def test_no_damage_makes_another_error(tmp_path_factory, place, byte, length):
    content = bytearray(raw(np.arange(10, dtype="<i2").tobytes()))
    content[place] = byte
    path = tmp_path_factory.getbasetemp() / "damaged.wav"
    path.write_bytes(content[:length])
    try:
        sound = read_sound(path)
    except SoundError:
        return
    assert np.isfinite(sound.samples).all()


def test_damaged_flac_is_refused_by_name(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(tmp_path / "a.flac", X, 8000)
    (tmp_path / "b.flac").write_bytes((tmp_path / "a.flac").read_bytes()[:60])
    (tmp_path / "c.ogg").write_bytes(b"OggS and nothing else")
    for name in ("b.flac", "c.ogg"):
        with pytest.raises(SoundError, match=f"{name}"):
            read_sound(tmp_path / name)


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(SoundError, match=r"is a folder, not a sound file: recordings\(path\)"):
        read_sound(tmp_path)
    with pytest.raises(NoSoundFile, match=r"there is no file .*nothing\.wav") as caught:
        read_sound(tmp_path / "nothing.wav")
    assert isinstance(caught.value, FileNotFoundError)
    assert isinstance(caught.value, SoundError)


def test_flac_without_the_extra_names_it(tmp_path, monkeypatch):
    (tmp_path / "a.flac").write_bytes(b"fLaC and more")
    without(monkeypatch, "soundfile")
    with pytest.raises(
        ImportError, match=r'a.flac is a FLAC file, which needs soundfile: pip install "plashet\[audio\]"'
    ):
        read_sound(tmp_path / "a.flac")


# rates


def test_another_rate_is_refused_by_name_with_the_way_out(tmp_path):
    write_sound(tmp_path / "a.wav", X, 16000)
    with pytest.raises(RateError, match=r"a\.wav has 16000 samples per second, wanted 8000: resampled\(") as caught:
        read_sound(tmp_path / "a.wav", rate=8000)
    assert (caught.value.rate, caught.value.wanted) == (16000, 8000)
    assert isinstance(caught.value, SoundError)


@pytest.mark.parametrize("by", ["soxr", "scipy"])
@pytest.mark.parametrize(("rate", "wanted"), [(16000, 8000), (8000, 16000), (44100, 8000), (11025, 12000)])
def test_a_tone_of_another_rate_is_the_same_tone(monkeypatch, by, rate, wanted):
    if by == "soxr":
        pytest.importorskip("soxr")
    else:
        without(monkeypatch, "soxr")
    t = np.arange(rate) / rate
    sound = resampled(Sound(np.sin(2 * np.pi * 440 * t).astype(np.float32), rate), wanted)
    assert sound.rate == wanted
    assert abs(len(sound.samples) - wanted) <= 1
    middle = slice(wanted // 4, 3 * wanted // 4)
    expected = np.sin(2 * np.pi * 440 * np.arange(len(sound.samples)) / wanted)
    np.testing.assert_allclose(sound.samples[middle], expected[middle], atol=2e-3)


def test_resampling_takes_away_what_the_lower_rate_cannot_hold():
    tone = np.sin(2 * np.pi * 7000 * np.arange(16000) / 16000).astype(np.float32)
    assert np.abs(resampled(Sound(tone, 16000), 8000).samples[1000:-1000]).max() < 0.01
    sound = Sound(tone, 16000)
    assert resampled(sound, 16000) is sound
    with pytest.raises(ValueError, match="rate is in samples per second, got 0"):
        resampled(sound, 0)


# folders and manifests


@pytest.fixture
def folder(tmp_path):
    for label in ("one", "two"):
        (tmp_path / label).mkdir()
        for speaker in ("ann", "bob"):
            write_sound(tmp_path / label / f"{label}_{speaker}_0.wav", X, 8000)
    (tmp_path / "one" / ".hidden.wav").write_bytes(b"no sound")
    (tmp_path / "one" / "notes.txt").write_text("no sound")
    return tmp_path


def test_a_folder_is_its_sub_folders(folder):
    found = recordings(folder)
    assert found.labels == ("one", "one", "two", "two")
    assert found.classes == ("one", "two")
    assert found.groups is None
    assert [p.name for p in found.paths] == ["one_ann_0.wav", "one_bob_0.wav", "two_ann_0.wav", "two_bob_0.wav"]
    assert len(found) == 4
    assert found[3].rate == 8000
    assert [len(s.samples) for s in found.sounds()] == [500] * 4


def test_names_can_tell_label_and_group(folder):
    found = recordings(folder, "{label}_{speaker}_{index}")
    assert found.groups == ("ann", "bob", "ann", "bob")
    some = found.select(np.array(found.groups) == "bob")
    assert (some.labels, some.groups) == (("one", "two"), ("bob", "bob"))
    assert found.select([2]).labels == ("two",)
    assert recordings(folder, "{split}/{label}_{group}_{index}").split == ("one", "one", "two", "two")
    flat = recordings(folder / "one", "{label}_{speaker}_{index}")
    assert flat.labels == ("one", "one")


def test_a_folder_that_tells_no_class_says_so(folder, tmp_path):
    with pytest.raises(SoundError, match=r"one_ann_0\.wav lies in no sub-folder that would tell its class"):
        recordings(folder / "one")
    with pytest.raises(
        SoundError, match=r"the name of .*one_ann_0\.wav does not fit the pattern '\{label\}-\{index\}'"
    ):
        recordings(folder, "{label}-{index}")
    for wrong in ("{who}_{label}", "nothing", "{label}_{label}"):
        with pytest.raises(SoundError, match=r"needs each at most once of \{label\}, \{group\}"):
            recordings(folder, wrong)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SoundError, match=r"holds no sound files: wanted a sub-folder per class of \.wav"):
        recordings(tmp_path / "empty")
    with pytest.raises(NoSoundFile, match="there is no folder or manifest"):
        recordings(tmp_path / "nowhere")
    with pytest.raises(SoundError, match="is one sound file"):
        recordings(folder / "one" / "one_ann_0.wav")


def test_a_file_of_another_rate_in_a_folder_is_named(folder):
    write_sound(folder / "two" / "two_bob_0.wav", X, 16000)
    with pytest.raises(RateError, match=r"two_bob_0\.wav has 16000 samples per second, wanted 8000"):
        list(recordings(folder).sounds())
    assert {s.rate for s in recordings(folder).sounds(resample=True)} == {8000}
    with pytest.raises(RateError, match=r"one_ann_0\.wav has 8000"):
        list(recordings(folder).sounds(rate=16000))


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_manifest_lists_files_relative_to_itself(folder, separator):
    lines = ["File,Label,speaker,split", "one/one_ann_0.wav,1,ann,train", "", "two/two_bob_0.wav,2,bob,test", ""]
    (folder / "list.csv").write_text("\ufeff" + "\r\n".join(lines).replace(",", separator), encoding="utf-8")
    found = recordings(folder / "list.csv")
    assert isinstance(found, Recordings)
    assert (found.labels, found.groups, found.split) == (("1", "2"), ("ann", "bob"), ("train", "test"))
    assert found[1].rate == 8000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "lists no files"),
        (b"file,label\n", "lists no files"),
        (b"file,class\na.wav,1\n", "line 1: no column label among file, class"),
        (b"file,label\none/one_ann_0.wav,1\nx.wav,2\n", r"line 3: there is no file .*x\.wav"),
        (b"file,label\none/one_ann_0.wav\n", "line 2: 1 cells, but 2 columns"),
        (b"file,label\none/one_ann_0.wav,1,2\n", "line 2: 3 cells, but 2 columns"),
        (b"file,label\none/one_ann_0.wav,\n", "line 2: label is empty"),
        (b"file,label\n,1\n", "line 2: file is empty"),
        (b"file,label\none/one_ann_0.wav,1\none/one_ann_0.wav,2\n", "line 3: one/one_ann_0.wav was on line 2 already"),
        (b"file,label\none/one_ann_0.wav,\xff\n", "line 2: not UTF-8 text"),
    ],
)
def test_a_manifest_that_is_wrong_names_the_line(folder, text, says):
    (folder / "list.csv").write_bytes(text)
    with pytest.raises(SoundError, match=says):
        recordings(folder / "list.csv")
    with pytest.raises(SoundError, match="a pattern is for folders"):
        recordings(folder / "list.csv", "{label}")


def test_the_bytes_of_a_file_are_what_scipy_writes(tmp_path):
    from scipy.io import wavfile

    whole = (X[:, 0] * 32767).astype(np.int16)
    wavfile.write(tmp_path / "a.wav", 8000, whole)
    assert (tmp_path / "a.wav").read_bytes() == wav.build(whole, 8000)
