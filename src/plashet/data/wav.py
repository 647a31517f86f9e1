"""WAV files, byte by byte: whatever such a file says of itself is checked before it is believed."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
UNKNOWN_SIZE = 0x7FFFF000  # from here on a size stands for "as long as it goes", as written into pipes
HIGHEST_RATE = 10_000_000  # [Hz]; beyond it a header is damaged


class WavError(ValueError):
    """What is wrong with a WAV file, said without its name."""


class Format(NamedTuple):
    codec: int  # PCM, FLOAT, or one that is not read here
    channels: int
    rate: int  # [Hz]
    bits: int


def parse(content: bytes) -> tuple[NDArray[Any], Format]:
    """Samples (time, channels) as they are stored, and their format; 24 bits as int32, shifted to full range.

    Raises WavError for what is damaged or cut short, or if the codec is neither PCM nor float.
    """
    found, data = None, None
    for name, body, size in _chunks(content):
        if name == b"fmt ":
            found = format_of(body)
        elif name == b"data":
            if len(body) < size < UNKNOWN_SIZE:
                raise WavError(f"is cut short: its header says {size} bytes of sound, {len(body)} are there")
            data = body
            break
    if found is None or data is None:
        raise WavError(f"is a damaged WAV file: it has no {'format' if found is None else 'sound'}")
    return samples_of(data, found), found


def build(samples: NDArray[np.int16], rate: int) -> bytes:
    """A WAV file of 16 bits and one channel, or of as many as samples (time, channels) has."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    data = samples.astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", PCM, channels, rate, rate * channels * 2, channels * 2, 16)
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def write(path: Path, samples: NDArray[np.int16], rate: int) -> None:
    """`build`, written to a file."""
    path.write_bytes(build(samples, rate))


def _chunks(content: bytes) -> Any:
    """(name, what is there of it, its size as told) of each part of the file; parts begin at even places."""
    place = 12
    while place + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, place)
        yield name, content[place + 8 : place + 8 + size], size
        place += 8 + size + size % 2


def format_of(body: bytes) -> Format:
    """What a part called "fmt " says. Raises WavError for what cannot be."""
    if len(body) < 16:
        raise WavError(f"is a damaged WAV file: its format has {len(body)} bytes, wanted 16 or more")
    codec, channels, rate, _, frame, bits = struct.unpack_from("<HHIIHH", body)
    if codec == EXTENSIBLE and len(body) >= 26:
        codec = struct.unpack_from("<H", body, 24)[0]  # the first two bytes of its long name
    if not (channels and 0 < rate <= HIGHEST_RATE):
        raise WavError(f"is a damaged WAV file: {channels} channels of {rate} samples per second")
    if codec in (PCM, FLOAT) and frame != channels * (bits // 8):
        raise WavError(f"is a damaged WAV file: {channels} channels of {bits} bits in {frame} bytes")
    return Format(codec, channels, rate, bits)


def samples_of(data: bytes, form: Format) -> NDArray[Any]:
    """Bytes as samples (time, channels); WavError if that format is not read."""
    kinds = {
        (PCM, 8): "u1",
        (PCM, 16): "<i2",
        (PCM, 24): "u1",
        (PCM, 32): "<i4",
        (FLOAT, 32): "<f4",
        (FLOAT, 64): "<f8",
    }
    kind = kinds.get((form.codec, form.bits))
    if kind is None:
        raise WavError(f"is a WAV file of codec {form.codec} with {form.bits} bits; PCM of 8 to 32 and floats are read")
    frame = form.channels * form.bits // 8
    values = np.frombuffer(data[: len(data) // frame * frame], kind)
    if form.bits == 24:
        whole = np.zeros((len(values) // 3, 4), np.uint8)
        whole[:, 1:] = values.reshape(-1, 3)
        values = whole.view("<i4")
    return values.reshape(-1, form.channels)
