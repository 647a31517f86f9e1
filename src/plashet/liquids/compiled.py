"""The compiled twin of Spiking.step: its plan, and the call of the kernel on copies of the state."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

from .. import _kernels
from ..threads import cores_for
from ..types import Array
from .grid import MOST, refuse
from .neurons import ALIF, LIF, Izhikevich, gain, parameter, steps_of, weighed

KINDS: dict[type, int] = {LIF: 0, ALIF: 1, Izhikevich: 2}  # neurons that the kernel knows; others run in Python
PARAMETERS = 8


def plan_of(cell: Any, dtype: Any) -> Any:
    """The constants of a Spiking laid out for the kernel, in one dtype; None if its neuron is not compiled."""
    kind = KINDS.get(type(cell.neuron))
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"u is {dtype}, wanted float32 or float64: u.astype(float)")
    if kind is None:
        return None
    circuit, h = cell.circuit, cell.h
    make = _kernels.SpikingFloat32 if np.dtype(dtype) == np.float32 else _kernels.SpikingFloat64

    def lay(values: Any) -> Array:
        return np.ascontiguousarray(values, dtype)

    decay_e, decay_i = (float(np.exp(-h / tau)) for tau in cell.tau_synapse)
    U, D, F = cell.short_term
    return make(
        kind,
        cell.tau_trace is None,
        h,
        0.0 if cell.tau_trace is None else float(np.exp(-h / cell.tau_trace)),
        cell.noise,
        cell.seed,
        decay_e,
        decay_i,
        cell.slots,
        lay(np.asarray(circuit.inputs.w_current).T),
        lay(np.asarray(circuit.inputs.w_events).T),
        lay([parameter(share, circuit.units) for share in cell.shares]),
        lay(_parameters(cell.neuron, h)),
        np.ascontiguousarray(circuit.inhibitory, np.uint8),
        cell.starts,
        np.ascontiguousarray(circuit.topology.post, np.int32),
        np.ascontiguousarray(cell.delays, np.int32),
        lay([U, h / D, h / F]),
    )


def _parameters(neuron: Any, h: float) -> Array:
    """(8, units) the neuron's numbers in the order of src/cpp/simd/neurons.hpp."""
    units, like, rows = neuron.units, np.zeros(0), np.zeros((PARAMETERS, neuron.units))
    if isinstance(neuron, Izhikevich):
        rows[:5] = [parameter(p, units) for p in (neuron.a, neuron.b, neuron.c, neuron.d, h * 1e3)]
        return rows
    lif = neuron.lif if isinstance(neuron, ALIF) else neuron
    level = np.asarray(lif.rest, np.float64) + np.asarray(lif.background, np.float64)
    silent = steps_of(lif.refractory, h)
    rows[:5] = [parameter(p, units) for p in (gain(h, lif.tau, like), level, lif.threshold, lif.reset, silent)]
    if isinstance(neuron, ALIF):
        kept = np.exp(-h / np.asarray(neuron.tau_adapt, np.float64))
        pull = np.asarray(neuron.current_jump, np.float64) * weighed(neuron.tau_adapt, lif.tau, h)
        rows[5:8] = [parameter(p, units) for p in (kept, neuron.threshold_jump, pull)]
    return rows


def move(
    plan: Any, cell: Any, state: Any, u: Array, dt: Array, out: Array, bins: Array | None = None, record: bool = False
) -> tuple[Any, Array | None]:
    """The plan's run on copies of the state's arrays, the rows of a batch on all cores: the new state, the spikes.

    u: (ticks, *batch, inputs)   dt: (ticks,) or (ticks, *batch)   out: (ticks, *batch, units), (bins, units) with bins
    """
    ticks, batch = len(u), u.shape[1:-1]
    rows = int(np.prod(batch))
    refuse(dt, cell.h)
    _fits(state, u, batch)
    held = [np.array(a, order="C") for a in _flat(state)]
    flat = _as_rows(state, held, rows, u.dtype)
    dts = np.ascontiguousarray(dt.reshape(ticks, 1 if dt.ndim == 1 else rows), np.float64)
    given = (
        np.ascontiguousarray(u.reshape(ticks, rows, u.shape[-1])),
        dts,
        cell.weights(u.dtype),
        (_kernels.SpikingStateFloat32 if u.dtype == np.float32 else _kernels.SpikingStateFloat64)(*flat),
        out if bins is not None else out.reshape(ticks, rows, out.shape[-1]),
        bins,
    )
    work = dts.sum() / max(dts.shape[1], 1) / cell.h * rows * cell.outputs  # unit-steps
    events = _over_rows(plan, given, rows, int(work), record)
    return _unflat(state, held), events


