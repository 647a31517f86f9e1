"""What a rule of plasticity is asked, and what it may move."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from ...types import Array

P = TypeVar("P")  # what is laid out once for a liquid, and never saved
M = TypeVar("M")  # what a rule remembers of the spikes so far, a NamedTuple


class Parts(NamedTuple):
    """What a liquid learns. All float64."""

    weight: Array  # (edges,) >= 0 [mV]; written in place
    background: Array | None  # (units,) [mV]; exchanged for another array; None: no rule moves it


class Spikes(NamedTuple):
    """What happened in a tick, which goes through the grid steps first..end-1."""

    events: Array  # (spikes, 2) int64 of (grid step, unit), in their order
    first: int
    end: int
    afresh: bool  # this is another series than before: no spike of before is to be paired with one of now


class Rule(Protocol[P, M]):
    """A rule that moves a liquid's weights or neurons by the spikes of each tick. Settings only, a frozen dataclass.

    moves_background: whether it moves the neurons' background current.
    """

    moves_background: bool

    def prepare(self, liquid: Any) -> P:
        """What the rule needs of the liquid, laid out; raises where the rule does not fit it."""

    def init(self, plan: P) -> M:
        """Nothing remembered yet."""

    def move(self, plan: P, memory: M, parts: Parts, spikes: Spikes) -> tuple[M, Parts]:
        """The rule, from the tick's first grid step to its last. Memory and weights are consumed."""


def excitatory(circuit: Any) -> Array:
    """(edges,) bool: the synapses from an excitatory onto an excitatory unit, which are plastic unless you say else."""
    inhibitory = np.asarray(circuit.inhibitory, bool)
    pre, post = np.asarray(circuit.topology.pre), np.asarray(circuit.topology.post)
    return ~inhibitory[pre] & ~inhibitory[post]


def chosen(plastic: Array | None, circuit: Any) -> Array:
    """(edges,) bool: the mask that was given, checked, or the excitatory synapses onto excitatory units."""
    if plastic is None:
        return excitatory(circuit)
    mask = np.asarray(plastic)
    if mask.dtype != bool or mask.shape != (circuit.topology.edges,):
        raise ValueError(
            f"plastic is {mask.shape} of {mask.dtype}, wanted ({circuit.topology.edges},) of bool: "
            "which synapses move, in the order of the circuit's edges"
        )
    return mask


def background_of(neuron: Any) -> Array:
    """(units,) the background current of LIF, of ALIF or of a neuron of your own that has one; else TypeError."""
    held = getattr(neuron, "lif", neuron)
    if not hasattr(held, "background"):
        raise TypeError(
            f"{type(neuron).__name__} has no background current to move: use LIF or ALIF, give your neuron a field "
            "`background` [mV], or leave Homeostatic out (Scaling moves weights instead)"
        )
    return np.array(np.broadcast_to(np.asarray(held.background, np.float64), (neuron.outputs,)))


def with_background(liquid: Any, background: Array) -> Any:
    """The same liquid with another background current (units,), to be laid out anew, but not checked once more."""
    neuron = liquid.neuron
    other = liquid.reweighted(liquid.circuit.weight)
    if hasattr(neuron, "lif"):
        neuron = replace(neuron, lif=replace(neuron.lif, background=background))
    else:
        neuron = replace(neuron, background=background)
    vars(other).update(neuron=neuron, _plans={})
    return other


def weights_moved(liquid: Any) -> None:
    """Its weights were written in place: a copy of them that was made for the kernel is out of date."""
    vars(liquid).pop("_laid", None)
