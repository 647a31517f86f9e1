"""Where the neurons of a connectome stand in a picture, and the ways of the synapses between them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from ..wiring import Connectome, kinds
from ..wiring.worm import worm

RING = 60  # from so many of the worm's neurons on, they stand in a ring
WIDE = 2.4  # from column to column, where the tallest column is 1 high
STEPS = np.linspace(0, 1, 25)


class Places(NamedTuple):
    """Points in the plane, and who belongs together."""

    units: Any  # (units, 2)
    inputs: Any  # (inputs, 2); none are shown in a ring
    groups: list[tuple[str, Any]]  # title, numbers of units
    ring: bool


def places(net: Connectome) -> Places:
    """Columns from left to right, by layer; for much of the worm a ring, by class."""
    of_worm = bool(net.names) and set(net.names) <= set(worm().names)
    groups = _classes(net) if of_worm else _layers(net)
    if of_worm and net.units >= RING:
        return Places(_ring(groups, net.units), np.zeros((0, 2)), groups, True)
    groups = groups if of_worm else _untangled(net, groups)
    tallest = max(net.inputs, *(len(members) for _, members in groups))
    units = np.zeros((net.units, 2))
    for column, (_, members) in enumerate(groups, 1):
        units[members] = _column(column, len(members), tallest)
    return Places(units, _column(0, net.inputs, tallest), groups, False)


def ways(start: Any, end: Any, ring: bool) -> Any:
    """(edges, points, 2): the curve of each edge from start (edges, 2) to end (edges, 2)."""
    inner = (_through_the_ring if ring else _between_columns)(start, end)
    t = STEPS[:, None]
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    parts = zip(weights, (start, *inner, end), strict=True)
    return np.sum([w * np.asarray(point)[:, None, :] for w, point in parts], axis=0)


def _through_the_ring(start: Any, end: Any) -> tuple[Any, Any]:
    """The further apart, the deeper; a synapse to oneself is a small loop to the inside."""
    turned = np.arccos(np.clip((start * end).sum(1, keepdims=True), -1, 1)) / np.pi
    depth = 0.86 - 0.84 * turned**0.55
    aside = np.where((turned == 0), 0.06, 0.0) * np.stack([-start[:, 1], start[:, 0]], axis=1)
    return start * depth + aside, end * depth - aside


def _between_columns(start: Any, end: Any) -> tuple[Any, Any]:
    """Level when it leaves and when it arrives; within a column an arc to its right, to oneself a loop."""
    across, up = (end - start).T
    same, self = across == 0, (across == 0) & (up == 0)
    reach = np.where(same, np.where(self, 0.34, 0.22 + 0.55 * np.abs(up)), across / 2)
    lift = np.where(self, 0.06, 0.0)
    first, second = np.stack([reach, lift], 1), np.stack([np.where(same, reach, -reach), -lift], 1)
    return start + first, end + second


def _column(column: int, members: int, tallest: int) -> Any:
    """Evenly down the column; a short one is spread at most twice as wide as the tallest."""
    step = 1.0 / max(tallest - 1, 1)
    spread = min(step * (members - 1) * 2.2, 0.3 + 0.7 * members / tallest, 1.0) if members > 1 else 0.0
    return np.column_stack([np.full(members, WIDE * column / 3), np.linspace(spread / 2, -spread / 2, members)])


def _layers(net: Connectome) -> list[tuple[str, Any]]:
    kind = np.array(kinds(net))
    if net.motor == net.units:
        return [("units", np.arange(net.units))]
    named = [(name, np.flatnonzero(kind == name)) for name in ("inter", "command", "motor")]
    return [(name, members) for name, members in named if len(members)]


def _classes(net: Connectome) -> list[tuple[str, Any]]:
    """The worm's, types together, the neurons of a row in the order of the body."""
    known = worm()
    row = np.array([known.names.index(name) for name in net.names])
    found = []
    for kind in ("sensory", "inter", "polymodal", "unknown", "motor"):
        mine = [k for k in range(net.units) if known.kinds[row[k]] == kind]
        if mine:
            found.append((kind, np.array(sorted(mine, key=lambda k: (known.types[row[k]], _natural(net.names[k]))))))
    return found


def _natural(name: str) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _untangled(net: Connectome, groups: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The same columns, each inner neuron near the mean height of those that it hears and that hear it."""
    height = np.zeros(net.units)
    for _, members in groups:
        height[members] = np.linspace(0.5, -0.5, len(members))
    given = np.linspace(0.5, -0.5, net.inputs)
    pre, post = np.asarray(net.recurrent.pre), np.asarray(net.recurrent.post)
    for _ in range(8):
        total = np.bincount(post, height[pre], net.units) + np.bincount(pre, height[post], net.units)
        total += np.bincount(net.sensory.post, given[net.sensory.pre], net.units)
        many = sum(np.bincount(at, minlength=net.units) for at in (pre, post, net.sensory.post))
        mean = total / np.maximum(many, 1)
        groups = [(n, m if n in ("motor", "units") else m[np.argsort(-mean[m], kind="stable")]) for n, m in groups]
        for _, members in groups:
            height[members] = np.linspace(0.5, -0.5, len(members))
    return groups


def ring_angles(units: Any) -> Any:
    """(units,) in degrees, of points on the ring."""
    return np.degrees(np.arctan2(units[:, 1], units[:, 0]))


def _ring(groups: list[tuple[str, Any]], units: int) -> Any:
    """Clockwise from the top, a gap between the classes."""
    gap = 4.0
    step = 2 * np.pi / (units + gap * len(groups))
    found, at = np.zeros((units, 2)), gap / 2
    for _, members in groups:
        angle = np.pi / 2 - step * (at + np.arange(len(members)))
        found[members] = np.column_stack([np.cos(angle), np.sin(angle)])
        at += len(members) + gap
    return found
