"""Spiking units joined by synapses: the liquid of the liquid state machine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..cells import fold
from ..chance import START, named, seeded, uniforms
from ..ops import into
from ..tree import parts
from ..types import Array, State
from ..wiring import Circuit
from .compiled import move, move_one, plan_of
from .grid import grid_step, positive, refuse, tell_of_rounding, whole_steps
from .neurons import mean_current
from .rows import recorded, row_of, stacked

LARGEST = {"f": 2.0**100, "d": 2.0**1000}  # finite inputs are cut there, so that what they lead to is finite
LARGEST_DELAY = 1 << 16  # grid steps; a ring holds so many slots for each unit


class SpikingState(NamedTuple):
    """Where a spiking liquid is. All per row of a batch; the clock and the key name its random numbers."""

    neuron: State
    current: Array  # (*batch, 2, units): excitatory and inhibitory synaptic current, both >= 0
    ring: Array  # (*batch, 2, slots, units): what arrives at grid step n is in slot n mod slots
    u: Array  # (*batch, edges): share of resources that a spike uses; no edges where synapses are static
    r: Array  # (*batch, edges): resources that are there
    last: Array  # (*batch, units) int64: grid step of the last spike, -1: none yet
    trace: Array  # (*batch, units): the output
    clock: Array  # (*batch,) int64: grid steps done
    rest: Array  # (*batch,) float64: part of a grid step that is left over
    key: Array  # (*batch,) int64: the row's name


@dataclass(frozen=True, eq=False)
class Spiking:
    """Neurons joined by a circuit, on a time grid of step h. One grid step n:

        I_s^i = W_current u + w_s(E) E - w_s(I) I + noise xi       w_s: the neuron's `weigh`
        neurons move by one step under I_s; E and I decay by exp(-h/tau_synapse), then take slot n mod L of the ring
        a spike of unit i adds weight u R to slot n + d of each of its targets, to E or to I as unit i is

    so a spike at step n with a delay of d >= 1 steps changes the target's current at the end of step n + d and moves
    its potential from step n + d + 1 on. u and R are its short-term plasticity (wiring.Dynamics), 1 where static.

    Inputs are currents, held over the tick, and then events: counts, put into the slot of the tick's first grid step
    (of the next one, if the tick is shorter than a step). A tick of dt advances as many whole steps as dt and what was
    left over hold. Output: the spikes low-passed with tau_trace, at the tick's end; with tau_trace None the number of
    spikes in the tick. `noise` [mV] is the standard deviation of a Gaussian current, new for each unit at each step.
    Numbers are drawn by (seed, row key, grid step), so a row alone has those it has in a batch.

    Delays are rounded to whole steps, at least one: a warning tells if that changes one by more than 1 %.
    Raises ValueError for parts that do not fit together.

    Maass, Natschläger & Markram 2002; exact integration after Rotter & Diesmann 1999.
    """

    circuit: Circuit
    neuron: Any  # a Cell over units: current in, spikes out
    h: float = 1e-3  # [s]
    tau_synapse: tuple[float, float] = (3e-3, 6e-3)  # [s], excitatory and inhibitory
    tau_trace: float | None = 0.03  # [s]
    noise: float = 0.0  # [mV]
    seed: int = 0

    def __post_init__(self) -> None:
        if not (self.neuron.inputs == self.neuron.outputs == self.circuit.units):
            sizes = f"{self.neuron.inputs} currents and gives {self.neuron.outputs} spikes"
            raise ValueError(f"the neuron takes {sizes}, but the circuit has {self.circuit.units} units")
        if np.shape(self.tau_synapse) != (2,):
            raise ValueError(f"tau_synapse is two of them, excitatory and inhibitory; got {self.tau_synapse}")
        positive("h", (self.h,))
        positive("tau_synapse", self.tau_synapse)
        positive("tau_trace", () if self.tau_trace is None else (self.tau_trace,))
        if not 0 <= self.noise < np.inf:
            raise ValueError(f"noise is a standard deviation in mV, at least 0; got {self.noise}")
        longest = np.max(self.circuit.delay, initial=0.0) / self.h
        if longest > LARGEST_DELAY:
            raise ValueError(f"the longest delay is {longest:g} steps of {self.h} s, at most {LARGEST_DELAY}: raise h")
        seeded(self.seed)
        tell_of_rounding(np.asarray(self.circuit.delay), self.delays * self.h)

    def __getstate__(self) -> dict[str, Any]:
        return dict(parts(self) or ())  # not the plans: they are the kernel's own, and cannot be copied or sent away

    def __repr__(self) -> str:
        kind, edges = type(self.neuron).__name__, self.circuit.topology.edges
        return f"<Spiking: {self.outputs} {kind} units, {edges} synapses, inputs: {self.inputs}, h = {self.h:g} s>"

    @property
    def inputs(self) -> int:
        return self.circuit.inputs.currents + self.circuit.inputs.events

    @property
    def outputs(self) -> int:
        return self.circuit.units

    @cached_property
    def delays(self) -> Array:
        """(edges,) the delays in grid steps."""
        return np.maximum(np.rint(np.asarray(self.circuit.delay) / self.h), 1).astype(np.int64)

    @property
    def longest(self) -> int:
        return int(self.delays.max(initial=1))

    @cached_property
    def slots(self) -> int:
        """The length of the ring: the longest delay, rounded up to a power of two."""
        return 1 << (self.longest - 1).bit_length()

    def init(self, u: Array, keys: Array | None = None) -> SpikingState:
        """At rest, or where the neuron's `scatter` puts it. keys (*batch,): the rows' names, else 0, 1, 2, ..."""
        batch, units = u.shape[:-1], self.circuit.units
        rows = named(np.arange(int(np.prod(batch))).reshape(batch) if keys is None else keys)
        if rows.shape != batch:
            raise ValueError(f"keys is {rows.shape}, wanted {batch}: one for each row")
        neuron = self.neuron.init(np.zeros((*batch, units), u.dtype))
        if hasattr(self.neuron, "scatter"):
            neuron = self.neuron.scatter(neuron, uniforms(self.seed, rows, START, units))
        edges = 0 if self.circuit.dynamics is None else self.circuit.topology.edges
        shapes = ((2, units), (2, self.slots, units), (edges,), (edges,))
        never, trace = np.full((*batch, units), -1, np.int64), np.zeros((*batch, units), u.dtype)
        current, ring, share, left = (np.zeros((*batch, *shape), u.dtype) for shape in shapes)
        return SpikingState(
            neuron, current, ring, share, left, never, trace, np.zeros(batch, np.int64), np.zeros(batch), rows
        )

    def step(self, state: SpikingState, u: Array, dt: Array | float) -> tuple[SpikingState, Array]:
        after, _ = self._rows(state, u, dt)
        return after, after.trace

    def run(self, state: SpikingState, u: Array, dt: Array, out: Array | None = None) -> tuple[SpikingState, Array]:
        """The compiled fold of `step`: u (time, *batch, inputs), dt (time,) or (time, *batch), a batch in threads."""
        plan = self._plan(u.dtype)
        if plan is None:
            return fold(self, state, u, dt, out)
        written = np.empty((*u.shape[:-1], self.outputs), u.dtype)
        after, _ = move(plan, self, state, u, dt, written)
        return after, into(out, written)

    def tick(self, state: SpikingState, u: Array, dt: Array | float) -> tuple[SpikingState, Array]:
        """The compiled twin of one `step`."""
        plan = self._plan(u.dtype)
        if plan is not None and u.ndim == 1:
            return move_one(plan, self, state, u, float(dt))[:2]
        after, outputs = self.run(state, u[None], np.asarray(dt, np.float64)[None])
        return after, outputs[0]

    def pool(self, state: SpikingState, u: Array, dt: Array, bins: Array, out: Array) -> SpikingState:
        """The output of tick t added to out[bins[t]], nowhere if bins[t] < 0, without keeping the outputs.

        One series: u (time, inputs), dt (time,), bins (time,) int64, out (bins, units) of u's dtype.
        """
        if out.dtype != u.dtype or not out.flags.c_contiguous:
            raise ValueError(f"out is {out.dtype}, wanted {u.dtype} as u is, its rows one after the other in memory")
        plan, bins = self._plan(u.dtype), np.ascontiguousarray(bins, np.int64)
        if plan is None:
            state, outputs = fold(self, state, u, dt)
            np.add.at(out, bins[bins >= 0], outputs[bins >= 0])
            return state
        return move(plan, self, state, u, dt, out, bins)[0]  # type: ignore[no-any-return]

    def record(self, state: SpikingState, u: Array, dt: Array | float) -> tuple[SpikingState, Array, Array]:
        """As `run`, with the spikes: int64 (spikes, 2) of (grid step since the state's birth, unit), in their order.

        Of a batch (spikes, 3) of (row, step, unit), row by row. dt: a number, (time,) or (time, *batch).
        """
        plan, dt = self._plan(u.dtype), np.asarray(dt, np.float64)
        dt = dt if dt.ndim else np.full(len(u), dt)
        if plan is None:
            state, outputs, found = recorded(self._rows, state, u, dt)
        elif u.ndim == 2 and len(u) == 1:  # a tick of a learner that wants the spikes
            state, output, found = move_one(plan, self, state, u[0], float(dt[0]), record=True)
            outputs = output[None]
        else:
            outputs = np.empty((*u.shape[:-1], self.outputs), u.dtype)
            state, found = move(plan, self, state, u, dt, outputs, record=True)
        return state, outputs, found if u.ndim > 2 else found[:, 1:]

    def reweighted(self, weight: Array) -> Spiking:
        """The same liquid with other weights (edges,), quickly: it shares what has been laid out for the kernel."""
        for name in _SHARED:
            getattr(self, name)  # made now, it is made once for all that share it
        other = object.__new__(type(self))
        vars(other).update({k: v for k, v in vars(self).items() if k[0] != "_" or k in _SHARED})
        vars(other)["circuit"] = self.circuit.reweighted(weight)
        return other

    def _rows(self, state: SpikingState, u: Array, dt: Array | float) -> tuple[SpikingState, list[Array]]:
        """Each row by itself: rows have clocks of their own. The events of each row, (n, 2) of (step, unit)."""
        if u.ndim == 1:
            after, events = self._row(state, u, float(dt))
            return after, [events]
        dts = np.broadcast_to(np.asarray(dt, np.float64), u.shape[:-1])
        moved = [self._rows(row_of(state, i), u[i], dts[i]) for i in range(len(u))]
        return stacked([s for s, _ in moved]), [events for _, found in moved for events in found]

    def _row(self, state: SpikingState, u: Array, dt: float) -> tuple[SpikingState, Array]:
        """One tick of one row: deliver the events, then grid step after grid step."""
        refuse(dt, self.h)
        if u.shape != (self.inputs,):
            raise ValueError(f"u is {u.shape} where the liquid takes {self.inputs} inputs")
        steps, rest = whole_steps(dt, self.h, float(state.rest))
        u = u.clip(-LARGEST[u.dtype.char], LARGEST[u.dtype.char])
        held, ring = self.circuit.inputs.current(u), state.ring.copy()
        ring[:, int(state.clock) % self.slots] += self.circuit.inputs.arriving(u)
        trace = np.zeros_like(state.trace) if self.tau_trace is None else state.trace
        state = state._replace(ring=ring, u=state.u.copy(), r=state.r.copy(), last=state.last.copy(), trace=trace)
        events = []
        for _ in range(steps):
            state, spiked = grid_step(self, state, held)
            events += [(int(state.clock) - 1, i) for i in spiked]
        after = state._replace(rest=np.asarray(rest))
        return after, np.array(events, np.int64).reshape(-1, 2)

    @cached_property
    def shares(self) -> tuple[Array, Array]:
        """What the two synaptic currents weigh over a step: see `weigh` of the neuron."""
        weigh = getattr(self.neuron, "weigh", mean_current)
        return tuple(np.asarray(weigh(tau, self.h), np.float64) for tau in self.tau_synapse)  # type: ignore[return-value]

    @cached_property
    def short_term(self) -> tuple[Array, Array, Array]:
        """U, D [s], F [s] of the edges, empty where synapses are static."""
        d = self.circuit.dynamics
        return (np.asarray(d.U), np.asarray(d.D), np.asarray(d.F)) if d is not None else (np.empty(0),) * 3

    @cached_property
    def starts(self) -> Array:
        """(units + 1,) the first edge of each unit."""
        counts = np.bincount(self.circuit.topology.pre, minlength=self.outputs)
        return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)

    def weights(self, dtype: Any) -> Array:
        """(edges,) the amplitudes for the kernel."""
        laid = self._laid  # once: another thread may exchange the dictionary meanwhile
        if dtype not in laid:
            laid[dtype] = np.ascontiguousarray(self.circuit.weight, dtype)
        return laid[dtype]

    @cached_property
    def _laid(self) -> dict[Any, Array]:
        return {}

    def _plan(self, dtype: Any) -> Any:
        """The constants laid out for the kernel, made once for each dtype; None if the neuron is not compiled."""
        plans = self._plans
        if dtype not in plans:
            plans[dtype] = plan_of(self, dtype)
        return plans[dtype]

    @cached_property
    def _plans(self) -> dict[Any, Any]:
        return {}


_SHARED = ("delays", "slots", "shares", "short_term", "starts", "_plans")  # what does not depend on the weights
