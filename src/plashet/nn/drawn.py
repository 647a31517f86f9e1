"""What the liquids as modules share: how their layers are drawn, mixed memory, motor neurons."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from .. import liquids
from ..cells import Chain
from ..wiring import Connectome
from .layer import Liquid
from .recurrent import Contract, Recurrent


class Drawn(Recurrent):
    """Layers whose parameters are drawn under torch's seed (torch.manual_seed)."""

    motors = False  # whether the outputs of motor neurons are scaled by numbers that are learnt
    connectomes: Sequence[Connectome] = ()  # of the layers, where they are wired
    mixed_memory: bool

    def __init__(self, num_layers: int, contract: Contract, device: Any, dtype: Any) -> None:
        directions = range(2 if contract.bidirectional else 1)
        made = [
            [Liquid(self.draw(k, _seed()), motors=self.motors, device=device, dtype=dtype) for _ in directions]
            for k in range(num_layers)
        ]
        super().__init__(made, contract, device, dtype)
        if self.mixed_memory:
            self.absent = -1.0  # an LSTM moves however little time has passed

    @abstractmethod
    def liquid(self, layer: int, seed: int) -> Any:
        """The liquid of a layer, with new parameters."""

    def draw(self, layer: int, seed: int) -> Any:
        """The cell of a layer, with new parameters: its liquid, mixed memory and motor neurons where it has them."""
        liquid = self.liquid(layer, seed)
        if self.mixed_memory:
            liquid = liquids.mixed(liquid, seed=seed)
        return with_motors(liquid, self.connectomes[layer], self.motors) if self.connectomes else liquid

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        for place, liquid in enumerate(self.layers):
            liquid.load_cell(self.draw(place // self.directions, _seed()))
        if self.proj is not None:
            self.proj.reset_parameters()


def with_motors(liquid: Any, net: Connectome, always: bool = False) -> Any:
    """The liquid and its motor neurons, alone if all its units are."""
    if net.motor == net.units and not always:
        return liquid
    return Chain((liquid, liquids.Motors(net.units, np.ones(net.motor), np.zeros(net.motor))))


def sizes(inputs: int, units: int, layers: int, bidirectional: bool) -> list[tuple[int, int]]:
    """(inputs, units) of each layer that is not wired."""
    return [(inputs if k == 0 else units * (2 if bidirectional else 1), units) for k in range(layers)]


def _seed() -> int:
    return int(torch.randint(2**62, ()).item())
