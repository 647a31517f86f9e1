"""What RTRL and SnAp1 share: the influence moved tick by tick, slopes of the guesses, descent along them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .. import _kernels
from ..types import Array, Evidence
from .anatomy import Anatomy, anatomy
from .common import refuse_infinite
from .first_order import FirstOrder, first_order
from .influence import Layout, lay_out
from .theta import Packing, packing

WAITING, CHANGES, SKIPPED = range(3)  # what `book` counts: ticks credited since the last change, changes, overflows


class OnlineKnowledge(NamedTuple):
    """What RTRL and SnAp1 know. All arrays are moved in place."""

    untaught: Any
    theta: Array  # (size,) float64: the raw parameters as learnt so far
    influence: Array  # (rows, numbers) of the states' dtype: d(state)/d(theta) where it is not zero for ever
    sum: Array  # (size,) slopes of the ticks credited since the last change, by effective parameters
    book: Array  # (3,) int64
    descent: Any
    head: Any  # what the head knows; () without one


class OnlineTrace(NamedTuple):
    """What credit will need of a tick: the guess, and its derivative."""

    guess: Array  # (*batch, outputs)
    features: Array  # (*batch, features): the derivative by the readout's weights
    slopes: Array  # (*batch, outputs, columns): the derivative by the liquid's parameters, in the kernel's order
    motors: Array  # (*batch, outputs, 2, motors): by the weights and biases of the Motors behind the liquid
    head: Any
    counted: bool = False  # a label of it came already


@dataclass(frozen=True, eq=False)
class Workings:
    """What follows from a model alone: made once for it, kept beside its fields, neither copied nor saved."""

    anatomy: Anatomy
    packing: Packing
    order: FirstOrder
    layout: Layout
    columns: Array  # (learnt,) columns of the slopes that stand for a parameter
    theta: Array  # (learnt,) and for which
    motors: Array  # (2, motors) where in theta the weights and biases of the Motors behind the liquid are
    readout: tuple[slice, slice] | None  # where in theta the readout's weights and bias are; None: a head learns them

    def kernel(self, dtype: Any) -> Any:
        """The kernel's layout, made once for each dtype."""
        made = self._made.get(("kernel", dtype))
        if made is None:
            made = self._made["kernel", dtype] = self.layout.kernel(self.order.graph, dtype)
        return made

    def buffers(self, dtype: Any) -> tuple[Array, Array]:
        """Room for the J and B of a tick."""
        graph = self.order.graph
        stages, values = self.order.stages, graph.units + len(graph.pre)
        return np.empty((stages, values), dtype), np.empty((stages, self.layout.touched), dtype)

    def flat(self, liquid: Any, dtype: Any) -> Array:
        """All the liquid's parameters as the kernel takes them, laid in a row once for each liquid."""
        of, made = self._made.get(("flat", dtype), (None, None))
        if of is not liquid:
            made = self.order.flat(liquid).astype(dtype)
            self._made["flat", dtype] = liquid, made
        return made

    @cached_property
    def _made(self) -> dict[Any, Any]:
        return {}


class Made(dict[Any, Any]):
    """What has been made of a model, kept beside its fields: a copy of the model, or a pickle of it, makes its own."""

    def __reduce__(self) -> Any:
        return Made, ()


def _workings(learner: Any, model: Any) -> Workings:
    """Of an untaught model. Raises as `anatomy` and `first_order` do."""
    made = vars(model).setdefault("_online", Made())
    key = learner.exact, learner.head is not None
    if key not in made:
        made[key] = _worked(model, *key)
    return made[key]  # type: ignore[no-any-return]


def _worked(model: Any, exact: bool, headed: bool) -> Workings:
    where = anatomy(model)
    packed = packing(model, without="readout." if headed else None)
    liquid, motors = where.members(model)
    places = packed.named(np.arange(packed.size))
    mine = {path.removeprefix(where.path): at for path, at in places.items() if path.startswith(where.path)}
    order = first_order(liquid, mine)
    layout = lay_out(order.graph, exact=exact)
    learnt = np.flatnonzero(layout.columns >= 0)
    behind = np.empty((2, 0), np.int64)
    if motors is not None:
        behind = np.stack([places[f"{where.motors}weight"], places[f"{where.motors}bias"]])
    readout = None if headed else (_whole(places["readout.weights"]), _whole(places["readout.bias"]))
    return Workings(where, packed, order, layout, learnt, layout.columns[learnt], behind, readout)


