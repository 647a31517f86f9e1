"""Connectomes drawn as neural circuit policies have them, synapse for synapse as the library ncps 1.0.1 draws them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from ..types import Array
from .connectome import Connectome, connectome

Signs = dict[tuple[int, int], int]  # (pre, post): +1 or -1


def dense(units: int, inputs: int, *, outputs: int | None = None, loops: bool = True, seed: int = 1111) -> Connectome:
    """Every input to every unit, and every unit to every unit; a third of the signs negative, drawn from {-1, 1, 1}.

    outputs: how many units, the first ones, are motor neurons; None for all. loops: with synapses of a unit to itself.
    The same seed gives the signs of ncps' FullyConnected. Raises ValueError for sizes that are none.
    """
    units, inputs = _size("units", units), _size("inputs", inputs)
    outputs = _outputs(units, outputs)
    rng = np.random.default_rng(seed)
    pre, post = np.divmod(np.arange(units * units), units)
    kept = loops | (pre != post)
    recurrent = (pre[kept], post[kept], _thirds(rng, int(kept.sum())))
    sensor, heard = np.divmod(np.arange(inputs * units), units)
    sensory = (sensor, heard, _thirds(rng, inputs * units))
    return connectome(sensory, recurrent, inputs=inputs, units=units, motor=outputs)


def sparse(
    units: int, inputs: int, *, outputs: int | None = None, sparsity: float = 0.5, seed: int = 1111
) -> Connectome:
    """A share 1 - sparsity of all synapses that `dense` has, at random; signs from {-1, 1, 1}.

    The same seed gives the synapses and signs of ncps' Random. Raises ValueError for a sparsity outside [0, 1).
    """
    units, inputs = _size("units", units), _size("inputs", inputs)
    outputs = _outputs(units, outputs)
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity is the share of synapses left out, at least 0 and below 1; got {sparsity}")
    rng = np.random.default_rng(seed)
    recurrent, sensory = (
        _scattered(rng, sources, units, sparsity, draws) for sources, draws in ((units, 1), (inputs, 2))
    )
    return connectome(sensory, recurrent, inputs=inputs, units=units, motor=outputs)


def ncp(
    inter: int,
    command: int,
    motor: int,
    inputs: int,
    *,
    sensory_fanout: int,
    inter_fanout: int,
    recurrent: int,
    motor_fanin: int,
    seed: int = 22222,
) -> Connectome:
    """A neural circuit policy: inputs to inter to command to motor neurons (Lechner et al. 2020).

    Each input picks `sensory_fanout` inter neurons, each inter neuron `inter_fanout` command neurons, each motor
    neuron `motor_fanin` command neurons, without repetition; `recurrent` pairs of command neurons are joined, the same
    one perhaps twice, which counts once, or a neuron with itself. A neuron whom nobody picked picks as many partners
    as the others have on average. Signs are fair. Units stand in the order motor, command, inter; layer 0 is inter.

    The same seed gives the synapses and signs of ncps' NCP, once built for so many inputs.
    Raises ValueError for a layer without neurons, and for fan-outs and fan-ins larger than the layer they lead to.
    """
    inputs, inter, command, motor = (
        _size(name, n) for name, n in (("inputs", inputs), ("inter", inter), ("command", command), ("motor", motor))
    )
    for name, many, kind, there in (
        ("sensory_fanout", sensory_fanout, "inter", inter),
        ("inter_fanout", inter_fanout, "command", command),
        ("motor_fanin", motor_fanin, "command", command),
    ):
        if _size(name, many) > there:
            raise ValueError(f"{name} is {many}, but there are {there} {kind} neurons: at most that many")
    rng = np.random.RandomState(seed)  # not default_rng: the draws are to be those of ncps
    motors, commands, inters = (range(a, a + n) for a, n in ((0, motor), (motor, command), (motor + command, inter)))
    sensory = _joined(rng, range(inputs), inters, sensory_fanout, inputs)
    synapses = _joined(rng, inters, commands, inter_fanout, command)
    for _ in range(_size("recurrent", recurrent, 0)):
        pair = commands[rng.randint(command)], commands[rng.randint(command)]
        synapses[pair] = _fair(rng)
    synapses |= {(pre, post): s for (post, pre), s in _joined(rng, motors, commands, motor_fanin, motor).items()}
    layer = np.repeat([2, 1, 0], [motor, command, inter])
    units = motor + command + inter
    return connectome(_listed(sensory), _listed(synapses), inputs=inputs, units=units, motor=motor, layer=layer)


def auto_ncp(units: int, outputs: int, inputs: int, *, sparsity: float = 0.5, seed: int = 22222) -> Connectome:
    """A neural circuit policy of so many units, `outputs` of them motor neurons: the rest is divided for you.

    Two fifths of the others are command neurons; fan-outs and fan-ins are the share 1 - sparsity of the layer they
    lead to, and twice that share of the command neurons is how many pairs of them are joined; each at least 1.
    The same seed gives the synapses and signs of ncps' AutoNCP. Raises ValueError for outputs of units - 2 or more,
    and for a sparsity outside [0.1, 1].
    """
    units, outputs = _size("units", units), _size("outputs", outputs)
    if outputs >= units - 2:
        raise ValueError(
            f"{outputs} outputs of {units} units leave too few for the other layers: outputs is at most units - 3, "
            f"here {units - 3}; or raise units"
        )
    if not 0.1 <= sparsity <= 1:
        raise ValueError(f"sparsity is the share of synapses left out, in [0.1, 1]; got {sparsity}")
    command = max(int(0.4 * (units - outputs)), 1)
    inter, density = units - outputs - command, 1.0 - sparsity
    fan = max(int(command * density), 1)
    return ncp(
        inter,
        command,
        outputs,
        inputs,
        sensory_fanout=max(int(inter * density), 1),
        inter_fanout=fan,
        recurrent=max(int(command * density * 2), 1),
        motor_fanin=fan,
        seed=seed,
    )


def from_ncps(wiring: Any, inputs: int | None = None) -> Connectome:
    """The connectome of a wiring of ncps, which need not be installed: its matrices are read as they are.

    One that is not built yet is built for `inputs`; your own is not touched. Layers are those it tells; the first
    `output_dim` units are the motor neurons. Raises ValueError if it is not built and no inputs are given, or built
    for others; TypeError for what is no such wiring.
    """
    if not hasattr(wiring, "adjacency_matrix") or not hasattr(wiring, "sensory_adjacency_matrix"):
        raise TypeError(f"a wiring of ncps has an adjacency_matrix; this is a {type(wiring).__name__}")
    if wiring.sensory_adjacency_matrix is None:
        if inputs is None:
            raise ValueError("the wiring is not built yet: say for how many inputs, from_ncps(wiring, inputs=...)")
        wiring = copy.deepcopy(wiring)
        wiring.build(inputs)
    inner, outer = np.asarray(wiring.adjacency_matrix), np.asarray(wiring.sensory_adjacency_matrix)
    if inputs is not None and len(outer) != inputs:
        raise ValueError(f"the wiring is built for {len(outer)} inputs, not for {inputs}")
    (pre, post), (sensor, heard) = np.nonzero(inner), np.nonzero(outer)
    layer = np.zeros(len(inner), np.int64)
    for k in range(getattr(wiring, "num_layers", 1)):
        layer[list(wiring.get_neurons_of_layer(k))] = k
    return connectome(
        (sensor, heard, outer[sensor, heard]),
        (pre, post, inner[pre, post]),
        inputs=len(outer),
        units=len(inner),
        motor=getattr(wiring, "output_dim", None),
        layer=layer,
    )


def _joined(rng: np.random.RandomState, pickers: Sequence[int], others: Sequence[int], each: int, most: int) -> Signs:
    """Every picker picks `each` of the others; of the others who was not picked then picks as many as is usual."""
    found: Signs = {}
    for picker in pickers:
        for k in rng.permutation(len(others))[:each]:
            found[picker, others[k]] = _fair(rng)
    usual = min(max(len(pickers) * each // len(others), 1), most)
    picked = {other for _, other in found}
    for other in others:
        if other not in picked:
            for k in rng.permutation(len(pickers))[:usual]:
                found[pickers[k], other] = _fair(rng)
    return found


def _scattered(rng: np.random.Generator, sources: int, units: int, sparsity: float, draws: int) -> tuple[Any, ...]:
    """A share of all pairs with their signs. ncps draws the sign of a sensory synapse twice, and the second counts."""
    pairs = rng.choice(sources * units, round(sources * units * (1 - sparsity)), replace=False)
    signs = _thirds(rng, draws * len(pairs))[draws - 1 :: draws]
    return (*np.divmod(pairs, units), signs)


def _fair(rng: np.random.RandomState) -> int:
    return 1 if rng.randint(2) else -1


def _thirds(rng: np.random.Generator, count: int) -> Array:
    return np.where(rng.integers(0, 3, count) == 0, -1, 1)


def _listed(found: Signs) -> tuple[Array, Array, Array]:
    edges = np.array([(*pair, sign) for pair, sign in found.items()], np.int64).reshape(-1, 3)
    return edges[:, 0], edges[:, 1], edges[:, 2]


def _outputs(units: int, outputs: int | None) -> int | None:
    if outputs is not None and not 1 <= index(outputs) <= units:
        raise ValueError(f"outputs is how many of the {units} units are motor neurons, 1 to {units}; got {outputs}")
    return outputs


def _size(name: str, size: int, least: int = 1) -> int:
    try:
        whole = index(size)
    except TypeError as error:
        raise TypeError(f"{name} is a whole number, got {size!r}") from error
    if whole < least:
        raise ValueError(f"{name} must be at least {least}, got {size}")
    return whole
