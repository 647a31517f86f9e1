"""Liquids for which no time is no change, as modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .. import liquids
from ..trainable import Trainable, trainable
from ..wiring import Wiring, dense
from .drawn import Drawn, sizes
from .recurrent import Contract
from .wirings import connectomes


class Gated(Drawn):
    """The gated liquid, `plashet.Gated`, the time-consistent sibling of CfC; its output is that of its motor neurons.

    units: a number (all to all), a Connectome, or a wiring of ncps as it is; a list with one for each layer. hx holds
    the states of all units, the motor neurons first. tau [s]: the shortest and longest time constant at rest, before
    training; tau_max [s]: what none can exceed. The rest is as in Recurrent and Contract.
    """

    def __init__(
        self,
        input_size: int,
        units: Any,
        return_sequences: bool = True,
        batch_first: bool = True,
        mixed_memory: bool = False,
        *,
        tau: tuple[float, float] = (0.5, 30.0),
        tau_max: float = float("inf"),
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        proj_size: int | None = None,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.tau, self.tau_max = tau, tau_max
        self.mixed_memory = mixed_memory
        self.connectomes = connectomes(units, input_size, num_layers, 2 if bidirectional else 1)
        contract = Contract(batch_first, return_sequences, bidirectional, dropout, proj_size)
        super().__init__(num_layers, contract, device, dtype)

    def liquid(self, layer: int, seed: int) -> liquids.Gated:
        return liquids.gated(self.connectomes[layer], seed=seed, tau=self.tau, tau_max=self.tau_max)


class Diagonal(Drawn):
    """The diagonal liquid, `plashet.Diagonal`, for long sequences: units hear the inputs alone, layers mix them.

    units: a number. tau [s]: the shortest and longest time constant at rest, before training; tau_max [s]: what none
    can exceed. The rest is as in Recurrent and Contract.
    """

    def __init__(
        self,
        input_size: int,
        units: int,
        return_sequences: bool = True,
        batch_first: bool = True,
        mixed_memory: bool = False,
        *,
        tau: tuple[float, float] = (0.5, 30.0),
        tau_max: float = float("inf"),
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        proj_size: int | None = None,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.tau, self.tau_max, self.mixed_memory = tau, tau_max, mixed_memory
        self.sizes = sizes(input_size, units, num_layers, bidirectional)
        contract = Contract(batch_first, return_sequences, bidirectional, dropout, proj_size)
        super().__init__(num_layers, contract, device, dtype)

    def liquid(self, layer: int, seed: int) -> liquids.Diagonal:
        return liquids.diagonal(*self.sizes[layer], seed=seed, tau=self.tau, tau_max=self.tau_max)


class Leaky(Drawn):
    """The leaky liquid, `plashet.Leaky`, with all of it learnt: tau, weights, input weights, bias.

    units: a number (all to all), or a Wiring, whose topology is kept and whose numbers are where learning begins. tau
    [s]: the shortest and longest time constant before training, spread over the units. The rest is as in Recurrent and
    Contract. Raises ValueError for a Wiring with several layers or directions: they would all begin as the same.
    """

    def __init__(
        self,
        input_size: int,
        units: int | Wiring,
        return_sequences: bool = True,
        batch_first: bool = True,
        mixed_memory: bool = False,
        *,
        tau: tuple[float, float] = (0.5, 30.0),
        activation: str = "tanh",
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        proj_size: int | None = None,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.wiring = units if isinstance(units, Wiring) else None
        if self.wiring is not None and (num_layers > 1 or bidirectional or self.wiring.inputs != input_size):
            raise ValueError(
                f"a Wiring is for one layer and direction, and for its {self.wiring.inputs} inputs; got {input_size} "
                f"inputs, num_layers={num_layers}, bidirectional={bidirectional}"
            )
        self.tau, self.activation, self.mixed_memory = tau, activation, mixed_memory
        count = units.units if isinstance(units, Wiring) else int(units)
        self.sizes = sizes(input_size, count, num_layers, bidirectional)
        contract = Contract(batch_first, return_sequences, bidirectional, dropout, proj_size)
        super().__init__(num_layers, contract, device, dtype)

    def liquid(self, layer: int, seed: int) -> Trainable:
        inputs, units = self.sizes[layer]
        rng = np.random.default_rng(seed)
        tau = rng.permutation(np.geomspace(*self.tau, units))
        wiring = self.wiring or _all_to_all(inputs, units, rng)
        cell = liquids.Leaky(wiring, tau, self.activation)
        return trainable(cell, "tau", "wiring.weights", "wiring.w_in", "wiring.bias")


def _all_to_all(inputs: int, units: int, rng: np.random.Generator) -> Wiring:
    """Weights uniform within 1/sqrt(units), as torch.nn.RNN begins."""
    topology = dense(units, inputs).recurrent
    shapes = (topology.edges, (units, inputs), units)
    weights, w_in, bias = (rng.uniform(-1, 1, shape) / np.sqrt(units) for shape in shapes)
    return Wiring(topology, weights, w_in, bias)
