"""A liquid with its readout: itself a cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from . import _kernels
from .cells import WithInput, fold, sweep, tick
from .ops import asarray, into, join, namespace, rest
from .types import Array, Cell, State
from .within import a_cell

FLOAT64 = np.dtype(np.float64)  # the one that NumPy has: `is` takes half the time of `==`, at every tick of a Live


@dataclass(frozen=True, eq=False)
class Readout:
    """y = features @ weights + bias"""

    parameters: ClassVar[tuple[str, ...]] = ("weights", "bias")
    weights: Array  # (features, outputs)
    bias: Array  # (outputs,)

    def __repr__(self) -> str:
        return f"<Readout: {self.weights.shape[0]} features, {self.weights.shape[1]} outputs>"

    def __call__(self, features: Array) -> Array:
        weights = self.weights
        if features.dtype != weights.dtype:  # states in float32, readout in float64
            features = asarray(features, weights)
        return features @ weights + self.bias

    def read(self, features: Array) -> Array:
        """The compiled twin: each row by itself, bit-equal however many there are (a BLAS's order depends on it)."""
        if not isinstance(features, np.ndarray) or self.weights.dtype != np.float64:
            return self(features)
        out = np.empty((*features.shape[:-1], len(self.bias)))
        rows = np.ascontiguousarray(features).reshape(-1, features.shape[-1])
        weights, bias = np.ascontiguousarray(self.weights), np.ascontiguousarray(self.bias)
        _kernels.read_out(rows, weights, bias, out.reshape(-1, len(bias)))
        return out


class ModelState(NamedTuple):
    inner: State
    features: Array  # (*batch, features): the liquid's last output, kept for the learner


@dataclass(frozen=True, eq=False)
class Model:
    """A liquid read out: itself a cell.

    readout: a Readout, or another map from features that has `weights` (features, outputs, ...), `bias` (outputs, ...),
    a call, and its twin `read`.
    """

    liquid: Cell
    readout: Readout

    def __post_init__(self) -> None:
        _fits(self.liquid, self.readout)

    @property
    def inputs(self) -> int:
        return self.liquid.inputs

    @property
    def outputs(self) -> int:
        return int(self.readout.bias.shape[0])

    def init(self, u: Array) -> ModelState:
        return ModelState(self.liquid.init(u), rest(u, self.liquid.outputs))

    def step(self, state: ModelState, u: Array, dt: Array | float) -> tuple[ModelState, Array]:
        inner, features = self.liquid.step(state.inner, u, dt)
        return ModelState(inner, features), self.readout(features)

    def tick(self, state: ModelState, u: Array, dt: float) -> tuple[ModelState, Array]:
        inner, features, y = read(self.liquid, self.readout, state.inner, u, dt)
        return ModelState(inner, features), y

    def witness(self, state: ModelState, u: Array, dt: Array | float) -> tuple[ModelState, Array, Array]:
        """As `tick`, with the liquid's spikes, as its `record` gives them."""
        inner, features, spikes = watched(self.liquid, state.inner, u, dt)
        return ModelState(inner, features), self.readout.read(features), spikes

    def features(self, state: ModelState, u: Array, dt: Array, y: Array | None = None) -> tuple[ModelState, Array]:
        """What the readout sees at every tick: (time, *batch, features); the targets y play no part."""
        inner, features = sweep(self.liquid, state.inner, u, dt)
        return ModelState(inner, features[-1] if len(features) else state.features), features

    def run(self, state: ModelState, u: Array, dt: Array, out: Array | None = None) -> tuple[ModelState, Array]:
        state, features = self.features(state, u, dt)
        return state, into(out, self.readout.read(features))

    def generate(self, state: ModelState, first: Array, dt: Array) -> tuple[ModelState, Array] | None:
        """Closed loop, each output the next input, by one compiled call; None where the liquid does not offer it."""
        quick = _compiled(self.liquid, self.readout, first)
        if quick is None or not len(dt):
            return None
        nothing = np.empty((len(dt), *first.shape[:-1], 0), first.dtype)
        inner, features, y = quick(state.inner, nothing, dt, first, self.readout.weights, self.readout.bias)
        return ModelState(inner, features), y


class LoopState(NamedTuple):
    inner: State
    features: Array  # (*batch, features)
    last: Array  # (*batch, outputs): the output that the next tick hears


@dataclass(frozen=True, eq=False)
class Looped:
    """A model that hears its own last output: the last `outputs` inputs of its liquid.

    Closed loop by itself. `force` puts another value (the target: teacher forcing) where the last output was.
    """

    liquid: Cell
    readout: Readout

    def __post_init__(self) -> None:
        _fits(self.liquid, self.readout)
        if self.outputs > self.liquid.inputs:
            raise ValueError(f"{self.outputs} outputs are fed back, but the liquid takes {self.liquid.inputs} inputs")

    @property
    def inputs(self) -> int:
        return self.liquid.inputs - self.outputs

    @property
    def outputs(self) -> int:
        return int(self.readout.bias.shape[0])

    def init(self, u: Array) -> LoopState:
        last = rest(u, self.outputs)
        return LoopState(self.liquid.init(join([u, last])), rest(u, self.liquid.outputs), last)

    def step(self, state: LoopState, u: Array, dt: Array | float) -> tuple[LoopState, Array]:
        inner, features = self.liquid.step(state.inner, join([u, state.last]), dt)
        y = self.readout(features)
        return LoopState(inner, features, asarray(y, state.last)), y

    def tick(self, state: LoopState, u: Array, dt: float) -> tuple[LoopState, Array]:
        inner, features, y = read(self.liquid, self.readout, state.inner, join([u, state.last]), dt)
        return LoopState(inner, features, np.array(y, state.last.dtype)), y  # what the caller does to y is not heard

    def witness(self, state: LoopState, u: Array, dt: Array | float) -> tuple[LoopState, Array, Array]:
        """As `tick`, with the liquid's spikes, as its `record` gives them."""
        inner, features, spikes = watched(self.liquid, state.inner, join([u, state.last]), dt)
        y = self.readout.read(features)
        return LoopState(inner, features, np.array(y, state.last.dtype)), y, spikes

    def run(self, state: LoopState, u: Array, dt: Array, out: Array | None = None) -> tuple[LoopState, Array]:
        """By one compiled call where the liquid offers it."""
        quick = _compiled(self.liquid, self.readout, u)
        if quick is None or not len(u):
            return fold(self, state, u, dt, out, self.tick)
        inner, features, y = quick(state.inner, u, dt, state.last, self.readout.weights, self.readout.bias)
        return LoopState(inner, features, asarray(y[-1], state.last)), into(out, y)

    def features(self, state: LoopState, u: Array, dt: Array, y: Array) -> tuple[LoopState, Array]:
        """What the readout sees when the targets y (time, *batch, outputs) are fed back in place of the outputs.

        The first tick hears what the state holds; a missing target (NaN) is not observed and adds nothing.
        """
        heard = namespace(u).concatenate([state.last[None], asarray(y, u)], axis=0)
        inner, features = sweep(self.liquid, state.inner, join([u, heard[:-1]]), dt)
        return LoopState(inner, features[-1] if len(features) else state.features, heard[-1]), features

    def force(self, state: LoopState, y: Array) -> LoopState:
        """The state whose next tick hears `y` instead of the model's own output; NaN entries are left as they are."""
        y = asarray(y, state.last)
        return state._replace(last=namespace(y).where(namespace(y).isnan(y), state.last, y))


def readout_of(model: Any) -> Any:
    """What a learner of readouts teaches. Raises TypeError for a cell that is not read out yet."""
    if not hasattr(model, "readout"):
        raise TypeError(
            f"a {type(model).__name__} has no readout to learn: unread(cell, outputs) puts one behind it that answers "
            "zero; Gradient learns a cell's own parameters"
        )
    return model.readout


def a_learner(value: Any) -> Any:
    """The value, if it is a learner. Raises TypeError for another, such as the class of one."""
    missing = [name for name in ("init", "watch", "credit", "model") if not hasattr(value, name)]
    if isinstance(value, type) or missing:
        what = f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
        raise TypeError(f"the learner is {what}, wanted one with its settings, such as RLS()")
    return value


def unread(liquid: Cell, outputs: int = 1, *, with_input: bool = False) -> Model:
    """A model whose readout still answers zero; with_input: the readout sees [x, u] instead of x alone.

    Raises TypeError for a liquid that is no cell.
    """
    seen: Cell = WithInput(a_cell(liquid)) if with_input else a_cell(liquid)
    return Model(seen, blank(seen, outputs))


def looped(liquid: Cell, outputs: int = 1, *, with_input: bool = False) -> Looped:
    """As `unread`, with the outputs fed back to the liquid's last inputs."""
    seen: Cell = WithInput(a_cell(liquid)) if with_input else a_cell(liquid)
    return Looped(seen, blank(seen, outputs))


def blank(liquid: Cell, outputs: int) -> Readout:
    """Zeros, in float64 whatever the liquid's numbers."""
    return Readout(np.zeros((liquid.outputs, outputs)), np.zeros(outputs))


def read(liquid: Cell, readout: Readout, state: State, u: Array, dt: float) -> tuple[State, Array, Array]:
    """Drive and read out: state, features and output, by one compiled call where the liquid offers it."""
    together = getattr(liquid, "read", None)
    linear = type(readout) is Readout and readout.weights.dtype is FLOAT64
    if together is not None and linear and u.ndim == 1:
        return together(state, u, dt, readout.weights, readout.bias)  # type: ignore[no-any-return]
    state, features = tick(liquid, state, u, dt)
    return state, features, readout.read(features)


def watched(liquid: Any, state: State, u: Array, dt: Array | float) -> tuple[State, Array, Array]:
    """One tick of a liquid that spikes: state, features and the tick's spikes, as its `record` gives them."""
    state, features, spikes = liquid.record(state, u[None], np.asarray(dt, np.float64)[None])
    return state, features[0], spikes


def _compiled(liquid: Cell, readout: Readout, u: Array) -> Any:
    """The liquid's compiled closed loop, if it has one for these arrays."""
    fits = type(readout) is Readout and isinstance(u, np.ndarray) and readout.weights.dtype == np.float64
    return getattr(liquid, "loop", None) if fits else None


def _fits(liquid: Cell, readout: Readout) -> None:
    if not (hasattr(readout, "weights") and hasattr(readout, "bias")):
        raise TypeError(
            f"the readout is a {type(readout).__name__}, wanted a Readout; unread(liquid, outputs) has one that "
            "answers zero, for a learner to teach"
        )
    wanted = (a_cell(liquid).outputs, *readout.bias.shape)
    if tuple(readout.weights.shape) != wanted:
        raise ValueError(
            f"the readout's weights are {tuple(readout.weights.shape)}, wanted {wanted}: "
            "features of the liquid by outputs"
        )
