"""The compiled twin of the gated liquids: a tick of units in levels, and the calls of its kernel over time and rows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from .. import _kernels
from ..threads import threads_for
from ..trainable import Pulled
from ..types import Array
from ..wiring import Connectome
from .door import along, check_run, check_slopes
from .plans import Keeps


class Level(NamedTuple):
    """Nodes that are computed at once: what each hears, and where its value goes. See src/cpp/gated.hpp."""

    kind: str  # of _kernels.gated_kinds
    bend: str  # of _kernels.gated_bends, for kinds that have one
    own: Array  # (nodes,) slots
    to: Array  # (nodes,) slots
    pre: Array  # (edges,) slots, sorted by post
    post: Array  # (edges,) nodes of the level
    index: Array  # (edges, heads): which of the weights, -1 for none


class Slots(NamedTuple):
    """Where things are within a tick: [1 | inputs | h | c | h after | c after | hidden]."""

    inputs: int
    units: int
    cells: int = 0
    hidden: int = 0

    @property
    def h(self) -> int:
        return 1 + self.inputs

    @property
    def h_after(self) -> int:
        return self.h + self.units + self.cells

    @property
    def first_hidden(self) -> int:
        return self.h_after + self.units + self.cells


class Form(NamedTuple):
    """What a liquid is to the kernel, but for its numbers."""

    levels: Callable[[Slots, int], list[Level]]  # by the slots, and the slot of the first unit's state before the tick
    arrays: tuple[Array, ...]  # all that the levels follow from, beside `sizes`
    sizes: tuple[Any, ...]
    hidden: int = 0
    cells: int = 0


class Same:
    """What a shape follows from, equal only to one with the very same arrays: a key that costs no look at them."""

    def __init__(self, arrays: tuple[Array, ...], sizes: tuple[Any, ...], source: Any) -> None:
        self.arrays = arrays  # held, so that no other array takes the place of one of them
        self.sizes = sizes
        self.source = source

    def __hash__(self) -> int:
        return hash((*map(id, self.arrays), *self.sizes))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Same) or self.sizes != other.sizes or len(self.arrays) != len(other.arrays):
            return False
        return all(a is b for a, b in zip(self.arrays, other.arrays, strict=True))


@lru_cache(maxsize=64)
def shape_of(key: Same, slots: Slots) -> Any:
    """The kernel's own form of levels: made once, though weights change with every step of learning."""
    shape = _kernels.GatedShape(*slots)
    for level in key.source.levels(slots, slots.h):
        kind, bend = _kernels.gated_kinds[level.kind], _kernels.gated_bends[level.bend]
        shape.add(kind, bend, *(np.ascontiguousarray(a, np.int64) for a in level[2:]))
    return shape


class Planned(Keeps["Plan"]):
    """A liquid with a form, by which it is laid out for the gated kernel."""

    @abstractmethod
    def form(self) -> Form:
        """What it is to the kernel, but for its numbers."""

    @abstractmethod
    def weights(self, dtype: Any) -> Array:
        """All weights in one row, in the order that the levels of the form know."""

    @abstractmethod
    def constants(self, dtype: Any) -> Array:
        """(nodes, 2) of the kernel's nodes."""

    @abstractmethod
    def named(self, weights: Array, constants: Array) -> dict[str, Array]:
        """Slopes of the kernel's weights and constants by path."""

    def _laid_out(self, dtype: Any) -> Plan:
        return planned(self, dtype)


class Held(Protocol):
    """A state of one array: a NamedTuple of h."""

    def __init__(self, h: Array) -> None: ...

    @property
    def h(self) -> Array: ...


S = TypeVar("S", bound=Held)


class Levelled(Planned, Generic[S]):
    """The compiled twins of `step`, for a liquid with a form whose state is h (*batch, units)."""

    def run(self, state: S, u: Array, dt: Array, out: Array | None = None) -> tuple[S, Array]:
        """The compiled fold of `step`: u (time, *batch, inputs), dt (time,) or (time, *batch), a batch in threads."""
        dt = check_run(self, ("h",), state, u, dt)
        written, h, _ = self._plan(u.dtype).run(u, dt, state.h, out=out)
        return type(state)(h), written

    def tick(self, state: S, u: Array, dt: Array | float) -> tuple[S, Array]:
        """The compiled twin of one `step`."""
        h, _ = self._plan(u.dtype).tick(u, dt, state.h)
        return type(state)(h), h

    def pull(self, state: S, u: Array, dt: Array, outputs: Array, slope: Array, slope_after: S | None = None) -> Pulled:
        """The slopes of a loss with respect to everything, from those with respect to the outputs of `run`.

        Back through time, exactly; only `outputs` are kept of the run, the heads are computed again. Shapes: Pulled.
        """
        dt = check_run(self, ("h",), state, u, dt)
        check_slopes(u, np.shape(state.h)[-1], outputs, slope, slope_after)
        after = None if slope_after is None else slope_after.h
        s = self._plan(u.dtype).pull((u, dt, state.h, None, outputs), slope, (after, None))
        return Pulled(self.named(s.weights, s.constants), s.u, s.dt, type(state)(s.h))


def planned(cell: Any, dtype: Any) -> Plan:
    """The plan of a cell that has a form, weights and constants. Raises ValueError for a dtype that is no float."""
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"u is {dtype}, wanted float32 or float64: u.astype(float)")
    form: Form = cell.form()
    slots = Slots(cell.inputs, cell.outputs, form.cells, form.hidden)
    shape = shape_of(Same(form.arrays, form.sizes, form), slots)
    return Plan(shape, cell.weights(dtype), cell.constants(dtype), slots)


