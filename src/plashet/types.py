"""The vocabulary: two protocols and two records. Nothing here computes."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeVar

Array = Any  # numpy.ndarray or torch.Tensor; ops.py is the one file that tells them apart
State = Any  # a NamedTuple of arrays, or a tuple of states
K = TypeVar("K")  # knowledge: what a learner has learnt so far, a NamedTuple
T = TypeVar("T")  # trace: what a learner will need of one tick when its label comes


class Cell(Protocol):
    """Anything that moves through time: an encoder, a liquid, a chain, a model.

    A cell may offer two compiled twins of `step`, which contract tests hold to it:
    `run(state, u, dt, out=None) -> (state, outputs)`, the fold over time, and
    `tick(state, u, dt) -> (state, output)`, one step with as little overhead as possible.
    """

    @property
    def inputs(self) -> int: ...

    @property
    def outputs(self) -> int: ...

    def init(self, u: Array) -> State:
        """The state at rest, for inputs shaped like `u`: (*batch, inputs)."""

    def step(self, state: State, u: Array, dt: Array | float) -> tuple[State, Array]:
        """State and output `dt` seconds later, `u` held over that time.

        u: (*batch, inputs)   dt: () or (*batch,)   output: (*batch, outputs)
        """


class Tick(NamedTuple):
    """One moment of a stream."""

    u: Array  # (*batch, inputs)
    y: Array | None = None  # (*batch, outputs); None: no target is known at this moment
    dt: Array | float = 1.0  # [s] since the tick before


class Evidence(NamedTuple):
    """What a learner may look at after a tick."""

    before: State  # the model's state before the tick
    after: State  # and after it
    tick: Tick
    guess: Array  # (*batch, outputs), made before anything is learnt from the tick
    events: Array | None = None  # (spikes, 2) int64 of (grid step, unit), if the learner `wants_events`


class Learner(Protocol[K, T]):
    """A way of improving a model from evidence.

    A learner *consumes* the knowledge that it is given: it may reuse the buffers. Cell states are never
    consumed. NaN in `y` means "not known yet, or never".

    Optional: `absorb(knowledge, features, targets, dt) -> knowledge`, watch and credit over a block of ticks, compiled;
    `grow(knowledge, model, at, count)` and `prune(knowledge, model, keep)`, for features that come and go;
    `closed_loop = True`, for a learner under which a model hears its own output while it is taught;
    `moves_liquid = True`, for one that learns more than the readout, so that what was taught drives what follows; and
    `wants_events = True`, for one that learns within the liquid: its evidence holds the tick's spikes, it may have
    moved the model at every `watch`, and so the next tick is driven by `model(knowledge)`.
    """

    def init(self, model: Any) -> K:
        """What is known before the first tick."""

    def watch(self, knowledge: K, seen: Evidence) -> tuple[K, T]:
        """Every tick, labelled or not: time passes, and what credit will need of it is kept."""

    def credit(self, knowledge: K, trace: T, y: Array) -> tuple[K, T]:
        """When labels come, soon or late, all at once or one by one."""

    def model(self, knowledge: K) -> Any:
        """The model as learnt so far; its arrays may be views of the knowledge."""
