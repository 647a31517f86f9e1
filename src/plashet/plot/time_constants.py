"""Time constants over time: how fast each unit of a net is, and when."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..types import Array
from ..wiring import Connectome, kinds
from .connectome import COLOURS
from .looks import INK, SOFT, TEXT, figure, tidy

NAMED = 40  # as many names of units fit beside a picture
ORDER = ("motor", "command", "inter")  # from the top, where a net has layers


def time_constants(
    tau: Array, dt: Any = 1.0, net: Any = None, size: tuple[float, float] | None = None, ax: Any = None
) -> Any:
    """tau [s], (time, units), as `measure.time_constants` gives it: time to the right, a row for each unit, dark where
    it is quick, light where it is slow; colours in powers of ten, without the lowest and the highest hundredth.

    dt [s]: a number, or (time,): how long each tick lasted. net: a wiring.Connectome, or a liquid that has one: then
    the units stand by what they are (motor, command, inter), in each kind the quick ones below, under their names.
    ax: a matplotlib Axes to draw on. Returns the Figure. Raises ImportError without matplotlib, ValueError for shapes
    that do not fit.
    """
    tau = np.asarray(tau, np.float64)
    if tau.ndim != 2 or not tau.size:
        raise ValueError(f"tau is {tau.shape}, wanted (time, units): of a batch one row, tau[:, 0]")
    if not (tau > 0).all():
        raise ValueError("tau has values that are no time constants: they are positive, in seconds")
    edges = _edges(dt, len(tau))
    rows, groups, names = _rows(tau, getattr(net, "connectome", net))
    height = float(np.clip(0.9 + 0.13 * len(rows), 2.2, 7.0))
    axes = figure(*(size or (6.5, height))).add_subplot() if ax is None else ax
    _field(axes, tau[:, rows], edges)
    _beside(axes, groups, names)
    return axes.figure


def _edges(dt: Any, ticks: int) -> Array:
    """(time + 1,) where the ticks begin and the last one ends."""
    if np.shape(dt) not in ((), (ticks,)):
        raise ValueError(f"dt is {np.shape(dt)}, wanted a number or ({ticks},)")
    return np.concatenate(([0.0], np.cumsum(np.broadcast_to(np.asarray(dt, np.float64), (ticks,)))))


def _rows(tau: Array, net: Any) -> tuple[Array, list[tuple[str, int]], list[str]]:
    """The units from the bottom up, (kind, how many) of them likewise, and their names."""
    speed = np.median(tau, axis=0)
    if net is None:
        return np.arange(tau.shape[1]), [], []
    if not isinstance(net, Connectome) or net.units != tau.shape[1]:
        what = f"{net.units} units" if isinstance(net, Connectome) else type(net).__name__
        raise ValueError(f"net has {what}, wanted a Connectome of {tau.shape[1]} units, or a liquid along one")
    kind = np.array(kinds(net))
    members = [(name, np.flatnonzero(kind == name)) for name in reversed(ORDER) if (kind == name).any()]
    rows = np.concatenate([units[np.argsort(speed[units], kind="stable")] for _, units in members])
    names = [net.names[k] if net.names else str(k) for k in rows]
    return rows, [(name, len(units)) for name, units in members], names


def _field(axes: Any, tau: Array, edges: Array) -> None:
    from matplotlib.colors import LogNorm

    finite = tau[np.isfinite(tau)]
    low, high = np.quantile(finite, (0.01, 0.99)) if finite.size else (1.0, 1.0)
    low, high = (low, high) if high > 1.02 * low else (low / 1.5, high * 1.5)
    shown = np.clip(tau, low, high)
    at = np.arange(tau.shape[1] + 1) - 0.5
    mesh = axes.pcolormesh(edges, at, shown.T, norm=LogNorm(low, high), cmap="cividis", rasterized=True)
    bar = axes.figure.colorbar(mesh, ax=axes, fraction=0.035, pad=0.02, aspect=25)
    bar.set_label("time constant [s]", fontsize=TEXT, color=INK)
    _ticks(bar.ax.yaxis, low, high)
    bar.ax.tick_params(labelsize=TEXT - 1, colors=INK, length=3)
    bar.outline.set_visible(False)
    tidy(axes, "time [s]", "unit")
    axes.yaxis.get_major_locator().set_params(integer=True)


def _ticks(axis: Any, low: float, high: float) -> None:
    """Round numbers, 1, 2 and 5 times powers of ten, written out; few enough to be read."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        round_ = [s * 10.0**d for d in decades for s in steps if low <= s * 10.0**d <= high]
        if len(round_) >= 3:
            break
    axis.set_major_locator(FixedLocator(round_ or [low, high]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))


def _beside(axes: Any, groups: list[tuple[str, int]], names: list[str]) -> None:
    """What the units are, and a line between the kinds."""
    if not groups:
        return
    axes.set_ylabel("")
    few = len(names) <= NAMED
    axes.set_yticks(range(len(names)) if few else [], names if few else None, fontsize=TEXT - 3)
    axes.tick_params(axis="y", length=0, pad=2)
    first = 0
    for name, many in groups:
        middle = (first + (many - 1) / 2 - -0.5) / len(names)
        look = {"rotation": 90, "ha": "center", "va": "center", "fontsize": TEXT - 1, "weight": "bold"}
        across = -0.075 if few else -0.03
        axes.text(across, middle, name, transform=axes.transAxes, color=COLOURS.get(name, SOFT), **look)
        first += many
        if first < len(names):
            axes.axhline(first - 0.5, color="white", lw=1.4)
