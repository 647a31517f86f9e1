"""Mixed memory over a liquid that has a kernel of its own: tick by tick, the LSTM in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import into, logistic, observed
from ..tree import arrays
from ..types import Array


def run_mixed(cell: Any, state: Any, u: Array, dt: Array, out: Array | None) -> tuple[Array, Array, Array]:
    """h and c after the last tick, and all h."""
    h, c = (np.array(np.broadcast_to(a, (*u.shape[1:-1], cell.outputs)), u.dtype) for a in state)
    outputs = np.empty((*u.shape[:-1], cell.outputs), u.dtype)
    for t, (now, elapsed) in enumerate(zip(u, np.asarray(dt, u.dtype), strict=True)):
        h, c = _tick(cell, h, c, now, elapsed)
        outputs[t] = h
    return h.copy(), c, into(out, outputs)


def _tick(cell: Any, h: Array, c: Array, u: Array, dt: Array) -> tuple[Array, Array]:
    gates = _gates(cell, h, u)
    moved_c, _, k = _memory(gates, c)
    moved = _inner(cell, k, u, dt)
    gone = dt[..., None] < 0
    return np.where(gone, h, moved), np.where(gone, c, moved_c)


def _inner(cell: Any, k: Array, u: Array, dt: Array) -> Array:
    """What the liquid makes of k; where the tick is not there, some number."""
    return cell.liquid.tick(_state(cell, k), u, np.maximum(dt, 0))[1]


def _state(cell: Any, k: Array) -> Any:
    return type(cell.liquid.init(np.zeros(cell.inputs)))(k)


def _gates(cell: Any, h: Array, u: Array) -> tuple[Array, Array, Array, Array]:
    x = observed(u)
    arrays = (np.asarray(a, h.dtype) for a in (cell.w_in, cell.w, cell.bias))
    i, g, f, o = (x @ a.T + h @ b.T + d for a, b, d in zip(*arrays, strict=True))
    return np.tanh(i), logistic(g), logistic(f + 1), logistic(o)


def _memory(gates: tuple[Array, ...], c: Array) -> tuple[Array, Array, Array]:
    """c after the tick, its tanh, and what takes the place of the liquid's state."""
    i, g, f, o = gates
    after = c * f + i * g
    bent = np.tanh(after)
    return after, bent, bent * o


def pull_mixed(
    cell: Any, run: tuple[Any, Array, Array, Array], slope: Array, after: tuple[Array | None, ...]
) -> tuple[dict[str, Array], Array, Array, Array, Array]:
    """run: state, u, dt and outputs. Slopes by path, of u, of dt, of h and of c."""
    state, u, dt, outputs = run
    batch = (*u.shape[1:-1], cell.outputs)
    hs = np.concatenate((np.broadcast_to(state.h, batch)[None], outputs)).astype(u.dtype)
    clock = np.broadcast_to(
        np.asarray(dt, u.dtype).reshape(*np.shape(dt), *(1,) * (u.ndim - 1 - np.ndim(dt))), u.shape[:-1]
    )
    cs = [np.broadcast_to(state.c, batch).astype(u.dtype)]
    for t in range(len(u)):
        moved = _memory(_gates(cell, hs[t], u[t]), cs[-1])[0]
        cs.append(np.where(clock[t][..., None] < 0, cs[-1], moved))
    dh, dc = (np.zeros(batch, u.dtype) if a is None else np.array(a, u.dtype) for a in after)
    sums: dict[str, Array] = {}
    du, ddt = np.zeros(u.shape, u.dtype), np.zeros(u.shape[:-1], u.dtype)
    for t in reversed(range(len(u))):
        found, du[t], ddt[t], dh, dc = _pull_tick(cell, (hs[t], cs[t], u[t], clock[t], hs[t + 1]), dh + slope[t], dc)
        sums = {path: sums[path] + a if sums else a for path, a in found.items()}
    return (sums or {p: np.zeros(a, u.dtype) for p, a in _shapes(cell).items()}), du, ddt, dh, dc


def _shapes(cell: Any) -> dict[str, Any]:
    held = arrays(cell)
    return {path: np.shape(held[path]) for path in cell.parameters}


def _pull_tick(
    cell: Any, tick: tuple[Array, ...], dh: Array, dc: Array
) -> tuple[dict[str, Array], Array, Array, Array, Array]:
    """Back through one tick; tick: h, c, u, dt and the h after it."""
    h, c, u, dt, after = tick
    gone = np.asarray(dt)[..., None] < 0
    d, dc_moved = np.where(gone, 0, dh), np.where(gone, 0, dc)
    i, g, f, o = gates = _gates(cell, h, u)
    _, bent, k = _memory(gates, c)
    moved: Array = np.where(gone, _inner(cell, k, u, dt), after)
    inner = cell.liquid.pull(_state(cell, k), u[None], np.asarray(np.maximum(dt, 0))[None], moved[None], d[None])
    dk = inner.state[0]
    by_c = dc_moved + dk * o * (1 - bent * bent)
    heads = (
        by_c * g * (1 - i * i),
        by_c * i * g * (1 - g),
        by_c * c * f * (1 - f),
        dk * bent * o * (1 - o),
    )
    flat = [a.reshape(-1, cell.outputs) for a in heads]
    x, before = observed(u).reshape(len(flat[0]), cell.inputs), h.reshape(-1, cell.outputs)
    found = {f"liquid.{path}": a for path, a in inner.parameters.items()}
    found |= {"w_in": np.stack([a.T @ x for a in flat]), "w": np.stack([a.T @ before for a in flat])}
    found["bias"] = np.stack([a.sum(0) for a in flat])
    w_in, w = np.asarray(cell.w_in, u.dtype), np.asarray(cell.w, u.dtype)
    du = inner.u[0] + np.where(np.isnan(u), 0, sum(a @ m for a, m in zip(heads, w_in, strict=True)))
    back = np.where(gone, dh, sum(a @ m for a, m in zip(heads, w, strict=True)))
    return found, du, np.where(dt < 0, 0, inner.dt[0]), back, np.where(gone, dc, by_c * f)