def _whole(places: Array) -> slice:
    """An array's stretch of theta."""
    first = int(places.min()) if places.size else 0
    return slice(first, first + places.size)


def begin(learner: Any, model: Any) -> OnlineKnowledge:
    w = _workings(learner, model)
    theta = w.packing.of(model)
    head = () if learner.head is None else learner.head.init(model)
    nothing = np.zeros((0, 0))
    sums, book = np.zeros(w.packing.size), np.zeros(3, np.int64)
    return OnlineKnowledge(model, theta, nothing, sums, book, learner.descent.init(theta), head)


def watch(learner: Any, k: OnlineKnowledge, seen: Evidence) -> tuple[OnlineKnowledge, OnlineTrace]:
    """The influence moves on through the tick; what the guess owes to theta is kept of it."""
    w = _workings(learner, k.untaught)
    model = current(learner, k)
    state, heard = w.anatomy.heard(model, seen.before.inner, seen.tick.u, seen.tick.dt)
    states = state[0]
    if not k.influence.size:
        rows = states.size // states.shape[-1]
        k = k._replace(influence=np.zeros((rows, w.kernel(states.dtype).size), states.dtype))
    slopes, after = _moved(w, model, k.influence, states, heard, seen.tick.dt)
    motors = _by_motors(w, model, after) if w.motors.size else np.empty(0)
    head = ()
    if learner.head is not None:
        known, head = learner.head.watch(k.head, seen)
        k = k._replace(head=known)
    return k, OnlineTrace(np.array(seen.guess), np.asarray(seen.after.features), slopes, motors, head)


def _moved(w: Workings, model: Any, influence: Array, states: Array, heard: Array, dt: Any) -> tuple[Array, Array]:
    """The influence (rows, numbers) moved in place: slopes of the guess (*batch, outputs, columns), states after."""
    liquid, motors = w.anatomy.members(model)
    dtype, rows = states.dtype, states.reshape(-1, states.shape[-1])
    theta, by_units = w.flat(liquid, dtype), _by_units(w, model, motors, dtype)
    given = np.ascontiguousarray(heard, dtype).reshape(len(rows), -1)
    dts = [float(dt)] if np.ndim(dt) == 0 else np.ravel(dt).tolist()
    kernel, (j, b), after = w.kernel(dtype), w.buffers(dtype), np.empty(rows.shape, dtype)
    slopes = np.empty((len(rows), model.outputs, kernel.columns), dtype)
    for r in range(len(rows)):
        w.order.move(w.layout.place, theta, rows[r], given[r], dts[r % len(dts)], after[r], j, b)
        kernel.advance(j, b, influence[r], by_units, slopes[r])
    return slopes.reshape(*states.shape[:-1], *slopes.shape[1:]), after.reshape(states.shape)


def _by_units(w: Workings, model: Any, motors: Any, dtype: Any) -> Array:
    """The derivative of the guess by the liquid's units: (units, outputs)."""
    units, first, weights = w.order.graph.units, w.anatomy.first, model.readout.weights
    if motors is None:
        return np.ascontiguousarray(weights[first : first + units], dtype)
    by_units = np.zeros((units, weights.shape[1]), dtype)
    count = w.motors.shape[1]
    by_units[:count] = motors.weight[:, None] * weights[first : first + count]
    return by_units


def _by_motors(w: Workings, model: Any, after: Array) -> Array:
    """The derivative of the guess by the Motors' weights and biases: (*batch, outputs, 2, motors)."""
    count = w.motors.shape[1]
    by_bias = model.readout.weights[w.anatomy.first :][:count].T
    slopes = np.empty((*after.shape[:-1], len(by_bias), 2, count))
    slopes[..., 0, :] = by_bias * after[..., None, :count]
    slopes[..., 1, :] = by_bias
    return slopes


