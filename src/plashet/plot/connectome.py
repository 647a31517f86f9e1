"""Who listens to whom: a connectome in layers, or the worm in a ring."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..types import Array
from ..wiring import Connectome
from .looks import EXCITATORY, INHIBITORY, INK, SOFT, TEXT, figure, legend
from .places import Places, places, ring_angles, ways

COLOURS = {"inputs": "#8b959a", "sensory": "#009E73", "inter": "#56B4E9", "command": "#E69F00", "motor": "#CC79A7"}
COLOURS["units"] = COLOURS["inter"]
FADED = 1500  # up to so many synapses are drawn faint where they begin and dark where they end
RARE = 0.2  # where fewer synapses inhibit, they are drawn on top and darker, else one would not see them
LABELLED = 45  # as many names fit into a column


def connectome(net: Any, *, values: Any = None, strengths: Any = None, ax: Any = None) -> Any:
    """The neurons in columns (inputs, inter, command, motor), or much of the worm in a ring by class, and the synapses
    between them: blue excites, orange inhibits, faint where a synapse begins and dark where it ends.

    net: a wiring.Connectome, or a liquid that has one. values: (units,), states for instance, as the neurons' colours.
    strengths: (recurrent edges,), or these and (sensory edges,) as a pair: a synapse is as wide and dark as it is
    strong; where any is negative, as contributions to a decision are, blue raises it and orange lowers it.
    ax: a matplotlib Axes to draw on. Returns the Figure. Raises ImportError without matplotlib, ValueError for values
    or strengths that do not fit.
    """
    net = getattr(net, "connectome", net)
    if not isinstance(net, Connectome):
        raise TypeError(f"this is a {type(net).__name__}, wanted a wiring.Connectome or a liquid that has one")
    values = None if values is None else _along("values", values, net.units, "unit")
    inner, outer = strengths if isinstance(strengths, tuple) else (strengths, None)
    signed = any(s is not None and (np.asarray(s) < 0).any() for s in (inner, outer))
    where = places(net)
    axes = _axes(net, where) if ax is None else ax
    if not where.ring:
        given = net.sensory_sign if outer is None or not signed else None
        _synapses(axes, net.sensory, given, (where.inputs, where.units), outer, False)
    _synapses(axes, net.recurrent, None if signed else net.sign, (where.units, where.units), inner, where.ring)
    _neurons(axes, net, where, values)
    (_around if where.ring else _titles)(axes, net, where)
    _legend(axes, where.ring, ("raises", "lowers") if signed else ("excites", "inhibits"))
    axes.set_axis_off()
    axes.set_aspect("equal" if where.ring else "auto")
    return axes.figure


def _axes(net: Connectome, where: Places) -> Any:
    tallest = max(net.inputs, *(len(members) for _, members in where.groups))
    size = (9.0, 9.0) if where.ring else (7.0, float(np.clip(0.17 * tallest, 2.8, 8.0)))
    return figure(*size).add_subplot()


def _along(name: str, given: Any, many: int, of: str) -> Array:
    array = np.asarray(given, np.float64)
    if array.shape != (many,) or not np.isfinite(array).all():
        raise ValueError(f"{name} is {array.shape}, wanted ({many},) finite numbers, one for each {of}")
    return array


def _synapses(axes: Any, synapses: Any, sign: Any, ends: tuple[Any, Any], strengths: Any, ring: bool) -> None:
    """Lines in the order of their strength, so that the strongest lie on top."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgb

    if not synapses.edges:
        return
    given = np.ones(synapses.edges) if strengths is None else _along("strengths", strengths, synapses.edges, "synapse")
    signs = np.sign(given) if sign is None else np.asarray(sign)
    size = np.abs(given) / max(np.abs(given).mean(), 1e-300)
    order = np.lexsort((size, signs < 0)) if (signs < 0).mean() < RARE else np.argsort(size, kind="stable")
    size, signs = size[order], signs[order]
    lines = ways(ends[0][synapses.pre[order]], ends[1][synapses.post[order]], ring)
    colour = np.where(signs[:, None] < 0, to_rgb(INHIBITORY), to_rgb(EXCITATORY))
    dark = np.where((signs < 0) & ((signs < 0).mean() < RARE), 3.0, 1.0) * np.clip(5 / np.sqrt(len(size)), 0.05, 0.75)
    shade = np.clip(dark * size, 0.01, 0.95)
    wide = np.clip((0.8 if synapses.edges < FADED else 0.45) * (0.3 + 0.7 * size), 0.2, 3.2)
    if synapses.edges < FADED:  # each line in pieces, the first ones fainter
        pieces = np.stack([lines[:, :-1], lines[:, 1:]], axis=2)
        ramp = np.linspace(0.15, 1.0, pieces.shape[1])
        shade = (shade[:, None] * ramp).ravel()
        colour, wide = np.repeat(colour, len(ramp), axis=0), np.repeat(wide, len(ramp))
        lines = pieces.reshape(-1, 2, 2)
    rgba = np.column_stack([colour, shade])
    axes.add_collection(LineCollection(lines, colors=rgba, linewidths=wide, capstyle="butt", zorder=1))


