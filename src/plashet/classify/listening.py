"""Events in continuous sound: where something stands out of the background, and what a recogniser calls it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..encode.audio import hops
from ..ops import decay
from ..types import Array
from .recogniser import Recogniser

DECIBEL = 10 / np.log(10)  # a unit of the natural logarithm of energy, in dB


class Background(NamedTuple):
    level: Array  # (*batch, bands) of the background
    excess: Array  # (*batch, 1) [dB]
    heard: Array  # (*batch, 1) 0 before the first frame


@dataclass(frozen=True)
class Voice:
    """How far log-energies x (bands) stand out of their background n, in dB: the mean of max(0, x - n) over the bands.

        e' = v + (e - v) exp(-dt/smooth),  v = mean_b max(0, x_b - n_b) 10/ln 10
        n' = x + (n - x) exp(-dt/tau),  tau = down where x < n, up where it is not, and long while e' > quiet

    so the background is learnt within seconds, and an event hardly moves it. A missing frame (NaN) changes nothing.
    """

    inputs: int
    smooth: float = 0.02  # [s]
    up: float = 0.5  # [s]
    down: float = 0.25  # [s]
    long: float = 8.0  # [s]
    quiet: float = 4.0  # [dB]

    @property
    def outputs(self) -> int:
        return 1

    def init(self, u: Array) -> Background:
        one = np.zeros((*u.shape[:-1], 1), u.dtype)
        return Background(np.zeros((*u.shape[:-1], self.inputs), u.dtype), one, one)

    def step(self, state: Background, u: Array, dt: Array | float) -> tuple[Background, Array]:
        x = np.where(np.isnan(u), state.level, u)
        n = np.where(state.heard > 0, state.level, x)
        v = np.maximum(x - n, 0).mean(axis=-1, keepdims=True) * np.asarray(DECIBEL, u.dtype)
        e = v + (state.excess - v) * decay(dt, self.smooth, u)
        rise = np.where(e > self.quiet, decay(dt, self.long, u), decay(dt, self.up, u))
        n = x + (n - x) * np.where(x < n, decay(dt, self.down, u), rise)
        return Background(n, e, np.ones_like(state.heard)), e


@dataclass(frozen=True)
class Cut:
    """When something is an event: it rises above `on`, and ends when it stays below `off` for `gap` seconds.

    Shorter than `shortest` it is none; at `longest` it is cut off, and what follows is another one.
    """

    on: float = 6.0  # [dB] above the background
    off: float = 4.0  # [dB]
    gap: float = 0.2  # [s]
    shortest: float = 0.1  # [s]
    longest: float = 3.0  # [s]
    before: float = 0.03  # [s] of sound before the rise that belongs to it
    after: float = 0.03  # [s] after the fall

    def __post_init__(self) -> None:
        if not (self.on >= self.off > 0 and self.gap > 0 and self.longest > self.shortest >= 0):
            raise ValueError(
                f"wanted on >= off > 0 dB, gap > 0 s and longest > shortest >= 0 s, got {self.on}, {self.off}, "
                f"{self.gap}, {self.longest} and {self.shortest}"
            )


class Span(NamedTuple):
    """A stretch of sound that stands out."""

    start: float  # [s] since the stream began
    end: float  # [s]
    told: float  # [s] how much of the stream had been heard when its end was known
    samples: Array


class Event(NamedTuple):
    """What was heard from `start` to `end` [s], known when `told` seconds of the stream had come."""

    start: float
    end: float
    told: float
    label: Any
    score: float  # of the label
    margin: float  # how far the next best label is behind
    scores: Array  # (classes,)


def listen(recogniser: Recogniser, chunks: Iterable[Array], cut: Cut = Cut()) -> Iterator[Event]:
    """Events in samples that come in chunks of any length, each as soon as its end is known.

    The recogniser must hear sound: its front end is an encode.audio.Front. What an event is called is what the
    recogniser says of the same samples as a recording. Memory does not grow with the stream.
    """
    front: Any = recogniser.model.front
    for span in spans(front.ear, chunks, cut):
        scores = recogniser.scores([span.samples])[0]
        second, best = np.partition(scores, -2)[-2:]
        yield Event(*span[:3], recogniser.name(scores[None])[0], float(best), float(best - second), scores)


def spans(ear: Any, chunks: Iterable[Array], cut: Cut = Cut()) -> Iterator[Span]:
    """The stretches of a stream that stand out of its background, heard by an ear that gives log-energies."""
    voice = Voice(ear.outputs)
    heard, state, tick, tracker = None, None, 0, _Tracker(ear, cut)
    for block in hops(chunks, ear.inputs):
        if heard is None:
            heard, state = ear.init(block[0]), voice.init(np.zeros(ear.outputs, block.dtype))
        heard, frames = ear.run(heard, block, np.full(len(block), ear.dt))
        for samples, frame in zip(block, frames, strict=True):
            if tick < ear.lag:  # its window is not full yet
                excess = 0.0
            else:
                state, e = voice.step(state, frame, ear.dt)  # type: ignore[arg-type]
                excess = float(e[0])
            tick += 1
            span = tracker.tick(samples, excess)
            if span is not None:
                yield span
    span = tracker.end()
    if span is not None:
        yield span


class _Tracker:
    """The only part that remembers: the samples that may belong to an event, and where it is."""

    def __init__(self, ear: Any, cut: Cut):
        self.cut, self.hop, self.dt = cut, ear.inputs, ear.dt
        self.window = (ear.lag + 1) * ear.dt  # what a frame has heard when it comes
        self.back = round((cut.before + self.window) / ear.dt)  # ticks before the rise that are kept
        self.kept: list[Array] = []
        self.now = 0  # ticks so far
        self.rose = -1  # the tick of the rise, -1: nothing is going on
        self.loud = -1  # the last tick above `off`

    def tick(self, samples: Array, excess: float) -> Span | None:
        """One hop of samples, and how far its frame stands out; an event, if it ended here."""
        self.kept.append(samples)
        self.now += 1
        if self.rose < 0:
            if excess <= self.cut.on:
                del self.kept[: -self.back]
                return None
            self.rose = self.now
        if excess > self.cut.off:
            self.loud = self.now
        quiet = (self.now - self.loud) * self.dt
        if quiet >= self.cut.gap - 1e-9 or (self.now - self.rose) * self.dt >= self.cut.longest:
            return self.end()
        return None

    def end(self) -> Span | None:
        """The event that is going on, if it is one."""
        if self.rose < 0:
            return None
        first = self.now - len(self.kept)
        stop = min(self.loud + round(self.cut.after / self.dt), self.now)
        long_enough = (self.loud - self.rose + 1) * self.dt >= self.cut.shortest
        samples = np.concatenate(self.kept[: stop - first])
        told = self.now * self.dt
        self.rose = -1
        self.kept = self.kept[-self.back :]
        return Span(first * self.dt, stop * self.dt, told, samples) if long_enough else None
