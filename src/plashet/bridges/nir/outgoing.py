"""A Spiking as a NIR graph."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ...liquids import ALIF, LIF, Spiking
from ...types import Array

MOST = 1 << 27  # entries of all matrices together; NIR's are dense
Names = dict[str, Any]
Edges = list[tuple[str, str]]


def nir() -> Any:
    """The package."""
    try:
        import nir as module
    except ImportError as error:
        raise ImportError("NIR is an extra: pip install 'plashet[bridges]'") from error
    return module


def to_graph(cell: Spiking) -> Any:
    """The liquid as a nir.NIRGraph; its layout and what it means are told in `plashet.bridges.nir`.

    Warns of what NIR cannot say. Raises ValueError for neurons other than LIF and ALIF, for a circuit whose dense
    matrices would be too large, and for two plastic synapses between the same units with the same delay.
    """
    ir, circuit = nir(), cell.circuit
    if not isinstance(cell.neuron, LIF | ALIF):
        raise ValueError(f"the neuron is a {type(cell.neuron).__name__}; NIR can be told of LIF and ALIF")
    entries = cell.outputs**2 * len(np.unique(cell.delays)) * (1 if circuit.dynamics is None else 4)
    if entries > MOST:
        raise ValueError(
            f"{cell.outputs} units with {len(np.unique(cell.delays))} delays are {entries:.2g} entries of NIR's dense "
            f"matrices, at most {MOST:.2g}: NIR is for smaller liquids"
        )
    one = cell.tau_synapse[0] == cell.tau_synapse[1] and not circuit.inputs.currents
    names = ("neurons", "neurons") if one else ("exc", "inh")
    nodes: Names = {"neurons": _neurons(ir, cell, one), "output": ir.Output({"output": np.array([cell.outputs])})}
    edges: Edges = [("neurons", "output")]
    for k, delay in enumerate(np.unique(cell.delays)):
        nodes[f"delay_{k}"] = ir.Delay(np.full(cell.outputs, delay * cell.h))
        edges.append(("neurons", f"delay_{k}"))
        for sign, name in zip(("exc", "inh"), names, strict=True):
            matrix = _recurrent(ir, cell, int(delay), sign == "inh")
            if matrix is not None:
                nodes[f"{sign}_{k}"] = matrix
                edges += [(f"delay_{k}", f"{sign}_{k}"), (f"{sign}_{k}", name)]
    _inputs(ir, cell, nodes, edges, names)
    if not one:
        _synapses(ir, cell, nodes, edges)
    _tell(cell)
    heard = bool(cell.inputs)  # NIR's check of types begins at the inputs
    return ir.NIRGraph(nodes, edges, metadata=_settings(cell), type_check=heard)


def _neurons(ir: Any, cell: Spiking, one: bool) -> Any:
    lif, units = cell.neuron, cell.outputs
    told: dict[str, Any] = {}
    if isinstance(lif, ALIF):
        told = {name: _each(getattr(lif, name), units) for name in ("tau_adapt", "threshold_jump", "current_jump")}
        lif = lif.lif
    told |= {name: _each(getattr(lif, name), units) for name in ("rest", "background", "refractory")}
    if lif.start is not None:
        told["start"] = np.asarray(lif.start, np.float64)
    if cell.circuit.places is not None:
        told["places"] = np.asarray(cell.circuit.places, np.float64)
    told["inhibitory"] = np.asarray(cell.circuit.inhibitory, np.int8)
    common = dict(
        r=np.ones(units),
        v_leak=told["rest"] + told["background"],
        v_threshold=_each(lif.threshold, units),
        v_reset=_each(lif.reset, units),
        metadata=told,
    )
    if not one:
        return ir.LIF(tau=_each(lif.tau, units), **common)
    tau = np.full(units, cell.tau_synapse[0])
    return ir.CubaLIF(tau_syn=tau, tau_mem=_each(lif.tau, units), w_in=tau / cell.h, **common)


def _recurrent(ir: Any, cell: Spiking, delay: int, inhibitory: bool) -> Any:
    """The synapses of one delay and sign as a Linear, their plasticity as its metadata; None if there are none."""
    circuit, units = cell.circuit, cell.outputs
    pre, post = np.asarray(circuit.topology.pre), np.asarray(circuit.topology.post)
    chosen = np.flatnonzero((cell.delays == delay) & (np.asarray(circuit.inhibitory)[pre] == inhibitory))
    if not len(chosen):
        return None
    pairs = (post[chosen], pre[chosen])
    told = {}
    if circuit.dynamics is not None:
        if len(np.unique(pre[chosen] * units + post[chosen])) < len(chosen):
            raise ValueError("two plastic synapses join the same units with the same delay: NIR's matrices hold one")
        told = {name: _dense(values[chosen], pairs, units) for name, values in zip("UDF", cell.short_term, strict=True)}
    return ir.Linear(_dense(np.asarray(circuit.signed)[chosen], pairs, units), metadata=told)


def _dense(values: Array, pairs: tuple[Array, Array], units: int) -> Array:
    matrix = np.zeros((units, units))
    np.add.at(matrix, pairs, values)
    return matrix


def _inputs(ir: Any, cell: Spiking, nodes: Names, edges: Edges, names: tuple[str, str]) -> None:
    inputs = cell.circuit.inputs
    w_current, w_events = (np.asarray(w, np.float64) for w in (inputs.w_current, inputs.w_events))
    for name, count in (("currents", inputs.currents), ("events", inputs.events)):
        if count:
            nodes[name] = ir.Input({"input": np.array([count])})
    if inputs.currents:
        nodes["current_weights"] = ir.Linear(w_current)
        edges += [("currents", "current_weights"), ("current_weights", "neurons")]
    for sign, name, w in (("exc", names[0], w_events.clip(0, None)), ("inh", names[1], w_events.clip(None, 0))):
        if inputs.events and (w.any() or sign == "exc"):
            nodes[f"event_{sign}"] = ir.Linear(w)
            edges += [("events", f"event_{sign}"), (f"event_{sign}", name)]


def _synapses(ir: Any, cell: Spiking, nodes: Names, edges: Edges) -> None:
    """The synaptic currents as leaky integrators, each where anything reaches it."""
    for name, tau in zip(("exc", "inh"), cell.tau_synapse, strict=True):
        if any(after == name for _, after in edges):
            taus = np.full(cell.outputs, tau)
            nodes[name] = ir.LI(tau=taus, r=taus / cell.h, v_leak=np.zeros(cell.outputs))
            edges.append((name, "neurons"))


def _settings(cell: Spiking) -> dict[str, Any]:
    """What belongs to the liquid as a whole; tau_trace is -1 where spikes are counted."""
    tau_trace = -1.0 if cell.tau_trace is None else float(cell.tau_trace)
    numbers = {"h": cell.h, "tau_trace": tau_trace, "noise": cell.noise}
    whole = {"seed": np.int64(cell.seed)} if 0 <= cell.seed < 2**63 else {}
    return {k: float(v) for k, v in numbers.items()} | whole | {"tau_synapse": np.asarray(cell.tau_synapse, np.float64)}


def _tell(cell: Spiking) -> None:
    lif = cell.neuron.lif if isinstance(cell.neuron, ALIF) else cell.neuron
    unsaid = {
        "short-term plasticity": cell.circuit.dynamics is not None,
        "adaptation": isinstance(cell.neuron, ALIF),
        "refractory time": np.any(np.asarray(lif.refractory) > 0),
        "where potentials begin": lif.start is not None or np.any(np.asarray(lif.background) != 0),
        "noise": cell.noise > 0,
    }
    listed = ", ".join(name for name, there in unsaid.items() if there)
    if listed:
        warnings.warn(
            f"NIR has no words for: {listed}. It is in the nodes' metadata, which plashet reads; another simulator "
            "runs the rest without it",
            stacklevel=3,
        )


def _each(value: Any, units: int) -> Array:
    """One number for each unit."""
    return np.array(np.broadcast_to(np.asarray(value, np.float64), (units,)))
