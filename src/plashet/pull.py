"""Slopes of a loss pulled back through cells made of cells, to all that learning may change in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .cells import Beside, Chain, Nothing, Pass, Products, Squares, sweep
from .encode import Hold, Mask, Scale
from .encode.observe import HoldState
from .liquids import Motors
from .model import Model, ModelState, Readout
from .trainable import Pulled, Trainable
from .types import Array, State


class Kept(NamedTuple):
    """What a run leaves behind so that slopes can be pulled back through it without running anything again."""

    outputs: Array  # (time, *batch, outputs)
    inner: tuple[Any, ...] = ()  # of the cells that a cell is made of


def keep(cell: Any, state: State, u: Array, dt: Array) -> tuple[State, Kept]:
    """`run` that keeps what `pull` needs: the state after the last tick, and what each cell within gave.

    u: (time, *batch, inputs)   dt: (time,) or (time, *batch)
    """
    if type(cell) is Chain:
        after, within, fed = [], [], u
        for inner, s in zip(cell.cells, state, strict=True):
            s, held = keep(inner, s, fed, dt)
            after.append(s)
            within.append(held)
            fed = held.outputs
        return tuple(after), Kept(fed, tuple(within))
    if type(cell) is Beside:
        moved = [keep(inner, s, u, dt) for inner, s in zip(cell.cells, state, strict=True)]
        joined = np.concatenate([held.outputs for _, held in moved], axis=-1)
        return tuple(s for s, _ in moved), Kept(joined, tuple(held for _, held in moved))
    if type(cell) is Model:
        inner, held = keep(cell.liquid, state.inner, u, dt)
        features = held.outputs
        last = features[-1] if len(features) else state.features
        return ModelState(inner, last), Kept(cell.readout(features), (held,))
    after, outputs = sweep(cell, state, u, dt)
    return after, Kept(outputs)


def pull(
    cell: Any,
    state: State,
    u: Array,
    dt: Array,
    outputs: Array | Kept | None,
    slope: Array,
    slope_after: State | None = None,
) -> Pulled:
    """The vector-Jacobian product of `run`: from slopes of a loss by the outputs to those by all that went in.

    state: before the first tick.   u: (time, *batch, inputs)   dt: (time,) or (time, *batch)
    outputs: what `run` gave, or what `keep` kept; None: run again.
    slope: (time, *batch, outputs), of the loss by the outputs.   slope_after: by the state after the last tick.

    The slopes of parameters are sums over time and batch, under the paths of `trainable.parameters(cell)`. A missing
    input (NaN) has slope 0; where Scale clips, so has what is clipped. Cells of your own bring a `pull`.
    Raises TypeError for a cell that has none, naming it and saying where it sits.
    """
    refuse_within(cell)
    return _pull(cell, state, u, dt, outputs, np.asarray(slope), slope_after)


def _pull(
    cell: Any,
    state: State,
    u: Array,
    dt: Array,
    outputs: Array | Kept | None,
    slope: Array,
    slope_after: State | None,
) -> Pulled:
    made_of = _MADE_OF.get(type(cell))
    if made_of is not None:
        held = outputs if isinstance(outputs, Kept) else keep(cell, state, u, dt)[1]
        return made_of(cell, state, u, dt, held, slope, slope_after)
    plain = _PLAIN.get(type(cell))
    if plain is not None:
        return Pulled({}, plain(cell, u, slope), _no_time(u), Nothing())
    if isinstance(cell, Hold):
        return _hold(u, slope, slope_after)
    if type(cell) is Motors:
        return _motors(cell, u, slope)
    given = outputs.outputs if isinstance(outputs, Kept) else outputs
    given = sweep(cell, state, u, dt)[1] if given is None else given
    pulled: Pulled = cell.pull(state, u, dt, given, slope.astype(u.dtype, copy=False), slope_after)
    wanted = getattr(cell, "parameters", ())
    return pulled._replace(parameters={path: a for path, a in pulled.parameters.items() if path in wanted})


def _chain(
    cell: Chain, state: State, u: Array, dt: Array, held: Kept, slope: Array, slope_after: State | None
) -> Pulled:
    named: dict[str, Array] = {}
    before: list[State] = []
    time = _no_time(u)
    fed = [u, *(kept.outputs for kept in held.inner[:-1])]
    for k in reversed(range(len(cell.cells))):
        pulled = _at(k, cell, state[k], fed[k], dt, held.inner[k], slope, slope_after)
        named |= {f"cells.{k}.{path}": a for path, a in pulled.parameters.items()}
        before.append(pulled.state)
        time, slope = time + pulled.dt, pulled.u
    return Pulled(named, slope, time, tuple(reversed(before)))


def _beside(
    cell: Beside, state: State, u: Array, dt: Array, held: Kept, slope: Array, slope_after: State | None
) -> Pulled:
    named: dict[str, Array] = {}
    before: list[State] = []
    time, back, first = _no_time(u), np.zeros_like(u), 0
    for k, inner in enumerate(cell.cells):
        part = np.ascontiguousarray(slope[..., first : first + inner.outputs])
        pulled = _at(k, cell, state[k], u, dt, held.inner[k], part, slope_after)
        named |= {f"cells.{k}.{path}": a for path, a in pulled.parameters.items()}
        before.append(pulled.state)
        time, back, first = time + pulled.dt, back + pulled.u, first + inner.outputs
    return Pulled(named, back, time, tuple(before))


def _at(
    k: int, cell: Any, state: State, u: Array, dt: Array, held: Kept, slope: Array, slope_after: State | None
) -> Pulled:
    return _pull(cell.cells[k], state, u, dt, held, slope, None if slope_after is None else slope_after[k])


def _model(
    cell: Model, state: State, u: Array, dt: Array, held: Kept, slope: Array, slope_after: State | None
) -> Pulled:
    (liquid,) = held.inner
    features = liquid.outputs
    by_features, (weights, bias) = readout_slopes(cell.readout, features, slope)
    if slope_after is not None and len(features):
        by_features[-1] += slope_after.features
    inner = None if slope_after is None else slope_after.inner
    pulled = _pull(cell.liquid, state.inner, u, dt, liquid, by_features, inner)
    named = {f"liquid.{path}": a for path, a in pulled.parameters.items()}
    named |= {"readout.weights": weights, "readout.bias": bias}
    return Pulled(named, pulled.u, pulled.dt, ModelState(pulled.state, np.zeros_like(state.features)))


def readout_slopes(readout: Any, features: Array, slope: Array) -> tuple[Array, tuple[Array, Array]]:
    """Slopes by the features, and by weights and bias, from those by y = features @ weights + bias."""
    rows, pushed = features.reshape(-1, features.shape[-1]), slope.reshape(-1, slope.shape[-1])
    back = (pushed @ np.asarray(readout.weights).T).astype(features.dtype, copy=False)
    return back.reshape(features.shape), (rows.T @ pushed, pushed.sum(axis=0))


def _pass(cell: Pass, u: Array, slope: Array) -> Array:
    return np.where(np.isnan(u), np.zeros((), u.dtype), slope.astype(u.dtype, copy=False))


def _mask(cell: Mask, u: Array, slope: Array) -> Array:
    return np.zeros_like(u)


def _scale(cell: Scale, u: Array, slope: Array) -> Array:
    spread = np.asarray(cell.spread, u.dtype)
    within = np.abs((u - np.asarray(cell.center, u.dtype)) / spread) <= cell.limit  # never where u is NaN
    return np.where(within, slope / spread, 0.0).astype(u.dtype, copy=False)


def _squares(cell: Squares, u: Array, slope: Array) -> Array:
    n = cell.inputs
    return np.where(np.isnan(u), 0.0, slope[..., :n] + 2 * u * slope[..., n:]).astype(u.dtype, copy=False)


def _products(cell: Products, u: Array, slope: Array) -> Array:
    n = cell.inputs
    i, j = np.triu_indices(n)
    twice = np.zeros((*u.shape, n), u.dtype)
    twice[..., i, j] = slope[..., n:]
    twice = twice + twice.swapaxes(-1, -2)
    known = np.where(np.isnan(u), np.zeros((), u.dtype), u)
    back = slope[..., :n] + (twice @ known[..., None])[..., 0]
    return np.where(np.isnan(u), 0.0, back).astype(u.dtype, copy=False)


def _hold(u: Array, slope: Array, slope_after: State | None) -> Pulled:
    """A held value is answerable for every tick at which it was held."""
    last = np.zeros(u.shape[1:], u.dtype) if slope_after is None else np.array(slope_after.last, u.dtype)
    back = np.zeros_like(u)
    for t in reversed(range(len(u))):
        total, seen = last + slope[t], ~np.isnan(u[t])
        back[t] = np.where(seen, total, 0.0)
        last = np.where(seen, 0.0, total).astype(u.dtype, copy=False)
    return Pulled({}, back, _no_time(u), HoldState(last))


def _motors(cell: Motors, u: Array, slope: Array) -> Pulled:
    back, first = np.zeros_like(u), u[..., : cell.outputs]
    back[..., : cell.outputs] = slope * cell.weight
    rows = (-1, cell.outputs)
    named = {"weight": (slope * first).reshape(rows).sum(axis=0), "bias": slope.reshape(rows).sum(axis=0)}
    return Pulled(named, back, _no_time(u), ())


def _no_time(u: Array) -> Array:
    return np.zeros(u.shape[:-1], u.dtype)


_MADE_OF: dict[type, Callable[..., Pulled]] = {Chain: _chain, Beside: _beside, Model: _model}
_PLAIN: dict[type, Callable[[Any, Array, Array], Array]] = {
    Pass: _pass,
    Mask: _mask,
    Scale: _scale,
    Squares: _squares,
    Products: _products,
}


def refuse_within(cell: Any, place: str = "") -> None:
    """Raise TypeError naming the first cell within through which no slope can be pulled, where it sits, what to do."""
    kind = type(cell)
    if kind in (Chain, Beside):
        for k, inner in enumerate(cell.cells):
            refuse_within(inner, f"{place}cells.{k}.")
    elif kind is Model:
        if type(cell.readout) is not Readout:
            name = type(cell.readout).__name__
            raise TypeError(f"no slope can be pulled through {name}: learn with a Readout, and exchange it afterwards")
        refuse_within(cell.liquid, f"{place}liquid.")
    elif kind is Trainable:
        refuse_within(cell.cell, f"{place}cell.")
    elif kind not in _PLAIN and kind not in (Hold, Motors) and not hasattr(cell, "pull"):
        where = f" at {place[:-1]}" if place else ""
        raise TypeError(f"no slope can be pulled through {kind.__name__}{where}: {_way_out(cell)}")


def _way_out(cell: Any) -> str:
    kind = type(cell).__name__
    if kind == "Looped":
        return "learn with a Model that hears the target as an input, and loop it afterwards: Looped(liquid, readout)"
    if hasattr(cell, "circuit"):
        return "a spike has no slope; learn its readout (RLS, Ridge), or move its synapses by plasticity"
    return (
        f"give {kind} a method pull(state, u, dt, outputs, slope, slope_after) -> plashet.trainable.Pulled, "
        "or run it beforehand and learn from what it gave"
    )