def _neurons(axes: Any, net: Connectome, where: Places, values: Any) -> None:
    tallest = max(net.inputs, *(len(members) for _, members in where.groups))
    area = 26.0 if where.ring else float(np.clip(3200 / tallest, 14, 130))
    edge = {"edgecolors": "white", "linewidths": 0.6, "zorder": 3, "clip_on": False}
    if len(where.inputs):
        axes.scatter(*where.inputs.T, s=0.6 * area, c=COLOURS["inputs"], marker="s", **edge)
    if values is None:
        for name, members in where.groups:
            axes.scatter(*where.units[members].T, s=area, c=COLOURS.get(name, SOFT), **edge)
        return
    signed, most = bool((values < 0).any()), float(np.abs(values).max()) or 1.0
    look = {"cmap": "PRGn" if signed else "viridis", "vmin": -most if signed else 0.0, "vmax": most}
    shown = axes.scatter(*where.units.T, s=area, c=values, **look, **edge | {"edgecolors": INK, "linewidths": 0.4})
    bar = axes.figure.colorbar(shown, ax=axes, fraction=0.025, pad=0.02, aspect=30, shrink=0.6)
    bar.ax.tick_params(labelsize=TEXT - 1, colors=INK, length=3)
    bar.outline.set_visible(False)


def _legend(axes: Any, ring: bool, names: tuple[str, str]) -> None:
    from matplotlib.lines import Line2D

    colours = zip(names, (EXCITATORY, INHIBITORY), strict=True)
    lines = [Line2D([], [], color=colour, lw=1.5, label=name) for name, colour in colours]
    under: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "ncols": 2}
    legend(axes, handles=lines, **({"loc": "lower right"} if ring else under))


def _titles(axes: Any, net: Connectome, where: Places) -> None:
    """What each column is, over it; names of the units where there is room."""
    columns = [("inputs", where.inputs), *((name, where.units[members]) for name, members in where.groups)]
    top = max(points[:, 1].max() for _, points in columns)
    told = {"ha": "center", "va": "bottom", "fontsize": TEXT, "color": INK, "annotation_clip": False}
    for name, points in columns:
        text, at = f"{name} ({len(points)})", (points[0, 0], top)
        axes.annotate(text, at, xytext=(0, 10), textcoords="offset points", **told)
    pad = 0.06 if top else 0.5
    axes.set_ylim(-top - pad, top + pad / 2)
    axes.set_xlim(-0.25, columns[-1][1][0, 0] + 0.25 + _reach(net, where))
    for name, members in where.groups:
        if net.names and len(members) <= LABELLED:
            _name(axes, net, where, members, -1 if name == "sensory" else 1)


def _reach(net: Connectome, where: Places) -> float:
    """How far the synapses within the last column lead to its right."""
    last = where.groups[-1][1]
    inside = np.isin(net.recurrent.pre, last) & np.isin(net.recurrent.post, last)
    lines = ways(where.units[net.recurrent.pre[inside]], where.units[net.recurrent.post[inside]], False)
    return float(np.max(lines[..., 0] - where.units[last[0], 0], initial=0.0))


def _name(axes: Any, net: Connectome, where: Places, members: Any, side: int) -> None:
    from matplotlib.patheffects import withStroke

    look = {"ha": "right" if side < 0 else "left", "va": "center", "fontsize": TEXT - 2, "color": INK, "zorder": 4}
    for k in members:
        text = axes.annotate(net.names[k], where.units[k], xytext=(7 * side, 0), textcoords="offset points", **look)
        text.set_path_effects([withStroke(linewidth=2, foreground="white")])


def _around(axes: Any, net: Connectome, where: Places) -> None:
    """Every name at its neuron, every class at its part of the ring."""
    angles = ring_angles(where.units)
    size = float(np.clip(1350 / net.units, 4.2, 8.0))
    for k, (angle, (x, y)) in enumerate(zip(angles, where.units, strict=True)):
        right = abs(angle) <= 90
        look = {"ha": "left" if right else "right", "va": "center", "rotation_mode": "anchor", "color": INK}
        axes.text(1.025 * x, 1.025 * y, net.names[k], fontsize=size, rotation=angle if right else angle + 180, **look)
    for name, members in where.groups:
        middle = where.units[members].mean(axis=0)
        x, y = 1.17 * middle / np.linalg.norm(middle)
        turn = np.degrees(np.arctan2(y, x)) - 90
        turn = turn + 180 if y < 0 else turn
        look = {"ha": "center", "va": "center", "rotation_mode": "anchor", "weight": "bold"}
        if len(members) > 3:
            told, colour = f"{name} ({len(members)})", COLOURS.get(name, SOFT)
            axes.text(x, y, told, color=colour, rotation=turn, fontsize=TEXT + 2, **look)
    axes.set_xlim(-1.22, 1.22)
    axes.set_ylim(-1.22, 1.22)
