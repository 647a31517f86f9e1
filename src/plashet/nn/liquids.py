"""The liquids as modules: constructors that read like those of ncps and torch.nn.RNN."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .. import liquids
from ..cells import Chain
from ..liquids.solvers import Solver
from ..wiring import Connectome
from .layer import Liquid
from .recurrent import Contract, Recurrent
from .wirings import connectomes


class Drawn(Recurrent):
    """Layers whose parameters are drawn under torch's seed (torch.manual_seed)."""

    motors = False  # whether the outputs of motor neurons are scaled by numbers that are learnt

    def __init__(self, num_layers: int, contract: Contract, device: Any, dtype: Any) -> None:
        directions = range(2 if contract.bidirectional else 1)
        made = [
            [Liquid(self.draw(k, _seed()), motors=self.motors, device=device, dtype=dtype) for _ in directions]
            for k in range(num_layers)
        ]
        super().__init__(made, contract, device, dtype)

    def draw(self, layer: int, seed: int) -> Any:
        """A cell for a layer, with new parameters."""
        raise NotImplementedError

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        for place, liquid in enumerate(self.layers):
            liquid.load_cell(self.draw(place // self.directions, _seed()))
        if self.proj is not None:
            self.proj.reset_parameters()


class LTC(Drawn):
    """A liquid time-constant network, `plashet.LTC`, with its inputs and the outputs of its motor neurons scaled.

    units: a number (all to all), a Connectome, or a wiring of ncps as it is; a list with one for each layer. hx holds
    the states of all units, the motor neurons first, as in ncps. ode_unfolds: steps of the fused solver in a tick, or a
    solver, liquids.Exponential(6). Parameters (raw ones) begin in the ranges of ncps' explicit mode.
    The rest is as in Recurrent and Contract.
    """

    motors = True

    def __init__(
        self,
        input_size: int,
        units: Any,
        return_sequences: bool = True,
        batch_first: bool = True,
        mixed_memory: bool = False,
        *,
        ode_unfolds: int | Solver = 6,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        proj_size: int | None = None,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.solver = liquids.Fused(ode_unfolds) if isinstance(ode_unfolds, int) else ode_unfolds
        self.mixed_memory = mixed_memory
        self.connectomes = connectomes(units, input_size, num_layers, 2 if bidirectional else 1)
        contract = Contract(batch_first, return_sequences, bidirectional, dropout, proj_size)
        super().__init__(num_layers, contract, device, dtype)

    def draw(self, layer: int, seed: int) -> Any:
        net = self.connectomes[layer]
        return _with_motors(liquids.ltc(net, seed=seed, solver=self.solver), net)


def _with_motors(liquid: Any, net: Connectome) -> Chain:
    return Chain((liquid, liquids.Motors(net.units, np.ones(net.motor), np.zeros(net.motor))))


def _seed() -> int:
    return int(torch.randint(2**62, ()).item())
