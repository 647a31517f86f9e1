"""The way out: a forecast as a frame of the kind that came in, in the units that came in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..types import Array
from .prepare import Fitted

if TYPE_CHECKING:
    from .door import Shape


def frame(
    shape: Shape, stamps: Array, fitted: tuple[Fitted, ...], followed: tuple[float, ...], levels: tuple[float, ...]
) -> Any:
    """time, [target,] mean, lo-, hi- of each level; targets one below the other."""
    tables = [columns(f, followed, levels) for f in fitted]
    names = ("time", *(("target",) if len(fitted) > 1 else ()), *tables[0])
    joined = {name: np.concatenate([t[name] for t in tables]) for name in tables[0]}
    joined["time"] = np.tile(stamps, len(fitted))
    joined["target"] = np.repeat(np.array(shape.names), len(stamps))
    return _polars(joined, names, shape) if shape.kind == "polars" else _pandas(joined, names, shape)


def columns(fitted: Fitted, followed: tuple[float, ...], levels: tuple[float, ...]) -> dict[str, Array]:
    """mean, lo-, hi- of one target's latest forecast."""
    plan, track, _ = fitted
    mean = track.issued.mean[0] * plan.spread + plan.center
    made = {"mean": mean}
    for level in levels:
        width = track.issued.half[0, followed.index(level)] * plan.spread
        made |= {f"lo-{level:g}": mean - width, f"hi-{level:g}": mean + width}
    return made


def _pandas(joined: dict[str, Array], names: tuple[str, ...], shape: Shape) -> Any:
    import pandas as pd

    made = pd.DataFrame({name: joined[name] for name in names})
    if shape.grid.zone:
        made["time"] = made["time"].dt.tz_localize("UTC").dt.tz_convert(shape.grid.zone)
    return made


def _polars(joined: dict[str, Array], names: tuple[str, ...], shape: Shape) -> Any:
    import polars as pl

    made = pl.DataFrame({name: joined[name].tolist() if name == "target" else joined[name] for name in names})
    if shape.grid.zone:
        made = made.with_columns(pl.col("time").dt.replace_time_zone("UTC").dt.convert_time_zone(shape.grid.zone))
    return made
