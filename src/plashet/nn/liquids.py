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
    input_mapping, output_mapping: "affine", "linear" (no bias is learnt) or None (nothing is). epsilon is for ncps'
    configurations: no step divides by zero here. The rest is as in Recurrent and Contract. Raises ValueError for
    another mapping or an epsilon that would be felt, TypeError without implicit_param_constraints.
    """

    motors = True

    def __init__(
        self,
        input_size: int,
        units: Any,
        return_sequences: bool = True,
        batch_first: bool = True,
        mixed_memory: bool = False,
        input_mapping: str | None = "affine",
        output_mapping: str | None = "affine",
        ode_unfolds: int | Solver = 6,
        epsilon: float = 1e-8,
        implicit_param_constraints: bool = True,
        *,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        proj_size: int | None = None,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        held = {*_held("input", input_mapping), *_held("output", output_mapping)}
        _check_as_ncps(epsilon, implicit_param_constraints)
        self.solver = liquids.Fused(ode_unfolds) if isinstance(ode_unfolds, int) else ode_unfolds
        self.mixed_memory = mixed_memory
        self.connectomes = connectomes(units, input_size, num_layers, 2 if bidirectional else 1)
        contract = Contract(batch_first, return_sequences, bidirectional, dropout, proj_size)
        super().__init__(num_layers, contract, device, dtype)
        for name, parameter in self.named_parameters():
            if name.split(".")[-1].removeprefix("liquid_") in held:  # that of a liquid in mixed memory
                parameter.requires_grad_(False)

    def liquid(self, layer: int, seed: int) -> liquids.LTC:
        return liquids.ltc(self.connectomes[layer], seed=seed, solver=self.solver)


FELT = 1e-6  # in ticks of about 1 s, an epsilon below it moves no number by 1e-5
PARTS = {"input": ("affine_weight", "affine_bias"), "output": ("output_w", "output_b")}
LEARNT = {"affine": 2, "linear": 1, None: 0}  # how many of these


def _held(end: str, mapping: str | None) -> tuple[str, ...]:
    """The parameters of a mapping that are not learnt: they stay one and zero."""
    if mapping not in LEARNT:
        raise ValueError(f"{end}_mapping is {mapping!r}, wanted 'affine', 'linear' or None")
    return PARTS[end][LEARNT[mapping] :]


def _check_as_ncps(epsilon: float, implicit: bool) -> None:
    """Raise for what ncps can be told and an LTC here does not do."""
    if not 0 <= epsilon <= FELT:
        raise ValueError(
            f"epsilon is {epsilon}, wanted 0 to {FELT}: conductances and capacitances are above zero here, so nothing "
            "is added where they divide; leave it out (of a module of ncps, set the cell's _epsilon to 1e-8, and look "
            "whether it still gives what it should)"
        )
    if not implicit:
        raise TypeError(
            "implicit_param_constraints=False, clipping after each step of the optimiser, is not done here: parameters "
            "are the softplus of free ones; leave it out, and take a module trained that way over by nn.from_ncps"
        )


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
