"""The same network in Brian2, for cross-checking: built from a Spiking, run, its spikes as plashet records them.

    events = bridges.brian2.record(cell, u, dt)     # (spikes, 2) of (grid step, unit), as Spiking.record gives them

Brian2's order within a step is plashet's: potentials move, thresholds are compared, spikes that are due reach the
currents, spiking units are reset. So a spike or an input event of step n with a delay of d steps first moves a
potential in step n + d + 1 in both. One thing is handed over changed: Brian2 counts the step of the spike into the
refractory time, plashet does not, so a refractory time of R steps here is one of R + 1 steps there.

Handed over are LIF and ALIF, both synaptic currents, delays, short-term plasticity (event-driven), currents and events
from outside, and where the potentials begin. Brian2 integrates the equations by its own exact solution.
Needs the extra `brian2`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..liquids import ALIF, LIF, Spiking
from ..liquids.grid import whole_steps
from ..ops import observed
from ..types import Array

MEMBRANE = """
dv/dt = (level + exc - inh {pull} - v) / tau : 1 (unless refractory)
dexc/dt = -exc / tau_exc : 1
dinh/dt = -inh / tau_inh : 1
level : 1
tau : second (constant)
theta : 1 (constant)
v_reset : 1 (constant)
silent : second (constant)
"""
ADAPTATION = """
da/dt = -a / tau_a : 1
tau_a : second (constant)
theta_jump : 1 (constant)
current_jump : 1 (constant)
"""
PLASTICITY = """
dx/dt = -x / F : 1 (event-driven)
dr/dt = (1 - r) / D : 1 (event-driven)
U : 1 (constant)
D : second (constant)
F : second (constant)
"""
STATIC = "{current}_post += amplitude"
DYNAMIC = "x += U * (1 - x); {current}_post += amplitude * x * r; r -= x * r"  # x: u of wiring.Dynamics


@dataclass(frozen=True, eq=False)
class Twin:
    """A Brian2 network with the same spikes: its objects, and how long it is to run."""

    network: Any  # brian2.Network
    neurons: Any  # NeuronGroup: v, exc, inh in mV, without units
    synapses: tuple[Any, ...]  # those of excitatory, then of inhibitory units, then of the inputs
    monitor: Any  # SpikeMonitor
    h: float  # [s]
    steps: int


def record(cell: Spiking, u: Array, dt: Array | float, key: int = 0, target: str = "numpy") -> Array:
    """What Brian2 gives where plashet gives `cell.record(cell.init(u[0], keys=key), u, dt)[2]`: (spikes, 2) int64.

    u (time, inputs), one series from the beginning; dt one for all ticks or (time,); key: the row's name.
    target: of Brian2's code; "numpy" needs no compiler. Raises ValueError for what Brian2 is not given: see `twin`.
    """
    made = twin(cell, u, dt, key)
    run(made, target)
    steps = np.rint(np.asarray(made.monitor.t_[:]) / made.h).astype(np.int64)
    return np.stack([steps, np.asarray(made.monitor.i[:], np.int64)], axis=-1)


def run(made: Twin, target: str = "numpy") -> None:
    """Let the network run for the time of its inputs; Brian2's preference of a target is put back afterwards."""
    b2 = brian2()
    before = b2.prefs.codegen.target
    b2.prefs.codegen.target = target
    try:
        with _quiet():
            made.network.run(made.steps * made.h * b2.second, namespace={})
    finally:
        b2.prefs.codegen.target = before


def twin(cell: Spiking, u: Array, dt: Array | float, key: int = 0) -> Twin:
    """The network with these inputs, not yet run.

    Raises ValueError for noise, for neurons other than LIF and ALIF, for a membrane as slow as a synapse (Brian2's
    exact solution divides by their difference), and for event counts that are not whole and at least 0.
    """
    _refuse(cell)
    b2 = brian2()
    u = np.asarray(u, np.float64)
    first, steps = _grid(np.broadcast_to(np.asarray(dt, np.float64), u.shape[:1]), cell.h)
    with _quiet():
        clock = b2.Clock(cell.h * b2.second)
        neurons = _neurons(b2, cell, u, first, clock, key)
        synapses = _recurrent(b2, cell, neurons, clock)
        generator, into = _inputs(b2, cell, u, first, steps, neurons, clock)
        monitor = b2.SpikeMonitor(neurons)
        network = b2.Network(neurons, *synapses, *generator, *into, monitor)
    return Twin(network, neurons, (*synapses, *into), monitor, cell.h, steps)


def brian2() -> Any:
    """The module."""
    with _quiet():
        try:
            import brian2 as module
        except ImportError as error:
            raise ImportError(f"Brian2 cannot be imported ({error}): pip install 'plashet[brian2]'") from error
        except AttributeError as error:  # Brian2 2.9 with a newer NumPy
            raise ImportError(f"this Brian2 does not go with this NumPy ({error}): pip install 'numpy<2.4'") from error
    return module


