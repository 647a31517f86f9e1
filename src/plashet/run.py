"""The loops over time: run, fit, generate, evaluate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from .cells import sweep
from .model import a_learner
from .ops import asarray, namespace
from .streams import Block, check_finite, numbers, series_of, steps
from .types import Array, Cell, Evidence, State, Tick
from .within import a_cell

BLOCK = 1024  # ticks driven at once while fitting, so that memory does not grow with the stream


def run(
    cell: Cell, u: Array, dt: Array | float = 1.0, state: State | None = None, out: Array | None = None
) -> tuple[Array, State]:
    """Drive a cell with a whole series: outputs (time, *batch, outputs) and the last state.

    u: (time, *batch, inputs), integers become float64; dt [s]: a number, (time,) or (time, *batch).
    state: where to begin, else at rest. out: where to write the outputs, if the caller has room for them.
    Raises ValueError for inputs of the wrong width and for infinite values, naming row and column.
    """
    u = _inputs(a_cell(cell), u)
    dts = steps(dt, u)
    state = _rest(cell, u) if state is None else state
    state, outputs = sweep(cell, state, u, dts, out)
    return outputs, state


def fit(model: Any, learner: Any, data: Any, washout: int = 0) -> Any:
    """Fold a learner over a stream; the model as taught.

    data: an iterable of Tick, arrays (u, y) or (u, y, dt), or a list of such series, each begun at rest.
    washout: ticks at the start of each series that drive the liquid but teach nothing.
    A model that hears its own output is teacher-forced: it hears the target of the tick before; under FORCE it hears
    itself.
    """
    knowledge = study(model, learner, data, washout)
    return learner.model(knowledge)


def study(model: Any, learner: Any, data: Any, washout: int = 0) -> Any:
    """As `fit`, but the learner's knowledge: for its report, for a Live to go on from, or to merge with others."""
    knowledge = a_learner(learner).init(a_cell(model))
    by_block = hasattr(learner, "absorb")
    for series in series_of(data, BLOCK):
        state, seen = None, 0
        for block in series:
            block = _checked(model, block, seen)
            state = _rest(model, block.u) if state is None else state
            fold = _absorb if by_block else _tick_by_tick
            state, knowledge = fold(model, learner, state, knowledge, block, _after(washout - seen, block.y))
            seen += len(block.u)
    return knowledge


def generate(model: Any, state: State, first: Array, n: int, dt: float = 1.0) -> tuple[Array, State]:
    """Closed loop: the model's output is its next input. Outputs (n, *batch, outputs) and the last state.

    first: (*batch, inputs), the input of the first step. Raises ValueError if the model does not give what it takes,
    FloatingPointError naming the step at which the loop left the finite numbers.
    """
    if n < 1:
        raise ValueError(f"n is how many steps to take, at least 1; got {n}")
    if model.inputs != model.outputs:
        raise ValueError(
            f"the model takes {model.inputs} inputs and gives {model.outputs}: it cannot be its own input. "
            "A Looped model hears itself already: run(model, u, state=state)"
        )
    u = numbers(first)
    dts = steps(dt, u[None].repeat(n, 0) if isinstance(u, np.ndarray) else u.expand(n, *u.shape))
    quick = getattr(model, "generate", None)
    state, outputs = (quick and quick(state, u, dts)) or _by_hand(model, state, u, dts)
    finite = namespace(outputs).isfinite(outputs).reshape(n, -1).all(1)
    if not finite.all():
        k = int(np.argmin(np.asarray(finite)))
        raise FloatingPointError(f"the closed loop left the finite numbers at step {k + 1} of {n}")
    return outputs, state


def _by_hand(model: Any, state: State, u: Array, dts: Array) -> tuple[State, Array]:
    """The closed loop by `step`."""
    outputs = []
    for dt in dts:
        state, y = model.step(state, u, dt)
        u = asarray(y, u)
        outputs.append(y)
    return state, namespace(u).stack(outputs)


class Evaluation(NamedTuple):
    """What was answered before it was learnt, beside what came true."""

    guesses: Array  # (time, *batch, outputs)
    targets: Array  # the same shape; NaN where no target came

    def mae(self) -> Array:
        """Mean absolute error per output over the ticks that had a target."""
        return np.nanmean(np.abs(self.guesses - self.targets), axis=tuple(range(self.guesses.ndim - 1)))


