"""The one mutable object: a model meeting the world a tick at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from math import inf, isfinite
from typing import Any, NamedTuple

import numpy as np

from . import structure, tree
from .model import a_learner
from .save import FileError
from .save import load as read_file
from .save import save as write_file
from .streams import check_finite, numbers
from .types import Array, Evidence, State, Tick
from .within import a_cell

Id = str | int


class Open(NamedTuple):
    """A prediction whose labels have not all come."""

    trace: Any
    known: Array | None  # (*batch, outputs) bool: what has been learnt of it; None: nothing yet
    tick: int  # the number of its tick, from 1


class Snapshot(NamedTuple):
    """Everything that a Live is, as one value: enough to go on elsewhere, bit-equal."""

    model: Any
    learner: Any
    knowledge: Any
    state: State | None
    open: dict[Id, Open]
    ticks: int
    evicted: int
    open_limit: int
    input_shape: tuple[int, ...] | None  # once there was one
    input_dtype: str


class Live:
    """Predict now, learn when the answer comes, save whenever.

    `predict` advances the state once and answers before anything is learnt from the tick. `learn(y)` teaches the
    last prediction, `learn(y, id)` the one made under that id, however late, all outputs at once or (NaN for the
    rest) one by one; a prediction all of whose outputs have been learnt is closed. At most `open_limit` predictions
    are kept open; beyond it the oldest is dropped and counted in `evicted`.

    knowledge, state: where to begin, as `study` and `run` return them; else nothing is known and the state is at rest.
    """

    def __init__(
        self, model: Any, learner: Any, *, knowledge: Any = None, state: State | None = None, open_limit: int = 1024
    ):
        if open_limit < 1:
            raise ValueError(f"open_limit must be at least 1, got {open_limit}")
        a_cell(model)
        self.learner = a_learner(learner)
        self.open_limit = open_limit
        self.ticks = 0
        self.evicted = 0
        self.state = state
        self._inside = getattr(learner, "wants_events", False)  # it moves the liquid, by its spikes, at every tick
        self._knowledge = learner.init(model) if knowledge is None else knowledge
        self._model = model
        self._stale = knowledge is not None  # the model is asked of the learner only when it is needed
        self._open: dict[Id, Open] = {}
        self._like: tuple[tuple[int, ...], Any] | None = None  # shape and dtype of the inputs, set by the first
        self._answer: tuple[int, ...] = (model.outputs,)  # shape of the targets

    @property
    def model(self) -> Any:
        """The model as learnt so far; its readout may be a view that goes on learning. `snapshot().model` does not."""
        if self._stale:
            self._model, self._stale = self.learner.model(self._knowledge), False
        return self._model

    @property
    def knowledge(self) -> Any:
        """What the learner knows; a copy, for the learner goes on using its own."""
        return tree.copy(self._knowledge)

    @property
    def open(self) -> tuple[Id, ...]:
        """The ids of the predictions still open, oldest first; those made without an id have their tick's number."""
        return tuple(self._open)

    def predict(self, u: Array, dt: float = 1.0, id: Id | None = None) -> Array:
        """The guess (*batch, outputs) for input u (*batch, inputs), `dt` seconds after the tick before.

        NaN in u is not observed. Raises ValueError for a wrong width, an infinite input or an id already open,
        before anything has changed.
        """
        model = self.model
        u = self._door(model, u, dt)
        key = self.ticks + 1 if id is None else id
        if key in self._open:
            raise ValueError(f"prediction {key!r} is still open; learn it first, or use another id")
        before = model.init(u) if self.state is None else self.state
        if self._inside:
            after, guess, events = model.witness(before, u, dt)
            self._stale = True
        else:
            (after, guess), events = model.tick(before, u, dt), None
        seen = Evidence(before, after, Tick(u, None, dt), guess, events)
        self._knowledge, trace = self.learner.watch(self._knowledge, seen)
        self.state = after
        self.ticks += 1
        if self._like is None:
            self._set_like(u.shape, u.dtype)
        self._open[key] = Open(trace, None, self.ticks)
        if len(self._open) > self.open_limit:
            del self._open[next(iter(self._open))]
            self.evicted += 1
        return guess

    def learn(self, y: Array, id: Id | None = None) -> None:
        """Teach the target y (*batch, outputs), NaN for outputs not known yet, of the last prediction or of `id`'s.

        Raises KeyError if that prediction is not open (never made, fully learnt, or dropped), ValueError for a
        wrong shape, an infinite target or an output learnt twice; what was learnt before stays as it was.
        """
        key = id if id is not None else next(reversed(self._open), None)
        held = self._open.get(key) if key is not None else None
        if key is None or held is None or (id is None and held.tick != self.ticks):
            asked = "" if id is None else f" {id!r}"
            raise KeyError(f"no open prediction{asked}: call predict first; one fully learnt or dropped is closed")
        y, whole = self._target(y)
        known = None if whole and held.known is None else _learnt(key, held, ~np.isnan(y))
        self._knowledge, trace = self.learner.credit(self._knowledge, held.trace, y)
        self._stale = self._stale or whole or not np.isnan(y).all()  # nothing given, nothing learnt
        if known is None or known.all():
            del self._open[key]
        else:
            self._open[key] = Open(trace, known, held.tick)

    def force(self, y: Array) -> None:
        """Teacher forcing of a Looped model: its next tick hears y instead of its own last output."""
        if self.state is None or not hasattr(self.model, "force"):
            raise RuntimeError("nothing to force: the model does not hear its own output, or has made none yet")
        self.state = self.model.force(self.state, self._target(y)[0])

    def add_units(self, count: int, *, seed: int) -> None:
        """Let the liquid grow while it runs: new units hear the others, are heard by none, and have no say yet.

        The guesses go on as they were; learning finds use for the new units. Raises TypeError if the liquid cannot
        grow or the learner cannot learn of new features, RuntimeError before the first tick.
        """
        self._change(lambda liquid, inner: structure.grow(liquid, inner, count, seed))

    def remove_units(self, units: Array) -> None:
        """Take units out while it runs, by index. Those that heard them go on hearing their present value.

        The next guess is the same where the removed units had no say (readout weight zero); raises as `add_units`.
        """
        gone = np.atleast_1d(units)
        self._change(lambda liquid, inner: structure.prune(liquid, inner, _others(liquid, gone)))

    def snapshot(self) -> Snapshot:
        """All of it as one value that shares nothing with this Live."""
        shape, dtype = self._like or (None, "float64")
        now = (self.model, self.learner, self._knowledge, self.state, self._open)
        return Snapshot(*tree.copy(now), self.ticks, self.evicted, self.open_limit, shape, str(dtype))

    def save(self, path: str | os.PathLike[str]) -> None:
        """To one file, atomically; `Live.load` goes on bit-equal."""
        write_file(path, self.snapshot())

    @classmethod
    def restore(cls, held: Snapshot) -> Live:
        """A Live that goes on where the snapshot was taken."""
        held = tree.copy(held)
        live = cls(held.model, held.learner, knowledge=held.knowledge, state=held.state, open_limit=held.open_limit)
        live._model, live._stale = held.model, False
        live._open, live.ticks, live.evicted = held.open, held.ticks, held.evicted
        if held.input_shape is not None:
            live._set_like(held.input_shape, np.dtype(held.input_dtype))
        return live

    @classmethod
    def load(cls, path: str | os.PathLike[str], types: Iterable[type] = ()) -> Live:
        """From a file that `save` wrote; `types`: your own cells or learners in it."""
        held = read_file(path, (Snapshot, Open, *types))
        if not isinstance(held, Snapshot):
            raise FileError(f"{path} holds a {type(held).__name__}, not a Live; read it with plashet.load")
        return cls.restore(held)

    def _change(self, change: Any) -> None:
        """Another liquid under the same learner: state, readout, knowledge and open predictions follow."""
        if self.state is None:
            raise RuntimeError("the units of a Live change while it runs: predict at least once before")
        if not hasattr(self.learner, "grow"):
            raise TypeError(f"{type(self.learner).__name__} cannot go on with other features; RLS can")
        model = self.model
        liquid, inner, kept = change(model.liquid, self.state.inner)
        after = replace(model, liquid=liquid, readout=structure.refit(model.readout, kept))
        new = np.flatnonzero(kept < 0)
        if len(new):
            self._knowledge = self.learner.grow(self._knowledge, after, int(new[0]), len(new))
        else:
            self._knowledge = self.learner.prune(self._knowledge, after, kept)
        self.state = self.state._replace(inner=inner, features=structure.refeature(self.state.features, kept))
        self._open = {
            key: held._replace(trace=held.trace._replace(features=structure.refeature(held.trace.features, kept)))
            for key, held in self._open.items()
        }
        self._model, self._stale = after, True

    def _door(self, model: Any, u: Any, dt: Any) -> Array:
        """The input as an array like those before it; every complaint comes before anything has changed."""
        shape, dtype = self._like or (None, None)
        if type(u) is not np.ndarray or u.dtype is not dtype or u.shape != shape:
            u = self._alike(model, u)
        if not isfinite(_square(u)):  # NaN or infinity somewhere (or a square too large): look closer
            check_finite("u", u[None])
        if not (0 <= dt < inf if type(dt) is float else ((np.asarray(dt) >= 0) & np.isfinite(dt)).all()):
            raise ValueError(f"dt is {dt}; time passes in finite steps of 0 s or more")
        if type(dt) is not float and np.shape(dt) not in ((), u.shape[:-1]):
            raise ValueError(f"dt is {np.shape(dt)}, wanted a number, or one for each row of a batch: {u.shape[:-1]}")
        return u

    def _alike(self, model: Any, u: Any) -> Array:
        """The input in the shape and dtype of the first."""
        u = numbers(u)
        if self._like is None and (u.ndim < 1 or u.shape[-1] != model.inputs):
            raise ValueError(f"u is {u.shape}, but the model takes {model.inputs} inputs: u is (*batch, inputs)")
        shape, dtype = self._like or (u.shape, u.dtype)
        if u.shape != shape:
            raise ValueError(f"u is {u.shape}, but the ticks before were {shape}: (*batch, inputs)")
        return u if u.dtype is dtype else np.ascontiguousarray(u, dtype)

    def _set_like(self, shape: tuple[int, ...], dtype: Any) -> None:
        self._like = shape, dtype
        self._answer = (*shape[:-1], self._answer[-1])

    def _target(self, y: Any) -> tuple[Array, bool]:
        """The target as float64 (*batch, outputs), and whether all of it is known."""
        y = np.asarray(y, np.float64)
        if y.shape != self._answer:
            if (*y.shape, 1) != self._answer:
                raise ValueError(f"y is {y.shape}, wanted {self._answer}: (*batch, outputs)")
            y = y[..., None]  # one output: a plain number will do
        whole = isfinite(_square(y))
        if not whole:
            check_finite("y", y[None])
        return y, whole


