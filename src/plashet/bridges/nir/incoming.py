"""A NIR graph as a Spiking, where it is one population of LIF or CubaLIF units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ...liquids import ALIF, LIF, Spiking
from ...types import Array
from ...wiring import Dynamics, Inputs, circuit

STEP = 1e-4  # [s] the step of NIR's published comparisons, where the graph names none
UNDERSTOOD = "Input, Output, Linear, Affine, Delay, LI, and one LIF or CubaLIF"


class Route(NamedTuple):
    """A matrix on the way into the units: from where, with what weights."""

    source: str  # the neurons, or an Input
    weight: Array  # (units, sources), as it says in the graph
    bias: Array  # (units,)
    delay: Array  # (sources,) [s]
    told: dict[str, Any]  # the matrix' metadata


@dataclass
class Found:
    """The recurrent edges, and what events and currents weigh."""

    recurrent: list[tuple[Route, Array, float]] = field(default_factory=list)  # path, jumps (units, units), tau
    events: dict[str, list[tuple[Array, float]]] = field(default_factory=dict)  # of an Input: jumps, tau
    currents: dict[str, list[Array]] = field(default_factory=dict)
    constant: Array | float = 0.0  # [mV]


def from_graph(graph: Any, h: float | None = None) -> Spiking:
    """The spiking liquid that a nir.NIRGraph describes, laid out as `plashet.bridges.nir` tells.

    Inputs that reach the neurons' LIF are currents, those that reach its synapses (LI, CubaLIF) events; they are taken
    in the order of the graph's nodes. h [s]: the grid, and how long a spike of this graph lasts; the graph's own if it
    names one, else 1e-4. What plashet wrote as metadata is read back; without it units begin at v_leak and have no
    refractory time. A unit with R = r scales what it hears.

    Raises ValueError that names the node for what a Spiking is not: other primitives, several populations, spikes that
    reach a potential without a synapse, units that both excite and inhibit (Dale's law), synapses of one sign with
    different time constants, delays of inputs.
    """
    reader = _Reader(graph)
    settings = graph.metadata if isinstance(graph.metadata, dict) else {}
    h = float(settings.get("h", STEP)) if h is None else h
    found = reader.collect(h)
    told, units = reader.neurons.metadata, reader.units
    pre, post, weight, delay, dynamics = _edges(found, units)
    taus = _taus(found, settings)
    signed, inhibitory = weight, _inhibitory(pre, weight, units, told)
    wired = circuit(
        pre,
        post,
        np.abs(signed),
        delay,
        inhibitory=inhibitory,
        inputs=_inputs(found, units),
        dynamics=dynamics,
        places=told.get("places"),
    )
    tau_trace = float(settings.get("tau_trace", 0.03))
    return Spiking(
        wired,
        _neuron(reader, found.constant),
        h,
        taus,
        None if tau_trace < 0 else tau_trace,
        float(settings.get("noise", 0.0)),
        int(settings.get("seed", 0)),
    )


class _Reader:
    """The graph with its edges turned round: who reaches a node."""

    def __init__(self, graph: Any) -> None:
        self.nodes = graph.nodes
        kinds = {name: type(node).__name__ for name, node in self.nodes.items()}
        cells = [name for name, kind in kinds.items() if kind in ("LIF", "CubaLIF")]
        strange = [
            f"{name} ({kind})"
            for name, kind in kinds.items()
            if kind not in ("Input", "Output", "Linear", "Affine", "Delay", "LI", "LIF", "CubaLIF")
        ]
        if strange or len(cells) != 1:
            what = f"nodes {', '.join(strange)}" if strange else f"{len(cells)} populations of units {cells}"
            raise ValueError(f"the graph has {what}; a spiking liquid is made of {UNDERSTOOD}")
        self.kinds, self.name = kinds, cells[0]
        self.neurons = self.nodes[self.name]
        self.into: dict[str, list[str]] = {name: [] for name in self.nodes}
        for before, after in graph.edges:
            self.into[after].append(before)
        self.units = self._size()

    def _size(self) -> int:
        size = np.size(self.neurons.v_threshold)
        rows = [len(self.nodes[n].weight) for n in self.into[self.name] if hasattr(self.nodes[n], "weight")]
        return int(size if size > 1 or not rows else rows[0])

    def collect(self, h: float) -> Found:
        found = Found()
        resistance = each("r", self.neurons.r, self.units)
        direct, node = self.into[self.name], self.neurons
        if self.kinds[self.name] == "CubaLIF":
            self._synapse(found, self.name, node.tau_syn, node.w_in, resistance, h)
            return found
        for name in direct:
            if self.kinds[name] == "LI":
                if np.any(self.nodes[name].v_leak):
                    raise ValueError(f"the synapse {name} has a v_leak that is not 0")
                self._synapse(found, name, self.nodes[name].tau, self.nodes[name].r, resistance, h)
                continue
            path = self._path(name)
            if path.source == self.name:
                raise ValueError(f"spikes reach potentials through {name} without a synapse: put an LI behind it")
            found.currents.setdefault(path.source, []).append(resistance[:, None] * path.weight)
            found.constant = found.constant + resistance * path.bias
        return found

    def _synapse(self, found: Found, name: str, tau: Array, gain: Array, resistance: Array, h: float) -> None:
        taus = np.unique(np.asarray(tau, np.float64))
        if len(taus) != 1:
            raise ValueError(
                f"the synapse {name} has {len(taus)} time constants; a spiking liquid has one for each sign"
            )
        steps = each("gain", gain, self.units) * h / taus[0]
        steps = np.where(np.abs(steps - 1) < 1e-12, 1.0, steps) * resistance
        for source in self.into[name]:
            path = self._path(source)
            if np.any(path.bias):
                raise ValueError(f"{source} has a bias on the way to the synapse {name}, wanted none")
            jumps = steps[:, None] * path.weight
            if path.source == self.name:
                found.recurrent.append((path, jumps, float(taus[0])))
            else:
                found.events.setdefault(path.source, []).append((jumps, float(taus[0])))

    def _path(self, name: str) -> Route:
        """The matrix `name`, what is before it, and the delay between them."""
        node = self.nodes[name]
        if self.kinds[name] not in ("Linear", "Affine"):
            if self.kinds[name] != "Input":
                raise ValueError(
                    f"{name} ({self.kinds[name]}) reaches the units without a matrix: put a Linear between"
                )
            if np.prod(node.input_type["input"]) != self.units:
                raise ValueError(f"the input {name} has another width than the {self.units} units it reaches")
            return Route(name, np.eye(self.units), np.zeros(self.units), np.zeros(self.units), {})
        weight = np.asarray(node.weight, np.float64)
        if weight.ndim != 2 or len(weight) != self.units or len(self.into[name]) != 1:
            raise ValueError(f"{name} is {weight.shape} with {len(self.into[name])} nodes before it, "
                             f"wanted ({self.units}, sources) and one")  # fmt: skip
        source, delay = self.into[name][0], np.zeros(weight.shape[1])
        if self.kinds[source] == "Delay":
            if len(self.into[source]) != 1:
                raise ValueError(f"{len(self.into[source])} nodes lead to the delay {source}, wanted one")
            delay = each("delay", self.nodes[source].delay, weight.shape[1])
            source = self.into[source][0]
            if source != self.name:
                raise ValueError(f"{name} delays the input {source}: delay its events before they are given")
        if source != self.name and self.kinds[source] != "Input":
            raise ValueError(f"{name} comes from {source} ({self.kinds[source]}), wanted an Input or the units")
        bias = np.asarray(getattr(node, "bias", np.zeros(self.units)), np.float64).reshape(self.units)
        return Route(source, weight, bias, delay, node.metadata)


def each(name: str, value: Any, count: int) -> Array:
    """One number for each of `count`."""
    flat = np.asarray(value, np.float64).ravel()
    if flat.size not in (1, count):
        raise ValueError(f"{name} has {flat.size} numbers, wanted 1 or {count}")
    return np.array(np.broadcast_to(flat, (count,)))


def _edges(found: Found, units: int) -> tuple[Array, Array, Array, Array, Dynamics | None]:
    """pre, post, signed weight, delay and plasticity of all recurrent edges."""
    parts: list[tuple[Array, ...]] = []
    plastic = [bool(path.told) and "U" in path.told for path, _, _ in found.recurrent]
    if any(plastic) and not all(plastic):
        raise ValueError("some matrices have short-term plasticity in their metadata and some have none")
    for path, jumps, _ in found.recurrent:
        if jumps.shape != (units, units):
            raise ValueError(f"recurrent weights are {jumps.shape}, wanted {(units, units)}")
        pre, post = np.nonzero(jumps.T)
        told = [np.asarray(path.told.get(name, ()), np.float64) for name in "UDF"] if any(plastic) else []
        if any(matrix.shape != jumps.shape for matrix in told):
            raise ValueError(f"U, D and F in the metadata are {[m.shape for m in told]}, wanted {jumps.shape} each")
        along = [matrix[post, pre] for matrix in told]
        parts.append((pre, post, jumps[post, pre], path.delay[pre], *along))
    if not parts:
        nothing = np.empty(0)
        return nothing.astype(np.int64), nothing.astype(np.int64), nothing, nothing, None
    pre, post, weight, delay, *along = (np.concatenate(values) for values in zip(*parts, strict=True))
    order = np.lexsort((post, delay, pre))
    dynamics = Dynamics(*(values[order] for values in along)) if along else None
    return pre[order], post[order], weight[order], delay[order], dynamics


def _inhibitory(pre: Array, weight: Array, units: int, told: dict[str, Any]) -> Array:
    excites, inhibits = (np.bincount(pre[chosen], minlength=units) > 0 for chosen in (weight > 0, weight < 0))
    both = np.flatnonzero(excites & inhibits)
    if len(both):
        raise ValueError(f"unit {both[0]} excites some units and inhibits others ({len(both)} do); a unit does one")
    silent = ~(excites | inhibits)
    marked = np.asarray(told.get("inhibitory", np.zeros(units)), bool)
    return np.where(silent, marked, inhibits)


def _taus(found: Found, settings: dict[str, Any]) -> tuple[float, float]:
    """The time constants of positive and of negative jumps; one that nothing uses is as the graph's notes say."""
    used: tuple[set[float], set[float]] = (set(), set())
    listed = [(jumps, tau) for _, jumps, tau in found.recurrent]
    for jumps, tau in [*listed, *(one for events in found.events.values() for one in events)]:
        for sign in (0, 1):
            if ((jumps < 0) if sign else (jumps > 0)).any():
                used[sign].add(tau)
    for name, taus in zip(("excite", "inhibit"), used, strict=True):
        if len(taus) > 1:
            raise ValueError(f"synapses that {name} have the time constants {sorted(taus)}, wanted one")
    noted = settings.get("tau_synapse")
    other = [next(iter(taus), None) for taus in used]
    default = noted if noted is not None else [other[0] or other[1] or 3e-3, other[1] or other[0] or 6e-3]
    e, i = (float(default[k] if tau is None else tau) for k, tau in enumerate(other))
    return e, i


def _inputs(found: Found, units: int) -> Inputs:
    twice = sorted(set(found.currents) & set(found.events))
    if twice:
        raise ValueError(f"the input {twice[0]} reaches potentials and synapses; give each an Input of its own")

    def side_by_side(columns: list[Array]) -> Array:
        return np.concatenate([np.zeros((units, 0)), *columns], axis=1)

    currents = [np.sum(weights, axis=0) for weights in found.currents.values()]
    events = []
    for jumps in found.events.values():
        w = [one for one, _ in jumps]
        if (sum((one > 0).astype(int) for one in w) * sum((one < 0).astype(int) for one in w)).any():
            raise ValueError("an input excites and inhibits the same unit; give it two lines")
        events.append(np.sum(w, axis=0))
    return Inputs(side_by_side(currents), side_by_side(events))


def _neuron(reader: _Reader, constant: Array | float) -> LIF | ALIF:
    node, units, told = reader.neurons, reader.units, reader.neurons.metadata
    leak = each("v_leak", node.v_leak, units)
    rest = each("rest", told.get("rest", leak), units)
    noted = told.get("background")
    background = (leak - rest if noted is None else each("background", noted, units)) + constant
    lif = LIF(
        units,
        each("tau", node.tau_mem if reader.kinds[reader.name] == "CubaLIF" else node.tau, units),
        each("v_threshold", node.v_threshold, units),
        each("v_reset", 0.0 if node.v_reset is None else node.v_reset, units),
        each("refractory", told.get("refractory", 0.0), units),
        rest,
        background,
        None if "start" not in told else (float(told["start"][0]), float(told["start"][1])),
    )
    if "tau_adapt" not in told:
        return lif
    return ALIF(lif, *(each(name, told[name], units) for name in ("tau_adapt", "threshold_jump", "current_jump")))
