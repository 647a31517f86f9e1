"""States on their way, seen from where they move most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..types import Array
from .looks import INK, SERIES, SOFT, TEXT, figure, legend, tidy


def trajectory(
    states: Array, dt: float = 1.0, names: Sequence[str] = (), size: tuple[float, float] = (5.0, 4.2)
) -> Any:
    """The first two principal components of states (time, units), coloured by time; a ring marks the beginning.

    states (time, rows, units): the rows, seven at most, in one picture and in one pair of components, each in its
    colour and called `names`. dt [s]: between states. Returns a matplotlib Figure.
    Raises ImportError without matplotlib, ValueError for other shapes and for states that do not move or
    are not finite.
    """
    x = np.asarray(states, np.float64)
    x = x[:, None] if x.ndim == 2 else x
    if x.ndim != 3 or len(x) < 2 or x.shape[1] > len(SERIES) or not np.isfinite(x).all():
        raise ValueError(
            f"states are {np.shape(states)}; give finite (time, units) or (time, up to {len(SERIES)}, units)"
        )
    if names and len(names) != x.shape[1]:
        raise ValueError(f"{len(names)} names for {x.shape[1]} rows, wanted one for each")
    seen, share = _components(x)
    drawn = figure(*size)
    axes = drawn.subplots()
    if x.shape[1] == 1:
        _by_time(drawn, axes, seen[:, 0], dt)
    else:
        for row, colour in zip(range(x.shape[1]), SERIES, strict=False):
            axes.plot(*seen[:, row].T, color=colour, lw=1.0, label=names[row] if names else f"run {row + 1}")
            axes.plot(*seen[-1, row], "o", color=colour, ms=4)
        legend(axes, loc="best")
    axes.plot(*seen[0].T, "o", mfc="white", mec=INK, ms=5, zorder=3, ls="none")
    axes.margins(0.06)
    tidy(axes, *(f"component {k + 1} ({100 * share[k]:.0f} % of the variance)" for k in range(2)))
    return drawn


def _components(x: Array) -> tuple[Array, Array]:
    """(time, rows, 2) along the first two directions, and their shares of the variance."""
    flat = x.reshape(-1, x.shape[-1])
    centred = flat - flat.mean(axis=0)
    _, s, directions = np.linalg.svd(centred, full_matrices=False)
    if not s[0] > 0:
        raise ValueError("the states do not move: there is nothing to draw")
    two = np.zeros((2, x.shape[-1]))
    two[: min(2, len(directions))] = directions[:2]
    share = np.append(s**2 / (s**2).sum(), 0.0)[:2]
    return (centred @ two.T).reshape(*x.shape[:2], 2), share


def _by_time(drawn: Any, axes: Any, path: Array, dt: float) -> None:
    """One line whose colour is the time."""
    from matplotlib.collections import LineCollection

    pieces = LineCollection(list(np.stack([path[:-1], path[1:]], axis=1)), cmap="viridis", linewidths=1.2)
    pieces.set_array(np.arange(1, len(path)) * dt)
    axes.add_collection(pieces)
    axes.autoscale_view()
    bar = drawn.colorbar(pieces, ax=axes, pad=0.02, aspect=30)
    bar.outline.set_edgecolor(SOFT)
    bar.set_label("time [s]", fontsize=TEXT, color=INK)
    bar.ax.tick_params(labelsize=TEXT - 1, colors=INK, length=3)