def evaluate(live: Any, stream: Iterable[Tick]) -> Evaluation:
    """Test, then train (prequential): predict every tick, learn where there is a target."""
    guesses, targets = [], []
    for tick in stream:
        guess = live.predict(tick.u, tick.dt)
        guesses.append(guess)
        if tick.y is not None:
            live.learn(tick.y)
        y = np.nan if tick.y is None else np.reshape(tick.y, np.shape(guess))  # a plain number where one will do
        targets.append(np.full(np.shape(guess), y, dtype=np.float64))
    return Evaluation(np.stack(guesses), np.stack(targets))


def _inputs(cell: Cell, u: Any, first: int = 0) -> Array:
    u = numbers(u)
    if u.ndim < 2 or u.shape[-1] != cell.inputs:
        raise ValueError(
            f"u is {tuple(u.shape)}, but the cell takes {cell.inputs} inputs: u is (time, *batch, inputs)"
            + (", so a single column is u[:, None]" if u.ndim == 1 else "")
        )
    check_finite("u", u, first)
    return u


def _rest(cell: Cell, u: Array) -> State:
    return cell.init(u[0] if len(u) else namespace(u).zeros(u.shape[1:], dtype=u.dtype))


def _checked(model: Any, block: Block, first: int) -> Block:
    """The block with targets of the right shape; `first` is the number of its first tick."""
    u = _inputs(model, block.u, first)
    wanted = (*u.shape[:-1], model.outputs)
    y = np.full(wanted, np.nan) if block.y is None else np.asarray(block.y, dtype=np.float64)
    if y.shape != wanted:
        raise ValueError(f"y is {y.shape}, wanted {wanted}: (time, *batch, outputs), like u with the model's outputs")
    check_finite("y", y, first)
    return Block(u, y, steps(block.dt, u, first))


def _after(washout: int, y: Array) -> Array:
    """The targets to learn from: within the washout a looped model is still forced by y, but nothing is taught."""
    if washout > 0:
        y = y.copy()
        y[:washout] = np.nan
    return y


def _absorb(model: Any, learner: Any, state: State, knowledge: Any, block: Block, targets: Array) -> tuple[State, Any]:
    """The compiled way: features of all ticks, then one call of the learner. Rows of a batch in turn, in no time."""
    state, features = model.features(state, block.u, block.dt, block.y)
    dt = block.dt
    if features.ndim > 2:
        rows = int(np.prod(features.shape[1:-1]))
        spread = np.zeros((len(features), rows))
        spread[:, 0] = dt if dt.ndim == 1 else dt.reshape(len(dt), -1).mean(axis=1)
        features, dt = features.reshape(-1, features.shape[-1]), spread.ravel()
    return state, learner.absorb(knowledge, features, targets.reshape(len(features), -1), dt)


def _tick_by_tick(
    model: Any, learner: Any, state: State, knowledge: Any, block: Block, targets: Array
) -> tuple[State, Any]:
    """The general way: the learner sees every tick's evidence."""
    closed = getattr(learner, "closed_loop", False)  # the model is to hear itself, as taught so far, not its teacher
    inside = getattr(learner, "wants_events", False)  # the learner moves the liquid, by its spikes, at every tick
    moves = closed or getattr(learner, "moves_liquid", False)  # what it has been taught is to drive what follows
    model = learner.model(knowledge) if moves or inside else model
    forces, teacher = None if closed else getattr(model, "force", None), np.asarray(block.y)
    for u, heard, y, dt in zip(block.u, teacher, targets, block.dt, strict=True):
        before = state
        state, guess, events = model.witness(before, u, dt) if inside else (*model.step(before, u, dt), None)
        knowledge, trace = learner.watch(knowledge, Evidence(before, state, Tick(u, None, dt), guess, events))
        taught = not np.isnan(y).all()
        if taught:
            knowledge, _ = learner.credit(knowledge, trace, y)
        if inside or (moves and taught):
            model = learner.model(knowledge)
        state = forces(state, heard) if forces else state
    return state, knowledge
