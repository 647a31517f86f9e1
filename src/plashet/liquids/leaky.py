"""Leaky-integrator rate units: the reservoir of the echo state network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from .. import _kernels
from ..ops import decay, join, logistic, namespace, observed, rectify, rest
from ..threads import over_rows
from ..trainable import Pulled
from ..types import Array
from ..wiring import Bands, Wiring, grown, pruned
from .door import check_run, check_slopes
from .leaky_pull import able, plan_of, pull_leaky
from .plans import Keeps

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": lambda x: namespace(x).tanh(x),
    "logistic": logistic,
    "relu": rectify,
    "identity": lambda x: x,
}


class LeakyState(NamedTuple):
    x: Array  # (*batch, units)


@dataclass(frozen=True, eq=False)
class Leaky(Keeps[Any]):
    """tau dx/dt = -x + f(W x + W_in u + b), exact over dt with f held:  x' = f + (x - f) exp(-dt/tau)

    tau [s] is one number or one per unit; activation f is one of ACTIVATIONS. With "tanh" and "logistic" the state
    stays within the activation's range for any dt; dt = 0 is the identity. A missing input (NaN) adds nothing.
    Raises ValueError for a tau that is not positive or an unknown activation.

    Jaeger, Lukosevicius, Popovici & Siewert 2007; Lukosevicius 2012, A Practical Guide to Applying Echo State Networks.
    """

    wiring: Wiring
    tau: Array | float  # [s], () or (units,)
    activation: str = "tanh"

    parameters: ClassVar[tuple[str, ...]] = ()  # a reservoir, unless `trainable` asks for some of `differentiable`

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation is one of {', '.join(ACTIVATIONS)}; got {self.activation!r}")
        tau: Any = np.asarray(self.tau, dtype=np.float64) if namespace(self.tau) is np else self.tau
        if tau.shape not in ((), (self.wiring.units,)):
            raise ValueError(f"tau is one number or one per unit ({self.wiring.units}), got shape {tuple(tau.shape)}")
        if not (tau > 0).all():
            raise ValueError(f"tau is a time constant in seconds and must be positive, got {tau.min()}")

    @classmethod
    def from_leak_rate(cls, wiring: Wiring, alpha: Array | float, dt: float = 1.0, activation: str = "tanh") -> Leaky:
        """The liquid whose leak rate 1 - exp(-dt/tau) is `alpha`, in (0, 1], when a tick lasts `dt` seconds."""
        rate = np.asarray(alpha, dtype=np.float64)
        if not ((rate > 0) & (rate <= 1)).all():
            raise ValueError(f"a leak rate is in (0, 1], got {alpha}")
        with np.errstate(divide="ignore"):
            tau = dt / np.minimum(-np.log1p(-rate), 1000.0)  # exp(-1000) is 0: alpha = 1 keeps nothing, as asked
        return cls(wiring, tau if tau.ndim else float(tau), activation)

    @property
    def differentiable(self) -> tuple[str, ...]:
        """What `trainable` may ask for: tau (where it is an array), wiring.weights, wiring.w_in, wiring.bias."""
        return able(self)

    @property
    def positive(self) -> tuple[str, ...]:
        return tuple(path for path in able(self) if path == "tau")

    @property
    def inputs(self) -> int:
        return self.wiring.inputs

    @property
    def outputs(self) -> int:
        return self.wiring.units

    def init(self, u: Array) -> LeakyState:
        return LeakyState(rest(u, self.wiring.units))

    def step(self, state: LeakyState, u: Array, dt: Array | float) -> tuple[LeakyState, Array]:
        x = state.x
        f = ACTIVATIONS[self.activation](self.wiring.drive(u, x))
        x = f + (x - f) * decay(dt, self.tau, x)
        return LeakyState(x), x

    def run(self, state: LeakyState, u: Array, dt: Array, out: Array | None = None) -> tuple[LeakyState, Array]:
        """The compiled fold of `step`: u (time, *batch, inputs), dt (time,) or (time, *batch), a batch in threads."""
        return self._moved(state, u, check_run(self, LeakyState._fields, state, u, dt), out)

    def _moved(self, state: LeakyState, u: Array, dt: Array, out: Array | None) -> tuple[LeakyState, Array]:
        rows = int(np.prod(u.shape[1:-1]))
        x = np.broadcast_to(state.x, (*u.shape[1:-1], self.outputs))
        x = np.array(x, u.dtype, order="C").reshape(rows, self.outputs)
        written = np.empty((*u.shape[:-1], self.outputs), u.dtype) if out is None else out
        _check_out(written, (*u.shape[:-1], self.outputs), u.dtype)
        faces = (
            np.ascontiguousarray(u.reshape(len(u), rows, self.inputs)),
            _per_row(dt, u, rows),
            x,
            written.reshape(len(u), rows, self.outputs),
        )
        over_rows(self._plan(u.dtype).run, faces, ticks=len(u))
        return LeakyState(x.reshape(*u.shape[1:-1], self.outputs)), written

    def tick(self, state: LeakyState, u: Array, dt: Array | float) -> tuple[LeakyState, Array]:
        """The compiled twin of one `step`."""
        after, outputs = self._moved(state, u[None], np.asarray(dt, u.dtype)[None], None)
        return after, outputs[0]

    def pull(
        self,
        state: LeakyState,
        u: Array,
        dt: Array,
        outputs: Array,
        slope: Array,
        slope_after: LeakyState | None = None,
    ) -> Pulled:
        """The slopes of a loss with respect to all that is differentiable, from those of the outputs of `run`."""
        dt = check_run(self, LeakyState._fields, state, u, dt)
        check_slopes(u, self.outputs, outputs, slope, slope_after)
        key = "pull", u.dtype
        if key not in self._plans:
            self._plans[key] = plan_of(self, u.dtype)
        after = None if slope_after is None else slope_after.x
        pulled, dx = pull_leaky(self, self._plans[key], (state.x, u, dt, outputs), slope, after)
        return pulled._replace(state=LeakyState(dx))

    def read(
        self, state: LeakyState, u: Array, dt: float, weights: Array, bias: Array
    ) -> tuple[LeakyState, Array, Array]:
        """One tick of one series and its linear readout in one compiled call: state, features, guess.

        features are [x], or [x, u] if `weights` (features, outputs) has rows for them.
        """
        features, guess = np.empty(len(weights), u.dtype), np.empty(len(bias))
        given = (u, dt, state.x, features, weights, bias, guess)
        try:
            self._plan(u.dtype).tick(*given)
        except TypeError:  # an array that is not contiguous: rare, so it pays, not every tick
            self._plan(u.dtype).tick(*(np.ascontiguousarray(a) if a is not dt else a for a in given))
        units = len(state.x)
        return LeakyState(features if len(features) == units else features[:units]), features, guess

    def loop(
        self, state: LeakyState, u: Array, dt: Array, last: Array, weights: Array, bias: Array
    ) -> tuple[LeakyState, Array, Array]:
        """Closed loop in one compiled call: the last inputs are the linear readout of the tick before, at first `last`.

        u (time, *batch, inputs - outputs), dt as in `run`, last (*batch, outputs). State, the last tick's features
        ([x], or [x, u] if `weights` has rows for them) and the readouts (time, *batch, outputs).
        """
        batch, outputs = u.shape[1:-1], len(bias)
        rows = int(np.prod(batch))
        x = np.array(state.x, u.dtype, order="C").reshape(rows, self.outputs)
        heard = np.array(last, np.float64, order="C").reshape(rows, outputs)
        y = np.empty((len(u), rows, outputs))
        given = np.ascontiguousarray(u.reshape(len(u), rows, self.inputs - outputs))
        weights = np.ascontiguousarray(weights)
        self._plan(u.dtype).generate(given, _per_row(dt, u, rows), x, heard, y, weights, bias)
        after, y = LeakyState(x.reshape(*batch, self.outputs)), y.reshape(len(u), *batch, outputs)
        if len(weights) == self.outputs:
            return after, after.x, y
        before = y[-2] if len(u) > 1 else last
        return after, join([after.x, observed(u[-1]), before.astype(u.dtype)]), y

    def _laid_out(self, dtype: Any) -> Any:
        return _planned(self, dtype)

    def grow(self, state: LeakyState, count: int, *, seed: int) -> tuple[Leaky, LeakyState]:
        """`count` units more, last, at rest; they hear the others and are not heard. New units take the mean tau."""
        wiring = grown(self.wiring, count, seed=seed)
        tau = np.append(self.tau, np.full(count, np.mean(self.tau))) if np.ndim(self.tau) else self.tau
        return Leaky(wiring, tau, self.activation), LeakyState(join([state.x, rest(state.x, count)]))

    def prune(self, state: LeakyState, keep: Array) -> tuple[Leaky, LeakyState]:
        """Only the units `keep`; the others are held at their present value (the mean over a batch) in the bias."""
        held = np.asarray(state.x, dtype=np.float64).reshape(-1, self.outputs).mean(axis=0)
        tau = np.asarray(self.tau)[keep] if np.ndim(self.tau) else self.tau
        return Leaky(pruned(self.wiring, keep, held), tau, self.activation), LeakyState(state.x[..., keep])


def _planned(cell: Leaky, dtype: Any) -> Any:
    wiring, topology = cell.wiring, cell.wiring.topology
    weights, w_in, bias = (np.ascontiguousarray(a, dtype) for a in (wiring.weights, wiring.w_in, wiring.bias))
    tau = np.atleast_1d(np.asarray(cell.tau, np.float64))
    code = _kernels.activations[cell.activation]
    if isinstance(topology, Bands):
        shifts = np.asarray(topology.shifts, np.int64) % topology.units
        return _kernels.leaky_bands(shifts, weights, w_in, bias, tau, code)
    order, start = topology.by_target
    pre = np.ascontiguousarray(topology.pre[order], np.int64)
    return _kernels.leaky_synapses(start, pre, np.ascontiguousarray(weights[order]), w_in, bias, tau, code)


def _per_row(dt: Array, u: Array, rows: int) -> Array:
    """dt as (ticks, 1) or (ticks, rows), one tick if it never changes: then exp(-dt/tau) is computed once."""
    dts = dt.reshape(len(u), 1 if dt.ndim == 1 else rows).astype(u.dtype, copy=False)
    if len(dts) > 1 and (dts == dts[0]).all():
        dts = dts[:1]
    return np.ascontiguousarray(dts)


def _check_out(out: Array, shape: tuple[int, ...], dtype: Any) -> None:
    if out.shape != shape or out.dtype != dtype or not out.flags.c_contiguous:
        raise ValueError(f"out is {out.dtype} {out.shape}, wanted contiguous {dtype} {shape}: (time, *batch, units)")
