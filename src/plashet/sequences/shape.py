"""The shapes in which sequences come, and the checks at the door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..encode import Scale
from ..streams import numbers
from ..threads import each
from ..types import Array

Front = Callable[[Any], Array]  # from what was recorded to (time, inputs)


def series_list(sequences: Any) -> Sequence[Any]:
    """Sequences one by one, from any of the shapes in which they come; nothing is copied.

    (n, time, inputs); (n, time), each row one input over time; a list, or an array of objects, of (time_i, inputs) or
    (time_i,). Raises ValueError for anything else.
    """
    if hasattr(sequences, "to_numpy"):  # a table: a row is a sequence
        sequences = sequences.to_numpy()
    if isinstance(sequences, np.ndarray) and sequences.dtype != object:
        if sequences.ndim not in (2, 3):
            raise ValueError(
                f"the sequences are an array {sequences.shape}, wanted (n, time, inputs), or (n, time) of one input, "
                "or a list of (time_i, inputs)" + (": one sequence alone is [u]" if sequences.ndim == 1 else "")
            )
        return sequences  # type: ignore[return-value]
    if not hasattr(sequences, "__len__") or not hasattr(sequences, "__getitem__") or isinstance(sequences, str | dict):
        raise ValueError(f"the sequences are a {type(sequences).__name__}, wanted a list of arrays (time_i, inputs)")
    return sequences  # type: ignore[no-any-return]


def heard(sequences: Sequence[Any], i: int, inputs: int | None = None, front: Front | None = None) -> Array:
    """Sequence i as the liquid hears it: (time, inputs), floats. `inputs`: how many there must be.

    NaN is a missing value. Raises ValueError naming the sequence if it is empty, of another width, or infinite.
    """
    u = numbers(sequences[i] if front is None else front(sequences[i]))
    u = u[:, None] if u.ndim == 1 else u
    if u.ndim != 2 or len(u) == 0 or inputs not in (None, u.shape[1]):
        raise ValueError(
            f"sequence {i} is {u.shape}, wanted (time, {'inputs' if inputs is None else inputs}) "
            "with at least one tick, or (time,) of one input"
        )
    if np.isinf(u).any():
        row, column = np.argwhere(np.isinf(u))[0]
        raise ValueError(
            f"sequence {i} is infinite in row {row}, column {column}; "
            "correct the value, or make it NaN if it was not observed"
        )
    return u


def heard_all(sequences: Any, front: Front | None = None) -> list[Array]:
    """Every sequence as the liquid hears it, all of one width; the front end, if any, is called once for each."""
    listed = series_list(sequences)
    if not len(listed):
        raise ValueError("there are no sequences, wanted at least one")
    inputs = heard(listed, 0, None, front).shape[1] if front is None else None
    return each(lambda i: heard(listed, i, inputs, front), range(len(listed)))


def ticks_of(dt: Any, i: int, ticks: int) -> Array:
    """(ticks,) [s]: dt is a number, or one for each sequence: a number or (ticks,)."""
    own = np.asarray(dt if np.ndim(dt) == 0 and not isinstance(dt, list | tuple) else dt[i], np.float64)
    if own.shape not in ((), (ticks,)):
        raise ValueError(f"dt of sequence {i} is {own.shape}, wanted a number or ({ticks},): one for each tick")
    if not (np.isfinite(own).all() and (own >= 0).all()):
        raise ValueError(
            f"dt of sequence {i} holds {own[~(own >= 0)] if own.ndim else own}; time passes in finite steps"
        )
    return np.broadcast_to(own, (ticks,))


def scale_of(sequences: Any, front: Front | None = None, limit: float = 5.0) -> Scale:
    """The scale of each input over all ticks of all sequences: mean and standard deviation of what was observed.

    An input that never changes keeps spread 1. The values are read twice and never held together.
    """
    listed = series_list(sequences)
    inputs = heard(listed, 0, None, front).shape[1] if len(listed) else 0
    if not len(listed):
        raise ValueError("there are no sequences, wanted at least one to take the scale from")
    sums = np.sum(each(lambda i: _moments(heard(listed, i, inputs, front), None), range(len(listed))), axis=0)
    center = sums[1] / np.maximum(sums[0], 1)
    sums = np.sum(each(lambda i: _moments(heard(listed, i, inputs, front), center), range(len(listed))), axis=0)
    spread = np.sqrt(sums[2] / np.maximum(sums[0], 1))
    return Scale(center, np.where(spread > 1e-12 * np.abs(center), spread, 1.0), limit)


def _moments(u: Array, center: Array | None) -> Array:
    """(3, inputs): how many were observed, their sum and the sum of their squares, about `center`."""
    known = ~np.isnan(u)
    values = np.where(known, u, 0.0) if center is None else np.where(known, u - center, 0.0)
    values = values.astype(np.float64)
    return np.stack([known.sum(axis=0), values.sum(axis=0), (values * values).sum(axis=0)])
