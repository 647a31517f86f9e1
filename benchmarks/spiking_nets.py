"""The spiking networks that are measured, once for plashet and once, with the same numbers, for NEST."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import plashet as pl
from plashet.wiring import circuit, column

TICK = 1e-3  # [s]; events come at the beginning of a tick


@dataclass(frozen=True, eq=False)
class Case:
    """A liquid, and when its one event line fires: the same numbers for both parties."""

    name: str
    cell: Any
    events: Any  # ticks of TICK at which the line fires, within `seconds`
    seconds: float  # of biology

    def inputs(self, kind: str) -> tuple[Any, Any]:
        u = np.zeros((round(self.seconds / TICK), self.cell.inputs), kind)
        u[self.events] = 1.0
        return u, np.full(len(u), TICK)


def column_case(units: int, seed: int, h: float, seconds: float = 0.5, spikes: int = 10) -> Case:
    """The column of 2002 of `units` cells (multiples of 9), and ten input spikes in half a second."""
    circuit_ = column((max(units // 9, 1), 3, 3), seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # at h = 1 ms delays are rounded, for both
        cell = pl.liquids.maass2002(seed=seed, circuit=circuit_, h=h)
    ticks = round(seconds / TICK)
    events = 1 + np.random.default_rng(seed).choice(ticks - 1, min(spikes, ticks - 1), replace=False)
    return Case(f"column, {h * 1e3:g} ms", cell, np.sort(events), seconds)


def cuba_case(units: int, seed: int, h: float = 1e-4, seconds: float = 1.0) -> Case:
    """The CUBA benchmark: LIF units of which four in five excite, joined at random (p = 0.02), with no input."""
    rng = np.random.default_rng(seed)
    targets = [np.flatnonzero(rng.random(units) < 0.02 * 4000 / units) for _ in range(units)]
    inhibitory = np.arange(units) >= units * 4 // 5
    pre, post = np.repeat(np.arange(units), [len(t) for t in targets]), np.concatenate(targets)
    wired = circuit(pre, post, np.where(inhibitory, 9.0, 1.62)[pre], inhibitory=inhibitory)
    lif = pl.LIF(units, 0.02, -50.0, -60.0, 5e-3, rest=-49.0, background=0.0, start=(-60.0, -50.0))
    return Case(f"CUBA, {h * 1e3:g} ms", pl.Spiking(wired, lif, h, (5e-3, 10e-3), seed=seed), [], seconds)


def plashet_job(case: Case, kind: str) -> Callable[[], Any]:
    u, dt = case.inputs(kind)
    state = case.cell.init(u[0])
    return lambda: case.cell.run(state, u, dt)


def plashet_spikes(case: Case) -> Any:
    u, dt = case.inputs("float64")
    return case.cell.record(case.cell.init(u[0]), u, dt)[2]


class Nest:
    """The same network in NEST: iaf_psc_exp, tsodyks2_synapse or static_synapse, the same delays in steps.

    `simulate` goes on for as long again with every call, with the same input spikes.
    """

    def __init__(self, case: Case, calls: int = 400, record: bool = False):
        os.environ["PYNEST_QUIET"] = "1"
        import nest

        nest.ResetKernel()
        nest.verbosity = nest.VerbosityLevel.ERROR
        nest.resolution = case.cell.h * 1e3
        self.nest, self.case = nest, case
        self.neurons = self._neurons()
        self._join()
        if len(case.events):
            self._hear(calls)
        self.recorder = nest.Create("spike_recorder") if record else None
        if record:
            nest.Connect(self.neurons, self.recorder)

    def simulate(self) -> None:
        self.nest.Simulate(self.case.seconds * 1e3)

    def spikes(self) -> Any:
        """(spikes, 2) of (grid step, unit), as plashet counts them."""
        found = self.recorder.get("events")
        steps = np.rint(found["times"] / (self.case.cell.h * 1e3)).astype(int) - 1  # its step n ends at (n + 1) h
        units = np.asarray(found["senders"]) - self.neurons[0].global_id
        order = np.lexsort((units, steps))
        return np.stack([steps, units], axis=-1)[order]

    def _neurons(self) -> Any:
        cell, lif = self.case.cell, self.case.cell.neuron
        units = cell.outputs
        u, _ = self.case.inputs("float64")
        numbers = dict(
            C_m=np.asarray(lif.tau) * 1e3, tau_m=np.asarray(lif.tau) * 1e3,  # R = 1 GOhm: pA are mV
            E_L=lif.rest, V_th=lif.threshold, V_reset=lif.reset, I_e=lif.background,
            t_ref=np.rint(np.asarray(lif.refractory) / cell.h) * cell.h * 1e3,
            tau_syn_ex=cell.tau_synapse[0] * 1e3, tau_syn_in=cell.tau_synapse[1] * 1e3,
            V_m=cell.init(u[0]).neuron.v,
        )  # fmt: skip
        made = self.nest.Create("iaf_psc_exp", units)
        made.set({name: np.broadcast_to(np.asarray(v, float), (units,)).tolist() for name, v in numbers.items()})
        return made

    def _join(self) -> None:
        cell, circuit_ = self.case.cell, self.case.cell.circuit
        first = self.neurons[0].global_id
        spec = dict(weight=np.asarray(circuit_.signed, float), delay=cell.delays * cell.h * 1e3)
        kind = "static_synapse"
        if circuit_.dynamics is not None:
            kind, (U, D, F) = "tsodyks2_synapse", cell.short_term
            spec |= dict(U=U, tau_rec=D * 1e3, tau_fac=F * 1e3, u=U, x=np.ones_like(U))
        pre, post = (np.asarray(a) + first for a in (circuit_.topology.pre, circuit_.topology.post))
        self.nest.Connect(pre, post, "one_to_one", {"synapse_model": kind, **spec})

    def _hear(self, calls: int) -> None:
        cell, ms = self.case.cell, self.case.seconds * 1e3
        times = (np.arange(calls)[:, None] * ms + np.asarray(self.case.events) * TICK * 1e3).ravel()
        generator = self.nest.Create("spike_generator", params={"spike_times": times.tolist()})
        weights = np.asarray(cell.circuit.inputs.w_events, float)[:, 0]
        heard = np.flatnonzero(weights)
        spec = dict(weight=weights[heard, None], delay=cell.h * 1e3)
        self.nest.Connect(generator, self.neurons[heard.tolist()], "all_to_all", spec)


def agreement(case: Case) -> float:
    """The share of plashet's spikes that NEST has at the same step: the two must compute the same."""
    twin = Nest(case, calls=1, record=True)
    twin.simulate()
    ours, theirs = ({tuple(s) for s in spikes.tolist()} for spikes in (plashet_spikes(case), twin.spikes()))
    return len(ours & theirs) / max(len(ours | theirs), 1)
