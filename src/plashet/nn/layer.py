"""One liquid as a module: raw parameters, the structure, and the choice between kernel and formula."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import tree
from ..cells import Chain
from ..liquids import Motors
from ..trainable import parameters
from .folded import folded
from .operator import run
from .structure import MOULDS, Mould

COMPILED = (torch.float32, torch.float64)
LEAST = 1e-9  # an effective value below it is held as it: the raw value of zero would be minus infinity


@contextmanager
def formula(*modules: nn.Module) -> Iterator[None]:
    """While it lasts, the liquids in these modules are computed by their readable formula and torch's autograd.

    For second derivatives and the transforms of torch.func. Slower than the kernels, and every step stays in memory.
    """
    held = [(m, m.formula) for module in modules for m in module.modules() if isinstance(m, Liquid)]
    for module, _ in held:
        module.formula = True
    try:
        yield
    finally:
        for module, before in held:
            module.formula = before


class Liquid(nn.Module):
    """Any trainable liquid over time: forward(u, dt, state) -> (outputs, state after).

        u (time, batch, inputs)   dt (time,) or (time, batch) [s]   state (batch, width)
        outputs (time, batch, outputs)

    The cell is a liquid, or Chain((liquid, Motors)): then the outputs are those of its motor neurons; motors=False
    leaves out of learning how these are scaled. Parameters are named by the liquid's tree paths, "recurrent.w" as
    `recurrent_w`, those of Motors `output_w` and `output_b`; where they must stay positive they hold raw values, and
    softplus(raw) acts. Kernels compute float32 and float64 on a CPU; the formula computes what they cannot, or
    everything where the attribute `formula` is True. Raises TypeError for a cell without a compiled gradient.
    """

    structure: Tensor

    def __init__(self, cell: Any, *, motors: bool = True, device: Any = None, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.formula = False
        self._read: tuple[Tensor, int, bytes] | None = None  # the structure that was read last, and its digest
        liquid, ends = _split(cell)
        packed = MOULDS.pack(liquid)
        mould = MOULDS.of(packed)
        self.register_buffer("structure", torch.from_numpy(packed).to(device))
        self.names = tuple(path.replace(".", "_") for path in mould.paths)
        self.positive = mould.positive
        self.inputs, self.units = int(liquid.inputs), int(liquid.outputs)
        self.outputs = self.units if ends is None else int(ends.outputs)
        self.sizes = mould.layout.sizes  # of the arrays of a state
        self.ends = "none" if ends is None else "learnt" if motors else "held"
        for name, value in self._values(cell).items():
            self.register_parameter(
                name, nn.Parameter(value.to(device=device, dtype=dtype or torch.get_default_dtype()))
            )

    @property
    def width(self) -> int:
        """How many numbers the state of a row has."""
        return sum(self.sizes)

    def theta(self) -> Tensor:
        """The effective parameters in one vector, those that must be positive first."""
        held = [getattr(self, name).reshape(-1) for name in self.names]
        if self.positive:
            held[: self.positive] = [F.softplus(torch.cat(held[: self.positive]))]
        return torch.cat(held)

    def forward(self, u: Tensor, dt: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        theta = self.theta()
        if u.dtype != theta.dtype:
            raise ValueError(f"input is {u.dtype} and the parameters are {theta.dtype}: input.to({theta.dtype})")
        if self.formula or u.device.type != "cpu" or theta.dtype not in COMPILED:
            outputs, after = folded(self.mould(), theta, u, dt, state)
        else:
            outputs, after = run(theta, u, dt, state, self.structure, self.units)
        if self.ends == "none":
            return outputs, after
        heard = outputs[..., : self.outputs]
        return torch.addcmul(self.output_b, self.output_w, heard) if self.ends == "learnt" else heard, after

    def mould(self) -> Mould:
        held = self.structure
        if self._read is None or self._read[0] is not held or self._read[1] != held._version:
            mould = MOULDS.of(held.cpu().numpy())
            self._read = held, held._version, mould.digest
        return MOULDS.known(self._read[2]) or MOULDS.of(self.structure.cpu().numpy())

    def _apply(self, fn: Any, recurse: bool = True) -> Liquid:
        digest = self.mould().digest
        super()._apply(fn, recurse)
        self._read = self.structure, self.structure._version, digest  # no need to read it from another device
        return self

    def cell(self) -> Any:
        """The frozen cell of NumPy arrays with the parameters as they act, in the module's dtype."""
        with torch.no_grad():
            theta = _array(self.theta())
            mould = self.mould()
            liquid = tree.replace(mould.template, parameters(mould.cell(theta)))  # checked, by its own constructor
            if self.ends == "none":
                return liquid
            if self.ends == "held":
                weight, bias = np.ones(self.outputs, theta.dtype), np.zeros(self.outputs, theta.dtype)
            else:
                weight, bias = _array(self.output_w), _array(self.output_b)
        return Chain((liquid, Motors(self.units, weight, bias)))

    def load_cell(self, cell: Any) -> None:
        """Take over the parameters of a cell of the same structure. Raises ValueError if it has another."""
        liquid, ends = _split(cell)
        same = (ends is None) == (self.ends == "none") and np.array_equal(MOULDS.pack(liquid), _array(self.structure))
        if not same:
            raise ValueError(f"{cell!r} has another wiring or other settings than the module: make one from it instead")
        with torch.no_grad():
            for name, value in self._values(cell).items():
                getattr(self, name).copy_(value)

    def _values(self, cell: Any) -> dict[str, Tensor]:
        """The cell's parameters by name, as the module holds them."""
        liquid, ends = _split(cell)
        held = parameters(liquid)
        values = {}
        for k, (name, path) in enumerate(zip(self.names, MOULDS.of(MOULDS.pack(liquid)).paths, strict=True)):
            value = torch.from_numpy(np.array(held[path], np.float64))
            values[name] = raw(value) if k < self.positive else value
        if self.ends == "learnt":
            both = (np.array(ends.weight, np.float64), np.array(ends.bias, np.float64))
            values["output_w"], values["output_b"] = map(torch.from_numpy, both)
        return values

    def extra_repr(self) -> str:
        return repr(self.mould().template)


def _split(cell: Any) -> tuple[Any, Any]:
    """The liquid, and the Motors behind it if there are some."""
    if isinstance(cell, Chain) and len(cell.cells) == 2 and isinstance(cell.cells[1], Motors):
        return cell.cells
    return cell, None


def _array(tensor: Tensor) -> Any:
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor).numpy().copy()


def raw(effective: Tensor) -> Tensor:
    """r with softplus(r) = effective: log(exp(p) - 1), without overflow."""
    p = effective.clamp(min=LEAST)
    return p + torch.log(-torch.expm1(-p))
