"""A cochleagram: what a bank of gammatone filters, spaced and as wide as the ear's, lets through."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ... import _kernels
from ...ops import into
from ...types import Array
from .frames import rows_of, silent_where_missing, whole_hops


def erb(hertz: Array | float) -> Any:
    """24.7 (4.37 f/1000 + 1): the equivalent rectangular bandwidth [Hz] of the ear at f (Glasberg & Moore 1990)."""
    return 24.7 * (4.37e-3 * np.asarray(hertz) + 1.0)


def erb_spaced(low: float, high: float, count: int) -> NDArray[np.float64]:
    """Frequencies [Hz] from `low` to `high`, equally spaced on the scale of ERB numbers, 21.4 log10(1 + 0.00437 f)."""
    first, last = np.log10(1.0 + 4.37e-3 * np.array([low, high])).tolist()
    return np.asarray((10.0 ** np.linspace(first, last, count) - 1.0) / 4.37e-3)


def gammatone(hertz: float, rate: float) -> NDArray[np.float64]:
    """Four second-order sections (4, 6), as scipy's sosfilt takes them, of the filter with gain 1 at f and the response

        g(t) = t^3 exp(-2 pi b t) cos(2 pi f t),  b = 1.019 erb(f)

    Its Laplace transform has a double pole of order four and four real zeros; each section is one pair of poles and one
    zero, sampled (impulse invariance). Close to g as long as f is far below half the rate.
    Slaney 1993, An efficient implementation of the Patterson-Holdsworth auditory filter bank.
    """
    pole = np.exp(2 * np.pi * (-1.019 * erb(hertz) + 1j * hertz) / rate)
    at_f = np.exp(2j * np.pi * hertz / rate)
    sections = np.zeros((4, 6))
    sections[:, 3:] = 1.0, -2 * pole.real, abs(pole) ** 2
    sections[:, 0] = 1.0
    for section, s in zip(sections, _ZEROS, strict=True):
        section[1] = -pole.real - s * pole.imag
        section[:2] /= abs(np.polyval(section[:3], at_f) / np.polyval(section[3:], at_f))
    return sections


_ZEROS = [sign * np.sqrt(3 + more) for more in (2**1.5, -(2**1.5)) for sign in (1, -1)]  # of the transform of t^3


class Filtered(NamedTuple):
    """The state of a Cochleagram."""

    filters: Array  # (*batch, 4, 2, channels in blocks of 8) float64: what each section remembers
    level: Array  # (*batch, channels) float64, before compression


@dataclass(frozen=True)
class Cochleagram:
    """y = a^exponent,  a' = r + (a - r) exp(-hop/tau),  r = the mean over a hop of max(0, gammatone_c(sound))

    `channels` filters from `low` to `high`, equally spaced in ERBs, half-wave rectified as by the hair cells, smoothed
    and compressed. (The mean over a tick is an average over `hop` seconds, tau a further memory: 0 for none.)

        Cochleagram(8000)(samples)     (time,) -> (frames, channels): a frame for every whole hop of the recording
        pl.run(Cochleagram(8000), ...) as a cell, ticks of one hop of samples: see Ear; no lag

    A recording shorter than one hop is filled up with silence. A missing sample (NaN) is silence. float32 in, float32
    out; computed in float64. Raises ValueError for settings that do not fit each other.
    """

    rate: float  # [Hz] samples per second
    channels: int = 64
    low: float = 80.0  # [Hz]
    high: float | None = None  # [Hz], None: where the last filter is one ERB below half the rate
    hop: float = 0.010  # [s], rounded to whole samples
    tau: float = 0.008  # [s] of smoothing
    exponent: float = 1 / 3  # of compression

    def __post_init__(self) -> None:
        if not (np.isfinite(self.rate) and self.rate > 0):
            raise ValueError(f"rate is in samples per second and must be positive, got {self.rate}")
        if self.inputs < 1 or self.channels < 1:
            raise ValueError(
                f"a hop of {self.hop} s is {self.inputs} samples at {self.rate} Hz, and there are {self.channels} "
                "channels: wanted at least one each"
            )
        if not (self.tau >= 0 and 0 < self.exponent <= 1):
            raise ValueError(f"tau must be zero or more, exponent in (0, 1]; got {self.tau} and {self.exponent}")
        if not 0 < self.low <= self._high < self.rate / 2 or (self.channels > 1 and self.low == self._high):
            raise ValueError(
                f"channels from {self.low} to {self._high} Hz at {self.rate} samples per second: wanted "
                f"0 < low < high < {self.rate / 2}"
            )

    @property
    def inputs(self) -> int:
        """Samples per hop."""
        return round(self.hop * self.rate)

    @property
    def outputs(self) -> int:
        return self.channels

    @property
    def lag(self) -> int:
        """A frame is complete with its hop: no lag."""
        return 0

    @property
    def dt(self) -> float:
        """[s] per tick."""
        return self.inputs / self.rate

    @cached_property
    def frequencies(self) -> NDArray[np.float64]:
        """(channels,) [Hz], the centre of each filter, low to high."""
        return erb_spaced(self.low, self._high, self.channels)

    def frames(self, samples: int) -> int:
        """How many frames a recording of so many samples has: the whole hops, at least one."""
        return max(1, samples // self.inputs)

    def __call__(self, samples: Array) -> NDArray[Any]:
        """The frames (frames, channels) of a whole recording (time,), of floats in [-1, 1] or of whole numbers."""
        x = whole_hops(self, samples)
        return np.asarray(self.run(self.init(x[0]), x, self.dt)[1])

    def init(self, u: Array) -> Filtered:
        batch, padded = u.shape[:-1], self._constants.shape[-1]
        return Filtered(np.zeros((*batch, 4, 2, padded)), np.zeros((*batch, self.channels)))

    def step(self, state: Filtered, u: Array, dt: Array | float) -> tuple[Filtered, Array]:
        from scipy.signal import sosfilt

        heard, filters = silent_where_missing(u).astype(np.float64), state.filters.copy()
        level = np.empty(state.level.shape)
        for c, sections in enumerate(self._sections):
            through, after = sosfilt(sections, heard, zi=np.moveaxis(filters[..., c], -2, 0))
            filters[..., c] = np.moveaxis(after, 0, -2)
            level[..., c] = np.maximum(through, 0.0).mean(axis=-1)
        level += (state.level - level) * self._kept
        return Filtered(filters, level), (level**self.exponent).astype(u.dtype)

    def tick(self, state: Filtered, u: Array, dt: Array | float) -> tuple[Filtered, Array]:
        """The compiled twin of one `step`."""
        state, frames = self.run(state, u[None], dt)
        return state, frames[0]

    def run(self, state: Filtered, u: Array, dt: Array | float, out: Array | None = None) -> tuple[Filtered, Array]:
        """The compiled fold of `step`: u (time, *batch, inputs)."""
        if not len(u):
            return state, into(out, np.empty((*u.shape[:-1], self.channels), u.dtype))
        heard, padded = rows_of(u), self._constants.shape[-1]
        filters = np.array(state.filters, np.float64).reshape(len(heard), 4, 2, padded)
        levels = np.empty((len(heard), len(u), padded))
        _kernels.gammatone(heard, self._constants, filters, levels)
        levels = np.moveaxis(levels[..., : self.channels], 1, 0).reshape(*u.shape[:-1], self.channels)
        level = state.level
        for now in levels:
            now += (level - now) * self._kept
            level = now
        after = Filtered(filters.reshape(state.filters.shape), level.copy())
        return after, into(out, (levels**self.exponent).astype(u.dtype))

    @property
    def _kept(self) -> float:
        return float(np.exp(-self.dt / self.tau)) if self.tau else 0.0

    @property
    def _high(self) -> float:
        return self.high if self.high is not None else (self.rate / 2 - 24.7) / (1 + 24.7 * 4.37e-3)

    @cached_property
    def _sections(self) -> NDArray[np.float64]:
        return np.stack([gammatone(f, self.rate) for f in self.frequencies])

    @cached_property
    def _constants(self) -> NDArray[np.float64]:
        """b0, b1, -a1, -a2 of each section, laid out for the kernel: (4, 4, channels in blocks of 8)."""
        padded = -(-self.channels // 8) * 8
        laid = np.zeros((4, 4, padded))
        laid[..., : self.channels] = np.moveaxis(self._sections[..., [0, 1, 4, 5]], 0, -1)
        laid[:, 2:] *= -1
        return laid
