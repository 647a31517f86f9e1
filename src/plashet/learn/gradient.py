"""Truncated backpropagation through time, online: liquid and readout learn from the last ticks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from .. import tree
from ..pull import keep, pull, refuse_within
from ..types import Array, Evidence, State
from .adam import Adam
from .common import refuse_infinite
from .losses import CrossEntropy, Loss, Squared, judged
from .steps import stepper
from .theta import Packing, packing


class WindowKnowledge(NamedTuple):
    """What Gradient knows. Tick n since the first, from 0, lies at place n % window of the rings."""

    model: Any  # as learnt so far
    packed: Packing  # where its parameters lie in theta
    theta: Array  # (size,) its raw parameters
    optimiser: Any  # what the optimiser knows
    before: State | None  # arrays (window, *batch, ...): the state before each tick; None before the first tick
    u: Array | None  # (window, *batch, inputs)
    dt: Array | None  # (window, *batch)
    y: Array | None  # (window, *batch, outputs) labels that have not taught yet; NaN for all others
    ticks: int  # so far
    fresh: int  # labelled ticks since the last step
    last: int  # the latest of them
    late: int  # labels that came when their tick had left the window, and taught nothing
    skipped: int  # steps not taken, as their slopes were not finite


class WindowTrace(NamedTuple):
    """What Gradient will need of a tick when its labels come."""

    tick: int  # its number, from 0


@dataclass(frozen=True)
class Gradient:
    """Every `stride` labelled ticks one step of the optimiser, down the loss of the labels that have come since:

        theta <- optimiser(theta, d/dtheta mean_t sum loss(guess_t, y_t))

    The guesses are made anew, from the state before the window, which stays as it was: so the slopes go back through
    the last `window` ticks and no further. theta is all that trainable.parameters names in the model; what must stay
    positive is learnt as softplus of a free number. A late label teaches by its own tick as long as that lies within
    the window (else it is counted in `knowledge.late`); each label teaches once.

    optimizer: our Adam, or a function from a list of tensors to a torch optimiser, such as
    `lambda p: torch.optim.Adam(p, 1e-3)`; only ours can be saved.   loss: of plashet.learn, cross-entropy too.
    A step takes about three times `window` ticks. Raises TypeError for a model with a cell that has no slopes,
    ValueError for one in which nothing is to be learnt and for infinite targets.

    Source: Williams and Peng 1990, An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network
    Trajectories (BPTT(window; stride)).
    """

    window: int = 32
    stride: int = 1
    optimizer: Any = Adam(1e-3, clip=1.0)  # noqa: RUF009 - frozen
    loss: Loss | CrossEntropy = Squared()  # noqa: RUF009 - frozen
    moves_liquid: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name, value in (("window", self.window), ("stride", self.stride)):
            if int(value) != value or value < 1:
                raise ValueError(f"{name} is {value!r}, wanted a number of ticks, at least 1")
        if self.stride > self.window:
            raise ValueError(f"stride is {self.stride}, beyond the window of {self.window}: labels would be lost")

    def init(self, model: Any) -> WindowKnowledge:
        refuse_within(model)
        packed = packing(model)
        if not packed.size:
            raise ValueError("nothing in the model is to be learnt; `trainable` names fields of a cell that are")
        theta = packed.of(model)
        optimiser = stepper(self.optimizer, packed).init(theta)
        return WindowKnowledge(model, packed, theta, optimiser, None, None, None, None, 0, 0, -1, 0, 0)

    def watch(self, knowledge: WindowKnowledge, seen: Evidence) -> tuple[WindowKnowledge, WindowTrace]:
        k, tick = knowledge, knowledge.ticks
        if k.before is None:
            k = self._begun(k, seen)
        place = tick % self.window
        for ring, now in zip(tree.arrays(k.before).values(), tree.arrays(seen.before).values(), strict=True):
            ring[place] = now
        k.u[place], k.dt[place], k.y[place] = seen.tick.u, seen.tick.dt, np.nan  # type: ignore[index]
        return k._replace(ticks=tick + 1), WindowTrace(tick)

    def credit(self, knowledge: WindowKnowledge, trace: WindowTrace, y: Array) -> tuple[WindowKnowledge, WindowTrace]:
        k = knowledge
        y = np.asarray(y, np.float64)
        refuse_infinite(y)
        known = ~np.isnan(y)
        if k.y is None or y.shape != k.y.shape[1:]:
            raise ValueError(f"y is {y.shape}, wanted {None if k.y is None else k.y.shape[1:]}: (*batch, outputs)")
        if not known.any():
            return k, trace
        if trace.tick < k.ticks - self.window:
            return k._replace(late=k.late + int(known.sum())), trace
        place = trace.tick % self.window
        first = bool(np.isnan(k.y[place]).all())  # of the tick's labels, since the last step
        k.y[place] = np.where(known, y, k.y[place])
        k = k._replace(fresh=k.fresh + first, last=max(k.last, trace.tick))
        return (self._learn(k) if k.fresh >= self.stride else k), trace

    def model(self, knowledge: WindowKnowledge) -> Any:
        return knowledge.model

    def _begun(self, k: WindowKnowledge, seen: Evidence) -> WindowKnowledge:
        """Rings for states, inputs and targets like those of the first tick."""
        u, n = np.asarray(seen.tick.u), self.window
        before = tree.map_arrays(lambda _, a: np.zeros((n, *a.shape), a.dtype), seen.before)
        y = np.full((n, *np.shape(seen.guess)), np.nan)
        return k._replace(before=before, u=np.zeros((n, *u.shape), u.dtype), dt=np.zeros((n, *u.shape[:-1])), y=y)

    def _learn(self, k: WindowKnowledge) -> WindowKnowledge:
        """One step by the labels that have not taught yet."""
        order = np.arange(max(k.ticks - self.window, 0), k.last + 1) % self.window
        u, dt, y = k.u[order], k.dt[order], k.y[order]  # type: ignore[index]
        k.y[...] = np.nan  # type: ignore[index]
        k = k._replace(fresh=0, last=-1)
        state = tree.map_arrays(lambda _, a: a[order[0]], k.before)
        with np.errstate(over="ignore", invalid="ignore"):
            slope = slopes(k.packed, k.model, k.theta, (state, u, dt.astype(u.dtype), y), self.loss)
        if not np.isfinite(slope).all():
            return k._replace(skipped=k.skipped + 1)
        optimiser, theta = stepper(self.optimizer, k.packed).step(k.optimiser, k.theta, slope)
        return k._replace(model=k.packed.put(k.model, theta), theta=theta, optimiser=optimiser)


def slopes(
    packed: Packing, model: Any, theta: Array, series: tuple[State, Array, Array, Array], loss: Loss | CrossEntropy
) -> Array:
    """(size,) of the mean loss of the labelled rows and ticks of a series (state, u, dt, y), by the raw parameters."""
    state, u, dt, y = series
    _, kept = keep(model, state, u, dt)
    _, _, slope = judged(loss, kept.outputs, y)
    labelled = int((~np.isnan(y)).any(axis=-1).sum())
    pulled = pull(model, state, u, dt, kept, slope / max(labelled, 1))
    return packed.chain(theta, packed.flat(pulled.parameters))
