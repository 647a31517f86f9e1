"""Liquid time-constant networks: neurons whose synapses are conductances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..ops import asarray, logistic, namespace, observed, rest, sums_at
from ..trainable import Pulled
from ..tree import arrays
from ..types import Array
from ..wiring import Connectome, Synapses
from .door import check_run, check_slopes
from .ltc_kernel import Plan, planned
from .plans import Keeps
from .solvers import Fused, Solver


class LTCState(NamedTuple):
    v: Array  # (*batch, units)


class Gates(NamedTuple):
    """What the synapses of one kind have, (edges,) each: g = w logistic(sigma (v - mu)), pulling towards erev."""

    w: Array  # > 0: the conductance where the gate is open
    sigma: Array  # slope
    mu: Array  # threshold
    erev: Array  # reversal potential; its sign is the synapse's


class Membrane(NamedTuple):
    """What the neurons have, (units,) each."""

    gleak: Array  # > 0
    vleak: Array
    cm: Array  # > 0: capacitance


class Affine(NamedTuple):
    """x' = weight x + bias, each input by itself."""

    weight: Array  # (inputs,)
    bias: Array  # (inputs,)


@dataclass(frozen=True, eq=False)
class LTC(Keeps[Plan]):
    """A liquid time-constant network in its conductance form.

        cm dv/dt = gleak (vleak - v) + sum_j g_j (erev_j - v),   g_j = w_j logistic(sigma_j (x_j - mu_j))
                 = I - G v,     I = gleak vleak + sum g erev,    G = gleak + sum g

    over the recurrent synapses, x_j = v of the neuron before, and the sensory ones, x_j = weight u_j + bias. A tick of
    dt is `unfolds` steps of the solver of dt/unfolds each, in which the neurons hear each other's v of the step before.
    v stays within the smallest and the largest of v, vleak and the erev for any dt and input, as w, gleak, cm > 0;
    dt = 0 is the identity. The time constant cm/G, between cm/(gleak + sum w) and cm/gleak, moves with the input.
    An input that is not observed (NaN) closes its gates. outputs: the v of all units, the motor neurons first.
    Raises ValueError for parameters that do not fit the connectome, or not positive where they must be.

    Hasani, Lechner, Amini, Rus & Grosu 2021, Liquid Time-constant Networks (with Fused(6), its solver and number).
    """

    connectome: Connectome
    recurrent: Gates
    sensory: Gates
    membrane: Membrane
    affine: Affine
    solver: Solver = Fused()  # noqa: RUF009 - frozen

    parameters: ClassVar[tuple[str, ...]] = (
        *(f"recurrent.{name}" for name in Gates._fields),
        *(f"sensory.{name}" for name in Gates._fields),
        *(f"membrane.{name}" for name in Membrane._fields),
        *(f"affine.{name}" for name in Affine._fields),
    )
    positive: ClassVar[tuple[str, ...]] = ("recurrent.w", "sensory.w", "membrane.gleak", "membrane.cm")

    def __post_init__(self) -> None:
        if namespace(self.membrane.cm) is np:  # tensors come from modules, which hold raw values, positive as they act
            _check(self)

    def __repr__(self) -> str:
        return f"<LTC along {self.connectome!r}, {self.solver!r}>"

    @property
    def inputs(self) -> int:
        return self.connectome.inputs

    @property
    def outputs(self) -> int:
        return self.connectome.units

    def init(self, u: Array) -> LTCState:
        return LTCState(rest(u, self.outputs))

    def step(self, state: LTCState, u: Array, dt: Array | float) -> tuple[LTCState, Array]:
        v = state.v
        gleak, vleak, cm = (asarray(p, v) for p in self.membrane)
        pulled, open_ = self._sensed(u)
        k = asarray(dt, v)[..., None] / self.solver.unfolds / cm
        for _ in range(self.solver.unfolds):
            among, heard = conductances(self.recurrent, self.connectome.recurrent, v)
            current, total = gleak * vleak + pulled + among, gleak + open_ + heard
            v = v + self.solver.rate(k, total) * (current - total * v)
        return LTCState(v), v

    def _sensed(self, u: Array) -> tuple[Array, Array]:
        """The sums over the sensory synapses; what is not observed opens no gate."""
        x = asarray(self.affine.weight, u) * observed(u) + asarray(self.affine.bias, u)
        return conductances(self.sensory, self.connectome.sensory, x, namespace(u).isnan(u))

    def run(self, state: LTCState, u: Array, dt: Array, out: Array | None = None) -> tuple[LTCState, Array]:
        """The compiled fold of `step`: u (time, *batch, inputs), dt (time,) or (time, *batch), a batch in threads."""
        dt = check_run(self, ("v",), state, u, dt)
        v, written = self._plan(u.dtype).run(state.v, u, dt, out)
        return LTCState(v), written

    def tick(self, state: LTCState, u: Array, dt: Array | float) -> tuple[LTCState, Array]:
        """The compiled twin of one `step`."""
        v = self._plan(u.dtype).tick(state.v, u, dt)
        return LTCState(v), v

    def pull(
        self, state: LTCState, u: Array, dt: Array, outputs: Array, slope: Array, slope_after: LTCState | None = None
    ) -> Pulled:
        """The slopes of a loss with respect to everything, from those with respect to the outputs of `run`.

        Back through time and through the unfolds, exactly; only `outputs` are kept of the run, the gates are
        computed again. Shapes as in Pulled.
        """
        dt = check_run(self, ("v",), state, u, dt)
        check_slopes(u, self.outputs, outputs, slope, slope_after)
        after = None if slope_after is None else slope_after.v
        flat, du, ddt, dv = self._plan(u.dtype).pull(state.v, u, dt, outputs, slope, after)
        return Pulled(dict(zip(self.parameters, flat, strict=True)), du, ddt, LTCState(dv))

    def _laid_out(self, dtype: Any) -> Plan:
        return planned(self, dtype)

    def time_constants(self, states: Array, u: Array) -> Array:
        """tau = cm/G [s] of each unit, (..., units), where the states are (..., units) and the inputs u (..., inputs).

        What makes these networks liquid; section 2 of the paper.
        """
        _, open_ = self._sensed(u)
        _, heard = conductances(self.recurrent, self.connectome.recurrent, states)
        tau: Array = asarray(self.membrane.cm, states) / (asarray(self.membrane.gleak, states) + open_ + heard)
        return tau


