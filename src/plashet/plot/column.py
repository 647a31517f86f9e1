"""Where the units are, and some of their synapses."""

from __future__ import annotations

from typing import Any

import numpy as np

from .looks import INK, SOFT, TEXT, figure, kinds, legend


def column(circuit: Any, synapses: int = 400, values: Any = None, size: tuple[float, float] | None = None) -> Any:
    """A circuit in space: units as balls, excitatory and inhibitory, and a part of the synapses as thin lines.

    circuit: a wiring.Circuit, or the liquid made of it.
    synapses: at most how many lines, spread evenly over the list; a line has the colour of the unit it comes from.
    values: (units,) at least 0, rates for instance: the balls' areas grow with them; else all are alike.
    Returns a matplotlib Figure. Raises ImportError without matplotlib, ValueError for a circuit without places.
    """
    circuit = getattr(circuit, "circuit", circuit)
    if circuit.places is None:
        raise ValueError("the circuit has no places: wiring.column gives them, wiring.circuit(..., places=) takes them")
    places = np.asarray(circuit.places, np.float64)
    area = _areas(values, len(places))
    extent = np.maximum(np.ptp(places, axis=0), 1.0)
    drawn = figure(*(size or (6.5, float(np.clip(1.5 + 6.5 * extent[1:].max() / extent.max(), 2.3, 4.6)))))
    drawn.set_layout_engine("none")  # it would leave room around the cube that a column does not fill
    axes = drawn.add_axes((0.0, 0.0, 1.0, 0.86), projection="3d")
    _lines(axes, circuit, places, synapses)
    for name, colour, held in kinds(circuit.inhibitory):
        look = {"s": area[held], "c": colour, "edgecolors": "white", "linewidths": 0.4, "clip_on": False}
        axes.scatter(*places[held].T, label=f"{name} ({int(held.sum())})", **look)
    _space(axes, places, extent)
    shown = min(synapses, circuit.topology.edges)
    told = f"{circuit.topology.edges} synapses" + (f", {shown} shown" if shown < circuit.topology.edges else "")
    named = legend(drawn, loc="upper center", ncols=2, title=told)
    named.get_title().set(fontsize=TEXT - 1, color=SOFT)
    for mark in named.legend_handles:
        mark.set_sizes([30])
    return drawn


def _areas(values: Any, units: int) -> Any:
    if values is None:
        return np.full(units, float(np.clip(6000 / units, 4, 45)))
    given = np.asarray(values, np.float64)
    if given.shape != (units,) or not (given >= 0).all():
        raise ValueError(f"values are {given.shape}, wanted ({units},) numbers of at least 0, one for each unit")
    return 4 + 90 * given / max(given.max(), 1e-12)


def _lines(axes: Any, circuit: Any, places: Any, most: int) -> None:
    from mpl_toolkits.mplot3d.art3d import Line3DCollection

    edges = circuit.topology.edges
    if min(most, edges) < 1:
        return
    chosen = np.unique(np.linspace(0, edges - 1, min(most, edges)).astype(int))
    pre, post = np.asarray(circuit.topology.pre)[chosen], np.asarray(circuit.topology.post)[chosen]
    for _, colour, held in kinds(circuit.inhibitory):
        mine = held[pre]
        ends = np.stack([places[pre[mine]], places[post[mine]]], axis=1)
        axes.add_collection3d(Line3DCollection(ends, colors=colour, linewidths=0.5, alpha=0.3, clip_on=False))


def _space(axes: Any, places: Any, extent: Any) -> None:
    """The same scale along all three, whole numbers as ticks, no grey walls; as large as the figure lets it be."""
    from matplotlib.ticker import MaxNLocator

    axes.set_proj_type("ortho")
    axes.view_init(elev=20, azim=-68)
    axes.grid(False)
    axes.tick_params(labelsize=TEXT - 1, colors=INK)
    limits = zip((axes.set_xlim, axes.set_ylim, axes.set_zlim), places.min(axis=0), extent, strict=True)
    for limit, low, size in limits:
        limit(low - 0.2, low + size + 0.2)
    for axis, name, size in zip((axes.xaxis, axes.yaxis, axes.zaxis), "xyz", extent, strict=True):
        axis.set_major_locator(MaxNLocator(nbins=2 if size < 4 else 6, integer=True))
        axis.pane.set_visible(False)
        axis.line.set_color(SOFT)
        axis.set_label_text(name)
        axis.label.set(fontsize=TEXT, color=INK)
    zoom = _zoom(axes, places, extent)
    axes.set_box_aspect(extent + 0.4, zoom=zoom)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):  # mplot3d zooms the 21 and 8 points it leaves for text, too
        axis.labelpad = 21 / zoom - 21
        axis.set_tick_params(pad=10 / zoom - 8)


def _zoom(axes: Any, places: Any, extent: Any) -> float:
    """What fills most of the axes, for mplot3d itself leaves room for a cube."""
    from mpl_toolkits.mplot3d import proj3d

    axes.set_box_aspect(extent + 0.4)
    axes.apply_aspect()
    corners = places.min(axis=0) + extent * np.stack(np.meshgrid([0, 1], [0, 1], [0, 1]), axis=-1).reshape(-1, 3)
    x, y, _ = proj3d.proj_transform(*corners.T, axes.get_proj())
    seen = np.ptp(axes.transData.transform(np.column_stack([x, y])), axis=0)
    room = np.array([0.76, 0.66]) * axes.get_position(original=True).size * axes.figure.bbox.size
    return float(np.min(room / np.maximum(seen, 1e-9)))
