"""Sound as samples: from what a recorder gives to numbers in [-1, 1], cut into windows and hops, heard in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...types import Array, State

BLOCK = 512  # frames transformed at once: they stay in the cache, and memory does not grow with the recording
FULL_SCALE = {"int8": 2.0**7, "int16": 2.0**15, "int32": 2.0**31}  # what is 1.0 in samples of whole numbers


class Ear(Protocol):
    """A cell that turns sound into frames of features: one tick is one hop of samples.

    The frame of tick t + lag is frame t of the whole recording, `ear(samples)`: a window longer than a hop is
    complete only `lag` ticks later, and the ticks before that hear silence before the recording began. A tick lasts
    `dt` seconds whatever it is told: an ear's time is the time of its samples.
    """

    @property
    def inputs(self) -> int: ...  # samples per hop

    @property
    def outputs(self) -> int: ...  # channels

    @property
    def lag(self) -> int: ...  # ticks

    @property
    def dt(self) -> float: ...  # [s] per tick

    def init(self, u: Array) -> State: ...

    def step(self, state: State, u: Array, dt: Array | float) -> tuple[State, Array]: ...

    def run(self, state: State, u: Array, dt: Array, out: Array | None = None) -> tuple[State, Array]: ...

    def frames(self, samples: int) -> int:
        """How many frames a recording of so many samples has; at least one."""

    def __call__(self, samples: Array) -> NDArray[Any]:
        """The frames (frames, channels) of a whole recording (time,)."""


class Past(NamedTuple):
    """The state of an ear with windows."""

    samples: Array  # (*batch, lag * hop), the sound that is still part of a window to come


def as_samples(samples: Any) -> NDArray[Any]:
    """One recording (time,) as float32 or float64: whole numbers by their full range, uint8 around 128.

    int8, int16 and int32 are divided by 2**7, 2**15, 2**31, uint8 becomes (x - 128)/128 as in WAV files; floats stay
    as they are, float32 stays float32. A missing sample (NaN) is silence, 0. Raises ValueError for another shape or
    dtype, for no samples at all, and for an infinite one, naming it.
    """
    given = np.asarray(samples)
    if given.ndim != 1:
        hint = "; the mean of the channels is samples.mean(axis=1)" if given.ndim == 2 else ""
        raise ValueError(f"samples are {given.shape}, wanted one recording of one channel: (time,){hint}")
    if not len(given):
        raise ValueError("samples are empty: a recording has at least one sample")
    kind = given.dtype.name
    if kind in FULL_SCALE:
        return np.asarray(given / FULL_SCALE[kind])
    if kind == "uint8":
        return np.asarray((given - 128.0) / 128.0)
    if given.dtype.kind != "f":
        raise ValueError(f"samples are {kind}, wanted floats in [-1, 1], or int8, int16, int32 or uint8 in full range")
    values = given.astype(np.float64 if kind != "float32" else np.float32, copy=False)
    if np.isinf(values).any():
        raise ValueError(f"sample {int(np.argmax(np.isinf(values)))} is infinite")
    return np.asarray(silent_where_missing(values))


def silent_where_missing(u: Array) -> Array:
    """The samples with 0 in place of NaN; the same array if none is missing."""
    missing = np.isnan(u)
    return np.where(missing, np.zeros((), u.dtype), u) if missing.any() else u


def windows(samples: Array, length: int, hop: int) -> Array:
    """A view (..., frames, length) of samples (..., time): every `hop` samples a window that lies wholly inside."""
    return np.lib.stride_tricks.sliding_window_view(samples, length, axis=-1)[..., ::hop, :]


def hops(chunks: Iterable[Array], size: int) -> Iterator[NDArray[Any]]:
    """Chunks of samples of any length, regrouped as ticks: blocks (ticks, size), the last filled up with silence."""
    kept: NDArray[Any] | None = None
    for chunk in chunks:
        if len(chunk):
            kept = _joined(kept, chunk)
            whole = len(kept) // size * size
            if whole:
                yield kept[:whole].reshape(-1, size)
                kept = kept[whole:]
    if kept is not None and len(kept):
        yield np.pad(kept, (0, size - len(kept)))[None]


def hear(ear: Ear, chunks: Iterable[Array]) -> Iterator[NDArray[Any]]:
    """The frames of a recording that comes in chunks of any length, each as soon as it is complete.

    Yields (frames, channels); joined they are `ear(samples)` of the whole. Nothing comes of no samples.
    """
    kept: NDArray[Any] | None = None
    state, heard, ticks = None, 0, 0
    for chunk in chain(chunks, (None,)):
        if chunk is not None and len(chunk):
            kept, heard = _joined(kept, chunk), heard + len(chunk)
        if kept is None:
            continue
        now = len(kept) // ear.inputs
        if chunk is None:  # the end: silence completes the frames that the whole recording has
            now = ear.lag + ear.frames(heard) - ticks
            kept = np.pad(kept, (0, max(0, now * ear.inputs - len(kept))))
        if now:
            block, kept = kept[: now * ear.inputs].reshape(now, ear.inputs), kept[now * ear.inputs :]
            state = ear.init(block[0]) if state is None else state
            state, frames = ear.run(state, block, np.full(now, ear.dt))
            frames, ticks = frames[max(0, ear.lag - ticks) :], ticks + now
            if len(frames):
                yield frames


def _joined(kept: NDArray[Any] | None, chunk: Array) -> NDArray[Any]:
    fresh = as_samples(chunk)
    return fresh if kept is None else np.concatenate((kept, fresh))


def whole_hops(ear: Ear, samples: Array) -> NDArray[Any]:
    """A recording as ticks (frames, inputs) of an ear whose frames are its hops; one that is shorter is filled up."""
    x, size = as_samples(samples), ear.frames(len(samples)) * ear.inputs
    return np.pad(x[:size], (0, max(0, size - len(x)))).reshape(-1, ear.inputs)


def rows_of(u: Array) -> NDArray[np.float64]:
    """Ticks (time, *batch, inputs) as sounds (rows, time * inputs), float64; what is missing is silence."""
    rows = np.moveaxis(silent_where_missing(u), 0, -2).reshape(-1, len(u) * u.shape[-1])
    return np.ascontiguousarray(rows, np.float64)


def in_order(matrix: Any, x: Array) -> NDArray[Any]:
    """M x for each x (..., columns), M sparse (rows, columns): added in one order, however many x there are."""
    flat = x.reshape(-1, x.shape[-1])
    return np.ascontiguousarray((matrix @ flat.T).T).reshape(*x.shape[:-1], matrix.shape[0])