@dataclass(frozen=True, eq=False)
class Motors:
    """y = weight v[:motor] + bias: the first of `inputs` units, each scaled by itself. Without memory."""

    inputs: int
    weight: Array  # (motor,)
    bias: Array  # (motor,)

    parameters: ClassVar[tuple[str, ...]] = ("weight", "bias")
    positive: ClassVar[tuple[str, ...]] = ()

    @property
    def outputs(self) -> int:
        return int(self.bias.shape[0])

    def init(self, u: Array) -> tuple[()]:
        return ()

    def step(self, state: tuple[()], u: Array, dt: Array | float) -> tuple[tuple[()], Array]:
        return state, u[..., : self.outputs] * asarray(self.weight, u) + asarray(self.bias, u)

    def run(self, state: tuple[()], u: Array, dt: Array, out: Array | None = None) -> tuple[tuple[()], Array]:
        y = self.step(state, u, dt)[1]  # no memory: all of time at once
        if out is not None:
            out[...] = y
        return state, y


def conductances(gates: Gates, synapses: Synapses, x: Array, closed: Array | None = None) -> tuple[Array, Array]:
    """sum g erev and sum g over the synapses of each unit, (*batch, units), for what is heard, x (*batch, sources).

    closed: where the gates of a source are held shut, shaped like x.
    """
    w, sigma, mu, erev = (asarray(p, x) for p in gates)
    g = w * logistic(sigma * (x[..., synapses.pre] - mu))
    if closed is not None:
        xp = namespace(x)
        g = xp.where(closed[..., synapses.pre], xp.zeros_like(g), g)
    return sums_at(g * erev, synapses.post, synapses.units), sums_at(g, synapses.post, synapses.units)


def ltc(connectome: Connectome, *, seed: int, solver: Solver = Fused()) -> LTC:  # noqa: B008 - frozen
    """An LTC with parameters drawn uniformly in the ranges of its authors, the sign of erev that of the connectome.

    w, gleak in (.001, 1), cm in (.4, .6), vleak in (-.2, .2), sigma in (3, 8), mu in (.3, .8), |erev| = 1: made for
    inputs near 0 to 1 and ticks of about 1 s.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    units = connectome.units

    def gates(sign: Array) -> Gates:
        w, sigma, mu = (rng.uniform(*ends, len(sign)) for ends in ((0.001, 1.0), (3.0, 8.0), (0.3, 0.8)))
        return Gates(w, sigma, mu, np.asarray(sign, np.float64))

    recurrent, sensory = gates(connectome.sign), gates(connectome.sensory_sign)
    gleak, vleak, cm = (rng.uniform(*ends, units) for ends in ((0.001, 1.0), (-0.2, 0.2), (0.4, 0.6)))
    membrane = Membrane(gleak, vleak, cm)
    affine = Affine(np.ones(connectome.inputs), np.zeros(connectome.inputs))
    return LTC(connectome, recurrent, sensory, membrane, affine, solver)


def _check(cell: LTC) -> None:
    net, held = cell.connectome, arrays(cell)
    sizes = {"recurrent": net.recurrent.edges, "sensory": net.sensory.edges}
    sizes |= {"membrane": net.units, "affine": net.inputs}
    for path in LTC.parameters:
        size = sizes[path.split(".")[0]]
        if path not in held or held[path].shape != (size,):
            got = held[path].shape if path in held else "no array"
            raise ValueError(f"{path} is {got}, wanted ({size},): one for each {_of(path)}")
        if not np.isfinite(held[path]).all():
            raise ValueError(f"{path} has a value that is not finite, at {int(np.argmin(np.isfinite(held[path])))}")
        if path in LTC.positive and not (held[path] >= 0).all():
            raise ValueError(f"{path} must be positive, got {held[path].min()}: without it nothing bounds the state")
    if not (np.asarray(cell.membrane.cm) > 0).all():
        raise ValueError("membrane.cm must be above zero: a neuron without capacitance has no state")


def _of(path: str) -> str:
    return {"recurrent": "recurrent synapse", "sensory": "sensory synapse", "membrane": "unit", "affine": "input"}[
        path.split(".")[0]
    ]