@contextmanager
def _quiet() -> Iterator[None]:
    """Brian2's warnings about what it asks of other libraries are not for whoever uses this."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _refuse(cell: Spiking) -> None:
    if cell.noise:
        raise ValueError(f"noise is {cell.noise}: Brian2 would draw other random numbers; give noise=0")
    if not isinstance(cell.neuron, LIF | ALIF):
        raise ValueError(f"the neuron is a {type(cell.neuron).__name__}, wanted LIF or ALIF")
    lif: Any = cell.neuron
    taus = list(cell.tau_synapse)
    if isinstance(cell.neuron, ALIF):
        lif, taus = lif.lif, [*taus, *np.atleast_1d(lif.tau_adapt)]
    membrane = np.atleast_1d(lif.tau)
    nearest = np.abs(np.subtract.outer(taus, membrane) / membrane).min()
    if nearest < 1e-6:
        raise ValueError("a synapse or the adaptation is as slow as a membrane: Brian2 would divide by zero")


def _grid(dts: Array, h: float) -> tuple[Array, int]:
    """(time + 1,) the first grid step of every tick and of what comes after, and how many steps there are."""
    rest, firsts = 0.0, [0]
    for dt in dts:
        steps, rest = whole_steps(float(dt), h, rest)
        firsts.append(firsts[-1] + steps)
    return np.array(firsts), firsts[-1]


def _neurons(b2: Any, cell: Spiking, u: Array, first: Array, clock: Any, key: int) -> Any:
    adapting = isinstance(cell.neuron, ALIF)
    lif, s = (cell.neuron.lif if adapting else cell.neuron), b2.second
    model = MEMBRANE.format(pull="- current_jump * a" if adapting else "")
    names = {"tau_exc": cell.tau_synapse[0] * s, "tau_inh": cell.tau_synapse[1] * s}
    group = b2.NeuronGroup(
        cell.outputs,
        model + (ADAPTATION if adapting else ""),
        threshold="v >= theta + theta_jump * a" if adapting else "v >= theta",
        reset="v = v_reset; a += 1" if adapting else "v = v_reset",
        refractory="silent",
        method="exact",
        namespace=names,
        clock=clock,
    )
    level = np.asarray(lif.rest) + np.asarray(lif.background)
    group.level, group.tau = level, np.asarray(lif.tau) * s
    if cell.circuit.inputs.currents:
        held = level + np.repeat(cell.circuit.inputs.current(u), np.diff(first), axis=0)
        group.namespace["held"] = b2.TimedArray(np.concatenate([held, held[-1:]]), dt=cell.h * s)
        group.run_regularly("level = held(t, i)", when="start", clock=clock)
    group.theta, group.v_reset = lif.threshold, lif.reset
    group.silent = (np.rint(np.asarray(lif.refractory) / cell.h) + 1) * cell.h * s  # with the spike's own step
    if adapting:
        group.tau_a = np.asarray(cell.neuron.tau_adapt) * s
        group.theta_jump, group.current_jump = cell.neuron.threshold_jump, cell.neuron.current_jump
    group.v = cell.init(np.zeros(cell.inputs), keys=np.asarray(key, np.int64)).neuron.v
    return group


def _recurrent(b2: Any, cell: Spiking, neurons: Any, clock: Any) -> list[Any]:
    """The synapses of the excitatory and of the inhibitory units, each where there are any."""
    circuit, made = cell.circuit, []
    pre, post = np.asarray(circuit.topology.pre), np.asarray(circuit.topology.post)
    of_inhibitory = np.asarray(circuit.inhibitory)[pre]
    for current, chosen in (("exc", np.flatnonzero(~of_inhibitory)), ("inh", np.flatnonzero(of_inhibitory))):
        if not len(chosen):
            continue
        model = "amplitude : 1 (constant)\n" + ("" if circuit.dynamics is None else PLASTICITY)
        effect = (STATIC if circuit.dynamics is None else DYNAMIC).format(current=current)
        synapses = b2.Synapses(neurons, neurons, model, on_pre=effect, clock=clock, namespace={})
        synapses.connect(i=pre[chosen], j=post[chosen])
        synapses.amplitude = np.asarray(circuit.weight)[chosen]
        synapses.delay = cell.delays[chosen] * cell.h * b2.second
        if circuit.dynamics is not None:
            U, D, F = cell.short_term
            synapses.U, synapses.r = U[chosen], 1.0
            synapses.D, synapses.F = D[chosen] * b2.second, F[chosen] * b2.second
        made.append(synapses)
    return made


def _inputs(
    b2: Any, cell: Spiking, u: Array, first: Array, steps: int, neurons: Any, clock: Any
) -> tuple[list[Any], list[Any]]:
    """A generator of the events, and its synapses: nothing where there are no event lines.

    A line whose count is c fires c of its copies: a Brian2 unit fires once in a step.
    """
    inputs = cell.circuit.inputs
    if not inputs.events:
        return [], []
    counts = np.zeros((steps + 1, inputs.events))
    np.add.at(counts, first[:-1], observed(u[:, inputs.currents :]))
    if (counts < 0).any() or (counts != np.rint(counts)).any():
        raise ValueError("Brian2 takes whole numbers of events, at least 0")
    copies = max(int(counts.max()), 1)
    fired = counts[:steps, :, None] > np.arange(copies)
    step, line, copy = np.nonzero(fired)
    generator = b2.SpikeGeneratorGroup(
        inputs.events * copies, line * copies + copy, step * cell.h * b2.second, clock=clock
    )
    made = []
    weights = np.repeat(np.asarray(inputs.w_events, np.float64), copies, axis=1)
    for current, amounts in (("exc", weights), ("inh", -weights)):
        post, pre = np.nonzero(amounts > 0)
        if len(pre):
            synapses = b2.Synapses(
                generator, neurons, "amplitude : 1 (constant)", on_pre=STATIC.format(current=current), clock=clock
            )
            synapses.connect(i=pre, j=post)
            synapses.amplitude = amounts[post, pre]
            made.append(synapses)
    return [generator], made
