"""Streams of ticks from arrays and from other streams, and the checks at the door."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from .ops import asarray, namespace
from .types import Array, Tick


class Block(NamedTuple):
    """Some consecutive ticks of one series, as arrays."""

    u: Array  # (time, *batch, inputs)
    y: Array | None  # (time, *batch, outputs); NaN or None: no target
    dt: Array  # (time,) or (time, *batch)


def ticks(u: Array, y: Array | None = None, dt: Array | float = 1.0) -> Iterator[Tick]:
    """A stream from arrays: u (time, *batch, inputs), y (time, *batch, outputs), dt [s] a number or one per tick."""
    dts = steps(dt, u)
    for t in range(len(u)):
        yield Tick(u[t], None if y is None else y[t], dts[t])


def drop(stream: Iterable[Tick], share: float, *, seed: int) -> Iterator[Tick]:
    """The stream without a random `share` of its ticks; dt of the next one kept covers the time that passed."""
    if not 0 <= share < 1:
        raise ValueError(f"share is the part to drop, in [0, 1); got {share}")
    rng = np.random.default_rng(seed)
    waited: Any = 0.0
    for tick in stream:
        waited = waited + tick.dt
        if rng.random() >= share:
            yield tick._replace(dt=waited)
            waited = 0.0


def ahead(stream: Iterable[Tick], horizon: int) -> Iterator[Tick]:
    """Each tick's input with the target `horizon` ticks later; the last `horizon` ticks have none."""
    if horizon < 1:
        raise ValueError(f"horizon is counted in ticks ahead, at least 1; got {horizon}")
    waiting: list[Tick] = []
    for tick in stream:
        waiting.append(tick)
        if len(waiting) > horizon:
            yield waiting.pop(0)._replace(y=tick.y)
    for tick in waiting:
        yield tick._replace(y=None)


def blocks(stream: Iterable[Tick], size: int) -> Iterator[Block]:
    """Consecutive ticks stacked, `size` at a time; a tick without a target gets NaN."""
    source = iter(stream)
    while held := list(islice(source, size)):
        labelled = [np.asarray(tick.y, dtype=np.float64) for tick in held if tick.y is not None]
        unknown = np.full(labelled[0].shape, np.nan) if labelled else None
        y = None if unknown is None else np.stack([unknown if tick.y is None else tick.y for tick in held])
        dt = np.stack([np.asarray(tick.dt, dtype=np.float64) for tick in held])
        yield Block(np.stack([numbers(tick.u) for tick in held]), y, dt)


def series_of(data: Any, size: int) -> Iterator[Iterator[Block]]:
    """One iterator of blocks for each series in `data`: ticks, (u, y), (u, y, dt), or a list of such."""
    if isinstance(data, list) and data and not isinstance(data[0], Tick):
        for one in data:
            yield from series_of(one, size)
    elif isinstance(data, tuple) and not isinstance(data, Tick):
        yield _cut(data, size)
    else:
        yield blocks(data, size)


def _cut(arrays: tuple[Any, ...], size: int) -> Iterator[Block]:
    if len(arrays) not in (2, 3):
        raise ValueError(f"a series is (u, y) or (u, y, dt), got {len(arrays)} parts")
    u, y = (numbers(a) if a is not None else None for a in arrays[:2])
    if u is None or (y is not None and len(y) != len(u)):
        raise ValueError(f"u has {0 if u is None else len(u)} ticks and y {0 if y is None else len(y)}; one row each")
    dt = steps(arrays[2] if len(arrays) == 3 else 1.0, u)
    for start in range(0, len(u), size):
        part = slice(start, start + size)
        yield Block(u[part], None if y is None else y[part], dt[part])


def numbers(values: Any) -> Array:
    """An array of floats as this machine writes them: float32 and float64 stay, else float64; tensors pass."""
    if not isinstance(values, np.ndarray):
        if namespace(values) is not np:
            return values
        values = np.asarray(values)
    if values.dtype.char not in "fd":
        return values.astype(np.float64)
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def steps(dt: Array | float, u: Array, first: int = 0) -> Array:
    """dt as (time,) or (time, *batch) for inputs u (time, *batch, inputs); ValueError if negative or not finite.

    first: the number of the first tick, for the message.
    """
    xp = namespace(u)
    dts = asarray(dt, u)
    if dts.ndim == 0:
        dts = xp.broadcast_to(dts, u.shape[:1])
    if tuple(dts.shape) not in (tuple(u.shape[:1]), tuple(u.shape[:-1])):
        raise ValueError(f"dt is {tuple(dts.shape)}, wanted a number, {tuple(u.shape[:1])} or {tuple(u.shape[:-1])}")
    if len(dts) and not (xp.isfinite(dts).all() and (dts >= 0).all()):
        held = np.asarray(dts)
        bad = tuple(np.argwhere(~((held >= 0) & np.isfinite(held)))[0])
        raise ValueError(f"dt is {held[bad]} at tick {first + bad[0]}; time passes in finite steps of 0 or more")
    return dts


def check_finite(name: str, values: Array, first: int = 0) -> None:
    """ValueError that names row and column of the first infinite value; NaN (missing) passes."""
    xp = namespace(values)
    infinite = xp.isinf(values)
    if infinite.any():
        place = np.argwhere(np.asarray(infinite))[0]
        raise ValueError(
            f"{name} is infinite in row {first + int(place[0])}, column {int(place[-1])}; "
            "correct the value, or make it NaN if it was not observed"
        )