def _square(values: Array) -> float:
    """The sum of squares (a single value itself), quickly: not finite if one of the values is not."""
    if values.size == 1:
        return values.item()  # type: ignore[no-any-return]
    flat = values.ravel()
    with np.errstate(over="ignore"):  # a square too large says no more than: look closer
        return flat.dot(flat)  # type: ignore[no-any-return]


def _others(liquid: Any, gone: Array) -> Array:
    """The indices of the units that stay."""
    units = next((c.outputs for c in getattr(liquid, "cells", ()) if hasattr(c, "prune")), liquid.outputs)
    if (
        gone.size == 0
        or gone.dtype.kind not in "iu"
        or gone.min() < 0
        or gone.max() >= units
        or len(np.unique(gone)) >= units
    ):
        raise IndexError(f"units to remove are indices, some, not all, of 0..{units - 1}; got {gone.tolist()}")
    return np.setdiff1d(np.arange(units), gone)


def _learnt(key: Id, held: Open, given: Array) -> Array:
    """What is known of a prediction with the outputs now given; an output cannot be learnt twice."""
    if held.known is None:
        return given
    if (held.known & given).any():
        twice = np.argwhere(held.known & given)[0]
        raise ValueError(f"output {int(twice[-1])} of prediction {key!r} has been learnt already; give NaN for it")
    return held.known | given
