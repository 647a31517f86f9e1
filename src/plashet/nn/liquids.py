"""The published liquids as modules: constructors that read like those of ncps and torch.nn.RNN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .. import liquids
from ..liquids.rules import Rule
from ..liquids.solvers import Solver
from .drawn import Drawn, sizes
from .recurrent import Contract
from .wirings import connectomes, is_count


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

    def liquid(self, layer: int, seed: int) -> liquids.LTC:
        return liquids.ltc(self.connectomes[layer], seed=seed, solver=self.solver)


RULES: dict[str, Callable[[int], Rule]] = {
    "default": lambda units: liquids.Full(),
    "pure": liquids.Pure.of,
    "no_gate": lambda units: liquids.NoGate(),
}


class CfC(Drawn):
    """The closed-form continuous-time network as published, `plashet.CfC`, or along a wiring `plashet.WiredCfC`.

    units: a number, or a Connectome or a wiring of ncps as it is, and a list with one for each layer. Wired, the output
    is that of the motor neurons and hx holds all units, the motor neurons first; only synapses are computed and learnt,
    those among command neurons too. mode, activation and backbone as in ncps; without dropout in the backbone. A tick
    that is not there is held; dt = 0 is one that is there, after no time, and not the identity: Gated is the sibling of
    which it is. The rest is as in Recurrent and Contract. Raises ValueError for a wiring with a backbone.
    """

    absent = -1.0

    def __init__(
        self,
        input_size: int,
        units: Any,
        proj_size: int | None = None,
        return_sequences: bool = True,
        batch_first: bool = True,
        mixed_memory: bool = False,
        mode: str = "default",
        activation: str = "lecun_tanh",
        backbone_units: int | None = None,
        backbone_layers: int | None = None,
        backbone_dropout: float | None = None,
        *,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        if mode not in RULES:
            raise ValueError(f"mode is one of {', '.join(RULES)}; got {mode!r}")
        self.mode, self.activation, self.mixed_memory = mode, activation, mixed_memory
        wired = not is_count(units)
        self.backbone = _backbone(wired, backbone_units, backbone_layers, backbone_dropout)
        if wired:
            self.connectomes = connectomes(units, input_size, num_layers, 2 if bidirectional else 1)
        self.sizes = [] if wired else sizes(input_size, units, num_layers, bidirectional)
        contract = Contract(batch_first, return_sequences, bidirectional, dropout, proj_size)
        super().__init__(num_layers, contract, device, dtype)

    def liquid(self, layer: int, seed: int) -> Any:
        units = self.sizes[layer][1] if self.sizes else self.connectomes[layer].units
        rule = RULES[self.mode](units)
        if self.sizes:
            backbone, activation = self.backbone, self.activation
            return liquids.cfc(*self.sizes[layer], seed=seed, backbone=backbone, rule=rule, activation=activation)
        return liquids.wired_cfc(self.connectomes[layer], seed=seed, rule=rule)


def _backbone(wired: bool, units: int | None, layers: int | None, dropout: float | None) -> tuple[int, ...]:
    """The widths of the backbone, 128 once unless said otherwise."""
    if wired and (units, layers, dropout) != (None, None, None):
        raise ValueError("along a wiring there is no backbone: leave out backbone_units, _layers and _dropout")
    count = 1 if layers is None else layers
    if dropout and count > 1:
        raise ValueError(
            "no dropout within a backbone: it would draw anew at every tick. dropout is between layers (num_layers=2)"
        )
    return (128 if units is None else units,) * count
