"""What a module is given, made one thing: inputs and elapsed time with time first, and who is there when."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


class Sequences:
    """A batch of sequences as liquids take them: u (time, batch, inputs), dt (time,) or (time, batch) [s].

    lengths (batch,) or None; where a row is not there, its dt is `absent`, at which the liquid holds its state.
    """

    def __init__(self, u: Tensor, dt: Tensor, lengths: Tensor | None) -> None:
        self.u, self.dt, self.lengths = u, dt, lengths

    def reversed(self, x: Tensor) -> Tensor:
        """x (time, ...) backwards in time, each row from its own last tick on; twice is x again."""
        if self.lengths is None or x.dim() < 2:
            return x.flip(0)
        index = self._backwards(len(x), x.device)
        return x.gather(0, index if x.dim() == 2 else index[..., None].expand_as(x))

    def _backwards(self, time: int, device: Any) -> Tensor:
        assert self.lengths is not None
        at = torch.arange(time, device=device)[:, None]
        ends = self.lengths.to(device)[None]
        return torch.where(at < ends, ends - 1 - at, at)


class Given(NamedTuple):
    """What came with the input."""

    timespans: Any = None
    mask: Tensor | None = None
    lengths: Any = None


def sequences(input: Tensor, given: Given, inputs: int, batch_first: bool, absent: float) -> Sequences:
    """From input (batch, time, inputs) or (time, batch, inputs). Raises ValueError for shapes that do not fit."""
    if input.dim() != 3 or input.shape[-1] != inputs:
        order = "(batch, time, inputs)" if batch_first else "(time, batch, inputs)"
        raise ValueError(f"input is {tuple(input.shape)}, wanted {order} or (time, inputs) with {inputs} inputs")
    u = input.transpose(0, 1) if batch_first else input
    time, batch = u.shape[:2]
    dt = elapsed(given.timespans, u, batch_first)
    if given.mask is None and given.lengths is None:
        return Sequences(u, dt, None)
    if given.mask is not None and given.lengths is not None:
        raise ValueError("mask and lengths both say who is there: give one of them")
    lengths = None
    if given.lengths is not None:
        lengths = _lengths(given.lengths, time, batch).to(u.device)
        there = torch.arange(time, device=u.device)[:, None] < lengths
    else:
        there = _mask(given.mask, u, batch_first)
    dt = torch.where(there, dt if dt.dim() == 2 else dt[:, None], absent)
    return Sequences(torch.where(there[..., None], u, 0.0), dt, lengths)  # whatever stands where nobody is


def unpacked(input: PackedSequence, timespans: Any, batch_first: bool) -> tuple[Tensor, Any, Tensor]:
    """Input (batch first or not, as said), timespans and lengths of packed sequences, in their original order."""
    padded, lengths = pad_packed_sequence(input, batch_first=batch_first)
    if isinstance(timespans, PackedSequence):
        timespans, same = pad_packed_sequence(timespans, batch_first=batch_first)
        if not torch.equal(same, lengths):
            raise ValueError("the packed timespans have other lengths than the packed input")
    return padded, timespans, lengths


def repacked(output: Tensor, like: PackedSequence, lengths: Tensor) -> PackedSequence:
    """The outputs (time, batch, outputs) packed as the input was."""
    order = like.sorted_indices
    if order is not None:
        output, lengths = output.index_select(1, order), lengths[order.cpu()]
    data = pack_padded_sequence(output, lengths).data
    return PackedSequence(data, like.batch_sizes, like.sorted_indices, like.unsorted_indices)


def elapsed(timespans: Any, u: Tensor, batch_first: bool) -> Tensor:
    """dt (time,) or (time, batch) like u, of timespans: None (1 s), a number, (time,), or one for each tick and row.

    Raises TypeError for what holds no numbers; ValueError for another shape, or time that is negative or not finite.
    """
    time, batch = u.shape[:2]
    if timespans is None:
        return u.new_ones(time)
    dt = numbers(timespans, u)
    wanted = (batch, time) if batch_first else (time, batch)
    if dt.dim() == 0:
        dt = dt.expand(time)
    elif dt.dim() > 1:
        dt = dt[..., 0] if dt.dim() == 3 and dt.shape[-1] == 1 else dt
        if tuple(dt.shape) != wanted:
            order, came = "(batch, time)" if batch_first else "(time, batch)", tuple(torch.as_tensor(timespans).shape)
            raise ValueError(f"timespans are {came}, wanted {order} = {wanted}, (time,) or a number")
        dt = dt.transpose(0, 1) if batch_first else dt
    elif len(dt) != time:
        raise ValueError(f"timespans are ({len(dt)},), wanted one for each of {time} ticks, or {wanted}")
    return seconds(dt)


def numbers(timespans: Any, u: Tensor) -> Tensor:
    """The timespans as a tensor like u."""
    try:
        return torch.as_tensor(timespans, dtype=u.dtype, device=u.device)
    except (TypeError, ValueError) as error:
        raise TypeError(f"timespans are seconds: a number, an array or a tensor; got {timespans!r}") from error


def seconds(dt: Tensor) -> Tensor:
    """dt itself, looked at where that costs little."""
    if dt.device.type == "cpu" and not torch.compiler.is_compiling():
        bad = ~(torch.isfinite(dt) & (dt >= 0))
        if bool(bad.any()):
            raise ValueError(
                f"timespans are finite seconds since the tick before, 0 or more; one is {dt[bad][0].item()}"
            )
    return dt


def _lengths(lengths: Any, time: int, batch: int) -> Tensor:
    found = torch.as_tensor(lengths)
    if tuple(found.shape) != (batch,) or found.is_floating_point():
        raise ValueError(f"lengths are {found.dtype} {tuple(found.shape)}, wanted an integer for each of {batch} rows")
    if not torch.compiler.is_compiling() and bool(((found < 0) | (found > time)).any()):
        raise ValueError(f"lengths are {found.tolist()}, wanted 0 to {time}")
    return found


def _mask(mask: Any, u: Tensor, batch_first: bool) -> Tensor:
    there = torch.as_tensor(mask, device=u.device)
    there = there.transpose(0, 1) if batch_first and there.dim() == 2 else there
    if there.dtype != torch.bool or there.shape != u.shape[:2]:
        order = "(batch, time)" if batch_first else "(time, batch)"
        raise ValueError(
            f"mask is {there.dtype} {tuple(torch.as_tensor(mask).shape)}, wanted bool {order}: True = there"
        )
    return there
