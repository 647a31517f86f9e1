"""The net with synapses in a cell made of cells: where it sits, what runs through it, what is asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from .. import tree
from ..cells import Beside, Chain
from ..liquids import LTC, Gated, Mixed, WiredCfC
from ..model import Model
from ..pull import Kept, keep
from ..trainable import Trainable
from ..types import Array, State

STRENGTHS = {LTC: ("recurrent.w", "sensory.w"), Gated: ("recurrent", "sensory"), WiredCfC: ("recurrent", "sensory")}


class BySynapse(NamedTuple):
    """A number for each synapse of a net; `plot.connectome` takes it as `strengths`."""

    recurrent: Array  # (recurrent edges,)
    sensory: Array  # (sensory edges,)


class Within(NamedTuple):
    """A liquid within a cell, and what ran through it."""

    liquid: Any
    state: State  # before the first tick
    u: Array  # (time, *batch, inputs of the liquid)
    outputs: Array  # (time, *batch, units)


class Question(NamedTuple):
    """A net, a series, and what of its outputs is the decision: the sum of asked * outputs."""

    cell: Any
    state: State
    u: Array
    dt: Array
    asked: Array  # (time, *batch, outputs)


def question(cell: Any, u: Array, dt: Any, asked: Any, state: State | None) -> Question:
    """asked: (time, *batch, outputs) weights, or the number of an output: that one after the last tick."""
    cell, u, dt, state = given(cell, u, dt, state)
    shape = (*u.shape[:-1], cell.outputs)
    if np.ndim(asked):
        weights = np.asarray(asked, np.float64)
        if weights.shape != shape:
            raise ValueError(f"asked is {weights.shape}, wanted {shape}, or the number of an output")
        return Question(cell, state, u, dt, weights)
    if not 0 <= asked < cell.outputs:
        raise ValueError(f"there are outputs 0..{cell.outputs - 1}, got {asked}")
    weights = np.zeros(shape)
    weights[-1, ..., int(asked)] = 1.0
    return Question(cell, state, u, dt, weights)


def given(cell: Any, u: Array, dt: Any, state: State | None) -> tuple[Any, Array, Array, State]:
    """What all measures here take, in order: the bare cell, a series with at least one tick, dt for each, a state."""
    u = np.asarray(u)
    u = u if u.dtype in (np.float32, np.float64) else u.astype(np.float64)
    if u.ndim < 2 or u.shape[-1] != cell.inputs or not len(u):
        raise ValueError(f"u is {u.shape}, wanted (time, *batch, {cell.inputs}) with one tick at least")
    elapsed = np.asarray(dt, u.dtype)
    if elapsed.shape not in ((), u.shape[:1], u.shape[:-1]):
        raise ValueError(f"dt is {elapsed.shape}, wanted a number, {u.shape[:1]} or {u.shape[:-1]}")
    elapsed = np.full(len(u), elapsed) if elapsed.ndim == 0 else elapsed
    cell = bare(cell)
    return cell, u, elapsed, cell.init(u[0]) if state is None else state


def bare(cell: Any) -> Any:
    """The cell without what tells learners of which of its fields to change."""
    if type(cell) is Trainable:
        return bare(cell.cell)
    if type(cell) in (Chain, Beside):
        return replace(cell, cells=tuple(bare(c) for c in cell.cells))
    return replace(cell, liquid=bare(cell.liquid)) if type(cell) in (Model, Mixed) else cell


def net_in(cell: Any) -> tuple[str, Any]:
    """Path and value of the one net with synapses in a cell. Raises TypeError where there is none, or more."""
    found = list(_nets(cell, ""))
    if len(found) != 1:
        names = ", ".join(kind.__name__ for kind in STRENGTHS)
        there = " and ".join(path or "itself" for path, _ in found) or "none"
        raise TypeError(f"this {type(cell).__name__} has {there}; wanted one net with synapses of its own: {names}")
    return found[0]


def _nets(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if type(value) in STRENGTHS:
        yield path, value
        return
    for name, child in tree.parts(value) or ():
        yield from _nets(child, f"{path}.{name}" if path else name)


def strengths(cell: Any) -> tuple[str, str]:
    """The paths of what the recurrent and the sensory synapses are strong by: 0 there, and they are gone."""
    path, net = net_in(cell)
    first, second = (f"{path}.{name}" if path else name for name in STRENGTHS[type(net)])
    return first, second


def with_net(value: Any, path: str, net: Any) -> Any:
    """The same value with another net at a path."""
    if not path:
        return net
    name, _, rest = path.partition(".")
    children = [with_net(c, rest, net) if n == name else c for n, c in tree.parts(value) or ()]
    return tree.rebuild(value, children)


def liquids_in(cell: Any, u: Array, dt: Array, state: State) -> Iterator[Within]:
    """Every cell within that is not made of others, as a run goes through it."""
    yield from _each(cell, state, u, keep(cell, state, u, dt)[1])


def _each(cell: Any, state: State, u: Array, held: Kept) -> Iterator[Within]:
    if type(cell) is Model:
        yield from _each(cell.liquid, state.inner, u, held.inner[0])
    elif type(cell) in (Chain, Beside):
        for inner, s, kept in zip(cell.cells, state, held.inner, strict=True):
            yield from _each(inner, s, u, kept)
            u = kept.outputs if type(cell) is Chain else u
    else:
        yield Within(cell, state, u, held.outputs)
