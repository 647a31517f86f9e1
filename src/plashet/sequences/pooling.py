"""What is kept of a sequence: rows of outputs, each the mean over some of its ticks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from ..types import Array


class Pooling(Protocol):
    """A rule that names, for every tick, the rows of features that its output belongs to.

    A row is the mean over its ticks, so a sequence of any length gives rows x outputs features. Your own: a frozen
    dataclass with these two.
    """

    @property
    def rows(self) -> int: ...

    def layers(self, dt: Array) -> Array:
        """(layers, ticks) int64: a row of each tick, -1 for none; in as many layers as a tick may have rows.

        dt: (ticks,) [s], at least one tick.
        """


@dataclass(frozen=True)
class Segments:
    """Means over `count` segments of equal time.

    A tick belongs to the segment in which its middle lies. A segment without one, as there are in a sequence of fewer
    than `count` ticks, is the tick that was going on in the segment's middle: short sequences are stretched.
    """

    count: int = 5

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count is {self.count}, wanted at least 1 segment")

    @property
    def rows(self) -> int:
        return self.count

    def layers(self, dt: Array) -> Array:
        ends = _ends(dt)
        middles = ends - np.diff(ends, prepend=0.0) / 2
        segment = np.minimum((middles / ends[-1] * self.count).astype(np.int64), self.count - 1)
        empty = np.setdiff1d(np.arange(self.count), segment)
        layers = np.full((1 + len(empty), len(dt)), -1)
        layers[0] = segment
        holding = np.searchsorted(ends, (empty + 0.5) / self.count * ends[-1])
        layers[np.arange(1, len(layers)), np.minimum(holding, len(dt) - 1)] = empty
        return layers


@dataclass(frozen=True)
class Mean:
    """The mean over all ticks."""

    @property
    def rows(self) -> int:
        return 1

    def layers(self, dt: Array) -> Array:
        return np.zeros((1, len(dt)), np.int64)


@dataclass(frozen=True)
class Last:
    """The output at the last tick."""

    @property
    def rows(self) -> int:
        return 1

    def layers(self, dt: Array) -> Array:
        layers = np.full((1, len(dt)), -1)
        layers[0, -1] = 0
        return layers


@dataclass(frozen=True)
class At:
    """The output at each of these times [s] since the start: that of the last tick that has ended by then.

    Zeros for a time before the first tick's end; the last output for a time after the sequence.
    """

    times: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.times or not all(0 <= time < np.inf for time in self.times):
            raise ValueError(f"times are {self.times}, wanted at least one, in seconds since the start of a sequence")

    @property
    def rows(self) -> int:
        return len(self.times)

    def layers(self, dt: Array) -> Array:
        ends = np.cumsum(dt)
        late = np.asarray(self.times) * (1 + 1e-9)  # 0.3 is to find the third tick of 0.1, whatever their sum rounds to
        tick = np.searchsorted(ends, late, side="right") - 1
        layers = np.full((self.rows, len(dt)), -1)
        rows = np.flatnonzero(tick >= 0)
        layers[rows, tick[rows]] = rows
        return layers


@dataclass(frozen=True)
class Both:
    """The rows of each part in turn."""

    parts: tuple[Pooling, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("Both has no parts, wanted at least one, for instance Both((Segments(5), Last()))")

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)

    def layers(self, dt: Array) -> Array:
        found, first = [], 0
        for part in self.parts:
            layers = part.layers(dt)
            found.append(np.where(layers >= 0, layers + first, -1))
            first += part.rows
        return np.concatenate(found)


class Binning(NamedTuple):
    """How to pool in one pass: ticks are summed in bins, no tick in two; rows are means over bins."""

    bins: Array  # (ticks,) int64, -1: of no row
    shares: Array  # (rows, bins): rows = shares @ sums


def plan(pooling: Pooling, dt: Array) -> Binning:
    """The plan for a sequence whose ticks last dt (ticks,)."""
    layers = pooling.layers(dt)
    code = layers[0]
    for layer in layers[1:]:  # ticks alike in every layer so far have one number
        code = np.unique(code * (pooling.rows + 1) + layer, return_inverse=True)[1]
    _, first, bins = np.unique(code, return_index=True, return_inverse=True)
    kinds = layers[:, first]
    if (kinds[:, 0] < 0).all():  # numbered first of all
        kinds, bins = kinds[:, 1:], bins - 1
    ticks = np.bincount(bins[bins >= 0], minlength=kinds.shape[1]).astype(np.float64)
    shares = np.zeros((pooling.rows, kinds.shape[1]))
    of_layer, of_bin = np.nonzero(kinds >= 0)
    np.add.at(shares, (kinds[of_layer, of_bin], of_bin), 1.0)
    counts = shares @ ticks
    return Binning(np.ascontiguousarray(bins, np.int64), shares / np.maximum(counts, 1.0)[:, None])


def _ends(dt: Array) -> Array:
    """The ticks' ends in units of the longest tick, exact where all are equal; ticks in no time count alike."""
    longest = dt.max()
    return np.cumsum(np.asarray(dt, np.float64) / longest) if longest > 0 else np.arange(1.0, len(dt) + 1)
