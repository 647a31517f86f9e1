"""What the compiled twins over time are given, looked at before it goes to a kernel, which knows only sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..types import Array, State


def check_run(cell: Any, fields: tuple[str, ...], state: State, u: Array, dt: Array) -> Array:
    """dt as an array, if a liquid whose state has these fields, (*batch, units) each, can run through u (time, ...).

    Raises TypeError for u that is no array of NumPy and for a state of another kind, ValueError for shapes that do not
    fit and for u in another dtype than float32 and float64. A state may be one for all rows.
    """
    if not isinstance(u, np.ndarray):
        raise TypeError(f"u is a {type(u).__name__}, wanted a NumPy array (time, *batch, inputs); step takes tensors")
    shape, dt = u.shape, np.asarray(dt)
    if len(shape) < 2 or shape[-1] != cell.inputs:
        raise ValueError(f"u is {shape}, wanted (time, *batch, inputs) with {cell.inputs} inputs")
    if u.dtype.char not in "fd":
        raise ValueError(f"u is {u.dtype}, wanted float32 or float64: u.astype(float)")
    clock = shape[:-1]
    if dt.shape != clock and dt.shape != shape[:1]:
        rows = f" or {clock}, one for each row" if len(clock) > 1 else ""
        raise ValueError(f"dt is {dt.shape}, wanted {shape[:1]}, one number of seconds for each tick{rows}")
    if getattr(state, "_fields", None) != fields:
        got, kind = type(state).__name__, type(cell.init(np.zeros(cell.inputs))).__name__
        raise TypeError(f"the state is a {got}, wanted a {kind}: cell.init(u[0]) is one at rest")
    wanted = (*clock[1:], cell.outputs)
    for part in state:
        if getattr(part, "shape", None) != wanted:
            _check_states(fields, state, wanted)
    return dt


def along(a: Array, dtype: Any) -> Array:
    """The array as kernels take it, copied only where it must be: its axes in any order, but for the last."""
    last = a.strides[-1] == a.itemsize or a.shape[-1] == 1
    if not last or a.dtype != dtype or not a.flags.aligned or any(step % a.itemsize for step in a.strides):
        return np.ascontiguousarray(a, dtype)
    return a


def check_slopes(u: Array, units: int, outputs: Array, slope: Array, after: State | None) -> None:
    """Raise ValueError for what `pull` is given beside `run`, if it has other shapes than the outputs and the state."""
    wanted = (*u.shape[:-1], units)
    for name, given in (("outputs", outputs), ("slope", slope)):
        if np.shape(given) != wanted:
            raise ValueError(f"{name} is {np.shape(given)}, wanted {wanted}: (time, *batch, units), as run gives")
    for part in after or ():
        if part is not None and np.shape(part) != wanted[1:]:
            raise ValueError(f"slope_after has {np.shape(part)}, wanted {wanted[1:]}: (*batch, units), like the state")


def _check_states(fields: tuple[str, ...], state: State, wanted: tuple[int, ...]) -> None:
    for name, part in zip(fields, state, strict=True):
        if not _for_all(np.shape(part), wanted):
            raise ValueError(f"the state's {name} is {np.shape(part)}, wanted {wanted}: (*batch, units), as u has rows")


def _for_all(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether an array of the shape can stand for all rows."""
    ends = zip(reversed(shape), reversed(wanted), strict=False)
    return 0 < len(shape) <= len(wanted) and shape[-1] == wanted[-1] and all(a in (1, b) for a, b in ends)
