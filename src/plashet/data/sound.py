"""Sound files: read, brought to one channel and one rate, written."""

from __future__ import annotations

import os
from math import gcd
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import wav

EXTRA = 'pip install "plashet[audio]"'
OTHERS = {b"fLaC": "FLAC", b"OggS": "OGG"}  # by the extra `audio`
LOUDEST = 1000.0  # of floats: a little more than 1 is sound that was turned up, this is another scale


class Sound(NamedTuple):
    """One recording of one channel."""

    samples: NDArray[np.float32]  # (time,), in [-1, 1]
    rate: int  # [Hz] samples per second

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


class SoundError(ValueError):
    """A file that cannot be read as sound, named, with what is wrong with it."""


class NoSoundFile(SoundError, FileNotFoundError):
    """There is nothing at that place."""


class RateError(SoundError):
    """A recording of another rate than was wanted."""

    def __init__(self, path: object, rate: int, wanted: int):
        super().__init__(
            f"{path} has {rate} samples per second, wanted {wanted}: resampled(read_sound(path), {wanted}), "
            "or one rate for all files"
        )
        self.path, self.rate, self.wanted = str(path), rate, wanted


def read_sound(path: str | os.PathLike[str], rate: int | None = None) -> Sound:
    """Read a WAV file (8, 16, 24 or 32 bits, or floats), or with the extra `audio` FLAC or OGG; channels are averaged.

    What a file is, its content says, not its name. Raises SoundError, a ValueError, for a file that is empty, cut
    short, damaged, of no known kind, without samples, or with samples that are no numbers; NoSoundFile, which is a
    FileNotFoundError too, if there is none; RateError if `rate` [Hz] is given and is not the file's; ImportError,
    naming the extra, for a kind that needs it.
    """
    path = Path(path)
    content = _content(path)
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        sound = _wav(path, content)
    elif content[:4] in OTHERS:
        sound = _by_soundfile(path, OTHERS[content[:4]])
    elif not content:
        raise SoundError(f"{path} is empty")
    else:
        raise SoundError(f"{path} is neither WAV, FLAC nor OGG: it begins with {content[:12]!r}")
    if rate is not None and sound.rate != rate:
        raise RateError(path, sound.rate, rate)
    return sound


def write_sound(path: str | os.PathLike[str], samples: Any, rate: int) -> None:
    """Write a WAV file of 16 bits: samples (time,) or (time, channels), floats in [-1, 1] (clipped), or int16 as is.

    Floats are rounded to x * 32768, so that int16 / 32768 comes back bit-equal. Raises ValueError for other samples.
    """
    given = np.asarray(samples)
    if given.ndim not in (1, 2) or not given.size:
        raise ValueError(f"samples are {given.shape}, wanted (time,) or (time, channels)")
    if given.dtype != np.int16:
        if given.dtype.kind != "f" or not np.isfinite(given).all():
            raise ValueError(f"samples are {given.dtype}, wanted int16 or finite floats in [-1, 1]")
        given = np.clip(np.rint(given * 32768.0), -32768, 32767).astype(np.int16)
    if not 0 < int(rate) <= wav.HIGHEST_RATE:
        raise ValueError(f"rate is in samples per second, got {rate}")
    wav.write(Path(path), given, int(rate))


def resampled(sound: Sound, rate: int) -> Sound:
    """The same sound at `rate` [Hz], by soxr if it is installed (extra `audio`), else by SciPy's polyphase filter.

    Both suppress what lies above half the lower rate. Raises ValueError for a rate that is not positive.
    """
    if not 0 < rate <= wav.HIGHEST_RATE:
        raise ValueError(f"rate is in samples per second, got {rate}")
    if rate == sound.rate:
        return sound
    try:
        import soxr
    except ImportError:
        from scipy.signal import resample_poly

        shared = gcd(rate, sound.rate)
        changed = resample_poly(sound.samples.astype(np.float64), rate // shared, sound.rate // shared)
    else:
        changed = soxr.resample(sound.samples, sound.rate, rate)
    return Sound(np.asarray(changed, np.float32), int(rate))


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise SoundError(f"{path} is a folder, not a sound file: recordings(path) reads a folder of them")
    if not path.exists():
        raise NoSoundFile(f"there is no file {path}")
    if not path.is_file():
        raise SoundError(f"{path} is not a file")
    try:
        return path.read_bytes()
    except OSError as error:
        raise SoundError(f"{path} cannot be read: {error.strerror}") from error


def _wav(path: Path, content: bytes) -> Sound:
    try:
        values, form = wav.parse(content)
    except wav.WavError as error:
        raise SoundError(f"{path} {error}") from None
    return Sound(to_mono(path, values), form.rate)


def _by_soundfile(path: Path, kind: str) -> Sound:
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: it is there, but not the library that it wraps
        raise ImportError(f"{path} is a {kind} file, which needs soundfile: {EXTRA}") from error
    try:
        values, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (RuntimeError, ValueError, TypeError) as error:
        raise SoundError(f"{path} is a damaged {kind} file: {error}") from error
    return Sound(to_mono(path, values), int(rate))


def to_mono(path: Path | str, values: NDArray[Any]) -> NDArray[np.float32]:
    """Samples (time, channels) as stored -> (time,) in [-1, 1]."""
    if not len(values):
        raise SoundError(f"{path} holds no samples")
    if values.dtype.kind == "f":
        bad = ~np.isfinite(values).all(axis=1)
        if bad.any():
            raise SoundError(f"{path} holds {bad.sum()} samples that are no numbers, the first is {int(bad.argmax())}")
        if (largest := np.abs(values).max()) > LOUDEST:
            raise SoundError(f"{path} holds samples as large as {largest:g}, wanted -1 to 1: divide by the full range")
        scaled = values
    elif values.dtype == np.uint8:
        scaled = (values - np.float64(128)) / 128.0
    else:
        scaled = values / float(2 ** (8 * values.dtype.itemsize - 1))
    one = scaled[:, 0] if scaled.shape[1] == 1 else scaled.mean(axis=1, dtype=np.float64)
    return np.ascontiguousarray(one, np.float32)
