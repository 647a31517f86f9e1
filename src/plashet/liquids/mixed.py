"""Mixed memory: an LSTM whose output takes the place of a liquid's state before every tick."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..ops import asarray, logistic, namespace, observed, rest
from ..trainable import Pulled
from ..types import Array
from .door import check_run, check_slopes
from .gated import check_finite
from .levels import Form, Level, Planned, Slots, heard
from .mixed_fold import pull_mixed, run_mixed


class MixedState(NamedTuple):
    h: Array  # (*batch, units): the liquid's state
    c: Array  # (*batch, units): the memory cells


@dataclass(frozen=True, eq=False)
class Mixed(Planned):
    """An LSTM keeps the memory, the liquid moves its output through time:

        i, g, f, o = w_in u + w h + bias,   c' = c logistic(f + 1) + tanh(i) logistic(g),   k = tanh(c') logistic(o)
        h' = liquid(k, u, dt)

    c knows no time and passes from tick to tick all but unchanged where f is large: what the liquid would forget, and
    its gradients, last. Heads in the order (input, input gate, forget gate, output gate), as ncps has them; liquid: any
    whose state is one array, (*batch, units): Gated, CfC, WiredCfC, LTC. As the LSTM moves with every tick, dt = 0 is
    not the identity; dt < 0 holds both h and c: the tick is not there. A missing input (NaN) adds nothing to the LSTM.
    Raises ValueError for arrays that do not fit the liquid.

    Lechner & Hasani 2020, Learning long-term dependencies in irregularly-sampled time series, in the variant of ncps.
    """

    liquid: Any
    w_in: Array  # (4, units, inputs)
    w: Array  # (4, units, units)
    bias: Array  # (4, units)

    def __post_init__(self) -> None:
        units = self.outputs
        for name, wanted in (("w_in", (4, units, self.inputs)), ("w", (4, units, units)), ("bias", (4, units))):
            got = tuple(getattr(self, name).shape)
            if got != wanted:
                raise ValueError(f"{name} is {got}, wanted {wanted}: four gates of {units} units")
            check_finite(name, getattr(self, name))

    @property
    def parameters(self) -> tuple[str, ...]:
        return (*(f"liquid.{path}" for path in self.liquid.parameters), "w_in", "w", "bias")

    @property
    def positive(self) -> tuple[str, ...]:
        return tuple(f"liquid.{path}" for path in self.liquid.positive)

    @property
    def inputs(self) -> int:
        return int(self.liquid.inputs)

    @property
    def outputs(self) -> int:
        return int(self.liquid.outputs)

    def init(self, u: Array) -> MixedState:
        return MixedState(rest(u, self.outputs), rest(u, self.outputs))

    def step(self, state: MixedState, u: Array, dt: Array | float) -> tuple[MixedState, Array]:
        h, c = state
        xp, elapsed = namespace(h), asarray(dt, h)
        gone = elapsed[..., None] < 0
        k, moved_c = lstm(self, h, c, u)
        within = type(self.liquid.init(u))(k)
        _, moved = self.liquid.step(within, u, xp.where(elapsed < 0, xp.zeros_like(elapsed), elapsed))
        h, c = xp.where(gone, h, moved), xp.where(gone, c, moved_c)
        return MixedState(h, c), h

    def run(self, state: MixedState, u: Array, dt: Array, out: Array | None = None) -> tuple[MixedState, Array]:
        """The compiled fold of `step`: u (time, *batch, inputs), dt (time,) or (time, *batch), a batch in threads."""
        dt = check_run(self, MixedState._fields, state, u, dt)
        if not hasattr(self.liquid, "form"):
            h, c, written = run_mixed(self, state, u, dt, out)
            return MixedState(h, c), written
        written, h, c = self._plan(u.dtype).run(u, dt, state.h, state.c, out)
        return MixedState(h, c), written

    def tick(self, state: MixedState, u: Array, dt: Array | float) -> tuple[MixedState, Array]:
        """The compiled twin of one `step`."""
        if not hasattr(self.liquid, "form"):
            h, c, outputs = run_mixed(self, state, u[None], np.asarray(dt, u.dtype)[None], None)
            return MixedState(h, c), outputs[0]
        h, c = self._plan(u.dtype).tick(u, dt, state.h, state.c)
        return MixedState(h, c), h

    def pull(
        self,
        state: MixedState,
        u: Array,
        dt: Array,
        outputs: Array,
        slope: Array,
        slope_after: MixedState | None = None,
    ) -> Pulled:
        """The slopes of a loss with respect to everything, from those with respect to the outputs of `run`.

        Back through time, exactly; beside `outputs`, c is kept of the run. Shapes as in Pulled.
        """
        dt = check_run(self, MixedState._fields, state, u, dt)
        check_slopes(u, self.outputs, outputs, slope, slope_after)
        after = (None, None) if slope_after is None else tuple(slope_after)
        if not hasattr(self.liquid, "form"):
            named, du, ddt, dh, dc = pull_mixed(self, (state, u, dt, outputs), slope, after)
            return Pulled(named, du, ddt, MixedState(dh, dc))
        s = self._plan(u.dtype).pull((u, dt, state.h, state.c, outputs), slope, after)
        return Pulled(self.named(s.weights, s.constants), s.u, s.dt, MixedState(s.h, s.c))

    def form(self) -> Form:
        inner: Form = self.liquid.form()
        levels = partial(_levels, inner.levels, len(self.liquid.weights(np.float32)))
        return Form(levels, inner.arrays, ("mixed", *inner.sizes), inner.hidden + self.outputs, self.outputs)

    def weights(self, dtype: Any) -> Array:
        """The liquid's, then our own."""
        return np.concatenate([self.liquid.weights(dtype), *(np.asarray(a, dtype).ravel() for a in self._arrays)])

    def constants(self, dtype: Any) -> Array:
        return np.concatenate((np.zeros((self.outputs, 2), dtype), self.liquid.constants(dtype)))

    def named(self, weights: Array, constants: Array) -> dict[str, Array]:
        """Slopes of the kernel's weights and constants by path."""
        sizes = [a.size for a in self._arrays]
        inner, *ours = np.split(weights, np.cumsum([len(weights) - sum(sizes), *sizes[:-1]]))
        found = self.liquid.named(inner, constants[self.outputs :])
        named = zip(("w_in", "w", "bias"), self._arrays, ours, strict=True)
        return {f"liquid.{p}": a for p, a in found.items()} | {p: part.reshape(a.shape) for p, a, part in named}

    @property
    def _arrays(self) -> tuple[Array, Array, Array]:
        return self.w_in, self.w, self.bias


