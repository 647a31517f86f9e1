"""Mel-frequency cepstral coefficients, and how features change from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ...cells import Nothing
from ...ops import into
from ...types import Array
from .frames import Past, in_order
from .mel import LogMel


@dataclass(frozen=True)
class Cepstra:
    """The first coefficients of the orthonormal cosine transform (DCT-II) of each frame, c_k weighed by the lifter.

        c_k = s_k sum_b x_b cos(pi k (b + 1/2) / B) (1 + lifter/2 sin(pi k / lifter)),  s_0 = sqrt(1/B), s_k = sqrt(2/B)

    B = inputs; lifter 0 leaves the coefficients as they are, 22 is usual in speech recognition. Raises ValueError for
    more coefficients than inputs.
    """

    inputs: int
    coefficients: int = 13
    lifter: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.coefficients <= self.inputs:
            raise ValueError(f"{self.coefficients} coefficients of {self.inputs} inputs: wanted 1 to {self.inputs}")
        if not self.lifter >= 0:
            raise ValueError(f"lifter must be zero or more, got {self.lifter}")

    @property
    def outputs(self) -> int:
        return self.coefficients

    @cached_property
    def basis(self) -> NDArray[np.float64]:
        """(coefficients, inputs)."""
        k, b = np.arange(self.coefficients)[:, None], np.arange(self.inputs)
        rows = np.sqrt(np.where(k == 0, 1.0, 2.0) / self.inputs) * np.cos(np.pi * k * (b + 0.5) / self.inputs)
        lift = 1.0 + self.lifter / 2 * np.sin(np.pi * k / self.lifter) if self.lifter else 1.0
        return np.asarray(rows * lift)

    @cached_property
    def _sparse(self) -> Any:
        return sp.csr_array(self.basis)

    def __call__(self, frames: Array) -> Array:
        """(..., inputs) -> (..., coefficients), of the dtype that comes."""
        return in_order(self._sparse, frames).astype(frames.dtype, copy=False)

    def init(self, u: Array) -> Nothing:
        return Nothing()

    def step(self, state: Nothing, u: Array, dt: Array | float) -> tuple[Nothing, Array]:
        return state, self(u)

    def run(self, state: Nothing, u: Array, dt: Array, out: Array | None = None) -> tuple[Nothing, Array]:
        return state, into(out, self(u))  # no memory: all of time at once


@dataclass(frozen=True)
class MFCC:
    """The cepstra of log-mel frames: the shape of each spectrum in few numbers that hardly correlate.

        MFCC(LogMel(8000))(samples)    (time,) -> (frames, coefficients); as a cell, ticks of one hop: see Ear

    Davis & Mermelstein 1980, Comparison of parametric representations for monosyllabic word recognition.
    """

    mel: LogMel
    coefficients: int = 13
    lifter: float = 0.0

    def __post_init__(self) -> None:
        self._cepstra  # says what is wrong with the settings  # noqa: B018

    @property
    def inputs(self) -> int:
        """Samples per hop."""
        return self.mel.inputs

    @property
    def outputs(self) -> int:
        return self.coefficients

    @property
    def lag(self) -> int:
        """Ticks until the window that began with the first one is complete."""
        return self.mel.lag

    @property
    def dt(self) -> float:
        """[s] per tick."""
        return self.mel.dt

    def frames(self, samples: int) -> int:
        """How many frames a recording of so many samples has."""
        return self.mel.frames(samples)

    def __call__(self, samples: Array) -> NDArray[Any]:
        """The frames (frames, coefficients) of a whole recording (time,)."""
        return np.asarray(self._cepstra(self.mel(samples)))

    def init(self, u: Array) -> Past:
        return self.mel.init(u)

    def step(self, state: Past, u: Array, dt: Array | float) -> tuple[Past, Array]:
        state, frames = self.mel.step(state, u, dt)
        return state, self._cepstra(frames)

    def run(self, state: Past, u: Array, dt: Array, out: Array | None = None) -> tuple[Past, Array]:
        state, frames = self.mel.run(state, u, dt)
        return state, into(out, self._cepstra(frames))

    @cached_property
    def _cepstra(self) -> Cepstra:
        return Cepstra(self.mel.bands, self.coefficients, self.lifter)


class Window(NamedTuple):
    """The state of Deltas: the frames that those to come are compared with."""

    frames: Array  # (2 * lag, *batch, inputs)
    begun: Array  # (*batch, 1) bool: False before the first frame, which is then held before it


@dataclass(frozen=True)
class Deltas:
    """[c_t, d_t] or [c_t, d_t, dd_t]: features and how they change, d_t = sum_n n (c_{t+n} - c_{t-n}) / (2 sum_n n^2).

    n = 1 ... width: d is the slope of the straight line through 2 width + 1 frames, per frame; dd (order 2) is the same
    of d. Before the first and after the last frame the features are held. A whole recording: `Deltas(13)(frames)`. As
    a cell it waits for the frames that it needs: what comes at tick t is of frame t - lag, lag = order * width. A
    missing feature (NaN) is as in the frame before, and 0 before the first.

    Furui 1986, Speaker-independent isolated word recognition using dynamic features of speech spectrum.
    """

    inputs: int
    width: int = 2
    order: int = 1

    def __post_init__(self) -> None:
        if self.width < 1 or self.order not in (1, 2):
            raise ValueError(f"width must be at least 1 and order 1 or 2, got {self.width} and {self.order}")

    @property
    def outputs(self) -> int:
        return self.inputs * (self.order + 1)

    @property
    def lag(self) -> int:
        """Ticks that a frame waits for those after it."""
        return self.width * self.order

    def __call__(self, frames: Array) -> Array:
        """(frames, inputs) -> (frames, outputs) of a whole recording."""
        held = _held(frames, np.zeros_like(frames[:1]))
        return self._slopes(np.pad(held, ((self.lag, self.lag), (0, 0)), mode="edge"))

    def init(self, u: Array) -> Window:
        batch = u.shape[:-1]
        return Window(np.zeros((2 * self.lag, *batch, self.inputs), u.dtype), np.zeros((*batch, 1), bool))

    def step(self, state: Window, u: Array, dt: Array | float) -> tuple[Window, Array]:
        state, outputs = self.run(state, u[None], dt)
        return state, outputs[0]

    def run(self, state: Window, u: Array, dt: Array, out: Array | None = None) -> tuple[Window, Array]:
        if not len(u):
            return state, into(out, np.empty((*u.shape[:-1], self.outputs), u.dtype))
        u = _held(u, state.frames[-1:])
        frames = np.concatenate((np.where(state.begun, state.frames, u[0]), u))
        return Window(frames[len(u) :].copy(), np.ones_like(state.begun)), into(out, self._slopes(frames))

    def _slopes(self, frames: Array) -> Array:
        """Of frames (2 lag + time, ..., inputs) those in the middle, (time, ..., outputs)."""
        time = len(frames) - 2 * self.lag
        n = np.arange(-self.width, self.width + 1)
        slope = n / (n**2).sum()
        parts = [frames[self.lag : self.lag + time]]
        for filtered in [slope, np.convolve(slope, slope)][: self.order]:
            first = self.lag - len(filtered) // 2
            parts.append(sum(w * frames[first + k : first + k + time] for k, w in enumerate(filtered.tolist())))
        return np.concatenate(parts, axis=-1).astype(frames.dtype, copy=False)


def _held(frames: Array, before: Array) -> Array:
    """The frames (time, ...) with what is missing as it was in the frame before; before them was (1, ...)."""
    missing = np.isnan(frames)
    if not missing.any():
        return frames
    steps = np.arange(1, len(frames) + 1).reshape(-1, *[1] * (frames.ndim - 1))
    last = np.maximum.accumulate(np.where(missing, 0, steps), axis=0)
    return np.take_along_axis(np.concatenate((before, frames)), last, axis=0)
