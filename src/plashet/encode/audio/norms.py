"""Loudness and spread taken out of features: of a whole recording, or as far as it has been heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...ops import decay, observed
from ...types import Array


@dataclass(frozen=True)
class PeakNorm:
    """x - max x over all frames and channels of the recording: how loud it was no longer matters. See RunningPeak."""

    def __call__(self, frames: Array) -> Array:
        return frames - frames.max()


@dataclass(frozen=True)
class PeakScale:
    """x / max x over all frames and channels of the recording: PeakNorm for features that are no logarithms.

    Silence stays as it is.
    """

    def __call__(self, frames: Array) -> Array:
        peak = frames.max()
        return frames / peak if peak > 0 else frames


@dataclass(frozen=True)
class UtteranceNorm:
    """(x - mean) / standard deviation, each channel over its recording; one that is constant is only centred.

    See RunningNorm for a stream, and `encode.Scale.fitted` for a mean and spread that are the same for all recordings.
    """

    def __call__(self, frames: Array) -> Array:
        spread = frames.std(axis=0)
        return (frames - frames.mean(axis=0)) / np.where(spread > 0, spread, spread.dtype.type(1))


class Peak(NamedTuple):
    peak: Array  # (*batch, 1)


@dataclass(frozen=True)
class RunningPeak:
    """PeakNorm as far as the sound has been heard: x - p, p' = m + max(0, p - m) exp(-dt/tau), m = max over channels.

    The peak p follows a louder frame at once and sinks with tau [s] to the level of what is heard; it never sinks
    below `least`, so that a long silence does not become loud. A missing value (NaN) is one of `least`.
    """

    inputs: int
    tau: float = 2.0  # [s]
    least: float = -4.0  # quiet speech peaks here in LogMel

    def __post_init__(self) -> None:
        if not self.tau > 0 or not np.isfinite(self.least):
            raise ValueError(f"tau must be positive and least finite, got {self.tau} and {self.least}")

    @property
    def outputs(self) -> int:
        return self.inputs

    def init(self, u: Array) -> Peak:
        return Peak(np.full((*u.shape[:-1], 1), self.least, u.dtype))

    def step(self, state: Peak, u: Array, dt: Array | float) -> tuple[Peak, Array]:
        least = np.asarray(self.least, u.dtype)
        heard = np.where(np.isnan(u), least, u)
        level = np.maximum(heard.max(axis=-1, keepdims=True), least)
        peak = level + np.maximum(0, state.peak - level) * decay(dt, self.tau, u)
        return Peak(peak), heard - peak


class Moments(NamedTuple):
    mean: Array  # (*batch, inputs)
    variance: Array  # (*batch, inputs)
    weight: Array  # (*batch, 1), from 0 to 1: how much of the memory is filled


@dataclass(frozen=True)
class RunningNorm:
    """UtteranceNorm as far as the sound has been heard, forgotten with tau [s], clipped to +-limit.

        w' = w e + 1 - e, e = exp(-dt/tau);  g = (1 - e) / w'
        mean' = mean + g (x - mean);  variance' = (1 - g) (variance + g (x - mean)^2)
        (x - mean') / max(sqrt(variance'), least)

    With tau = inf these would be mean and variance of all that was heard. A missing value (NaN) changes nothing
    and comes out as the mean, 0.
    """

    inputs: int
    tau: float = 2.0  # [s]
    least: float = 0.1  # the smallest spread divided by: a long silence does not become loud
    limit: float = 5.0

    def __post_init__(self) -> None:
        if not (self.tau > 0 and self.least > 0 and self.limit > 0):
            raise ValueError(f"tau, least and limit must be positive, got {self.tau}, {self.least} and {self.limit}")

    @property
    def outputs(self) -> int:
        return self.inputs

    def init(self, u: Array) -> Moments:
        zeros = np.zeros((*u.shape[:-1], self.inputs), u.dtype)
        return Moments(zeros, zeros.copy(), zeros[..., :1].copy())

    def step(self, state: Moments, u: Array, dt: Array | float) -> tuple[Moments, Array]:
        e = decay(dt, self.tau, u)
        weight = state.weight * e + (1 - e)
        gain = (1 - e) / np.where(weight > 0, weight, np.ones((), u.dtype))
        off = observed(u - state.mean)
        mean = state.mean + gain * off
        variance = np.where(np.isnan(u), state.variance, (1 - gain) * (state.variance + gain * off**2))
        spread = np.maximum(np.sqrt(variance), np.asarray(self.least, u.dtype))
        return Moments(mean, variance, weight), np.clip(observed(u - mean) / spread, -self.limit, self.limit)
