"""Log-mel energies: the power spectrum of short windows, in bands as wide as the ear's, as decibels of a kind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ...ops import into
from ...types import Array
from .frames import BLOCK, Past, as_samples, in_order, silent_where_missing, windows


def to_mel(hertz: Array | float) -> Any:
    """2595 log10(1 + f/700), f in Hz (O'Shaughnessy 1987)."""
    return 2595.0 * np.log10(1.0 + np.asarray(hertz) / 700.0)


def from_mel(mel: Array | float) -> Any:
    """The frequency in Hz of a place on the mel scale."""
    return 700.0 * (10.0 ** (np.asarray(mel) / 2595.0) - 1.0)


@dataclass(frozen=True)
class LogMel:
    """log(sum_f M_bf |X_f|^2 + floor), X the spectrum of a Hann window of sound, M triangles equally spaced in mel.

    Band b rises from edge b to 1 at edge b + 1 and falls to 0 at edge b + 2; the edges are equally spaced on the mel
    scale from `low` to `high`. The power is not divided by anything: a sine of amplitude 1 has (sum of window / 2)^2.

        LogMel(8000)(samples)      (time,) -> (frames, bands): a frame every hop, windows wholly inside the recording
        pl.run(LogMel(8000), ...)  as a cell, ticks of one hop of samples: see Ear

    A recording shorter than one window is filled up with silence. A missing sample (NaN) is silence. float32 in,
    float32 out; computed in float64. Raises ValueError for settings that do not fit each other, among them a band so
    narrow that it holds no frequency of the spectrum.

    Davis & Mermelstein 1980, Comparison of parametric representations for monosyllabic word recognition.
    """

    rate: float  # [Hz] samples per second
    bands: int = 40
    low: float = 60.0  # [Hz]
    high: float | None = None  # [Hz], None: half the rate
    window: float = 0.025  # [s]
    hop: float = 0.010  # [s], rounded to whole samples
    points: int | None = None  # of the spectrum, None: the power of two that holds a window
    floor: float = 1e-8  # added to the energy: what silence is

    def __post_init__(self) -> None:
        if not (np.isfinite(self.rate) and self.rate > 0):
            raise ValueError(f"rate is in samples per second and must be positive, got {self.rate}")
        if self.length < 1 or self.inputs < 1:
            raise ValueError(
                f"a window of {self.window} s and a hop of {self.hop} s are {self.length} and {self.inputs} samples "
                f"at {self.rate} Hz, wanted at least one each"
            )
        if self._points < self.length:
            raise ValueError(f"points is {self.points}, but a window has {self.length} samples: at least as many")
        if self.bands < 1 or not self.floor > 0:
            raise ValueError(f"bands must be at least 1 and floor positive, got {self.bands} and {self.floor}")
        if not 0 <= self.low < self._high <= self.rate / 2:
            raise ValueError(
                f"bands from {self.low} to {self._high} Hz at {self.rate} samples per second: wanted "
                f"0 <= low < high <= {self.rate / 2}"
            )
        empty = np.flatnonzero(self.filters.sum(axis=0) == 0)
        if len(empty):
            b, edge = int(empty[0]), self.edges
            raise ValueError(
                f"band {b}, {edge[b]:.1f} to {edge[b + 2]:.1f} Hz, holds no frequency of a spectrum of {self._points} "
                "points: fewer bands, more points, or a higher low"
            )

    @property
    def length(self) -> int:
        """Samples per window."""
        return round(self.window * self.rate)

    @property
    def inputs(self) -> int:
        """Samples per hop."""
        return round(self.hop * self.rate)

    @property
    def outputs(self) -> int:
        return self.bands

    @property
    def lag(self) -> int:
        """Ticks until the window that began with the first one is complete."""
        return -(-self.length // self.inputs) - 1

    @property
    def dt(self) -> float:
        """[s] per tick."""
        return self.inputs / self.rate

    @property
    def edges(self) -> NDArray[np.float64]:
        """(bands + 2,) [Hz]: band b is the triangle over edges b, b + 1 (where it is 1), b + 2."""
        edges: NDArray[np.float64] = from_mel(np.linspace(to_mel(self.low), to_mel(self._high), self.bands + 2))
        return edges

    @cached_property
    def filters(self) -> NDArray[np.float64]:
        """M^T, (points // 2 + 1, bands): the weight of each frequency of the spectrum in each band."""
        left, top, right = self.edges[:-2], self.edges[1:-1], self.edges[2:]
        f = np.fft.rfftfreq(self._points, 1.0 / self.rate)[:, None]
        return np.maximum(0.0, np.minimum((f - left) / (top - left), (right - f) / (right - top)))

    def frames(self, samples: int) -> int:
        """How many frames a recording of so many samples has: 1 + (samples - length) // hop, at least one."""
        return 1 + max(0, samples - self.length) // self.inputs

    def __call__(self, samples: Array) -> NDArray[Any]:
        """The frames (frames, bands) of a whole recording (time,), of floats in [-1, 1] or of whole numbers."""
        x = as_samples(samples)
        if len(x) < self.length:
            x = np.pad(x, (0, self.length - len(x)))
        frames = np.empty((self.frames(len(x)), self.bands), x.dtype)
        self._fill(frames, windows(x, self.length, self.inputs))
        return frames

    def init(self, u: Array) -> Past:
        return Past(np.zeros((*u.shape[:-1], self.lag * self.inputs), u.dtype))

    def step(self, state: Past, u: Array, dt: Array | float) -> tuple[Past, Array]:
        heard = np.concatenate((state.samples, silent_where_missing(u)), axis=-1)
        return Past(heard[..., self.inputs :]), self._energies(heard[..., : self.length]).astype(u.dtype)

    def run(self, state: Past, u: Array, dt: Array, out: Array | None = None) -> tuple[Past, Array]:
        time, batch = len(u), u.shape[1:-1]
        frames = np.empty((time, *batch, self.bands), u.dtype)
        if not time:
            return state, into(out, frames)
        heard = np.moveaxis(silent_where_missing(u), 0, -2).reshape(*batch, time * self.inputs)
        heard = np.concatenate((state.samples, heard), axis=-1)
        self._fill(np.moveaxis(frames, 0, -2), windows(heard, self.length, self.inputs))
        return Past(heard[..., time * self.inputs :].copy()), into(out, frames)

    @property
    def _high(self) -> float:
        return self.rate / 2 if self.high is None else self.high

    @property
    def _points(self) -> int:
        return 1 << (self.length - 1).bit_length() if self.points is None else self.points

    @cached_property
    def _hann(self) -> NDArray[np.float64]:
        return np.hanning(self.length) if self.length > 2 else np.ones(self.length)

    @cached_property
    def _sparse(self) -> Any:
        return sp.csr_array(self.filters.T)

    def _fill(self, frames: Array, heard: Array) -> None:
        """Write the energies of windows (..., frames, length) into frames (..., frames, bands), block by block."""
        for first in range(0, frames.shape[-2], BLOCK):
            block = np.s_[..., first : first + BLOCK, :]
            frames[block] = self._energies(heard[block])

    def _energies(self, heard: Array) -> Array:
        spectrum = np.fft.rfft(heard * self._hann, self._points)
        power = spectrum.real**2 + spectrum.imag**2
        return np.log(in_order(self._sparse, power) + self.floor)
