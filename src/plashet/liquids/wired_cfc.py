"""Closed-form continuous-time networks along a connectome."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from ..ops import namespace, rest
from ..types import Array
from ..wiring import Connectome
from .cfc import CfCState, held, of_rule
from .gated import check_heads, drawn, drive, flat_heads, in_level_order, layers, levels_along, passed, split_heads
from .levels import Form, Levelled, net_arrays
from .rules import Full, Rule, check_rule, constants_of, slopes_of


@dataclass(frozen=True, eq=False)
class WiredCfC(Levelled[CfCState]):
    """CfC without backbone along a connectome: h' = rule(heads, dt), head = W_sensory x + W_recurrent h + bias each

    Rules, time and missing inputs as CfC. Truly sparse: a unit hears its synapses and nothing else, each of them with a
    weight for every head. Units of a later layer hear what earlier layers are in this tick, and what their own and
    later ones were before it: inter, command and motor neurons in turn, command neurons among themselves as wired.
    outputs: all units, the motor neurons first. Raises ValueError for arrays that do not fit the connectome.

    Hasani et al. 2022; Lechner et al. 2020, Neural circuit policies enabling auditable autonomy.
    """

    connectome: Connectome
    sensory: Array  # (heads, sensory edges)
    recurrent: Array  # (heads, recurrent edges)
    bias: Array  # (heads, units)
    rule: Rule = Full()  # noqa: RUF009 - frozen

    positive: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        check_heads(self, self.rule.heads)
        check_rule(self.rule, self.outputs)

    def __repr__(self) -> str:
        return f"<WiredCfC along {self.connectome!r}, {type(self.rule).__name__}>"

    @property
    def parameters(self) -> tuple[str, ...]:
        return ("sensory", "recurrent", "bias", *of_rule(self.rule))

    @property
    def inputs(self) -> int:
        return self.connectome.inputs

    @property
    def outputs(self) -> int:
        return self.connectome.units

    def init(self, u: Array) -> CfCState:
        return CfCState(rest(u, self.outputs))

    def step(self, state: CfCState, u: Array, dt: Array | float) -> tuple[CfCState, Array]:
        h = now = state.h
        for here in layers(self.connectome, h):
            moved = self.rule.move(drive(self, u, now), passed(dt, h))
            now = namespace(h).where(here, held(moved, h, dt), now)
        return CfCState(now), now

    def form(self) -> Form:
        kind, heads = self.rule.kind, self.rule.heads
        return Form(partial(levels_along, self.connectome, kind, heads), net_arrays(self.connectome), (kind,))

    def weights(self, dtype: Any) -> Array:
        return flat_heads(self, dtype)

    def constants(self, dtype: Any) -> Array:
        """(units, 2) of the kernel's nodes."""
        return in_level_order(self.connectome, constants_of(self.rule, self.outputs)).astype(dtype)

    def named(self, weights: Array, constants: Array) -> dict[str, Array]:
        """Slopes of the kernel's weights and constants by path."""
        by_unit = np.empty_like(constants)
        by_unit[np.argsort(self.connectome.layer, kind="stable")] = constants
        return split_heads(self, weights) | slopes_of(self.rule, by_unit)


def wired_cfc(connectome: Connectome, *, seed: int, rule: Rule | None = None) -> WiredCfC:
    """A WiredCfC with weights drawn uniformly (Glorot, by the synapses of each neuron) and biases 0."""
    rule = Full() if rule is None else rule
    seeds = np.random.SeedSequence(seed, spawn_key=(3,)).spawn(2)
    sensory, recurrent = drawn(connectome, rule.heads, seeds)
    return WiredCfC(connectome, sensory, recurrent, np.zeros((rule.heads, connectome.units)), rule)