def credit(learner: Any, k: OnlineKnowledge, trace: OnlineTrace, y: Array) -> tuple[OnlineKnowledge, OnlineTrace]:
    """Labels: the slope of the loss joins the others, and after `every` labelled ticks theta descends."""
    guess, y = np.asarray(trace.guess, np.float64), np.asarray(y, np.float64)
    if y.shape != guess.shape:
        raise ValueError(f"y is {y.shape}, wanted {guess.shape}: (*batch, outputs), NaN where a target is not known")
    known = ~np.isnan(y)
    error = np.where(known, guess - y, 0.0)
    with np.errstate(over="ignore"):
        if not np.isfinite(np.vdot(error, error)):
            refuse_infinite(y)
    if known.any():
        push = np.where(known, learner.loss.slope(error), 0.0)
        _sum(_workings(learner, k.untaught), learner, k, trace, push.reshape(-1, push.shape[-1]))
        k.book[WAITING] += not trace.counted
        trace = trace._replace(counted=True)
        if k.book[WAITING] >= learner.every:
            k = _descend(learner, k)
    if learner.head is not None:
        known_by_head, head = learner.head.credit(k.head, trace.head, y)
        k, trace = k._replace(head=known_by_head), trace._replace(head=head)
    return k, trace


def _sum(w: Workings, learner: Any, k: OnlineKnowledge, trace: OnlineTrace, push: Array) -> None:
    """Add the slopes of the loss by all of theta: the mean over the rows, the sum over the outputs."""
    slopes = trace.slopes.reshape(len(push), push.shape[-1], -1)
    sums = np.zeros(slopes.shape[-1])
    for r in range(len(push)):
        _kernels.rtrl_push(push[r], slopes[r], sums)
    share = 1.0 / len(push)
    k.sum[w.theta] += share * sums[w.columns]
    if w.motors.size:
        behind = trace.motors.reshape(push.size, w.motors.size)
        k.sum[w.motors.ravel()] += share * (push.ravel() @ behind)
    features = trace.features.reshape(len(push), -1)
    if w.readout is not None:
        k.sum[w.readout[0]] += share * (features.T.astype(np.float64, copy=False) @ push).ravel()
        k.sum[w.readout[1]] += share * push.sum(axis=0)


def _descend(learner: Any, k: OnlineKnowledge) -> OnlineKnowledge:
    w = _workings(learner, k.untaught)
    of, *_, effective = vars(k.untaught)["_online"].get("taught", (None, None))
    slope = w.packing.chain(k.theta, k.sum / k.book[WAITING], effective if of is k.theta else None)
    k.sum[...] = 0.0
    k.book[WAITING] = 0
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.isfinite(slope @ slope):
            k.book[SKIPPED] += 1
            return k
    descent, theta = learner.descent.step(k.descent, k.theta, slope)
    k.book[CHANGES] += 1
    return k._replace(descent=descent, theta=theta)


def current(learner: Any, k: OnlineKnowledge) -> Any:
    """The model as learnt so far: made anew only where theta or the readout has changed."""
    readout = None if learner.head is None else learner.head.model(k.head).readout
    if readout is None and k.book[CHANGES] == 0:
        return k.untaught
    made = vars(k.untaught).setdefault("_online", Made())
    of, with_readout, model, effective = made.get("taught", (None, None, None, None))
    if of is k.theta and with_readout is readout:
        return model
    if of is not k.theta:
        packed = _workings(learner, k.untaught).packing
        effective = packed.effective(k.theta)
        model = packed.act(k.untaught, effective) if k.book[CHANGES] else k.untaught
    if readout is not None:
        model = replace(model, readout=readout)
    made["taught"] = k.theta, readout, model, effective
    return model


def check(learner: Any) -> None:
    """Raise for settings that cannot be."""
    if learner.every < 1:
        raise ValueError(f"every is {learner.every}, wanted at least 1 labelled tick between changes")
    if not hasattr(learner.descent, "step"):
        raise TypeError(f"descent is {learner.descent!r}, wanted the step itself, such as Adam(rate, clip)")
    missing = [name for name in ("init", "watch", "credit", "model") if not hasattr(learner.head, name)]
    if learner.head is not None and missing:
        raise TypeError(f"head is a {type(learner.head).__name__}, wanted a readout learner such as RLS(), or None")