def mixed(liquid: Any, *, seed: int) -> Mixed:
    """Mixed memory before a liquid, drawn as ncps does: w_in Glorot, w orthogonal, bias within 0.1."""
    seeds = np.random.SeedSequence(seed, spawn_key=(4,)).spawn(3)
    rng_in, rng_w, rng_b = (np.random.default_rng(s) for s in seeds)
    inputs, units = liquid.inputs, liquid.outputs
    w_in = rng_in.uniform(-1, 1, (4, units, inputs)) * np.sqrt(6 / (inputs + 4 * units))
    q, r = np.linalg.qr(rng_w.normal(size=(4 * units, units)))
    w = (q * np.sign(np.diag(r))).reshape(4, units, units)
    return Mixed(liquid, w_in, w, rng_b.uniform(-0.1, 0.1, (4, units)))


def lstm(cell: Mixed, h: Array, c: Array, u: Array) -> tuple[Array, Array]:
    """What takes the place of the liquid's state, and the memory cells after the tick."""
    xp, x = namespace(h), observed(u)
    w_in, w, bias = (asarray(a, h) for a in (cell.w_in, cell.w, cell.bias))
    i, g, f, o = (x @ a.T + h @ b.T + d for a, b, d in zip(w_in, w, bias, strict=True))
    c = c * logistic(f + 1) + xp.tanh(i) * logistic(g)
    return xp.tanh(c) * logistic(o), c


def _levels(inner: Any, first: int, slots: Slots, before: int) -> list[Level]:
    """The LSTM, and the levels of the liquid behind it; first: how many weights are the liquid's."""
    units, hidden = np.arange(slots.units), slots.first_hidden
    sources = np.concatenate((1 + np.arange(slots.inputs), before + units))
    sizes = 4 * slots.units * np.array((slots.inputs, slots.units))
    own = [
        start + (np.arange(4) * slots.units)[None, None] * n + units[:, None, None] * n + np.arange(n)[None, :, None]
        for start, n in zip(first + np.array((0, sizes[0])), (slots.inputs, slots.units), strict=True)
    ]
    index = np.concatenate(own, axis=1).reshape(-1, 4)
    bias = first + sizes.sum() + np.arange(4) * slots.units + units[:, None]
    edges = np.tile(sources, slots.units), np.repeat(units, len(sources)), index
    gates = Level("lstm", "tanh", before + units, hidden + units, *heard(bias, [edges], slots.units))
    return [gates, *inner(slots, hidden)]
