"""Ben's spiker algorithm: spikes that a filter turns back into the signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .. import _kernels
from ..ops import into
from ..types import Array
from .door import check_inputs, check_range, columns, own
from .observe import held

THRESHOLDS = (0.8, 0.85, 0.875, 0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995)  # to fit by


class BSAState(NamedTuple):
    window: Array  # (*batch, inputs, K) float64: what spikes have not yet explained of the last K samples, oldest first
    fed: Array  # (*batch, inputs) int64: samples taken so far, counted up to K
    last: Array  # (*batch, inputs): the last value seen


@dataclass(frozen=True, eq=False)
class BSA:
    """Spikes whose convolution with the filter h of length K is near the signal, decided one after the other:

        e1 = sum_k |s[t+k] - h[k]|,  e2 = sum_k |s[t+k]|,  k = 0 .. K-1
        a spike at t if e1 <= e2 - threshold sum_k |h[k]|; then s[t+k] -= h[k]

    of s = (u - low) sum(h) / (high - low), u clipped to low .. high: a spike at every tick adds up to `high`.
    u (*batch, inputs) -> counts 0 or 1 (*batch, inputs). A decision needs K - 1 samples to come, so as a cell the spike
    for a tick comes K - 1 ticks later, and the first K - 1 ticks have none; `encode` gives a whole series without the
    delay. Both work on copies. A missing value (NaN) is the last one seen, `low` before the first. Ticks are taken to
    be evenly spaced, as a filter of a fixed length must: dt is not used. NumPy only.
    filter (K,) with a positive sum, for instance `lowpass`; threshold: a share of the largest gain e2 - e1 there can
    be, near 1, since far samples are explained by the spikes to come, and worth fitting (`fitted`); low and high: one
    number or one per input. Raises ValueError for anything else.

    Schrauwen & Van Campenhout 2003, BSA, a fast and accurate spike train encoding scheme, IJCNN.
    """

    inputs: int
    filter: Array
    threshold: float = 0.95
    low: Array | float = 0.0
    high: Array | float = 1.0

    def __post_init__(self) -> None:
        check_inputs(self.inputs)
        _check_filter(self.filter)
        check_range(self.low, self.high, self.inputs)
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold is a share of sum |filter|, in 0 .. 1; got {self.threshold}")

    @classmethod
    def fitted(cls, u: Array, filter: Array) -> BSA:
        """The range of each input of u (time, *batch, inputs), and of THRESHOLDS the one that decodes u best.

        Best in the mean square, each input in units of its range. Raises ValueError for an input that never moves.
        """
        values = np.asarray(u, np.float64)
        flat = values.reshape(-1, values.shape[-1])
        low, high = np.nanmin(flat, axis=0), np.nanmax(flat, axis=0)
        made = [cls(values.shape[-1], filter, threshold, low, high) for threshold in THRESHOLDS]
        return min(made, key=lambda bsa: bsa.error(values))

    @property
    def outputs(self) -> int:
        return self.inputs

    @property
    def delay(self) -> int:
        """Ticks between a sample and its spike."""
        return len(self.filter) - 1

    def decoder(self) -> Convolve:
        """Values by convolution with the filter; the delay stays that of the spikes."""
        scale = (np.asarray(self.high, np.float64) - self.low) / np.sum(self.filter)
        return Convolve(self.inputs, self.filter, scale, self.low)

    @property
    def _least(self) -> float:
        """The gain that is worth a spike."""
        return self.threshold * float(np.abs(self.filter).sum())

    def init(self, u: Array) -> BSAState:
        shape = (*u.shape[:-1], self.inputs)
        low = np.broadcast_to(np.asarray(self.low, np.float64), shape)
        return BSAState(np.zeros((*shape, len(self.filter))), np.zeros(shape, np.int64), low.astype(u.dtype))

    def step(self, state: BSAState, u: Array, dt: Array | float) -> tuple[BSAState, Array]:
        now = np.where(np.isnan(u), state.last, u)
        w = np.concatenate((state.window[..., 1:], self._signal(now)[..., None]), axis=-1)
        fed = np.minimum(state.fed + 1, len(self.filter))
        gain = (np.abs(w) - np.abs(w - self.filter)).sum(axis=-1)  # e2 - e1
        spikes = (fed == len(self.filter)) & (gain >= self._least)
        return BSAState(w - spikes[..., None] * self.filter, fed, now), spikes.astype(u.dtype)

    def tick(self, state: BSAState, u: Array, dt: Array | float) -> tuple[BSAState, Array]:
        """The compiled twin of one `step`."""
        after, spikes = self.run(state, u[None], np.asarray(dt)[None])
        return after, spikes[0]

    def run(self, state: BSAState, u: Array, dt: Array, out: Array | None = None) -> tuple[BSAState, Array]:
        """The compiled fold of `step`: u (time, *batch, inputs)."""
        shape = u.shape[1:]
        values = held(u, state.last)
        s = columns(self._signal(values))
        window, fed = own(state.window, (s.shape[1], len(self.filter))), own(state.fed, s.shape[1:], np.int64)
        spikes = np.empty_like(s)
        _kernels.bsa(s, np.ascontiguousarray(self.filter, np.float64), self._least, window, fed, spikes)
        last = values[-1].copy() if len(u) else state.last
        after = BSAState(window.reshape(*shape, len(self.filter)), fed.reshape(shape), last)
        return after, into(out, spikes.reshape(u.shape).astype(u.dtype))

    def encode(self, u: Array) -> Array:
        """The spikes of a whole series u (time, *batch, inputs), each at its sample's tick; after it, s is zero."""
        u = np.asarray(u)
        u = u if u.dtype.char in "fd" else u.astype(np.float64)
        after = np.broadcast_to(np.asarray(self.low, u.dtype), (self.delay, *u.shape[1:]))
        _, spikes = self.run(self.init(np.zeros(u.shape[1:], u.dtype)), np.concatenate((u, after)), np.zeros(0))
        return spikes[self.delay :]

    def error(self, u: Array) -> float:
        """The root mean square, in shares of the range, of what u (time, *batch, inputs) loses, coded and decoded."""
        read = self.decoder()
        _, again = read.run(read.init(np.zeros(np.shape(u)[1:])), np.asarray(self.encode(u), np.float64), np.zeros(0))
        return float(np.sqrt(np.nanmean(np.square((again - u) / (np.asarray(self.high, np.float64) - self.low)))))

    def _signal(self, u: Array) -> Array:
        low, high = np.asarray(self.low, np.float64), np.asarray(self.high, np.float64)
        return (np.clip(u.astype(np.float64), low, high) - low) * (np.sum(self.filter) / (high - low))


