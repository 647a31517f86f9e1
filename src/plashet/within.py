"""What cells made of cells hold: the one among them that spikes, its state, and another in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .types import Cell, State


def spiking_path(cell: Any) -> tuple[int, ...]:
    """Where, in a cell made of cells, the one is that spikes: which member, of it which member, and so on.

    It is the one that offers `record`. Raises TypeError where there is none, or more than one.
    """
    found = _spiking(cell)
    if len(found) != 1:
        raise TypeError(
            f"{len(found) or 'no'} cells that spike in this {type(cell).__name__}, wanted one: a Spiking liquid, alone "
            "or within Chain, Beside, WithInput or Noisy; several columns are one Spiking of wiring.columns"
        )
    return found[0]


def member(cell: Any, path: tuple[int, ...]) -> Any:
    """The cell at a path."""
    return member(_members(cell)[path[0]], path[1:]) if path else cell


def member_state(state: State, path: tuple[int, ...]) -> State:
    """The state of the cell at a path: a state begins with those of the members."""
    return member_state(state[path[0]], path[1:]) if path else state


def exchanged(cell: Any, path: tuple[int, ...], other: Cell) -> Any:
    """The same cell with another one at a path."""
    if not path:
        return other
    members = _members(cell)
    inner = exchanged(members[path[0]], path[1:], other)
    if not hasattr(cell, "cells"):
        return replace(cell, cell=inner)
    return replace(cell, cells=tuple(inner if k == path[0] else c for k, c in enumerate(members)))


def _members(cell: Any) -> tuple[Any, ...]:
    return getattr(cell, "cells", None) or ((cell.cell,) if hasattr(cell, "cell") else ())


def _spiking(cell: Any) -> list[tuple[int, ...]]:
    members = _members(cell)
    if not members:
        return [()] if hasattr(cell, "record") else []
    return [(k, *path) for k, inner in enumerate(members) for path in _spiking(inner)]


def a_cell(value: Any) -> Any:
    """The value, if it is a cell. Raises TypeError for another, such as a torch module, which has a cell."""
    missing = [name for name in ("inputs", "outputs", "init", "step") if not hasattr(value, name)]
    if missing:
        raise TypeError(f"a {type(value).__name__} is no cell, it has no {' or '.join(missing)}{_instead(value)}")
    return value


def _instead(value: Any) -> str:
    """The way out for what is taken for a cell."""
    if callable(getattr(value, "cell", None)):
        return "; its frozen cell is module.cell()"
    if getattr(value, "__name__", "") == "cell":
        return "; the cell is what it gives: module.cell()"
    if hasattr(value, "weights") and hasattr(value, "bias"):
        return "; Model(liquid, readout) puts it behind a liquid"
    return ""
