"""What a model is to learn from: rows that can be taken a few at a time, and what it says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..learn.losses import judged
from ..pull import keep, pull
from ..streams import check_finite, numbers, steps
from ..types import Array


class Lessons(Protocol):
    """Rows of evidence. `train` asks for the slopes of a few at a time, and for the loss of those it validates on."""

    @property
    def rows(self) -> int: ...

    def loss(self, model: Any, rows: Array, loss: Any) -> tuple[float, int]:
        """The sum of the losses of these rows, and of how many targets."""

    def slopes(self, model: Any, rows: Array, loss: Any) -> tuple[float, int, dict[str, Array]]:
        """The same, and the slopes of the sum by path, as `pull` gives them."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Stretches of series, each begun at rest, with a target at every tick (NaN: none). For a Model.

    u (time, rows, inputs)   y (time, rows, outputs)   dt (time, rows) [s]
    Stretches of different length end in ticks without targets. `windows` cuts them from series.
    """

    u: Array
    y: Array
    dt: Array

    def __post_init__(self) -> None:
        if self.u.ndim != 3 or self.y.shape[:2] != self.u.shape[:2] or self.dt.shape != self.u.shape[:2]:
            raise ValueError(
                f"u, y and dt are {self.u.shape}, {self.y.shape} and {self.dt.shape}, "
                "wanted (time, rows, inputs), (time, rows, outputs) and (time, rows)"
            )

    @property
    def rows(self) -> int:
        return int(self.u.shape[1])

    def loss(self, model: Any, rows: Array, loss: Any) -> tuple[float, int]:
        u = self.u[:, rows]
        _, guess = model.run(model.init(u[0]), u, self.dt[:, rows])
        total, count, _ = judged(loss, guess, self.y[:, rows])
        return total, count

    def slopes(self, model: Any, rows: Array, loss: Any) -> tuple[float, int, dict[str, Array]]:
        u, dt = self.u[:, rows], self.dt[:, rows]
        state = model.init(u[0])
        _, kept = keep(model, state, u, dt)
        total, count, slope = judged(loss, kept.outputs, self.y[:, rows])
        return total, count, pull(model, state, u, dt, kept, slope).parameters


def windows(
    series: Any, *, length: int, stride: int | None = None, washout: int = 0, dtype: Any = np.float32
) -> Windows:
    """Every stretch of `length` ticks that begins `stride` (else `length`) ticks after the one before.

    series: (u, y) or (u, y, dt), or a list of such; u (time, inputs), y (time, outputs), dt [s] a number or (time,).
    washout: ticks at the start of each stretch whose targets are left out.   dtype: of the inputs and the liquid.
    Raises ValueError for series none of which has `length` ticks, and for infinite values.
    """
    if length < 1 or (stride is not None and stride < 1) or not 0 <= washout < length:
        raise ValueError(f"length is {length}, stride {stride}, washout {washout}: wanted ticks, and washout < length")
    parts: list[tuple[Array, ...]] = []
    for one in series if isinstance(series, list) else [series]:
        u, y, dt = _checked(one)
        for start in range(0, len(u) - length + 1, stride or length):
            here = slice(start, start + length)
            parts.append((u[here], y[here], dt[here]))
    if not parts:
        raise ValueError(f"no series has {length} ticks: give a smaller length, or longer series")
    u, y, dt = (np.stack([part[k] for part in parts], axis=1) for k in range(3))
    y = np.array(y, np.float64)
    y[:washout] = np.nan
    return Windows(np.ascontiguousarray(u, dtype), y, np.ascontiguousarray(dt, dtype))


def _checked(one: Any) -> tuple[Array, Array, Array]:
    if not isinstance(one, tuple) or len(one) not in (2, 3):
        raise ValueError(f"a series is (u, y) or (u, y, dt), got {type(one).__name__}")
    u, y = numbers(one[0]), numbers(one[1])
    if u.ndim != 2 or y.ndim != 2 or len(u) != len(y):
        raise ValueError(f"u and y are {u.shape} and {y.shape}, wanted (time, inputs) and (time, outputs)")
    check_finite("u", u)
    check_finite("y", y)
    return u, y, steps(one[2] if len(one) == 3 else 1.0, u)