def lowpass(cutoff: float, dt: float, length: int = 24) -> Array:
    """A windowed-sinc (Hamming) low-pass FIR filter of `length` ticks and sum 1: cutoff [Hz], dt [s] of a tick.

    Raises ValueError unless 0 < cutoff < 1 / (2 dt) and length >= 2.
    """
    if not (0 < cutoff * dt < 0.5 and length >= 2):
        raise ValueError(f"want 0 < cutoff < 1 / (2 dt) and length >= 2, got cutoff={cutoff}, dt={dt}, length={length}")
    k = np.arange(length) - 0.5 * (length - 1)
    taps = np.sinc(2 * cutoff * dt * k) * np.hamming(length)
    return taps / taps.sum()


def _check_filter(taps: Array) -> None:
    held = np.asarray(taps)
    if held.ndim != 1 or not len(held) or held.dtype.kind != "f" or not np.isfinite(held).all() or not held.sum() > 0:
        raise ValueError(
            f"filter is (K,) finite floats with a positive sum, got {held.dtype} {held.shape}; see lowpass"
        )


class ConvolveState(NamedTuple):
    recent: Array  # (*batch, inputs, K) float64: the last counts, oldest first


@dataclass(frozen=True, eq=False)
class Convolve:
    """A finite filter: y[t] = base + scale sum_k h[k] u[t - k], nothing before the first tick.

    u (*batch, inputs) -> y (*batch, inputs); dt is not used; a missing count (NaN) is none. NumPy only.
    """

    inputs: int
    filter: Array  # (K,)
    scale: Array | float = 1.0
    base: Array | float = 0.0

    def __post_init__(self) -> None:
        check_inputs(self.inputs)
        _check_filter(self.filter)

    @property
    def outputs(self) -> int:
        return self.inputs

    def init(self, u: Array) -> ConvolveState:
        return ConvolveState(np.zeros((*u.shape[:-1], self.inputs, len(self.filter))))

    def step(self, state: ConvolveState, u: Array, dt: Array | float) -> tuple[ConvolveState, Array]:
        after, y = self.run(state, u[None], np.zeros(1))
        return after, y[0]

    def run(self, state: ConvolveState, u: Array, dt: Array, out: Array | None = None) -> tuple[ConvolveState, Array]:
        """All of time at once, one lag after the other."""
        length = len(self.filter)
        counts = np.where(np.isnan(u), 0.0, u).astype(np.float64)
        line = np.concatenate((np.moveaxis(state.recent, -1, 0), counts))
        total = np.zeros(counts.shape)
        for k, weight in enumerate(self.filter):
            total += weight * line[length - k : len(line) - k]
        recent = np.ascontiguousarray(np.moveaxis(line[len(line) - length :], 0, -1))
        return ConvolveState(recent), into(out, (np.asarray(self.base) + self.scale * total).astype(u.dtype))