def net_arrays(net: Connectome) -> tuple[Array, ...]:
    """What levels along a connectome follow from."""
    return net.sensory.pre, net.sensory.post, net.recurrent.pre, net.recurrent.post, net.layer


def heard(one: Array, parts: list[tuple[Array, Array, Array]], nodes: int) -> tuple[Array, Array, Array]:
    """pre, post and index of a level: first the slot that is 1 with the biases `one` (nodes, heads), then the edges.

    parts: (pre slots, post nodes, index (edges, heads)) each, in the order in which a node sums them.
    """
    pre = np.concatenate([np.zeros(nodes, np.int64), *(p[0] for p in parts)])
    post = np.concatenate([np.arange(nodes), *(p[1] for p in parts)])
    index = np.concatenate([one, *(p[2] for p in parts)])
    order = np.argsort(post, kind="stable")
    return pre[order], post[order], index[order]


class Plan:
    """A liquid laid out for the kernel, in one dtype; arrays in and out as the cell has them."""

    def __init__(self, shape: Any, weights: Array, constants: Array, slots: Slots) -> None:
        self.compiled = _kernels.gated_plan(shape, weights, constants)
        self.inputs, self.units, self.cells = slots[:3]
        self.sizes = len(weights), constants.shape
        self.none = np.empty(0, weights.dtype)
        self.dtype = weights.dtype

    def tick(self, u: Array, dt: Array | float, h: Array, c: Array | None = None) -> tuple[Array, Array | None]:
        """The new h and c."""
        out, c_out = np.empty(h.shape, self.dtype), self.none if c is None else np.empty(c.shape, self.dtype)
        if u.ndim == 1:
            try:
                self.compiled.tick(u, dt, h, self.none if c is None else c, out, c_out)
            except TypeError:  # an array that is not contiguous or of another dtype: rare, so it pays, not every tick
                given = (np.ascontiguousarray(a, self.dtype) for a in (h, self.none if c is None else c))
                self.compiled.tick(np.ascontiguousarray(u, self.dtype), float(dt), *given, out, c_out)
            return out, None if c is None else c_out
        return self.run(u[None], np.asarray(dt, self.dtype)[None], h, c)[1:]

    def run(
        self, u: Array, dt: Array, h: Array, c: Array | None = None, out: Array | None = None
    ) -> tuple[Array, Array, Array | None]:
        """outputs (ticks, *batch, units), and h and c after the last tick."""
        batch, ticks = u.shape[1:-1], len(u)
        written = np.empty((ticks, *batch, self.units), self.dtype) if out is None else out
        _check_out(written, (ticks, *batch, self.units), self.dtype)
        flat_u, dts, flat_h, flat_c = self._given(u, dt, h, c)
        rows = flat_u.shape[1]
        to = written.reshape(ticks, rows, self.units)
        self.compiled.run(flat_u, dts, flat_h, flat_c, to, threads_for(rows, ticks * self.work))
        after = flat_h.reshape(*batch, self.units)
        return written, after, None if c is None else flat_c.reshape(*batch, self.cells)

    def pull(self, given: tuple[Array, ...], slope: Array, after: tuple[Array | None, ...]) -> Slopes:
        """given: u, dt, h, c, outputs of the run; slope: of the outputs; after: of the last h and c."""
        u, dt, h, c, outputs = given
        batch, ticks = u.shape[1:-1], len(u)
        flat_u, dts, flat_h, flat_c = self._given(u, dt, h, c)
        rows = flat_u.shape[1]
        seen, slopes = (along(a, self.dtype).reshape(ticks, rows, self.units) for a in (outputs, slope))
        dh, dc = (
            np.zeros((rows, size), self.dtype) if a is None else np.array(a, self.dtype, order="C").reshape(rows, size)
            for a, size in zip(after, (self.units, self.cells), strict=True)
        )
        du, ddt = np.empty(flat_u.shape, self.dtype), np.empty((ticks, rows), self.dtype)

        weights, constants = (np.empty(size, self.dtype) for size in self.sizes)
        given = (flat_u, dts, flat_h, flat_c, seen, slopes, dh, dc, du, ddt, weights, constants)
        self.compiled.pull(*given, threads_for(rows, 3 * ticks * self.work))
        dh, dc = dh.reshape(*batch, self.units), dc.reshape(*batch, self.cells)
        return Slopes(weights, constants, du.reshape(u.shape), ddt.reshape(ticks, *batch), dh, dc)

    @property
    def work(self) -> int:
        """What one row costs in a tick, roughly in gates."""
        return (self.sizes[0] // 2) + 1

    def _given(self, u: Array, dt: Array, h: Array, c: Array | None) -> tuple[Array, Array, Array, Array]:
        """u (ticks, rows, inputs), dt (ticks or 1, rows or 1), and h and c (rows, ...) of our own."""
        batch = u.shape[1:-1]
        rows = prod(batch)
        dts = np.ascontiguousarray(dt, self.dtype).reshape(len(u), 1 if np.ndim(dt) == 1 else rows)
        flat = along(u, self.dtype).reshape(len(u), rows, self.inputs)
        kept = (
            np.array(np.broadcast_to(a, (*batch, size)), self.dtype, order="C").reshape(rows, size)
            for a, size in ((h, self.units), (self.none if c is None else c, self.cells))
        )
        return (flat, dts, *kept)


class Slopes(NamedTuple):
    """What Plan.pull gives."""

    weights: Array
    constants: Array
    u: Array
    dt: Array
    h: Array
    c: Array


def _check_out(out: Array, shape: tuple[int, ...], dtype: Any) -> None:
    if out.shape != shape or out.dtype != dtype or not out.flags.c_contiguous:
        raise ValueError(f"out is {out.dtype} {out.shape}, wanted contiguous {dtype} {shape}: (time, *batch, units)")
