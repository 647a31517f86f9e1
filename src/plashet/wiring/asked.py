"""What one asks of a connectome, takes from it, and writes down of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..types import Array
from .connectome import Connectome, connectome
from .topology import Ints, Synapses
from .worm import worm


class Joined(NamedTuple):
    """The synapses at one unit, as numbers of edges: those from inputs, and those between units."""

    sensory: Ints
    recurrent: Ints


def kinds(net: Connectome) -> tuple[str, ...]:
    """What each unit is: "motor", for the first ones; of the others "command" in layer 1, else "inter".

    The worm's neurons are of its classes instead: sensory, inter, motor, polymodal or unknown.
    """
    known = worm()
    if net.names and set(net.names) <= set(known.names):
        return tuple(known.kinds[known.names.index(name)] for name in net.names)
    named = np.where(np.asarray(net.layer) == 1, "command", "inter")
    named[: net.motor] = "motor"
    return tuple(named.tolist())


def counts(net: Connectome) -> dict[str, int]:
    """How many inputs, units, motor neurons and synapses there are, of these inhibitory ones, and a unit to itself."""
    return {
        "inputs": net.inputs,
        "units": net.units,
        "motor": net.motor,
        "sensory": net.sensory.edges,
        "recurrent": net.recurrent.edges,
        "sensory inhibitory": int(np.sum(np.asarray(net.sensory_sign) < 0)),
        "recurrent inhibitory": int(np.sum(np.asarray(net.sign) < 0)),
        "loops": int(np.sum(np.asarray(net.recurrent.pre) == np.asarray(net.recurrent.post))),
        "dense": net.units**2,  # recurrent synapses that as many units could have
    }


def incoming(net: Connectome, unit: int | str) -> Joined:
    """The synapses that end in a unit, given by its number or name: whom it listens to."""
    k = _unit(net, unit)
    return Joined(np.flatnonzero(net.sensory.post == k), np.flatnonzero(net.recurrent.post == k))


def outgoing(net: Connectome, unit: int | str) -> Joined:
    """The synapses that begin in a unit: who listens to it. None of them is sensory."""
    return Joined(np.zeros(0, np.int64), np.flatnonzero(net.recurrent.pre == _unit(net, unit)))


def without(net: Connectome, recurrent: Array | Sequence[int] = (), sensory: Array | Sequence[int] = ()) -> Connectome:
    """The connectome with some synapses taken out; units and inputs stay.

    recurrent, sensory: numbers of edges, or a mask of them. Arrays along the edges keep their order, so what belongs to
    the others is `array[..., kept(edges, gone)]`. Raises ValueError for a number or a mask that names no edge.
    """
    inner, outer = kept(net.recurrent.edges, recurrent), kept(net.sensory.edges, sensory)
    return replace(
        net,
        recurrent=_chosen(net.recurrent, inner),
        sign=net.sign[inner],
        sensory=_chosen(net.sensory, outer),
        sensory_sign=net.sensory_sign[outer],
    )


def kept(edges: int, gone: Array | Sequence[int]) -> Ints:
    """The numbers of the edges that stay when some go, in their order."""
    which = np.asarray(gone)
    if which.dtype == bool:
        if which.shape != (edges,):
            raise ValueError(f"the mask of synapses is {which.shape}, wanted ({edges},): one for each")
        return np.flatnonzero(~which)
    if which.size and (which.dtype.kind not in "iu" or which.min() < 0 or which.max() >= edges):
        raise ValueError(f"synapses are whole numbers in 0..{edges - 1}, or a mask; got {which.tolist()}")
    return np.setdiff1d(np.arange(edges), which)


def config(net: Connectome) -> dict[str, Any]:
    """All of a connectome in numbers, text and lists, as JSON takes it; `from_config` gives the same one back."""
    return {
        "inputs": net.inputs,
        "units": net.units,
        "motor": net.motor,
        "layer": np.asarray(net.layer).tolist(),
        "names": list(net.names),
        "sensory": _rows(net.sensory, net.sensory_sign),
        "recurrent": _rows(net.recurrent, net.sign),
    }


def from_config(told: dict[str, Any]) -> Connectome:
    """The connectome that `config` wrote down. Raises ValueError, naming what is missing, for a dict that is none."""
    wanted = {"inputs", "units", "motor", "layer", "names", "sensory", "recurrent"}
    if set(told) != wanted:
        raise ValueError(f"a connectome's config has {sorted(wanted)}; this has {sorted(told)}")
    sensory, recurrent = (np.array(told[key], np.int64).reshape(-1, 3) for key in ("sensory", "recurrent"))
    return connectome(
        (sensory[:, 0], sensory[:, 1], sensory[:, 2]),
        (recurrent[:, 0], recurrent[:, 1], recurrent[:, 2]),
        inputs=told["inputs"],
        units=told["units"],
        motor=told["motor"],
        layer=told["layer"],
        names=tuple(told["names"]),
    )


def _rows(synapses: Synapses, sign: Array) -> list[list[int]]:
    rows: list[list[int]] = np.column_stack([synapses.pre, synapses.post, sign]).tolist()
    return rows


def _chosen(synapses: Synapses, which: Ints) -> Synapses:
    return Synapses(synapses.pre[which], synapses.post[which], synapses.sources, synapses.units)


def _unit(net: Connectome, unit: int | str) -> int:
    if isinstance(unit, str):
        if unit not in net.names:
            there = f"there are {', '.join(net.names)}" if net.names else "none has a name"
            raise ValueError(f"no unit is called {unit!r}; {there}")
        return net.names.index(unit)
    if not 0 <= unit < net.units:
        raise ValueError(f"there are units 0..{net.units - 1}, and names where they have some; got {unit!r}")
    return int(unit)