def move_one(
    plan: Any, cell: Any, state: Any, u: Array, dt: float, record: bool = False
) -> tuple[Any, Array, Array | None]:
    """One tick of one series, with as little around the kernel as Python allows: new state, output, the spikes."""
    if not 0 <= dt <= MOST * cell.h:
        refuse(dt, cell.h)
    _fits(state, u, ())
    held = [np.array(a, order="C") for a in (*state.neuron, *state[1:])]  # a clock may be a number, not an array
    rows = [a[None] for a in held]
    if len(state.neuron) == 2:  # v, silent of LIF; v, w of Izhikevich
        none = np.empty((1, 0), u.dtype)
        rows[2:2] = [none]
        if state.neuron._fields[1] != "silent":
            rows[1], rows[2] = none, rows[1]
    out = np.empty((1, 1, cell.outputs), u.dtype)
    made = _kernels.SpikingStateFloat32 if u.dtype.char == "f" else _kernels.SpikingStateFloat64
    if not u.flags.c_contiguous:
        u = np.ascontiguousarray(u)
    given = u[None, None], np.array([[dt]]), cell.weights(u.dtype), made(*rows), out, None, 0, 1
    events = plan.run(*given, record)
    return _unflat(state, held), out[0, 0], events


def _over_rows(plan: Any, given: tuple[Any, ...], rows: int, work: int, record: bool) -> Array | None:
    cores = cores_for(rows, work)
    if cores < 2:
        return plan.run(*given, 0, rows, record)
    cuts = np.linspace(0, rows, cores + 1).astype(int)
    with ThreadPoolExecutor(cores) as pool:
        found = list(pool.map(lambda cut: plan.run(*given, int(cut[0]), int(cut[1]), record), pairwise(cuts)))
    return np.concatenate(found) if record else None


def _fits(state: Any, u: Array, batch: tuple[int, ...]) -> None:
    """Raise ValueError for a state of other rows, or of another precision, than the inputs."""
    if state.clock.shape != batch:
        raise ValueError(f"the state is of rows {state.clock.shape}, the inputs of {batch}: give both the same")
    if state.trace.dtype != u.dtype:
        raise ValueError(f"the state is {state.trace.dtype}, the inputs {u.dtype}: give both in one of the two")


def _flat(state: Any) -> list[Array]:
    """The state's arrays in a row: the neuron's first."""
    return [*state.neuron, *state[1:]]


def _unflat(state: Any, arrays: list[Array]) -> Any:
    count = len(state.neuron)
    return type(state)(type(state.neuron)(*arrays[:count]), *arrays[count:])


def _as_rows(state: Any, arrays: list[Array], rows: int, dtype: Any) -> list[Array]:
    """The arrays of `_flat` as the kernel takes them: (rows, ...), and v, silent, extra for every neuron."""
    axes, names = state.clock.ndim, state.neuron._fields
    flat = [a.reshape(rows, *a.shape[axes:]) for a in arrays]
    neuron = dict(zip(names, flat, strict=False))
    none = np.empty((rows, 0), dtype)
    extra = [a for name, a in neuron.items() if name not in ("v", "silent")]
    return [neuron["v"], neuron.get("silent", none), extra[0] if extra else none, *flat[len(names) :]]
