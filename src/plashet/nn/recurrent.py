"""Layers of liquids with the contract of torch.nn.RNN, and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ..cells import Chain
from ..model import Model, Readout
from .door import Given, Sequences, numbers, repacked, seconds, sequences, unpacked
from .layer import Liquid

Hidden = Any  # a tensor, or a tuple of them


@dataclass(frozen=True)
class Contract:
    """How a module takes its input and gives its output, as in torch.nn.RNN.

    dropout is between layers, while training; proj_size: the outputs of the last layer through one linear map more.
    """

    batch_first: bool = True
    return_sequences: bool = True
    bidirectional: bool = False
    dropout: float = 0.0
    proj_size: int | None = None


class Recurrent(nn.Module):
    """Liquids in layers and directions: forward(input, hx=None, timespans=None, mask=None, lengths=None) -> output, hx.

    input: (batch, time, inputs), with batch_first=False (time, batch, inputs); (time, inputs); or a PackedSequence.
    timespans [s], the time since the tick before: None for 1 s, a number, (time,), or for each row its own, in the
        order of the input, (batch, time) or (batch, time, 1). Backwards, a tick takes the time it takes forwards.
    mask, True where a row is there, in the order of the input, or lengths (batch,): elsewhere a row's state is held,
        and so is its output; for return_sequences=False this is the output of its last tick.
    output: (batch, time, outputs), or (batch, outputs) with return_sequences=False; a PackedSequence for one.
    hx: the states (batch, units) where there is one layer and direction, and (layers x directions, batch, units), which
        is always taken too; without batch if the input has none. A tuple of such where a state has several parts, as
        with mixed memory (h, c). It is given in the form in which it came.
    Raises ValueError for what does not fit, naming what came and what was wanted.
    """

    absent = 0.0  # the elapsed time [s] at which the liquid holds its state

    def __init__(self, layers: Sequence[Sequence[Liquid]], contract: Contract, device: Any, dtype: Any) -> None:
        super().__init__()
        if not layers:
            raise ValueError("there are no layers: num_layers is at least 1")
        if contract.proj_size is not None and contract.proj_size < 1:
            raise ValueError(f"proj_size is {contract.proj_size}, wanted at least 1, or None for no projection")
        if not 0 <= contract.dropout < 1:
            raise ValueError(f"dropout is the share left out between layers, in [0, 1); got {contract.dropout}")
        self.contract = contract
        self.directions = 2 if contract.bidirectional else 1
        self.layers = nn.ModuleList([liquid for layer in layers for liquid in layer])
        self.num_layers = len(layers)
        first, last = layers[0][0], layers[-1][0]
        self.input_size, self.state_size = first.inputs, first.units
        self.output_size = contract.proj_size or last.outputs * self.directions
        self.proj: nn.Linear | None = None
        if contract.proj_size is not None:
            self.proj = nn.Linear(last.outputs * self.directions, contract.proj_size, device=device, dtype=dtype)

    @property
    def batch_first(self) -> bool:
        return self.contract.batch_first

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: Hidden | None = None,
        timespans: Any = None,
        mask: Tensor | None = None,
        lengths: Any = None,
    ) -> tuple[Any, Hidden]:
        if isinstance(input, PackedSequence):
            if mask is not None or lengths is not None:
                raise ValueError("packed sequences have lengths of their own: give neither mask nor lengths")
            padded, timespans, lengths = unpacked(input, timespans, self.batch_first)
            output, hx = self._batch(padded, hx, Given(timespans, None, lengths))
            if not self.contract.return_sequences:
                return output, hx
            return repacked(output.transpose(0, 1) if self.batch_first else output, input, lengths), hx
        if not isinstance(input, Tensor):
            raise TypeError(f"input is a tensor or a PackedSequence; got a {type(input).__name__}")
        if input.dim() != 2:
            return self._batch(input, hx, Given(timespans, mask, lengths))
        output, hx = self._batch(*_batched(input, hx, Given(timespans, mask, lengths), self.batch_first))
        row = 0 if self.batch_first or not self.contract.return_sequences else 1
        return output.squeeze(row), _each(hx, lambda h: h.squeeze(-2))

    def _batch(self, input: Tensor, hx: Hidden | None, given: Given) -> tuple[Tensor, Hidden]:
        input = self._uncast(input)
        heard = sequences(input, given, self.input_size, self.batch_first, self.absent)
        if not self.contract.return_sequences and not len(heard.u):
            raise ValueError("the input has no ticks, so there is no last output: return_sequences=False wants one")
        states, stacked = self._states(hx, heard.u)
        output, after = self._through(heard, states)
        if self.proj is not None:
            output = self.proj(output)
        if self.contract.return_sequences and self.batch_first:
            output = output.transpose(0, 1)
        return output, self._hidden(after, stacked)

    def _through(self, heard: Sequences, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """The outputs with time first, or the last ones of each direction, and the states after, all layers in turn."""
        after: list[Tensor] = []
        u, dt = heard.u, heard.dt
        for k in range(self.num_layers):
            found = []
            for d in range(self.directions):
                place = k * self.directions + d
                there = (u, dt) if d == 0 else (heard.reversed(u), heard.reversed(dt))
                output, state = self.layers[place](*there, states[place])
                found.append(output)
                after.append(state)
            if k == self.num_layers - 1 and not self.contract.return_sequences:
                return _side_by_side([output[-1] for output in found]), after
            u = _side_by_side([output if d == 0 else heard.reversed(output) for d, output in enumerate(found)])
            if self.contract.dropout and k < self.num_layers - 1:
                u = F.dropout(u, self.contract.dropout, self.training)
        return u, after

    def step(self, x: Tensor, state: Hidden | None = None, dt: Any = 1.0) -> tuple[Tensor, Hidden]:
        """One tick of a stream: x (batch, inputs) or (inputs,), dt [s] a number or (batch,) -> output, state."""
        if self.contract.bidirectional:
            raise ValueError("a stream has no end yet from which to go backwards: step needs bidirectional=False")
        if x.dim() not in (1, 2) or x.shape[-1] != self.input_size:
            raise ValueError(f"x is {tuple(x.shape)}, wanted (batch, {self.input_size}) or ({self.input_size},)")
        one, x = x.dim() == 1, self._uncast(x)
        u = x[None, None] if one else x[None]
        dts = numbers(dt, u)
        if dts.dim() and tuple(dts.shape) != (u.shape[1],):
            raise ValueError(f"dt is {tuple(dts.shape)}, wanted a number or one for each row, ({u.shape[1]},)")
        dts = seconds(dts).expand(u.shape[:2])
        states, stacked = self._states(_each(state, lambda h: h.unsqueeze(-2)) if one else state, u)
        output, after = self._through(Sequences(u, dts, None), states)
        output = output if self.proj is None else self.proj(output)
        output = output[0] if self.contract.return_sequences else output
        hx = self._hidden(after, stacked)
        return (output[0], _each(hx, lambda h: h.squeeze(-2))) if one else (output, hx)

    def _uncast(self, x: Tensor) -> Tensor:
        """Under autocast, what comes in half precision in that of the parameters, as torch's own do."""
        kind = x.device.type
        cast = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
        return x.to(self.layers[0].dtype) if cast else x

    def _states(self, hx: Hidden | None, u: Tensor) -> tuple[list[Tensor], bool]:
        """The states of the layers (batch, width), and whether they came stacked."""
        batch, count = u.shape[1], len(self.layers)
        if hx is None:
            return [u.new_zeros(batch, liquid.width) for liquid in self.layers], count > 1
        parts = hx if isinstance(hx, tuple) else (hx,)
        sizes = self.layers[0].sizes
        if len(parts) != len(sizes):
            wanted = "one tensor" if len(sizes) == 1 else f"a tuple of {len(sizes)} tensors"
            raise ValueError(f"hx has {len(parts)} parts, wanted {wanted}")
        for part, size in zip(parts, sizes, strict=True):
            if not isinstance(part, Tensor):
                raise TypeError(f"hx is a tensor or a tuple of them, as it came; got a {type(part).__name__}")
            fits = tuple(part.shape) == (count, batch, size) or (count == 1 and tuple(part.shape) == (batch, size))
            if not fits or part.dtype != u.dtype:
                plain = f" or {(batch, size)}" if count == 1 else ""
                raise ValueError(
                    f"hx is {part.dtype} {tuple(part.shape)}, wanted {u.dtype} {(count, batch, size)}{plain}: "
                    "(layers x directions, batch, units)"
                )
        stacked = parts[0].dim() == 3
        flat = _side_by_side([part if part.dim() == 3 else part[None] for part in parts])
        return list(flat.unbind(0)), stacked

    def _hidden(self, after: list[Tensor], stacked: bool) -> Hidden:
        flat = torch.stack(after) if stacked else after[0]
        sizes = self.layers[0].sizes
        return flat if len(sizes) == 1 else flat.split(sizes, -1)

    def _load_from_state_dict(self, state: Any, prefix: str, *given: Any) -> None:
        super()._load_from_state_dict(state, prefix, *given)
        if any(name.startswith(f"{prefix}rnn_cell.") for name in state):
            given[-1].append("these are weights of ncps: load them there, then plashet.nn.from_ncps(its module)")

    def cell(self) -> Any:
        """The frozen cell of NumPy arrays: Chain of the layers, a Model around it where there is a proj_size.

        Dropout is left out. Raises ValueError with bidirectional=True: backwards, nothing can be known of a stream.
        """
        if self.contract.bidirectional:
            raise ValueError("a cell knows nothing of what is to come: cell() needs bidirectional=False")
        cells = [liquid.cell() for liquid in self.layers]
        chain = cells[0] if len(cells) == 1 else Chain(tuple(cells))
        if self.proj is None:
            return chain
        weights, bias = (p.detach().cpu().numpy().copy() for p in (self.proj.weight.T, self.proj.bias))
        return Model(chain, Readout(np.ascontiguousarray(weights), bias))

    def load_cell(self, cell: Any) -> None:
        """Take over the parameters of a cell like `cell()`. Raises ValueError if it has another structure."""
        if (self.proj is None) == isinstance(cell, Model):
            raise ValueError(
                f"the module has {'no' if self.proj is None else 'a'} proj_size; got a {type(cell).__name__}"
            )
        chain = cell.liquid if isinstance(cell, Model) else cell
        cells = (chain,) if len(self.layers) == 1 else getattr(chain, "cells", ())
        if len(cells) != len(self.layers):
            raise ValueError(f"the module has {len(self.layers)} layers, the cell {len(cells)}")
        for liquid, inner in zip(self.layers, cells, strict=True):
            liquid.load_cell(inner)
        if self.proj is not None:
            with torch.no_grad():
                self.proj.weight.copy_(torch.from_numpy(np.array(cell.readout.weights, np.float64).T))
                self.proj.bias.copy_(torch.from_numpy(np.array(cell.readout.bias, np.float64)))

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.contract}"


def _batched(input: Tensor, hx: Hidden | None, given: Given, batch_first: bool) -> tuple[Tensor, Any, Given]:
    """One sequence as a batch of one."""
    row = 0 if batch_first else 1

    def widen(a: Any) -> Any:
        a = a if a is None else torch.as_tensor(a)
        return a if a is None or a.dim() == 0 else a.unsqueeze(row)

    lengths = None if given.lengths is None else torch.as_tensor(given.lengths).reshape(1)
    timespans = given.timespans
    if timespans is not None and torch.as_tensor(timespans).dim() > 1:
        timespans = widen(timespans)  # (time, 1); a number or (time,) is the same for all rows as it is
    given = Given(timespans, widen(given.mask), lengths)
    return input.unsqueeze(row), _each(hx, lambda h: h.unsqueeze(-2)), given


def _each(hx: Any, change: Any) -> Any:
    if hx is None:
        return None
    return tuple(map(change, hx)) if isinstance(hx, tuple) else change(hx)


def _side_by_side(tensors: list[Tensor]) -> Tensor:
    return tensors[0] if len(tensors) == 1 else torch.cat(tensors, -1)
