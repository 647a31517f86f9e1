"""Sound that comes bit by bit: a WAV file or a pipe read as it grows, in memory that does not grow with it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import chain
from math import gcd
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import wav
from .sound import SoundError, to_mono

LARGEST_PART = 1 << 24  # bytes of what stands before the sound in a WAV file
AROUND = 10  # samples of the lower rate on both sides that resampling looks at: the filter of SciPy's resample_poly


class Stream(NamedTuple):
    """Sound still to come."""

    rate: int  # [Hz]
    chunks: Iterator[NDArray[np.float32]]  # (time,) in [-1, 1], of any length


def sound_stream(file: Any, name: str = "the stream", raw: int | None = None, seconds: float = 0.1) -> Stream:
    """Sound from a binary file or pipe, as it comes: at most so many seconds in a chunk; channels are averaged.

    A WAV file of any kind that `read_sound` takes; its header is read now, a size that it gives is not waited for. raw
    [Hz]: no header, but 16-bit little-endian samples of one channel. Raises SoundError for what is neither, and, while
    reading, for samples that are no numbers.
    """
    form = wav.Format(wav.PCM, 1, raw, 16) if raw is not None else _header(file, name)
    frame = form.channels * form.bits // 8
    size = max(1, round(seconds * form.rate)) * frame
    return Stream(form.rate, _chunks(file, name, form, size))


def at_rate(stream: Stream, rate: int) -> Stream:
    """The same sound at `rate` [Hz]: SciPy's polyphase filter, piece by piece, equal to that of the whole."""
    return stream if rate == stream.rate else Stream(rate, _resampled(stream, rate))


def _header(file: Any, name: str) -> wav.Format:
    """The format, with the file standing at its first sample."""
    first = _exactly(file, 12)
    if first[:4] != b"RIFF" or first[8:12] != b"WAVE":
        told = f"it begins with {first!r}" if first else "it is empty"
        raise SoundError(f"{name} is not WAV: {told}")
    found = None
    while True:
        part = _exactly(file, 8)
        if len(part) < 8:
            raise SoundError(f"{name} is a damaged WAV file: it has no sound")
        kind, size = struct.unpack("<4sI", part)
        if kind == b"data":
            break
        if size > LARGEST_PART:
            raise SoundError(f"{name} is a damaged WAV file: a part of {size} bytes before its sound")
        body = _exactly(file, size + size % 2)
        if kind == b"fmt ":
            found = body
    try:
        if found is None:
            raise wav.WavError("is a damaged WAV file: it has no format")
        form = wav.format_of(found)
        wav.samples_of(b"", form)  # says if it cannot be read
    except wav.WavError as error:
        raise SoundError(f"{name} {error}") from None
    return form


def _exactly(file: Any, size: int) -> bytes:
    """So many bytes, or what there is until the end."""
    content = b""
    while len(content) < size and (more := file.read(size - len(content))):
        content += more
    return content


def _chunks(file: Any, name: str, form: wav.Format, size: int) -> Iterator[NDArray[np.float32]]:
    read = getattr(file, "read1", file.read)  # of a pipe: what is there, without waiting for more
    frame, kept = form.channels * form.bits // 8, b""
    while more := read(size):
        kept += more
        whole = len(kept) // frame * frame
        if whole:
            yield to_mono(name, wav.samples_of(kept[:whole], form))
            kept = kept[whole:]


def _resampled(stream: Stream, rate: int) -> Iterator[NDArray[np.float32]]:
    """Blocks whose ends fall on whole samples of both rates, each with what the filter needs around it."""
    from scipy.signal import resample_poly

    shared = gcd(rate, stream.rate)
    up, down = rate // shared, stream.rate // shared
    needed = -(-AROUND * max(up, down) // up)
    around = (-(-needed // down) + 1) * down
    kept: NDArray[np.floating[Any]] = np.zeros(around)
    silence: NDArray[Any] = np.zeros(around)  # so that the last block is heard to its end
    for chunk in chain[NDArray[Any]](stream.chunks, (silence,)):
        kept = np.concatenate((kept, chunk))
        whole = (len(kept) - 2 * around) // down * down
        if whole > 0:
            moved = resample_poly(kept[: whole + 2 * around], up, down)
            yield moved[around * up // down : (whole + around) * up // down].astype(np.float32)
            kept = kept[whole:]
